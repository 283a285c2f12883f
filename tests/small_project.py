"""A project that uses the suite's plugins on the small workflow, run in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.pytest_server import run_pytest

ROOT = Path(__file__).parent.parent
# Variables by which whoever tests the suite changes what runs of it do.
_OURS = ("QA_STORE", "QA_HISTORY", "PYTEST_ADDOPTS")

CONFTEST = """
pytest_plugins = (
    "hubble_qa.fixtures.suite.stage_fixtures",
    "hubble_qa.fixtures.suite.plugin",
    "hubble_qa.reports.session.plugin",
)
"""

INI = """
[pytest]
addopts = --strict-markers --strict-config -p no:zarr -p no:hypothesispytest -p no:cacheprovider
filterwarnings = error
qa_datasets = datasets
qa_store = store
qa_report = report
"""

DATASET = """
name = "{name}"
title = "Numbers of {name}"
workflow = "tests.small_workflow:WORKFLOW"
instrument = "WFPC2"
proposal = 8447
filters = ["F555W"]
exposures = [
    {{ rootname = "u5jx0108r", visit = "01" }},
    {{ rootname = "u5jx010hr", visit = "01" }},
]

[simulation]
seed = 1
field = {{ ra = 201.7, dec = -47.5 }}

[[simulation.exposures]]
rootname = "u5jx0108r"
ra = 201.7
dec = -47.5
pa_v3 = 0
date = 2000-01-01
exptime = 1
filter = "F555W"
gain = 7

[[simulation.exposures]]
rootname = "u5jx010hr"
ra = 201.7
dec = -47.5
pa_v3 = 0
date = 2000-01-01
exptime = 1
filter = "F555W"
gain = 7

[stages.source]
add = {add}
"""

TESTS = """
import pytest
from hubble_qa.checks.measurement import Measurement, not_applicable

pytestmark = pytest.mark.workflow("tests.small_workflow:WORKFLOW")


def number(product):
    return float(product.file("number.txt").read_text())


@pytest.mark.criterion("PHT-001")
def test_spread(normalised_flt, exposure, judge):
    judge(Measurement("photflam_spread", number(normalised_flt), "", exposure))


@pytest.mark.criterion("AST-004")
def test_rotation(photometry, exposure, judge):
    judge(Measurement("fit_rotation", number(photometry) / 100, "deg", exposure))


@pytest.mark.criterion("AST-003", subject="all")
def test_matches(fetched, judge):
    judge(not_applicable("matched_sources", "all", "nothing was matched"))


@pytest.mark.criterion("CAL-002")
def test_references(references, exposure, judge):
    raise AssertionError("there are no references to look at")
"""


@dataclass(frozen=True)
class SmallProject:
    """A directory with datasets, tests and a store."""

    path: Path

    @property
    def journal(self) -> Path:
        return self.path / "journal.txt"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if name not in _OURS},
            "QA_TEST_JOURNAL": str(self.journal),
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src"))),
            "COLUMNS": "160",
        }

    def dataset(self, name: str = "numbers", *, add: float = 0.0, more: str = "") -> None:
        """Write a dataset file."""
        text = DATASET.format(name=name, add=add) + more
        (self.path / "datasets" / f"{name}.toml").write_text(text, encoding="utf-8")

    def tests(self, more: str) -> None:
        """Add tests to the project's module."""
        with (self.path / "test_small.py").open("a", encoding="utf-8") as module:
            module.write(more)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run pytest on the project and wait for it."""
        # Against what hangs: four workers that start cold beside other tests take two minutes.
        return run_pytest(arguments, self.path, {**self.environment, **environment}, timeout=300)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start pytest on the project in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def builds(self) -> Counter[str]:
        """How often each node was built."""
        lines = self.journal.read_text(encoding="utf-8").splitlines() if self.journal.exists() else []
        return Counter(line.split()[0] for line in lines)

    def results(self, report: str = "report") -> dict[str, Any]:
        """The results that a report holds."""
        document: dict[str, Any] = json.loads((self.path / report / "results.json").read_text("utf-8"))
        return document

    def statuses(self, report: str = "report") -> dict[str, str]:
        """Status of each verdict that a report holds, by test."""
        return {record["test"]: record["status"] for record in self.results(report)["verdicts"]}


def make_small_project(path: Path) -> SmallProject:
    """Make the project with one dataset."""
    (path / "datasets").mkdir(parents=True)
    (path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (path / "pytest.ini").write_text(INI, encoding="utf-8")
    (path / "test_small.py").write_text(TESTS, encoding="utf-8")
    project = SmallProject(path)
    project.dataset()
    return project


def kill(pid: int) -> None:
    """Kill a process that may have ended already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    """The project, with one dataset."""
    return make_small_project(tmp_path / "project")
