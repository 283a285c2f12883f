"""What is built next, and what need not be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from hubble_qa.fixtures.engine.schedule import Progress, Schedule, Task
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.store.product import Manifest, Outcome, Product
from tests.stages_for_tests import Plain, chain, write


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


def end(plan: Schedule, node: Node, outcome: Outcome = Outcome.COMPLETE) -> list[str]:
    task = plan.tasks[node.key]
    task.product = product(node, outcome)
    return names(plan.decide(task))


def test_a_node_is_ready_once_all_it_needs_is_decided(tmp_path: Path) -> None:
    nodes = chain(tmp_path, "ab")
    plan = schedule()
    plan.add(nodes)

    assert names(plan.ready()) == ["write-a"]
    assert end(plan, nodes[0]) == ["write-a"]
    assert names(plan.ready()) == ["write-b"]


def test_the_longest_chain_comes_first(tmp_path: Path) -> None:
    short, long = chain(tmp_path, "a"), chain(tmp_path, "xyz")
    plan = schedule()
    plan.add([*short, *long])

    assert names(plan.ready()) == ["write-x", "write-a"]


def test_chains_are_measured_in_seconds_where_they_are_known(tmp_path: Path) -> None:
    short, long = chain(tmp_path, "a"), chain(tmp_path, "xyz")
    plan = schedule(expected={"write-a": 60.0})
    plan.add([*short, *long])

    assert names(plan.ready()) == ["write-a", "write-x"]


def test_what_is_there_needs_nothing_upstream(tmp_path: Path) -> None:
    first, second, third = chain(tmp_path, "abc")
    plan = schedule(product(second))
    decided = plan.add([third])

    assert names(decided) == ["write-b"]
    assert names(plan.ready()) == ["write-c"]
    assert plan.tasks[first.key].progress is Progress.FRESH


def test_a_node_asked_for_later_is_looked_up_then(tmp_path: Path) -> None:
    first, second = chain(tmp_path, "ab")
    plan = schedule(product(second))
    plan.add([second])
    plan.add([first])

    assert names(plan.ready()) == ["write-a"]


@pytest.mark.parametrize("name", ["write-b", "field/write-b"])
def test_rebuilding_a_node_rebuilds_what_follows_and_nothing_before(tmp_path: Path, name: str) -> None:
    nodes = chain(tmp_path, "abc")
    plan = schedule(*map(product, nodes), rebuild=frozenset({name}))
    decided = plan.add(nodes)

    assert names(decided) == ["write-a"]
    assert names(list(plan.missing())) == ["write-b", "write-c"]


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
    assert names(plan.ready()) == ["aside"]


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
    assert plan.ready() == []


def test_files_that_were_not_kept_are_built_anew_where_they_are_read(tmp_path: Path) -> None:
    raw, flt = chain(tmp_path, "ab")
    reopened: list[Task] = []
    plan = schedule(product(flt), records=[product(raw)], reopened=reopened.append)
    plan.add([flt])
    plan.add([raw], read=False)
    assert plan.add([raw]) == []
    assert names(reopened) == names(plan.ready()) == ["write-a"]
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
        assert names(plan.ready()) == ["write-a"]


def test_a_record_is_none_of_what_is_to_be_built_anew(tmp_path: Path) -> None:
    raw, flt = chain(tmp_path, "ab")
    plan = schedule(product(flt), records=[product(raw)], rebuild=frozenset({"all"}))
    assert plan.add([raw, flt], read=False) == []
    assert names(plan.ready()) == ["write-a"]
