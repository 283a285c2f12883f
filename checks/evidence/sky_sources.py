"""Sources found afresh on exposures and drizzled images, against a catalogue and against one another."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from hubble_qa.checks.astrometry.registration import Offset, offset_of_stars
from hubble_qa.checks.astrometry.source_pairs import SourcePairs, pair_sources
from hubble_qa.checks.astrometry.world_coordinates import plate_scale
from hubble_qa.checks.evidence import catalogs
from hubble_qa.checks.evidence.drizzled import covered, drizzled_in
from hubble_qa.checks.evidence.star_lists import DETECTION, Input, Stars, stars_on
from hubble_qa.checks.images.sources import find_sources

__all__ = ["from_catalog", "image_offset", "image_scale", "shared_sources", "sources_in_image"]


@cache
def sources_in_image(path: Path) -> Stars:
    """Sources of a drizzled image, which has one chip."""
    image = drizzled_in(path)
    table = find_sources(np.nan_to_num(covered(image)), DETECTION)
    if not len(table):
        return Stars(np.empty(0, dtype=np.int64), np.empty((0, 2)), np.empty((0, 2)))
    pixels = np.column_stack([table["x"], table["y"]])
    sky = np.asarray(image.wcs().all_pix2world(pixels, 0))
    return Stars(np.ones(len(pixels), dtype=np.int64), pixels, sky)


def _found(path: Path, companion: Path | None, *, drizzled: bool) -> Stars:
    return sources_in_image(path) if drizzled else stars_on(Input(path, companion))


@cache
def from_catalog(
    path: Path, catalog: Path, *, companion: Path | None = None, drizzled: bool = False
) -> tuple[SourcePairs, Stars]:
    """Sources of an exposure or drizzled image paired with a catalogue at its epoch, and all that it has.

    Parameters
    ----------
    path : Path
        The exposure or drizzled image.
    catalog : Path
        The catalogue.
    companion : Path, optional
        C1M of a C0M.
    drizzled : bool
        Whether it is a drizzled image.

    Returns
    -------
    SourcePairs
        The sources found, first, with the catalogue's, second.
    Stars
        The sources found.
    """
    found = _found(path, companion, drizzled=drizzled)
    return pair_sources(found.sky, catalogs.catalog_positions(catalog, path)), found


@cache
def shared_sources(first: Path, second: Path) -> SourcePairs:
    """Sources of a drizzled image paired with those of another; see `sources_in_image`."""
    return pair_sources(sources_in_image(first).sky, sources_in_image(second).sky)


def image_offset(first: Path, second: Path) -> Offset | None:
    """Offset of one drizzled image from another; None where they do not share 20 sources."""
    return offset_of_stars(shared_sources(first, second))


def image_scale(first: Path, second: Path) -> float:
    """Pixel of the coarser of two drizzled images, arcsec."""
    return max(plate_scale(drizzled_in(path).header) for path in (first, second))
