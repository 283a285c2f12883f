"""What each page of the report shows, worked out before any HTML is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hubble_qa.reports.collect.results import FigureRecord, StageRecord, VerdictRecord
from hubble_qa.reports.figures.figure_data import Table
from hubble_qa.reports.pages.gauge import Gauge, distance_text, gauge, relative_margin
from hubble_qa.reports.pages.graph import Drawing, draw_plan
from hubble_qa.reports.pages.summary import (
    REJECTING,
    CriterionSummary,
    DatasetSummary,
    State,
    state_of,
    summarise_criteria,
)
from hubble_qa.reports.pages.wording import bounds_text, headline, number, remark, value_with_unit
from hubble_qa.reports.words.text import file_names

__all__ = [
    "DatasetPage",
    "Figure",
    "Finding",
    "Matrix",
    "Row",
    "dataset_page",
    "figure_anchors",
    "matrices",
    "settings_of",
]

_SHOWN = 6
"""Rejected verdicts of one criterion that are shown in full; the others are in the table."""

_MOST_ROWS = 2000
_MOST_FINDINGS = 60
"""What a page shows of very many verdicts, the worst of them; all are in results.json."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as shown.

    Attributes
    ----------
    record : FigureRecord
        The record.
    anchor : str
        Where it is on the page.
    path, data : str
        Its image and its data file, relative to the page; empty where they could not be copied.
    size : (int, int) or None
        Width and height of the image in pixels, if known.
    plot : str
        Its points, as JSON, for the page's script to draw; empty where it has none.
    table : Table or None
        Its rows, of a table.
    explains : tuple of (str, str)
        Criteria whose verdicts it shows, and where the page has those.
    """

    record: FigureRecord
    anchor: str
    path: str = ""
    size: tuple[int, int] | None = None
    data: str = ""
    plot: str = ""
    table: Table | None = None
    explains: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A verdict as shown in a table."""

    verdict: VerdictRecord
    state: State
    anchor: str
    value: str
    number: str
    bounds: str
    remark: str
    gauge: Gauge | None
    relative: float | None
    figure: Figure | None

    @property
    def distance(self) -> str:
        """How far from its limits the value lies, in words."""
        return distance_text(self.verdict.value, self.verdict.lower, self.verdict.upper)


@dataclass(frozen=True, slots=True)
class Finding:
    """Verdicts that were not accepted for one reason: by one criterion, or because one stage failed."""

    anchor: str
    state: State
    title: str
    criteria: tuple[str, ...]
    rows: tuple[Row, ...]
    figure: Figure | None

    @property
    def shown(self) -> tuple[Row, ...]:
        """The worst of the verdicts, which are shown in full."""
        return self.rows[:_SHOWN]

    @property
    def more(self) -> int:
        """Number of verdicts that are not shown in full."""
        return len(self.rows) - len(self.shown)

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
    anchors: Mapping[str, str]
    rows_left_out: int = 0
    findings_left_out: int = 0

    @property
    def tables(self) -> tuple[Figure, ...]:
        """The figures that are tables."""
        return tuple(each for each in self.figures if each.record.kind == "table")

    @property
    def images(self) -> tuple[Figure, ...]:
        """The figures that are images."""
        return tuple(each for each in self.figures if each.record.kind != "table")

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.summary.record.name

    def anchor(self, criterion: str) -> str:
        """Where the page first shows a criterion: in a finding, or in the table."""
        for finding in self.findings:
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


def dataset_page(summary: DatasetSummary, file: str, figures: Sequence[Figure]) -> DatasetPage:
    """Work out a dataset's page.

    Parameters
    ----------
    summary : DatasetSummary
        The dataset, rolled up.
    file : str
        Name of the page's file.
    figures : sequence of Figure
        The dataset's figures, as copied into the report.
    """
    shown = _shown(summary.verdicts)
    rows = tuple(
        _row(verdict, f"verdict-{number}", _figure_of(verdict, figures))
        for number, verdict in enumerate(shown, start=1)
    )
    found = _findings(rows)
    anchors: dict[str, str] = {}
    for row in rows:
        anchors.setdefault(row.verdict.criterion, row.anchor)
    return DatasetPage(
        summary=summary,
        file=file,
        headline=_headline(summary),
        findings=found[:_MOST_FINDINGS],
        rows=rows,
        figures=tuple(replace(each, explains=_explained(each, rows)) for each in figures),
        plan=draw_plan(summary.stages),
        anchors=anchors,
        rows_left_out=len(summary.verdicts) - len(rows),
        findings_left_out=len(found[_MOST_FINDINGS:]),
    )


def _shown(verdicts: Sequence[VerdictRecord]) -> Sequence[VerdictRecord]:
    """The worst of very many verdicts, and the worst by each of the other criteria."""
    worst = {verdict.test: verdict for verdict in verdicts[:_MOST_ROWS]}
    criteria = {verdict.criterion for verdict in worst.values()}
    for verdict in verdicts[_MOST_ROWS:]:
        if verdict.criterion not in criteria:
            criteria.add(verdict.criterion)
            worst[verdict.test] = verdict
    return [*worst.values()] if len(verdicts) > _MOST_ROWS else verdicts


def figure_anchors(records: Iterable[FigureRecord]) -> list[str]:
    """Give the figures of one dataset anchors: the first of an identifier has the plain one."""
    records = list(records)
    names = file_names(record.figure for record in records)
    seen: dict[str, int] = {}
    anchors = []
    for record in records:
        count = seen[record.figure] = seen.get(record.figure, 0) + 1
        anchors.append(f"figure-{names[record.figure]}" + (f"--{count}" if count > 1 else ""))
    return anchors


def _headline(summary: DatasetSummary) -> str:
    if summary.record.absent and not summary.verdicts:
        return "Absent from the archive"
    return headline(summary.state, summary.counts, len(summary.failed_stages))


def _figure_of(verdict: VerdictRecord, figures: Sequence[Figure]) -> Figure | None:
    """The figure that explains a verdict: of its subject, else of none in particular, else the first."""
    candidates = [each for each in figures if verdict.figure and each.record.figure == verdict.figure]
    candidates.sort(key=lambda each: ({verdict.subject: 0, "": 1}).get(each.record.subject, 2))
    return candidates[0] if candidates else None


def _explained(figure: Figure, rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """Criteria that name a figure, each with the first verdict on its subject, else with its first."""
    named = [row for row in rows if row.verdict.figure and row.verdict.figure == figure.record.figure]
    named.sort(key=lambda row: row.verdict.subject != figure.record.subject)
    anchors = {row.verdict.criterion: row.anchor for row in reversed(named)}
    return tuple(sorted(anchors.items()))


def _row(verdict: VerdictRecord, anchor: str, figure: Figure | None) -> Row:
    return Row(
        verdict=verdict,
        state=state_of(verdict),
        anchor=anchor,
        value=value_with_unit(verdict),
        number=number(verdict),
        bounds=bounds_text(verdict),
        remark=remark(verdict),
        gauge=gauge(verdict.value, verdict.lower, verdict.upper, verdict.uncertainty),
        relative=relative_margin(verdict.value, verdict.lower, verdict.upper, verdict.margin),
        figure=figure,
    )


def _findings(rows: Iterable[Row]) -> tuple[Finding, ...]:
    grouped: dict[tuple[State, str], list[Row]] = {}
    for row in rows:
        if row.state in REJECTING:
            missing = row.state is State.NOT_MEASURED
            reason = row.verdict.reason if missing else row.verdict.criterion
            grouped.setdefault((row.state, reason), []).append(row)
    return tuple(
        _finding(number, state, group) for number, ((state, _), group) in enumerate(grouped.items(), start=1)
    )


def _finding(number: int, state: State, rows: Sequence[Row]) -> Finding:
    return Finding(
        anchor=f"finding-{number}",
        state=state,
        title=rows[0].verdict.title,
        criteria=tuple(dict.fromkeys(row.verdict.criterion for row in rows)),
        rows=tuple(rows),
        figure=next((row.figure for row in rows if row.figure and row.value), None),
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
