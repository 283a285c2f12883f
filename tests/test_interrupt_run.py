"""Ctrl-C: what was judged is reported as a part, and nothing goes on behind the user's back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.small_project import SmallProject, project

__all__ = ["project"]

SLOW = "\n[stages.photometry]\nseconds = 1000\n"
# Only ends a test that has failed.
_LIMIT = 120.0


def until_begun(project: SmallProject, node: str, process: subprocess.Popen[str]) -> int:
    """Wait for the process of a stage and return its number."""
    limit = time.monotonic() + _LIMIT
    while time.monotonic() < limit and process.poll() is None:
        lines = project.journal.read_text(encoding="utf-8").splitlines() if project.journal.exists() else []
        for name, pid in (line.split() for line in lines):
            if name == node:
                return int(pid)
        time.sleep(0.02)
    raise AssertionError(f"{node} was not begun")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_that_is_interrupted_reports_what_it_judged(project: SmallProject, workers: str) -> None:
    project.run("-n", "0")
    complete = project.results()["run"]["identifier"]
    project.journal.unlink()
    project.dataset(more=SLOW)
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-n", workers],
        cwd=project.path,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        stage = until_begun(project, "numbers/photometry", process)
        # A terminal tells all of its foreground processes.
        os.killpg(process.pid, signal.SIGINT)
        text, _ = process.communicate(timeout=_LIMIT)
    assert process.returncode == pytest.ExitCode.INTERRUPTED, text
    assert "INTERNALERROR" not in text
    assert "Traceback" not in text
    assert not Path(f"/proc/{stage}").exists()
    assert project.results()["run"]["identifier"] == complete
    assert "the run was interrupted: only the verdicts until then are shown" in text
    assert not project.results("report/partial")["run"]["complete"]
    missing = {
        each["test"]
        for each in project.results("report/partial")["verdicts"]
        if each["reason"] == "was not run"
    }
    assert missing >= {f"test_small.py::test_rotation[numbers-u5jx01{name}]" for name in ("08r", "0hr")}
    project.dataset()
    again = project.run("-n", "0")
    assert again.returncode == 0, again.stdout
    assert project.results()["run"]["complete"]
