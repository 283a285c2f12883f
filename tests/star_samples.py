"""Chips with stars, galaxies and cosmic rays, and stars that are trailed or out of focus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from hubble_qa.checks.images.star_widths import source_widths, star_width
from hubble_qa.checks.measurement import Measurement

SHAPE = (640, 640)
PSF = 1.0  # sigma, pixels
EXPECTED = 2.6  # pixels


def star_field(
    *,
    stars: int = 60,
    galaxies: int = 0,
    hits: int = 0,
    trail: int = 0,
    seed: int = 1,
) -> NDArray[np.float64]:
    """Electrons of a chip; stars trailed along x by some pixels."""
    rng = np.random.default_rng(seed)
    image = np.zeros(SHAPE)
    for sigma in [PSF] * stars + [*(PSF * np.exp(rng.normal(0.8, 0.45, galaxies)))]:
        x, y = rng.uniform(20, SHAPE[0] - 20, 2)
        rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
        peak = rng.uniform(2e4, 2e5) * max(sigma / PSF, 1.0) / (2 * np.pi * sigma**2)
        image += peak * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 2 / sigma**2)
    if trail:
        image = fftconvolve(image, np.ones((1, trail)) / trail, mode="same")
    image = rng.poisson(np.maximum(image, 0) + 30.0) + rng.normal(0, 4.0, SHAPE)
    places = rng.integers(0, SHAPE[0] - 3, (hits, 2))
    for row, column in places:
        length = int(rng.integers(1, 4))
        image[row, column : column + length] += rng.uniform(500, 20_000)
    return image


def width(image: NDArray[np.float64], good: NDArray[np.bool_] | None = None) -> Measurement:
    """Width of the stars on a chip."""
    good = np.ones(SHAPE, dtype=bool) if good is None else good
    found = source_widths(image, good, full_well=84_000)
    return star_width({1: found}, {1: EXPECTED}, subject="j9l960a7q_flt")
