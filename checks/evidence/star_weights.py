"""Weights of a drizzled image at the stars that its exposures show, and beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.evidence.exposures import exposure_in, planes
from hubble_qa.checks.evidence.star_lists import Input, shared_stars, stars_on
from hubble_qa.checks.images.combination import other_weights
from hubble_qa.checks.images.star_weights import StarWeights
from hubble_qa.checks.readers import Drizzled
from hubble_qa.checks.readers.coordinates import is_number

__all__ = ["star_weights"]

# Pixels about a star without a flag in its exposure: beside the core of a saturated one, its wings pass for a
# star.
_CLEAR = 3
# Pixels of the image from a star to the places beside it.
_BESIDE = 12
# So many stars are enough, or those of so many pairs of exposures.
_ENOUGH, _PAIRS = 100, 4


def star_weights(image: Drizzled, inputs: Sequence[Input]) -> StarWeights:
    """Weights at stars that two exposures show, and that are not flagged in the first, and beside these.

    Parameters
    ----------
    image : Drizzled
        The image.
    inputs : sequence of Input
        The exposures that it combines and that can be compared.
    """
    weight, frame = image.weight(), image.wcs()
    times = {one.path: float(exposure_in(one.path).primary["EXPTIME"]) for one in inputs}
    shown: list[float] = []
    at, beside = [np.empty(0)], [np.empty(0)]
    chips = {each.path: numbers for each, numbers in image.combined(exposure_in(one.path) for one in inputs)}
    for first, second in [*pairwise(inputs)][:_PAIRS]:
        sky = np.concatenate([np.empty((0, 2)), *_clear_stars(first, second, chips[first.path])])
        places = np.asarray(frame.all_world2pix(sky, 0))
        at.append(_values(weight, places))
        if len(at[-1]):
            shown.append(times[first.path])
        for step in ((_BESIDE, 0), (-_BESIDE, 0), (0, _BESIDE), (0, -_BESIDE)):
            beside.append(_values(weight, places + np.array(step)))
        if sum(map(len, at)) >= _ENOUGH:
            break
    return StarWeights(
        np.concatenate(at), np.concatenate(beside), _share(image, min(shown, default=0.0), times)
    )


def _share(image: Drizzled, shortest: float, times: Mapping[Path, float]) -> float:
    """Part of an image's time that an exposure has; 0 where its weights are no exposure times."""
    if shortest <= 0 or not is_number(image.keyword("D001WTSC")) or other_weights(image):
        return 0.0
    stated = image.keyword("EXPTIME")
    return shortest / max(sum(times.values()), float(stated) if is_number(stated) else 0.0)


def _clear_stars(first: Input, second: Input, chips: Sequence[int]) -> Iterator[NDArray[np.float64]]:
    """Places on the sky of stars that two exposures show, of the first's chips without flags about them."""
    from scipy.ndimage import maximum_filter

    stars, shared = stars_on(first), shared_stars(first, second).first
    for chip in chips:
        quality = planes(first.path, chip, first.companion).quality
        if quality is None:
            continue
        near = maximum_filter(quality != 0, 2 * _CLEAR + 1)
        rows = shared[stars.chip[shared] == chip]
        column, row = np.rint(stars.pixels[rows]).astype(int).T
        yield stars.sky[rows[~near[row, column]]]


def _values(image: NDArray[Any], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of the pixels at some places, of those that are on the image."""
    column, row = np.rint(places).astype(int).T
    on = (row >= 0) & (column >= 0) & (row < image.shape[0]) & (column < image.shape[1])
    return np.asarray(image[row[on], column[on]], dtype=float)
