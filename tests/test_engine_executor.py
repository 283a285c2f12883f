"""The seam between the engine and where stages run: lost machines, too little memory, where a stage ran."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hubble_qa.fixtures.engine.builder import stage_environment
from hubble_qa.fixtures.engine.child import Build
from hubble_qa.fixtures.engine.children import Exit
from hubble_qa.fixtures.engine.engine import BuildResult, Engine, EventKind, StageEvent, new_run
from hubble_qa.fixtures.engine.executor import Needs
from hubble_qa.fixtures.engine.local import LocalExecutor
from hubble_qa.fixtures.engine.peaks import FIRST_NEED, Peaks
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.store.product import Outcome
from hubble_qa.fixtures.store.store import Store
from tests.stages_for_tests import Plain, chain, write

SIGKILL = -9


class Elsewhere(LocalExecutor):
    """Processes of this machine that are taken for another's, of which some end as told."""

    local = False

    def __init__(self, store: Store, *ends: Exit) -> None:
        super().__init__(2, stage_environment(store))
        self.ends = [*ends]
        self.needs: list[Needs] = []
        self.workspaces: list[Path] = []

    def run(
        self,
        build: Build,
        timeout: float,
        needs: Needs,
        placed: Callable[[str], None] = lambda where: None,
        watch: Callable[[int], str] | None = None,
    ) -> Exit:
        self.needs.append(needs)
        self.workspaces.append(Path(build.files).parents[1])
        placed("n2")
        (Path(build.files) / "half.txt").write_text("half", encoding="utf-8")
        return self.ends.pop(0) if self.ends else super().run(build, timeout, needs)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def gone(where: str = "n2") -> Exit:
    return Exit(SIGKILL, 0.0, 0, gone=f"machine {where} was lost", where=where)


def run(store: Store, executor: Elsewhere, node: Node) -> tuple[BuildResult, list[StageEvent]]:
    events: list[StageEvent] = []
    with Engine(store, new_run(), 2, listener=events.append, executor=executor) as engine:
        return engine.result(node), events


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return chain(tmp_path / "journal", "a")[0]


def test_a_lost_machine_costs_a_try_in_a_new_workspace(store: Store, node: Node) -> None:
    executor = Elsewhere(store, gone(), gone("n3"))
    result, _ = run(store, executor, node)

    assert result.outcome is Outcome.COMPLETE
    assert len(set(executor.workspaces)) == 3
    assert [*(store.root / "building").iterdir()] == []


def test_after_three_lost_machines_a_build_is_interrupted(store: Store, node: Node) -> None:
    executor = Elsewhere(store, gone("n1"), gone("n2"), gone("n3"))
    result, _ = run(store, executor, node)

    assert (result.outcome, result.error) == (Outcome.INTERRUPTED, "machine n3 was lost")
    assert result.product is not None
    assert result.product.manifest.where == "n3"
    # The next run tries again.
    assert run(store, Elsewhere(store), node)[0].complete


def test_too_little_memory_is_doubled(store: Store, node: Node) -> None:
    executor = Elsewhere(store, Exit(SIGKILL, 0.0, 0, stopped="took more", out_of_memory=3_000))
    result, _ = run(store, executor, node)

    assert result.complete
    first, second = executor.needs
    assert (first.memory, first.guessed) == (FIRST_NEED, True)
    assert (second.memory, second.failed) == (6_000, 3_000)


def test_a_node_needs_what_it_took_before_and_a_margin(store: Store, node: Node) -> None:
    product = run(store, Elsewhere(store), node)[0].product
    assert product is not None
    executor = Elsewhere(store)
    run(store, executor, Node(node.dataset, node.name, write, Plain(label="changed")))

    assert executor.needs[0].memory == round(1.3 * product.manifest.peak_memory)


def test_the_largest_peak_counts(tmp_path: Path) -> None:
    node = Node("field", "write", write, Plain())
    (tmp_path / "peaks").mkdir()
    peaks = Peaks(tmp_path / "peaks")
    for peak in (1_000, 3_000, 2_000):
        peaks.record(node, peak)

    assert peaks.needs(node) == Needs(write, 3_900)


@pytest.mark.parametrize(
    ("peak", "expected"),
    [
        (500_000_000, Needs(write, FIRST_NEED, guessed=True)),
        (3_000_000_000, Needs(write, 3_900_000_000)),
    ],
)
def test_what_others_of_a_stage_took_counts_where_it_is_much(
    tmp_path: Path, peak: int, expected: Needs
) -> None:
    (tmp_path / "peaks").mkdir()
    peaks = Peaks(tmp_path / "peaks")
    peaks.record(chain(tmp_path, "a")[0], peak)
    assert peaks.needs(Node("other", "write-b", write, Plain(label="b"))) == expected


def test_a_stage_has_started_once_it_is_known_where(store: Store, node: Node) -> None:
    _, events = run(store, Elsewhere(store), node)

    assert [(event.kind, event.where) for event in events] == [
        (EventKind.STARTED, "n2"),
        (EventKind.FINISHED, "n2"),
    ]
