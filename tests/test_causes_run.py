"""What one verdict rejects is told once; others that it spoils do not apply, or could not be told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from tests.qa_runs import QaRun, judge_products
from tests.wfpc2_samples import write_flt

CLOSED, UNEQUAL, MISTYPED, SINGULAR = ("u5jx0109r_flt", "u5jx010ar_flt", "u5jx010br_flt", "u5jx010cr_flt")
UNKNOWN, EMPTY, IMAGE = "u5jx010dr_flt", "u5jx010er_flt", "mine_drz"
OTHER_FORM = "u5jx010fr_flt"
TIMELESS, ALONE = "u5jx010gr_flt", "u5jx010ir_c0m"
REJECTING = {
    CLOSED: "FIL-005",
    UNEQUAL: "CAL-013",
    MISTYPED: "FIL-003",
    SINGULAR: "WCS-005",
    UNKNOWN: "FIL-003",
    EMPTY: "FIL-002",
    OTHER_FORM: "WCS-005",
    IMAGE: "WCS-005",
    TIMELESS: "FIL-003",
}
# An image that cannot be read, of which it is not known what it combines, and an exposure that another names.
BROKEN, COMBINED = "broken_drz", "u5jx0108r_flt"
# An image whose file has lost it, and has weights alone.
WEIGHTS = "weights_drz"


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exposures of which each has one thing wrong that others cannot be told without."""
    place = tmp_path_factory.mktemp("causes") / "products"
    place.mkdir()
    write_image(place / f"{IMAGE}.fits")
    (place / f"{BROKEN}.fits").write_bytes(b"")
    # Of a programme that has no exposure here.
    (place / "torn.txt").write_text(
        "# frame: output\nu6aa0101r_flt.fits 0.1 0.2 0.0\nu6aa0102r_flt.fits 0,1\n"
    )
    write_flt(place / f"{COMBINED}.fits")
    primary = fits.Header({"INSTRUME": "WFPC2", "NDRIZIM": 1, "D001DATA": f"{ALONE}.fits[sci,1]"})
    weights = [fits.PrimaryHDU(header=primary), fits.ImageHDU(np.ones((50, 50)), name="WHT")]
    fits.HDUList(weights).writeto(place / f"{WEIGHTS}.fits")
    for name in REJECTING.keys() - {IMAGE}:
        with fits.open(write_flt(place / f"{name}.fits"), mode="update") as hdus:
            hdus[0].header["ROOTNAME"] = name[:9]
            if name == CLOSED:
                hdus[0].header["EXPTIME"] = 0.0
            if name == TIMELESS:
                del hdus[0].header["EXPTIME"]
            if name == MISTYPED:
                hdus[0].header["EXPTIME"] = "230,0"
            if name == UNKNOWN:
                hdus[0].header["INSTRUME"] = "WFPC9"
            if name == EMPTY:
                del hdus[1:]
                hdus[0].header["NEXTEND"] = 0
                continue
            for chip in (1, 2, 3, 4):
                if name == UNEQUAL:
                    hdus["DQ", chip].data = np.zeros((2, 2), np.int16)
                    hdus["ERR", chip].data = np.zeros((2, 2), np.float32)
                if name == OTHER_FORM:
                    science = hdus["SCI", chip].header
                    for keyword in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
                        science[f"{keyword}B"] = science.pop(keyword)
                    for keyword in ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"):
                        science[f"{keyword}B"] = science[keyword]
                    science.update(WCSNAMEB=science["WCSNAME"], WCSNAME=f"{science['WCSNAME']}-FIT_REL_GAIA")
                    science.update(PC1_1=1.0, PC2_2=1.0, CDELT1=-2.8e-5, CDELT2=2.8e-5)
                if name == SINGULAR:
                    hdus["SCI", chip].header.update(dict.fromkeys(("CD1_1", "CD1_2", "CD2_1", "CD2_2"), 0.0))
    with fits.open(write_flt(place / f"{ALONE}.fits"), mode="update") as hdus:
        hdus[0].header["ROOTNAME"] = ALONE[:9]
        for hdu in [hdu for hdu in hdus if hdu.name in ("ERR", "DQ")]:
            hdus.remove(hdu)
    return place


def write_image(path: Path) -> None:
    """A drizzled image of an exposure, without coordinates."""
    primary = fits.PrimaryHDU()
    primary.header.update(INSTRUME="WFPC2", NDRIZIM=1, D001DATA=f"{COMBINED}.fits[sci,1]", BUNIT="COUNTS/S")
    arrays = [fits.ImageHDU(np.ones((40, 40), np.float32), name=name) for name in ("SCI", "WHT")]
    fits.HDUList([primary, *arrays]).writeto(path)


@pytest.fixture(scope="module")
def judged(spoiled: Path) -> QaRun:
    """A run on them."""
    return judge_products(spoiled.parent, spoiled)


def said(run: QaRun, criterion: str, subject: str) -> tuple[str, str]:
    """Status and reason."""
    verdict = run.verdict(criterion, subject)
    return verdict["status"], verdict["reason"]


@pytest.mark.parametrize(
    ("criterion", "subject", "status", "reason"),
    [
        ("CAL-005", f"{CLOSED} SCI,1", "not applicable", "its exposure time is 0 s; see FIL-005"),
        (
            "CAL-012",
            f"{UNEQUAL} SCI,2",
            "could not be told",
            "shapes of chip 2 differ: SCI (24, 32), ERR (2, 2), DQ (2, 2); see CAL-013",
        ),
        (
            "CAL-008",
            f"{MISTYPED} SCI,1",
            "could not be told",
            "EXPTIME is '230,0', not a number; see FIL-003",
        ),
        ("CAL-008", f"{TIMELESS} SCI,1", "could not be told", "EXPTIME is missing; see FIL-003"),
        (
            "CAL-012",
            f"{ALONE} SCI,1",
            "could not be told",
            "its flags are in a C1M file, which is not at hand",
        ),
        (
            "WCS-002",
            f"{SINGULAR} SCI,3",
            "could not be told",
            "SCI,3: the matrix CDi_j (0, 0; 0, 0) is singular: pixels have no area; see WCS-005",
        ),
        ("WCS-005", UNKNOWN, "could not be told", "no camera is called WFPC9; see FIL-003"),
        ("WCS-005", EMPTY, "could not be told", "there is no SCI extension; see FIL-002"),
        ("AST-021", OTHER_FORM, "could not be told", "SCI,1: there is no CD matrix; see WCS-005"),
        ("AST-010", EMPTY, "could not be told", "there is no SCI extension; see FIL-002"),
        ("AST-015", IMAGE, "could not be told", "CRVAL1 is missing; see WCS-005"),
    ],
)
def test_what_is_spoiled_names_the_criterion_that_rejects_why(
    judged: QaRun, criterion: str, subject: str, status: str, reason: str
) -> None:
    assert said(judged, criterion, subject) == (status, reason)


def test_the_cause_is_rejected(judged: QaRun) -> None:
    assert judged.process.returncode == 1
    for name, criterion in REJECTING.items():
        assert any(rule == criterion and name in subject for rule, subject in judged.rejected())


def test_nothing_else_is_told_of_what_was_not_exposed(judged: QaRun) -> None:
    assert {rule for rule, subject in judged.rejected() if CLOSED in subject} == {"FIL-005"}


def test_an_image_that_cannot_be_read_costs_no_exposure_that_another_names(judged: QaRun) -> None:
    assert BROKEN not in said(judged, "DRZ-002", COMBINED)[1]
    broken = f"{BROKEN}.fits is damaged; see FIL-001"
    assert said(judged, "DRZ-002", MISTYPED) == ("could not be told", broken)


def test_a_file_that_has_lost_its_image_is_rejected_once(judged: QaRun) -> None:
    assert said(judged, "FIL-002", WEIGHTS)[0] == "fail"
    for criterion in ("WCS-005", "DRZ-001", "PHT-008"):
        lacking = f"{WEIGHTS}.fits lacks an extension; see FIL-002"
        assert said(judged, criterion, WEIGHTS) == ("could not be told", lacking)


def test_a_shift_file_that_cannot_be_read_is_told_once(judged: QaRun) -> None:
    status, reason = said(judged, "AST-001", "torn")
    assert (status, "line 3: expected a file name and six numbers" in reason) == ("not measured", True)
    for criterion in ("AST-002", "AST-003", "AST-004", "AST-005", "AST-008", "AST-009", "AST-020"):
        spoiled = ("could not be told", "the shift file cannot be read; see AST-001")
        assert said(judged, criterion, "torn") == spoiled


def test_where_the_cause_is_not_judged_what_it_spoils_fails(spoiled: Path, tmp_path: Path) -> None:
    names = "amplifiers_have_one or columns_do_not or unit_and_exposure or round_trip"
    run = judge_products(tmp_path, spoiled, "-k", names)
    assert run.process.returncode == 1
    assert said(run, "CAL-005", f"{CLOSED} SCI,1")[0] == "fail"
    for criterion, subject in (("CAL-012", UNEQUAL), ("CAL-008", MISTYPED), ("WCS-002", SINGULAR)):
        assert said(run, criterion, f"{subject} SCI,1")[0] == "not measured"
