"""How much of all that there is a run was asked for, and whether its report may replace an earlier one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hubble_qa.reports.collect.results import DERIVED

__all__ = ["PARTIAL", "EarlierReport", "Extent", "earlier_report", "extent_of"]

PARTIAL = "partial"
"""Directory in a complete report that holds the report of a partial run."""


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
        document = json.loads(results.read_text(encoding="utf-8"))
        run = document["run"]
        return EarlierReport(
            started=str(run["started"]),
            complete=bool(run.get("complete", True)),
            verdicts=Counter(
                str(verdict["dataset"])
                for verdict in document["verdicts"]
                if not str(verdict.get("criterion", "")).startswith(DERIVED)
            ),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


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
