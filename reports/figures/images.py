"""Images made small enough to draw: means over blocks of pixels, ratios, and brightness limits."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["WeightedImage", "Window", "block_mean", "block_ratio", "brightness_limits", "covered_window"]

Pixels = NDArray[np.float32]
Mask = NDArray[np.bool_]

# A block of which less than this has pixels is left blank.
_MIN_COVERED = 0.5

_NOTHING = np.float32(0)


class WeightedImage(Protocol):
    """A science and a weight image of one shape."""

    @property
    def science(self) -> NDArray[Any]:
        """Counts per second."""

    @property
    def weight(self) -> NDArray[Any]:
        """Weights; 0 where there is no pixel."""


class Window(NamedTuple):
    """A rectangle of an image: its first and one past its last column and row."""

    left: int
    right: int
    bottom: int
    top: int

    @classmethod
    def whole(cls, shape: tuple[int, ...]) -> Window:
        """The rectangle that is all of an image."""
        return cls(0, shape[1], 0, shape[0])

    @property
    def slices(self) -> tuple[slice, slice]:
        """What cuts it out of an array."""
        return slice(self.bottom, self.top), slice(self.left, self.right)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Its outer edges, where pixel centres are whole numbers."""
        return self.left - 0.5, self.right - 0.5, self.bottom - 0.5, self.top - 0.5

    @property
    def aspect(self) -> float:
        """Height over width."""
        return (self.top - self.bottom) / (self.right - self.left)

    def cut(self, shape: tuple[int, ...]) -> Window:
        """The part of it that lies within an image, at least one pixel."""
        left, bottom = min(max(self.left, 0), shape[1] - 1), min(max(self.bottom, 0), shape[0] - 1)
        right, top = min(max(self.right, left + 1), shape[1]), min(max(self.top, bottom + 1), shape[0])
        return Window(left, right, bottom, top)


def covered_window(covered: Mask, margin: int = 20) -> Window:
    """Return the smallest rectangle that holds all covered pixels, with a margin; else the whole."""
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    if not len(rows):
        return Window.whole(covered.shape)
    window = Window(
        int(columns[0]) - margin,
        int(columns[-1]) + 1 + margin,
        int(rows[0]) - margin,
        int(rows[-1]) + 1 + margin,
    )
    return window.cut(covered.shape)


def block_mean(image: NDArray[Any], width: int, covered: Mask | None = None) -> Pixels:
    """Mean over the covered pixels of each block of an image.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Any image; pixels that are not finite do not count.
    width : int
        Columns of the result; a smaller image keeps its own.
    covered : ndarray of bool, shape (ny, nx), optional
        Pixels that count.

    Returns
    -------
    ndarray of float32
        With the image's aspect ratio; NaN where less than half of a block counts.
    """
    pixels = np.asarray(image, dtype=np.float32)
    good = np.isfinite(pixels) if covered is None else covered & np.isfinite(pixels)
    share = _shrunk(good.astype(np.float32), width)
    total = _shrunk(np.where(good, pixels, _NOTHING), width)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(share >= _MIN_COVERED, total / share, np.nan).astype(np.float32)


def block_ratio(numerator: NDArray[Any], denominator: NDArray[Any], width: int, covered: Mask) -> Pixels:
    """Ratio of two images' sums over blocks: the ratio of fluxes, which single pixels near 0 cannot spoil.

    Parameters
    ----------
    numerator, denominator : ndarray, shape (ny, nx)
        Images on one grid.
    width, covered
        As for `block_mean`.
    """
    first, second = (np.asarray(image, dtype=np.float32) for image in (numerator, denominator))
    good = covered & np.isfinite(first) & np.isfinite(second)
    share = _shrunk(good.astype(np.float32), width)
    above, below = (_shrunk(np.where(good, pixels, _NOTHING), width) for pixels in (first, second))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((share >= _MIN_COVERED) & (below > 0), above / below, np.nan).astype(np.float32)


def _shrunk(image: Pixels, width: int) -> Pixels:
    rows, columns = image.shape
    if columns <= width:
        return image
    size = width, max(1, round(rows * width / columns))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))


def brightness_limits(image: NDArray[Any]) -> tuple[float, float, float]:
    """Limits of a stretch that shows the sky's noise and faint and bright stars.

    Returns
    -------
    lower, upper, noise : float
        Two robust standard deviations below the sky, the 99.7th percentile, and that deviation;
        (0, 1, 0.1) where no pixel is finite.
    """
    values = image[np.isfinite(image)]
    if not values.size:
        return 0.0, 1.0, 0.1
    low, sky, high = (float(value) for value in np.percentile(values, (15.87, 50.0, 99.7)))
    noise = max(sky - low, 1e-6 * max(abs(sky), 1.0))
    return sky - 2.0 * noise, max(high, sky + 10.0 * noise), noise
