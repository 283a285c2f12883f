"""A damaged or incomplete file fails by its form; what else would be asked of it could not be told."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.errors import DamagedFileError
from hubble_qa.fixtures.suite import damage
from tests.fits_samples import exposure_bytes
from tests.qa_runs import QaRun, judge_products

NAME = "u5jx010hr_flt"
INCOMPLETE = "u5jx0108r_flt"


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A directory with a truncated exposure, and one without errors and data quality."""
    place = tmp_path / "products"
    place.mkdir()
    (place / f"{NAME}.fits").write_bytes(exposure_bytes("u5jx010hr")[:-5000])
    (place / f"{INCOMPLETE}.fits").write_bytes(exposure_bytes("u5jx0108r"))
    return place


def about_pixels(run: QaRun, name: str) -> dict[str, str]:
    """Status and reason of what CAL-013 says of an exposure's last chip."""
    verdict = run.verdict("CAL-013", f"{name} SCI,4")
    return {"status": verdict["status"], "reason": verdict["reason"]}


def test_other_verdicts_on_a_damaged_file_see_its_form(damaged: Path, tmp_path: Path) -> None:
    run = judge_products(tmp_path, damaged)
    assert run.process.returncode == 1
    assert run.verdict("FIL-001", NAME)["status"] == "fail"
    assert about_pixels(run, NAME) == {
        "status": "could not be told",
        "reason": f"{NAME}.fits is damaged; see FIL-001",
    }
    assert "is damaged" not in about_pixels(run, INCOMPLETE)["reason"]


def test_an_extension_that_is_missing_is_told_once(damaged: Path, tmp_path: Path) -> None:
    run = judge_products(tmp_path, damaged)
    form = run.verdict("FIL-002", INCOMPLETE)
    missing = "8 problems: DQ,1 is missing; ERR,1 is missing; DQ,2 is missing; and 5 more"
    assert (form["status"], form["reason"]) == ("fail", missing)
    untold = {"status": "could not be told", "reason": f"{INCOMPLETE}.fits lacks an extension; see FIL-002"}
    assert about_pixels(run, INCOMPLETE) == untold
    others = [verdict["reason"] for verdict in run.verdicts if verdict["status"] == "not measured"]
    assert not [reason for reason in others if "extension" in reason]


def test_where_its_form_is_not_judged_a_damaged_file_fails(damaged: Path, tmp_path: Path) -> None:
    run = judge_products(tmp_path, damaged, "-k", "pixels_are_usable")
    assert run.process.returncode == 1
    assert about_pixels(run, NAME)["status"] == "not measured"
    assert "is truncated" in about_pixels(run, NAME)["reason"]


def test_a_file_that_cannot_be_read_at_all_is_told_once(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"{NAME}.fits"  # it is gone, or not to be opened by this user
    item = request.node
    monkeypatch.setattr(damage, "tests_by_file", lambda _: {("FIL-001", path.name): [item]})
    monkeypatch.setattr(damage, "parameter_of", lambda _: SimpleNamespace(path=path))
    monkeypatch.setattr(damage, "subject_of", lambda _: NAME)
    monkeypatch.setattr(damage, "criterion_of", lambda _: load_criteria()["CAL-013"])
    with pytest.raises(pytest.skip.Exception, match=rf"{NAME}\.fits cannot be read; see FIL-001"):
        damage.see_form(item, DamagedFileError(f"{path}: cannot read as FITS", path))
    monkeypatch.setattr(damage, "criterion_of", lambda _: load_criteria()["FIL-001"])
    damage.see_form(item, DamagedFileError(f"{path}: cannot read as FITS", path))
