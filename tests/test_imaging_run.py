"""``pytest qa/`` on two filters and two visits of three cameras, with the real tools, against the truth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pytest

from hubble_qa.fixtures.simulation import facts
from hubble_qa.fixtures.simulation.truth import read_truth
from tests.imaging_truth import Compared, compare
from tests.qa_runs import QaRun
from tests.small_runs import reduced_dataset, small_run


class Shape(NamedTuple):
    """A dataset: its camera as drizzlepac and the simulation call it, pixel (mas), filters, kind of image."""

    dataset: str
    camera: str
    facts: str
    pixel: float
    filters: tuple[str, str]
    kind: str


SHAPES = (
    Shape("uvis-two-filters", "wfc3/uvis", "uvis", 39.62, ("F606W", "F814W"), "drc"),
    Shape("acs-two-filters", "acs/wfc", "wfc", 50.0, ("F606W", "F814W"), "drz"),
    Shape("ir-two-filters", "wfc3/ir", "ir", 128.3, ("F105W", "F160W"), "drz"),
)
# What each must have been judged by, and passed: fits, positions, registration, fluxes.
JUDGED = {"AST-002", "AST-003", "AST-023", "AST-024", "DRZ-001", "DRZ-009", "PHT-008", "WCS-001", "WCS-005"}


@pytest.fixture(scope="module", params=[reduced_dataset(shape.dataset) for shape in SHAPES])
def shape(request: pytest.FixtureRequest) -> Shape:
    (found,) = (shape for shape in SHAPES if shape.dataset == request.param)
    return found


@pytest.fixture(scope="module")
def run(shape: Shape, tmp_path_factory: pytest.TempPathFactory) -> QaRun:
    return small_run(shape.dataset, tmp_path_factory)


@pytest.fixture(scope="module")
def stars(shape: Shape, run: QaRun) -> Mapping[str, Compared]:
    """Isolated stars of each filter's image, against the truth."""
    truth = read_truth(run.product("archive") / "truth.json")
    found = {}
    for name in shape.filters:
        path = run.product(f"drizzle-{name.lower()}") / f"{name.lower()}_{shape.kind}_sci.fits"
        photflam = facts.filters(shape.facts)[name].photflam
        found[name] = compare(path, truth, camera=shape.camera, filter_name=name, photflam=photflam)
    return found


def test_every_verdict_is_accepted(shape: Shape, run: QaRun) -> None:
    assert run.process.returncode == 0, run.process.stdout[-3000:]
    judged = {verdict["criterion"] for verdict in run.verdicts if verdict["status"] == "pass"}
    assert judged >= JUDGED
    first, second = (f"{name.lower()}_{shape.kind}_sci" for name in shape.filters)
    assert run.verdict("AST-023", f"{second} / {first}")["value"] < 0.05


def test_images_are_in_place_by_the_truth(stars: Mapping[str, Compared]) -> None:
    for name, found in stars.items():
        assert len(found.number) >= 25, name
        assert np.hypot(*found.offset) < 5.0, name


def test_filters_are_registered_by_the_truth(shape: Shape, stars: Mapping[str, Compared]) -> None:
    first, second = (stars[name] for name in shape.filters)
    _, mine, theirs = np.intersect1d(first.number, second.number, return_indices=True)
    east, north = first.east[mine] - second.east[theirs], first.north[mine] - second.north[theirs]
    assert np.hypot(np.median(east), np.median(north)) < 0.05 * shape.pixel


def test_fluxes_are_those_of_the_truth(stars: Mapping[str, Compared]) -> None:
    for name, found in stars.items():
        assert np.median(found.light) == pytest.approx(1.0, abs=0.01), name


def test_tries_are_told(shape: Shape, run: QaRun) -> None:
    node = "align-gaia" if shape.dataset == "uvis-two-filters" else "align"
    told = json.loads((run.product(node) / "tries.json").read_text("utf-8"))
    chosen = told["tries"][told["chosen"]]
    assert chosen["why_not"] == ""
    made = [stage["remark"] for stage in run.results["stages"] if stage["node"].startswith(f"{node}-try-")]
    assert len(made) == 6
    assert sum(remark.startswith("not needed") for remark in made) == 6 - len(told["tries"])
    assert len(chosen["fits"]) == (4 if node == "align-gaia" else 3)


@pytest.mark.slow
def test_each_exposure_has_the_better_solution(tmp_path_factory: pytest.TempPathFactory) -> None:
    uvis = small_run("uvis-two-filters", tmp_path_factory)
    decisions = json.loads((uvis.product("accept") / "decisions.json").read_text("utf-8"))
    assert {one["kept"] for one in decisions.values()} == {"fit"}
    assert {one["catalog"] for one in decisions.values()} == {"gaia"}
    judged = {verdict["criterion"] for verdict in uvis.verdicts if verdict["status"] == "pass"}
    assert judged >= {"AST-012", "AST-014", "AST-017", "AST-018", "AST-022"}
