"""Residuals of an alignment fit, against position."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from hubble_qa.reports.figures.captions import number_of
from hubble_qa.reports.figures.style import (
    ACCENT,
    FRAMED,
    INK,
    SOFT,
    WIDTH,
    annotate_empty,
    chip_style,
    new_figure,
    place,
    styled,
)
from hubble_qa.reports.figures.verdicts import Shown

__all__ = ["FitResiduals", "residual_limit", "residual_scatter", "rms_text", "running_mean"]

# Bins of the running mean, and how many sources one must have.
_BINS = 7
_MIN_BIN_SOURCES = 5


class FitResiduals(NamedTuple):
    """The sources of a fit.

    Attributes
    ----------
    positions : ndarray, shape (n, 2)
        x and y in the reference frame, pixels.
    residuals : ndarray, shape (n, 2)
        Fitted less reference position, pixels of that frame.
    chips : ndarray of int, shape (n,)
        EXTVER of the chip that each source is on.
    names : sequence of str
        Names of the chips, by EXTVER from 1.
    pixel_scale : float
        Arcsec per pixel of the reference frame; NaN where nothing tells it.
    """

    positions: NDArray[np.float64]
    residuals: NDArray[np.float64]
    chips: NDArray[np.int64]
    names: Sequence[str]
    pixel_scale: float

    def finite(self) -> FitResiduals:
        """The sources whose position and residual are numbers."""
        good = np.isfinite(self.positions).all(axis=1) & np.isfinite(self.residuals).all(axis=1)
        return self._replace(
            positions=self.positions[good], residuals=self.residuals[good], chips=self.chips[good]
        )

    def name(self, chip: int) -> str:
        """The name of a chip."""
        return self.names[chip - 1] if 0 < chip <= len(self.names) else f"SCI,{chip}"


@styled
def residual_scatter(fit: FitResiduals, *, title: str, rms: Shown | None) -> Figure:
    """Draw dx and dy against x and y.

    Parameters
    ----------
    fit : FitResiduals
        The fit's sources.
    title : str
        Which fit.
    rms : Shown, optional
        The fit's RMS as it was judged, pixels; its bound is drawn at either side of zero.
    """
    fit = fit.finite()
    bound = None if rms is None else rms.bounds.upper
    figure = new_figure(5.7)
    panels = [[_scatter_panel(figure, row, column) for column in (0, 1)] for row in (0, 1)]
    limit = residual_limit(fit, bound)
    for row, component in enumerate("xy"):
        for column, axis in enumerate("xy"):
            axes = panels[row][column]
            _scatter(axes, fit, row, column)
            _bound_lines(axes, bound, named=(row, column) == (0, 1))
            axes.set_ylim(-limit, limit)
            axes.tick_params(labelleft=column == 0, labelbottom=row == 1)
            axes.xaxis.set_major_locator(MaxNLocator(6))
            if column == 0:
                axes.set_ylabel(f"d{component} (pix)")
            if row == 1:
                axes.set_xlabel(f"{axis} in the reference frame (pix)")
    panels[0][0].set_title(rms_text(rms, fit.pixel_scale))
    _heading(figure, fit, title)
    return figure


def residual_limit(fit: FitResiduals, bound: float | None) -> float:
    """Half the range in which residuals and their bound are drawn, pixels."""
    largest = float(np.abs(fit.residuals).max()) if len(fit.residuals) else 0.0
    return 1.12 * max(largest, bound or 0.0, 1e-3)


def _scatter_panel(figure: Figure, row: int, column: int) -> Axes:
    return place(figure, 0.78 + 3.06 * column, 3.05 - 2.45 * row, 2.96, 2.1)


def _heading(figure: Figure, fit: FitResiduals, title: str) -> None:
    _, height = figure.get_size_inches()
    figure.text(0.78 / WIDTH, 1 - 0.22 / height, title, va="center", fontsize=10.5, weight="bold")
    handles = figure.axes[0].get_legend_handles_labels()[0]
    if handles:
        figure.legend(
            handles=handles,
            loc="center right",
            bbox_to_anchor=(0.99, 1 - 0.22 / height),
            ncols=len(handles),
            handletextpad=0.1,
            columnspacing=1.0,
            borderpad=0,
        )


def _scatter(axes: Axes, fit: FitResiduals, row: int, column: int) -> None:
    x, residual = fit.positions[:, column], fit.residuals[:, row]
    axes.axhline(0.0, color=SOFT, linewidth=0.8)
    axes.grid(axis="y")
    for chip in np.unique(fit.chips):
        on_chip = fit.chips == chip
        style = chip_style(int(chip))
        axes.plot(
            x[on_chip],
            residual[on_chip],
            style.marker,
            color=style.colour,
            markersize=3.6,
            alpha=0.55,
            markeredgewidth=0,
            label=f"{fit.name(int(chip))} ({np.count_nonzero(on_chip)})",
        )
    centres, means, errors = running_mean(x, residual)
    if len(centres):
        axes.errorbar(
            centres, means, errors, fmt="-o", color=INK, markersize=4, linewidth=1.2, capsize=2, zorder=4
        )
    if not len(x):
        annotate_empty(axes, "no sources")


def running_mean(
    x: NDArray[np.float64], residual: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Means of residuals in bins of equal numbers of sources, with their standard errors."""
    bins = min(_BINS, len(x) // _MIN_BIN_SOURCES)
    if bins < 2:
        return (np.empty(0),) * 3
    parts = np.array_split(np.argsort(x), bins)
    centres = np.array([x[part].mean() for part in parts])
    means = np.array([residual[part].mean() for part in parts])
    errors = np.array([residual[part].std(ddof=1) / np.sqrt(len(part)) for part in parts])
    return centres, means, errors


def _bound_lines(axes: Axes, bound: float | None, *, named: bool) -> None:
    if bound is None:
        return
    for side in (-bound, bound):
        axes.axhline(side, color=ACCENT, linewidth=1.1, linestyle=(0, (5, 3)))
    if named:
        axes.annotate(
            f"± {bound:g} pix: largest accepted RMS",
            (0.985, bound),
            xycoords=("axes fraction", "data"),
            xytext=(0, -3),
            textcoords="offset points",
            ha="right",
            va="top",
            color=ACCENT,
            fontsize=9,
            bbox=FRAMED,
        )


def rms_text(rms: Shown | None, pixel_scale: float) -> str:
    """The RMS as it was judged, in pixels and mas; empty where it was not."""
    if rms is None:
        return ""
    known = rms.value is not None and math.isfinite(pixel_scale)
    mas = f" = {1000 * rms.value * pixel_scale:.1f} mas" if known and rms.value is not None else ""
    return f"Fit RMS, the larger of x and y: {number_of(rms)}{mas}"
