"""Marks that tell where on the sky an image is: a compass and a scale bar."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from hubble_qa.reports.figures.style import FRAMED, INK

__all__ = ["SkyFrame", "draw_compass", "draw_scale_bar", "empty_places", "round_length"]


class SkyFrame(NamedTuple):
    """Where an image is on the sky.

    Attributes
    ----------
    matrix : ndarray, shape (2, 2)
        Linear part of its world coordinates, any unit.
    pixel_scale : float
        Arcsec per pixel.
    """

    matrix: NDArray[np.float64]
    pixel_scale: float


# Side of the box looked at in each corner, as a share of the image's.
_BOX = 0.22
_INSET = 0.14


def empty_places(axes: Axes, covered: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """Return a place near each corner of an image, that with the fewest covered pixels about it first.

    Parameters
    ----------
    axes : Axes
        With limits set.
    covered : ndarray of bool, shape (ny, nx)
        Where the image that fills the axes has something to see, on any grid.
    """
    rows, columns = (max(1, round(_BOX * size)) for size in covered.shape)
    vertical, horizontal = (slice(0, rows), slice(-rows, None)), (slice(0, columns), slice(-columns, None))
    corners = [(across, up) for across in (0, 1) for up in (0, 1)]
    corners.sort(key=lambda it: float(covered[vertical[it[1]], horizontal[it[0]]].mean()))
    return tuple(_near(axes, *corner) for corner in corners)


def _near(axes: Axes, *corner: int) -> tuple[float, float]:
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    across, up = (1 - _INSET if side else _INSET for side in corner)
    return left + across * (right - left), bottom + up * (top - bottom)


def draw_compass(
    axes: Axes, matrix: NDArray[np.float64], *, at: tuple[float, float], length: float | None = None
) -> None:
    """Draw arrows to north and east.

    Parameters
    ----------
    axes : Axes
        With equal scales, and limits set.
    matrix : ndarray, shape (2, 2)
        Linear part of the transformation from pixels to the sky: east and north by x and y.
    at : (float, float)
        Where the arrows start, in pixels.
    length : float, optional
        Length of the arrows, pixels; by default a small part of the image.
    """
    inverse = np.linalg.inv(matrix)
    length = 0.075 * abs(np.subtract(*axes.get_xlim())) if length is None else length
    x, y = at
    for column, letter in enumerate("EN"):
        across, up = length * inverse[:, column] / np.hypot(*inverse[:, column])
        arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (x + across, y + up), (x, y), arrowprops=arrow, zorder=6)
        axes.text(
            x + 1.42 * across,
            y + 1.42 * up,
            letter,
            ha="center",
            va="center",
            fontsize=9,
            bbox=_tight(),
            zorder=6,
        )


def draw_scale_bar(axes: Axes, pixel_scale: float, *, at: tuple[float, float]) -> None:
    """Draw a bar of a round length in arcsec.

    Parameters
    ----------
    axes : Axes
        With limits set.
    pixel_scale : float
        Arcsec per pixel.
    at : (float, float)
        Its middle, in pixels.
    """
    left, right = axes.get_xlim()
    arcsec = round_length(0.2 * abs(right - left) * pixel_scale)
    half = arcsec / pixel_scale / 2
    x, y = at
    axes.plot([x - half, x + half], [y, y], color=INK, linewidth=2.2, solid_capstyle="butt", zorder=6)
    axes.annotate(
        f"{arcsec:g}″",
        (x, y),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        bbox=_tight(),
        zorder=6,
    )


def _tight() -> dict[str, Any]:
    return {**FRAMED, "boxstyle": "round,pad=0.1"}


def round_length(length: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not above a positive length."""
    power = 10.0 ** np.floor(np.log10(length))
    return float(max(step * power for step in (1.0, 2.0, 5.0) if step * power <= length * (1 + 1e-9)))
