"""Background of one exposure against that of the image that combines it, or of other exposures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

from hubble_qa.checks.detectors.sky_structure import medians_of_known
from hubble_qa.checks.measurement import Json, Measurement, not_told

__all__ = ["ComparedBlocks", "background_departure", "combined_departures"]

Array = NDArray[np.float64]

# Standard deviations that are taken off: of a chip's offset, and of a patch, of which it has hundreds.
_SIGMAS, _SIGMAS_OF_PATCH = 4.0, 6.0
# Blocks along a patch, and how many of them must be there.
_PATCH, _SEEN = 3, 6
# Blocks without which a chip is not judged, and blocks along a group whose departures may go together.
_FEWEST, _GROUP = 50, 4
# AstroDrizzle takes the sky off, which is at most the full well: 90,000 electrons are 300 times their noise.
# An image whose level differs by more than this is none of the sky.
_ANY_SKY = 1000.0
# Rounds and standard deviations of clipping in the fit of what changes gradually.
_ROUNDS, _CLIP = 5, 4.0


class ComparedBlocks(NamedTuple):
    """Blocks of a chip against one reference: arrays of shape (rows, columns), NaN where it sees none.

    Attributes
    ----------
    departure : ndarray
        Median of a block's pixels less the reference's, in units of the noise of a pixel.
    error : ndarray
        Of the departure, by the noise and by how much the light changes from block to block.
    side : int
        Pixels along a block.
    """

    departure: Array
    error: Array
    side: int

    @property
    def compared(self) -> NDArray[np.bool_]:
        """Blocks that both see."""
        return np.isfinite(self.departure) & np.isfinite(self.error)


class _Found(NamedTuple):
    """A departure, its error, and how many of its errors chance leaves."""

    height: float
    error: float
    sigmas: float
    words: str

    @property
    def certain(self) -> float:
        return max(abs(self.height) - self.sigmas * self.error, 0.0)


def combined_departures(references: Sequence[Mapping[int, ComparedBlocks]]) -> Mapping[int, ComparedBlocks]:
    """Departures of an exposure from several others, each without the difference of their skies.

    Parameters
    ----------
    references : sequence of mapping of int to ComparedBlocks
        By chip, for each other exposure.
    """
    levelled = [_levelled(reference) for reference in references]
    return {
        chip: ComparedBlocks(
            _median([each[chip].departure for each in levelled]),
            _median([each[chip].error for each in levelled]),
            first.side,
        )
        for chip, first in (levelled[0] if levelled else {}).items()
    }


def background_departure(
    references: Mapping[str, Mapping[int, ComparedBlocks]], chip: int, *, subject: str
) -> Measurement:
    """Departure of a chip's background from that of its references, in units of the noise of a pixel.

    Of the offset of the whole chip against the other chips of its exposure, and of the patch of 3 x 3 blocks
    that departs most from a parabola over the chip, the one that is most certain: its height less 4 (of a
    patch 6) standard deviations. The difference of the whole exposure's sky, and what changes gradually
    over a chip, as stray light does, do not count. A reference whose level differs from the exposure's by
    more than any sky, as a map of exposure times does that has the image's header, is left out.

    Parameters
    ----------
    references : mapping of str to mapping of int to ComparedBlocks
        Blocks of all chips of the exposure by EXTVER, for each reference by its name.
    chip : int
        EXTVER of the chip.
    subject : str
        The exposure and chip.
    """
    quantity = "background_departure"
    found: list[_Found] = []
    maps: list[str] = []
    for name, chips in references.items():
        if abs(level := _sky_difference(chips)) > _ANY_SKY:
            differ = f"the levels differ by {abs(level):.3g} times the noise of a pixel"
            maps.append(f"{name} is no image of its sky: {differ}")
            continue
        judged = {
            number: blocks
            for number, blocks in _levelled(chips).items()
            if np.count_nonzero(blocks.compared) >= _FEWEST
        }
        if chip in judged:
            found += _offsets(judged, chip, name)
            found.append(_patch(judged[chip], name))
    if not found and maps:
        return not_told(quantity, subject, "; ".join(maps))
    if not found:
        reason = (
            "neither a combined image nor other exposures of its visit, filter and similar time see its sky"
        )
        return not_told(quantity, subject, reason)
    worst = max(found, key=lambda each: (each.certain, abs(each.height)))
    context: dict[str, Json] = {each.words: [each.height, each.error] for each in found}
    reason = ""
    if worst.certain:
        reason = (
            f"{worst.words}: {worst.height:+.2f} ± {worst.error:.2f} of the noise of a pixel, of which "
            f"{worst.sigmas:g} sigma are taken off: see its bias, dark, flat field, persistence and trails"
        )
    return Measurement(
        quantity,
        worst.certain,
        "",
        subject,
        uncertainty=worst.error,
        context=context,
        reason=reason,
        beyond_error=True,
    )


def _sky_difference(chips: Mapping[int, ComparedBlocks]) -> float:
    """Median departure over the exposure; 0 where nothing is compared."""
    values = np.concatenate([np.empty(0), *(blocks.departure[blocks.compared] for blocks in chips.values())])
    return float(np.median(values)) if values.size else 0.0


def _levelled(chips: Mapping[int, ComparedBlocks]) -> Mapping[int, ComparedBlocks]:
    """The same without the median difference over the exposure."""
    level = _sky_difference(chips)
    return {chip: blocks._replace(departure=blocks.departure - level) for chip, blocks in chips.items()}


def _offsets(chips: Mapping[int, ComparedBlocks], chip: int, name: str) -> list[_Found]:
    """Offset of a chip against the other chips, where there are others."""
    levels = {number: _level(blocks) for number, blocks in chips.items()}
    others = [level for number, level in levels.items() if number != chip]
    if not others:
        return []
    height = levels[chip][0] - float(np.median([level for level, _ in others]))
    error = float(np.hypot(levels[chip][1], np.max([error for _, error in others])))
    return [_Found(height, error, _SIGMAS, f"its background against that of its other chips, by {name}")]


def _level(blocks: ComparedBlocks) -> tuple[float, float]:
    """Median departure of a chip's blocks, and its error by groups of them."""
    values = np.where(blocks.compared, blocks.departure, np.nan)
    rows, columns = (length // _GROUP for length in values.shape)
    groups = values[: rows * _GROUP, : columns * _GROUP].reshape(rows, _GROUP, columns, _GROUP)
    medians = _median(list(groups.transpose(1, 3, 0, 2).reshape(_GROUP**2, rows, columns)))
    medians = medians[np.isfinite(medians)]
    error = 1.25 * float(mad_std(medians)) / np.sqrt(len(medians)) if len(medians) > 1 else np.inf
    return float(np.nanmedian(values)), float(error)


def _patch(blocks: ComparedBlocks, name: str) -> _Found:
    """The most certain patch of a chip."""
    from scipy.ndimage import uniform_filter

    compared = blocks.compared
    weight = np.where(compared, 1.0 / np.where(compared, blocks.error, 1.0) ** 2, 0.0)
    residual = np.where(compared, blocks.departure - _gradual(blocks), 0.0)
    cells = _PATCH**2
    total = uniform_filter(weight, _PATCH, mode="constant") * cells
    whole = uniform_filter(compared.astype(float), _PATCH, mode="constant") * cells > _SEEN - 0.5
    if not whole.any():
        return _Found(0.0, np.inf, _SIGMAS_OF_PATCH, f"no patch, by {name}")
    height = np.where(whole, uniform_filter(weight * residual, _PATCH, mode="constant") * cells, 0.0)
    height, error = height / np.where(whole, total, 1.0), 1.0 / np.sqrt(np.where(whole, total, 1.0))
    # Light that the errors do not know widens the distribution of all patches.
    error = error * max(float(mad_std((height / error)[whole])), 1.0)
    certain = np.where(whole, np.abs(height) - _SIGMAS_OF_PATCH * error, -np.inf)
    row, column = np.unravel_index(int(np.argmax(certain)), certain.shape)
    y, x = (int((place + 0.5) * blocks.side) for place in (row, column))
    words = f"a patch at x = {x}, y = {y}, by {name}"
    return _Found(float(height[row, column]), float(error[row, column]), _SIGMAS_OF_PATCH, words)


def _gradual(blocks: ComparedBlocks) -> Array:
    """A parabola in x and y through the departures; blocks that are far off it do not count."""
    rows, columns = np.indices(blocks.departure.shape, dtype=float)
    y, x = rows / len(rows) - 0.5, columns / columns.shape[1] - 0.5
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    compared = blocks.compared
    kept = compared
    model = np.zeros(blocks.departure.shape)
    for _ in range(_ROUNDS):
        weight = 1.0 / blocks.error[kept]
        solution = np.linalg.lstsq(
            terms[kept] * weight[:, None], blocks.departure[kept] * weight, rcond=None
        )[0]
        model = terms @ solution
        pulls = np.where(compared, (blocks.departure - model) / blocks.error, np.inf)
        kept = compared & (np.abs(pulls) <= _CLIP * max(float(mad_std(pulls[kept])), 1e-12))
        if np.count_nonzero(kept) <= terms.shape[-1]:
            break
    return model


def _median(values: Sequence[Array]) -> Array:
    """Median of several arrays; NaN counts only where there is nothing else."""
    return medians_of_known(np.stack(values, axis=-1))[0]
