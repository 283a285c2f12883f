"""Drift, judged by the history at the end of a run: the verdicts of REG-001."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.trends.departures import drift_measurements
from hubble_qa.checks.verdict import judge
from hubble_qa.reports.collect.records import criterion_record, verdict_record
from hubble_qa.reports.collect.results import Results, VerdictRecord

if TYPE_CHECKING:
    from hubble_qa.checks.trends.drift import Drift

__all__ = ["CRITERION", "with_drifts"]

CRITERION = "REG-001"


def with_drifts(results: Results, states: Mapping[str, Mapping[str, Drift]]) -> Results:
    """Add the verdicts on the drift of series to a run's results.

    Parameters
    ----------
    results : Results
        What the run found. Where it was accepted and a series has drifted, its exit status is 1 then.
    states : mapping
        Of each dataset, the states of its series by criterion and subject.
    """
    found = tuple(_verdicts(states))
    if not found:
        return results
    rejected = any(not each.accepted for each in found)
    exit_status = results.run.exit_status or int(rejected)
    return replace(
        results,
        run=replace(results.run, exit_status=exit_status),
        verdicts=(*results.verdicts, *found),
        criteria=(*results.criteria, criterion_record(load_criteria()[CRITERION])),
    )


def _verdicts(states: Mapping[str, Mapping[str, Drift]]) -> Iterator[VerdictRecord]:
    criterion = load_criteria()[CRITERION]
    for dataset, of_dataset in states.items():
        for measurement in drift_measurements(of_dataset):
            test = f"history::{CRITERION}[{dataset}-{measurement.subject}]"
            yield verdict_record(judge(criterion, measurement), test, dataset)
