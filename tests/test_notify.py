"""Runs that tell somebody: what changed, in the summary, the report and on the input of a command."""

from __future__ import annotations

import pytest

from hubble_qa.reports.session.notifying import occasions
from tests.small_project import SmallProject, project

__all__ = ["project"]

NIGHTLY = ("-q", "-n", "0", "--history", "history", "--channel", "nightly")


def test_a_run_tells_what_changed_and_only_if_something_did(project: SmallProject) -> None:
    told = project.path / "told.md"
    notify = ("--notify", f"cat >> {told}", "--notify-on", "new,fixed,drift")
    project.run(*NIGHTLY, *notify)
    assert not told.exists()  # the first run, in which nothing is new
    project.dataset(add=60.0)
    second = project.run(*NIGHTLY, *notify, "--summary", "summary.md")
    text = told.read_text(encoding="utf-8")
    assert text == (project.path / "summary.md").read_text(encoding="utf-8")
    assert "4 new failure" in text
    assert "setting add of" in text
    index = (project.path / "report" / "index.html").read_text(encoding="utf-8")
    assert "What changed since the run of" in index
    assert (project.path / "report" / "history.html").exists()
    third = project.run(*NIGHTLY, *notify)
    assert told.read_text(encoding="utf-8") == text
    project.dataset()
    project.run(*NIGHTLY, *notify)
    assert "4 fixed" in told.read_text(encoding="utf-8").removeprefix(text)
    assert (second.returncode, third.returncode) == (1, 1)


def test_every_run_is_told_where_nothing_else_is_asked_for(project: SmallProject) -> None:
    command = 'cat > told.md; echo "$QA_EXIT_STATUS $QA_PAGE" > facts'
    project.run("-q", "-n", "0", "--notify", command)
    assert (project.path / "told.md").read_text(encoding="utf-8").startswith("# Hubble imaging QA")
    page = project.path / "report" / "index.html"
    assert (project.path / "facts").read_text(encoding="utf-8") == f"0 {page}\n"


def test_a_history_that_is_away_is_an_occasion_to_tell(project: SmallProject) -> None:
    project.run(*NIGHTLY)
    (project.path / "history" / "history.sqlite").write_bytes(b"damaged" * 1000)
    ran = project.run(*NIGHTLY, "--notify", "cat > told.md", "--notify-on", "new")
    assert ran.returncode == 0
    assert "Not recorded in the history" in ran.stdout
    assert (project.path / "told.md").exists()


def test_a_command_that_fails_costs_a_line_and_nothing_else(project: SmallProject) -> None:
    ran = project.run("-q", "-n", "0", "--notify", "echo no such room >&2; exit 3")
    assert ran.returncode == 0
    line = "--notify: echo no such room >&2; exit 3: exit status 3: no such room"
    assert line in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--history", "history", "--notify-on", "new,odd"), "--notify-on: odd: give some of new, fixed"),
        (("--notify-on", "new"), "--notify-on: without --history nothing is known to be new"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(
    project: SmallProject, arguments: tuple[str, ...], message: str
) -> None:
    ran = project.run("-q", *arguments)
    assert ran.returncode == 4
    assert message in ran.stdout + ran.stderr


def test_words_are_taken_with_commas_and_blanks() -> None:
    assert occasions(" new , drift,") == ("new", "drift")
    assert occasions("") == ()
