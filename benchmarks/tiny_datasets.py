"""Whole runs of very many tiny datasets: memory of pytest's process, time and results, here or on Dask.

    python benchmarks/tiny_datasets.py [--datasets 1000] [--exposures 20] [--executor local|dask] [--report]

Each dataset has three stages that take milliseconds, and 14 tests of each of its exposures, which read what
one of these wrote: what is measured is what the suite itself holds and does. The memory is that of the
process that has the engine and the report; of Dask, scheduler and worker are others.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
for place in (str(ROOT / "src"), str(ROOT)):
    if place not in sys.path:
        sys.path.insert(0, place)

from benchmarks.executor import SLOTS, workers  # noqa: E402
from hubble_qa.checks.criteria import Criterion, load_criteria  # noqa: E402
from tests.small_project import SmallProject, make_small_project  # noqa: E402

STAGES, CRITERIA = 3, 14
HEADER = """
import pytest
from hubble_qa.checks.measurement import Measurement

pytestmark = pytest.mark.workflow("tests.small_workflow:WORKFLOW")


def number(product):
    return float(product.file("number.txt").read_text())
"""
TEST = """

@pytest.mark.criterion("{id}")
def test_{name}({stage}, exposure, judge):
    judge(Measurement("{quantity}", {value} + 0 * number({stage}), "{unit}", exposure))
"""
DATASET = """
name = "{name}"
title = "Numbers of {name}"
workflow = "tests.small_workflow:WORKFLOW"
instrument = "WFPC2"
proposal = 8447
filters = ["F555W"]
exposures = [
{exposures}
]

[simulation]
seed = 1
field = {{ ra = 201.7, dec = -47.5 }}
{simulated}
[stages.source]
add = {add}
"""
EXPOSURE = '    {{ rootname = "{rootname}", visit = "01" }},\n'
SIMULATED = """
[[simulation.exposures]]
rootname = "{rootname}"
ra = 201.7
dec = -47.5
pa_v3 = 0
date = 2000-01-01
exptime = 1
filter = "F555W"
gain = 7
"""


def accepted(criterion: Criterion) -> float:
    """A value that a criterion accepts of WFPC2."""
    bounds, _ = criterion.bounds_for("WFPC2")
    if bounds.upper is None:
        assert bounds.lower is not None
        return bounds.lower + (abs(bounds.lower) / 2 or 1.0)
    return bounds.upper - abs(bounds.upper) / 2 if bounds.lower is None else (bounds.lower + bounds.upper) / 2


def project(place: Path, datasets: int, exposures: int) -> SmallProject:
    """Write the datasets and their tests."""
    made = make_small_project(place)
    (place / "datasets" / "numbers.toml").unlink()
    chosen = [*load_criteria().values()][:CRITERIA]
    stages = ("normalised_flt", "photometry", "fetched")
    tests = [
        TEST.format(
            id=each.id,
            name=each.quantity,
            quantity=each.quantity,
            unit=each.unit,
            value=accepted(each),
            stage=stages[number % STAGES],
        )
        for number, each in enumerate(chosen)
    ]
    (place / "test_small.py").write_text(HEADER + "".join(tests), encoding="utf-8")
    roots = [f"u5jx{number + 1:03}0r" for number in range(exposures)]
    for number in range(datasets):
        name = f"tiny-{number:05}"
        text = DATASET.format(
            name=name,
            add=number * 1e-12,
            exposures="".join(EXPOSURE.format(rootname=each) for each in roots),
            simulated="".join(SIMULATED.format(rootname=each) for each in roots),
        )
        (place / "datasets" / f"{name}.toml").write_text(text, encoding="utf-8")
    return made


def resident(pid: int) -> float:
    """Resident set of a process, MiB; 0 when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) / 256
    except (OSError, IndexError):
        return 0.0


def run(made: SmallProject, *options: str) -> None:
    """Run all tests cold, and print what they took."""
    command = [sys.executable, "-m", "pytest", "-q", "--store", "store", *options]
    environment = {**made.environment, "PYTHONUNBUFFERED": "1"}
    log = made.path / "output.txt"
    memory: list[tuple[float, float]] = []
    started = time.perf_counter()
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=made.path, env=environment, stdout=output, stderr=output)
        while process.poll() is None:
            memory.append((time.perf_counter() - started, resident(process.pid)))
            time.sleep(0.2)
    elapsed = time.perf_counter() - started
    text = log.read_text(encoding="utf-8")
    if process.returncode:
        raise SystemExit(text[-1500:])
    tests = int(re.findall(r"([0-9]+) passed", text)[-1])
    print(f"{tests} tests in {elapsed:.0f} s, {1e3 * elapsed / tests:.2f} ms each with all else")
    eighths = [max(size for when, size in memory if when <= elapsed * part / 8) for part in range(1, 9)]
    print("largest memory by eighths of the run, MiB:", ", ".join(f"{each:.0f}" for each in eighths))
    sizes = {file.name: file.stat().st_size / 2**20 for file in (made.path / "report").glob("*.*")}
    pages = sum(size for name, size in sizes.items() if name.startswith("tiny-"))
    for name in ("results.json", "index.html") if sizes else ():
        print(f"{name}: {sizes[name]:.1f} MiB")
    if sizes:
        print(f"report: {sum(sizes.values()):.0f} MiB, of which the datasets' pages {pages:.0f} MiB")


@contextmanager
def _executor(kind: str, place: Path) -> Iterator[tuple[str, ...]]:
    if kind == "local":
        yield ()
        return
    with workers(place, SLOTS) as cluster:
        yield ("--executor", f"dask://{cluster.address}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--datasets", type=int, default=1000)
    parser.add_argument("--exposures", type=int, default=20)
    parser.add_argument("--executor", choices=["local", "dask"], default="local")
    parser.add_argument("--report", action="store_true", help="with the report's pages and results.json")
    asked = parser.parse_args()
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="tiny-") as directory:
        place = Path(directory)
        made = project(place / "project", asked.datasets, asked.exposures)
        print(f"{asked.datasets} datasets, {asked.datasets * STAGES} stages, {asked.executor}")
        with _executor(asked.executor, place / "dask") as options:
            run(made, "--jobs", str(SLOTS), "--report", "report" if asked.report else "none", *options)


if __name__ == "__main__":
    main()
