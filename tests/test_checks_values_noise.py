"""Errors that a calibration states: values by hand, where other pairs, blocks or errors give another."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy.stats import mad_std

from hubble_qa.checks.detectors.noise import scatter_to_error
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.measurement import Measurement
from tests.amplifier_samples import WFC

SBC = camera("ACS", "SBC")


def ratio(science: np.ndarray, error: np.ndarray, good: np.ndarray | None = None) -> Measurement:
    kept = np.ones(science.shape, dtype=bool) if good is None else good
    return scatter_to_error(science, error, kept, WFC, subject="x")


def noise(shape: tuple[int, int], most: float = 4.0) -> np.ndarray:
    """A sky without wild pixels, of which nine together might pass for a source."""
    return np.random.default_rng(7).uniform(50.0 - most, 50.0 + most, shape)


def test_pairs_are_neighbours_in_a_row_each_pixel_once() -> None:
    """Pixels of a pair, and pairs beside and above one another, have levels of their own."""
    image = noise((160, 192))
    image += 3.0 * (np.indices(image.shape)[1] // 2 % 2) + 4.0 * (np.indices(image.shape)[0] % 2)
    pulls = (image[:, ::2] - image[:, 1::2]).astype(np.float32) / (5.0 * math.sqrt(2.0))
    measured = ratio(image, np.full(image.shape, 5.0))
    assert measured.value == pytest.approx(float(mad_std(pulls)), rel=1e-5)
    assert measured.context["pairs"] == 160 * 96
    # mad_std of a Gaussian scatters by 1.17 over the root of the number.
    assert measured.uncertainty == pytest.approx(1.17 * float(mad_std(pulls)) / math.sqrt(160 * 96), rel=1e-5)


def test_the_error_of_a_pair_is_the_median_of_its_block() -> None:
    """Blocks of unlike errors, all within a tenth of the least fifth; some pixels with far larger ones."""
    errors = np.where(np.indices((160, 192))[0] < 80, 4.8, 5.0)
    errors[:, 96:] += 0.1
    stated = errors.copy()
    stated[::3, ::4] = 500.0
    image = noise(errors.shape)
    pulls = (image[:, ::2] - image[:, 1::2]) / errors[:, ::2] / math.sqrt(2.0)
    assert ratio(image, stated).value == pytest.approx(float(mad_std(pulls)), rel=1e-5)
    turned = ratio(image.T, stated.T)
    pulls = (image[::2] - image[1::2]) / errors[::2] / math.sqrt(2.0)
    assert turned.value == pytest.approx(float(mad_std(pulls)), rel=1e-5)


@pytest.mark.parametrize(("larger", "counts"), [(1.09, True), (1.11, False)])
def test_blocks_whose_errors_are_larger_by_a_tenth_show_no_sky(larger: float, counts: bool) -> None:
    """By a tenth of those of the least fifth: a tenth of the blocks have less, three tenths no more."""
    errors = np.full((160, 192), 5.0 * larger)
    errors[:48] = 5.0
    errors[:16] = 4.0
    good = np.ones(errors.shape, dtype=bool)
    good[144:, 176:] = False  # a block of none
    measured = ratio(noise(errors.shape), errors, good)
    assert measured.told is counts
    if counts:
        assert measured.context["pairs"] == 160 * 96 - 128
        assert measured.context["stated_error"] == pytest.approx(5.0 * larger)
    else:
        assert measured.reason.startswith(f"only {48 * 96} pairs ")


@pytest.mark.parametrize(("flagged", "told"), [(240, True), (241, False)])
def test_ten_thousand_pairs_tell_a_scatter(flagged: int, told: bool) -> None:
    """Of 10,240, each of which a flag on either pixel costs."""
    image, good = noise((160, 128)), np.ones((160, 128), dtype=bool)
    pairs = good.reshape(-1, 2)
    which = np.random.default_rng(8).permutation(len(pairs))[:flagged]
    pairs[which, which % 2] = False
    image[~good] += 1e5
    measured = ratio(image, np.full(image.shape, 5.0), good)
    assert measured.told is told
    assert (measured.context or {}).get("pairs") == (10_000 if told else None)


def test_what_is_no_number_or_has_no_error_makes_no_pair() -> None:
    image, errors = noise((170, 207)), np.full((170, 207), 5.0)
    image[10, 10], image[20, 31] = math.nan, math.inf
    errors[30, 50], errors[40, 70], errors[50, 90], errors[60, 110] = math.nan, math.inf, 0.0, -5.0
    measured = ratio(image, errors)
    # Of whole blocks: ten of twelve. Next to what is no number there is no source.
    assert measured.context["pairs"] == 160 * 96 - 6
    # Of a uniform width of 8 the difference of two has a median deviation of 8 (1 - sqrt(1/2)).
    expected = 1.4826 * 8.0 * (1.0 - math.sqrt(0.5)) / (5.0 * math.sqrt(2.0))
    assert measured.value == pytest.approx(expected, rel=0.03)


def test_a_source_and_its_wings_make_no_pairs() -> None:
    """Five by five means contain some of a star of three by three; wings reach two pixels farther."""
    image = noise((160, 384), 0.4) + 3.0 * np.exp(-0.5 * ((np.arange(384) - 192.0) / 30.0) ** 2)
    image[80:83, 100:103] += 20.0
    good = np.ones(image.shape, dtype=bool)
    good[16:32, 32:48] = False  # a block without a level
    lost = 5 * 5 + 2 * 4 + 2 * 3  # columns 97 to 105, 98 to 104 and 99 to 103
    measured = ratio(image, np.full(image.shape, 5.0), good)
    assert measured.context["pairs"] == 160 * 192 - 128 - lost


def photons(counts: np.ndarray, errors: np.ndarray) -> Measurement:
    return scatter_to_error(counts, errors, np.ones(counts.shape, dtype=bool), SBC, subject="x")


@pytest.mark.parametrize(("number", "told"), [(100, True), (99, False)])
def test_a_hundred_pixels_with_photons_tell_their_errors(number: int, told: bool) -> None:
    """Ratios of 2, of some 3 and of few 30: their mean is another, and what has no photon has none."""
    counts = np.zeros((20, 20))
    counts.flat[:number] = np.tile([4.0, 4.0, 9.0, 4.0, 900.0], 20)[:number]
    measured = photons(counts, np.ones(counts.shape))
    assert measured.told is told
    if told:
        assert measured.value == 2.0
        assert measured.context == {"pixels": 100, "stated_error": 1.0}
    else:
        assert measured.reason == "only 99 pixels hold a photon; needs 100"


def test_ratios_of_photons_are_of_each_pixel_to_its_own_error() -> None:
    generator = np.random.default_rng(9)
    counts = generator.integers(1, 50, (15, 31)).astype(float)
    errors = np.sqrt(counts) * np.where(np.indices(counts.shape)[0] < 8, 0.5, 4.0)
    measured = photons(counts, errors)
    assert measured.value == pytest.approx(2.0)
    errors[:, 3] = math.nan
    assert photons(counts, errors).context["pixels"] == 15 * 30
