"""Width of an exposure's stars, by its own pixels: trailed or out of focus, whatever the header says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.sky_structure import block_medians, local_level
from hubble_qa.checks.images.local_maxima import local_maxima
from hubble_qa.checks.measurement import Json, Measurement, not_told

__all__ = ["Widths", "source_widths", "star_width"]

# A source's peak stands this many times the sky's scatter above it, and above all within this many pixels.
_STANDS_OUT, _ALONE = 25.0, 4
# Light comes through the optics: each of the eight pixels about a peak has this part of it. Beside a cosmic
# ray's or a hot pixel's are some that have nothing.
_BESIDE = 0.04
# Of full well, above which a peak is cut off.
_FULL = 0.9
# Moments are taken under a round Gaussian of this width, to this radius, pixels; then comes the sky's ring.
_WINDOW, _RADIUS, _RING = 3.0, 8, (9.0, 12.0)
# No pixel this near to the peak may be missing.
_CORE = 2.0
_BRIGHTEST, _FEWEST = 400, 12
# Stars are alike: this part of the sources, and so many of them, have widths within this factor; sizes of
# galaxies scatter by one and a half and more.
_PART, _STARS, _ALIKE = 0.3, 8, 1.2
_FWHM = 2.0 * math.sqrt(2.0 * math.log(2.0))

Array = NDArray[np.float64]


class Widths(NamedTuple):
    """FWHM of sources along their longer and their shorter axis; both of shape (n,)."""

    longer: Array
    shorter: Array


def source_widths(science: NDArray[Any], good: NDArray[np.bool_], *, full_well: float | None) -> Widths:
    """Widths of a chip's bright sources, pixels.

    Sources are peaks with light in all eight pixels about them, so that cosmic rays and hot pixels are none;
    the widths are of second moments under a round window.

    Parameters
    ----------
    science : ndarray, shape (ny, nx)
        The chip.
    good : ndarray of bool, shape (ny, nx)
        Pixels that are not flagged.
    full_well : float or None
        What a pixel at full well reads; None where the unit is a rate.
    """
    image = np.where(good & np.isfinite(science), science, np.nan).astype(np.float32)
    medians = block_medians(image)
    if not np.isfinite(medians).any():
        return Widths(np.empty(0), np.empty(0))
    level = local_level(medians).astype(np.float32)
    above = image[: level.shape[0], : level.shape[1]] - level
    rows, columns = _peaks(above, level, full_well)
    if not rows.size:
        return Widths(np.empty(0), np.empty(0))
    return _moments(_stamps(above, rows, columns))


def star_width(found: Mapping[int, Widths], expected: Mapping[int, float], *, subject: str) -> Measurement:
    """FWHM of an exposure's stars along their longer axis over that of the camera's point-spread function.

    What many sources agree on is the stars' width; galaxies do not agree.

    Parameters
    ----------
    found : mapping of int to Widths
        By chip, pixels.
    expected : mapping of int to float
        FWHM of the camera's stars, by the same moments, in its widest filter, pixels of each chip.
    subject : str
        The exposure.
    """
    quantity = "star_width"
    longer, shorter = (
        np.concatenate([axes[axis] / expected[chip] for chip, axes in found.items()] or [np.empty(0)])
        for axis in (0, 1)
    )
    if len(longer) < _FEWEST:
        reason = f"{len(longer)} bright sources stand alone; needs {_FEWEST}"
        return not_told(quantity, subject, reason)
    order = np.argsort(longer)
    stars = order[_locus(longer[order])]
    alike = float(longer[stars[-1]] / longer[stars[0]])
    if alike > _ALIKE:
        reason = f"the {len(longer)} bright sources are of many sizes, as galaxies or cosmic rays are"
        return not_told(quantity, subject, reason)
    long, wide = float(np.median(longer[stars])), float(np.median(shorter[stars]))
    context: dict[str, Json] = {"sources": len(longer), "stars": len(stars), "alike": alike, "across": wide}
    cause = "trailed" if long > _ALIKE * wide else "out of focus or blurred"
    reason = f"stars are {long:.2f} times as long and {wide:.2f} times as wide as in the widest filter"
    error = 1.25 * float(np.std(longer[stars])) / math.sqrt(len(stars))
    return Measurement(
        quantity,
        long,
        "",
        subject,
        uncertainty=error,
        context=context,
        reason=reason,
        remedy=f"they are {cause}: leave the exposure out",
    )


def _peaks(
    above: NDArray[np.float32], level: NDArray[np.float32], full_well: float | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the brightest sources that stand alone."""
    low, middle = np.nanpercentile(above, (15.865, 50.0))
    known = np.where(np.isfinite(above), above, -np.inf)
    peaks = (known > _STANDS_OUT * max(middle - low, 0.0)) & (known > 0)
    if full_well is not None:
        peaks &= known + level < _FULL * full_well
    reach = math.ceil(_RING[1])
    peaks[:reach], peaks[-reach:], peaks[:, :reach], peaks[:, -reach:] = (False,) * 4
    rows, columns = local_maxima(known, peaks, 2 * _ALONE + 1)
    beside = [known[rows + down, columns + right] for down in (-1, 0, 1) for right in (-1, 0, 1)]
    lit = np.min(beside, axis=0) > _BESIDE * known[rows, columns]
    rows, columns = rows[lit], columns[lit]
    brightest = np.argsort(-known[rows, columns], kind="stable")[:_BRIGHTEST]
    return rows[brightest], columns[brightest]


def _offsets() -> tuple[Array, Array, Array]:
    reach = math.ceil(_RING[1])
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(float)
    return dy, dx, np.hypot(dy, dx)


def _stamps(above: NDArray[Any], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Array:
    """Light about sources; for a pixel that is missing that on the other side of the peak."""
    dy, dx, distance = _offsets()
    stamps = above[rows[:, None, None] + dy.astype(int), columns[:, None, None] + dx.astype(int)].astype(
        float
    )
    stamps = stamps[np.isfinite(stamps[:, distance <= _CORE]).all(axis=1)]
    ring = (distance >= _RING[0]) & (distance <= _RING[1])
    stamps = stamps[np.isfinite(stamps[:, ring]).any(axis=1)]
    light = stamps - np.nanmedian(stamps[:, ring], axis=1)[:, None, None]
    light = np.where(np.isfinite(light), light, light[:, ::-1, ::-1])
    return np.where((distance <= _RADIUS) & np.isfinite(light), light, 0.0)


def _moments(light: Array) -> Widths:
    """Widths by second moments about the centroids."""
    dy, dx, _ = _offsets()
    x = y = np.zeros((len(light), 1, 1))
    for _ in range(3):
        weighted = _windowed(light, dx - x, dy - y)
        total = weighted.sum(axis=(1, 2), keepdims=True)
        # Under a window a centroid moves by half of the way or less.
        x = x + 2.0 * ((dx - x) * weighted).sum(axis=(1, 2), keepdims=True) / total
        y = y + 2.0 * ((dy - y) * weighted).sum(axis=(1, 2), keepdims=True) / total
    weighted = _windowed(light, dx - x, dy - y)
    xx, yy, xy = (
        (weighted * product).sum(axis=(1, 2)) / weighted.sum(axis=(1, 2))
        for product in ((dx - x) ** 2, (dy - y) ** 2, (dx - x) * (dy - y))
    )
    half, apart = (xx + yy) / 2.0, np.hypot((xx - yy) / 2.0, xy)
    longer, shorter = _fwhm(half + apart), _fwhm(half - apart)
    kept = np.isfinite(longer) & np.isfinite(shorter) & (np.hypot(x, y).ravel() < _ALONE)
    return Widths(longer[kept], shorter[kept])


def _windowed(light: Array, dx: Array, dy: Array) -> Array:
    return np.asarray(np.exp(-0.5 * (dx**2 + dy**2) / _WINDOW**2) * light)


def _fwhm(moment: Array) -> Array:
    """FWHM of the second moment under the window: a product of two Gaussians adds inverse variances."""
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = 1.0 / (1.0 / moment - 1.0 / _WINDOW**2)
        return np.where((moment > 0) & (variance > 0), _FWHM * np.sqrt(variance), np.nan)


def _locus(ordered: Array) -> slice:
    """The narrowest range, relative to their size, of ordered widths that holds the stars' part of them."""
    number = max(math.ceil(_PART * len(ordered)), _STARS)
    ranges = ordered[number - 1 :] / ordered[: len(ordered) - number + 1]
    first = int(np.argmin(ranges))
    return slice(first, first + number)
