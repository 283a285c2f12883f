"""Time both backends of the ACS/WFC calibration, in turn, on the same full-size exposures.

Usage: ``python benchmarks/acs_backends.py PAIRS`` with ``calacs.e`` on PATH. The dataset's exposures are
simulated first, which is not timed. Each pair calibrates the whole association with one backend, then
with the other, each in a process of its own.
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
from pathlib import Path

import numpy as np
from astropy.io import fits

ROOT = Path(__file__).resolve().parent.parent
DATASET = ROOT / "qa" / "datasets" / "acs-j9l960010.toml"
BACKENDS = ("embedded", "hstcal")
CALIBRATE = """
import sys
from pathlib import Path
from hubble_qa.fixtures.reduction.calibration.backends import choose_backend
from hubble_qa.fixtures.reduction.calibration.exposure import calibrate_exposure
for raw in sorted(Path(sys.argv[2]).glob("*_raw.fits")):
    calibrate_exposure(raw, choose_backend(sys.argv[1], "ACS", "WFC"))
"""


def simulate(directory: Path) -> tuple[str, ...]:
    from hubble_qa.fixtures.plans.stage import Inputs
    from hubble_qa.fixtures.simulation.settings import SimulationSettings
    from hubble_qa.fixtures.simulation.stage import simulate

    table = tomllib.loads(DATASET.read_text(encoding="utf-8"))["simulation"]
    settings = SimulationSettings.model_validate(table)
    directory.mkdir()
    simulate.run(Inputs(), directory, settings)
    return tuple(exposure.rootname for exposure in settings.exposures)


def prepare(archive: Path, names: tuple[str, ...], directory: Path) -> Path:
    """Fresh copies of the raw files that name the best references."""
    from hubble_qa.fixtures.simulation.wfc.rules import REFERENCES

    directory.mkdir()
    for name in names:
        copy = Path(shutil.copy(archive / "HST" / name / f"{name}_raw.fits", directory))
        with fits.open(copy, mode="update") as hdus:
            hdus[0].header["PCTECORR"] = "OMIT"
            for kind, file in REFERENCES.items():
                hdus[0].header[kind] = f"jref${file}"
    return directory


def calibrate(backend: str, directory: Path, references: Path) -> tuple[float, float]:
    """Wall time and CPU time in seconds of the calibration of a directory's exposures."""
    environment = {**os.environ, "jref": f"{references}{os.sep}", "PYTHONPATH": str(ROOT / "src")}
    used, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-c", CALIBRATE, backend, str(directory)]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime


def largest_median(first: Path, second: Path) -> float:
    """Largest median difference of a chip between two directories of FLTs, electrons."""
    return max(
        abs(float(np.median(fits.getdata(path, "SCI", chip) - fits.getdata(second / path.name, "SCI", chip))))
        for path in first.glob("*_flt.fits")
        for chip in (1, 2)
    )


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    sys.path.insert(0, str(ROOT / "src"))
    with tempfile.TemporaryDirectory() as place:
        archive = Path(place) / "archive"
        names = simulate(archive)
        references = archive / "crds" / "references" / "hst" / "acs"
        for pair in range(1, pairs + 1):
            made = {name: prepare(archive, names, Path(place) / f"{name}-{pair}") for name in BACKENDS}
            took = {name: calibrate(name, made[name], references) for name in BACKENDS}
            times = ", ".join(
                f"{name} {took[name][0]:.1f} s ({took[name][1]:.1f} s of CPU)" for name in BACKENDS
            )
            ratios = " and ".join(f"{a / b:.2f}" for a, b in zip(*took.values(), strict=True))
            print(f"pair {pair}: {times}; embedded / hstcal {ratios}", flush=True)
            print(f"  largest median difference {largest_median(*made.values()):.3f} electrons", flush=True)
            for directory in made.values():
                shutil.rmtree(directory)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{len(names)} exposures; the largest process took {peak:.0f} MiB")


if __name__ == "__main__":
    main()
