"""The sources of a catalogue that a finished fit was made to, told by its match file alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.epochs import catalog_epoch_displacement, positions_at_epoch
from hubble_qa.checks.astrometry.sky import MAS_PER_DEGREE, sky_offsets
from hubble_qa.checks.astrometry.source_positions import chance_match_fraction
from hubble_qa.checks.evidence.catalogs import catalog_in, crowding, exposure_epoch, motions
from hubble_qa.checks.evidence.fits import frame_terms
from hubble_qa.checks.measurement import Measurement, not_told
from hubble_qa.checks.readers import MatchFile
from hubble_qa.checks.readers.reference_catalog import Catalog

__all__ = [
    "SOURCE_LISTS",
    "FittedReferences",
    "chance_of_fit",
    "epoch_of_fit",
    "fitted_references",
]

Positions = NDArray[np.float64]

# How names of TweakReg's lists of sources end, after that of the exposure: one for each chip.
SOURCE_LISTS = "_sci*_xy_catalog.coo"
# TweakReg's defaults: a tolerance of 1 pixel, a search radius of 1 arcsec.
_TOLERANCE, _SEARCH_RADIUS = 1.0, 1.0

# A catalogue's source is sought within this distance of what was fitted to: 30 years of 10 mas a year.
_NEAR = 300.0  # mas
# Positions of one catalogue agree to the digits of match files; of Gaia's releases within their errors.
_SAME = 1.0  # mas
# Part of a fit that tells its catalogue: that may have been cut, and of another hardly any source is so near.
_SHARED = 0.2
# Below it a star's motion tells no epoch.
_MOVES = 0.5  # mas/yr


class FittedReferences(NamedTuple):
    """Sources of a catalogue that a fit was made to.

    Attributes
    ----------
    match : MatchFile
        The fit's sources.
    terms : ndarray, shape (2, 2)
        Mas east and north by pixels x and y of the frame that it counts in.
    rows : ndarray of int, shape (n,)
        Their rows in the catalogue.
    epoch : float or None
        Julian year of the positions that the fit was given; None where the catalogue states no epoch.
    """

    match: MatchFile
    terms: NDArray[np.float64]
    rows: NDArray[np.intp]
    epoch: float | None


def _reference_positions(match: MatchFile, terms: NDArray[np.float64]) -> Positions:
    """Positions that a fit was made to: those of its sources by the fit, less the residuals.

    Parameters
    ----------
    match : MatchFile
        The fit's sources.
    terms : ndarray, shape (2, 2)
        Mas east and north by pixels x and y of the frame that it counts in.

    Returns
    -------
    ndarray, shape (n, 2)
        Right ascension and declination, degrees.
    """
    east, north = (match.residuals @ terms).T / MAS_PER_DEGREE
    ra, dec = match.radec.T
    return np.column_stack([ra - east / np.cos(np.radians(dec)), dec - north])


def fitted_references(match: MatchFile, catalog: Path) -> FittedReferences | None:
    """The rows of a catalogue that a fit was made to, and the epoch to which they had been taken.

    Stars of different motions tell the epoch. At it, what the fit was made to is in the catalogue
    to the last digits; positions of another catalogue, or those of stars on another exposure, are not.

    Parameters
    ----------
    match : MatchFile
        Sources of the fit.
    catalog : Path
        The catalogue.

    Returns
    -------
    FittedReferences or None
        None where the fit was made to something else.
    """
    frame, reference = frame_terms(match), catalog_in(catalog)
    if frame is None:
        return None
    terms = frame[:2]
    used = _reference_positions(match, terms)
    rows, offsets = _nearest(used, np.column_stack([reference.ra, reference.dec]), within=_NEAR)
    years = _years(offsets, motions(reference)[rows])
    epoch = None if reference.epoch is None else reference.epoch + years
    rows, _ = _nearest(used, _taken_to(reference, epoch), within=_SAME)
    return FittedReferences(match, terms, rows, epoch) if len(rows) > _SHARED * len(used) else None


def chance_of_fit(
    references: FittedReferences, exposure: Path, lists: Sequence[Path], catalog: Path, *, subject: str
) -> Measurement:
    """Matches that chance alone could have given over those of a finished fit.

    How wide TweakReg searched is not written down: its defaults are taken, or what the fit shows where that
    is more, its largest residual for the tolerance and its shift for the radius. Of the catalogue count the
    sources that are as bright as the faintest match.

    Parameters
    ----------
    references : FittedReferences
        The fit's sources, and which of the catalogue's it was made to.
    exposure : Path
        Its exposure.
    lists : sequence of Path
        TweakReg's lists of the sources that it found on the exposure's chips.
    catalog : Path
        The catalogue.
    subject : str
        What verdicts call the fit.
    """
    match, terms = references.match, references.terms
    magnitudes = catalog_in(catalog).mag[references.rows]
    known = np.isfinite(magnitudes)
    faintest = float(magnitudes[known].max()) if known.any() else math.inf
    crowded = crowding(exposure, match, lists, catalog, faintest=faintest)
    pixel = math.sqrt(abs(np.linalg.det(terms))) / 1000.0
    largest = float(np.hypot(*(match.residuals @ terms).T).max()) / 1000.0
    shift = math.hypot(*match.shift) * pixel
    return chance_match_fraction(
        crowded.matches,
        sources=crowded.sources,
        references=crowded.references,
        area=crowded.area,
        tolerance=max(_TOLERANCE * pixel, largest),
        search_radius=max(_SEARCH_RADIUS, shift),
        subject=subject,
    )


def epoch_of_fit(references: FittedReferences, exposure: Path, catalog: Path, *, subject: str) -> Measurement:
    """How far the field's common motion is from where a finished fit had it at its exposure's epoch.

    Parameters
    ----------
    references : FittedReferences
        The catalogue's sources that the fit was made to, and the epoch of their positions.
    exposure : Path
        The exposure of the fit.
    catalog : Path
        The catalogue.
    subject : str
        What verdicts call the fit.
    """
    found = catalog_in(catalog)
    moves = motions(found)
    measured = catalog_epoch_displacement(
        moves,
        catalog_epoch=references.epoch,
        exposure_epoch=exposure_epoch(exposure),
        subject=subject,
        original_epoch=found.epoch,
        unmoved=float(np.mean(~np.isfinite(moves[references.rows]).all(axis=1))),
    )
    # What a catalogue that is handed in does not say is no fault of the fit.
    if measured.value is None:
        return not_told(measured.quantity, subject, measured.reason)
    return measured


def _nearest(
    positions: Positions, catalog: Positions, *, within: float
) -> tuple[NDArray[np.intp], Positions]:
    """Rows of a catalogue nearest to positions, of those that have one, and the offsets from them, mas."""
    from scipy.spatial import cKDTree

    centre = np.median(positions, axis=0)[None]
    planes = sky_offsets(positions, centre), sky_offsets(catalog, centre)
    distance, row = cKDTree(planes[1]).query(planes[0], distance_upper_bound=within)
    found = np.isfinite(distance)
    return row[found], planes[0][found] - planes[1][row[found]]


def _years(offsets: Positions, moves: Positions) -> float:
    """Years that take stars by their motions where they are, by the median of the faster half."""
    speed = np.hypot(*moves.T)
    tells = np.isfinite(speed) & (speed > _MOVES)
    if not tells.any():
        return 0.0
    tells &= speed >= np.median(speed[tells])
    return float(np.median(np.sum(offsets[tells] * moves[tells], axis=1) / speed[tells] ** 2))


def _taken_to(reference: Catalog, epoch: float | None) -> Positions:
    """Positions of a catalogue at an epoch; where a source's motion is not known, those of its own."""
    positions = np.column_stack([reference.ra, reference.dec])
    if epoch is None or reference.epoch is None:
        return positions
    moved = positions_at_epoch(positions, motions(reference), from_epoch=reference.epoch, to_epoch=epoch)
    return np.where(np.isfinite(moved), moved, positions)
