"""Scatter of the skies of exposures over the errors that they state."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from astropy.stats import mad_std

from hubble_qa.checks.detectors.calibration import least_read_noise
from hubble_qa.checks.detectors.noise import scatter_to_error
from hubble_qa.checks.evidence.exposures import exposure_in, planes
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import ReaderError

__all__ = ["noise_of_pixels", "scatter_of_sky"]

# Rows of a chip that tell its noise to a per cent, and the fewest pixels.
_ROWS, _FEWEST = 32, 1000


@lru_cache(maxsize=1024)
def scatter_of_sky(path: Path, chip: int, companion: Path | None = None) -> Measurement:
    """Scatter of a chip's sky over its ERR array, as `scatter_to_error` measures it.

    Parameters
    ----------
    path : Path
        The exposure.
    chip : int
        EXTVER of the chip.
    companion : Path, optional
        C1M of a C0M, which holds its data quality.
    """
    exposure = exposure_in(path)
    science, error, quality = planes(path, chip, companion)
    good = np.ones(science.shape, dtype=bool) if quality is None else quality == 0
    return scatter_to_error(science, error, good, exposure.camera, subject=exposure.chip_label(chip))


def noise_of_pixels(path: Path, chip: int) -> float | None:
    """Noise of a chip in electrons: what neighbours differ by, or the median ERR, whichever is larger.

    Of some of its rows, in the chip's unit: nothing is made of sources, which only add to both. None where
    the read noise is not known that it would be compared with, or where the file has not the pixels.

    Parameters
    ----------
    path : Path
        The exposure.
    chip : int
        EXTVER of the chip.
    """
    if least_read_noise(exposure_in(path), chip) is None:
        return None
    try:
        science, error, _ = planes(path, chip)
    except ReaderError:
        return None  # which FIL-001 and FIL-002 say
    if error is None or science.ndim != 2 or science.shape != error.shape:
        return None
    rows = slice(None, None, max(1, science.shape[0] // _ROWS))
    steps, errors = np.diff(science[rows].astype(np.float64), axis=1), error[rows]
    steps, errors = steps[np.isfinite(steps)], errors[np.isfinite(errors) & (errors > 0)]
    if min(steps.size, errors.size) < _FEWEST:
        return None
    return max(float(mad_std(steps)) / math.sqrt(2.0), float(np.median(errors)))
