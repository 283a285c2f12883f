"""Noise of a drizzled image and of its exposures, block by block."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.world_coordinates import plate_scale
from hubble_qa.checks.detectors.sky_structure import BLOCK, block_medians
from hubble_qa.checks.evidence.coverage import Coverage
from hubble_qa.checks.evidence.drizzled import covered_rates
from hubble_qa.checks.evidence.exposures import exposure_in, planes
from hubble_qa.checks.evidence.sky_scatter import scatter_of_sky
from hubble_qa.checks.images.brightness_units import is_rate
from hubble_qa.checks.images.drizzled_noise import (
    NoiseBlocks,
    block_noise,
    correlation_factor,
    quiet_noise,
)
from hubble_qa.checks.readers import Drizzled, Exposure
from hubble_qa.checks.readers.coordinates import is_number

__all__ = ["noise_blocks"]


def noise_blocks(image: Drizzled, exposures: Mapping[Path, Path | None], seen: Coverage) -> NoiseBlocks | str:
    """Noise of the blocks of a drizzled image that whole chips see, or why it cannot be foretold.

    An exposure's variance adds with the square of its time, which is its weight: of one pixel of the image,
    that of a chip's pixel times the ratio of their areas (rates of less area are smaller), over the square
    of `correlation_factor`.

    Parameters
    ----------
    image : Drizzled
        The image.
    exposures : mapping of Path to Path or None
        The exposures that it combines, and the C1M of each C0M.
    seen : Coverage
        Which chips see its blocks.
    """
    kernel, fraction = str(image.keyword("D001KERN", "")).strip().lower(), image.keyword("D001PIXF")
    unknown = (
        f"drops and kernel {kernel or 'that its header does not name'!r} do not tell how noise is shared"
    )
    if not is_number(fraction):
        return unknown
    scale = plate_scale(image.header)
    variance, alone, time, squares = (np.zeros(seen.weight.shape) for _ in range(4))
    over_error = []
    for exposure, chips in image.combined(map(exposure_in, exposures)):
        seconds, companion = float(exposure.primary["EXPTIME"]), exposures[exposure.path]
        for chip in chips:
            header = exposure.header("SCI", chip)
            pixel = float(header.get("IDCSCALE") or plate_scale(header))
            factor = correlation_factor(kernel, fraction * pixel / scale)
            if factor is None:
                return unknown
            sky = _sky_of_chip(exposure, chip, companion)
            over_error.append(sky.over_error)
            noise = sky.noise * scale / pixel
            on = seen.wholly[exposure.chip_label(chip)]
            variance += np.where(on, (seconds * noise / factor) ** 2, 0.0)
            alone += np.where(on, (seconds * noise) ** 2, 0.0)
            time += np.where(on, seconds, 0.0)
            squares += np.where(on, seconds**2, 0.0)
    expected = np.sqrt(variance) / np.where(time > 0, time, np.nan)
    single = np.sqrt(alone / np.where(squares > 0, squares, np.nan))
    judged = seen.whole & seen.clean
    found = _middles(covered_rates(image), seen)[judged]
    return NoiseBlocks(found, expected[judged], single[judged], float(np.median(over_error or [np.nan])))


class _Sky(NamedTuple):
    """Noise of a pixel of a chip's sky, counts per second, and that over what it should be."""

    noise: float
    over_error: float


def _sky_of_chip(exposure: Exposure, chip: int, companion: Path | None) -> _Sky:
    science, _, quality = planes(exposure.path, chip, companion)
    image = science if quality is None else np.where(quality == 0, science, np.nan)
    noise = quiet_noise(block_noise(image))
    if exposure.camera is not None and exposure.camera.root_errors:
        over_error = noise / _detector_noise(exposure, chip, float(np.nanmedian(block_medians(image))))
    else:
        measured = scatter_of_sky(exposure.path, chip, companion)
        over_error = math.nan if measured.value is None else measured.value
    rate = is_rate(exposure.header("SCI", chip).get("BUNIT"))
    return _Sky(noise if rate else noise / float(exposure.primary["EXPTIME"]), over_error)


def _detector_noise(exposure: Exposure, chip: int, level: float) -> float:
    """Noise of a sky of a level by photons, read noise and digitisation, DN; NaN without a gain."""
    camera, setting = exposure.camera, exposure.primary.get("ATODGAIN")
    if camera is None or camera.zeropoints is None or not is_number(setting):
        return math.nan
    known, order = camera.zeropoints, [*camera.chips]
    gains, noises = (each.get(round(setting)) for each in (known.drizzled_gains, known.read_noise))
    number = exposure.header("SCI", chip).get(camera.chip_keyword)
    if not gains or not noises or number not in order:
        return math.nan
    gain, noise = (each[order.index(number)] for each in (gains, noises))
    return math.sqrt(max(level, 0.0) / gain + (noise / gain) ** 2 + 1.0 / 12.0)


def _middles(pixels: NDArray[np.float32], seen: Coverage) -> NDArray[np.float64]:
    """Noise in the middle of each block: sources add the less, the smaller the part."""
    rows, columns = (length // seen.side for length in pixels.shape)
    blocks = pixels[: rows * seen.side, : columns * seen.side]
    blocks = blocks.reshape(rows, seen.side, columns, seen.side)
    start = (seen.side - BLOCK) // 2
    middles = blocks[:, start : start + BLOCK, :, start : start + BLOCK]
    return block_noise(middles.reshape(rows * BLOCK, columns * BLOCK))
