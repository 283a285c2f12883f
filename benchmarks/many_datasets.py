"""Times the collection of many datasets: ``python benchmarks/many_datasets.py [NUMBER...]``.

10, 100 and 1,000 by default. The dataset files are the shipped ones that need no files from outside, again
and again, under names and rootnames of their own: every plan, key and test is another's. ``--files DIR`` only
writes them.
"""

from __future__ import annotations

import argparse
import os
import re
import string
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "qa" / "datasets"
LETTERS = string.digits + string.ascii_lowercase
# With which a programme's three characters begin, whatever the instrument.
FIRST = LETTERS[2:12]
# They play back files that are not part of the repository.
FROM_OUTSIDE = ("uvis-ngc6791-replay", "sbc-jcmc11-real-darks")
# An instrument's letter and a programme's three characters, by which all of a dataset's rootnames begin.
PROGRAMME = 4


class Cost(NamedTuple):
    """What a command took.

    Attributes
    ----------
    elapsed : float
        Seconds.
    processor : float
        Seconds of processor time.
    peak : float
        Largest memory of its process, in MiB.
    output : str
        What it printed.
    """

    elapsed: float
    processor: float
    peak: float
    output: str


def write_datasets(directory: Path, number: int, alone: str = "") -> None:
    """Write dataset files of names and rootnames that no other has: of all shipped ones, or of one alone."""
    directory.mkdir(parents=True, exist_ok=True)
    shipped = [
        path
        for path in sorted(SHIPPED.glob("*.toml"))
        if path.stem not in FROM_OUTSIDE and alone in ("", path.stem)
    ]
    for count, path in enumerate(islice(cycle(shipped), number)):
        name = f"{path.stem}-{count:05}"
        text = path.read_text(encoding="utf-8").replace(f'name = "{path.stem}"', f'name = "{name}"', 1)
        digits = FIRST[count % 10] + LETTERS[count // 10 // 36 % 36] + LETTERS[count // 10 % 36]
        for programme in _programmes(text):
            text = re.sub(rf"\b{programme}(?=[0-9a-z]*\b|\*)", f"{programme[0]}{digits}", text)
        (directory / f"{name}.toml").write_text(text, encoding="utf-8")


def _programmes(text: str) -> Iterator[str]:
    table = tomllib.loads(text)
    yield from sorted({exposure["rootname"][:PROGRAMME] for exposure in table["exposures"]})


def measured(directory: Path, *command: str) -> Cost:
    """Run a command in a directory and say what it took."""
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{output[-2000:]}")
    elapsed = time.perf_counter() - started
    return Cost(elapsed, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, output)


def collect(datasets: Path, store: Path) -> Cost:
    """Collect the tests of dataset files."""
    options = ("--collect-only", "-qq", "-p", "no:cacheprovider", "--size", "small", "--report", "none")
    places = ("--datasets", str(datasets), "--store", str(store))
    return measured(ROOT, sys.executable, "-m", "pytest", "qa/", *options, *places)


def main() -> None:
    """Print a row per number of datasets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("numbers", nargs="*", type=int, default=[10, 100, 1000])
    parser.add_argument("--files", type=Path, help="only write the files of as many datasets there")
    asked = parser.parse_args()
    if asked.files is not None:
        write_datasets(asked.files, asked.numbers[-1])
        return
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as place:
        for number in asked.numbers:
            directory = Path(place) / f"datasets-{number}"
            write_datasets(directory, number)
            cost = collect(directory, Path(place) / "store")
            tests = sum(map(int, re.findall(r"^qa/\S+: (\d+)$", cost.output, re.MULTILINE)))
            print(
                f"{number} datasets, {tests} tests: {cost.elapsed:.1f} s (CPU {cost.processor:.1f} s), "
                f"largest memory {cost.peak:.0f} MiB",
                flush=True,
            )


if __name__ == "__main__":
    main()
