"""Scenes of simulated ACS/WFC exposures: 47 Tucanae at the small size, and stars over an even sky."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from hubble_qa.checks.readers.best_references import ReferenceChoice
from hubble_qa.fixtures.archives.reference_files import update_reference_keywords
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.simulation.library_psf import library_psf
from hubble_qa.fixtures.simulation.settings import SimulationSettings
from hubble_qa.fixtures.simulation.stage import simulate
from hubble_qa.fixtures.simulation.truth import read_truth
from hubble_qa.fixtures.simulation.wfc.rules import REFERENCES
from hubble_qa.fixtures.simulation.wfc.settings import WfcSettings

ASSOCIATION, LONG, DITHERED = "j9l960010", "j9l960a9q", "j9l960abq"
FIELD = {"ra": 6.0236, "dec": -72.0813, "density": 700.0, "brightest": 15.5, "faintest": 22.5}
# Bright stars far below the full well, a sky as bright as twilight's, and no cosmic rays: what 0.2 % takes.
EVEN = {
    "field": {**FIELD, "density": 900.0, "brightest": 18.2, "faintest": 19.2},
    "ccd": {"sky": 16.0, "cosmic_rays": 0.0},
}


def exposure_table(rootname: str, **changes: Any) -> dict[str, Any]:
    """An exposure's settings."""
    table = {
        "rootname": rootname,
        "ra": FIELD["ra"],
        "dec": FIELD["dec"],
        "pa_v3": 90.0,
        "date": "2006-03-13",
        "time": "01:38:22",
        "exptime": 50.0,
        "filter": "F606W",
        "postarg": (0.2, -3.1) if rootname == DITHERED else (0.0, 0.0),
    }
    return {**table, **changes}


def scene(*rootnames: str, **changes: Any) -> WfcSettings:
    """Settings of exposures at the small size."""
    table = {
        "instrument": "ACS",
        "detector": "WFC",
        "seed": 10775,
        "size": "small",
        "proposal": 10775,
        "target": "NGC104",
        "association": ASSOCIATION,
        "field": FIELD,
        "exposures": [exposure_table(name) for name in rootnames or (LONG,)],
    }
    settings = SimulationSettings.model_validate({**table, **changes})
    assert isinstance(settings, WfcSettings)
    return settings


def simulate_scene(output: Path, settings: WfcSettings) -> Path:
    """Run the stage."""
    output.mkdir(parents=True)
    simulate.run(Inputs(), output, settings)
    return output


def references(archive: Path) -> Path:
    """Where the archive's reference files are."""
    return archive / "crds" / "references" / "hst" / "acs"


def raw(archive: Path, rootname: str = LONG) -> Path:
    """An exposure's raw file."""
    return archive / "HST" / rootname / f"{rootname}_raw.fits"


def raw_copy(archive: Path, directory: Path, rootname: str = LONG, **keywords: Any) -> Path:
    """A private copy of a raw file that names the best references; keywords that are None are removed."""
    copy = Path(shutil.copyfile(raw(archive, rootname), directory / f"{rootname}_raw.fits"))
    choices = {kind: ReferenceChoice(file, "", file, True) for kind, file in REFERENCES.items()}
    update_reference_keywords(copy, choices)
    with fits.open(copy, mode="update") as hdus:
        for keyword, value in {"PCTECORR": "OMIT", **keywords}.items():
            if value is None:
                del hdus[0].header[keyword]
            else:
                hdus[0].header[keyword] = value
    return copy


def expected_image(archive: Path, version: int, shape: tuple[int, int], rootname: str = LONG) -> np.ndarray:
    """Electrons of the stars that the truth has on a chip, in the convention of an FLT, without sky."""
    seen = read_truth(archive / "truth.json").exposures[rootname].chips[3 - version]
    x, y, counts, area = (np.array(column) for column in (seen.x, seen.y, seen.counts, seen.area))
    return library_psf("F606W", "acs/wfc").render(x, y, counts / area, shape)
