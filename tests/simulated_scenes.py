"""Scenes for tests of the simulated archive."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.simulation.settings import (
    PointingError,
    SimulatedExposure,
    SimulationSettings,
    StarField,
)
from hubble_qa.fixtures.simulation.stage import simulate

FIRST, SECOND = "u5jx0108r", "u5jx010hr"


def exposure(rootname: str = FIRST, **changes: Any) -> SimulatedExposure:
    """The first exposure of the pair, changed."""
    values: dict[str, Any] = {
        "rootname": rootname,
        "ra": 201.7360,
        "dec": -47.5390,
        "pa_v3": 297.4225,
        "date": datetime.date(1999, 8, 5),
        "time": datetime.time(3, 12, 14),
        "exptime": 16.0,
        "filter": "F555W",
        "gain": 7,
        **changes,
    }
    return SimulatedExposure(**values)


def pair(**changes: Any) -> SimulationSettings:
    """Omega Centauri, sparse, dithered so that stars of WF2 fall on WF4."""
    second = exposure(
        SECOND,
        ra=201.71523,
        dec=-47.56541,
        pa_v3=297.4378,
        time=datetime.time(4, 50, 14),
        pointing_error=PointingError(x=1.81, y=-0.40, rotation=0.014),
    )
    values: dict[str, Any] = {
        "seed": 1,
        "size": "small",
        "field": StarField(ra=201.7360, dec=-47.5390),
        "exposures": (exposure(), second),
        **changes,
    }
    return SimulationSettings.model_validate(values)


def single(**changes: Any) -> SimulationSettings:
    """One exposure without FLT."""
    return pair(exposures=(exposure(),), flt=False, **changes)


def simulate_into(output: Path, settings: SimulationSettings) -> Path:
    """Run the stage into a new directory."""
    output.mkdir()
    simulate.run(Inputs(), output, settings)
    return output
