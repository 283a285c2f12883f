"""Sources found afresh on exposures and drizzled images, by the tables that hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.source_pairs import pair_sources

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["positions", "sources", "sources_of", "star_pixels"]

Positions = NDArray[np.float64]


@cache
def sources(path: Path) -> Table:
    """A table of sources."""
    from astropy.table import Table

    return Table.read(path, format="ascii.ecsv")


def sources_of(path: Path, exposure: str) -> Table:
    """The sources of one exposure, from a table of several exposures'."""
    found = sources(path)
    return found[found["exposure"] == exposure]


def positions(found: Table) -> Positions:
    """Right ascension and declination of sources, degrees."""
    return np.column_stack([np.asarray(found[name], dtype=np.float64) for name in ("ra", "dec")])


def star_pixels(path: Path, exposure: str, exposures: Sequence[str]) -> Mapping[int, Positions]:
    """Pixels, counted from 1, of stars on each chip of an exposure.

    Stars are the sources that another exposure shows as well, wherever its own world coordinates put
    them; most sources of a long exposure are cosmic rays.

    Parameters
    ----------
    path : Path
        Table of the sources on the exposures.
    exposure : str
        Rootname of the exposure.
    exposures : sequence of str
        Rootnames of all that may show its stars.
    """
    found = sources_of(path, exposure)
    seen = np.zeros(len(found), dtype=bool)
    for other in exposures:
        if other != exposure:
            pairs = pair_sources(positions(found), positions(sources_of(path, other)))
            seen[pairs.first] = True
    found = found[seen]
    chips = (int(chip) for chip in sorted(set(found["chip"])))
    return {
        chip: np.column_stack([found["x"][found["chip"] == chip], found["y"][found["chip"] == chip]]) + 1
        for chip in chips
    }
