"""Which pixels of an infrared exposure show the sky, and how they scatter about its smooth level."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCK", "block_medians", "sky_pulls"]

# Side of the blocks whose medians follow the sky, pixels. The sky of a grism, errors of the flat field
# and haloes of galaxies change on larger scales; ramps are broken from pixel to pixel.
BLOCK = 16
# A block shows the sky if its level is below that of the darkest fifth by this factor: 1.3 times the sky
# adds 0.14 to the noise of a background that is limited by its own light, and less where reading adds noise.
_DARKEST = 20.0  # per cent
_SKY = 1.3
# Nor does it where its level changes by this many times the noise of a pixel over so many blocks:
# the halo of a galaxy that fills the field is not linear within a block. A grism's sky changes by less.
_STEEP, _PLATEAU = 4.0, 4
# Blocks of fewer good pixels have no median worth having.
_FEWEST = 0.5


def block_medians(image: NDArray[Any], side: int = BLOCK, *, fewest: float = _FEWEST) -> NDArray[np.float64]:
    """Medians of an image's blocks.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        NaN where a pixel does not count.
    side : int
        Pixels along a block.
    fewest : float
        Fraction of its pixels that a block must have.

    Returns
    -------
    ndarray, shape (ny // side, nx // side)
        NaN where a block has fewer.
    """
    rows, columns = (length // side for length in image.shape)
    blocks = image[: rows * side, : columns * side].reshape(rows, side, columns, side)
    pixels = np.sort(blocks.swapaxes(1, 2).reshape(rows, columns, side * side), axis=-1)
    # Sorting puts what is not a number last.
    number = np.count_nonzero(~np.isnan(pixels), axis=-1)
    middle = np.stack([np.maximum(number - 1, 0) // 2, number // 2], axis=-1).clip(max=side * side - 1)
    medians = np.take_along_axis(pixels, middle, axis=-1).mean(axis=-1, dtype=np.float64)
    return np.where(number >= fewest * side * side, medians, np.nan)


def sky_pulls(
    science: NDArray[Any], good: NDArray[np.bool_], *, dark: float, read_noise: float, time: float
) -> NDArray[np.float32]:
    """Pixels of an exposure's sky less its local level, over the noise that they should have.

    The level is that of blocks of `BLOCK` pixels, interpolated; blocks that are brighter than the sky show
    a target. A level that differs from block to block is the sky's, the flat field's or a galaxy's
    halo's, and not a bad fit of ramps, which differs from pixel to pixel.

    Parameters
    ----------
    science : ndarray, shape (ny, nx)
        Electrons per second.
    good : ndarray of bool, shape (ny, nx)
        Pixels that are not flagged.
    dark : float
        Dark current, electrons per second.
    read_noise : float
        Electrons of noise of the difference of two reads.
    time : float
        Exposure time, s.

    Returns
    -------
    ndarray, shape (n,)
        Empty where nothing shows the sky.
    """
    from scipy.ndimage import zoom

    image = np.where(good & np.isfinite(science), science, np.nan).astype(np.float32)
    medians = block_medians(image)
    if not np.isfinite(medians).any():
        return np.empty(0, dtype=np.float32)
    floor = float(np.nanpercentile(medians, _DARKEST))
    reading = np.hypot(read_noise, np.sqrt(max(dark, 0.0) * time)) / time
    # Where there is hardly any sky, blocks differ by their noise.
    allowance = max((_SKY - 1.0) * floor, _PLATEAU * reading / BLOCK)
    filled = np.where(np.isfinite(medians), medians, floor)
    shows_sky = (medians <= floor + allowance) & ~_steep(
        filled, np.hypot(reading, np.sqrt(max(floor, 0.0) / time))
    )
    rows, columns = (length * BLOCK for length in medians.shape)
    smooth = zoom(filled, BLOCK, order=1, grid_mode=True, mode="nearest")
    noise = np.hypot(reading, np.sqrt(np.maximum(smooth, 0.0) / time))
    pulls = (image[:rows, :columns] - smooth) / noise
    judged = np.repeat(np.repeat(shows_sky, BLOCK, axis=0), BLOCK, axis=1) & np.isfinite(pulls)
    return np.asarray(pulls[judged], dtype=np.float32)


def _steep(medians: NDArray[np.float64], noise: float) -> NDArray[np.bool_]:
    """Blocks about which the level changes by `_STEEP` times a pixel's noise within `_PLATEAU` blocks."""
    if min(medians.shape) < 2 * _PLATEAU:
        return np.zeros(medians.shape, dtype=bool)
    coarse = block_medians(medians, _PLATEAU)
    change = np.hypot(*np.gradient(coarse))
    wide = np.repeat(np.repeat(change > _STEEP * noise, _PLATEAU, axis=0), _PLATEAU, axis=1)
    missing = [(0, length - found) for length, found in zip(medians.shape, wide.shape, strict=True)]
    return np.pad(wide, missing, mode="edge")
