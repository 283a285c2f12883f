"""The simulation of runs of very many datasets: against what can be worked out by hand, and real records."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.scale import RECORDED, SIMULATED, VERDICTS, Outcome, Site, Step, recorded, simulate, steps_of
from hubble_qa.fixtures.engine.engine import Engine, new_run
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.store.store import Store
from tests.stages_for_tests import Plain, write

# A diamond: one, then two at once, then one.
DIAMOND = (
    Step(10.0, 0.0, 0.0, ()),
    Step(4.0, 0.0, 0.0, (0,)),
    Step(7.0, 0.0, 0.0, (0,)),
    Step(2.0, 0.0, 0.0, (1, 2)),
)
FREE = Site(
    workers=1,
    per_node=0.0,
    operation=0.0,
    per_verdict=0.0,
    per_told=0.0,
    spread=True,
)


def seconds(site: Site, datasets: int = 1, steps: tuple[Step, ...] = DIAMOND) -> float:
    return simulate(site, [steps], datasets).elapsed


@pytest.mark.parametrize(("workers", "expected"), [(1, 23.0), (2, 19.0), (50, 19.0)])
def test_a_dataset_takes_its_stages_one_after_the_other_or_its_longest_chain(
    workers: int, expected: float
) -> None:
    assert seconds(replace(FREE, workers=workers)) == pytest.approx(expected)


@pytest.mark.parametrize(("workers", "expected"), [(1, 230.0), (1000, 19.0)])
def test_datasets_share_nothing_but_the_workers(workers: int, expected: float) -> None:
    assert seconds(replace(FREE, workers=workers), 10) == pytest.approx(expected)


def test_what_is_done_one_after_the_other_bounds_a_run_on_any_number_of_workers() -> None:
    many = replace(FREE, workers=1000)
    assert seconds(replace(many, per_node=1.0), 10) >= 40.0, "the controller, 4 nodes of each"
    assert seconds(replace(many, operation=0.1, operations=10), 10) >= 40.0, "names on the store"
    judging = replace(many, per_verdict=0.1, spread=False)
    assert seconds(judging, 10) >= 10 * VERDICTS * 0.1
    assert seconds(replace(judging, spread=True), 10) < 10 * VERDICTS * 0.1


def test_the_store_serves_so_many_bytes_a_second() -> None:
    steps = (Step(0.0, 5e8, 5e8, ()),)
    site = replace(FREE, workers=1000, stream=1e8, streams=4)
    assert seconds(site, 8, steps) == pytest.approx(8 * 1e9 / 4e8)


def test_shares_say_what_a_run_waits_for() -> None:
    outcome: Outcome = simulate(replace(FREE, workers=100, per_node=1.0), [DIAMOND], 50)
    assert outcome.share("controller") > 0.9
    assert outcome.share("workers") / 100 < 0.2


def test_what_was_recorded_is_of_all_cameras_and_can_be_replayed() -> None:
    told = json.loads(RECORDED.read_text(encoding="utf-8"))
    assert {name.partition("-")[0] for name in told} == {"acs", "ir", "sbc", "uvis", "wfpc2"}
    for name, stages in told.items():
        steps = steps_of(stages)
        assert len(steps) == len([each for each in stages if each["stage"] != SIMULATED]), name
        assert all(earlier < number for number, step in enumerate(steps) for earlier in step.upstream), name
        assert all(step.seconds >= 0 for step in steps)


def test_a_stores_manifests_tell_stages_in_order_with_what_they_read(tmp_path: Path) -> None:
    first = Node("field", "write-a", write, Plain(label="a"))
    second = Node("field", "write-b", write, Plain(label="b"), upstream={"before": first})
    with Engine(Store(tmp_path / "store"), new_run(), jobs=1) as engine:
        engine.submit([second])
        product = engine.result(second).product
        upstream = engine.result(first).product
    assert product is not None
    assert upstream is not None
    (told,) = recorded(tmp_path / "store").values()
    assert [each["node"] for each in told] == ["write-a", "write-b"]
    assert told[1]["upstream"] == ["write-a"]
    assert told[1]["read"] == sum(upstream.manifest.sizes.values()) == told[0]["written"] > 0
