"""The outcome of a run: the state of each verdict, rolled up by criterion, dataset and run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TypeVar

from hubble_qa.checks.verdict import Status
from hubble_qa.fixtures.store.product import Outcome
from hubble_qa.reports.collect.results import (
    UNUSABLE_FACT,
    WITHOUT_EFFECT_FACT,
    DatasetRecord,
    Results,
    RunRecord,
    StageRecord,
    VerdictRecord,
)
from hubble_qa.reports.words.text import natural

__all__ = [
    "REJECTING",
    "CriterionSummary",
    "DatasetSummary",
    "RunSummary",
    "StageFailure",
    "State",
    "severity",
    "state_of",
    "summarise",
    "summarise_criteria",
    "worst",
]


class State(StrEnum):
    """How a verdict, a criterion, a dataset or a run is shown; worst first."""

    STAGE_FAILED = "stage failed"
    FAIL = "fail"
    UNEXPECTED_PASS = "unexpected pass"
    NOT_MEASURED = "not measured"
    INCOMPLETE = "incomplete"
    WARN = "warn"
    EXPECTED = "known defect"
    PASS = "pass"
    NOT_TOLD = "could not be told"
    NOT_APPLICABLE = "not applicable"
    NOT_JUDGED = "not judged"


_RANK = {state: rank for rank, state in enumerate(State)}

REJECTING = frozenset(
    {State.STAGE_FAILED, State.FAIL, State.UNEXPECTED_PASS, State.NOT_MEASURED, State.INCOMPLETE}
)
"""States that do not let a run succeed."""

_PLAIN: Mapping[str, State] = {
    Status.WARN: State.WARN,
    Status.PASS: State.PASS,
    Status.NOT_TOLD: State.NOT_TOLD,
    Status.NOT_APPLICABLE: State.NOT_APPLICABLE,
}

_REMARKS = {
    1: "tests failed outside the verdicts below: see pytest's own output",
    2: "the run was interrupted: only the verdicts until then are shown",
    3: "pytest had an internal error: see its own output",
    4: "pytest was called with wrong arguments: see its own output",
    5: "no test was selected, so nothing was judged",
}


@dataclass(frozen=True, slots=True)
class StageFailure:
    """A build that failed, once, with every dataset that needs it."""

    record: StageRecord
    datasets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriterionSummary:
    """One criterion, in one dataset or over all; its verdicts worst first."""

    id: str
    title: str
    state: State
    verdicts: tuple[VerdictRecord, ...]

    @property
    def as_bad(self) -> int:
        """Number of verdicts that are as bad as the worst."""
        return sum(state_of(verdict) is self.state for verdict in self.verdicts)

    @property
    def rejected(self) -> int:
        """Number of verdicts that do not let the run succeed."""
        return sum(state_of(verdict) in REJECTING for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """One dataset: its state, its counts of verdicts by state, and its parts worst first."""

    record: DatasetRecord
    state: State
    counts: Mapping[State, int]
    criteria: tuple[CriterionSummary, ...]
    verdicts: tuple[VerdictRecord, ...]
    stages: tuple[StageRecord, ...]

    @property
    def shown(self) -> State:
        """How the dataset is shown: what was judged in part only is not shown as accepted."""
        return _in_part(self.state, len(self.verdicts) < self.record.available)

    @property
    def failed_stages(self) -> tuple[StageRecord, ...]:
        """Stages that broke; not those that were blocked by them."""
        return tuple(stage for stage in self.stages if _broke(stage))


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run: its state, a remark where it did not end well, its counts, and its parts worst first.

    ``without_effect`` has a line for each entry of a dataset file that matched nothing, ``unusable`` for each
    dataset file that could not be used.
    """

    run: RunRecord
    state: State
    remark: str
    counts: Mapping[State, int]
    datasets: tuple[DatasetSummary, ...]
    criteria: tuple[CriterionSummary, ...]
    failures: tuple[StageFailure, ...]
    built: int
    reused: int
    blocked: int
    without_effect: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()

    @property
    def shown(self) -> State:
        """How the run is shown: one that was asked for a part of all is not shown as accepted."""
        return _in_part(self.state, self.run.asked < self.run.available)


def _in_part(state: State, partial: bool) -> State:
    return State.INCOMPLETE if partial and state not in REJECTING else state


def state_of(verdict: VerdictRecord) -> State:
    """Return how a verdict is shown.

    What contradicts itself or is not known is not accepted: a pass that is not accepted, a failure
    that is accepted without a declaration, an unknown status.
    """
    if verdict.status == Status.FAIL:
        return State.EXPECTED if verdict.accepted and verdict.expected is not None else State.FAIL
    if verdict.status in (Status.PASS, Status.WARN) and (
        verdict.expected is not None or not verdict.accepted
    ):
        return State.UNEXPECTED_PASS
    return _PLAIN.get(verdict.status, State.NOT_MEASURED)


def worst(states: Iterable[State]) -> State:
    """Return the worst of some states; of none, that nothing was judged."""
    return min(states, key=_RANK.__getitem__, default=State.NOT_JUDGED)


def severity(verdict: VerdictRecord) -> tuple[int, float, str, tuple[tuple[int, int, str], ...]]:
    """Sort key, worst first: by state, by how far outside (or how near to) the bounds, by name."""
    return (*_gravity(verdict), natural(verdict.subject))


def _gravity(verdict: VerdictRecord) -> tuple[int, float, str]:
    # Exactly on a limit sit counts and fractions, not close calls.
    return _RANK[state_of(verdict)], verdict.relative_margin or math.inf, verdict.criterion


def _worst_first(verdicts: Iterable[VerdictRecord]) -> list[VerdictRecord]:
    """Very many verdicts by `severity`; what many of them are on is taken apart once."""
    place = cache(natural)
    return sorted(verdicts, key=lambda verdict: (*_gravity(verdict), place(verdict.subject)))


def summarise(results: Results) -> RunSummary:
    """Roll results up, verdict to criterion to dataset to run, worst first."""
    known = {record.name: record for record in results.datasets}
    strays = {name: DatasetRecord(name, "", "", ()) for name in _named(results) if name not in known}
    ordered = _worst_first(results.verdicts)
    verdicts = _by_dataset(ordered)
    stages = _by_dataset(results.stages)
    datasets = [
        _dataset(record, verdicts.get(name, []), stages.get(name, []))
        for name, record in {**known, **strays}.items()
    ]
    found = worst(dataset.state for dataset in datasets)
    idle = tuple(_without_effect(results.datasets))
    facts = (record.facts.get(UNUSABLE_FACT, "") for record in results.datasets)
    unusable = tuple(filter(None, facts))
    remark = _remark(results.run.exit_status, found, len(idle), len(unusable))
    builds = {stage.key: stage for stage in results.stages}.values()
    return RunSummary(
        run=results.run,
        state=worst([found, State.INCOMPLETE] if remark else [found]),
        remark=remark,
        counts=_counts(results.verdicts),
        datasets=tuple(sorted(datasets, key=lambda each: (_RANK[each.state], natural(each.record.name)))),
        criteria=_criteria(ordered),
        failures=_failures(results.stages),
        built=sum(not stage.reused and stage.outcome != Outcome.BLOCKED for stage in builds),
        reused=sum(stage.reused for stage in builds),
        blocked=sum(stage.outcome == Outcome.BLOCKED for stage in builds),
        without_effect=idle,
        unusable=unusable,
    )


def _without_effect(datasets: Iterable[DatasetRecord]) -> Iterator[str]:
    for record in datasets:
        yield from (fact for name, fact in record.facts.items() if name.startswith(WITHOUT_EFFECT_FACT))


def _named(results: Results) -> Iterator[str]:
    """Datasets that records name, so that none is lost because it has no record of its own."""
    yield from (stage.dataset for stage in results.stages)
    yield from (verdict.dataset for verdict in results.verdicts)
    yield from (figure.dataset for figure in results.figures)


def _dataset(
    record: DatasetRecord, verdicts: list[VerdictRecord], stages: list[StageRecord]
) -> DatasetSummary:
    broken = [State.STAGE_FAILED for stage in stages if _broke(stage) and not _left_untold(stage, verdicts)]
    return DatasetSummary(
        record=record,
        state=worst([*broken, *map(state_of, verdicts)]),
        counts=_counts(verdicts),
        criteria=_criteria(verdicts),
        verdicts=tuple(verdicts),
        stages=tuple(stages),
    )


def summarise_criteria(verdicts: Iterable[VerdictRecord]) -> tuple[CriterionSummary, ...]:
    """Roll verdicts up by criterion, the worst first."""
    return _criteria(_worst_first(verdicts))


def _criteria(verdicts: Iterable[VerdictRecord]) -> tuple[CriterionSummary, ...]:
    """As `summarise_criteria`, of verdicts that come worst first."""
    grouped: dict[str, list[VerdictRecord]] = {}
    for verdict in verdicts:
        grouped.setdefault(verdict.criterion, []).append(verdict)
    criteria = [
        CriterionSummary(name, group[0].title, state_of(group[0]), tuple(group))
        for name, group in grouped.items()
    ]
    return tuple(sorted(criteria, key=lambda each: (_RANK[each.state], each.id)))


def _failures(stages: Iterable[StageRecord]) -> tuple[StageFailure, ...]:
    grouped: dict[str, list[StageRecord]] = {}
    for stage in filter(_broke, stages):
        grouped.setdefault(stage.key, []).append(stage)
    return tuple(
        StageFailure(group[0], tuple(dict.fromkeys(stage.dataset for stage in group)))
        for group in grouped.values()
    )


def _broke(stage: StageRecord) -> bool:
    return stage.outcome not in (Outcome.COMPLETE, Outcome.BLOCKED)


def _left_untold(stage: StageRecord, verdicts: Iterable[VerdictRecord]) -> bool:
    """Whether verdicts could not be told because a stage was interrupted: a service did not answer it."""
    return stage.outcome == Outcome.INTERRUPTED and any(
        state_of(verdict) is State.NOT_TOLD and verdict.reason == stage.error for verdict in verdicts
    )


def _counts(verdicts: Iterable[VerdictRecord]) -> dict[State, int]:
    counts = Counter(map(state_of, verdicts))
    return {state: counts[state] for state in State if counts[state]}


def _remark(exit_status: int, found: State, idle: int, unusable: int) -> str:
    if unusable and exit_status == 1:
        return f"{unusable} {'dataset' if unusable == 1 else 'datasets'} that cannot be used"
    if idle and exit_status == 1:
        return f"{idle} {'entry' if idle == 1 else 'entries'} of dataset files without effect"
    if exit_status == 0 or (exit_status == 1 and found in REJECTING):
        return ""
    return _REMARKS.get(exit_status, f"pytest ended with exit status {exit_status}")


_Record = TypeVar("_Record", StageRecord, VerdictRecord)


def _by_dataset(records: Iterable[_Record]) -> dict[str, list[_Record]]:
    grouped: dict[str, list[_Record]] = {}
    for record in records:
        grouped.setdefault(record.dataset, []).append(record)
    return grouped
