"""What a run holds of its tests: what is their own before they run, and nothing of them afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.small_project import SmallProject, make_small_project

# Counts what pytest has of the tests: before the first, before each, and after the last.
COUNTING = """
import gc
import json
from pathlib import Path

import pytest
from _pytest.fixtures import SubRequest
from hubble_qa.fixtures.suite.siblings import Sibling

found = {}


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    found["collected"] = len(session.items)
    found["whole"] = sum(not isinstance(item, Sibling) or item._is_whole for item in session.items)


def pytest_runtest_logstart():
    gc.collect()
    before = sum(isinstance(each, SubRequest) for each in gc.get_objects())
    found["requests"] = max(found.get("requests", 0), before)


def pytest_sessionfinish(session):
    found["whole afterwards"] = sum(item._is_whole for item in session.items if isinstance(item, Sibling))
    Path(__file__).with_name("held.json").write_text(json.dumps(found))
"""
DATASETS = 5


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run of several datasets held, and its verdicts."""
    project = make_small_project(tmp_path_factory.mktemp("held") / "project")
    (project.path / "datasets" / "numbers.toml").unlink()
    for number in range(DATASETS):
        project.dataset(f"numbers-{number}")
    with (project.path / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(COUNTING)
    project.run("-q")
    found: dict[str, Any] = json.loads(Path(project.path / "held.json").read_text(encoding="utf-8"))
    return {**found, "verdicts": verdicts(project)}


def verdicts(project: SmallProject) -> list[tuple[str, str, str]]:
    return [(each["dataset"], each["criterion"], each["subject"]) for each in project.results()["verdicts"]]


def test_tests_of_a_function_share_what_they_have_in_common(held: dict[str, Any]) -> None:
    # Three functions of two exposures each, and one of the dataset.
    assert held["collected"] == DATASETS * 7
    assert held["whole"] == 0


def test_a_test_that_has_run_is_let_go(held: dict[str, Any]) -> None:
    assert held["whole afterwards"] == 0


def test_no_fixture_outlives_its_test(held: dict[str, Any]) -> None:
    # A fixture of the session would hold a request of each fixture that asked for it.
    assert held["requests"] == 0


def test_each_test_has_its_verdict(held: dict[str, Any]) -> None:
    exposures = ("u5jx0108r", "u5jx010hr")
    of_one = {
        ("AST-003", "all"),
        *((criterion, each) for criterion in ("PHT-001", "AST-004", "CAL-002") for each in exposures),
    }
    expected = {(f"numbers-{number}", *each) for number in range(DATASETS) for each in of_one}
    assert len(held["verdicts"]) == len(expected)
    assert set(held["verdicts"]) == expected
