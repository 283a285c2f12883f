"""Adding runs to a history: results are kept first, then recorded, with those that were missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, delete, func, select

from hubble_qa.reports.collect.results import Results
from hubble_qa.reports.history.database import prepare, set_damaged_aside, writing
from hubble_qa.reports.history.decisions import Decision, apply, decisions_of
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.nights import channels, keep, nights, read_night
from hubble_qa.reports.history.place import Place
from hubble_qa.reports.history.record import Recorded, record_run
from hubble_qa.reports.history.tables import metadata, run

__all__ = ["Caught", "add", "catch_up", "rebuild"]

# More runs than a run records beside its own: it would seem to hang.
_MISSED = 50


@dataclass(frozen=True, slots=True)
class Caught:
    """How many kept runs were recorded, and of each that was not a line that says why."""

    recorded: int
    problems: tuple[str, ...] = ()


def add(results: Results, text: str, place: Place, channel: str) -> Recorded:
    """Keep a run's results and record them, after those of earlier runs that could not be recorded.

    Parameters
    ----------
    results : Results
        What a run found.
    text : str
        The same, as results.json holds it.
    place : Place
        Where the history is kept.
    channel : str
        The channel.

    Raises
    ------
    HistoryError
        If the results cannot be kept, or cannot be recorded though they are kept.
    """
    path = keep(text, results.run, place.nights, channel)
    try:
        missed = [each for each in _missed(place, channel) if each != path]
        if len(missed) > _MISSED:
            raise HistoryError(
                f"{place.name}: {len(missed)} runs of channel {channel} are kept and not recorded; "
                "hubble-qa history record does it"
            )
        caught = _record(place, channel, missed)
        with writing(place) as connection:
            found = record_run(connection, results, channel, _name(path, place))
        return replace(found, unrecorded=len(caught.problems))
    except HistoryError as error:
        raise HistoryError(f"{error} (the results are kept: {path})") from error


def catch_up(place: Place) -> Caught:
    """Record the runs that are kept and were not recorded: of a night without a database, for one.

    Raises
    ------
    HistoryError
        If the database cannot be written.
    """
    prepare(place)
    recorded = 0
    problems: list[str] = []
    for channel in channels(place.nights):
        caught = _record(place, channel, _missed(place, channel, everything=True))
        with writing(place) as connection:
            for each in decisions_of(place, channel):
                apply(connection, channel, each)
        recorded += caught.recorded
        problems += caught.problems
    return Caught(recorded, tuple(problems))


def rebuild(place: Place) -> Caught:
    """Make the database again from the results that are kept.

    Other writers wait meanwhile, and readers see what was there before. A file that is no database any more
    is set aside first.

    Raises
    ------
    HistoryError
        If it cannot be written; it is left as it was then.
    """
    set_damaged_aside(place)
    recorded = 0
    problems: list[str] = []
    with writing(place) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
        for channel in channels(place.nights):
            decisions = tuple(decisions_of(place, channel))
            for path in nights(place.nights, channel):
                problem = _record_one(connection, place, channel, path, decisions)
                recorded += not problem
                problems += [problem] if problem else []
    return Caught(recorded, tuple(problems))


def _missed(place: Place, channel: str, *, everything: bool = False) -> list[Path]:
    """The runs of a channel that are kept and not recorded, from the day of the last that is, or all."""
    with writing(place) as connection:
        known = set(connection.scalars(select(run.c.results).where(run.c.channel == channel)))
        last = connection.scalar(select(func.max(run.c.started)).where(run.c.channel == channel))
    since = "" if everything or last is None else last[:10]
    return [path for path in nights(place.nights, channel, since) if _name(path, place) not in known]


def _record(place: Place, channel: str, paths: Sequence[Path]) -> Caught:
    recorded = 0
    problems: list[str] = []
    for path in paths:
        with writing(place) as connection:
            problem = _record_one(connection, place, channel, path)
        recorded += not problem
        problems += [problem] if problem else []
    return Caught(recorded, tuple(problems))


def _record_one(
    connection: Connection, place: Place, channel: str, path: Path, decisions: Sequence[Decision] = ()
) -> str:
    """Record a run that is kept, with what was decided on it, and return why it could not be, or nothing."""
    try:
        results = read_night(path)
        record_run(connection, results, channel, _name(path, place))
    except HistoryError as error:
        return str(error)
    for each in decisions:
        if each.run == results.run.identifier:
            apply(connection, channel, each)
    return ""


def _name(path: Path, place: Place) -> str:
    return path.relative_to(place.nights).as_posix()
