"""Times nights on which nothing changed: ``python benchmarks/nightly.py [DATASET...]``.

The datasets, all by default, are reduced at small size into one store and judged, in one process and by two
workers. Then they are judged again with nothing changed: with all measured afresh (``--measure all``), and by
what was measured before. Times are those of the whole command, with its report.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


def night(directory: Path, datasets: list[str], *arguments: str) -> tuple[float, float]:
    """Elapsed seconds and processor time of a run."""
    command = [sys.executable, "-m", "pytest", "qa/", "-q", "-p", "no:cacheprovider", "--size", "small"]
    places = ["--store", str(directory / "store"), "--report", str(directory / "report")]
    chosen = [word for name in datasets for word in ("--dataset", name)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.run(
        [*command, *places, *chosen, *arguments], cwd=ROOT, check=False, stdout=subprocess.DEVNULL
    )
    elapsed = time.perf_counter() - started
    if process.returncode not in (0, 1):
        raise SystemExit(f"pytest ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(datasets: list[str]) -> None:
    """Print a row per way to run, in seconds per 1,000 verdicts."""
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        night(directory, datasets, "-n", "0")
        verdicts = len(
            json.loads((directory / "report" / "results.json").read_text(encoding="utf-8"))["verdicts"]
        )
        print(f"{verdicts} verdicts; seconds per 1,000, elapsed (processor)")
        for workers in ("0", "2"):
            rows = {
                what: night(directory, datasets, "-n", workers, "--measure", what)
                for what in ("all", "changed")
            }
            told = {
                what: " (".join(f"{1000 * each / verdicts:.1f}" for each in row) + ")"
                for what, row in rows.items()
            }
            ratio = rows["changed"][0] / rows["all"][0]
            print(f"-n {workers}: measured {told['all']}, as before {told['changed']}; ratio {ratio:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
