"""Peaks of stars on exposures: pixels above their neighbours that another exposure shows as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.source_pairs import pair_sources
from hubble_qa.checks.detectors.background import background_level
from hubble_qa.checks.evidence.exposures import array_in, chip_frames, exposure_in

__all__ = ["shared_peaks"]

# A peak stands this many standard deviations above the sky and above all within two pixels.
_STANDS_OUT = 50.0
_WIDTH = 5
# So many of a chip are kept, the brightest that are not at full well.
_BRIGHTEST = 2000
_FULL = 0.9

Places = NDArray[np.float64]


def shared_peaks(exposure: Path, exposures: Sequence[Path]) -> Mapping[int, Places]:
    """Pixels, counted from 1, of peaks on each chip of an exposure that another exposure shows as well.

    Parameters
    ----------
    exposure : Path
        The exposure.
    exposures : sequence of Path
        Those that may show its stars.
    """
    chips = _peaks(exposure)
    own = np.concatenate([sky for _, sky in chips.values()])
    seen = np.zeros(len(own), dtype=bool)
    for other in exposures:
        if other != exposure:
            theirs = np.concatenate([sky for _, sky in _peaks(other).values()])
            seen[pair_sources(own, theirs).first] = True
    ends = np.cumsum([len(pixels) for pixels, _ in chips.values()])[:-1]
    return {
        chip: pixels[shared] + 1.0
        for (chip, (pixels, _)), shared in zip(chips.items(), np.split(seen, ends), strict=True)
    }


@cache
def _peaks(path: Path) -> Mapping[int, tuple[Places, Places]]:
    """Pixels, counted from 0, and sky positions of the brightest peaks on each chip."""
    return {chip: _on_chip(path, chip) for chip in exposure_in(path).chips}


def _on_chip(path: Path, chip: int) -> tuple[Places, Places]:
    from scipy.ndimage import maximum_filter

    science, camera = array_in(path, "SCI", chip), exposure_in(path).camera
    level = background_level(science)
    full = np.inf if camera is None or camera.full_well is None else _FULL * camera.full_well
    highest = science == maximum_filter(science, _WIDTH)
    row, column = np.nonzero(
        highest & (science > level.median + _STANDS_OUT * level.width) & (science < full)
    )
    order = np.argsort(-science[row, column])[:_BRIGHTEST]
    pixels = np.column_stack([column, row])[order].astype(float)
    sky = np.asarray(chip_frames(path)[chip].wcs.all_pix2world(pixels, 0)) if len(pixels) else pixels
    return pixels, sky
