"""The recipes of docs/nightly.md: what they tell to run is run, in a small project."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.small_project import ROOT, SmallProject, project

__all__ = ["project"]

PAGE = (ROOT / "docs" / "nightly.md").read_text(encoding="utf-8")


def block(start: str) -> str:
    """The indented block that begins with a line."""
    lines = PAGE[PAGE.index(f"    {start}") :].splitlines()
    end = next((number for number, line in enumerate(lines) if line and not line.startswith("    ")), None)
    return "\n".join(line[4:] for line in lines[:end]).strip()


def here(command: str, project: SmallProject) -> str:
    """A command of the recipes for a small project: its directories, no network, mail to a file."""
    binaries = Path(sys.executable).parent
    mail = r"""mail -s ("[^"]*") somebody@example.org"""
    command = re.sub(mail, rf"(echo \1; cat) > {project.path}/mail", command)
    command = re.sub(r"(/opt/hubble-imaging-qa/)?\.venv/bin", str(binaries), command)
    for old, new in (
        ("/opt/hubble-imaging-qa", str(project.path)),
        ("/data/newest/bin", str(binaries)),
        ("/data", f"{project.path}/data"),
        (" --archive mast --context hst_1234.pmap", ""),
        (" qa/ ", " "),
        (" -n 4 ", " -n 0 "),
    ):
        command = command.replace(old, new)
    return command


def run(command: str, project: SmallProject, **variables: str) -> subprocess.CompletedProcess[str]:
    paths = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**project.environment, "PATH": paths, **variables}
    (project.path / "data").mkdir(exist_ok=True)
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=project.path, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.slow  # several runs, each from a cold start
def test_the_lines_of_cron_mail_what_is_new_and_prune(project: SmallProject) -> None:
    night, week = block("# m h dom mon dow").splitlines()[1:]
    minute, hour, *every, command = night.split(None, 5)
    assert (minute, hour, every) == ("0", "2", ["*", "*", "*"])
    command = here(command.replace(r"\%", "%"), project)  # as cron reads it
    data = project.path / "data"
    assert run(command, project).returncode == 0
    assert (data / "qa-history" / "history.sqlite").exists()
    assert [*(data / "reports").glob("20??-??-??/history.html")]
    assert not (project.path / "mail").exists()
    project.dataset(add=60.0)
    assert run(command, project).returncode == 1
    subject, *text = (project.path / "mail").read_text(encoding="utf-8").splitlines()
    assert subject == "Hubble QA"
    assert "4 new failure" in "\n".join(text)
    pruned = run(here(week.split(None, 5)[5], project), project)
    assert pruned.returncode == 0, pruned.stderr


def test_the_units_of_systemd_run_what_they_say(project: SmallProject) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(block("[Unit]\n    Description=Hubble imaging QA\n"))
    service = unit["Service"]
    script = project.path / "tell.sh"
    script.write_text(here(block("#!/bin/sh"), project), encoding="utf-8")
    script.chmod(0o755)
    name, _, value = here(service["Environment"], project).partition("=")
    project.run("-q", "-n", "0", "--history", "data/qa-history", "--channel", "nightly")
    project.dataset(add=60.0)
    assert run(here(service["ExecStart"], project), project, **{name: value}).returncode == 1
    assert "exit status 1: " in (project.path / "mail").read_text(encoding="utf-8")
    assert run(here(service["ExecStopPost"], project), project, **{name: value}).returncode == 0


def test_the_steps_of_the_job_of_ci_leave_a_summary(project: SmallProject) -> None:
    steps = re.findall(r"run: (.*)", block("name: nightly"))
    install, night, summary = steps
    assert install == "pip install -c constraints.txt -e ."
    assert (ROOT / "constraints.txt").exists()
    variables = {"GITHUB_STEP_SUMMARY": str(project.path / "step")}
    assert run(here(night, project), project, **variables).returncode == 0
    assert run(here(summary, project), project, **variables).returncode == 0
    assert "The first run of channel nightly" in (project.path / "step").read_text(encoding="utf-8")
    assert (project.path / ".qa" / "history" / "history.sqlite").exists()


def test_the_newest_versions_are_compared_with_the_last_night(project: SmallProject) -> None:
    environment, install, night, compare = block("python3 -m venv /data/newest").splitlines()
    asked = install.partition("--upgrade -e . ")[2].split()
    required = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert asked
    assert {*asked} <= {re.split(r"[^A-Za-z0-9-]", each)[0] for each in required}
    assert install.startswith(f"{environment.split()[-1]}/bin/pip install ")
    assert run(here(night, project).replace("newest-versions", "nightly"), project).returncode == 0
    project.dataset(add=1e-7)
    assert run(here(night, project), project).returncode == 0
    compared = run(here(compare, project), project)
    assert compared.returncode == 0, compared.stderr
    assert "PHT-001" in compared.stdout


@pytest.mark.parametrize("word", ["new", "fixed", "drift", "flaky", "chronic", "moved"])
def test_the_occasions_are_those_that_there_are(word: str) -> None:
    from hubble_qa.reports.session.notifying import OCCASIONS

    assert word in OCCASIONS
    assert len(OCCASIONS) == 6
    assert f"`{word}`" in PAGE
