"""Simulated SBC exposures of the dataset with simulated dark frames, and what is expected of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from astropy.wcs import WCS

from hubble_qa.fixtures.plans.dataset import load_dataset
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.reduction.dark_rate.apertures import Ellipse
from hubble_qa.fixtures.simulation.attitude import Attitude
from hubble_qa.fixtures.simulation.sbc.camera import expected_rates
from hubble_qa.fixtures.simulation.sbc.detector import CHIP, FOCAL_PLANE, ideal_grid, pixel_area
from hubble_qa.fixtures.simulation.sbc.settings import SbcExposure, SbcSettings
from hubble_qa.fixtures.simulation.settings import SimulationSettings
from hubble_qa.fixtures.simulation.stage import simulate

DATASETS = Path(__file__).parent.parent / "qa" / "datasets"
COLD, WARM = "jcmc11ctq", "jcmc11e6q"
SOME_DARKS = ("jcrx01iiq", "jcrx01iqq", "jcrx01j2q")
TARGET = Ellipse(x=735.0, y=710.0, a=70.0, b=40.0, angle=90.0)


def settings(name: str = "sbc-jcmc11", **changes: Any) -> SbcSettings:
    """The dataset's simulation, with some of its settings changed."""
    table = {**load_dataset(DATASETS / f"{name}.toml").simulation, **changes}
    found = SimulationSettings.model_validate(table)
    assert isinstance(found, SbcSettings)
    return found


def few() -> SbcSettings:
    """The dataset with two of its exposures, one association, and a few dark frames."""
    whole = settings()
    return settings(
        exposures=[exposure(whole, name) for name in (COLD, WARM)],
        associations={"jcmc11010": (COLD, WARM)},
        darks=[dark for dark in whole.darks if dark.rootname in SOME_DARKS],
    )


def write(output: Path, of: SbcSettings, sources: dict[str, Path] | None = None) -> Path:
    """Run the stage that simulates."""
    output.mkdir(parents=True, exist_ok=True)
    simulate.run(Inputs(sources=sources or {}), output, of)
    return output


def exposure(of: SbcSettings, rootname: str) -> SbcExposure:
    """The settings of one exposure."""
    return next(each for each in of.exposures if each.rootname == rootname)


def pointing_of(of: SbcExposure) -> Attitude:
    """Where the detector points in an exposure."""
    return FOCAL_PLANE.pointing(of, of.offset)


def expected_fraction(
    of: SbcSettings, drizzled: WCS, rootnames: tuple[str, ...], where: Ellipse = TARGET
) -> float:
    """Dark fraction that an aperture on a drizzled image has without noise.

    By what the simulator knows, and pixels whose centres lie in the aperture, whose axis a is along y.
    """
    dark = light = 0.0
    for rootname in rootnames:
        one = exposure(of, rootname)
        pointing = pointing_of(one)
        rate_of_dark, rate_of_light = expected_rates(one, of.galaxy, pointing)
        area = np.where(_inside(where, drizzled, pointing), pixel_area(), 0.0) * one.exptime
        dark += float(np.sum(rate_of_dark * area))
        light += float(np.sum(rate_of_light * area))
    return dark / (dark + light)


def _inside(where: Ellipse, drizzled: WCS, pointing: Attitude) -> np.ndarray:
    x, y = drizzled.all_world2pix(*(c.ravel() for c in pointing.ideal_to_sky(CHIP, *ideal_grid())), 0)
    inside = ((x - where.x) / where.b) ** 2 + ((y - where.y) / where.a) ** 2 <= 1.0
    return inside.reshape(pixel_area().shape)
