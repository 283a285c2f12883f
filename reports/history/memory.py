"""What is remembered of series besides their outcomes: the states of their CUSUMs, with the references."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from hubble_qa.checks.trends.drift import Drift
from hubble_qa.reports.history.rows import AT_ONCE, portions, put
from hubble_qa.reports.history.tables import baseline, measurement, reference, series_state

__all__ = [
    "DRIFT_COLUMNS",
    "NOTHING",
    "Memory",
    "add_references",
    "drift_values",
    "drifts_where",
    "memories_of",
    "with_references",
]


class Memory(NamedTuple):
    """What is remembered of a series besides its outcomes.

    Attributes
    ----------
    since : str
        Start of the run since which it has been accepted, or rejected.
    outcomes : int
        How many it has had.
    drift : Drift
        The state of its CUSUM; of the reference only how many values there are, none of them a number, until
        `with_references` reads them.
    """

    since: str
    outcomes: int
    drift: Drift


DRIFT_COLUMNS = (
    "drifted",
    "count",
    "last",
    "reference",
    "centre",
    "width",
    "up",
    "down",
    "up_from",
    "down_from",
)
"""Columns of `series_state` that hold a CUSUM, in order; what was accepted is in the row of its baseline."""

NOTHING = Memory("", 0, Drift())
"""What is remembered of a new series."""


def memories_of(connection: Connection, places: Collection[int], number: int) -> dict[int, Memory]:
    """What is remembered of series.

    Parameters
    ----------
    connection : Connection
        Reads the history.
    places : collection of int
        Numbers of the series, which have come to something.
    number : int
        Number of a run that has measurements of all of them.
    """
    s, wanted = series_state.c, frozenset(places)
    # Thousands are selected in half the time of naming them.
    of_run = select(measurement.c.series).where(measurement.c.run == number)
    here = s.series.in_(places if len(places) <= AT_ONCE else of_run)
    rows = connection.execute(_states(s.series, s.since, s.outcomes).where(here)).all()
    return {row[0]: Memory(row[1], row[2], _drift(*row[3:])) for row in rows if row[0] in wanted}


def drift_values(drift: Drift) -> tuple[Any, ...]:
    """What `DRIFT_COLUMNS` hold of a CUSUM."""
    return (
        drift.drifted,
        drift.count,
        drift.last,
        len(drift.reference),
        drift.centre,
        drift.width,
        drift.up,
        drift.down,
        drift.up_from,
        drift.down_from,
    )


def drifts_where(connection: Connection, condition: Any) -> dict[int, Drift]:
    """States of the CUSUMs, with references as in `Memory`, of series by a condition on `series_state`."""
    rows = connection.execute(_states(series_state.c.series).where(condition)).all()
    return {row[0]: _drift(*row[1:]) for row in rows}


def _states(*columns: Any) -> Select[Any]:
    b = baseline.c
    drift = (series_state.c[name] for name in DRIFT_COLUMNS[1:])
    return select(*columns, b.value, b.tolerance, *drift).outerjoin(baseline, b.id == series_state.c.baseline)


def _drift(
    accepted: float | None,
    tolerance: float | None,
    count: int,
    last: float | None,
    values: int,
    centre: float | None,
    width: float | None,
    *sums: Any,
) -> Drift:
    return Drift(count, last, _unread(values), centre, width, accepted, tolerance or 0.0, *sums)


@cache
def _unread(values: int) -> tuple[float, ...]:
    return (float("nan"),) * values


def with_references(connection: Connection, memories: Mapping[int, Memory]) -> dict[int, Memory]:
    """Memories, by the numbers of their series, with the values of references."""
    lengths = {place: len(each.drift.reference) for place, each in memories.items()}
    found: dict[int, list[float]] = {place: [] for place in lengths}
    r = reference.c
    for some in portions(place for place, length in lengths.items() if length):
        # Both columns of the key are named: there is no other index.
        here = r.place.in_(range(max(lengths[place] for place in some))), r.series.in_(some)
        for place, value in connection.execute(select(r.series, r.value).where(*here).order_by(r.place)):
            found[place].append(value)
    return {
        place: each._replace(
            drift=replace(each.drift, reference=tuple(found[place][: len(each.drift.reference)]))
        )
        for place, each in memories.items()
    }


def add_references(connection: Connection, changed: Iterable[tuple[int, Drift, Drift]]) -> None:
    """Write the values that references have come to have.

    Parameters
    ----------
    connection : Connection
        Writes the history.
    changed : iterable of tuple
        Numbers of series with the states of their CUSUMs before, of whose reference only the length counts,
        and after.
    """
    put(connection, reference, list(_added(changed)))


def _added(changed: Iterable[tuple[int, Drift, Drift]]) -> Iterator[tuple[int, int, float]]:
    for place, before, after in changed:
        for number in range(len(before.reference), len(after.reference)):
            yield number, place, after.reference[number]
