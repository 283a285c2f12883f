"""From realisations to what the tables show: kept as JSON beside them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from hubble_qa.checks.criteria import load_criteria
from tests.trust.fault import Fault
from tests.trust.records import ENOUGH, CleanRun, FaultRun, Step

__all__ = [
    "CriterionSummary",
    "FaultSummary",
    "Summary",
    "merged",
    "of_other_seeds",
    "read_summary",
    "summarise",
    "write_summary",
]

# Upper limit, at 95 per cent, of the expected number of events of which none was seen.
_NONE_SEEN = 3.0


@dataclass(frozen=True, slots=True)
class FaultSummary:
    """What became of a fault.

    Attributes
    ----------
    steps : tuple of Step
        By size, ascending.
    judged : int
        Realisations at the size that hurts which were judged by all criteria.
    rejected, unmeasured : mapping of str to int
        In how many of these, by criterion.
    asked : int
        Realisations at the size that hurts of which all criteria were asked that must reject it.
    must : mapping of str to int
        In how many of these each of them rejected it.
    """

    fault: str
    steps: tuple[Step, ...]
    judged: int
    rejected: Mapping[str, int]
    unmeasured: Mapping[str, int]
    asked: int = 0
    must: Mapping[str, int] = field(default_factory=dict)

    @property
    def smallest(self) -> Step | None:
        """The smallest size that is caught, and all larger ones that were tried as well."""
        found = None
        for step in reversed(self.steps):
            if not step.enough:
                break
            found = step
        return found

    def settled(self, fault: Fault, realisations: int) -> bool:
        """Whether the size that hurts and the smallest that is caught have as many realisations.

        One that hurts and is missed too often needs no more.
        """
        found = {step.size: step for step in self.steps}
        hurts, least = found.get(fault.hurts), self.smallest
        if hurts is None:
            return False
        most = realisations * (1 - ENOUGH)
        if least is None or not (hurts.missed > most or hurts.realisations >= realisations):
            return hurts.missed > most
        smaller = fault.sizes[: fault.sizes.index(least.size)]
        missed = not smaller or (smaller[-1] in found and found[smaller[-1]].missed > most)
        return least.realisations >= realisations and missed


@dataclass(frozen=True, slots=True)
class CriterionSummary:
    """Verdicts of a criterion on clean products.

    Attributes
    ----------
    verdicts : int
        Verdicts with a value.
    reductions : int
        Reductions that they were of, each with noise of its own.
    alarms, unmeasured : int
        Of the verdicts: wrongly rejected. Besides them: not measured.
    idle : int
        Not applicable.
    datasets : mapping of str to int
        The verdicts by dataset.
    """

    criterion: str
    verdicts: int
    reductions: int
    alarms: int
    unmeasured: int
    idle: int
    datasets: Mapping[str, int]

    @property
    def limit(self) -> float:
        """Upper limit of the rate of false alarms at 95 per cent; 1 where nothing was judged."""
        return (
            min(1.0, (self.alarms + self.unmeasured + _NONE_SEEN) / self.verdicts) if self.verdicts else 1.0
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """Both tables' content.

    Attributes
    ----------
    faults, criteria
        A row each.
    fields : mapping of str to mapping of str to tuple of int
        Seeds of the clean reductions, by dataset and field.
    alarms : tuple of str
        Each false alarm in words.
    failed : tuple of str
        Fits that failed in clean reductions, rightly rejected.
    """

    faults: tuple[FaultSummary, ...]
    criteria: tuple[CriterionSummary, ...]
    fields: Mapping[str, Mapping[str, tuple[int, ...]]]
    alarms: tuple[str, ...]
    failed: tuple[str, ...]


def summarise(faults: Sequence[Fault], runs: Sequence[FaultRun], clean: Sequence[CleanRun]) -> Summary:
    """Sum realisations up."""
    fields: dict[str, dict[str, list[int]]] = {}
    for run in clean:
        fields.setdefault(run.dataset, {}).setdefault(run.field, []).append(run.seed)
    return Summary(
        tuple(_of_fault(fault, [run for run in runs if run.fault == fault.key]) for fault in faults),
        tuple(_of_criterion(name, clean) for name in load_criteria()),
        _sorted(fields),
        tuple(f"{_name(run)}: {words}" for run in clean for words in run.alarms),
        tuple(f"{_name(run)}: {subject}" for run in clean for subject in run.failed),
    )


def of_other_seeds(before: Summary, clean: Sequence[CleanRun]) -> tuple[CleanRun, ...]:
    """Clean reductions that a summary does not count; all where they are all that it counts, and more.

    Then they take its place, with what was judged again since.
    """
    there = _seeds(before)
    if there <= {(run.dataset, run.field, run.seed) for run in clean}:
        return tuple(clean)
    return tuple(run for run in clean if (run.dataset, run.field, run.seed) not in there)


def merged(before: Summary, now: Summary) -> Summary:
    """What was measured now, with what was measured before, elsewhere, of what was not measured now.

    Of a fault it is told apart which sizes were realised, whether by all criteria, and whether by those that
    must reject it. Clean reductions of other seeds are added (`of_other_seeds`); where all that were
    counted before are there again, they take their place.
    """
    known = {entry.fault: entry for entry in before.faults}
    judged = {entry.criterion: entry for entry in before.criteria}
    faults = tuple(_with(known.get(entry.fault, entry), entry) for entry in now.faults)
    if _seeds(before) <= _seeds(now):
        return replace(now, faults=faults)
    criteria = tuple(_added(judged.get(entry.criterion), entry) for entry in now.criteria)
    fields: dict[str, dict[str, list[int]]] = {}
    for name, kind, seed in _seeds(before) | _seeds(now):
        fields.setdefault(name, {}).setdefault(kind, []).append(seed)
    return Summary(faults, criteria, _sorted(fields), before.alarms + now.alarms, before.failed + now.failed)


def _added(before: CriterionSummary | None, now: CriterionSummary) -> CriterionSummary:
    if before is None:
        return now
    datasets = Counter(before.datasets) + Counter(now.datasets)
    return CriterionSummary(
        now.criterion,
        before.verdicts + now.verdicts,
        before.reductions + now.reductions,
        before.alarms + now.alarms,
        before.unmeasured + now.unmeasured,
        before.idle + now.idle,
        dict(sorted(datasets.items())),
    )


def _sorted(fields: Mapping[str, Mapping[str, Sequence[int]]]) -> Mapping[str, Mapping[str, tuple[int, ...]]]:
    return {
        name: {kind: tuple(sorted(seeds)) for kind, seeds in sorted(kinds.items())}
        for name, kinds in sorted(fields.items())
    }


def _with(before: FaultSummary, now: FaultSummary) -> FaultSummary:
    steps = {step.size: step for step in before.steps}
    for step in now.steps:
        # A run that was stopped does not take the place of one that had come farther.
        if step.size not in steps or step.realisations >= steps[step.size].realisations:
            steps[step.size] = step
    whole = now if now.judged else before
    proven = now if now.asked and now.asked >= before.asked else before
    return FaultSummary(
        now.fault,
        tuple(steps[size] for size in sorted(steps)),
        whole.judged,
        whole.rejected,
        whole.unmeasured,
        proven.asked,
        proven.must,
    )


def _seeds(summary: Summary) -> frozenset[tuple[str, str, int]]:
    return frozenset(
        (name, kind, seed)
        for name, kinds in summary.fields.items()
        for kind, seeds in kinds.items()
        for seed in seeds
    )


def _name(run: CleanRun) -> str:
    return f"{run.dataset}, {run.field}, seed {run.seed}"


def _of_fault(fault: Fault, runs: Sequence[FaultRun]) -> FaultSummary:
    steps = []
    for size in fault.sizes:
        # The newest realisation of a seed counts.
        found = {run.seed: run for run in runs if run.size == size}
        if found:
            steps.append(Step(size, len(found), sum(bool(run.caught) for run in found.values())))
    # A run of before there was a criterion says nothing of it.
    told = [
        run for run in runs if run.size == fault.hurts and run.judged and set(fault.must) <= set(run.judged)
    ]
    whole = list({run.seed: run for run in told}.values())
    asked = [run for run in runs if run.size == fault.hurts and set(fault.must) <= {*run.judged, *run.asked}]
    proven = list({run.seed: run for run in asked}.values()) if fault.must else []
    return FaultSummary(
        fault.key,
        tuple(steps),
        len(whole),
        _count(name for run in whole for name in run.caught),
        _count(name for run in whole for name in run.unmeasured),
        len(proven),
        {name: sum(name in run.caught for run in proven) for name in fault.must if proven},
    )


def _of_criterion(name: str, clean: Sequence[CleanRun]) -> CriterionSummary:
    datasets: Counter[str] = Counter()
    reductions = 0
    for run in clean:
        number = run.accepted.get(name, 0) + run.rejected.get(name, 0)
        datasets[run.dataset] += number
        reductions += bool(number)
    return CriterionSummary(
        name,
        datasets.total(),
        reductions,
        sum(run.rejected.get(name, 0) for run in clean),
        sum(run.unmeasured.get(name, 0) for run in clean),
        sum(run.idle.get(name, 0) for run in clean),
        {dataset: number for dataset, number in sorted(datasets.items()) if number},
    )


def _count(names: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(names).items()))


def write_summary(summary: Summary, path: Path) -> None:
    """Write it as JSON, an entry a line."""
    document = asdict(summary)
    lines = []
    for name, entry in document.items():
        if isinstance(entry, tuple | list):
            rows = ",\n".join(f"  {json.dumps(each, ensure_ascii=False)}" for each in entry)
            lines.append(f' "{name}": [\n{rows}\n ]')
        else:
            lines.append(f' "{name}": {json.dumps(entry, ensure_ascii=False)}')
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def read_summary(path: Path) -> Summary:
    """Read what `write_summary` wrote."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return Summary(
        tuple(
            FaultSummary(**{**entry, "steps": tuple(Step(**step) for step in entry["steps"])})
            for entry in document["faults"]
        ),
        tuple(CriterionSummary(**entry) for entry in document["criteria"]),
        _sorted(document["fields"]),
        tuple(document["alarms"]),
        tuple(document["failed"]),
    )
