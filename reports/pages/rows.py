"""Verdicts as a page shows them: a row each, gathered under one row a criterion."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hubble_qa.reports.collect.results import CriterionRecord, FigureRecord, VerdictRecord, instruments_limits
from hubble_qa.reports.pages.gallery import Figure
from hubble_qa.reports.pages.gauge import Gauge, distance_text, gauge
from hubble_qa.reports.pages.summary import State, state_of
from hubble_qa.reports.pages.wording import bounds_text, is_count, number, remark, value_with_unit

__all__ = ["MOST_ROWS", "CriterionRows", "Row", "anchors_of", "criterion_rows", "rows_of"]

MOST_ROWS = 10_000
"""What a page shows of very many verdicts, the worst of them; all are in results.json."""

_LONGEST_ANCHOR = 80


@dataclass(frozen=True, slots=True)
class Row:
    """A verdict as shown in a table; ``limits`` says whose limits it has, where not the criterion's own."""

    verdict: VerdictRecord
    state: State
    anchor: str
    value: str
    number: str
    bounds: str
    remark: str
    gauge: Gauge | None
    figure: Figure | None
    limits: str = ""

    @property
    def counted(self) -> bool:
        """Whether the value is a number of problems."""
        return is_count(self.verdict)

    @property
    def distance(self) -> str:
        """How far from its limits the value lies, in words."""
        v = self.verdict
        return "" if is_count(v) else distance_text(v.value, v.lower, v.upper, floor=v.floor)


@dataclass(frozen=True, slots=True)
class CriterionRows:
    """One criterion's row, which opens into those of its subjects.

    Attributes
    ----------
    anchor : str
        Where it is on the page.
    state : State
        That of the worst verdict.
    rows : tuple of Row
        The verdicts, worst first.
    """

    anchor: str
    state: State
    rows: tuple[Row, ...]

    @property
    def lead(self) -> Row:
        """The worst verdict, the first with a value where several are as bad."""
        return next((row for row in self.rows if row.state is self.state and row.value), self.rows[0])

    @property
    def counts(self) -> Mapping[State, int]:
        """How many verdicts are in each state, worst first."""
        counts = Counter(row.state for row in self.rows)
        return {state: counts[state] for state in State if counts[state]}

    @property
    def sound(self) -> bool:
        """Whether problems were counted, and there are none: a tick says it."""
        return self.state is State.PASS and all(row.counted or not row.value for row in self.rows)

    @property
    def bounds(self) -> str:
        """The bounds, where all verdicts have the same; else empty."""
        bounds = {row.bounds for row in self.rows}
        return bounds.pop() if len(bounds) == 1 else ""


def rows_of(
    verdicts: Sequence[VerdictRecord], figures: Sequence[Figure], criteria: Sequence[CriterionRecord] = ()
) -> tuple[Row, ...]:
    """Make the rows of a page: the worst of very many verdicts, and the worst by each of the criteria.

    Parameters
    ----------
    verdicts : sequence of VerdictRecord
        A dataset's, worst first.
    figures : sequence of Figure
        Its figures.
    criteria : sequence of CriterionRecord, optional
        What they were judged by: an instrument's limits are told from a dataset's own by their reason.
    """
    shown = _shown(verdicts)
    whose = instruments_limits(criteria)
    anchors = anchors_of(shown)
    by_name: dict[str, list[Figure]] = {}
    for each in figures:
        by_name.setdefault(each.record.figure, []).append(each)
    return tuple(
        _row(verdict, anchor, _figure_of(verdict, by_name.get(verdict.figure, [])), whose)
        for verdict, anchor in zip(shown, anchors, strict=True)
    )


def criterion_rows(rows: Sequence[Row]) -> tuple[CriterionRows, ...]:
    """Gather rows, worst first, under their criteria: those of the worst first, then in order of the ids."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.verdict.criterion, []).append(row)
    anchors = _unique([(name,) for name in grouped], {row.anchor for row in rows})
    found = [
        CriterionRows(anchor, group[0].state, tuple(group))
        for anchor, group in zip(anchors, grouped.values(), strict=True)
    ]
    rank = {state: number for number, state in enumerate(State)}
    return tuple(sorted(found, key=lambda each: (rank[each.state], each.rows[0].verdict.criterion)))


def anchors_of(verdicts: Sequence[VerdictRecord]) -> list[str]:
    """Anchors that are the same in every run: the criterion and the subject, ``AST-002-u5jx010hr-flt``.

    Where several verdicts have one, the later by the names of their tests are numbered.
    """
    order = sorted(range(len(verdicts)), key=lambda index: verdicts[index].test)
    made = _unique([(verdicts[index].criterion, verdicts[index].subject or "all") for index in order], set())
    anchors = [""] * len(verdicts)
    for index, anchor in zip(order, made, strict=True):
        anchors[index] = anchor
    return anchors


def _unique(names: Sequence[tuple[str, ...]], taken: set[str]) -> list[str]:
    seen = {*taken, "main", "findings", "verdicts", "figures", "stages", "provenance"}
    anchors = []
    for name in names:
        stem = re.sub(r"[^A-Za-z0-9.+]+", "-", "-".join(name)).strip("-")[:_LONGEST_ANCHOR] or "verdict"
        anchor, count = stem, 1
        while anchor in seen:
            count += 1
            anchor = f"{stem}--{count}"
        seen.add(anchor)
        anchors.append(anchor)
    return anchors


def _shown(verdicts: Sequence[VerdictRecord]) -> Sequence[VerdictRecord]:
    """The worst of very many verdicts, and the worst by each of the other criteria."""
    worst = {verdict.test: verdict for verdict in verdicts[:MOST_ROWS]}
    criteria = {verdict.criterion for verdict in worst.values()}
    for verdict in verdicts[MOST_ROWS:]:
        if verdict.criterion not in criteria:
            criteria.add(verdict.criterion)
            worst[verdict.test] = verdict
    return [*worst.values()] if len(verdicts) > MOST_ROWS else verdicts


def _figure_of(verdict: VerdictRecord, figures: Sequence[Figure]) -> Figure | None:
    """The figure that explains a verdict: the nearest to its subject of those that its criterion names."""
    return min(figures, key=lambda each: _distance(each.record, verdict.subject), default=None)


def _distance(figure: FigureRecord, subject: str) -> int:
    """How far a figure is from a subject: of it, of what it is part of, naming it, of none, of another."""
    if figure.subject == subject:
        return 0
    if figure.subject and subject.startswith(f"{figure.subject} "):
        return 1
    if subject.partition(" ")[0] in figure.caption:
        return 2
    return 4 if figure.subject else 3


def _row(
    verdict: VerdictRecord, anchor: str, figure: Figure | None, whose: Mapping[tuple[str, str], str]
) -> Row:
    instrument = whose.get((verdict.criterion, verdict.bounds_reason), "")
    own = f"for {instrument}" if instrument else "override"
    return Row(
        verdict=verdict,
        state=state_of(verdict),
        anchor=anchor,
        value=value_with_unit(verdict),
        number=number(verdict),
        bounds=bounds_text(verdict),
        remark=remark(verdict),
        gauge=None
        if is_count(verdict)
        else gauge(verdict.value, verdict.lower, verdict.upper, verdict.uncertainty),
        figure=figure,
        limits=own if verdict.bounds_reason else "",
    )
