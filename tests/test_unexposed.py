"""An exposure of 0 s, or without guide stars, is left out of alignment and combination, and told once."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from astropy.io import fits

from hubble_qa.checks.bounds import Bounds
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.reduction.alignment.tweakreg import SHIFT_FILE
from hubble_qa.fixtures.reduction.alignment.unaligned import read_unaligned
from hubble_qa.fixtures.reduction.exposed import exposed
from hubble_qa.fixtures.stages.choose_alignment import ChoiceSettings, choose_alignment
from hubble_qa.fixtures.stages.drizzle import DrizzleSettings, drizzle
from hubble_qa.fixtures.stages.try_alignment import TrySettings, try_alignment
from tests.fits_samples import exposure_bytes

NAMES = ("u5jx0108r", "u5jx0109r", "u5jx010hr")
CLOSED = "u5jx0109r"


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    """Three exposures, of one of which the shutter stayed closed, and a scratch directory to work in."""
    products = {name: tmp_path / name for name in ("exposures", "references", "catalog")}
    for directory in products.values():
        directory.mkdir()
    for name in NAMES:
        content = exposure_bytes(name, size=4, EXPTIME=0.0 if name == CLOSED else 230.0)
        (products["exposures"] / f"{name}_flt.fits").write_bytes(content)
    (products["catalog"] / "catalog.cat").touch()
    for place in ("scratch", "output"):
        (tmp_path / place).mkdir()
    monkeypatch.chdir(tmp_path / "scratch")
    for prefix in ("uref", "jref", "iref"):
        monkeypatch.setenv(prefix, "")
    return Inputs(products)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What TweakReg and AstroDrizzle were given, instead of running."""
    names: list[str] = []

    def tweak(exposures: list[str], **parameters: object) -> None:
        names.extend(exposures)
        Path(SHIFT_FILE).touch()

    def combine(exposures: list[str], *, output: str, **parameters: object) -> None:
        names.extend(exposures)
        fits.PrimaryHDU().writeto(f"{output}_drz_sci.fits")

    tool = SimpleNamespace(
        tweakreg=SimpleNamespace(TweakReg=tweak), astrodrizzle=SimpleNamespace(AstroDrizzle=combine)
    )
    monkeypatch.setitem(sys.modules, "drizzlepac", tool)
    return names


EXPOSED = [f"{name}_flt.fits" for name in NAMES if name != CLOSED]


def test_alignment_leaves_it_out_and_passes_it_on(inputs: Inputs, given: list[str], tmp_path: Path) -> None:
    settings = TrySettings(number=1, suffix="flt", tweakreg={}, bounds={})
    try_alignment.run(inputs, tmp_path / "output", settings)
    assert given == EXPOSED
    kept = {path.name for path in (tmp_path / "output").glob("*_flt.fits")}
    assert kept == {f"{name}_flt.fits" for name in NAMES}


def test_alignment_to_a_catalogue_leaves_it_out(inputs: Inputs, given: list[str], tmp_path: Path) -> None:
    settings = TrySettings(number=1, suffix="flt", catalog="gaia", tweakreg={}, bounds={})
    try_alignment.run(inputs, tmp_path / "output", settings)
    assert given == EXPOSED


@pytest.mark.parametrize("names", [(), NAMES])
def test_drizzling_leaves_it_out(
    inputs: Inputs, given: list[str], tmp_path: Path, names: tuple[str, ...]
) -> None:
    drizzle.run(inputs, tmp_path / "output", DrizzleSettings(suffix="flt", root="all", exposures=names))
    assert given == EXPOSED


@pytest.mark.parametrize("quality", ["GSFAIL", "TDF-DOWN AT EXPSTART"])
def test_one_without_guide_stars_is_left_out(
    inputs: Inputs, given: list[str], tmp_path: Path, quality: str
) -> None:
    fits.setval(inputs.products["exposures"] / f"{CLOSED}_flt.fits", "EXPTIME", value=230.0)
    fits.setval(inputs.products["exposures"] / f"{CLOSED}_flt.fits", "QUALITY", value=quality)
    drizzle.run(inputs, tmp_path / "output", DrizzleSettings(suffix="flt", root="all"))
    assert given == EXPOSED


def test_one_that_did_not_end_normally_is_combined(inputs: Inputs, given: list[str], tmp_path: Path) -> None:
    for keyword, value in (("EXPTIME", 230.0), ("EXPFLAG", "INTERRUPTED")):
        fits.setval(inputs.products["exposures"] / f"{CLOSED}_flt.fits", keyword, value=value)
    drizzle.run(inputs, tmp_path / "output", DrizzleSettings(suffix="flt", root="all"))
    assert given == sorted(f"{name}_flt.fits" for name in NAMES)


def test_one_that_is_left_keeps_its_header_where_the_dataset_has_bounds(
    inputs: Inputs, given: list[str], tmp_path: Path
) -> None:
    (inputs.products["exposures"] / EXPOSED[0]).unlink()
    bounds = {name: {"AST-003": Bounds(at_least=20)} for name in NAMES}
    (tmp_path / "try").mkdir()
    only = TrySettings(number=1, suffix="flt", tweakreg={}, bounds=bounds)
    try_alignment.run(inputs, tmp_path / "try", only)
    assert not given
    tried = Inputs({**inputs.products, "try-1": tmp_path / "try"})
    choose_alignment.run(tried, tmp_path / "output", ChoiceSettings(suffix="flt", relative=True))
    found = read_unaligned(tmp_path / "output")
    assert found is not None
    assert found.reason == f"{EXPOSED[1]} is the only exposure that was taken"
    assert found.intended
    kept = {path.name for path in (tmp_path / "output").glob("*_flt.fits")}
    assert kept == {EXPOSED[1], f"{CLOSED}_flt.fits"}


def test_those_of_unknown_time_are_kept(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}_flt.fits" for name in NAMES]
    for path, time in zip(paths, (None, "699,23", 1e-5), strict=True):
        keywords = {} if time is None else {"EXPTIME": time}
        path.write_bytes(exposure_bytes("u5jx0108r", size=4, **keywords))
    assert exposed(paths) == tuple(paths[:2])
