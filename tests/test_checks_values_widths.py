"""Widths of stars on a chip: values by hand, where another axis, side, pixel or limit gives another."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hubble_qa.checks.images.star_widths import Widths, source_widths, star_width

FWHM = math.sqrt(8.0 * math.log(2.0))
SHAPE = (96, 128)  # blocks of 16 pixels
MIDDLE = (47, 60)


def star(
    place: tuple[float, float] = MIDDLE,
    sigmas: tuple[float, float] = (1.5, 1.5),
    turn: float = 0.0,
    peak: float = 1000.0,
    shape: tuple[int, int] = SHAPE,
) -> np.ndarray:
    """A Gaussian; the first of its widths is along x before it is turned."""
    y, x = np.indices(shape)
    dy, dx, angle = y - place[0], x - place[1], math.radians(turn)
    along, across = dx * math.cos(angle) + dy * math.sin(angle), dy * math.cos(angle) - dx * math.sin(angle)
    return peak * np.exp(-0.5 * ((along / sigmas[0]) ** 2 + (across / sigmas[1]) ** 2))


def widths(image: np.ndarray, *, good: np.ndarray | None = None, full_well: float | None = None) -> Widths:
    everything = np.ones(image.shape, dtype=bool)
    return source_widths(image, everything if good is None else good, full_well=full_well)


# Second moments


@pytest.mark.parametrize("turn", [0.0, 25.0, 90.0, 130.0])
@pytest.mark.parametrize("place", [MIDDLE, (47.3, 59.8)])
def test_widths_are_those_of_a_gaussian_along_its_axes(turn: float, place: tuple[float, float]) -> None:
    found = widths(star(place, (2.0, 1.3), turn) + 70.0)
    assert found.longer == pytest.approx([2.0 * FWHM], rel=5e-3)
    assert found.shorter == pytest.approx([1.3 * FWHM], rel=5e-3)


def test_each_star_is_measured_by_its_own_light() -> None:
    bright = star((30.3, 90.4), (2.0, 1.3), 25.0, peak=4000.0)
    found = widths(bright + star((60.2, 40.7), (1.5, 1.2), 110.0, peak=300.0))
    assert found.longer == pytest.approx([2.0 * FWHM, 1.5 * FWHM], rel=5e-3)
    assert found.shorter == pytest.approx([1.3 * FWHM, 1.2 * FWHM], rel=5e-3)


def test_the_rings_median_is_the_sky() -> None:
    """A level of its own about the star, and a source in the ring, which is higher than the star."""
    corner = (47, 63)  # of four blocks, whose medians the level does not reach
    y, x = np.indices(SHAPE)
    plain = star(corner) + 70.0
    level = np.where(np.hypot(y - corner[0], x - corner[1]) <= 12.0, 40.0, 0.0)
    level[corner[0] + 10, corner[1]] += 5000.0
    found, expected = widths(plain + level), widths(plain)
    assert found.longer == pytest.approx(expected.longer, rel=1e-5)
    assert found.shorter == pytest.approx(expected.shorter, rel=1e-5)


def test_the_ring_is_nine_to_twelve_pixels_away() -> None:
    """More than half of it has a level of 30, but less than half within nine rows and columns."""
    y, x = np.indices(SHAPE)
    away = np.hypot(y - MIDDLE[0], x - MIDDLE[1])
    high = (np.abs(y - MIDDLE[0]) > 9) | (np.abs(x - MIDDLE[1]) > 9) | (away >= 11.0)
    found = widths(star() + np.where(high & (away >= 9.0) & (away <= 12.0), 30.0, 0.0))
    expected = widths(star() - np.where(away <= 8.0, 30.0, 0.0))
    assert found.longer == pytest.approx(expected.longer, rel=1e-5)


@pytest.mark.parametrize(
    ("step", "counts"), [((8, 0), True), ((0, 8), True), ((8, 1), False), ((-1, 8), False)]
)
def test_light_counts_within_eight_pixels(step: tuple[int, int], counts: bool) -> None:
    image = star()
    image[MIDDLE[0] + step[0], MIDDLE[1] + step[1]] += 600.0
    changed = abs(widths(image).longer[0] / widths(star()).longer[0] - 1.0) > 0.01
    assert bool(changed) is counts


@pytest.mark.parametrize(
    ("step", "seen"), [((2, 0), False), ((0, -2), False), ((1, 1), False), ((2, 1), True), ((10, 0), True)]
)
def test_no_pixel_of_a_core_may_be_missing(step: tuple[int, int], seen: bool) -> None:
    good = np.ones(SHAPE, dtype=bool)
    good[MIDDLE[0] + step[0], MIDDLE[1] + step[1]] = False
    found = widths(star(), good=good)
    assert len(found.longer) == int(seen)


def test_for_a_missing_pixel_there_is_the_one_on_the_other_side() -> None:
    """Of a star that is turned, so that those above, below and beside the peak have other light."""
    good = np.ones(SHAPE, dtype=bool)
    image = star(sigmas=(2.5, 1.3), turn=35.0)
    expected = widths(image)
    for row, column in [(3, 2), (2, -2), (-1, 4)]:
        good[MIDDLE[0] + row, MIDDLE[1] + column] = False
        image[MIDDLE[0] + row, MIDDLE[1] + column] = 1e5
    found = widths(image, good=good)
    assert found.longer == pytest.approx(expected.longer, rel=1e-6)
    assert found.shorter == pytest.approx(expected.shorter, rel=1e-6)
    good[MIDDLE[0] - 3, MIDDLE[1] - 2] = False  # and where that is missing too there is none
    image[MIDDLE[0] + 3, MIDDLE[1] + 2] = image[MIDDLE[0] - 3, MIDDLE[1] - 2] = np.nan
    dark = star(sigmas=(2.5, 1.3), turn=35.0)
    dark[MIDDLE[0] + 3, MIDDLE[1] + 2] = dark[MIDDLE[0] - 3, MIDDLE[1] - 2] = 0.0
    assert widths(image, good=good).longer == pytest.approx(widths(dark).longer, rel=1e-6)


def test_what_is_wider_than_the_window_has_no_width() -> None:
    y, x = np.indices(SHAPE)
    away = np.hypot(y - MIDDLE[0], x - MIDDLE[1])
    ring = np.where((away > 5.0) & (away < 8.0), 500.0, 0.0) + star(peak=600.0)
    assert len(widths(ring).longer) == 0
    assert len(widths(ring * (away < 5.0)).longer) == 1


# Which sources


@pytest.mark.parametrize(("full_well", "seen"), [(1001.0, True), (999.0, False), (None, True)])
def test_peaks_stand_below_nine_tenths_of_full_well(full_well: float | None, seen: bool) -> None:
    found = widths(star(peak=800.0) + 100.0, full_well=full_well)  # with the sky, 900
    assert len(found.longer) == int(seen)


@pytest.mark.parametrize(
    ("place", "seen"),
    [
        *[((12, 60), True), ((11, 60), False), ((83, 60), True), ((84, 60), False)],
        *[((40, 12), True), ((40, 11), False), ((40, 115), True), ((40, 116), False)],
    ],
)
def test_stars_stand_as_far_from_a_border_as_their_ring_reaches(place: tuple[int, int], seen: bool) -> None:
    assert len(widths(star(place)).longer) == int(seen)


def test_what_is_beyond_the_last_whole_block_is_left() -> None:
    wide = (96 + 15, 128 + 15)
    assert len(widths(star((83, 115), shape=wide)).longer) == 1
    assert len(widths(star((84, 60), shape=wide) + star((40, 116), shape=wide)).longer) == 0


@pytest.mark.parametrize(("step", "number"), [((0, 4), 1), ((-4, 4), 1), ((5, 0), 2), ((0, -5), 2)])
def test_sources_stand_alone_within_four_pixels(step: tuple[int, int], number: int) -> None:
    image = star(sigmas=(0.8, 0.8))
    image += star((MIDDLE[0] + step[0], MIDDLE[1] + step[1]), (0.8, 0.8), peak=900.0)
    assert len(widths(image).longer) == number


@pytest.mark.parametrize("step", [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)])
@pytest.mark.parametrize(("part", "seen"), [(0.039, False), (0.041, True)])
def test_each_pixel_beside_a_peak_has_a_part_of_its_light(
    step: tuple[int, int], part: float, seen: bool
) -> None:
    image = star()
    image[MIDDLE[0] + step[0], MIDDLE[1] + step[1]] = part * 1000.0
    assert len(widths(image + 250.0).longer) == int(seen)


@pytest.mark.parametrize(("peak", "seen"), [(49.0, False), (51.0, True)])
def test_peaks_stand_out_of_the_skys_lower_scatter(peak: float, seen: bool) -> None:
    """A fifth of the pixels two below the others, and a tenth nine above: 25 times two are 50."""
    y, x = np.indices(SHAPE)
    pattern = (3 * y + x) % 10
    sky = np.where(pattern < 2, -2.0, np.where(pattern == 5, 9.0, 0.0))
    sky[MIDDLE[0] - 8 : MIDDLE[0] + 9, MIDDLE[1] - 8 : MIDDLE[1] + 9] = 0.0
    found = widths(star(peak=peak) + sky + 300.0)
    assert len(found.longer) == int(seen)


def test_the_four_hundred_brightest_are_measured() -> None:
    """Of 441 stars the 41 faintest are wide."""
    image = np.zeros((288, 288))
    y, x = np.indices((25, 25)) - 12
    for number in range(441):
        row, column = 20 + 12 * (number // 21), 20 + 12 * (number % 21)
        sigma = 1.6 if number < 41 else 0.9
        stamp = (200.0 + number) * np.exp(-0.5 * (x**2 + y**2) / sigma**2)
        image[row - 5 : row + 6, column - 5 : column + 6] += stamp[7:18, 7:18]
    found = widths(image)
    assert len(found.longer) == 400
    assert found.longer.max() < 1.2 * FWHM


def test_rates_of_less_than_one_are_light() -> None:
    assert widths(star(peak=0.5)).longer == pytest.approx(widths(star()).longer, rel=1e-5)


def test_a_block_without_pixels_leaves_the_others() -> None:
    good = np.ones(SHAPE, dtype=bool)
    good[:16, :16] = False
    assert len(widths(star(), good=good).longer) == 1


def test_without_a_level_there_is_no_source() -> None:
    image = star()
    assert len(widths(image, good=np.zeros(SHAPE, dtype=bool)).longer) == 0
    assert len(widths(np.full(SHAPE, 3.0)).shorter) == 0


# The exposure's width


def sizes(*parts: tuple[float, float, int]) -> np.ndarray:
    """So many widths evenly between two bounds, of each part, not in order."""
    values = np.concatenate([np.linspace(low, high, number) for low, high, number in parts])
    return np.asarray(np.random.default_rng(3).permutation(values))


def test_width_is_the_median_of_those_that_agree_over_the_cameras() -> None:
    """Of 41 sources 13 are three tenths; as many lie closest together from 3.0 to 3.3 pixels."""
    longer = sizes((1.0, 2.6, 14), (3.0, 3.3, 12), (3.302, 3.302, 1), (4.0, 9.0, 14))
    shorter = np.where((longer >= 3.0) & (longer < 3.31), longer - 1.0, 0.5)
    chips = {1: Widths(longer[:20] * 1.0, shorter[:20]), 4: Widths(longer[20:] * 2.0, shorter[20:] * 2.0)}
    measurement = star_width(chips, {1: 2.0, 4: 4.0}, subject="xrq")
    stars = np.sort(longer)[14:27] / 2.0
    assert measurement.value == pytest.approx(np.median(stars))
    assert measurement.context["across"] == pytest.approx(np.median(stars) - 0.5)
    assert (measurement.context["sources"], measurement.context["stars"]) == (41, 13)
    assert measurement.context["alike"] == pytest.approx(3.302 / 3.0)
    assert measurement.uncertainty == pytest.approx(1.25 * np.std(stars) / math.sqrt(13))
    assert "trailed" in measurement.remedy


def test_agreement_is_relative_to_size() -> None:
    """Eight from 2.00 to 2.14, by seven per cent, and eight from 4.0 to 4.2, by five."""
    longer = sizes((2.0, 2.14, 8), (4.0, 4.2, 8))
    measurement = star_width({1: Widths(longer, longer)}, {1: 1.0}, subject="xrq")
    assert measurement.value == pytest.approx(4.1)
    assert "out of focus" in measurement.remedy


@pytest.mark.parametrize(("number", "told"), [(11, False), (12, True)])
def test_a_dozen_sources_are_enough(number: int, told: bool) -> None:
    longer = np.full(number, 2.0)
    measurement = star_width({2: Widths(longer, longer)}, {2: 2.0}, subject="xrq")
    assert measurement.told is told


@pytest.mark.parametrize(("largest", "told"), [(1.19, True), (1.21, False)])
def test_eight_stars_at_least_are_alike(largest: float, told: bool) -> None:
    """Of 20 sources three tenths would be six; the eighth decides."""
    others = 3.0 * 1.3 ** np.arange(12)
    longer = np.array([*np.full(7, 1.0), largest, *others])
    measurement = star_width({1: Widths(longer, longer)}, {1: 1.0}, subject="xrq")
    assert measurement.told is told


@pytest.mark.parametrize(("wide", "cause"), [(0.84, "out of focus"), (0.82, "trailed")])
def test_a_fifth_longer_than_wide_is_trailed(wide: float, cause: str) -> None:
    found = Widths(np.full(20, 2.0), np.full(20, 2.0 * wide))
    assert cause in star_width({1: found}, {1: 1.0}, subject="xrq").remedy
