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
    from astropy.coordinates import angular_separation

    (ra, dec), around = np.radians(positions).T, np.radians(places)
    nearest = (angular_separation(*place, ra, dec).min(initial=math.inf) for place in around)
    return math.degrees(min(nearest, default=math.inf))
