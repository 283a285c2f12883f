"""Runs that keep a history: --history, what the terminal says, and that it costs a run nothing."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from click.testing import CliRunner

from hubble_qa.command.main import main
from hubble_qa.reports.history import database
from hubble_qa.reports.history.database import HEAD
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.nights import nights, read_night
from hubble_qa.reports.history.place import file_system, place_of, valid_channel
from tests.small_project import SmallProject, project

__all__ = ["project"]


def query(path: Path, statement: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(path / "history.sqlite") as connection:
        return connection.execute(statement).fetchall()


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_is_recorded_and_says_so(project: SmallProject, workers: str) -> None:
    kept = project.path / "history"
    first = project.run("-q", "-n", workers, "--history", "history", "--channel", "nightly")
    assert "History: 7 values recorded in channel nightly of history, no changes" in first.stdout
    other = project.run("-q", "-n", "0", QA_HISTORY="history")
    assert "History: 7 values recorded in channel local of history, no changes" in other.stdout
    project.dataset(add=60.0)
    last = project.run("-q", "-n", workers, "--channel", "nightly", QA_HISTORY="history")
    # Two values of each of two exposures.
    assert query(kept, "SELECT kind, COUNT(*) FROM change GROUP BY kind") == [("new failure", 4)]
    assert "History: 7 values recorded in channel nightly of history, 4 changes" in last.stdout
    assert query(kept, "SELECT channel, rejected, built, complete FROM run ORDER BY id") == [
        ("nightly", 0, 3, 1), ("local", 0, 0, 1), ("nightly", 4, 3, 1),
    ]  # fmt: skip
    assert query(kept, "SELECT COUNT(*) FROM measurement") == [(21,)]
    (causes,) = query(kept, "SELECT DISTINCT causes FROM change")
    assert "60.0" in str(causes)
    two = list(nights(kept / "nights", "nightly"))
    assert [read_night(path).run.exit_status for path in two] == [first.returncode, last.returncode] == [0, 1]
    assert read_night(two[1]).run.identifier == project.results()["run"]["identifier"]


def test_a_part_is_recorded_as_a_part(project: SmallProject) -> None:
    project.run("-q", "--history", "history")
    part = project.run("-q", "--history", "history", "-k", "spread")
    assert part.returncode == 0
    assert "History: 2 values recorded in channel local of history, no changes" in part.stdout
    assert query(project.path / "history", "SELECT complete FROM run ORDER BY id") == [(1,), (0,)]


def test_pages_are_made_again_with_those_of_the_history(project: SmallProject) -> None:
    project.run("-q", "-n", "0", "--history", "history")
    results, again = project.path / "report" / "results.json", project.path / "again"
    built = ["report", "build", str(results), "--to", str(again), "--history"]
    done = CliRunner().invoke(main, [*built, str(project.path / "history")])
    assert done.exit_code == 0, done.output
    assert {each.name for each in again.glob("*.html")} == {
        each.name for each in (project.path / "report").glob("*.html")
    }
    project.run("-q", "-n", "0")
    done = CliRunner().invoke(main, [*built, str(project.path / "history")])
    assert done.exit_code == 1
    assert "record it first" in done.output


def test_an_ini_file_names_the_history(project: SmallProject) -> None:
    ini = project.path / "pytest.ini"
    more = "qa_history = kept\nqa_channel = weekly\nqa_nights = elsewhere\n"
    ini.write_text(ini.read_text(encoding="utf-8") + more, encoding="utf-8")
    ran = project.run("-q", "-k", "spread")
    assert "2 values recorded in channel weekly of kept" in ran.stdout
    assert len(list(nights(project.path / "elsewhere", "weekly"))) == 1


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("mysql://here/there", "give a directory, or the URL of a PostgreSQL database"),
        ("test_small.py", "test_small.py is no directory"),
    ],
)
def test_what_is_no_history_is_refused_before_anything_is_built(
    project: SmallProject, place: str, line: str
) -> None:
    ran = project.run("-q", "--history", place)
    assert ran.returncode == 4
    (told,) = [each for each in (ran.stdout + ran.stderr).splitlines() if "ERROR" in each]
    assert told.startswith("ERROR: --history: ")
    assert line in told
    assert not project.builds()


def test_a_database_that_is_no_database_costs_one_line(project: SmallProject) -> None:
    broken = project.path / "history"
    broken.mkdir()
    (broken / "history.sqlite").write_text("this is no database " * 100, encoding="utf-8")
    ran = project.run("-q", "--history", "history", "-k", "spread")
    assert ran.returncode == 0
    (line,) = [each for each in ran.stdout.splitlines() if "Not recorded" in each]
    assert "file is not a database" in line
    (kept,) = nights(broken / "nights", "local")
    assert f"(the results are kept: {kept})" in line
    assert (project.path / "report" / "index.html").exists()


def test_a_server_that_is_away_costs_one_line(project: SmallProject) -> None:
    url = "postgresql://qa:secret@127.0.0.1:9/history"
    ran = project.run("-q", "--history", url, "-k", "spread")
    assert ran.returncode == 0
    (line,) = [each for each in ran.stdout.splitlines() if "Not recorded" in each]
    assert "secret" not in ran.stdout.replace(f"--history {url}", "")
    assert "127.0.0.1" in line
    assert len(list(nights(project.path / "qa-nights", "local"))) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_place_that_cannot_be_written_costs_one_line(project: SmallProject) -> None:
    ran = project.run("-q", "--history", "/proc/nowhere", "-k", "spread")
    assert ran.returncode == 0
    (line,) = [each for each in ran.stdout.splitlines() if "Not recorded" in each]
    assert "/proc/nowhere/nights/local" in line


def test_a_run_without_a_history_imports_nothing_of_it(project: SmallProject) -> None:
    (project.path / "conftest.py").write_text(
        (project.path / "conftest.py").read_text(encoding="utf-8")
        + "\n\ndef pytest_unconfigure(config):\n    import sys\n"
        + "    print('IMPORTED', sorted({'sqlalchemy', 'alembic'} & set(sys.modules)))\n",
        encoding="utf-8",
    )
    # In an interpreter of its own, which has imported nothing.
    ran = project.run("-q", "-s", "-k", "spread", PYTHONHASHSEED="1")
    assert "IMPORTED []" in ran.stdout


def mounts(tmp_path: Path, *lines: tuple[str, str]) -> Path:
    path = tmp_path / "mountinfo"
    text = (f"36 35 98:0 / {point} rw,noatime master:1 - {kind} somewhere rw" for point, kind in lines)
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


def test_the_file_system_of_a_place_is_that_of_the_nearest_mount(tmp_path: Path) -> None:
    table = mounts(
        tmp_path, ("/", "ext4"), ("/data", "nfs4"), ("/data/fast\\040disk", "xfs"), ("/database", "ext4")
    )
    found = {
        "/data": "nfs4",
        "/data/a/b": "nfs4",
        "/data/fast disk/x": "xfs",
        "/database/x": "ext4",
        "/home": "ext4",
    }
    assert {path: file_system(Path(path), table) for path in found} == found
    assert file_system(Path("/data"), tmp_path / "none") == ""


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "lustre", "9p"])
def test_a_network_file_system_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    table = mounts(tmp_path, ("/", "ext4"), (str(tmp_path / "far"), kind))
    monkeypatch.setattr("hubble_qa.reports.history.place.file_system", lambda path: file_system(path, table))
    with pytest.raises(HistoryError) as caught:
        place_of(str(tmp_path / "far" / "history"))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/far/history is on a network file system ({kind})")
    assert "\n" not in message
    assert place_of(str(tmp_path / "near")).file == tmp_path / "near" / "history.sqlite"


def test_passwords_are_not_told() -> None:
    place = place_of("postgresql://qa:secret@host/history")
    assert "secret" not in place.name
    assert place.url == "postgresql+psycopg://qa:secret@host/history"


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "a b", "x" * 65])
def test_a_channel_has_a_plain_name(name: str) -> None:
    with pytest.raises(HistoryError, match="names no channel"):
        valid_channel(name)


def test_the_version_of_the_tables_is_that_of_the_last_migration() -> None:
    directory = ScriptDirectory(str(Path(str(database.__file__)).with_name("migrations")))
    assert directory.get_current_head() == HEAD
