"""What the terminal says at the end of a run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hubble_qa.checks.printable import one_line
from hubble_qa.fixtures.store.product import LOG, Outcome
from hubble_qa.reports.collect.results import (
    DAMAGED_FACT,
    NOT_JUDGED_FACT,
    Results,
    VerdictRecord,
)
from hubble_qa.reports.pages.summary import (
    REJECTING,
    RunSummary,
    StageFailure,
    State,
    severity,
    state_of,
    summarise,
)
from hubble_qa.reports.pages.topics import topics_text, unasked_text
from hubble_qa.reports.pages.wording import (
    bounds_text,
    counts_text,
    data_text,
    remark,
    run_headline,
    stages_text,
    value_with_unit,
    verdicts_text,
)
from hubble_qa.reports.words.numerals import duration
from hubble_qa.reports.words.text import beyond, shorten, tail

__all__ = ["summary_lines"]

_LOG_LINES = 8
_LONGEST = 240
_LONGEST_LIST = 2000
_NOT_JUDGED, _NO_CRITERIA, _OF_LOG = "not judged: ", "no criteria for", "    | "
_STAGE_FAILED = re.compile(r"stage (\S+) failed")
_MANY = 12
"""Up to so many verdicts by one criterion on a dataset have a line each."""
_MOST = 120
"""Lines on verdicts; the others are in the report."""
_FEW = 3
"""Up to this many verdicts that are missing for the same reason have a line each."""


def summary_lines(results: Results) -> list[str]:
    """Summarise a run in a few lines of plain text.

    Accepted verdicts are counted. Each verdict that is not accepted has a line; only verdicts that could
    not be measured for the same reason share one. Each failed stage shows once, with the
    end of its log.
    """
    summary = summarise(results)
    lines = [*_totals(summary), *_stages(summary.failures)]
    lines += _bounded([*_rejections(results.verdicts)])
    lines += _bounded([*_accepted_despite(results.verdicts)])
    # What is to be mended in a dataset file is said whole: the remedy is at the end.
    idle = [f"without effect: {line}" for line in summary.without_effect]
    unusable = [f"cannot be used: {line}" for line in summary.unusable]
    return [*map(_printable, lines), *map(one_line, [*unusable, *idle])]


def _printable(line: str) -> str:
    if line.startswith(_OF_LOG):  # the blanks in a log are part of it
        return shorten(line, _LONGEST)
    return one_line(line, _LONGEST_LIST if line.startswith((_NOT_JUDGED, _NO_CRITERIA)) else _LONGEST)


def _bounded(lines: Sequence[str]) -> Sequence[str]:
    """The first of very many lines, and how many there are."""
    more = len(lines) - _MOST
    return lines if more <= 0 else [*lines[:_MOST], f"and {more} more lines like these: see the report"]


def _totals(summary: RunSummary) -> Iterator[str]:
    data = data_text(summary.run)
    yield f"{data[0].upper()}{data[1:]}: {run_headline(summary)}" if data else run_headline(summary)
    verdicts = verdicts_text(summary)
    yield f"{verdicts}: {counts_text(summary.counts)}" if summary.counts else verdicts
    yield f"stages: {stages_text(summary)}; {duration(summary.run.elapsed)} in all"
    if State.NOT_TOLD in summary.counts:
        yield topics_text(verdict for dataset in summary.datasets for verdict in dataset.verdicts)
    unasked = unasked_text(dataset.record for dataset in summary.datasets)
    yield from [unasked] if unasked else []
    for dataset in summary.datasets:
        if dataset.record.absent:
            yield f"absent: {dataset.record.name}: {dataset.record.absent}"
    for dataset in summary.datasets:
        for name, fact in dataset.record.facts.items():
            if name.startswith(DAMAGED_FACT):
                yield f"not as it was published, so built anew: {dataset.record.name}: {fact}"
    facts = (dataset.record.facts.get(NOT_JUDGED_FACT, "") for dataset in summary.datasets)
    yield from (f"{_NOT_JUDGED}{fact}" for fact in dict.fromkeys(facts) if fact)


def _stages(failures: Iterable[StageFailure]) -> Iterator[str]:
    for failure in failures:
        stage = failure.record
        label = "stage interrupted" if stage.outcome == Outcome.INTERRUPTED else State.STAGE_FAILED
        error = stage.error or "no reason was recorded"
        yield f"{label}: {stage.node} of {', '.join(failure.datasets)}: {error}"
        log = tail(beyond(stage.log_tail, stage.error), _LOG_LINES)
        yield from (f"{_OF_LOG}{line}" for line in log.splitlines())
        if stage.directory:
            yield f"its log: {Path(stage.directory) / LOG}"


def _rejections(verdicts: Iterable[VerdictRecord]) -> Iterator[str]:
    rejected = sorted((each for each in verdicts if state_of(each) in REJECTING), key=severity)
    missing: dict[tuple[str, str], list[VerdictRecord]] = {}
    told: Counter[tuple[str, str]] = Counter()
    for verdict in rejected:
        if state_of(verdict) is State.NOT_MEASURED:
            # Why a stage failed is told where that is told.
            stage = _STAGE_FAILED.match(verdict.reason)
            cause = f"they need stage {stage[1]}, which failed" if stage else verdict.reason
            missing.setdefault((verdict.dataset, cause), []).append(verdict)
            continue
        told[verdict.criterion, verdict.dataset] += 1
        if told[verdict.criterion, verdict.dataset] <= _MANY:
            yield _line(verdict)
    for (criterion, dataset), count in told.items():
        if count > _MANY:
            yield f"not accepted: {count - _MANY} more by {criterion} on {dataset}: see the report"
    for (dataset, cause), group in missing.items():
        together = len(group) > _FEW or cause != group[0].reason
        yield from [_together(group, dataset, cause)] if together else map(_line, group)


def _accepted_despite(verdicts: Iterable[VerdictRecord]) -> Iterator[str]:
    """A line on the warnings by each criterion, and on each known defect with what to do about it."""
    grouped: dict[tuple[str, str, str | None], list[VerdictRecord]] = {}
    known = (each for each in verdicts if state_of(each) in (State.WARN, State.EXPECTED))
    for verdict in sorted(known, key=severity):
        grouped.setdefault((verdict.dataset, verdict.criterion, verdict.expected), []).append(verdict)
    for group in grouped.values():
        first, more = group[0], len(group) - 1
        line = f"{_line(first)}" + (f", and {more} more" if more else "")
        because = "; ".join(filter(None, [first.expected, first.expected_remedy]))
        yield f"{line}: {because}" if because else line


def _line(verdict: VerdictRecord) -> str:
    state = state_of(verdict)
    where = f"{state}: {verdict.criterion} {verdict.dataset} {verdict.subject}"
    value = value_with_unit(verdict) or "no value"
    because = remark(verdict)
    if state is State.UNEXPECTED_PASS:
        within = f" with {verdict.expected_range}" if verdict.expected_range else ""
        because = f"expected to be rejected{within}: {verdict.expected or 'no reason given'}"
    return f"{where}: {value}, accepted {bounds_text(verdict)}" + (f" ({because})" if because else "")


def _together(group: list[VerdictRecord], dataset: str, cause: str) -> str:
    criteria = ", ".join(dict.fromkeys(verdict.criterion for verdict in group))
    number = f"{len(group)} verdict{'' if len(group) == 1 else 's'}"
    return f"{State.NOT_MEASURED}: {number} on {dataset}: {cause} ({criteria})"
