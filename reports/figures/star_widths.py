"""Widths of stars, of exposures and of drizzled images, in a row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hubble_qa.reports.figures.captions import is_rejected, listed
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.style import ACCENT, BAND, FAINT, INK, LIMIT, WIDTH, new_figure, place, styled
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

__all__ = ["WidthRow", "draw_widths", "width_figure"]

_OF_EXPOSURES, _OF_IMAGES = "CAL-010", "AST-015"
_WORDS = (
    "Grey: the bright sources of each exposure, FWHM along their longer axis over that of the camera's stars "
    "in its widest filter; black: what its stars agree on, as judged. Tinted: accepted. Good: exposures of "
    "one filter alike, well within. Bad: one exposure apart from the others (trailed or out of focus, "
    "whatever its header says). Grey far to the right are galaxies and blends."
)
_AND_IMAGES = (
    "Below: sources of each drizzled image over the same ones on its exposures; good: near 1; wide where "
    "exposures do not lie upon one another, narrow where cores were rejected as cosmic rays."
)
_ROW, _ABOVE, _BELOW = 0.21, 0.36, 0.55
_LEFT, _RIGHT = 2.05, 1.35  # inches: names, and numbers


class WidthRow(NamedTuple):
    """A row: what it is of, widths of single sources, shape (n,), and what was judged."""

    label: str
    widths: NDArray[np.float64]
    judged: Shown | None


def width_figure(
    exposures: Sequence[WidthRow], images: Sequence[WidthRow], verdicts: Verdicts, *, ending: str = ""
) -> Illustration:
    """Draw the widths of the stars of exposures and drizzled images.

    Parameters
    ----------
    exposures, images : sequence of WidthRow
        Over the camera's; and over those on the exposures.
    verdicts : Verdicts
        On them.
    ending : str
        End of the name of the figure's file.
    """
    judged = (
        listed(verdicts, criterion, [row.label for row in rows])
        for criterion, rows in ((_OF_EXPOSURES, exposures), (_OF_IMAGES, images))
    )
    rows = [*exposures, *images]
    words = (_WORDS if exposures else "", _AND_IMAGES if images else "")
    return Illustration(
        figure="star-widths",
        name=f"star-widths{ending}",
        title=f"Widths of the stars, {rows[0].label}" + (f" to {rows[-1].label}" if len(rows) > 1 else ""),
        caption=" ".join(part for part in (*judged, *words) if part),
        alt=f"A row for each of {len(exposures)} exposures and {len(images)} drizzled images with the "
        "widths of its stars.",
        drawing=draw_widths(exposures, images),
        subject=rows[0].label if len(rows) == 1 else "",
    )


@styled
def draw_widths(exposures: Sequence[WidthRow], images: Sequence[WidthRow]) -> Figure:
    """Draw widths, a row for each exposure and, below, for each drizzled image."""
    groups = [
        (rows, label)
        for rows, label in (
            (exposures, "FWHM over the camera's"),
            (images, "width in the drizzled image over that on the exposures"),
        )
        if rows
    ]
    heights = [_ROW * (len(rows) + 0.6) for rows, _ in groups]
    figure = new_figure(sum(heights) + len(groups) * (_ABOVE + _BELOW))
    top = float(figure.get_size_inches()[1])
    for (rows, label), height in zip(groups, heights, strict=True):
        axes = place(figure, _LEFT, top - _ABOVE - height, WIDTH - _LEFT - _RIGHT, height)
        _draw_rows(axes, rows)
        axes.set_xlabel(label)
        top -= height + _ABOVE + _BELOW
    return figure


def _draw_rows(axes: Axes, rows: Sequence[WidthRow]) -> None:
    bounds = [row.judged.bounds for row in rows if row.judged is not None]
    upper = max((each.upper for each in bounds if each.upper is not None), default=1.0)
    values = [row.judged.value for row in rows if row.judged is not None and row.judged.value is not None]
    high = max([1.2 * upper, *(1.1 * value for value in values)])
    axes.set(xlim=(0.0, high), ylim=(len(rows) - 0.2, -0.8))
    if bounds:
        axes.axvspan(max(each.lower or 0.0 for each in bounds), upper, color=BAND, linewidth=0, zorder=0)
        axes.axvline(upper, color=LIMIT, linewidth=0.9)
    for place_number, row in enumerate(rows):
        shown = row.widths[row.widths <= high]
        # Rows of many sources stay legible where these do not all lie on one line.
        heights = place_number + 0.3 * np.sin(2.4 * np.arange(len(shown)))
        axes.plot(shown, heights, ".", color=FAINT, markersize=2.0, zorder=1)
        _draw_value(axes, place_number, row.judged)
    axes.set_yticks(range(len(rows)), [_short(row.label) for row in rows], fontsize=8)
    axes.tick_params(axis="y", length=0)


def _draw_value(axes: Axes, height: int, judged: Shown | None) -> None:
    if judged is None:
        return
    colour = ACCENT if is_rejected(judged) else INK
    if judged.value is not None:
        error = judged.uncertainty or 0.0
        axes.errorbar(judged.value, height, xerr=error, marker="o", markersize=4.5, color=colour, capsize=2)
    axes.annotate(
        judged.number,
        (1.0, height),
        xycoords=("axes fraction", "data"),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        color=colour,
    )


def _short(label: str, most: int = 30) -> str:
    """The end of a name that is too long, which tells files of one visit apart."""
    return label if len(label) <= most else f"…{label[1 - most :]}"
