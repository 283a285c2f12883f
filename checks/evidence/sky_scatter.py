"""Scatter of the skies of exposures over the errors that they state."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std

from hubble_qa.checks.detectors.calibration import PixelRates, is_in_rates, least_read_noise
from hubble_qa.checks.detectors.noise import scatter_to_error
from hubble_qa.checks.evidence.exposures import exposure_in, planes
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import ReaderError

__all__ = ["noise_of_pixels", "rates_of_pixels", "scatter_of_sky"]

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
    found = _noises(path, chip)
    return None if found is None else max(found.scatter, found.stated)


def rates_of_pixels(path: Path, chip: int) -> PixelRates | None:
    """Median of a chip in rates, and its noise: what neighbours differ by or the median ERR, the smaller.

    Of some of its rows, as `noise_of_pixels`; sources add to both. None where the unit is no rate, or where
    the file has not the pixels.

    Parameters
    ----------
    path : Path
        The exposure.
    chip : int
        EXTVER of the chip.
    """
    if not is_in_rates(exposure_in(path), chip):
        return None
    found = _noises(path, chip)
    return None if found is None else PixelRates(found.level, min(found.scatter, found.stated))


class _Noises(NamedTuple):
    """Median of a chip's pixels, and their noise by what neighbours differ by, and by the median ERR."""

    level: float
    scatter: float
    stated: float


def _noises(path: Path, chip: int) -> _Noises | None:
    try:
        science, error, _ = planes(path, chip)
    except ReaderError:
        return None  # which FIL-001 and FIL-002 say
    if error is None or science.ndim != 2 or science.shape != error.shape:
        return None
    rows = slice(None, None, max(1, science.shape[0] // _ROWS))
    pixels, errors = science[rows].astype(np.float64), error[rows]
    steps = np.diff(pixels, axis=1)
    steps, errors = steps[np.isfinite(steps)], errors[np.isfinite(errors) & (errors > 0)]
    if min(steps.size, errors.size) < _FEWEST:
        return None
    scatter = float(mad_std(steps)) / math.sqrt(2.0)
    return _Noises(float(np.nanmedian(pixels)), scatter, float(np.median(errors)))
