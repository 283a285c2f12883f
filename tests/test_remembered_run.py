"""Each small dataset once more, by what was measured before: the verdicts are those that were measured."""

from __future__ import annotations

import re

import pytest

from tests.qa_runs import run_qa
from tests.small_runs import SMALL_RUNS, path_without, place_of, reduced_dataset, small_run

# One of each kind with every change; all before a release, which takes minutes.
OFTEN = ("sbc-jcmc11", "acs-two-filters")
SELDOM = [name for name in SMALL_RUNS if name not in OFTEN]


@pytest.mark.parametrize("dataset", [reduced_dataset(name, seldom=SELDOM) for name in SMALL_RUNS])
def test_verdicts_are_those_that_were_measured(dataset, tmp_path_factory):
    fresh = small_run(dataset, tmp_path_factory)
    how = SMALL_RUNS[dataset]
    path = {"PATH": path_without(how.without)} if how.without else {}
    # By one process what two workers measured, and the other way round.
    *options, workers = how.arguments
    place = place_of(dataset, tmp_path_factory)
    again = run_qa(place, "again", "--dataset", dataset, *options, {"0": "2", "2": "0"}[workers], **path)

    assert again.verdicts == fresh.verdicts
    assert again.process.returncode == fresh.process.returncode
    counts = re.search(r"Measured: (\d+); as measured by an earlier run: (\d+)", again.process.stdout)
    assert counts, again.process.stdout
    # All but those that had nothing to measure by: they end without a judgement.
    assert int(counts[1]) == 0
    assert int(counts[2]) > 0.8 * len(fresh.verdicts)
