"""What verdicts come to: states, their order, and how they roll up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.reports.collect.results import DatasetRecord, FigureRecord, Results, StageRecord, VerdictRecord
from hubble_qa.reports.pages.summary import REJECTING, State, severity, state_of, summarise, worst
from hubble_qa.reports.pages.wording import headline
from hubble_qa.reports.pages.wording import remark as remark_of
from tests.report_sample import OMEGA, REAL, sample_run, verdict

DATASET = DatasetRecord(OMEGA, "", "", ())
PASS = verdict("AST-002", "a", 0.1)
FAIL = verdict("AST-002", "b", 0.3)
MISSING = replace(PASS, status="not measured", accepted=False, value=None, margin=None)


def stage(outcome: str, dataset: str = OMEGA, key: str = "k", *, reused: bool = False) -> StageRecord:
    return StageRecord(dataset, "align", "align", key, outcome, reused, 1.0, 1.0, 1)


def results(*verdicts: VerdictRecord, stages: tuple[StageRecord, ...] = (), exit_status: int = 0) -> Results:
    return Results(sample_run(exit_status), (DATASET,), stages, verdicts, ())


@pytest.mark.parametrize(
    ("status", "accepted", "expected", "state"),
    [
        ("pass", True, None, State.PASS),
        ("warn", True, None, State.WARN),
        ("fail", False, None, State.FAIL),
        ("fail", True, "known", State.EXPECTED),
        ("pass", False, "known", State.UNEXPECTED_PASS),
        ("warn", False, "known", State.UNEXPECTED_PASS),
        ("not measured", False, "known", State.NOT_MEASURED),
        ("not measured", False, None, State.NOT_MEASURED),
        ("not applicable", True, "known", State.NOT_APPLICABLE),
        ("could not be told", True, None, State.NOT_TOLD),
        # Contradictions and unheard-of words are never good news.
        ("fail", True, None, State.FAIL),
        ("pass", False, None, State.UNEXPECTED_PASS),
        ("pass", True, "known", State.UNEXPECTED_PASS),
        ("excellent", True, None, State.NOT_MEASURED),
    ],
)
def test_state_of_a_verdict(status: str, accepted: bool, expected: str | None, state: State) -> None:
    assert state_of(replace(PASS, status=status, accepted=accepted, expected=expected)) is state


@given(st.lists(st.sampled_from(State), min_size=1))
def test_the_worst_of_states_does_not_depend_on_their_order(states: list[State]) -> None:
    assert worst(states) is worst(reversed(states))
    assert worst(states) in states
    assert all(list(State).index(worst(states)) <= list(State).index(state) for state in states)


def test_nothing_is_not_a_pass() -> None:
    assert worst([]) is State.NOT_JUDGED
    assert summarise(Results(sample_run(0), (), (), (), ())).state is State.NOT_JUDGED


def test_one_failure_makes_criterion_dataset_and_run_fail() -> None:
    other = verdict("PHT-001", "a", 0.0)
    summary = summarise(results(PASS, FAIL, other, exit_status=1))
    assert [(each.id, each.state, each.rejected) for each in summary.criteria] == [
        ("AST-002", State.FAIL, 1),
        ("PHT-001", State.PASS, 0),
    ]
    assert summary.datasets[0].state is summary.state is State.FAIL
    assert dict(summary.counts) == {State.FAIL: 1, State.PASS: 2}


def test_a_failed_stage_is_worst_even_where_every_verdict_passes() -> None:
    summary = summarise(results(PASS, stages=(stage("failed"),)))
    assert summary.state is State.STAGE_FAILED
    assert summary.state in REJECTING


def test_a_failed_stage_that_datasets_share_counts_once() -> None:
    shared = (stage("failed"), stage("failed", REAL), stage("blocked", REAL, "other"))
    summary = summarise(results(stages=shared))
    assert [failure.datasets for failure in summary.failures] == [(OMEGA, REAL)]
    assert (summary.built, summary.reused, summary.blocked) == (1, 0, 1)
    assert [dataset.state for dataset in summary.datasets] == [State.STAGE_FAILED] * 2


def test_stages_are_counted_by_product() -> None:
    stages = (
        stage("complete", key="a", reused=True),
        stage("complete", key="b"),
        stage("complete", REAL, "b"),
    )
    summary = summarise(results(PASS, stages=stages))
    assert (summary.built, summary.reused, summary.blocked) == (1, 1, 0)


def test_verdicts_come_worst_first_then_by_how_far_outside_then_by_name() -> None:
    far, near = verdict("AST-002", "star 9", 0.9), verdict("AST-002", "star 10", 0.21)
    close, well = verdict("AST-003", "c", 21.0), verdict("AST-003", "c", 500.0)
    exact = verdict("FIL-001", "star 2", 1.0), verdict("FIL-001", "star 10", 1.0)
    ordered = sorted([exact[1], well, MISSING, near, close, exact[0], far], key=severity)
    assert ordered == [far, near, MISSING, close, well, *exact]


def test_the_best_fit_is_not_the_closest_call() -> None:
    fits = [verdict("AST-002", name, value) for name, value in (("best", 0.001), ("worst", 0.199))]
    assert [each.subject for each in sorted(fits, key=severity)] == ["worst", "best"]
    ratios = [verdict("AST-009", "middle", 1.0), verdict("AST-005", "near", 4.9e-4)]
    assert [each.subject for each in sorted(ratios, key=severity)] == ["near", "middle"]


def test_an_expected_rejection_is_not_a_failure_but_is_not_a_pass_either() -> None:
    expected = replace(FAIL, expected="no table for this date", accepted=True)
    summary = summarise(results(PASS, expected))
    assert summary.state is State.EXPECTED
    assert summary.state not in REJECTING
    assert headline(summary.state, summary.counts, 0) == "Accepted, with 1 known defect"


def test_an_unexpected_pass_rejects_the_run() -> None:
    stale = replace(PASS, expected="no table for this date", accepted=False)
    summary = summarise(results(stale, exit_status=1))
    assert summary.state is State.UNEXPECTED_PASS
    assert headline(summary.state, summary.counts, 0) == "Not accepted: 1 unexpected pass"


@pytest.mark.parametrize(
    ("exit_status", "verdicts", "remark"),
    [
        (0, (PASS,), ""),
        (1, (FAIL,), ""),
        (1, (PASS,), "outside the verdicts"),
        (2, (PASS,), "interrupted"),
        (3, (PASS,), "internal error"),
        (5, (), "no test was selected"),
        (77, (PASS,), "exit status 77"),
    ],
)
def test_a_run_that_ended_badly_is_never_accepted(
    exit_status: int, verdicts: tuple[VerdictRecord, ...], remark: str
) -> None:
    summary = summarise(results(*verdicts, exit_status=exit_status))
    assert remark in summary.remark
    assert bool(summary.remark) == bool(remark)
    assert (summary.state in REJECTING) == (exit_status != 0)


def test_an_absent_dataset_is_not_judged_and_comes_last() -> None:
    absent = DatasetRecord(REAL, "", "", (), absent="the archive has no u40x010hm")
    run = Results(sample_run(0), (absent, DATASET), (), (PASS,), ())
    summary = summarise(run)
    assert [each.record.name for each in summary.datasets] == [OMEGA, REAL]
    assert summary.datasets[1].state is State.NOT_JUDGED
    assert summary.state is State.PASS


def test_records_of_a_dataset_without_a_record_are_not_lost() -> None:
    figure = FigureRecord("third", "f", "", "", "", "f.png")
    run = Results(sample_run(), (), (stage("failed", "second"),), (FAIL,), (figure,))
    assert {each.record.name for each in summarise(run).datasets} == {OMEGA, "second", "third"}


def test_only_inapplicable_verdicts_do_not_make_a_pass() -> None:
    summary = summarise(results(verdict("AST-002", "a")))
    assert summary.state is State.NOT_APPLICABLE
    assert headline(summary.state, summary.counts, 0) == "Nothing was applicable"


@pytest.mark.parametrize(
    ("bounds", "reason", "remark"),
    [
        ("≤ 0", "1 problem: SCI,1 is missing", "SCI,1 is missing"),
        ("≤ 0", "12 problems", ""),
        ("< 0.1 pix", "0.15 is not < 0.1 pix; undersampled", "undersampled"),
        ("< 0.1 pix", "0.15 is not < 0.1 pix", ""),
        ("< 0.1 pix", "only 8 sources", "only 8 sources"),
        ("", "no match file", "no match file"),
    ],
)
def test_a_remark_is_the_reason_without_what_is_shown_beside_it(
    bounds: str, reason: str, remark: str
) -> None:
    assert remark_of(replace(PASS, bounds=bounds, reason=reason)) == remark
