"""Time both backends of the WFC3/IR calibration, in turn, on the same full-size association.

Usage: ``python benchmarks/ir_backends.py PAIRS`` with ``calwf3.e`` on PATH. The dataset's exposures are
simulated first, which is not timed. Each pair calibrates all of them with one backend, then with the
other, each in a process of its own: those with helium emission without the ramp fit, as the diagnosis
decides.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy.io import fits

ROOT = Path(__file__).resolve().parent.parent
DATASET = ROOT / "qa" / "datasets" / "ir-ibohbf040.toml"
BACKENDS = ("embedded", "hstcal")
SIMULATE = """
import sys, tomllib
from pathlib import Path
from hubble_qa.fixtures.simulation.settings import SimulationSettings
from hubble_qa.fixtures.simulation.stage import simulate
from hubble_qa.fixtures.plans.stage import Inputs
table = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["simulation"]
simulate.run(Inputs(), Path(sys.argv[2]), SimulationSettings.model_validate(table))
"""
CALIBRATE = """
import resource, sys
from pathlib import Path
from hubble_qa.fixtures.reduction.calibration.backends import choose_backend
from hubble_qa.fixtures.reduction.calibration.exposure import calibrate_exposure
for raw in sorted(Path(sys.argv[2]).glob("*_raw.fits")):
    calibrate_exposure(raw, choose_backend(sys.argv[1], "WFC3", "IR"))
whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
print(max(resource.getrusage(who).ru_maxrss for who in whose), file=sys.stderr)
"""


def run(script: str, *arguments: str, cwd: Path, references: Path | None = None) -> str:
    """Run a script that must succeed; return the last line that it wrote to stderr."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "ASTROMETRY_STEP_CONTROL": "OFF"}
    if references is not None:
        environment["iref"] = f"{references}{os.sep}"
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, check=True, capture_output=True, text=True)
    return done.stderr.strip().rpartition("\n")[2]


def prepare(archive: Path, switches: Mapping[str, str], directory: Path) -> Path:
    """Fresh copies of the raw files with CRCORR set."""
    directory.mkdir()
    for name, value in switches.items():
        copy = Path(shutil.copy(archive / "HST" / name / f"{name}_raw.fits", directory))
        fits.setval(copy, "CRCORR", value=value)
    return directory


def calibrate(backend: str, directory: Path, references: Path) -> tuple[float, float, float]:
    """Wall-clock and CPU seconds of the calibration of a directory's exposures, and MiB of its process."""
    used, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    peak = run(CALIBRATE, backend, str(directory), cwd=directory, references=references)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime, int(peak) / 1024


def agreement(archive: Path, name: str, first: Path, second: Path) -> str:
    """Median ratios of an exposure's rates where no cosmic ray fell, and where one did."""
    ours, theirs = (fits.getdata(each / f"{name}_flt.fits", "SCI") for each in (first, second))
    good = fits.getdata(second / f"{name}_flt.fits", "DQ") == 0
    charge = fits.getdata(archive / "truth" / f"{name}_truth.fits", "CHARGE")
    clean, struck = good & (charge == 0), good & (charge > 150.0)
    ratio = ours / theirs
    return f"{np.median(ratio[clean]):.5f} clean, {np.median(ratio[struck]):.5f} on cosmic rays"


def main(pairs: int) -> None:
    """Print times and agreement of each pair."""
    table = tomllib.loads(DATASET.read_text(encoding="utf-8"))["simulation"]
    switches = {each["rootname"]: "OMIT" if "helium" in each else "PERFORM" for each in table["exposures"]}
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        archive = place / "archive"
        archive.mkdir()
        run(SIMULATE, str(DATASET), str(archive), cwd=place)
        references = archive / "crds" / "references" / "hst" / "wfc3"
        for pair in range(1, pairs + 1):
            made = {name: prepare(archive, switches, place / f"{name}-{pair}") for name in BACKENDS}
            took = {name: calibrate(name, made[name], references) for name in BACKENDS}
            times = ", ".join(
                f"{name} {wall:.1f} s ({cpu:.1f} s of CPU, {peak:.0f} MiB)"
                for name, (wall, cpu, peak) in took.items()
            )
            wall, cpu, _ = (a / b for a, b in zip(*took.values(), strict=True))
            print(f"pair {pair}: {times}; embedded / hstcal {wall:.2f} ({cpu:.2f})", flush=True)
            for name, value in switches.items() if pair == 1 else ():
                print(f"  {name}, CRCORR {value}: {agreement(archive, name, *made.values())}", flush=True)
            for directory in made.values():
                shutil.rmtree(directory)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
