"""The two tables as a page: faults with the criteria that catch them, criteria with their false alarms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hubble_qa.checks.criteria import load_criteria
from tests.trust.fault import Fault
from tests.trust.registry import SUBJECTS
from tests.trust.summary import CriterionSummary, FaultSummary, Summary

__all__ = ["page"]

_HEAD = """# Which faults are caught, and how often a clean product is rejected

Made by `make trust` from [trust.json](trust.json); not to be edited. The faults are data, in
`tests/trust/faults_*.py`: each is a physical change of the products of a simulated dataset at small
size, or of what the tools wrote about them. All criteria are asked through the tests of `qa/`, at the
bounds that are in force. Where an exposure, a chip, a direction or a position can be chosen, each
realisation chooses anew. What is changed is a finished product: stages that follow are run again only
where the fault's own code says so.

"""

_FAULTS = """## Faults and criteria

- *Hurts at*: the size at which it would hurt a measurement, and why.
- *Smallest caught*: the smallest size at which at least one criterion rejects it in 95 % of the
  realisations, as in all larger sizes that were tried; in brackets how many were caught of how many. A
  limit from fewer than 50 realisations is preliminary. After the semicolon the next smaller size, which
  is not caught.
- *Must*: criteria that must reject it at the size that hurts, with the number of realisations in which
  each did where it was asked of more than the fault's first. None is named (–) where none does in every
  realisation.
- *May*: criteria that may reject it as well, for it concerns them too. All others must not, and did not
  in the realisations that were judged by all criteria.

"""

_CLEAN = """## Criteria on clean products

Clean exposures are simulated with other seeds, reduced from the start and judged as any: each reduction
has stars, noise and cosmic rays of its own. Its drizzled images are then made ready for an archive
(`hubble-qa hlsp complete`) and judged with `--products` and `--profile hlsp`. *Verdicts*: those with a
value; several are of one reduction, of its exposures and chips. *Rate below*: upper limit, at 95 %
confidence, of the rate of false alarms; verdicts that are *not measured* count as such, for they fail a
run. Some further exposures were reduced for criteria that only one dataset has, and judged by these alone.
The criteria are those of the day on which an exposure was reduced; where one was wrong, the exposure was
reduced and judged again once that was mended. CHANGELOG.md says what was, and what has changed since.

"""

_OPEN = """### What no criterion catches

Of these faults, none is caught at the size that hurts, as far as they are measured:

"""

# Why no clean product of the datasets is judged by a criterion, where that is known.
_NOT_JUDGED = {
    "WCS-006": "no dataset has both FLT and FLC of an exposure",
    "REG-001": "it judges series of nights, not products: [drift.md](drift.md) has its false alarms",
}
# Where what a criterion catches is measured, if not here.
_MEASURED_ELSEWHERE = {"REG-001": "[drift.md](drift.md)"}


def page(summary: Summary) -> str:
    """The page in Markdown."""
    found = {entry.fault: entry for entry in summary.faults}
    parts = [_HEAD, _FAULTS]
    for subject, faults in SUBJECTS.items():
        parts.append(f"### {subject}\n\n{_faults(faults, found)}\n")
    missed = [f"- {each.key}, {_size(each.hurts, each)}" for each in _missed(found)]
    parts.append(_OPEN + "\n".join(missed or ["None."]) + "\n\n")
    parts += [_CLEAN, _fields(summary.fields), _criteria(summary)]
    parts.append(_list("False alarms", summary.alarms))
    parts.append("\n" + _list("Fits that failed, and were rightly rejected", summary.failed))
    return "".join(parts)


def _missed(found: Mapping[str, FaultSummary]) -> Iterator[Fault]:
    """Faults of which most realisations at the size that hurts are not caught."""
    for faults in SUBJECTS.values():
        for fault in faults:
            steps = [step for step in found[fault.key].steps if step.size == fault.hurts]
            if steps and not steps[0].enough:
                yield fault


def _faults(faults: Sequence[Fault], found: Mapping[str, FaultSummary]) -> str:
    rows = [
        "| fault | hurts at | smallest caught | must | may |",
        "|---|---|---|---|---|",
    ]
    for fault in faults:
        hurts = f"{_size(fault.hurts, fault)}: {fault.why}" if fault.sizes != (1,) else fault.why
        must = _must(fault, found[fault.key])
        cells = (fault.name, hurts, _caught(fault, found[fault.key]), must, ", ".join(fault.may))
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _must(fault: Fault, entry: FaultSummary) -> str:
    if entry.asked < 2:
        return ", ".join(fault.must) or "–"
    return ", ".join(f"{name} ({entry.must[name]} of {entry.asked})" for name in fault.must)


def _caught(fault: Fault, entry: FaultSummary) -> str:
    if not entry.steps:
        return "not measured yet"
    smallest = entry.smallest
    if smallest is None:
        last = entry.steps[-1]
        size = f"{_size(last.size, fault)} " if fault.sizes != (1,) else ""
        return f"not {size}({last.caught} of {last.realisations})"
    count = f"({smallest.caught} of {smallest.realisations})"
    below = [step for step in entry.steps if step.size < smallest.size]
    missed = (
        f"; {_size(below[-1].size, fault)}: {below[-1].caught} of {below[-1].realisations}" if below else ""
    )
    return f"{_size(smallest.size, fault)} {count}{missed}" if fault.sizes != (1,) else f"yes {count}"


def _size(size: float, fault: Fault) -> str:
    return f"{size:g} {fault.unit}".strip()


def _fields(fields: Mapping[str, Mapping[str, tuple[int, ...]]]) -> str:
    rows = ["| dataset | reductions, by field |", "|---|---|"]
    for dataset, counts in fields.items():
        rows.append(
            f"| {dataset} | " + ", ".join(f"{name}: {len(seeds)}" for name, seeds in counts.items()) + " |"
        )
    return "\n".join(rows) + "\n\n"


def _criteria(summary: Summary) -> str:
    rows = [
        "| criterion | verdicts | of reductions | rejected | not measured | rate below | catches |",
        "|---|---|---|---|---|---|---|",
    ]
    rows += [_criterion(entry, summary.faults) for entry in summary.criteria]
    return "\n".join(rows) + "\n\n"


def _criterion(entry: CriterionSummary, faults: Iterable[FaultSummary]) -> str:
    title = load_criteria()[entry.criterion].title
    number = sum(bool(fault.rejected.get(entry.criterion)) for fault in faults)
    catches = str(number) if number else _MEASURED_ELSEWHERE.get(entry.criterion, "none yet")
    head = f"| {entry.criterion} {title} "
    if not entry.verdicts:
        why = _NOT_JUDGED.get(entry.criterion, "not applicable so far" if entry.idle else "")
        words = f"not measured yet{': ' if why else ''}{why}"
        return f"{head}| {words} | | | | | {catches} |"
    cells = (
        entry.verdicts,
        entry.reductions,
        entry.alarms,
        entry.unmeasured,
        f"{entry.limit:.2g}",
        catches,
    )
    return head + "".join(f"| {cell} " for cell in cells) + "|"


def _list(title: str, words: Iterable[str]) -> str:
    lines = list(_lines(words))
    return f"### {title}\n\n" + ("\n".join(lines) if lines else "None.") + "\n"


def _lines(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        yield f"- {word}"
