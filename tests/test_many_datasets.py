"""A run of many dataset files does nothing twice before its first test."""

import pstats
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.many_datasets import ROOT, write_datasets

NUMBER = 18


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Counter[tuple[str, str]]:
    """How often each function of the suite was called while the tests of many datasets were collected."""
    place = tmp_path_factory.mktemp("many")
    write_datasets(place / "datasets", NUMBER)
    profiled = (
        "-m",
        "cProfile",
        "-o",
        str(place / "profile"),
        "-m",
        "pytest",
        "qa/",
        "--collect-only",
        "-qq",
    )
    places = ("--datasets", str(place / "datasets"), "--store", str(place / "store"), "--report", "none")
    others = ("--size", "small", "-p", "no:cacheprovider")
    ended = subprocess.run(
        [sys.executable, *profiled, *others, *places], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    assert "cannot be used" not in ended.stdout
    found: Counter[tuple[str, str]] = Counter()
    for (file, _, function), (_, number, *_) in pstats.Stats(str(place / "profile")).stats.items():  # type: ignore[attr-defined]
        found[Path(file).name, function] += number
    return found


@pytest.mark.parametrize(
    "function",
    [
        ("validation.py", "read_table"),
        ("dataset.py", "load_dataset"),
        ("workflow.py", "settings"),
        ("workflow.py", "plan"),
        ("workflow.py", "judged"),
        ("supply_simulated.py", "nodes"),
    ],
    ids=" ".join,
)
def test_each_dataset_is_read_validated_and_planned_once(
    calls: Counter[tuple[str, str]], function: tuple[str, str]
) -> None:
    assert calls[function] == NUMBER


def test_subjects_of_a_workflows_own_tests_are_told_once(calls: Counter[tuple[str, str]]) -> None:
    assert 0 < calls["workflow.py", "parameters"] <= NUMBER


def test_a_digest_of_code_is_made_once_for_all_nodes_of_a_stage(calls: Counter[tuple[str, str]]) -> None:
    assert calls["code.py", "_closure"] < calls["plan.py", "_digest"] / 2


def test_dataset_files_of_one_programme_each_have_names_of_their_own(tmp_path: Path) -> None:
    write_datasets(tmp_path, 30)
    texts = [path.read_text(encoding="utf-8") for path in sorted(tmp_path.iterdir())]

    assert len(texts) == len(set(texts)) == 30


def test_tests_are_not_looked_through_for_parameters_of_several(calls: Counter[tuple[str, str]]) -> None:
    assert calls["order.py", "place"] > 1000
    assert calls["fixtures.py", "get_param_argkeys"] == 0


def test_cases_of_tests_that_ask_for_the_same_are_made_once(calls: Counter[tuple[str, str]]) -> None:
    # A generator counts each time that it goes on: at least once a case. Made anew, a test would have one.
    assert 0 < calls["cases.py", "_cases_of"] < calls["order.py", "place"]
