"""Electrons of a CCD by arithmetic from its raw image, to compare a calibrated one with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST_LEVEL", "Half", "electrons_from_raw"]

# Electrons of sky below which a level is compared with this one: a line through 500 rows of six columns of
# overscan, with 5 electrons of noise each, tells the bias level at its ends to 0.2 electrons, 1 % of it.
LEAST_LEVEL = 20.0

Pixels = NDArray[Any]


class Half(NamedTuple):
    """The part of a raw image that one amplifier reads.

    Attributes
    ----------
    columns : slice
        Its light-sensitive columns.
    overscan : slice
        Its columns of overscan.
    gain : float
        Electrons per DN.
    """

    columns: slice
    overscan: slice
    gain: float


def electrons_from_raw(
    raw: Pixels,
    halves: Sequence[Half],
    *,
    rows: slice,
    bias: Pixels,
    dark: Pixels,
    flat: Pixels,
) -> NDArray[np.floating]:
    """Electrons of a chip, without any of the pipelines' steps.

    ``((raw - bias - overscan) * gain - dark) / flat`` over the light-sensitive part, where the overscan
    of a half is a straight line over the rows, through the medians of its columns. The precision is
    that of the reference images, at least single.

    Parameters
    ----------
    raw, bias : ndarray, shape (ny, nx)
        Raw image and bias structure with overscan, DN.
    halves : sequence of Half
        From left to right.
    rows : slice
        The light-sensitive rows.
    dark : ndarray
        Electrons of dark current during the exposure, of the light-sensitive part.
    flat : ndarray
        Flat field, of the light-sensitive part.
    """
    structureless = raw.astype(np.result_type(bias, np.float32)) - bias
    precision = structureless.dtype.type
    parts = []
    for half in halves:
        levels = np.median(structureless[rows, half.overscan], axis=1)
        number = np.arange(len(levels))
        line = np.polyval(np.polyfit(number, levels, 1), number).astype(precision)
        parts.append((structureless[rows, half.columns] - line[:, np.newaxis]) * precision(half.gain))
    return np.asarray((np.hstack(parts) - dark) / flat)
