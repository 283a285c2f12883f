"""The chips of one exposure carry one solution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from hubble_qa.checks.astrometry.chip_solutions import chip_solution_violations
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
