"""Reference catalogues at the exposures' epochs, and how crowded fields are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry import epochs
from hubble_qa.checks.astrometry.footprints import on_chips
from hubble_qa.checks.astrometry.sky import sky_offsets
from hubble_qa.checks.astrometry.source_pairs import pair_sources
from hubble_qa.checks.evidence.exposures import chip_frames, exposure_in
from hubble_qa.checks.readers import MatchFile
from hubble_qa.checks.readers.reference_catalog import Catalog, read_catalog

__all__ = [
    "Crowding",
    "MovingStars",
    "catalog_in",
    "catalog_positions",
    "crowding",
    "exposure_epoch",
    "motions",
    "moving_stars",
    "share_without_motion",
    "shared_error",
]

Positions = NDArray[np.float64]

catalog_in = cache(read_catalog)


class Crowding(NamedTuple):
    """Numbers of matches, of sources and references on the exposure, and its area in arcsec²."""

    matches: int
    sources: int
    references: int
    area: float


class MovingStars(NamedTuple):
    """Stars found afresh that a catalogue has: offsets from it, mas, motions and their errors, mas/yr."""

    offsets: Positions
    motions: Positions
    errors: Positions | None


# Median errors of Gaia's positions stay below it, mas, those of the ground's catalogues above.
_FROM_SPACE = 10.0
# SDSS's positions have systematic errors of 20 to 30 mas (Pier et al. 2003): no number of stars lessens them.
_GROUND_BASED = 30.0

# Stars that move by 20 mas a year are found at a catalogue's positions for seven years.
_FARTHEST = 0.15  # arcsec


def moving_stars(catalog: Path, exposure: Path, found: Positions) -> MovingStars:
    """Stars found afresh with their motions, whatever the offset of the catalogue.

    Parameters
    ----------
    catalog : Path
        The catalogue, of which the positions are taken at the exposure's epoch.
    exposure : Path
        The exposure.
    found : ndarray, shape (n, 2)
        Right ascension and declination of the stars, degrees.
    """
    from scipy.spatial import cKDTree

    reference, expected = catalog_in(catalog), catalog_positions(catalog, exposure)
    pairs = pair_sources(found, expected)
    none = np.empty((0, 2))
    if not len(pairs):
        return MovingStars(none, none, None)
    # Of stars without a motion, the expected place is not known.
    common, centre = np.median(pairs.offsets, axis=0), np.nanmedian(expected, axis=0)[None]
    planes = sky_offsets(found, centre) - common, sky_offsets(expected, centre)
    # Only the closest of each: a second source near a star is a cosmic ray, or a neighbour.
    distance, star = cKDTree(np.nan_to_num(planes[0], nan=1e12)).query(
        np.nan_to_num(planes[1], nan=-1e12), distance_upper_bound=1000.0 * _FARTHEST
    )
    rows = np.flatnonzero(np.isfinite(distance))
    rows = rows[np.argsort(distance[rows], kind="stable")]
    _, first = np.unique(star[rows], return_index=True)
    rows = rows[first]
    offsets = planes[0][star[rows]] + common - planes[1][rows]
    errors = None
    if reference.pm_ra_error is not None and reference.pm_dec_error is not None:
        errors = np.column_stack([reference.pm_ra_error, reference.pm_dec_error])[rows]
    return MovingStars(offsets, motions(reference)[rows], errors)


def share_without_motion(match: MatchFile | None, catalog: Path) -> float:
    """Share of a fit's sources whose source in the catalogue, the nearest, has no proper motion."""
    from scipy.spatial import cKDTree

    reference = catalog_in(catalog)
    if match is None or not len(match):
        return 0.0
    centre = np.median(match.radec, axis=0)[None]
    places = sky_offsets(np.column_stack([reference.ra, reference.dec]), centre)
    _, nearest = cKDTree(places).query(sky_offsets(match.radec, centre))
    return float(np.mean(~np.isfinite(motions(reference)[nearest]).all(axis=1)))


def shared_error(catalog: Path) -> float:
    """Error that positions of a catalogue share over a field, mas; 0 for those measured from space.

    A catalogue from the ground is told by its errors, or by its name where it gives none.
    """
    errors = catalog_in(catalog).ra_error
    known = np.array([]) if errors is None else errors[np.isfinite(errors)]
    ground_based = float(np.median(known)) > _FROM_SPACE if len(known) else "sdss" in catalog.name.lower()
    return _GROUND_BASED if ground_based else 0.0


def motions(catalog: Catalog) -> Positions:
    """Proper motions in right ascension times cos(declination) and in declination, mas per year."""
    if catalog.pm_ra is None or catalog.pm_dec is None:
        return np.full((len(catalog), 2), np.nan)
    return np.column_stack([catalog.pm_ra, catalog.pm_dec])


def exposure_epoch(path: Path) -> float:
    """Julian year of the middle of an exposure."""
    header = exposure_in(path).primary
    return epochs.julian_year(header["EXPSTART"], header["EXPEND"])


def catalog_positions(catalog: Path, exposure: Path) -> Positions:
    """Positions of a catalogue's sources at the epoch of an exposure, degrees.

    The catalogue is taken from its own epoch to the exposure's here again, from proper motions, and
    not as TweakReg was given it.
    """
    reference = catalog_in(catalog)
    positions = np.column_stack([reference.ra, reference.dec])
    if reference.epoch is None or reference.pm_ra is None or reference.pm_dec is None:
        return positions
    return epochs.positions_at_epoch(
        positions, motions(reference), from_epoch=reference.epoch, to_epoch=exposure_epoch(exposure)
    )


def crowding(
    exposure: Path,
    match: MatchFile | None,
    source_lists: Sequence[Path],
    catalog: Path,
    *,
    faintest: float = math.inf,
) -> Crowding:
    """How crowded an exposure and a catalogue are where both are.

    Parameters
    ----------
    exposure : Path
        The exposure.
    match : MatchFile or None
        Sources of its fit to the catalogue; None where there is none.
    source_lists : sequence of Path
        TweakReg's lists of the sources that it found on the exposure's chips.
    catalog : Path
        The catalogue.
    faintest : float, optional
        Magnitude of the faintest references that count.
    """
    chips = chip_frames(exposure)
    found = catalog_in(catalog)
    found = found[~(found.mag > faintest)]
    references = on_chips(chips.values(), np.column_stack([found.ra, found.dec]))
    area = sum(
        float(np.prod(shape)) * float(wcs.proj_plane_pixel_area().to_value("arcsec2"))
        for wcs, shape in chips.values()
    )
    return Crowding(
        matches=len(match) if match is not None else 0,
        sources=sum(_rows(path) for path in source_lists),
        references=int(references.sum()),
        area=area,
    )


def _rows(path: Path) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return sum(bool(line.strip()) and not line.startswith("#") for line in lines)
