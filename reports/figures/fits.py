"""Figures of one exposure's alignment fit, from TweakReg's shift, match and frame files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.world_coordinates import linear_matrix, plate_scale
from hubble_qa.checks.readers import MatchFile, ShiftFile, read_match_file, read_reference_frame
from hubble_qa.checks.readers.exposure import science_wcs
from hubble_qa.reports.figures.footprints import Footprint, exposure_footprints
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.residual_points import residual_points
from hubble_qa.reports.figures.residual_vectors import residual_vectors
from hubble_qa.reports.figures.residuals import FitResiduals, residual_scatter

__all__ = ["Fit", "FitFrame", "fit_frame", "read_fit", "residual_figures"]

_SCATTER = (
    "Black: means of equally many sources, with their errors. Good: one cloud around zero, means within "
    "their errors of it. Bad: a slope or bend of the means (scale, rotation, distortion), chips apart from "
    "each other (their relative positions), a cloud as wide as the matching tolerance (chance matches)."
)
_VECTORS = (
    "Good: arrows in all directions, all over the area that the exposure shares with what it was aligned "
    "to. Bad: neighbours that point the same way, a swirl (rotation), arrows out of a centre (scale), "
    "sources in one corner only."
)


class FitFrame(NamedTuple):
    """The reference frame of the shifts, and each exposure's chips on it.

    Attributes
    ----------
    matrix : ndarray, shape (2, 2)
        Linear part of its world coordinates, degrees per pixel.
    pixel_scale : float
        Arcsec per pixel.
    footprints : mapping of str to tuple of Footprint
        By exposure.
    """

    matrix: NDArray[np.float64]
    pixel_scale: float
    footprints: Mapping[str, tuple[Footprint, ...]]


class Fit(NamedTuple):
    """A fit of one exposure.

    Attributes
    ----------
    exposure : str
        Rootname.
    subject : str
        Subject of the verdicts on it.
    title : str
        What figures call it.
    shifts : ShiftFile
        The shift file.
    match : MatchFile
        Its sources.
    residuals : FitResiduals
        The same, by name of chip.
    """

    exposure: str
    subject: str
    title: str
    shifts: ShiftFile
    match: MatchFile
    residuals: FitResiduals


def fit_frame(shifts: ShiftFile, exposures: Mapping[str, Path]) -> FitFrame:
    """Read the frame of a shift file, and where exposures lie on it; those that are not there do not."""
    header = read_reference_frame(shifts)
    wcs = science_wcs(header)
    footprints = {name: exposure_footprints(path, wcs) for name, path in exposures.items() if path.exists()}
    return FitFrame(linear_matrix(header), plate_scale(header), footprints)


def read_fit(
    shifts: ShiftFile, frame: FitFrame, path: Path, *, exposure: str, subject: str, title: str
) -> Fit:
    """Read an exposure's match file."""
    match = read_match_file(path)
    own = frame.footprints.get(exposure, ())
    names = [each.name for each in sorted(own, key=lambda each: each.chip)]
    # TweakReg counts pixels of the frame from 1, footprints count from 0.
    residuals = FitResiduals(match.fit_xy - 1.0, match.residuals, match.chip, names, frame.pixel_scale)
    return Fit(exposure, subject, title, shifts, match, residuals)


def residual_figures(
    fit: Fit, frame: FitFrame, *, bound: float | None, relative: bool
) -> Iterator[Illustration]:
    """Draw residuals against position, and as vectors over the frame.

    Parameters
    ----------
    fit : Fit
        The fit.
    frame : FitFrame
        Its frame.
    bound : float or None
        Largest accepted RMS, pixels.
    relative : bool
        Whether the other exposures of the frame are what it was aligned to.
    """
    sources = fit.residuals.finite()
    summary = (
        f"{len(sources.residuals)} sources, RMS {sources.rms[0]:.3f} pix in x and {sources.rms[1]:.3f} in y"
    )
    shift = _shift_words(fit.shifts, fit.exposure)
    accepted = f" (accepted: below {bound:g})" if bound is not None else ""
    yield Illustration(
        figure="residuals",
        name=f"residuals-{_file_words(fit)}",
        title=f"Residuals of the alignment of {fit.title}",
        caption=f"{shift} {summary}{accepted}. {_SCATTER}",
        alt=f"Four scatter plots of the residuals of {fit.title} in x and y against x and y: {summary}.",
        drawing=residual_scatter(sources, title=fit.title, bound=bound),
        points=residual_points(fit.match, fit.residuals, bound=bound),
        subject=fit.subject,
    )
    others = [each for name, chips in frame.footprints.items() if name != fit.exposure for each in chips]
    meant = "the chips that it was aligned to" if relative else "the other exposures' chips"
    arrows = "Arrows point from the reference's position to the fitted one, much enlarged"
    yield Illustration(
        figure="residual-vectors",
        name=f"residual-vectors-{_file_words(fit)}",
        title=f"Residual vectors of {fit.title}",
        caption=f"{shift} {arrows}; grey dashes: {meant}. {_VECTORS}",
        alt=f"Map of the residuals of {fit.title} as arrows within the outlines of its chips: {summary}.",
        drawing=residual_vectors(
            sources, frame.footprints.get(fit.exposure, ()), others, title=fit.title, matrix=frame.matrix
        ),
        subject=fit.subject,
    )


def _file_words(fit: Fit) -> str:
    return fit.subject.replace(" ", "-")


def _shift_words(shifts: ShiftFile, exposure: str) -> str:
    row = shifts.row(exposure)
    if row is None:
        return "The shift file has no row for this fit."
    return (
        f"Fitted shift {row.dx:+.3f}, {row.dy:+.3f} pix, rotation {row.rotation:+.4f}°, "
        f"scale 1 {'+' if row.scale >= 1 else '−'} {abs(row.scale - 1):.1e}."
    )
