"""Figures of one exposure's alignment fit, from TweakReg's shift, match and frame files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.world_coordinates import linear_matrix, plate_scale
from hubble_qa.checks.evidence.fits import Fit, fits_in, pixel_of_fit
from hubble_qa.checks.readers import MatchFile, read_reference_frame
from hubble_qa.checks.readers.compressed import plain_name
from hubble_qa.checks.readers.exposure import science_wcs
from hubble_qa.reports.figures.captions import joined, listed
from hubble_qa.reports.figures.footprints import Footprint, exposure_footprints
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.residual_points import residual_points
from hubble_qa.reports.figures.residual_vectors import residual_vectors
from hubble_qa.reports.figures.residuals import FitResiduals, residual_scatter
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["FitFrame", "FittedExposure", "fit_frame", "fitted_exposures", "residual_figures"]

# What the two figures of a fit explain, and what is told of it besides.
_OF_SCATTER = ("AST-002", "AST-008", "AST-009")
_OF_VECTORS = ("AST-003", "AST-004", "AST-005", "AST-006", "AST-020")
_SCATTER_IN_HEADERS = ("AST-002", "AST-009")
_MATCHES_IN_HEADERS = ("AST-003",)
# Of the whole shift file: a row without sources has no figure of its own.
_OF_ROWS = "AST-001"
_OF_VISITS = "AST-007"
_OF_PAIRS = ("AST-013", "AST-027", "AST-028")

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
    matrix : ndarray, shape (2, 2), or None
        Linear part of its world coordinates, degrees per pixel; None where the frame's file is not there.
    pixel_scale : float
        Arcsec per pixel; NaN where nothing tells it.
    footprints : mapping of str to tuple of Footprint
        By rootname.
    """

    matrix: NDArray[np.float64] | None
    pixel_scale: float
    footprints: Mapping[str, tuple[Footprint, ...]]


class FittedExposure(NamedTuple):
    """An exposure with the sources of its fit.

    Attributes
    ----------
    name : str
        Rootname.
    title : str
        What figures call the fit.
    file : str
        What the figures' files are named after.
    subject : str
        Subject of the verdicts on the fit.
    fit : Fit
        Its row of the shift file.
    match : MatchFile
        Its sources.
    residuals : FitResiduals
        The same, by name of chip.
    """

    name: str
    title: str
    file: str
    subject: str
    fit: Fit
    match: MatchFile
    residuals: FitResiduals


def fit_frame(fits: Mapping[str, Fit], exposures: Mapping[str, Path]) -> FitFrame:
    """Read the frame of a shift file, and where exposures lie on it; those that are not there do not.

    Where the frame's file is not there, the matched sources tell its scale.

    Parameters
    ----------
    fits : mapping of str to Fit
        The rows of the shift file.
    exposures : mapping of str to Path
        The exposures by rootname.
    """
    shifts = next(iter(fits.values())).shifts
    if shifts.frame_file is None or not shifts.frame_file.is_file():
        known = (pixel_of_fit(fit) for fit in fits.values() if fit.match is not None)
        return FitFrame(None, next((scale for scale in known if scale), math.nan), {})
    header = read_reference_frame(shifts)
    wcs = science_wcs(header)
    footprints = {name: exposure_footprints(path, wcs) for name, path in exposures.items() if path.exists()}
    return FitFrame(linear_matrix(header), plate_scale(header), footprints)


def fitted_exposures(
    shifts: Path,
    exposures: Mapping[str, Path],
    *,
    label: str,
    title: str,
    file: str,
    others: tuple[Path, ...] = (),
) -> Iterator[tuple[FittedExposure, FitFrame]]:
    """Exposures with a match file, each with the frame of its fit.

    Parameters
    ----------
    shifts : Path
        The shift file; match files and the frame lie beside it.
    exposures : mapping of str to Path
        The exposures by rootname.
    label : str
        What verdicts call the shift file.
    title, file : str
        What figures and their files are called, with ``{name}`` for the rootname.
    others : tuple of Path
        Other shift files in its directory, which match files may belong to.
    """
    fits = fits_in(shifts, label, others)
    frame = fit_frame(fits, exposures)
    for name, path in exposures.items():
        fit = fits.get(plain_name(path.name).removesuffix(".fits"))
        if fit is None or fit.match is None:
            continue
        own = sorted(frame.footprints.get(name, ()), key=lambda each: each.chip)
        # TweakReg counts pixels of the frame from 1, footprints count from 0.
        residuals = FitResiduals(
            fit.match.fit_xy - 1.0,
            fit.match.residuals,
            fit.match.chip,
            [each.name for each in own],
            frame.pixel_scale,
        )
        subject = fit.shifts.subject(fit.exposure)
        yield (
            FittedExposure(
                name, title.format(name=name), file.format(name=name), subject, fit, fit.match, residuals
            ),
            frame,
        )


def residual_figures(
    fitted: FittedExposure, frame: FitFrame, verdicts: Verdicts, *, relative: bool
) -> Iterator[Illustration]:
    """Draw residuals against position, and as vectors over the frame.

    Parameters
    ----------
    fitted : FittedExposure
        The fit.
    frame : FitFrame
        Its frame.
    verdicts : Verdicts
        On the fit.
    relative : bool
        Whether the other exposures of the frame are what it was aligned to.
    """
    sources = fitted.residuals.finite()
    rms = verdicts.get("AST-002", fitted.subject)
    fit_rms = f": fit RMS {rms.number}" if rms is not None else ""
    of_scatter, of_vectors = (
        verdicts.sentence(fitted.subject, criteria) for criteria in (_OF_SCATTER, _OF_VECTORS)
    )
    scatter_in_header = _of_header(fitted, verdicts, _SCATTER_IN_HEADERS)
    rows, visits, *pairs = (
        listed(verdicts, criterion, _of_shift_file(fitted, verdicts.of(criterion)))
        for criterion in (_OF_ROWS, _OF_VISITS, *_OF_PAIRS)
    )
    shift = _shift_words(fitted.fit)
    yield Illustration(
        figure="residuals",
        name=f"residuals-{fitted.file}",
        title=f"Residuals of the alignment of {fitted.title}",
        caption=joined(of_scatter, scatter_in_header, rows, *pairs, shift, _SCATTER),
        alt=f"Four scatter plots of the residuals of {fitted.title} in x and y against x and y{fit_rms}.",
        drawing=residual_scatter(sources, title=fitted.title, rms=rms),
        points=residual_points(fitted.match, fitted.residuals, rms=rms),
        subject=fitted.subject,
    )
    others = [each for name, chips in frame.footprints.items() if name != fitted.name for each in chips]
    meant = "the chips that it was aligned to" if relative else "the other exposures' chips"
    arrows = "Arrows point from the reference's position to the fitted one, much enlarged" + (
        f"; grey dashes: {meant}." if others else "."
    )
    matches_in_header = _of_header(fitted, verdicts, _MATCHES_IN_HEADERS)
    yield Illustration(
        figure="residual-vectors",
        name=f"residual-vectors-{fitted.file}",
        title=f"Residual vectors of {fitted.title}",
        caption=joined(of_vectors, matches_in_header, visits, shift, arrows, _VECTORS),
        alt=f"Map of the residuals of {fitted.title} as arrows within the outlines of its chips.",
        drawing=residual_vectors(
            sources, frame.footprints.get(fitted.name, ()), others, title=fitted.title, matrix=frame.matrix
        ),
        subject=fitted.subject,
    )


def _of_shift_file(fitted: FittedExposure, subjects: Mapping[str, object]) -> list[str]:
    """Of the subjects of several exposures or shift files, those in which a fit has a part."""
    label = fitted.fit.shifts.label
    return [each for each in subjects if each.startswith(f"{label} ") or label in each.split(" and ")]


def _of_header(fitted: FittedExposure, verdicts: Verdicts, criteria: Sequence[str]) -> str:
    """What was judged of the same fit by the exposure's header."""
    judged = verdicts.sentence(fitted.fit.exposure, criteria)
    return f"By its header: {judged}" if judged else ""


def _shift_words(fit: Fit) -> str:
    row = fit.shifts.row(fit.exposure)
    return f"Fitted shift {row.dx:+.3f}, {row.dy:+.3f} pix." if row is not None else ""
