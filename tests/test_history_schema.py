"""The tables of a history: what migrations make, earlier versions, and both kinds of database."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner
from sqlalchemy import text

from hubble_qa.command.main import main
from hubble_qa.reports.collect.results import results_text
from hubble_qa.reports.history.database import reading, writing
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.keeping import add
from hubble_qa.reports.history.place import Place, place_of
from hubble_qa.reports.history.tables import VERSION_TABLE, metadata
from tests.postgresql import postgresql, server_url
from tests.test_history_command import CHANNEL, record, season

__all__ = ["postgresql", "server_url"]

FIRST = Path(__file__).with_name("history_first_schema.sql")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return place_of(str(tmp_path / "history"))
    return place_of(request.getfixturevalue("server_url"), tmp_path / "nights")


def test_migrations_make_the_tables_that_are_used(place: Place) -> None:
    with writing(place) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


def test_tables_of_a_later_version_are_refused(place: Place) -> None:
    with writing(place) as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with (
        pytest.raises(HistoryError, match=r"of version 9999, this suite knows .* a later version"),
        writing(place),
    ):
        pass
    with pytest.raises(HistoryError, match="of version 9999"), reading(place):
        pass


def run(place: Place, *arguments: str) -> str:
    where = place.url.replace("+psycopg", "") if place.file is None else str(place.file.parent)
    options = ["--history", where, "--nights", str(place.nights)]
    result = CliRunner().invoke(main, ["history", arguments[0], *options, *arguments[1:]])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_history_of_the_first_version_goes_on(tmp_path: Path) -> None:
    place = place_of(str(tmp_path / "history"))
    assert place.file is not None
    place.file.parent.mkdir()
    with sqlite3.connect(place.file) as connection:
        connection.executescript(FIRST.read_text(encoding="utf-8"))
    assert len(run(place, "list").splitlines()) == 4
    last = season()[3]
    found = add(last, results_text(last), place, CHANNEL)
    assert (found.measurements, found.new_series, found.changes) == (3, 0, 0)
    assert "drizzlepac 3.11.0 → 3.12.0:" in run(place, "compare", "20260102", "20260104").splitlines()
    assert "fits are better now" in run(place, "baseline", "--channel", CHANNEL)
    # The baseline holds: the value of b, from which it was accepted, is no candidate any more.
    chosen = run(place, "accept", "--channel", CHANNEL, "--dry-run").splitlines()
    assert [line.split()[2] for line in chosen[1:-1]] == ["a:"]


def test_both_databases_answer_the_same(tmp_path: Path, server_url: str) -> None:
    answers = []
    for place in (place_of(str(tmp_path / "history")), place_of(server_url, tmp_path / "nights")):
        record(place, *season())
        found = [
            run(place, "list"),
            run(place, "show", "20260103"),
            run(place, "compare", "20260101", "20260103", "--markdown"),
            run(place, "accept", "--channel", CHANNEL, "--reason", "as it should be", "--who", "Ann"),
            run(place, "baseline", "--channel", CHANNEL, "--all"),
            run(place, "export", str(tmp_path / "values.ecsv")),
            (tmp_path / "values.ecsv").read_text(encoding="utf-8"),
            run(place, "prune", "--older-than", "1"),
            run(place, "rebuild"),
            run(place, "show", "20260103"),
        ]
        answers.append([re.sub(r"\d{4}-\d\d-\d\d  Ann", "today  Ann", each) for each in found])
    for one, other in zip(*answers, strict=True):
        assert one == other
