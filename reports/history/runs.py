"""The runs of a history, found by what a user calls them, and what each told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, func, select

from hubble_qa.reports.history.cause import Cause
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.reasons import causes_of_text
from hubble_qa.reports.history.tables import change, measurement, run, series

__all__ = ["LAST", "Listed", "Told", "find_run", "listed_runs", "told_in"]

LAST = "last"
"""Name of the last run of all."""
_SHOWN = "identifier", "channel", "started", "complete", "rejected", "built", "archive", "size", "command"


@dataclass(frozen=True, slots=True)
class Listed:
    """A run: ``judged`` values, ``rejected`` ones, products ``built``, and numbers of ``changes`` by kind."""

    id: int
    identifier: str
    channel: str
    started: str
    complete: bool
    rejected: int
    built: int
    archive: str
    size: str
    command: str
    judged: int = 0
    changes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """A change of a series in a run."""

    dataset: str
    criterion: str
    subject: str
    unit: str
    kind: str
    since: str
    before: float | None
    after: float | None
    causes: tuple[Cause, ...]


def find_run(connection: Connection, name: str) -> Listed:
    """Find a run.

    Parameters
    ----------
    connection : Connection
        Reads the history.
    name : str
        The beginning of its identifier; a channel, for the last complete run of it, or `LAST`.

    Raises
    ------
    HistoryError
        If there is none, or more than one.
    """
    latest = select(run).order_by(run.c.started.desc(), run.c.identifier.desc()).limit(2)
    if name == LAST:
        found: Sequence[Row[tuple[object, ...]]] = connection.execute(latest.limit(1)).all()
    else:
        of_channel = latest.where(run.c.channel == name).limit(1)
        found = connection.execute(of_channel.where(run.c.complete)).all()
        found = found or connection.execute(of_channel).all()
        if not found and name:
            found = connection.execute(latest.where(run.c.identifier.startswith(name, autoescape=True))).all()
    if not found:
        raise HistoryError(f"{name}: neither a run nor a channel of the history; see hubble-qa history list")
    if len(found) > 1:
        raise HistoryError(f"{name} begins the names of several runs; give more of it")
    return _listed(connection, found)[0]


def listed_runs(connection: Connection, channel: str = "", last: int = 0) -> list[Listed]:
    """Runs by date.

    Parameters
    ----------
    connection : Connection
        Reads the history.
    channel : str
        Only those of a channel; of all by default.
    last : int
        Only so many, the last ones; all by default.
    """
    wanted = select(run).order_by(run.c.started.desc(), run.c.identifier.desc())
    if channel:
        wanted = wanted.where(run.c.channel == channel)
    if last:
        wanted = wanted.limit(last)
    return _listed(connection, connection.execute(wanted).all()[::-1])


def _listed(connection: Connection, rows: Sequence[Row[tuple[object, ...]]]) -> list[Listed]:
    found = []
    for row in rows:
        kinds = select(change.c.kind, func.count()).where(change.c.run == row.id).group_by(change.c.kind)
        judged = connection.scalar(select(func.count()).where(measurement.c.run == row.id))
        changes = {each[0]: each[1] for each in connection.execute(kinds.order_by(change.c.kind))}
        values = {name: getattr(row, name) for name in _SHOWN}
        found.append(Listed(row.id, **values, judged=judged or 0, changes=changes))
    return found


def told_in(connection: Connection, number: int) -> list[Told]:
    """What a run told, by criterion and subject."""
    rows = connection.execute(
        select(series, change)
        .join(change, change.c.series == series.c.id)
        .where(change.c.run == number)
        .order_by(change.c.kind, series.c.criterion, series.c.dataset, series.c.subject)
    )
    return [
        Told(
            row.dataset,
            row.criterion,
            row.subject,
            row.unit,
            row.kind,
            row.since,
            row.before,
            row.after,
            causes_of_text(row.causes),
        )
        for row in rows
    ]
