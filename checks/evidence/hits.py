"""Pixels that stand out in one exposure where others see the sky, and what a combined image has there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.footprints import on_chips
from hubble_qa.checks.detectors.background import background_level
from hubble_qa.checks.detectors.sky_structure import BLOCK, block_medians
from hubble_qa.checks.evidence.drizzled import seconds_in_a_pixel
from hubble_qa.checks.evidence.exposures import array_in, chip_frames, exposure_in
from hubble_qa.checks.images.cosmic_rays import Hits
from hubble_qa.checks.images.local_maxima import local_maxima
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
Indices = NDArray[np.int64]
Places = NDArray[np.float64]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Chip:
    """A chip of an exposure, and what turns its pixels into rates above the local sky.

    Its pixels stay in the file: of the many exposures of a mosaic not all fit into memory.

    Attributes
    ----------
    path, number : Path, int
        The exposure, and EXTVER of the chip.
    divisor : float
        What makes rates of its pixels: its exposure time, s, or 1.
    sky : _Sky
        Its local sky.
    noise, time : float
        Standard deviation of its sky, per second, and its exposure time, s.
    wcs : astropy.wcs.WCS
        Its coordinates.
    """

    path: Path
    number: int
    divisor: float
    sky: _Sky
    noise: float
    time: float
    wcs: Any

    @property
    def pixels(self) -> NDArray[Any]:
        """Its pixels as they are in the file."""
        return array_in(self.path, "SCI", self.number)

    def excess(self) -> Image:
        """All its pixels as rates above the local sky."""
        return self.sky.taken_off(_rates(self.pixels, self.divisor))

    def about(self, places: Places, reach: int) -> Values:
        """Rates above the local sky about some places, as `_about` gives them of an image."""
        pixels = self.pixels
        return _about(
            lambda row, column: _rates(pixels[row, column], self.divisor) - self.sky.at(row, column),
            pixels.shape,
            places,
            reach,
        )


@dataclass(frozen=True, slots=True)
class _Sky:
    """The sky of an image: medians of its blocks, that of the whole where there is none and at its edges."""

    blocks: Image
    edge: np.float32

    @classmethod
    def of(cls, image: Image) -> _Sky:
        """The sky of an image."""
        medians, edge = block_medians(image), np.float32(background_level(image).median)
        return cls(np.where(np.isfinite(medians), medians, edge).astype(np.float32), edge)

    def taken_off(self, image: Image) -> Image:
        """An image less its sky."""
        level = np.full(image.shape, self.edge, dtype=np.float32)
        rows, columns = (length * BLOCK for length in self.blocks.shape)
        level[:rows, :columns] = np.repeat(np.repeat(self.blocks, BLOCK, axis=0), BLOCK, axis=1)
        return np.asarray(image - level, dtype=np.float32)

    def at(self, row: Indices, column: Indices) -> Image:
        """The sky of some pixels."""
        rows, columns = self.blocks.shape
        of_block = (row < rows * BLOCK) & (column < columns * BLOCK)
        level = np.full(row.shape, self.edge, dtype=np.float32)
        level[of_block] = self.blocks[row[of_block] // BLOCK, column[of_block] // BLOCK]
        return level


def hits_on(image: Drizzled, exposures: Sequence[Path]) -> Hits:
    """Hits of single exposures, each with what a combined image has of it and would have without rejection.

    Parameters
    ----------
    image : Drizzled
        The combined image, in rates.
    exposures : sequence of Path
        The exposures that it combines.
    """
    chips = {
        exposure.path: [_chip(exposure.path, number) for number in numbers]
        for exposure, numbers in image.combined(map(exposure_in, exposures))
    }
    science = np.where(image.weight() > 0, image.science(), np.nan).astype(np.float32)
    science /= np.float32(seconds_in_a_pixel(image))
    combined, frame = _Sky.of(science).taken_off(science), image.wcs()
    found, expected = [np.empty(0)], [np.empty(0)]
    for path, own in chips.items():
        others = [chip for other, each in chips.items() if other != path for chip in each]
        for chip in own:
            sky, charge = _hits(chip, len(chips))
            time = _time_of_others(sky, others)
            kept = np.isfinite(time)
            pixels = np.asarray(frame.all_world2pix(sky[kept], 0)) if kept.any() else np.empty((0, 2))
            around = _about(lambda *at: combined[at], combined.shape, pixels, _reach(image, chip))
            found.append(np.sum(around, axis=0))
            expected.append(charge[kept] * chip.time / (chip.time + time[kept]))
    return Hits(np.concatenate(found), np.concatenate(expected))


@lru_cache(maxsize=512)
def _chip(path: Path, number: int) -> _Chip:
    exposure, frame = exposure_in(path), chip_frames(path)[number]
    time = float(exposure.primary["EXPTIME"])
    is_rate = exposure.camera is not None and exposure.camera.unit.endswith("/S")
    divisor = 1.0 if is_rate else time
    rates = _rates(array_in(path, "SCI", number), divisor)
    sky = _Sky.of(rates)
    noise = background_level(sky.taken_off(rates)).width
    return _Chip(path, number, divisor, sky, noise, time, frame.wcs)


def _rates(pixels: NDArray[Any], divisor: float) -> Image:
    values = np.asarray(pixels, dtype=np.float32)
    return values if divisor == 1.0 else values / np.float32(divisor)


def _hits(chip: _Chip, number: int) -> tuple[Places, Values]:
    """Positions on the sky of pixels that stand out, and the charge of the nine about each, per second."""
    excess = chip.excess()
    row, column = local_maxima(excess, excess > _STANDS_OUT * np.sqrt(number) * chip.noise, 3)
    every = max(1, len(row) // _ENOUGH)
    pixels = np.column_stack([column, row])[::every].astype(float)
    charge = np.sum(chip.about(pixels, 1), axis=0)
    kept = np.isfinite(charge)
    sky = np.asarray(chip.wcs.all_pix2world(pixels[kept], 0)) if kept.any() else np.empty((0, 2))
    return sky, charge[kept]


def _time_of_others(sky: Places, others: Sequence[_Chip]) -> Values:
    """Exposure time, s, of the chips that see the sky at some positions; NaN where one sees more, or none."""
    time, spoilt = np.zeros(len(sky)), np.zeros(len(sky), dtype=bool)
    for chip in others if len(sky) else ():
        near = np.flatnonzero(on_chips([(chip.wcs, chip.pixels.shape)], sky))
        if near.size:
            pixels = np.asarray(chip.wcs.all_world2pix(sky[near], 0, quiet=True))
            if chip.noise > 0:
                values = chip.about(pixels, 1) / chip.noise
                at_sky = (np.abs(values.mean(axis=0)) < _MEAN) & (values.max(axis=0) < _HIGHEST)
            else:  # one number everywhere: it shows nothing
                at_sky = np.zeros(near.size, dtype=bool)
            time[near] += chip.time
            spoilt[near] |= ~at_sky
    return np.where(spoilt | (time == 0.0), np.nan, time)


def _about(
    values: Callable[[Indices, Indices], NDArray[Any]], shape: tuple[int, ...], pixels: Places, reach: int
) -> Values:
    """Values of the pixels about some places, shape (pixels, places); NaN beyond the image.

    Parameters
    ----------
    values : callable
        Gives the values of pixels by their rows and columns.
    shape : tuple of int
        The image's.
    pixels : ndarray, shape (places, 2)
        x and y of the places, from 0.
    reach : int
        Pixels on either side.
    """
    column, row = np.rint(np.clip(pixels, -1, shape[::-1])).astype(int).T
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1, 1)
    rows, columns = row + y, column + x
    there = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    there &= (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    found = np.full(there.shape, np.nan)
    found[there] = values(rows[there], columns[there])
    return found


def _reach(image: Drizzled, chip: _Chip) -> int:
    """Pixels of an image on either side that hold a pixel of a chip and its neighbours."""
    scales = [
        float(np.sqrt(each.proj_plane_pixel_area().to_value("arcsec2"))) for each in (chip.wcs, image.wcs())
    ]
    return max(1, math.ceil(1.5 * scales[0] / scales[1] - 0.51))
