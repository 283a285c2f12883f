"""Measurements of earlier runs: a night on which nothing changed judges without measuring."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.small_project import SmallProject, project

__all__ = ["project"]

WAYS = [("-n", "0"), ("-n", "2")]

# Each test writes down that it measured.
MEASURING = """

from helpers import doubled, halved, note, shared


@pytest.mark.criterion("AST-005")
def test_doubled(photometry, exposure, judge):
    note("doubled")
    judge(Measurement("fit_scale_change", doubled(number(photometry)) / 1e6, "", exposure, context={"n": 1}))


@pytest.mark.criterion("AST-005")
def test_halved(normalised_flt, exposure, judge):
    note("halved")
    judge(Measurement("fit_scale_change", halved(number(normalised_flt)) / 1e6, "", exposure, reason="half"))
"""

HELPERS = """
from pathlib import Path

FACTOR = 2


def doubled(value):
    return shared(value) * FACTOR


def halved(value):
    return shared(value) / 2


def shared(value):
    return value + 1


def note(name):
    with Path("measured.txt").open("a") as journal:
        journal.write(name + "\\n")
"""


@pytest.fixture
def measuring(project: SmallProject) -> SmallProject:
    """The project with two more tests, which measure by a module of helpers."""
    project.tests(MEASURING)
    (project.path / "helpers.py").write_text(HELPERS, encoding="utf-8")
    return project


def measured(project: SmallProject) -> set[str]:
    """Which of the tests that write it down have measured since that was last asked."""
    journal = project.path / "measured.txt"
    names = set(journal.read_text(encoding="utf-8").split()) if journal.exists() else set()
    journal.unlink(missing_ok=True)
    return names


def counts(output: str) -> tuple[int, int]:
    """How many tests measured, and how many were judged by what an earlier run measured."""
    found = re.search(r"Measured: (\d+); as measured by an earlier run: (\d+)", output)
    assert found, output
    return int(found[1]), int(found[2])


def verdicts(project: SmallProject) -> dict[str, dict[str, object]]:
    """All that the last run's verdicts say, by test."""
    return {record["test"]: record for record in project.results()["verdicts"]}


def edit(path: Path, before: str, after: str) -> None:
    """Change a module, seconds after the last time: of one second Python keeps the code compiled first."""
    text, last = path.read_text(encoding="utf-8"), path.stat().st_mtime
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    os.utime(path, (last + 2.0, last + 2.0))


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_what_did_not_change_is_not_measured_again(measuring, way):
    first = measuring.run(*way)
    assert measured(measuring) == {"doubled", "halved"}
    assert "earlier run" not in first.stdout
    fresh = verdicts(measuring)

    again = measuring.run(*way)
    assert measured(measuring) == set()
    # test_references breaks and measures nothing, each time.
    assert counts(again.stdout) == (0, 9)
    assert verdicts(measuring) == fresh
    assert again.returncode == first.returncode

    # A product that is not what was published is built anew, and what was measured of it is measured again.
    file = product(measuring, "photometry") / "files" / "number.txt"
    file.chmod(0o644)
    file.write_text("7" * len(file.read_text(encoding="utf-8")), encoding="utf-8")
    measuring.run(*way)
    assert measured(measuring) == {"doubled"}
    assert verdicts(measuring) == fresh


def product(project: SmallProject, node: str) -> Path:
    (directory,) = [s["directory"] for s in project.results()["stages"] if s["node"] == node]
    return Path(directory)


def test_workers_take_what_one_process_measured_and_more_can_be_measured(measuring):
    measuring.run("-n", "0")
    fresh = verdicts(measuring)
    assert counts(measuring.run("-n", "2").stdout) == (0, 9)
    assert verdicts(measuring) == fresh
    measured(measuring)

    measuring.run("-n", "2", "--measure", "all")
    assert measured(measuring) == {"doubled", "halved"}
    assert verdicts(measuring) == fresh

    measuring.run("-n", "0", "--rebuild", "photometry")
    assert measured(measuring) == {"doubled"}

    measuring.dataset(add=1e-3)
    measuring.run("-n", "0")
    assert measured(measuring) == {"doubled", "halved"}


def test_only_what_reaches_changed_code_is_measured_again(measuring):
    helpers = measuring.path / "helpers.py"
    edits = [
        ("/ 2", "/ 2.0  # exactly", {"halved"}),
        ("FACTOR = 2", "FACTOR = 3", {"doubled"}),
        # By an earlier version of the code it was measured already.
        ("FACTOR = 3", "FACTOR = 2", set()),
        ("def note", "# A remark.\ndef unused():\n    return 1\n\n\ndef note", set()),
        ("value + 1", "value + 2", {"doubled", "halved"}),
    ]
    measuring.run("-n", "0")
    before = verdicts(measuring)
    measured(measuring)
    for old, new, expected in edits:
        edit(helpers, old, new)
        measuring.run("-n", "0")
        assert measured(measuring) == expected

    assert {test for test, record in verdicts(measuring).items() if record != before[test]} == {
        test for test in before if "doubled" in test or "halved" in test
    }


OVERRIDE = """
[[overrides]]
criterion = "{criterion}"
bounds = {{ below = {below}, at_least = 0 }}
reason = "nothing is that exact"
"""

ASKING = """

@pytest.mark.criterion("AST-009", subject="all")
def test_asking(fetched, dataset, judge):
    note("asking")
    judge(Measurement("rms_consistency", dataset.bounds("PHT-001", "all").upper, "", "all"))
"""


def test_a_changed_bound_changes_the_verdict_and_measures_nothing(measuring):
    measuring.tests(ASKING)
    measuring.run("-n", "0")
    assert measured(measuring) == {"doubled", "halved", "asking"}
    before = verdicts(measuring)

    measuring.dataset(more=OVERRIDE.format(criterion="AST-005", below=1e-12))
    again = measuring.run("-n", "0")
    assert measured(measuring) == set()
    assert counts(again.stdout) == (0, 10)
    for test, record in verdicts(measuring).items():
        judged = record["criterion"] == "AST-005"
        assert record["value"] == before[test]["value"]
        assert (record["bounds_reason"] == "nothing is that exact") is judged
        if judged:
            assert (before[test]["status"], record["status"]) == ("pass", "fail")

    # One test asks for a bound to measure by.
    measuring.dataset(more=OVERRIDE.format(criterion="PHT-001", below=0.25))
    measuring.run("-n", "0")
    assert measured(measuring) == {"asking"}
    assert [r["value"] for r in verdicts(measuring).values() if r["criterion"] == "AST-009"] == [0.25]


# Each of these depends on something that no product tells.
ASTRAY = """

import importlib
import subprocess
from pathlib import Path


@pytest.fixture(scope="session")
def everywhere():
    return 1.0


@pytest.mark.criterion("AST-005")
def test_file(normalised_flt, exposure, judge):
    note("file")
    judge(Measurement("fit_scale_change", float(Path("extra.txt").read_text()), "", exposure))


@pytest.mark.criterion("AST-005")
def test_process(normalised_flt, exposure, judge):
    note("process")
    subprocess.run(["true"], check=True)
    judge(Measurement("fit_scale_change", 0.0, "", exposure))


@pytest.mark.criterion("AST-005")
def test_name(normalised_flt, exposure, judge):
    note("name")
    judge(Measurement("fit_scale_change", importlib.import_module("helpers").FACTOR, "", exposure))


@pytest.mark.criterion("AST-005")
def test_error(normalised_flt, exposure, judge):
    note("error")
    judge(Measurement("fit_scale_change", 1 / 0, "", exposure))


@pytest.mark.criterion("AST-005")
def test_twice(normalised_flt, exposure, judge):
    note("twice")
    judge(Measurement("fit_scale_change", 0.0, "", exposure))
    judge(Measurement("fit_scale_change", 0.0, "", exposure))


@pytest.mark.criterion("AST-005")
def test_late(normalised_flt, exposure, judge):
    note("late")
    judge(Measurement("fit_scale_change", 0.0, "", exposure))
    raise ValueError("too late")


@pytest.mark.criterion("AST-005")
def test_everywhere(normalised_flt, exposure, judge, everywhere):
    note("everywhere")
    judge(Measurement("fit_scale_change", everywhere, "", exposure))
"""


def test_what_no_product_tells_is_measured_every_time(measuring):
    (measuring.path / "extra.txt").write_text("1e-7", encoding="utf-8")
    measuring.tests(ASTRAY)
    astray = {"file", "process", "name", "error", "twice", "late", "everywhere"}
    for expected in (astray | {"doubled", "halved"}, astray):
        measuring.run("-n", "0")
        assert measured(measuring) == expected


def test_a_part_of_a_run_is_kept_beside_what_was_known(measuring):
    measuring.run("-n", "0", "-k", "test_doubled")
    measuring.run("-n", "0", "-k", "test_halved")
    measured(measuring)
    measuring.run("-n", "0")
    assert measured(measuring) == set()


DYING = """
import os
import pytest
from hubble_qa.fixtures.suite import remembering

remembering._MOST_HELD = 4


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish():
    if "DIES" in os.environ:
        os._exit(3)
"""


def test_what_a_long_run_has_measured_is_kept_before_its_end(measuring):
    with (measuring.path / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(DYING)
    assert measuring.run("-n", "0", DIES="1").returncode == 3
    # Of 9 measurements two portions of four.
    assert counts(measuring.run("-n", "0").stdout) == (1, 8)
