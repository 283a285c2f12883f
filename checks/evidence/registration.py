"""Exposures of a combined image, compared by the sources that they show themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.registration import (
    Offset,
    SkyPixels,
    isolated_hits,
    offset_of_stars,
    offset_of_target,
)
from hubble_qa.checks.astrometry.sky import sky_offsets
from hubble_qa.checks.astrometry.source_pairs import MIN_PAIRS, pair_sources
from hubble_qa.checks.evidence.exposures import exposure_in, planes, wcs_in
from hubble_qa.checks.evidence.star_lists import Input, shared_stars, stars_on
from hubble_qa.checks.readers.coordinates import is_number

__all__ = ["chip_offsets", "exposure_offsets"]

Array = NDArray[np.float64]

# Others that an exposure is compared with: enough for a median of those that show the same stars.
_OTHERS = 5
# Blocks of pixels are added up so that a side has no more than so many: a target is larger than a block.
_LONGEST_SIDE = 512


def exposure_offsets(inputs: Mapping[str, Input]) -> Mapping[tuple[str, str], Offset]:
    """Offsets of exposures from one another, of those pairs that show the same sources or target.

    Parameters
    ----------
    inputs : mapping of str to Input
        The exposures, by name.
    """
    offsets = {}
    for first, second in _neighbours(list(inputs)):
        offset = _offset(inputs[first], inputs[second])
        if offset is not None:
            offsets[first, second] = offset
    return offsets


def chip_offsets(inputs: Mapping[str, Input]) -> Mapping[tuple[str, str], Offset]:
    """Offsets of single chips from other exposures, of those that show stars of an exposure of several chips.

    Parameters
    ----------
    inputs : mapping of str to Input
        The exposures, by name; a chip is called by its exposure's and its own: ``"u5jx0108r_flt SCI,1"``.
    """
    return {
        (f"{name} SCI,{chip}", other): offset
        for first, second in _neighbours(list(inputs))
        for name, other in ((first, second), (second, first))
        for chip, offset in _offsets_of_chips(inputs[name], inputs[other]).items()
    }


@cache
def _offsets_of_chips(first: Input, second: Input) -> Mapping[int, Offset]:
    """Offsets of the chips of one exposure from another, by stars.

    Stars that both exposures share as a whole tell where a chip has enough of these; a chip that has few of
    them may be elsewhere, and is compared by all of its own.
    """
    chips, stars = exposure_in(first.path).chips, stars_on(first)
    if len(chips) < 2:
        return {}
    shared, offsets = shared_stars(first, second), {}
    for chip in chips:
        own = stars.chip == chip
        pairs = shared.select(own[shared.first]) if len(shared) else shared
        if len(pairs) < MIN_PAIRS <= np.count_nonzero(own):
            pairs = pair_sources(stars.sky[own], stars_on(second).sky)
        found = offset_of_stars(pairs) if len(pairs) >= MIN_PAIRS else None
        if found is not None:
            offsets[chip] = found
    return offsets


def _neighbours(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pairs of exposures: each with those that follow it, around the list."""
    pairs = set()
    for index in range(len(names)):
        for step in range(1, min(_OTHERS, len(names) - 1) + 1):
            other = (index + step) % len(names)
            pair = (min(index, other), max(index, other))
            if pair not in pairs:
                pairs.add(pair)
                yield names[pair[0]], names[pair[1]]


@cache
def _offset(first: Input, second: Input) -> Offset | None:
    stars = offset_of_stars(shared_stars(first, second))
    if stars is not None:
        return stars
    centre = _sources_centre(first)
    return offset_of_target(_sky_pixels(first, centre), _sky_pixels(second, centre))


def _sources_centre(one: Input) -> tuple[float, float]:
    """The middle of an exposure's first chip, degrees."""
    chip = exposure_in(one.path).chips[0]
    rows, columns = exposure_in(one.path).extension("SCI", chip).shape
    east, north = wcs_in(one.path, chip).all_pix2world([[columns / 2, rows / 2]], 0)[0]
    return float(east), float(north)


def _sky_pixels(one: Input, centre: tuple[float, float]) -> SkyPixels:
    """An exposure's pixels, in blocks where there are many, about a place on the sky."""
    places, values = [], []
    for chip in exposure_in(one.path).chips:
        science, _, quality = planes(one.path, chip, one.companion)
        science = np.where(isolated_hits(science, noise=_photon_noise(one.path)), np.nan, science)
        block = -(-max(science.shape) // _LONGEST_SIDE)
        rows, columns = (side // block for side in science.shape)
        blocks = science[: rows * block, : columns * block].reshape(rows, block, columns, block)
        summed = blocks.sum(axis=(1, 3), dtype=np.float64)
        good = np.isfinite(summed)
        if quality is not None:
            flagged = quality[: rows * block, : columns * block].reshape(rows, block, columns, block) != 0
            good &= ~flagged.any(axis=(1, 3))
        y, x = np.nonzero(good)
        middles = np.column_stack([x, y]) * block + (block - 1) / 2
        sky = np.asarray(wcs_in(one.path, chip).all_pix2world(middles, 0))
        places.append(sky_offsets(sky, np.array([centre])) / 1000.0)
        values.append(summed[good])
    noise = _photon_noise(one.path)
    time = 1.0 if _in_rates(one.path) else _exposure_time(one.path)
    return SkyPixels(np.concatenate(places), np.concatenate(values), noise, time)


def _photon_noise(path: Path) -> float:
    return 1.0 / _exposure_time(path) if _in_rates(path) else 1.0


def _in_rates(path: Path) -> bool:
    exposure = exposure_in(path)
    return "/S" in str(exposure.header("SCI", exposure.chips[0]).get("BUNIT", "")).upper()


def _exposure_time(path: Path) -> float:
    """EXPTIME, seconds; NaN where it is none, as another verdict says."""
    time = exposure_in(path).primary.get("EXPTIME")
    return float(time) if is_number(time) and time > 0 else math.nan
