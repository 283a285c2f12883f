"""Detectors: values by hand, in cases where another statistic, axis or set of pixels gives another value."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm

from hubble_qa.checks.detectors.background import (
    background_deviation,
    background_level,
    background_rate_ratio,
    background_width,
    background_width_change,
    difference_noise,
    weighting_range,
)
from hubble_qa.checks.detectors.bias_structure import column_levels
from hubble_qa.checks.detectors.calibration import (
    array_violations,
    flagged_fraction,
    switch_violations,
    unit_violations,
)
from hubble_qa.checks.detectors.ccd_levels import Half, electrons_from_raw
from hubble_qa.checks.detectors.column_departures import column_departure
from hubble_qa.checks.detectors.flagged_area import flagged_area
from hubble_qa.checks.detectors.levels import last_minus_first, level_deviation
from hubble_qa.checks.detectors.masks import masked_fraction
from hubble_qa.checks.detectors.pixel_flags import (
    countless_squares,
    few_flags,
    longest_run,
    negative_light,
    unflagged_saturation,
)
from hubble_qa.checks.detectors.reference_patterns import remaining_pattern
from hubble_qa.checks.instruments import Camera, camera
from hubble_qa.checks.measurement import Measurement
from tests.wfpc2_samples import exposure

RATE = st.floats(0.01, 20.0)


@given(rate=RATE, dark=RATE, read_noise=st.floats(1.0, 50.0), time=st.floats(10.0, 3000.0))
def test_noise_has_the_reads_the_background_and_the_dark_current(
    rate: float, dark: float, read_noise: float, time: float
) -> None:
    electrons = read_noise**2 + rate * time + dark * time  # variances of independent electrons add
    noise = difference_noise(rate, dark, read_noise=read_noise, time=time)
    assert noise == pytest.approx(math.sqrt(electrons) / time)


def test_expected_noise_of_a_column_is_that_of_all_pixels_not_of_the_clipped_ones() -> None:
    """Pixels within 3 standard deviations have 98.65 % of the standard deviation of all."""
    image = np.random.default_rng(4).normal(100.0, 8.0, (120, 6000))  # four bands of 30 rows
    expected = column_levels(image).expected
    assert expected.shape == (4, 6000)
    # Of columns as short as these the median follows its pixels, which takes 1 % of the scatter.
    assert np.median(expected) == pytest.approx(0.99 * 8.0 / math.sqrt(0.9973 * 30), rel=0.005)


@pytest.mark.parametrize("rows", [40, 14])
def test_outermost_reference_pixels_are_not_used(rows: int) -> None:
    """Five rows and columns around a read of WFC3/IR see no light; the outermost of them are unstable."""
    first, flat, dark = (np.full((rows, 50), level) for level in (14_000.0, 2.0, 3.0))
    last = first + 7.0
    last[5:-5, 5:-5] += 3.0 + 100.0  # dark current, and light
    last[:, [0, -1]] += 5000.0
    last[:5] += 900.0  # nor rows of reference pixels, which the pipeline leaves alone
    last[-5:] += 900.0
    found = last_minus_first(first, last, dark=dark, flat=flat, gain=2.5, time=50.0)
    np.testing.assert_allclose(found, np.full((rows - 10, 40), 100.0 * 2.5 / 2.0 / 50.0))


@pytest.mark.parametrize("side", [np.s_[1:5], np.s_[-5:-1]])
def test_reference_pixels_of_both_sides_tell_the_drift(side: slice) -> None:
    first, ones, none = np.full((40, 50), 14_000.0), np.ones((40, 50)), np.zeros((40, 50))
    last = first.copy()
    last[:, side] += 8.0  # of half the reference pixels; their median is in the middle
    found = last_minus_first(first, last, dark=none, flat=ones, gain=1.0, time=1.0)
    np.testing.assert_allclose(found, np.full((30, 40), -4.0))


# Infrared backgrounds


@given(
    seed=st.integers(0, 2**16),
    size=st.integers(1, 400),
    outliers=st.integers(0, 40),
    scale=st.floats(1e-2, 1e2),
)
def test_level_is_that_of_the_pixels_within_five_widths(
    seed: int, size: int, outliers: int, scale: float
) -> None:
    generator = np.random.default_rng(seed)
    pixels = generator.normal(3.0, scale, size)
    # To either side, and as many below as above.
    pixels[generator.integers(0, size, outliers)] += generator.laplace(0.0, 8.0 * scale, outliers)
    pixels = np.concatenate([pixels, np.repeat([3.0 - 90.0 * scale, 3.0 + 90.0 * scale], outliers // 10)])
    kept = pixels
    for _ in range(4):
        low, median, high = np.percentile(kept, [15.865, 50.0, 84.135])
        kept = kept[np.abs(kept - median) <= 5.0 * (high - low) / 2.0]
    low, median, high = np.percentile(kept, [15.865, 50.0, 84.135])
    found = background_level(np.append(pixels, [np.nan, np.inf]))
    assert (found.median, found.width, found.pixels) == pytest.approx((median, (high - low) / 2.0, len(kept)))


def test_reads_after_twenty_seconds_count() -> None:
    times, rates = (19.9, 20.0, 60.0, 100.0), (9.0, 0.5, 0.4, 0.8)
    assert background_rate_ratio(times, rates, subject="x").value == pytest.approx(2.0)
    assert background_rate_ratio(times[:3], rates[:3], subject="x").value == pytest.approx(1.25)
    assert background_rate_ratio(times[:2], rates[:2], subject="x").value is None


@given(rates=st.lists(st.floats(0.1, 2.0), min_size=5, max_size=12))
def test_range_of_weightings_is_that_of_weighted_slopes(rates: list[float]) -> None:
    times = 100.0 * np.arange(1, len(rates) + 1)
    charge = times * rates
    place = np.abs(2.0 * np.arange(len(rates)) / (len(rates) - 1) - 1.0)
    departures = [0.0]
    for power in (0.0, 0.4, 1.0, 3.0, 6.0, 10.0):
        weight = place**power
        time, light = (values - np.average(values, weights=weight) for values in (times, charge))
        slope = np.sum(weight * time * light) / np.sum(weight * time**2)
        departures.append(slope - rates[-1])
    expected = (min(departures), max(departures))
    assert weighting_range(times, rates) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("new", "old", "measured"), [(100, 100, True), (99, 100, False), (100, 99, False)])
def test_widths_take_ten_thousand_pixels_of_either_image(new: int, old: int, measured: bool) -> None:
    # Alternating values have no outliers, so that all of them count.
    images = [np.resize([-1.0, 1.0], (100, rows)) * width for rows, width in ((new, 3.0), (old, 2.0))]
    found = background_width_change(*images, affected=["x"], subject="x")
    assert found.value == (pytest.approx(1.5) if measured else None)
    shape = background_width(np.random.default_rng(1).normal(0, 1, 10_000), noise=1.0, subject="x")
    assert shape.value == pytest.approx(1.0, abs=0.05)


def test_deviation_is_relative_to_the_rate() -> None:
    values = np.resize([0.4, 0.5, 0.9, 0.6, 0.6], 1000)
    measurement = background_deviation(values, rate=0.5, subject="x")
    assert measurement.value == pytest.approx(0.2)
    for rate in (0.0, -0.5, math.inf):
        assert background_deviation(values, rate=rate, subject="x").value is None
    assert background_deviation(values * np.nan, rate=0.5, subject="x").value is None
    noise = background_deviation(np.random.default_rng(1).normal(0.4, 0.03, 10_000), rate=0.5, subject="x")
    assert noise.uncertainty == pytest.approx(np.sqrt(np.pi / 2.0) * 0.03 / 100.0 / 0.5, rel=0.03)


# Levels


def stepped(rows: int = 40, columns: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An image alike in both calibrations, and no flags."""
    independent = np.full((rows, columns), 50.0)
    return independent.copy(), independent, np.zeros((rows, columns), dtype=int)


@pytest.mark.parametrize(("sign", "where"), [(1, "[46:60, 11:20]"), (-1, "[1:15, 31:40]")])
def test_the_part_that_departs_most_is_found_on_either_side(sign: int, where: str) -> None:
    calibrated, independent, dq = stepped()
    calibrated[:10, :15] += sign * 1.0
    rows, columns = (slice(10, 20), slice(45, 60)) if sign > 0 else (slice(30, 40), slice(0, 15))
    calibrated[rows, columns] += sign * 2.0
    calibrated[rows, columns][::3] += 400.0  # a third, which the clipped median leaves out
    measurement = level_deviation(calibrated, independent, dq, subject="x")
    assert measurement.value == pytest.approx(sign * 2.0 / 50.0)
    assert measurement.context["part"] == where


def test_flagged_pixels_tell_no_level_and_parts_without_others_do_not_count() -> None:
    calibrated, independent, dq = stepped()
    calibrated[:10, :15] += 3.0
    dq[:10, :8] = 16  # 70 of 150 pixels are left, less than half as many as on average
    assert level_deviation(calibrated, independent, dq, subject="x").value == 0.0
    dq[:10, 7] = 0  # 80
    assert level_deviation(calibrated, independent, dq, subject="x").value == pytest.approx(0.06)
    independent[dq == 0] *= 2.0
    independent[dq != 0] = np.nan
    assert level_deviation(2.0 * calibrated, independent, dq, subject="x").value == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("whole", "weighting", "value"),
    [(3.0, (0.0, 2.0), 1.0), (3.0, (-1.0, 5.0), 0.0), (-3.0, (-2.0, 0.0), -1.0), (3.0, (-5.0, 0.0), 3.0)],
)
def test_only_what_weighting_explains_is_excused(
    whole: float, weighting: tuple[float, float], value: float
) -> None:
    calibrated, independent, dq = stepped()
    measurement = level_deviation(calibrated + whole, independent, dq, subject="x", weighting=weighting)
    assert measurement.value == pytest.approx(value / 50.0)


def test_faint_levels_are_compared_with_the_least() -> None:
    calibrated, independent, dq = stepped()
    shift = level_deviation(calibrated - 49.0, independent - 50.0, dq, subject="x", least=20.0)
    assert shift.value == pytest.approx(1.0 / 20.0)
    assert level_deviation(calibrated, independent - 50.0, dq, subject="x").value is None
    assert level_deviation(calibrated + 5.0, independent, dq, subject="x", least=20.0).value == pytest.approx(
        0.1
    )


@pytest.mark.parametrize(("factor", "value"), [(1.02, 0.02), (0.98, -0.02), (1.0, 0.0)])
def test_a_factor_shows_in_the_stars_where_the_sky_is_dark(factor: float, value: float) -> None:
    _, independent, dq = stepped()
    independent += np.random.default_rng(7).normal(-49.0, 5.0, independent.shape)
    independent[::4, ::4] += 1000.0
    dq[0, 0], calibrated = 256, factor * independent
    calibrated[0, 0] = 84_700.0  # saturated
    found = level_deviation(calibrated, independent, dq, subject="x", least=20.0)
    assert found.value == pytest.approx(value, abs=2e-3)
    assert ("brightest pixels" in found.reason) == (factor != 1.0)
    assert found.context["bright_pixels"] == np.count_nonzero(independent > 400.0) - 1


def test_few_stars_tell_no_factor() -> None:
    _, independent, dq = stepped()
    independent -= 49.0
    independent.flat[::25] += 1000.0  # 96
    found = level_deviation(1.02 * independent, independent, dq, subject="x", least=20.0)
    assert found.value == pytest.approx(0.001, rel=0.01)
    assert "bright_pixels" not in found.context


# Electrons of a CCD


def test_each_half_has_its_own_overscan_and_gain() -> None:
    row = np.arange(30.0)[:, np.newaxis]
    raw = np.zeros((40, 26))
    bias = np.random.default_rng(1).normal(0.0, 3.0, raw.shape)
    rows = slice(5, 35)
    raw[rows, 0:3] = 1000.0 + 2.0 * row  # overscan of the left half
    raw[rows, 23:26] = 1500.0 - 1.0 * row
    raw[rows, 2] += 999.0  # one column of three, which the median leaves out
    raw[rows, 3:13] = 1000.0 + 2.0 * row + 70.0
    raw[rows, 13:23] = 1500.0 - 1.0 * row + 90.0
    halves = (Half(slice(3, 13), slice(0, 3), 2.0), Half(slice(13, 23), slice(23, 26), 1.5))
    dark_current, flat = np.full((30, 20), 4.0), np.full((30, 20), 0.8)
    found = electrons_from_raw(raw + bias, halves, rows=rows, bias=bias, dark=dark_current, flat=flat)
    expected = np.repeat([(70.0 * 2.0 - 4.0) / 0.8, (90.0 * 1.5 - 4.0) / 0.8], 10)
    np.testing.assert_allclose(found, np.tile(expected, (30, 1)), rtol=1e-6)


# Headers of calibrated exposures


@pytest.mark.parametrize(
    ("exptime", "duration", "violations"),
    [
        (300.0, 300.59, 0),
        (300.0, 300.61, 1),
        (300.0, 299.41, 0),
        (300.0, 299.39, 1),
        (0.0, 0.5, 1),
        (-1.0, -1.0, 1),
    ],
)
def test_exposure_lasts_its_time_to_a_thousandth_and_0_3_s(
    exptime: float, duration: float, violations: int
) -> None:
    primary = {"EXPTIME": exptime, "EXPSTART": 51384.25, "EXPEND": 51384.25 + duration / 86400.0}
    assert unit_violations(exposure(primary=primary), 3).value == violations
    assert unit_violations(exposure(primary={**primary, "EXPFLAG": ""}), 3).value == violations
    longer = duration > exptime > 0
    interrupted = exposure(primary={**primary, "EXPFLAG": "INTERRUPTED"})
    assert unit_violations(interrupted, 3).value == (0 if longer else violations)


@pytest.mark.parametrize("keyword", ["EXPTIME", "EXPSTART", "EXPEND"])
def test_times_are_finite_numbers(keyword: str) -> None:
    measurement = unit_violations(exposure(primary={keyword: "soon"}, science={"BUNIT": "DN"}), 3)
    assert measurement.value == 2
    assert "not a number" in measurement.context["violations"][1]


@pytest.mark.parametrize(
    ("requested", "ended", "violations"),
    [
        ("PERFORM", "COMPLETE", 0),
        ("PERFORM", "SKIPPED", 1),
        ("PERFORM", None, 1),
        ("OMIT", "OMIT", 0),
        ("OMIT", "COMPLETE", 1),
        ("OMIT", None, 0),
    ],
)
def test_steps_are_done_where_they_are_asked_for(requested: str, ended: str | None, violations: int) -> None:
    others = dict.fromkeys(("BIASCORR", "DRIZCORR", "RPTCORR", "FILTER"), "PERFORM")
    raw = {**others, "DARKCORR": requested}
    calibrated = {"BIASCORR": "COMPLETE"} | ({} if ended is None else {"DARKCORR": ended})
    assert switch_violations(raw, calibrated, set_to={}, subject="x").value == violations
    turned = {**raw, "DARKCORR": "OMIT" if requested == "PERFORM" else "PERFORM"}
    assert (
        switch_violations(turned, calibrated, set_to={"DARKCORR": requested}, subject="x").value == violations
    )


@pytest.mark.parametrize(
    ("asked", "ended", "set_to", "violations"),
    [
        ("PERFORM", "COMPLETE", {}, 0),
        ("PERFORM", "SKIPPED", {}, 1),
        ("OMIT", "OMIT", {}, 1),
        ("OMIT", "N/A", {}, 1),
        ("OMIT", "COMPLETE", {}, 1),  # done and not asked for, which is told once
        ("OMIT", "OMIT", {"FLATCORR": "OMIT"}, 0),
        # A header that has lost its switches says nothing.
        (None, None, {}, 0),
    ],
)
def test_steps_of_every_exposure_are_done_or_left_out_by_a_setting(
    asked: str | None, ended: str | None, set_to: dict[str, str], violations: int
) -> None:
    raw = {"BIASCORR": "PERFORM"} | ({} if asked is None else {"FLATCORR": asked})
    calibrated = {"BIASCORR": "COMPLETE"} | ({} if ended is None else {"FLATCORR": ended})
    measured = switch_violations(raw, calibrated, set_to=set_to, subject="x", always=("FLATCORR",))
    assert measured.value == violations


@pytest.mark.parametrize("kind", ["ACS/WFC", "ACS/HRC", "ACS/SBC", "WFC3/UVIS", "WFC3/IR"])
def test_of_each_camera_it_is_known_which_steps_all_exposures_take(kind: str) -> None:
    steps = camera(*kind.split("/")).steps
    assert {"DQICORR", "FLATCORR"} <= set(steps)
    # Its dark rate goes with the detector's temperature, and is not subtracted.
    assert ("DARKCORR" in steps) == (kind != "ACS/SBC")


# What is left of patterns


def patterned(left: Mapping[str, float], *, noise: float = 0.2, sign: int = 1) -> Measurement:
    generator = np.random.default_rng(12)
    patterns = {kind: sign * generator.exponential(4.0, (100, 100)) for kind in left}
    independent = np.full((100, 100), 30.0)
    image = independent + sum(share * patterns[kind] for kind, share in left.items()) + 7.0
    dq = np.zeros((100, 100), dtype=int)
    dq[:20] = 16 | 128  # flags that reference files set
    dq[20:40], image[20:40] = 1 | 16, 1e4
    image += generator.normal(0.0, noise, image.shape)
    return remaining_pattern(image, independent, patterns, dq, instrument="ACS", subject="x")


@pytest.mark.parametrize(("dark_share", "bias_share"), [(0.3, -0.1), (-0.3, 0.1), (0.1, -0.3), (0.0, 0.0)])
def test_the_pattern_of_which_most_is_left_or_taken_twice(dark_share: float, bias_share: float) -> None:
    measurement = patterned({"darkfile": dark_share, "biasfile": bias_share})
    worst = dark_share if abs(dark_share) > abs(bias_share) else bias_share
    assert measurement.value == pytest.approx(worst, abs=0.04)
    assert measurement.context["biasfile"] == pytest.approx(bias_share, abs=0.04)


def test_a_pattern_in_the_noise_is_not_judged() -> None:
    assert patterned({"darkfile": 1.0}, noise=30.0).value is None
    assert patterned({"darkfile": 1.0}, noise=0.0).value == pytest.approx(1.0)
    # 80 pixels tell it, 1 % of those that count, which stand 15 to 30 above the median of the pattern.
    for sign in (1, -1):
        error = patterned({"darkfile": 0.0}, sign=sign).uncertainty
        assert 0.2 / 30 < error * np.sqrt(80) / 1.2533 < 0.2 / 15


# Arrays of calibrated exposures

UVIS = camera("WFC3", "UVIS")


def broken(sci: np.ndarray, err: np.ndarray, flagged: int = 1, of: Camera = UVIS) -> float | None:
    dq = np.zeros(sci.shape, dtype=int)
    dq.flat[:flagged] = 4
    return array_violations(sci, err, dq, camera=of, subject="x").value


def test_errors_are_finite_and_positive_where_nothing_is_flagged() -> None:
    sci = np.linspace(-5.0, 20.0, 200).reshape(10, 20)
    assert broken(sci, np.ones(sci.shape), flagged=30) == 0
    for wrong in (np.nan, np.inf, 0.0, -1.0):
        err = np.ones(sci.shape)
        err[0, :5] = wrong
        assert broken(sci, err, flagged=5) == 0
        assert broken(sci, err, flagged=4) == 1


def test_errors_of_wfpc2_are_roots_of_counts() -> None:
    sci = np.linspace(-5.0, 20.0, 200).reshape(10, 20)
    sci[4, 4], sci[5, 5] = 0.0, 0.5
    err = np.sqrt(np.maximum(sci, 0.0))
    assert broken(sci, err, of=camera("WFPC2")) == 0
    err[5, 5] = 0.0
    assert broken(sci, err, of=camera("WFPC2")) == 1


def test_arrays_of_other_shapes_or_of_nothing_are_unusable() -> None:
    image, none = np.arange(12.0).reshape(3, 4), np.empty((0, 4))
    assert broken(none, none) == 1
    assert broken(image, image[:2] + 1.0) == 1
    assert array_violations(image, None, image[:2] > 4, camera=UVIS, subject="x").value == 1
    assert broken(image, image + 1.0) == 0


@pytest.mark.parametrize(("flagged", "fraction"), [(0, 0.0), (1, 1 / 12), (12, 1.0)])
def test_flagged_fraction_is_of_all_pixels(flagged: int, fraction: float) -> None:
    dq = np.zeros((3, 4), dtype=int)
    dq.flat[:flagged] = 4
    assert flagged_fraction(dq, subject="x").value == pytest.approx(fraction)


@pytest.mark.parametrize(("dq", "said"), [(None, "C1M"), (np.empty((0, 4)), "see CAL-013")])
def test_flags_that_are_not_there_tell_nothing(dq: np.ndarray | None, said: str) -> None:
    measurement = flagged_fraction(dq, subject="x")
    assert not measurement.told
    assert said in measurement.reason


@pytest.mark.parametrize(("side", "number"), [(20, 30), (50, 30), (120, 144)])
def test_pattern_is_told_by_its_most_extreme_hundredth_and_by_thirty_at_least(side: int, number: int) -> None:
    generator = np.random.default_rng(side)
    pattern = generator.laplace(0.0, 10.0, (side, side))
    image = 0.2 * pattern + generator.normal(0.0, 3.0, pattern.shape)
    image[np.abs(pattern) > 60.0] += 40.0  # a few that the median leaves out
    none = np.zeros(pattern.shape, dtype=int)
    found = remaining_pattern(image, none, {"dark": pattern}, none, instrument="WFC3", subject="x")
    departure, excess = (values.ravel() - np.median(values) for values in (pattern, image))
    extreme = np.argsort(np.abs(departure))[-number:]
    ratios = excess[extreme] / departure[extreme]
    assert found.value == pytest.approx(np.median(ratios))
    deviation = np.median(np.abs(ratios - np.median(ratios))) / norm.ppf(0.75)
    assert found.uncertainty == pytest.approx(1.2533 * deviation / np.sqrt(number))


@pytest.mark.parametrize(("pixels", "measured"), [(30, True), (29, False)])
def test_a_pattern_takes_thirty_pixels(pixels: int, measured: bool) -> None:
    pattern, none = np.zeros((20, 20)), np.zeros((20, 20), dtype=int)
    pattern.flat[:pixels] = 5.0
    found = remaining_pattern(0.5 * pattern, none, {"bias": pattern}, none, instrument="ACS", subject="x")
    assert found.value == (0.5 if measured else None)
    few = none + 1
    few.flat[:pixels] = 0
    ramp = np.arange(400.0).reshape(20, 20)
    judged = remaining_pattern(0.5 * ramp, none, {"bias": ramp}, few, instrument="ACS", subject="x")
    assert judged.value == (0.5 if measured else None)


def test_pixels_that_are_not_finite_tell_nothing_of_a_pattern() -> None:
    pattern, none = np.arange(10_000.0).reshape(100, 100), np.zeros((100, 100), dtype=int)
    image, holes = 0.25 * pattern, pattern.copy()
    image[-1, -30:], image[50, :30], holes[0, :30] = np.inf, np.nan, np.nan
    for calibrated, reference in ((image, pattern), (0.25 * pattern, holes), (image, holes)):
        found = remaining_pattern(calibrated, none, {"dark": reference}, none, instrument="ACS", subject="x")
        assert found.value == pytest.approx(0.25)


# Post-flash, flags and masks


@pytest.mark.parametrize(
    ("cards", "violations"),
    [
        ({"FLASHDUR": 3.0}, 1),
        ({"FLASHDUR": 0.5, "FLSHCORR": "OMIT"}, 1),
        ({"FLASHDUR": 3.0, "FLSHCORR": "COMPLETE "}, 0),
        ({"FLASHDUR": 3.0, "FLASHSTA": "NOT PERFORMED"}, 0),
        ({"FLASHDUR": 3.0, "FLASHSTA": "SUCCESSFUL"}, 1),
        ({"FLASHDUR": 0.0}, 0),
        ({"FLASHDUR": -1.0}, 0),
        ({"FLASHDUR": "3"}, 0),
        ({}, 0),
    ],
)
def test_a_flash_is_taken_out_whatever_was_asked_for(cards: dict[str, object], violations: int) -> None:
    asked, done = {"FLATCORR": "PERFORM"}, {"FLATCORR": "COMPLETE"}
    assert switch_violations(asked, {**done, **cards}, set_to={}, subject="x").value == violations
    # What was asked for and not done is one violation, with the flash or without.
    told = switch_violations({**asked, "FLSHCORR": "PERFORM"}, {**done, **cards}, set_to={}, subject="x")
    assert told.value == (0 if str(cards.get("FLSHCORR", "")).strip() == "COMPLETE" else 1)


@pytest.mark.parametrize(
    ("shape", "judged"), [((320, 320), True), ((160, 640), True), ((640, 160), True), ((320, 319), False)]
)
def test_four_hundred_blocks_are_a_part_of_a_detector(shape: tuple[int, int], judged: bool) -> None:
    assert flagged_area(np.zeros(shape, np.int16), None, subject="x").applicable is judged


def test_flagged_areas_are_whole_blocks_wherever_they_are() -> None:
    dq = np.zeros((330, 663), np.int16)  # 20 by 41 blocks and a rest
    dq[:, 656:] = dq[320:] = 4
    assert flagged_area(dq, None, subject="x").value == 0.0
    dq[16:32, 32:48] = 4
    dq[16, 32:44] = 0  # 244 of 256 pixels
    assert flagged_area(dq, None, subject="x").value == pytest.approx(1 / 820)
    dq[16, 44] = 0
    assert flagged_area(dq, None, subject="x").value == 0.0
    dq[64:80, 96:112] = 1
    assert flagged_area(dq, None, subject="x").value == pytest.approx(1 / 820)


def test_the_most_masked_chip_counts() -> None:
    masks = {1: np.zeros((10, 10), dtype=bool), 2: np.zeros((10, 10), dtype=bool), 3: np.empty((0, 4), bool)}
    masks[1][:3], masks[2][:2] = True, True
    assert masked_fraction(masks, found={}, subject="x").value == 0.3
    assert masked_fraction({number: masks[number] for number in (2, 1)}, found={}, subject="x").value == 0.3
    assert not masked_fraction({3: masks[3]}, found={}, subject="x").applicable


@pytest.mark.parametrize(
    ("shape", "flagged", "lost"),
    [
        ((1000, 1000), 0, True),
        ((10, 10), 0, True),
        ((10, 10), 1, False),
    ],
)
def test_flags_are_lost_where_there_are_none(shape: tuple[int, int], flagged: int, lost: bool) -> None:
    dq = np.zeros(shape, np.int16)
    dq.flat[:flagged] = 4
    assert bool(few_flags(dq)) is lost


@pytest.mark.parametrize("side", [0, 1])
def test_a_whole_chip_has_so_many_flags(side: int) -> None:
    dq = np.zeros((1, 100_000 - side), np.int16)
    for flagged, lost in ((20, False), (19, side == 0)):  # one in 5000
        dq[:] = 0
        dq[0, :flagged] = 4
        assert bool(few_flags(dq)) is lost


@pytest.mark.parametrize(
    ("bare", "flagged", "others", "told"),
    [(10, 0, 0, True), (9, 0, 0, False), (20, 19, 0, True), (20, 20, 0, False), (12, 0, 50, True)],
)
def test_full_pixels_have_their_flag(bare: int, flagged: int, others: int, told: bool) -> None:
    bit = UVIS.saturation_bits & -UVIS.saturation_bits
    science, dq = np.full((20, 20), 100.0), np.zeros((20, 20), np.int64)
    assert UVIS.full_well is not None
    science.flat[: bare + flagged] = UVIS.full_well
    dq.flat[bare : bare + flagged] = bit
    dq.flat[200 : 200 + others] = bit  # where no pixel is full
    assert bool(unflagged_saturation(science, dq, UVIS)) is told


@pytest.mark.parametrize(("fraction", "told"), [(0.94, False), (0.96, True), (1.29, True), (1.31, False)])
def test_full_pixels_read_what_the_well_holds(fraction: float, told: bool) -> None:
    # Stars beside WFPC2's shadowed edges are divided by a flat field of a half.
    assert UVIS.full_well is not None
    science = np.full((20, 20), 100.0)
    science.flat[:40] = fraction * UVIS.full_well
    assert bool(unflagged_saturation(science, np.zeros((20, 20), np.int64), UVIS)) is told


@pytest.mark.parametrize(("flag", "told"), [(0, True), (2, False), (4, True), (8, False), (1024, True)])
def test_full_pixels_in_the_shadow_of_the_pyramid_are_none(flag: int, told: bool) -> None:
    wfpc2 = camera("WFPC2")
    assert wfpc2.full_well is not None
    science, dq = np.full((20, 20), wfpc2.full_well), np.full((20, 20), flag, np.int64)
    assert bool(unflagged_saturation(science, dq, wfpc2)) is told


@given(seconds=st.tuples(st.floats(100.0, 900.0), st.floats(1000.0, 3000.0)), rates=st.tuples(RATE, RATE))
def test_the_error_of_a_ratio_of_rates_is_one_electron_of_either_read(
    seconds: tuple[float, float], rates: tuple[float, float]
) -> None:
    assume(rates[0] != rates[1])
    charges = [time * rate for time, rate in zip(seconds, rates, strict=True)]
    found = background_rate_ratio(seconds, rates, subject="x")
    if min(charges) < 10.0:
        assert found.value is None
        return
    ratio = max(rates) / min(rates)
    relative = math.sqrt(sum(charge**-2 for charge in charges))
    assert (found.value, found.uncertainty) == (pytest.approx(ratio), pytest.approx(ratio * relative))


@pytest.mark.parametrize(("electrons", "told"), [(-9.9, True), (-10.1, False)])
def test_reads_that_lost_ten_electrons_are_no_reads(electrons: float, told: bool) -> None:
    found = background_rate_ratio((100.0, 200.0, 300.0), (0.5, electrons / 200.0, 0.5), subject="x")
    assert (found.value is not None) is told


# Pixels that hold no light


def longest_by_hand(image: np.ndarray, counted: np.ndarray) -> int:
    """Along rows, then along columns, one pixel after the other."""
    longest = 0
    for values, counts in ((image, counted), (image.T, counted.T)):
        for line, kept in zip(values, counts, strict=True):
            length, last = 0, None
            for value, good in zip(line, kept, strict=True):
                length = length + 1 if good and value == last else int(good)
                last = value if good else None
                longest = max(longest, length)
    return longest


@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 40),
    seed=st.integers(0, 2**16),
    share=st.sampled_from([0.0, 0.9, 0.99, 1.0]),
    values=st.integers(1, 3),
)
def test_runs_are_of_equal_pixels_that_count(
    rows: int, columns: int, seed: int, share: float, values: int
) -> None:
    generator = np.random.default_rng(seed)
    image = generator.integers(0, values, (rows, columns)).astype(float)
    counted = generator.random((rows, columns)) < share
    assert longest_run(image, counted) == longest_by_hand(image, counted)


@pytest.mark.parametrize(
    ("below", "above", "wrong"),
    [
        (100, 0, True),
        (99, 0, False),
        (400, 133, True),
        (400, 134, False),
        (0, 400, False),
    ],
)
@pytest.mark.parametrize("level", [0.0, -500.0, 900.0])
def test_light_is_brighter_than_the_sky(below: int, above: int, wrong: bool, level: float) -> None:
    generator = np.random.default_rng(2)
    image = level + generator.permutation(np.linspace(-1.0, 1.0, 160 * 176)).reshape(160, 176)
    image += np.repeat(np.repeat(generator.normal(0.0, 300.0, (10, 11)), 16, axis=0), 16, axis=1)
    places = generator.permutation(image.size)[: below + above + 300]
    image.flat[places[:below]] -= 30.0
    image.flat[places[below : below + above]] += 30.0
    counted = np.ones(image.shape, dtype=bool)
    image.flat[places[below + above :]] -= 900.0  # which do not count, or are not finite
    counted.flat[places[below + above :]] = False
    image.flat[places[-100:]] = -np.inf
    counted.flat[places[-100:]] = True
    assert bool(negative_light(image, counted)) is wrong


def test_nothing_that_counts_is_not_darker_than_the_sky() -> None:
    assert negative_light(np.full((64, 64), 5.0), np.zeros((64, 64), dtype=bool)) == ""


# Times of infrared reads, and dates


@pytest.mark.parametrize(
    ("read", "exptime", "violations"),
    [
        (300.59, 300.0, 0),
        (300.61, 300.0, 1),
        (299.39, 300.0, 1),
        (0.5, 0.9, 1),
        (0.5, 0.79, 0),
        (0.0, 300.0, 0),
        ("long", 300.0, 0),
        (300.0, "long", 0),
        (300.0, 0.0, 0),
    ],
)
def test_the_last_read_is_of_the_exposure_time(read: object, exptime: object, violations: int) -> None:
    primary = {"INSTRUME": "WFC3", "DETECTOR": "IR", "EXPTIME": exptime}
    one = exposure(primary=primary, science={"BUNIT": "ELECTRONS/S", "SAMPTIME": read})
    told = [text for text in unit_violations(one, 3).context["violations"] if "SAMPTIME" in str(text)]
    assert len(told) == violations


@pytest.mark.parametrize(
    ("date", "start", "violations"),
    [
        ("1999-07-25", 51384.0, 0),
        ("1999-07-25", 51384.99, 0),
        ("1999-07-25T04:50:14", 51384.2, 0),
        ("1999-07-26", 51384.2, 0),  # begun the day before
        ("1999-07-27", 51384.2, 1),
        ("1999-07-23", 51384.2, 1),
        ("25/07/99", 51384.2, 0),
        ("1999-07-27", "soon", 0),
    ],
)
def test_the_date_is_that_of_the_start(date: str, start: object, violations: int) -> None:
    one = exposure(primary={"DATE-OBS": date, "EXPSTART": start, "EXPEND": 51384.2 + 16.0 / 86400.0})
    told = [text for text in unit_violations(one, 3).context["violations"] if "DATE-OBS is" in str(text)]
    assert len(told) == violations


# Arrays that hold no data


@pytest.mark.parametrize(
    ("of", "zeros", "run", "violations"),
    [
        (UVIS, 0, 12, 0),
        (UVIS, 0, 13, 1),
        (UVIS, 13, 0, 1),
        (camera("ACS", "SBC"), 13, 0, 0),  # which counts photons, of which most pixels have none
        (camera("ACS", "SBC"), 0, 13, 1),
        (None, 13, 0, 0),
    ],
)
@pytest.mark.parametrize("flags", [True, False])
def test_equal_pixels_in_a_row_hold_no_data(
    of: Camera | None, zeros: int, run: int, violations: int, flags: bool
) -> None:
    sci = np.random.default_rng(1).uniform(3.0, 20.0, (20, 40))
    sci[3, :zeros], sci[5, 2 : 2 + run] = 0.0, 7.0
    dq = np.zeros(sci.shape, dtype=int)
    dq[0, 0] = dq[9, :30] = 4
    sci[9, :30] = 8.0  # where it is flagged
    if not flags:
        sci[9, :30] = np.linspace(3.0, 9.0, 30)
    found = array_violations(sci, None, dq if flags else None, camera=of, subject="x")
    assert found.value == violations


@pytest.mark.parametrize("place", [0, 1, 799])
def test_one_number_but_for_a_pixel_is_a_run(place: int) -> None:
    sci = np.full((20, 40), 5.0)
    assert "everywhere" in array_violations(sci, None, None, camera=UVIS, subject="x").reason
    sci.flat[place] = np.nan
    found = array_violations(sci, None, None, camera=UVIS, subject="x")
    assert (found.value, "everywhere" in found.reason) == (2, False)


@pytest.mark.parametrize(
    ("each", "rows", "empty"),
    [
        # Squares of 30 pixels at 30 / 900, of 40 at 30 / 1600, and of no fewer than 16: 4 x 4, 3 x 3, 7 x 7.
        (1.0 / 30.0, 60, "8 of 16 squares of 30 x 30"),
        (1.0 / 30.0, 30, "4 of 16 squares of 30 x 30"),
        (1.0 / 30.0, 29, ""),
        (30.0 / 1600.0, 40, "3 of 9 squares of 40 x 40"),
        (1.0, 16, "7 of 49 squares of 16 x 16"),
        # Squares of 61 pixels would be more than half as wide as 120; of 60, half of it.
        (30.0 / 3600.0, 60, "2 of 4 squares of 60 x 60"),
        (30.0 / 3700.0, 120, ""),
        (0.0, 120, ""),
    ],
)
def test_squares_without_a_count_hold_no_data(each: float, rows: int, empty: str) -> None:
    image = np.ones((120, 120))
    image[:rows] = 0.0
    found = countless_squares(image, np.full(image.shape, each))
    assert found.startswith(empty)
    assert bool(found) is bool(empty)


def test_squares_of_which_less_than_half_counts_are_not_asked() -> None:
    image = np.ones((120, 120))
    image[:30] = 0.0
    expected = np.full(image.shape, 1.0 / 30.0)
    expected[:16, :60], expected[:14, 60:90] = 0.0, 0.0
    image[3, 3] = 1.0  # where it does not count
    assert countless_squares(image, expected).startswith("2 of 14 squares")


def test_photons_of_an_exposure_without_a_time_are_not_told() -> None:
    sci, sbc = np.zeros((1024, 1024)), camera("ACS", "SBC")
    sci[600::2, 3::7] = 1.0
    for time, violations in ((960.0, 1), (20.0, 0), (0.0, 0), (None, 0)):
        found = array_violations(sci, None, None, camera=sbc, subject="x", exposure_time=time)
        assert found.value == violations


def test_darker_sources_are_one_problem_of_a_chip() -> None:
    generator = np.random.default_rng(5)
    sci = generator.normal(50.0, 1.0, (160, 160))
    sci.flat[generator.permutation(sci.size)[:300]] -= 40.0
    found = array_violations(sci, None, None, camera=UVIS, subject="x")
    assert (found.value, "wrong sign" in found.reason) == (1, True)


def test_pixels_that_are_not_numbers_in_either_image_tell_no_level() -> None:
    calibrated, independent, dq = stepped()
    calibrated[0, 0], independent[1, 1] = np.nan, np.nan
    found = level_deviation(calibrated + 1.0, independent, dq, subject="x")
    assert (found.value, found.context["pixels"]) == (pytest.approx(0.02), 40 * 60 - 2)
    assert found.context["calibrated"] == pytest.approx(51.0)


# Columns that depart


def mad(values: np.ndarray) -> float:
    return 1.482602218505602 * float(np.median(np.abs(values - np.median(values))))


def levels_by_hand(part: np.ndarray, kept: np.ndarray, noise: float) -> np.ndarray:
    """Clipped means of columns less the medians of the 17 about each, the outermost repeated at the sides."""
    levels = np.full(part.shape[1], np.nan)
    for column in range(part.shape[1]):
        good = np.sort(part[kept[:, column], column])
        bad = len(part) - len(good)
        place = len(part) // 2 - bad // 2  # of the upper median, half of those that do not count below it
        middle = good[place] if 0 <= place < len(good) else 0.0
        near = good[np.abs(good - middle) <= 3.0 * noise]
        if len(near) >= 0.5 * len(part):
            levels[column] = near.mean()
    known = np.isfinite(levels)
    filled = np.interp(np.arange(len(levels)), np.flatnonzero(known), levels[known])
    padded = np.concatenate([[filled[0]] * 8, filled, [filled[-1]] * 8])
    return levels - np.array([np.median(padded[i : i + 17]) for i in range(len(filled))])


def departures_by_hand(band: np.ndarray, kept: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Medians of the departures of a band's parts, and what three of four parts have at least."""
    number = min(8, len(band) // 8)
    split = zip(np.array_split(band, number), np.array_split(kept, number), strict=True)
    parts = np.array([levels_by_hand(*part, noise) for part in split])
    medians, least = np.full(band.shape[1], np.nan), np.zeros(band.shape[1])
    for column in range(band.shape[1]):
        told = np.sort(parts[np.isfinite(parts[:, column]), column])
        if len(told) < number / 2:
            continue
        medians[column] = np.median(told)
        left_out = (len(told) - 1) // 4
        low, high = told[left_out], told[len(told) - 1 - left_out]
        least[column] = max(low, 0.0) or min(high, 0.0)
    return medians, least


@pytest.mark.parametrize(("rows", "columns"), [(81, 60), (150, 33), (2100, 40), (3100, 34)])
@pytest.mark.parametrize("height", [3.0, -3.0])
@pytest.mark.parametrize("unit", [1.0, 0.01])
def test_the_column_that_departs_most_in_two_bands(
    rows: int, columns: int, height: float, unit: float
) -> None:
    generator = np.random.default_rng(rows)
    science = generator.normal(20.0, 3.0, (rows, columns)) + np.linspace(0.0, 2.0, columns)
    science[rows // 3 :, 21] += height * 1.5
    science[: rows // 4, 9] += 4.0 * height  # in one band alone
    science[: rows // 2, 27] += height * np.where(np.arange(rows // 2) < rows // 4, 4.0, -4.0)
    science[generator.random(science.shape) < 0.02] += 400.0
    good = generator.random(science.shape) > 0.2
    good[:, 5] = generator.random(rows) > 0.6
    science[~good] = generator.choice([1e4, -1e4, np.nan], np.count_nonzero(~good))
    science = (unit * science).astype(np.float32)
    found = column_departure(science, good, UVIS, subject="x")
    every = max(rows // 1024, 1)
    pixels, kept = science[::every].astype(float), good[::every] & np.isfinite(science[::every])
    noise = mad(pixels[::3, ::2][kept[::3, ::2]])
    bands = zip(np.array_split(pixels, 4), np.array_split(kept, 4), strict=True)
    departures, least = zip(*(departures_by_hand(*band, noise) for band in bands), strict=True)
    scatters = [mad(each[np.isfinite(each)]) for each in departures]
    certain = [
        np.maximum(np.abs(each) - 5.0 * scatter, 0.0) / noise
        for each, scatter in zip(least, scatters, strict=True)
    ]
    both = [
        0.0
        if not least[n][column] * least[n + 1][column] > 0.0
        else min(certain[n][column], certain[n + 1][column])
        for n in range(3)
        for column in range(columns)
    ]
    assert found.value == pytest.approx(max(both), rel=1e-3, abs=1e-4)
    assert found.uncertainty == pytest.approx(max(scatters) / noise, rel=1e-3)
    assert "column 22 departs" in found.reason or max(both) == 0.0


@pytest.mark.parametrize(
    ("shape", "share", "judged"),
    [
        ((32, 32), 1.0, True),
        ((31, 40), 1.0, False),
        ((40, 31), 1.0, False),
        ((40, 40), 0.55, True),
        ((40, 40), 0.45, False),
    ],
)
def test_small_or_flagged_chips_have_no_columns(shape: tuple[int, int], share: float, judged: bool) -> None:
    science = np.random.default_rng(3).normal(0.0, 0.2, shape)
    good = np.zeros(shape, dtype=bool)
    good.flat[np.random.default_rng(4).permutation(good.size)[: int(share * good.size)]] = True
    assert column_departure(science, good, None, subject="x").applicable is judged
