"""Linear terms of the solutions that a chip's header holds: the current one and those that it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from hubble_qa.checks.readers.coordinates import coordinate_problem

__all__ = [
    "ALTERNATES",
    "HALF_SKY",
    "ORIGINAL",
    "LinearSolution",
    "corners",
    "held_solutions",
    "linear_solution",
]

# Letters of alternate solutions; O is the one before any distortion solution.
ORIGINAL = "O"
ALTERNATES = "ABCDEFGHIJKLMNPQRSTUVWXYZ"

# What counts for the distance of a position that a tangent plane does not hold, arcsec.
HALF_SKY = 180.0 * 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class LinearSolution:
    """A gnomonic projection: reference point, degrees, its pixel, and the CD matrix, degrees per pixel."""

    name: str
    crval: NDArray[np.float64]
    crpix: NDArray[np.float64]
    matrix: NDArray[np.float64]

    def sky(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Right ascension and declination, degrees, of pixels counted from 1, shape (n, 2)."""
        x, y = np.radians((pixels - self.crpix) @ self.matrix.T).T
        alpha, delta = np.radians(self.crval)
        north = np.sin(delta) + y * np.cos(delta)
        depth = np.cos(delta) - y * np.sin(delta)
        ra = alpha + np.arctan2(x, depth)
        dec = np.arctan2(north, np.hypot(x, depth))
        return np.asarray(np.degrees(np.column_stack([ra, dec])), dtype=np.float64)

    def plane(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """East and north of the reference point in its tangent plane, arcsec, shape (n, 2).

        NaN for positions more than a quarter of a circle away, which the plane does not hold.
        """
        ra, dec = np.radians(positions).T
        alpha, delta = np.radians(self.crval)
        depth = np.sin(delta) * np.sin(dec) + np.cos(delta) * np.cos(dec) * np.cos(ra - alpha)
        depth = np.where(depth > 0, depth, np.nan)
        east = np.cos(dec) * np.sin(ra - alpha) / depth
        north = (np.cos(delta) * np.sin(dec) - np.sin(delta) * np.cos(dec) * np.cos(ra - alpha)) / depth
        return np.asarray(3600.0 * np.degrees(np.column_stack([east, north])), dtype=np.float64)

    def pixels(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels, counted from 1, of positions on the sky, shape (n, 2)."""
        return np.asarray(
            np.linalg.solve(3600.0 * self.matrix, self.plane(positions).T).T + self.crpix, dtype=np.float64
        )


def linear_solution(header: Header, key: str = "") -> LinearSolution | None:
    """The linear terms of a solution by its letter; None where they are incomplete or useless."""
    # A matrix that is not singular has an element in its first row.
    if coordinate_problem(header, key) or not any(f"CD1_{j}{key}" in header for j in (1, 2)):
        return None
    return LinearSolution(
        str(header.get(f"WCSNAME{key}", "")).strip(),
        np.array([header[f"CRVAL{axis}{key}"] for axis in (1, 2)], dtype=np.float64),
        np.array([header[f"CRPIX{axis}{key}"] for axis in (1, 2)], dtype=np.float64),
        np.array([[header.get(f"CD{i}_{j}{key}", 0.0) for j in (1, 2)] for i in (1, 2)], dtype=np.float64),
    )


def held_solutions(header: Header) -> Iterator[LinearSolution]:
    """The solutions that a header keeps besides the current and the original one, if they can be used."""
    found = (linear_solution(header, letter) for letter in ALTERNATES)
    yield from (solution for solution in found if solution is not None)


def corners(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Middle and corners of a chip, pixels counted from 1, shape (5, 2)."""
    rows, columns = shape
    ends = [(x, y) for x in (1.0, float(columns)) for y in (1.0, float(rows))]
    return np.array([((columns + 1) / 2.0, (rows + 1) / 2.0), *ends])
