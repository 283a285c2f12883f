"""Calibrated levels against an independent calculation from the raw reads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.background import background_level
from checks.measurement import Json, Measurement, not_measured

__all__ = ["last_minus_first", "level_deviation"]

# Reference pixels on each side of a read of WFC3/IR (WFC3 Data Handbook, section 2.2.3), of which the
# outermost are not used.
_BORDER = 5

Pixels = NDArray[Any]


def last_minus_first(
    first: Pixels, last: Pixels, *, dark: Pixels, flat: Pixels, gain: float, time: float
) -> NDArray[np.float64]:
    """Rates of an infrared exposure from two of its raw reads, without any of the pipelines' steps.

    ``(last - first - (change of the reference pixels) - dark) * gain / flat / time`` over the
    light-sensitive part. Cosmic rays stay in, and the non-linearity, which is 0.1 % at the background.

    Parameters
    ----------
    first, last : ndarray, shape (ny, nx)
        The zeroth and the last raw read, DN.
    dark : ndarray, shape (ny, nx)
        DN of dark current at the time of the last read.
    flat : ndarray, shape (ny, nx)
        Flat field.
    gain : float
        Electrons per DN.
    time : float
        Seconds between the two reads.

    Returns
    -------
    ndarray, shape (ny - 10, nx - 10)
        Electrons per second.
    """
    difference = last.astype(float) - first
    inner = np.s_[_BORDER:-_BORDER, _BORDER:-_BORDER]
    sides = np.concatenate([difference[inner[0], 1:_BORDER], difference[inner[0], -_BORDER:-1]], axis=1)
    level = difference[inner] - background_level(sides).median - dark[inner]
    return np.asarray(level * gain / flat[inner] / time)


def level_deviation(calibrated: Pixels, independent: Pixels, dq: Pixels, *, subject: str) -> Measurement:
    """Median difference of a calibrated image and an independent one, over the latter's median.

    Parameters
    ----------
    calibrated, independent : ndarray, shape (ny, nx)
        In one unit.
    dq : ndarray, shape (ny, nx)
        Data quality; flagged pixels do not count.
    subject : str
        The exposure.
    """
    if not calibrated.shape == independent.shape == dq.shape:
        reason = f"shapes differ: {calibrated.shape}, {independent.shape}, {dq.shape}"
        return not_measured("level_deviation", subject, reason)
    good = (dq == 0) & np.isfinite(calibrated) & np.isfinite(independent)
    if not good.any():
        return not_measured("level_deviation", subject, "no pixel is unflagged")
    level = float(np.median(independent[good]))
    if not level > 0:
        reason = f"the level by the raw reads is {level:.3g}, against which nothing can be compared"
        return not_measured("level_deviation", subject, reason)
    difference = background_level((calibrated - independent)[good])
    context: dict[str, Json] = {
        "calibrated": float(np.median(calibrated[good])),
        "independent": level,
        "pixels": int(np.count_nonzero(good)),
    }
    return Measurement("level_deviation", difference.median / level, "", subject, context=context)
