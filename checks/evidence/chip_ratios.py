"""Pixels of a WFPC2 chip before and after its normalisation."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from hubble_qa.checks.evidence.exposures import array_in, exposure_in
from hubble_qa.checks.images.photometry import expected_chip_factor, has_own_photflams, photflams_of

__all__ = ["ChipInBoth", "chip_in_both"]


class ChipInBoth(NamedTuple):
    """A chip of an FLT with that of its C0M.

    Attributes
    ----------
    flt, c0m : ndarray, shape (ny, nx)
        The chip's counts in either file, DN.
    quality : ndarray of int, shape (ny, nx)
        Data quality flags of the FLT.
    expected : float
        The ratio of FLT to C0M that the C0M's zeropoints ask for; where the reference chip was not read out,
        what the FLT's PHOTFLAM asks for.
    equalised : bool
        Whether the FLT's header gives all its chips one PHOTFLAM.
    """

    flt: NDArray[Any]
    c0m: NDArray[Any]
    quality: NDArray[Any]
    expected: float
    equalised: bool


def chip_in_both(flt: Path, c0m: Path, number: int) -> ChipInBoth:
    """A chip by its EXTVER, of an FLT and of its C0M."""
    before, after = exposure_in(c0m), exposure_in(flt)
    expected = expected_chip_factor(before, number)
    if math.isnan(expected):
        # Counts times PHOTFLAM are the same light, whichever chip the others were normalised to.
        old, new = photflams_of(before)[number], photflams_of(after)[number]
        expected = old / new if new > 0 else math.nan
    return ChipInBoth(
        array_in(flt, "SCI", number),
        array_in(c0m, "SCI", number),
        array_in(flt, "DQ", number),
        expected,
        equalised=not has_own_photflams(after),
    )
