"""Verdicts that are expected of a run's tests: noted once these are collected, missed if one never comes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from itertools import chain

import pytest

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.measurement import not_measured
from hubble_qa.checks.verdict import judge as apply
from hubble_qa.fixtures.suite.judging import criterion_of, dataset_of, subject_of
from hubble_qa.fixtures.suite.run import Run
from hubble_qa.reports.collect.records import Expected, verdict_record
from hubble_qa.reports.collect.results import NOT_RUN, VerdictRecord

__all__ = ["lost", "note_expected", "noted"]

# Files in which each process notes the verdicts expected of its tests, a line each: there may be very many.
_EXPECTED = ".expected.jsonl"


def note_expected(run: Run, items: Sequence[pytest.Item]) -> None:
    """Note the verdicts expected of tests, where no process of the run has done so.

    Workers collect the same tests, and there may be very many.
    """
    if any(run.notices.glob(f"*{_EXPECTED}")):
        return
    expected = (entry for item in items for entry in _expected_verdict(item))
    first = next(expected, None)
    if first is not None:
        path = run.notices / f"{os.getpid()}{_EXPECTED}"
        written = path.with_suffix(".part")
        with written.open("w", encoding="utf-8") as notes:
            notes.writelines(f"{json.dumps(entry)}\n" for entry in chain([first], expected))
        written.replace(path)


def _expected_verdict(item: pytest.Item) -> Iterator[tuple[str, str, str, str]]:
    """Test, dataset, criterion and subject of a test that judges."""
    dataset, criterion = dataset_of(item), criterion_of(item)
    if dataset is not None and criterion is not None:
        yield item.nodeid, dataset.name, criterion.id, subject_of(item)


def noted(run: Run) -> Iterator[Expected]:
    """The verdicts expected of the run's tests, as its processes have noted them: each test once."""
    told: set[str] = set()
    for path in sorted(run.notices.glob(f"*{_EXPECTED}")):
        with path.open(encoding="utf-8") as notes:
            for expected in (Expected(*json.loads(line)) for line in notes):
                if expected.test not in told:
                    told.add(expected.test)
                    yield expected


def lost(expected: Expected) -> VerdictRecord:
    """The verdict of a test that was not run."""
    criterion = load_criteria()[expected.criterion]
    measured = not_measured(criterion.quantity, expected.subject, NOT_RUN)
    return verdict_record(apply(criterion, measured), expected.test, expected.dataset)
