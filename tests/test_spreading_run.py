"""Many finished products: judged by all cores without being asked, file by file, with the same verdicts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hubble_qa.checks.readers.fits_cards import BLOCK, read_units
from hubble_qa.fixtures.suite.spreading import FileScheduling
from tests.fits_samples import exposure_bytes
from tests.qa_runs import QaRun, run_qa

MANY = 4


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("many") / "products"
    directory.mkdir()
    for number in range(MANY):
        name = f"u5jx{number:03d}1r"
        path = directory / f"{name}_c0m.fits"
        small = exposure_bytes(name, size=2, DETECTOR=1)
        last = small.rindex(b"XTENSION")
        large = re.sub(rb"(NAXIS[12]  =) {16}    2", rb"\1                16384", small[last:])
        path.write_bytes(small[:last] + large[:-BLOCK])
        # A whole array of 1 GiB, of which nothing is on disk.
        with path.open("rb") as stream:
            end = list(read_units(stream))[-1].end
        os.truncate(path, end)
    (directory / "u5jx0021r_c0m.fits").write_bytes(b"SIMPLE  = no FITS file")
    return directory


def judged(directory: Path, products: Path, *arguments: str) -> QaRun:
    return run_qa(directory, "report", "--products", str(products), "-k", "test_extensions", *arguments)


PROCESSES = "judged by 2 processes"


def test_verdicts_are_the_same_however_many_judge(products: Path, tmp_path: Path) -> None:
    found = {}
    for name, arguments in {"unasked": (), "alone": ("-n", "0"), "workers": ("-n", "2")}.items():
        place = tmp_path / name
        place.mkdir()
        run = judged(place, products, "--jobs", "2", *arguments)
        assert (PROCESSES in run.process.stdout) == (name == "unasked")
        assert {subject for _, subject in run.rejected()} == {"u5jx0021r_c0m"}
        found[name] = run.results["verdicts"]

    assert len(found["alone"]) == MANY
    assert found["unasked"] == found["alone"] == found["workers"]


@pytest.mark.parametrize("arguments", [("--jobs", "1"), ("--jobs", "2", "-s")], ids=["one", "uncaptured"])
def test_one_job_or_a_user_who_looks_on_takes_no_processes(
    products: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    run = judged(tmp_path, products, *arguments)

    assert not re.search(r"\d (?:workers|processes)", run.process.stdout)
    assert len(run.verdicts) == MANY


def test_files_of_few_bytes_take_no_processes(tmp_path: Path) -> None:
    few = tmp_path / "products"
    few.mkdir()
    for number in range(MANY):
        name = f"u5jx{number:03d}1r"
        (few / f"{name}_c0m.fits").write_bytes(exposure_bytes(name, size=2, DETECTOR=1))
    run = judged(tmp_path, few, "--jobs", "2")

    assert not re.search(r"\d (?:workers|processes)", run.process.stdout)
    assert len(run.verdicts) == MANY


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        ("qa/test_files.py::test_keywords[acs-products-j9l960a7q_flt]", "acs-products-j9l960a7q_flt"),
        ("qa/test_files.py::test_x[acs-products-j9l960a7q_flt SCI,2]", "acs-products-j9l960a7q_flt"),
        ("qa/test_x.py::test_rms[wfpc2-products-shifts u5jx0108r_c0m]", "wfpc2-products-shifts"),
        ("qa/test_x.py::test_of_nothing", "qa/test_x.py::test_of_nothing"),
    ],
)
def test_all_tests_on_one_file_go_to_one_worker(nodeid: str, scope: str) -> None:
    scheduling = FileScheduling.__new__(FileScheduling)

    assert scheduling._split_scope(nodeid) == scope


def test_what_judges_products_imports_nothing_that_draws_or_reduces() -> None:
    suite = "hubble_qa.fixtures.suite.plugin, hubble_qa.reports.session.plugin"
    code = f"import sys, {suite}, hubble_qa.reports.drawings.finished_products; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    heavy = {"matplotlib", "scipy", "photutils", "drizzlepac", "astropy.coordinates", "astropy.table"}
    assert not heavy & set(run.stdout.split())
