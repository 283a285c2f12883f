"""Which test runs next: none waits while another could judge."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.fixtures.suite.readiness import Waiting
from tests.pytest_server import run_pytest
from tests.small_project import ROOT, SmallProject, project

__all__ = ["project"]

WAITS: Mapping[str, frozenset[str]] = {
    "shifts": frozenset({"align"}),
    "rms": frozenset({"align"}),
    "flux": frozenset({"drizzle"}),
    "ratio": frozenset({"align", "drizzle"}),
    "form": frozenset(),
}


def taken(there: set[str], then: Mapping[str, set[str]]) -> list[str]:
    """The order in which tests run, where products come to be there as tests end."""

    def wait(keys: Collection[str], unless: Callable[[], bool]) -> None:
        there.update(sorted(keys)[:1])

    waiting, order = Waiting([*WAITS], WAITS.__getitem__, there.__contains__, wait), []
    while (test := waiting.await_one()) is not None:
        order.append(test)
        there |= then.get(test, set())
    assert not waiting
    return order


def test_what_is_there_is_judged_before_what_is_waited_for() -> None:
    assert taken(set(), {}) == ["form", "shifts", "rms", "flux", "ratio"]
    assert taken({"drizzle"}, {}) == ["flux", "form", "shifts", "rms", "ratio"]
    assert taken({"align", "drizzle"}, {}) == [*WAITS]


def _nothing_comes(keys: Collection[str], unless: Callable[[], bool]) -> None:
    """Wait for nothing: an engine has ended."""


@given(
    st.lists(st.frozensets(st.sampled_from("abcdef"), max_size=3), max_size=40),
    st.sets(st.sampled_from("abcdef")),
)
def test_each_test_runs_once_and_all_that_can_in_their_order(
    keys: list[frozenset[str]], there: set[str]
) -> None:
    """Also where an engine has ended, and nothing comes any more."""
    waiting = Waiting(range(len(keys)), keys.__getitem__, there.__contains__, _nothing_comes)
    order = [test for _ in keys if (test := waiting.await_one()) is not None]

    assert sorted(order) == [*range(len(keys))]
    assert waiting.await_one() is None
    can = [number for number, each in enumerate(keys) if each <= there]
    assert order[: len(can)] == can


@given(
    st.lists(st.tuples(st.frozensets(st.sampled_from("abc"), max_size=2), st.integers(0, 4)), max_size=40),
    st.lists(st.integers(0, 2), max_size=60),
)
def test_several_takers_take_each_test_once(
    tests: list[tuple[frozenset[str], int]], turns: list[int]
) -> None:
    """And a taker changes to what another has begun only where nothing else is left."""
    waiting = Waiting(
        range(len(tests)),
        lambda number: tests[number][0],
        {"a", "b", "c"}.__contains__,
        _nothing_comes,
        lambda number: tests[number][1],
    )
    taken: dict[int, int] = {}
    begun: dict[int, int] = {}
    for taker in [*turns, *[0] * len(tests)]:
        number = waiting.await_one(taker)
        if number is None:
            continue
        unit = tests[number][1]
        left = {tests[each][1] for each in range(len(tests)) if each not in taken}
        if begun.get(unit, taker) != taker:
            assert all(begun.get(each, taker) != taker for each in left)
            assert left <= set(begun)
        assert number not in taken
        taken[number] = begun[unit] = taker
    assert sorted(taken) == [*range(len(tests))]
    assert not waiting


def test_tests_that_another_taker_is_moving_are_left() -> None:
    """Whoever asks meanwhile whether there are any does not end before they have run."""
    asked: list[bool] = []

    def unit(test: str) -> str:
        asked.append(bool(waiting))
        return test

    tests, there = ["shifts", "rms"], {"align"}
    waiting = Waiting(tests, WAITS.__getitem__, there.__contains__, _nothing_comes, unit)
    taken = [waiting.await_one() for _ in tests]

    assert taken == tests
    assert asked == [True, True]
    assert not waiting


def test_a_slow_dataset_keeps_no_other_waiting(project: SmallProject) -> None:
    """The run ends at the first failure: of the dataset whose stages are done, though it comes later."""
    project.dataset("numbers", more="\n[stages.flt]\nseconds = 3600.0\n")
    project.dataset("others", more="\n[stages.photometry]\nadd = 500.0\n")

    ended = project.run("-x", "--jobs", "2", "-k", "spread or rotation")

    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout
    statuses = project.statuses()
    assert statuses["test_small.py::test_rotation[others-u5jx0108r]"] == "fail"
    assert {status for test, status in statuses.items() if "spread[others" in test} == {"pass"}
    assert {status for test, status in statuses.items() if "[numbers" in test} == {"not measured"}


def test_of_each_test_of_the_suite_it_is_known_what_it_waits_for() -> None:
    """One that waits for what nobody knows of would keep others waiting, and what is wrongly taken for a
    product that it reads would be built each night. Those that compare a dataset's exposures are one unit.
    """
    ended = run_pytest(
        ("qa", "--collect-only", "-p", "tests.undeclared", "-p", "no:cacheprovider"),
        ROOT,
        {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))},
        timeout=300,
    )

    assert re.search(r"\d{4} tests, undeclared: \[\], fixtures and parameters: \[\]", ended.stdout), (
        ended.stdout[-3000:]
    )
    number = len([*(ROOT / "qa" / "datasets").glob("*.toml")])
    assert f"compared together: {number} of {number} datasets" in ended.stdout
