"""Noise of a drizzled image against what the noise of its exposures makes of it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.sky_structure import BLOCK, block_medians
from hubble_qa.checks.measurement import Json, Measurement, not_told

__all__ = ["NoiseBlocks", "block_noise", "correlation_factor", "drizzled_noise_ratio", "quiet_noise"]

# Rounds of clipping, where, and the standard deviation of what is left of a normal distribution.
_ROUNDS, _CLIP, _CLIPPED = 6, 3.0, 0.98658
# Fraction of a block's pixels that must count.
_FEWEST_PIXELS = 0.8
# Blocks of the sky: of all, the quarter with least scatter. Sources add to the scatter of the others.
_QUIET = 25.0
_FEWEST = 50


class NoiseBlocks(NamedTuple):
    """Noise of an image's blocks, and what that of its exposures makes of it, each of shape (n,)."""

    found: NDArray[np.float64]
    expected: NDArray[np.float64]


def block_noise(image: NDArray[Any]) -> NDArray[np.float64]:
    """Standard deviations of an image's blocks of `BLOCK` pixels, without what is beyond three of them.

    Means of squares tell the noise of pixels that hold whole numbers, which their median does not.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        NaN where a pixel does not count.

    Returns
    -------
    ndarray, shape (ny // BLOCK, nx // BLOCK)
        NaN where a block has too few pixels.
    """
    rows, columns = (length // BLOCK for length in image.shape)
    medians = block_medians(image, fewest=_FEWEST_PIXELS)
    found = np.full((rows, columns), np.nan)
    for row in range(rows):
        band = image[row * BLOCK : (row + 1) * BLOCK, : columns * BLOCK].reshape(BLOCK, columns, BLOCK)
        pixels = band.swapaxes(0, 1).reshape(columns, -1).astype(np.float64)
        counts = np.isfinite(medians[row])
        if counts.any():
            found[row, counts] = _clipped(pixels[counts] - medians[row, counts, np.newaxis])
    return found


def _clipped(deviations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of each row about its mean, clipped, NaN left out."""
    size = np.abs(deviations)
    scatter = 1.4826 * np.nanmedian(size, axis=1)
    # Of whole numbers half may be equal.
    scatter = np.where(scatter > 0, scatter, np.sqrt(np.nanmean(size**2, axis=1)))
    for _ in range(_ROUNDS):
        kept = size <= _CLIP * scatter[:, np.newaxis]
        number = np.maximum(np.count_nonzero(kept, axis=1), 1)
        values = np.where(kept, deviations, 0.0)
        mean = values.sum(axis=1) / number
        scatter = np.sqrt(np.maximum((values**2).sum(axis=1) / number - mean**2, 0.0)) / _CLIPPED
    return np.asarray(scatter)


def quiet_noise(noise: NDArray[np.float64]) -> float:
    """Noise of the sky: of the quarter of the blocks that has least; NaN where none counts."""
    kept = noise[np.isfinite(noise)]
    return float(np.percentile(kept, _QUIET)) if kept.size else math.nan


def correlation_factor(kernel: str, drop: float) -> float | None:
    """By how much drizzling lowers the scatter from pixel to pixel, as it shares noise among neighbours.

    With r the side of the drop over that of an output pixel: r / (1 - 1 / (3 r)) for r >= 1, else
    1 / (1 - r / 3) (Fruchter and Hook 2002, equation 9).

    Parameters
    ----------
    kernel : str
        AstroDrizzle's ``final_kernel``.
    drop : float
        Side of the drop, ``final_pixfrac`` input pixels, over that of an output pixel.

    Returns
    -------
    float or None
        None for kernels for which the equation does not hold.
    """
    if kernel == "point":
        return 1.0
    if kernel not in ("square", "turbo"):
        return None
    return drop / (1.0 - 1.0 / (3.0 * drop)) if drop >= 1.0 else 1.0 / (1.0 - drop / 3.0)


def drizzled_noise_ratio(blocks: NoiseBlocks, *, subject: str) -> Measurement:
    """Noise of a drizzled image's sky over what that of its exposures makes of it.

    Of the blocks' ratios that below which a quarter lies, as sources add to the scatter of the others.

    Parameters
    ----------
    blocks : NoiseBlocks
        Blocks of the image that whole chips see.
    subject : str
        The image.
    """
    quantity = "drizzled_noise_ratio"
    ratios = blocks.found / blocks.expected
    ratios = ratios[np.isfinite(ratios)]
    if ratios.size < _FEWEST:
        return not_told(quantity, subject, f"{ratios.size} blocks lie on whole chips; needs {_FEWEST}")
    value = float(np.percentile(ratios, _QUIET))
    context: dict[str, Json] = {
        "blocks": int(ratios.size),
        "noise": quiet_noise(blocks.found),
        "expected_noise": quiet_noise(blocks.expected),
    }
    # Of a standard deviation of BLOCK x BLOCK pixels, of which drizzling leaves some half independent.
    error = value / (BLOCK * math.sqrt(ratios.size))
    return Measurement(quantity, value, "", subject, uncertainty=error, context=context)
