"""World coordinates of any exposure: distortion solution, solution of its chips, place on the sky."""

from __future__ import annotations

import pytest

from hubble_qa.checks.astrometry import (
    chip_geometry,
    chip_solutions,
    header_coordinates,
    kept_solutions,
    solutions,
    world_coordinates,
)
from hubble_qa.checks.evidence.exposures import chip_shape, exposure_in, wcs_in
from hubble_qa.checks.evidence.headers import claims_catalog
from hubble_qa.checks.images.observations import without_image
from hubble_qa.checks.measurement import not_applicable
from hubble_qa.checks.readers import Exposure
from hubble_qa.fixtures.finished.files import FinishedFile
from hubble_qa.fixtures.finished.subjects import Chip
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products

pytestmark = pytest.mark.products
criterion = pytest.mark.criterion


@criterion("WCS-001")
def test_distortion_solution(products: Products, science_chip: Chip, judge: Judge) -> None:
    exposure, number = products.exposure(science_chip.file), science_chip.number
    if exposure.suffix == "c0m" and "WCSNAME" not in exposure.header("SCI", number):
        reason = "C0M files are served without a solution of updatewcs's, and this is one"
        judge(not_applicable("distortion_solution_violations", str(science_chip), reason))
    judge(world_coordinates.distortion_solution_violations(exposure, number))


@criterion("WCS-002")
def test_round_trip(products: Products, mapped_chip: Chip, judge: Judge) -> None:
    exposure, number = products.exposure(mapped_chip.file), mapped_chip.number
    reason = without_coordinates(exposure)
    if reason:
        judge(not_applicable("round_trip_error", str(mapped_chip), reason))
    wcs, shape = wcs_in(exposure.path, number), chip_shape(exposure, number)
    judge(world_coordinates.round_trip_error(wcs, shape, subject=str(mapped_chip)))


@criterion("WCS-005")
def test_scale_roll_and_pointing(products: Products, mapped: FinishedFile, judge: Judge) -> None:
    exposure = products.exposure(mapped)
    reason = without_coordinates(exposure)
    if reason:
        judge(not_applicable("coordinate_violations", mapped.label, reason))
    judge(header_coordinates.coordinate_violations(exposure))


def without_coordinates(exposure: Exposure) -> str:
    """Why an exposure of a camera that takes spectra as well has no coordinates on the sky; else empty."""
    camera = exposure.camera
    return without_image(exposure) if camera is not None and camera.form_only else ""


@criterion("WCS-006")
def test_flt_and_flc_agree(products: Products, twin: FinishedFile, judge: Judge) -> None:
    other = products.sibling(twin, "flc")
    assert other is not None, "an FLT of this axis has its FLC"
    judge(kept_solutions.coordinate_difference(products.exposure(twin), exposure_in(other)))


@criterion("WCS-007")
def test_chips_are_where_the_idctab_has_them(products: Products, located: FinishedFile, judge: Judge) -> None:
    judge(chip_geometry.chip_geometry_error(products.exposure(located)))


@criterion("AST-010")
def test_chips_carry_one_solution(products: Products, located: FinishedFile, judge: Judge) -> None:
    judge(chip_solutions.chip_solution_violations(products.exposure(located)))


@criterion("AST-021")
def test_solution_is_near_the_distortion_solution(
    products: Products, located: FinishedFile, judge: Judge
) -> None:
    judge(kept_solutions.distance_from_distortion_solution(products.exposure(located)))


@criterion("AST-011")
def test_solution_is_a_good_fit(products: Products, science: FinishedFile, judge: Judge) -> None:
    exposure = products.exposure(science)
    reason = claims_catalog(exposure)
    if reason:
        judge(not_applicable("archive_fit_rms", science.label, reason))
    judge(solutions.archive_fit_rms(exposure))


@criterion("AST-026")
def test_solution_has_matches(products: Products, science: FinishedFile, judge: Judge) -> None:
    exposure = products.exposure(science)
    reason = claims_catalog(exposure)
    if reason:
        judge(not_applicable("archive_fit_matches", science.label, reason))
    judge(solutions.archive_fit_matches(exposure))
