"""Where a drizzled image is covered, and where its inputs say that it should be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.evidence.exposures import chip_frames
from hubble_qa.checks.images.drizzled_coordinates import Extents
from hubble_qa.checks.readers import Drizzled

__all__ = ["coverage_extents"]

_EDGE = 33  # points along a side of a chip: its sides are curved


def coverage_extents(image: Drizzled, inputs: Iterable[Path]) -> Extents | None:
    """How far an image is covered and how far its inputs reach; None where nothing has weight.

    Parameters
    ----------
    image : Drizzled
        The image.
    inputs : iterable of Path
        All exposures that it combines, as they were drizzled.

    Raises
    ------
    ReaderError
        If coordinates of the image or of an input cannot be used.
    """
    frame = image.wcs()
    reached = []
    for path in inputs:
        for chip in chip_frames(path).values():
            positions = chip.wcs.all_pix2world(_outline(chip.shape), 0)
            reached.append(frame.all_world2pix(positions, 0))
    weighted = image.weight() > 0
    if not reached or not weighted.any():
        return None
    lines = (weighted.any(axis=0), weighted.any(axis=1))
    covered = np.array([(np.flatnonzero(line)[0], np.flatnonzero(line)[-1]) for line in lines], dtype=float)
    points = np.concatenate(reached)
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    rows, columns = weighted.shape
    ends = np.array([(0, columns - 1), (0, rows - 1)], dtype=float)
    return Extents(covered, np.column_stack([low, high]), ends)


def _outline(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Points along the outer edges of a chip, counted from 0."""
    rows, columns = shape
    x, y = (np.linspace(-0.5, size - 0.5, _EDGE) for size in (columns, rows))
    sides = [(x, np.full(_EDGE, y[0])), (x, np.full(_EDGE, y[-1]))]
    sides += [(np.full(_EDGE, x[0]), y), (np.full(_EDGE, x[-1]), y)]
    return np.concatenate([np.column_stack(side) for side in sides])
