"""Times cold runs against the least they can take: ``python benchmarks/lower_bound.py DATASET...``.

Each dataset is run with an empty store, from the start of the command to its end. The least that it can take
on the machine's cores is the longer of two: the longest chain of stages that wait for one another, and the
processor time over the number of cores. Of the reduction alone that is the time of all stages but figures; of
the whole run it is that of all its processes: the start of pytest, stages, checks, figures and the report.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent


class Run(NamedTuple):
    """A cold run: its elapsed seconds, the processor's seconds of all its processes, and its stages."""

    elapsed: float
    cpu: float
    stages: list[Mapping[str, Any]]


def cold_run(dataset: str, directory: Path) -> Run:
    """Run a dataset with an empty store."""
    report = directory / "report"
    command = [sys.executable, "-m", "pytest", "qa/", "--dataset", dataset, "-q", "-p", "no:cacheprovider"]
    places = ["--store", str(directory / "store"), "--report", str(report)]
    started, before = time.perf_counter(), children_seconds()
    subprocess.run([*command, *places], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    elapsed, cpu = time.perf_counter() - started, children_seconds() - before
    return Run(elapsed, cpu, json.loads((report / "results.json").read_text(encoding="utf-8"))["stages"])


def children_seconds() -> float:
    """Seconds of the processor that processes took which were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def draws(stage: Mapping[str, Any]) -> bool:
    """Whether a stage draws a figure or writes a table of the report."""
    return "matplotlib" in stage["tools"] or stage["stage"].endswith("-tables")


def least(stages: list[Mapping[str, Any]], cores: int) -> tuple[float, float]:
    """Seconds of the longest chain of stages, and of their processor time over the cores."""
    reduction = {stage["node"]: stage for stage in stages if not draws(stage)}

    @cache
    def chain(node: str) -> float:
        before = [chain(each) for each in reduction[node]["upstream"] if each in reduction]
        return float(reduction[node]["wall"]) + max(before, default=0.0)

    return max(map(chain, reduction)), sum(stage["cpu"] for stage in reduction.values()) / cores


def main(datasets: list[str]) -> None:
    """Print a row per dataset."""
    cores = len(os.sched_getaffinity(0))
    for dataset in datasets:
        with tempfile.TemporaryDirectory() as directory:
            run = cold_run(dataset, Path(directory))
        chain, work = least(run.stages, cores)
        whole = run.cpu / cores
        drawn = sum(stage["cpu"] for stage in run.stages if draws(stage))
        largest = max(run.stages, key=lambda stage: int(stage["peak_memory"]))
        print(
            f"{dataset}: cold {run.elapsed:.1f} s; longest chain {chain:.1f} s; over {cores} cores the "
            f"processor time of the reduction {work:.1f} s, ratio {run.elapsed / max(chain, work):.2f}, "
            f"of the whole run {whole:.1f} s, ratio {run.elapsed / max(chain, whole):.2f}; "
            f"processor time of figures {drawn:.1f} s; "
            f"largest {largest['node']} {largest['peak_memory'] / 1e9:.2f} GB"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
