"""Bias structure: columns of a CCD that stand out of the background."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.measurement import Json, Measurement, not_measured

__all__ = ["BIAS_STRUCTURE", "ColumnLevels", "column_levels", "column_scatter"]

# Data quality bit of pixels with an unstable or structured bias (ACS Data Handbook, table 3.3). It does not
# exclude pixels here: they are what is to be judged.
BIAS_STRUCTURE = 128

# Rows are judged in bands: a hot column begins anywhere and reaches to the far end.
_BANDS = 4
# Columns on either side that tell the background of a column.
_NEIGHBOURS = 8
# Good pixels without which a column of a band has no level.
_FEWEST = 16
# Pixels farther than this from their column's median, in robust standard deviations, are stars and cosmic
# rays. A Gaussian's variance within 3 standard deviations is 0.9733 of the whole.
_CLIP = 3.0
_CLIPPED_VARIANCE = 0.9733


class ColumnLevels(NamedTuple):
    """Levels of columns by band of rows: arrays of shape (bands, columns), NaN where there is no level.

    Attributes
    ----------
    departure : ndarray
        Mean of the column's background less the median of its neighbours' means.
    expected : ndarray
        Standard deviation of the mean, from the scatter of pixels about their columns' means.
    """

    departure: NDArray[np.float64]
    expected: NDArray[np.float64]


def column_levels(image: NDArray[Any], judged: NDArray[np.bool_] | None = None) -> ColumnLevels:
    """Levels of an image's columns against their neighbours.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Any unit.
    judged : ndarray of bool, shape (ny, nx), optional
        Pixels that count.
    """
    pixels = np.array(image, dtype=np.float32)
    if judged is not None:
        pixels[~judged] = np.nan
    bands = [_band(band) for band in np.array_split(pixels, min(_BANDS, len(pixels)))]
    return ColumnLevels(*(np.array(part) for part in zip(*bands, strict=True)))


def column_scatter(sci: NDArray[Any], dq: NDArray[Any], *, subject: str) -> Measurement:
    """Scatter of a chip's columns about their neighbours, over the scatter that noise alone gives.

    The root mean square, over columns and bands of rows, of departure / expected of `column_levels`:
    not a robust measure, so that a few hot columns among thousands count.

    Parameters
    ----------
    sci, dq : ndarray, shape (ny, nx)
        Calibrated science and data quality arrays; pixels with another flag than `BIAS_STRUCTURE` do
        not count.
    subject : str
        The exposure and chip.
    """
    levels = column_levels(sci, (np.asarray(dq) & ~BIAS_STRUCTURE) == 0)
    pulls = levels.departure / levels.expected
    if not np.isfinite(pulls).any():
        return not_measured("column_scatter", subject, "no column has enough unflagged pixels")
    scatter = float(np.sqrt(np.nanmean(pulls**2)))
    worst = np.nanmax(np.abs(np.where(np.isfinite(pulls), pulls, 0.0)), axis=0)
    context: dict[str, Json] = {
        "worst_columns": [int(column) + 1 for column in np.argsort(worst)[:-6:-1]],
        "worst_pulls": [float(pull) for pull in np.sort(worst)[:-6:-1]],
        "column_noise": float(np.nanmedian(levels.expected)),
    }
    return Measurement("column_scatter", scatter, "", subject, context=context)


def _band(pixels: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Departure and expected noise of each column of a band, in which pixels that do not count are NaN."""
    counted = np.isfinite(pixels)
    enough = counted.sum(axis=0) >= _FEWEST
    nothing = np.full(pixels.shape[1], np.nan)
    if not enough.any():
        return nothing, nothing
    medians = np.where(enough, _medians(pixels, counted.sum(axis=0)), np.float32(np.nan))
    residual = pixels - medians
    distance = np.abs(residual)
    kept = distance <= _CLIP * 1.4826 * np.median(distance[np.isfinite(distance)])
    number = kept.sum(axis=0).astype(float)
    number[number < _FEWEST] = np.nan
    total = np.where(kept, residual, np.float32(0)).sum(axis=0, dtype=float)
    offset = total / number
    variance = np.where(kept, (residual - offset) ** 2, 0.0).sum() / np.nansum(number - 1.0)
    means = medians + offset
    expected = np.sqrt(variance / _CLIPPED_VARIANCE / number)
    return means - _neighbourhood(means), expected


def _medians(pixels: NDArray[np.float32], counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Median of each column's pixels that are numbers, of which there are `counts`."""
    ordered = np.sort(pixels, axis=0)  # NaN come last
    middle = [np.maximum(index, 0)[np.newaxis] for index in ((counts - 1) // 2, counts // 2)]
    low, high = (np.take_along_axis(ordered, index, axis=0)[0] for index in middle)
    return np.asarray((low + high) / np.float32(2))


def _neighbourhood(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of the levels around each column."""
    padded = np.pad(levels, _NEIGHBOURS, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS + 1)
    around = np.full(levels.shape, np.nan)
    known = np.isfinite(windows).any(axis=1)
    around[known] = np.nanmedian(windows[known], axis=1)
    return around
