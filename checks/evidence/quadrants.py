"""How sources lie on the quadrants of exposures and drizzled images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.footprints import on_chips
from hubble_qa.checks.astrometry.reference_coverage import Quadrant
from hubble_qa.checks.evidence.catalogs import catalog_in
from hubble_qa.checks.evidence.drizzled import drizzled_in
from hubble_qa.checks.evidence.exposures import ChipFrame, chip_frames

__all__ = ["quadrants_of", "references_by_quadrant"]

Positions = NDArray[np.float64]


def references_by_quadrant(exposure: Path, catalog: Path) -> Mapping[str, int]:
    """How many of a catalogue's sources are on each quadrant of an exposure.

    A chip of four is a quadrant, of two half of it is, of one a quarter.

    Parameters
    ----------
    exposure : Path
        The exposure.
    catalog : Path
        The catalogue.
    """
    return _by_quadrant(chip_frames(exposure), _positions(catalog))


def quadrants_of(path: Path, catalog: Path, stars: Positions, *, drizzled: bool) -> Mapping[str, Quadrant]:
    """A catalogue's sources and the stars found on each quadrant of an exposure or drizzled image.

    Parameters
    ----------
    path : Path
        The exposure or drizzled image.
    catalog : Path
        The catalogue.
    stars : ndarray, shape (n, 2)
        Right ascension and declination of the stars found, degrees.
    drizzled : bool
        Whether it is a drizzled image.
    """
    frames = _frame_of_image(path) if drizzled else chip_frames(path)
    references, found = (_by_quadrant(frames, positions) for positions in (_positions(catalog), stars))
    areas = {number: _area(frame) for number, frame in frames.items()}
    parts = len(references) // len(frames)
    area = {name: areas[_chip_of(name)] / parts for name in references}
    return {name: Quadrant(references[name], found[name], area[name]) for name in references}


def _frame_of_image(path: Path) -> Mapping[int, ChipFrame]:
    image = drizzled_in(path)
    return {1: ChipFrame(image.wcs(), image.science().shape)}


def _area(frame: ChipFrame) -> float:
    return float(np.prod(frame.shape)) * float(frame.wcs.proj_plane_pixel_area().to_value("arcsec2"))


def _chip_of(name: str) -> int:
    return int(name.partition(" ")[0].partition(",")[2])


def _positions(catalog: Path) -> Positions:
    reference = catalog_in(catalog)
    return np.column_stack([reference.ra, reference.dec])


def _by_quadrant(chips: Mapping[int, ChipFrame], positions: Positions) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for number, (wcs, shape) in chips.items():
        here = positions[on_chips([(wcs, shape)], positions)]
        x, y = wcs.all_world2pix(here, 0).T
        right, upper = x > (shape[1] - 1) / 2, y > (shape[0] - 1) / 2
        parts = {"": np.ones(len(here), dtype=bool)}
        if len(chips) < 4:
            parts = {" left": ~right, " right": right}
        if len(chips) == 1:
            parts = {
                f" {side}{half}": within & mask
                for half, within in ((" lower", ~upper), (" upper", upper))
                for side, mask in (("left", ~right), ("right", right))
            }
        counts |= {f"SCI,{number}{name}": int(mask.sum()) for name, mask in parts.items()}
    return counts
