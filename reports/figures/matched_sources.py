"""Matched sources marked on an exposure, and close-ups of those that look least like stars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator
from numpy.typing import NDArray

from hubble_qa.reports.figures.images import block_mean
from hubble_qa.reports.figures.style import (
    BLANK,
    FRAMED,
    INK,
    WIDTH,
    annotate_empty,
    chip_style,
    image_colours,
    new_figure,
    place,
    styled,
)

__all__ = ["ChipImage", "Stamp", "matched_sources", "sharpest"]

# Rows between the chips of a two-chip camera, as they are drawn.
_GAP = 60
# More chips than so many stand in quadrants, columns and rows of which are counted from the lower left.
_STACKED = 2
_QUADRANTS = ((1, 1), (0, 1), (0, 0), (1, 0))
# Two of the figure's pixels for each of the image's blocks.
_COLUMNS = 590
_GREYS = 40

_HALF = 6  # pixels to either side of a close-up's middle
_CORE = 2  # pixels to either side of the source whose light is summed
_STAMPS = 8


class ChipImage(NamedTuple):
    """A chip of an exposure with its matched sources.

    Attributes
    ----------
    chip : int
        EXTVER.
    name : str
        What the field calls it.
    pixels : ndarray, shape (ny, nx)
        Its science image.
    sources : ndarray, shape (n, 2)
        x and y of its matched sources, zero-based pixels.
    rows : ndarray of int, shape (n,)
        Their rows in the match file, from 1.
    """

    chip: int
    name: str
    pixels: NDArray[Any]
    sources: NDArray[np.float64]
    rows: NDArray[np.int64]


class Stamp(NamedTuple):
    """A close-up of a source.

    Attributes
    ----------
    chip, row : int
        EXTVER, and the source's row in the match file.
    pixels : ndarray, shape (n, n)
        What is around it, less the median.
    sharpness : float
        Share of the light of 5 by 5 pixels that is in the brightest: 1 for a hot pixel.
    """

    chip: int
    row: int
    pixels: NDArray[np.float64]
    sharpness: float


def sharpest(chips: Sequence[ChipImage], number: int = _STAMPS) -> tuple[Stamp, ...]:
    """Close-ups of the sources whose light is most in one pixel; none of those at a chip's edge."""
    stamps = [stamp for chip in chips for stamp in _stamps(chip)]
    return tuple(sorted(stamps, key=lambda stamp: -stamp.sharpness)[:number])


def _stamps(chip: ChipImage) -> Iterator[Stamp]:
    rows, columns = chip.pixels.shape
    for (x, y), row in zip(np.rint(np.nan_to_num(chip.sources, nan=-1)), chip.rows, strict=True):
        column, line = int(x), int(y)
        if not (_HALF <= column < columns - _HALF and _HALF <= line < rows - _HALF):
            continue
        around = np.s_[line - _HALF : line + _HALF + 1, column - _HALF : column + _HALF + 1]
        pixels = np.nan_to_num(np.asarray(chip.pixels[around], dtype=np.float64))
        pixels = pixels - np.median(pixels)
        core = pixels[_HALF - _CORE : _HALF + _CORE + 1, _HALF - _CORE : _HALF + _CORE + 1]
        light = float(core.sum())
        yield Stamp(chip.chip, int(row), pixels, float(core.max()) / light if light > 0 else 1.0)


@styled
def matched_sources(chips: Sequence[ChipImage], stamps: Sequence[Stamp], *, title: str) -> Figure:
    """Draw an exposure's chips, with a circle about each matched source.

    Of two chips that of lower EXTVER is below; four are in the quadrants in which WFPC2's are.

    Parameters
    ----------
    chips : sequence of ChipImage
        By EXTVER.
    stamps : sequence of Stamp
        Close-ups to show below.
    title : str
        Which sources.
    """
    corners = dict(_corners(chips))
    ends = [
        (left + chip.pixels.shape[1], bottom + chip.pixels.shape[0])
        for chip in chips
        for left, bottom in [corners[chip.chip]]
    ]
    columns, rows = (max((end[axis] for end in ends), default=1) for axis in (0, 1))
    across = 5.9
    up = across * rows / columns
    figure = new_figure(up + 2.35)
    axes = place(figure, 0.75, 1.9, across, up)
    axes.set(
        xlim=(-0.5, columns - 0.5),
        ylim=(-0.5, rows - 0.5),
        xlabel="x on the chip (pix)" if len(chips) > _STACKED else "x (pix)",
        ylabel="y on the chip (pix)",
    )
    axes.set_title(title, weight="bold")
    axes.set_facecolor(BLANK)
    limits = _limits([block_mean(chip.pixels, _COLUMNS) for chip in chips])
    for chip in chips:
        _show(axes, chip, corners[chip.chip], limits)
    _mark_rows(axes, chips, corners)
    if not sum(len(chip.sources) for chip in chips):
        annotate_empty(axes, "no matched sources")
    _close_ups(figure, stamps)
    return figure


def _corners(chips: Sequence[ChipImage]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Where the lower left corner of each chip is drawn."""
    bottom = 0
    for chip in chips[:_STACKED] if len(chips) <= _STACKED else ():
        yield chip.chip, (0, bottom)
        bottom += chip.pixels.shape[0] + _GAP
    if len(chips) > _STACKED:
        step = max(max(chip.pixels.shape) for chip in chips) + _GAP
        for number, chip in enumerate(chips):
            column, row = _QUADRANTS[number % 4]
            yield chip.chip, (column * step, (row + 2 * (number // 4)) * step)


def _limits(images: Sequence[NDArray[np.float32]]) -> tuple[float, float]:
    """Limits of brightness by IRAF's zscale, of all chips together."""
    from astropy.visualization import ZScaleInterval

    values = np.concatenate([image[np.isfinite(image)] for image in images] or [np.empty(0, np.float32)])
    if not values.size:
        return 0.0, 1.0
    low, high = (float(limit) for limit in ZScaleInterval().get_limits(values))
    return (low, high) if high > low else (low, low + 1.0)


def _show(axes: Axes, chip: ChipImage, corner: tuple[int, int], limits: tuple[float, float]) -> None:
    (left, bottom), (rows, columns) = corner, chip.pixels.shape
    axes.imshow(
        block_mean(chip.pixels, _COLUMNS),
        cmap=image_colours(_GREYS),
        vmin=limits[0],
        vmax=limits[1],
        origin="lower",
        extent=(left - 0.5, left + columns - 0.5, bottom - 0.5, bottom + rows - 0.5),
        interpolation="nearest",
        aspect="auto",
        label=chip.name,
    )
    colour = chip_style(chip.chip).colour
    x, y = chip.sources.T
    axes.scatter(x + left, y + bottom, s=30, facecolors="none", edgecolors=colour, linewidths=0.9, zorder=4)
    count = len(chip.sources)
    axes.annotate(
        f"{chip.name}: {count} source{'' if count == 1 else 's'}",
        (left, bottom + rows),
        xytext=(5, -5),
        textcoords="offset points",
        va="top",
        color=colour,
        weight="bold",
        bbox=FRAMED,
        zorder=5,
    )


def _mark_rows(axes: Axes, chips: Sequence[ChipImage], corners: Mapping[int, tuple[int, int]]) -> None:
    """Count rows on each chip from its own first, and columns where chips stand beside one another."""
    sides = ((0, axes.xaxis),) if len(chips) > _STACKED else ()
    for side, axis in (*sides, (1, axes.yaxis)):
        length = max((chip.pixels.shape[1 - side] for chip in chips), default=1000)
        step = max(100, round(length // 4, -2))
        marks = {
            corners[chip.chip][side] + pixel: str(pixel)
            for chip in chips
            for pixel in range(0, chip.pixels.shape[1 - side], step)
        }
        axis.set_major_locator(FixedLocator(list(marks)))
        axis.set_ticklabels(list(marks.values()))


def _close_ups(figure: Figure, stamps: Sequence[Stamp]) -> None:
    height = figure.get_size_inches()[1]
    words = "Least like stars (largest share of light in one pixel):" if stamps else ""
    figure.text(0.75 / WIDTH, 1.3 / height, words, fontsize=9.5)
    for number, stamp in enumerate(stamps):
        axes = place(figure, 0.75 + 0.75 * number, 0.48, 0.66, 0.66)
        upper = float(stamp.pixels.max())
        axes.imshow(
            stamp.pixels,
            cmap=image_colours(_GREYS),
            vmin=-0.05 * upper,
            vmax=max(upper, 1e-9),
            origin="lower",
            interpolation="nearest",
        )
        axes.set(xticks=[], yticks=[])
        for side in axes.spines.values():
            side.set(color=chip_style(stamp.chip).colour, linewidth=1.6)
        axes.text(
            0.5,
            -0.08,
            f"{stamp.sharpness:.2f}\nsource {stamp.row}",
            transform=axes.transAxes,
            ha="center",
            va="top",
            fontsize=8,
            color=INK,
        )
