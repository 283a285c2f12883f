"""Stars' photometry against expectation: what should be one, and the range that is accepted."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from itertools import chain
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hubble_qa.checks.bounds import Bounds
from hubble_qa.reports.figures.style import (
    ACCENT,
    BAND,
    INK,
    LIMIT,
    SOFT,
    chip_style,
    new_figure,
    place,
    say,
    styled,
)

__all__ = ["ChipFluxes", "RatePair", "StarRatio", "star_photometry"]

_PANEL, _BELOW, _ABOVE = 1.7, 0.5, 0.36

# Inches: the panels, and a character below them; and how many short labels fit.
_WIDTH, _CHARACTER, _MOST_LABELS = 5.95, 0.078, 10


class StarRatio(NamedTuple):
    """FLT/C0M flux ratio of a star in the combined images.

    Attributes
    ----------
    label : str
        The star.
    measured, expected : float
        The ratio, and the one that the chips' factors and weights imply.
    accepted : Bounds
        Of measured - expected.
    """

    label: str
    measured: float
    expected: float
    accepted: Bounds


class RatePair(NamedTuple):
    """Ratio of the count rates of one star on two chips.

    Attributes
    ----------
    label : str
        The star, and the chips.
    ratio, error : float
        The ratio and its standard deviation.
    """

    label: str
    ratio: float
    error: float


class ChipFluxes(NamedTuple):
    """Drizzled over exposure flux of stars on one chip.

    Attributes
    ----------
    chip : int
        Number of the chip.
    name : str
        Its name.
    ratios : sequence of float
        One for each star.
    together : float
        Ratio of the sums over all of them, which is what is judged.
    accepted : Bounds
        Of `together`.
    """

    chip: int
    name: str
    ratios: Sequence[float]
    together: float
    accepted: Bounds


class Entry(NamedTuple):
    """What stands below a place of the axis: what it is, its value, and in which colour."""

    label: str
    value: str
    colour: str


@styled
def star_photometry(
    ratios: Sequence[StarRatio],
    pairs: Sequence[RatePair],
    chips: Sequence[ChipFluxes],
    *,
    tolerance: float,
    sigmas: float,
) -> Figure:
    """Draw what of stars' photometry is judged, a panel for each of the quantities that there are.

    Parameters
    ----------
    ratios : sequence of StarRatio
        Stars in the images combined from FLTs and from C0Ms.
    pairs : sequence of RatePair
        Stars on two chips; may be empty.
    chips : sequence of ChipFluxes
        Stars in the drizzled image and on single chips.
    tolerance : float
        Accepted departure of the pairs' ratio from 1.
    sigmas : float
        Accepted departure in standard deviations: that of the error bars.
    """
    count = 3 if pairs else 2
    figure = new_figure(count * (_PANEL + _BELOW + _ABOVE) + 0.1)
    panels = [_panel(figure, number) for number in range(count)]
    _draw_ratios(panels[0], ratios)
    if pairs:
        _draw_pairs(panels[1], pairs, tolerance, sigmas)
    _draw_chips(panels[-1], chips)
    return figure


def _panel(figure: Figure, number: int) -> Axes:
    _, height = figure.get_size_inches()
    bottom = height - (number + 1) * (_PANEL + _ABOVE) - number * _BELOW
    return place(figure, 0.9, bottom, _WIDTH, _PANEL)


def _band(axes: Axes, place: float, lower: float | None, upper: float | None) -> None:
    """Shade the accepted range at one place of the axis; ranges side by side make one band."""
    low, high = axes.get_ylim()
    bottom = low if lower is None else lower
    top = high if upper is None else upper
    axes.bar(place, top - bottom, width=1.0, bottom=bottom, color=BAND, zorder=0)
    for limit in (lower, upper):
        if limit is not None:
            axes.hlines(limit, place - 0.5, place + 0.5, color=LIMIT, linewidth=1.0, zorder=1)


def _axis(axes: Axes, entries: Sequence[Entry], values: Sequence[float | None], title: str) -> None:
    """Set the axes up so that all values are seen, with each entry's words below it."""
    axes.set_title(title)
    axes.set_ylabel("flux ratio")
    axes.set_xlim(-0.5, max(len(entries), 1) - 0.5)
    axes.set_xticks(range(len(entries)), _words(entries), linespacing=1.4)
    axes.tick_params(axis="x", length=0)
    for tick, entry in zip(axes.get_xticklabels(), entries, strict=True):
        tick.set_color(entry.colour)
    seen = [value for value in values if value is not None and np.isfinite(value)]
    low, high = min(seen, default=0.99), max(seen, default=1.01)
    margin = 0.14 * (high - low) or 0.01
    axes.set_ylim(low - margin, high + margin)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3f}")
    if not entries:
        say(axes, "no stars")


def _words(entries: Sequence[Entry]) -> list[str]:
    """What stands below the axis: labels and values, labels where these are too wide, or few labels."""
    written = [f"{entry.label}\n{entry.value}" for entry in entries]
    lines = [line for words in written for line in words.splitlines()]
    if max(map(len, lines), default=0) * _CHARACTER * len(entries) <= _WIDTH:
        return written
    step = -(-len(entries) // _MOST_LABELS)
    names = [entry.label.partition(":")[0] for entry in entries]
    return [name if number % step == 0 else "" for number, name in enumerate(names)]


def _draw_ratios(axes: Axes, ratios: Sequence[StarRatio]) -> None:
    limits = [
        tuple(None if limit is None else each.expected + limit for limit in _limits(each.accepted))
        for each in ratios
    ]
    entries = [
        Entry(
            each.label,
            f"{each.measured:.4f} (expected {each.expected:.4f})",
            _colour(each.accepted.contains(each.measured - each.expected)),
        )
        for each in ratios
    ]
    values = [value for each in ratios for value in (each.measured, each.expected)]
    accepted = {_range(each.accepted, "expected") for each in ratios}
    title = f"FLT / C0M flux in the combined images{_accepting(accepted)}"
    _axis(axes, entries, [*values, *chain.from_iterable(limits)], title)
    for number, (each, (lower, upper)) in enumerate(zip(ratios, limits, strict=True)):
        _band(axes, number, lower, upper)
        axes.hlines(each.expected, number - 0.5, number + 0.5, color=SOFT, linewidth=1.4, linestyle="--")
        axes.plot(number, each.measured, "o", color=entries[number].colour)


def _draw_pairs(axes: Axes, pairs: Sequence[RatePair], tolerance: float, sigmas: float) -> None:
    entries = [
        Entry(
            each.label,
            f"{each.ratio:.4f} ± {each.error:.4f}",
            _colour(abs(each.ratio - 1) <= min(tolerance, sigmas * each.error)),
        )
        for each in pairs
    ]
    ends = [each.ratio + side * sigmas * each.error for each in pairs for side in (-1, 1)]
    title = f"Count rate of one star on two chips, bars ± {sigmas:g} σ (green: 1 ± {tolerance:g})"
    _axis(axes, entries, [*ends, 1 - tolerance, 1 + tolerance], title)
    axes.axhline(1.0, color=SOFT, linewidth=1.4, linestyle="--")
    for number, (each, entry) in enumerate(zip(pairs, entries, strict=True)):
        _band(axes, number, 1 - tolerance, 1 + tolerance)
        axes.errorbar(number, each.ratio, sigmas * each.error, fmt="o", color=entry.colour, capsize=4)


def _draw_chips(axes: Axes, chips: Sequence[ChipFluxes]) -> None:
    entries = [
        Entry(each.name, f"{each.together:.4f}", _colour(each.accepted.contains(each.together)))
        for each in chips
    ]
    values = [value for each in chips for value in (*each.ratios, each.together, *_limits(each.accepted))]
    accepted = {_range(each.accepted) for each in chips}
    title = f"Drizzled / exposure flux of each chip's stars{_accepting(accepted)}"
    _axis(axes, entries, values, title)
    axes.axhline(1.0, color=SOFT, linewidth=1.4, linestyle="--")
    for number, (each, entry) in enumerate(zip(chips, entries, strict=True)):
        _band(axes, number, *_limits(each.accepted))
        style = chip_style(each.chip)
        left = number - 0.09 - 0.07 * np.arange(len(each.ratios))[::-1]
        axes.plot(left, each.ratios, style.marker, color=style.colour, markersize=4.5, alpha=0.75)
        axes.plot(number + 0.09, each.together, "o", color=entry.colour)


def _limits(accepted: Bounds) -> tuple[float | None, float | None]:
    return accepted.lower, accepted.upper


def _range(accepted: Bounds, centre: str = "") -> str:
    """Name an accepted range, briefly where it is even about its centre."""
    lower, upper = _limits(accepted)
    middle = 0.0 if centre else 1.0
    if lower is not None and upper is not None and math.isclose(lower + upper, 2 * middle, abs_tol=1e-9):
        return f"{centre or '1'} ± {upper - middle:g}"
    return f"{centre} {accepted.text()}".strip()


def _accepting(ranges: Set[str]) -> str:
    return f" (green: {next(iter(ranges))})" if len(ranges) == 1 else " (green: accepted)"


def _colour(accepted: bool) -> str:
    return INK if accepted else ACCENT
