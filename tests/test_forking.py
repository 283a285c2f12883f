"""Tests run in forked processes: reports, output and outcomes are those of tests that are run here."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from hubble_qa.fixtures.suite.forking import portions

ALL = ("-rA", "--durations=3", "-o", "junit_family=xunit1")
FORKED = """
from hubble_qa.fixtures.suite.forking import judge_by_processes

def pytest_runtestloop(session):
    number = len(session.items)
    judge_by_processes(session, [range(at, min(at + 3, number)) for at in range(0, number, 3)], 2)
    return True
"""
TESTS = """
import os, signal, sys, warnings
import pytest

@pytest.mark.parametrize("number", range(8))
def test_passes(number, record_property):
    record_property("number", number)
    print("printed by", number)

def test_fails():
    print("before it failed")
    assert [1, 2] == [1, 3]

def test_skips():
    pytest.skip("for a reason")

@pytest.mark.xfail(reason="known")
def test_known():
    raise ValueError

@pytest.fixture
def broken():
    raise RuntimeError("no set-up")

def test_breaks(broken):
    pass

def test_warns():
    warnings.warn("mind this", UserWarning, stacklevel=1)

def test_after():
    pass
"""
CRASH = """
def test_ends_its_process():
    os.kill(os.getpid(), signal.SIGKILL)

def test_beside_it():
    pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(test_some=TESTS)
    return pytester


def run(project: pytest.Pytester, *arguments: str, forked: bool) -> pytest.RunResult:
    (project.path / "conftest.py").write_text(FORKED if forked else "", encoding="utf-8")
    return project.runpytest_subprocess("-p", "no:xdist", "-p", "no:randomly", *arguments, timeout=120)


def cases(path: Path) -> dict[str, list[tuple[str, str | None, str | None]]]:
    """Of each test in a JUnit file, what is told of it besides times and process numbers."""
    return {
        case.attrib["name"]: sorted(
            (each.tag, each.get("message"), each.get("value"))
            for each in case.iter()
            if each.tag != "testcase"
        )
        for case in ET.parse(path).iter("testcase")
    }


def test_reports_are_those_of_tests_that_are_run_here(project: pytest.Pytester) -> None:
    found = {}
    for forked in (False, True):
        result = run(project, *ALL, f"--junit-xml={forked}.xml", forked=forked)
        result.assert_outcomes(passed=10, failed=1, skipped=1, xfailed=1, errors=1, warnings=1)
        output = result.stdout.str()
        assert "before it failed" in output
        assert "mind this" in output
        assert "slowest 3 durations" in output
        found[forked] = cases(project.path / f"{forked}.xml"), set(re.findall(r"printed by \d", output))
    assert found[True] == found[False]
    assert len(found[True][1]) == 8


def test_last_failures_are_run_again(project: pytest.Pytester) -> None:
    run(project, forked=True)
    result = run(project, "--lf", "-v", forked=True)
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["*test_fails FAILED*"])


def test_the_first_failure_ends_the_run(project: pytest.Pytester) -> None:
    project.makepyfile(test_some="import time, pytest\n" + STOP)
    result = run(project, "-x", forked=True)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*stopping after 1 failures*"])
    assert result.duration < 30


STOP = """
@pytest.mark.parametrize("number", range(60))
def test_one(number):
    assert number
    time.sleep(5)
"""


def test_a_process_that_is_lost_costs_one_test(project: pytest.Pytester) -> None:
    (project.path / "test_some.py").write_text(TESTS + CRASH, encoding="utf-8")
    result = run(project, forked=True)
    result.assert_outcomes(passed=11, failed=2, skipped=1, xfailed=1, errors=1, warnings=1)
    result.stdout.fnmatch_lines(["*the process that judged this ended by signal SIGKILL*"])
    assert "test_ends_its_process" in result.stdout.str()


def test_tests_on_one_file_stay_together(tmp_path: Path) -> None:
    small = [tmp_path / f"{number}.fits" for number in range(9)]
    large = tmp_path / "large.fits"
    for path in (*small, large):
        path.write_bytes(b"")
    with large.open("wb") as stream:
        stream.truncate(2**26)
    files = [*(path for path in small for _ in range(14)), *[large] * 14, None, None, small[0]]

    found = portions(files)

    assert [number for share in found for number in share] == list(range(len(files)))
    assert [len(share) for share in found] == [70, 70, 1, 1, 1]
    assert portions([]) == []
