"""Widths of an exposure's stars, and those that its camera's stars have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.evidence.exposures import exposure_in, planes
from hubble_qa.checks.images.star_widths import Widths, source_widths

__all__ = ["ExposureWidths", "widths_in"]


class ExposureWidths(NamedTuple):
    """FWHM of an exposure's bright sources, and of its camera's stars, by EXTVER, pixels of each chip."""

    found: Mapping[int, Widths]
    expected: Mapping[int, float]

    @property
    def longer(self) -> NDArray[np.float64]:
        """FWHM along the longer axis over the camera's, of the sources of all chips, shape (n,)."""
        parts = [widths.longer / self.expected[chip] for chip, widths in self.found.items()]
        return np.concatenate([np.empty(0), *parts])


def widths_in(path: Path, companion: Path | None = None) -> ExposureWidths:
    """Widths of the sources on the chips of an exposure, of those whose stars' width is on record.

    Parameters
    ----------
    path : Path
        The exposure, of a camera with a record.
    companion : Path, optional
        C1M of a C0M, which holds its data quality.
    """
    exposure = exposure_in(path)
    camera, found, expected = exposure.camera, {}, {}
    for number, header in exposure.science_headers().items():
        fwhm = None if camera is None else camera.fwhm_of_stars(header)
        if camera is None or fwhm is None:
            continue
        sci, _, dq = planes(path, number, companion)
        # Where the shapes differ, CAL-003 says so.
        good = np.ones(sci.shape, dtype=bool) if dq is None or dq.shape != sci.shape else dq == 0
        found[number] = source_widths(sci, good, full_well=camera.full_well)
        expected[number] = fwhm
    return ExposureWidths(found, expected)
