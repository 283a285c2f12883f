"""Which chips of which exposures see the parts of a drizzled image, and with how much weight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.sky_structure import away_from_sources, block_medians, local_level
from hubble_qa.checks.evidence.drizzled import drizzled_in
from hubble_qa.checks.evidence.exposures import ChipFrame, chip_frames, exposure_in, planes
from hubble_qa.checks.images.sky_residual import SkyBlocks
from hubble_qa.checks.readers import Drizzled
from hubble_qa.checks.readers.coordinates import is_number

__all__ = ["Coverage", "coverage", "exposure_weights", "sky_blocks"]

# Blocks into which an image is divided: of at least so many pixels along a side, and not more than this
# number of blocks, as each costs the inverse of a chip's distortion.
_SIDE = 16
_MOST = 128

# Blocks along a side of those whose weights are taken together where drops leave a pattern.
_POOLED = 3

# A block is clean if so many of each chip's pixels about its middle are not flagged for more than a cosmic
# ray.
_CLEAN = 0.9
_COSMIC_RAYS = 4096 | 8192

# The sky of a block is judged if its weight is this part of what its chips give it, and if it has so many
# pixels.
_WEIGHTED = 0.9
_SEEN = 0.8
# Light of stars raises the medians of their blocks, by more than an error where stars are many. Stars are
# found twice, the second time about the level without them, with wings of so many pixels: with those that do
# for the scatter of pixels, 2, a crowd still steps by four errors. Of a block this part must be left.
_ROUNDS, _WINGS, _LEFT = 2, 4, 0.4
# Standard deviation of a Gaussian over the median of its absolute deviations.
_GAUSSIAN = 1.4826

# Linear terms tell to this many pixels whether a chip may see a position; the distortion adds up to 200.
_MARGIN = 400.0
# Pixels by which a position at the very edge of a chip may come to lie beyond it.
_ROUNDING = 0.01


@dataclass(frozen=True, slots=True)
class Coverage:
    """Blocks of a drizzled image, and who sees them.

    Attributes
    ----------
    side : int
        Pixels along a block.
    wholly : mapping of str to ndarray of bool, shape (rows, columns)
        By chip (``"ibwb01xrq_flc SCI,1"``), the blocks that lie on it with all their corners.
    partly : ndarray of bool, shape (rows, columns)
        Blocks through which the edge of a chip runs.
    weight : ndarray, shape (rows, columns)
        Exposure time times input pixels per output pixel, summed over the chips that see a block wholly, s.
    clean : ndarray of bool, shape (rows, columns)
        Blocks of which no chip's pixels are bad.
    """

    side: int
    wholly: Mapping[str, NDArray[np.bool_]]
    partly: NDArray[np.bool_]
    weight: NDArray[np.float64]
    clean: NDArray[np.bool_]

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Blocks that chips see wholly, and none partly."""
        return (self.weight > 0) & ~self.partly


def coverage(image: Drizzled, exposures: Mapping[Path, Path | None]) -> Coverage:
    """Find out which chips see the blocks of a drizzled image.

    Parameters
    ----------
    image : Drizzled
        The image.
    exposures : mapping of Path to Path or None
        The exposures that it combines, and the C1M of each C0M.
    """
    return _coverage(image.path, image.weight_path, tuple(exposures.items()))


@cache
def _coverage(path: Path, weight_path: Path, exposures: tuple[tuple[Path, Path | None], ...]) -> Coverage:
    image = drizzled_in(path, weight_path)
    shape = image.weight().shape
    side = max(_SIDE, -(-max(shape) // _MOST))
    corners = [np.arange(length // side + 1) * side - 0.5 for length in shape]
    y, x = np.meshgrid(*corners, indexing="ij")
    sky = np.column_stack(image.wcs().all_pix2world(x.ravel(), y.ravel(), 0))
    blocks = tuple(length - 1 for length in y.shape)
    partly, weight, clean = np.zeros(blocks, dtype=bool), np.zeros(blocks), np.ones(blocks, dtype=bool)
    wholly: dict[str, NDArray[np.bool_]] = {}
    for name, time, frame, good in _chips(image, dict(exposures)):
        place = _on_chip(frame, sky).reshape(*y.shape, 2)
        inside = _quads(np.asarray(np.isfinite(place).all(axis=-1)))
        wholly[name] = np.asarray(inside.all(axis=-1))
        partly |= inside.any(axis=-1) & ~wholly[name]
        weight += np.where(wholly[name], time * _areas(place) / side**2, 0.0)
        middle = _quads(place[..., 0]).mean(axis=-1), _quads(place[..., 1]).mean(axis=-1)
        clean &= ~wholly[name] | (_good_fraction(good, *middle) >= _CLEAN)
    return Coverage(side, wholly, partly, weight, clean)


def _chips(
    image: Drizzled, exposures: Mapping[Path, Path | None]
) -> Iterator[tuple[str, float, ChipFrame, NDArray[np.bool_]]]:
    """Label, exposure time, coordinates and good pixels of each chip that an image combines."""
    for exposure, chips in image.combined(map(exposure_in, exposures)):
        time, path = float(exposure.primary["EXPTIME"]), exposure.path
        frames = chip_frames(path)
        for chip in chips:
            frame = frames[chip]
            quality = planes(path, chip, exposures[path]).quality
            good = np.ones(frame.shape, dtype=bool) if quality is None else quality & ~_COSMIC_RAYS == 0
            yield exposure.chip_label(chip), time, frame, good


def _good_fraction(
    good: NDArray[np.bool_], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fraction of good pixels about places on a chip; 0 where a place is not on it."""
    from scipy.ndimage import uniform_filter

    smooth = uniform_filter(good.astype(np.float32), _SIDE)
    there = np.isfinite(x) & np.isfinite(y)
    row, column = (
        np.clip(np.rint(np.where(there, axis, 0)).astype(int), 0, length - 1)
        for axis, length in ((y, good.shape[0]), (x, good.shape[1]))
    )
    return np.where(there, smooth[row, column], 0.0)


def exposure_weights(image: Drizzled, seen: Coverage) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights of a drizzled image's blocks without defects, and what their exposures give them, s.

    The median weight of a block, which rejected cosmic rays do not change. Of drops smaller than an input
    pixel, or of another kernel than a square, weights differ from pixel to pixel in a pattern: their mean is
    kept and not their median, and so is the mean of blocks beside one another, on whose edges drops fall. Of
    both the one counts that is nearer to the exposures'.
    """
    weight = image.weight()
    found = block_medians(weight, seen.side, fewest=1.0)
    judged = seen.whole & seen.clean & np.isfinite(found)
    if _is_patterned(image):
        means = seen.weight * _pooled_means(weight, seen, judged)
        nearer = np.abs(means - seen.weight) < np.abs(found - seen.weight)
        found = np.where(nearer, means, found)
    return found[judged], seen.weight[judged]


def _is_patterned(image: Drizzled) -> bool:
    """Whether drops leave a pattern in the weights of an image."""
    fraction, kernel = image.keyword("D001PIXF"), str(image.keyword("D001KERN", "square")).strip().lower()
    return (is_number(fraction) and fraction < 1.0) or kernel != "square"


def _pooled_means(weight: NDArray[Any], seen: Coverage, judged: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean weight of each block and those about it, of those that are judged, over what chips give them."""
    from scipy.ndimage import uniform_filter

    rows, columns = (length // seen.side for length in weight.shape)
    blocks = weight[: rows * seen.side, : columns * seen.side].reshape(rows, seen.side, columns, seen.side)
    means = blocks.mean(axis=(1, 3), dtype=np.float64)
    found, given = (
        uniform_filter(np.where(judged, values, 0.0), _POOLED, mode="constant")
        for values in (means, seen.weight)
    )
    return np.asarray(np.divide(found, given, out=np.zeros_like(found), where=judged))


def sky_blocks(image: Drizzled, seen: Coverage) -> SkyBlocks:
    """Medians and widths of a drizzled image's blocks off sources, where chips give them their weight."""
    weight, side = image.weight(), seen.side
    science = np.where(weight > 0, image.science(), np.nan).astype(np.float32)
    medians = block_medians(science, side, fewest=_SEEN)
    full = block_medians(weight, side) >= _WEIGHTED * seen.weight
    judged = seen.whole & full & np.isfinite(medians)
    rows, columns = (length * side for length in medians.shape)
    science = sky = science[:rows, :columns]
    for _ in range(_ROUNDS):
        if np.isfinite(medians).any():
            above = science - local_level(medians, side).astype(np.float32)
            sky = np.where(away_from_sources(above, _WINGS), science, np.float32(np.nan))
            medians = block_medians(sky, side, fewest=_LEFT)
    medians[~judged] = np.nan
    level = np.repeat(np.repeat(medians.astype(np.float32), side, axis=0), side, axis=1)
    widths = block_medians(np.abs(sky - level), side, fewest=_LEFT) * _GAUSSIAN
    return SkyBlocks(medians, widths, seen.wholly)


def _on_chip(frame: ChipFrame, sky: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels of positions on the sky; NaN for those that are not on the chip."""
    wcs, (rows, columns) = frame
    place = np.full(sky.shape, np.nan)
    near = _within(wcs.wcs_world2pix(sky, 0), rows, columns, _MARGIN)
    if near.any():
        found = np.asarray(wcs.all_world2pix(sky[near], 0, quiet=True))
        place[near] = np.where(_within(found, rows, columns, _ROUNDING)[:, np.newaxis], found, np.nan)
    return place


def _within(pixels: NDArray[Any], rows: int, columns: int, margin: float) -> NDArray[np.bool_]:
    low, high = -0.5 - margin, np.array([columns, rows]) - 0.5 + margin
    return np.asarray(((pixels >= low) & (pixels <= high)).all(axis=1))


def _quads(corners: NDArray[Any]) -> NDArray[Any]:
    """Values at the four corners of each block, in order around it, along a last axis."""
    return np.stack([corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], axis=-1)


def _areas(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Areas of blocks in the pixels of a chip."""
    x, y = _quads(place[..., 0]), _quads(place[..., 1])
    return np.asarray(0.5 * np.abs(np.sum(x * np.roll(y, -1, -1) - y * np.roll(x, -1, -1), axis=-1)))
