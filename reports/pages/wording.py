"""Verdicts and totals in words and symbols, the same on pages and at the terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hubble_qa.reports.collect.results import RunRecord, VerdictRecord
from hubble_qa.reports.pages.summary import REJECTING, RunSummary, State
from hubble_qa.reports.words.numerals import value_text

__all__ = [
    "SYMBOLS",
    "archive_text",
    "bounds_text",
    "counts_text",
    "data_text",
    "headline",
    "is_count",
    "judges_finished",
    "number",
    "number_of",
    "part_text",
    "run_headline",
    "stages_text",
    "value_with_unit",
    "verdicts_text",
]

SYMBOLS: Mapping[State, str] = {
    State.STAGE_FAILED: "■",
    State.FAIL: "✗",
    State.UNEXPECTED_PASS: "◆",
    State.NOT_MEASURED: "?",
    State.INCOMPLETE: "…",
    State.WARN: "▲",
    State.EXPECTED: "⊘",
    State.PASS: "✓",
    State.NOT_TOLD: "○",
    State.NOT_APPLICABLE: "–",
    State.NOT_JUDGED: "·",
}

_VERDICTS: Mapping[State, tuple[str, str]] = {
    State.FAIL: ("failure", "failures"),
    State.UNEXPECTED_PASS: ("unexpected pass", "unexpected passes"),
    State.NOT_MEASURED: ("not measured", "not measured"),
    State.WARN: ("warning", "warnings"),
    State.EXPECTED: ("known defect", "known defects"),
    State.PASS: ("pass", "passes"),
    State.NOT_TOLD: ("could not be told", "could not be told"),
    State.NOT_APPLICABLE: ("not applicable", "not applicable"),
}


def number_of(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun, e.g. ``"1 dataset"`` or ``"2 datasets"``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def number(verdict: VerdictRecord) -> str:
    """Return the value and its uncertainty without the unit; empty where there is no value."""
    return value_text(verdict.value, verdict.uncertainty, (verdict.lower, verdict.upper))


def is_count(verdict: VerdictRecord) -> bool:
    """Whether a value is a number of problems, of which none is allowed: no distance to a limit."""
    whole = verdict.value is not None and verdict.value.is_integer() and not verdict.uncertainty
    return whole and not verdict.unit and verdict.lower is None and verdict.upper == 0


def value_with_unit(verdict: VerdictRecord) -> str:
    """Return the value, its uncertainty and its unit, a count as ``"2 problems"``; empty without a value."""
    if is_count(verdict) and verdict.value is not None:
        return number_of(int(verdict.value), "problem") if verdict.value else "no problem"
    text = number(verdict)
    return f"{text} {verdict.unit}".strip() if text else ""


def remark(verdict: VerdictRecord) -> str:
    """Return the reason without the value and the bounds, which are shown beside it."""
    restated = f"[^ ]+ is not {re.escape(verdict.bounds)}(?:; |$)" if verdict.bounds else "$"
    return re.sub(rf"^(?:{restated}|\d+ problems?(?:: |$))", "", verdict.reason)


def bounds_text(verdict: VerdictRecord) -> str:
    """Return the bounds in words; one accepted value as such."""
    if verdict.lower is not None and verdict.lower == verdict.upper:
        return f"exactly {verdict.lower:.6g} {verdict.unit}".rstrip()
    return verdict.bounds


def counts_text(counts: Mapping[State, int]) -> str:
    """Return counts of verdicts in words, worst first, e.g. ``"1 failure, 80 passes"``."""
    return ", ".join(number_of(count, *_VERDICTS[state]) for state, count in counts.items())


def part_text(asked: int, available: int) -> str:
    """Return how many verdicts a partial run was asked for; empty where that is all there are."""
    return f"{asked} of {number_of(available, 'verdict')} asked for" if asked < available else ""


def data_text(run: RunRecord) -> str:
    """Return what kind of data a run judged, where they are not real; empty where nobody says so."""
    if run.archive != "simulated":
        return ""
    return "simulated data, small size" if run.size == "small" else "simulated data"


def run_headline(summary: RunSummary) -> str:
    """Return the outcome of a run in one phrase."""
    part = part_text(summary.run.asked, summary.run.available)
    return headline(summary.state, summary.counts, len(summary.failures), summary.remark, part)


def headline(
    state: State, counts: Mapping[State, int], failed_stages: int, remark: str = "", part: str = ""
) -> str:
    """Return the outcome of a run or a dataset in one phrase.

    Parameters
    ----------
    state : State
        The outcome.
    counts : mapping of State to int
        Verdicts by state.
    failed_stages : int
        Number of stages that failed.
    remark : str
        Why a run did not end well.
    part : str
        How much of all verdicts was asked for, where that is not all.
    """
    if part and state not in REJECTING:
        outcome = headline(state, counts, failed_stages)
        return f"{part[0].upper()}{part[1:]}: {outcome[0].lower()}{outcome[1:]}"
    if state in REJECTING:
        stages = [f"{number_of(failed_stages, 'stage')} failed"] if failed_stages else []
        bad = {each: count for each, count in counts.items() if each in REJECTING}
        return "Not accepted: " + "; ".join(filter(None, [*stages, counts_text(bad), remark, part]))
    if state is State.NOT_JUDGED:
        return "Nothing was judged"
    if state is State.NOT_TOLD:
        return "Nothing could be told"
    if state is State.NOT_APPLICABLE:
        return "Nothing was applicable"
    noted = frozenset({State.WARN, State.EXPECTED})
    notes = {each: count for each, count in counts.items() if each in noted}
    text = "Accepted" + (f", with {counts_text(notes)}" if notes else "")
    untold = counts.get(State.NOT_TOLD, 0)
    return f"{text}; {number_of(untold, 'verdict')} could not be told" if untold else text


def verdicts_text(summary: RunSummary) -> str:
    """Return how many verdicts there are on how many datasets, and how many datasets are absent."""
    absent = sum(bool(dataset.record.absent) for dataset in summary.datasets)
    present = number_of(len(summary.datasets) - absent, "dataset")
    text = f"{number_of(sum(summary.counts.values()), 'verdict')} on {present}"
    return f"{text}, {number_of(absent, 'dataset')} absent" if absent else text


def stages_text(summary: RunSummary) -> str:
    """Return how many stages were built, reused and blocked."""
    parts = [f"{summary.built} built", f"{summary.reused} reused from the store"]
    if summary.blocked:
        parts.append(f"{summary.blocked} blocked by a failed stage")
    return ", ".join(parts) if summary.built + summary.reused + summary.blocked else "none"


def judges_finished(run: RunRecord) -> bool:
    """Whether finished products were judged, so that no stage ran and no archive served anything."""
    return run.archive == "products"


def archive_text(run: RunRecord) -> str:
    """Return where the data came from."""
    return f"{run.archive}: {run.archive_location}" if run.archive_location else run.archive
