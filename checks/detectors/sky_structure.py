"""The sky of an image by the medians of its blocks: which pixels show it, and where it steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

__all__ = [
    "BLOCK",
    "away_from_sources",
    "block_medians",
    "local_level",
    "medians_of_known",
    "sky_grain",
    "sky_pulls",
    "sky_step",
]

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
# A source is where the mean of so many pixels by as many is above the level by this many times the scatter of
# such means below it; its wings reach so many pixels farther. What is left of a block must be so much of it.
_MEAN, _SOURCE, _WINGS = 3, 5.0, 2
_LEFT = 0.2
# Second differences along rows of those along columns scatter by this times the noise of independent pixels.
_OF_DIFFERENCES = 6.0
# Rounds of clipping, and standard deviations at which blocks with stars are left out of the fit of a step.
_ROUNDS, _CLIP = 5, 4.0
# Part of a level that is nothing but rounding: far below any noise.
_ROUNDING = 1e-9
# Blocks along a side of a group whose residuals may go together.
_TOGETHER = 4
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
    medians, number = medians_of_known(blocks.swapaxes(1, 2).reshape(rows, columns, side * side))
    return np.where(number >= fewest * side * side, medians, np.nan)


def medians_of_known(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Medians along the last axis of what is a number, and how many are; NaN where none is.

    In a third of the time that `numpy.nanmedian` takes for many short rows.
    """
    # Sorting puts what is not a number last.
    ordered = np.sort(values, axis=-1)
    number = np.count_nonzero(~np.isnan(ordered), axis=-1)
    middle = np.stack([np.maximum(number - 1, 0) // 2, number // 2], axis=-1)
    return np.take_along_axis(ordered, middle, axis=-1).mean(axis=-1, dtype=np.float64), number


def sky_pulls(
    science: NDArray[Any], good: NDArray[np.bool_], *, dark: float, read_noise: float, time: float
) -> NDArray[np.float32]:
    """Pixels of an exposure's sky less its local level, over the noise that they should have.

    The level is that of blocks of `BLOCK` pixels, interpolated; blocks that are brighter than the sky show
    a target, and pixels near a source the source. A level that differs from block to block is the sky's,
    the flat field's or a galaxy's halo's, and not a bad fit of ramps, which differs from pixel to pixel.

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
    pulls = _pulls(science, good, dark=dark, read_noise=read_noise, time=time)
    return pulls[np.isfinite(pulls)]


def sky_grain(
    science: NDArray[Any], good: NDArray[np.bool_], *, dark: float, read_noise: float, time: float
) -> NDArray[np.float32]:
    """Departures of an exposure's sky pixels from their neighbours, over the noise that they should have.

    Second differences along rows of those along columns (Immerkaer 1996, CVIU 64, 300), divided by what they
    are of independent pixels: 1 for a sound fit, wherever light is smooth over three pixels. The wings of
    stars are, and widen the pixels of a crowded field about the level of their block; noise and ramps that
    are broken from pixel to pixel are not.

    Parameters
    ----------
    science, good, dark, read_noise, time
        As of `sky_pulls`.

    Returns
    -------
    ndarray, shape (n,)
        Of pixels that show the sky with all of their neighbours.
    """
    pulls = _pulls(science, good, dark=dark, read_noise=read_noise, time=time)
    grain = np.diff(np.diff(pulls, 2, axis=0), 2, axis=1) / np.float32(_OF_DIFFERENCES)
    return np.asarray(grain[np.isfinite(grain)], dtype=np.float32)


def _pulls(
    science: NDArray[Any], good: NDArray[np.bool_], *, dark: float, read_noise: float, time: float
) -> NDArray[np.float32]:
    """An image of what `sky_pulls` returns, NaN where a pixel shows no sky."""
    image = np.where(good & np.isfinite(science), science, np.nan).astype(np.float32)
    medians = block_medians(image)
    if not np.isfinite(medians).any():
        return np.full(image.shape, np.nan, dtype=np.float32)
    rows, columns = (length * BLOCK for length in medians.shape)
    image = image[:rows, :columns]
    image = np.where(away_from_sources(image - local_level(medians)), image, np.nan)
    medians = block_medians(image, fewest=_LEFT)
    if not np.isfinite(medians).any():
        return np.full(image.shape, np.nan, dtype=np.float32)
    floor = float(np.nanpercentile(medians, _DARKEST))
    reading = np.hypot(read_noise, np.sqrt(max(dark, 0.0) * time)) / time
    # Where there is hardly any sky, blocks differ by their noise.
    allowance = max((_SKY - 1.0) * floor, _PLATEAU * reading / BLOCK)
    filled = np.where(np.isfinite(medians), medians, floor)
    shows_sky = (medians <= floor + allowance) & ~_steep(
        filled, np.hypot(reading, np.sqrt(max(floor, 0.0) / time))
    )
    smooth = local_level(medians)
    noise = np.hypot(reading, np.sqrt(np.maximum(smooth, 0.0) / time))
    judged = np.repeat(np.repeat(shows_sky, BLOCK, axis=0), BLOCK, axis=1)
    return np.where(judged, (image - smooth) / noise, np.nan).astype(np.float32)


def local_level(medians: NDArray[np.float64], side: int = BLOCK) -> NDArray[np.float64]:
    """Level at each pixel of an image's blocks, interpolated; the darkest fifth's where a block has none.

    Parameters
    ----------
    medians : ndarray, shape (rows, columns)
        Medians of the blocks, some of them finite.
    side : int
        Pixels along a block.

    Returns
    -------
    ndarray, shape (rows * side, columns * side)
    """
    from scipy.ndimage import zoom

    filled = np.where(np.isfinite(medians), medians, np.nanpercentile(medians, _DARKEST))
    return np.asarray(zoom(filled, side, order=1, grid_mode=True, mode="nearest"), dtype=np.float64)


def away_from_sources(above: NDArray[Any], wings: int = _WINGS) -> NDArray[np.bool_]:
    """Pixels that are on no source and not near one.

    Light of sources and cosmic rays reaches over neighbours; noise, and ramps that are broken from pixel to
    pixel, do not go together. What counts as a source is measured by the image's own scatter, so that
    an image that is too noisy as a whole is not taken for sources.

    Parameters
    ----------
    above : ndarray, shape (ny, nx)
        An image less its local level; NaN where a pixel does not count.
    wings : int
        Pixels that a source reaches beyond where its mean stands out.
    """
    from scipy.ndimage import binary_dilation, uniform_filter

    means = uniform_filter(np.nan_to_num(above), _MEAN)
    seen = means[np.isfinite(above)]
    if not seen.size:
        return np.ones(above.shape, dtype=bool)
    low, level = np.percentile(seen, (15.865, 50.0))
    return ~np.asarray(binary_dilation(means - level > _SOURCE * (level - low), iterations=wings))


def _steep(medians: NDArray[np.float64], noise: float) -> NDArray[np.bool_]:
    """Blocks about which the level changes by `_STEEP` times a pixel's noise within `_PLATEAU` blocks."""
    if min(medians.shape) < 2 * _PLATEAU:
        return np.zeros(medians.shape, dtype=bool)
    coarse = block_medians(medians, _PLATEAU)
    change = np.hypot(*np.gradient(coarse))
    wide = np.repeat(np.repeat(change > _STEEP * noise, _PLATEAU, axis=0), _PLATEAU, axis=1)
    missing = [(0, length - found) for length, found in zip(medians.shape, wide.shape, strict=True)]
    return np.pad(wide, missing, mode="edge")


def sky_step(
    medians: NDArray[np.float64], first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> tuple[float, float]:
    """Height of a step of the sky from one side of a border to the other, and its error.

    A parabola in x and y with a step is fitted to the medians of blocks, so that light that changes gradually
    is no step; blocks with stars are clipped.

    Parameters
    ----------
    medians : ndarray, shape (rows, columns)
        Medians of an image's blocks.
    first, second : ndarray of bool, shape (rows, columns)
        Blocks near the border, on either side.
    """
    rows, columns = np.nonzero(first | second)
    values, beyond = medians[rows, columns], second[rows, columns].astype(float)
    x, y = ((axis - axis.mean()) / max(float(np.ptp(axis)), 1.0) for axis in (columns, rows))
    terms = np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y, beyond])
    kept = np.ones(len(values), dtype=bool)
    # Of levels without noise the fit leaves what rounding does.
    rounding = _ROUNDING * float(np.max(np.abs(values)))
    for _ in range(_ROUNDS):
        solution = np.linalg.lstsq(terms[kept], values[kept], rcond=None)[0]
        residuals = values - terms @ solution
        scatter = float(mad_std(residuals[kept]))
        within = np.abs(residuals) <= _CLIP * scatter + rounding
        if np.array_equal(within, kept) or np.count_nonzero(within) <= terms.shape[1]:
            break
        kept = within
    inverse = np.linalg.pinv(terms[kept].T @ terms[kept])
    apart = scatter**2 * inverse[-1, -1]
    places = np.column_stack([rows // _TOGETHER, columns // _TOGETHER, beyond])[kept]
    together = _clustered(terms[kept], residuals[kept], inverse, places)
    return float(solution[-1]), float(np.sqrt(max(apart, together)))


def _clustered(
    terms: NDArray[np.float64],
    residuals: NDArray[np.float64],
    inverse: NDArray[np.float64],
    places: NDArray[Any],
) -> float:
    """Variance of the last term where residuals of one place go together (Liang and Zeger 1986).

    Wings of stars and what is left of a flat field reach over several blocks.
    """
    _, cluster = np.unique(places, axis=0, return_inverse=True)
    number = int(cluster.max()) + 1
    scores = np.zeros((number, terms.shape[1]))
    np.add.at(scores, cluster.ravel(), terms * residuals[:, np.newaxis])
    few = number / max(number - terms.shape[1], 1)
    return float((inverse @ scores.T @ scores @ inverse)[-1, -1] * few)
