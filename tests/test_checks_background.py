"""Measurements of infrared backgrounds and of calibrated levels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.signal import fftconvolve

from hubble_qa.checks.detectors.background import (
    SHORTEST,
    background_deviation,
    background_level,
    background_peaks,
    background_rate_ratio,
    background_width,
    background_width_change,
    difference_noise,
    histogram_peaks,
    weighting_range,
)
from hubble_qa.checks.detectors.calibration import switch_violations
from hubble_qa.checks.detectors.levels import last_minus_first, level_deviation
from hubble_qa.checks.detectors.sky_structure import away_from_sources, block_medians, sky_pulls
from tests.background_samples import (
    DARK,
    NOISE,
    RATE,
    READ_NOISE,
    TIME,
    TIMES,
    levelled,
    peaks,
    pulls_of,
    ratio,
    sky,
    steps,
    width,
    width_of,
)

RATES = st.lists(st.floats(0.1, 100.0), min_size=len(TIMES), max_size=len(TIMES))


@given(rates=RATES, factor=st.floats(1.0, 100.0), order=st.randoms(use_true_random=False))
def test_rate_ratio_does_not_depend_on_level_or_order(rates, factor, order):
    first = background_rate_ratio(TIMES, rates, subject="x").value
    pairs = [(time, factor * rate) for time, rate in zip(TIMES, rates, strict=True)]
    order.shuffle(pairs)
    times, scaled = zip(*pairs, strict=True)
    assert background_rate_ratio(times, scaled, subject="x").value == pytest.approx(first)
    assert first >= 1.0


def test_rate_ratio_leaves_early_reads_out():
    assert TIMES[0] < SHORTEST < TIMES[1]
    assert ratio(0.6, early=5.0).value == ratio(0.6).value


@pytest.mark.parametrize(
    ("times", "rates", "reason"),
    [
        (TIMES[:2], (0.5, 0.5), "1 reads are later than 20 s; a change takes two"),
        (TIMES[:4], (0.5, 0.5, -0.1, 0.5), "the rate of the read at 203 s is -0.1 electron/s, not positive"),
        (TIMES[:4], (0.5, 0.5, float("nan"), 0.5), "is nan electron/s, not positive"),
        ((), (), "there is no read after the zeroth"),
        (TIMES[:4], (0.5, 0.01, 0.02, 0.04), "1 reads have 10 electrons of background"),
    ],
)
def test_rate_ratio_needs_rates(times, rates, reason):
    measured = background_rate_ratio(times, rates, subject="x")
    assert measured.value is None
    assert reason in measured.reason
    assert measured.applicable == ("later than" not in reason)
    assert measured.told == ("10 electrons" not in reason)


def test_level_ignores_stars_and_cosmic_rays():
    pixels = sky()
    pixels.flat[::25] += np.random.default_rng(1).exponential(5.0, pixels.size // 25)
    level = background_level(pixels)
    assert level.median == pytest.approx(RATE, abs=0.05 * NOISE)
    assert level.width == pytest.approx(NOISE, rel=0.05)
    assert np.isnan(background_level(np.array([np.nan])).median)


@settings(max_examples=20)
@given(number=st.integers(1, 4), seed=st.integers(0, 2**16))
def test_peaks_are_counted_and_found(number, seed):
    places = 0.5 + 5.0 * NOISE * np.arange(number)
    pixels = np.resize(places, 60_000) + np.random.default_rng(seed).normal(0.0, NOISE, 60_000)
    assert histogram_peaks(pixels, NOISE) == pytest.approx(places, abs=0.5 * NOISE)


def test_width_and_peaks_are_measured_apart():
    assert width(RATE).value == pytest.approx(1.0, abs=0.05)
    assert (peaks(RATE).value, peaks(RATE).reason) == (1, "")
    assert peaks(RATE).context["peaks"] == pytest.approx([0.0], abs=0.5 * NOISE)
    two = 0.47, 0.53
    assert peaks(*two, width=0.4 * NOISE).value == 2
    assert peaks(*two, width=0.4 * NOISE).context["peaks"] == pytest.approx([-0.03, 0.03], abs=0.1 * NOISE)
    assert peaks(*two, width=0.4 * NOISE).reason.startswith("peaks at -0.0")
    # Too near to one another for their noise: one peak, too wide.
    assert peaks(*two).value == 1
    assert width(*two).value > 1.25
    for measure in (background_width, background_peaks):
        few = measure(np.ones(10), noise=NOISE, subject="x")
        assert "needs 10000" in few.reason
        assert not few.told
        with pytest.raises(ValueError, match="must be positive, not 0"):
            measure(sky(), noise=0.0, subject="x")
    assert background_peaks(np.full(20_000, np.nan), noise=NOISE, subject="x").value is None


def lit(light, *, width=NOISE):
    """A sky with further light and its noise, as wide as it should be or wider."""
    noise = np.hypot(width, np.sqrt(light / TIME))
    return width_of(sky(0.0, 1.0) * noise + RATE + light)


DISTANCE = np.hypot(*np.mgrid[-100:100, -110:110])


@pytest.mark.parametrize(
    "light",
    [
        0.3 * RATE * np.mgrid[:200, :220][1] / 220,
        0.2 * RATE * (1.0 + np.sin(np.mgrid[:200, :220][0] / 40.0)),
        20.0 * np.exp(-DISTANCE / 10.0),
    ],
    ids=["slope", "grism", "galaxy"],
)
def test_structure_of_the_sky_and_its_target_is_no_bad_fit(light):
    assert lit(light).value == pytest.approx(1.0, abs=0.06)
    assert lit(light, width=1.5 * NOISE).value > 1.3


def stars(number: int) -> np.ndarray:
    """Light of stars at random places, few of them bright, as wide as an infrared camera's."""
    rng = np.random.default_rng(8)
    light = np.zeros((200, 220))
    places = rng.integers(0, light.shape, (number, 2)).T
    np.add.at(light, tuple(places), 0.5 * rng.pareto(1.0, number).clip(max=200))
    return gaussian_filter(light, 0.7, mode="constant")


@pytest.mark.parametrize("number", [300, 1500])
def test_crowded_field_is_no_bad_fit(number):
    assert lit(stars(number)).value == pytest.approx(1.0, abs=0.12)
    assert 1.25 < lit(stars(number), width=1.35 * NOISE).value < 1.6


def wings(number: int) -> np.ndarray:
    """Light of stars at random places, few of them bright, that falls with the cube of the distance."""
    rng = np.random.default_rng(9)
    places = np.zeros((200, 220))
    fluxes = 6.0 * (1.0 + rng.pareto(0.625, number)).clip(max=400.0)
    np.add.at(places, tuple(rng.integers(0, places.shape, (number, 2)).T), fluxes)
    distance = np.hypot(*(np.indices((129, 129)) - 64.0))
    star = (1.0 + (distance / 0.7) ** 2) ** -1.5
    return np.asarray(fftconvolve(places, star / star.sum(), mode="same"))


@pytest.mark.parametrize("number", [100, 400])
def test_wings_of_many_stars_are_no_bad_fit(number):
    assert lit(wings(number)).value == pytest.approx(1.0, abs=0.06)
    assert lit(wings(number), width=1.35 * NOISE).value == pytest.approx(1.35, abs=0.06)


def test_wings_of_many_stars_hide_no_broken_ramps():
    assert width_of(levelled(0.35, 0.5, 0.65) + wings(400)).value > 2.0
    # About the level of their block, pixels are too wide without a bad fit.
    assert background_level(pulls_of(sky() + wings(400))).width > 1.25


def test_error_of_a_width_is_its_scatter():
    found = [width_of(sky(seed=seed)) for seed in range(60)]
    scatter = np.std([each.value for each in found])
    assert scatter == pytest.approx(np.mean([each.uncertainty for each in found]), rel=0.3)


def test_noise_and_broken_ramps_are_no_sources():
    noise = sky(0.0, 1.0)
    assert away_from_sources(noise).mean() > 0.999
    split = np.where(np.random.default_rng(1).random(noise.shape) < 1 / 3, noise + 5.0, noise)
    assert away_from_sources(split).mean() > 0.99
    split[100, 100:102] += 100.0
    assert not away_from_sources(split)[98:103, 98:104].any()


def test_galaxy_that_fills_the_field_leaves_no_sky():
    measured = lit(200.0 * np.exp(-DISTANCE / 40.0))
    assert not measured.told
    assert "the others are flagged or covered by the target" in measured.reason


def test_of_an_exposure_that_is_all_flagged_nothing_can_be_told():
    for measure in (background_width, background_peaks):
        nothing = measure(np.empty(0), noise=math.nan, subject="ibohbfbeq_flt")
        assert not nothing.told
        assert nothing.reason.startswith("only 0 pixels show the sky")


def test_what_is_flagged_shows_no_sky():
    flagged = np.zeros((200, 220), dtype=bool)
    assert not sky_pulls(sky(), flagged, dark=DARK, read_noise=READ_NOISE, time=TIME).size
    assert not sky_pulls(sky() * np.nan, ~flagged, dark=DARK, read_noise=READ_NOISE, time=TIME).size


def test_block_medians():
    image = np.arange(64.0).reshape(8, 8)
    image[0, 0] = image[4:, 4:] = np.nan
    medians = block_medians(image, 4)
    block = image[:4, :4]
    assert medians[0, 0] == np.nanmedian(block)
    assert medians[0, 1] == np.median(image[:4, 4:])
    assert np.isnan(medians[1, 1])


def test_noise_of_a_difference():
    assert difference_noise(0.5, 0.0, read_noise=0.0, time=200.0) == pytest.approx(10.0 / 200.0)
    assert difference_noise(0.0, 0.0, read_noise=20.0, time=200.0) == pytest.approx(0.1)
    assert difference_noise(-5.0, 0.0, read_noise=20.0, time=200.0) == pytest.approx(0.1)


def test_deviation_has_a_sign_and_an_error():
    low, high = (background_deviation(sky(level), rate=RATE, subject="x") for level in (0.45, 0.55))
    assert (low.value, high.value) == pytest.approx((-0.1, 0.1), abs=5.0 * low.uncertainty)
    assert background_deviation(sky(), rate=float("nan"), subject="x").value is None


def test_width_change_needs_a_reprocessed_exposure():
    measured = background_width_change(sky(), sky(), affected=[], subject="x")
    assert not measured.applicable


def test_switches_that_serve_associations_do_not_count():
    assert steps().value == 0
    assert "DRIZCORR" not in steps().context
    assert steps(FLATCORR="OMIT").reason == "FLATCORR was OMIT and ended as COMPLETE"
    left_out = switch_violations({"FLATCORR": "OMIT"}, {}, set_to={}, subject="x")
    assert left_out.value is None
    assert "its switches are all OMIT" in left_out.reason
    assert "it has none" in switch_violations({}, {}, set_to={}, subject="x").reason
    missing = switch_violations({"FLATCORR": "PERFORM"}, {}, set_to={}, subject="x")
    assert missing.reason == "FLATCORR was PERFORM and ended as missing"


@settings(max_examples=30)
@given(gain=st.floats(0.5, 5.0), time=st.floats(50.0, 2000.0), rate=st.floats(0.1, 50.0))
def test_last_minus_first_inverts_a_readout(gain, time, rate):
    rng = np.random.default_rng(3)
    first, flat = rng.normal(14_000.0, 300.0, (30, 40)), rng.uniform(0.9, 1.1, (30, 40))
    dark = rng.uniform(0.0, 40.0, (30, 40))
    last = first + 7.0
    last[5:-5, 5:-5] += (dark + rate * time * flat / gain)[5:-5, 5:-5]
    found = last_minus_first(first, last, dark=dark, flat=flat, gain=gain, time=time)
    assert found.shape == (20, 30)
    assert found == pytest.approx(np.full((20, 30), rate))


@given(rate=st.floats(0.1, 10.0))
def test_weights_do_not_matter_to_a_steady_background(rate):
    assert weighting_range(TIMES, [rate] * len(TIMES)) == pytest.approx((0.0, 0.0), abs=1e-9)


@pytest.mark.parametrize(("onset", "sign"), [(300.0, 1), (700.0, -1)])
def test_weights_matter_to_a_background_that_sets_in(onset, sign):
    """Light that sets in early is overrated by all fits, late light underrated."""
    times = np.linspace(1.0, 1000.0, 100)
    low, high = weighting_range(times, np.maximum(times - onset, 0.0) / times)
    # A line through all points alike, by integration: (1 - a)^2 (1 + 2 a), against 1 - a.
    away = onset / 1000.0
    line = (1.0 - away) ** 2 * (1.0 + 2.0 * away) - (1.0 - away)
    assert (low == 0.0) == (sign > 0)
    assert (high == 0.0) == (sign < 0)
    assert max(sign * low, sign * high) >= sign * line - 0.005 > 0.0


def test_weights_of_a_ramp_fit_excuse_the_whole_image_only():
    calibrated, zeros = np.full((40, 40), 1.02), np.zeros((40, 40), int)
    one = np.ones((40, 40))

    def value(weighting):
        return level_deviation(calibrated, one, zeros, subject="x", weighting=weighting).value

    ranges = ((0.0, 0.0), (0.0, 0.05), (0.0, 0.01), (-0.05, 0.0))
    assert [value(each) for each in ranges] == pytest.approx([0.02, 0.0, 0.01, 0.02])
    calibrated[:10, :10] = 1.05
    assert value((0.0, 0.05)) == pytest.approx(0.03)


@settings(max_examples=20)
@given(factor=st.floats(0.5, 1.5), amplifier=st.integers(0, 15), unit=st.floats(1e-3, 1e3))
def test_level_deviation_is_that_of_the_worst_part_whatever_the_unit(factor, amplifier, unit):
    independent = unit * sky()
    calibrated = independent.copy()
    row, column = divmod(amplifier, 4)
    rows, columns = (np.array_split(np.arange(length), 4) for length in independent.shape)
    calibrated[np.ix_(rows[row], columns[column])] *= factor
    measured = level_deviation(calibrated, independent, np.zeros(independent.shape, dtype=int), subject="x")
    assert measured.value == pytest.approx(factor - 1.0, abs=0.005)


def test_level_deviation_needs_a_level():
    zeros = np.zeros((20, 20), dtype=int)
    assert "shapes differ" in level_deviation(sky(), sky()[1:], zeros, subject="x").reason
    nothing = level_deviation(np.ones((20, 20)), -np.ones((20, 20)), zeros, subject="x")
    assert "a comparison needs a positive one" in nothing.reason
    flagged = level_deviation(np.ones((20, 20)), np.ones((20, 20)), zeros + 4, subject="x")
    assert flagged.reason == "no pixel is unflagged"
