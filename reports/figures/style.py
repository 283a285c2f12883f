"""One look for all figures: colours, type, layout, and the way to PNG.

Figures are laid out in inches by hand, which costs nothing, and are legible where a page shows them
700 pixels wide: at that size a point is 1.4 pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, wraps
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

__all__ = [
    "ACCENT",
    "BAND",
    "BLANK",
    "COMPRESSION",
    "DPI",
    "FAINT",
    "FRAMED",
    "IMAGE_COLOURS",
    "INK",
    "LIMIT",
    "SOFT",
    "WEIGHT_COLOURS",
    "WIDTH",
    "ChipStyle",
    "annotate_empty",
    "chip_style",
    "image_colours",
    "image_panels",
    "new_figure",
    "place",
    "save",
    "styled",
]

P = ParamSpec("P")

WIDTH = 7.0
"""Width of every figure, inches."""

DPI = 200

COMPRESSION = 4
"""Of PNG files: 6 takes three times as long for files that are smaller by 2 to 5 per cent."""

INK = "#1c1f23"
SOFT = "#5b636d"
FAINT = "#8a929b"
ACCENT = "#c2185b"
BAND = "#d9ecdf"
"""Fill of the range that a criterion accepts."""

LIMIT = "#5f9673"
"""Edge of that range."""

BLANK = "#dbe6f3"
"""Where an image has no pixels: no grey, so that it cannot be taken for one."""

IMAGE_COLOURS = "gray_r"
"""Colour map of all images: the more light, the darker, so that stars are dark on a light sky."""

WEIGHT_COLOURS = "viridis_r"
"""Colour map of weights: the larger, the darker here too."""

FRAMED = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "none", "alpha": 0.82}
"""Box around text that stands on an image."""

_LOOK: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": SOFT,
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titley": 1.0,  # looking for a free place takes a tenth of the time to draw
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "grid.color": "#e3e6ea",
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "savefig.facecolor": "white",
    "text.color": INK,
    "text.usetex": False,
    "xtick.color": SOFT,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.color": SOFT,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 9,
}


class ChipStyle(NamedTuple):
    """How a chip is drawn, wherever it is drawn."""

    colour: str
    marker: str


# Okabe and Ito's palette, whose colours people with any colour vision tell apart.
_CHIPS = (
    ChipStyle("#d55e00", "s"),
    ChipStyle("#0072b2", "o"),
    ChipStyle("#9a6a00", "^"),
    ChipStyle("#009e73", "D"),
)


def chip_style(chip: int) -> ChipStyle:
    """Colour and marker of a chip, by its number from 1."""
    return _CHIPS[(chip - 1) % len(_CHIPS)]


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Let a function that draws a figure do so in this style."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(_LOOK):
            return draw(*args, **kwargs)

    return drawn


def new_figure(height: float) -> Figure:
    """Make an empty figure of the common width and a height in inches."""
    return Figure(figsize=(WIDTH, height), dpi=DPI)


def place(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes at a place given in inches from the lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


class ImagePanels(NamedTuple):
    """A figure of images.

    Attributes
    ----------
    figure : Figure
        The figure.
    images : tuple of Axes
        One for each image, row by row.
    bars : tuple of Axes
        One for each colour bar: a single one below all, or one below each image.
    """

    figure: Figure
    images: tuple[Axes, ...]
    bars: tuple[Axes, ...]


_LEFT, _RIGHT, _TOP, _GAP = 0.68, 0.2, 0.34, 0.6
_BELOW = 0.62  # x axis: its numbers and label
_BAR, _BAR_BELOW = 0.13, 0.5
_ALONE = 5.4  # inches across, of an image that is alone


def image_panels(aspects: Sequence[float], *, bar_each: bool = False) -> ImagePanels:
    """Lay out images of equal width, two in a row, with horizontal colour bars below.

    Parameters
    ----------
    aspects : sequence of float
        Height over width of each image.
    bar_each : bool
        Whether each image has a colour bar of its own; else one at the bottom serves all.
    """
    columns = min(2, len(aspects))
    across = (WIDTH - _LEFT - _RIGHT - _GAP * (columns - 1)) / columns if columns > 1 else _ALONE
    rows = [aspects[start : start + columns] for start in range(0, len(aspects), columns)]
    below = _BELOW + (_BAR + _BAR_BELOW if bar_each else 0.0)
    heights = [max(row) * across + _TOP + below for row in rows]
    total = sum(heights) + (0.0 if bar_each else _BAR + _BAR_BELOW)
    figure = new_figure(total)
    margin = _LEFT if columns > 1 else (WIDTH - across) / 2 + 0.2
    images, bars = [], []
    top = total
    for row, height in zip(rows, heights, strict=True):
        for column, aspect in enumerate(row):
            left, bottom = margin + column * (across + _GAP), top - _TOP - aspect * across
            axes = place(figure, left, bottom, across, aspect * across)
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.yaxis.set_major_locator(MaxNLocator(5))
            images.append(axes)
            if bar_each:
                bars.append(place(figure, left, top - height + _BAR_BELOW, across, _BAR))
        top -= height
    if not bar_each:
        length = min(4.4, columns * across)
        bars.append(place(figure, margin + (columns * across - length) / 2, _BAR_BELOW, length, _BAR))
    return ImagePanels(figure, tuple(images), tuple(bars))


def image_colours(greys: int) -> Colormap:
    """`IMAGE_COLOURS` in so many greys; noise in fewer of them makes smaller files."""
    colours = colormaps[IMAGE_COLOURS].resampled(greys)
    colours.name = IMAGE_COLOURS
    return colours


def annotate_empty(axes: Axes, words: str) -> None:
    """Write in the middle of axes why they are empty."""
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=SOFT)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG in the colours that figures use, a third as large as one in all colours."""
    canvas: Any = FigureCanvasAgg(figure)
    with mpl.rc_context(_LOOK):
        canvas.draw()
    drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    drawn.quantize(palette=_palette(), dither=Image.Dither.NONE).save(
        path, compress_level=COMPRESSION, dpi=(DPI, DPI)
    )


# Pillow looks a colour up by its upper six bits: these are as many greys as it tells apart.
_GREYS = np.append(np.arange(0, 252, 4), 255) / 255
_SHADES, _TINTS = 64, 10


@cache
def _palette() -> Image.Image:
    """Greys, the weights' colours, and fills, and tints of lines' colours for their edges."""
    lines = (ACCENT, INK, SOFT, FAINT, LIMIT, *(chip.colour for chip in _CHIPS))
    greys = np.repeat(_GREYS[:, np.newaxis], 3, axis=1)
    shades = colormaps[WEIGHT_COLOURS](np.linspace(0, 1, _SHADES))[:, :3]
    strength = np.linspace(1, 0, _TINTS, endpoint=False)[:, np.newaxis]
    tints = [1 - strength * (1 - np.array(to_rgb(colour))) for colour in lines]
    fills = [np.array([to_rgb(colour)]) for colour in (BAND, BLANK)]
    colours = np.rint(255 * np.vstack([greys, shades, *fills, *tints])).astype(np.uint8)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.vstack([colours, np.zeros((256 - len(colours), 3), np.uint8)]).tobytes())
    return palette
