"""Small offsets on the sky."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAS_PER_DEGREE", "nearest_distance", "sky_offsets"]

MAS_PER_DEGREE = 3.6e6


def sky_offsets(positions: NDArray[np.float64], origins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Offsets of positions from others, east and north.

    ``((alpha - alpha0) cos(delta0), delta - delta0)``, right ascensions compared around the circle: an
    approximation for offsets of arcseconds, away from the poles.

    Parameters
    ----------
    positions, origins : ndarray, shape (n, 2)
        Right ascension and declination, degrees.

    Returns
    -------
    ndarray, shape (n, 2)
        East and north, mas; NaN where a coordinate is.
    """
    offsets = np.asarray(positions, dtype=np.float64) - origins
    offsets[:, 0] = (offsets[:, 0] + 180.0) % 360.0 - 180.0
    offsets[:, 0] *= np.cos(np.radians(origins[:, 1]))
    return np.asarray(MAS_PER_DEGREE * offsets)


def nearest_distance(positions: NDArray[np.float64], places: NDArray[np.float64]) -> float:
    """Distance of that position which is nearest to any of some places, degrees; infinite without any.

    Parameters
    ----------
    positions, places : ndarray, shape (n, 2) and (m, 2)
        Right ascension and declination, degrees.
    """
    there = _directions(positions)
    chords = [np.linalg.norm(there - place, axis=1).min(initial=math.inf) for place in _directions(places)]
    chord = min(chords, default=math.inf)
    return math.degrees(2.0 * math.asin(min(chord / 2.0, 1.0))) if math.isfinite(chord) else math.inf


def _directions(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    ra, dec = np.radians(positions).T
    return np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
