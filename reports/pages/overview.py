"""What the index shows: of few datasets all, of many the worst in full and a light row of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hubble_qa.reports.pages.pages import DatasetPage, Finding
from hubble_qa.reports.pages.summary import RunSummary, StageFailure, State

__all__ = ["Cause", "Overview", "overview"]

_FEW = 60
"""Datasets that the index shows in full."""

_IN_MATRIX = 24
"""Datasets of many that have a row of cells; the worst."""

_IN_FULL = 6
"""Datasets of many whose findings stand on the index; the worst, with their first findings."""

_FINDINGS = 2
_FAILURES = 12
_LINES = 20
_CRITERIA = 5
"""Criteria that are named in a dataset's row; its page has all."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings of many datasets by one criterion.

    Attributes
    ----------
    state : State
        How they count.
    criterion, title : str
        What they are about.
    datasets, verdicts : int
        How many there are.
    worst : DatasetPage
        The worst of the datasets.
    anchor : str
        Where its page tells of it.
    """

    state: State
    criterion: str
    title: str
    datasets: int
    verdicts: int
    worst: DatasetPage
    anchor: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What the index shows.

    Attributes
    ----------
    pages : tuple of DatasetPage
        All datasets, worst first.
    many : bool
        Whether they are too many to be shown in full.
    in_matrix : tuple of DatasetPage
        Those that have a row of cells.
    in_full : tuple of DatasetPage
        Those whose findings are shown.
    causes : tuple of Cause
        Of many datasets, findings and known defects by criterion; the worst state first, then what most
        datasets have.
    states : mapping of State to int
        How many datasets are in each state, worst first.
    """

    pages: tuple[DatasetPage, ...]
    many: bool
    in_matrix: tuple[DatasetPage, ...]
    in_full: tuple[DatasetPage, ...]
    causes: tuple[Cause, ...]
    states: Mapping[State, int]

    def findings(self, page: DatasetPage) -> tuple[Finding, ...]:
        """What is shown of a dataset that is shown in full."""
        return page.findings[:_FINDINGS] if self.many else page.findings

    def failures(self, summary: RunSummary) -> tuple[StageFailure, ...]:
        """Failed stages that are shown with their logs."""
        return summary.failures[:_FAILURES] if self.many else summary.failures

    def lines(self, lines: Sequence[str]) -> Sequence[str]:
        """Lines of one kind that are shown, and how many are not."""
        more = len(lines) - _LINES
        return lines if more <= 0 else [*lines[:_LINES], f"{more} more of this kind are in results.json"]

    def criteria(self, page: DatasetPage) -> tuple[Finding, ...]:
        """The findings that are named in a dataset's row, then its known defects."""
        return (*page.findings, *page.known)[:_CRITERIA]

    def others(self, page: DatasetPage) -> int:
        """Number of findings and known defects that are not named in a dataset's row."""
        return len(page.findings) + page.findings_left_out + len(page.known) - len(self.criteria(page))


def overview(pages: Sequence[DatasetPage]) -> Overview:
    """Work out the index.

    Parameters
    ----------
    pages : sequence of DatasetPage
        All datasets, worst first.
    """
    every = tuple(pages)
    many = len(every) > _FEW
    found = tuple(page for page in every if page.findings)
    states = Counter(page.summary.shown for page in every)
    return Overview(
        pages=every,
        many=many,
        in_matrix=every[:_IN_MATRIX] if many else every,
        in_full=found[:_IN_FULL] if many else found,
        causes=tuple(_causes(every)) if many else (),
        states={state: states[state] for state in State if states[state]},
    )


def _causes(pages: Sequence[DatasetPage]) -> Iterator[Cause]:
    found: dict[tuple[State, str], list[tuple[DatasetPage, Finding]]] = {}
    for page in pages:
        for each in (*page.findings, *page.known):
            found.setdefault((each.state, each.criteria[0]), []).append((page, each))
    ranks = list(State)
    order = sorted(found.items(), key=lambda entry: (ranks.index(entry[0][0]), -len(entry[1]), entry[0][1]))
    for (state, criterion), group in order:
        worst, first = group[0]
        yield Cause(
            state,
            criterion,
            first.title,
            len({page.name for page, _ in group}),
            sum(len(each.rows) for _, each in group),
            worst,
            first.anchor,
        )
