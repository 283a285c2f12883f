"""Scenes of simulated WFC3/UVIS exposures: the published visit to NGC 6791, and source lists to replay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.simulation.settings import SimulationSettings
from hubble_qa.fixtures.simulation.stage import simulate
from hubble_qa.fixtures.simulation.uvis.settings import UvisSettings

SHORT, LONG, DITHERED = "ibwb01xqq", "ibwb01xrq", "ibwb01xxq"
MATCHES = {SHORT: 442, LONG: 462, DITHERED: 429}


def exposure_table(rootname: str, **changes: Any) -> dict[str, Any]:
    """An exposure's settings."""
    table = {
        "rootname": rootname,
        "ra": 290.2399,
        "dec": 37.7947,
        "pa_v3": 258.98,
        "date": "2011-10-20",
        "time": "11:04:28",
        "exptime": 30.0 if rootname == SHORT else 360.0,
        "filter": "F606W",
        "postarg": (0.0, 81.6 if rootname == DITHERED else 0.0),
        "pointing_error": {"x": 4.43, "y": -5.65, "rotation": 0.0047},
        "archive_matches": MATCHES[rootname],
        "archive_rms": (4.0, 3.8),
    }
    return {**table, **changes}


def visit(*rootnames: str, **changes: Any) -> UvisSettings:
    """Settings of exposures of the visit, by default of all three, at the small size."""
    table = {
        "instrument": "WFC3",
        "detector": "UVIS",
        "seed": 12692,
        "size": "small",
        "proposal": 12692,
        "target": "NGC-6791",
        "field": {"ra": 290.2248, "dec": 37.8027},
        "exposures": [exposure_table(name) for name in rootnames or MATCHES],
    }
    settings = SimulationSettings.model_validate({**table, **changes})
    assert isinstance(settings, UvisSettings)
    return settings


def simulate_visit(output: Path, settings: UvisSettings, sources: dict[str, Path] | None = None) -> Path:
    """Run the stage."""
    output.mkdir(parents=True)
    simulate.run(Inputs(sources=sources or {}), output, settings)
    return output


def flc(archive: Path, rootname: str) -> Path:
    """An exposure's file."""
    return archive / "HST" / rootname / f"{rootname}_flc.fits"


def write_lists(directory: Path, rootname: str, to_sky: Any, sources: int = 60) -> dict[str, Path]:
    """Source lists of an exposure on an even grid, and catalogues of the same places.

    Parameters
    ----------
    directory : Path
        Where.
    rootname : str
        The exposure.
    to_sky : callable
        RA and Dec of extension version, x, y.
    sources : int
        Sources per chip.
    """
    rng = np.random.default_rng(6791)
    skies = []
    for version in (1, 2):
        x, y = rng.uniform(50.0, 4046.0, sources), rng.uniform(50.0, 2001.0, sources)
        flux = rng.uniform(2e4, 2e5, sources)
        skies.append(np.column_stack(to_sky(version, x, y)))
        name = f"{rootname}_flc_sci{version}_xy_catalog.coo"
        np.savetxt(directory / name, np.column_stack((x, y, flux)), fmt="%.6f")
    sky = np.concatenate(skies)
    np.savetxt(directory / f"{rootname}_flc_sky_catalog.coo", sky, fmt="%.12f", header="RA Dec")
    for name in ("gaia.cat", "sdss.cat"):
        magnitudes = np.full((len(sky), 1), 18.0)
        np.savetxt(directory / name, np.hstack((sky, magnitudes)), fmt="%.12f", header="ra dec mag")
    return {path.name: path for path in directory.iterdir()}
