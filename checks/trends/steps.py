"""When a series stepped from one level to another: the dates of steps, for its page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["step_places"]

_WINSOR = 4.0
_LEAST_STAY = 3
"""Products that a level consists of at least: a single one that departs is no level."""
_PENALTY = 5.0
"""Cost of a step, in variances and log(n)."""
_FINEST = 1e-4
"""The least scatter, relative to the range of running medians: values may be exact."""


def step_places(values: Sequence[float] | NDArray[np.float64]) -> tuple[int, ...]:
    """Find where a series steps from one level to another, by least squares over all divisions.

    Of all divisions into levels of at least three values, it is that of the least sum of squared departures
    from the levels' means, where each step costs 5 log(n) variances (optimal partitioning: Jackson et al.
    2005, IEEE Signal Processing Letters 12, 105). The variance is by the median of the differences of
    successive values, which steps leave alone; a value further than 4 σ from the median of the five about
    it is taken to be that far.

    Parameters
    ----------
    values : sequence of float, shape (n,)
        Of distinct products, in order; finite. It takes a time of order n².

    Returns
    -------
    tuple of int
        Index of the first value of each level but the first, ascending.
    """
    found = np.asarray(values, dtype=np.float64)
    if len(found) < 2 * _LEAST_STAY:
        return ()
    middle = _running_median(found)
    scatter = _scatter(found, middle)
    clipped = np.clip(found, middle - _WINSOR * scatter, middle + _WINSOR * scatter)
    return _division(clipped / scatter, _PENALTY * np.log(len(found)))


def _running_median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of the five values about each."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, 2, mode="edge"), 5)
    return np.asarray(np.median(around, axis=1))


def _scatter(values: NDArray[np.float64], middle: NDArray[np.float64]) -> float:
    """Standard deviation of the values about their levels."""
    least = _FINEST * float(np.ptp(middle)) or 1.0
    return max(1.4826 * float(np.median(np.abs(np.diff(values)))) / 2**0.5, least)


def _division(values: NDArray[np.float64], cost: float) -> tuple[int, ...]:
    """Optimal partitioning of values of unit variance.

    The squared departures from the means of levels are the sum of squares, which all divisions share, less
    the squared sum of each level over its length: the latter alone decides.
    """
    count = len(values)
    sums = np.concatenate(([0.0], np.cumsum(values - values.mean())))
    least = np.full(count + 1, np.inf)  # cost of the best division of the first n values
    least[0] = 0.0
    start = np.zeros(count + 1, dtype=int)  # where the last level of that division starts
    for end in range(_LEAST_STAY, count + 1):
        starts = np.arange(0, end - _LEAST_STAY + 1)
        total = sums[end] - sums[starts]
        costs = least[starts] + cost - total**2 / (end - starts)
        best = int(np.argmin(costs))
        least[end], start[end] = costs[best], starts[best]
    places = []
    end = int(start[count])
    while end > 0:
        places.append(end)
        end = int(start[end])
    return tuple(reversed(places))
