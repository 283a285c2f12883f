"""The chips of one exposure carry one solution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.astrometry.chip_solutions import chip_solution_violations
from hubble_qa.checks.astrometry.linear_solutions import linear_solution
from hubble_qa.checks.readers import Exposure, read_exposure
from hubble_qa.checks.readers.exposure import Extension
from tests.qa_runs import SHARED
from tests.uvis_fields import SHAPE, Pointing, headers

TERMS = ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")
FITTED = Pointing(shift=(6.3, -4.1), rotation=0.01)


def aligned(now: Pointing = FITTED, *, chip_2: Pointing | None = None, **changes: Any) -> Exposure:
    """An exposure whose headers keep the IDC solution under A, and carry another since."""
    primary = fits.Header({"INSTRUME": "WFC3", "DETECTOR": "UVIS", "IDCTAB": "iref$2731450pi_idc.fits"})
    current = headers(now, WCSNAME="TWEAK", WCSTYPE="undistorted user-defined", **changes)
    if chip_2 is not None:
        current[2].update({key: headers(chip_2)[2][key] for key in TERMS})
    for chip, kept in headers(Pointing()).items():
        current[chip]["WCSNAMEA"] = "IDC_2731450pi"
        current[chip].update({f"{key}A": kept[key] for key in TERMS})
    extensions = tuple(Extension("SCI", chip, current[chip], SHAPE) for chip in (1, 2))
    return Exposure(Path("ibwb01xqq_flc.fits"), primary, extensions)


def test_a_fit_moves_all_chips_together() -> None:
    measurement = chip_solution_violations(aligned())
    assert measurement.value == 0
    assert measurement.context["apart_mas"]["SCI,2"] < 0.5


def test_a_chip_that_was_left_behind() -> None:
    measurement = chip_solution_violations(aligned(chip_2=Pointing()))
    assert measurement.value == 2
    assert measurement.context["apart_mas"]["SCI,2"] == pytest.approx(298, abs=30)  # 7.5 pix of 39.6 mas
    assert "SCI,2 has moved" in measurement.reason
    assert "SCI,2 is named 'TWEAK', but has the coordinates of IDC_2731450pi" in measurement.reason


def test_a_chip_that_was_moved_alone() -> None:
    nudged = Pointing(shift=(6.3, -4.1 + 0.25), rotation=0.01)
    measurement = chip_solution_violations(aligned(chip_2=nudged))
    assert measurement.value == 1
    assert measurement.context["apart_mas"]["SCI,2"] == pytest.approx(0.25 * 39.6, rel=0.01)


def test_coordinates_on_the_other_side_of_the_sky_are_compared_with_nothing() -> None:
    lost = aligned()
    for header in lost.science_headers().values():
        header["CRVAL2"] = -header["CRVAL2"]
        header["CRVAL1"] += 180.0
    measurement = chip_solution_violations(lost)
    assert measurement.value == 0
    assert measurement.context["apart_mas"] == {}


def test_a_name_without_a_fit() -> None:
    assert chip_solution_violations(aligned(Pointing())).value == 2
    reference = aligned(Pointing())
    for header in reference.science_headers().values():
        header["WCSTYPE"] = "not aligned: reference"
    assert chip_solution_violations(reference).value == 0


def test_chips_of_two_names() -> None:
    exposure = aligned()
    exposure.header("SCI", 2)["WCSNAME"] = "IDC_2731450pi"
    measurement = chip_solution_violations(exposure)
    assert measurement.value == 1
    assert "'TWEAK' on SCI,1, 'IDC_2731450pi' on SCI,2" in measurement.reason


def test_terms_that_are_missing_are_a_violation() -> None:
    exposure = aligned()
    del exposure.header("SCI", 2)["CD1_1"]
    assert chip_solution_violations(exposure).value == 1


def test_headers_without_a_kept_solution_are_judged_by_their_names() -> None:
    exposure = aligned()
    for header in exposure.science_headers().values():
        del header["WCSNAMEA"]
    measurement = chip_solution_violations(exposure)
    assert (measurement.value, measurement.context["apart_mas"]) == (0, {})


@pytest.mark.skipif(
    not (SHARED / "headers").is_dir(),
    reason="real headers are not beside this repository (../shared/headers)",
)
@pytest.mark.parametrize(
    "name", ["sample_flc_header", "sample_ipppssoot_flc", "sample_svm_flc", "sample_svm_flt"]
)
def test_real_solutions_of_the_archive(name: str) -> None:
    measurement = chip_solution_violations(read_exposure(SHARED / "headers" / f"{name}.fits"))
    assert measurement.value == 0
    assert all(step < 1e-3 for step in measurement.context["apart_mas"].values())


@pytest.mark.parametrize("letter", ["", "A"])
def test_coordinates_of_the_first_chip_that_cannot_be_used_are_compared_with_nothing(letter: str) -> None:
    exposure = aligned()
    del exposure.header("SCI", 1)[f"CRVAL1{letter}"]
    measurement = chip_solution_violations(exposure)
    assert (measurement.value, measurement.context["apart_mas"]) == (0, {})


@pytest.mark.parametrize("letter", ["", "A"])
def test_coordinates_of_another_chip_that_cannot_be_used_are_a_violation(letter: str) -> None:
    exposure = aligned()
    del exposure.header("SCI", 2)[f"CRVAL1{letter}"]
    measurement = chip_solution_violations(exposure)
    assert (measurement.value, measurement.reason) == (
        1,
        "SCI,2 has coordinates that cannot be used; see WCS-005",
    )


def test_a_kept_solution_that_is_half_out_of_sight_is_compared_with_nothing() -> None:
    """A quarter of a circle away, so that the tangent plane holds some of its pixels only."""
    lost = aligned()
    for header in lost.science_headers().values():
        header["CRVAL2A"] = header["CRVAL2"] - 90.0
    assert chip_solution_violations(lost).context["apart_mas"] == {}


def test_a_chip_is_as_far_apart_as_its_farthest_corner() -> None:
    """Turned about its reference pixel, (2048.5, -15.5)."""
    exposure, turn = aligned(), 0.01
    header = exposure.header("SCI", 2)
    solution = linear_solution(header)
    assert solution is not None
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    matrix = np.array([(cosine, sine), (-sine, cosine)]) @ solution.matrix
    header.update({f"CD{i}_{j}": matrix[i - 1, j - 1] for i in (1, 2) for j in (1, 2)})
    apart = chip_solution_violations(exposure).context["apart_mas"]["SCI,2"]
    # Of the pixels that are looked at (1, 2048) is the farthest.
    assert apart == pytest.approx(np.hypot(2047.5, 2063.5) * 39.6 * np.radians(turn), rel=1e-3)


def test_a_blank_name_without_an_idctab_is_no_kept_solution() -> None:
    exposure = aligned(chip_2=Pointing())
    del exposure.primary["IDCTAB"]
    for header in exposure.science_headers().values():
        header["WCSNAMEA"] = ""
    assert chip_solution_violations(exposure).context["apart_mas"] == {}


@pytest.mark.parametrize(("name", "kept"), [("IDC_2731450pi", "mine"), ("", "mine"), ("mine", "mine")])
def test_coordinates_that_are_kept_under_another_name_too_are_no_fit_only_of_a_name_of_ones_own(
    name: str, kept: str
) -> None:
    exposure = aligned(Pointing())
    del exposure.primary["IDCTAB"]
    for header in exposure.science_headers().values():
        header.update(WCSNAME=name, WCSNAMEA=kept)
    assert chip_solution_violations(exposure).value == 0
