"""What of an exposure is masked, by its data quality, and what the reduction says that it masked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.calibration import MASKED
from hubble_qa.checks.evidence.exposures import exposure_in, planes
from hubble_qa.checks.readers import ReaderError

__all__ = ["MASKS", "masked_pixels", "masks_found"]

MASKS = "masks.json"
"""Beside the exposures of a reduction that masks: by rootname, kind of mask and chip, the masked fraction."""


def masked_pixels(path: Path, companion: Path | None = None) -> Mapping[int, NDArray[np.bool_]]:
    """Which pixels of each chip are masked (`MASKED`), by EXTVER, of those whose data quality can be read.

    Parameters
    ----------
    path : Path
        A calibrated exposure.
    companion : Path, optional
        C1M of a C0M.
    """
    found = {}
    for chip in exposure_in(path).chips:
        try:
            quality = planes(path, chip, companion).quality
        except ReaderError:
            continue  # CAL-003 and CAL-013 say what is wrong with it
        if quality is not None:
            found[chip] = quality.astype(np.int64) & MASKED != 0
    return found


def masks_found(path: Path) -> Mapping[str, float]:
    """What each kind of mask that a reduction was asked for covers of an exposure's most masked chip."""
    record = path.with_name(MASKS)
    if not record.is_file():
        return {}
    kinds = json.loads(record.read_text("utf-8")).get(path.name.partition("_")[0], {})
    return {kind: max(chips.values(), default=0.0) for kind, chips in kinds.items()}
