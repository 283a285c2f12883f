"""A made-up drizzled image of stars, and chips that see them: in memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from astropy.wcs import WCS

from hubble_qa.checks.images.source_fluxes import (
    ChipImage,
    ChipSources,
    Mosaic,
    aperture_radius,
    find_sources,
    measure_sources,
)

SIZE = 360
SCALE = 0.04
TIME = 100.0
SKY = 0.5


def coordinates(scale: float = SCALE, turn: float = 0.0, size: int = SIZE) -> WCS:
    """Tangential coordinates about the middle of a square image."""
    result = WCS(naxis=2)
    result.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    result.wcs.crval, result.wcs.crpix = [150.0, 2.0], [(size + 1) / 2.0] * 2
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    result.wcs.cd = scale / 3600.0 * np.array([[-c, s], [s, c]])
    result.wcs.set()
    return result


def star_rates(stars: int = 49, *, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Places on the drizzled image, on a loose grid, and count rates per second."""
    generator = np.random.default_rng(seed)
    side = int(np.sqrt(stars))
    grid = np.linspace(45, SIZE - 45, side)
    places = np.array([(x, y) for x in grid for y in grid]) + generator.uniform(-3, 3, (side**2, 2))
    return places, generator.uniform(200.0, 2000.0, side**2)


def paint(places: np.ndarray, rates: np.ndarray, fwhm: float, size: int) -> np.ndarray:
    """Gaussian stars, each of its rate in all."""
    y, x = np.indices((size, size))
    sigma, image = fwhm / 2.3548, np.zeros((size, size))
    for (across, up), rate in zip(places, rates, strict=True):
        near = (slice(max(int(up) - 20, 0), int(up) + 21), slice(max(int(across) - 20, 0), int(across) + 21))
        distance = (x[near] - across) ** 2 + (y[near] - up) ** 2
        image[near] += rate / (2 * np.pi * sigma**2) * np.exp(-0.5 * distance / sigma**2)
    return image


def mosaic(*, factor: float = 1.0, fwhm: float = 2.2, stars: int = 49, seed: int = 11) -> Mosaic:
    """The drizzled image in counts per second, its fluxes times a factor."""
    places, rates = star_rates(stars)
    noise = np.random.default_rng(seed).normal(0.0, 0.05, (SIZE, SIZE))
    return Mosaic(
        (factor * paint(places, rates, fwhm, SIZE) + noise).astype(np.float32), coordinates(), SCALE
    )


def chip(
    *,
    factor: float = 1.0,
    scale: float = SCALE,
    turn: float = 30.0,
    fwhm: float = 2.0,
    shift: tuple[float, float] = (0.0, 0.0),
    hits: int = 0,
    flagged: int = 0,
    stars: int = 49,
    seed: int = 21,
) -> ChipImage:
    """A chip that saw the stars for 100 s, in electrons; flagged pixels read nothing.

    `shift` moves the stars from where its coordinates put them, pixels.
    """
    generator = np.random.default_rng(seed)
    size = int(SIZE * SCALE / scale * 1.2)
    places, rates = star_rates(stars)
    frame = coordinates(scale, turn, size)
    pixels = frame.all_world2pix(coordinates().all_pix2world(places, 0), 0) + np.array(shift)
    inside = ((pixels > 20) & (pixels < size - 20)).all(axis=1)
    light = factor * paint(pixels[inside], rates[inside], fwhm * SCALE / scale, size)
    # The sky of a larger pixel is brighter.
    counts = generator.poisson((light + SKY * (scale / SCALE) ** 2) * TIME).astype(float)
    struck = generator.integers(0, size, (2, hits))
    counts[struck[0], struck[1]] += generator.uniform(500, 5000, hits)
    bad = np.zeros((size, size), dtype=bool)
    bad[tuple(generator.integers(0, size, (2, flagged)))] = True
    counts[bad] = -500.0
    return ChipImage(counts, bad, frame, scale, TIME)


def digitised(
    sky: float, *, scale: float, gain: float = 7.0, noise: float = 5.0, faint: float = 0.1
) -> tuple[Mosaic, ChipImage]:
    """Faint stars on an image without digits, and on a chip in whole steps of `gain` electrons.

    `sky` is in electrons per pixel of the chip, `noise` that of a read.
    """
    image, one = mosaic(factor=faint / gain), chip(scale=scale, turn=10.0)
    places, rates = star_rates()
    pixels = one.wcs.all_world2pix(coordinates().all_pix2world(places, 0), 0)
    light = faint * paint(pixels, rates, 2.0 * SCALE / scale, len(one.pixels)) * TIME
    generator = np.random.default_rng(3)
    electrons = generator.poisson(light + sky) + generator.normal(0.0, noise, light.shape)
    steps = np.round(electrons / gain)
    return image, replace(
        one, pixels=steps, flagged=np.zeros(steps.shape, dtype=bool), electrons=gain, digit=1.0
    )


def measured(image: Mosaic, one: ChipImage) -> ChipSources:
    """Sources of an image on a chip."""
    return measure_sources(image, one, find_sources(image, aperture_radius(image, one.scale)))


def seen(
    ratio: float = 1.0, *, scatter: float = 0.01, sources: int = 40, width: float = 1.1, seed: int = 5
) -> ChipSources:
    """Sources without images: fluxes on a chip of which the drizzled image has so many times as much."""
    generator = np.random.default_rng(seed)
    light = np.linspace(50, 500, sources)
    own = light / ratio * generator.normal(1.0, scatter, sources)
    places = np.column_stack([np.arange(sources), np.arange(sources)]).astype(float)
    wide = generator.normal(width, 0.02, sources)
    return ChipSources(places, light, own, 0.08 * wide, np.full(sources, 0.08), (0.0, 0.0))
