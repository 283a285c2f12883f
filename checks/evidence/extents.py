"""Where a drizzled image is covered, and where its inputs say that it should be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.evidence.exposures import chip_frames, exposure_in, planes
from hubble_qa.checks.images.drizzled_coordinates import Extents
from hubble_qa.checks.readers import Drizzled

__all__ = ["coverage_extents"]

_EDGE = 33  # points along a side of a chip: its sides are curved
# Rows and columns at the edge of a WFPC2 chip are no part of it where half of their pixels are flagged, not
# as cosmic rays: the shadow of the pyramid covers up to 60.
_SHADOWED = 0.5
_COSMIC_RAYS = 4096 | 8192


def coverage_extents(image: Drizzled, inputs: Mapping[Path, Path | None]) -> Extents | None:
    """How far an image is covered and how far its inputs reach; None where nothing has weight.

    Parameters
    ----------
    image : Drizzled
        The image.
    inputs : mapping of Path to Path or None
        All exposures that it combines, as they were drizzled, and the C1M of each C0M.

    Raises
    ------
    ReaderError
        If coordinates of the image or of an input cannot be used.
    """
    frame = image.wcs()
    reached = []
    for exposure, chips in image.combined(map(exposure_in, inputs)):
        frames = chip_frames(exposure.path)
        for number in chips:
            shadowed = exposure.instrument == "WFPC2"
            quality = planes(exposure.path, number, inputs[exposure.path]).quality if shadowed else None
            outline = _outline(*_lit(frames[number].shape, quality))
            positions = frames[number].wcs.all_pix2world(outline, 0)
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


def _lit(
    shape: tuple[int, ...], quality: NDArray[np.integer[Any]] | None
) -> tuple[tuple[int, int], tuple[int, int]]:
    """First and last column, and first and last row, of a chip without its shadowed edges, counted from 0."""
    if quality is not None:
        bad = quality & ~_COSMIC_RAYS != 0
        lit = [np.flatnonzero(bad.mean(axis=axis) < _SHADOWED) for axis in (0, 1)]
        if all(lines.size for lines in lit):
            columns, rows = ((int(lines[0]), int(lines[-1])) for lines in lit)
            return columns, rows
    return (0, shape[1] - 1), (0, shape[0] - 1)


def _outline(columns: tuple[int, int], rows: tuple[int, int]) -> NDArray[np.float64]:
    """Points along the outer edges of a chip, by its first and last column and row, counted from 0."""
    x, y = (np.linspace(first - 0.5, last + 0.5, _EDGE) for first, last in (columns, rows))
    sides = [(x, np.full(_EDGE, y[0])), (x, np.full(_EDGE, y[-1]))]
    sides += [(np.full(_EDGE, x[0]), y), (np.full(_EDGE, x[-1]), y)]
    return np.concatenate([np.column_stack(side) for side in sides])
