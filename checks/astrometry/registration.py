"""Whether exposures that were combined show the sky at one place: by stars they share, or by their target."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.source_pairs import SourcePairs
from hubble_qa.checks.measurement import Json, Measurement, not_told

__all__ = [
    "Offset",
    "SkyPixels",
    "exposure_misalignment",
    "image_separation",
    "isolated_hits",
    "offset_of_stars",
    "offset_of_target",
    "separation_unit",
]

Array = NDArray[np.float64]

# A quarter of it is 10 mas, to which colours are matched at the finest sampling in use.
FINEST_PIXEL = 40.0  # mas
# Of an offset only what exceeds so many of its errors counts: it has two axes, so that by chance one in 90 is
# longer than 3, and one in 3,000 longer than 4.
SIGNIFICANT = 4.0
# Pixels of the detector from which on a chip's own offset counts: distances between chips, which change by
# tenths of a pixel in years, are for WCS-007.
CHIP_AWAY = 0.5
# Standard error of a median over that of a mean, for Gaussian scatter.
_MEDIAN = math.sqrt(math.pi / 2.0)

# Where a target is looked for: a map with cells of this size, smoothed by so much; its centroid is taken
# within the radius, over the background of the ring beyond it, all in arcsec.
_CELL = 0.1
# Smoothing takes in so many of its widths; a map of more cells is no camera's field, but of a wrong scale.
_ABOUT, _MOST_CELLS = 5.0, 20_000_000
_SMOOTHING = 0.3
_RADIUS = 1.5
_RING = 3.0
_STEPS = 20
# Signal of a target, in standard deviations of the background, whose centroid means something, and the
# farthest that the positions of one target can be apart, arcsec; farther are two targets.
_SIGNAL = 20.0
_FARTHEST = 5.0
# By how much of its light a target may differ between exposures: five times the noise of the faintest.
_ALIKE = 0.25
# A hit: this many photons, or standard deviations of a pixel, and the share of it that its surroundings have.
_HIT = 25.0
_SHARED = 0.05


@dataclass(frozen=True, slots=True)
class Offset:
    """Where one exposure has the sky less where another has it.

    Attributes
    ----------
    east, north : float
        The offset, mas.
    error : float
        Standard error of either, mas.
    by : str
        What tells it: ``"212 sources"``.
    """

    east: float
    north: float
    error: float
    by: str


@dataclass(frozen=True, slots=True, eq=False)
class SkyPixels:
    """Pixels of an exposure on the sky.

    Attributes
    ----------
    places : ndarray, shape (n, 2)
        East and north of a centre that both exposures share, arcsec.
    values : ndarray, shape (n,)
        Their values.
    noise : float
        Variance of the photons of a signal over that signal: 1 for counts, 1 / exposure time for rates.
    time : float
        Seconds that a value is of: the exposure time for counts, 1 for rates.
    """

    places: Array
    values: Array
    noise: float
    time: float = 1.0


def exposure_misalignment(
    offsets: Mapping[tuple[str, str], Offset],
    chips: Mapping[tuple[str, str], Offset] = MappingProxyType({}),
    *,
    plate_scale: float,
    subject: str,
) -> Measurement:
    """How far the exposure that is farthest from the others of a combined image is from them, pixels.

    An exposure's offset is the median, in either axis, of those from the others that show the same
    stars; of it, what is beyond `SIGNIFICANT` times its error counts. Of two exposures both are as far. So
    does a chip's, where that is `CHIP_AWAY` pixels or more.

    Parameters
    ----------
    offsets : mapping of (str, str) to Offset
        By pair of exposures, of the first from the second.
    chips : mapping of (str, str) to Offset, optional
        By chip and exposure, of the chip from another exposure.
    plate_scale : float
        Of the detector, arcsec per pixel.
    subject : str
        The combined image.
    """
    if not offsets and not chips:
        reason = "no two of its exposures share a target, or enough stars, to be compared by"
        return not_told("exposure_misalignment", subject, reason)
    names = list(dict.fromkeys(name for pair in offsets for name in pair))
    far = {name: _from_others(name, offsets) for name in names}
    away = {name: _from_others(name, chips) for name in dict.fromkeys(name for name, _ in chips)}
    least = 1000.0 * CHIP_AWAY * plate_scale
    far |= {name: (each[0] if each[0] >= least else 0.0, *each[1:]) for name, each in away.items()}
    worst = max(far, key=lambda name: far[name][0])
    excess, length, error, pairs = far[worst]
    context: dict[str, Json] = {
        "offsets_mas": {name: each[1] for name, each in far.items()},
        "errors_mas": {name: each[2] for name, each in far.items()},
        "plate_scale_arcsec": plate_scale,
    }
    compared = offsets if worst in names else chips
    others = ", ".join(sorted({name for pair in compared if worst in pair for name in pair} - {worst}))
    reason = f"{worst} is {length:.1f} ± {error:.1f} mas from {others}, by {pairs}"
    pixel = 1000.0 * plate_scale
    return Measurement(
        "exposure_misalignment",
        excess / pixel,
        "pix",
        subject,
        error / pixel,
        context,
        reason=reason,
        beyond_error=True,
    )


def separation_unit(pixel: float) -> float:
    """What separations of drizzled images are counted in, mas: a pixel, or 40 mas if that is more.

    Parameters
    ----------
    pixel : float
        Of the coarser image, arcsec.
    """
    return max(1000.0 * pixel, FINEST_PIXEL)


def image_separation(offset: Offset | None, *, pixel: float, subject: str) -> Measurement:
    """How far apart two drizzled images have the sky, pixels of the coarser, or of 40 mas if that is more.

    Of the offset, what is beyond `SIGNIFICANT` times its error counts.

    Parameters
    ----------
    offset : Offset or None
        Of one from the other; None where they share too few sources.
    pixel : float
        Of the coarser image, arcsec.
    subject : str
        The pair.
    """
    if offset is None:
        return not_told("image_separation", subject, "they do not share enough sources to be compared by")
    unit = separation_unit(pixel)
    length = math.hypot(offset.east, offset.north)
    excess = max(length - SIGNIFICANT * offset.error, 0.0)
    context: dict[str, Json] = {
        "east_mas": offset.east,
        "north_mas": offset.north,
        "error_mas": offset.error,
        "pixel_mas": unit,
    }
    reason = f"{length:.1f} ± {offset.error:.1f} mas, by {offset.by}"
    return Measurement(
        "image_separation",
        excess / unit,
        "pix",
        subject,
        offset.error / unit,
        context,
        reason=reason,
        beyond_error=True,
    )


def _from_others(name: str, offsets: Mapping[tuple[str, str], Offset]) -> tuple[float, float, float, str]:
    """What counts of an exposure's offset from the others, its length and error, mas, and what tells it."""
    signed = [
        (sign * each.east, sign * each.north, each.error, each.by)
        for pair, each in offsets.items()
        for sign, end in ((1.0, pair[0]), (-1.0, pair[1]))
        if end == name
    ]
    length = math.hypot(*np.median([each[:2] for each in signed], axis=0))
    error = float(np.median([each[2] for each in signed]))
    return max(length - SIGNIFICANT * error, 0.0), length, error, signed[0][3]


def offset_of_stars(pairs: SourcePairs) -> Offset | None:
    """Offset of one exposure's stars from another's: the median; None where they share none.

    Parameters
    ----------
    pairs : SourcePairs
        Of the sources of one exposure with those of the other, each by its own coordinates.
    """
    if not len(pairs):
        return None
    east, north = np.median(pairs.offsets, axis=0)
    scatter = float(np.max(mad_std(pairs.offsets, axis=0)))
    return Offset(east, north, _MEDIAN * scatter / math.sqrt(len(pairs)), f"{len(pairs)} sources")


def offset_of_target(first: SkyPixels, second: SkyPixels) -> Offset | None:
    """Offset of the brightest extended thing that two exposures share; None where there is none.

    It is sought where both see the sky, in smoothed maps, and its centroid is taken from the pixels. For
    exposures of a galaxy in an otherwise empty field, as those of the SBC are. What is not as bright in one
    as in the other, within a quarter, is not one thing: cosmic rays, or two sources.

    Parameters
    ----------
    first, second : SkyPixels
        The exposures' pixels that are not flagged.
    """
    if not len(first.values) or not len(second.values):
        return None
    # Rates of an exposure whose time is none do not tell how many photons they are of, and so no error.
    if not (math.isfinite(first.noise) and math.isfinite(second.noise)):
        return None
    peaks = _peaks(first, second)
    if peaks is None:
        return None
    found = [_target(own, start) for own, start in zip((first, second), peaks, strict=True)]
    if found[0] is None or found[1] is None:
        return None
    (here, one, light), (there, other, again) = found[0], found[1]
    east, north = 1000.0 * (here - there)
    if math.hypot(east, north) > 1000.0 * _FARTHEST or abs(light - again) > _ALIKE * max(light, again):
        return None
    return Offset(float(east), float(north), 1000.0 * math.hypot(one, other), "the centroid of the target")


def isolated_hits(image: NDArray[Any], *, noise: float) -> NDArray[np.bool_]:
    """Pixels of hits that no neighbour shares, as hot pixels and cosmic rays are, and no target is.

    What 3 by 3 pixels hold, above the median, must be seen in the pixels around them, to 7 by 7, as well:
    of a star HST's cameras have a quarter and more there.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        The image.
    noise : float
        As of `SkyPixels`.
    """
    from scipy.ndimage import maximum_filter, uniform_filter

    above = np.nan_to_num(image.astype(np.float64) - np.nanmedian(image))
    core = 9.0 * uniform_filter(above, 3, mode="constant")
    around = (49.0 * uniform_filter(above, 7, mode="constant") - core) * 9.0 / 40.0
    clear = max(_HIT * noise, _HIT * float(mad_std(above)))
    return np.asarray(maximum_filter((core > clear) & (around < _SHARED * core), 3))


def _peaks(first: SkyPixels, second: SkyPixels) -> Sequence[Array] | None:
    """The brightest place of either exposure where both see the sky; smoothed, so that no hit is one.

    None where they do not overlap, or their coordinates are such that no map of them can be held.
    """
    from scipy.ndimage import gaussian_filter

    least = [own.places.min(axis=0) for own in (first, second)]
    most = [own.places.max(axis=0) for own in (first, second)]
    # What both see, and as much about it as the smoothing takes in.
    start = np.maximum(np.minimum(*least), np.maximum(*least) - _ABOUT * _SMOOTHING)
    low = np.minimum(*least) + np.floor((start - np.minimum(*least)) / _CELL) * _CELL
    high = np.minimum(np.maximum(*most), np.minimum(*most) + _ABOUT * _SMOOTHING)
    cells = (high - low) / _CELL
    if not (np.all(np.minimum(*most) > np.maximum(*least)) and np.prod(cells) < _MOST_CELLS):
        return None
    bins = [np.arange(low[axis], high[axis] + _CELL, _CELL) for axis in (0, 1)]
    if any(len(edges) < 3 for edges in bins):
        return [np.zeros(2), np.zeros(2)]
    maps, seen = [], True
    for own in (first, second):
        sums, counts = (
            np.histogram2d(own.places[:, 0], own.places[:, 1], bins=bins, weights=weights)[0]
            for weights in (own.values - np.median(own.values), None)
        )
        if not counts.any():
            return None
        maps.append(
            gaussian_filter(sums, _SMOOTHING / _CELL) / gaussian_filter(counts + 1e-9, _SMOOTHING / _CELL)
        )
        # Pixels may be larger than cells, of which many are then empty.
        density = gaussian_filter(counts, _SMOOTHING / _CELL)
        seen &= density > 0.5 * np.median(density[counts > 0])
    peaks = [np.unravel_index(int(np.argmax(np.where(seen, each, -np.inf))), each.shape) for each in maps]
    return [
        np.array([bins[axis][peak[axis]] + _CELL / 2 for axis in (0, 1)], dtype=np.float64) for peak in peaks
    ]


def _target(pixels: SkyPixels, start: Array) -> tuple[Array, float, float] | None:
    """Centroid of a target near a place, its standard error in an axis, arcsec, and its light per second.

    None if it is faint.
    """
    centre = start
    for _ in range(_STEPS):
        away = np.hypot(*(pixels.places - centre).T)
        inside, ring = away < _RADIUS, (away >= _RADIUS) & (away < _RING)
        if inside.sum() < 10 or ring.sum() < 10:
            return None
        sky = float(np.mean(pixels.values[ring]))
        signal = pixels.values[inside] - sky
        total, variance = float(signal.sum()), float(np.var(pixels.values[ring]))
        if not total > _SIGNAL * math.sqrt(variance * inside.sum()):
            return None
        arms = pixels.places[inside] - centre
        step = signal @ arms / total
        centre = centre + step
        if math.hypot(*step) < 1e-4:
            break
    size = float(np.clip(signal, 0.0, None) @ np.sum(arms**2, axis=1)) / 2.0
    noise = pixels.noise * size + variance * float(np.sum(arms**2)) / 2.0
    return centre, math.sqrt(noise) / total, total / pixels.time
