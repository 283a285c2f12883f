"""Recording a run: its measurements, what each series came to, and what changed, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from hubble_qa.reports.collect.results import Results
from hubble_qa.reports.history.changes import Changes
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.judged import Judged, Known, Name, judged_of, known_series, started_at
from hubble_qa.reports.history.registry import (
    next_number,
    number_environment,
    number_origins,
    number_rules,
    register_products,
)
from hubble_qa.reports.history.rows import add_rows
from hubble_qa.reports.history.tables import STATUSES, measurement, run, series

__all__ = ["Recorded", "record_run"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded of a run.

    Attributes
    ----------
    measurements, new_series, changes : int
        How many.
    already : bool
        Whether the run was recorded before; nothing was done then.
    late : bool
        Whether a run that started later was recorded before.
    unrecorded : int
        Earlier runs that are kept and could not be recorded either this time.
    """

    measurements: int = 0
    new_series: int = 0
    changes: int = 0
    already: bool = False
    late: bool = False
    unrecorded: int = 0


def record_run(connection: Connection, results: Results, channel: str, kept: str) -> Recorded:
    """Record what a run found.

    Of a run that is late, which started before the last one that was recorded, the measurements are
    recorded; what series came to by later runs stays.

    Parameters
    ----------
    connection : Connection
        Writes the history; nothing is recorded unless its transaction ends well.
    results : Results
        What the run found.
    channel : str
        The channel.
    kept : str
        Where its results are kept, below the directory of nights.

    Raises
    ------
    HistoryError
        If the channel is of other data: simulated or real, or simulated of another size.
    """
    found = results.run
    if connection.scalar(select(run.c.id).where(run.c.identifier == found.identifier)) is not None:
        return Recorded(already=True)
    _check_kind(connection, results, channel)
    last = connection.scalar(select(func.max(run.c.started)).where(run.c.channel == channel))
    late = last is not None and started_at(found).isoformat() < last
    judged = judged_of(results)
    number = next_number(connection, run)
    row = _run_row(connection, results, judged)
    connection.execute(insert(run), {**row, "id": number, "channel": channel, "results": kept, "late": late})
    known = known_series(connection, channel)
    new = _new_series(connection, judged, known, channel, results)
    register_products(connection, results, number)
    origins = number_origins(connection, {each.origin: each.verdict for each in judged})
    rules = number_rules(connection, {each.rule: each.verdict for each in judged})
    measured = [_measurement(each, number, known[each.name].id, origins.numbers) for each in judged]
    add_rows(connection, measurement, measured)
    changes = Changes(connection, results, channel, number, origins, rules).record(judged, known)
    return Recorded(len(measured), new, changes, late=late)


def _check_kind(connection: Connection, results: Results, channel: str) -> None:
    found = results.run
    before = connection.execute(
        select(run.c.archive, run.c.size).where(run.c.channel == channel).order_by(run.c.id.desc()).limit(1)
    ).first()
    if before is None:
        return
    old, new = _kind(before.archive, before.size), _kind(found.archive, found.size)
    if old != new:
        raise HistoryError(
            f"channel {channel} is of {old}, this run of {new}; they are not compared: give another --channel"
        )


def _kind(archive: str, size: str) -> str:
    return f"simulated data of {size or 'full'} size" if archive == "simulated" else "real data"


def _run_row(connection: Connection, results: Results, judged: Sequence[Judged]) -> dict[str, Any]:
    found = results.run
    return {
        "identifier": found.identifier,
        "started": started_at(found).isoformat(),
        "elapsed": found.elapsed,
        "archive": found.archive,
        "size": found.size,
        "command": found.command,
        "exit_status": found.exit_status,
        "asked": found.asked,
        "available": found.available,
        "complete": found.complete,
        "rejected": sum(not each.verdict.accepted for each in judged),
        "built": len({each.key for each in results.stages if not each.reused}),
        "environment": number_environment(connection, found.versions),
        "recorded": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _new_series(
    connection: Connection,
    judged: Sequence[Judged],
    known: dict[Name, Known],
    channel: str,
    results: Results,
) -> int:
    """Give numbers to the series that the channel has not had, and add them to those that are known."""
    instruments = {each.name: each.instrument for each in results.datasets}
    new = [each for each in judged if each.name not in known]
    if not new:
        return 0
    first = next_number(connection, series)
    rows = [
        (
            number,
            channel,
            *each.name,
            each.verdict.quantity,
            each.verdict.title,
            instruments.get(each.verdict.dataset, ""),
        )
        for number, each in enumerate(new, first)
    ]
    add_rows(connection, series, rows)
    known.update((each.name, Known(number)) for number, each in enumerate(new, first))
    return len(rows)


def _measurement(each: Judged, number: int, place: int, origins: Mapping[str, int]) -> tuple[Any, ...]:
    """A row of measurements, in the order of its columns."""
    v = each.verdict
    return (
        number,
        place,
        v.value,
        v.uncertainty,
        STATUSES.index(v.status),
        v.accepted,
        each.built,
        origins[each.origin],
    )
