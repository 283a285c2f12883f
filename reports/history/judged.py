"""The verdicts of a run as a history takes them, and what it knows of their series."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from hubble_qa.reports.collect.results import DERIVED, NOT_RUN, Results, RunRecord, VerdictRecord
from hubble_qa.reports.history.registry import origin_digest, rule_digest
from hubble_qa.reports.history.tables import run, series, series_state

__all__ = [
    "Judged",
    "Known",
    "Name",
    "judged_of",
    "known_series",
    "started_at",
]

Name = tuple[str, str, str, str]
"""A series within a channel: dataset, criterion, subject, unit."""


class Judged(NamedTuple):
    """A verdict, its series, digests of what it is of and of what decides it, whether any of it was built."""

    verdict: VerdictRecord
    name: Name
    origin: str
    rule: str
    built: bool


class Known(NamedTuple):
    """A series, and what it came to last: None where it has come to nothing yet."""

    id: int
    started: str | None = None
    origin: int | None = None
    rule: int | None = None
    status: int | None = None
    accepted: bool | None = None
    value: float | None = None
    missing: bool | None = None
    streak: int | None = None
    baseline: int | None = None


def started_at(run: RunRecord) -> datetime:
    """When a run started, UTC."""
    return datetime.fromisoformat(run.started).astimezone(UTC)


def judged_of(results: Results) -> tuple[Judged, ...]:
    """The verdicts that count, one a series; of a run that did not come to its end, of tests that did."""
    return tuple(_judged(results))


def _judged(results: Results) -> Iterator[Judged]:
    built = {each.key for each in results.stages if not each.reused and each.outcome != "blocked"}
    seen: set[Name] = set()
    for each in results.verdicts:
        lost = each.status == "not measured" and NOT_RUN in each.reason and not results.run.complete
        derived = each.criterion.startswith(DERIVED)
        name = each.dataset, each.criterion, each.subject, each.unit
        if not lost and not derived and name not in seen:
            seen.add(name)
            fresh = not built.isdisjoint(each.products.values())
            yield Judged(each, name, origin_digest(each), rule_digest(each), fresh)


def known_series(connection: Connection, channel: str) -> dict[Name, Known]:
    """The series of a channel."""
    s, state = series.c, series_state.c
    last = (run.c.started, *(state[name] for name in Known._fields[2:]))
    rows = connection.execute(
        select(s.dataset, s.criterion, s.subject, s.unit, s.id, *last)
        .outerjoin(series_state, state.series == s.id)
        .outerjoin(run, run.c.id == state.run)
        .where(s.channel == channel)
    )
    return {(row[0], row[1], row[2], row[3]): Known(*row[4:]) for row in rows.all()}
