"""Sources of an interactive figure as a region file, for DS9 over the exposure that they are on."""

from __future__ import annotations

from collections.abc import Iterator

from hubble_qa.reports.figures.figure_data import Plot

__all__ = ["outlier_file", "region_file"]

_RADIUS, _OUTER = 0.5, 1.0
"""Radii of circles, arcsec: about a star's core in any camera, and about that circle."""


def region_file(plot: Plot) -> str:
    """A circle about each source whose sky position is known, in its chip's colour, with its number.

    Parameters
    ----------
    plot : Plot
        The figure's points, with RA and Dec in columns ``ra`` and ``dec``, degrees.

    Returns
    -------
    str
        A DS9 region file; empty where the points have no sky positions.
    """
    if not {"ra", "dec"} <= plot.columns.keys():
        return ""
    return "\n".join(["# Region file format: DS9 version 4.1", "icrs", *_circles(plot)]) + "\n"


def outlier_file(plot: Plot) -> str:
    """A larger red circle about each of the outliers, to be loaded over the others; else as `region_file`."""
    if not plot.outliers or not {"ra", "dec"} <= plot.columns.keys():
        return ""
    circles = dict(_numbered(plot, _OUTER, "red"))
    found = [circles[index] for index in plot.outliers if index in circles]
    return "\n".join(["# Region file format: DS9 version 4.1", "icrs", *found]) + "\n"


def _circles(plot: Plot) -> Iterator[str]:
    yield from (circle for _, circle in _numbered(plot, _RADIUS))


def _numbered(plot: Plot, radius: float, colour: str = "") -> Iterator[tuple[int, str]]:
    """Each point's number and circle, in its kind's colour or one for all."""
    ra, dec = (plot.columns[name].values for name in ("ra", "dec"))
    numbers = plot.columns["row"].values if "row" in plot.columns else range(1, len(ra) + 1)
    for index, (east, north, number, group) in enumerate(zip(ra, dec, numbers, plot.group, strict=True)):
        if east is None or north is None:
            continue
        kind = plot.groups[group]
        label = f"{number:.0f}" if number is not None else ""
        tag = "".join(each for each in kind.name.partition(" (")[0] if each.isalnum() or each in " ,-_")
        looks = f"color={colour or kind.colour} text={{{label}}} tag={{{tag}}}"
        yield index, f'circle({east:.7f},{north:.7f},{radius}") # {looks}'
