"""What the pixels of a chip say of their flags: flags that were lost, and pixels that hold no measurement."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.sky_structure import BLOCK, block_medians
from hubble_qa.checks.instruments import Camera

__all__ = [
    "LONGEST_RUN",
    "clipped",
    "countless_squares",
    "few_flags",
    "longest_run",
    "negative_light",
    "unflagged_saturation",
]

# Chips of so many pixels have bad ones: 0.001 of a calibrated WFC3/UVIS chip of which only hot pixels are
# flagged, 0.1 in WFPC2, 0.003 to 0.01 in the others.
_WHOLE = 100_000
_LEAST_FLAGGED = 2e-4

# Neighbours that read one number: by chance at most 4 in calibrated WFPC2 chips, 1 or 2 in the others.
LONGEST_RUN = 12

# Counts that a square has by the dark alone where one without any is no chance: even with half of them, one
# square in three million has none (Poisson).
_COUNTS = 30.0

# Between these fractions of full well a pixel is taken for full, as flat fields and the well itself vary.
# Beside the edges that WFPC2's pyramid shadows, stars are divided by a flat of a half, and read twice as
# much.
_FULL, _FULLER = 0.95, 1.3
# Stars that just do not saturate leave a few pixels without flag, up to a tenth of those with.
_FEWEST = 10

# Pixels that share the least, or the largest, value of all: one in calibrated exposures and in drizzled
# images. Where a drizzled image's pixels are a fifth as wide as the detector's, it sees each of these 25
# times; counts that were rounded have a few.
_MOST_EXTREME = 25

# Pixels so many times the sky's scatter below its level, and so many times more of them than above it:
# stars, galaxies and cosmic rays are brighter than the sky. In clean exposures and images at most 1 in 40 of
# those beyond is below, at vignetted edges and beside what was resampled.
_FAR, _MORE, _FEWEST_FAR = 10.0, 3, 100
# So many of them tell the scatter.
_ENOUGH = 500_000


def few_flags(dq: NDArray[Any]) -> str:
    """Say that the flags of a whole chip were lost; empty where they were not.

    Parameters
    ----------
    dq : ndarray, shape (ny, nx)
        Data quality; 0 is good.
    """
    flagged = int(np.count_nonzero(dq))
    if flagged == 0:
        return "DQ flags no pixel at all: the flags were lost"
    if dq.size >= _WHOLE and flagged < _LEAST_FLAGGED * dq.size:
        return f"DQ flags {flagged} of {dq.size} pixels; a detector has more bad ones: the flags were lost"
    return ""


def longest_run(image: NDArray[Any], counted: NDArray[np.bool_]) -> int:
    """Length of the longest row or column of pixels that follow one another and read one number.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        The image.
    counted : ndarray of bool, shape (ny, nx)
        Pixels that count.
    """
    return max(_longest(image, counted), _longest(image.T, counted.T))


def _longest(image: NDArray[Any], counted: NDArray[np.bool_]) -> int:
    """Along rows."""
    if not counted.any():
        return 0
    equal = (image[:, 1:] == image[:, :-1]) & counted[:, 1:] & counted[:, :-1]
    # Nearly all runs are short, and are over after a few steps.
    runs = equal
    for length in range(1, LONGEST_RUN + 1):
        if not runs.any():
            return length
        runs = runs[:, :-1] & equal[:, length:]
    # A column of False ends each row's runs, so that rows can follow one another.
    ends = np.flatnonzero(~np.pad(equal, ((0, 0), (0, 1))).ravel())
    return int(np.diff(ends, prepend=-1).max())


def countless_squares(image: NDArray[Any], expected: NDArray[Any]) -> str:
    """Say that squares of an image hold no count where the detector's dark alone has tens; else empty.

    The shorter the exposure, the larger the squares; of one in which they would be more than half as wide as
    the image, nothing can be told.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts or rates of a detector that counts photons.
    expected : ndarray, shape (ny, nx)
        Counts that each pixel has at the least; 0 for those that do not count.
    """
    counted = expected[expected > 0]
    if not counted.size:
        return ""
    side = max(math.ceil(math.sqrt(_COUNTS / float(np.median(counted)))), BLOCK)
    if side > min(image.shape) / 2:
        return ""
    rows, columns = (length // side for length in image.shape)

    def sums(values: NDArray[Any]) -> NDArray[Any]:
        blocks = values[: rows * side, : columns * side].reshape(rows, side, columns, side)
        return np.asarray(blocks.sum(axis=(1, 3), dtype=np.float64))

    # Dead pixels and edges take some counts from a square, not half of them.
    known = sums(expected) >= _COUNTS / 2.0
    empty = int(np.count_nonzero(known & (sums((image != 0) & (expected > 0)) == 0)))
    if not empty:
        return ""
    of = f"{empty} of {np.count_nonzero(known)} squares of {side} x {side} pixels"
    return f"{of} hold no count, where the dark alone gives {_COUNTS:g}: they hold no data"


def unflagged_saturation(science: NDArray[Any], dq: NDArray[Any], camera: Camera) -> str:
    """Say that most pixels at full well have no flag of it; empty where that is not so.

    Parameters
    ----------
    science : ndarray, shape (ny, nx)
        Counts in the camera's unit.
    dq : ndarray, shape (ny, nx)
        Data quality.
    camera : Camera
        Its full well and the bits that flag it; a camera of rates has none on record.
    """
    if camera.full_well is None:
        return ""
    full = (science > _FULL * camera.full_well) & (science < _FULLER * camera.full_well)
    flagged = int(np.count_nonzero(full & ((dq & camera.saturation_bits) != 0)))
    # In the shadow of WFPC2's pyramid the flat field makes bright stars of faint ones.
    bare = int(np.count_nonzero(full & ((dq & (camera.saturation_bits | camera.shadow_bits)) == 0)))
    if bare < _FEWEST or bare <= flagged:
        return ""
    bits = " or ".join(str(camera.flags[name]) for name in camera.saturation_flags)
    return (
        f"{bare} pixels are at full well ({camera.full_well:g} {camera.unit.lower()}) without DQ bit {bits}, "
        f"{flagged} with it: photometry will take saturated stars for good ones"
    )


def clipped(image: NDArray[Any], counted: NDArray[np.bool_]) -> str:
    """Say that an image's values were cut at a lower or upper limit; empty where they were not.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        The image, not of a detector that counts photons: many of its pixels hold the same few of them.
    counted : ndarray of bool, shape (ny, nx)
        Pixels that count.
    """
    values = image[counted & np.isfinite(image)]
    if values.size == 0:
        return ""
    for name, limit in (("least", values.min()), ("most", values.max())):
        number = int(np.count_nonzero(values == limit))
        if number > _MOST_EXTREME:
            return f"{number} pixels read {float(limit):g}, the {name} of all: values were cut there"
    return ""


def negative_light(image: NDArray[Any], counted: NDArray[np.bool_]) -> str:
    """Say that an image's sources are darker than its sky; empty where they are not.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        The image.
    counted : ndarray of bool, shape (ny, nx)
        Pixels that count.
    """
    pixels = np.where(counted & np.isfinite(image), image, np.nan).astype(np.float32)
    medians = block_medians(pixels).astype(np.float32)
    rows, columns = medians.shape
    blocks = pixels[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    above = (blocks - medians[:, None, :, None]).ravel()
    # A part tells percentiles well enough; an odd stride comes to all columns.
    part = above[:: max(above.size // _ENOUGH, 1) | 1]
    part = part[np.isfinite(part)]
    if part.size == 0:
        return ""
    low, middle, high = np.percentile(part, [15.87, 50.0, 84.13])
    # Sources widen one side: the scatter is that of the other.
    scatter = min(middle - low, high - middle)
    below = int(np.count_nonzero(above < middle - _FAR * scatter))
    brighter = int(np.count_nonzero(above > middle + _FAR * scatter))
    if below < _FEWEST_FAR or below <= _MORE * brighter:
        return ""
    return (
        f"{below} pixels are below the sky by {_FAR:g} times its scatter, {brighter} above it: sources are "
        "darker than the sky, and the image has the wrong sign"
    )
