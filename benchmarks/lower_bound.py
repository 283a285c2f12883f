"""Times cold runs against the least they can take: ``python benchmarks/lower_bound.py DATASET...``.

Each dataset is run with an empty store, from the start of the command to its end. The least that its
reduction can take on the machine's cores is the longer of two: the longest chain of stages that wait for
one another, and the processor time of all stages over the number of cores. Figures do not count as
reduction; checks, figures and the report are what the run may take longer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def cold_run(dataset: str, directory: Path) -> tuple[float, list[Mapping[str, Any]]]:
    """Elapsed seconds of a cold run, and its stages."""
    report = directory / "report"
    command = [sys.executable, "-m", "pytest", "qa/", "--dataset", dataset, "-q", "-p", "no:cacheprovider"]
    places = ["--store", str(directory / "store"), "--report", str(report)]
    started = time.perf_counter()
    subprocess.run([*command, *places], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    elapsed = time.perf_counter() - started
    return elapsed, json.loads((report / "results.json").read_text(encoding="utf-8"))["stages"]


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
            elapsed, stages = cold_run(dataset, Path(directory))
        chain, work = least(stages, cores)
        drawn = sum(stage["cpu"] for stage in stages if draws(stage))
        largest = max(stages, key=lambda stage: int(stage["peak_memory"]))
        print(
            f"{dataset}: cold {elapsed:.1f} s; longest chain {chain:.1f} s, processor time over {cores} "
            f"cores {work:.1f} s, ratio {elapsed / max(chain, work):.2f}; "
            f"processor time of figures {drawn:.1f} s; "
            f"largest {largest['node']} {largest['peak_memory'] / 1e9:.2f} GB"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
