"""Verdicts as figures are handed them."""

from __future__ import annotations

from collections.abc import Mapping

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.verdict import Status
from hubble_qa.reports.figures.verdicts import Shown, Verdicts


def shown(
    criterion: str,
    value: float | None,
    *,
    uncertainty: float | None = None,
    bounds: Bounds | None = None,
    reason: str = "",
) -> Shown:
    """A verdict of a criterion on a value, by its own bounds unless others are given."""
    rule = load_criteria()[criterion]
    limits = rule.bounds if bounds is None else bounds
    judged = Status.PASS if value is not None and limits.contains(value) else Status.FAIL
    status = Status.NOT_MEASURED if value is None else judged
    return Shown(
        title=rule.title,
        value=value,
        uncertainty=uncertainty,
        unit=rule.unit,
        bounds=limits,
        status=status,
        reason=reason,
    )


def handed(values: Mapping[str, Mapping[str, float | None]]) -> Verdicts:
    """Verdicts by criterion and subject, by the criteria's own bounds."""
    return Verdicts(
        shown={
            criterion: {subject: shown(criterion, value) for subject, value in by_subject.items()}
            for criterion, by_subject in values.items()
        }
    )
