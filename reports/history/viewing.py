"""What pages show of a history, read from its database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select

from hubble_qa.checks.trends.drift import Drift
from hubble_qa.checks.trends.outcomes import CHRONIC_AFTER, is_flaky
from hubble_qa.reports.history.cause import Cause, Kind, cause_text
from hubble_qa.reports.history.causes import differences
from hubble_qa.reports.history.comparison import Comparison, compare_runs
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.memory import drifts_where
from hubble_qa.reports.history.past import outcomes_of
from hubble_qa.reports.history.reasons import causes_of_text
from hubble_qa.reports.history.runs import listed_runs
from hubble_qa.reports.history.tables import (
    change,
    environment,
    measurement,
    run,
    series,
    series_state,
)
from hubble_qa.reports.history.view import (
    ChangeView,
    HistoryView,
    NightView,
    Point,
    SeriesName,
    VersionMark,
)
from hubble_qa.reports.history.viewing_series import series_views

__all__ = ["MOST_PAGES", "drift_states", "history_view"]

MOST_PAGES = 60
"""Series that have a page, the most urgent of those that changed lately, are rejected or drift."""

_RECENT = 40
"""Runs of which values are shown beside verdicts."""
_OTHERS = 130
"""Runs of each other channel in the calendar."""
_NEWS = 30
"""Runs with changes that are told of, and whose series have pages."""
_FORGOTTEN = timedelta(days=30)
"""Age from which on a series that is missing is told of no more."""
_URGENT = ("new failure", "drift", "not reproducible", "flaky", "missing", "chronic", "fixed")

_Names = Mapping[int, SeriesName]


def history_view(connection: Connection, identifier: str) -> HistoryView:
    """Read what the pages of a run's report show.

    Parameters
    ----------
    connection : Connection
        Reads the history.
    identifier : str
        The run's, which is recorded.

    Raises
    ------
    HistoryError
        If the history does not have the run.
    """
    this = connection.execute(select(run).where(run.c.identifier == identifier)).first()
    if this is None:
        raise HistoryError(f"the history has no run {identifier}: record it first")
    return _Reader(connection, this).view()


def drift_states(connection: Connection, identifier: str) -> dict[str, dict[str, Drift]]:
    """Read the states of the series of a run that are watched for drift.

    Parameters
    ----------
    connection : Connection
        Reads the history.
    identifier : str
        The run's.

    Returns
    -------
    dict
        Of each dataset, the states by criterion and subject; of a run that is not the last of its channel
        none, for states are those of now.
    """
    state, of_run = series_state, select(run.c.id).where(run.c.identifier == identifier)
    watched = or_(state.c.width.is_not(None), state.c.baseline.is_not(None))
    here = state.c.run.in_(of_run) & watched
    drifts = drifts_where(connection, here)
    rows = connection.execute(
        select(series.c.id, series.c.dataset, series.c.criterion, series.c.subject)
        .join(state, state.c.series == series.c.id)
        .where(here)
        .order_by(series.c.id)
    )
    found: dict[str, dict[str, Drift]] = {}
    for place, dataset, criterion, subject in rows:
        found.setdefault(dataset, {})[f"{criterion} {subject}".strip()] = drifts[place]
    return found


class _Reader:
    """Reads the history up to a run.

    Parameters
    ----------
    connection : Connection
        Reads the history.
    this : Row
        The run.
    """

    def __init__(self, connection: Connection, this: Row[Any]) -> None:
        self._connection = connection
        self._this = this
        self._when = datetime.fromisoformat(this.started)
        self._names: _Names = {
            row.id: SeriesName(row.dataset, row.criterion, row.subject, row.unit)
            for row in connection.execute(select(series).where(series.c.channel == this.channel))
        }

    def view(self) -> HistoryView:
        """All of it."""
        told = [*self._changes(self._told())]
        now = tuple(each for _, each in told if each.run == self._when)
        earlier = tuple(each for _, each in told if each.run < self._when)
        lasting = self._lasting() if self._is_last() else {}
        places = self._with_page(told, lasting)
        fresh = {(each.series, each.kind) for each in now}
        return HistoryView(
            channel=self._this.channel,
            run=self._when,
            nights=self._nights(),
            changes=now,
            earlier=earlier,
            lasting={
                self._names[place]: tuple(kind for kind in kinds if (self._names[place], kind) not in fresh)
                for place, kinds in lasting.items()
            },
            recent=self._recent(),
            series=tuple(series_views(self._connection, self._this, places, self._names, self._of(places))),
            versions=tuple(self._versions()),
            comparison=self._comparison(),
        )

    def _is_last(self) -> bool:
        """Whether the run is the last of its channel: what lasts is known of now only."""
        last = select(func.max(run.c.started)).where(run.c.channel == self._this.channel)
        return bool(self._connection.scalar(last) == self._this.started)

    def _comparison(self) -> Comparison | None:
        """The run beside the one before, if it built anything."""
        if not self._this.built:
            return None
        runs = listed_runs(self._connection, self._this.channel)
        place = next(number for number, each in enumerate(runs) if each.id == self._this.id)
        return compare_runs(self._connection, runs[place - 1], runs[place]) if place else None

    def _upto(self, statement: Select[Any]) -> Select[Any]:
        """Of the runs of the channel, up to this one."""
        return statement.where(run.c.channel == self._this.channel, run.c.started <= self._this.started)

    def _nights(self) -> dict[str, tuple[NightView, ...]]:
        """The runs of each channel, this one's first."""
        counts: dict[int, dict[str, int]] = {}
        of_run = select(change.c.run, change.c.kind, func.count()).group_by(change.c.run, change.c.kind)
        for place, kind, count in self._connection.execute(of_run):
            counts.setdefault(place, {})[kind] = count
        found: dict[str, list[NightView]] = {self._this.channel: []}
        rows = self._connection.execute(
            select(run).where(run.c.started <= self._this.started).order_by(run.c.started)
        )
        for row in rows:
            night = NightView(
                datetime.fromisoformat(row.started),
                row.identifier,
                row.asked,
                row.rejected,
                row.complete,
                counts.get(row.id, {}),
            )
            found.setdefault(row.channel, []).append(night)
        return {
            channel: tuple(nights if channel == self._this.channel else nights[-_OTHERS:])
            for channel, nights in found.items()
        }

    def _told(self) -> Sequence[int]:
        """The run, and the last ones that told something."""
        with_news = self._upto(select(run.c.id).join(change, change.c.run == run.c.id))
        rows = self._connection.scalars(
            with_news.group_by(run.c.id, run.c.started).order_by(run.c.started.desc()).limit(_NEWS)
        )
        return [self._this.id, *rows]

    def _changes(
        self, runs: Iterable[int], of: Iterable[int] | None = None
    ) -> Iterator[tuple[int, ChangeView]]:
        """What runs told, or all runs of some series, by date."""
        wanted = change.c.run.in_([*runs]) if of is None else change.c.series.in_([*of])
        rows = self._connection.execute(
            self._upto(select(change, run.c.started).join(run, run.c.id == change.c.run))
            .where(wanted)
            .order_by(run.c.started, change.c.series)
        )
        for row in rows:
            yield (
                row.series,
                ChangeView(
                    self._names[row.series],
                    row.kind,
                    datetime.fromisoformat(row.started),
                    datetime.fromisoformat(row.since),
                    row.before,
                    row.after,
                    causes_of_text(row.causes),
                ),
            )

    def _of(self, places: Sequence[int]) -> dict[int, list[ChangeView]]:
        """What was told of series."""
        found: dict[int, list[ChangeView]] = {}
        for place, each in self._changes((), places):
            found.setdefault(place, []).append(each)
        return found

    def _lasting(self) -> dict[int, tuple[str, ...]]:
        """Series that are chronic, flaky, missing or drift."""
        state = series_state
        rows = self._connection.execute(
            select(
                state.c.series,
                state.c.accepted,
                state.c.since,
                state.c.missing,
                state.c.drifted,
                run.c.started,
            )
            .join(series, series.c.id == state.c.series)
            .join(run, run.c.id == state.c.run)
            .where(series.c.channel == self._this.channel)
        )
        flaky = self._flaky()
        found = {}
        for place, accepted, since, missing, drifted, last in rows:
            old = self._when - datetime.fromisoformat(since) >= CHRONIC_AFTER
            holds = {"flaky": place in flaky, "chronic": not accepted and old, "drift": drifted}
            kinds = tuple(kind for kind, so in holds.items() if so)
            if missing:
                kinds = ("missing",) if datetime.fromisoformat(last) >= self._when - _FORGOTTEN else ()
            if kinds:
                found[place] = kinds
        return found

    def _flaky(self) -> frozenset[int]:
        """Series that are flaky now, of those that were once."""
        once = select(change.c.series).where(change.c.kind == "flaky")
        places = [place for place in self._connection.scalars(once.distinct()) if place in self._names]
        outcomes = outcomes_of(self._connection, places)
        return frozenset(place for place, several in outcomes.items() if is_flaky(several))

    def _with_page(
        self, told: Sequence[tuple[int, ChangeView]], lasting: Mapping[int, Sequence[str]]
    ) -> list[int]:
        """Series that have a page, the most urgent first."""
        now = {place for place, each in told if each.run == self._when and each.kind in _URGENT}
        lately = {place for place, each in told if each.kind in _URGENT}
        state = series_state
        rejected = self._connection.scalars(
            select(state.c.series).where(
                state.c.accepted.is_(False), state.c.missing.is_(False), state.c.run == self._this.id
            )
        )
        moved = sorted(
            (each for _, each in told if each.run == self._when and each.kind not in _URGENT),
            key=lambda each: abs((each.after or 0.0) - (each.before or 0.0)),
        )
        place_of = {name: place for place, name in self._names.items()}
        order = [
            *sorted(now),
            *sorted(lasting),
            *sorted(rejected),
            *sorted(lately),
            *(place_of[each.series] for each in moved),
        ]
        return [each for each in dict.fromkeys(order) if each in self._names][:MOST_PAGES]

    def _recent(self) -> dict[SeriesName, tuple[Point, ...]]:
        """The last values of the series of this run."""
        m = measurement
        runs = self._connection.execute(
            self._upto(select(run.c.id, run.c.started)).order_by(run.c.started.desc()).limit(_RECENT)
        ).all()
        here = {*self._connection.scalars(select(m.c.series).where(m.c.run == self._this.id))}
        found: dict[int, list[Point]] = {place: [] for place in here}
        for number, started in reversed(runs):
            when = datetime.fromisoformat(started)
            rows = self._connection.execute(
                select(m.c.series, m.c.value, m.c.uncertainty, m.c.accepted, m.c.built).where(
                    m.c.run == number
                )
            )
            for place, value, uncertainty, accepted, built in rows.all():  # all at once takes half the time
                if place in here:
                    found[place].append(Point(when, value, uncertainty, accepted, not built))
        return {self._names[place]: tuple(points) for place, points in found.items()}

    def _versions(self) -> Iterator[VersionMark]:
        """When what is installed changed."""
        rows = self._connection.execute(
            self._upto(select(run.c.started, environment.c.versions, run.c.environment))
            .join(environment, environment.c.id == run.c.environment)
            .order_by(run.c.started)
        ).all()
        for before, after in pairwise(rows):
            if before.environment == after.environment:
                continue
            changed = differences(json.loads(before.versions), json.loads(after.versions))
            texts = [cause_text(Cause(Kind.TOOL, *each)) for each in changed]
            if texts:
                more = f", {len(texts) - 1} more" if len(texts) > 1 else ""
                yield VersionMark(datetime.fromisoformat(after.started), f"{texts[0]}{more}")
