"""Stars' photometry against expectation: what should be one, and the range that is accepted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hubble_qa.reports.figures.captions import is_rejected
from hubble_qa.reports.figures.style import (
    ACCENT,
    BAND,
    INK,
    LIMIT,
    SOFT,
    annotate_empty,
    chip_style,
    new_figure,
    place,
    styled,
)
from hubble_qa.reports.figures.verdicts import Shown

__all__ = ["ChipFluxes", "FluxRatio", "RatePair", "star_photometry"]

_PANEL, _BELOW, _ABOVE = 1.7, 0.5, 0.36

# Inches: the panels, and a character below them; and how many short labels fit.
_WIDTH, _CHARACTER, _MOST_LABELS = 5.95, 0.078, 10


class FluxRatio(NamedTuple):
    """FLT/C0M flux ratio of a star, or of the stars of a chip, in the combined images.

    Attributes
    ----------
    label : str
        The star or chip.
    expected : float
        The ratio that the chips' factors and weights imply.
    departure : Shown or None
        The measured ratio less the expected one, as judged.
    """

    label: str
    expected: float
    departure: Shown | None = None

    @property
    def measured(self) -> float:
        """The measured ratio; NaN where it was not judged."""
        value = self.departure.value if self.departure is not None else None
        return math.nan if value is None else self.expected + value

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """Smallest and largest accepted ratio."""
        lower, upper = _limits(self.departure)
        return (
            None if lower is None else self.expected + lower,
            None if upper is None else self.expected + upper,
        )


class RatePair(NamedTuple):
    """The count rates of one star on two chips.

    Attributes
    ----------
    label : str
        The star, and the chips.
    first, second : (float, float)
        Count rate and its standard deviation on either chip.
    agreement : Shown or None
        The rates' ratio as judged.
    pull : Shown or None
        Its departure from 1 as judged, in standard deviations.
    """

    label: str
    first: tuple[float, float]
    second: tuple[float, float]
    agreement: Shown | None = None
    pull: Shown | None = None

    def relative(self, sigmas: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Either rate and `sigmas` standard deviations of it, over the second rate; NaN where that is 0."""
        unit = self.second[0] if self.second[0] > 0 else math.nan
        first, second = ((rate / unit, sigmas * error / unit) for rate, error in (self.first, self.second))
        return first, second


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
    together : Shown or None
        Ratio of the sums over all of them, as judged.
    """

    chip: int
    name: str
    ratios: Sequence[float]
    together: Shown | None = None


class Entry(NamedTuple):
    """What stands below a place of the axis: what it is, its value, and in which colour."""

    label: str
    value: str
    colour: str


@styled
def star_photometry(
    ratios: Sequence[FluxRatio],
    pairs: Sequence[RatePair],
    chips: Sequence[ChipFluxes],
    *,
    sigmas: float,
) -> Figure:
    """Draw what of stars' photometry is judged, a panel for each of the quantities that there are.

    Parameters
    ----------
    ratios : sequence of FluxRatio
        Stars in the images combined from FLTs and from C0Ms, singly and by chip.
    pairs : sequence of RatePair
        Stars on two chips; may be empty.
    chips : sequence of ChipFluxes
        Stars in the drizzled image and on single chips.
    sigmas : float
        Accepted departure in standard deviations: that of the error bars.
    """
    count = 3 if pairs else 2
    figure = new_figure(count * (_PANEL + _BELOW + _ABOVE) + 0.1)
    panels = [_panel(figure, number) for number in range(count)]
    _draw_ratios(panels[0], ratios)
    if pairs:
        _draw_pairs(panels[1], pairs, sigmas)
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


def _axis(
    axes: Axes,
    entries: Sequence[Entry],
    values: Sequence[float | None],
    title: str,
    label: str = "flux ratio",
) -> None:
    """Set the axes up so that all values are seen, with each entry's words below it."""
    axes.set_title(title)
    axes.set_ylabel(label)
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
        annotate_empty(axes, "no stars")


def _words(entries: Sequence[Entry]) -> list[str]:
    """What stands below the axis: labels and values, labels where these are too wide, or few labels."""
    written = [f"{entry.label}\n{entry.value}".rstrip() for entry in entries]
    lines = [line for words in written for line in words.splitlines()]
    if max(map(len, lines), default=0) * _CHARACTER * len(entries) <= _WIDTH:
        return written
    step = -(-len(entries) // _MOST_LABELS)
    names = [entry.label.partition(":")[0] for entry in entries]
    return [name if number % step == 0 else "" for number, name in enumerate(names)]


def _draw_ratios(axes: Axes, ratios: Sequence[FluxRatio]) -> None:
    entries = [_entry(each.label, each.departure) for each in ratios]
    values = [value for each in ratios for value in (each.measured, each.expected, *each.limits)]
    accepted = _accepting(_range(each.departure, "expected") for each in ratios)
    title = f"FLT / C0M flux, combined images{accepted}; numbers: PHT-004"
    _axis(axes, entries, values, title)
    for number, (each, entry) in enumerate(zip(ratios, entries, strict=True)):
        if each.departure is not None:
            _band(axes, number, *each.limits)
        axes.hlines(each.expected, number - 0.5, number + 0.5, color=SOFT, linewidth=1.4, linestyle="--")
        axes.plot(number, each.measured, "o", color=entry.colour)


def _draw_pairs(axes: Axes, pairs: Sequence[RatePair], sigmas: float) -> None:
    entries = [_entry(each.label, each.agreement, each.pull) for each in pairs]
    bands = [_limits(each.agreement) for each in pairs]
    drawn = [each.relative(sigmas) for each in pairs]
    ends = [rate + side * bar for both in drawn for rate, bar in both for side in (-1, 1)]
    accepted = _accepting(_range(each.agreement) for each in pairs)
    title = f"One star on two chips, bars ± {sigmas:g} σ{accepted}; numbers: PHT-005"
    _axis(
        axes,
        entries,
        [*ends, *(limit for band in bands for limit in band)],
        title,
        label="rate / second rate",
    )
    axes.axhline(1.0, color=SOFT, linewidth=1.4, linestyle="--")
    for number, (both, pair, entry) in enumerate(zip(drawn, pairs, entries, strict=True)):
        if pair.agreement is not None:
            _band(axes, number, *_limits(pair.agreement))
        for side, (rate, bar) in zip((-0.1, 0.1), both, strict=True):
            axes.errorbar(number + side, rate, bar, fmt="o", color=entry.colour, capsize=4)


def _draw_chips(axes: Axes, chips: Sequence[ChipFluxes]) -> None:
    entries = [_entry(each.name, each.together) for each in chips]
    together = [_value(each.together) for each in chips]
    values = [*together, *(value for each in chips for value in (*each.ratios, *_limits(each.together)))]
    accepted = _accepting(_range(each.together) for each in chips)
    _axis(axes, entries, values, f"Drizzled / exposure flux of each chip's stars{accepted}")
    axes.axhline(1.0, color=SOFT, linewidth=1.4, linestyle="--")
    for number, (each, entry) in enumerate(zip(chips, entries, strict=True)):
        if each.together is not None:
            _band(axes, number, *_limits(each.together))
        style = chip_style(each.chip)
        left = number - 0.09 - 0.07 * np.arange(len(each.ratios))[::-1]
        axes.plot(left, each.ratios, style.marker, color=style.colour, markersize=4.5, alpha=0.75)
        axes.plot(number + 0.09, together[number], "o", color=entry.colour)


def _entry(label: str, shown: Shown | None, *others: Shown | None) -> Entry:
    rejected = any(is_rejected(each) for each in (shown, *others))
    return Entry(label, "" if shown is None else shown.number, ACCENT if rejected else INK)


def _value(shown: Shown | None) -> float:
    return math.nan if shown is None or shown.value is None else shown.value


def _limits(shown: Shown | None) -> tuple[float | None, float | None]:
    return (None, None) if shown is None else (shown.bounds.lower, shown.bounds.upper)


def _range(shown: Shown | None, centre: str = "") -> str:
    """Name an accepted range, briefly where it is even about its centre."""
    if shown is None:
        return ""
    lower, upper = _limits(shown)
    middle = 0.0 if centre else 1.0
    if lower is not None and upper is not None and math.isclose(lower + upper, 2 * middle, abs_tol=1e-9):
        return f"{centre or '1'} ± {upper - middle:g}"
    return f"{centre} {shown.bounds.text()}".strip()


def _accepting(ranges: Iterable[str]) -> str:
    found = {each for each in ranges if each}
    if not found:
        return ""
    return f" (green: {found.pop()})" if len(found) == 1 else " (green: accepted)"
