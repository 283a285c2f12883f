"""Two runs compared: how values are distributed in each, which became worse or better, and why."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, func, select

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.trends.outcomes import Outcome
from hubble_qa.reports.collect.results import RunRecord
from hubble_qa.reports.history.cause import Cause
from hubble_qa.reports.history.reasons import Reasons
from hubble_qa.reports.history.runs import Listed
from hubble_qa.reports.history.tables import (
    STATUSES,
    environment,
    limits,
    measurement,
    origin,
    rule,
    run,
    series,
)
from hubble_qa.reports.history.understand import Limits

__all__ = ["Comparison", "Difference", "Distribution", "Group", "compare_runs"]

_MAD_TO_SIGMA = 1.4826
_SAME = 1e-9
Name = tuple[str, str, str, str]


class Distribution(NamedTuple):
    """Values of a criterion: how many, median, width (1.4826 MAD), 5 and 95 %, the part beyond its bounds."""

    number: int
    median: float
    width: float
    low: float
    high: float
    beyond: float


@dataclass(frozen=True, slots=True)
class Group:
    """A criterion of an instrument before and after; None where it has no values."""

    criterion: str
    title: str
    unit: str
    instrument: str
    before: Distribution | None
    after: Distribution | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A series whose value or verdict is another one.

    Attributes
    ----------
    dataset, criterion, subject, unit : str
        The series.
    before, after : float or None
        Its values.
    accepted_before, accepted_after : bool
        Whether its verdicts are accepted.
    margin : float
        By how much the value is nearer to its limits, or further beyond; negative where it is further away
        from them. Both by the later run's limits, in units of half the accepted interval or of the one limit.
    matters : bool
        Whether the verdict turned, or the value moved by more than nobody minds.
    causes : tuple of Cause
        Why; of those that matter.
    """

    dataset: str
    criterion: str
    subject: str
    unit: str
    before: float | None
    after: float | None
    accepted_before: bool
    accepted_after: bool
    margin: float
    matters: bool
    causes: tuple[Cause, ...]

    @property
    def worse(self) -> bool:
        """Whether it is worse than before."""
        if self.accepted_before != self.accepted_after:
            return self.accepted_before
        return self.margin > 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs compared.

    Attributes
    ----------
    before, after : Listed
        The runs.
    groups : tuple of Group
        By criterion and instrument.
    worse, better : tuple of Difference
        What matters, the largest first.
    small : int
        Values that are others, by less than anybody minds.
    same : int
        Values that are the same.
    gone, new : tuple of Name
        Series that only the earlier run has, and only the later.
    """

    before: Listed
    after: Listed
    groups: tuple[Group, ...]
    worse: tuple[Difference, ...]
    better: tuple[Difference, ...]
    small: int
    same: int
    gone: tuple[Name, ...]
    new: tuple[Name, ...]


class _Value(NamedTuple):
    dataset: str
    criterion: str
    subject: str
    unit: str
    title: str
    instrument: str
    value: float | None
    status: int
    accepted: bool
    origin: str
    lower: float | None
    upper: float | None
    floor: bool
    rule: str


def compare_runs(connection: Connection, before: Listed, after: Listed) -> Comparison:
    """Compare two runs, of one channel or of two.

    Parameters
    ----------
    connection : Connection
        Reads the history.
    before, after : Listed
        The runs.
    """
    old, new = _values(connection, before), _values(connection, after)
    reasons = Reasons(connection, _record(connection, after), after.channel)
    both = [(old[name], each) for name, each in new.items() if name in old]
    moment = datetime.fromisoformat(before.started), datetime.fromisoformat(after.started)
    found = [each for pair in both if (each := _difference(*pair, reasons, moment)) is not None]
    matter = sorted((each for each in found if each.matters), key=_importance)
    return Comparison(
        before=before,
        after=after,
        groups=tuple(_groups(old.values(), new.values())),
        worse=tuple(each for each in matter if each.worse),
        better=tuple(each for each in matter if not each.worse),
        small=sum(not each.matters for each in found),
        same=len(both) - len(found),
        gone=tuple(name for name in old if name not in new),
        new=tuple(name for name in new if name not in old),
    )


def _importance(each: Difference) -> tuple[bool, float, str, str]:
    return each.accepted_before == each.accepted_after, -abs(each.margin), each.criterion, each.subject


def _record(connection: Connection, listed: Listed) -> RunRecord:
    """A run, as far as causes need it."""
    versions = connection.scalar(
        select(environment.c.versions)
        .join(run, run.c.environment == environment.c.id)
        .where(run.c.id == listed.id)
    )
    return RunRecord(
        identifier=listed.identifier,
        started=listed.started,
        elapsed=0.0,
        archive=listed.archive,
        archive_location="",
        command=listed.command,
        versions=json.loads(versions or "{}"),
        exit_status=0,
    )


def _values(connection: Connection, listed: Listed) -> dict[Name, _Value]:
    """The values of a run, with the rules that were in force."""
    latest = (
        select(limits.c.series, func.max(limits.c.valid_from).label("since"))
        .join(series, series.c.id == limits.c.series)
        .where(series.c.channel == listed.channel, limits.c.valid_from <= listed.started)
        .group_by(limits.c.series)
        .subquery()
    )
    m = measurement
    rows = connection.execute(
        select(series.c.dataset, series.c.criterion, series.c.subject, series.c.unit, series.c.title)
        .add_columns(series.c.instrument, m.c.value, m.c.status, m.c.accepted, origin.c.digest)
        .add_columns(rule.c.lower, rule.c.upper, rule.c.floor, rule.c.digest)
        .select_from(m)
        .join(series, series.c.id == m.c.series)
        .join(origin, origin.c.id == m.c.origin)
        .join(latest, latest.c.series == m.c.series)
        .join(limits, (limits.c.series == m.c.series) & (limits.c.valid_from == latest.c.since))
        .join(rule, rule.c.id == limits.c.rule)
        .where(m.c.run == listed.id)
        .order_by(series.c.criterion, series.c.dataset, series.c.subject)
    )
    values = (_Value(*row) for row in rows)
    return {(each.dataset, each.criterion, each.subject, each.unit): each for each in values}


def _difference(
    old: _Value, new: _Value, reasons: Reasons, moments: tuple[datetime, datetime]
) -> Difference | None:
    """What differs between two values of a series; None where nothing does."""
    same = old.value is new.value or (
        old.value is not None and new.value is not None and math.isclose(old.value, new.value, rel_tol=_SAME)
    )
    if same and old.accepted == new.accepted:
        return None
    tolerance = Limits(new.lower, new.upper, new.floor).tolerance
    moved = old.value is None or new.value is None or abs(new.value - old.value) > tolerance
    matters = moved or old.accepted != new.accepted
    causes: tuple[Cause, ...] = ()
    if matters:
        outcomes = [
            Outcome(moment, each.origin, each.accepted, each.value, each.rule)
            for moment, each in zip(moments, (old, new), strict=True)
        ]
        causes = reasons.of(outcomes[0], outcomes[1], new.criterion)
    return Difference(
        *new[:4],
        old.value,
        new.value,
        old.accepted,
        new.accepted,
        _margin(new, old.value) - _margin(new, new.value),
        matters,
        causes,
    )


def _margin(rule_of: _Value, value: float | None) -> float:
    """Margin of a value in units of half the accepted interval or of the one limit; 0 without a limit."""
    if value is None or (rule_of.lower is None and rule_of.upper is None):
        return 0.0
    bounds = Bounds(at_least=rule_of.lower, at_most=rule_of.upper)
    return bounds.relative_margin(value, floor=rule_of.floor)


def _groups(old: Iterable[_Value], new: Iterable[_Value]) -> Iterator[Group]:
    """Distributions by criterion, unit and instrument; those without any value are left out."""
    found: dict[tuple[str, str, str], tuple[list[_Value], list[_Value]]] = {}
    for place, values in enumerate((old, new)):
        for each in values:
            key = each.criterion, each.unit, each.instrument
            found.setdefault(key, ([], []))[place].append(each)
    for (criterion, unit, instrument), (before, after) in sorted(found.items()):
        title, sides = (after or before)[0].title, (_distribution(before), _distribution(after))
        if any(sides):
            yield Group(criterion, title, unit, instrument, *sides)


def _distribution(several: Sequence[_Value]) -> Distribution | None:
    values = [each.value for each in several if each.value is not None]
    if not values:
        return None
    centre = median(values)
    width = _MAD_TO_SIGMA * median([abs(each - centre) for each in values])
    low, high = (float(each) for each in np.percentile(values, [5, 95]))
    beyond = sum(STATUSES[each.status] == "fail" for each in several) / len(values)
    return Distribution(len(values), centre, width, low, high, beyond)
