"""A measurement has one value: with any number of workers, in any order, for any hash seed."""

from __future__ import annotations

import os

import pytest

from tests.qa_runs import run_qa
from tests.small_project import SmallProject, make_small_project

# Read by pytest in the child: the tests of a session in the reverse of their order.
_REVERSED = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    items.reverse()
"""
# Tests whose numbers follow from the order of a set, of threads or of files if a check lets them.
_NUMBERS = """

@pytest.mark.criterion("AST-005")
def test_scale(photometry, exposure, judge):
    judge(Measurement("fit_scale_change", number(photometry) / 3e5, "", exposure))
"""
_WAYS: dict[str, tuple[tuple[str, ...], str]] = {
    "one process": (("-n", "0"), "0"),
    "two workers": (("-n", "2"), "1"),
    "four workers": (("-n", "4"), "4711"),
    "reversed": (("-n", "0", "-p", "reversed_order"), "12345"),
}


def measured(results):
    """Everything that a verdict says, by its test."""
    assert results["verdicts"]
    return {
        record["test"]: {
            name: record[name] for name in ("status", "value", "uncertainty", "margin", "context")
        }
        for record in results["verdicts"]
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Verdicts on the small project, each time reduced from the start."""

    def run(way: str):
        arguments, seed = _WAYS[way]
        project: SmallProject = make_small_project(tmp_path_factory.mktemp("project") / "project")
        project.tests(_NUMBERS)
        (project.path / "reversed_order.py").write_text(_REVERSED, encoding="utf-8")
        path = os.pathsep.join((str(project.path), project.environment["PYTHONPATH"]))
        process = project.run(*arguments, PYTHONHASHSEED=seed, PYTHONPATH=path)
        assert process.returncode in (0, 1), process.stdout + process.stderr
        return measured(project.results())

    return {way: run(way) for way in _WAYS}


@pytest.mark.parametrize("way", list(_WAYS)[1:])
def test_small_project_has_the_same_values(way, small):
    assert small[way] == small["one process"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "dataset",
    [
        "wfpc2-omega-cen",
        "wfpc2-u40x010hm",
        "uvis-ngc6791",
        "acs-j9l960010",
        "ir-ibohbf040",
        "sbc-jcmc11",
    ],
)
def test_dataset_has_the_same_values(dataset, tmp_path):
    """Each time reduced from the start, with as many stages at once as there are workers."""
    (tmp_path / "reversed_order.py").write_text(_REVERSED, encoding="utf-8")
    path = os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", "")))
    found = {}
    for way, (arguments, seed) in _WAYS.items():
        place = tmp_path / way
        place.mkdir()
        options = ("--size", "small", "--dataset", dataset, *arguments)
        run = run_qa(place, "report", *options, PYTHONHASHSEED=seed, PYTHONPATH=path)
        assert run.process.returncode == 0, run.process.stdout
        found[way] = measured(run.results)
    assert all(values == found["one process"] for values in found.values())
