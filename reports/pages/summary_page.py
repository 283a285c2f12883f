"""The summary for print: what a run came to, and what was found of each dataset, in a line each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hubble_qa.reports.pages.pages import DatasetPage, Finding
from hubble_qa.reports.pages.summary import State

__all__ = ["SUMMARY", "DatasetLines", "Line", "summary_lines"]

SUMMARY = "summary.html"

_MOST = 8
"""Findings of a dataset that the summary names, the worst of them; its page has all."""


@dataclass(frozen=True, slots=True)
class Line:
    """One finding, warning or known defect.

    Attributes
    ----------
    state : State
        How it counts.
    criterion, title : str
        What it is about; of what was not measured for one reason, the first criterion.
    subject, value, bounds, distance : str
        The worst of its verdicts.
    more : int
        Number of its other verdicts.
    words : str
        What was found besides the value; of a known defect, what to do.
    link : str
        Where it is told in full.
    """

    state: State
    criterion: str
    title: str
    subject: str
    value: str
    bounds: str
    distance: str
    more: int
    words: str
    link: str


@dataclass(frozen=True, slots=True)
class DatasetLines:
    """A dataset and its lines, the worst first; ``left_out`` is the number of those that are not shown."""

    page: DatasetPage
    lines: tuple[Line, ...]
    left_out: int


def summary_lines(pages: Iterable[DatasetPage]) -> tuple[DatasetLines, ...]:
    """Summarise datasets' pages, in their order."""
    return tuple(_of(page) for page in pages)


def _of(page: DatasetPage) -> DatasetLines:
    found: Sequence[Finding] = (*page.findings, *page.warnings, *page.known)
    lines = tuple(_line(each, page.file) for each in found[:_MOST])
    return DatasetLines(page, lines, len(found) - len(lines) + page.findings_left_out)


def _line(found: Finding, file: str) -> Line:
    worst = found.rows[0]
    verdict = worst.verdict
    known = found.state is State.EXPECTED
    return Line(
        state=found.state,
        criterion=verdict.criterion,
        title=found.title,
        subject=verdict.subject,
        value=worst.value,
        bounds="" if worst.counted else worst.bounds,
        distance=worst.distance,
        more=len(found.rows) - 1,
        words=verdict.expected_remedy or verdict.expected or "" if known else worst.remark,
        link=f"{file}#{found.anchor}",
    )
