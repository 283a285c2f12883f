"""Calibrated exposures: values by hand, where another statistic, side or keyword gives another value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from hubble_qa.checks.detectors.background import background_width_change, histogram_peaks
from hubble_qa.checks.detectors.calibration import (
    PixelRates,
    array_violations,
    is_in_rates,
    least_read_noise,
    unit_violations,
)
from hubble_qa.checks.detectors.ccd_levels import Half, electrons_from_raw
from hubble_qa.checks.detectors.dark_rate import blank_residual, hot_pixel_agreement
from hubble_qa.checks.detectors.levels import level_deviation
from hubble_qa.checks.detectors.pixel_flags import (
    clipped,
    countless_squares,
    longest_run,
    negative_light,
)
from hubble_qa.checks.detectors.reference_patterns import remaining_pattern
from hubble_qa.checks.instruments import camera
from tests.wfpc2_samples import exposure

IR = {"INSTRUME": "WFC3", "DETECTOR": "IR"}
WFC = {"INSTRUME": "ACS", "DETECTOR": "WFC"}
OF_MEDIAN = math.sqrt(math.pi / 2.0)

# Units and times


@pytest.mark.parametrize(
    ("primary", "unit", "rates"),
    [
        (IR, "ELECTRONS/S", True),
        (IR, "electrons/s ", True),
        (IR, "ELECTRONS", False),
        (IR, None, False),
        ({**IR, "DETECTOR": "UVIS"}, "ELECTRONS/S", False),
        ({"INSTRUME": "COS"}, "ELECTRONS/S", False),
    ],
)
def test_rates_are_of_detectors_that_are_read_again_and_again(
    primary: dict[str, str], unit: str | None, rates: bool
) -> None:
    assert is_in_rates(exposure(primary=primary, science={"BUNIT": unit}), 1) is rates


def rates_of(noise: float, **primary: Any) -> float | None:
    """Violations of an infrared exposure whose pixels have so much noise about 0.5."""
    times = {"EXPTIME": 0.5, "EXPSTART": 55855.0, "EXPEND": 55855.0 + 0.5 / 86400.0, "DATE-OBS": None}
    infrared = exposure(primary={**IR, **times, **primary}, science={"BUNIT": "ELECTRONS/S"})
    return unit_violations(infrared, 1, rates=PixelRates(0.5, noise)).value


@pytest.mark.parametrize("noise", [169.0, 170.5])
def test_short_rates_have_not_the_noise_of_electrons_either(noise: float) -> None:
    """Three times that of half a second, by the amplifier that reads with the largest noise."""
    noises = {"READNSEA": 15.0, "READNSEB": 20.0, "READNSEC": 10.0, "READNSED": 12.0}
    most = 3.0 * math.sqrt(0.5 / 0.5 + 2.0 * 20.0**2 / 0.5**2)
    assert 169.0 < most < 170.5
    assert rates_of(noise, **noises) == (noise > most)


@pytest.mark.parametrize("time", [None, "0.5"])
def test_rates_of_an_unknown_time_or_amplifier_are_taken_for_rates(time: object) -> None:
    assert rates_of(1e6, **dict.fromkeys(("READNSEA", "READNSEB", "READNSEC", "READNSED"))) == 0
    assert rates_of(1e6, READNSEA=20.0, EXPTIME=time) == 1  # that of the time


@pytest.mark.parametrize(
    ("primary", "science", "least"),
    [
        ({"NCOMBINE": 2}, {}, None),
        ({"NCOMBINE": 2}, {"NCOMBINE": 1}, 5.0),
        ({"NCOMBINE": 1}, {"NCOMBINE": 2}, None),
        ({"NCOMBINE": "N/A"}, {}, 5.0),
        ({"READNSED": 0.9}, {}, 0.9),
    ],
)
def test_a_read_noise_is_that_of_one_exposure(
    primary: dict[str, Any], science: dict[str, Any], least: float | None
) -> None:
    one = exposure(primary={**WFC, "READNSEA": 5.0, **primary}, science={"BUNIT": "ELECTRONS", **science})
    assert least_read_noise(one, 1) == least


def test_counts_have_no_read_noise_in_electrons() -> None:
    assert unit_violations(exposure(), 1, noise=0.001).value == 0


@pytest.mark.parametrize(
    ("stated", "start", "problems"),
    [
        ("1999-07-25T04:50:14", 51384.2, 0),
        ("1990-07-25T04:50:14", 51384.2, 1),
        ("1999-07-24", 51384.8, 0),  # the day before, 1.8 days after it began
        ("1999-07-24", 51385.1, 1),
        ("1999-07-26", 51384.1, 0),
        ("1999-07-26", 51383.9, 1),
    ],
)
def test_a_date_is_within_a_day_of_the_start(stated: str, start: float, problems: int) -> None:
    times = {"DATE-OBS": stated, "EXPSTART": start, "EXPEND": start + 16.0 / 86400.0}
    assert unit_violations(exposure(primary=times), 1).value == problems


def test_an_exposure_is_not_interrupted_without_a_word_of_it() -> None:
    times = {"EXPEND": 51384.2 + 20.0 / 86400.0}
    for flag, problems in ((None, 1), ("NORMAL ", 1), ("EXTENDED", 0)):
        assert unit_violations(exposure(primary={**times, "EXPFLAG": flag}), 1).value == problems


@pytest.mark.parametrize("kind", [None, "WFC3/UVIS", "ACS/SBC"])
@pytest.mark.parametrize("time", [1000.0, 0.0, -5.0, None])
def test_arrays_of_any_camera_and_time_are_judged(kind: str | None, time: float | None) -> None:
    sci, dq = np.arange(400.0).reshape(20, 20), np.zeros((20, 20), dtype=int)
    dq[0, 0] = 4
    record = None if kind is None else camera(*kind.split("/"))
    measured = array_violations(sci, sci + 1.0, dq, camera=record, subject="x", exposure_time=time)
    assert measured.value == 0


# Levels


def test_the_error_of_a_level_is_that_of_its_cell() -> None:
    independent, dq = np.full((40, 60), 50.0), np.zeros((40, 60), dtype=int)
    calibrated = independent + 1.0 + 0.5 * (-1.0) ** np.indices((40, 60)).sum(axis=0)
    found = level_deviation(calibrated, independent, dq, subject="x")
    assert found.value == pytest.approx(1.0 / 50.0)
    assert found.uncertainty == pytest.approx(OF_MEDIAN * 0.5 / 50.0 / math.sqrt(150.0))


def dark_sky(stars: int, factor: float, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """An image of a sky of 1 with so many stars of 1000, and one that is more by a factor in its stars."""
    independent = np.full((40, 60), 1.0)
    independent.flat[np.arange(stars) * (2400 // stars)] += 1000.0
    return np.where(independent > 500.0, factor * independent, independent + shift), independent


@pytest.mark.parametrize(("stars", "value"), [(100, 0.02), (99, 0.0)])
def test_a_hundred_bright_pixels_tell_a_factor(stars: int, value: float) -> None:
    calibrated, independent = dark_sky(stars, 1.02)
    dq = np.zeros((40, 60), dtype=int)
    found = level_deviation(calibrated, independent, dq, subject="x", least=20.0)
    assert found.value == pytest.approx(value, abs=1e-12)
    dq[independent > 500.0] = 256
    flagged = level_deviation(calibrated, independent, dq, subject="x", least=20.0)
    assert flagged.value == 0.0


def test_flagged_stars_tell_no_factor() -> None:
    calibrated, independent = dark_sky(600, 1.02)
    dq, stars = np.zeros((40, 60), dtype=int), np.flatnonzero(independent > 500.0)
    calibrated.flat[stars[200:]] *= 1.5
    dq.flat[stars[200:]] = 256
    found = level_deviation(calibrated, independent, dq, subject="x", least=20.0)
    assert found.value == pytest.approx(0.02)
    assert found.context["bright_pixels"] == 200


@pytest.mark.parametrize("sign", [1, -1])
def test_stars_replace_a_level_that_departs_less_on_either_side(sign: int) -> None:
    none = np.zeros((40, 60), dtype=int)
    for shift, value in ((1.5, 1.5 / 20.0), (0.2, 0.02)):
        images = dark_sky(200, 1.02, sign * shift)
        found = level_deviation(*images, none, subject="x", least=20.0)
        assert found.value == pytest.approx(sign * value if shift > 1.0 else value)


def test_a_cell_counts_with_half_as_many_good_pixels_as_on_the_average() -> None:
    independent, dq = np.full((40, 60), 50.0), np.zeros((40, 60), dtype=int)
    calibrated = independent.copy()
    dq[::2] = 16
    dq[1, :15] = 16  # 60 of 150 are left, of 75 on the average
    calibrated[:10, :15] += 3.0
    assert level_deviation(calibrated, independent, dq, subject="x").value == pytest.approx(0.06)


def test_an_overscan_is_a_straight_line() -> None:
    """The best line through squares of 0 to n - 1 is (n - 1) x - (n - 1) (n - 2) / 6."""
    row = np.arange(30.0)[:, np.newaxis]
    raw = 1000.0 + 0.1 * row**2 + np.zeros((30, 13))
    raw[:, 3:] += 70.0
    image = np.ones((30, 10))
    half = Half(slice(3, 13), slice(0, 3), 2.0)
    bias = np.zeros(raw.shape)
    found = electrons_from_raw(raw, [half], rows=slice(0, 30), bias=bias, dark=0.0 * image, flat=image)
    bend = 0.1 * (row**2 - (29.0 * row - 29.0 * 28.0 / 6.0))
    np.testing.assert_allclose(found, 2.0 * (70.0 + bend) * image, rtol=1e-9)


# Darks and patterns


def test_the_error_of_an_agreement_is_that_of_its_hot_pixels() -> None:
    dark, other, counts = np.zeros((3, 20, 20))
    dark.flat[:10], other.flat[:30] = 25.0, 40.0
    counts.flat[:4] = counts.flat[10:30] = 5.0
    found = hot_pixel_agreement({"b": other, "a": dark}, counts, subject="x")
    assert found.value == pytest.approx(0.4)
    # 5 of 12, as if one more were seen and one more not.
    assert found.uncertainty == pytest.approx(math.sqrt(5 / 12 * 7 / 12 / 12))


def test_a_residual_is_in_units_of_its_error() -> None:
    found = blank_residual(-6.0, 2.0, subject="x")
    assert (found.value, found.uncertainty) == (3.0, 1.0)


@pytest.mark.parametrize(("error", "judged"), [(0.045, True), (0.055, False), (0.09, False)])
def test_a_pattern_whose_fraction_is_uncertain_is_not_judged(error: float, judged: bool) -> None:
    generator, none = np.random.default_rng(5), np.zeros((100, 100), dtype=int)
    pattern, noise = generator.laplace(0.0, 10.0, none.shape), generator.normal(0.0, 1.0, none.shape)
    departure = (pattern - np.median(pattern)).ravel()
    extreme = np.argsort(np.abs(departure))[-100:]
    ratios = (noise - np.median(noise)).ravel()[extreme] / departure[extreme]
    deviation = np.median(np.abs(ratios - np.median(ratios))) / norm.ppf(0.75)
    image = noise * error / (1.2533 * deviation / 10.0)
    found = remaining_pattern(image, none, {"dark": pattern}, none, instrument="WFC3", subject="x")
    assert (found.value is not None) is judged
    assert found.uncertainty == (pytest.approx(error) if judged else None)


# Infrared backgrounds


@pytest.mark.parametrize(("new", "old"), [(100, 100), (100, 400), (300, 120)])
def test_the_error_of_a_ratio_of_widths_is_of_both(new: int, old: int) -> None:
    images = [np.resize([-1.0, 1.0], (100, rows)) * width for rows, width in ((new, 3.0), (old, 2.0))]
    found = background_width_change(*images, affected=["x"], subject="x")
    assert found.value == pytest.approx(1.5)
    relative = 0.962 * math.sqrt(1.0 / (100.0 * new) + 1.0 / (100.0 * old))
    assert found.uncertainty == pytest.approx(1.5 * relative, rel=1e-3)


def peaks(highest: float, second: float, at: float = 4.0, noise: float = 1.0) -> int:
    """Number of peaks of a Gaussian background whose smoothed histogram is so high, and of one beside it.

    Bins are a tenth of the noise wide, and smoothed by 0.35 of it. The second rises out of some 200 of the
    20,000 that the first has, 25 of 2500.
    """
    number = round(highest * math.sqrt(2.0 * math.pi * (1.0 + 0.35**2)) / 0.1)
    values = norm.ppf((np.arange(number) + 0.5) / number)
    beside = round(second * math.sqrt(2.0 * math.pi) * 0.35 / 0.1)
    return len(histogram_peaks(noise * np.append(values, np.full(beside, at + 0.003)), noise))


@pytest.mark.parametrize(
    ("highest", "second", "found"),
    [
        (20_000.0, 1000.0, 1),  # a twentieth of the highest is more than five roots of it
        (20_000.0, 1300.0, 2),
        (2500.0, 200.0, 1),  # five roots are more
        (2500.0, 310.0, 2),
    ],
)
def test_a_second_peak_is_a_twentieth_of_the_highest_and_five_roots_of_it(
    highest: float, second: float, found: int
) -> None:
    assert peaks(highest, second) == found
    assert peaks(highest, second, at=-4.0) == found


@pytest.mark.parametrize(("at", "found"), [(5.1, 2), (-5.1, 2), (7.0, 1), (-7.0, 1)])
@pytest.mark.parametrize("noise", [1.0, 0.02])
def test_peaks_are_within_five_widths_of_the_median(at: float, noise: float, found: int) -> None:
    assert peaks(2500.0, 600.0, at=at, noise=noise) == found


@pytest.mark.parametrize(
    ("values", "noise"), [([], 1.0), ([np.nan, np.inf], 1.0), ([1.0, 2.0], 0.0), ([1.0, 2.0], -1.0)]
)
def test_no_pixels_and_no_noise_have_no_peaks(values: list[float], noise: float) -> None:
    assert histogram_peaks(np.array(values), noise) == ()


# Pixels that hold no light


def test_the_first_run_of_an_image_is_as_long_as_any() -> None:
    image = np.arange(90.0).reshape(3, 30)
    image[0] = 7.0
    everywhere = np.ones(image.shape, dtype=bool)
    assert longest_run(image, everywhere) == longest_run(image[::-1], everywhere) == 30


def test_squares_are_as_large_as_the_median_pixel_asks_for() -> None:
    image, expected = np.ones((128, 128)), np.full((128, 128), 0.01)
    image[:16, :16] = 0.0
    expected[:16, :16] = 10.0  # where 16 x 16 pixels would tell
    assert countless_squares(image, expected) == ""
    image[:55, :55] = 0.0
    assert "1 of 4 squares of 55 x 55 pixels hold no count" in countless_squares(image, expected)


@pytest.mark.parametrize("shape", [(40, 400), (400, 40)])
def test_squares_fit_twice_into_the_narrow_side(shape: tuple[int, int]) -> None:
    empty = np.zeros(shape)
    assert countless_squares(empty, np.full(shape, 30.0 / 20.5**2)) == ""
    assert countless_squares(empty, np.full(shape, 30.0 / 19.5**2)).startswith("40 of 40 squares of 20 x 20")


def test_pixels_that_do_not_count_leave_a_square_without_counts() -> None:
    image, expected = np.ones((70, 64)), np.full((70, 64), 1.0)
    image[16:32, 32:48] = 0.0
    image[20, 40], expected[20, 40] = 500.0, 0.0  # a hot pixel
    assert countless_squares(image, expected).startswith("1 of 16 squares of 16 x 16 pixels")
    expected[20, 40] = 1.0
    assert countless_squares(image, expected) == ""


def test_values_that_are_not_finite_are_no_limit() -> None:
    image = np.arange(400.0).reshape(20, 20)
    everywhere = np.ones(image.shape, dtype=bool)
    for odd in (np.nan, np.inf, -np.inf):
        image[0, 0] = odd
        assert clipped(image, everywhere) == ""
        cut = np.minimum(image, 370.0)
        cut[0, 0] = odd
        assert clipped(cut, everywhere) == "30 pixels read 370, the most of all: values were cut there"
        assert clipped(np.where(np.isfinite(image), -cut, odd), everywhere).startswith("30 pixels read -370")


@pytest.mark.parametrize(("distance", "far"), [(6.0, False), (8.5, True)])
@pytest.mark.parametrize("widened", [1.0, 5.0])
def test_pixels_are_far_by_ten_times_the_scatter_of_the_narrower_side(
    distance: float, far: bool, widened: float
) -> None:
    """Of a sky from -1 to 1, or to 5, whose middle 68 per cent begin at -0.6826."""
    generator = np.random.default_rng(4)
    sky = generator.permutation(np.linspace(-1.0, 1.0, 200 * 208)).reshape(200, 208)
    sky = np.where(sky > 0, widened * sky, sky)
    image = sky.copy()
    places = generator.permutation(image.size)
    image.flat[places[:200]] = -distance
    everywhere = np.ones(image.shape, dtype=bool)
    assert bool(negative_light(image, everywhere)) is far
    image.flat[places[200:300]] = 8.5  # half as many
    assert negative_light(image, everywhere) == ""
