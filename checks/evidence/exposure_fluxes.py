"""Fluxes of the sources that an exposure shares with others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.evidence.drizzled import drizzled_in
from hubble_qa.checks.evidence.exposures import chip_frames, electrons_of, exposure_in, planes, wcs_in
from hubble_qa.checks.evidence.source_fluxes import sources_of
from hubble_qa.checks.evidence.star_lists import Input, shared_stars, stars_on
from hubble_qa.checks.images.apertures import aperture_fluxes
from hubble_qa.checks.images.brightness_units import is_rate
from hubble_qa.checks.images.exposure_fluxes import SharedFluxes
from hubble_qa.checks.images.photometry import has_own_photflams

__all__ = ["fluxes_beside", "fluxes_under"]

# Error of a ratio that is not stated: all weigh alike, and their own scatter tells.
_UNSTATED = 0.01

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


class _Fluxes(NamedTuple):
    """Light of sources in two apertures, per second and for one area of the pixels, and its error."""

    large: Array
    small: Array
    error: Array


def fluxes_beside(one: Input, chip: int, others: Sequence[Input]) -> SharedFluxes | str:
    """Fluxes of the sources on a chip against those of the same sources on other exposures.

    Parameters
    ----------
    one : Input
        The exposure.
    chip : int
        EXTVER of the chip.
    others : sequence of Input
        Exposures of the same camera through the same filter.

    Returns
    -------
    SharedFluxes or str
        Or why there are none.
    """
    if not others:
        return (
            "no other exposure of its visit, through its filter and of a similar time, is among the products"
        )
    same_chip = has_own_photflams(exposure_in(one.path))
    pairs = [_pairs_on(one, chip, other, same_chip=same_chip) for other in others]
    own = np.unique(np.concatenate([first for first, _ in pairs]))
    mine = _Fluxes(*(each[own] for each in _fluxes(one)))
    theirs = [
        _placed(own, first, _Fluxes(*(each[second] for each in _fluxes(two))))
        for two, (first, second) in zip(others, pairs, strict=True)
    ]
    large, small, error = (np.array(part) for part in zip(*theirs, strict=True))
    measured = np.isfinite(large).any(axis=0)
    own, mine = own[measured], _Fluxes(*(each[measured] for each in mine))
    large, small, error = large[:, measured], small[:, measured], error[:, measured]
    beside = np.nanmedian(error / large, axis=0) / np.sqrt(np.isfinite(large).sum(axis=0))
    rows, columns = exposure_in(one.path).extension("SCI", chip).shape
    return SharedFluxes(
        mine.large / np.nanmedian(large, axis=0),
        mine.small / np.nanmedian(small, axis=0),
        np.hypot(mine.error / mine.large, beside),
        stars_on(one).pixels[own] / np.array([columns, rows]) - 0.5,
        tuple(other.path.stem for other in others),
    )


def fluxes_under(one: Input, chip: int, image: Path, inputs: tuple[Input, ...]) -> SharedFluxes | str:
    """Fluxes of the sources on a chip against those in the image that combines it.

    Parameters
    ----------
    one : Input
        The exposure.
    chip : int
        EXTVER of the chip.
    image : Path
        The drizzled image.
    inputs : tuple of Input
        All exposures that it combines and that are there.

    Returns
    -------
    SharedFluxes or str
        Or why there are none.
    """
    found = sources_of(image, inputs).get(exposure_in(one.path).chip_label(chip))
    if found is None or not len(found):
        return "it shows no bright sources that stand alone"
    wcs, (rows, columns) = chip_frames(one.path)[chip]
    sky = drizzled_in(image).wcs().all_pix2world(found.places, 0)
    places = np.asarray(wcs.all_world2pix(sky, 0, quiet=True)) / np.array([columns, rows]) - 0.5
    ratio = found.chip / found.drizzled
    return SharedFluxes(ratio, ratio, np.full(len(ratio), _UNSTATED), places, (image.stem,))


def _pairs_on(one: Input, chip: int, other: Input, *, same_chip: bool) -> tuple[Indices, Indices]:
    """Sources of a chip and the same ones on another exposure, there on the same chip only if asked."""
    pairs = shared_stars(one, other)
    kept = stars_on(one).chip[pairs.first] == chip
    if same_chip:
        kept &= stars_on(other).chip[pairs.second] == chip
    return pairs.first[kept], pairs.second[kept]


def _placed(own: Indices, first: Indices, fluxes: _Fluxes) -> _Fluxes:
    """Fluxes in the places of the sources that they are of; NaN in all other places."""
    placed = _Fluxes(*(np.full(len(own), math.nan) for _ in fluxes))
    for place, values in zip(placed, fluxes, strict=True):
        place[np.searchsorted(own, first)] = np.where(values > 0, values, math.nan)
    return placed


@lru_cache(maxsize=256)  # as of `stars_on`
def _fluxes(one: Input) -> _Fluxes:
    """Fluxes of all sources of an exposure, in the order of `stars_on`."""
    stars = stars_on(one)
    parts = [_fluxes_on(one, chip, stars.pixels[stars.chip == chip]) for chip in exposure_in(one.path).chips]
    return _Fluxes(*(np.concatenate([np.empty(0), *part]) for part in zip(*parts, strict=True)))


def _fluxes_on(one: Input, chip: int, places: Array) -> _Fluxes:
    exposure = exposure_in(one.path)
    header = exposure.header("SCI", chip)
    science, _, quality = planes(one.path, chip, one.companion)
    bad = np.zeros(science.shape, dtype=bool) if quality is None else quality != 0
    time, rate = float(exposure.primary["EXPTIME"]), is_rate(header.get("BUNIT"))
    seen = aperture_fluxes(science, bad, places, electrons=electrons_of(exposure, chip))
    scale = _areas(one, chip, places) / (1.0 if rate else time)
    return _Fluxes(seen.large * scale, seen.small * scale, seen.error * scale)


def _areas(one: Input, chip: int, places: Array) -> Array:
    """Areas of pixels on the sky over the chip's nominal one: flat fields make light of the sky even."""
    if not len(places):
        return np.empty(0)
    wcs, header = wcs_in(one.path, chip), exposure_in(one.path).header("SCI", chip)
    corner, right, up = (np.asarray(wcs.all_pix2world(places + step, 0)) for step in ((0, 0), (1, 0), (0, 1)))
    across, along = (np.remainder(each - corner + 180.0, 360.0) - 180.0 for each in (right, up))
    area = np.abs(across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0]) * np.cos(np.radians(corner[:, 1]))
    area = area * 3600.0**2
    nominal = float(header.get("IDCSCALE") or math.sqrt(float(np.median(area))))
    return np.asarray(area / nominal**2)
