"""Calibrated levels against an independent calculation from the raw reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.background import background_level
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.measurement import Json, Measurement, not_measured
from hubble_qa.checks.standard_errors import median_error

__all__ = ["last_minus_first", "level_deviation", "light_sensitive"]

# Of reads of WFC3/IR.
_BORDER = camera("WFC3", "IR").border
# Parts, along each axis, of an image whose levels are compared: each is of one amplifier.
_PARTS = 4
# Where the sky is darker than the least level: by how much brighter pixels tell a factor, and how many.
_BRIGHT, _FEWEST_BRIGHT = 20.0, 100
# Deviation from which its place is named.
_WORTH_NAMING = 0.005

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
    rows = np.s_[_BORDER:-_BORDER]
    sides = np.concatenate([difference[rows, 1:_BORDER], difference[rows, -_BORDER:-1]])
    level = light_sensitive(difference - dark) - background_level(sides).median
    return np.asarray(level * gain / light_sensitive(flat) / time)


def light_sensitive(read: Pixels) -> Pixels:
    """The part of a read within its reference pixels."""
    return read[_BORDER:-_BORDER, _BORDER:-_BORDER]


def level_deviation(
    calibrated: Pixels,
    independent: Pixels,
    dq: Pixels,
    *,
    subject: str,
    least: float = 0.0,
    weighting: tuple[float, float] = (0.0, 0.0),
) -> Measurement:
    """Median difference of a calibrated image and an independent one, over the latter's median.

    In the most deviant of 4 × 4 cells of the image: an amplifier's bias level, or a flat field
    of another filter, may leave the median of the whole where it was. Where the sky is so dark that a wrong
    factor does not show in it, the median of the bright pixels, which are stars, if that deviates more.

    Parameters
    ----------
    calibrated, independent : ndarray, shape (ny, nx)
        In one unit.
    dq : ndarray, shape (ny, nx)
        Data quality; flagged pixels do not count.
    subject : str
        The exposure.
    least : float
        Level below which differences are given as fractions of this one: what the zero point of a level
        is known to does not grow less where the sky is dark.
    weighting : tuple of float
        Between what a fit may differ from the sum because it weights the reads of a background that
        changes; see `background.weighting_range`. Such a difference of the whole image does not count.
    """
    if not calibrated.shape == independent.shape == dq.shape:
        reason = f"shapes differ: {calibrated.shape}, {independent.shape}, {dq.shape}"
        return not_measured("level_deviation", subject, reason)
    good = (dq == 0) & np.isfinite(calibrated) & np.isfinite(independent)
    if not good.any():
        return not_measured("level_deviation", subject, "no pixel is unflagged")
    level = float(np.median(independent[good]))
    if not max(level, least) > 0:
        reason = f"the level of the raw reads is {level:.3g}; a comparison needs a positive one"
        return not_measured("level_deviation", subject, reason)
    difference = np.where(good, calibrated - independent, np.nan)
    levels = {part: background_level(difference[rows]) for part, rows in _parts(good)}
    medians = {part: each.median for part, each in levels.items()}
    common = float(np.clip(np.median([*medians.values()]), *weighting))
    medians = {part: median - common for part, median in medians.items()}
    worst = max(medians, key=lambda part: abs(medians[part]))
    context: dict[str, Json] = {
        "calibrated": float(np.median(calibrated[good])),
        "independent": level,
        "pixels": int(np.count_nonzero(good)),
        "weighting": common,
        "part": worst,
        "differences": dict(medians),
    }
    value = medians[worst] / max(level, least)
    place = f"in the most deviant of {_PARTS} × {_PARTS} cells, columns and rows {worst}"
    error = median_error(levels[worst].width / max(level, least), levels[worst].pixels)
    bright = good & (independent >= _BRIGHT * least)
    if level < least and np.count_nonzero(bright) >= _FEWEST_BRIGHT:
        ratio = background_level((calibrated[bright] - independent[bright]) / independent[bright])
        context["bright_pixels"], context["bright_difference"] = ratio.pixels, ratio.median
        if abs(ratio.median) > abs(value):
            value, place = ratio.median, f"in its {ratio.pixels} brightest pixels, as the sky is dark"
            error = median_error(ratio.width, ratio.pixels)
    reason = place if abs(value) > _WORTH_NAMING else ""
    return Measurement("level_deviation", value, "", subject, error, context, reason=reason)


def _parts(good: NDArray[np.bool_]) -> Iterator[tuple[str, tuple[slice, slice]]]:
    """Parts of an image in which at least half as many pixels are good as on average."""
    rows, columns = (
        [slice(int(edges[0]), int(edges[-1]) + 1) for edges in np.array_split(np.arange(length), parts)]
        for length in good.shape
        for parts in [min(_PARTS, length)]
    )
    fewest = 0.5 * good.mean()
    for row in rows:
        for column in columns:
            if good[row, column].mean() >= fewest:
                name = f"[{column.start + 1}:{column.stop}, {row.start + 1}:{row.stop}]"
                yield name, (row, column)
