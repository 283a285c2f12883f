"""The version that a report names is that of the code that ran."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from hubble_qa.reports.collect.versions import suite_version, versions

ROOT = Path(__file__).parent.parent


def git(directory: Path, *arguments: str) -> str:
    author = ("-c", "user.name=A", "-c", "user.email=a@b.c")
    command = ["git", "-C", str(directory), *author, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(directory: Path) -> str:
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "--allow-empty", "-m", "a change")
    return git(directory, "rev-parse", "--short=8", "HEAD")


def test_a_clone_has_the_version_of_its_commit(tmp_path: Path):
    git(tmp_path, "init", "-q")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    first = commit(tmp_path)
    assert f"+g{first}" in suite_version(tmp_path)
    git(tmp_path, "tag", "v1.2.3")
    assert suite_version(tmp_path) == "1.2.3"
    second = commit(tmp_path)
    assert suite_version(tmp_path).startswith(f"1.2.4.dev1+g{second}")


def test_elsewhere_it_is_that_of_the_installation(tmp_path: Path):
    assert suite_version(tmp_path) == version("hubble-imaging-qa")


def test_the_command_and_the_report_tell_the_same():
    command = [sys.executable, "-m", "hubble_qa", "--version"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert told == ["hubble-qa", versions()["hubble-imaging-qa"]]
