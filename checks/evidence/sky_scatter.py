"""Scatter of the skies of exposures over the errors that they state."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from hubble_qa.checks.detectors.noise import scatter_to_error
from hubble_qa.checks.evidence.exposures import exposure_in, planes
from hubble_qa.checks.measurement import Measurement

__all__ = ["scatter_of_sky"]


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
