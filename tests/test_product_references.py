"""CRDS's best tables for finished products, by a small cache and the real crds client."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits

from hubble_qa.checks.detectors.calibration import reference_file_violations
from hubble_qa.checks.evidence.references import named_references
from hubble_qa.checks.readers import ReaderError, read_exposure
from hubble_qa.fixtures.archives.directory import ArchiveError
from hubble_qa.fixtures.archives.reference_files import BEST_REFERENCES
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.simulation.crds_cache import CONTEXT
from hubble_qa.fixtures.stages.product_references import ProductReferenceSettings, product_references
from hubble_qa.fixtures.supplies.supply_finished import open_finished
from tests.crds_samples import write_exposures, write_small_cache


def test_headers_are_compared_with_the_rules_and_nothing_else_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_small_cache(tmp_path / "crds")
    write_exposures(tmp_path / "products")
    (tmp_path / "products/u5jx0109r_c0m.fits").write_bytes(b"damaged")
    with fits.open(tmp_path / "products/u2aa0101t_c0m.fits") as hdus:
        hdus[0].header.update({"IDCTAB": "uref$../../notes.txt"})
        hdus.writeto(tmp_path / "products/u2aa0102t_c0m.fits")
    for name in ("scratch", "out"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "scratch")
    settings = ProductReferenceSettings(
        context=CONTEXT,
        types=("idctab", "offtab"),
        exposures={root: f"{root}_c0m.fits" for root in ("u2aa0101t", "u2aa0102t", "u5jx0109r", "u5jx0108r")},
        stamps={},
        inventory="",
    )
    locations = {"crds": str(tmp_path / "crds"), "products": str(tmp_path / "products")}
    product_references.run(Inputs(locations=locations), tmp_path / "out", settings)
    best = tmp_path / "out" / BEST_REFERENCES
    for rootname, table in (("u2aa0101t", "old_idc.fits"), ("u5jx0108r", "best_idc.fits")):
        exposure = read_exposure(tmp_path / f"products/{rootname}_c0m.fits")
        found = reference_file_violations(named_references(best, None, exposure), subject=rootname)
        assert found.context["violations"] == [f"IDCTAB: own_idc.fits is used, CRDS's best is {table}"]
    for rootname in ("u5jx0109r", "u2aa0102t"):
        left_out = type(exposure)(tmp_path / f"products/{rootname}_c0m.fits", exposure.primary, ())
        with pytest.raises(ReaderError, match="CRDS could not choose tables by its header"):
            named_references(best, None, left_out)


def test_a_cache_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"--crds: .* is not a CRDS cache for HST"):
        open_finished(tmp_path, tmp_path / "crds", "")
    assert open_finished(tmp_path, None, "").context == ""
