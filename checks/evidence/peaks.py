"""Peaks of stars on exposures: pixels above their neighbours that another exposure shows as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.source_pairs import pair_sources
from hubble_qa.checks.detectors.background import background_level
from hubble_qa.checks.evidence.exposures import array_in, chip_frames, exposure_in
from hubble_qa.checks.images.local_maxima import local_maxima

__all__ = ["SharedPeaks", "shared_peaks"]

# A peak stands this many standard deviations above the sky and above all within two pixels.
_STANDS_OUT = 50.0
_WIDTH = 5
# So many of a chip are kept, the brightest that are not at full well.
_BRIGHTEST = 2000
_FULL = 0.9
# Of pairs of which more than a tenth would be there by chance, the number of these is not known well enough:
# cosmic rays come in tracks of several peaks.
_MIXED = 0.1

Places = NDArray[np.float64]


class SharedPeaks(NamedTuple):
    """Peaks of an exposure that another one shows as well: stars, and pairs of cosmic rays.

    Attributes
    ----------
    places : mapping of int to ndarray, shape (n, 2)
        x and y by EXTVER of the chip, counted from 1.
    by_chance : float
        How many of them would be expected if the exposures had no star in common.
    """

    places: Mapping[int, Places]
    by_chance: float


def shared_peaks(exposure: Path, exposures: Sequence[Path]) -> SharedPeaks:
    """Peaks on each chip of an exposure that another exposure shows as well.

    In a sparse field most peaks are cosmic rays, of which some lie upon those of another exposure. Where they
    would be more than `_MIXED` of the pairs, or the offset that pairs share is theirs, pairs are no stars.

    Parameters
    ----------
    exposure : Path
        The exposure.
    exposures : sequence of Path
        Those that may show its stars.
    """
    chips = _peaks(exposure)
    own = np.concatenate([sky for _, sky in chips.values()])
    seen, by_chance = np.zeros(len(own), dtype=bool), 0.0
    for other in exposures:
        if other != exposure:
            theirs = np.concatenate([sky for _, sky in _peaks(other).values()])
            pairs = pair_sources(own, theirs)
            if pairs.by_chance <= _MIXED * len(pairs):
                seen[pairs.first] = True
                by_chance += pairs.by_chance
    ends = np.cumsum([len(pixels) for pixels, _ in chips.values()])[:-1]
    places = {
        chip: pixels[shared] + 1.0
        for (chip, (pixels, _)), shared in zip(chips.items(), np.split(seen, ends), strict=True)
    }
    return SharedPeaks(places, by_chance)


@cache
def _peaks(path: Path) -> Mapping[int, tuple[Places, Places]]:
    """Pixels, counted from 0, and sky positions of the brightest peaks on each chip."""
    return {chip: _on_chip(path, chip) for chip in exposure_in(path).chips}


def _on_chip(path: Path, chip: int) -> tuple[Places, Places]:
    science, camera = array_in(path, "SCI", chip), exposure_in(path).camera
    level = background_level(science)
    full = np.inf if camera is None or camera.full_well is None else _FULL * camera.full_well
    bright = (science > level.median + _STANDS_OUT * level.width) & (science < full)
    row, column = local_maxima(science, bright, _WIDTH)
    order = np.argsort(-science[row, column])[:_BRIGHTEST]
    pixels = np.column_stack([column, row])[order].astype(float)
    return pixels, np.asarray(chip_frames(path)[chip].wcs.all_pix2world(pixels, 0))
