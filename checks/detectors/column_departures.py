"""Single columns of a detector that stand out of the background."""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

from hubble_qa.checks.instruments import Camera
from hubble_qa.checks.measurement import Json, Measurement, not_applicable

__all__ = ["column_departure"]

# Rows are judged in bands: a hot column begins anywhere and reaches to the far end. Two bands one above the
# other must agree, as no star does.
_BANDS = 4
# Of a chip with more rows than twice this number, every second one or fewer tell as well.
_ROWS = 1024
# Columns on either side that tell the background of a column.
_NEIGHBOURS = 8
# Good pixels, as a part of a band's, without which a column has no level.
_FEWEST = 0.5
# Standard deviations that are taken off: there are some thousand columns.
_SIGMAS = 5.0
# Pixels farther than so many times the noise from their column's median are stars and cosmic rays.
_CLIP = 3.0


def column_departure(
    science: NDArray[Any], good: NDArray[np.bool_], camera: Camera | None, *, subject: str
) -> Measurement:
    """Departure of the column that stands out most, in units of the noise of a pixel.

    The clipped mean of a column's unflagged pixels, in each of four bands of rows, less that of the 8
    columns on either side; of two neighbouring bands the smaller departure, less 5 times the robust scatter
    of all columns.

    Parameters
    ----------
    science : ndarray, shape (ny, nx)
        A calibrated chip.
    good : ndarray of bool, shape (ny, nx)
        Pixels that are not flagged.
    camera : Camera or None
        The camera's record.
    subject : str
        The exposure and chip.
    """
    quantity = "column_departure"
    if camera is not None and camera.counts_photons:
        return not_applicable(quantity, subject, "the detector counts photons and has no columns to read")
    every = max(len(science) // _ROWS, 1)
    science = science[::every]
    kept = good[::every] & np.isfinite(science)
    if min(science.shape) < 4 * _NEIGHBOURS or np.count_nonzero(kept) < _FEWEST * kept.size:
        return not_applicable(quantity, subject, "most of it is flagged, or it is too small")
    noise = float(mad_std(science[::3, ::2][kept[::3, ::2]]))
    if not noise > 0:
        return not_applicable(quantity, subject, "its pixels have no noise")
    bands = zip(np.array_split(science, _BANDS), np.array_split(kept, _BANDS), strict=True)
    departures = np.array([_departures(*band, noise) for band in bands])
    scatter = np.array([_scatter(band) for band in departures])
    certain = np.maximum(np.abs(departures) - _SIGMAS * scatter[:, None], 0.0) / noise
    alike = departures[1:] * departures[:-1] > 0
    both = np.where(alike, np.minimum(certain[1:], certain[:-1]), 0.0)
    band, column = np.unravel_index(int(np.argmax(both)), both.shape)
    value = float(both[band, column])
    context: dict[str, Json] = {
        "columns": [int(each) + 1 for each in np.flatnonzero(both.max(axis=0) > 0)[:20]],
        "noise": noise,
        "scatter_of_columns": [float(each) for each in scatter],
    }
    reason = ""
    if value:
        reason = (
            f"column {column + 1} departs by {departures[band, column]:+.3g} from those beside it, and a "
            f"pixel's noise is {noise:.3g}: see its bias frame, and flag it in DQ if it is unstable"
        )
    uncertainty = float(np.max(scatter)) / noise
    return Measurement(quantity, value, "", subject, uncertainty, context, reason=reason, beyond_error=True)


def _departures(band: NDArray[Any], kept: NDArray[np.bool_], noise: float) -> NDArray[np.float64]:
    """Clipped means of a band's columns less those of the columns beside them; NaN where there is none."""
    from scipy.ndimage import median_filter

    # Pixels that do not count are put above and below all others in turn, which leaves the median in place.
    turn = np.where((np.cumsum(~kept, axis=0) & 1).astype(bool), np.float32(np.inf), np.float32(-np.inf))
    values = np.ascontiguousarray(np.where(kept, band, turn).T, dtype=np.float32)
    middle = np.partition(values, len(band) // 2, axis=1)[:, len(band) // 2]
    # Medians of whole counts are whole; means of what is near them are not.
    near = np.abs(values - np.where(np.isfinite(middle), middle, 0.0)[:, None]) <= _CLIP * noise
    number = np.count_nonzero(near, axis=1)
    means = np.sum(np.where(near, values, 0.0), axis=1, dtype=float) / np.maximum(number, 1)
    levels = np.where(number >= _FEWEST * len(band), means, np.nan)
    known = np.isfinite(levels)
    if not known.any():
        return levels
    filled = np.interp(np.arange(len(levels)), np.flatnonzero(known), levels[known])
    return np.asarray(levels - median_filter(filled, 2 * _NEIGHBOURS + 1, mode="nearest"))


def _scatter(departures: NDArray[np.float64]) -> float:
    known = departures[np.isfinite(departures)]
    return float(mad_std(known)) if known.size else 0.0
