"""Work on several things at a time, in processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Lock

import pytest

from hubble_qa.fixtures.plans.abreast import abreast
from hubble_qa.fixtures.plans.stage import StageError

THINGS = ("a", "b", "c", "d")


class OddError(Exception):
    """An error that cannot be pickled."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.held = Lock()


@pytest.mark.parametrize("processes", [1, 2, 9])
def test_results_are_in_the_order_of_the_things(processes: int) -> None:
    offset = 2

    def work(thing: str) -> tuple[str, int]:
        return thing * offset, os.getpid()

    made = abreast(work, THINGS, processes)
    assert [text for text, _ in made] == ["aa", "bb", "cc", "dd"]
    assert (os.getpid() in {pid for _, pid in made}) == (processes == 1)


@pytest.mark.parametrize("processes", [1, 2])
def test_the_first_error_is_raised_with_what_caused_it(processes: int, tmp_path: Path) -> None:
    def work(thing: str) -> None:
        (tmp_path / thing).touch()
        if thing in "bd":
            try:
                raise OSError(28, "no space")
            except OSError as error:
                raise StageError(f"{thing} cannot be written; make room") from error

    with pytest.raises(StageError, match="b cannot be written; make room") as raised:
        abreast(work, THINGS, processes)
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.__cause__.errno == 28
    assert {"a", "b"} <= {path.name for path in tmp_path.iterdir()}


def test_an_error_that_cannot_be_handed_over_is_told_in_its_words(capfd: pytest.CaptureFixture[str]) -> None:
    def work(thing: str) -> None:
        raise OddError(f"{thing} is odd")

    with pytest.raises(RuntimeError, match="OddError: a is odd"):
        abreast(work, THINGS, 2)
    assert "test_abreast.py" in capfd.readouterr().err


C_CODE = """
import ctypes, sys
from hubble_qa.fixtures.plans.abreast import abreast


def work(thing):
    ctypes.CDLL(None).printf(f"C says {thing}\\n".encode())


work("0")
abreast(work, sys.argv[1], 2)
"""


def test_what_c_code_prints_is_written_once() -> None:
    """A process that is asked not to buffer its output has no buffer to lose, so that it is not asked."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", C_CODE, "".join(THINGS)]
    ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    assert sorted(ended.stdout.splitlines()) == [f"C says {thing}" for thing in "0abcd"]


@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_done_meanwhile_is_done_by_this_process_while_others_work(
    processes: int, tmp_path: Path
) -> None:
    begun, done = tmp_path / "begun", []

    def meanwhile() -> None:
        done.append(os.getpid())
        begun.touch()

    def work(thing: str) -> bool:
        deadline = time.monotonic() + 30
        while not begun.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        return begun.exists()

    assert abreast(work, THINGS, processes, meanwhile) == [True] * len(THINGS)
    assert done == [os.getpid()]


def test_an_error_meanwhile_is_raised() -> None:
    def meanwhile() -> None:
        raise StageError("no reference can be written; make room")

    with pytest.raises(StageError, match="no reference can be written"):
        abreast(str, THINGS, 2, meanwhile)


def test_of_nothing_nothing_is_made() -> None:
    assert abreast(str, (), 4) == []
