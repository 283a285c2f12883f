"""Runs, their stages, and runs that wait for them, killed at random moments."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from hubble_qa.fixtures.engine.engine import Engine, new_run
from hubble_qa.fixtures.plans.sources import file_digest
from hubble_qa.fixtures.store.store import Store
from tests.kill_driver import graph
from tests.stages_for_tests import begun, noted

ROOT = Path(__file__).parent.parent
MARK = "QA_KILL_TEST"
KILLS = 6
# Seconds: about what a stage and its start take, so that kills fall before, in and between stages.
SPAN = 0.1


@dataclass(frozen=True)
class Scene:
    """A store, the journal of its builds, and a mark by which all processes of a test are known."""

    store: Path
    journal: Path

    @property
    def mark(self) -> bytes:
        return f"{MARK}={self.store}".encode()

    @contextmanager
    def driver(self, *labels: str) -> Iterator[subprocess.Popen[str]]:
        """Start a run in a process of its own."""
        with subprocess.Popen(
            [sys.executable, "-m", "tests.kill_driver", str(self.store), str(self.journal), *labels],
            cwd=ROOT,
            env={**os.environ, MARK: str(self.store)},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            yield process

    def processes(self) -> list[int]:
        """Live processes of this test, whoever their parent is now."""
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if self._ours(path)]

    def _ours(self, path: Path) -> bool:
        with suppress(OSError):
            ours = self.mark in (path / "environ").read_bytes().split(b"\0")
            return ours and int(path.name) != os.getpid()
        return False

    def running_stage(self) -> int | None:
        """A process that has begun a stage and not ended it."""
        ended = {pid for _, pid in noted(self.journal, "end")}
        running = [pid for _, pid in noted(self.journal, "begin") if pid not in ended]
        return running[-1] if running and running[-1] in self.processes() else None


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "store", tmp_path / "journal")


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that will happen; the limit only ends a test that has failed."""
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit, what
        time.sleep(0.01)


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def until_submitted(run: subprocess.Popen[str]) -> None:
    """Wait until a run has submitted its nodes."""
    assert run.stdout is not None
    assert "submitted\n" in iter(run.stdout.readline, ""), "the run ended before it submitted its nodes"


def random_moment(scene: Scene, label: str, chance: random.Random) -> None:
    """Wait until some of a graph's builds have begun, and then a little."""
    builds = chance.randrange(len(graph(scene.journal, label)))
    until(lambda: sum(begin.startswith(f"{label}-") for begin in begun(scene.journal)) >= builds, "no build")
    time.sleep(chance.uniform(0, SPAN))


# Each of the following strikes once and tells whether it came before the end of the work.


def kill_run(scene: Scene, label: str, chance: random.Random) -> bool:
    """Kill the process of a run."""
    with scene.driver(label) as run:
        until_submitted(run)
        random_moment(scene, label, chance)
        run.kill()
    return run.returncode == -signal.SIGKILL


def kill_stage(scene: Scene, label: str, chance: random.Random) -> bool:
    """Kill a process that runs a stage; the run goes on to its end."""
    with scene.driver(label) as run:
        until_submitted(run)
        random_moment(scene, label, chance)
        while run.poll() is None:
            stage = scene.running_stage()
            if stage is not None:
                kill(stage)
                break
            time.sleep(0.002)
        tail, _ = run.communicate()
    assert "completed" in tail
    assert run.returncode == 0
    return "failed" in tail


def kill_server(scene: Scene, label: str, chance: random.Random) -> bool:
    """Kill a process that starts stages; the run goes on to its end."""
    with scene.driver(label) as run:
        until_submitted(run)
        random_moment(scene, label, chance)
        for pid in scene.processes():
            if pid != run.pid and _parent(pid) == run.pid:
                kill(pid)
        tail, _ = run.communicate()
    assert "completed" in tail
    assert run.returncode == 0
    return "failed" in tail


def kill_waiting(scene: Scene, label: str, chance: random.Random) -> bool:
    """Kill one of two runs that want the same; the other waits for it, or it for the other."""
    with ExitStack() as stack:
        runs = [stack.enter_context(scene.driver(label)) for _ in range(2)]
        for run in runs:
            until_submitted(run)
        random_moment(scene, label, chance)
        victim = chance.choice(runs)
        victim.kill()
        (other,) = [run for run in runs if run is not victim]
        tail, _ = other.communicate()
    assert f"completed {len(graph(scene.journal, label))} of" in tail
    return victim.returncode == -signal.SIGKILL


def _parent(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])
    return 0


def check_whole(store: Store) -> None:
    """Every product holds the files that its manifest tells of, with their digests, and no other."""
    for shelf in store.shelves():
        assert len(list(shelf.products())) == len(shelf.generations())
    for product in store.products():
        files = [path for path in product.files.rglob("*") if path.is_file()]
        digests = {path.relative_to(product.files).as_posix(): file_digest(path) for path in files}
        assert digests == product.manifest.files
        assert (product.path / "log.txt").exists()


@pytest.mark.parametrize("strike", [kill_run, kill_stage, kill_server, kill_waiting])
def test_after_a_kill_the_next_run_completes(
    scene: Scene, strike: Callable[[Scene, str, random.Random], bool]
) -> None:
    chance = random.Random(strike.__name__)
    in_time = 0
    for number in range(KILLS):
        label = f"{strike.__name__}{number}"
        in_time += strike(scene, label, chance)
        until(lambda: scene.processes() == [], "processes outlive the run")
        store = Store(scene.store)
        check_whole(store)

        with Engine(store, new_run(), jobs=2) as engine:
            results = [engine.result(node) for node in graph(scene.journal, label)]

        assert [(result.node.name, result.error) for result in results if not result.complete] == []
        check_whole(store)
        assert list((scene.store / "building").iterdir()) == []
    assert in_time


def test_each_key_is_built_once_by_many_processes(scene: Scene) -> None:
    with ExitStack() as stack:
        runs = [stack.enter_context(scene.driver("x", "y")) for _ in range(4)]
        tails = [run.communicate()[0] for run in runs]

    nodes = [node for label in ("x", "y") for node in graph(scene.journal, label)]
    assert [f"completed {len(nodes)} of {len(nodes)}" in tail for tail in tails] == [True] * 4
    assert Counter(begun(scene.journal)) == Counter(node.settings.label for node in nodes)
    assert {product.manifest.key for product in Store(scene.store).products()} == {node.key for node in nodes}
