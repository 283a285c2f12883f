"""``pytest qa/`` where exposures failed, and where there is no star: what is left is reduced and judged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from astropy.io import fits

from tests.qa_runs import ROOT, QaRun, run_qa
from tests.small_runs import small_run

pytestmark = pytest.mark.slow

CLOSED, LOST = "icqa03a2q", "icqa04b2q"


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> QaRun:
    """A run on four exposures of which one has 0 s, and of one the guide stars were lost."""
    archive = small_run("ir-two-filters", tmp_path_factory).product("archive")
    directory = tmp_path_factory.mktemp("failed")
    for name in ("HST", "crds"):
        shutil.copytree(archive / name, directory / "archive" / name)
    for rootname, keyword, value in ((CLOSED, "EXPTIME", 0.0), (LOST, "QUALITY", "GSFAIL")):
        (path,) = (directory / "archive" / "HST" / rootname).glob("*_flt.fits")
        fits.setval(path, keyword, value=value)
    arguments = ("--archive", str(directory / "archive"), "--dataset", "ir-two-filters", "-n", "0")
    return run_qa(directory, "report", *arguments)


def test_each_failed_exposure_costs_one_line(failed: QaRun) -> None:
    assert failed.rejected() == {("FIL-005", f"{CLOSED}_flt"), ("FIL-005", f"{LOST}_flt")}
    assert "QUALITY is 'GSFAIL'" in failed.verdict("FIL-005", f"{LOST}_flt")["reason"]


def test_the_others_are_aligned_and_combined(failed: QaRun) -> None:
    assert failed.verdict("AST-003", "shifts icqa04b1q_flt")["status"] in ("pass", "not applicable")
    left_out = failed.verdict("AST-001", f"shifts {LOST}_flt")
    assert left_out["status"] == "not applicable"
    assert left_out["reason"] == "the exposure was left out: QUALITY is 'GSFAIL'; see FIL-005"
    for name, combined in (("f105w", "icqa03a1q_flt.fits"), ("f160w", "icqa04b1q_flt.fits")):
        header = fits.getheader(failed.product(f"drizzle-{name}") / f"{name}_drz_sci.fits")
        assert (header["NDRIZIM"], header["D001DATA"].partition("[")[0]) == (1, combined)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> QaRun:
    """A run on the sparse field without its stars."""
    directory = tmp_path_factory.mktemp("empty")
    text = (ROOT / "qa" / "datasets" / "ir-sparse-field.toml").read_text("utf-8")
    (directory / "datasets").mkdir()
    path = directory / "datasets" / "ir-no-stars.toml"
    changed = text.replace("ir-sparse-field", "ir-no-stars").replace("density = 8.0", "density = 0.0")
    path.write_text(changed, "utf-8")
    return run_qa(directory, "report", "--datasets", str(path.parent), "-n", "0")


def test_without_stars_the_headers_keep_their_solutions(empty: QaRun) -> None:
    assert not empty.rejected()
    for fit in ("AST-001", "AST-002", "AST-003"):
        verdict = empty.verdict(fit, "shifts icqa06b1q_flt")
        assert verdict["status"] == "could not be told"
        assert verdict["reason"].startswith("TweakReg found hardly any source on the exposures")
    record = json.loads((empty.product("align") / "tries.json").read_text("utf-8"))
    assert len(record["header_kept"]) == 3
    for path in empty.product("align").glob("*_flt.fits"):
        before = fits.getheader(empty.product("fetch") / path.name, "SCI")
        after = fits.getheader(path, "SCI")
        assert (after["WCSNAME"], after["CRVAL1"]) == (before["WCSNAME"], before["CRVAL1"])


def test_an_empty_field_is_combined_all_the_same(empty: QaRun) -> None:
    assert Path(empty.product("drizzle-f160w"), "f160w_drz_sci.fits").is_file()
    assert empty.verdict("DRZ-009", "f160w_drz_sci")["status"] == "pass"
