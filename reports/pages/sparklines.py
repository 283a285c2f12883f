"""A series' last values as a line beside its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hubble_qa.reports.history.view import Point
from hubble_qa.reports.words.numerals import value_text

__all__ = ["HEIGHT", "WIDTH", "Sparkline", "sparkline"]

WIDTH, HEIGHT = 96, 20
_EDGE = 3.0
_MOST = 40
"""Runs that are drawn, the last ones."""


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A line to draw, in pixels of `WIDTH` by `HEIGHT`.

    Attributes
    ----------
    path : str
        SVG path through the values; a value that is missing is a gap.
    limits : tuple of float
        Heights of the limits that are near enough to be seen.
    rejected : tuple of (float, float)
        Places of values that were not accepted.
    last : tuple of (float, float)
        Place of the last value.
    label : str
        The same in words.
    """

    path: str
    limits: tuple[float, ...]
    rejected: tuple[tuple[float, float], ...]
    last: tuple[float, float]
    label: str

    @property
    def drawn(self) -> str:
        """All of it as SVG, of numbers alone: a template takes long for thousands."""
        limits = "".join(f"M0 {y:.1f}H{WIDTH}" for y in self.limits)
        dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in self.rejected)
        x, y = self.last
        return (
            (f'<path class="limit" d="{limits}"/>' if limits else "")
            + f'<path class="line" d="{self.path}"/>'
            + (f'<path class="rejected" d="{dots}"/>' if dots else "")
            + f'<circle class="last" cx="{x:.1f}" cy="{y:.1f}" r="2.4"/>'
        )


def sparkline(
    points: Sequence[Point], lower: float | None, upper: float | None, unit: str
) -> Sparkline | None:
    """Lay out the last values of a series; None where fewer than two runs have one.

    Parameters
    ----------
    points : sequence of Point
        By date.
    lower, upper : float or None
        The limits in force.
    unit : str
        Of the values, for the words.
    """
    shown = points[-_MOST:]
    values = [point.value for point in shown if point.value is not None]
    if len(values) < 2:
        return None
    low, high = _span(shown, values)
    reach = high - low
    near = [x for x in (lower, upper) if x is not None and low - reach <= x <= high + reach]
    bottom, top = min([low, *near]), max([high, *near])

    def height(value: float) -> float:
        return HEIGHT - _EDGE - (value - bottom) / (top - bottom) * (HEIGHT - 2 * _EDGE)

    step = (WIDTH - 2 * _EDGE) / max(len(shown) - 1, 1)
    places = [
        None if point.value is None else (_EDGE + number * step, round(height(point.value), 1))
        for number, point in enumerate(shown)
    ]
    rejected = [place for place, point in zip(places, shown, strict=True) if place and not point.accepted]
    return Sparkline(
        path=_path(places),
        limits=tuple(height(each) for each in near),
        rejected=tuple(rejected[-20:]),
        last=next(place for place in reversed(places) if place),
        label=_label(values, len(shown), unit),
    )


def _span(points: Sequence[Point], values: Sequence[float]) -> tuple[float, float]:
    """Range that is drawn: of the values, and no finer than their errors or a thousandth of them."""
    low, high = min(values), max(values)
    errors = [point.uncertainty for point in points if point.uncertainty is not None]
    least = max(2 * max(errors, default=0.0), abs(high) / 1000) or 1.0
    return (low, high) if high - low >= least else ((low + high - least) / 2, (low + high + least) / 2)


def _path(places: Sequence[tuple[float, float] | None]) -> str:
    """A line through places; those within a level stretch are left out, for there are many such lines."""
    parts: list[str] = []
    pen, height = False, 0.0
    for number, place in enumerate(places):
        if place is None:
            pen = False
            continue
        after = places[number + 1] if number + 1 < len(places) else None
        if not (pen and after is not None and after[1] == place[1] == height):
            parts.append(f"{'L' if pen else 'M'}{place[0]:.1f} {place[1]}")
        pen, height = True, place[1]
    return "".join(parts)


def _label(values: Sequence[float], runs: int, unit: str) -> str:
    low, high = min(values), max(values)
    text = value_text(low) if low == high else f"{_brief(low)} to {_brief(high)}"
    return f"last {runs} runs: {text} {unit}".rstrip()


def _brief(value: float) -> str:
    return f"{value:.4g}"
