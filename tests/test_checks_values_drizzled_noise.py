"""Noise of drizzled images: values by hand, of blocks and of pixels where another part has another noise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hubble_qa.checks.detectors.sky_structure import BLOCK
from hubble_qa.checks.images.drizzled_noise import NoiseBlocks, block_noise, drizzled_noise_ratio
from hubble_qa.checks.measurement import Measurement

PIXELS = BLOCK * BLOCK
CLIPPED = 0.98658  # standard deviation of a Gaussian within three of its own


def block(values: np.ndarray, seed: int = 3) -> np.ndarray:
    """A block of these pixels in any order."""
    return np.random.default_rng(seed).permutation(values).reshape(BLOCK, BLOCK)


def core(number: int, scale: float) -> np.ndarray:
    """Pixels of a sky that is not symmetric: their mean is above their median, and none is three away."""
    return np.asarray(scale * np.linspace(0.0, 1.0, number) ** 2)


def test_each_block_has_its_own_noise() -> None:
    """Two rows of three blocks, and a part of a block beyond both."""
    image = np.zeros((2 * BLOCK + 5, 3 * BLOCK + 7))
    scales = np.array([[1.0, 20.0, 3.0], [500.0, 0.02, 7.0]])
    for (row, column), scale in np.ndenumerate(scales):
        rows = slice(row * BLOCK, (row + 1) * BLOCK)
        image[rows, column * BLOCK : (column + 1) * BLOCK] = 40.0 + block(core(PIXELS, scale))
    # Of whole numbers from 0 to 1, squared, the variance is 1 / 5 - 1 / 9.
    assert block_noise(image) == pytest.approx(scales * np.std(core(PIXELS, 1.0)) / CLIPPED)
    assert block_noise(image) == pytest.approx(scales * math.sqrt(4 / 45) / CLIPPED, rel=0.01)


@pytest.mark.parametrize(("number", "known"), [(205, True), (204, False)])
def test_four_fifths_of_a_block_tell_its_noise(number: int, known: bool) -> None:
    values = np.full(PIXELS, math.nan)
    values[:number] = core(number, 2.0)
    expected = np.std(core(number, 2.0)) / CLIPPED if known else math.nan
    assert block_noise(block(values)) == pytest.approx(np.array([[expected]]), nan_ok=True)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
@pytest.mark.parametrize(("away", "counts"), [(2.9, True), (3.1, False)])
def test_pixels_beyond_three_deviations_do_not_count(
    sign: float, scale: float, away: float, counts: bool
) -> None:
    """Up or down; deviations are from the median, and those of what is left."""
    values = core(PIXELS - 1, scale)
    median = 0.25 * scale
    with_it = np.append(values, median + sign * away * np.std(values) / CLIPPED)
    expected = np.std(with_it if counts else values) / CLIPPED
    assert block_noise(block(with_it))[0, 0] == pytest.approx(expected, rel=1e-3 if not counts else 1e-9)


@pytest.mark.parametrize("scale", [0.05, 1.0, 20.0])
def test_sources_on_a_third_of_a_block_are_beyond_it(scale: float) -> None:
    """By the median of deviations; all pixels together have so much noise that none were beyond three."""
    values = scale * np.append(np.linspace(-1.0, 1.0, 180), np.full(PIXELS - 180, 6.0))
    kept = values[:180]
    assert block_noise(block(values))[0, 0] == pytest.approx(np.std(kept) / CLIPPED)


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_whole_numbers_of_which_most_are_equal_have_noise(scale: float) -> None:
    """Beside blocks of which all are: 3 of 5 pixels 0, as many 1 as -1."""
    values = np.zeros(PIXELS)
    values[:50], values[50:100] = scale, -scale
    image = np.full((BLOCK, 12 * BLOCK), 7.0 * scale)
    image[:, 5 * BLOCK : 6 * BLOCK] += block(values)
    expected = np.zeros((1, 12))
    expected[0, 5] = scale * math.sqrt(100 / PIXELS) / CLIPPED
    assert block_noise(image) == pytest.approx(expected)


def measured(
    least: float,
    ratio: float,
    noisier: float,
    *,
    most: float = 0.0,
    share: float = 1.0,
    over_error: float = 1.0,
) -> Measurement:
    """Blocks of three kinds, 15, 45 and 41 of them; one exposure's variance over the image's is 1 / share."""
    ratios = np.repeat([least, ratio, noisier], [15, 45, 41])
    ratios[-5:] = np.maximum(ratios[-5:], most)
    ratios = np.random.default_rng(5).permutation(ratios)
    expected = np.random.default_rng(6).uniform(1.0, 3.0, len(ratios))
    shares = np.full(len(ratios), share)
    shares[:40], shares[40:50] = 100.0 * share, 0.5 * share
    shares[0] = math.nan
    blocks = NoiseBlocks(ratios * expected, expected, expected / np.sqrt(shares), over_error)
    return drizzled_noise_ratio(blocks, subject="x")


@pytest.mark.parametrize(("number", "told"), [(50, True), (49, False)])
def test_fifty_blocks_tell_the_noise(number: int, told: bool) -> None:
    """Of those that have a noise: a quarter lies below, and it errs as that of independent pixels does."""
    found = np.full(70, math.nan)
    found[:number] = np.linspace(2.0, 3.0, number)
    ratio = drizzled_noise_ratio(NoiseBlocks(found, np.full(70, 2.0), np.full(70, 2.0)), subject="x")
    assert ratio.told is told
    if told:
        assert ratio.value == pytest.approx(1.125)
        assert ratio.uncertainty == pytest.approx(1.125 / (16.0 * math.sqrt(50.0)))


@pytest.mark.parametrize(
    ("least", "ratio", "noisier", "most", "told"),
    [
        (1.1, 1.5, 2.95, 9.0, True),
        (1.1, 1.5, 3.05, 9.0, False),
        (1.19, 1.5, 3.05, 0.0, False),
        (1.21, 1.5, 3.05, 0.0, True),  # even the quietest blocks have too much
        (1.0, 1.19, 2.5, 0.0, True),  # there is no excess to be explained
        (1.0, 1.21, 2.5, 0.0, False),
    ],
)
def test_a_field_is_crowded_by_its_quietest_and_its_noisier_blocks(
    least: float, ratio: float, noisier: float, most: float, told: bool
) -> None:
    """By the noisier quarter: a twentieth that has far more are sources of a field that is not crowded."""
    found = measured(least, ratio, noisier, most=most)
    assert found.told is told
    assert found.value == (pytest.approx(ratio) if told else None)
    assert told or found.reason.startswith("sources are nearly everywhere")


@pytest.mark.parametrize(
    ("share", "over_error", "told"),
    [
        # An excess of 1.25 times the share, against the variance beyond that of the errors, and 0.06.
        (1.04, 1.5, False),
        (1.06, 1.5, True),
        (0.047, 1.0, False),
        (0.049, 1.0, True),
        (0.047, 0.5, False),
        (0.049, 0.5, True),
        # Of half the noise where no errors are stated.
        (0.19, math.nan, False),
        (0.21, math.nan, True),
    ],
)
def test_a_structure_of_the_sky_explains_what_the_exposures_may_hide(
    share: float, over_error: float, told: bool
) -> None:
    found = measured(1.1, 1.5, 2.0, share=share, over_error=over_error)
    assert found.told is told
    assert told or found.reason.startswith("its noise is 1.50 of its exposures', averaged")
    assert measured(1.1, 1.19, 2.0, share=0.001 * share, over_error=over_error).told
