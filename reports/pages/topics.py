"""What was judged of a product, could not be told, or has no criteria, by its sides, in one line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from hubble_qa.reports.collect.results import NO_CRITERIA_FACT, DatasetRecord, VerdictRecord
from hubble_qa.reports.pages.summary import State, state_of

__all__ = ["topics_text", "unasked_text"]

_LONGEST_REASON = 80
# Verdicts that say nothing of a product.
_WITHOUT = frozenset({State.NOT_TOLD, State.NOT_APPLICABLE, State.NOT_MEASURED, State.NOT_JUDGED})


def topics_text(verdicts: Iterable[VerdictRecord], datasets: Iterable[DatasetRecord] = ()) -> str:
    """Say which sides of a product were judged, and which could not be told, and why, or have no criteria.

    A side is judged where any verdict on it has a value. Where some of its verdicts could not be told all
    the same, it is named on both sides, with their number.

    Parameters
    ----------
    verdicts : iterable of VerdictRecord
        Those on one dataset, or on all.
    datasets : iterable of DatasetRecord, optional
        That dataset, or all: of some instruments not all sides have criteria.

    Returns
    -------
    str
        ``"judged: form, zeropoints · not told: drizzled flux (no exposures)"``; empty without verdicts.
    """
    grouped: dict[str, list[VerdictRecord]] = {}
    for verdict in sorted(verdicts, key=lambda each: each.criterion):
        grouped.setdefault(verdict.topic, []).append(verdict)
    judged = [topic for topic, group in grouped.items() if topic and _is_judged(group)]
    untold = [
        f"{topic} ({_why(group, lost)})"
        for topic, group in grouped.items()
        if topic and (lost := [each for each in group if state_of(each) is State.NOT_TOLD])
    ]
    parts = [("judged", judged), ("not told", untold)]
    texts = [f"{name}: {', '.join(found)}" for name, found in parts if found]
    return " · ".join([*texts, *filter(None, [unasked_text(datasets)])])


def unasked_text(datasets: Iterable[DatasetRecord]) -> str:
    """For which sides of a product there are no criteria, by instrument; empty where there are for all.

    ``"no criteria for: calibration, zeropoints of NICMOS and STIS"``
    """
    instruments: dict[str, list[str]] = {}
    for dataset in datasets:
        topics, _, instrument = dataset.facts.get(NO_CRITERIA_FACT, "").rpartition(" of ")
        if topics:
            instruments.setdefault(topics, []).append(instrument)
    texts = [f"{topics} of {' and '.join(names)}" for topics, names in instruments.items()]
    return f"no criteria for: {'; '.join(texts)}" if texts else ""


def _is_judged(group: Iterable[VerdictRecord]) -> bool:
    return any(state_of(verdict) not in _WITHOUT for verdict in group)


def _why(group: Sequence[VerdictRecord], lost: Sequence[VerdictRecord]) -> str:
    """The one reason of all, else of how many verdicts."""
    reasons = {verdict.reason for verdict in lost}
    if len(reasons) == 1:
        return textwrap.shorten(reasons.pop(), _LONGEST_REASON, placeholder=" …")
    counted = sum(state_of(verdict) is not State.NOT_APPLICABLE for verdict in group)
    return f"{len(lost)} of {counted} verdicts"
