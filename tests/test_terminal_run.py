"""What a run shows at a terminal, seen through an emulator of one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyte
import pytest

from tests.small_project import SmallProject, project

__all__ = ["project"]

# Lines with paths of the longest temporary directories do not go on in the next.
ROWS, COLUMNS = 60, 240
CTRL_C = b"\x03"
SLOW = "\n[stages.photometry]\nseconds = {}\n"


@dataclass(frozen=True)
class Shown:
    """What stood on the screen of a run, and what it ended with."""

    live: tuple[str, ...]
    last: tuple[str, ...]
    status: int


def live_lines(lines: Iterable[str]) -> list[str]:
    return [line.rstrip() for line in lines if line.startswith("[stage ")]


def at_a_terminal(project: SmallProject, *arguments: str, stop_at: str = "") -> Shown:
    """Run pytest at a terminal; type Ctrl-C there as soon as the live line names a node."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    command = [sys.executable, "-m", "pytest", *arguments]
    environment = {**project.environment, "TERM": "xterm"}
    live: dict[str, None] = {}
    with subprocess.Popen(
        command, cwd=project.path, env=environment, preexec_fn=lambda: os.login_tty(theirs)
    ) as process:
        os.close(theirs)
        for chunk in _chunks(ours):
            stream.feed(chunk)
            lines = live_lines(screen.display)
            assert len(lines) <= 1, "one live line"
            live.update(dict.fromkeys(lines))
            if stop_at and stop_at in "".join(lines):
                os.write(ours, CTRL_C)
                stop_at = ""
    os.close(ours)
    shown = [line.rstrip() for line in screen.display]
    return Shown(tuple(live), tuple(shown), process.returncode)


def _chunks(descriptor: int) -> Iterator[bytes]:
    """What is written to a terminal until nobody has it open any more."""
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:
            return
        if not chunk:
            return
        yield chunk


def results(shown: Shown) -> list[str]:
    """The lines between the head of a run and its last lines."""
    first = next(number for number, line in enumerate(shown.last) if line.startswith("collected"))
    last = next(number for number, line in enumerate(shown.last) if "Hubble imaging QA =" in line)
    return list(shown.last[first + 1 : last])


def test_one_live_line_tells_the_stage_and_leaves_no_trace(project: SmallProject) -> None:
    project.dataset(more=SLOW.format(3))
    shown = at_a_terminal(project)
    assert shown.status == 0
    assert any(
        re.fullmatch(r"\[stage 3 of 3(, \d+ s left)?: numbers photometry \d+ s\]", line)
        for line in shown.live
    )
    room, dots = filter(None, results(shown))
    assert room.startswith("what this run will write to ")
    assert re.fullmatch(r"test_small.py [.s]{7} +\[100%\]", dots), dots


@pytest.mark.parametrize("arguments", [("-q",), ("-n", "2")])
def test_there_is_no_live_line_where_quiet_or_with_workers(
    project: SmallProject, arguments: tuple[str, ...]
) -> None:
    project.dataset(more=SLOW.format(1))
    shown = at_a_terminal(project, *arguments)
    assert shown.status == 0
    assert not shown.live
    stages = [line for line in shown.last if line.startswith("stage ")]
    assert bool(stages) == ("-n" in arguments)
    assert any(line.startswith("Simulated data: Accepted") for line in shown.last)


def test_ctrl_c_ends_the_live_line_and_is_told(project: SmallProject) -> None:
    project.dataset(more=SLOW.format(1000))
    shown = at_a_terminal(project, stop_at="numbers photometry")
    assert shown.status == pytest.ExitCode.INTERRUPTED
    assert not live_lines(shown.last)
    text = "\n".join(shown.last)
    assert "the run was interrupted: only the verdicts until then are shown" in text
    assert "Traceback" not in text
