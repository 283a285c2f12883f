"""Where exposures lie: which positions they see, and which of their pixels others see as well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chip", "on_chips", "seen_by_others"]

Chip: TypeAlias = tuple[Any, tuple[int, ...]]
"""A chip's `astropy.wcs.WCS`, with all distortion terms, and its rows and columns."""

# Positions so close to a chip by the linear terms of its coordinates may be on it: the distortion of
# HST's cameras is below 200 pixels at their corners.
_MARGIN = 400.0  # pix

# The linear terms are used within this distance of a chip's reference pixel only.
_NEAR = 0.5  # degrees


def on_chips(chips: Iterable[Chip], positions: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which positions on the sky lie on one of several chips.

    Parameters
    ----------
    chips : iterable of (astropy.wcs.WCS, (int, int))
        Coordinates, and rows and columns.
    positions : ndarray, shape (n, 2)
        Right ascension and declination, degrees.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    seen = np.zeros(len(positions), dtype=bool)
    for wcs, shape in chips:
        near = np.flatnonzero(~seen & _near(wcs, shape, positions))
        if near.size:
            pixels = wcs.all_world2pix(positions[near], 0, quiet=True)
            seen[near] = _inside(pixels, shape, 0.0)
    return seen


def seen_by_others(chip: Chip, others: Sequence[Chip], *, block: int = 16) -> NDArray[np.bool_]:
    """Which pixels of a chip others see as well.

    Only there can cosmic rays be told from stars. All pixels of a block are as its middle is.

    Parameters
    ----------
    chip : (astropy.wcs.WCS, (int, int))
        The chip.
    others : sequence of (astropy.wcs.WCS, (int, int))
        The chips of the other exposures.
    block : int
        Side of a block, pixels.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
    """
    wcs, (rows, columns) = chip
    y, x = (np.arange(0, size, block) + (block - 1) / 2.0 for size in (rows, columns))
    grid = np.column_stack([axis.ravel() for axis in np.meshgrid(x, y)])
    seen = on_chips(others, np.asarray(wcs.all_pix2world(grid, 0))).reshape(len(y), len(x))
    return np.repeat(np.repeat(seen, block, axis=0), block, axis=1)[:rows, :columns]


def _near(wcs: Any, shape: tuple[int, ...], positions: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which positions may be on a chip, by the linear terms of its coordinates."""
    alpha, delta = np.radians(positions).T
    alpha0, delta0 = np.radians(wcs.wcs.crval)
    cosine = np.sin(delta) * np.sin(delta0) + np.cos(delta) * np.cos(delta0) * np.cos(alpha - alpha0)
    near = cosine > np.cos(np.radians(_NEAR))
    near[near] = _inside(wcs.wcs_world2pix(positions[near], 0), shape, _MARGIN)
    return np.asarray(near, dtype=bool)


def _inside(pixels: NDArray[np.float64], shape: tuple[int, ...], margin: float) -> NDArray[np.bool_]:
    rows, columns = shape
    low, high = -0.5 - margin, np.array([columns, rows]) - 0.5 + margin
    return np.asarray(((pixels >= low) & (pixels <= high)).all(axis=1))
