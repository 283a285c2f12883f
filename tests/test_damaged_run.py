"""A damaged file fails by its form; what else would be asked of it could not be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fits_samples import exposure_bytes
from tests.qa_runs import QaRun, judge_products

NAME = "u5jx010hr_flt"


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A directory with a truncated exposure and a whole one."""
    place = tmp_path / "products"
    place.mkdir()
    (place / f"{NAME}.fits").write_bytes(exposure_bytes("u5jx010hr")[:-5000])
    (place / "u5jx0108r_flt.fits").write_bytes(exposure_bytes("u5jx0108r"))
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
    assert about_pixels(run, "u5jx0108r_flt")["status"] != "could not be told"


def test_where_its_form_is_not_judged_a_damaged_file_fails(damaged: Path, tmp_path: Path) -> None:
    run = judge_products(tmp_path, damaged, "-k", "pixels_are_usable")
    assert run.process.returncode == 1
    assert about_pixels(run, NAME)["status"] == "not measured"
    assert "is truncated" in about_pixels(run, NAME)["reason"]
