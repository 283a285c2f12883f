"""Baselines: values that somebody accepted as what a series is to be, kept as lines beside the nights."""

from __future__ import annotations

import getpass
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select, update

from hubble_qa.checks.trends.drift import Drift, rebase
from hubble_qa.reports.history.cause import Cause
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.memory import (
    DRIFT_COLUMNS,
    add_references,
    drift_values,
    memories_of,
    with_references,
)
from hubble_qa.reports.history.place import Place
from hubble_qa.reports.history.reasons import causes_of_text
from hubble_qa.reports.history.registry import next_number
from hubble_qa.reports.history.tables import (
    baseline,
    change,
    origin,
    rule,
    run,
    series,
    series_state,
)
from hubble_qa.reports.history.understand import DRIFT, MOVED, Limits

__all__ = [
    "ACCEPTED_KINDS",
    "DECISIONS",
    "Candidate",
    "Decision",
    "accept",
    "apply",
    "candidates",
    "decisions_of",
    "in_force",
]

DECISIONS = "decisions.jsonl"
"""Name of the file of a channel, among its nights, that holds a decision a line."""
ACCEPTED_KINDS = (MOVED, DRIFT, "new failure", "not reproducible")
"""What is told of values, which may be accepted as a new baseline."""
# Half of what a count can differ by, and where nothing tells more a tenth of the value.
_LEAST, _PART, _WIDTHS = 0.5, 0.1, 8.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A series whose value may be accepted.

    Attributes
    ----------
    series : int
        Its number.
    dataset, criterion, subject, unit : str
        Its name.
    before : float or None
        What it was compared with: its baseline, else the value before the change.
    value : float
        Its last value.
    bounds : str
        Those in force, in words.
    tolerance : float
        What it may depart by from the value, in its unit.
    accepted : bool
        Whether its last verdict is accepted; a baseline does not change bounds.
    kinds : tuple of str
        What was told of it.
    causes : tuple of Cause
        Why it changed.
    run : str
        Identifier of the run of the value.
    product : str
        Key of the product that was judged.
    """

    series: int
    dataset: str
    criterion: str
    subject: str
    unit: str
    before: float | None
    value: float
    bounds: str
    tolerance: float
    accepted: bool
    kinds: tuple[str, ...]
    causes: tuple[Cause, ...]
    run: str
    product: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A value that was accepted as a series' baseline, by whom, when (ISO 8601, UTC) and why."""

    identifier: str
    dataset: str
    criterion: str
    subject: str
    unit: str
    value: float
    tolerance: float
    run: str
    product: str
    who: str
    made: str
    reason: str


def candidates(connection: Connection, channel: str) -> tuple[Candidate, ...]:
    """Series of a channel of whose present value a change has been told since their baseline was made."""
    state, agreed = series_state, run.alias()
    told: dict[int, list[tuple[str, float | None, str]]] = {}
    rows = connection.execute(
        select(change.c.series, change.c.kind, change.c.before, change.c.causes)
        .join(run, run.c.id == change.c.run)
        .join(state, state.c.series == change.c.series)
        .outerjoin(baseline, baseline.c.id == state.c.baseline)
        .outerjoin(agreed, agreed.c.id == baseline.c.run)
        .where(run.c.channel == channel, change.c.kind.in_(ACCEPTED_KINDS))
        .where(agreed.c.started.is_(None) | (run.c.started > agreed.c.started))
        .order_by(run.c.started)
    )
    for place, kind, before, causes in rows:
        told.setdefault(place, []).append((kind, before, causes))
    wanted = (
        select(series, state, rule.c.lower, rule.c.upper, rule.c.floor, rule.c.bounds)
        .add_columns(origin.c.key, run.c.identifier, baseline.c.value.label("accepted_value"))
        .join(state, state.c.series == series.c.id)
        .join(rule, rule.c.id == state.c.rule)
        .join(origin, origin.c.id == state.c.origin)
        .join(run, run.c.id == state.c.run)
        .outerjoin(baseline, baseline.c.id == state.c.baseline)
        .where(series.c.channel == channel, state.c.value.is_not(None), state.c.missing.is_(False))
        .order_by(series.c.criterion, series.c.dataset, series.c.subject)
    )
    return tuple(
        Candidate(
            series=row.id,
            dataset=row.dataset,
            criterion=row.criterion,
            subject=row.subject,
            unit=row.unit,
            before=row.accepted_value if row.accepted_value is not None else told[row.id][0][1],
            value=row.value,
            bounds=row.bounds,
            tolerance=_tolerance(row.value, row.width, Limits(row.lower, row.upper, row.floor)),
            accepted=bool(row.accepted),
            kinds=tuple(dict.fromkeys(kind for kind, _, _ in told[row.id])),
            causes=causes_of_text(told[row.id][-1][2]),
            run=row.identifier,
            product=row.key,
        )
        for row in connection.execute(wanted)
        if row.id in told
    )


def _tolerance(value: float, width: float | None, limits: Limits) -> float:
    """What a series may depart by from a value, where nobody says."""
    return limits.tolerance or _WIDTHS * (width or 0.0) or _PART * abs(value) or _LEAST


def accept(
    connection: Connection,
    place: Place,
    channel: str,
    chosen: Sequence[Candidate],
    *,
    reason: str,
    who: str = "",
    tolerance: float | None = None,
) -> tuple[Decision, ...]:
    """Accept present values as the baselines of their series.

    Parameters
    ----------
    connection : Connection
        Writes the history.
    place : Place
        Where the history is kept: decisions are written there first.
    channel : str
        The channel.
    chosen : sequence of Candidate
        The series.
    reason : str
        Why; one for all.
    who : str
        Who says so; the user by default.
    tolerance : float, optional
        What they may depart by, in their unit; each candidate's own by default.

    Raises
    ------
    HistoryError
        If there is no reason, the tolerance is not positive, or decisions cannot be written.
    """
    if not reason.strip():
        raise HistoryError("a baseline needs a reason: --reason 'why these values are right'")
    if tolerance is not None and not 0 < tolerance < float("inf"):
        raise HistoryError(f"a tolerance is larger than 0, not {tolerance:g}")
    made = datetime.now(UTC).isoformat()
    decisions = tuple(
        Decision(
            identifier=secrets.token_hex(8),
            dataset=each.dataset,
            criterion=each.criterion,
            subject=each.subject,
            unit=each.unit,
            value=each.value,
            tolerance=tolerance or each.tolerance,
            run=each.run,
            product=each.product,
            who=who or getpass.getuser(),
            made=made,
            reason=" ".join(reason.split()),
        )
        for each in chosen
    )
    _write(place, channel, decisions)
    for each in decisions:
        apply(connection, channel, each)
    return decisions


def _write(place: Place, channel: str, decisions: Sequence[Decision]) -> None:
    """Add decisions to those that are kept, in one write that is on the disk before this returns."""
    path = place.nights / channel / DECISIONS
    lines = "".join(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in decisions)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise HistoryError(f"{path}: {error.strerror}; nothing was accepted") from error


def decisions_of(place: Place, channel: str) -> Iterator[Decision]:
    """The decisions that are kept of a channel, in the order in which they were made."""
    path = place.nights / channel / DECISIONS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        raise HistoryError(f"{path} cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        try:
            yield Decision(**json.loads(line))
        except (TypeError, ValueError) as error:
            raise HistoryError(f"{path}, line {number} is no decision: {error}") from error


def apply(connection: Connection, channel: str, decision: Decision) -> bool:
    """Make a decision hold; whether it is new, and its series and run are known."""
    named = {name: getattr(decision, name) for name in ("dataset", "criterion", "subject", "unit")}
    place = connection.scalar(select(series.c.id).filter_by(channel=channel, **named))
    number = connection.scalar(select(run.c.id).where(run.c.identifier == decision.run))
    there = select(baseline.c.id).where(baseline.c.identifier == decision.identifier)
    if place is None or number is None or connection.scalar(there) is not None:
        return False
    state = connection.execute(select(series_state).where(series_state.c.series == place)).one()
    memories = with_references(connection, memories_of(connection, [place], state.run))
    after = rebase(memories[place].drift, decision.value, decision.tolerance)
    new = next_number(connection, baseline)
    row = {
        name: getattr(decision, name) for name in ("value", "tolerance", "product", "who", "made", "reason")
    }
    row |= {"id": new, "identifier": decision.identifier, "series": place, "run": number}
    connection.execute(insert(baseline), {**row, "supersedes": state.baseline})
    connection.execute(
        update(series_state)
        .where(series_state.c.series == place)
        .values(baseline=new, **dict(zip(DRIFT_COLUMNS, drift_values(after), strict=True)))
    )
    add_references(connection, [(place, Drift(), after)])
    return True


def in_force(connection: Connection, channel: str, *, everything: bool = False) -> list[tuple[str, ...]]:
    """Baselines of a channel as rows of text; with those that were superseded, where all are wanted."""
    wanted = (
        select(series.c.criterion, series.c.dataset, series.c.subject, series.c.unit)
        .add_columns(
            baseline.c.value, baseline.c.tolerance, baseline.c.made, baseline.c.who, baseline.c.reason
        )
        .join(series, series.c.id == baseline.c.series)
        .where(series.c.channel == channel)
        .order_by(series.c.criterion, series.c.dataset, series.c.subject, baseline.c.id)
    )
    if not everything:
        wanted = wanted.join(series_state, series_state.c.baseline == baseline.c.id)
    return [
        (
            row.criterion,
            row.dataset,
            row.subject,
            f"{row.value:.6g} ± {row.tolerance:.3g} {row.unit}".rstrip(),
            row.made[:10],
            row.who,
            row.reason,
        )
        for row in connection.execute(wanted)
    ]
