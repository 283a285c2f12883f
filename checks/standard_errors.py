"""Standard errors of what is measured from many independent values, by formula."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["fraction_error", "median_error", "ratio_of_sums_error", "rms_error", "width_error"]

_OF_MEDIAN = math.sqrt(math.pi / 2.0)
# Half the range of the middle 68 %: percentiles p = 0.1587 and 1 - p, whose variances p (1 - p) / (n f^2) and
# covariance p^2 / (n f^2), with the density f = 0.2420 there, make half their difference scatter by this
# over the root of n.
_OF_WIDTH = 0.962


def rms_error(rms: float, number: int) -> float | None:
    """Standard error of the root mean square of values scattered as a Gaussian: ``rms / sqrt(2 (n - 1))``.

    None of fewer than two values.
    """
    return abs(rms) / math.sqrt(2.0 * (number - 1)) if number > 1 else None


def median_error(width: float, number: int) -> float | None:
    """Standard error of the median of values of a Gaussian `width`: ``sqrt(pi / 2) width / sqrt(n)``."""
    return _OF_MEDIAN * abs(width) / math.sqrt(number) if number > 0 else None


def width_error(width: float, number: int) -> float | None:
    """Standard error of half the range of the middle 68 % of values scattered as a Gaussian."""
    return _OF_WIDTH * abs(width) / math.sqrt(number) if number > 0 else None


def fraction_error(count: int, number: int) -> float:
    """Standard error of a fraction, binomial; of none or all, as if one more were of either kind."""
    fraction = (count + 1) / (number + 2)
    return math.sqrt(fraction * (1.0 - fraction) / (number + 2))


def ratio_of_sums_error(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    """Standard error of ``sum(first) / sum(second)`` by the scatter of ``first`` about that ratio.

    ``sqrt(n / (n - 1) sum((first - ratio second)^2)) / sum(second)`` (Cochran, Sampling Techniques, section
    6.4); None of fewer than two pairs, or where the sum is not positive.
    """
    total = float(np.sum(second))
    if len(first) < 2 or not total > 0:
        return None
    departures = first - np.sum(first) / total * second
    return math.sqrt(len(first) / (len(first) - 1) * float(np.sum(departures**2))) / total
