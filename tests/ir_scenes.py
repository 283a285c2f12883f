"""Scenes of simulated WFC3/IR exposures at the small size."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray

from hubble_qa.fixtures.reduction.calibration.backends import choose_backend
from hubble_qa.fixtures.reduction.calibration.exposure import calibrate_exposure
from hubble_qa.fixtures.reduction.calibration.switches import set_switches
from hubble_qa.fixtures.simulation.ir.settings import IrSettings
from hubble_qa.fixtures.simulation.settings import SimulationSettings

ROOT = Path(__file__).resolve().parent.parent
ASSOCIATION, STEADY, RISING = "ibohbf040", "ibohbfb7q", "ibohbfb9q"
HELIUM = {"rate": 1.25, "onset": 400.0, "rise": 200.0}
FIELD = {"ra": 53.15, "dec": -27.8, "density": 250.0, "brightest": 18.5, "faintest": 26.5, "slope": 0.25}


def exposure_table(rootname: str, **changes: Any) -> dict[str, Any]:
    """An exposure's settings."""
    table: dict[str, Any] = {
        "rootname": rootname,
        "ra": FIELD["ra"],
        "dec": FIELD["dec"],
        "pa_v3": 120.0,
        "date": "2010-11-27",
        "time": "03:00:00" if rootname == STEADY else "03:27:00",
        "exptime": 1402.9,
        "filter": "F105W",
        "postarg": (0.0, 0.0) if rootname == STEADY else (0.45, 0.39),
    }
    if rootname == RISING:
        table["helium"] = HELIUM
    return {**table, **changes}


def scene(*exposures: dict[str, Any], **changes: Any) -> IrSettings:
    """Settings of exposures at the small size."""
    table = {
        "instrument": "WFC3",
        "detector": "IR",
        "seed": 12242,
        "size": "small",
        "proposal": 12242,
        "association": ASSOCIATION,
        "field": FIELD,
        "exposures": exposures or (exposure_table(STEADY), exposure_table(RISING)),
    }
    settings = SimulationSettings.model_validate({**table, **changes})
    assert isinstance(settings, IrSettings)
    return settings


_SIMULATE = """
import json, sys
from pathlib import Path
from hubble_qa.fixtures.simulation.settings import SimulationSettings
from hubble_qa.fixtures.simulation.stage import simulate
from hubble_qa.fixtures.plans.stage import Inputs
for output, settings in json.loads(sys.argv[1]).items():
    Path(output).mkdir()
    simulate.run(Inputs(), Path(output), SimulationSettings.model_validate_json(settings))
"""


def simulate_scenes(directory: Path, scenes: Mapping[str, IrSettings]) -> dict[str, Path]:
    """Make archives ``<directory>/<name>`` in a process of its own: the tools change what they share."""
    archives = {name: directory / name for name in scenes}
    orders = {str(archives[name]): settings.model_dump_json() for name, settings in scenes.items()}
    scratch = directory / "scratch"
    scratch.mkdir()
    environment = {
        **os.environ,
        "ASTROMETRY_STEP_CONTROL": "OFF",
        "MPLBACKEND": "Agg",
        "PYTHONPATH": str(ROOT / "src"),
    }
    command = [sys.executable, "-c", _SIMULATE, json.dumps(orders)]
    done = subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return archives


def references(archive: Path) -> Path:
    """Directory of an archive's reference files."""
    return archive / "crds/references/hst/wfc3"


def raw_copy(archive: Path, rootname: str, directory: Path, **keywords: Any) -> Path:
    """A copy of a RAW with keywords changed; those that are None are deleted."""
    directory.mkdir(parents=True, exist_ok=True)
    name = f"{rootname}_raw.fits"
    copy = Path(shutil.copyfile(archive / "HST" / rootname / name, directory / name))
    with fits.open(copy, mode="update") as hdus:
        for keyword, value in keywords.items():
            if value is None:
                del hdus[0].header[keyword]
            else:
                hdus[0].header[keyword] = value
    return copy


def calibrated(
    archive: Path, rootname: str, directory: Path, backend: str = "embedded", crcorr: str = "PERFORM"
) -> Path:
    """The FLT of an archive's RAW, in a new directory, which has the IMA too."""
    copy = raw_copy(archive, rootname, directory)
    set_switches(copy, {"CRCORR": crcorr})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("iref", f"{references(archive)}{os.sep}")
        _, flt = calibrate_exposure(copy, choose_backend(backend, "WFC3", "IR"))
    return flt


def truth_plane(archive: Path, rootname: str, plane: str) -> NDArray[Any]:
    """RATE, CHARGE or SATURATED of an exposure."""
    return np.asarray(fits.getdata(archive / "truth" / f"{rootname}_truth.fits", plane))
