"""Figures of the alignment, from TweakReg's shift, match and frame files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.criteria import Bounds
from checks.readers import ShiftFile, read_match_file, read_reference_frame, read_shift_file
from checks.readers.exposure import science_wcs
from checks.world_coordinates import linear_matrix, plate_scale
from fixtures.stage import Inputs
from fixtures.stages.align import SHIFT_FILE
from reports.figures.footprints import Footprint, exposure_footprints
from reports.figures.illustration import Illustration
from reports.figures.residual_vectors import residual_vectors
from reports.figures.residuals import FitResiduals, residual_scatter

__all__ = ["alignment_figures"]

# Suffix of the exposures to the product that holds them.
_PRODUCTS = {"flt": "exposures", "c0m": "c0m"}

_SCATTER = (
    "Black: means of equally many sources, with their errors. Good: one cloud around zero, means within "
    "their errors of it. Bad: a slope or bend of the means (scale, rotation, distortion), chips apart from "
    "each other (their relative positions), a cloud as wide as the matching tolerance (chance matches)."
)
_VECTORS = (
    "Arrows point from the reference's position to the fitted one, much enlarged; grey dashes: the chips "
    "that it was aligned to. Good: arrows in all directions, all over the area that the exposures share. "
    "Bad: neighbours that point the same way, a swirl (rotation), arrows out of a centre (scale), sources "
    "in one corner only."
)


class _Frame(NamedTuple):
    """The reference frame of the shifts, and each exposure's chips on it."""

    matrix: NDArray[np.float64]
    pixel_scale: float
    footprints: Mapping[str, tuple[Footprint, ...]]


def alignment_figures(
    inputs: Inputs, exposures: Sequence[str], bounds: Mapping[str, Bounds]
) -> Iterator[Illustration]:
    """Draw the residuals of each exposure's fit, as FLT and as C0M.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures`` and ``c0m``.
    exposures : sequence of str
        Rootnames.
    bounds : mapping of str to Bounds
        Accepted RMS by ``"<rootname> <suffix>"``.
    """
    for suffix, product in _PRODUCTS.items():
        directory = inputs.products[product]
        matched = [name for name in exposures if _match_path(directory, name, suffix).exists()]
        if not matched:
            continue
        shifts = read_shift_file(directory / SHIFT_FILE)
        frame = _frame(shifts, exposures, suffix)
        for exposure in matched:
            accepted = bounds.get(f"{exposure} {suffix}")
            yield from _fit_figures(shifts, frame, exposure, suffix, accepted.upper if accepted else None)


def _match_path(directory: Path, exposure: str, suffix: str) -> Path:
    return directory / f"{exposure}_{suffix}_catalog_fit.match"


def _frame(shifts: ShiftFile, exposures: Sequence[str], suffix: str) -> _Frame:
    header = read_reference_frame(shifts)
    wcs = science_wcs(header)
    paths = {name: shifts.path.with_name(f"{name}_{suffix}.fits") for name in exposures}
    footprints = {name: exposure_footprints(path, wcs) for name, path in paths.items() if path.exists()}
    return _Frame(linear_matrix(header), plate_scale(header), footprints)


def _fit_figures(
    shifts: ShiftFile, frame: _Frame, exposure: str, suffix: str, bound: float | None
) -> Iterator[Illustration]:
    match = read_match_file(_match_path(shifts.path.parent, exposure, suffix))
    own = frame.footprints.get(exposure, ())
    others = [each for name, chips in frame.footprints.items() if name != exposure for each in chips]
    # TweakReg counts pixels of the frame from 1, footprints count from 0.
    names = [each.name for each in sorted(own, key=lambda each: each.chip)]
    fit = FitResiduals(match.fit_xy - 1.0, match.residuals, match.chip, names, frame.pixel_scale).finite()
    which = f"{exposure} {suffix.upper()}"
    summary = f"{len(fit.residuals)} sources, RMS {fit.rms[0]:.3f} pix in x and {fit.rms[1]:.3f} in y"
    shift = _shift_words(shifts, exposure)
    accepted = f" (accepted: below {bound:g})" if bound is not None else ""
    yield Illustration(
        figure="residuals",
        name=f"residuals-{exposure}-{suffix}",
        title=f"Residuals of the alignment of {which}",
        caption=f"{shift} {summary}{accepted}. {_SCATTER}",
        alt=f"Four scatter plots of the residuals of {which} in x and y against x and y: {summary}.",
        drawing=residual_scatter(fit, title=which, bound=bound),
    )
    yield Illustration(
        figure="residual-vectors",
        name=f"residual-vectors-{exposure}-{suffix}",
        title=f"Residual vectors of {which}",
        caption=f"{shift} {_VECTORS}",
        alt=f"Map of the residuals of {which} as arrows within the outlines of its chips: {summary}.",
        drawing=residual_vectors(fit, own, others, title=which, matrix=frame.matrix),
    )


def _shift_words(shifts: ShiftFile, exposure: str) -> str:
    row = shifts.row(exposure)
    if row is None:
        return "The shift file has no row for this fit."
    return (
        f"Fitted shift {row.dx:+.3f}, {row.dy:+.3f} pix, rotation {row.rotation:+.4f}°, "
        f"scale 1 {'+' if row.scale >= 1 else '−'} {abs(row.scale - 1):.1e}."
    )
