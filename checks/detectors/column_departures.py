"""Columns and rows of a detector that stand out of the background, one or many."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

from hubble_qa.checks.instruments import Camera
from hubble_qa.checks.measurement import Json, Measurement, not_applicable

__all__ = ["column_departure"]

# Rows are judged in bands: a hot column begins anywhere and reaches to the far end. Two bands one above
# the other must agree, and three quarters of the parts of either, of so many rows at least: no star does
# that, nor do two of them, whose wings cross a part or two.
_BANDS = 4
_PARTS, _FEWEST_ROWS = 8, 8
# Of a chip with more rows than twice this number, every second one or fewer tell as well.
_ROWS = 1024
# Columns on either side that tell the background of a column.
_NEIGHBOURS = 8
# Good pixels, as a part of a band's, without which a column has no level.
_FEWEST = 0.5
# Standard deviations that are taken off: there are some thousand columns.
_SIGMAS = 5.0
# Lines that wander together by less, in units of the noise of a pixel, are not told: clean exposures have
# 0.02, a hundred columns of a dense field 0.1, and stripes of ACS/WFC since 2009 that were left 0.2.
_WANDERING = 0.25
# Pixels farther than so many times the noise from their column's median are stars and cosmic rays.
_CLIP = 3.0


def column_departure(
    science: NDArray[Any],
    good: NDArray[np.bool_],
    camera: Camera | None,
    *,
    subject: str,
    with_rows: bool = True,
) -> Measurement:
    """Departure of the column or row that stands out most, in units of the noise of a pixel.

    The clipped mean of a column's unflagged pixels, less that of the 8 columns on either side, in eight parts
    of each of four bands of rows; what three quarters of a band's parts have at least; of two neighbouring
    bands the smaller, less 5 times the robust scatter of all columns. Rows alike. Where many wander, as
    stripes of the bias do, none stands out: then the scatter of their departures, as far as the bands share
    it.

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
    with_rows : bool
        Whether rows are judged, too: not where light lies along them, as spectra of grisms do.
    """
    quantity = "column_departure"
    if camera is not None and camera.counts_photons:
        return not_applicable(quantity, subject, "the detector counts photons and has no columns to read")
    kept = good & np.isfinite(science)
    columns, along = (array[:: max(len(science) // _ROWS, 1)] for array in (science, kept))
    if min(columns.shape) < 4 * _NEIGHBOURS or np.count_nonzero(along) < _FEWEST * along.size:
        return not_applicable(quantity, subject, "most of it is flagged, or it is too small")
    noise = float(mad_std(columns[::3, ::2][along[::3, ::2]]))
    if not noise > 0:
        return not_applicable(quantity, subject, "its pixels have no noise")
    found = {"column": _lines(columns, along, noise)}
    if with_rows:
        every = max(science.shape[1] // _ROWS, 1)
        rows, across = (np.ascontiguousarray(array[:, ::every].T) for array in (science, kept))
        found["row"] = _lines(rows, across, noise)
    worst = max(found, key=lambda name: found[name].value)
    value, lines = found[worst].value, found[worst]
    context: dict[str, Json] = {"noise": noise}
    for name, each in found.items():
        context[f"{name}s"] = each.numbers
        context[f"scatter_of_{name}s"] = [*each.scatter]
        context[f"shared_scatter_of_{name}s"] = each.shared
    reason = ""
    if lines.shared > _WANDERING and lines.shared >= value:
        reason = (
            f"its {worst}s wander by {lines.shared:.2g} of the noise of a pixel, {noise:.3g}, over the whole "
            "chip: see its bias level and frame, and stripes (acstools.acs_destripe_plus)"
        )
    elif value:
        reason = (
            f"{worst} {lines.number} departs by {lines.height:+.3g} from those beside it, and a pixel's "
            f"noise is {noise:.3g}: see its bias frame, and flag it in DQ if it is unstable"
        )
    uncertainty = max(lines.scatter) / noise
    return Measurement(quantity, value, "", subject, uncertainty, context, reason=reason, beyond_error=True)


class _Lines(NamedTuple):
    """Columns of a chip, or its rows.

    Attributes
    ----------
    value : float
        Departure of the one that stands out most, or what they wander by, in units of the noise of a pixel.
    number : int
        Which one that is, from 1.
    height : float
        Its departure.
    numbers : list of int
        Those that stand out.
    scatter : list of float
        Scatter of the departures in each band.
    shared : float
        What they wander by in all bands, in units of the noise of a pixel.
    """

    value: float
    number: int
    height: float
    numbers: list[Json]
    scatter: list[float]
    shared: float


def _lines(science: NDArray[Any], kept: NDArray[np.bool_], noise: float) -> _Lines:
    """What stands out of the columns of an array, or of the rows of one that was transposed."""
    bands = zip(np.array_split(science, _BANDS), np.array_split(kept, _BANDS), strict=True)
    departures, least = np.moveaxis(np.array([_departures(*band, noise) for band in bands]), 1, 0)
    scatter = np.array([_scatter(band) for band in departures])
    certain = np.maximum(np.abs(least) - _SIGMAS * scatter[:, None], 0.0) / noise
    alike = least[1:] * least[:-1] > 0
    both = np.where(alike, np.minimum(certain[1:], certain[:-1]), 0.0)
    band, line = np.unravel_index(int(np.argmax(both)), both.shape)
    shared = _shared(departures) / noise
    return _Lines(
        max(float(both[band, line]), shared if shared > _WANDERING else 0.0),
        int(line) + 1,
        float(departures[band, line]),
        [int(each) + 1 for each in np.flatnonzero(both.max(axis=0) > 0)[:20]],
        [float(each) for each in scatter],
        shared,
    )


def _shared(departures: NDArray[np.float64]) -> float:
    """Scatter of the departures that neighbouring bands share: noise and stars are of one band each."""
    halves = (departures[0::2] + departures[1::2]) / 2.0, (departures[0::2] - departures[1::2]) / 2.0
    together, apart = (_scatter(np.mean(half, axis=0)) for half in halves)
    return float(np.sqrt(max(together**2 - apart**2, 0.0)))


def _departures(band: NDArray[Any], kept: NDArray[np.bool_], noise: float) -> NDArray[np.float64]:
    """Departures of a band's columns from those beside them, shape (2, columns): the median and the least.

    Of the parts of the band: the median of theirs, NaN where less than half of them tell, and what three
    quarters of them have at least, of one sign, else 0.
    """
    parts = max(1, min(_PARTS, len(band) // _FEWEST_ROWS))
    split = zip(np.array_split(band, parts), np.array_split(kept, parts), strict=True)
    # What is not told comes last.
    found = np.sort([_beside(_levels(*part, noise)) for part in split], axis=0)
    number = np.count_nonzero(np.isfinite(found), axis=0)
    told = number >= max(_FEWEST * parts, 1)

    def at(place: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(np.take_along_axis(found, np.where(told, place, 0)[None], axis=0)[0])

    median = np.where(told, (at((number - 1) // 2) + at(number // 2)) / 2.0, np.nan)
    few = (number - 1) // 4
    low, high = at(few), at(number - 1 - few)
    least = np.where(told & (low > 0), low, np.where(told & (high < 0), high, 0.0))
    return np.array([median, least])


def _beside(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Levels of columns less the median of those on either side; NaN where there is none."""
    from scipy.ndimage import median_filter

    known = np.isfinite(levels)
    if not known.any():
        return levels
    filled = np.interp(np.arange(len(levels)), np.flatnonzero(known), levels[known])
    return np.asarray(levels - median_filter(filled, 2 * _NEIGHBOURS + 1, mode="nearest"))


def _levels(part: NDArray[Any], kept: NDArray[np.bool_], noise: float) -> NDArray[np.float64]:
    """Clipped means of the columns of a part of a band; NaN where most pixels do not count."""
    # Pixels that do not count are put above and below all others in turn, which leaves the median in place.
    turn = np.where((np.cumsum(~kept, axis=0) & 1).astype(bool), np.float32(np.inf), np.float32(-np.inf))
    values = np.ascontiguousarray(np.where(kept, part, turn).T, dtype=np.float32)
    middle = np.partition(values, len(part) // 2, axis=1)[:, len(part) // 2]
    # Medians of whole counts are whole; means of what is near them are not.
    near = np.abs(values - np.where(np.isfinite(middle), middle, 0.0)[:, None]) <= _CLIP * noise
    number = np.count_nonzero(near, axis=1)
    means = np.sum(np.where(near, values, 0.0), axis=1, dtype=float) / np.maximum(number, 1)
    return np.asarray(np.where(number >= _FEWEST * len(part), means, np.nan))


def _scatter(departures: NDArray[np.float64]) -> float:
    known = departures[np.isfinite(departures)]
    return float(mad_std(known)) if known.size else 0.0
