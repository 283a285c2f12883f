"""Scatter and sources of a fit by the keywords that TweakReg writes."""

from __future__ import annotations

import math

import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.astrometry.fit_keywords import (
    has_fit,
    keyword_matches,
    keyword_rms,
    keyword_rms_consistency,
)
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.readers import ShiftRow
from hubble_qa.checks.readers.shift_file import NO_RMS
from hubble_qa.checks.verdict import Status, judge
from tests.uvis_fields import SCALE, flc

DECLINATION = 37.8


def fitted(x: float, y: float, *, angle: float = 0.0, **changes: object):
    """An exposure after a fit with a scatter of `x` and `y` pixels, the frame turned by an angle, degrees."""
    turn = math.radians(angle)
    east, north = (
        abs(x * math.cos(turn) - y * math.sin(turn)),
        abs(x * math.sin(turn) + y * math.cos(turn)),
    )
    degrees = SCALE / 3600.0
    cards = {
        "WCSNAME": "GAIA",
        "FITNAME": "GAIA",
        "NMATCH": 120,
        "CRVAL2": DECLINATION,
        "RMS_RA": east * degrees / math.cos(math.radians(DECLINATION)),
        "RMS_DEC": north * degrees,
    }
    return flc(**{**cards, **changes})


@pytest.mark.parametrize(
    ("scatter", "status"), [((0.04, 0.05), Status.PASS), ((0.2, 0.2), Status.FAIL), ((0.0, 0.0), Status.FAIL)]
)
def test_rms_is_judged(scatter, status):
    assert judge(load_criteria()["AST-002"], keyword_rms(fitted(*scatter))).status is status


@pytest.mark.parametrize(("matches", "status"), [(120, Status.PASS), (20, Status.PASS), (19, Status.FAIL)])
def test_matches_are_judged(matches, status):
    exposure = fitted(0.04, 0.05, NMATCH=matches)
    assert judge(load_criteria()["AST-003"], keyword_matches(exposure)).status is status


@given(st.floats(0.001, 1.0), st.floats(0.001, 1.0), st.floats(0.0, 360.0))
def test_rms_does_not_depend_on_orientation_and_lies_between_the_axes(x, y, angle):
    value = keyword_rms(fitted(x, y, angle=angle)).value
    assert min(x, y) * (1 - 1e-9) <= value <= max(x, y) * (1 + 1e-9)


def row(xrms: float, yrms: float) -> ShiftRow:
    return ShiftRow("ibwb01xqq_flc.fits", 1.0, 1.0, 0.0, 1.0, xrms, yrms)


@given(st.floats(0.001, 1.0), st.floats(0.001, 1.0), st.floats(0.0, 360.0), st.floats(0.01, 0.2))
def test_header_and_shift_file_of_one_fit_agree_in_any_frame(x, y, angle, scale):
    exposure, ratio = fitted(x, y, angle=angle), SCALE / scale
    agreed = keyword_rms_consistency(exposure, row(x * ratio, y * ratio), frame_scale=scale)
    assert agreed.value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("scatter", "status"),
    [((0.04, 0.05), Status.PASS), ((0.05, 0.06), Status.FAIL), ((0.0, 0.0), Status.NOT_MEASURED)],
)
def test_a_shift_file_of_another_fit_is_rejected(scatter, status):
    measurement = keyword_rms_consistency(fitted(0.04, 0.05), row(*scatter), frame_scale=SCALE)
    assert judge(load_criteria()["AST-009"], measurement).status is status


def test_a_shift_file_without_scatter_tells_nothing():
    unknown = ShiftRow("ibwb01xqq_flc.fits", 1.0, 1.0, 0.0, 1.0)
    measurement = keyword_rms_consistency(fitted(0.04, 0.05), unknown, frame_scale=SCALE)
    assert (measurement.told, measurement.reason) == (False, NO_RMS)


@pytest.mark.parametrize("keyword", ["RMS_RA", "RMS_DEC", "NMATCH"])
@pytest.mark.parametrize("value", [None, "many"])
def test_what_is_no_number_is_not_measured(keyword, value):
    exposure = fitted(0.04, 0.05, **{keyword: value})
    for measurement in (keyword_rms(exposure), keyword_matches(exposure)):
        assert measurement.value is None
        assert keyword in measurement.reason


def test_a_number_beyond_all_numbers_is_none():
    """As text in a file can be: 1E999 is read as infinite."""
    exposure = fitted(0.04, 0.05)
    del exposure.header("SCI", 2)["CD1_1"]
    exposure.header("SCI", 2).append(fits.Card.fromstring("CD1_1   = 1E999"))
    assert exposure.header("SCI", 2)["CD1_1"] == math.inf
    found = keyword_rms(exposure)
    assert (found.value, found.reason) == (None, "SCI,2: CD1_1 is inf, not a number")


def test_the_error_of_a_scatter_is_of_both_axes():
    """Of three matches: five degrees of freedom."""
    found = keyword_rms(fitted(0.04, 0.04, NMATCH=3))
    assert found.value == pytest.approx(0.04)
    assert found.uncertainty == pytest.approx(0.04 / math.sqrt(2.0 * 4.0))


def test_only_a_fit_of_the_solution_carried_counts():
    assert has_fit(fitted(0.04, 0.05))
    assert not has_fit(fitted(0.04, 0.05, FITNAME="OTHER"))
    assert not has_fit(fitted(0.04, 0.05, WCSNAME="IDC_2731450pi"))
    assert not has_fit(flc())


def test_the_fit_of_another_solution_is_not_judged():
    exposure = fitted(0.04, 0.05, FITNAME="OTHER")
    agreed = keyword_rms_consistency(exposure, row(0.04, 0.05), frame_scale=SCALE)
    for measurement in (keyword_rms(exposure), keyword_matches(exposure), agreed):
        assert not measurement.applicable
        assert "FITNAME" in measurement.reason
