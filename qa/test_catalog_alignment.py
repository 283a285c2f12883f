"""Catalogue alignment: exposures aligned to Gaia and to SDSS, and the better solution kept.

Each test takes what one or two stages produced, measures one quantity and judges it by one criterion.
"""

from __future__ import annotations

import pytest

from hubble_qa.checks.astrometry import (
    alignment,
    epochs,
    header_solutions,
    residuals,
    solution_names,
    solutions,
    source_positions,
    world_coordinates,
)
from hubble_qa.checks.astrometry.source_pairs import pair_sources
from hubble_qa.checks.detectors import calibration
from hubble_qa.checks.images import cosmic_rays, drizzle_parameters, files
from hubble_qa.checks.images import drizzled as drizzling
from hubble_qa.checks.measurement import not_applicable
from hubble_qa.checks.readers import ShiftFile, read_drizzle_parameters, read_fits_structure
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.run import Run
from hubble_qa.fixtures.workflows.catalog_alignment import ACCEPTED, Reduction
from hubble_qa.qa import catalog_readings as readings
from hubble_qa.qa.background_readings import covered
from hubble_qa.qa.readings import (
    chip_shape,
    combined_image,
    drizzled_in,
    exposure_in,
    frame_scale,
    match_in,
    reference_choices,
    wcs_in,
)

pytestmark = pytest.mark.workflow("catalog-alignment")
criterion = pytest.mark.criterion


@pytest.fixture
def reduction(qa_run: Run, dataset: Dataset) -> Reduction:
    """The dataset's stage settings."""
    settings: Reduction = qa_run.workflow(dataset).settings(dataset)
    return settings


@pytest.fixture
def shifts(fitted: Product) -> ShiftFile:
    """The shift file of the fits to a catalogue."""
    return readings.shifts_to_catalog(fitted)


# Files and calibration


@criterion("FIL-001")
def test_fits_form(fetched: Product, exposure: str, judge: Judge) -> None:
    judge(files.fits_form_problems(read_fits_structure(fetched.file(f"{exposure}_flc.fits"))))


@criterion("FIL-002")
def test_extensions(fetched: Product, exposure: str, judge: Judge) -> None:
    judge(files.structure_problems(exposure_in(fetched.file(f"{exposure}_flc.fits"))))


@criterion("FIL-003")
def test_keywords(fetched: Product, exposure: str, judge: Judge) -> None:
    judge(files.keyword_problems(exposure_in(fetched.file(f"{exposure}_flc.fits"))))


@criterion("CAL-002")
def test_reference_files_are_best(references: Product, exposure: str, judge: Judge) -> None:
    judge(calibration.reference_file_violations(reference_choices(references, exposure), subject=exposure))


@criterion("CAL-005")
def test_unit_and_exposure_time(fetched: Product, exposure: str, chip_number: int, judge: Judge) -> None:
    judge(calibration.unit_violations(exposure_in(fetched.file(f"{exposure}_flc.fits")), chip_number))


# The archive's solution


@pytest.fixture
def chip_number(chip: str) -> int:
    """EXTVER of the chip: UVIS2 is SCI,1."""
    return 3 - int(chip[-1])


@criterion("WCS-001")
def test_distortion_solution(fetched: Product, exposure: str, chip_number: int, judge: Judge) -> None:
    served = exposure_in(fetched.file(f"{exposure}_flc.fits"))
    judge(world_coordinates.distortion_solution_violations(served, chip_number))


@criterion("WCS-001")
def test_update_keeps_the_distortion_solution(
    accepted: Product, exposure: str, chip_number: int, updated: str, judge: Judge
) -> None:
    final = exposure_in(accepted.file(f"{exposure}_flc.fits"))
    judge(world_coordinates.distortion_solution_violations(final, chip_number))


@criterion("WCS-002")
def test_round_trip(accepted: Product, exposure: str, chip_number: int, judge: Judge) -> None:
    final = exposure_in(accepted.file(f"{exposure}_flc.fits"))
    wcs, shape = wcs_in(final.path, chip_number), chip_shape(final, chip_number)
    judge(world_coordinates.round_trip_error(wcs, shape, subject=exposure))


@criterion("AST-011")
def test_archive_solution(fetched: Product, exposure: str, judge: Judge) -> None:
    judge(solutions.archive_fit_error(exposure_in(fetched.file(f"{exposure}_flc.fits"))))


# The fits


@criterion("AST-001")
def test_shifts_are_finite(shifts: ShiftFile, exposure: str, judge: Judge) -> None:
    judge(alignment.nonfinite_shift_fields(shifts, exposure))


@criterion("AST-002")
def test_fit_rms(shifts: ShiftFile, exposure: str, judge: Judge) -> None:
    judge(alignment.fit_rms(shifts, exposure))


@criterion("AST-003")
def test_matched_sources(fitted: Product, shifts: ShiftFile, exposure: str, judge: Judge) -> None:
    judge(residuals.matched_sources(shifts, exposure, match_in(fitted, exposure, "flc")))


@criterion("AST-004")
def test_rotation(shifts: ShiftFile, exposure: str, judge: Judge) -> None:
    judge(alignment.fit_rotation(shifts, exposure))


@criterion("AST-005")
def test_scale(shifts: ShiftFile, exposure: str, judge: Judge) -> None:
    judge(alignment.fit_scale_change(shifts, exposure))


@criterion("AST-006")
def test_shift_is_within_search_radius(
    fitted: Product, shifts: ShiftFile, exposure: str, catalog: str, reduction: Reduction, judge: Judge
) -> None:
    scale = frame_scale(fitted.file("shifts_wcs.fits"))
    radius = reduction.align.search_radius(readings.service(catalog))
    judge(alignment.shift_to_search_radius(shifts, exposure, plate_scale=scale, search_radius=radius))


@criterion("AST-007")
def test_shifts_agree(shifts: ShiftFile, dataset: Dataset, catalog: str, visit: str, judge: Judge) -> None:
    judge(alignment.shift_agreement(shifts, dataset.visit(visit.removeprefix("visit")), subject=visit))


@criterion("AST-008")
def test_residuals_have_no_trend(
    fitted: Product, shifts: ShiftFile, exposure: str, catalog: str, judge: Judge
) -> None:
    scale = frame_scale(fitted.file("shifts_wcs.fits"))
    error = residuals.CATALOG_ERRORS[catalog] / 1000.0 / scale
    match = match_in(fitted, exposure, "flc")
    judge(residuals.residual_trend(shifts, exposure, match, catalog_error=error))


@criterion("AST-009")
def test_rms_is_consistent(fitted: Product, shifts: ShiftFile, exposure: str, judge: Judge) -> None:
    judge(residuals.rms_consistency(shifts, exposure, match_in(fitted, exposure, "flc")))


@criterion("AST-014")
def test_matches_are_not_by_chance(
    fetched: Product,
    fitted: Product,
    reference_catalog: Product,
    exposure: str,
    catalog: str,
    reduction: Reduction,
    judge: Judge,
) -> None:
    crowding = readings.crowding(fetched, fitted, reference_catalog, exposure)
    tweakreg = reduction.align.tweakreg(readings.service(catalog))
    judge(
        source_positions.chance_match_fraction(
            crowding.matches,
            sources=crowding.sources,
            references=crowding.references,
            area=crowding.area,
            # TweakReg's own defaults: a tolerance of 1 pixel.
            tolerance=float(tweakreg.get("tolerance") or 1.0) * reduction.align.plate_scale,
            search_radius=reduction.align.search_radius(readings.service(catalog)),
            subject=exposure,
        )
    )


@criterion("AST-018")
def test_catalog_is_of_the_exposures_epoch(
    fetched: Product, reference_catalog: Product, exposure: str, judge: Judge
) -> None:
    found = readings.catalog_in(reference_catalog)
    if found.pm_ra is None:
        judge(not_applicable("catalog_epoch_displacement", exposure, "the catalogue has no proper motions"))
    header = exposure_in(fetched.file(f"{exposure}_flc.fits")).primary
    judge(
        epochs.catalog_epoch_displacement(
            readings.motions(found),
            catalog_epoch=found.epoch,
            exposure_epoch=epochs.julian_year(header["EXPSTART"], header["EXPEND"]),
            subject=exposure,
        )
    )


# What was accepted


@criterion("AST-010")
def test_solution_is_named(accepted: Product, fetched: Product, dataset: Dataset, judge: Judge) -> None:
    names = {name: entry["wcsname"] for name, entry in readings.decisions(accepted).items()}
    final, served = (
        {name: exposure_in(product.file(f"{name}_flc.fits")).science_headers() for name in dataset.rootnames}
        for product in (accepted, fetched)
    )
    judge(
        solution_names.wcs_name_violations(
            final, wcsname=names, relative=False, subject="accepted", archive=served
        )
    )


@criterion("AST-010")
def test_headerlets_hold_the_solutions(
    accepted: Product, dataset: Dataset, headerlets: str, judge: Judge
) -> None:
    kept = {path.name.removesuffix("_hlet.fits"): path for path in accepted.glob("*_hlet.fits")}
    exposures = {name: exposure_in(accepted.file(f"{name}_flc.fits")) for name in dataset.rootnames}
    judge(
        header_solutions.headerlet_violations(
            {name: exposure_in(path) for name, path in kept.items()}, exposures
        )
    )


@criterion("AST-019")
def test_header_holds_the_fit(accepted: Product, fitted_gaia: Product, exposure: str, judge: Judge) -> None:
    if readings.decisions(accepted)[exposure]["kept"] == "archive":
        reason = "the exposure kept the archive's solution"
        judge(not_applicable("header_fit_difference", exposure, reason))
    updated = exposure_in(accepted.file(f"{exposure}_flc.fits"))
    judge(
        header_solutions.header_fit_difference(
            {chip: wcs_in(updated.path, chip) for chip in updated.chips},
            match_in(fitted_gaia, exposure, "flc"),
            exposure=exposure,
        )
    )


@criterion("AST-016")
def test_solution_agrees_with_the_archives(
    accepted: Product, fetched: Product, exposure: str, judge: Judge
) -> None:
    final, served = (exposure_in(product.file(f"{exposure}_flc.fits")) for product in (accepted, fetched))
    judge(
        solutions.solution_displacement(
            {chip: wcs_in(final.path, chip) for chip in final.chips},
            {chip: wcs_in(served.path, chip) for chip in served.chips},
            served.science_headers(),
            shapes={chip: chip_shape(final, chip) for chip in final.chips},
            exposure=exposure,
        )
    )


@criterion("WCS-003")
def test_exposures_agree_on_positions(
    detected_singly: Product, accepted: Product, reduction: Reduction, exposure: str, judge: Judge
) -> None:
    other = readings.overlapping(accepted, exposure, reduction.drizzle.exposures)
    if other is None:
        judge(
            not_applicable(
                "source_position_difference", exposure, "no other of the combined exposures overlaps it"
            )
        )
        return
    pairs = pair_sources(*(readings.exposure_positions(detected_singly, name) for name in (exposure, other)))
    judge(source_positions.source_position_difference(pairs, subject=exposure, other=other))


@criterion("AST-012")
def test_exposure_is_on_the_catalog(
    detected_singly: Product, gaia_catalog: Product, fetched: Product, exposure: str, judge: Judge
) -> None:
    found = readings.exposure_positions(detected_singly, exposure)
    expected = readings.catalog_positions(gaia_catalog, fetched, exposure)
    judge(source_positions.catalog_offset(pair_sources(found, expected), subject=exposure))


@criterion("AST-017")
def test_exposure_is_not_turned_against_the_catalog(
    detected_singly: Product, gaia_catalog: Product, fetched: Product, exposure: str, judge: Judge
) -> None:
    found = readings.exposure_positions(detected_singly, exposure)
    expected = readings.catalog_positions(gaia_catalog, fetched, exposure)
    judge(source_positions.catalog_offset_variation(pair_sources(found, expected), subject=exposure))


# The combined image


@criterion("FIL-001")
def test_drizzled_fits_form(mosaic: Product, reduction: Reduction, judge: Judge) -> None:
    image = combined_image(mosaic, reduction.drizzle.root)
    judge(files.fits_form_problems(read_fits_structure(image.path)))


@criterion("DRZ-001")
def test_coverage_is_finite(mosaic: Product, reduction: Reduction, judge: Judge) -> None:
    image = combined_image(mosaic, reduction.drizzle.root)
    judge(drizzling.finite_coverage(image.science(), image.weight(), subject=image.name))


@criterion("DRZ-004")
def test_scale_and_orientation(
    mosaic: Product, accepted: Product, reduction: Reduction, judge: Judge
) -> None:
    first = exposure_in(accepted.file(f"{reduction.drizzle.exposures[0]}_flc.fits"))
    asked = reduction.drizzle.frame(detector_scale=float(first.header("SCI")["IDCSCALE"]))
    image = combined_image(mosaic, reduction.drizzle.root)
    judge(drizzling.output_frame_deviation(image, scale=asked.scale, angle=asked.angle))


@criterion("DRZ-005")
def test_parameters_are_recommended(
    mosaic: Product, accepted: Product, references: Product, reduction: Reduction, judge: Judge
) -> None:
    table = reduction.drizzle
    if not table.recommended:
        reason = "the dataset takes no parameter from MDRIZTAB"
        judge(not_applicable("drizzle_parameter_violations", table.root, reason))
    judge(
        drizzle_parameters.drizzle_parameter_violations(
            read_drizzle_parameters(mosaic.file("astrodrizzle.log")),
            readings.recommended_parameters(references, accepted, table.exposures),
            names=table.recommended,
            subject=table.root,
        )
    )


@criterion("PHT-008")
def test_drizzled_zeropoint_and_unit(
    mosaic: Product, accepted: Product, reduction: Reduction, judge: Judge
) -> None:
    inputs = [exposure_in(accepted.file(f"{name}_flc.fits")) for name in reduction.drizzle.exposures]
    judge(drizzling.drizzled_photometry_violations(combined_image(mosaic, reduction.drizzle.root), inputs))


@criterion("AST-012")
def test_mosaic_is_on_the_catalog(
    detected: Product,
    reference_catalog: Product,
    fetched: Product,
    catalog: str,
    reduction: Reduction,
    judge: Judge,
) -> None:
    if catalog != ACCEPTED:
        judge(not_applicable("catalog_offset", catalog, f"the image was aligned to {ACCEPTED}"))
    found, expected = readings.against_catalog(detected, reference_catalog, fetched, reduction)
    judge(source_positions.catalog_offset(pair_sources(found, expected), subject=catalog))


@criterion("AST-017")
def test_mosaic_is_not_turned_against_the_catalog(
    detected: Product,
    reference_catalog: Product,
    fetched: Product,
    catalog: str,
    reduction: Reduction,
    judge: Judge,
) -> None:
    if catalog != ACCEPTED:
        judge(not_applicable("catalog_offset_variation", catalog, f"the image was aligned to {ACCEPTED}"))
    found, expected = readings.against_catalog(detected, reference_catalog, fetched, reduction)
    judge(source_positions.catalog_offset_variation(pair_sources(found, expected), subject=catalog))


@criterion("AST-015")
def test_stars_are_not_broadened(detected: Product, reduction: Reduction, judge: Judge) -> None:
    widths, exposures = readings.widths(detected)
    judge(drizzling.stellar_width_ratio(widths, exposures, subject=reduction.drizzle.root))


@criterion("DRZ-002")
def test_cosmic_rays(
    mosaic: Product, accepted: Product, combined: str, reduction: Reduction, judge: Judge
) -> None:
    masks = readings.cosmic_ray_masks(mosaic, accepted, combined, reduction.drizzle.exposures)
    judge(
        cosmic_rays.cosmic_ray_rate(
            masks.flagged, exposure_time=masks.exposure_time, judged=masks.judged, subject=combined
        )
    )


@criterion("DRZ-003")
def test_cores_of_stars_are_kept(
    mosaic: Product,
    accepted: Product,
    detected_singly: Product,
    combined: str,
    reduction: Reduction,
    judge: Judge,
) -> None:
    masks = readings.cosmic_ray_masks(mosaic, accepted, combined, reduction.drizzle.exposures)
    stars = readings.star_pixels(detected_singly, combined, reduction.drizzle.exposures)
    judge(cosmic_rays.rejected_cores(masks.flagged, stars, judged=masks.judged, subject=combined))


@criterion("DRZ-006")
def test_no_cosmic_rays_are_left(mosaic: Product, reduction: Reduction, judge: Judge) -> None:
    table = reduction.drizzle
    singles = {name: covered(drizzled_in(mosaic.file(f"{name}_single_sci.fits"))) for name in table.exposures}
    combined = covered(combined_image(mosaic, table.root))
    judge(cosmic_rays.cosmic_ray_remainder(combined, singles, subject=table.root))
