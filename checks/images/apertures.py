"""Light of stars in two apertures, about places that are known."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["ApertureFluxes", "aperture_fluxes"]

Array = NDArray[np.float64]
Pixels = NDArray[np.int64]

# Radii, pixels: 80 to 90 per cent of a star's light with every camera, and a core that a change of focus
# takes more from. The background is the median of a ring.
LARGE, SMALL = 4.0, 2.5
_RING = (8.0, 12.0)
# Standard deviation of a Gaussian over the median of its absolute deviations.
_GAUSSIAN = 1.4826
# Variance of a median over that of a mean, for normal errors.
_OF_MEDIAN = math.pi / 2.0


def _pixels(inner: float, outer: float) -> tuple[Pixels, Pixels]:
    """Steps in y and x from a pixel to those whose distance from it is between two."""
    steps = np.arange(-math.ceil(outer), math.ceil(outer) + 1)
    down, across = np.meshgrid(steps, steps, indexing="ij")
    kept = (np.hypot(down, across) >= inner) & (np.hypot(down, across) <= outer)
    return down[kept], across[kept]


_RING_PIXELS = _pixels(*_RING)
# The centre of a star is up to 0.7 pixels from that of its pixel.
_APERTURE_PIXELS = _pixels(0.0, LARGE + 1.3)


class ApertureFluxes(NamedTuple):
    """Light of stars, in the units of the image: arrays of shape (n,), NaN where a pixel is bad or missing.

    Attributes
    ----------
    large, small : ndarray
        Within `LARGE` and `SMALL` pixels.
    error : ndarray
        Standard deviation of `large` by the scatter of the ring, the error of its level and the photons.
    """

    large: Array
    small: Array
    error: Array


def aperture_fluxes(
    image: NDArray[Any], bad: NDArray[np.bool_], places: Array, *, electrons: float
) -> ApertureFluxes:
    """Measure the light of stars in two apertures.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        A chip.
    bad : ndarray of bool, shape (ny, nx)
        Pixels that do not count: a star with one in its aperture is not measured.
    places : ndarray, shape (n, 2)
        x and y of the stars, pixels from 0.
    electrons : float
        Electrons per unit of the image.
    """
    near = np.rint(places).astype(np.int64)
    rows, columns = image.shape
    reach = math.ceil(_RING[1])
    whole = ((near >= reach) & (near < np.array([columns, rows]) - reach)).all(axis=1)
    near = np.clip(near, reach, np.maximum(np.array([columns, rows]) - 1 - reach, reach))
    down, across = _RING_PIXELS
    level, noise = _ring(*_cut(image, bad, near, down, across))
    down, across = _APERTURE_PIXELS
    values, spoiled = _cut(image, bad, near, down, across)
    distance = np.hypot(near[:, :1] + across - places[:, :1], near[:, 1:] + down - places[:, 1:])
    light = values - level[:, None]
    large, small = (np.clip(radius + 0.5 - distance, 0.0, 1.0) for radius in (LARGE, SMALL))
    good = whole & ~(spoiled & (large > 0)).any(axis=1) & np.isfinite(level)
    fluxes = [
        np.where(good, np.sum(np.where(weight > 0, weight * light, 0.0), axis=1), np.nan)
        for weight in (large, small)
    ]
    area = large.sum(axis=1)
    of_level = _OF_MEDIAN * (noise * area) ** 2 / len(_RING_PIXELS[0])
    variance = noise**2 * area + of_level + np.maximum(fluxes[0], 0.0) / electrons
    return ApertureFluxes(fluxes[0], fluxes[1], np.sqrt(variance))


def _cut(
    image: NDArray[Any], bad: NDArray[np.bool_], near: Pixels, down: Pixels, across: Pixels
) -> tuple[Array, NDArray[np.bool_]]:
    """Pixels about places, and which do not count; outside of a tiny image its edge stands."""
    row = np.clip(near[:, 1:] + down, 0, image.shape[0] - 1)
    column = np.clip(near[:, :1] + across, 0, image.shape[1] - 1)
    values = np.asarray(image[row, column], dtype=float)
    return values, bad[row, column] | ~np.isfinite(values)


def _ring(values: Array, spoiled: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Median and robust scatter of each ring; NaN where most of it does not count."""
    level = _medians(np.where(spoiled, np.nan, values))
    noise = _medians(np.where(spoiled, np.nan, np.abs(values - level[:, None])))
    enough = np.count_nonzero(~spoiled, axis=1) > 0.5 * values.shape[1]
    return np.where(enough, level, np.nan), _GAUSSIAN * noise


def _medians(values: Array) -> Array:
    """Median of each row; NaN does not count, and sorting puts it last."""
    ordered, number = np.sort(values, axis=1), np.count_nonzero(~np.isnan(values), axis=1)
    middle = np.stack([np.maximum(number - 1, 0) // 2, np.minimum(number // 2, values.shape[1] - 1)], axis=1)
    return np.asarray(np.take_along_axis(ordered, middle, axis=1).mean(axis=1))
