"""STIS and NICMOS among finished products: form, keywords and coordinates are judged, the rest is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits

from tests.form_only_samples import drizzled, nicmos, stis
from tests.qa_runs import ACCEPTED, QaRun, judge_products

GOOD = frozenset(
    {
        "o4sp040b0_flt",
        "o4sp040b0_crj",
        "o4sp040c0_x2d",
        "o4sp040d0_flt",
        "o4sp040e0_flt",
        "o4sp04ezq_flt",
        "n4jic4uqq_cal",
        "n4jic4010_mos",
        "n4jic4urq_cal",
        "n4jic4usq_cal",
    }
)
BY_FORM = frozenset({"FIL-001", "FIL-002", "FIL-003", "WCS-002", "WCS-005"})


def doubled(hdus: fits.HDUList) -> None:
    for name in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
        hdus["SCI"].header[name] *= 2


def turned(hdus: fits.HDUList) -> None:
    header = hdus["SCI"].header
    header["CD1_1"], header["CD1_2"] = -header["CD1_1"], -header["CD1_2"]
    header["CD2_1"], header["CD2_2"] = -header["CD2_1"], -header["CD2_2"]


def binned(hdus: fits.HDUList) -> None:
    doubled(hdus)
    hdus["SCI"].header.update(LTM1_1=0.5, LTM2_2=0.5)


def dispersed(hdus: fits.HDUList) -> None:
    hdus[0].header.update(OBSTYPE="SPECTROSCOPIC", OPT_ELEM="G750M", APERTURE="52X0.2")
    science = hdus["SCI"].header
    science.update(CTYPE1="LAMBDA", CTYPE2="ANGLE", CRVAL1=8561.0, CRVAL2=0.0)
    science.update(CD1_1=0.554, CD1_2=0.0, CD2_1=0.0, CD2_2=1.38889e-05)


def nowhere(hdus: fits.HDUList) -> None:
    hdus["SCI"].header["CRVAL2"] = -59.0


def moved(hdus: fits.HDUList) -> None:
    hdus["SCI"].header["CRPIX1"] += 6


def distorted(hdus: fits.HDUList) -> None:
    hdus["SCI"].header.update(A_ORDER=2, B_ORDER=2, A_2_0=1e-6)


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> QaRun:
    """A directory with good and damaged files of both, and an exposure of COS."""
    base = tmp_path_factory.mktemp("form")
    place = base / "mine"
    place.mkdir()
    stis(place / "o4sp040b0_flt.fits", readouts=2)
    stis(place / "o4sp040b0_crj.fits")
    stis(place / "o4sp040c0_x2d.fits", detector="FUV-MAMA")
    stis(place / "o4sp040d0_flt.fits", detector="NUV-MAMA")
    stis(place / "o4sp040e0_flt.fits", change=binned)
    stis(place / "o4sp040f0_flt.fits", change=dispersed)
    # As AstroDrizzle splits a file of two readouts; EXPNAME is o4sp04ezq.
    stis(place / "o4sp04ezq_flt.fits", change=lambda hdus: hdus[0].header.set("ROOTNAME", "o4sp040b0"))
    stis(place / "o4sp04fzq_flt.fits", change=lambda hdus: hdus[0].header.set("ROOTNAME", "o4sp040b0"))
    nicmos(place / "n4jic4uqq_cal.fits")
    nicmos(place / "n4jic4010_mos.fits", camera=2)
    nicmos(place / "n4jic4urq_cal.fits", camera=1)
    nicmos(place / "n4jic4usq_cal.fits", camera=2)
    nicmos(place / "n4jic4utq_cal.fits", change=lambda hdus: hdus[0].header.set("FILTER", "G141"))
    nicmos(place / "n4jic4uqq_raw.fits")
    drizzled(place / "n4jic4020_drz.fits", place / "n4jic4uqq_cal.fits")
    drizzled(place / "cluster_drz.fits", place / "o4sp040b0_crj.fits")
    # Faults.
    drizzled(place / "n4jic5020_drz.fits", place / "n4jic4uqq_cal.fits", change=doubled)
    drizzled(place / "n4jic5030_drz.fits", place / "n4jic4uqq_cal.fits", change=moved)
    drizzled(place / "field_drz.fits", place / "o4sp040b0_crj.fits", change=distorted)
    stis(place / "o4sp050b0_flt.fits", change=doubled)
    stis(place / "o4sp050c0_flt.fits", readouts=2, change=lambda hdus: hdus.pop(5))
    stis(place / "o4sp050d0_flt.fits", change=lambda hdus: hdus["SCI"].header.remove("EXPTIME"))
    stis(place / "o4sp050e0_flt.fits", change=lambda hdus: hdus[0].header.set("ROOTNAME", "o4sp050f0"))
    stis(place / "o4sp050f0_flt.fits", change=nowhere)
    nicmos(place / "n4jic5uqq_cal.fits", change=doubled)
    nicmos(place / "n4jic5urq_cal.fits", change=lambda hdus: hdus.pop(4))
    nicmos(place / "n4jic5usq_cal.fits", change=lambda hdus: hdus[0].header.remove("CAMERA"))
    nicmos(place / "n4jic5utq_cal.fits", change=turned)
    cut(nicmos(place / "n4jic5uvq_cal.fits"), 7 * 2880 - 100)
    cut(nicmos(place / "n4jic5uwq_cal.fits"), 1440)
    cut(nicmos(place / "n4jic5uxq_cal.fits"), 5 * 2880)
    nicmos(place / "l4jic5uvq_rawacq.fits", change=lambda hdus: hdus[0].header.set("INSTRUME", "COS"))
    return judge_products(base, place)


def test_good_files_are_accepted(run: QaRun) -> None:
    found = [each for each in run.verdicts if each["subject"].partition(" ")[0] in GOOD]
    assert {each["subject"].partition(" ")[0] for each in found} == GOOD
    assert {each["criterion"] for each in found} == BY_FORM
    assert {each["status"] for each in found} == {"pass"}


def test_good_drizzled_images_are_accepted(run: QaRun) -> None:
    for name in ("n4jic4020_drz", "cluster_drz"):
        found = {each["criterion"]: each["status"] for each in run.verdicts if each["subject"] == name}
        assert found == dict.fromkeys(("FIL-001", "FIL-002", "FIL-003", "WCS-004", "WCS-005"), "pass")


def test_every_fault_is_rejected_by_what_it_breaks_and_no_more(run: QaRun) -> None:
    assert run.rejected() == {
        ("WCS-005", "o4sp050b0_flt"),
        ("FIL-001", "o4sp050c0_flt"),
        ("FIL-002", "o4sp050c0_flt"),
        ("FIL-003", "o4sp050d0_flt"),
        ("FIL-003", "o4sp04fzq_flt"),
        ("FIL-003", "o4sp050e0_flt"),
        ("WCS-005", "o4sp050f0_flt"),
        ("WCS-005", "n4jic5uqq_cal"),
        ("FIL-001", "n4jic5urq_cal"),
        ("FIL-002", "n4jic5urq_cal"),
        ("FIL-003", "n4jic5usq_cal"),
        ("WCS-005", "n4jic5utq_cal"),
        ("WCS-005", "n4jic5020_drz"),
        ("WCS-005", "n4jic5030_drz"),
        ("WCS-004", "field_drz"),
        ("FIL-001", "n4jic5uvq_cal"),
        ("FIL-001", "n4jic5uwq_cal"),
        ("FIL-001", "n4jic5uxq_cal"),
    }
    assert "its scale is 2" in run.verdict("WCS-005", "o4sp050b0_flt")["reason"]
    assert "DQ,2 is missing" not in run.verdict("FIL-002", "o4sp050c0_flt")["reason"]
    assert "ERR,2 is missing" in run.verdict("FIL-002", "o4sp050c0_flt")["reason"]
    assert "deg from ORIENTAT" in run.verdict("WCS-005", "n4jic5utq_cal")["reason"]


def test_a_truncated_file_is_rejected_once(run: QaRun) -> None:
    assert "truncated" in run.verdict("FIL-001", "n4jic5uvq_cal")["reason"]
    structure = run.verdict("FIL-002", "n4jic5uvq_cal")
    assert structure["status"] == "could not be told"
    assert structure["reason"] == "n4jic5uvq_cal.fits is damaged; see FIL-001"
    # Nothing of it can be read.
    found = [each for each in run.verdicts if each["subject"].partition(" ")[0] == "n4jic5uwq_cal"]
    assert {each["status"] for each in found if each["criterion"] != "FIL-001"} == {"could not be told"}


def test_spectra_have_no_world_coordinates_and_say_why(run: QaRun) -> None:
    for name, word in (("o4sp040f0_flt", "OBSTYPE is 'SPECTROSCOPIC'"), ("n4jic4utq_cal", "G141 is a grism")):
        assert word in run.verdict("WCS-005", name)["reason"]
        assert run.verdict("WCS-005", name)["status"] == "not applicable"
        assert {run.verdict(one, name)["status"] for one in ("FIL-001", "FIL-002", "FIL-003")} == {"pass"}


def test_a_raw_file_is_judged_by_its_form_alone(run: QaRun) -> None:
    found = [each for each in run.verdicts if each["subject"] == "n4jic4uqq_raw"]
    assert [(each["criterion"], each["status"]) for each in found] == [("FIL-001", "pass")]


def test_what_has_no_criteria_is_named(run: QaRun) -> None:
    stated = {each["name"]: each["facts"]["No criteria for"] for each in run.results["datasets"]}
    assert set(stated) == {"nicmos-products", "stis-products"}
    for name, text in stated.items():
        assert text.endswith(f" of {name.partition('-')[0].upper()}")
        assert {"calibration", "zeropoints", "pixels", "observation", "fits", "combination"} <= set(
            text.rpartition(" of ")[0].split(", ")
        )
    topics = {each["topic"] for each in run.verdicts}
    assert topics == {"form", "world coordinates"}
    assert not topics & set(", ".join(stated.values()).split(", "))
    for name in stated:
        page = next(run.report.glob(f"*{name}*.html")).read_text(encoding="utf-8")
        assert "no criteria for: absolute astrometry, calibration, " in page
    (line,) = [each for each in run.process.stdout.splitlines() if each.startswith("no criteria for: ")]
    assert line.startswith("no criteria for: absolute astrometry, calibration, ")
    assert line.endswith((", zeropoints of NICMOS and STIS", ", zeropoints of STIS and NICMOS"))
    assert "there are no criteria for COS" in run.process.stdout


def test_no_verdict_ends_in_an_error(run: QaRun) -> None:
    statuses = {each["status"] for each in run.verdicts}
    unmeasured = {
        (each["criterion"], each["subject"]) for each in run.verdicts if each["status"] == "not measured"
    }
    assert statuses <= {*ACCEPTED, "fail"}
    assert not unmeasured
    # Which camera it is of is asked once.
    for criterion in ("FIL-002", "WCS-005"):
        found = run.verdict(criterion, "n4jic5usq_cal")
        assert (found["status"], found["reason"].rpartition("see ")[2]) == ("could not be told", "FIL-003")
    assert run.process.returncode == 1
