"""Stage ``drizzle``: what AstroDrizzle is given, of the frame and of the rejection of cosmic rays."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from astropy.io import fits

from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.stages.drizzle import DrizzleSettings, drizzle
from tests.fits_samples import exposure_bytes

NAMES = ("u5jx0108r", "u5jx0109r")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """The parameters that AstroDrizzle was given, instead of running, in a scratch directory."""
    parameters: dict[str, Any] = {}

    def combine(exposures: list[str], *, output: str, **given: Any) -> None:
        parameters.update(given)
        fits.PrimaryHDU().writeto(f"{output}_drw_sci.fits")

    tool = SimpleNamespace(astrodrizzle=SimpleNamespace(AstroDrizzle=combine))
    monkeypatch.setitem(sys.modules, "drizzlepac", tool)
    for place in ("scratch", "output", "exposures", "references"):
        (tmp_path / place).mkdir()
    monkeypatch.chdir(tmp_path / "scratch")
    for prefix in ("uref", "jref", "iref"):
        monkeypatch.setenv(prefix, "")
    return parameters


def run(directory: Path, settings: dict[str, Any], **keywords: object) -> None:
    for name in NAMES:
        path = directory / "exposures" / f"{name}_flt.fits"
        path.write_bytes(exposure_bytes(name, size=4, EXPTIME=16.0, **keywords))
    inputs = Inputs({name: directory / name for name in ("exposures", "references")})
    drizzle.run(inputs, directory / "output", DrizzleSettings(suffix="flt", root="all", **settings))


@pytest.mark.parametrize(("gain", "snr"), [(7.0, "28 21"), (15.0, "60 45")])
def test_thresholds_of_wfpc2_are_multiplied_by_its_gain(
    given: dict[str, Any], tmp_path: Path, gain: float, snr: str
) -> None:
    """AstroDrizzle compares differences in electrons with thresholds in DN."""
    settings = {"snr_by_gain": True, "astrodrizzle": {"driz_cr_snr": "4.0 3.0"}}
    run(tmp_path, settings, ATODGAIN=gain)
    assert given["driz_cr_snr"] == snr


def test_thresholds_are_otherwise_what_the_dataset_says(given: dict[str, Any], tmp_path: Path) -> None:
    run(tmp_path, {"astrodrizzle": {"driz_cr_snr": "4.0 3.0"}}, ATODGAIN=7.0)
    assert given["driz_cr_snr"] == "4.0 3.0"
    assert "final_refimage" not in given
