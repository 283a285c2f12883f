"""The last outcomes of series, a row each: a night adds short rows that lie together.

With all outcomes of a series in one row, to read and to write again what was known already took most of the
time of recording a night on which everything is new.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, select

from hubble_qa.checks.trends.outcomes import MOST_OUTCOMES, Outcome
from hubble_qa.reports.history.rows import AT_ONCE, portions
from hubble_qa.reports.history.tables import measurement, origin, outcome, rule, run, series_state

__all__ = ["had_product", "outcomes_of", "place_of_outcome"]


def place_of_outcome(number: int) -> int:
    """Place of a series' outcome by its number, from 0 on: that of the one that is forgotten for it."""
    return number % MOST_OUTCOMES


def outcomes_of(connection: Connection, places: Collection[int]) -> dict[int, tuple[Outcome, ...]]:
    """The last outcomes of series, as many as are remembered.

    Only of the last one of each is it known since when the series has been accepted, or rejected.

    Parameters
    ----------
    connection : Connection
        Reads the history.
    places : collection of int
        Numbers of the series.
    """
    return {place: found for some in portions(places) for place, found in _outcomes(connection, some)}


def _outcomes(connection: Connection, places: Collection[int]) -> Iterator[tuple[int, tuple[Outcome, ...]]]:
    o = outcome.c
    rows: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(
        select(o.series, o.place, o.started, origin.c.digest.label("key"), o.accepted, o.value)
        .add_columns(rule.c.digest.label("rule"), o.built, o.previous)
        .join(origin, origin.c.id == o.origin)
        .join(rule, rule.c.id == o.rule)
        .where(*_among(places))
    ):
        rows.setdefault(row.series, []).append(row)
    s = series_state.c
    states = select(s.series, s.outcomes, s.since, run.c.started).join(run, run.c.id == s.run)
    for place, count, since, last in connection.execute(states.where(s.series.in_(places))):
        # Where the next one is to be, there is the first.
        several = sorted(rows[place], key=lambda row: place_of_outcome(row.place - count))
        untils = *(row.previous for row in several[1:]), last
        streaks = *(None for _ in several[1:]), _time(since)
        yield place, tuple(map(_outcome, several, untils, streaks))


def _outcome(row: Row[Any], until: str, since: datetime | None) -> Outcome:
    return Outcome(
        when=_time(row.started),
        key=row.key,
        accepted=row.accepted,
        value=row.value,
        rule=row.rule,
        built=row.built,
        until=_time(until) if until > row.started else None,
        since=since,
    )


def had_product(connection: Connection, number: int, places: Collection[int]) -> frozenset[int]:
    """Those of a run's series of which an earlier outcome that is remembered was of the same product.

    Parameters
    ----------
    connection : Connection
        Reads the history.
    number : int
        Number of the run, which has its measurements, and no outcomes yet.
    places : collection of int
        Numbers of the series.
    """
    m, o = measurement.c, outcome.c
    same = (m.run == number) & (m.series == o.series) & (m.origin == o.origin)
    found = select(o.series).join(measurement, same)
    if len(places) > AT_ONCE:
        return frozenset(connection.scalars(found)).intersection(places)
    return frozenset(connection.scalars(found.where(*_among(places))))


def _among(places: Collection[int]) -> tuple[Any, ...]:
    """Outcomes of series: both columns of the key are named, for there is no other index."""
    return outcome.c.place.in_(range(MOST_OUTCOMES)), outcome.c.series.in_(places)


# Outcomes share few times: those of the runs.
_time = cache(datetime.fromisoformat)
