"""Shift files of MultiDrizzle's form among finished products, and lists that are not judged."""

from __future__ import annotations

import pytest

from hubble_qa.checks.readers.shift_file import NO_RMS
from tests.qa_runs import QaRun, judge_products

FRAME = "# units: pixels\n# frame: output\n# form: delta \n# refimage: ib6w62tvq_wcs.fits[wcs]\n\n"
# The published shifts of two visits in F814W of WFC3/UVIS, and a failed and a false fit among others.
DELTA = """\
ib6w62tvq_flt.fits     0.00    0.00    0.0    1.0
ib6w62txq_flt.fits     0.00   -0.16    0.0    1.0
ib6w62tzq_flt.fits    -0.16    0.00  359.999    1.0
"""
SHORT = "ib6wb2b6q_flt.fits -6.74 -15.69\nib6wb2b8q_flt.fits -6.95 -15.86\n"
FAULTY = """\
ib6wd1f6q_flt.fits nan nan nan nan
ib6wd1f8q_flt.fits 0.1 0.1 0.2 1.0
ib6wd1faq_flt.fits 0.1 0.2 0.0 1.002
"""
ABSOLUTE = """\
ib6wr1k6q_flt.fits 0 0 0 1
ib6wr1k8q_flt.fits 212.4 -31.8 0.31 1.0
ib6wr1kaq_flt.fits 20 9 0 1
"""
# TweakReg's form; the line of the frame was lost.
UNNAMED = """\
# frame: output
# units: pixels
ib6wq2b6q_flt.fits 0.0 0.0 0.0 1.0 0.0 0.0
ib6wq2b8q_flt.fits 1.8 -0.4 0.01 1.0 0.05 0.06
"""
BY_NUMBERS = ("AST-001", "AST-004", "AST-005")
LEFT_OUT = {
    "headless.txt": "nothing tells shifts from a list of skies in it",
    "hst_9405_f606w_point-cat.ecsv": "it is a list of sources",
    "ib6w62tvq_daophot.txt": "it is a list of sources",
    "ib6w62tvq_sexphot.txt": "it is a list of sources",
    "ib6w62tvq_flt_sky_catalog.coo": "it is a list of sources",
    "nicmos.txt": "there are no criteria for fits of NICMOS exposures",
    "notes.txt": "it is no FITS file, shift file or match file",
    "u40x010hm.c0h": "it is in the GEIS format",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> QaRun:
    """A directory of shift files and lists without any exposure."""
    base = tmp_path_factory.mktemp("shifts")
    place = base / "mine"
    place.mkdir()
    texts = {
        "delta.txt": FRAME + DELTA,
        "short.shift": FRAME + SHORT,
        "faulty.txt": FRAME + FAULTY,
        "absolute.txt": FRAME.replace("delta", "absolute") + ABSOLUTE,
        "mixed.txt": FRAME + DELTA + "ib6w62u1q_flt.fits 0 0 0 1 0.05 0.05\n",
        "unnamed.txt": UNNAMED,
        "headless.txt": DELTA,
        "nicmos.txt": FRAME + "n4jic4uqq_cal.fits 0 0 0 1\n",
        "notes.txt": "seeing was good\n",
    }
    texts |= {name: "1 2 3\n" for name in LEFT_OUT if name not in texts}
    for name, text in texts.items():
        (place / name).write_text(text, encoding="utf-8")
    return judge_products(base, place)


def test_good_shifts_are_judged_but_for_their_scatter(run: QaRun) -> None:
    for label in ("delta ib6w62txq_flt", "delta ib6w62tzq_flt", "short ib6wb2b8q_flt"):
        scatter = run.verdict("AST-002", label)
        assert (scatter["status"], scatter["reason"]) == ("could not be told", NO_RMS)
        assert {run.verdict(one, label)["status"] for one in BY_NUMBERS} == {"pass"}
    assert run.verdict("AST-002", "delta ib6w62tvq_flt")["status"] == "not applicable"
    assert run.verdict("AST-004", "delta ib6w62tzq_flt")["value"] == pytest.approx(-0.001)
    assert run.verdict("AST-007", "delta visit 62")["value"] == pytest.approx(0.2263, abs=1e-3)


def test_faults_are_rejected_as_in_tweakregs_files(run: QaRun) -> None:
    rejected = {one for one in run.rejected() if one[1].startswith("faulty")}
    assert {
        ("AST-001", "faulty ib6wd1f6q_flt"),
        ("AST-004", "faulty ib6wd1f8q_flt"),
        ("AST-005", "faulty ib6wd1faq_flt"),
    } <= rejected
    others = rejected - {("AST-004", "faulty ib6wd1f8q_flt"), ("AST-005", "faulty ib6wd1faq_flt")}
    assert all("ib6wd1f6q" in subject or "visit" in subject for _, subject in others)


def test_absolute_shifts_are_the_pointings(run: QaRun) -> None:
    found = {one: run.verdict(one, "absolute ib6wr1k8q_flt") for one in BY_NUMBERS}
    assert [each["status"] for each in found.values()] == ["pass", "could not be told", "pass"]
    assert "its form is absolute" in found["AST-004"]["reason"]
    assert run.verdict("AST-007", "absolute visit r1")["status"] == "could not be told"


def test_a_frame_that_is_not_named_costs_no_verdict(run: QaRun) -> None:
    found = [each for each in run.verdicts if each["subject"] == "unnamed ib6wq2b8q_flt"]
    assert {each["criterion"] for each in found} > {"AST-002", "AST-008", *BY_NUMBERS}
    assert "not measured" not in {each["status"] for each in found}


def test_a_row_that_lost_a_number_is_named(run: QaRun) -> None:
    told = [each for each in run.verdicts if each["subject"].startswith("mixed")]
    found = [each for each in told if each["reason"] != "no catalogue is given (--catalog)"]
    (named,) = (each["reason"] for each in found if each["criterion"] == "AST-001")
    assert "the row of ib6w62tvq_flt.fits has no RMS, others have" in named
    others = {each["reason"] for each in found if each["criterion"] != "AST-001"}
    assert others == {"the shift file cannot be read; see AST-001"}


def test_what_is_not_judged_is_named_with_its_reason(run: QaRun) -> None:
    (dataset,) = run.results["datasets"]
    told = dataset["facts"]["Files not judged"]
    for name, reason in LEFT_OUT.items():
        (line,) = [part for part in told.split("; ") if name in part.partition(": ")[0].split(", ")]
        assert reason in line
