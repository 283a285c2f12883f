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


@pytest.mark.parametrize("arguments", [("-k", "not after"), ("-rs",), ("-rP",)])
def test_the_terminal_tells_the_same(project: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    told = {}
    for forked in (False, True):
        output = run(project, *arguments, forked=forked).stdout.str()
        lines = re.sub(r"in \d.*|0x\w+", "", output).splitlines()
        # Without the letters of progress, which come as tests end.
        told[forked] = sorted(line for line in lines if not line.startswith("test_some.py "))
    assert told[True] == told[False]


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


PLAIN = """
import warnings
import pytest

@pytest.fixture(scope="session")
def seen():
    return []

@pytest.fixture
def doubled(number, seen):
    seen.append(number)
    return 2 * number

@pytest.fixture
def name(request):
    return f"{request.node.name} {request.getfixturevalue('doubled')}"

@pytest.fixture
def demanding(number):
    if number == 1:
        pytest.skip("one is not enough")
    if number == 2:
        raise RuntimeError("two are too many")
    return number

@pytest.mark.parametrize("number", range(5))
def test_calls(number, doubled, name, request):
    print("printed by", name)
    if number == 1:
        pytest.skip("for a reason")
    if number == 2:
        pytest.xfail("known")
    if number == 3:
        pytest.fail("judged", pytrace=False)
    assert doubled == 2 * number
    assert request.node.callspec.params == {"number": number}
    assert number != 4, "broke"

@pytest.mark.parametrize("number", range(3))
def test_sets_up(demanding, seen):
    assert seen.count(demanding) <= 1

@pytest.mark.parametrize("number", range(2))
def test_warns(number):
    warnings.warn("mind this", UserWarning, stacklevel=1)

@pytest.mark.parametrize("number", range(2))
def test_judges(number):
    try:
        raise ValueError("of the measurement")
    except ValueError:
        pytest.fail(f"not measured: {number}\\nfor a reason", pytrace=False)
"""
# Who cannot run a test directly fails.
ONLY_DIRECTLY = "import hubble_qa.fixtures.suite.forking as forking\nforking.runtestprotocol = None\n"


# As tests of very many finished products are made.
SIBLINGS = """
from itertools import groupby
from hubble_qa.fixtures.suite.siblings import siblings

def pytest_collection_modifyitems(items):
    found = []
    for _, group in groupby(items, key=lambda item: item.function):
        first, *others = group
        params = [each.callspec for each in (first, *others)]
        found += siblings(first, [pytest.param(*each.params.values(), id=each.id) for each in params])
    items[:] = found
"""


def test_plain_tests_are_run_without_more_ado_and_told_as_by_pytest(project: pytest.Pytester) -> None:
    (project.path / "test_some.py").write_text(PLAIN, encoding="utf-8")
    found = {}
    ways = {"pytest": "", "forked": ONLY_DIRECTLY + FORKED}
    ways["siblings"] = f"import pytest\n{ways['forked']}{SIBLINGS}"
    for way, conftest in ways.items():
        (project.path / "conftest.py").write_text(conftest, encoding="utf-8")
        result = project.runpytest_subprocess(
            *("-p", "no:xdist", "-p", "no:randomly", "-p", "no:hypothesispytest", "-p", "no:zarr"),
            *("-o", "junit_family=xunit1", "-rA"),
            f"--junit-xml={way}.xml",
            timeout=120,
        )
        result.assert_outcomes(passed=4, failed=4, skipped=2, xfailed=1, errors=1, warnings=2)
        output = result.stdout.str()
        lines = set(
            re.findall(
                r"^(?:FAILED|ERROR|SKIPPED|XFAIL|PASSED|printed by|E  |not measured|.*warns.[01].$).*",
                output,
                re.MULTILINE,
            )
        )
        found[way] = cases(project.path / f"{way}.xml"), lines
    assert found["forked"] == found["pytest"]
    assert found["siblings"] == found["pytest"]
    assert "printed by test_calls[4] 8" in found["siblings"][1]
    assert "not measured: 1" in found["siblings"][1]


def test_hooks_of_others_are_called(project: pytest.Pytester) -> None:
    """What another plugin does around a test is done in forked processes as well."""
    (project.path / "test_some.py").write_text(PLAIN, encoding="utf-8")
    hook = "\ndef pytest_runtest_setup(item):\n    print('set up by a plugin:', item.name)\n"
    (project.path / "conftest.py").write_text(FORKED + hook, encoding="utf-8")
    result = project.runpytest_subprocess("-p", "no:xdist", "-p", "no:randomly", "-rA", timeout=120)
    result.assert_outcomes(passed=4, failed=4, skipped=2, xfailed=1, errors=1, warnings=2)
    assert "set up by a plugin: test_calls[0]" in result.stdout.str()


MANY = """
import os, pathlib, time
import pytest

DONE = pathlib.Path("last-is-done")

@pytest.mark.parametrize("number", range(24))
def test_one(number):
    deadline = time.monotonic() + 60
    while number == 0 and not DONE.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    if number == 11:
        DONE.touch()
    print("process", os.getpid(), "judged", number)
"""


def test_a_process_judges_what_stands_together_and_helps_when_it_is_done(project: pytest.Pytester) -> None:
    (project.path / "test_some.py").write_text(MANY, encoding="utf-8")
    result = run(project, "-rP", forked=True)
    result.assert_outcomes(passed=24)
    judged: dict[str, list[int]] = {}
    for process, number in re.findall(r"process (\d+) judged (\d+)", result.stdout.str()):
        judged.setdefault(process, []).append(int(number))
    slow, quick = sorted(sorted(each) for each in judged.values())
    # The first waits for the last of its half, which the other takes over when it is done with its own.
    assert slow[0] == 0
    assert set(quick) >= {*range(11, 24)}


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
    assert [len(share) for share in found] == [126, 14, 1, 1, 1]
    assert portions([]) == []
