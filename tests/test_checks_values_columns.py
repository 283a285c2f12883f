"""Columns of bias structure and steps between amplifiers: values pixel by pixel, block by block."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hubble_qa.checks.detectors.amplifiers import amplifier_step
from hubble_qa.checks.detectors.bias_structure import column_levels, column_scatter
from hubble_qa.checks.detectors.sky_structure import block_medians, sky_step
from hubble_qa.checks.instruments import camera

WFC, IR = camera("ACS", "WFC"), camera("WFC3", "IR")

# Columns


def beside(levels: list[float], column: int) -> float:
    """Median of a column and eight on either side of it."""
    near = [each for each in levels[max(column - 8, 0) : column + 9] if not math.isnan(each)]
    return float(np.median(near)) if near else math.nan


def band_by_hand(pixels: np.ndarray) -> tuple[list[float], list[float]]:
    """Departure and expected noise of each column; NaN is what does not count."""
    rows, columns = pixels.shape
    medians = [
        float(np.median(values)) if len(values) >= 16 else math.nan
        for values in (column[~np.isnan(column)] for column in pixels.T)
    ]
    residual = pixels - np.array(medians)
    finite = residual[~np.isnan(residual)]
    width = 1.482602218505602 * float(np.median(np.abs(finite - np.median(finite))))
    wings = np.zeros(pixels.shape, dtype=bool)
    for row, column in np.argwhere(residual > 60.0 * width):
        wings[max(row - 5, 0) : row + 6, max(column - 5, 0) : column + 6] = True
    kept = (np.abs(residual) <= 3.0 * width) & ~wings

    def means(first: int, last: int) -> list[tuple[float, int]]:
        found = []
        for column in range(columns):
            values = residual[first:last, column][kept[first:last, column]]
            found.append((float(values.mean()) if len(values) >= 16 else math.nan, len(values)))
        return found

    whole = means(0, rows)
    levels = [median + offset for median, (offset, _) in zip(medians, whole, strict=True)]
    departure = [level - beside(levels, column) for column, level in enumerate(levels)]
    judged = [column for column in range(columns) if not math.isnan(whole[column][0])]
    scatter = sum(
        float(np.sum((residual[:, column][kept[:, column]] - whole[column][0]) ** 2)) for column in judged
    )
    variance = scatter / sum(whole[column][1] - 1 for column in judged) / 0.9733
    ratios = []
    for first in range(0, rows, 32):
        if first + 32 > rows:
            continue
        part = means(first, first + 32)
        local = [median + offset for median, (offset, _) in zip(medians, part, strict=True)]
        for column in range(columns):
            number, total = part[column][1], whole[column][1]
            if number >= 16 and number < total:
                difference = local[column] - beside(local, column) - departure[column]
                ratios.append(difference**2 / (variance * (1.0 / number - 1.0 / total)))
    excess = max(float(np.mean(ratios)), 1.0) if ratios else 1.0
    expected = [
        math.nan if math.isnan(offset) else math.sqrt(excess * variance / number) for offset, number in whole
    ]
    return departure, expected


def columns_of(rows: int, *, stars: bool, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """A chip in eighths of an electron, so that single precision holds it, and which pixels count."""
    generator = np.random.default_rng(seed)
    image = generator.normal(30.0, 6.0, (rows, 41)) + np.linspace(0.0, 5.0, 41)
    image[:, 11] += 4.0
    if stars:
        for row in range(10, rows, 50):
            image[row : row + 16, 18:24] += 9.0  # wings, in a half of a block
        image[5, 30], image[rows - 8, 2] = 900.0, 9000.0
        image[4:7, 31:36] += 15.0
        image[40, 8] = 570.0  # 90 times the scatter
    judged = generator.random(image.shape) < 0.9
    judged[:, 20] = False
    judged[: rows // 4 : 5, 20] = True  # 13 to 16 pixels of the first band
    judged[:, 27] = False
    judged[2:30, 27] = True  # one block of one band
    judged[: rows // 4 - 40, 33] = False
    judged[:, 38] = False
    judged[:16, 38], judged[rows // 4 + 6 : rows // 4 + 21, 38] = True, True  # 16 pixels, and 15
    return np.round(8.0 * image) / 8.0, judged


@pytest.mark.parametrize("rows", [252, 256, 302])
@pytest.mark.parametrize("stars", [False, True])
def test_columns_are_compared_with_their_neighbours(rows: int, stars: bool) -> None:
    """By bands of 63 to 76 rows, of which whole blocks of 32 tell how stars move a column."""
    image, judged = columns_of(rows, stars=stars)
    found = column_levels(image, judged)
    pixels = np.where(judged, image, np.nan)
    for number, band in enumerate(np.array_split(pixels, 4)):
        departure, expected = band_by_hand(band)
        np.testing.assert_allclose(found.departure[number], departure, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(found.expected[number], expected, rtol=1e-6)


def test_a_band_without_pixels_has_no_levels() -> None:
    image, judged = columns_of(256, stars=True)
    judged[64:128] = False
    found = column_levels(image, judged)
    assert np.isnan(found.departure[1]).all()
    assert found.departure.shape == (4, 41)
    assert np.isfinite(found.departure[[0, 2, 3]]).any(axis=1).all()


def test_columns_without_neighbours_depart_from_nothing() -> None:
    image, judged = columns_of(256, stars=False)
    judged[:, 1:31] = judged[:, 33:] = False
    found = column_levels(image, judged)
    assert np.isfinite(found.departure).any(axis=0).tolist() == [
        column in (0, 31, 32) for column in range(41)
    ]
    np.testing.assert_array_equal(found.departure[:, 0], 0.0)
    np.testing.assert_allclose(found.departure[:, 31], -found.departure[:, 32])


def test_the_scatter_of_columns_is_that_of_all_bands() -> None:
    image, judged = columns_of(302, stars=True)
    found = column_scatter(image, np.where(judged, 0, 4), subject="WFC1")
    pixels = np.where(judged, image, np.nan)
    pulls = [np.divide(*band_by_hand(band)) for band in np.array_split(pixels, 4)]
    known = np.concatenate(pulls)[np.isfinite(np.concatenate(pulls))]
    rms = math.sqrt(float(np.mean(known**2)))
    assert found.value == pytest.approx(rms, rel=1e-6)
    assert found.uncertainty == pytest.approx(rms / math.sqrt(2.0 * (len(known) - 1)), rel=1e-6)


# Amplifiers

SHAPE = (420, 648)


def chip(seed: int = 2) -> np.ndarray:
    """A sky that has another level more than 128 columns from the middle."""
    generator = np.random.default_rng(seed)
    image = generator.normal(30.0, 4.0, SHAPE) + np.linspace(0.0, 3.0, SHAPE[1])
    image[:, : SHAPE[1] // 2 - 128] += 500.0
    image[:, SHAPE[1] // 2 + 128 :] += 900.0
    return image


def step_by_hand(part: np.ndarray, edge: int) -> tuple[float, float, float]:
    """Height, error and background of a step between two rows, by eight blocks on either side."""
    medians = block_medians(part[edge - 128 : edge + 128].astype(np.float32))
    first = (np.arange(16) < 8)[:, np.newaxis] & np.isfinite(medians)
    second = (np.arange(16) >= 8)[:, np.newaxis] & np.isfinite(medians)
    known = medians[np.isfinite(medians)]
    return (*sky_step(medians, first, second), float(np.median(known)))


def test_steps_are_told_by_eight_blocks_on_either_side() -> None:
    image = chip()
    image[:, 324:] += 6.0
    good = np.ones(SHAPE, dtype=bool)
    good[80:200, 330:400] = False  # whole blocks
    found = amplifier_step(image, good, WFC, time=1.0, subject="WFC1")
    height, error, level = step_by_hand(np.where(good, image, np.nan).T, 324)
    assert found.context == {
        "column 324": {
            "step": pytest.approx(height, rel=1e-4),
            "error": pytest.approx(error, rel=1e-4),
            "background": pytest.approx(level, rel=1e-4),
        }
    }
    assert found.value == pytest.approx(abs(height) - 4.0 * error - 0.01 * level, rel=1e-3)
    assert height == pytest.approx(6.0, abs=0.5)


def test_each_half_of_an_edge_is_between_two_amplifiers() -> None:
    """Of four, of which each has another level."""
    image = np.random.default_rng(5).normal(40.0, 2.0, (512, 640))
    rows, columns = 256, 320
    image[:rows, columns:] += 3.0
    image[rows:, :columns] += 9.0
    image[rows:, columns:] -= 5.0
    found = amplifier_step(image / 50.0, np.ones(image.shape, dtype=bool), IR, time=50.0, subject="IR")
    heights = {}
    for edge, told in found.context.items():
        assert isinstance(told, dict)
        heights[edge] = told["step"]
    assert heights == {
        "row 256, columns 1 to 320": pytest.approx(9.0, abs=0.4),
        "row 256, columns 321 to 640": pytest.approx(-8.0, abs=0.4),
        "column 320, rows 1 to 256": pytest.approx(3.0, abs=0.4),
        "column 320, rows 257 to 512": pytest.approx(-14.0, abs=0.4),
    }


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_not_finite_tell_no_step(odd: float) -> None:
    image, good = chip(), np.ones(SHAPE, dtype=bool)
    image[:96, 324:420] = odd
    found = amplifier_step(image, good, WFC, time=1.0, subject="WFC1")
    good[:96, 324:420] = False
    assert found.context == amplifier_step(image, good, WFC, time=1.0, subject="WFC1").context


@pytest.mark.parametrize(("blocks", "told"), [(20, True), (19, False)])
@pytest.mark.parametrize("left", [True, False])
def test_twenty_blocks_on_either_side_tell_a_step(blocks: int, told: bool, left: bool) -> None:
    """Eight to the side and three down are 24."""
    image = np.random.default_rng(1).normal(40.0, 2.0, (48, 640))
    good = np.ones(image.shape, dtype=bool)
    lost = 24 - blocks
    # Blocks are counted from 128 pixels left of the middle, column 320.
    start = 320 + (-128 if left else 0)
    good[:16, start : start + 16 * lost] = False
    assert amplifier_step(image, good, WFC, time=1.0, subject="WFC1").told is told
