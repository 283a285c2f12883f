"""Residuals of an alignment fit, as vectors over the frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from hubble_qa.reports.figures.footprints import Footprint, draw_outlines
from hubble_qa.reports.figures.residuals import FitResiduals
from hubble_qa.reports.figures.sky_marks import draw_compass, round_length
from hubble_qa.reports.figures.style import INK, WIDTH, annotate_empty, chip_style, new_figure, place, styled

__all__ = ["residual_vectors"]

_HEIGHT = 5.75


@styled
def residual_vectors(
    fit: FitResiduals,
    footprints: Sequence[Footprint],
    reference: Sequence[Footprint],
    *,
    title: str,
    matrix: NDArray[np.float64] | None,
) -> Figure:
    """Draw the residuals as arrows over the frame.

    Parameters
    ----------
    fit : FitResiduals
        The fit's sources.
    footprints, reference : sequence of Footprint
        Chips of the exposure, and of those it was aligned to, in pixels of the reference frame.
    title : str
        Which fit.
    matrix : ndarray, shape (2, 2), or None
        Linear part of the frame's world coordinates, where they are known; see `draw_compass`.
    """
    fit = fit.finite()
    figure = new_figure(_HEIGHT)
    axes = place(figure, 0.75, 0.58, 4.55, 4.55)
    _limits(axes, fit, footprints)
    draw_outlines(axes, reference, dashed=True)
    draw_outlines(axes, footprints)
    axes.set_xlabel("x in the reference frame (pix)")
    axes.set_ylabel("y in the reference frame (pix)")
    if footprints or reference:
        _frame_map(figure, axes, fit, footprints, reference)
    if len(fit.residuals):
        _arrows(axes, fit)
    else:
        annotate_empty(axes, "no sources")
    if matrix is not None:
        sky = place(figure, 5.6, 0.58, 1.2, 1.2)
        sky.set(xlim=(0, 1), ylim=(0, 1))
        sky.set_axis_off()
        draw_compass(sky, matrix, length=0.34, at=(0.5, 0.5))
    figure.text(0.75 / WIDTH, 1 - 0.22 / _HEIGHT, title, va="center", fontsize=10.5, weight="bold")
    return figure


def _limits(axes: Axes, fit: FitResiduals, footprints: Sequence[Footprint]) -> None:
    """Show the square that holds all sources; without sources, all chips."""
    places = fit.positions if len(fit.positions) else _corners(footprints)
    if len(places):
        x, y, half = _square(places, 0.55)
        axes.set(xlim=(x - half, x + half), ylim=(y - half, y + half))


def _corners(footprints: Sequence[Footprint]) -> NDArray[np.float64]:
    return np.vstack([*(each.corners for each in footprints), np.empty((0, 2))])


def _square(points: NDArray[np.float64], share: float) -> tuple[float, float, float]:
    """Centre, and `share` of the larger side, of the rectangle that holds some points."""
    low, high = points.min(axis=0), points.max(axis=0)
    x, y = (low + high) / 2
    return float(x), float(y), share * max(float((high - low).max()), 1.0)


def _frame_map(
    figure: Figure,
    axes: Axes,
    fit: FitResiduals,
    footprints: Sequence[Footprint],
    reference: Sequence[Footprint],
) -> None:
    """Draw all chips in small, with what the large map shows, and count the sources of each."""
    small = place(figure, 5.45, 3.58, 1.45, 1.45)
    small.set_axis_off()
    corners = _corners([*footprints, *reference])
    if len(corners):
        x, y, half = _square(corners, 0.51)
        small.set(xlim=(x - half, x + half), ylim=(y - half, y + half))
    draw_outlines(small, reference, dashed=True)
    draw_outlines(small, footprints)
    for footprint in footprints:
        colour = chip_style(footprint.chip).colour
        small.text(*footprint.centre, footprint.name, ha="center", va="center", fontsize=7, color=colour)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    shown = Rectangle((left, bottom), right - left, top - bottom, fill=False, edgecolor=INK, linewidth=1.2)
    small.add_patch(shown)
    for line, footprint in enumerate(footprints):
        count = int(np.count_nonzero(fit.chips == footprint.chip))
        words = f"{footprint.name}: {count} source{'' if count == 1 else 's'}"
        colour = chip_style(footprint.chip).colour
        figure.text(5.5 / WIDTH, (3.3 - 0.2 * line) / _HEIGHT, words, color=colour, fontsize=9.5)


def _arrows(axes: Axes, fit: FitResiduals) -> None:
    left, right = axes.get_xlim()
    # A typical residual is drawn a thirtieth of the frame long.
    typical = max(float(np.median(np.hypot(*fit.residuals.T))), 1e-6)
    arrows = axes.quiver(
        *fit.positions.T,
        *fit.residuals.T,
        color=[chip_style(int(chip)).colour for chip in fit.chips],
        angles="xy",
        scale_units="xy",
        scale=30 * typical / (right - left),
        width=0.003,
        headwidth=4,
        zorder=4,
    )
    key = round_length(2.5 * typical)
    axes.quiverkey(
        arrows,
        6.15 / WIDTH,
        2.1 / _HEIGHT,
        key,
        f"{key:g} pix" + (f" = {1000 * key * fit.pixel_scale:.2g} mas" if fit.pixel_scale > 0 else ""),
        labelpos="N",
        coordinates="figure",
        color=INK,
        fontproperties={"size": 9.5},
    )
