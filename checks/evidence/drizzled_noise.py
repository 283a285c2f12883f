"""Noise of a drizzled image and of its exposures, block by block."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.world_coordinates import plate_scale
from hubble_qa.checks.detectors.sky_structure import BLOCK
from hubble_qa.checks.evidence.coverage import Coverage
from hubble_qa.checks.evidence.drizzled import covered_rates
from hubble_qa.checks.evidence.exposures import exposure_in, planes
from hubble_qa.checks.images.drizzled import is_rate
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
    if not is_number(fraction) or correlation_factor(kernel, 1.0) is None:
        return (
            f"drops and kernel {kernel or 'that its header does not name'!r} do not tell how noise is shared"
        )
    scale = plate_scale(image.header)
    variance, time = np.zeros(seen.weight.shape), np.zeros(seen.weight.shape)
    for path, companion in exposures.items():
        exposure = exposure_in(path)
        seconds = float(exposure.primary["EXPTIME"])
        for chip in exposure.chips:
            header = exposure.header("SCI", chip)
            pixel = float(header.get("IDCSCALE") or plate_scale(header))
            factor = correlation_factor(kernel, fraction * pixel / scale) or 1.0
            noise = _noise_of_chip(exposure, chip, companion) * scale / pixel / factor
            on = seen.wholly[exposure.chip_label(chip)]
            variance += np.where(on, (seconds * noise) ** 2, 0.0)
            time += np.where(on, seconds, 0.0)
    expected = np.sqrt(variance) / np.where(time > 0, time, np.nan)
    judged = seen.whole & seen.clean
    return NoiseBlocks(_middles(covered_rates(image), seen)[judged], expected[judged])


def _noise_of_chip(exposure: Exposure, chip: int, companion: Path | None) -> float:
    """Noise of a pixel of a chip's sky, in counts per second."""
    science, _, quality = planes(exposure.path, chip, companion)
    good = np.isfinite(science) if quality is None else np.isfinite(science) & (quality == 0)
    noise = quiet_noise(block_noise(np.where(good, science, np.nan)))
    rate = is_rate(exposure.header("SCI", chip).get("BUNIT"))
    return noise if rate else noise / float(exposure.primary["EXPTIME"])


def _middles(pixels: NDArray[np.float32], seen: Coverage) -> NDArray[np.float64]:
    """Noise in the middle of each block: sources add the less, the smaller the part."""
    rows, columns = (length // seen.side for length in pixels.shape)
    blocks = pixels[: rows * seen.side, : columns * seen.side]
    blocks = blocks.reshape(rows, seen.side, columns, seen.side)
    start = (seen.side - BLOCK) // 2
    middles = blocks[:, start : start + BLOCK, :, start : start + BLOCK]
    return block_noise(middles.reshape(rows * BLOCK, columns * BLOCK))
