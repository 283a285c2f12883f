"""Catalogue alignment: exposures aligned to Gaia and to SDSS, and the better solution kept.

What is true of any product is asked by the other modules; here is what takes a catalogue, the exposures as
the archive served them, or the decision between two solutions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hubble_qa.checks.astrometry import (
    alignment,
    epochs,
    header_solutions,
    solution_names,
    solutions,
    source_positions,
    world_coordinates,
)
from hubble_qa.checks.astrometry.reference_coverage import empty_quadrants, reference_sources
from hubble_qa.checks.astrometry.source_pairs import SourcePairs, pair_sources
from hubble_qa.checks.evidence import catalogs, detections, overlaps
from hubble_qa.checks.evidence.exposures import chip_frames, exposure_in, frame_scale
from hubble_qa.checks.evidence.headers import recommended_parameters
from hubble_qa.checks.evidence.quadrants import references_by_quadrant
from hubble_qa.checks.images import cosmic_rays, drizzle_parameters
from hubble_qa.checks.images import drizzled as drizzling
from hubble_qa.checks.images.observations import was_exposed
from hubble_qa.checks.measurement import not_applicable
from hubble_qa.checks.readers import read_drizzle_parameters
from hubble_qa.fixtures.finished.files import FinishedFile
from hubble_qa.fixtures.finished.subjects import Chip, Row
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.stages.accept import DECISIONS
from hubble_qa.fixtures.stages.align import SHIFT_FRAME
from hubble_qa.fixtures.stages.catalog import CATALOG
from hubble_qa.fixtures.stages.detect import DRIZZLED_SOURCES, EXPOSURE_SOURCES
from hubble_qa.fixtures.stages.references import REFERENCES
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products
from hubble_qa.fixtures.workflows.catalog_alignment import CATALOGS, Frame, Reduction, Service

pytestmark = pytest.mark.workflow("catalog-alignment")
criterion = pytest.mark.criterion

# How parameters of the rejection of cosmic rays begin.
OF_REJECTION = ("combine_", "driz_cr_")


@pytest.fixture
def decisions(accepted: Product) -> Mapping[str, Mapping[str, Any]]:
    """What each exposure was given, and why."""
    decided: Mapping[str, Mapping[str, Any]] = json.loads(accepted.file(DECISIONS).read_text("utf-8"))
    return decided


def combined_exposures(accepted: Product, reduction: Reduction) -> list[Path]:
    """Exposures that are combined: those that were exposed."""
    paths = [accepted.file(f"{name}_flc.fits") for name in reduction.drizzle.exposures]
    return [path for path in paths if was_exposed(exposure_in(path).primary)]


@pytest.fixture
def service(row: Row) -> Service:
    """The catalogue of a fit."""
    node = row.shifts.path.parent.name
    return next(each for each in CATALOGS if node == f"align-{each}")


@pytest.fixture
def catalog(service: Service, product: Callable[[str], Product]) -> Path:
    """The file of the catalogue of a fit."""
    return product(f"catalog-{service}").file(CATALOG)


@pytest.fixture
def served(fetched: Product, row: Row) -> Path:
    """The exposure of a fit as the archive served it."""
    return fetched.file(f"{row.exposure}.fits")


# The archive's solution


@criterion("WCS-001")
def test_served_distortion_solution(fetched: Product, served_chip: Chip, judge: Judge) -> None:
    path = fetched.file(served_chip.file.path.name)
    exposure = exposure_in(path, served_chip.file.label)
    judge(world_coordinates.distortion_solution_violations(exposure, served_chip.number))


@criterion("AST-011")
def test_archive_solution(fetched: Product, exposure: str, judge: Judge) -> None:
    judge(solutions.archive_fit_rms(exposure_in(fetched.file(f"{exposure}_flc.fits"), exposure)))


@criterion("AST-026")
def test_archive_solution_has_matches(fetched: Product, exposure: str, judge: Judge) -> None:
    judge(solutions.archive_fit_matches(exposure_in(fetched.file(f"{exposure}_flc.fits"), exposure)))


# The fits


@criterion("AST-006")
def test_shift_is_within_search_radius(
    products: Products, row: Row, service: Service, reduction: Reduction, judge: Judge
) -> None:
    fit = products.fit(row)
    scale = frame_scale(products.path(row.shifts).with_name(SHIFT_FRAME))
    radius = reduction.align.search_radius(service)
    judge(
        alignment.shift_to_search_radius(
            fit.shifts, fit.exposure, fit.match, plate_scale=scale, search_radius=radius
        )
    )


@criterion("AST-014")
def test_matches_are_not_by_chance(
    products: Products,
    row: Row,
    service: Service,
    served: Path,
    catalog: Path,
    reduction: Reduction,
    judge: Judge,
) -> None:
    lists = sorted(products.path(row.shifts).parent.glob(f"{row.exposure}_sci*_xy_catalog.coo"))
    crowding = catalogs.crowding(served, products.fit(row).match, lists, catalog)
    tweakreg = reduction.align.tweakreg(service)
    judge(
        source_positions.chance_match_fraction(
            crowding.matches,
            sources=crowding.sources,
            references=crowding.references,
            area=crowding.area,
            # TweakReg's own defaults: a tolerance of 1 pixel.
            tolerance=float(tweakreg.get("tolerance") or 1.0) * reduction.align.plate_scale,
            search_radius=reduction.align.search_radius(service),
            subject=str(row),
        )
    )


@criterion("AST-018")
def test_catalog_is_of_the_exposures_epoch(
    products: Products, row: Row, served: Path, catalog: Path, judge: Judge
) -> None:
    found = catalogs.catalog_in(catalog)
    if found.pm_ra is None:
        judge(not_applicable("catalog_epoch_displacement", str(row), "the catalogue has no proper motions"))
    judge(
        epochs.catalog_epoch_displacement(
            catalogs.motions(found),
            catalog_epoch=found.epoch,
            exposure_epoch=catalogs.exposure_epoch(served),
            subject=str(row),
            original_epoch=found.original_epoch,
            unmoved=catalogs.share_without_motion(products.fit(row).match, catalog),
        )
    )


@criterion("AST-022")
def test_catalog_has_enough_sources(row: Row, served: Path, catalog: Path, judge: Judge) -> None:
    judge(reference_sources(references_by_quadrant(served, catalog), subject=str(row)))


@criterion("AST-029")
def test_catalog_covers_the_exposure(row: Row, served: Path, catalog: Path, judge: Judge) -> None:
    judge(empty_quadrants(references_by_quadrant(served, catalog), subject=str(row)))


# What was accepted


@criterion("AST-010", subject="accepted solutions")
def test_solution_is_named(
    accepted: Product,
    fetched: Product,
    decisions: Mapping[str, Mapping[str, Any]],
    dataset: Dataset,
    judge: Judge,
) -> None:
    final, archive = (
        {name: exposure_in(source.file(f"{name}_flc.fits")).science_headers() for name in dataset.rootnames}
        for source in (accepted, fetched)
    )
    names = {name: entry["wcsname"] for name, entry in decisions.items()}
    judge(
        solution_names.wcs_name_violations(
            final, wcsname=names, relative=False, subject="accepted solutions", archive=archive
        )
    )


@criterion("AST-010", subject="headerlets")
def test_headerlets_hold_the_solutions(accepted: Product, dataset: Dataset, judge: Judge) -> None:
    kept = {path.name.removesuffix("_hlet.fits"): path for path in accepted.glob("*_hlet.fits")}
    exposures = {name: exposure_in(accepted.file(f"{name}_flc.fits")) for name in dataset.rootnames}
    headerlets = {name: exposure_in(path) for name, path in kept.items()}
    judge(header_solutions.headerlet_violations(headerlets, exposures))


@criterion("AST-019")
def test_header_holds_the_fit(
    products: Products,
    updated_file: FinishedFile,
    decisions: Mapping[str, Mapping[str, Any]],
    judge: Judge,
) -> None:
    if decisions[updated_file.root]["kept"] == "archive":
        reason = "the exposure kept the archive's solution"
        judge(not_applicable("header_fit_difference", updated_file.label, reason))
    row = next(
        row
        for row in products.judged.axes["row"]
        if isinstance(row, Row)
        and (row.shifts.path.parent.name, row.exposure) == ("align-gaia", updated_file.path.stem)
    )
    chips = {chip: frame.wcs for chip, frame in chip_frames(products.path(updated_file)).items()}
    match = products.fit(row).match
    judge(header_solutions.header_fit_difference(chips, match, subject=updated_file.label))


@criterion("AST-016")
def test_solution_agrees_with_the_archives(
    accepted: Product, fetched: Product, exposure: str, judge: Judge
) -> None:
    final, archive = (source.file(f"{exposure}_flc.fits") for source in (accepted, fetched))
    judge(
        solutions.solution_displacement(
            {chip: frame.wcs for chip, frame in chip_frames(final).items()},
            {chip: frame.wcs for chip, frame in chip_frames(archive).items()},
            exposure_in(archive).science_headers(),
            shapes={chip: frame.shape for chip, frame in chip_frames(final).items()},
            subject=exposure,
        )
    )


@criterion("WCS-003")
def test_exposures_agree_on_positions(
    detected_singly: Product, accepted: Product, reduction: Reduction, exposure: str, judge: Judge
) -> None:
    others = {path.name.partition("_")[0]: path for path in combined_exposures(accepted, reduction)}
    others.pop(exposure, None)
    other = overlaps.overlapping(accepted.file(f"{exposure}_flc.fits"), others)
    if other is None:
        reason = "no other of the combined exposures overlaps it"
        judge(not_applicable("source_position_difference", exposure, reason))
        return
    table = detected_singly.file(EXPOSURE_SOURCES)
    found = [detections.positions(detections.sources_of(table, name)) for name in (exposure, other)]
    judge(source_positions.source_position_difference(pair_sources(*found), subject=exposure, other=other))


@pytest.fixture
def offsets(detected_singly: Product, gaia_catalog: Product, fetched: Product, exposure: str) -> SourcePairs:
    """Sources found afresh on an exposure, and Gaia's."""
    found = detections.sources_of(detected_singly.file(EXPOSURE_SOURCES), exposure)
    expected = catalogs.catalog_positions(gaia_catalog.file(CATALOG), fetched.file(f"{exposure}_flc.fits"))
    return pair_sources(detections.positions(found), expected)


@criterion("AST-012")
def test_exposure_is_on_the_catalog(offsets: SourcePairs, exposure: str, judge: Judge) -> None:
    judge(source_positions.catalog_offset(offsets, subject=exposure))


@criterion("AST-017")
def test_exposure_is_not_turned_against_the_catalog(
    offsets: SourcePairs, exposure: str, judge: Judge
) -> None:
    judge(source_positions.catalog_offset_variation(offsets, subject=exposure))


@criterion("AST-025")
def test_stars_are_at_the_catalogs_epoch(
    detected_singly: Product, gaia_catalog: Product, fetched: Product, exposure: str, judge: Judge
) -> None:
    found = detections.positions(detections.sources_of(detected_singly.file(EXPOSURE_SOURCES), exposure))
    moving = catalogs.moving_stars(gaia_catalog.file(CATALOG), fetched.file(f"{exposure}_flc.fits"), found)
    judge(epochs.catalog_epoch_error(*moving, subject=exposure))


# The combined image


@pytest.fixture
def asked(accepted: Product, reduction: Reduction) -> Frame:
    """The frame that was asked of the combined image."""
    first = exposure_in(accepted.file(f"{reduction.drizzle.exposures[0]}_flc.fits"))
    return reduction.drizzle.frame(detector_scale=float(first.header("SCI")["IDCSCALE"]))


@criterion("DRZ-004")
def test_scale(products: Products, mosaic_file: FinishedFile, asked: Frame, judge: Judge) -> None:
    judge(drizzling.output_scale_deviation(products.image(mosaic_file), scale=asked.scale))


@criterion("DRZ-011")
def test_orientation(products: Products, mosaic_file: FinishedFile, asked: Frame, judge: Judge) -> None:
    judge(drizzling.output_orientation_deviation(products.image(mosaic_file), angle=asked.angle))


@criterion("DRZ-005")
def test_parameters_are_recommended(
    mosaic: Product,
    mosaic_file: FinishedFile,
    accepted: Product,
    references: Product,
    reduction: Reduction,
    judge: Judge,
) -> None:
    table, exposures = reduction.drizzle, combined_exposures(accepted, reduction)
    # Of a single exposure AstroDrizzle rejects nothing, whatever it is told.
    names = [name for name in table.recommended if len(exposures) > 1 or not name.startswith(OF_REJECTION)]
    if not names:
        reason = "no parameter that is used is to be taken from MDRIZTAB"
        judge(not_applicable("drizzle_parameter_violations", mosaic_file.label, reason))
    judge(
        drizzle_parameters.drizzle_parameter_violations(
            read_drizzle_parameters(mosaic.file("astrodrizzle.log")),
            recommended_parameters(
                references.files / REFERENCES,
                accepted.file(f"{table.exposures[0]}_flc.fits"),
                images=len(exposures),
            ),
            names=names,
            subject=mosaic_file.label,
        )
    )


@pytest.fixture
def mosaic_offsets(
    detected: Product, gaia_catalog: Product, fetched: Product, reduction: Reduction
) -> SourcePairs:
    """Sources found afresh on the combined image, and those of the catalogue that it was aligned to."""
    found = detections.sources(detected.file(DRIZZLED_SOURCES))
    first = fetched.file(f"{reduction.drizzle.exposures[0]}_flc.fits")
    expected = catalogs.catalog_positions(gaia_catalog.file(CATALOG), first)
    return pair_sources(detections.positions(found), expected)


@criterion("AST-012")
def test_mosaic_is_on_the_catalog(
    mosaic_offsets: SourcePairs, mosaic_file: FinishedFile, judge: Judge
) -> None:
    judge(source_positions.catalog_offset(mosaic_offsets, subject=mosaic_file.label))


@criterion("AST-017")
def test_mosaic_is_not_turned_against_the_catalog(
    mosaic_offsets: SourcePairs, mosaic_file: FinishedFile, judge: Judge
) -> None:
    judge(source_positions.catalog_offset_variation(mosaic_offsets, subject=mosaic_file.label))


@pytest.fixture
def masks(mosaic: Product, accepted: Product, combined: str, reduction: Reduction) -> overlaps.CosmicRayMasks:
    """The cosmic rays that AstroDrizzle found in an exposure."""
    paths = {path.name.partition("_")[0]: path for path in combined_exposures(accepted, reduction)}
    exposure = paths.pop(combined, accepted.file(f"{combined}_flc.fits"))
    if not paths:
        pytest.skip("not applicable: a single exposure has no rejection")
    return overlaps.cosmic_ray_masks(mosaic.files, exposure, paths.values())


@criterion("DRZ-002")
def test_cosmic_rays(masks: overlaps.CosmicRayMasks, combined: str, judge: Judge) -> None:
    time = masks.exposure_time
    judge(
        cosmic_rays.cosmic_ray_rate(masks.flagged, exposure_time=time, judged=masks.judged, subject=combined)
    )


@criterion("DRZ-003")
def test_cores_of_stars_are_kept(
    masks: overlaps.CosmicRayMasks,
    detected_singly: Product,
    combined: str,
    reduction: Reduction,
    judge: Judge,
) -> None:
    table = detected_singly.file(EXPOSURE_SOURCES)
    stars = detections.star_pixels(table, combined, reduction.drizzle.exposures)
    judge(cosmic_rays.rejected_cores(masks.flagged, stars, judged=masks.judged, subject=combined))
