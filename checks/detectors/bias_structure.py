"""Bias structure: columns of a CCD that stand out of the background."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

from hubble_qa.checks.instruments import camera
from hubble_qa.checks.measurement import Json, Measurement, not_measured
from hubble_qa.checks.standard_errors import rms_error

__all__ = ["BIAS_STRUCTURE", "ColumnLevels", "column_levels", "column_scatter", "judged_pixels"]

# Columns are judged of ACS/WFC. Pixels with an unstable or structured bias are not excluded here: they are
# what is to be judged.
_FLAGS = camera("ACS", "WFC").flags
BIAS_STRUCTURE = _FLAGS["bias_structure"]

# Stars' wings are no structure. They reach so many pixels from saturated ones, which this bit flags, and from
# those that exceed their column by this many standard deviations, which no pixel of a hot column does.
_FULL_WELL, _HALO = _FLAGS["full_well"], 20
_CORE, _WINGS = 60.0, 5

# Rows are judged in bands: a hot column begins anywhere and reaches to the far end.
_BANDS = 4
# Rows of the blocks by which a band tells how far stars, besides noise, move the level of a column.
_BLOCK = 32
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
        Standard deviation of the mean, from the scatter of pixels about their columns' means, and larger
        where blocks of one column differ by more than that: the wings of stars.
    """

    departure: NDArray[np.float64]
    expected: NDArray[np.float64]

    @property
    def pulls(self) -> NDArray[np.float64]:
        """Departures in standard deviations, shape (bands, columns)."""
        return self.departure / self.expected


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


def judged_pixels(dq: NDArray[Any]) -> NDArray[np.bool_]:
    """Pixels that count: without another flag than `BIAS_STRUCTURE`, and clear of saturated ones."""
    flags = np.asarray(dq)
    return np.asarray(((flags & ~BIAS_STRUCTURE) == 0) & ~_around((flags & _FULL_WELL) > 0, _HALO))


def column_scatter(sci: NDArray[Any], dq: NDArray[Any], *, subject: str) -> Measurement:
    """Scatter of a chip's columns about their neighbours, over the scatter that noise alone gives.

    The root mean square, over columns and bands of rows, of departure / expected of `column_levels`:
    not a robust measure, so that a few hot columns among thousands count. A hot column departs alike
    in all blocks of a band, a star in one, so that a crowded field is not taken for bias structure.

    Parameters
    ----------
    sci, dq : ndarray, shape (ny, nx)
        Calibrated science and data quality arrays; see `judged_pixels`.
    subject : str
        The exposure and chip.
    """
    levels = column_levels(sci, judged_pixels(dq))
    pulls = levels.pulls
    if not np.isfinite(pulls).any():
        return not_measured("column_scatter", subject, "no column has enough unflagged pixels")
    scatter = float(np.sqrt(np.nanmean(pulls**2)))
    worst = np.nanmax(np.abs(np.where(np.isfinite(pulls), pulls, 0.0)), axis=0)
    context: dict[str, Json] = {
        "worst_columns": [int(column) + 1 for column in np.argsort(worst)[:-6:-1]],
        "worst_pulls": [float(pull) for pull in np.sort(worst)[:-6:-1]],
        "column_noise": float(np.nanmedian(levels.expected)),
    }
    error = rms_error(scatter, int(np.isfinite(pulls).sum()))
    return Measurement("column_scatter", scatter, "", subject, error, context)


def _around(pixels: NDArray[np.bool_], distance: int) -> NDArray[np.bool_]:
    """Pixels in the squares about some, by shifts: a maximum filter finds the same more slowly."""
    found, width = np.pad(pixels, distance), 2 * distance + 1
    reach = 1
    while reach < width:
        step = min(reach, width - reach)
        found = found[:-step] | found[step:]
        found = found[:, :-step] | found[:, step:]
        reach += step
    return found


def _band(pixels: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Departure and expected noise of each column of a band, in which pixels that do not count are NaN."""
    counted = np.isfinite(pixels)
    enough = counted.sum(axis=0) >= _FEWEST
    nothing = np.full(pixels.shape[1], np.nan)
    if not enough.any():
        return nothing, nothing
    medians = np.where(enough, _medians(pixels, counted.sum(axis=0)), np.float32(np.nan))
    residual = pixels - medians
    width = mad_std(residual[np.isfinite(residual)])
    kept = (np.abs(residual) <= _CLIP * width) & ~_around(residual > _CORE * width, _WINGS)
    offset, number = _means(residual, kept)
    variance = np.nansum(np.where(kept, (residual - offset) ** 2, 0.0)) / np.nansum(number - 1.0)
    variance /= _CLIPPED_VARIANCE
    means = medians + offset
    departure = means - _neighbourhood(means)
    excess = _excess_over_noise(residual, kept, medians, departure, variance)
    return departure, np.sqrt(excess * variance / number)


def _means(
    residual: NDArray[np.float32], kept: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of each column's kept pixels and how many they are; NaN where they are too few."""
    number = kept.sum(axis=0).astype(float)
    number[number < _FEWEST] = np.nan
    return np.where(kept, residual, np.float32(0)).sum(axis=0, dtype=float) / number, number


def _excess_over_noise(
    residual: NDArray[np.float32],
    kept: NDArray[np.bool_],
    medians: NDArray[np.float32],
    departure: NDArray[np.float64],
    variance: float,
) -> float:
    """How much more the blocks of columns scatter about their columns than noise lets them; at least 1.

    ``mean((block - column)^2 / (variance (1 / n_block - 1 / n_column)))`` over blocks and columns.
    """
    total, squares, count = kept.sum(axis=0), 0.0, 0
    for first in range(0, len(residual) - _BLOCK + 1, _BLOCK):
        rows = np.s_[first : first + _BLOCK]
        offset, number = _means(residual[rows], kept[rows])
        level = medians + offset
        difference = level - _neighbourhood(level) - departure
        judged = number < total
        noise = variance * (1.0 / number[judged] - 1.0 / total[judged])
        squares, count = squares + float((difference[judged] ** 2 / noise).sum()), count + int(judged.sum())
    return max(squares / count, 1.0) if count else 1.0


def _medians(pixels: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[Any]:
    """Median of each column's pixels that are numbers, of which there are `counts`; NaN where none is."""
    ordered = np.sort(pixels, axis=0)  # NaN come last
    middle = [np.maximum(index, 0)[np.newaxis] for index in ((counts - 1) // 2, counts // 2)]
    low, high = (np.take_along_axis(ordered, index, axis=0)[0] for index in middle)
    return np.asarray((low + high) / pixels.dtype.type(2))


def _neighbourhood(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of the levels around each column, NaN where there are none."""
    padded = np.pad(levels, _NEIGHBOURS, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS + 1).T
    return np.asarray(_medians(windows, np.isfinite(windows).sum(axis=0)))
