"""Measurements of distortion solutions, and geometry."""

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.astrometry.world_coordinates import (
    binning,
    chip_polygon,
    distortion_solution_violations,
    linear_matrix,
    orientation,
    plate_scale,
    round_trip_error,
)
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.readers import Extension
from hubble_qa.checks.readers.exposure import science_wcs
from hubble_qa.checks.verdict import Status, judge
from tests.wfpc2_samples import TERMS, chip_header, drizzled, exposure


def linear(scale: float, angle: float, form: str) -> fits.Header:
    """A header of a given plate scale and orientation, with a CD matrix or with PC and CDELT."""
    turn = np.radians(angle)
    matrix = {(1, 1): -np.cos(turn), (1, 2): np.sin(turn), (2, 1): np.sin(turn), (2, 2): np.cos(turn)}
    size = scale / 3600.0
    if form == "CD":
        return fits.Header([(f"CD{i}_{j}", size * value) for (i, j), value in matrix.items()])
    cards = [(f"PC{i}_{j}", value) for (i, j), value in matrix.items()]
    return fits.Header([*cards, ("CDELT1", size), ("CDELT2", size)])


@given(scale=st.floats(0.01, 1), angle=st.floats(-179, 179), form=st.sampled_from(["CD", "PC"]))
def test_plate_scale_and_orientation(scale: float, angle: float, form: str) -> None:
    header = linear(scale, angle, form)
    assert plate_scale(header) == pytest.approx(scale, rel=1e-9)
    assert orientation(header) == pytest.approx(angle, abs=1e-9)


def test_plate_scale_needs_a_matrix() -> None:
    with pytest.raises(ValueError, match="neither a CD matrix nor CDELT1"):
        plate_scale(fits.Header())
    np.testing.assert_array_equal(
        linear_matrix(fits.Header([("CDELT1", -2.0), ("CDELT2", 3.0)])), [[-2, 0], [0, 3]]
    )


def test_solution_may_be_an_alternate_or_a_fit_upon_it() -> None:
    aligned = exposure(science={"WCSNAME": "TWEAK", "WCSTYPE": "user-defined", "WCSNAMEA": "IDC_sad1946fu"})
    history = Extension("WCSCORR", 1, fits.Header())
    aligned = type(aligned)(aligned.path, aligned.primary, (*aligned.extensions, history))
    assert distortion_solution_violations(aligned, 2).value == 0
    fitted = exposure(science={"WCSNAME": "IDC_sad1946fu-FIT_IMG_GAIAeDR3"})
    assert distortion_solution_violations(fitted, 2).value == 0
    other = exposure(science={"WCSNAME": "IDC_sad1946fub"})
    assert distortion_solution_violations(other, 2).value == 1


def test_header_that_never_saw_updatewcs() -> None:
    raw = exposure(
        primary={"IDCTAB": None, "D2IMFILE": None},
        science={
            "WCSNAME": None,
            "WCSNAMEO": None,
            "CTYPE1": "RA---TAN",
            "A_ORDER": None,
            "B_ORDER": None,
        },
    )
    assert distortion_solution_violations(raw, 2).context["violations"] == [
        "the primary header names no IDCTAB",
        "CTYPE1 is 'RA---TAN', without SIP terms",
        "there is no SIP coefficient A_p_q",
        "there is no SIP coefficient B_p_q",
        "the original solution lacks WCSNAMEO",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"A_2_0": 4.4e-6},
        {"A_2_0": -3.157e-6, "B_0_2": -4.437e-6},
        {name: 1.5 * value for name, value in zip(TERMS, camera("WFPC2").distortion[2], strict=True)},
        dict(zip(TERMS, camera("WFPC2").distortion[1], strict=True)),
    ],
    ids=["sign", "axes exchanged", "by a factor", "of another chip"],
)
def test_terms_of_another_distortion(change: dict[str, float]) -> None:
    measured = distortion_solution_violations(exposure(science=change), 2)
    assert measured.value == 1
    assert "its SIP terms of second order differ by" in measured.reason


@pytest.mark.parametrize(("factor", "violations"), [(1.095, 0), (1.105, 1), (0.905, 0), (0.895, 1)])
def test_terms_may_differ_by_a_tenth(factor: float, violations: int) -> None:
    terms = {name: factor * value for name, value in zip(TERMS, camera("WFPC2").distortion[2], strict=True)}
    assert distortion_solution_violations(exposure(science=terms), 2).value == violations


def test_a_term_that_is_not_there_is_zero() -> None:
    terms = dict(zip(TERMS, camera("WFPC2").distortion[2], strict=True))
    least = min(terms, key=lambda name: abs(terms[name]))
    assert abs(terms[least]) < 0.1 * max(map(abs, terms.values()))
    assert distortion_solution_violations(exposure(science={least: None}), 2).value == 0


def test_terms_are_compared_with_those_of_a_camera_on_record_where_they_are_numbers() -> None:
    foreign = dict.fromkeys(TERMS, 1e-3)
    assert distortion_solution_violations(exposure(science=foreign), 2).value == 1
    unknown = exposure(science=foreign, primary={"INSTRUME": "FOC"})
    assert distortion_solution_violations(unknown, 2).value == 0
    text = exposure(science={**foreign, "A_1_1": "one"})
    assert distortion_solution_violations(text, 2).value == 0
    # Terms of third order alone are some, though none of the second.
    third = exposure(science=dict.fromkeys(TERMS))
    assert distortion_solution_violations(third, 2).value == 0


@pytest.mark.parametrize(
    ("rates", "side"),
    [
        ((0.5, 0.25), 8.0**0.5),
        ((0.5, None), 1.0),
        ((0.5, 0.0), 1.0),
        ((-0.5, -0.5), 1.0),
        (("0.5", 0.5), 1.0),
    ],
)
def test_pixels_are_as_large_as_both_rates_say(rates: tuple[object, object], side: float) -> None:
    header = fits.Header(dict(zip(("LTM1_1", "LTM2_2"), rates, strict=True)))
    assert binning(header, fits.Header()) == pytest.approx(side)


def test_what_is_wrong_with_a_polynomial_is_told_beside_its_axes() -> None:
    found = distortion_solution_violations(exposure(science={"CTYPE2": "DEC--TAN", "A_ORDER": 99}), 2)
    assert found.context["violations"] == [
        "CTYPE2 is 'DEC--TAN', without SIP terms",
        "A_ORDER is 99, not a whole number from 0 to 9",
    ]


def test_a_polynomial_without_an_order_has_no_terms() -> None:
    none = {**dict.fromkeys(TERMS), "A_3_0": None, "B_0_3": None}
    linear = exposure(science={**none, "A_ORDER": None, "B_ORDER": None, "A_1_0": 1e-3, "B_0_1": 1e-3})
    assert distortion_solution_violations(linear, 2).value == 2


def test_a_table_that_a_record_refers_to_must_be_there() -> None:
    """Though the keyword that says how it is used is missing."""
    acs = exposure(primary={"NPOLFILE": "jref$02c14514j_npl.fits"})
    acs.header("SCI", 1).set("DP1", "EXTVER: 3")
    assert distortion_solution_violations(acs, 1).context["violations"] == [
        "NPOLFILE is jref$02c14514j_npl.fits, but extension WCSDVARR,3 is missing"
    ]


def test_terms_of_binned_pixels_are_larger() -> None:
    terms = {name: 2 * value for name, value in zip(TERMS, camera("WFPC2").distortion[2], strict=True)}
    assert distortion_solution_violations(exposure(science=terms), 2).value == 1
    binned = exposure(science={**terms, "LTM1_1": 0.5, "LTM2_2": 0.5})
    assert distortion_solution_violations(binned, 2).value == 0
    area = exposure(science=terms, primary={"MODE": "AREA"})
    assert distortion_solution_violations(area, 2).value == 0


def test_look_up_table_that_a_chip_refers_to_must_be_there() -> None:
    acs = exposure(primary={"NPOLFILE": "jref$02c14514j_npl.fits"})
    assert "no chip refers" in distortion_solution_violations(acs, 1).reason
    for axis in (1, 2):
        for header in acs.science_headers().values():
            header[f"CPDIS{axis}"] = "Lookup"
            header.set(f"DP{axis}", f"EXTVER: {axis}")
    assert distortion_solution_violations(acs, 1).context["violations"] == [
        "NPOLFILE is jref$02c14514j_npl.fits, but extension WCSDVARR,1 is missing",
        "NPOLFILE is jref$02c14514j_npl.fits, but extension WCSDVARR,2 is missing",
    ]
    tables = tuple(Extension("WCSDVARR", version, fits.Header()) for version in (1, 2))
    whole = type(acs)(acs.path, acs.primary, (*acs.extensions, *tables))
    assert distortion_solution_violations(whole, 1).value == 0


def test_round_trip_of_a_mild_distortion() -> None:
    measurement = round_trip_error(science_wcs(chip_header(2)), (800, 800), subject="WF2")
    assert measurement.unit == "pix"
    assert measurement.value < 1e-5


def test_round_trip_that_does_not_converge_never_passes() -> None:
    header = chip_header(2, A_3_0=1e-3)
    measurement = round_trip_error(science_wcs(header), (800, 800), subject="WF2")
    assert not judge(load_criteria()["WCS-002"], measurement).accepted
    assert "does not converge" in measurement.reason


def test_chip_polygon_in_a_drizzled_image() -> None:
    chip = chip_header(2, **dict.fromkeys((*TERMS, "A_3_0", "B_0_3"), 0.0))
    output = drizzled(angle=0.0).header
    output.update(
        CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=201.7, CRVAL2=-47.5, CRPIX1=1025.0, CRPIX2=525.0
    )
    polygon = chip_polygon(science_wcs(chip), (800, 800), science_wcs(output), inset=(60, 20))
    expected = np.array([(60, 60), (780, 60), (780, 780), (60, 780)]) + np.array([600, 100])
    np.testing.assert_allclose(polygon, expected, atol=1e-6)


def test_chip_without_solution_is_rejected_by_the_criterion() -> None:
    verdict = judge(
        load_criteria()["WCS-001"], distortion_solution_violations(exposure(science={"WCSNAME": "OPUS"}), 3)
    )
    assert verdict.status is Status.FAIL
    assert "no solution is named IDC_sad1946fu, only OPUS" in verdict.reason
