"""What is asked of each realisation of a fault, and the clean realisations that are asked for."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from itertools import islice

import pytest

from hubble_qa.checks.verdict import Status
from hubble_qa.fixtures.plans.dataset import load_dataset
from tests.trust.bench import Judgement
from tests.trust.clean import FIELDS, FULL_SIZE, scarce, variants, varied
from tests.trust.fault import Fault
from tests.trust.records import CleanRun, FaultRun, Journal, Step
from tests.trust.study import Study
from tests.trust.summary import FaultSummary

FAULT = Fault(
    "A", "d", lambda *_: None, "pix", (0.1, 0.2, 0.4), 0.2, "why", ("AST-019", "AST-020"), ("AST-010",)
)
ALL = ("AST-010", "AST-019", "AST-020", "FIL-001")


@dataclass
class FakeBench:
    """Rejects by some criteria whatever is changed, and notes what it was asked for."""

    rejecting: tuple[str, ...]
    asked: list[tuple[str, ...] | None] = field(default_factory=list)
    datasets: tuple[str, ...] = ("d",)

    def criteria(self, dataset):
        return frozenset(ALL)

    def judged(self, dataset, change=None, criteria=None, until=None):
        found = []
        if change is not None:
            self.asked.append(None if criteria is None else tuple(sorted(criteria)))
        for name in ALL:
            if criteria is not None and name not in criteria:
                continue
            accepted = change is None or name not in self.rejecting
            found.append(
                Judgement(name, "s", Status.PASS if accepted else Status.FAIL, accepted, 1.0, "because")
            )
            if until is not None and until(found[-1]):
                break
        return found


def studied(tmp_path, rejecting, *, realisations=4, known=None):
    bench = FakeBench(rejecting)
    journal = Journal(tmp_path / "faults.jsonl")
    Study(bench, journal, known=known).run([FAULT], whole=1, realisations=realisations)
    return bench, journal.faults()


def test_at_the_size_that_hurts_each_that_must_reject_it_is_asked(tmp_path):
    bench, runs = studied(tmp_path, ("AST-010", "AST-019", "AST-020"))
    first, *others = [run for run in runs if run.size == FAULT.hurts]
    assert first.judged == ALL
    assert len(others) == 3
    assert {run.asked for run in others} == {FAULT.must}
    assert {run.caught for run in others} == {FAULT.must}
    assert bench.asked.count(None) == 1


def test_at_other_sizes_the_first_that_rejects_it_is_enough(tmp_path):
    _, runs = studied(tmp_path, ("AST-010", "AST-019", "AST-020"))
    smaller = [run for run in runs if run.size == 0.1]
    assert len(smaller) == 4
    assert {run.caught for run in smaller} == {("AST-010",)}
    assert {run.asked for run in smaller} == {()}


def test_one_that_must_reject_it_and_does_not_is_seen_where_others_do(tmp_path):
    _, runs = studied(tmp_path, ("AST-019",))
    assert {run.caught for run in runs if run.size == FAULT.hurts} == {("AST-019",)}


def test_what_rejected_a_fault_elsewhere_is_asked_too(tmp_path):
    bench, runs = studied(tmp_path, ("FIL-001",), known={FAULT.key: ["FIL-001"]})
    assert ("AST-010", "AST-019", "AST-020", "FIL-001") in bench.asked
    assert runs[0].caught == ("FIL-001",)


def test_all_are_asked_where_none_is_known_to_reject_it(tmp_path):
    bench = FakeBench(())
    fault = replace(FAULT, must=(), may=())
    Study(bench, Journal(tmp_path / "faults.jsonl")).run([fault], whole=0, realisations=2)
    assert bench.asked
    assert set(bench.asked) == {None}


def test_study_goes_on_where_it_was_stopped(tmp_path):
    _, runs = studied(tmp_path, ("AST-019", "AST-020"), realisations=2)
    bench, more = studied(tmp_path, ("AST-019", "AST-020"), realisations=5)
    assert more[: len(runs)] == runs
    assert len(bench.asked) == len(more) - len(runs)
    at_hurts = [run.seed for run in more if run.size == FAULT.hurts]
    assert at_hurts == [0, 1, 2, 3, 4]


def test_a_size_that_is_missed_at_first_may_be_caught_in_most(tmp_path):
    """In 49 of 50 realisations: of the first ten one is missed."""
    bench = FakeBench(FAULT.must)
    journal = Journal(tmp_path / "faults.jsonl")
    missed = FaultRun(FAULT.key, 0.1, 3, caught=())
    journal.add(missed)
    Study(bench, journal).run([FAULT], whole=0, realisations=50)
    found = [run for run in journal.faults() if run.size == 0.1]
    assert len(found) == 50
    assert [run for run in found if not run.caught] == [missed]


def test_what_the_tables_have_is_not_realised_again(tmp_path):
    bench = FakeBench(FAULT.must)
    journal = Journal(tmp_path / "faults.jsonl")
    tabled = {FAULT.key: (Step(0.1, 10, 10), Step(FAULT.hurts, 12, 12))}
    Study(bench, journal, tabled=tabled).run([FAULT], whole=0, realisations=12)
    assert [run.size for run in journal.faults()] == [0.1] * 12


@pytest.mark.parametrize(
    ("steps", "settled"),
    [
        ((Step(0.1, 3, 0), Step(0.2, 50, 50)), True),
        ((Step(0.1, 4, 3), Step(0.2, 50, 50)), False),
        ((Step(0.1, 9, 6), Step(0.2, 50, 50)), True),
        ((Step(0.1, 10, 10), Step(0.2, 50, 50)), False),
        ((Step(0.1, 1, 0), Step(0.2, 10, 10)), False),
        ((Step(0.2, 50, 50),), False),
        ((Step(0.2, 5, 1),), True),
        ((Step(0.2, 5, 3),), False),
        ((Step(0.4, 50, 50),), False),
    ],
)
def test_a_fault_is_settled_once_its_smallest_size_has_as_many_realisations(steps, settled):
    summary = FaultSummary(FAULT.key, steps, 0, {}, {})
    assert summary.settled(FAULT, 50) is settled


@pytest.mark.parametrize(
    ("dataset", "kind", "seed"), list(islice(variants(), 6 * len(FIELDS))), ids=lambda each: str(each)
)
def test_clean_realisations_are_datasets_of_their_own(dataset, kind, seed, tmp_path):
    path = tmp_path / f"{dataset}-{seed}.toml"
    path.write_text(varied(dataset, kind, seed), encoding="utf-8")
    assert load_dataset(path).name == f"{dataset}-{seed}"
    assert tomllib.loads(path.read_text(encoding="utf-8"))["simulation"]["seed"] == seed


def test_all_kinds_of_field_take_their_turn():
    most = max(map(len, FIELDS.values()))
    seen = {(dataset, kind.name) for dataset, kind, _ in islice(variants(), most * len(FIELDS))}
    assert seen == {(dataset, kind.name) for dataset, kinds in FIELDS.items() for kind in kinds}


def test_realisations_of_full_size_are_of_the_datasets_as_they_are():
    assert {(dataset, kind) for dataset, kind, _ in islice(variants("full"), 2 * len(FIELDS))} == {
        (dataset, FULL_SIZE) for dataset in FIELDS
    }


def reductions(dataset, number, **verdicts):
    counts = {name.replace("_", "-"): each for name, each in verdicts.items()}
    return [CleanRun(dataset, "as it is", seed, counts, {}, {}, {}) for seed in range(number)]


def test_further_reductions_are_of_few_datasets():
    runs = [
        *reductions("uvis-ngc6791", 10, DRZ_005=1, AST_001=40),
        *reductions("ir-ibohbf040", 10, DRZ_005=1, TVB_004=1, AST_001=40),
        *reductions("sbc-jcmc11", 3, DRK_001=1),
    ]
    assert scarce(runs, 30) == {
        "sbc-jcmc11": {"DRK-001"},
        "ir-ibohbf040": {"DRZ-005", "TVB-004"},
    }


def test_nothing_is_scarce_once_each_has_as_many():
    assert scarce(reductions("sbc-jcmc11", 10, DRK_001=3), 30) == {}
