"""Runs of ``pytest qa/`` on the small ACS/WFC dataset, with either backend and with a broken one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from hubble_qa.fixtures.simulation.truth import read_truth
from hubble_qa.fixtures.store.product import read_product
from tests.acs_scenes import ASSOCIATION, DITHERED, LONG
from tests.figure_numbers import missing_numbers
from tests.qa_runs import QaRun, run_qa
from tests.silent_failures import acs_failures, altered
from tests.small_runs import place_of, small_run

pytestmark = [pytest.mark.whole, pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")]

DATASET = ("--dataset", "acs-j9l960010", "--size", "small", "-n", "0")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all runs have their common store."""
    return place_of("acs-j9l960010", tmp_path_factory)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> QaRun:
    return small_run("acs-j9l960010", tmp_path_factory)


def calibrated_by(run: QaRun) -> str:
    log = run.product("calibrate").parent / "log.txt"
    return next(line for line in log.read_text().splitlines() if line.startswith("calibrated by"))


def test_embedded_backend_is_accepted(run):
    assert run.process.returncode == 0, run.process.stdout
    assert calibrated_by(run).startswith("calibrated by embedded (ccdproc")
    # The archive fitted nothing, so that AST-011, AST-021 and AST-026 do not apply, and nothing is masked;
    # the short exposure has none of a similar time beside it, and may have too few stars.
    others = {verdict["criterion"] for verdict in run.verdicts if verdict["status"] != "pass"}
    beside = {"CAL-010", "CAL-011", "PHT-011", "PHT-012"}
    assert others <= {"AST-010", "AST-011", "AST-021", "AST-026", "CAL-014", "CAL-016"} | beside
    judged = {verdict["criterion"] for verdict in run.verdicts if verdict["status"] == "pass"}
    assert judged - {"AST-010"} == beside | {
        *(f"FIL-{number:03}" for number in (1, 2, 3, 5)),
        *(f"CAL-{number:03}" for number in (*range(1, 10), 12, 13, 15)),
        *(f"WCS-{number:03}" for number in (1, 2, 5, 7)),
        "PHT-009",
        "PHT-014",
    }


@pytest.mark.skipif(shutil.which("calacs.e") is None, reason="calacs.e is not on PATH")
def test_hstcal_is_accepted_on_the_same_exposures(run, directory):
    other = run_qa(directory, "hstcal", *DATASET)
    assert other.process.returncode == 0, other.process.stdout
    assert calibrated_by(other).startswith("calibrated by hstcal (calacs.e")
    assert other.product("archive") == run.product("archive")
    assert {verdict["status"] for verdict in other.verdicts} == {"pass"}


def test_association_is_filtered_in_a_copy(run):
    name = f"{ASSOCIATION}_asn.fits"
    served, kept = (Table.read(run.product(node) / name, hdu=1) for node in ("fetch", "association"))
    assert set(served["MEMTYPE"]) == {"EXP-DTH", "PROD-DTH"}
    assert set(kept["MEMTYPE"]) == {"EXP-DTH"}
    assert list(kept["MEMNAME"]) == list(served["MEMNAME"][:-1])


def test_raw_files_are_left_as_they_were(run):
    name = f"{LONG}_raw.fits"
    raw = run.product("fetch") / name
    assert raw.read_bytes() == (run.product("archive") / "HST" / LONG / name).read_bytes()
    assert fits.getheader(raw)["PCTECORR"] == "PERFORM"
    assert fits.getheader(run.product("calibrate") / f"{LONG}_flt.fits")["PCTECORR"] == "OMIT"


@pytest.mark.parametrize("rootname", [LONG, DITHERED])
@pytest.mark.parametrize("version", [1, 2])
def test_updated_solution_puts_stars_where_they_are(run, rootname, version):
    truth = read_truth(run.product("archive") / "truth.json")
    seen = truth.exposures[rootname].chips[3 - version]
    with fits.open(run.product("update-wcs") / f"{rootname}_flt.fits") as hdus:
        ra, dec = WCS(hdus["SCI", version].header, hdus).all_pix2world(seen.x, seen.y, 1)
    stars = np.array(seen.star)
    east = (ra - np.array(truth.stars.ra)[stars]) * np.cos(np.deg2rad(dec))
    north = dec - np.array(truth.stars.dec)[stars]
    assert len(stars) > 50
    # stwcs takes the roll at the aperture, 400 arcsec off axis, by a formula that is 0.001 degrees off here.
    assert np.hypot(east, north).max() * 3.6e6 < 2.5


def test_each_exposure_has_its_figures(run):
    figures = [figure for figure in run.results["figures"] if figure["figure"] == "bias-structure"]
    # Each of the five raw and calibrated, and the columns of each of its two chips.
    assert len(figures) == 15
    assert all((run.report / figure["file"]).is_file() for figure in figures)
    # In the infrared it is another figure that explains the level.
    assert {v["figure"] for v in run.verdicts if v["criterion"] == "CAL-006"} == {"bias-structure"}


# What goes wrong silently


def scaled(factor: float, half: bool = False) -> Callable[..., None]:
    """An image that is a multiple of what it was, or the half that its left amplifier read."""

    def change(hdus, references):
        columns = slice(0, hdus["SCI", 1].data.shape[1] // (2 if half else 1))
        hdus["SCI", 1].data[:, columns] *= factor

    return change


def offset(electrons: float) -> Callable[..., None]:
    def change(hdus, references):
        hdus["SCI", 2].data[:, : hdus["SCI", 2].data.shape[1] // 2] += electrons

    return change


def patterned(kind: str, factor: float) -> Callable[..., None]:
    """An image in which a fraction of a reference's pattern is left."""

    def change(hdus, references):
        name = hdus[0].header[kind].rpartition("$")[2]
        path = references / name
        for version in (1, 2):
            image, pattern = hdus["SCI", version].data, fits.getdata(path, "SCI", version)
            rows = slice(20, None) if version == 2 else slice(0, -20)
            if kind == "BIASFILE":
                image += factor * 2.0 * pattern[rows, 24:-24]
            elif kind == "DARKFILE":
                image += factor * 53.0 * pattern
            else:
                image *= pattern**factor

    return change


def lose_flags(hdus, references) -> None:
    hdus["DQ", 1].data[:] = 0


def name_another_flat(hdus, references) -> None:
    hdus[0].header["PFLTFILE"] = "jref$old_pfl.fits"


def exchange_chips(hdus, references) -> None:
    first = hdus["SCI", 1].data.copy()
    hdus["SCI", 1].data[:] = hdus["SCI", 2].data
    hdus["SCI", 2].data[:] = first


@pytest.mark.parametrize(
    ("change", "criterion", "reason"),
    [
        (lambda hdus, references: None, "", ""),
        (patterned("DARKFILE", 52.0 / 53.0), "CAL-007", "97% of the pattern of DARKFILE is in the image"),
        (patterned("BIASFILE", 1.0), "CAL-007", "of the pattern of BIASFILE is in the image"),
        (patterned("BIASFILE", 1.0), "CAL-004", "is not ≤ 1.5"),
        (patterned("PFLTFILE", 1.0), "CAL-007", "of the pattern of PFLTFILE is in the image"),
        (patterned("PFLTFILE", -1.0), "CAL-007", "of the pattern of PFLTFILE is in the image"),
        (offset(0.5), "CAL-006", "columns and rows ["),
        (scaled(1.03, half=True), "CAL-006", ""),
        (scaled(0.5), "CAL-006", ""),
        (exchange_chips, "CAL-006", ""),
        (lose_flags, "CAL-013", "the flags were lost"),
        (name_another_flat, "CAL-002", "PFLTFILE: old_pfl.fits is used"),
    ],
    ids=[
        "nothing",
        "dark of one second",
        "bias left",
        "hot columns left",
        "flat left",
        "flat twice",
        "overscan of one amplifier",
        "gain of one amplifier",
        "data numbers",
        "chips exchanged",
        "flags lost",
        "another flat by the header",
    ],
)
def test_silent_failure_is_found(run, tmp_path, change, criterion, reason):
    fetched, references = (read_product(run.product(node).parent) for node in ("fetch", "references"))
    served = run.product("calibrate") / f"{LONG}_flt.fits"
    flt = altered(served, tmp_path / "altered", lambda hdus: change(hdus, references.files / "references"))
    failures = acs_failures(flt, fetched, references)
    assert reason in failures.get(criterion, "")
    assert (criterion in failures) == bool(failures)


def test_executable_that_dies_is_a_failed_stage_told_once(run, directory):
    fake = directory / "bin" / "calacs.e"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\n[ "$1" = --version ] && echo 9.9.9 && exit 0\nkill -SEGV $$\n')
    fake.chmod(0o755)
    broken = run_qa(
        directory,
        "broken",
        *DATASET,
        "-k",
        "extensions",
        PATH=f"{fake.parent}{os.pathsep}{os.environ['PATH']}",
    )
    assert broken.process.returncode != 0
    failed = [line for line in broken.process.stdout.splitlines() if line.startswith("stage failed")]
    raw = "j9l960a7q_raw.fits"
    assert failed == [
        f"stage failed: calibrate of acs-j9l960010: {raw}: calacs.e was killed by SIGSEGV; see the log"
    ]
    assert {verdict["status"] for verdict in broken.verdicts} == {"not measured"}


def test_figures_print_the_numbers_of_the_verdicts(run):
    assert missing_numbers(run) == []
