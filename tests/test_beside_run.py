"""A process that judges beside the run's own: the same verdicts, of all tests, whatever becomes of it."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

import pytest

from tests.small_project import SmallProject, project

__all__ = ["project"]

# Enough tests that a second process is worth forking.
DATASETS = 14
WHERE = """

import os, signal, time
from pathlib import Path

@pytest.fixture(autouse=True)
def where(request):
    Path("judges").mkdir(exist_ok=True)
    Path("judges", str(os.getpid())).touch()
    # The other process comes to its turn once no stage is left to run.
    while len([*Path("judges").iterdir()]) < int(os.environ.get("JUDGES", 1)):
        time.sleep(0.02)
"""
LOST = """

OWN = os.getpid()

@pytest.mark.criterion("AST-005")
def test_scale(photometry, exposure, judge):
    if os.getpid() != OWN:
        Path("lost").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    while not Path("lost").exists():
        time.sleep(0.02)
    judge(Measurement("fit_scale_change", 0.0, "", exposure))
"""
SLOW = """

OWN = os.getpid()

@pytest.mark.criterion("AST-005")
def test_scale(photometry, exposure, judge):
    if os.getpid() != OWN:
        Path("asleep").touch()
        time.sleep(250)
    while not Path("asleep").exists():
        time.sleep(0.02)
    judge(Measurement("fit_scale_change", 1.0, "", exposure))
"""


NICE = """

@pytest.mark.criterion("AST-005")
def test_scale(photometry, exposure, judge):
    Path("niceness").mkdir(exist_ok=True)
    Path("niceness", str(os.getpriority(os.PRIO_PROCESS, 0))).touch()
    while len([*Path("niceness").iterdir()]) < 2:
        time.sleep(0.02)
    judge(Measurement("fit_scale_change", 0.0, "", exposure))
"""


@pytest.fixture
def datasets(project: SmallProject) -> SmallProject:
    for number in range(DATASETS):
        add = 500.0 if number == 3 else 0.0
        project.dataset(f"d{number:02d}", more=f"\n[stages.photometry]\nadd = {add}\n")
    project.tests(WHERE)
    return project


def verdicts(project: SmallProject, report: str) -> dict[str, Any]:
    """What is told of each verdict, by test."""
    told = {each["test"]: each for each in project.results(report)["verdicts"]}
    return {test: {name: each[name] for name in each if name != "duration"} for test, each in told.items()}


def judges(project: SmallProject) -> int:
    """How many processes have judged since this was last asked."""
    found = [*(project.path / "judges").iterdir()]
    for each in found:
        each.unlink()
    return len(found)


def test_two_processes_give_the_verdicts_of_one(datasets: SmallProject) -> None:
    """A second run recalls in both what both have measured."""
    alone = datasets.run("--jobs", "1", "--report", "alone", "--store", "other")
    assert alone.returncode == pytest.ExitCode.TESTS_FAILED, alone.stdout
    assert judges(datasets) == 1

    both = datasets.run("--jobs", "2", "--report", "both", JUDGES="2")
    assert judges(datasets) == 2
    assert verdicts(datasets, "both") == verdicts(datasets, "alone")
    passed = r"\d+ failed, \d+ passed, \d+ skipped"
    assert re.findall(passed, both.stdout) == re.findall(passed, alone.stdout) != []

    again = datasets.run("--jobs", "2", "--report", "again")
    assert verdicts(datasets, "again") == verdicts(datasets, "both")
    measured = re.search(r"Measured: (\d+); as measured by an earlier run: (\d+)", again.stdout)
    assert measured is not None, again.stdout
    # A test that breaks has measured nothing.
    broken = sum("test_references" in test for test in datasets.statuses("again"))
    assert int(measured[2]) == len(verdicts(datasets, "again")) - broken


def test_a_lost_process_costs_the_test_that_it_ran(datasets: SmallProject) -> None:
    datasets.tests(LOST)

    ended = datasets.run("--jobs", "2")

    statuses = datasets.statuses()
    reasons = {each["reason"] for each in datasets.results()["verdicts"] if "test_scale" in each["test"]}
    assert "the process that judged this ended by signal SIGKILL" in reasons, ended.stdout
    of_scale = [status for test, status in statuses.items() if "test_scale" in test]
    assert sorted(of_scale) == ["not measured", *["pass"] * (2 * DATASETS + 1)]
    others = [status for test, status in statuses.items() if "test_rotation" in test]
    assert sorted(others) == ["fail", "fail", *["pass"] * (2 * DATASETS)]


def test_the_first_failure_ends_the_run_whatever_the_other_process_does(datasets: SmallProject) -> None:
    datasets.tests(SLOW)

    ended = datasets.run("-x", "--jobs", "2", "-k", "not references and not d03")

    assert ended.returncode == pytest.ExitCode.TESTS_FAILED
    assert "stopping after 1 failures" in ended.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all threads have one priority")
def test_a_nice_run_stays_nice(datasets: SmallProject) -> None:
    """Stages come before judges, and neither is less nice than the run was begun."""
    datasets.tests(NICE)
    with (datasets.path / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write("import os\nos.nice(3)\n")

    ended = datasets.run("--jobs", "2", "-k", "scale or spread")

    assert ended.returncode == pytest.ExitCode.OK, ended.stdout
    begun = os.getpriority(os.PRIO_PROCESS, 0) + 3
    nice = {int(each.name) for each in (datasets.path / "niceness").iterdir()}
    assert nice == {begun + 5, begun + 7}
