"""What pages show of a history, as data: nights, changes, series."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from hubble_qa.reports.history.cause import Cause

if TYPE_CHECKING:
    from hubble_qa.reports.history.comparison import Comparison

__all__ = [
    "Baseline",
    "ChangeView",
    "HistoryView",
    "LimitsView",
    "NightView",
    "Point",
    "SeriesName",
    "SeriesView",
    "VersionMark",
]


class SeriesName(NamedTuple):
    """What makes verdicts of different nights a series, within a channel."""

    dataset: str
    criterion: str
    subject: str
    unit: str


@dataclass(frozen=True, slots=True)
class NightView:
    """A run of a channel.

    Attributes
    ----------
    started : datetime
        When it was started.
    identifier : str
        The run's.
    judged, rejected : int
        Verdicts, and those that were not accepted.
    complete : bool
        Whether it was asked for everything and came to its end.
    changes : mapping of str to int
        What it told, by kind.
    """

    started: datetime
    identifier: str
    judged: int
    rejected: int
    complete: bool = True
    changes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangeView:
    """Something that a run told of a series.

    Attributes
    ----------
    series : SeriesName
        The series.
    kind : str
        ``"new failure"``, ``"fixed"``, ``"drift"`` …
    run, since : datetime
        Start of the run that told it, and of that with which it began.
    before, after : float or None
        The values that were compared.
    causes : tuple of Cause
        Why; empty where it is not known.
    """

    series: SeriesName
    kind: str
    run: datetime
    since: datetime
    before: float | None
    after: float | None
    causes: tuple[Cause, ...] = ()


class Point(NamedTuple):
    """A value of a series; ``repeated`` tells that the run found the product in the store."""

    when: datetime
    value: float | None
    uncertainty: float | None
    accepted: bool
    repeated: bool


class LimitsView(NamedTuple):
    """Limits of a series from a run on, with the reason where they are no default ones."""

    since: datetime
    lower: float | None
    upper: float | None
    bounds: str
    reason: str = ""


class VersionMark(NamedTuple):
    """Versions that changed with a run, in words: ``"drizzlepac 3.11.0 → 3.12.0"``."""

    when: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """A value that somebody accepted as what a series is to be."""

    value: float
    tolerance: float
    who: str
    made: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A series, for the page that shows it.

    Attributes
    ----------
    name : SeriesName
        The series.
    title : str
        That of its criterion.
    points : tuple of Point
        Its values, by date.
    limits : tuple of LimitsView
        By date.
    changes : tuple of ChangeView
        By date.
    count : int
        Distinct products.
    centre, width : float or None
        Level and scatter of the reference; None before there is one.
    level : float
        Drift: 1 and more is one.
    baseline : Baseline or None
        The one that holds.
    """

    name: SeriesName
    title: str
    points: tuple[Point, ...]
    limits: tuple[LimitsView, ...] = ()
    changes: tuple[ChangeView, ...] = ()
    count: int = 0
    centre: float | None = None
    width: float | None = None
    level: float = 0.0
    baseline: Baseline | None = None


@dataclass(frozen=True, slots=True)
class HistoryView:
    """What the pages of a run's report show of the history.

    Attributes
    ----------
    channel : str
        That of the run.
    run : datetime
        Start of the run.
    nights : mapping of str to tuple of NightView
        Runs by channel, that of the run first, by date.
    changes : tuple of ChangeView
        What the run told.
    earlier : tuple of ChangeView
        What the runs before told.
    lasting : mapping of SeriesName to tuple of str
        Series that are chronic, flaky, missing or drift, beyond what this run told, and which of these;
        nothing of a run that is not the last.
    recent : mapping of SeriesName to tuple of Point
        The last values of the run's series, for sparklines.
    series : tuple of SeriesView
        Series that have a page.
    versions : tuple of VersionMark
        When versions changed, in the channel.
    comparison : Comparison or None
        The run beside the one before; None of a run that built nothing, and of the first.
    """

    channel: str
    run: datetime
    nights: Mapping[str, tuple[NightView, ...]]
    changes: tuple[ChangeView, ...] = ()
    earlier: tuple[ChangeView, ...] = ()
    lasting: Mapping[SeriesName, tuple[str, ...]] = field(default_factory=dict)
    recent: Mapping[SeriesName, tuple[Point, ...]] = field(default_factory=dict)
    series: tuple[SeriesView, ...] = ()
    versions: tuple[VersionMark, ...] = ()
    comparison: Comparison | None = None

    @property
    def before(self) -> datetime | None:
        """Start of the run before, of the same channel; None where it is the first."""
        starts = sorted(each.started for each in self.nights.get(self.channel, ()))
        until = starts[: bisect_right(starts, self.run)]
        # The last of them is this run: another may have started in the same second.
        return until[-2] if len(until) > 1 else None
