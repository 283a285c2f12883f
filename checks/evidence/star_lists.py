"""Sources that an exposure shows itself, and those that two exposures share, each found once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.source_pairs import SourcePairs, pair_sources
from hubble_qa.checks.evidence.exposures import exposure_in, planes, wcs_in
from hubble_qa.checks.images.sources import Detection, find_sources

__all__ = ["DETECTION", "Input", "Stars", "shared_stars", "stars_on"]

Array = NDArray[np.float64]

# Sources 20 standard deviations above the sky, of about two pixels, the brightest of each chip: in a long
# exposure most of them are cosmic rays, which pair with nothing.
DETECTION = Detection(fwhm=2.0, threshold=20.0, peak=np.inf, brightest=2000)
# Where most pixels have no photon at all, there is no sky to find stars over.
_LEAST_COUNTED = 0.5


class Input(NamedTuple):
    """An exposure that was combined, and the file with its data quality where that is another (C1M)."""

    path: Path
    companion: Path | None = None


class Stars(NamedTuple):
    """Sources on an exposure: EXTVER of their chips, x and y from 0, right ascension and declination."""

    chip: NDArray[np.int64]
    pixels: Array
    sky: Array


# Exposures are compared with those next to them: of the many that were judged before, none is asked again.
@lru_cache(maxsize=256)
def stars_on(one: Input) -> Stars:
    """Sources on all chips of an exposure, chip by chip, the brightest first."""
    chips, pixels, sky = [np.empty(0, dtype=np.int64)], [np.empty((0, 2))], [np.empty((0, 2))]
    for chip in exposure_in(one.path).chips:
        image = _unflagged(one, chip)
        if np.count_nonzero(image) < _LEAST_COUNTED * image.size:
            continue
        table = find_sources(image, DETECTION)
        if len(table):
            found = np.column_stack([table["x"], table["y"]])
            chips.append(np.full(len(found), chip))
            pixels.append(found)
            sky.append(np.asarray(wcs_in(one.path, chip).all_pix2world(found, 0)))
    return Stars(np.concatenate(chips), np.concatenate(pixels), np.concatenate(sky))


@lru_cache(maxsize=1024)
def shared_stars(first: Input, second: Input) -> SourcePairs:
    """Sources that two exposures share, as indices into `stars_on` of either."""
    return pair_sources(stars_on(first).sky, stars_on(second).sky)


def _unflagged(one: Input, chip: int) -> NDArray[Any]:
    """A chip's science image, 0 where it is flagged, which passes for not exposed."""
    science, _, quality = planes(one.path, chip, one.companion)
    return science if quality is None else np.where(quality == 0, science, 0.0)
