"""The sky of a drizzled image: steps where its exposures begin and end, and a level that no sky has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.sky_structure import sky_step
from hubble_qa.checks.measurement import Json, Measurement, not_told

__all__ = ["SkyBlocks", "SkyLevels", "sky_residual"]

# Blocks on either side of a border that are compared: near enough for a parabola to follow the sky, enough of
# them to tell a tenth of the noise of a pixel.
_REACH = 8
_FEWEST = 20
# Standard deviations by which a step may exceed its bound by chance.
_CERTAIN = 4.0
# Below zero the sky may be by the noise of a pixel and a tenth of the exposures' sky: AstroDrizzle takes off
# the middle of their pixels, in which sources are, to some per cent.
_PART = 0.1
_NAMED = 4
_WORTH_NAMING = 0.1


class SkyBlocks(NamedTuple):
    """Blocks of a drizzled image.

    Attributes
    ----------
    medians, widths : ndarray, shape (rows, columns)
        Median of each block's pixels, and the robust width of their distribution; NaN where a block does not
        count.
    seen : mapping of str to ndarray of bool, shape (rows, columns)
        By chip, the blocks that it sees.
    """

    medians: NDArray[np.float64]
    widths: NDArray[np.float64]
    seen: Mapping[str, NDArray[np.bool_]]


class SkyLevels(NamedTuple):
    """Median level of a drizzled image and of its exposures, counts per second and square arcsec.

    Attributes
    ----------
    image : float
        Of the image.
    exposures : float
        Of the pixels of its exposures, from which no sky was taken.
    noise : float
        Of a pixel of an exposure.
    subtracted : float
        What their headers say was taken off (MDRIZSKY); NaN where they say nothing.
    """

    image: float
    exposures: float
    noise: float
    subtracted: float = math.nan


class _Step(NamedTuple):
    """A step of the sky between what two sets of chips see, in units of the noise of a pixel."""

    first: int
    second: int
    height: float
    error: float

    @property
    def certain(self) -> float:
        """Least height that chance leaves."""
        return max(abs(self.height) - _CERTAIN * self.error, 0.0)


def sky_residual(blocks: SkyBlocks, levels: SkyLevels | None = None, *, subject: str) -> Measurement:
    """Largest step of a drizzled image's sky where a chip's footprint ends, over the noise of a pixel.

    Regions that different chips see have one sky, unless AstroDrizzle subtracted a wrong one from an
    exposure, or none. Along each border of two regions, a parabola in x and y with a step is fitted to the
    medians of the blocks on either side, so that light that changes gradually is no step. The value is what
    is certain of the step: its height less four times its error.

    More sky than the exposures have cannot be taken off: where an image is darker than zero by more than the
    noise of an exposure's pixel and a tenth of their sky, and MDRIZSKY does not say so, the value is how
    much, in units of that noise.

    Parameters
    ----------
    blocks : SkyBlocks
        Blocks of the image.
    levels : SkyLevels, optional
        Of the image and its exposures.
    subject : str
        The image.
    """
    if levels is not None and _is_below_zero(levels):
        return _below_zero(levels, subject)
    region, sets = _regions(blocks)
    steps = list(_steps(blocks, region))
    if not steps:
        reason = "no two regions that different chips see are large enough and side by side"
        return not_told("sky_residual", subject, reason)
    worst = max(steps, key=lambda step: (step.certain, abs(step.height)))
    places = [_named(blocks, sets[:, number]) for number in (worst.first, worst.second)]
    context: dict[str, Json] = {
        "borders": len(steps),
        "step": worst.height,
        "between": [*places],
        "noise": float(np.nanmedian(blocks.widths)),
    }
    reason = ""
    if worst.certain > _WORTH_NAMING:
        reason = (
            f"the sky steps by {worst.height:.2f} ± {worst.error:.2f} of the noise of a pixel from what "
            f"{places[0]} sees to what {places[1]} sees: see their MDRIZSKY, skysub and skymethod"
        )
    return Measurement(
        "sky_residual",
        worst.certain,
        "",
        subject,
        uncertainty=worst.error,
        context=context,
        reason=reason,
        beyond_error=True,
    )


def _is_below_zero(levels: SkyLevels) -> bool:
    """Whether an image's sky is below zero, and below what its exposures' headers make of it."""
    allowed = levels.noise + _PART * abs(levels.exposures)
    stated = levels.exposures - levels.subtracted
    expected = min(stated, 0.0) if math.isfinite(stated) else 0.0
    return levels.image < expected - allowed


def _below_zero(levels: SkyLevels, subject: str) -> Measurement:
    context: dict[str, Json] = {
        name: value for name, value in levels._asdict().items() if math.isfinite(value)
    }
    reason = (
        f"its sky is {levels.image:.3g} counts per second and square arcsec, and its exposures have "
        f"{levels.exposures:.3g}: more was taken off than there is, as where a sky is subtracted twice"
    )
    value = -levels.image / levels.noise
    return Measurement("sky_residual", value, "", subject, context=context, reason=reason)


def _regions(blocks: SkyBlocks) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """For each block the number of the set of chips that see it, -1 where it does not count; and the sets."""
    shape = blocks.medians.shape
    seen = np.array([each.ravel() for each in blocks.seen.values()]).reshape(len(blocks.seen), -1)
    sets, region = np.unique(seen, axis=1, return_inverse=True)
    counts = np.isfinite(blocks.medians) & seen.any(axis=0).reshape(shape)
    return np.where(counts, region.reshape(shape), -1), sets


def _steps(blocks: SkyBlocks, region: NDArray[np.int64]) -> Iterator[_Step]:
    from scipy.ndimage import binary_dilation

    codes, counts = np.unique(region[region >= 0], return_counts=True)
    codes = codes[counts >= _FEWEST]
    near = {int(code): binary_dilation(region == code, iterations=_REACH) for code in codes}
    for first in near:
        for second in (code for code in near if code > first):
            sides = (region == first) & near[second], (region == second) & near[first]
            if min(np.count_nonzero(side) for side in sides) >= _FEWEST:
                height, error = sky_step(blocks.medians, *sides)
                noise = float(np.nanmedian(blocks.widths[sides[0] | sides[1]]))
                if noise > 0 and np.isfinite(height):
                    yield _Step(first, second, height / noise, error / noise)


def _named(blocks: SkyBlocks, members: NDArray[np.bool_]) -> str:
    chips = [name for name, member in zip(blocks.seen, members, strict=True) if member]
    more = len(chips) - _NAMED
    return " with ".join(chips[:_NAMED]) + (f" and {more} more" if more > 0 else "")
