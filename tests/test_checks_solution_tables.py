"""Reference tables that a header names, CRDS's best ones, and those that its coordinates were made with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hubble_qa.checks.astrometry.solution_tables import has_solution, solution_table_problems
from hubble_qa.checks.detectors.calibration import reference_file_violations
from hubble_qa.checks.evidence.references import named_references
from hubble_qa.checks.readers import Exposure
from hubble_qa.checks.readers.best_references import BestReferences, ReferenceChoice
from tests.header_samples import put, uvis, wfpc2

NPOL, D2IM = "iref$y7b1516qi_npl.fits", "iref$y7b1516hi_d2i.fits"
BEST = {"IDCTAB": "2731450pi_idc.fits", "NPOLFILE": "y7b1516qi_npl.fits", "D2IMFILE": "y7b1516hi_d2i.fits"}


def flc(*changes: Any, **primary: str) -> Exposure:
    exposure = uvis(put(CPDIS1="Lookup", D2IMDIS1="Lookup"), *changes)
    exposure.header("SCI", 1).update({"NPOLEXT": NPOL, "D2IMEXT": D2IM})
    exposure.primary.update({"NPOLFILE": NPOL, "D2IMFILE": D2IM, **primary})
    return exposure


def test_coordinates_are_of_the_tables_that_the_header_names() -> None:
    for exposure in (flc(), wfpc2(), wfpc2(served=True)):
        assert solution_table_problems(exposure) == []
    assert has_solution(flc())
    assert not has_solution(wfpc2(served=True))


@pytest.mark.parametrize(
    ("exposure", "text"),
    [
        (flc(IDCTAB="iref$old1999i_idc.fits"), "IDCTAB is old1999i_idc.fits, but the solution of SCI,1"),
        (flc(IDCTAB="N/A"), "IDCTAB is N/A, but the solution of SCI,1"),
        (flc(put(WCSNAME="IDC_old1999i")), "(IDC_old1999i) was made with old1999i"),
        (flc(put(WCSNAME="TWEAK", WCSNAMEA="IDC_old1999i")), "(TWEAK) was made with old1999i"),
        (flc(NPOLFILE="N/A"), "NPOLFILE is N/A, but the coordinates were made with y7b1516qi_npl.fits"),
        (flc(D2IMFILE="iref$new_d2i.fits"), "D2IMFILE is new_d2i.fits, but the coordinates were made with"),
    ],
)
def test_other_tables(exposure: Exposure, text: str) -> None:
    problems = solution_table_problems(exposure)
    assert text in problems[0]
    measurement = reference_file_violations(None, subject=exposure.label, solution=problems)
    assert measurement.value == len(problems)
    assert measurement.context["compared with CRDS"] is False


@pytest.mark.parametrize(("name", "has"), [("IDC_2731450pi", True), ("OPUS", False), ("", False)])
def test_one_chip_with_a_solution_is_enough(name: str, has: bool) -> None:
    exposure = flc()
    headers = exposure.science_headers()
    for header in headers.values():
        header["WCSNAME"] = "OPUS"
    headers[max(headers)]["WCSNAME"] = name
    assert has_solution(exposure) is has


@pytest.mark.parametrize("axis", [1, 2])
def test_look_up_tables_without_a_name(axis: int) -> None:
    exposure = flc(NPOLFILE="N/A")
    for header in exposure.science_headers().values():
        del header["CPDIS*"]
    exposure.header("SCI", 1)[f"CPDIS{axis}"] = "Lookup"
    del exposure.header("SCI", 1)["NPOLEXT"]
    assert solution_table_problems(exposure) == [
        "NPOLFILE is N/A, but the science headers have its look-up tables (CPDIS1 ...)"
    ]


def test_a_solution_of_ones_own_that_keeps_none_of_an_idctab_is_compared_with_no_table() -> None:
    assert solution_table_problems(flc(put(WCSNAME="TWEAK", WCSNAMEA="mine"))) == []


def test_each_table_is_told_once() -> None:
    """That it is another, not besides that none is named or none is used."""
    other = "NPOLFILE is N/A, but the coordinates were made with y7b1516qi_npl.fits (NPOLEXT): run updatewcs"
    assert solution_table_problems(flc(NPOLFILE="N/A")) == [other]
    unused = flc()
    del unused.header("SCI", 1)["NPOLEXT"]
    assert solution_table_problems(unused) == []


def judged(tmp_path: Path, **primary: str) -> list[str]:
    """Problems of the reference files that a header names, where the suite itself has chosen the best."""
    choices = {kind: ReferenceChoice(name, name, name, True) for kind, name in BEST.items()}
    path = tmp_path / "bestrefs.json"
    BestReferences("hst_0001.pmap", {"ie1d01xqq": choices}).write(path)
    for name in (*BEST.values(), "old1999i_idc.fits"):
        (tmp_path / name).touch()
    named = named_references(path, tmp_path, flc(**primary))
    found = reference_file_violations(named, subject="ie1d01xqq_flc").context["violations"]
    assert isinstance(found, list)
    return [str(one) for one in found]


def test_files_that_the_header_names_are_judged_not_those_that_were_chosen(tmp_path: Path) -> None:
    assert judged(tmp_path) == []
    assert judged(tmp_path, IDCTAB="iref$old1999i_idc.fits") == [
        "IDCTAB: old1999i_idc.fits is used, CRDS's best is 2731450pi_idc.fits"
    ]
    assert judged(tmp_path, NPOLFILE="N/A", D2IMFILE="N/A") == [
        "D2IMFILE: none is used, CRDS's best is y7b1516hi_d2i.fits",
        "NPOLFILE: none is used, CRDS's best is y7b1516qi_npl.fits",
    ]
