"""Words on the parts of an image that chips cover, or beside them where the parts are too small."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from hubble_qa.reports.figures.footprints import Footprint, Region
from hubble_qa.reports.figures.style import FRAMED, INK

__all__ = ["label_region"]

_SIZE = 8.5
# Width of a character and height of a line, over the size of the type.
_CHARACTER, _LINE = 0.56, 1.3
# The corners of a label may reach beyond the largest circle in a region by this much.
_CORNERS = 1.1
# A label beside a square clears its corner, which is the square root of 2 times farther than its sides.
_BEYOND = 1.45
# Room for the box about a label, over half the size of its words.
_MARGIN = 1.2


def label_region(axes: Axes, region: Region, words: str, chips: Sequence[Footprint]) -> None:
    """Write words in a region, else beside it where the image is empty, else not at all.

    Parameters
    ----------
    axes : Axes
        With the image, and limits set.
    region : Region
        The region.
    words : str
        Lines of text.
    chips : sequence of Footprint
        Everything that covers the image.
    """
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    pixels = (right - left) / (axes.get_window_extent().width / axes.figure.dpi * 72)
    lines = words.splitlines()
    across = max(map(len, lines)) * _CHARACTER * _SIZE * pixels / 2
    up = len(lines) * _LINE * _SIZE * pixels / 2
    x, y = region.x, region.y
    if math.hypot(across, up) > _CORNERS * region.room:
        outward = math.atan2(y - (bottom + top) / 2, x - (left + right) / 2)
        beyond = _BEYOND * region.room + math.hypot(across, up)
        x = _between(left + _MARGIN * across, x + beyond * math.cos(outward), right - _MARGIN * across)
        y = _between(bottom + _MARGIN * up, y + beyond * math.sin(outward), top - _MARGIN * up)
        if _covered(chips, x, y, across, up):
            return
    axes.text(
        x,
        y,
        words,
        ha="center",
        va="center",
        fontsize=_SIZE,
        color=INK,
        linespacing=1.15,
        bbox=FRAMED,
        zorder=5,
    )


def _between(low: float, value: float, high: float) -> float:
    return max(low, min(value, high))


def _covered(chips: Sequence[Footprint], x: float, y: float, across: float, up: float) -> bool:
    """Whether a chip lies under the middle or a corner of a rectangle."""
    at_x = x + across * np.array([0, -1, -1, 1, 1])
    at_y = y + up * np.array([0, -1, 1, -1, 1])
    return any(bool(chip.holds(at_x, at_y).any()) for chip in chips)
