"""Any drizzled image: coverage, exposure time, zeropoint and unit, inputs, weight and sky, coordinates."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hubble_qa.checks.evidence.coverage import Coverage, coverage, exposure_weights, sky_blocks
from hubble_qa.checks.evidence.exposures import exposure_in
from hubble_qa.checks.evidence.extents import coverage_extents
from hubble_qa.checks.evidence.headers import input_chips, input_names
from hubble_qa.checks.images import combination, sky_residual
from hubble_qa.checks.images import drizzled as drizzling
from hubble_qa.checks.images import drizzled_coordinates as coordinates
from hubble_qa.checks.measurement import not_applicable
from hubble_qa.checks.readers.coordinates import coordinate_problem
from hubble_qa.fixtures.finished.files import FinishedFile
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products

pytestmark = pytest.mark.products
criterion = pytest.mark.criterion


@criterion("DRZ-001")
def test_coverage_is_finite(products: Products, image: FinishedFile, judge: Judge) -> None:
    drizzled = products.image(image)
    judge(drizzling.finite_coverage(drizzled.science(), drizzled.weight(), subject=image.label))


@criterion("CAL-005")
def test_exposure_time(products: Products, image: FinishedFile, judge: Judge) -> None:
    judge(drizzling.exposure_time_violations(products.image(image)))


@pytest.fixture
def inputs(products: Products, image: FinishedFile) -> Mapping[str, FinishedFile | None]:
    """The exposures that an image names as its inputs, by file; None for those that are not at hand."""
    drizzled = products.image(image)
    solution = str(drizzled.keyword("WCSNAME", ""))
    return {
        name: products.judged.exposure(name, beside=image.path, wcsname=solution)
        for name in input_names(drizzled)
    }


Inputs = Mapping[str, FinishedFile | None]


def missing_input(inputs: Inputs) -> str:
    """Why an image cannot be compared with what it combines; empty if it can."""
    if not inputs:
        return "its header names no inputs (D001DATA)"
    missing = [name for name, file in inputs.items() if file is None]
    return f"{missing[0]}, which it combines, is not among the products" if missing else ""


def covered_by(products: Products, image: FinishedFile, inputs: Inputs) -> Coverage:
    """Which chips see which parts of an image."""
    files = [file for file in inputs.values() if file is not None]
    exposures = {products.path(file): products.sibling(file, "c1m") for file in files}
    return coverage(products.image(image), exposures)


@criterion("PHT-008")
def test_zeropoint_and_unit(products: Products, image: FinishedFile, inputs: Inputs, judge: Judge) -> None:
    there = [exposure_in(products.path(file)) for file in inputs.values() if file is not None]
    missing = [name for name, file in inputs.items() if file is None] or (
        [] if inputs else ["(none is named)"]
    )
    judge(drizzling.drizzled_photometry_violations(products.image(image), there, missing=missing))


@criterion("DRZ-007")
def test_inputs_belong_together(
    products: Products, image: FinishedFile, inputs: Inputs, judge: Judge
) -> None:
    drizzled = products.image(image)
    there = [exposure_in(products.path(file)) for file in inputs.values() if file is not None]
    judge(combination.input_violations(drizzled, input_chips(drizzled), there))


@criterion("DRZ-008")
def test_sky_has_no_step(products: Products, image: FinishedFile, inputs: Inputs, judge: Judge) -> None:
    reason = missing_input(inputs)
    if reason:
        judge(not_applicable("sky_residual", image.label, reason))
    drizzled, seen = products.image(image), covered_by(products, image, inputs)
    judge(sky_residual.sky_residual(sky_blocks(drizzled, seen), subject=image.label))


@criterion("DRZ-009")
def test_weight_is_exposure_time(
    products: Products, image: FinishedFile, inputs: Inputs, judge: Judge
) -> None:
    reason = missing_input(inputs)
    if reason:
        judge(not_applicable("weight_to_exposure_time", image.label, reason))
    weights = exposure_weights(products.image(image), covered_by(products, image, inputs))
    judge(combination.weight_to_exposure_time(*weights, subject=image.label))


@criterion("WCS-004")
def test_header_has_no_distortion(products: Products, image: FinishedFile, judge: Judge) -> None:
    judge(coordinates.distortion_keyword_violations(products.image(image)))


@criterion("WCS-005")
def test_coordinates_by_the_inputs(
    products: Products, image: FinishedFile, inputs: Inputs, judge: Judge
) -> None:
    drizzled = products.image(image)
    files = [file for file in inputs.values() if file is not None]
    usable = not missing_input(inputs) and not coordinate_problem(drizzled.header)
    extents = coverage_extents(drizzled, map(products.path, files)) if usable else None
    carried = {str(products.exposure(file).header("SCI").get("WCSNAME", "")) for file in files}
    same = carried == {str(drizzled.keyword("WCSNAME", ""))}
    judge(coordinates.drizzled_coordinate_deviation(drizzled, extents, same_solution=same))
