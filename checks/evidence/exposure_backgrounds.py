"""Backgrounds of an exposure's chips against the image that combines it and against other exposures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.world_coordinates import plate_scale
from hubble_qa.checks.detectors.sky_structure import block_medians
from hubble_qa.checks.evidence.drizzled import covered_rates, drizzled_in
from hubble_qa.checks.evidence.exposures import exposure_in, gain_of, planes, wcs_in
from hubble_qa.checks.evidence.star_lists import Input
from hubble_qa.checks.images.brightness_units import is_rate
from hubble_qa.checks.images.exposure_background import ComparedBlocks, combined_departures
from hubble_qa.checks.images.sky_residual import SkyLevels
from hubble_qa.checks.readers import Exposure
from hubble_qa.checks.readers.coordinates import is_number

__all__ = ["blocks_beside", "blocks_under", "sky_levels"]

Array = NDArray[np.float64]

# Blocks of at least so many pixels along a side, and not more than this number along a chip.
_SIDE, _MOST = 16, 128
# References whose pixels differ in size by more than this show another structure of the same light.
_ALIKE = 1.1
# Linear terms tell to this many pixels whether a chip may see a position; the distortion adds up to 200.
_MARGIN = 400.0
# Part of a block by which positions that are one may differ: coordinates are inverted to 1e-4 pixels.
_ROUNDING = 1e-3
# Error of a block's median: 1.25 times its noise over the root of its pixels; and the part of the change from
# block to block by which two medians of a source differ that lies otherwise on the blocks.
_OF_MEDIAN, _OF_STRUCTURE = 1.25, 0.25


class _Blocks(NamedTuple):
    """Blocks of a chip or an image, per second and square arcsec.

    Attributes
    ----------
    medians, changes : ndarray, shape (rows, columns)
        Medians, and the range of those of a block and its neighbours.
    side : int
        Pixels along a block.
    noise : float
        Of a pixel.
    scale : float
        Arcsec per pixel.
    wcs : astropy.wcs.WCS
        Coordinates of the pixels.
    shape : tuple of int
        Rows and columns of pixels.
    """

    medians: Array
    changes: Array
    side: int
    noise: float
    scale: float
    wcs: Any
    shape: tuple[int, ...]


def blocks_beside(one: Input, others: Sequence[Input]) -> Mapping[int, ComparedBlocks]:
    """Blocks of an exposure's chips against other exposures, where these see them.

    Parameters
    ----------
    one : Input
        The exposure.
    others : sequence of Input
        Exposures of the same camera through the same filter.
    """
    return combined_departures(
        [_against(one, [_blocks(other, chip) for chip in exposure_in(other.path).chips]) for other in others]
    )


def blocks_under(one: Input, image: Path, weight: Path | None) -> Mapping[int, ComparedBlocks]:
    """Blocks of an exposure's chips against the image that combines it.

    Parameters
    ----------
    one : Input
        The exposure.
    image, weight : Path
        The drizzled image and its weight.
    """
    return _against(one, [_image_blocks(image, weight)])


def sky_levels(image: Path, weight: Path | None, inputs: Sequence[Input]) -> SkyLevels | None:
    """Median levels of an image and of the exposures that it combines; None where one has none.

    WFPC2's counts are taken for so many electrons as its converter makes one of, whatever the image's unit.

    Parameters
    ----------
    image, weight : Path
        The drizzled image and its weight.
    inputs : sequence of Input
        Its exposures.
    """
    levels, noises, subtracted = [], [], []
    for one in inputs:
        exposure = exposure_in(one.path)
        for chip in exposure.chips:
            blocks, header = _blocks(one, chip), exposure.header("SCI", chip)
            gain = max(gain_of(exposure), 1.0)
            taken = header.get("MDRIZSKY", math.nan)
            levels.append(gain * _middle(blocks.medians))
            noises.append(gain * blocks.noise)
            unit = blocks.scale**2 * _time_of(exposure, chip)
            subtracted.append(gain * float(taken) / unit if is_number(taken) else math.nan)
    of_image = _middle(_image_blocks(image, weight).medians)
    found = SkyLevels(of_image, *(_middle(np.array(each)) for each in (levels, noises, subtracted)))
    return found if all(math.isfinite(each) for each in found[:3]) else None


def _middle(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else math.nan


def _time_of(exposure: Exposure, chip: int) -> float:
    """By what a chip's pixels are divided to be rates, s."""
    rate = is_rate(exposure.header("SCI", chip).get("BUNIT"))
    return 1.0 if rate else float(exposure.primary["EXPTIME"])


def _against(one: Input, references: Sequence[_Blocks]) -> Mapping[int, ComparedBlocks]:
    return {chip: _compared(_blocks(one, chip), references) for chip in exposure_in(one.path).chips}


def _compared(own: _Blocks, references: Sequence[_Blocks]) -> ComparedBlocks:
    y, x = np.indices(own.medians.shape).reshape(2, -1) * own.side + (own.side - 1) / 2
    sky = np.asarray(own.wcs.all_pix2world(np.column_stack([x, y]), 0))
    level, change = np.full(len(sky), math.nan), np.full(len(sky), math.nan)
    for reference in references:
        if max(own.scale, reference.scale) <= _ALIKE * min(own.scale, reference.scale):
            seen = _seen(reference, sky)
            level, change = (
                np.where(np.isfinite(new), new, old) for new, old in zip(seen, (level, change), strict=True)
            )
    shape = own.medians.shape
    structure = _OF_STRUCTURE * np.fmax(change.reshape(shape), own.changes) / own.noise
    departure = (own.medians - level.reshape(shape)) / own.noise
    return ComparedBlocks(departure, np.hypot(_OF_MEDIAN / own.side, structure), own.side)


def _seen(reference: _Blocks, sky: Array) -> tuple[Array, Array]:
    """Medians and changes of a reference at places on the sky, between its blocks; NaN outside."""
    from scipy.ndimage import map_coordinates

    rows, columns = reference.shape
    near = np.asarray(reference.wcs.wcs_world2pix(sky, 0))
    close = ((near > -_MARGIN) & (near < np.array([columns, rows]) + _MARGIN)).all(axis=1)
    place = np.full(sky.shape, math.nan)
    if close.any():
        place[close] = reference.wcs.all_world2pix(sky[close], 0, quiet=True)
    block = (place - (reference.side - 1) / 2) / reference.side
    # Blocks of exposures that point alike lie on one another, but for what rounding does at their border.
    onto = np.clip(block, 0.0, np.array(reference.medians.shape[::-1]) - 1.0)
    block = np.where(np.abs(onto - block) < _ROUNDING, onto, block)
    inside = np.isfinite(block).all(axis=1)
    at = [block[inside, 1], block[inside, 0]]
    level, change = np.full(len(sky), math.nan), np.full(len(sky), math.nan)
    for values, blocks in ((level, reference.medians), (change, reference.changes)):
        values[inside] = map_coordinates(blocks, at, order=1, mode="constant", cval=math.nan)
    return level, change


@lru_cache(maxsize=512)  # chips of as many exposures as `stars_on` has
def _blocks(one: Input, chip: int) -> _Blocks:
    exposure = exposure_in(one.path)
    header = exposure.header("SCI", chip)
    science, _, quality = planes(one.path, chip, one.companion)
    image = np.where(quality == 0, science, np.nan) if quality is not None else science
    scale = float(header.get("IDCSCALE") or plate_scale(header))
    return _divided(image.astype(np.float32), wcs_in(one.path, chip), scale, _time_of(exposure, chip))


@cache
def _image_blocks(path: Path, weight: Path | None) -> _Blocks:
    image = drizzled_in(path, weight)
    return _divided(covered_rates(image), image.wcs(), plate_scale(image.header), 1.0)


def _divided(image: NDArray[Any], wcs: Any, scale: float, time: float) -> _Blocks:
    from scipy.ndimage import maximum_filter, minimum_filter

    side = max(_SIDE, -(-max(image.shape) // _MOST))
    unit = time * scale**2
    medians = block_medians(image, side) / unit
    there = np.isfinite(medians)
    changes = maximum_filter(np.where(there, medians, -np.inf), 3) - minimum_filter(
        np.where(there, medians, np.inf), 3
    )
    sample = image[::3, ::2]
    noise = float(mad_std(sample[np.isfinite(sample)])) if np.isfinite(sample).any() else math.nan
    return _Blocks(
        medians, np.where(there, changes, math.nan), side, noise / unit or math.nan, scale, wcs, image.shape
    )
