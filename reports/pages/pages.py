"""What each page of the report shows, worked out before any HTML is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hubble_qa.reports.collect.results import DRAWN_FACT, CriterionRecord, StageRecord
from hubble_qa.reports.figures.figure_data import HOW_MADE
from hubble_qa.reports.pages.gallery import Figure, FigureGroup, figure_groups
from hubble_qa.reports.pages.graph import Drawing, draw_plan
from hubble_qa.reports.pages.rows import CriterionRows, Row, criterion_rows, rows_of
from hubble_qa.reports.pages.summary import (
    REJECTING,
    CriterionSummary,
    DatasetSummary,
    State,
    summarise_criteria,
)
from hubble_qa.reports.pages.topics import topics_text
from hubble_qa.reports.pages.wording import headline, part_text

__all__ = [
    "DatasetPage",
    "Finding",
    "Matrix",
    "dataset_page",
    "matrices",
    "settings_of",
]

_SHOWN = 6
"""Rejected verdicts of one criterion that are shown in full; the others are among the verdicts."""

_NAMED = 8
"""Subjects that are named of those whose verdicts say the same."""

_MOSAIC = "drizzled"

_MOST_FINDINGS = 60
"""What a page shows of very many reasons, the worst of them; all verdicts are in results.json."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Verdicts that were rejected for one reason: by one criterion, or because one stage failed."""

    anchor: str
    state: State
    title: str
    criteria: tuple[str, ...]
    rows: tuple[Row, ...]
    figure: Figure | None
    remedy: str = ""

    @property
    def shown(self) -> tuple[tuple[Row, str], ...]:
        """The worst of the verdicts, which are shown in full, and of what; those that say the same, once."""
        alike = [(rows[0], subjects_text(row.verdict.subject for row in rows)) for rows in self._alike()]
        return tuple(alike[:_SHOWN])

    @property
    def more(self) -> int:
        """Number of verdicts that are not shown."""
        return sum(map(len, self._alike()[_SHOWN:]))

    def _alike(self) -> list[list[Row]]:
        """Verdicts of the same value, limits and words together, in the order of the first."""
        grouped: dict[tuple[str, str, str], list[Row]] = {}
        for row in self.rows:
            # Without words a verdict has but its value to tell.
            own = row.remark or row.verdict.subject
            grouped.setdefault((row.value, row.bounds, own), []).append(row)
        return [*grouped.values()]

    @property
    def by_criterion(self) -> list[tuple[Row, int]]:
        """The first verdict of each criterion, and how many it has here."""
        count = Counter(row.verdict.criterion for row in self.rows)
        first = {row.verdict.criterion: row for row in reversed(self.rows)}
        return [(first[criterion], count[criterion]) for criterion in self.criteria]

    @property
    def missing_together(self) -> bool:
        """Whether these were not measured, all for the same reason."""
        return self.state is State.NOT_MEASURED


@dataclass(frozen=True, slots=True)
class DatasetPage:
    """One dataset's page."""

    summary: DatasetSummary
    file: str
    headline: str
    findings: tuple[Finding, ...]
    rows: tuple[Row, ...]
    figures: tuple[Figure, ...]
    plan: Drawing | None
    criteria: tuple[CriterionRows, ...]
    anchors: Mapping[str, str]
    rows_left_out: int = 0
    findings_left_out: int = 0
    topics: str = ""
    known: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    @property
    def tables(self) -> tuple[Figure, ...]:
        """The figures that are tables, but for those of how images were made."""
        return tuple(
            each for each in self.figures if each.record.kind == "table" and each.record.figure != HOW_MADE
        )

    @property
    def histories(self) -> tuple[Figure, ...]:
        """The tables of how images were made."""
        return tuple(each for each in self.figures if each.record.figure == HOW_MADE)

    @property
    def images(self) -> tuple[Figure, ...]:
        """The figures that are images."""
        return tuple(each for each in self.figures if each.record.kind != "table")

    @property
    def picture(self) -> Figure | None:
        """What the dataset is recognised by: the figure of its first finding, mosaic or first image."""
        found = [each.figure for each in self.findings if each.figure and each.figure.path]
        shown = [each for each in self.images if each.path]
        mosaics = [each for each in shown if each.record.figure == _MOSAIC]
        return next(iter([*found, *mosaics, *shown]), None)

    @property
    def galleries(self) -> tuple[FigureGroup, ...]:
        """The figures that are images, by exposure."""
        return figure_groups(self.images)

    @property
    def drawn(self) -> str:
        """How many of many files are drawn, in a sentence; empty where all are."""
        fact = self.summary.record.facts.get(DRAWN_FACT, "")
        return f"Of many files the first are drawn: {fact}." if fact else ""

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.summary.record.name

    def anchor(self, criterion: str) -> str:
        """Where the page first shows a criterion: in a finding, or in the table."""
        for finding in (*self.findings, *self.known):
            if criterion in finding.criteria:
                return finding.anchor
        return self.anchors[criterion]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The datasets of one workflow, worst first, by the criteria that judge any of them."""

    workflow: str
    pages: tuple[DatasetPage, ...]
    criteria: tuple[CriterionSummary, ...]


def matrices(pages: Sequence[DatasetPage]) -> tuple[Matrix, ...]:
    """Sort datasets' pages, the worst first, by workflow; the workflow of the worst comes first."""
    grouped: dict[str, list[DatasetPage]] = {}
    for page in pages:
        grouped.setdefault(page.summary.record.workflow, []).append(page)
    return tuple(
        Matrix(workflow, tuple(group), summarise_criteria(v for page in group for v in page.summary.verdicts))
        for workflow, group in grouped.items()
    )


def dataset_page(
    summary: DatasetSummary, file: str, figures: Sequence[Figure], criteria: Sequence[CriterionRecord] = ()
) -> DatasetPage:
    """Work out a dataset's page.

    Parameters
    ----------
    summary : DatasetSummary
        The dataset, rolled up.
    file : str
        Name of the page's file.
    figures : sequence of Figure
        The dataset's figures, as copied into the report.
    criteria : sequence of CriterionRecord, optional
        What it was judged by.
    """
    rows = rows_of(summary.verdicts, figures, criteria)
    groups = criterion_rows(rows)
    found = _findings(rows, {record.id: record.remedy for record in criteria})
    return DatasetPage(
        summary=summary,
        file=file,
        headline=_headline(summary),
        findings=found[:_MOST_FINDINGS],
        rows=rows,
        figures=tuple(replace(each, explains=_explained(each, rows)) for each in figures),
        plan=draw_plan(summary.stages),
        criteria=groups,
        anchors={group.lead.verdict.criterion: group.anchor for group in groups},
        rows_left_out=len(summary.verdicts) - len(rows),
        findings_left_out=len(found[_MOST_FINDINGS:]),
        topics=topics_text(summary.verdicts, [summary.record]),
        known=_accepted(rows, State.EXPECTED, "known"),
        warnings=_accepted(rows, State.WARN, "warning"),
    )


def _headline(summary: DatasetSummary) -> str:
    if summary.record.absent and not summary.verdicts:
        return "Absent from the archive"
    part = part_text(len(summary.verdicts), summary.record.available)
    return headline(summary.state, summary.counts, len(summary.failed_stages), part=part)


def _explained(figure: Figure, rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """Criteria of the verdicts that lead to a figure, each with the first; else of all that name it."""
    led = [row for row in rows if row.figure is not None and row.figure.anchor == figure.anchor]
    naming = (row for row in rows if row.verdict.figure and row.verdict.figure == figure.record.figure)
    named = led or [*naming]
    named.sort(key=lambda row: row.verdict.subject != figure.record.subject)
    anchors = {row.verdict.criterion: row.anchor for row in reversed(named)}
    return tuple(sorted(anchors.items()))


def subjects_text(subjects: Iterable[str]) -> str:
    """Subjects one after the other: the parts of a file after its first without its name; of many the first.

    ``"u40x010hm_c0m SCI,1, SCI,2, SCI,3"``
    """
    names = list(subjects)
    texts, previous = [], ""
    for name in names[:_NAMED]:
        file, _, part = name.partition(" ")
        texts.append(part if part and file == previous else name)
        previous = file
    more = len(names) - _NAMED
    return ", ".join(texts) + (f" and {more} more" if more > 0 else "")


def _findings(rows: Iterable[Row], remedies: Mapping[str, str]) -> tuple[Finding, ...]:
    grouped: dict[tuple[State, str], list[Row]] = {}
    for row in rows:
        if row.state in REJECTING:
            missing = row.state is State.NOT_MEASURED
            reason = row.verdict.reason if missing else row.verdict.criterion
            grouped.setdefault((row.state, reason), []).append(row)
    return tuple(
        _finding(number, state, group, remedies)
        for number, ((state, _), group) in enumerate(grouped.items(), start=1)
    )


def _accepted(rows: Iterable[Row], state: State, anchor: str) -> tuple[Finding, ...]:
    """Known defects or warnings, each with all that it concerns."""
    grouped: dict[tuple[str, str | None], list[Row]] = {}
    for row in rows:
        if row.state is state:
            grouped.setdefault((row.verdict.criterion, row.verdict.expected), []).append(row)
    return tuple(
        replace(_finding(number, state, group, {}), anchor=f"{anchor}-{number}")
        for number, group in enumerate(grouped.values(), start=1)
    )


def _finding(number: int, state: State, rows: Sequence[Row], remedies: Mapping[str, str]) -> Finding:
    return Finding(
        anchor=f"finding-{number}",
        state=state,
        title=rows[0].verdict.title,
        criteria=tuple(dict.fromkeys(row.verdict.criterion for row in rows)),
        rows=tuple(rows),
        figure=next((row.figure for row in rows if row.figure and row.value), None),
        remedy=remedies.get(rows[0].verdict.criterion, ""),
    )


def settings_of(stage: StageRecord) -> list[tuple[str, str]]:
    """Settings of a stage as names and text, nested ones joined by dots."""
    return list(_flat(stage.settings, ""))


def _flat(settings: Mapping[str, object], prefix: str) -> Iterable[tuple[str, str]]:
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_scalar, value))
    return "none" if value is None else str(value)
