"""Pruning a history: runs that told nothing go, or all that are old."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, select

from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.place import Place
from hubble_qa.reports.history.tables import (
    baseline,
    change,
    limits,
    measurement,
    received,
    run,
    series_state,
)

__all__ = ["prunable", "prune", "remove_results"]


def prunable(
    connection: Connection, older_than: float, channel: str = "", *, everything: bool = False
) -> list[tuple[int, str, str]]:
    """Number, identifier and results of runs that may go.

    The last run of each channel, and runs that something still refers to, stay: limits, baselines, files
    that were received, and what series came to last.

    Parameters
    ----------
    connection : Connection
        Reads the history.
    older_than : float
        Days since they were started.
    channel : str
        Only those of a channel.
    everything : bool
        Also those that built something or told of a change.
    """
    before = (datetime.now(UTC) - timedelta(days=older_than)).isoformat()
    last = select(func.max(run.c.id)).group_by(run.c.channel)
    wanted = select(run.c.id, run.c.identifier, run.c.results).where(
        run.c.started < before, run.c.id.not_in(last)
    )
    for table in (limits, baseline, received, series_state):
        wanted = wanted.where(run.c.id.not_in(select(table.c.run)))
    if not everything:
        wanted = wanted.where(run.c.built == 0, run.c.id.not_in(select(change.c.run)))
    if channel:
        wanted = wanted.where(run.c.channel == channel)
    return [
        (row.id, row.identifier, row.results) for row in connection.execute(wanted.order_by(run.c.started))
    ]


def prune(connection: Connection, chosen: Sequence[tuple[int, str, str]]) -> None:
    """Remove runs, as `prunable` returns them, with their measurements; what series came to stays."""
    for number, _, _ in chosen:
        for table in (measurement, change):
            connection.execute(delete(table).where(table.c.run == number))
        connection.execute(delete(run).where(run.c.id == number))


def remove_results(place: Place, chosen: Sequence[tuple[int, str, str]]) -> None:
    """Remove the results of runs that have been pruned: while they are kept, the runs can be recorded again.

    Raises
    ------
    HistoryError
        If one cannot be removed.
    """
    for _, _, results in chosen:
        path = place.nights / results
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise HistoryError(f"{path}: {error.strerror}") from error
        with suppress(OSError):  # other runs of that day
            path.parent.rmdir()
