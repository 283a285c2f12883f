"""Times the suite against a bare script: ``python benchmarks/cold_run.py [PAIRS]``.

Each pair runs the suite on the notebook's dataset with an empty store, the bare script that makes the
same tool calls (bare_wfpc2.py), and the suite again with nothing changed, one after the other on the same
machine. What counts is the ratio cold / bare of each pair.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


def seconds(*command: str) -> float:
    """Wall-clock seconds of a command that must succeed."""
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def pair(directory: Path) -> tuple[float, float, float]:
    """Seconds of a cold run, of the bare script, and of a second run."""
    bare = directory / "bare"
    bare.mkdir()
    suite = (
        sys.executable,
        "-m",
        "pytest",
        "qa/",
        "--dataset",
        "wfpc2-omega-cen",
        "-q",
        "-p",
        "no:cacheprovider",
    )
    places = ("--store", str(directory / "store"), "--report", str(directory / "report"))
    cold = seconds(*suite, *places)
    script = seconds(sys.executable, "benchmarks/bare_wfpc2.py", str(bare))
    return cold, script, seconds(*suite, *places)


def main(pairs: int) -> None:
    """Print each pair and the medians."""
    rows = []
    for number in range(1, pairs + 1):
        with tempfile.TemporaryDirectory() as directory:
            cold, bare, warm = pair(Path(directory))
        rows.append((cold / bare, warm / bare, warm))
        print(f"{number}: cold {cold:.1f} s, bare {bare:.1f} s, ratio {cold / bare:.3f}; again {warm:.1f} s")
    ratio, warm_ratio, warm = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"median: cold / bare {ratio:.3f}, second run / bare {warm_ratio:.3f} ({warm:.1f} s)")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest process of all: {peak:.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
