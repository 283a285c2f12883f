"""Means and planes of ratios of fluxes, clipped: some sources are blends, or hit by a cosmic ray."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

__all__ = ["clipped_mean", "fitted_plane"]

Array: TypeAlias = NDArray[np.float64]

# Rounds of clipping, and at how many robust standard deviations.
_ROUNDS, _CLIP = 8, 3.0


def clipped_mean(values: Array, weight: Array) -> tuple[float, float, NDArray[np.bool_]]:
    """Weighted mean, its error by the scatter, and what was kept."""
    kept, mean = np.ones(len(values), dtype=bool), float(np.median(values))
    for _ in range(_ROUNDS):
        pulls = (values - mean) * np.sqrt(weight)
        within = np.abs(pulls) <= _CLIP * max(float(mad_std(pulls[kept])), 1e-12)
        # Of values half of which are one number, none may be within its scatter of their mean.
        if not within.any():
            break
        kept = within
        mean = float(np.average(values[kept], weights=weight[kept]))
    scatter = math.sqrt(float(np.sum((weight[kept] * (values[kept] - mean)) ** 2)))
    return mean, scatter / float(np.sum(weight[kept])), kept


def fitted_plane(values: Array, weight: Array, places: Array) -> tuple[Array, Array, int]:
    """Slopes in x and y, their errors, and how many values were kept."""
    terms = np.column_stack([np.ones(len(values)), places]) * np.sqrt(weight)[:, None]
    scaled = values * np.sqrt(weight)
    kept = clipped_mean(values, weight)[2]
    for _ in range(_ROUNDS):
        solution = np.linalg.lstsq(terms[kept], scaled[kept], rcond=None)[0]
        residuals = scaled - terms @ solution
        within = np.abs(residuals) <= _CLIP * max(float(mad_std(residuals[kept])), 1e-12)
        if np.count_nonzero(within) < terms.shape[1]:
            break
        kept = within
    inverse = np.linalg.pinv(terms[kept].T @ terms[kept])
    freedom = max(int(np.count_nonzero(kept)) - 3, 1)
    variance = np.diag(inverse) * float(np.sum(residuals[kept] ** 2)) / freedom
    return solution[1:], np.sqrt(variance[1:]), int(np.count_nonzero(kept))
