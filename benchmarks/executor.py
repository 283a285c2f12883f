"""What it costs to run stages on Dask's workers instead of on this machine: per node, and of a dataset.

    python benchmarks/executor.py nodes [--count 1000] [--rounds 10]
    python benchmarks/executor.py dataset [--name wfpc2-omega-cen] [--size full] [--pairs 2]
    python benchmarks/executor.py workers [--count 4] [--size full] [--pairs 2] [--share 0.4] [--name ""]

``nodes`` builds that many independent nodes that do nothing, here and on a scheduler and a worker of its own
on this machine in turn, with two slots each. ``dataset`` reduces and judges a dataset cold, here and there in
turn. ``workers`` runs the stages of several datasets on one worker of one slot and on two, and here with one
slot and with two, in turn: what two cores of this machine give is what two workers on them can. With
``--share`` each worker, with all that it starts, has that share of a core and no more, so that two workers
leave the scheduler and the controller cores of their own, as machines of their own would (root, Linux).
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
for place in (str(ROOT / "src"), str(ROOT)):
    if place not in sys.path:
        sys.path.insert(0, place)

from benchmarks.many_datasets import write_datasets  # noqa: E402
from hubble_qa.fixtures.engine.engine import Engine, new_run  # noqa: E402
from hubble_qa.fixtures.engine.executor import Executor  # noqa: E402
from hubble_qa.fixtures.plans.dataset import read_datasets  # noqa: E402
from hubble_qa.fixtures.plans.plan import Node  # noqa: E402
from hubble_qa.fixtures.store.store import Store  # noqa: E402
from hubble_qa.fixtures.supplies.open import open_archive  # noqa: E402
from hubble_qa.fixtures.workflows import workflow_of  # noqa: E402
from tests.dask_cluster import DaskCluster  # noqa: E402
from tests.stages_for_tests import Plain, write  # noqa: E402

SLOTS = 2


@contextmanager
def workers(place: Path, *slots: int, share: float = 0.0) -> Iterator[DaskCluster]:
    """A scheduler and its workers, by the slots of each; `share` as of `limited`."""
    place.mkdir()
    cluster = DaskCluster(place)
    groups = []
    try:
        cluster.start_scheduler()
        for number, each in enumerate(slots, 1):
            cluster.start_worker(f"n{number}", slots=each, memory="16GB")
            if share:
                # Before it starts any process of its own: these are in its group from their start.
                groups.append(limited(cluster.processes[f"n{number}"].pid, f"{place.name}-n{number}", share))
        yield cluster
    finally:
        cluster.end()
        for group in groups:
            emptied(group)


def limited(pid: int, name: str, share: float) -> Path:
    """Give a process, and all that it will start, a share of a core; the control group that does so."""
    second, first = Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/cpu")
    group = (second if (second / "cgroup.controllers").exists() else first) / f"executor-{os.getpid()}-{name}"
    group.mkdir()
    if group.parent == second:
        (group / "cpu.max").write_text(f"{int(share * 100_000)} 100000", encoding="ascii")
    else:
        (group / "cpu.cfs_quota_us").write_text(str(int(share * 100_000)), encoding="ascii")
    (group / "cgroup.procs").write_text(str(pid), encoding="ascii")
    return group


def emptied(group: Path) -> None:
    """Remove a control group, once its processes have ended."""
    limit = time.monotonic() + 60
    while (group / "cgroup.procs").read_text(encoding="ascii").strip() and time.monotonic() < limit:
        time.sleep(0.1)
    group.rmdir()


def processor(process: psutil.Process) -> float:
    """Processor seconds of a process, without its children's."""
    times = process.cpu_times()
    return float(times.user + times.system)


def resident() -> float:
    """Resident set of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def built(place: Path, count: int, executor: Executor | None) -> tuple[float, list[float]]:
    """Seconds that so many nodes take once one is built, and the memory of this process meanwhile, MB."""
    nodes = [Node("field", f"n{number}", write, Plain(label=str(number))) for number in range(count + 1)]
    memory: list[float] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            memory.append(resident())

    with Engine(Store(place), new_run(), SLOTS, executor=executor) as engine:
        # Servers and workers are there once the first is.
        engine.result(nodes[0])
        watcher = threading.Thread(target=watch)
        watcher.start()
        start = time.perf_counter()
        engine.submit(nodes[1:])
        complete = [engine.result(node).complete for node in nodes[1:]]
        elapsed = time.perf_counter() - start
        over.set()
        watcher.join()
    assert all(complete)
    return elapsed, memory


def nodes(count: int, rounds: int) -> None:
    """Compare nodes that do nothing, here and there in turn."""
    each = count // rounds
    here, there, memory, spent = [], [], [], 0.0
    with tempfile.TemporaryDirectory(prefix="executor-") as directory:
        place = Path(directory)
        with workers(place / "dask", SLOTS) as cluster:
            processes = [psutil.Process(process.pid) for process in cluster.processes.values()]
            for number in range(rounds):
                here.append(built(place / f"here{number}", each, None)[0] / each)
                store = place / f"there{number}"
                executor = cluster.executor(Store(store), jobs=SLOTS)
                before = sum(map(processor, processes))
                elapsed, seen = built(store, each, executor)
                spent += sum(map(processor, processes)) - before if number else 0.0
                there.append(elapsed / each)
                memory += seen
    pairs = ", ".join(f"{1e3 * one:.0f} / {1e3 * other:.0f}" for one, other in zip(here, there, strict=True))
    print(f"ms a node with {SLOTS} slots, here / on Dask, {each} nodes at a time: {pairs}")
    more = statistics.median(other - one for one, other in zip(here, there, strict=True))
    print(f"executor: {1e3 * more:+.1f} ms a node, the median")
    print(f"scheduler and worker: {spent / each / (rounds - 1) * 1e3:.1f} ms of processor a node")
    print(f"controller's memory: {memory[0]:.0f} MB at first, {max(memory):.0f} MB at most")


def planned(place: Path, count: int, size: str, alone: str) -> list[Node]:
    """All nodes of so many datasets: the shipped ones in turn, or one alone, under names of their own."""
    write_datasets(place, count, alone)
    archive = open_archive(
        "simulated", size=size, store=place / "store", products=None, crds=None, context=""
    )
    found = read_datasets(place, lambda dataset: workflow_of(dataset).settings(dataset)).datasets
    plans = [workflow_of(one).plan(one, archive, workflow_of(one).settings(one)) for one in found.values()]
    return [node for plan in plans for node in plan.nodes.values()]


def throughput(store: Path, nodes: list[Node], cluster: DaskCluster | None, slots: int = 1) -> float:
    """Seconds that nodes take on the workers of a cluster, or here."""
    executor = None if cluster is None else cluster.executor(Store(store))
    with Engine(Store(store), new_run(), slots, executor=executor) as engine:
        start = time.perf_counter()
        engine.submit(nodes)
        failed = [str(node) for node in nodes if not engine.result(node).complete]
        elapsed = time.perf_counter() - start
    if failed:
        raise SystemExit(f"not built: {', '.join(failed)}")
    return elapsed


def compare_workers(count: int, size: str, pairs: int, share: float, only: str) -> None:
    """Compare one worker of one slot with two, and one slot here with two unless workers have a share."""
    with tempfile.TemporaryDirectory(prefix="executor-") as directory:
        place = Path(directory)
        small = planned(place / "warm", min(count, 2), "small", only)
        nodes = planned(place / "datasets", count, size, only)
        with (
            workers(place / "one", 1, share=share) as one,
            workers(place / "two", 1, 1, share=share) as two,
        ):
            # Their servers import the tools once.
            for number, cluster in enumerate((one, two)):
                throughput(place / f"warm{number}", small, cluster)
            there, here = [], []
            for number in range(pairs):
                alone = throughput(place / f"one{number}", nodes, one)
                together = throughput(place / f"two{number}", nodes, two)
                there.append(alone / together)
                print(f"one worker {alone:.1f} s, two {together:.1f} s: {there[-1]:.2f} times", flush=True)
                if share:
                    continue
                alone = throughput(place / f"slot{number}", nodes, None, 1)
                together = throughput(place / f"slots{number}", nodes, None, 2)
                here.append(alone / together)
                print(f"here one slot {alone:.1f} s, two {together:.1f} s: {here[-1]:.2f} times", flush=True)
    print(f"median: {statistics.median(there):.2f} times the throughput")
    if here:
        print(f"median here: {statistics.median(here):.2f} times")


def dataset(name: str, size: str, pairs: int) -> None:
    """Compare whole runs."""
    with tempfile.TemporaryDirectory(prefix="executor-") as directory:
        place = Path(directory)
        with workers(place / "dask", SLOTS) as cluster:
            # Its servers import the tools once, for all runs that come.
            reduce(place / "first", name, size, "--executor", f"dask://{cluster.address}")
            pairs_ = [
                (
                    reduce(place / f"here{number}", name, size),
                    reduce(place / f"there{number}", name, size, "--executor", f"dask://{cluster.address}"),
                )
                for number in range(pairs)
            ]
    for here, there in pairs_:
        print(f"here {here:.1f} s, on Dask {there:.1f} s: {100 * (there / here - 1):+.1f} %")
    ratio = statistics.median(there / here for here, there in pairs_)
    print(f"median: {100 * (ratio - 1):+.1f} %")


def reduce(place: Path, name: str, size: str, *options: str) -> float:
    """Seconds of a cold run."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "qa/", "-q", "--dataset", name, "--size", size]
    places = ["--store", str(place / "store"), "--report", str(place / "report"), "--jobs", str(SLOTS)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    run = subprocess.run(
        [*command, *places, *options], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    elapsed = time.perf_counter() - start
    if run.returncode != 0:
        raise SystemExit(run.stdout[-3000:] + run.stderr[-3000:])
    stages = re.search(r"stages: .*", run.stdout)
    print(f"{' '.join(options) or 'here'}: {elapsed:.1f} s; {stages[0] if stages else ''}", flush=True)
    return elapsed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    small = commands.add_parser("nodes")
    small.add_argument("--count", type=int, default=1000)
    small.add_argument("--rounds", type=int, default=10)
    whole = commands.add_parser("dataset")
    whole.add_argument("--name", default="wfpc2-omega-cen")
    whole.add_argument("--size", default="full")
    whole.add_argument("--pairs", type=int, default=2)
    several = commands.add_parser("workers")
    several.add_argument("--count", type=int, default=4)
    several.add_argument("--size", default="full")
    several.add_argument("--name", default="", help="only this dataset, under other names; else all in turn")
    several.add_argument("--pairs", type=int, default=2)
    several.add_argument("--share", type=float, default=0.0, help="of a core, for each worker")
    given = parser.parse_args()
    print(f"load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if given.command == "nodes":
        nodes(given.count, given.rounds)
    elif given.command == "workers":
        compare_workers(given.count, given.size, given.pairs, given.share, given.name)
    else:
        dataset(given.name, given.size, given.pairs)
    print(f"load: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
