"""A real ACS/WFC exposure of 2005, out of a directory archive, with the real distortion reference files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hubble_qa.checks.astrometry.world_coordinates import (
    distortion_solution_violations,
    pixel_grid,
    round_trip_error,
)
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.readers import Exposure, read_exposure
from hubble_qa.checks.readers.best_references import read_best_references
from hubble_qa.checks.verdict import Status, judge
from hubble_qa.fixtures.archives.reference_files import BEST_REFERENCES
from hubble_qa.fixtures.engine.engine import Engine
from hubble_qa.fixtures.engine.events import new_run
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.stages.update_wcs import UpdateWcsSettings, update_wcs
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.store.store import Store
from hubble_qa.fixtures.supplies.supply import FetchRequest
from hubble_qa.fixtures.supplies.supply_directory import open_directory
from tests.qa_runs import SHARED

EXPOSURE = "j94f05bgq"
SHAPE = (2048, 4096)
TYPES = ("idctab", "d2imfile", "npolfile")

pytestmark = pytest.mark.skipif(
    not (SHARED / "archive" / "HST" / EXPOSURE).is_dir(),
    reason=f"the real exposure {EXPOSURE} is not beside this repository (../shared/archive)",
)


@pytest.fixture(scope="module")
def products(new_directory: Callable[[str], Path]) -> dict[str, Product]:
    """The exposure fetched, CRDS's best references, and the exposure after updatewcs."""
    place = new_directory("real")
    archive = open_directory(SHARED / "archive", SHARED / "crds", "hst_0729.pmap", place / "digests")
    dataset = Dataset(
        name="acs-j94f05bgq",
        title="One exposure",
        workflow="imaging",
        instrument="ACS",
        proposal=10368,
        filters=("F606W;CLEAR2L",),
        exposures=({"rootname": EXPOSURE, "visit": "05"},),
    )
    supply = archive.nodes(dataset, FetchRequest(required=("flt",), headers="flt", types=TYPES))
    updated = Node(
        dataset.name,
        "update-wcs",
        update_wcs,
        UpdateWcsSettings(suffix="flt"),
        {"exposures": supply["fetch"], "references": supply["references"]},
    )
    nodes = {**supply, "update-wcs": updated}
    with Engine(Store(place / "store"), new_run(), jobs=2) as engine:
        engine.submit(nodes.values())
        results = {name: engine.result(node) for name, node in nodes.items()}
    assert {name: result.outcome for name, result in results.items()} == dict.fromkeys(nodes, "complete")
    return {name: result.product for name, result in results.items() if result.product is not None}


@pytest.fixture(scope="module")
def served(products: dict[str, Product]) -> Exposure:
    return read_exposure(products["fetch"].file(f"{EXPOSURE}_flt.fits"))


@pytest.fixture(scope="module")
def updated(products: dict[str, Product]) -> Exposure:
    return read_exposure(products["update-wcs"].file(f"{EXPOSURE}_flt.fits"))


def test_best_references_are_those_of_the_context(products):
    chosen = read_best_references(products["references"].file(BEST_REFERENCES)).exposures[EXPOSURE]
    assert chosen["IDCTAB"].used == "0461802ej_idc.fits"
    assert chosen["D2IMFILE"].used == "02c1450oj_d2i.fits"
    assert chosen["NPOLFILE"].used.startswith("02c145")
    assert all(choice.available for choice in chosen.values())


@pytest.mark.parametrize("version", [1, 2])
def test_distortion_solution_passes(updated, version):
    verdict = judge(load_criteria()["WCS-001"], distortion_solution_violations(updated, version))
    assert verdict.status is Status.PASS, verdict.reason


@pytest.mark.parametrize("version", [1, 2])
def test_round_trip_passes(updated, version):
    measured = round_trip_error(updated.wcs(version), SHAPE, subject=updated.chip_label(version))
    assert judge(load_criteria()["WCS-002"], measured).status is Status.PASS


def test_exposure_as_served_fails(served):
    assert judge(load_criteria()["WCS-001"], distortion_solution_violations(served, 1)).status is Status.FAIL


@pytest.mark.parametrize("version", [1, 2])
def test_reference_pixel_is_where_the_archive_put_it(served, updated, version):
    """The archive's header is of 2008, with another distortion table, whose chips are some mas apart."""
    here, there = (
        np.array([exposure.header("SCI", version)[f"CRVAL{axis}"] for axis in (1, 2)])
        for exposure in (updated, served)
    )
    east, north = (here - there) * 3.6e6 * (np.cos(np.deg2rad(there[1])), 1.0)
    assert np.hypot(east, north) < 10.0


@pytest.mark.parametrize("version", [1, 2])
def test_linear_terms_are_the_archives(served, updated, version):
    matrices = [
        np.array([[exposure.header("SCI", version)[f"CD{i}_{j}"] for j in (1, 2)] for i in (1, 2)])
        for exposure in (updated, served)
    ]
    scale = np.sqrt(abs(np.linalg.det(matrices[1])))
    # 1e-4 are 0.1 pixels from the middle to the side of a chip.
    assert np.abs(matrices[0] - matrices[1]).max() / scale < 1e-4


def test_whole_chip_agrees_where_the_archive_has_the_polynomial(served, updated):
    """SCI,2 as served has SIP terms, and no look-up tables: what they add is below a third of a pixel."""
    grid = pixel_grid(SHAPE)
    here, there = (exposure.wcs(2).all_pix2world(grid, 1) for exposure in (updated, served))
    east = (here[:, 0] - there[:, 0]) * np.cos(np.deg2rad(here[:, 1]))
    offset = np.hypot(east, here[:, 1] - there[:, 1]) * 3.6e6
    assert np.median(offset) < 10.0
    assert offset.max() < 50.0 / 3.0
