"""World coordinate solutions: names, the archive's fit, and the distance from it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubble_qa.checks.astrometry.solution_names import wcs_name_violations
from hubble_qa.checks.astrometry.solutions import (
    archive_fit_matches,
    archive_fit_rms,
    catalog_of_fit,
    solution_displacement,
)
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.readers import read_exposure
from hubble_qa.checks.verdict import Status, judge
from tests.uvis_fields import (
    ARCHIVE_NAME,
    SCALE,
    SHAPES,
    Pointing,
    chip_header,
    flc,
    headers,
    solutions,
)
from tests.wfpc2_samples import aligned_headers

SHARED = Path(__file__).parents[2] / "shared" / "headers"
PUBLISHED = {"ibwb01xqq": (442, 1.3, 1.5), "ibwb01xrq": (462, 4.0, 3.8), "ibwb01xxq": (429, 3.9, 3.7)}
MOVED = Pointing(shift=(-0.21, 0.10))


def archive_rms(exposure):
    return judge(load_criteria()["AST-011"], archive_fit_rms(exposure))


def archive_matches(exposure):
    return judge(load_criteria()["AST-026"], archive_fit_matches(exposure))


def archive_fit(**changes: object):
    """Both verdicts on the archive's fit."""
    return archive_rms(flc(**changes)), archive_matches(flc(**changes))


# Names


def test_catalogue_alignment_has_no_reference_image() -> None:
    found = {
        "ibwb01xqq": aligned_headers("GAIA", "not aligned: reference"),
        "ibwb01xrq": aligned_headers("GAIA"),
    }
    relative = wcs_name_violations(found, wcsname="GAIA", relative=True, subject="flc")
    absolute = wcs_name_violations(found, wcsname="GAIA", relative=False, subject="flc")
    assert (relative.value, absolute.value) == (0, 1)
    assert "ibwb01xqq" in absolute.reason


def test_relative_alignment_needs_its_reference_image() -> None:
    found = {name: aligned_headers() for name in ("u5jx0108r", "u5jx010hr")}
    measurement = wcs_name_violations(found, wcsname="TWEAK", relative=True, subject="flt")
    assert measurement.reason == "no exposure is the reference image"


def test_chips_of_one_exposure_must_have_one_solution() -> None:
    mixed = aligned_headers()
    mixed[4] = aligned_headers(wcstype="not aligned: reference")[4]
    found = {"u5jx0108r": aligned_headers(wcstype="not aligned: reference"), "u5jx010hr": mixed}
    measurement = wcs_name_violations(found, wcsname="TWEAK", relative=True, subject="flt")
    assert measurement.value == 1
    assert "not aligned: reference | user-defined" in measurement.reason


@pytest.mark.parametrize("found", [{}, {"u5jx010hr": {}}])
def test_no_headers_are_no_solution(found: dict) -> None:
    measurement = wcs_name_violations(found, wcsname="TWEAK", relative=True, subject="flt")
    assert not judge(load_criteria()["AST-010"], measurement).accepted


ACCEPTED = headers(MOVED, WCSNAME="Gaia", WCSTYPE="user-defined")
DECISIONS = {"ibwb01xqq": ARCHIVE_NAME, "ibwb01xrq": "Gaia"}
ARCHIVE = {"ibwb01xqq": headers(), "ibwb01xrq": headers()}


def decided(xqq: dict, xrq: dict, wcsname: object = DECISIONS):
    return wcs_name_violations(
        {"ibwb01xqq": xqq, "ibwb01xrq": xrq},
        wcsname=wcsname,
        relative=False,
        subject="flc",
        archive=ARCHIVE,
    )


def test_exposures_carry_what_was_decided() -> None:
    assert decided(headers(), ACCEPTED).value == 0


@pytest.mark.parametrize(
    ("xqq", "xrq", "violations", "reason"),
    [
        (headers(), headers(), 2, "WCSNAME is 'IDC_2731450pi-FIT_IMG_GAIAeDR3', not 'Gaia'"),
        (ACCEPTED, ACCEPTED, 4, "the coordinates are not the archive's"),
        (headers(MOVED), ACCEPTED, 2, "the coordinates are not the archive's"),
        (
            headers(),
            headers(WCSNAME="Gaia", WCSTYPE="user-defined"),
            2,
            "the coordinates are still the archive's",
        ),
        (headers(), {1: ACCEPTED[1]}, 1, "the archive's chips are [1, 2], not [1]"),
        (headers(WCSTYPE="undistorted not aligned"), ACCEPTED, 1, "WCSTYPE says not aligned"),
    ],
    ids=["not updated", "updated all the same", "numbers only", "name only", "lost chip", "never aligned"],
)
def test_names_and_numbers_follow_the_decision(xqq: dict, xrq: dict, violations: int, reason: str) -> None:
    measurement = decided(xqq, xrq)
    if reason.startswith("WCSNAME"):
        violations *= 2  # the coordinates are still the archive's as well
    assert measurement.value == violations
    assert reason in " ".join(measurement.context["violations"])


def test_every_exposure_needs_a_decision() -> None:
    measurement = decided(headers(), ACCEPTED, {"ibwb01xqq": ARCHIVE_NAME})
    assert measurement.value == 1
    assert "ibwb01xrq" in measurement.reason


# The archive's fit


@pytest.mark.parametrize(
    ("name", "catalog"),
    [
        ("IDC_2731450pi-FIT_IMG_GAIAeDR3", "GAIAeDR3"),
        ("IDC_2731450pi-FIT_REL_GAIAeDR3", "GAIAeDR3"),
        ("IDC_2731450pi-FIT_SVM_GAIADR2", "GAIADR2"),
        ("IDC_2731450pi-FIT_GSC240", "GSC240"),
        ("IDC_2731450pi-HSC30", ""),
        ("IDC_4bb1536cj-GSC240-1", ""),
        ("IDC_2731450pi", ""),
        ("IDC_2731450pi-FIT_IMG_", ""),
        ("IDC_2731450pi-FIT_REL_NONE", ""),
        ("FIT", ""),
        ("OPUS", ""),
    ],
)
def test_fits_to_a_catalogue_are_known_by_name(name: str, catalog: str) -> None:
    assert catalog_of_fit(chip_header(1, WCSNAME=name)) == catalog
    assert catalog_of_fit(chip_header(1, WCSNAME=None)) == ""


@pytest.mark.parametrize(
    ("exposure", "status", "rms"),
    [("ibwb01xqq", "pass", 0.0379), ("ibwb01xrq", "fail", 0.1010), ("ibwb01xxq", "warn", 0.0985)],
)
def test_published_archive_solutions(exposure: str, status: str, rms: float) -> None:
    """The notebook rounds 0.101 and 0.098 pix to 0.1; the bound lies between, within the error of one."""
    matches, ra, dec = PUBLISHED[exposure]
    scatter, number = archive_fit(NMATCHES=matches, RMS_RA=ra, RMS_DEC=dec)
    assert scatter.status == status
    assert scatter.measurement.value == pytest.approx(rms, abs=1e-4)
    assert scatter.measurement.uncertainty == pytest.approx(rms / np.sqrt(2 * (matches - 1)), rel=1e-3)
    assert (number.status, number.measurement.value) == (Status.PASS, matches)


@given(rms=st.floats(0.1, 3.9), matches=st.integers(0, 10_000))
def test_twenty_matches_are_enough_and_fewer_never(rms: float, matches: int) -> None:
    scatter, number = archive_fit(RMS_RA=rms, RMS_DEC=rms, NMATCHES=matches)
    assert scatter.measurement.value == pytest.approx(rms / 39.6)
    assert scatter.accepted
    assert number.measurement.value == matches
    assert number.accepted is (matches >= 20)


@pytest.mark.parametrize("name", ["IDC_2731450pi", "IDC_2731450pi-HSC30", "OPUS", None])
def test_no_fit_is_rejected_whatever_its_numbers(name: str | None) -> None:
    scatter, number = archive_fit(WCSNAME=name)
    assert (number.status, number.measurement.value) == (Status.FAIL, 0)
    assert "no fit to a catalogue" in number.reason
    assert scatter.status is Status.NOT_APPLICABLE
    assert scatter.reason.endswith("see AST-026")


@pytest.mark.parametrize("key", ["RMS_RA", "RMS_DEC", "NMATCHES"])
@pytest.mark.parametrize("value", [None, "", -1.0, True])
def test_fit_without_its_numbers_is_not_measured(key: str, value: object) -> None:
    scatter, number = archive_fit(**{key: value})
    lost, other = (number, scatter) if key == "NMATCHES" else (scatter, number)
    assert lost.status is Status.NOT_MEASURED
    assert key in lost.reason
    assert other.accepted


def test_zero_scatter_is_never_a_good_fit() -> None:
    assert archive_fit(RMS_RA=0.0, RMS_DEC=0.0)[0].status is Status.FAIL


def test_worst_chip_counts() -> None:
    exposure = flc()
    exposure.header("SCI", 2)["RMS_DEC"] = 5.0
    assert archive_rms(exposure).status is Status.FAIL
    exposure.header("SCI", 2)["NMATCHES"] = 19
    assert archive_matches(exposure).measurement.value == 19
    exposure.header("SCI", 2)["WCSNAME"] = "IDC_2731450pi"
    assert archive_matches(exposure).measurement.value == 0


def test_exposure_without_chips_has_no_solution() -> None:
    empty = replace(flc(), extensions=())
    assert archive_rms(empty).status is Status.NOT_MEASURED
    assert archive_matches(empty).status is Status.NOT_MEASURED


def test_plate_scale_is_the_detectors() -> None:
    exposure = flc(RMS_RA=5.0, RMS_DEC=5.0)
    assert archive_fit_rms(exposure).value == pytest.approx(5.0 / 39.6)
    exposure.primary["DETECTOR"] = "IR"
    assert archive_fit_rms(exposure).value == pytest.approx(5.0 / 128.3)
    exposure.primary["DETECTOR"] = "FOC"
    assert "no plate scale" in archive_fit_rms(exposure).reason


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs real headers")
@pytest.mark.parametrize(
    ("file", "rms", "matches", "status"),
    [
        ("sample_ipppssoot_flc.fits", 5.758884 / 39.6, 573, "fail"),
        ("sample_svm_flc.fits", 6.158037 / 39.6, 494, "fail"),
        ("sample_ipppssoot_flt.fits", 10.207675 / 128.3, 276, "pass"),
        ("sample_flc_header.fits", 15.260416 / 50.0, 10, "fail"),
    ],
)
def test_real_archive_solutions(file: str, rms: float, matches: int, status: str) -> None:
    exposure = read_exposure(SHARED / file)
    scatter, number = archive_rms(exposure), archive_matches(exposure)
    assert scatter.status == status
    assert scatter.measurement.value == pytest.approx(rms, rel=1e-6)
    assert scatter.measurement.context["catalog"] == "GAIAeDR3"
    assert (number.measurement.value, number.accepted) == (matches, matches >= 20)


# Distance from the archive's fit


def displacement(pointing: Pointing, **changes: object):
    return solution_displacement(
        solutions(pointing), solutions(), headers(**changes), shapes=SHAPES, subject="ibwb01xqq_flc.fits"
    )


@settings(max_examples=25)
@given(dx=st.floats(-3, 3), dy=st.floats(0.01, 3))
def test_displacement_is_the_shift(dx: float, dy: float) -> None:
    length = 1000.0 * SCALE * np.hypot(dx, dy)
    measured = displacement(Pointing(shift=(dx, dy)))
    assert (measured.value, measured.unit) == (pytest.approx(length, rel=1e-3), "mas")


def test_displacement_by_rotation_is_that_of_the_farthest_corner() -> None:
    corner = 1000.0 * SCALE * np.hypot(2047.5, 2051 + 15.5 - 1)
    value = displacement(Pointing(rotation=0.1)).value
    assert value == pytest.approx(corner * np.radians(0.1), rel=1e-3)


def test_published_shift_is_accepted_and_half_a_pixel_is_not() -> None:
    rule = load_criteria()["AST-016"]
    published = displacement(MOVED)
    assert judge(rule, published).status is Status.PASS
    assert published.value == pytest.approx(9.2, abs=0.1)
    assert published.uncertainty == pytest.approx(np.hypot(1.3, 1.5) / np.sqrt(442))
    assert judge(rule, displacement(Pointing(shift=(0.3, 0.4)))).status is Status.FAIL


def test_kept_solution_has_no_distance() -> None:
    verdict = judge(load_criteria()["AST-016"], displacement(Pointing()))
    assert verdict.status is Status.NOT_APPLICABLE
    assert "kept" in verdict.reason


@pytest.mark.parametrize("changes", [{"WCSNAME": "IDC_2731450pi-HSC30"}, {"NMATCHES": 19}])
def test_archive_without_a_fit_is_no_standard(changes: dict) -> None:
    rule = load_criteria()["AST-016"]
    far = displacement(Pointing(shift=(9.0, 9.0)), **changes)
    assert judge(rule, far).status is Status.NOT_APPLICABLE


def test_solutions_of_other_chips_are_not_measured() -> None:
    measurement = solution_displacement(
        {1: solutions(MOVED)[1]}, solutions(), headers(), shapes=SHAPES, subject="ibwb01xqq"
    )
    assert judge(load_criteria()["AST-016"], measurement).status is Status.NOT_MEASURED
