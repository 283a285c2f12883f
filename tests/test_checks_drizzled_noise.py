"""Noise of drizzled images, and the sign of their light."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hubble_qa.checks.detectors.pixel_flags import negative_light
from hubble_qa.checks.images.drizzled_noise import (
    NoiseBlocks,
    block_noise,
    correlation_factor,
    drizzled_noise_ratio,
    quiet_noise,
)
from hubble_qa.checks.measurement import Measurement

SHAPE = (256, 272)


def sky(noise: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(5.0, noise, SHAPE)


def test_noise_of_blocks_is_that_of_the_pixels() -> None:
    found = block_noise(sky(0.3))
    assert found.shape == (16, 17)
    assert float(np.median(found)) == pytest.approx(0.3, rel=0.02)


def test_whole_numbers_have_the_noise_of_what_was_rounded() -> None:
    """Read noise of 0.75 DN: half of the absolute deviations are 1 or none, whatever the noise is."""
    found = block_noise(np.rint(sky(0.75)))
    assert float(np.median(found)) == pytest.approx(np.hypot(0.75, np.sqrt(1 / 12)), rel=0.04)


def test_sources_and_missing_pixels_leave_the_noise() -> None:
    image = sky(1.0)
    image[40:44, 40:44] += 300.0
    image[:16, :16] = np.nan
    found = block_noise(image)
    assert np.isnan(found[0, 0])
    assert np.isfinite(found).sum() == found.size - 1
    # The quarter of the blocks with least scatter: 0.67 standard errors, of 4.4 per cent, below the mean.
    assert quiet_noise(found) == pytest.approx(0.97, abs=0.02)
    assert np.isnan(quiet_noise(np.full((3, 3), np.nan)))


@pytest.mark.parametrize("drop", [0.3, 0.5, 1.0, 1.6, 2.2])
def test_noise_that_neighbours_share_is_that_of_drops_at_any_phase(drop: float) -> None:
    """Of many exposures, along one axis: the mean square of the overlaps over the square of their mean."""
    phase = np.linspace(-2.0, 2.0, 400_001)
    overlap = np.minimum(phase + drop / 2, 0.5) - np.maximum(phase - drop / 2, -0.5)
    overlap = np.clip(overlap, 0.0, None)
    step = phase[1] - phase[0]
    variance_along_axis = (overlap**2).sum() * step / (overlap.sum() * step) ** 2
    assert correlation_factor("square", drop) == pytest.approx(1.0 / variance_along_axis, rel=1e-4)


def test_kernels_without_a_known_noise_are_named() -> None:
    assert correlation_factor("square", 1.0) == pytest.approx(1.5)
    assert correlation_factor("turbo", 0.5) == pytest.approx(1.2)
    assert correlation_factor("square", 2.0) == pytest.approx(2.4)
    assert correlation_factor("point", 2.0) == 1.0
    assert correlation_factor("lanczos3", 1.0) is None


def test_ratio_is_of_the_quiet_blocks() -> None:
    found = np.linspace(1.0, 2.0, 101)
    measured = drizzled_noise_ratio(NoiseBlocks(found, np.ones(101), np.ones(101)), subject="drz")
    assert measured.value == pytest.approx(1.25)
    few = drizzled_noise_ratio(NoiseBlocks(found[:40], np.ones(40), np.ones(40)), subject="drz")
    assert (few.told, few.reason) == (False, "40 blocks lie on whole chips; needs 50")


def averaged(
    number: int, structure: float, factor: float = 1.0, *, over_error: float | None = None
) -> Measurement:
    """An image of exposures whose sky has a structure, in parts of one's noise; its own noise is larger."""
    random = np.random.default_rng(4)
    fixed = structure * random.normal(size=SHAPE)
    exposures = fixed + random.normal(size=(number, *SHAPE))
    single = np.full((16, 17), quiet_noise(block_noise(exposures[0])))
    more = np.sqrt((factor**2 - 1.0) / number) * random.normal(size=SHAPE)
    found = block_noise(exposures.mean(axis=0) + more)
    stated = math.hypot(1.0, structure) if over_error is None else over_error
    noise = NoiseBlocks(found.ravel(), single.ravel() / math.sqrt(number), single.ravel(), stated)
    return drizzled_noise_ratio(noise, subject="drz")


@pytest.mark.parametrize("number", [2, 4, 8])
def test_more_noise_than_its_exposures_have_is_told(number: int) -> None:
    measured = averaged(number, 0.0, 1.5)
    assert measured.value == pytest.approx(1.5, abs=0.06)
    assert averaged(number, 0.0).value == pytest.approx(1.0, abs=0.05)
    # Errors that are stated 3 per cent too small hide no more.
    assert averaged(number, 0.0, 2.0, over_error=1.03).told


@pytest.mark.parametrize(
    ("number", "structure", "stated"),
    [(20, 0.3, None), (60, 0.2, None), (6, 0.45, None), (4, 1.0, None), (9, 0.45, math.nan), (60, 0.2, 1.0)],
)
def test_what_averaging_does_not_lower_is_no_noise_of_the_image(
    number: int, structure: float, stated: float | None
) -> None:
    measured = averaged(number, structure, over_error=stated)
    assert not measured.told
    assert "faint sources with 0." in measured.reason or "faint sources with 1." in measured.reason


@pytest.mark.parametrize(
    ("factor", "spread", "told"),
    [
        (1.0, 1.0, False),  # stars nearly everywhere, and the quietest blocks have what is expected
        (1.6, 1.0, True),  # the same field with noise added to all of it
        (1.0, 0.1, True),  # a part of the image is noisier, and evenly so
    ],
)
def test_stars_nearly_everywhere_are_no_noise(factor: float, spread: float, told: bool) -> None:
    crowded = 1.9 * np.geomspace(1.0, 4.0**spread, 380)
    found = factor * np.concatenate([np.linspace(0.85, 1.1, 60), crowded])
    measured = drizzled_noise_ratio(
        NoiseBlocks(found, np.ones(440), np.full(440, 2.0), over_error=1.2), subject="drz"
    )
    assert (measured.value is not None) is told
    assert told or "sources are nearly everywhere" in measured.reason


@pytest.mark.parametrize("sign", [1, -1])
def test_sources_that_are_darker_than_the_sky_have_the_wrong_sign(sign: int) -> None:
    image, random = sky(1.0), np.random.default_rng(2)
    image[random.integers(SHAPE[0], size=150), random.integers(SHAPE[1], size=150)] += 40.0
    image[5, 5] = np.nan
    found = negative_light(sign * image, np.ones(SHAPE, dtype=bool))
    assert ("the image has the wrong sign" in found) is (sign < 0)


def test_photons_that_are_counted_have_a_sign_too() -> None:
    counts = np.random.default_rng(3).poisson(0.02, SHAPE).astype(np.float32)
    everywhere = np.ones(SHAPE, dtype=bool)
    assert negative_light(counts, everywhere) == ""
    assert "wrong sign" in negative_light(-counts, everywhere)


def test_an_empty_sky_has_no_sign() -> None:
    everywhere = np.ones(SHAPE, dtype=bool)
    assert negative_light(-sky(1.0), everywhere) == ""
    assert negative_light(np.full(SHAPE, np.nan), everywhere) == ""
