"""Background of infrared exposures: its change from read to read, and what a ramp fit made of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.measurement import Json, Measurement, not_applicable, not_measured, not_told
from hubble_qa.checks.standard_errors import width_error

__all__ = [
    "Level",
    "background_deviation",
    "background_level",
    "background_peaks",
    "background_rate_ratio",
    "background_width",
    "background_width_change",
    "difference_noise",
    "histogram_peaks",
    "weighting_range",
]

# Seconds after the zeroth read before which a read holds too little light to tell a rate: with 0.5 e/s,
# ten electrons, a tenth of which is the uncertainty of the reference pixels' mean.
SHORTEST = 20.0
FEWEST_ELECTRONS = 10.0
_ERROR_OF_READ = 1.0  # electrons, of the mean of the reference pixels

# Pixels farther than this from the median, in robust standard deviations, are stars and cosmic rays.
_CLIP = 5.0
_ROUNDS = 4
# A background of fewer pixels has no shape.
MIN_PIXELS = 10_000

# Departures from neighbours that share pixels go together: the error of their width is that of independent
# values times this (of white noise, by 400 simulations of 200 by 220 pixels).
_TOGETHER = 1.67

# Exponents of the weights that ramps are fitted with.
_POWERS = (0.0, 0.4, 1.0, 3.0, 6.0, 10.0)

# Histograms: width of the bins and of the smoothing, in units of the expected noise, and how far a peak
# must rise above the saddle to a higher one, as a fraction of the highest.
_BIN, _SMOOTHING = 0.1, 0.35
_PROMINENCE = 0.05


@dataclass(frozen=True, slots=True)
class Level:
    """Background of an image.

    Attributes
    ----------
    median, width : float
        Median of the pixels without stars and cosmic rays, and half the range of the middle 68 %.
    pixels : int
        How many they are.
    """

    median: float
    width: float
    pixels: int


def background_level(values: NDArray[Any]) -> Level:
    """Median and robust width of an image's background.

    Parameters
    ----------
    values : ndarray
        Pixels that count; those that are not finite do not.
    """
    pixels = np.asarray(values, dtype=np.result_type(values, np.float32)).ravel()
    # Sorted once, what is clipped is cut off the ends.
    kept = np.sort(pixels[np.isfinite(pixels)])
    for _ in range(_ROUNDS):
        low, median, high = _percentiles(kept)
        reach = _CLIP * max((high - low) / 2.0, 1e-30)
        first = np.searchsorted(kept, kept.dtype.type(median - reach))
        last = np.searchsorted(kept, kept.dtype.type(median + reach), side="right")
        if last - first == len(kept):
            break
        kept = kept[first:last]
    low, median, high = _percentiles(kept)
    return Level(median, (high - low) / 2.0, len(kept))


def _percentiles(ordered: NDArray[Any]) -> tuple[float, float, float]:
    """The median of ordered values, and the percentiles that are a standard deviation from a Gaussian's."""
    if not ordered.size:
        return math.nan, math.nan, math.nan
    low, median, high = (_at(ordered, fraction * (len(ordered) - 1)) for fraction in (0.15865, 0.5, 0.84135))
    return low, median, high


def _at(ordered: NDArray[Any], place: float) -> float:
    below, above = float(ordered[math.floor(place)]), float(ordered[math.ceil(place)])
    return below + (place - math.floor(place)) * (above - below)


def difference_noise(rate: float, dark: float, *, read_noise: float, time: float) -> float:
    """Noise of the difference of the last and the zeroth read, electrons per second and pixel.

    ``sqrt(read_noise^2 + (rate + dark) time) / time``. The fit of a sound ramp does not exceed it.

    Parameters
    ----------
    rate, dark : float
        Background and dark current, electrons per second.
    read_noise : float
        Electrons of noise of the difference of two reads.
    time : float
        Seconds between them.
    """
    return math.sqrt(read_noise**2 + max(rate + dark, 0.0) * time) / time


def background_rate_ratio(times: Sequence[float], rates: Sequence[float], *, subject: str) -> Measurement:
    """Largest over smallest background rate of an exposure's reads.

    Parameters
    ----------
    times : sequence of float
        Seconds from the zeroth read to each other read, in any order. Reads earlier than `SHORTEST` do
        not count, nor those with fewer than `FEWEST_ELECTRONS` a pixel.
    rates : sequence of float
        Median of each read over that time (``wfc3tools.pstat``: stat ``midpt``, units ``rate``).
    subject : str
        The exposure.
    """
    if not times:
        return not_measured("background_rate_ratio", subject, "there is no read after the zeroth")
    late = {time: rate for time, rate in zip(times, rates, strict=True) if time >= SHORTEST}
    if len(late) < 2:
        reason = f"{len(late)} reads are later than {SHORTEST:g} s; a change takes two, of a longer exposure"
        return not_applicable("background_rate_ratio", subject, reason)
    dark = [time for time, rate in late.items() if not rate * time > -FEWEST_ELECTRONS]
    if dark:
        reason = (
            f"the rate of the read at {min(dark):.0f} s is {late[min(dark)]:.3g} electron/s, not positive"
        )
        return not_measured("background_rate_ratio", subject, reason)
    judged = {time: rate for time, rate in late.items() if rate * time >= FEWEST_ELECTRONS}
    if len(judged) < 2:
        reason = f"{len(judged)} reads have {FEWEST_ELECTRONS:g} electrons of background; a change takes two"
        return not_told("background_rate_ratio", subject, reason)
    least, most = min(judged, key=judged.__getitem__), max(judged, key=judged.__getitem__)
    low, high = judged[least], judged[most]
    error = high / low * math.hypot(_ERROR_OF_READ / (low * least), _ERROR_OF_READ / (high * most))
    context: dict[str, Json] = {
        "smallest_rate": low,
        "largest_rate": high,
        "reads": len(judged),
        "times_s": [*judged],
        "rates": [*judged.values()],
    }
    return Measurement("background_rate_ratio", high / low, "", subject, error, context)


def weighting_range(times: Sequence[float], rates: Sequence[float]) -> tuple[float, float]:
    """How far slopes of an exposure's background depart from its sum, by the weights of its reads.

    The fit of a ramp weights reads by ``|2 i / n - 1|^p`` (Fixsen et al. 2000, PASP 112, 1350), from all
    alike where noise is that of reading, ``p = 0``, to the sum, last minus first, where it is that of
    light. All agree on a steady background, but not on one that changes.

    Parameters
    ----------
    times : sequence of float
        Seconds from the zeroth read to each other read, in order.
    rates : sequence of float
        Median of each read over that time.

    Returns
    -------
    tuple of float
        Least and greatest slope less the sum over the time, in the unit of the rates; 0 is between.
    """
    time, charge = np.array(times), np.multiply(times, rates)
    place = np.abs(np.linspace(-1.0, 1.0, len(time)))
    slopes = [np.polyfit(time, charge, 1, w=np.sqrt(place**power))[0] for power in _POWERS]
    departures = [0.0, *(float(slope - rates[-1]) for slope in slopes)]
    return min(departures), max(departures)


def histogram_peaks(values: NDArray[Any], noise: float) -> tuple[float, ...]:
    """Where the histogram of an image's background has its peaks.

    Parameters
    ----------
    values : ndarray
        Pixels of the background.
    noise : float
        Expected noise; the histogram is smoothed by a third of it.

    Returns
    -------
    tuple of float
        From the left; shoulders and bumps of noise are none.
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    level = background_level(values)
    if not (level.pixels and noise > 0):
        return ()
    reach = _CLIP * max(level.width, noise)
    edges = np.arange(level.median - reach, level.median + reach + _BIN * noise, _BIN * noise)
    counts, edges = np.histogram(np.asarray(values, dtype=float).ravel(), bins=edges)
    smooth = gaussian_filter1d(counts.astype(float), _SMOOTHING / _BIN, mode="constant")
    highest = float(smooth.max())
    # Noise of counts, of which the smoothing averages some.
    least = max(_PROMINENCE * highest, 5.0 * math.sqrt(highest))
    places, _ = find_peaks(smooth, prominence=least)
    middles = (edges[:-1] + edges[1:]) / 2.0
    return tuple(float(middles[place]) for place in places)


def background_width(grain: NDArray[Any], *, noise: float, subject: str) -> Measurement:
    """Robust width of what an exposure's sky differs by from pixel to pixel, over the expected noise.

    A ramp fit that takes a change of the background for cosmic rays breaks ramps at different reads, so
    that the background is too wide.

    Parameters
    ----------
    grain : ndarray
        Departures of pixels of the sky from their neighbours, over the expected noise; see
        `sky_structure.sky_grain`, which leaves out what is not sky.
    noise : float
        Expected noise, electrons per second; see `difference_noise`.
    subject : str
        The exposure.

    Raises
    ------
    ValueError
        If the noise is not positive.
    """
    level = background_level(grain)
    reason = _too_little_sky(level, noise, subject)
    if reason:
        return not_told("background_width", subject, reason)
    context: dict[str, Json] = {"sky_pixels": level.pixels, "expected_noise": noise}
    error = _TOGETHER * (width_error(level.width, level.pixels) or math.nan)
    return Measurement("background_width", level.width, "", subject, error, context)


def background_peaks(pulls: NDArray[Any], *, noise: float, subject: str) -> Measurement:
    """Number of peaks of the histogram of an exposure's sky.

    A ramp fit that takes a change of the background for cosmic rays breaks ramps at different reads: the
    pixels of each have a level of their own.

    Parameters
    ----------
    pulls : ndarray
        Pixels of the sky less its level where they are, over the expected noise; see
        `sky_structure.sky_pulls`, which leaves out what is not sky.
    noise, subject
        As of `background_width`.

    Raises
    ------
    ValueError
        If the noise is not positive.
    """
    reason = _too_little_sky(background_level(pulls), noise, subject)
    if reason:
        return not_told("background_peaks", subject, reason)
    peaks = histogram_peaks(pulls, 1.0)
    if not peaks:
        return not_measured("background_peaks", subject, "its histogram has no peak")
    places = [peak * noise for peak in peaks]
    context: dict[str, Json] = {"peaks": [*places]}
    several = f"peaks at {', '.join(f'{place:+.3g}' for place in places)} electrons per second about the sky"
    reason = several if len(peaks) > 1 else ""
    return Measurement("background_peaks", len(peaks), "", subject, context=context, reason=reason)


def _too_little_sky(level: Level, noise: float, subject: str) -> str:
    if level.pixels < MIN_PIXELS:
        return (
            f"only {level.pixels} pixels show the sky, the others are flagged or covered by the target; "
            f"needs {MIN_PIXELS}"
        )
    if not noise > 0:
        raise ValueError(f"{subject}: the expected noise must be positive, not {noise}")
    return ""


def background_deviation(values: NDArray[Any], *, rate: float, subject: str) -> Measurement:
    """Background of a calibrated exposure over the rate at which the reads gathered it, less 1.

    Parameters
    ----------
    values : ndarray
        Unflagged pixels, electrons per second.
    rate : float
        Median of the last read over its time, electrons per second.
    subject : str
        The exposure.
    """
    if not (math.isfinite(rate) and rate > 0):
        return not_measured("background_deviation", subject, f"the rate of the last read is {rate:g}")
    level = background_level(values)
    if not level.pixels:
        return not_measured("background_deviation", subject, "no pixel is unflagged")
    context: dict[str, Json] = {"background": level.median, "rate_of_last_read": rate}
    error = math.sqrt(math.pi / 2.0 / level.pixels) * level.width / rate
    return Measurement(
        "background_deviation", level.median / rate - 1.0, "", subject, uncertainty=error, context=context
    )


def background_width_change(
    reprocessed: NDArray[Any], original: NDArray[Any], *, affected: Sequence[str], subject: str
) -> Measurement:
    """Width of the background of a combined image over that of the one it replaces.

    Parameters
    ----------
    reprocessed, original : ndarray
        Pixels with weight of either image, in one unit.
    affected : sequence of str
        Exposures that were calibrated in another way than in the original.
    subject : str
        The product.
    """
    if not affected:
        reason = "no exposure was calibrated in another way than in the original"
        return not_applicable("background_width_change", subject, reason)
    new, old = background_level(reprocessed), background_level(original)
    if min(new.pixels, old.pixels) < MIN_PIXELS:
        reason = f"{new.pixels} and {old.pixels} pixels of background; needs at least {MIN_PIXELS} of each"
        return not_measured("background_width_change", subject, reason)
    context: dict[str, Json] = {
        "width": new.width,
        "original_width": old.width,
        "reprocessed_exposures": list(affected),
    }
    ratio = new.width / old.width
    error = width_error(ratio * math.hypot(1.0, math.sqrt(new.pixels / old.pixels)), new.pixels)
    return Measurement("background_width_change", ratio, "", subject, error, context)
