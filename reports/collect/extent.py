"""How much of all that there is a run was asked for, and whether its report may replace an earlier one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hubble_qa.reports.collect.results import DERIVED

__all__ = ["PARTIAL", "EarlierReport", "Extent", "earlier_report", "extent_of"]

PARTIAL = "partial"
"""Directory in a complete report that holds the report of a partial run."""

# How the lines of results.json begin that hold the run, and that come before the verdicts'.
_RUN, _VERDICTS = '"run": ', '"verdicts": [\n'


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a run was asked for.

    Attributes
    ----------
    complete : bool
        Whether that is all there is, and the run came to its end.
    omitted : mapping of str to int
        Verdicts of each dataset of the run that it was not asked for.
    elsewhere : int
        Verdicts of datasets that it was not asked for.
    complete_report : str
        When the run of the complete report was started beside which this run's lies; empty where there
        is none.
    """

    complete: bool = True
    omitted: Mapping[str, int] = field(default_factory=dict)
    elsewhere: int = 0
    complete_report: str = ""


@dataclass(frozen=True, slots=True)
class EarlierReport:
    """A report that is there.

    Attributes
    ----------
    started : str
        When its run was started, ISO 8601 UTC.
    complete : bool
        Whether that run was asked for all verdicts and came to its end; so are the reports of versions
        that did not say.
    verdicts : mapping of str to int
        Number of verdicts by dataset.
    """

    started: str
    complete: bool
    verdicts: Mapping[str, int]


def earlier_report(results: Path) -> EarlierReport | None:
    """Read of an earlier report's results.json, of any version, what it was; None where there is none."""
    try:
        with suppress(ValueError), results.open(encoding="utf-8") as lines:
            return _by_lines(lines)
        document = json.loads(results.read_text(encoding="utf-8"))
        return _earlier(document["run"], document["verdicts"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _by_lines(lines: Iterator[str]) -> EarlierReport:
    """Read results that are written a record a line, of which there may be very many.

    Raises
    ------
    ValueError
        If they are not written so.
    """
    run: Mapping[str, Any] = {}
    for line in lines:
        if line.startswith(_RUN):
            run = json.loads(line.removeprefix(_RUN).rstrip(",\n"))
        elif line == _VERDICTS and run:
            return _earlier(run, _records(lines))
    raise ValueError("no verdicts, a line each")


def _records(lines: Iterator[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        if line.startswith("]"):
            return
        yield json.loads(line.rstrip(",\n"))
    raise ValueError("the verdicts have no end")


def _earlier(run: Mapping[str, Any], verdicts: Iterable[Mapping[str, Any]]) -> EarlierReport:
    return EarlierReport(
        started=str(run["started"]),
        complete=bool(run.get("complete", True)),
        verdicts=Counter(
            str(verdict["dataset"])
            for verdict in verdicts
            if not str(verdict.get("criterion", "")).startswith(DERIVED)
        ),
    )


def extent_of(
    earlier: EarlierReport | None, omitted: Mapping[str, int], others: Collection[str], *, ended: bool
) -> Extent:
    """How much a run was asked for, beside what an earlier report holds.

    Parameters
    ----------
    earlier : EarlierReport or None
        The report that is where this run's is to be.
    omitted : mapping of str to int
        Verdicts of each dataset that the run was not asked for.
    others : collection of str
        Datasets that the run was not asked for.
    ended : bool
        Whether all tests that were asked for came to their end.
    """
    whole = earlier is not None and earlier.complete
    verdicts = earlier.verdicts if earlier is not None and whole else {}
    elsewhere = sum(count for name, count in verdicts.items() if name in others)
    complete = ended and not any(omitted.values()) and not elsewhere
    beside = earlier.started if earlier is not None and whole and not complete else ""
    return Extent(complete, omitted, elsewhere, beside)
