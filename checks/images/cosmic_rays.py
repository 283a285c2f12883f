"""Cosmic-ray rejection: how much was flagged, whether stars were, and what is left in combined images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.background import background_level
from hubble_qa.checks.measurement import Json, Measurement, not_measured, not_told

__all__ = [
    "Hits",
    "Masks",
    "cosmic_ray_rate",
    "hit_remainder",
    "rejected_cores",
    "residual_cosmic_rays",
]

Masks: TypeAlias = Mapping[int, NDArray[np.bool_]]
"""A boolean image for each chip, by EXTVER."""

# Fewer pixels hold too few cosmic rays to count: at the least rate that is accepted, 0.2 % per ks, a
# hundred pixels are flagged among these in 500 s.
MIN_PIXELS = 100_000

# Of fewer, not even a fifth that is rejected is told from chance: 4 of 20 are at the least 2.3 %.
MIN_STARS = 20

# Probability that a least fraction exceeds the true one.
_MISSED = 0.001

# Of 20 hits that were all kept, the lower limit of the fraction is 0.7.
_FEWEST_HITS = 20

# Standard deviations by which a pixel of a combined image must exceed the median of its exposures to be a
# residual cosmic ray, and at which the median shows a source, whose pixels are not judged.
_RESIDUAL = 5.0
_SOURCE = 5.0
_GROWTH = 3  # pixels by which sources are grown
_EDGE = 4  # pixels along the edge of the field that all exposures see
_FEWEST_JUDGED = 10_000  # pixels, as the shape of a background takes


def cosmic_ray_rate(
    flagged: Masks, *, exposure_time: float, judged: Masks | None = None, subject: str
) -> Measurement:
    """Fraction of pixels flagged as cosmic rays per 1000 s of exposure.

    Parameters
    ----------
    flagged : mapping of int to ndarray of bool, shape (ny, nx)
        Pixels flagged as cosmic rays; see `hubble_qa.checks.readers.read_cosmic_ray_mask`.
    exposure_time : float
        Seconds.
    judged : mapping of int to ndarray of bool, optional
        Pixels that can have been flagged: those that another exposure sees as well; see
        `footprints.seen_by_others`. All by default.
    subject : str
        The exposure.

    Raises
    ------
    ValueError
        If the exposure time is not positive.
    """
    if not exposure_time > 0:
        raise ValueError(f"{subject}: exposure time must be positive, not {exposure_time} s")
    count, pixels = _counts(flagged, _judged(flagged, judged))
    if pixels < MIN_PIXELS:
        reason = f"only {pixels} pixels could have been flagged; needs at least {MIN_PIXELS}"
        return not_measured("cosmic_ray_rate", subject, reason)
    kiloseconds = exposure_time / 1000.0
    context: dict[str, Json] = {"flagged": count, "pixels": pixels, "exposure_time_s": exposure_time}
    return Measurement(
        "cosmic_ray_rate",
        count / pixels / kiloseconds,
        "ks-1",
        subject,
        uncertainty=math.sqrt(count) / pixels / kiloseconds,
        context=context,
    )


def rejected_cores(
    flagged: Masks,
    stars: Mapping[int, NDArray[np.float64]],
    *,
    judged: Masks | None = None,
    unrelated: float = 0.0,
    subject: str,
) -> Measurement:
    """Least fraction of stars whose central pixel was rejected as a cosmic ray, in excess of chance.

    Cosmic rays hit stars as often as they hit the sky, so that the fraction of all judged pixels that
    are flagged is subtracted; the value can be slightly negative. Of the fraction of stars it is the lower
    limit that chance misses in one of 1000 exposures: of 135 stars, three are hit now and then.

    Parameters
    ----------
    flagged, judged, subject
        As for `cosmic_ray_rate`.
    stars : mapping of int to ndarray, shape (n, 2)
        x and y, counted from 1, of bright, unsaturated stars on each chip.
    unrelated : float
        How many of them are expected to be pairs of cosmic rays, which are rejected rightly.
    """
    where = _judged(flagged, judged)
    seen = [_at(flagged[chip], where[chip], stars[chip]) for chip in flagged if chip in stars]
    cores = np.concatenate([*seen, np.empty(0, dtype=bool)])
    if len(cores) < MIN_STARS:
        reason = f"only {len(cores)} stars where a cosmic ray could be flagged; {MIN_STARS} would tell"
        return not_told("rejected_cores", subject, reason)
    count, pixels = _counts(flagged, where)
    hit, by_chance = int(np.count_nonzero(cores)), count / pixels
    rejected = hit / len(cores)
    context: dict[str, Json] = {
        "stars": len(cores),
        "rejected": hit,
        "excess": rejected - by_chance,
        "flagged_fraction": by_chance,
    }
    error = math.sqrt(max(rejected * (1.0 - rejected), by_chance) / len(cores))
    share = min(1.0, unrelated / sum(map(len, stars.values())))
    context |= {"pairs_by_chance": share * len(cores)} if share else {}
    # Each is a pair by chance, or a star of which a fraction is rejected.
    least = (_least_fraction(hit, len(cores)) - share) / (1.0 - share) if share < 1.0 else 0.0
    return Measurement(
        "rejected_cores", max(least, 0.0) - by_chance, "", subject, error, context, beyond_error=True
    )


def _least_fraction(hit: int, number: int) -> float:
    """Lower limit of a binomial fraction (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    return float(beta.ppf(_MISSED, hit, number - hit + 1)) if hit else 0.0


class Hits(NamedTuple):
    """Hits of single exposures on a combined image.

    Attributes
    ----------
    found, unrejected : ndarray, shape (n,)
        What the combined image has above its sky about each hit, and what it would have without any
        rejection, in one unit; NaN where the image has no weight.
    """

    found: NDArray[np.float64]
    unrejected: NDArray[np.float64]


def hit_remainder(hits: Hits, *, subject: str) -> Measurement:
    """Least fraction of the hits of single exposures that a combined image still has.

    Masks of cosmic rays say what was found, not that it was left out. Judged are pixels of the exposures
    themselves, cosmic rays and bad pixels alike, that one exposure has far above the sky and the others at
    the sky. A hit is left where the combined image holds more than half of what it would without any
    rejection. The value is the lower limit that chance misses in one of 1000 images.

    Parameters
    ----------
    hits : Hits
        Pixels that stand out in one exposure, where the others see the sky.
    subject : str
        The image.
    """
    kept = np.isfinite(hits.found) & (hits.unrejected > 0)
    number = int(np.count_nonzero(kept))
    if number < _FEWEST_HITS:
        reason = f"{number} pixels stand out in one exposure alone; needs at least {_FEWEST_HITS}"
        return not_told("cosmic_ray_remainder", subject, reason)
    shares = hits.found[kept] / hits.unrejected[kept]
    kept_hits = int(np.count_nonzero(shares > 0.5))
    left = kept_hits / number
    context: dict[str, Json] = {
        "hits": number,
        "left": kept_hits,
        "fraction_left": left,
        "median_share": float(np.median(shares)),
    }
    error = math.sqrt(max(left * (1.0 - left), 1.0 / number) / number)
    return Measurement(
        "cosmic_ray_remainder",
        _least_fraction(kept_hits, number),
        "",
        subject,
        error,
        context,
        reason=f"{kept_hits} of {number} hits of single exposures are in the image" if kept_hits else "",
        beyond_error=True,
        remedy="combine it with rejection (AstroDrizzle: median, blot, driz_cr), or with lower driz_cr_snr",
    )


def residual_cosmic_rays(
    combined: NDArray[Any], singles: Mapping[str, NDArray[Any]], *, subject: str
) -> Measurement:
    """Pixels of a combined image above the median of its exposures, beyond chance, in standard deviations.

    A pixel counts that departs from the median by more than 5 times the width of the combined
    background. Noise departs as often to either side: pixels below the median say how many above it a
    clean image would have. The value is ``(n+ - n-) / sqrt(n+ + n- + 1)``.

    Pixels that not all exposures see are not judged, where a median cannot tell; nor those at an
    exposure's very edge, where AstroDrizzle has nothing to compare it with and rejects nothing; nor those
    of sources, because undersampled stars differ from exposure to exposure.

    Parameters
    ----------
    combined : ndarray, shape (ny, nx)
        Combined image; NaN where it has no weight.
    singles : mapping of str to ndarray, shape (ny, nx)
        Each exposure on the same grid, its own background subtracted; NaN where it has no weight.
    subject : str
        The product.
    """
    if len(singles) < 3:
        reason = f"{len(singles)} exposures; a median without cosmic rays needs at least 3"
        return not_measured("residual_cosmic_rays", subject, reason)
    stack = np.array([np.asarray(each, dtype=np.float32) for each in singles.values()])
    judged = _within(np.isfinite(stack).all(axis=0)) & np.isfinite(combined)
    median = np.median(stack, axis=0)
    judged &= ~_sources(median, judged)
    number = int(np.count_nonzero(judged))
    if number < _FEWEST_JUDGED:
        reason = (
            f"only {number} source-free pixels are seen by all exposures; needs at least {_FEWEST_JUDGED}"
        )
        return not_measured("residual_cosmic_rays", subject, reason)
    excess = (combined - median)[judged]
    width = background_level(np.asarray(combined)[judged]).width
    pulls = (excess - background_level(excess).median) / width
    above, below = (int(np.count_nonzero(sign * pulls > _RESIDUAL)) for sign in (1, -1))
    context: dict[str, Json] = {
        "above": above,
        "below": below,
        "pixels": number,
        "residuals_per_mpix": (above - below) / number * 1e6,
    }
    value = (above - below) / math.sqrt(above + below + 1.0)
    return Measurement("residual_cosmic_rays", value, "", subject, uncertainty=1.0, context=context)


def _judged(flagged: Masks, judged: Masks | None) -> Masks:
    return {chip: np.ones_like(each) for chip, each in flagged.items()} if judged is None else judged


def _counts(flagged: Masks, judged: Masks) -> tuple[int, int]:
    """Flagged and judged pixels."""
    count = sum(int(np.count_nonzero(each & judged[chip])) for chip, each in flagged.items())
    return count, sum(int(np.count_nonzero(judged[chip])) for chip in flagged)


def _at(
    flagged: NDArray[np.bool_], judged: NDArray[np.bool_], stars: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether the pixels are flagged that hold stars' centres, of those that are judged."""
    x, y = np.rint(stars[np.isfinite(stars).all(axis=1)].T - 1.0).astype(np.intp)
    rows, columns = flagged.shape
    inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    x, y = x[inside], y[inside]
    return np.asarray(flagged[y, x][judged[y, x]], dtype=bool)


def _within(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Seen pixels clear of the common field's edges; bad pixels are no edges."""
    from scipy.ndimage import binary_closing, binary_erosion

    filled = binary_closing(np.pad(seen, _EDGE), iterations=_EDGE)
    inner = binary_erosion(filled, iterations=_EDGE)[_EDGE:-_EDGE, _EDGE:-_EDGE]
    return np.asarray(seen & inner)


def _sources(median: NDArray[Any], judged: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy.ndimage import binary_dilation

    level = background_level(median[judged])
    bright = judged & (median > level.median + _SOURCE * level.width)
    return np.asarray(binary_dilation(bright, iterations=_GROWTH))
