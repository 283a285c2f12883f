"""``hubble-qa run``: which tests it runs, how they are named, and where it writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hubble_qa.command.run import tests_named as named

SHIFTS = """\
# frame: output
# refimage: shifts_wcs.fits[wcs]
# form: delta
# units: pixels
u5jx0108r_c0m.fits 0.000000 0.000000 0.000000 1.000000 0.000000 0.000000
u5jx0109r_c0m.fits 0.412000 -0.230000 0.000800 1.000010 0.052000 0.047000
"""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["hubble_qa.qa"]),
        (["--products", "DIR", "-q"], ["hubble_qa.qa", "--products", "DIR", "-q"]),
        (["-n", "2", "qa/test_files.py"], ["-n", "2", "hubble_qa.qa.test_files"]),
        (["test_files.py::test_x[a b/c.fits]"], ["hubble_qa.qa.test_files::test_x[a b/c.fits]"]),
        (["hubble_qa.qa.test_files::test_x"], ["hubble_qa.qa.test_files::test_x"]),
        (["hubble_qa.qa"], ["hubble_qa.qa"]),
        (["qa/", "--dataset", "x"], ["hubble_qa.qa", "--dataset", "x"]),
        (["-q", "./qa/"], ["-q", "hubble_qa.qa"]),
        (["qa"], ["hubble_qa.qa"]),
        (["--datasets", "qa"], ["hubble_qa.qa", "--datasets", "qa"]),
        (
            ["--deselect", "qa/test_files.py::test_x"],
            ["hubble_qa.qa", "--deselect", "qa/test_files.py::test_x"],
        ),
        (["-k", "test_files"], ["hubble_qa.qa", "-k", "test_files"]),
    ],
)
def test_tests_are_taken_as_they_are_named(arguments, words):
    assert list(named(arguments)) == words


def test_a_test_runs_again_by_its_name(tmp_path: Path):
    products, here = tmp_path / "products", tmp_path / "here"
    products.mkdir()
    here.mkdir()
    (products / "shifts.txt").write_text(SHIFTS)

    def run(*arguments: str) -> list[str]:
        command = [sys.executable, "-m", "hubble_qa", "run", "--products", str(products), *arguments]
        ended = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=300, check=False)
        report = here / "qa-report" / "results.json"
        assert report.is_file(), ended.stdout + ended.stderr
        return [verdict["test"] for verdict in json.loads(report.read_text())["verdicts"]]

    every = run()
    rms = [test for test in every if test.startswith("qa/test_alignment.py::test_fit_rms[")]
    assert len(every) > len(rms) == 2
    assert run(rms[1]) == [rms[1]]
    assert [path.name for path in products.iterdir()] == ["shifts.txt"]


def test_pytest_may_be_run_without_its_cache(tmp_path: Path) -> None:
    products = tmp_path / "products"
    products.mkdir()
    (products / "shifts.txt").write_text(SHIFTS)
    command = [sys.executable, "-m", "hubble_qa", "run", "-p", "no:cacheprovider", "--collect-only", "-q"]
    ended = subprocess.run(
        [*command, "--products", str(products)],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "test_fit_rms" in ended.stdout
    assert not (tmp_path / ".pytest_cache").exists()


OTHER = """
def pytest_addoption(parser):
    parser.addoption("--products")
"""


@pytest.mark.parametrize("own", [False, True], ids=["nobody's", "another project's"])
def test_products_without_tests_of_them_say_what_to_type(tmp_path: Path, own: bool) -> None:
    """The entry is loaded in every run of pytest, also of projects with an option of the same name."""
    (tmp_path / "conftest.py").write_text(OTHER if own else "")
    (tmp_path / "test_other.py").write_text(
        "def test_of_another_project(tmp_path):\n    assert tmp_path.is_dir()\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--products", "DIR"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    said = "no tests are named that judge them; type hubble-qa run --products DIR" in ended.stderr
    assert (ended.returncode, said) == ((0, False) if own else (4, True))
