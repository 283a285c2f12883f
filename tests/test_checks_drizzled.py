"""Measurements of drizzled images."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.images.drizzled import (
    EXPECTED_WEIGHT_RATIO,
    coverage_violations,
    covered_fraction,
    drizzled_photometry_violations,
    exposure_time_violations,
    output_orientation_deviation,
    output_scale_deviation,
    weight_ratio,
)
from hubble_qa.checks.readers import Exposure
from hubble_qa.checks.verdict import Status, judge
from tests.uvis_fields import zeropoint_headers
from tests.wfpc2_samples import NORMALISED, PHOTFLAMS, drizzled, exposure

SHAPE = (120, 240)


def square(x: float, y: float = 10.0, side: float = 100.0) -> np.ndarray:
    return np.array([(x, y), (x + side, y), (x + side, y + side), (x, y + side)])


@given(covered=st.integers(0, 100))
def test_coverage_is_the_fraction_with_weight(covered: int) -> None:
    weight = np.zeros((10, 10))
    weight.flat[:covered] = 3.0
    assert covered_fraction(weight, subject="drw").value == pytest.approx(covered / 100)
    science = np.where(weight > 0, np.arange(100.0).reshape(10, 10), np.nan)
    assert coverage_violations(science, weight, subject="drw").value == 0


@given(pixel=st.integers(0, 99), value=st.sampled_from([np.nan, np.inf]), image=st.sampled_from([0, 1]))
def test_one_hole_with_weight_is_enough(pixel: int, value: float, image: int) -> None:
    arrays = np.ones((10, 10)), np.ones((10, 10))
    arrays[image].flat[pixel] = value
    verdict = judge(load_criteria()["DRZ-010"], coverage_violations(*arrays, subject="drw"))
    assert verdict.status is Status.FAIL
    assert "not finite" in verdict.reason


def test_a_weight_image_of_another_shape_is_another_images() -> None:
    for science, words in (
        (
            np.ones((3, 4)),
            "SCI has 4 x 3 pixels, WHT 3 x 4: it is another image's weight; put its own beside",
        ),
        (np.ones((0, 0)), "SCI has no pixels"),
    ):
        measurement = coverage_violations(science, np.ones((4, 3)), subject="drw")
        verdict = judge(load_criteria()["DRZ-010"], measurement)
        assert verdict.status is Status.FAIL
        assert words in verdict.reason
    assert covered_fraction(np.ones((0, 4)), subject="drw").value is None


@given(scale=st.floats(0.03, 0.2), angle=st.floats(-179, 179), turns=st.integers(-1, 1))
def test_frame_as_asked(scale: float, angle: float, turns: int) -> None:
    product = drizzled(scale=scale, angle=angle)
    assert output_scale_deviation(product, scale=scale).value < 1e-9
    assert output_orientation_deviation(product, angle=angle + 360.0 * turns).value < 1e-7


def test_deviations_are_relative_and_in_degrees() -> None:
    scale = output_scale_deviation(drizzled(), scale=0.0996 * (1 + 2e-6))
    assert (scale.value, scale.unit) == (pytest.approx(2e-6, rel=1e-4), "")
    for angle, turned in ((30.0003, 0.0003), (210.0, 180.0), (None, None)):
        measurement = output_orientation_deviation(drizzled(), angle=angle)
        assert measurement.value == (None if turned is None else pytest.approx(turned, rel=1e-4))
        assert measurement.applicable is (angle is not None)


def test_pixels_that_are_not_square_deviate() -> None:
    product = drizzled(angle=0.0)
    product.header["CD1_1"] *= 1 + 1e-5
    product.header["CD2_2"] /= 1 + 1e-5
    assert output_scale_deviation(product, scale=0.0996).value == pytest.approx(1e-5, rel=1e-3)


def test_frame_without_matrix_is_not_measured() -> None:
    product = drizzled(CD1_1=None, CD1_2=None, CD2_1=None, CD2_2=None)
    for criterion, measurement in (
        ("DRZ-004", output_scale_deviation(product, scale=0.0996)),
        ("DRZ-011", output_orientation_deviation(product, angle=30.0)),
    ):
        assert judge(load_criteria()[criterion], measurement).status is Status.NOT_MEASURED


@pytest.mark.parametrize(
    ("unit", "rate"),
    [
        ("COUNTS/S", True),
        ("ELECTRONS/S", True),
        ("electrons/sec", True),
        ("count / s", True),
        ("electron s-1", True),
        ("cps", True),
        ("counts", False),
        ("ELECTRONS", False),
        ("COUNTS/SR", False),
        ("", False),
    ],
)
def test_what_is_a_rate(unit: str, rate: bool) -> None:
    measurement = drizzled_photometry_violations(drizzled(BUNIT=unit), [exposure()])
    assert (measurement.value == 0) is rate


def test_every_chip_of_every_input_must_have_the_products_photflam() -> None:
    photflams = (*NORMALISED[:3], NORMALISED[3] * (1 + 1e-6))
    measurement = drizzled_photometry_violations(drizzled(), [exposure(), exposure(photflams=photflams)])
    assert measurement.value == 1
    assert "u5jx010hr_flt SCI,4" in measurement.reason


def test_single_precision_is_the_same_photflam() -> None:
    """calwf3.e rounds 3.04e-20 to 3.0399999e-20; a product of other inputs has not its last digits."""
    own = next(iter(exposure().science_headers().values()))["PHOTFLAM"]
    rounded = drizzled(PHOTFLAM=float(np.float32(own)))
    assert rounded.keyword("PHOTFLAM") != own
    assert drizzled_photometry_violations(rounded, [exposure()]).value == 0
    assert drizzled_photometry_violations(drizzled(PHOTFLAM=own * 1.0001), [exposure()]).value > 0


def test_inputs_that_are_not_there_leave_the_products_own_header() -> None:
    missing = ["u5jx010hr_flt.fits"]
    assert drizzled_photometry_violations(drizzled(), [], missing=missing).value == 0
    assert drizzled_photometry_violations(drizzled(BUNIT="ELECTRONS"), [], missing=missing).value == 1
    assert drizzled_photometry_violations(drizzled(PHOTFLAM=0.0), [], missing=missing).value == 1


@pytest.mark.parametrize(
    ("exptime", "violations"), [(32.0, 0), (32.01, 0), (16.0, 1), (128.0, 1), (0.0, 1), (None, 1), ("32", 1)]
)
def test_exposure_time_is_that_of_the_files_not_of_their_chips(exptime: object, violations: int) -> None:
    chips = [f"u5jx01{name}r_flt.fits[sci,{chip}]" for name in ("08", "0h") for chip in (1, 2, 3, 4)]
    inputs = {f"D{n:03}DATA": chip for n, chip in enumerate(chips, start=1)}
    times = dict.fromkeys((f"D{n:03}DEXP" for n in range(1, 9)), 16.0)
    measurement = exposure_time_violations(drizzled(EXPTIME=exptime, **inputs, **times))
    assert measurement.value == violations


def test_an_input_whose_exposure_time_was_changed_afterwards_is_named() -> None:
    image = drizzled(
        EXPTIME=32.0, D001DATA="a_flt.fits[sci,1]", D001DEXP=16.0, D002DATA="b_flt.fits[sci,1]", D002DEXP=16.0
    )
    assert exposure_time_violations(image, {"a_flt.fits": 16.0, "b_flt.fits": 16.01}).value == 0
    assert exposure_time_violations(image, {"a_flt.fits": "16", "b_flt.fits": None}).value == 0
    found = exposure_time_violations(image, {"a_flt.fits": 16.0, "b_flt.fits": 32.0})
    reason = "b_flt.fits was drizzled with 16 s (D001DEXP), its EXPTIME is 32 s: one is wrong"
    assert (found.value, found.reason) == (1, reason)


MOMENT = 1e-3
EPOCHS = {"b_flt.fits": (51395.2, 51395.3), "a_flt.fits": (51395.1, 51395.15)}


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (51395.1, 51395.3, ""),
        (51395.1 + 0.9 * MOMENT, 51395.3 - 0.9 * MOMENT, ""),
        (None, None, ""),
        (51395.2, 51395.3, "EXPSTART is MJD 51395.20000, the first of its inputs began at 51395.10000"),
        (51395.0, 51395.3, "EXPSTART is MJD 51395.00000"),
        (51395.1, 51395.15, "EXPEND is MJD 51395.15000, the last of its inputs ended at 51395.30000"),
        (51395.1, 51395.3 + 1.1 * MOMENT, "EXPEND is MJD 51395.30110"),
        (49895.1, 49895.3, "EXPSTART is MJD 49895.10000"),
    ],
)
def test_an_image_lasts_from_its_first_input_to_its_last(
    start: float | None, end: float | None, said: str
) -> None:
    names = {
        "D001DATA": "a_flt.fits[sci,1]",
        "D002DATA": "b_flt.fits[sci,1]",
        "D003DATA": "b_flt.fits[sci,2]",
    }
    times = {"EXPTIME": 32.0, "D001DEXP": 16.0, "D002DEXP": 16.0, "D003DEXP": 16.0}
    measurement = exposure_time_violations(
        drizzled(EXPSTART=start, EXPEND=end, **names, **times), epochs=EPOCHS
    )
    assert measurement.value == (0 if not said else 2 if start and start < 50000 else 1)
    assert said in measurement.reason


@pytest.mark.parametrize(
    ("start", "end", "value"),
    [
        (51395.1, 51395.3, 0),  # which the other input may explain
        (51395.2, 51395.3, 0),
        (51395.21, 51395.3, 1),
        (51395.1, 51395.29, 1),
        (49895.1, 49895.3, 1),
    ],
)
@pytest.mark.parametrize("other", [{}, {"a_flt.fits": (None, "INDEF")}])
def test_of_a_part_of_its_inputs_an_image_may_exceed_the_span(
    start: float, end: float, value: int, other: dict[str, tuple[object, object]]
) -> None:
    names = {"D001DATA": "a_flt.fits[sci,1]", "D002DATA": "b_flt.fits[sci,1]"}
    image = drizzled(EXPTIME=32.0, D001DEXP=16.0, D002DEXP=16.0, EXPSTART=start, EXPEND=end, **names)
    epochs = {"b_flt.fits": EPOCHS["b_flt.fits"], **other}
    assert exposure_time_violations(image, epochs=epochs).value == value


def test_exposure_time_of_an_image_of_unknown_inputs_is_not_applicable() -> None:
    assert not exposure_time_violations(drizzled(EXPTIME=32.0)).told


@pytest.mark.parametrize(
    ("length", "photons", "value"), [(12, False, 0), (13, False, 1), (40, False, 1), (40, True, 0)]
)
def test_a_part_of_zeros_holds_no_data_where_no_photons_are_counted(
    length: int, photons: bool, value: int
) -> None:
    science, weight = np.random.default_rng(1).normal(5.0, 1.0, (40, 40)), np.ones((40, 40))
    science[3, :length] = 0.0
    weight[7], science[7] = 0.0, 0.0
    measurement = coverage_violations(science, weight, subject="drw", counts_photons=photons)
    assert measurement.value == value
    assert (
        not value or f"{length} pixels with weight read 0, {length} of them in one row" in measurement.reason
    )


def test_an_image_that_holds_no_data_is_rejected() -> None:
    weight = np.ones((40, 40))
    measurement = coverage_violations(np.zeros((40, 40)), weight, subject="drw")
    assert measurement.value == 1
    assert "reads 0" in measurement.reason


def test_product_of_unknown_inputs_is_not_measured() -> None:
    measurement = drizzled_photometry_violations(drizzled(), [])
    assert judge(load_criteria()["PHT-008"], measurement).status is Status.NOT_MEASURED


@given(factor=st.floats(0.5, 2), exptime=st.floats(1, 1000))
def test_weight_ratio_does_not_depend_on_exposure_time(factor: float, exptime: float) -> None:
    weight = np.full(SHAPE, exptime)
    weight[:, :120] *= EXPECTED_WEIGHT_RATIO * factor
    measurement = weight_ratio(weight, {1: square(10), 2: square(130)}, subject="wht")
    assert measurement.value == pytest.approx(factor)


def test_weight_ratio_ignores_bad_pixels_and_what_lies_outside() -> None:
    generator = np.random.default_rng(2)
    weight = np.full(SHAPE, 1e6)
    weight[15:105, 15:105] = EXPECTED_WEIGHT_RATIO
    weight[15:105, 135:225] = 1.0
    weight[generator.random(SHAPE) < 0.1] = 0.0
    diamonds = {
        chip: np.array([(x, 18.0), (x + 42, 60.0), (x, 102.0), (x - 42, 60.0)])
        for chip, x in ((1, 60.0), (4, 180.0))
    }
    assert weight_ratio(weight, diamonds, subject="wht").value == pytest.approx(1.0)
    turned = {chip: corners[::-1] for chip, corners in diamonds.items()}
    assert weight_ratio(weight, turned, subject="wht").value == pytest.approx(1.0)


def test_weight_ratio_needs_both_cameras_and_enough_pixels() -> None:
    rule, weight = load_criteria()["PHT-007"], np.ones(SHAPE)
    wide_only = weight_ratio(weight, {2: square(10), 3: square(130)}, subject="wht")
    assert judge(rule, wide_only).status is Status.NOT_APPLICABLE
    off_image = weight_ratio(weight, {1: square(10), 2: square(1000)}, subject="wht")
    assert judge(rule, off_image).status is Status.NOT_MEASURED
    assert "SCI,2" in off_image.reason


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ([exposure(photflams=PHOTFLAMS)], "photeq, readonly=False"),
        (
            [exposure(), exposure(photflams=(2.5e-18,) * 4, primary={"FILTNAM1": "F814W"})],
            "different filters, F555W in u5jx010hr_flt; F814W in u5jx010hr_flt; combine those of one filter",
        ),
        ([zeropoint_headers(FLUXCORR="OMIT", photflams=(1.86e-19, 1.84e-19))], "FLUXCORR = PERFORM"),
    ],
)
def test_advice_follows_from_why_the_inputs_differ_in_photflam(inputs: list[Exposure], said: str) -> None:
    assert said in drizzled_photometry_violations(drizzled(), inputs).reason


PHOTFNU = 1.5187624e-07  # Jy per electron and second in F160W: PHOTFLAM 1.9275602e-20 at 15369.176 Angstrom
IN_FLUX = {"PHOTFLAM": 1.9275602e-20, "PHOTPLAM": 15369.176}


@pytest.mark.parametrize(
    ("cards", "warning"),
    [
        ({"BUNIT": "ELECTRONS/S"}, ""),
        # grizli's: so many nanojansky, rounded; and scaled, with its PHOTFNU and PHOTFLAM.
        ({"BUNIT": "151.876*nanoJansky", "PHOTFNU": PHOTFNU, **IN_FLUX}, ""),
        ({"BUNIT": "10.0*nanoJansky", "PHOTFNU": 1e-8, "OPHOTFNU": PHOTFNU, "PHOTFLAM": 1.27e-21}, ""),
        # By PHOTFLAM and PHOTPLAM.
        ({"BUNIT": "151.876*nanoJansky", **IN_FLUX}, ""),
        ({"BUNIT": "nJy", "PHOTFLAM": None}, ""),
        ({"BUNIT": "MJy/sr", "PHOTFLAM": None}, ""),
        ({"BUNIT": "MJy/sr", **IN_FLUX}, "BUNIT is 'MJy/sr', a flux: PHOTFLAM"),
        # grizli's own drizzle, without BUNIT; and AstroDrizzle's, of a camera whose exposures are in rates.
        ({"BUNIT": None, "GRIZLIV": "1.12", "PHOTSCAL": 1.0, "PHOTFNU": PHOTFNU}, "BUNIT is missing; the"),
        (
            {"BUNIT": None, "D001OUUN": "cps", "INSTRUME": "WFC3", "DETECTOR": "IR"},
            "BUNIT is missing; the pixels are counts per second",
        ),
    ],
)  # fmt: skip
def test_images_in_rates_and_in_flux_densities_are_accepted(cards: dict[str, Any], warning: str) -> None:
    found = drizzled_photometry_violations(drizzled(**cards), [], missing=["icqa03a1q_flt.fits"])
    assert found.context["violations"] == []
    assert found.warning.startswith(warning)
    assert bool(found.warning) == bool(warning)


@pytest.mark.parametrize(
    ("cards", "reason"),
    [
        (
            {"BUNIT": "nJy", "PHOTFNU": PHOTFNU},
            "BUNIT is 'nJy', of 1e-09 Jy, but PHOTFNU or PHOTFLAM give a pixel of 1 1.519e-07 Jy, so that "
            "fluxes differ by a factor of 151.9; write",
        ),
        ({"BUNIT": "10.0*nanoJansky", **IN_FLUX}, "BUNIT is '10.0*nanoJansky', of 1e-08 Jy, but PHOTFNU"),
        ({"BUNIT": "nJy", "PHOTFLAM": -1.0}, "PHOTFLAM is -1.0, no inverse sensitivity"),
        ({"BUNIT": None}, "BUNIT is missing, as AstroDrizzle leaves it where exposures have none"),
        ({"BUNIT": "", "D001OUUN": "cps"}, "BUNIT is missing, as AstroDrizzle leaves it"),
        # AstroDrizzle took counts for rates.
        (
            {"BUNIT": None, "D001OUUN": "cps", "INSTRUME": "ACS", "DETECTOR": "WFC"},
            "BUNIT is missing, as AstroDrizzle leaves it",
        ),
        ({"BUNIT": None, "D001OUUN": "counts"}, "BUNIT is missing, not a rate; final_units (D001OUUN) is"),
        ({"BUNIT": None, "GRIZLIV": "1.12"}, "BUNIT is missing, as AstroDrizzle leaves it"),
        ({"BUNIT": "ELECTRONS", "D001OUUN": "cps"}, "BUNIT is 'ELECTRONS', not a rate; final_units"),
        ({"BUNIT": "magnitudes"}, "BUNIT is 'magnitudes', not a rate"),
    ],
)  # fmt: skip
def test_images_whose_unit_misstates_their_pixels_are_rejected(cards: dict[str, Any], reason: str) -> None:
    found = drizzled_photometry_violations(drizzled(**cards), [], missing=["icqa03a1q_flt.fits"])
    assert found.context["violations"][0].startswith(reason)


def test_inputs_with_a_unit_tell_that_an_image_without_is_in_rates() -> None:
    """AstroDrizzle writes the unit of inputs that have one, so that it was removed later."""
    image = drizzled(BUNIT=None, D001OUUN="cps")
    assert drizzled_photometry_violations(image, [exposure()]).value == 0
    without = drizzled_photometry_violations(image, [exposure(science={"BUNIT": None})])
    assert "takes for rates" in without.reason


def test_a_mosaic_of_fields_that_lie_apart_is_mostly_empty_and_complete() -> None:
    weight = np.zeros((200, 200))
    weight[:20, :20] = weight[-20:, -20:] = 1.0
    whole = covered_fraction(weight, subject="mosaic", field=410.0)
    assert whole.value == 1.0
    assert whole.context["covered_fraction"] == pytest.approx(0.02)
    # Less than one exposure's field: the frame is at a wrong position.
    assert covered_fraction(weight, subject="mosaic", field=2000.0).value == pytest.approx(0.02)
    assert covered_fraction(weight, subject="mosaic").value == pytest.approx(0.02)


# Of the chips of `exposure`: PHOTPLAM 5442.9 A, PHOTZPT -21.1, PHOTMODE WFPC2,1,A2D7,F555W,,CAL and so on.
@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({}, ""),
        ({"PHOTPLAM": 5442.9, "PHOTZPT": -21.1, "PHOTMODE": "WFPC2,3,A2D7,F555W,,CAL"}, ""),
        ({"PHOTPLAM": 5442.9 * (1 + 5e-8), "PHOTZPT": -21.099999999999998, "PHOTMODE": "MULTIPLE"}, ""),
        ({"PHOTBW": 652.0}, ""),  # which no input has
        ({"PHOTPLAM": 5443.5}, "PHOTPLAM is 5443.5, its inputs' 5442.9"),
        ({"PHOTPLAM": "INDEF"}, "PHOTPLAM is 'INDEF', its inputs' 5442.9"),
        ({"PHOTZPT": -48.6}, "PHOTZPT is -48.6, its inputs' -21.1"),
        ({"PHOTMODE": "WFPC2,3,A2D7,F814W,,CAL"}, "PHOTMODE is 'WFPC2,3,A2D7,F814W,,CAL', that of no input"),
    ],
)
def test_the_passband_is_the_inputs(keywords: dict[str, object], said: str) -> None:
    measurement = drizzled_photometry_violations(drizzled(**keywords), [exposure()])
    assert measurement.value == (1 if said else 0)
    assert said in measurement.reason


def test_a_passband_may_be_the_mean_of_inputs_that_differ() -> None:
    blue, red = exposure(science={"PHOTBW": 500.0}), exposure(science={"PHOTBW": 520.0})
    for width, value in ((500.0, 0), (510.0, 0), (520.0, 0), (499.0, 1), (521.0, 1)):
        measurement = drizzled_photometry_violations(drizzled(PHOTBW=width), [blue, red])
        assert measurement.value == value
    assert "PHOTBW is 521.0, its inputs' 500 to 520" in measurement.reason


@pytest.mark.parametrize(
    ("mode", "value"),
    [
        ("ACS WFC1 F606W MJD#53807.0663", 0),
        ("ACS WFC1 F606W MJD#50000.0000", 0),
        ("acs wfc1  f606w", 0),
        ("F606W WFC1 ACS", 0),
        ("ACS WFC1 F814W MJD#53807.0663", 1),
        ("ACS HRC F606W MJD#53807.0663", 1),
        ("ACS WFC1 F606W POL0V MJD#53807.0663", 1),
    ],
)
def test_photmode_is_an_inputs_but_for_its_date(mode: str, value: int) -> None:
    one = exposure(science={"PHOTMODE": "ACS WFC1 F606W MJD#53807.0663"})
    assert drizzled_photometry_violations(drizzled(PHOTMODE=mode), [one]).value == value
    # Infrared exposures have it in their primary header.
    infrared = exposure(primary={"PHOTMODE": "ACS WFC1 F606W"}, science={"PHOTMODE": None})
    assert drizzled_photometry_violations(drizzled(PHOTMODE=mode), [infrared]).value == value


@pytest.mark.parametrize(
    ("unit", "asked", "said"),
    [
        ("ELECTRONS/S", "cps", ""),
        ("ELECTRONS/S", None, ""),
        ("ELECTRONS/S", "counts", "BUNIT is 'ELECTRONS/S', a rate, but final_units (D001OUUN) is 'counts'"),
        ("ELECTRONS", "counts", "BUNIT is 'ELECTRONS', not a rate; final_units (D001OUUN) is 'counts'"),
        ("counts", "cps", "they were drizzled as rates; write so into BUNIT, or divide by EXPTIME"),
    ],
)
def test_the_unit_is_what_was_asked_for(unit: str, asked: str | None, said: str) -> None:
    measurement = drizzled_photometry_violations(drizzled(BUNIT=unit, D001OUUN=asked), [exposure()])
    assert measurement.value == (1 if said else 0)
    assert said in measurement.reason


def test_a_total_detection_image_has_no_zeropoint() -> None:
    image = drizzled()
    total = replace(image, path=Path("hst_12345_01_wfpc2_total_u5jx01_drc.fits"))
    of_filters = [exposure(primary={"FILTNAM1": name}) for name in ("F555W", "F814W")]
    assert not drizzled_photometry_violations(total, of_filters).applicable
    assert drizzled_photometry_violations(image, of_filters).applicable
