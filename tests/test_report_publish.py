"""Where a report may be written, and what happens to what is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hubble_qa.reports.pages.publish import MARKER, ReportError, replacing, withdraw


def publish(directory: Path, **files: str) -> None:
    with replacing(directory) as partial:
        for name, content in files.items():
            (partial / name).write_text(content)


def contents(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir() if path.name != MARKER}


def test_a_report_is_written_to_a_new_place(tmp_path: Path) -> None:
    publish(tmp_path / "a" / "report", page="1")
    assert contents(tmp_path / "a" / "report") == {"page": "1"}
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["report"]


def test_an_empty_directory_is_filled(tmp_path: Path) -> None:
    publish(tmp_path, page="1")
    assert contents(tmp_path) == {"page": "1"}


def test_a_report_replaces_an_earlier_one_and_nothing_else(tmp_path: Path) -> None:
    report = tmp_path / "report"
    publish(report, page="1", gone="1")
    (report / "junit.xml").write_text("the user's")
    publish(report, page="2")
    publish(report, page="3")
    assert contents(report) == {"page": "3", "junit.xml": "the user's"}
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_file_of_the_user_is_kept_where_the_report_needs_its_name(tmp_path: Path) -> None:
    publish(tmp_path / "report", page="1")
    (tmp_path / "report" / "notes").write_text("the user's")
    publish(tmp_path / "report", notes="the report's")
    assert contents(tmp_path / "report") == {"notes": "the report's", "notes.kept": "the user's"}


@pytest.mark.parametrize("marker", [None, "", "[]", '{"entries": 5}'])
def test_a_directory_of_something_else_is_refused_untouched(tmp_path: Path, marker: str | None) -> None:
    (tmp_path / "thesis.tex").write_text("three years")
    if marker is not None:
        (tmp_path / MARKER).write_text(marker)
    with pytest.raises(ReportError, match="holds no report") as caught:
        publish(tmp_path, page="1")
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert contents(tmp_path) == {"thesis.tex": "three years"}


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file")
    with pytest.raises(ReportError, match="is a file"):
        publish(tmp_path / "report", page="1")


def test_a_place_below_a_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(ReportError, match="cannot write the report"):
        publish(tmp_path / "file" / "report", page="1")


def test_an_error_while_writing_leaves_the_earlier_report(tmp_path: Path) -> None:
    publish(tmp_path / "report", page="1")

    def render() -> None:
        with replacing(tmp_path / "report") as partial:
            (partial / "page").write_text("half")
            raise KeyError("criterion")

    with pytest.raises(KeyError):
        render()
    assert contents(tmp_path / "report") == {"page": "1"}
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="No space left"), replacing(tmp_path / "report"):
        raise OSError(28, "No space left on device")


def test_a_link_to_a_directory_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "report").symlink_to(tmp_path / "disk")
    publish(tmp_path / "report", page="1")
    publish(tmp_path / "report", page="2")
    assert (tmp_path / "report").is_symlink()
    assert contents(tmp_path / "disk") == {"page": "2"}


KILLED = """
import os, signal, sys
from pathlib import Path
from hubble_qa.reports.pages import publish
target, moment = Path(sys.argv[1]), sys.argv[2]
rename = Path.rename
def die(self, to):
    if moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    rename(self, to)
    os.kill(os.getpid(), signal.SIGKILL)
Path.rename = die
with publish.replacing(target) as partial:
    (partial / "page").write_text("new")
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_next_run_clears_up_after_one_that_was_killed(tmp_path: Path, moment: str) -> None:
    report = tmp_path / "report"
    publish(report, page="1")
    (report / "junit.xml").write_text("the user's")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(report), moment], env=environment, check=False)
    assert killed.returncode == -9
    publish(report, page="2")
    assert contents(report) == {"page": "2", "junit.xml": "the user's"}
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_run_that_writes_at_the_same_time_is_left_alone(tmp_path: Path) -> None:
    with replacing(tmp_path / "report") as partial:
        publish(tmp_path / "report", page="other")
        (partial / "page").write_text("mine")
    assert contents(tmp_path / "report") == {"page": "mine"}


def test_a_report_that_is_withdrawn_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    report = tmp_path / "report"
    publish(report, page="1")
    (report / "notes").write_text("the user's")
    withdraw(report)
    assert [path.name for path in report.iterdir()] == ["notes"]
    withdraw(report)
    assert (report / "notes").exists()
    withdraw(tmp_path / "none")
    publish(tmp_path / "other", page="1")
    (tmp_path / "other" / MARKER).write_text('{"entries": [".", "..", "../report", "page"]}')
    withdraw(tmp_path / "other")
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
