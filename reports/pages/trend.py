"""A series over time, laid out for its page: values with errors, limits, baseline, levels and marks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from hubble_qa.checks.trends.steps import step_places
from hubble_qa.reports.history.view import Point, SeriesView, VersionMark

__all__ = ["Band", "Dot", "Mark", "Segment", "Tick", "Trend", "trend"]

WIDTH, HEIGHT = 1080, 380
LEFT, RIGHT, TOP, BOTTOM = 74, 14, 66, 34
_ROWS = 4
"""Rows of text above the frame, into which marks are sorted."""
_LETTER = 7.2
"""Width of a letter of a mark, roughly."""
_LEVELS = 200
"""Products among which steps are looked for: it takes a time of the square of their number."""
_SAID = 120
"""Dots whose values are told where the pointer is, the last ones."""
_FAR = 12.0
"""Widths from the median beyond which a value is drawn at the edge."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A value: ``fresh`` if the product is a new one, drawn at the edge if it lies ``beyond`` it (-1, 1)."""

    x: float
    y: float
    low: float
    high: float
    accepted: bool
    fresh: bool
    beyond: int
    said: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A level stretch of a limit, of a level between steps, or of the baseline."""

    x: float
    end: float
    y: float
    said: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time with the range of values that is accepted in it."""

    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a time, with a text above the frame."""

    x: float
    text: str
    row: int
    kind: str
    left: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick of an axis."""

    place: float
    text: str


@dataclass(frozen=True, slots=True)
class Trend:
    """All that is drawn, in pixels.

    ``drawn`` has the dots as paths, by the classes that tell what they are; ``said`` are those whose values
    are told where the pointer is.
    """

    dots: tuple[Dot, ...]
    drawn: tuple[tuple[str, str], ...]
    said: tuple[Dot, ...]
    line: str
    limits: tuple[Segment, ...]
    accepted: tuple[Band, ...]
    baseline: Segment | None
    tolerance: Band | None
    levels: tuple[Segment, ...]
    marks: tuple[Mark, ...]
    values: tuple[Tick, ...]
    dates: tuple[Tick, ...]


class _Frame:
    """From dates and values to pixels."""

    def __init__(self, points: Sequence[Point], series: SeriesView) -> None:
        self.start, self.end = points[0].when, points[-1].when
        if self.end == self.start:
            self.start, self.end = self.start - timedelta(days=1), self.end + timedelta(days=1)
        self.low, self.high = _range(points, series)

    def x(self, when: datetime) -> float:
        part = (when - self.start) / (self.end - self.start)
        return LEFT + 8 + min(max(part, 0.0), 1.0) * (WIDTH - LEFT - RIGHT - 16)

    def y(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - min(max(part, 0.0), 1.0) * (HEIGHT - TOP - BOTTOM)

    def within(self, value: float) -> bool:
        return self.low <= value <= self.high


def trend(series: SeriesView, versions: Sequence[VersionMark] = ()) -> Trend | None:
    """Lay a series out; None where there is no value.

    Parameters
    ----------
    series : SeriesView
        The series.
    versions : sequence of VersionMark
        When versions changed.
    """
    points = [point for point in series.points if point.value is not None]
    if not points:
        return None
    frame = _Frame(points, series)
    dots = tuple(_dots(points, frame, series.name.unit))
    return Trend(
        dots=dots,
        drawn=tuple(_drawn(dots)),
        said=dots[-_SAID:],
        line="".join(
            f"{'L' if number else 'M'}{frame.x(p.when):.1f} {frame.y(p.value or 0.0):.1f}"
            for number, p in enumerate(points)
        ),
        limits=tuple(_limits(series, frame)),
        accepted=tuple(_accepted(series, frame)),
        baseline=_baseline(series, frame),
        tolerance=_tolerance(series, frame),
        levels=tuple(_levels(points, frame)),
        marks=_marks(series, versions, frame),
        values=tuple(Tick(frame.y(each), _short(each)) for each in _ticks(frame.low, frame.high)),
        dates=tuple(_dates(frame)),
    )


def _range(points: Sequence[Point], series: SeriesView) -> tuple[float, float]:
    """What is shown: all values but wild ones, and the limits and the baseline where they are near."""
    values = np.array([point.value for point in points], dtype=float)
    middle = float(np.median(values))
    width = max(1.4826 * float(np.median(np.abs(values - middle))), series.width or 0.0)
    spread = np.abs(values - middle)
    far = _FAR * width if width and len(values) > 4 else math.inf
    wild = spread > far
    # A level that several values have is no wild one.
    kept = values if wild.sum() >= max(3, len(values) / 20) else values[~wild]
    low, high = float(kept.min()), float(kept.max())
    reach = (high - low) or abs(high) / 20 or 1.0
    wanted = [each for limit in series.limits for each in (limit.lower, limit.upper) if each is not None]
    if series.baseline is not None:
        wanted += [series.baseline.value]
    near = [each for each in wanted if low - 2 * reach <= each <= high + 2 * reach]
    low, high = min([low, *near]), max([high, *near])
    edge = 0.06 * ((high - low) or abs(high) or 1.0)
    return low - edge, high + edge


def _dots(points: Sequence[Point], frame: _Frame, unit: str) -> Iterator[Dot]:
    for point in points:
        value, error = point.value or 0.0, point.uncertainty or 0.0
        beyond = 0 if frame.within(value) else 1 if value > frame.high else -1
        said = f"{point.when:%Y-%m-%d %H:%M}: {_short(value)}"
        said += f" ± {_short(error)}" if error else ""
        yield Dot(
            frame.x(point.when),
            frame.y(value),
            frame.y(value - error),
            frame.y(value + error),
            point.accepted,
            not point.repeated,
            beyond,
            f"{said} {unit}".rstrip() + ("" if point.accepted else ", not accepted"),
        )


def _drawn(dots: Sequence[Dot]) -> Iterator[tuple[str, str]]:
    """Dots as a few paths: a page with a thousand elements is slow."""
    for accepted, more in ((True, ""), (False, " rejected")):
        here = [dot for dot in dots if dot.accepted is accepted]
        within = [dot for dot in here if not dot.beyond]
        long = [d for d in within if d.fresh and d.low - d.high > 1]
        yield f"error{more}", "".join(f"M{d.x:.1f} {d.low:.1f}V{d.high:.1f}" for d in long)
        for fresh, kind in ((False, "dots again"), (True, "dots")):
            points = (f"M{d.x:.1f} {d.y:.1f}h0" for d in within if d.fresh is fresh)
            yield f"{kind}{more}", "".join(points)
        arrows = (f"M{d.x - 4:.1f} {d.y + 4 * d.beyond:.1f}h8l-4 {-7 * d.beyond}z" for d in here if d.beyond)
        yield f"dot{more}", "".join(arrows)


def _periods(series: SeriesView, frame: _Frame) -> Iterator[tuple[float, float, int]]:
    for number, limit in enumerate(series.limits):
        ends = series.limits[number + 1].since if number + 1 < len(series.limits) else None
        start = frame.x(limit.since)
        yield start, WIDTH - RIGHT if ends is None else frame.x(ends), number


def _limits(series: SeriesView, frame: _Frame) -> Iterator[Segment]:
    for start, end, number in _periods(series, frame):
        limit = series.limits[number]
        for value in (limit.lower, limit.upper):
            if value is not None and frame.within(value):
                said = f"{_short(value)} since {limit.since:%Y-%m-%d}"
                yield Segment(LEFT if number == 0 else start, end, frame.y(value), said)


def _accepted(series: SeriesView, frame: _Frame) -> Iterator[Band]:
    for start, end, number in _periods(series, frame):
        limit = series.limits[number]
        if limit.lower is None and limit.upper is None:
            continue
        top = frame.y(frame.high if limit.upper is None else limit.upper)
        bottom = frame.y(frame.low if limit.lower is None else limit.lower)
        start = LEFT if number == 0 else start
        yield Band(start, max(end - start, 0.0), top, max(bottom - top, 0.0))


def _baseline(series: SeriesView, frame: _Frame) -> Segment | None:
    value = series.baseline.value if series.baseline is not None else series.centre
    if value is None or not frame.within(value):
        return None
    what = "accepted baseline" if series.baseline is not None else "level of the reference"
    return Segment(LEFT, WIDTH - RIGHT, frame.y(value), f"{what} {_short(value)}")


def _tolerance(series: SeriesView, frame: _Frame) -> Band | None:
    if series.baseline is None:
        return None
    top = frame.y(series.baseline.value + series.baseline.tolerance)
    bottom = frame.y(series.baseline.value - series.baseline.tolerance)
    return Band(LEFT, WIDTH - RIGHT - LEFT, top, bottom - top) if bottom > top else None


def _levels(points: Sequence[Point], frame: _Frame) -> Iterator[Segment]:
    """Levels between steps of the values of distinct products, the last ones of very many."""
    fresh = [point for point in points if not point.repeated][-_LEVELS:]
    values = np.array([point.value for point in fresh], dtype=float)
    places = [0, *step_places(values), len(values)]
    if len(places) < 3:
        return
    for number, (start, end) in enumerate(pairwise(places)):
        level = float(np.median(values[start:end]))
        until = fresh[end].when if end < len(fresh) else frame.end
        said = f"level {_short(level)}" + (f" from {fresh[start].when:%Y-%m-%d}" if number else "")
        yield Segment(frame.x(fresh[start].when), frame.x(until), frame.y(level), said)


def _marks(series: SeriesView, versions: Sequence[VersionMark], frame: _Frame) -> tuple[Mark, ...]:
    """Changes and versions, in rows so that texts do not cover one another."""
    nights: dict[datetime, list[str]] = {}
    for each in series.changes:
        nights.setdefault(each.run, []).append(each.kind)
    told = [(night, ", ".join(kinds), "told") for night, kinds in nights.items()]
    told += [(mark.when, mark.text, "version") for mark in versions if frame.start <= mark.when <= frame.end]
    free = [LEFT - 1000.0] * _ROWS
    found = []
    for when, text, kind in sorted(told):
        text = text if len(text) <= 34 else f"{text[:33]}…"
        x, length = frame.x(when), _LETTER * len(text) + 8
        left = x + length > WIDTH
        starts = x - length if left else x
        row = next((number for number, end in enumerate(free) if end <= starts), -1)
        if row >= 0:
            free[row] = starts + length
        found.append(Mark(x, text if row >= 0 else "", max(row, 0), kind, left))
    return tuple(found)


def _ticks(low: float, high: float) -> Iterator[float]:
    """Round values, some five of them."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(each for each in (1, 2, 5, 10) if each * power >= rough)
    for number in range(math.ceil(low / step), math.floor(high / step) + 1):
        yield number * step


def _dates(frame: _Frame) -> Iterator[Tick]:
    """Some six dates, at midnight."""
    days = max(1, math.ceil((frame.end - frame.start) / timedelta(days=6)))
    moment = frame.start.replace(hour=0, minute=0, second=0, microsecond=0)
    while moment <= frame.end:
        if moment >= frame.start - timedelta(hours=12):
            yield Tick(frame.x(moment), f"{moment:%Y-%m-%d}")
        moment += timedelta(days=days)


def _short(value: float) -> str:
    return f"{value:.4g}"
