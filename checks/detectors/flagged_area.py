"""Areas of a detector that data quality flags as a whole."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.calibration import MASKED
from hubble_qa.checks.detectors.sky_structure import BLOCK
from hubble_qa.checks.instruments import Camera
from hubble_qa.checks.measurement import Json, Measurement, not_applicable, not_told

__all__ = ["flagged_area"]

# Bits of cosmic rays, of AstroDrizzle and of the calibration.
_COSMIC_RAYS = 4096 | 8192
# The part of a block's pixels that are flagged if it is flagged as a whole.
_WHOLLY = 0.95
# Blocks of a small subarray may lie on a detector's edge.
_FEWEST_BLOCKS = 400


def flagged_area(dq: NDArray[Any] | None, camera: Camera | None, *, subject: str) -> Measurement:
    """Fraction of a chip's blocks of `BLOCK` pixels that are flagged as a whole.

    Cosmic rays, full wells of bright targets and masks that a user drew do not count.

    Parameters
    ----------
    dq : ndarray, shape (ny, nx), or None
        Data quality, 0 for what is good. That of C0M files is in C1M: None where this is not at hand.
    camera : Camera or None
        The camera, whose bits of full well do not count.
    subject : str
        The exposure and chip.
    """
    quantity = "flagged_area"
    if dq is None:
        return not_told(quantity, subject, "its flags are in a C1M file, which is not at hand")
    rows, columns = (length // BLOCK for length in dq.shape)
    if rows * columns < _FEWEST_BLOCKS:
        size = f"{dq.shape[1]} x {dq.shape[0]} pixels"
        return not_applicable(quantity, subject, f"{size} are a small part of a detector, maybe its edge")
    counted = ~(_COSMIC_RAYS | MASKED | (camera.saturation_bits if camera is not None else 0))
    bad = (dq[: rows * BLOCK, : columns * BLOCK].astype(np.int64) & counted) != 0
    whole = bad.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3)) >= _WHOLLY
    context: dict[str, Json] = {"blocks": int(whole.size), "flagged_blocks": int(np.count_nonzero(whole))}
    return Measurement(quantity, float(whole.mean()), "", subject, context=context)
