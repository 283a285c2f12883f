"""Blocks of an image's sky: values by hand, in images where another border, level or noise gives another."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import convolve2d

from hubble_qa.checks.detectors.sky_structure import (
    BLOCK,
    away_from_sources,
    block_medians,
    local_level,
    medians_of_known,
    sky_grain,
    sky_pulls,
)


def grain(shape: tuple[int, int]) -> np.ndarray:
    """Noise from -1 to 1 of which each block has each number with either sign: its median is 0."""
    rows, columns = shape[0] // BLOCK, shape[1] // BLOCK
    half = np.random.default_rng(1).uniform(0.0, 1.0, (rows * columns, BLOCK * BLOCK // 2))
    whole = np.random.default_rng(2).permuted(np.hstack([half, -half]), axis=1)
    blocks = whole.reshape(rows, columns, BLOCK, BLOCK)
    return blocks.swapaxes(1, 2).reshape(shape)


def pulls(
    image: np.ndarray, good: np.ndarray | None = None, *, dark: float, read_noise: float, time: float
) -> np.ndarray:
    kept = np.ones(image.shape, dtype=bool) if good is None else good
    return sky_pulls(image, kept, dark=dark, read_noise=read_noise, time=time)


def test_medians_are_of_what_is_known() -> None:
    nan = math.nan
    values = np.array([[9, nan, 3, 1], [nan, 8, 2, nan], [9, 1, 2, 4], [nan, nan, nan, 5], [nan] * 4])
    medians, number = medians_of_known(values)
    assert medians == pytest.approx([3.0, 5.0, 3.0, 5.0, nan], nan_ok=True)
    assert number.tolist() == [3, 2, 4, 1, 0]
    assert medians_of_known(values[np.newaxis, ::-1])[0].shape == (1, 5)


@pytest.mark.parametrize(("fewest", "enough"), [(0.25, 4), (0.5, 8), (1.0, 16), (None, 8)])
def test_a_block_has_a_median_from_a_number_of_pixels_on(fewest: float | None, enough: int) -> None:
    """Blocks of four pixels, two up and three across, and what is left of both axes; none has all else."""
    image = np.full((9, 14), 100.0)
    known = np.random.default_rng(2).permutation(16)
    for column, number in enumerate((enough, enough - 1, 16)):
        block = np.full(16, np.nan)
        block[known[:number]] = 1.0 + column
        image[4:8, 4 * column : 4 * column + 4] = block.reshape(4, 4)
    found = block_medians(image, 4) if fewest is None else block_medians(image, 4, fewest=fewest)
    expected = [[100.0, 100.0, 100.0], [1.0, math.nan, 3.0]]
    assert found == pytest.approx(np.array(expected), nan_ok=True)


def test_the_level_is_interpolated_between_the_middles_of_blocks() -> None:
    """Four pixels a block: their middles lie 1/8, 3/8, 5/8 and 7/8 of the way from one middle to the next."""
    level = local_level(np.array([[0.0, 8.0, 24.0], [80.0, 88.0, 104.0]]), 4)
    along = [0, 0, 1, 3, 5, 7, 10, 14, 18, 22, 24, 24]
    up = [0, 0, 10, 30, 50, 70, 80, 80]
    assert level == pytest.approx(np.add.outer(up, along))
    assert local_level(np.array([[1.0, 2.0]])).shape == (BLOCK, 2 * BLOCK)


def test_blocks_without_a_level_have_that_of_the_darkest_fifth() -> None:
    medians = np.array([[1.0, 2.0, math.nan, 4.0, 8.0, 16.0]])
    assert local_level(medians, 1) == pytest.approx(np.array([[1.0, 2.0, 1.8, 4.0, 8.0, 16.0]]))


def plateaus(level: float) -> np.ndarray:
    """A level, a quarter of the image by 2 below it, a quarter by 4 above it; beyond it is not known."""
    above = np.full((60, 140), level)
    above[:, :30] -= 2.0
    above[:, 90:120] += 4.0
    above[:, 120:] = math.nan
    return above


@pytest.mark.parametrize("level", [0.0, 40.0])
@pytest.mark.parametrize("wings", [None, 2, 4])
def test_a_source_stands_five_times_the_scatter_above_its_level(level: float, wings: int | None) -> None:
    """Of means of three by three pixels; the scatter is that below the level, and reaches some pixels far."""
    faint, bright = plateaus(level), plateaus(level)
    faint[20:25, 50:57] += 9.99
    bright[20:25, 50:57] += 10.01
    options = {} if wings is None else {"wings": wings}
    assert away_from_sources(faint, **options).all()
    row, column = np.indices(bright.shape)
    # Whole means are those of the inner pixels.
    beside = np.maximum(np.abs(row - 22) - 1, 0) + np.maximum(np.abs(column - 53) - 2, 0)
    assert (away_from_sources(bright, **options) == (beside > (wings or 2))).all()


def test_where_nothing_is_known_there_are_no_sources() -> None:
    away = away_from_sources(np.full((3, 5), math.nan))
    assert away.shape == (3, 5)
    assert away.all()


@pytest.mark.parametrize(
    ("level", "dark", "read_noise", "noise"),
    [
        (0.16, 0.0576, 1.8, 0.05),  # 1.8 and sqrt(5.76) electrons make 3; 0.03 and sqrt(0.16 / 100) make 0.05
        (0.16, -1.0, 3.0, 0.05),
        (-0.02, 0.0576, 1.8, 0.03),
    ],
)
def test_noise_is_that_of_the_sky_the_dark_and_the_reads(
    level: float, dark: float, read_noise: float, noise: float
) -> None:
    pattern = grain((48, 80))
    image = level + 0.001 * pattern
    found = pulls(image, dark=dark, read_noise=read_noise, time=100.0)
    assert found == pytest.approx(0.001 * pattern.ravel() / noise, abs=1e-6)
    differences = convolve2d(pattern, np.outer([1, -2, 1], [1, -2, 1]), mode="valid") / 6.0
    good = np.ones(image.shape, dtype=bool)
    departures = sky_grain(image, good, dark=dark, read_noise=read_noise, time=100.0)
    assert departures == pytest.approx(0.001 * differences.ravel() / noise, abs=1e-6)


def test_a_pixel_that_is_flagged_or_no_number_shows_no_sky_and_hides_none() -> None:
    image, good = 0.16 + 0.001 * grain((48, 80)), np.ones((48, 80), dtype=bool)
    image[5, 7], image[25, 40], good[30, 60] = math.inf, math.nan, False
    image[30, 60] = 1e6
    assert len(pulls(image, good, dark=0.0, read_noise=3.0, time=100.0)) == 48 * 80 - 3


def test_what_is_left_of_an_image_beside_its_blocks_is_not_judged() -> None:
    image = np.full((60, 95), 0.16)
    image[:48, :80] += 0.001 * grain((48, 80))
    for turned in (image, image.T):
        assert len(pulls(turned, dark=0.0, read_noise=3.0, time=100.0)) == 48 * 80


@pytest.mark.parametrize(("number", "judged"), [(52, 52), (51, 0)])
def test_a_fifth_of_a_block_is_enough(number: int, judged: int) -> None:
    image, good = 0.16 + 0.001 * grain((48, 80)), np.ones((48, 80), dtype=bool)
    block = np.arange(BLOCK * BLOCK).reshape(BLOCK, BLOCK)
    good[16:32, 32:48] = block < number
    found = pulls(image, good, dark=0.0, read_noise=3.0, time=100.0)
    assert len(found) == 48 * 80 - 256 + judged


def strip(rows: int, start: float, step: float, *, noise: float) -> np.ndarray:
    """A sky that rises from block to block of 51 by a step; the darkest fifth is ten steps from the start."""
    middles = (np.arange(51 * BLOCK) + 0.5) / BLOCK - 0.5
    return np.asarray(start + step * middles + noise * grain((rows * BLOCK, 51 * BLOCK)))


@pytest.mark.parametrize(
    ("start", "step", "columns"),
    [
        (1.0, 0.019, 29),  # 1.3 times 1.19 is 1.547; the next column has 1.551
        (1.0, 0.0205, 28),
        (-0.0067, 0.00067, 29),  # a quarter of the noise of reading is 0.0125; the next column has 0.01273
        (-0.0070, 0.00070, 28),
    ],
)
def test_what_is_brighter_than_the_darkest_fifth_by_some_is_no_sky(
    start: float, step: float, columns: int
) -> None:
    """By a factor of 1.3, or a quarter of the noise of reading where that is more."""
    image = strip(4, start, step, noise=0.1 * step)
    found = pulls(image, dark=0.16, read_noise=3.0, time=100.0)
    assert len(found) == columns * 4 * BLOCK**2
    turned = pulls(image[::-1, ::-1].T, dark=0.16, read_noise=3.0, time=100.0)
    assert len(turned) == len(found)


def test_light_that_changes_slowly_is_no_source() -> None:
    """A rise by a fifth in a small part of a strip, many times the scatter of the rest."""
    image = 1.0 + 0.004 * grain((64, 1920))
    image += 0.2 * np.exp(-0.5 * ((np.arange(1920) - 960.0) / 80.0) ** 2)
    assert len(pulls(image, dark=0.0, read_noise=1.0, time=100.0)) == image.size


@pytest.mark.parametrize(("rows", "step", "columns"), [(9, 0.0095, 31), (9, 0.0105, 0), (7, 0.0105, 29)])
def test_a_level_that_changes_by_the_noise_from_block_to_block_is_no_skys(
    rows: int, step: float, columns: int
) -> None:
    """Four times the noise, 0.01, over four blocks; fewer than eight blocks do not tell."""
    image = strip(rows, 0.64 - 10.0 * step, step, noise=0.001)
    for turned in (image, image[:, ::-1], image.T, image[:, ::-1].T):
        found = pulls(turned, dark=0.0, read_noise=60.0, time=10_000.0)
        assert len(found) == columns * rows * BLOCK**2
