"""What pages show of the history, worked out before any HTML is written."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from hubble_qa.reports.collect.results import VerdictRecord
from hubble_qa.reports.history.cause import Cause, cause_text, grouped
from hubble_qa.reports.history.view import ChangeView, HistoryView, SeriesName, SeriesView
from hubble_qa.reports.pages.calendar import Calendar, calendars
from hubble_qa.reports.pages.pages import DatasetPage
from hubble_qa.reports.pages.sparklines import Sparkline, sparkline
from hubble_qa.reports.pages.summary import State
from hubble_qa.reports.words.numerals import value_text
from hubble_qa.reports.words.text import safe_name

__all__ = ["FOLDER", "HISTORY", "KINDS", "CauseGroup", "ChangeRow", "HistoryPages", "SeriesPage", "series_of"]

HISTORY = "history.html"
"""Page with the calendar and the series."""
FOLDER = "history"
"""Directory of the pages of series."""

KINDS: Mapping[str, State] = {
    "new failure": State.FAIL,
    "missing": State.NOT_MEASURED,
    "not reproducible": State.NOT_MEASURED,
    "flaky": State.NOT_MEASURED,
    "chronic": State.FAIL,
    "drift": State.WARN,
    "fixed": State.PASS,
    "no longer told": State.NOT_TOLD,
    "moved": State.NOT_JUDGED,
}
"""Kinds of changes, the most urgent first, and the state that each is shown as."""

_SHOWN = 8
"""Changes of one cause that are shown in full."""
_NIGHTS = 30
"""Nights with changes that are listed, the last ones."""


def series_of(verdict: VerdictRecord) -> SeriesName:
    """The series that a verdict is of."""
    return SeriesName(verdict.dataset, verdict.criterion, verdict.subject, verdict.unit)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change as it is shown.

    Attributes
    ----------
    change : ChangeView
        The change.
    state : State
        As what it is shown.
    page : str
        Page of its series, from the report's directory; empty where it has none.
    dataset : str
        Page of its dataset; empty where the run had none.
    before, after : str
        The values.
    """

    change: ChangeView
    state: State
    page: str
    dataset: str
    before: str
    after: str

    @property
    def values(self) -> str:
        """From which value to which."""
        unit = self.change.series.unit
        before, after = (
            f"{each} {unit}".rstrip() if each else "no value" for each in (self.before, self.after)
        )
        if self.change.kind == "missing":
            return f"was {before}"
        return after if before == after else f"{before.removesuffix(unit).rstrip()} → {after}"


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """Changes that have the same causes."""

    causes: tuple[str, ...]
    rows: tuple[ChangeRow, ...]

    @property
    def shown(self) -> tuple[ChangeRow, ...]:
        """The most urgent, which are shown at once."""
        return self.rows[:_SHOWN]

    @property
    def more(self) -> tuple[ChangeRow, ...]:
        """The others."""
        return self.rows[_SHOWN:]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many there are of each kind, the most urgent first."""
        counts = Counter(row.change.kind for row in self.rows)
        return {kind: counts[kind] for kind in sorted(counts, key=_urgency)}

    @property
    def state(self) -> State:
        """That of the most urgent."""
        return self.rows[0].state


@dataclass(frozen=True, slots=True)
class SeriesPage:
    """A series that has a page."""

    series: SeriesView
    file: str
    spark: Sparkline | None
    lasting: tuple[str, ...]
    dataset: str

    @property
    def state(self) -> State:
        """What it is now."""
        kinds = [kind for kind in KINDS if kind in self.lasting]
        points = self.series.points
        rejected = bool(points) and not points[-1].accepted
        return State.FAIL if rejected else KINDS[kinds[0]] if kinds else State.PASS

    @property
    def now(self) -> str:
        """The same in words."""
        if "missing" in self.lasting:
            return "missing"
        points = self.series.points
        accepted = "accepted" if not points or points[-1].accepted else "not accepted"
        return ", ".join([accepted, *self.lasting])

    @property
    def last(self) -> ChangeView | None:
        """What was told of it last."""
        return self.series.changes[-1] if self.series.changes else None


class HistoryPages:
    """The history beside a run's pages.

    Parameters
    ----------
    view : HistoryView
        What the history holds.
    pages : sequence of DatasetPage
        The run's pages of datasets.
    """

    def __init__(self, view: HistoryView, pages: Sequence[DatasetPage]) -> None:
        self.view = view
        self._datasets = {page.name: page for page in pages}
        taken: set[str] = set()
        self._files: dict[SeriesName, str] = {}
        for each in view.series:
            name = safe_name("-".join(each.name[:3]), taken)
            taken.add(name.casefold())
            self._files[each.name] = f"{FOLDER}/{name}.html"

    @cached_property
    def _anchors(self) -> Mapping[SeriesName, str]:
        """Where the pages of datasets show the verdicts of series."""
        return {series_of(row.verdict): row.anchor for page in self._datasets.values() for row in page.rows}

    @property
    def before(self) -> datetime | None:
        """Start of the run that this one is compared with."""
        return self.view.before

    @cached_property
    def groups(self) -> tuple[CauseGroup, ...]:
        """What the run told, by cause; the most urgent first."""
        return self.by_cause(self.view.changes)

    @cached_property
    def calendars(self) -> tuple[Calendar, ...]:
        """The nights of each channel."""
        return calendars(self.view.nights)

    @cached_property
    def nights_with_news(self) -> tuple[tuple[datetime, tuple[CauseGroup, ...]], ...]:
        """The last nights that told something, with what, the last first."""
        by_night: dict[datetime, list[ChangeView]] = {}
        for each in (*self.view.changes, *self.view.earlier):
            by_night.setdefault(each.run, []).append(each)
        nights = sorted(by_night, reverse=True)[:_NIGHTS]
        return tuple((night, self.by_cause(by_night[night])) for night in nights)

    @cached_property
    def series(self) -> tuple[SeriesPage, ...]:
        """The series that have a page."""
        return tuple(self._series(each) for each in self.view.series)

    @cached_property
    def lasting(self) -> Mapping[str, int]:
        """How many series are chronic, flaky, missing or drift."""
        counts = Counter(kind for kinds in self.view.lasting.values() for kind in kinds)
        return {kind: counts[kind] for kind in sorted(counts, key=_urgency)}

    def by_cause(self, changes: Iterable[ChangeView]) -> tuple[CauseGroup, ...]:
        """Gather changes by cause."""
        found = [
            CauseGroup(_texts(causes), tuple(sorted(rows, key=_row_urgency)))
            for causes, rows in grouped((each.causes, self._row(each)) for each in changes)
        ]
        return tuple(sorted(found, key=lambda each: (_row_urgency(each.rows[0])[0], -len(each.rows))))

    def told(self, page: SeriesPage) -> tuple[tuple[ChangeRow, tuple[str, ...]], ...]:
        """What was told of a series, with causes, the last first."""
        return tuple((self._row(each), _texts(each.causes)) for each in reversed(page.series.changes))

    def file(self, verdict: VerdictRecord) -> str:
        """Page of a verdict's series, from the report's directory; empty where it has none."""
        return self._files.get(series_of(verdict), "")

    def spark(self, verdict: VerdictRecord) -> Sparkline | None:
        """The last values of a verdict's series."""
        points = self.view.recent.get(series_of(verdict), ())
        return sparkline(points, verdict.lower, verdict.upper, verdict.unit)

    def _row(self, change: ChangeView) -> ChangeRow:
        name = change.series
        dataset = self._datasets.get(name.dataset)
        before, after = _pair(change.before, change.after)
        return ChangeRow(
            change,
            KINDS.get(change.kind, State.NOT_JUDGED),
            self._files.get(name, ""),
            dataset.file if dataset is not None else "",
            before,
            after,
        )

    def _series(self, series: SeriesView) -> SeriesPage:
        limits = series.limits[-1] if series.limits else None
        lower, upper = (limits.lower, limits.upper) if limits else (None, None)
        dataset = self._datasets.get(series.name.dataset)
        file = dataset.file if dataset is not None else ""
        anchor = self._anchors.get(series.name, "")
        return SeriesPage(
            series,
            self._files[series.name],
            sparkline(series.points, lower, upper, series.name.unit),
            self.view.lasting.get(series.name, ()),
            f"{file}#{anchor}" if anchor else file,
        )


def _texts(causes: Sequence[Cause]) -> tuple[str, ...]:
    return tuple(cause_text(each) for each in causes) or ("cause not known",)


def _urgency(kind: str) -> int:
    order = [*KINDS]
    return order.index(kind) if kind in order else len(order)


def _row_urgency(row: ChangeRow) -> tuple[int, str, str, str]:
    return (_urgency(row.change.kind), *row.change.series[:3])


def _pair(before: float | None, after: float | None) -> tuple[str, str]:
    """Two values, with two digits of their difference."""
    spread = None if before is None or after is None or before == after else abs(after - before)
    return _value(before, spread), _value(after, spread)


def _value(value: float | None, spread: float | None) -> str:
    if value is None:
        return ""
    if spread is None or value == 0:
        return value_text(value)
    digits = math.floor(math.log10(abs(value))) - math.floor(math.log10(spread)) + 2
    return f"{value:.{min(max(digits, 3), 15)}g}"
