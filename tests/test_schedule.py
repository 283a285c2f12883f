"""What is built next, and what need not be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from hubble_qa.fixtures.engine.backlog import TOGETHER, Progress, Task
from hubble_qa.fixtures.engine.schedule import Schedule
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.store.product import Manifest, Outcome, Product
from tests.stages_for_tests import Plain, chain, meet, write


def product(node: Node, outcome: Outcome = Outcome.COMPLETE) -> Product:
    manifest = Manifest(
        key=node.key,
        **node.ingredients(),
        files={},
        outcome=outcome,
        error="",
        run="earlier",
        started="",
        wall=1.0,
        cpu=1.0,
        peak_memory=1,
    )
    return Product(Path(), manifest)


def schedule(
    *there: Product,
    rebuild: frozenset[str] = frozenset(),
    expected: dict[str, float] | None = None,
    records: Sequence[Product] = (),
    reopened: Callable[[Task], None] = lambda task: None,
) -> Schedule:
    """Return a schedule over a store that holds these products, all from an earlier run, and records."""
    by_key = {each.manifest.key: each for each in there}
    known = {each.manifest.key: each for each in records}
    seconds = expected or {}
    return Schedule(
        rebuild,
        lambda node, earlier: by_key.get(node.key) if earlier else None,
        lambda node: seconds.get(node.name, 1.0),
        lambda node: known.get(node.key),
        reopened,
    )


def names(tasks: list[Task]) -> list[str]:
    return [task.node.name for task in tasks]


def ready(plan: Schedule) -> list[Task]:
    """Tasks that can be built now, in the order in which they would be begun."""
    found: list[Task] = []
    while (task := plan.backlog.first()) is not None:
        task.progress = Progress.BUILDING
        found.append(task)
    for task in found:
        task.progress = Progress.READY
        plan.backlog.make_ready(task)
    return found


def end(plan: Schedule, node: Node, outcome: Outcome = Outcome.COMPLETE) -> list[str]:
    task = plan.tasks[node.key]
    task.product = product(node, outcome)
    return names(plan.decide(task))


def test_a_node_is_ready_once_all_it_needs_is_decided(tmp_path: Path) -> None:
    nodes = chain(tmp_path, "ab")
    plan = schedule()
    plan.add(nodes)

    assert names(ready(plan)) == ["write-a"]
    assert end(plan, nodes[0]) == ["write-a"]
    assert names(ready(plan)) == ["write-b"]


def test_the_longest_chain_comes_first(tmp_path: Path) -> None:
    short, long = chain(tmp_path, "a"), chain(tmp_path, "xyz")
    plan = schedule()
    plan.add([*short, *long])

    assert names(ready(plan)) == ["write-x", "write-a"]


def test_chains_are_measured_in_seconds_where_they_are_known(tmp_path: Path) -> None:
    short, long = chain(tmp_path, "a"), chain(tmp_path, "xyz")
    plan = schedule(expected={"write-a": 60.0})
    plan.add([*short, *long])

    assert names(ready(plan)) == ["write-a", "write-x"]


def test_what_is_there_needs_nothing_upstream(tmp_path: Path) -> None:
    first, second, third = chain(tmp_path, "abc")
    plan = schedule(product(second))
    decided = plan.add([third])

    assert names(decided) == ["write-b"]
    assert names(ready(plan)) == ["write-c"]
    assert plan.tasks[first.key].progress is Progress.FRESH


def test_a_node_asked_for_later_is_looked_up_then(tmp_path: Path) -> None:
    first, second = chain(tmp_path, "ab")
    plan = schedule(product(second))
    plan.add([second])
    plan.add([first])

    assert names(ready(plan)) == ["write-a"]


@pytest.mark.parametrize("name", ["write-b", "field/write-b"])
def test_rebuilding_a_node_rebuilds_what_follows_and_nothing_before(tmp_path: Path, name: str) -> None:
    nodes = chain(tmp_path, "abc")
    plan = schedule(*map(product, nodes), rebuild=frozenset({name}))
    decided = plan.add(nodes)

    assert names(decided) == ["write-a"]
    left = [task.node.name for task in plan.tasks.values() if task in plan.backlog]
    assert left == ["write-b", "write-c"]


@pytest.mark.parametrize("name", ["all", "write"])
def test_rebuilding_a_stage_or_all_rebuilds_every_node_of_it(tmp_path: Path, name: str) -> None:
    nodes = chain(tmp_path, "abc")
    plan = schedule(*map(product, nodes), rebuild=frozenset({name}))

    assert plan.add(nodes) == []


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.INTERRUPTED])
def test_what_follows_a_node_that_did_not_complete_is_blocked_by_it(tmp_path: Path, outcome: Outcome) -> None:
    first, second, third = chain(tmp_path, "abc")
    aside = Node("field", "aside", write, Plain(label="aside"))
    plan = schedule()
    plan.add([third, aside])

    assert end(plan, first, outcome) == ["write-a", "write-b", "write-c"]
    assert plan.tasks[third.key].blocked_by == "write-a"
    assert plan.tasks[second.key].error == "not run, because write-a did not complete"
    assert names(ready(plan)) == ["aside"]


def test_what_follows_an_earlier_failure_is_blocked_at_once(tmp_path: Path) -> None:
    first, second = chain(tmp_path, "ab")
    plan = schedule(product(first, Outcome.FAILED))

    assert names(plan.add([second])) == ["write-a", "write-b"]
    assert plan.tasks[second.key].blocked_by == "write-a"


# Products whose files were not kept


def test_a_record_is_enough_where_nothing_is_built_on_it(tmp_path: Path) -> None:
    raw, flt = chain(tmp_path, "ab")
    plan = schedule(product(flt), records=[product(raw)])
    assert names(plan.add([flt])) == ["write-b"]
    assert names(plan.add([raw, flt], read=False)) == ["write-a"]
    assert plan.tasks[raw.key].recorded
    assert ready(plan) == []


def test_files_that_were_not_kept_are_built_anew_where_they_are_read(tmp_path: Path) -> None:
    raw, flt = chain(tmp_path, "ab")
    reopened: list[Task] = []
    plan = schedule(product(flt), records=[product(raw)], reopened=reopened.append)
    plan.add([flt])
    plan.add([raw], read=False)
    assert plan.add([raw]) == []
    assert names(reopened) == names(ready(plan)) == ["write-a"]
    assert end(plan, raw) == ["write-a"]
    assert not plan.tasks[raw.key].recorded


@pytest.mark.parametrize("rebuild", [frozenset(), frozenset({"write-b"})])
def test_what_is_built_on_a_record_builds_that_first(tmp_path: Path, rebuild: frozenset[str]) -> None:
    raw, flt = chain(tmp_path, "ab")
    there = [product(flt)] if rebuild else []
    for read_first in (True, False):
        plan = schedule(*there, records=[product(raw)], rebuild=rebuild)
        decided = plan.add([flt]) if read_first else []
        decided += plan.add([raw, flt], read=False)
        assert decided == []
        assert names(ready(plan)) == ["write-a"]


def test_a_record_is_none_of_what_is_to_be_built_anew(tmp_path: Path) -> None:
    raw, flt = chain(tmp_path, "ab")
    plan = schedule(product(flt), records=[product(raw)], rebuild=frozenset({"all"}))
    assert plan.add([raw, flt], read=False) == []
    assert names(ready(plan)) == ["write-a"]


def test_a_chain_that_becomes_longer_comes_earlier(tmp_path: Path) -> None:
    first, second = chain(tmp_path, "a"), chain(tmp_path, "xy")
    plan = schedule(expected={"write-a": 1.0, "write-x": 1.0, "write-y": 1.0, "behind": 5.0})
    plan.add([*first, *second])
    assert [(task.node.name, task.chain) for task in ready(plan)] == [("write-x", 2.0), ("write-a", 1.0)]

    plan.add([Node("field", "behind", write, Plain(), upstream={"a": first[0]})])
    assert [(task.node.name, task.chain) for task in ready(plan)] == [("write-a", 6.0), ("write-x", 2.0)]
    assert plan.backlog.seconds == 8.0
    assert plan.backlog.longest() == 6.0


def test_what_is_left_is_counted_by_stage_until_it_is_decided(tmp_path: Path) -> None:
    nodes = chain(tmp_path, "abc")
    plan = schedule()
    plan.add(nodes)
    assert plan.backlog.stages == {write: 3}
    end(plan, nodes[0])
    assert (plan.backlog.stages, plan.backlog.seconds) == ({write: 2}, 2.0)
    # What needs it is decided with it.
    end(plan, nodes[1], Outcome.FAILED)
    assert (len(plan.backlog), plan.backlog.stages, plan.backlog.seconds) == (0, {}, 0.0)


def test_stages_that_cannot_start_are_passed_over(tmp_path: Path) -> None:
    plan = schedule(expected={"meet-a": 9.0})
    plan.add([Node("field", "meet-a", meet, Plain()), *chain(tmp_path, "b")])
    first, other = plan.backlog.first(), plan.backlog.first(lambda stage: stage is write)
    assert first is not None
    assert other is not None
    assert (first.node.name, other.node.name) == ("meet-a", "write-b")
    assert plan.backlog.first(lambda stage: False) is None


def test_it_is_known_how_long_all_take_once_it_is_of_each_stage(tmp_path: Path) -> None:
    plan = Schedule(frozenset(), lambda node, earlier: None, lambda node: 2.0 if node.stage is meet else None)
    plan.add([Node("field", "meet-a", meet, Plain())])
    assert plan.backlog.timed
    plan.add(chain(tmp_path, "bc"))
    assert not plan.backlog.timed
    plan.backlog.learn(write.name)
    assert plan.backlog.timed


def test_of_very_many_datasets_the_first_are_ended_before_others_are_begun() -> None:
    plan = schedule(expected={"write-a": 1.0, "write-b": 1.0})
    last = TOGETHER + 1
    for number in range(last + 1):
        first = Node(f"d{number}", "write-a", write, Plain(label=f"a{number}"))
        plan.add([Node(f"d{number}", "write-b", write, Plain(label=f"b{number}"), upstream={"a": first})])
    begun = ready(plan)
    # Their chains are the same.
    assert [task.node.dataset for task in begun] == [f"d{number}" for number in range(last + 1)]
    end(plan, begun[5].node)
    # Shorter than those of datasets that were not begun, and earlier.
    order = [str(task.node) for task in ready(plan)]
    assert order.index("d5/write-b") == TOGETHER - 1
    assert order[TOGETHER:] == [f"d{number}/write-a" for number in (TOGETHER, last)]
