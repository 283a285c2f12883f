"""Dark rate of a photon counter: dark frames, and the dark part of a target's light."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.detector_temperature import WARM
from hubble_qa.checks.measurement import (
    Json,
    Measurement,
    count_violations,
    not_applicable,
    not_measured,
    not_told,
)
from hubble_qa.checks.standard_errors import fraction_error

__all__ = [
    "DarkCounts",
    "blank_residual",
    "box_counts",
    "dark_fraction",
    "dark_match_ratio",
    "dark_rate_order_violations",
    "hot_pixel_agreement",
]

# Rows and columns, counted from 0, in which dark rates are compared: the SBC dark-rate notebook.
BOX = (slice(650, 850), slice(580, 780))

# A decrease of the dark rate with temperature that is larger than this is not noise, nor is a smaller rise.
SIGNIFICANT = 4.0  # standard deviations

# Counts of a hot pixel in a dark frame and of the same pixel in an exposure. Elsewhere a warm detector gives
# 0.1 in 1000 s; of the hot pixels of programme 13961 the faintest has 20 to 100, from one frame to the next.
_HOT, _SEEN = 20.0, 5.0
_FEWEST_HOT = 3


@dataclass(frozen=True, slots=True)
class DarkCounts:
    """A dark frame: mean temperature in degrees C, counts in the box, exposure time in seconds."""

    frame: str
    temperature: float
    counts: float
    exptime: float

    @property
    def rate(self) -> float:
        """Counts per second."""
        return self.counts / self.exptime

    @property
    def error(self) -> float:
        """Poisson error of the rate; of no counts, that of one."""
        return math.sqrt(max(self.counts, 1.0)) / self.exptime


def box_counts(image: NDArray[Any]) -> float:
    """Counts in the box where dark rates are compared.

    Parameters
    ----------
    image : ndarray, shape (1024, 1024)
        A frame of the whole detector.
    """
    return float(np.sum(image[BOX], dtype=np.float64))


def dark_match_ratio(
    dark: Sequence[tuple[float, DarkCounts]], counts: float, exptime: float, *, subject: str
) -> Measurement:
    """Counts that the chosen dark would have in the exposure's time, over the exposure's, in the box.

    Parameters
    ----------
    dark : sequence of (float, DarkCounts)
        Each dark frame chosen, with its share; one with the share 1, or a mixture.
    counts : float
        Counts of the exposure in the box.
    exptime : float
        Its exposure time, seconds.
    subject : str
        The exposure.
    """
    if not dark:
        return not_measured("dark_match_ratio", subject, "no dark frame was chosen")
    shares = sum(share for share, _ in dark)
    context: dict[str, Json] = {
        "darks": {each.frame: share for share, each in dark},
        "dark_counts": {each.frame: each.counts for _, each in dark},
        "exposure_counts": counts,
        "exptime": exptime,
    }
    if not math.isclose(shares, 1.0, abs_tol=1e-6) or counts <= 0 or exptime <= 0:
        reason = f"shares add up to {shares:g}; {counts:g} counts in {exptime:g} s"
        return Measurement("dark_match_ratio", math.nan, "", subject, context=context, reason=reason)
    expected = exptime * sum(share * each.rate for share, each in dark)
    error = exptime * math.hypot(*(share * each.error for share, each in dark))
    ratio = expected / counts
    relative = math.hypot(error / expected, 1.0 / math.sqrt(counts)) if expected > 0 else math.inf
    return Measurement("dark_match_ratio", ratio, "", subject, uncertainty=ratio * relative, context=context)


def hot_pixel_agreement(
    darks: Mapping[str, NDArray[Any]], exposure: NDArray[Any], *, subject: str
) -> Measurement:
    """Part of a dark frame's hot pixels that are bright in the exposure too; of several frames, the least.

    A dark frame that was turned, mirrored or shifted has its counts, but not in the same pixels.

    Parameters
    ----------
    darks : mapping of str to ndarray, shape (1024, 1024)
        The dark frames chosen for the exposure, by name: counts.
    exposure : ndarray, shape (1024, 1024)
        The exposure's counts.
    subject : str
        The exposure.
    """
    if not darks:
        return not_measured("hot_pixel_agreement", subject, "no dark frame was chosen")
    hot = {name: image >= _HOT for name, image in darks.items()}
    fewest = min(hot, key=lambda name: int(hot[name].sum()))
    if hot[fewest].sum() < _FEWEST_HOT:
        reason = f"{fewest} has {int(hot[fewest].sum())} hot pixels; needs at least {_FEWEST_HOT}"
        return not_told("hot_pixel_agreement", subject, reason)
    parts = {name: float(np.mean(exposure[each] >= _SEEN)) for name, each in hot.items()}
    context: dict[str, Json] = {
        "agreement": {**parts},
        "hot_pixels": {name: int(each.sum()) for name, each in hot.items()},
    }
    worst = min(parts, key=parts.__getitem__)
    number = int(hot[worst].sum())
    error = fraction_error(round(parts[worst] * number), number)
    return Measurement("hot_pixel_agreement", parts[worst], "", subject, error, context)


def dark_fraction(
    dark: tuple[float, float], science: tuple[float, float], *, subject: str, match_error: float = 0.0
) -> Measurement:
    """Part of the light in an aperture that is dark.

    Parameters
    ----------
    dark, science : (float, float)
        Rate in the aperture and its standard deviation, of the master dark and of the science image.
    subject : str
        The aperture.
    match_error : float
        Standard deviation of the dark's rate that is due to its match with the exposures.
    """
    (of_dark, dark_error), (of_science, science_error) = dark, science
    context: dict[str, Json] = {"dark": of_dark, "science": of_science, "net": of_science - of_dark}
    if not of_science > 0:
        reason = f"the science image has {of_science:g} in the aperture"
        return Measurement("dark_fraction", math.nan, "", subject, context=context, reason=reason)
    fraction = of_dark / of_science
    error = math.hypot(dark_error, match_error, fraction * science_error) / of_science
    return Measurement("dark_fraction", fraction, "", subject, uncertainty=error, context=context)


def blank_residual(net: float, error: float, *, subject: str) -> Measurement:
    """What is left in an aperture without a source after the dark is subtracted, in standard deviations.

    Parameters
    ----------
    net, error : float
        Science less dark, and its standard deviation by the counts of both.
    subject : str
        The aperture.
    """
    context: dict[str, Json] = {"net": net, "error": error}
    if not error > 0:
        reason = f"the error is {error:g}: there were no counts"
        return Measurement("blank_residual", math.nan, "", subject, context=context, reason=reason)
    # In units of its own error, so that this is 1.
    return Measurement("blank_residual", abs(net) / error, "", subject, 1.0, context)


def dark_rate_order_violations(
    darks: Sequence[DarkCounts], *, subject: str, threshold: float = WARM
) -> Measurement:
    """Count dark frames above a temperature whose rate does not rise with it, within the noise.

    A frame counts if a warmer one has a lower rate by more than `SIGNIFICANT` standard deviations; and
    the series counts once if the rate of its warmest frame does not exceed that of its coolest by as
    much.

    Parameters
    ----------
    darks : sequence of DarkCounts
        The dark frames.
    subject : str
        Their programme.
    threshold : float
        Degrees C.
    """
    missing = [dark.frame for dark in darks if not math.isfinite(dark.temperature)]
    if missing:
        return not_measured("dark_rate_order_violations", subject, f"{missing[0]} has no temperature")
    warm = sorted((dark for dark in darks if dark.temperature > threshold), key=lambda dark: dark.temperature)
    if len(warm) < 2:
        reason = f"{len(warm)} of {len(darks)} dark frames above {threshold:g} deg C"
        return not_applicable("dark_rate_order_violations", subject, reason)
    violations = []
    for cool in warm:
        drops = [(_excess(cool, hot), hot) for hot in warm if hot.temperature > cool.temperature]
        drop, hot = max(drops, key=lambda each: each[0], default=(0.0, cool))
        if drop > SIGNIFICANT:
            violations.append(
                f"{cool.frame} at {cool.temperature:.2f} deg C has {cool.rate:.4g}/s, "
                f"{hot.frame} at {hot.temperature:.2f} only {hot.rate:.4g}: {drop:.1f} sigma"
            )
    rise = _excess(warm[-1], warm[0])
    if rise < SIGNIFICANT:
        violations.append(
            f"from {warm[0].temperature:.2f} to {warm[-1].temperature:.2f} deg C it rises by {rise:.1f} sigma"
        )
    context: dict[str, Json] = {"rise_sigma": rise, "rates": {dark.frame: dark.rate for dark in warm}}
    return count_violations("dark_rate_order_violations", subject, violations, context)


def _excess(first: DarkCounts, second: DarkCounts) -> float:
    """Difference of two rates in standard deviations."""
    return (first.rate - second.rate) / math.hypot(first.error, second.error)
