"""Pixels that stand out in one exposure where others see the sky, and what a combined image has there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.footprints import on_chips
from hubble_qa.checks.detectors.background import background_level
from hubble_qa.checks.detectors.sky_structure import BLOCK, block_medians
from hubble_qa.checks.evidence.exposures import array_in, chip_frames, exposure_in
from hubble_qa.checks.images.cosmic_rays import Hits
from hubble_qa.checks.readers import Drizzled

__all__ = ["hits_on"]

# A hit stands this many standard deviations above the sky of its exposure, times the root of the number of
# exposures, so that half of its part in their mean is 3 standard deviations of nine of the mean's pixels.
_STANDS_OUT = 20.0
# Pixels of the others about the place are at the sky: their mean, and the highest, in standard deviations.
_MEAN, _HIGHEST = 1.0, 4.0
# So many hits of a chip are enough.
_ENOUGH = 3000

Image = NDArray[np.float32]
Places = NDArray[np.float64]
Values = NDArray[np.float64]


class _Chip(NamedTuple):
    """A chip as rates above the local sky, its noise, exposure time and coordinates."""

    excess: Image
    noise: float
    time: float
    wcs: Any


def hits_on(image: Drizzled, exposures: Sequence[Path]) -> Hits:
    """Hits of single exposures, each with what a combined image has of it and would have without rejection.

    Parameters
    ----------
    image : Drizzled
        The combined image, in rates.
    exposures : sequence of Path
        The exposures that it combines.
    """
    chips = {path: _chips(path) for path in exposures}
    science = np.where(image.weight() > 0, image.science(), np.nan).astype(np.float32)
    if "/S" not in str(image.keyword("BUNIT", "")).upper():
        science /= np.float32(image.keyword("EXPTIME"))
    combined, frame = _above_sky(science), image.wcs()
    found, expected = [np.empty(0)], [np.empty(0)]
    for path, own in chips.items():
        others = [chip for other, each in chips.items() if other != path for chip in each]
        for chip in own:
            sky, charge = _hits(chip, len(chips))
            time = _time_of_others(sky, others)
            kept = np.isfinite(time)
            pixels = np.asarray(frame.all_world2pix(sky[kept], 0)) if kept.any() else np.empty((0, 2))
            found.append(np.sum(_about(combined, pixels, _reach(image, chip)), axis=0))
            expected.append(charge[kept] * chip.time / (chip.time + time[kept]))
    return Hits(np.concatenate(found), np.concatenate(expected))


@lru_cache(maxsize=16)
def _chips(path: Path) -> tuple[_Chip, ...]:
    exposure = exposure_in(path)
    time = float(exposure.primary["EXPTIME"])
    found = []
    for number, frame in chip_frames(path).items():
        science = np.asarray(array_in(path, "SCI", number), dtype=np.float32)
        if exposure.camera is None or not exposure.camera.unit.endswith("/S"):
            science = science / np.float32(time)
        excess = _above_sky(science)
        found.append(_Chip(excess, background_level(excess).width, time, frame.wcs))
    return tuple(found)


def _above_sky(image: Image) -> Image:
    """An image less the medians of its blocks, those at its edges less that of the whole."""
    medians = block_medians(image)
    level = np.full(image.shape, background_level(image).median, dtype=np.float32)
    known = np.where(np.isfinite(medians), medians, level[0, 0]).astype(np.float32)
    rows, columns = (length * BLOCK for length in medians.shape)
    level[:rows, :columns] = np.repeat(np.repeat(known, BLOCK, axis=0), BLOCK, axis=1)
    return np.asarray(image - level, dtype=np.float32)


def _hits(chip: _Chip, number: int) -> tuple[Places, Values]:
    """Positions on the sky of pixels that stand out, and the charge of the nine about each, per second."""
    from scipy.ndimage import maximum_filter

    peaks = chip.excess == maximum_filter(chip.excess, 3)
    row, column = np.nonzero(peaks & (chip.excess > _STANDS_OUT * np.sqrt(number) * chip.noise))
    every = max(1, len(row) // _ENOUGH)
    pixels = np.column_stack([column, row])[::every].astype(float)
    charge = np.sum(_about(chip.excess, pixels, 1), axis=0)
    kept = np.isfinite(charge)
    sky = np.asarray(chip.wcs.all_pix2world(pixels[kept], 0)) if kept.any() else np.empty((0, 2))
    return sky, charge[kept]


def _time_of_others(sky: Places, others: Sequence[_Chip]) -> Values:
    """Exposure time, s, of the chips that see the sky at some positions; NaN where one sees more, or none."""
    time, spoilt = np.zeros(len(sky)), np.zeros(len(sky), dtype=bool)
    for chip in others if len(sky) else ():
        near = np.flatnonzero(on_chips([(chip.wcs, chip.excess.shape)], sky))
        if near.size:
            pixels = np.asarray(chip.wcs.all_world2pix(sky[near], 0, quiet=True))
            if chip.noise > 0:
                values = _about(chip.excess, pixels, 1) / chip.noise
                at_sky = (np.abs(values.mean(axis=0)) < _MEAN) & (values.max(axis=0) < _HIGHEST)
            else:  # one number everywhere: it shows nothing
                at_sky = np.zeros(near.size, dtype=bool)
            time[near] += chip.time
            spoilt[near] |= ~at_sky
    return np.where(spoilt | (time == 0.0), np.nan, time)


def _about(image: Image, pixels: Places, reach: int) -> Values:
    """Values of the pixels about some places, shape (pixels, places); NaN beyond the image."""
    padded = np.pad(image, reach, constant_values=np.nan)
    column, row = np.rint(np.clip(pixels, -1, image.shape[::-1])).astype(int).T
    steps = range(2 * reach + 1)
    inside = (row >= 0) & (row < image.shape[0]) & (column >= 0) & (column < image.shape[1])
    row, column = np.where(inside, row, 0), np.where(inside, column, 0)
    values = np.array([padded[row + y, column + x] for y in steps for x in steps], dtype=float)
    return np.where(inside, values, np.nan)


def _reach(image: Drizzled, chip: _Chip) -> int:
    """Pixels of an image on either side that hold a pixel of a chip and its neighbours."""
    scales = [
        float(np.sqrt(each.proj_plane_pixel_area().to_value("arcsec2"))) for each in (chip.wcs, image.wcs())
    ]
    return max(1, math.ceil(1.5 * scales[0] / scales[1] - 0.51))
