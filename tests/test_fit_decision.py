"""The decision between the archive's solution and a new fit."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.readers import read_exposure, read_match_file, read_shift_file
from hubble_qa.fixtures.reduction.alignment.fit_decision import ARCHIVE_CRITERIA, FIT_CRITERIA, decide

SHARED = Path(__file__).parent.parent.parent / "shared/catalogs/ngc6791"
NAME = "ibwb01xqq"
SCALE = 0.0396  # of the frame, arcsec per pixel
# Shift of the real match file.
GOOD = {"dx": 4.4863, "dy": -5.6699, "rot": 0.0, "scale": 1.0, "xrms": 0.02, "yrms": 0.03}


@pytest.fixture
def bounds() -> dict[str, Bounds]:
    """The criteria's own bounds."""
    return {name: load_criteria()[name].bounds for name in (*FIT_CRITERIA, *ARCHIVE_CRITERIA)}


def exposure(directory: Path, *, rms: tuple[float, float] = (1.3, 1.5), matches: int = 442, name: str = ""):
    """An exposure with an archive solution: RMS in mas."""
    hdus = fits.HDUList([fits.PrimaryHDU()])
    hdus[0].header.update({"INSTRUME": "WFC3", "DETECTOR": "UVIS", "ROOTNAME": NAME})
    for chip in (1, 2):
        header = fits.Header({"WCSNAME": name or "IDC_2731450pi-FIT_IMG_GAIAeDR3"})
        header.update({"RMS_RA": rms[0], "RMS_DEC": rms[1], "NMATCHES": matches})
        hdus.append(fits.ImageHDU(np.zeros((4, 4), "f4"), header, name="SCI", ver=chip))
    path = directory / f"{NAME}_flc.fits"
    hdus.writeto(path)
    return read_exposure(path)


def shifts(directory: Path, **changes: float):
    """A shift file with one fit."""
    row = {**GOOD, **changes}
    path = directory / "shifts.txt"
    numbers = " ".join(f"{row[key]:.6f}" for key in ("dx", "dy", "rot", "scale", "xrms", "yrms"))
    path.write_text(f"# frame: output\n# form: delta\n# units: pixels\n{NAME}_flc.fits {numbers}\n")
    return read_shift_file(path)


@pytest.fixture
def match():
    """The real match file of this exposure, of more than 500 sources."""
    path = SHARED / f"{NAME}_flc_catalog_fit.match"
    if not path.exists():
        pytest.skip("the real match files are not beside this repository (../shared/catalogs)")
    return read_match_file(path)


def test_the_better_of_two_good_solutions_is_kept(tmp_path, match, bounds):
    archive = exposure(tmp_path, rms=(1.3, 1.5))  # 0.033 and 0.038 pix

    better = decide(archive, shifts(tmp_path, xrms=0.02, yrms=0.03), match, bounds, frame_scale=SCALE)
    worse = decide(archive, shifts(tmp_path, xrms=0.05, yrms=0.03), match, bounds, frame_scale=SCALE)

    assert better.fit_kept
    assert "RMS 0.030 pix of the fit, 0.038 pix of the archive's" in better.reason
    assert not worse.fit_kept
    assert worse.plain("Gaia")["wcsname"] == "IDC_2731450pi-FIT_IMG_GAIAeDR3"
    assert better.plain("Gaia")["wcsname"] == "Gaia"


def test_a_good_fit_replaces_a_solution_that_is_not_acceptable(tmp_path, match, bounds):
    # As published for ibwb01xrq: 4.0 mas are 0.101 pix.
    decision = decide(
        exposure(tmp_path, rms=(4.0, 3.8)), shifts(tmp_path, yrms=0.09), match, bounds, frame_scale=SCALE
    )

    assert decision.fit_kept
    assert "archive's solution is rejected: AST-011" in decision.reason
    for archive, said in (({"matches": 19}, "AST-026: 19 is not"), ({"name": "IDC_x"}, "AST-026: 0 is not")):
        (tmp_path / said[-8:-7]).mkdir(exist_ok=True)
        other = exposure(tmp_path / said[-8:-7], **archive)
        found = decide(other, shifts(tmp_path, yrms=0.09), match, bounds, frame_scale=SCALE)
        assert found.fit_kept
        assert said in found.reason


@pytest.mark.parametrize(
    ("changes", "criterion"),
    [
        (dict.fromkeys(("dx", "dy", "rot", "scale"), math.nan) | {"xrms": 0.0, "yrms": 0.0}, "AST-001"),
        ({"xrms": 0.37, "yrms": 0.51}, "AST-002"),
        ({"xrms": 0.0, "yrms": 0.0}, "AST-002"),
        ({"rot": 0.1}, "AST-004"),
        ({"scale": 1.001}, "AST-005"),
    ],
)
def test_a_rejected_fit_leaves_the_archives_solution(tmp_path, match, bounds, changes, criterion):
    # Even a bad solution of the archive's is not replaced by a fit that is rejected.
    decision = decide(
        exposure(tmp_path, rms=(40.0, 40.0)), shifts(tmp_path, **changes), match, bounds, frame_scale=SCALE
    )

    assert not decision.fit_kept
    assert criterion in decision.reason
    assert not decision.fit[criterion].accepted


def test_a_fit_without_sources_is_rejected(tmp_path, bounds):
    decision = decide(exposure(tmp_path), shifts(tmp_path), None, bounds, frame_scale=SCALE)

    assert not decision.fit_kept
    assert "AST-003" in decision.reason


def test_a_row_of_a_reference_image_is_no_fit(tmp_path, match, bounds):
    identity = dict.fromkeys(("dx", "dy", "rot", "xrms", "yrms"), 0.0) | {"scale": 1.0}

    assert not decide(
        exposure(tmp_path), shifts(tmp_path, **identity), match, bounds, frame_scale=SCALE
    ).fit_kept


def test_bounds_of_the_dataset_are_used(tmp_path, match, bounds):
    loose = {**bounds, "AST-002": Bounds(above=0.0, below=0.6)}
    fit = shifts(tmp_path, xrms=0.37, yrms=0.51)
    archive = exposure(tmp_path, matches=3)

    assert not decide(archive, fit, match, bounds, frame_scale=SCALE).fit_kept
    assert decide(archive, fit, match, loose, frame_scale=SCALE).fit_kept
