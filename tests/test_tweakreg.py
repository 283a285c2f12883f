"""TweakReg that fails by chance is run again; one that fails for a reason is not."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hubble_qa.fixtures.plans.stage import StageError, TransientError
from hubble_qa.fixtures.reduction.alignment.tweakreg import SHIFT_FILE, run_tweakreg

NAMES = ("a_flt.fits", "b_flt.fits")


@pytest.fixture(autouse=True)
def exposures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files in the working directory."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        Path(name).write_text("as fetched", encoding="utf-8")


class Orphan:
    """A node with one edge, which no outline has."""

    _edges = (None,)


def malformed() -> None:
    """Fail where spherical_geometry joins footprints, as it does by chance."""
    graph = import_module("spherical_geometry.graph").Graph([])
    graph._nodes = {Orphan()}
    graph._sanity_check("union: remove orphan nodes", True)


def put_in_place(monkeypatch: pytest.MonkeyPatch, failures: int, kind: Any = malformed) -> list[str]:
    """Have TweakReg fail so often, having changed a file; return what the file held at each attempt."""
    found: list[str] = []

    def attempt(names: list[str], **parameters: object) -> None:
        found.append(Path(names[0]).read_text(encoding="utf-8"))
        Path(names[0]).write_text("changed", encoding="utf-8")
        if len(found) <= failures:
            kind()
        Path(SHIFT_FILE).touch()

    tool = SimpleNamespace(tweakreg=SimpleNamespace(TweakReg=attempt))
    monkeypatch.setitem(sys.modules, "drizzlepac", tool)
    return found


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_a_failure_by_chance_is_survived(monkeypatch: pytest.MonkeyPatch, failures: int) -> None:
    found = put_in_place(monkeypatch, failures)
    run_tweakreg(NAMES, {})

    assert found == ["as fetched"] * (failures + 1)
    assert sorted(path.name for path in Path().iterdir()) == sorted([*NAMES, SHIFT_FILE])


def test_three_failures_by_chance_are_told_and_hold_for_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_place(monkeypatch, 3)
    message = r"footprints of a_flt.fits, b_flt.fits \(union: remove orphan nodes in spherical_geometry\), 3"
    with pytest.raises(TransientError, match=message):
        run_tweakreg(NAMES, {})


def test_a_failure_for_a_reason_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    found = put_in_place(monkeypatch, 1, lambda: int("x"))
    with pytest.raises(ValueError, match="invalid literal"):
        run_tweakreg(NAMES, {})
    assert len(found) == 1


def test_no_shift_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_place(monkeypatch, 0)
    monkeypatch.setattr(Path, "exists", lambda _: False)
    with pytest.raises(StageError, match=r"TweakReg wrote no shift file for a_flt\.fits"):
        run_tweakreg(NAMES, {})


def starless() -> None:
    """Fail where spherical_geometry outlines the sources of an exposure that has two."""
    polygon = import_module("spherical_geometry.polygon").SingleSphericalPolygon
    polygon.from_radec([10.0, 10.1], [0.0, 0.1])


def test_an_exposure_without_sources_is_no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    found = put_in_place(monkeypatch, 3, starless)
    with pytest.raises(StageError, match=r"hardly any sources on one of a_flt.fits, b_flt.fits") as caught:
        run_tweakreg(NAMES, {})
    assert not isinstance(caught.value, TransientError)
    assert len(found) == 1
