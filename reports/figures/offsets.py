"""Offsets between two lists of positions: as a cloud, and over the field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from hubble_qa.reports.figures.figure_data import (
    Plot,
    PlotArrow,
    PlotAxis,
    PlotCircle,
    PlotColumn,
    PlotGroup,
    PlotMark,
    PlotPanel,
)
from hubble_qa.reports.figures.residual_points import values
from hubble_qa.reports.figures.style import (
    ACCENT,
    FRAMED,
    INK,
    SOFT,
    WIDTH,
    annotate_empty,
    new_figure,
    place,
    styled,
)

__all__ = ["Offsets", "offset_maps", "offset_points"]

_COLOUR = "#0072b2"
# Most cells of the field along either side, how many sources each should have, and must have.
_CELLS = 5
_SOURCES = 12
_MIN_SOURCES = 8
# Length of an arrow as long as the bound, over the field's width.
_BOUND_LENGTH = 0.22


class Offsets(NamedTuple):
    """Offsets of sources, and what is accepted.

    Attributes
    ----------
    positions : ndarray, shape (n, 2)
        East and north from the field's centre, arcsec.
    offsets : ndarray, shape (n, 2)
        East and north, mas.
    bound : float or None
        Largest accepted length, mas.
    cloud, field : str
        What either panel is headed: what was judged.
    """

    positions: NDArray[np.float64]
    offsets: NDArray[np.float64]
    bound: float | None
    cloud: str
    field: str

    @property
    def half_range(self) -> float:
        """Half the range of offsets that is shown, mas."""
        largest = float(np.abs(self.offsets).max()) if len(self.offsets) else 0.0
        return 1.1 * max(largest, 1.1 * (self.bound or 0.0), 1.0)

    @property
    def centre(self) -> NDArray[np.float64]:
        """Middle of the field that is shown, arcsec."""
        if not len(self.positions):
            return np.zeros(2)
        return np.asarray((self.positions.min(axis=0) + self.positions.max(axis=0)) / 2.0)

    @property
    def half_field(self) -> float:
        """Half the side of the field that is shown, arcsec."""
        if not len(self.positions):
            return 1.0
        return 1.12 * max(float(np.abs(self.positions - self.centre).max()), 1e-3)

    @property
    def arrows(self) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Mean positions and median offsets over parts of the field, and the offset of the longest arrow.

        That is the bound, so that an arrow of one length means the same on every figure.
        """
        places, medians = _medians(self)
        longest = float(np.hypot(*medians.T).max()) if len(medians) else 0.0
        return places, medians, self.bound or max(longest, 1e-3)

    @property
    def arrow_scale(self) -> float:
        """Arcsec that an arrow is drawn long for an offset of 1 mas."""
        return _BOUND_LENGTH * 2.0 * self.half_field / self.arrows[2]


@styled
def offset_maps(found: Offsets, *, title: str) -> Figure:
    """Draw offsets as a cloud, with its median, and their means over the field, as arrows."""
    figure = new_figure(4.1)
    cloud, field = (place(figure, left, 0.6, 2.75, 2.75) for left in (0.68, 4.13))
    _cloud(cloud, found)
    _field(field, found)
    figure.text(0.68 / WIDTH, 1 - 0.2 / 4.1, title, va="center", fontsize=10.5, weight="bold")
    return figure


def _cloud(axes: Axes, found: Offsets) -> None:
    half = found.half_range
    # East is to the left, as on the sky.
    axes.set(xlim=(half, -half), ylim=(-half, half), xlabel="ΔRA cos Dec (mas)", ylabel="ΔDec (mas)")
    axes.set_title(found.cloud, fontsize=9)
    axes.axhline(0, color=SOFT, linewidth=0.8)
    axes.axvline(0, color=SOFT, linewidth=0.8)
    if found.bound is not None:
        bound = Circle((0, 0), found.bound, fill=False, color=ACCENT, linewidth=1.1, linestyle=(0, (5, 3)))
        axes.add_patch(bound)
        words = f"{found.bound:g} mas: largest accepted"
        _note(axes, words, (0, found.bound), (0, 2), color=ACCENT)
    if not len(found.offsets):
        annotate_empty(axes, "no sources")
        return
    axes.plot(*found.offsets.T, "o", color=_COLOUR, markersize=3.2, alpha=0.5, markeredgewidth=0)
    median = np.median(found.offsets, axis=0)
    axes.plot(*median, "+", color=INK, markersize=15, markeredgewidth=2, zorder=5)


def _note(axes: Axes, words: str, at: tuple[float, float], shift: tuple[float, float], **style: Any) -> None:
    axes.annotate(
        words,
        at,
        xytext=shift,
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8.5,
        bbox={**FRAMED, "boxstyle": "round,pad=0.1"},
        zorder=4,
        **style,
    )


def _field(axes: Axes, found: Offsets) -> None:
    half, (east, north) = found.half_field, found.centre
    axes.set(xlim=(east + half, east - half), ylim=(north - half, north + half))
    axes.set(xlabel="East (arcsec)", ylabel="North (arcsec)")
    axes.yaxis.labelpad = 0
    axes.set_title(found.field, fontsize=9)
    if not len(found.offsets):
        annotate_empty(axes, "no sources")
        return
    axes.plot(*found.positions.T, ".", color=SOFT, markersize=2, alpha=0.6)
    places, medians, longest = found.arrows
    arrows = axes.quiver(
        *places.T,
        *medians.T,
        color=INK,
        angles="xy",
        scale_units="xy",
        scale=1.0 / found.arrow_scale,
        width=0.007,
        headwidth=3.5,
        minlength=0.1,
        zorder=4,
    )
    label = f"{longest:.3g} mas" + (": largest accepted" if found.bound else "")
    axes.quiverkey(
        arrows, 0.76, 1.14, longest, label, labelpos="W", color=ACCENT, fontproperties={"size": 8.5}
    )


def _medians(found: Offsets) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean positions and median offsets over cells of the field with enough sources."""
    side = min(_CELLS, max(1, int(np.sqrt(len(found.offsets) / _SOURCES))))
    edges = np.linspace(-found.half_field, found.half_field, side + 1)[1:-1]
    cells = np.column_stack([np.digitize(axis, edges) for axis in (found.positions - found.centre).T])
    members = [np.flatnonzero(np.equal(cells, cell).all(axis=1)) for cell in np.ndindex(side, side)]
    kept = [each for each in members if len(each) >= _MIN_SOURCES]
    places = [found.positions[each].mean(axis=0) for each in kept]
    offsets = [np.median(found.offsets[each], axis=0) for each in kept]
    return np.array(places).reshape(-1, 2), np.array(offsets).reshape(-1, 2)


def offset_points(found: Offsets, source_columns: Iterator[tuple[str, PlotColumn]], *, name: str) -> Plot:
    """The same sources as points of an interactive figure.

    Parameters
    ----------
    found : Offsets
        The offsets.
    source_columns : iterator of (str, PlotColumn)
        Further columns that describe each source.
    name : str
        What the sources are.
    """
    half, side, (east, north) = found.half_range, found.half_field, found.centre
    columns = dict(source_columns)
    for name_x, name_y, numbers, unit in (
        ("d_ra", "d_dec", found.offsets, "mas"),
        ("east", "north", found.positions, "arcsec"),
    ):
        labels = ("ΔRA cos Dec", "ΔDec") if unit == "mas" else ("east", "north")
        for key, label, column in zip((name_x, name_y), labels, numbers.T, strict=True):
            columns[key] = PlotColumn(label=label, unit=unit, decimals=2, values=values(column, 2))
    return Plot(
        square=True,
        axes={
            "d_ra": PlotAxis(label="ΔRA cos Dec (mas)", low=half, high=-half),
            "d_dec": PlotAxis(label="ΔDec (mas)", low=-half, high=half),
            "east": PlotAxis(label="East (arcsec)", low=east + side, high=east - side),
            "north": PlotAxis(label="North (arcsec)", low=north - side, high=north + side),
        },
        panels=(PlotPanel(x="d_ra", y="d_dec"), PlotPanel(x="east", y="north")),
        groups=(PlotGroup(name=f"{name} ({len(found.offsets)})", colour=_COLOUR),),
        group=(0,) * len(found.offsets),
        columns=columns,
        circles=tuple(_bound(found)),
        marks=tuple(_median(found)),
        arrows=tuple(_arrows(found)),
    )


def _bound(found: Offsets) -> Iterator[PlotCircle]:
    if found.bound is not None:
        yield PlotCircle(panel=0, radius=found.bound, label=f"{found.bound:g} mas: largest accepted")


def _median(found: Offsets) -> Iterator[PlotMark]:
    if len(found.offsets):
        east, north = np.median(found.offsets, axis=0)
        yield PlotMark(panel=0, x=float(east), y=float(north), label=found.cloud)


def _arrows(found: Offsets) -> Iterator[PlotArrow]:
    places, medians, longest = found.arrows
    for (x, y), (east, north) in zip(places, medians, strict=True):
        yield _arrow(found, (float(x), float(y)), (float(east), float(north)), "median")
    if len(found.offsets):
        # In the upper right corner, where west is.
        east, north = found.centre + found.half_field * np.array([-0.5, 0.92])
        key = _arrow(found, (float(east), float(north)), (-longest, 0.0), "for comparison")
        yield key.model_copy(update={"text": f"{longest:.3g} mas"})


def _arrow(found: Offsets, at: tuple[float, float], offset: tuple[float, float], words: str) -> PlotArrow:
    to_x, to_y = (start + found.arrow_scale * part for start, part in zip(at, offset, strict=True))
    label = f"{words}: {offset[0]:+.2f} mas east, {offset[1]:+.2f} mas north"
    return PlotArrow(panel=1, x=at[0], y=at[1], to_x=to_x, to_y=to_y, label=label)
