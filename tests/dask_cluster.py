"""A Dask scheduler and its workers in processes of their own, on loopback."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hubble_qa.fixtures.engine.engine import Engine, EventKind, StageEvent, new_run
from hubble_qa.fixtures.executors.cluster import ClusterExecutor
from hubble_qa.fixtures.executors.open import open_executor
from hubble_qa.fixtures.executors.settings import ClusterSettings
from hubble_qa.fixtures.store.store import Store
from tests.stages_for_tests import begun, noted

__all__ = ["DaskCluster", "Watched", "alive", "dask_cluster", "pids", "until"]

ROOT = Path(__file__).parent.parent


def until(condition: Callable[[], object]) -> None:
    """Wait for something that will happen; the limit only ends a test that has failed."""
    limit = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < limit, "it never happened"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs, or could."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@dataclass
class DaskCluster:
    """A scheduler and workers; each worker is one process without a nanny."""

    place: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    address: str = ""

    def start_scheduler(self) -> None:
        """Start the scheduler, and wait until it listens."""
        told = self.place / "scheduler.json"
        self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told)
        )
        until(told.exists)
        until(lambda: told.stat().st_size > 0)
        self.address = json.loads(told.read_text(encoding="utf-8"))["address"].removeprefix("tcp://")

    def start_worker(
        self, name: str, *, slots: int = 2, memory: str = "4GB", path: tuple[str, ...] = ()
    ) -> None:
        """Start a worker; the executor waits until it is there. `path` comes before the suite's own."""
        options = ("--nthreads", str(slots), "--memory-limit", memory, "--name", name, "--no-nanny")
        place = ("--local-directory", str(self.place), "--host", "127.0.0.1", "--no-dashboard")
        self._start("worker", f"tcp://{self.address}", *options, *place, name=name, path=path)

    def _start(self, what: str, *options: str, name: str = "scheduler", path: tuple[str, ...] = ()) -> None:
        environment: Mapping[str, str] = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((*path, str(ROOT), str(ROOT / "src"))),
        }
        with (self.place / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{what}", *options],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a worker, by its name, or to the scheduler."""
        os.kill(self.processes[name].pid, number)

    def kill(self, name: str) -> None:
        """Kill a process and wait for its end."""
        self.processes[name].kill()
        self.processes[name].wait()

    def executor(
        self, store: Store, told: list[str] | None = None, *, jobs: int = 0, **settings: object
    ) -> ClusterExecutor:
        """An executor on these workers; it takes seconds of silence for a loss only where that is set."""
        # Pydantic's own check of what a test gives.
        read = ClusterSettings.model_validate({"patience": 60.0, **settings})
        tell = (told if told is not None else []).append
        executor = open_executor(f"dask://{self.address}", read, store.root, jobs, tell)
        assert executor is not None
        return executor

    def end(self) -> None:
        """Kill all processes."""
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()
        self.processes.clear()


class Watched:
    """An engine on a cluster, and what it tells."""

    def __init__(self, store: Store, executor: ClusterExecutor) -> None:
        self.events: queue.SimpleQueue[StageEvent] = queue.SimpleQueue()
        self.engine = Engine(store, new_run(), 1, listener=self.events.put, executor=executor)

    def started(self) -> str:
        """Wait for the start of the next stage, and return the worker's name."""
        while (event := self.events.get(timeout=120)).kind is not EventKind.STARTED:
            assert event.kind is not EventKind.FAILED, event.error
        return event.where.partition("/")[2]

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *exception: object) -> None:
        self.engine.close()


def pids(place: Path, count: int) -> list[int]:
    """Processes of the first builds that began, once there are so many."""
    until(lambda: len(begun(place / "journal")) >= count)
    return [pid for _, pid in noted(place / "journal", "begin")]


@contextmanager
def dask_cluster(place: Path, *workers: str) -> Iterator[DaskCluster]:
    """A scheduler with workers of these names."""
    place.mkdir(parents=True, exist_ok=True)
    cluster = DaskCluster(place)
    try:
        cluster.start_scheduler()
        for name in workers:
            cluster.start_worker(name)
        yield cluster
    finally:
        cluster.end()
