"""The page of criteria: what each one is, how it is measured, and all its values of the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hubble_qa.reports.collect.results import CriterionRecord, VerdictRecord
from hubble_qa.reports.pages.gallery import Figure
from hubble_qa.reports.pages.pages import DatasetPage
from hubble_qa.reports.pages.rows import Row
from hubble_qa.reports.pages.summary import REJECTING, CriterionSummary, State
from hubble_qa.reports.pages.wording import number_of

__all__ = ["CRITERIA", "CriterionEntry", "Value", "criterion_entries"]

CRITERIA = "criteria.html"

_MOST_VALUES = 200
_MOST_FIGURES = 12
"""What the page shows of very many values and figures, the worst of them; all are in results.json."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a criterion, and the page that it is on."""

    page: DatasetPage
    row: Row


@dataclass(frozen=True, slots=True)
class CriterionEntry:
    """A criterion as shown: its record, and what it found.

    Attributes
    ----------
    record : CriterionRecord
        What it is.
    summary : CriterionSummary
        Its verdicts, rolled up.
    values : tuple of Value
        The values that are shown, worst first.
    figures : tuple of (DatasetPage, Figure)
        Figures that show them, of the worst value first.
    """

    record: CriterionRecord
    summary: CriterionSummary
    values: tuple[Value, ...]
    figures: tuple[tuple[DatasetPage, Figure], ...]

    @property
    def left_out(self) -> int:
        """Number of values that are not shown."""
        return len(self.summary.verdicts) - len(self.values)

    @property
    def measured(self) -> str:
        """How many values there are, and how many of them have an error, in words."""
        values = [each for each in self.summary.verdicts if each.value is not None]
        errors = sum(each.uncertainty is not None for each in values)
        close = sum(each.close for each in values)
        text = number_of(len(self.summary.verdicts), "verdict")
        return ", ".join(
            filter(
                None,
                [
                    f"{text}, {number_of(len(values), 'value')}",
                    f"{errors} with an error" if errors else "",
                    f"{close} close to a limit" if close else "",
                ],
            )
        )

    @property
    def open(self) -> bool:
        """Whether the values stand open: where one of them was not accepted, or deserves a look."""
        return self.summary.state in REJECTING or self.summary.state in (State.WARN, State.EXPECTED)


def criterion_entries(
    criteria: Iterable[CriterionSummary], records: Sequence[CriterionRecord], pages: Sequence[DatasetPage]
) -> tuple[CriterionEntry, ...]:
    """Describe the criteria by which something was judged, in the order of their ids.

    Parameters
    ----------
    criteria : iterable of CriterionSummary
        The criteria of the run.
    records : sequence of CriterionRecord
        What they are; of one that is missing, what its verdicts say.
    pages : sequence of DatasetPage
        The datasets' pages, which have the values.
    """
    known = {record.id: record for record in records}
    found = _values(pages)
    return tuple(
        _entry(each, known.get(each.id) or _described(each.verdicts[0]), found.get(each.id, []))
        for each in sorted(criteria, key=lambda each: each.id)
    )


def _values(pages: Iterable[DatasetPage]) -> Mapping[str, list[Value]]:
    values: dict[str, list[Value]] = {}
    for page in pages:
        for row in page.rows:
            values.setdefault(row.verdict.criterion, []).append(Value(page, row))
    return values


def _entry(summary: CriterionSummary, record: CriterionRecord, values: Sequence[Value]) -> CriterionEntry:
    rank = {id(verdict): number for number, verdict in enumerate(summary.verdicts)}
    ordered = sorted(values, key=lambda each: rank[id(each.row.verdict)])
    figures = {
        (each.page.file, each.row.figure.anchor): (each.page, each.row.figure)
        for each in ordered
        if each.row.figure is not None
    }
    return CriterionEntry(
        record, summary, tuple(ordered[:_MOST_VALUES]), tuple(figures.values())[:_MOST_FIGURES]
    )


def _described(verdict: VerdictRecord) -> CriterionRecord:
    """What a verdict says of its criterion, where the results have no record of it."""
    return CriterionRecord(
        id=verdict.criterion,
        title=verdict.title,
        topic=verdict.topic,
        quantity=verdict.quantity,
        unit=verdict.unit,
        bounds=verdict.bounds,
        applies_to="",
        method="",
        error="",
        rationale=verdict.rationale,
        source=verdict.source,
        remedy="",
        figure=verdict.figure,
        floor=verdict.floor,
    )
