"""What is left in a calibrated image of the patterns that reference files are to take away."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

from hubble_qa.checks.instruments import cameras_of
from hubble_qa.checks.measurement import Json, Measurement, not_measured

__all__ = ["pattern_bits", "remaining_pattern"]

# The part of the pixels in which a pattern departs most from its median: they tell what is left of it.
_EXTREME = 0.01
_FEWEST = 30
# A pattern whose fraction is less certain than this is too faint to judge.
_UNCERTAIN = 0.05

Pixels = NDArray[Any]


class _Left(NamedTuple):
    fraction: float
    error: float


def pattern_bits(instrument: str) -> int:
    """Data quality bits that darks and biases set, of pixels in which their patterns are plainest."""
    return reduce(or_, (camera.pattern_bits for camera in cameras_of(instrument)), 0)


def remaining_pattern(
    calibrated: Pixels,
    independent: Pixels,
    patterns: Mapping[str, Pixels],
    dq: Pixels,
    *,
    instrument: str,
    subject: str,
) -> Measurement:
    """Fraction of a reference file's pattern that a calibration left in, or took out too often.

    The median of ``(calibrated - independent) / pattern``, each less its median, over the pixels in which
    the pattern departs most from its median. Of several patterns that which is farthest from 0.

    Parameters
    ----------
    calibrated, independent : ndarray, shape (ny, nx)
        Calibrated image, and one by arithmetic from the raw pixels and the reference files.
    patterns : mapping of str to ndarray, shape (ny, nx)
        By reference type, what the image would have besides if that step were left out.
    dq : ndarray, shape (ny, nx)
        Data quality; pixels with flags beside those of `pattern_bits` do not count.
    instrument : str
        The INSTRUME keyword.
    subject : str
        The exposure and chip.
    """
    shapes = {array.shape for array in (calibrated, independent, dq, *patterns.values())}
    if len(shapes) > 1:
        return not_measured("remaining_pattern", subject, f"shapes differ: {sorted(shapes)}")
    difference = calibrated - independent
    judged = ((dq & ~pattern_bits(instrument)) == 0) & np.isfinite(difference)
    for pattern in patterns.values():
        judged &= np.isfinite(pattern)
    if np.count_nonzero(judged) < _FEWEST:
        return not_measured(
            "remaining_pattern", subject, f"fewer than {_FEWEST} pixels are unflagged and finite"
        )
    excess = difference[judged]
    excess -= np.median(excess)
    found = {kind: _left(excess, pattern[judged]) for kind, pattern in patterns.items()}
    certain = {kind: left for kind, left in found.items() if left.error <= _UNCERTAIN}
    if not certain:
        return not_measured("remaining_pattern", subject, "no pattern stands out of the noise")
    worst = max(certain, key=lambda kind: abs(certain[kind].fraction))
    context: dict[str, Json] = {kind: left.fraction for kind, left in certain.items()}
    context["too_faint"] = [kind for kind in found if kind not in certain]
    fraction, error = certain[worst]
    statement = f"{fraction:.0%} of the pattern of {worst} is in the image"
    reason = statement if abs(fraction) > _UNCERTAIN else ""
    return Measurement(
        "remaining_pattern", fraction, "", subject, uncertainty=error, context=context, reason=reason
    )


def _left(excess: Pixels, pattern: Pixels) -> _Left:
    departure = pattern - np.median(pattern)
    distance = np.abs(departure)
    number = min(max(int(_EXTREME * distance.size), _FEWEST), distance.size)
    least = np.partition(distance, -number)[-number]
    extreme = np.flatnonzero((distance >= least) & (distance > 0.0))
    if extreme.size < _FEWEST:
        return _Left(math.nan, math.inf)
    ratios = excess[extreme] / departure[extreme]
    fraction = float(np.median(ratios))
    width = float(mad_std(ratios))
    return _Left(fraction, 1.2533 * width / math.sqrt(extreme.size))
