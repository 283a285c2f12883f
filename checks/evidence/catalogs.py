"""Reference catalogues at the exposures' epochs, and how crowded fields are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry import epochs
from hubble_qa.checks.astrometry.footprints import on_chips
from hubble_qa.checks.evidence.exposures import chip_frames, exposure_in
from hubble_qa.checks.readers import MatchFile
from hubble_qa.checks.readers.reference_catalog import Catalog, read_catalog

__all__ = ["Crowding", "catalog_in", "catalog_positions", "crowding", "exposure_epoch", "motions"]

Positions = NDArray[np.float64]

catalog_in = cache(read_catalog)


class Crowding(NamedTuple):
    """Numbers of matches, of sources and references on the exposure, and its area in arcsec²."""

    matches: int
    sources: int
    references: int
    area: float


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
    if reference.epoch is None or reference.pm_ra is None:
        return positions
    return epochs.positions_at_epoch(
        positions, motions(reference), from_epoch=reference.epoch, to_epoch=exposure_epoch(exposure)
    )


def crowding(
    exposure: Path, match: MatchFile | None, source_lists: Sequence[Path], catalog: Path
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
    """
    chips = chip_frames(exposure)
    found = catalog_in(catalog)
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
