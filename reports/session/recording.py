"""Recording a run in a history: whatever goes wrong there, verdicts and exit status stay."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hubble_qa.fixtures.suite.options import Options
from hubble_qa.reports.collect.results import Results, results_text
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.place import Place, place_of, valid_channel

__all__ = ["Kept", "check_history", "place_of_run", "record_results"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a run in its history: a line that says it, and whether it was recorded."""

    line: str
    recorded: bool


def place_of_run(options: Options) -> Place:
    """Where a run's history is kept.

    Raises
    ------
    HistoryError
        If that is no place for one.
    """
    return place_of(options.history, options.nights)


def check_history(options: Options) -> None:
    """Refuse a history that could not be kept.

    Raises
    ------
    HistoryError
        One line that names it.
    """
    if options.history:
        valid_channel(options.channel)
        place_of_run(options)


def record_results(results: Results, options: Options) -> Kept | None:
    """Record what a run found; None where it keeps no history."""
    if not options.history:
        return None
    from hubble_qa.reports.history.keeping import add

    try:
        place = place_of_run(options)
        found = add(results, results_text(results), place, options.channel)
    except HistoryError as error:
        return Kept(f"Not recorded in the history: {error}", False)
    except Exception as error:  # a defect here must not cost a night its report
        return Kept(f"Not recorded in the history: {type(error).__name__}: {error}", False)
    if found.already:
        return Kept(f"History: this run is in channel {options.channel} already", True)
    changes = f"{found.changes} change{'' if found.changes == 1 else 's'}" if found.changes else "no changes"
    late = ", after a later run: hubble-qa history rebuild puts them in order" if found.late else ""
    if found.unrecorded:
        late += f"; {found.unrecorded} earlier not recorded: hubble-qa history record says why"
    values = f"{found.measurements} value{'' if found.measurements == 1 else 's'}"
    where = Path(place.name).name if place.file else place.name
    return Kept(f"History: {values} recorded in channel {options.channel} of {where}, {changes}{late}", True)
