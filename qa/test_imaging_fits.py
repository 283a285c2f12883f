"""Fits of imaging datasets: how far TweakReg searched, catalogues, and the solutions that were kept.

What is true of any product is asked by the other modules; here is what takes the steps of the reduction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

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
from hubble_qa.checks.evidence import catalogs
from hubble_qa.checks.evidence.catalog_fits import SOURCE_LISTS
from hubble_qa.checks.evidence.exposures import chip_frames, exposure_in, frame_scale
from hubble_qa.checks.evidence.overlaps import overlapping
from hubble_qa.checks.evidence.quadrants import references_by_quadrant
from hubble_qa.checks.evidence.star_lists import Input, shared_stars
from hubble_qa.checks.measurement import not_applicable
from hubble_qa.fixtures.finished.files import FinishedFile, Kind
from hubble_qa.fixtures.finished.subjects import Chip, Row
from hubble_qa.fixtures.reduction.alignment.parameters import SHIFT_FRAME
from hubble_qa.fixtures.reduction.alignment.tries import Search
from hubble_qa.fixtures.stages.accept import DECISIONS
from hubble_qa.fixtures.stages.catalog import CATALOG
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products
from hubble_qa.fixtures.workflows.imaging import Reduction, offered_node

pytestmark = pytest.mark.workflow("imaging")
criterion = pytest.mark.criterion

Decisions = Mapping[str, Mapping[str, Any]]


@pytest.fixture
def decisions(accepted: Product) -> Decisions:
    """What each exposure was given, and why."""
    decided: Decisions = json.loads(accepted.file(DECISIONS).read_text("utf-8"))
    return decided


@pytest.fixture
def offered(reduction: Reduction, product: Callable[[str], Product]) -> Product:
    """The exposures before a fit to a catalogue was accepted: as the archive served them, as a rule."""
    return product(offered_node(reduction))


# The solution that a fit may replace


@criterion("WCS-001")
def test_offered_distortion_solution(offered: Product, decided_chip: Chip, judge: Judge) -> None:
    exposure = exposure_in(offered.file(decided_chip.file.path.name), decided_chip.file.label)
    judge(world_coordinates.distortion_solution_violations(exposure, decided_chip.number))


@criterion("AST-011")
def test_offered_solution(offered: Product, decided_file: FinishedFile, judge: Judge) -> None:
    exposure = exposure_in(offered.file(decided_file.path.name), decided_file.root)
    judge(solutions.archive_fit_rms(exposure))


@criterion("AST-026")
def test_offered_solution_has_matches(offered: Product, decided_file: FinishedFile, judge: Judge) -> None:
    exposure = exposure_in(offered.file(decided_file.path.name), decided_file.root)
    judge(solutions.archive_fit_matches(exposure))


# The fits


@criterion("AST-006")
def test_shift_is_within_search_radius(products: Products, searched_row: Row, judge: Judge) -> None:
    fit, path = products.fit(searched_row), products.path(searched_row.shifts)
    judge(
        alignment.shift_to_search_radius(
            fit.shifts,
            fit.exposure,
            fit.match,
            plate_scale=frame_scale(path.with_name(SHIFT_FRAME)),
            search_radius=Search.of(path.parent).radius,
        )
    )


class Reference(NamedTuple):
    """The catalogue of a fit, and the exposure before it was fitted."""

    catalog: Path
    exposure: Path


@pytest.fixture
def reference(
    products: Products, fitted_row: Row, offered: Product, product: Callable[[str], Product]
) -> Reference:
    """What a fit to a catalogue was made of."""
    products.path(fitted_row.shifts)
    name = fitted_row.shifts.path.parent.name.removeprefix("align-")
    catalog = product(f"catalog-{name}").file(CATALOG)
    return Reference(catalog, offered.file(f"{fitted_row.exposure}.fits"))


@criterion("AST-014")
def test_matches_are_not_by_chance(
    products: Products, fitted_row: Row, reference: Reference, judge: Judge
) -> None:
    directory = products.path(fitted_row.shifts).parent
    lists = sorted(directory.glob(f"{fitted_row.exposure}{SOURCE_LISTS}"))
    match = products.fit(fitted_row).match
    crowding = catalogs.crowding(reference.exposure, match, lists, reference.catalog)
    search, taken = Search.of(directory), exposure_in(reference.exposure).camera
    judge(
        source_positions.chance_match_fraction(
            crowding.matches,
            sources=crowding.sources,
            references=crowding.references,
            area=crowding.area,
            tolerance=search.tolerance
            * (taken.plate_scale if taken else frame_scale(directory / SHIFT_FRAME)),
            search_radius=search.radius,
            subject=str(fitted_row),
        )
    )


@criterion("AST-018")
def test_catalog_is_of_the_exposures_epoch(
    products: Products, fitted_row: Row, reference: Reference, judge: Judge
) -> None:
    found, subject = catalogs.catalog_in(reference.catalog), str(fitted_row)
    if found.pm_ra is None:
        judge(not_applicable("catalog_epoch_displacement", subject, "the catalogue has no proper motions"))
    judge(
        epochs.catalog_epoch_displacement(
            catalogs.motions(found),
            catalog_epoch=found.epoch,
            exposure_epoch=catalogs.exposure_epoch(reference.exposure),
            subject=subject,
            original_epoch=found.original_epoch,
            unmoved=catalogs.share_without_motion(products.fit(fitted_row).match, reference.catalog),
        )
    )


@criterion("AST-022")
def test_catalog_has_enough_sources(fitted_row: Row, reference: Reference, judge: Judge) -> None:
    quadrants = references_by_quadrant(reference.exposure, reference.catalog)
    judge(reference_sources(quadrants, subject=str(fitted_row)))


@criterion("AST-029")
def test_catalog_covers_the_exposure(fitted_row: Row, reference: Reference, judge: Judge) -> None:
    quadrants = references_by_quadrant(reference.exposure, reference.catalog)
    judge(empty_quadrants(quadrants, subject=str(fitted_row)))


# What was accepted


@criterion("AST-010")
def test_solution_is_named(
    products: Products,
    accepted: Product,
    offered: Product,
    decisions: Decisions,
    accepted_set: str,
    judge: Judge,
) -> None:
    files = {file.root: file.path.name for file in products.judged.of(Kind.EXPOSURE)}
    final, before = (
        {root: exposure_in(source.file(name)).science_headers() for root, name in files.items()}
        for source in (accepted, offered)
    )
    names = {root: entry["wcsname"] for root, entry in decisions.items()}
    judge(
        solution_names.wcs_name_violations(
            final, wcsname=names, relative=False, subject=accepted_set, archive=before
        )
    )


@criterion("AST-010")
def test_headerlets_hold_the_solutions(
    products: Products, accepted: Product, headerlet_set: str, judge: Judge
) -> None:
    files = products.judged.of(Kind.EXPOSURE)
    exposures = {file.root: exposure_in(accepted.file(file.path.name)) for file in files}
    kept = {path.name.removesuffix("_hlet.fits"): path for path in accepted.glob("*_hlet.fits")}
    headerlets = {root: exposure_in(path) for root, path in kept.items()}
    judge(header_solutions.headerlet_violations(headerlets, exposures))


@criterion("AST-016")
def test_solution_agrees_with_the_offered(
    accepted: Product, offered: Product, decided_file: FinishedFile, judge: Judge
) -> None:
    final, before = (source.file(decided_file.path.name) for source in (accepted, offered))
    frames = chip_frames(final)
    judge(
        solutions.solution_displacement(
            {chip: frame.wcs for chip, frame in frames.items()},
            {chip: frame.wcs for chip, frame in chip_frames(before).items()},
            exposure_in(before).science_headers(),
            shapes={chip: frame.shape for chip, frame in frames.items()},
            subject=decided_file.root,
        )
    )


@criterion("AST-019")
def test_header_holds_the_accepted_fit(
    products: Products, updated_file: FinishedFile, decisions: Decisions, judge: Judge
) -> None:
    decision = decisions[updated_file.root]
    if decision["kept"] == "archive":
        reason = "the exposure kept the archive's solution"
        judge(not_applicable("header_fit_difference", updated_file.label, reason))
    node = f"align-{decision['catalog']}"
    rows = (row for row in products.judged.axes["row"] if isinstance(row, Row))
    row = next(
        row for row in rows if (row.shifts.path.parent.name, row.exposure) == (node, updated_file.path.stem)
    )
    chips = {chip: frame.wcs for chip, frame in chip_frames(products.path(updated_file)).items()}
    match = products.fit(row).match
    judge(header_solutions.header_fit_difference(chips, match, subject=updated_file.label))


@criterion("WCS-003")
def test_exposures_agree_on_positions(
    products: Products, decided_file: FinishedFile, reduction: Reduction, judge: Judge
) -> None:
    root, files = decided_file.root, products.judged.of(Kind.EXPOSURE)
    paths = {file.root: products.path(file) for file in files if products.was_exposed(file)}
    combined = {name: path for name, path in paths.items() if name in reduction.drizzle.exposures}
    other = overlapping(paths[root], {name: path for name, path in combined.items() if name != root})
    if other is None:
        reason = "no other of the combined exposures overlaps it"
        judge(not_applicable("source_position_difference", root, reason))
        return
    pairs = shared_stars(Input(paths[root]), Input(paths[other]))
    judge(source_positions.source_position_difference(pairs, subject=root, other=other))
