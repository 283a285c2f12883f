"""Series with all their values, read from a history's database for the pages that show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from hubble_qa.reports.history.memory import drifts_where
from hubble_qa.reports.history.tables import (
    baseline,
    limits,
    measurement,
    rule,
    run,
    series,
    series_state,
)
from hubble_qa.reports.history.view import Baseline, ChangeView, LimitsView, Point, SeriesName, SeriesView

__all__ = ["series_views"]


def series_views(
    connection: Connection,
    this: Row[Any],
    places: Sequence[int],
    names: Mapping[int, SeriesName],
    told: Mapping[int, Sequence[ChangeView]],
) -> Iterator[SeriesView]:
    """Read series up to a run.

    Parameters
    ----------
    connection : Connection
        Reads the history.
    this : Row
        The run.
    places : sequence of int
        Numbers of the series.
    names : mapping of int to SeriesName
        Their names.
    told : mapping of int to sequence of ChangeView
        What was told of them, by date.
    """
    points, ruled = _points(connection, this, places), _limits(connection, this, places)
    rows = connection.execute(select(series.c.id, series.c.title).where(series.c.id.in_(places)))
    titles = {row.id: row.title for row in rows}
    drifts = drifts_where(connection, series_state.c.series.in_(places))
    accepted = _baselines(connection, places)
    for place in places:
        drift = drifts.get(place)
        yield SeriesView(
            name=names[place],
            title=titles[place],
            points=tuple(points.get(place, ())),
            limits=tuple(ruled.get(place, ())),
            changes=tuple(told.get(place, ())),
            count=drift.count if drift else 0,
            centre=drift.centre if drift else None,
            width=drift.width if drift else None,
            level=drift.level if drift else 0.0,
            baseline=accepted.get(place),
        )


def _points(connection: Connection, this: Row[Any], places: Sequence[int]) -> dict[int, list[Point]]:
    """Values by date."""
    m = measurement
    values: Select[Any] = select(
        m.c.series, run.c.started, m.c.value, m.c.uncertainty, m.c.accepted, m.c.built
    )
    rows = connection.execute(
        values.join(run, run.c.id == m.c.run)
        .where(run.c.channel == this.channel, run.c.started <= this.started, m.c.series.in_(places))
        .order_by(run.c.started)
    )
    found: dict[int, list[Point]] = {}
    times: dict[str, datetime] = {}
    for place, started, value, uncertainty, accepted, built in rows.all():
        when = times.get(started)
        if when is None:
            when = times[started] = datetime.fromisoformat(started)
        found.setdefault(place, []).append(Point(when, value, uncertainty, accepted, not built))
    return found


def _limits(connection: Connection, this: Row[Any], places: Sequence[int]) -> dict[int, list[LimitsView]]:
    """Limits by date; a rule that differs in its code alone is no other limit."""
    rows = connection.execute(
        select(limits.c.series, limits.c.valid_from, rule)
        .join(rule, rule.c.id == limits.c.rule)
        .where(limits.c.series.in_(places), limits.c.valid_from <= this.started)
        .order_by(limits.c.valid_from)
    )
    found: dict[int, list[LimitsView]] = {}
    for row in rows:
        mine = found.setdefault(row.series, [])
        since = datetime.fromisoformat(row.valid_from)
        lower = None if row.floor else row.lower
        here = LimitsView(since, lower, row.upper, row.bounds, row.reason)
        if not mine or mine[-1][1:] != here[1:]:
            mine.append(here)
    return found


def _baselines(connection: Connection, places: Sequence[int]) -> dict[int, Baseline]:
    rows = connection.execute(
        select(series_state.c.series, baseline)
        .join(baseline, baseline.c.id == series_state.c.baseline)
        .where(series_state.c.series.in_(places))
    )
    return {
        row[0]: Baseline(row.value, row.tolerance, row.who, datetime.fromisoformat(row.made), row.reason)
        for row in rows
    }
