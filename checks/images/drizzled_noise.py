"""Noise of a drizzled image against what the noise of its exposures makes of it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.sky_structure import BLOCK, block_medians, medians_of_known
from hubble_qa.checks.measurement import Json, Measurement, not_told

__all__ = ["NoiseBlocks", "block_noise", "correlation_factor", "drizzled_noise_ratio", "quiet_noise"]

# Rounds of clipping, where, and the standard deviation of what is left of a normal distribution.
_ROUNDS, _CLIP, _CLIPPED = 6, 3.0, 0.98658
# Fraction of a block's pixels that must count.
_FEWEST_PIXELS = 0.8
# Blocks of the sky: of all, the quarter with least scatter. Sources add to the scatter of the others.
_QUIET = 25.0
_FEWEST = 50


# What stays when exposures are averaged, faint stars and galaxies, is no fault of the image. Ratios from
# here, above all of clean images (0.94 to 1.16), count where such a structure does not explain them.
_CLEAR = 1.2
# Variance of a structure that nobody would see, over that of one exposure's noise: errors that are stated to
# 3 per cent do not show it; where none are stated, half the noise might be.
_HIDDEN, _HIDDEN_WITHOUT_ERRORS = 0.06, 0.25
# Of a field so crowded that hardly a block is free of sources: the noisier quarter of the blocks has so many
# times the scatter of the quieter one, while the quietest of all (a twentieth) have what is expected.
_CROWDED, _QUIETEST = 2.0, 5.0


class NoiseBlocks(NamedTuple):
    """Noise of an image's blocks, and what that of its exposures makes of it.

    Attributes
    ----------
    found, expected : ndarray, shape (n,)
        Noise of a pixel of the image.
    single : ndarray, shape (n,)
        That of one exposure alone, if neighbours shared none of it.
    over_error : float
        Scatter of the exposures' sky over what it should be by their ERR, or by their gain and read noise;
        NaN where nothing states it.
    """

    found: NDArray[np.float64]
    expected: NDArray[np.float64]
    single: NDArray[np.float64]
    over_error: float = math.nan


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
    scatter = 1.4826 * medians_of_known(size)[0]
    # Of whole numbers half may be equal.
    scatter = np.where(scatter > 0, scatter, np.sqrt(np.nanmean(size**2, axis=1)))
    for _ in range(_ROUNDS):
        kept = size <= _CLIP * scatter[:, np.newaxis]
        number = np.maximum(np.count_nonzero(kept, axis=1), 1)
        values = np.where(kept, deviations, 0.0)
        mean = values.sum(axis=1) / number
        squares = np.einsum("ij,ij->i", values, values)
        scatter = np.sqrt(np.maximum(squares / number - mean**2, 0.0)) / _CLIPPED
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

    Of the blocks' ratios that below which a quarter lies, as sources add to the scatter of the others. Where
    no block is free of them, faint stars that are too many to be told apart or galaxies' light, the noise of
    the exposures tells little: averaging does not lower theirs.

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
    if why := _crowding(ratios, value) or _structure(blocks, value):
        return not_told(quantity, subject, why)
    context: dict[str, Json] = {
        "blocks": int(ratios.size),
        "noise": quiet_noise(blocks.found),
        "expected_noise": quiet_noise(blocks.expected),
        "sky_scatter_to_error": blocks.over_error,
    }
    # Of a standard deviation of BLOCK x BLOCK pixels, of which drizzling leaves some half independent.
    error = value / (BLOCK * math.sqrt(ratios.size))
    return Measurement(quantity, value, "", subject, uncertainty=error, context=context)


def _crowding(ratios: NDArray[np.float64], ratio: float) -> str:
    """Why an excess of noise may be that of sources everywhere; empty where it is none, or they are not."""
    quietest, noisier = (float(each) for each in np.percentile(ratios, (_QUIETEST, 100.0 - _QUIET)))
    if ratio <= _CLEAR or quietest > _CLEAR or noisier < _CROWDED * ratio:
        return ""
    return (
        f"sources are nearly everywhere: a quarter of its blocks has more than {noisier:.1f} times the noise "
        f"of its exposures, averaged, and the quietest have {quietest:.2f} times"
    )


def _structure(blocks: NoiseBlocks, ratio: float) -> str:
    """Why an excess of noise may be the sky's own structure; empty where it is none, or none is there."""
    if ratio <= _CLEAR:
        return ""
    excess = (ratio**2 - 1.0) * float(np.nanmedian((blocks.expected / blocks.single) ** 2))
    structure = _HIDDEN_WITHOUT_ERRORS
    if math.isfinite(blocks.over_error):
        structure = max(blocks.over_error**2 - 1.0, 0.0) + _HIDDEN
    if excess >= structure:
        return ""
    found = f"its noise is {ratio:.2f} of its exposures', averaged"
    return f"{found}: faint sources with {math.sqrt(excess):.2f} of the noise of one of them would do so too"
