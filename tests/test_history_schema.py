"""The tables of a history: what migrations make, earlier versions, and both kinds of database."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner
from sqlalchemy import select, text

from hubble_qa.checks.trends.drift import Drift
from hubble_qa.command.main import main
from hubble_qa.reports.collect.results import results_text
from hubble_qa.reports.history import tables
from hubble_qa.reports.history.database import reading, writing
from hubble_qa.reports.history.decisions import Decision, apply
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.keeping import add
from hubble_qa.reports.history.memory import memories_of, with_references
from hubble_qa.reports.history.past import outcomes_of
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
    first_version(place).close()
    assert len(run(place, "list").splitlines()) == 4
    last = season()[3]
    found = add(last, results_text(last), place, CHANNEL)
    assert (found.measurements, found.new_series, found.changes) == (3, 0, 0)
    assert "drizzlepac 3.11.0 → 3.12.0:" in run(place, "compare", "20260102", "20260104").splitlines()
    assert "fits are better now" in run(place, "baseline", "--channel", CHANNEL)
    # The baseline holds: the value of b, from which it was accepted, is no candidate any more.
    chosen = run(place, "accept", "--channel", CHANNEL, "--dry-run").splitlines()
    assert [line.split()[2] for line in chosen[1:-1]] == ["a:"]


def first_version(place: Place) -> sqlite3.Connection:
    assert place.file is not None
    place.file.parent.mkdir()
    connection = sqlite3.connect(place.file)
    connection.executescript(FIRST.read_text(encoding="utf-8"))
    return connection


def test_series_of_the_first_version_are_what_they_would_be_now(tmp_path: Path) -> None:
    old, new = place_of(str(tmp_path / "old")), place_of(str(tmp_path / "new"))
    first_version(old).close()
    for each in season()[:3]:
        add(each, results_text(each), new, CHANNEL)
    with reading(old) as connection:
        (decision,) = connection.execute(select(tables.baseline)).mappings()
    with writing(new) as connection:
        named = {"dataset": "wfpc2-omega-cen", "criterion": "AST-002", "subject": "b", "unit": "pix"}
        known = {name: decision[name] for name in ("identifier", "product", "who", "made", "reason")}
        run_of = "20260103T020000-abc123"
        assert apply(connection, CHANNEL, Decision(**named, **known, run=run_of, value=0.15, tolerance=0.02))
    for table in (tables.series_state, tables.outcome, tables.reference):
        several = []
        for place in (old, new):
            with reading(place) as connection:
                rows = connection.execute(select(table)).all()
            several.append(sorted(map(tuple, rows), key=repr))
        # Values of a reference that was given up stay, and are of none.
        kept = [row for row in several[1] if table is not tables.reference or row in several[0]]
        assert several[0] == kept
        assert several[0]


def test_as_much_as_the_first_version_remembered_is_still_known(tmp_path: Path) -> None:
    place = place_of(str(tmp_path / "history"))
    day = "2025-{:02}-{:02}T02:00:00+00:00"
    rule = "04bb49705dc49ef4"
    outcomes = [
        [
            day.format(1 + n // 28, 1 + n % 28),
            f"{n:016x}",
            n != 30,
            0.15 + n / 1e4,
            rule,
            n % 2 == 0,
            None,
            None,
        ]
        for n in range(64)
    ]
    outcomes[12][6] = outcomes[12][0][:11] + "09:00:00+00:00"
    outcomes[40][3] = None
    outcomes[-1][7] = outcomes[31][0]
    reference = [0.15 + n / 1e4 for n in range(66)]
    drift = [80, 0.157, reference, 0.152, 0.001, None, 0.0, 1.5, 0.0, 78, 80]
    with closing(first_version(place)) as connection:
        connection.executemany(
            "INSERT INTO origin VALUES (?, ?, 'align', ?, '{}')",
            [(100 + n, f"{n:016x}", f"{n:016x}") for n in range(64)],
        )
        connection.execute(
            "UPDATE series_memory SET outcomes = ?, drift = ? WHERE series = 3",
            (json.dumps(outcomes), json.dumps(drift)),
        )
        connection.execute("UPDATE series_state SET since = ? WHERE series = 3", (outcomes[31][0],))
        connection.commit()
    with writing(place) as connection:
        found = outcomes_of(connection, [3])[3]
        memory = with_references(connection, memories_of(connection, [3], 3))[3]
    assert [each.when.isoformat() for each in found] == [each[0] for each in outcomes]
    assert [each.key for each in found] == [each[1] for each in outcomes]
    assert [each.accepted for each in found] == [each[2] for each in outcomes]
    assert [each.value for each in found] == [each[3] for each in outcomes]
    assert [each.built for each in found] == [each[5] for each in outcomes]
    assert {each.rule for each in found} == {rule}
    assert [n for n, each in enumerate(found) if each.until] == [12, 63]  # the last until the last run
    assert found[12].last.isoformat() == outcomes[12][6]
    assert found[-1].streak.isoformat() == memory.since == outcomes[31][0]
    expected = Drift(80, 0.157, tuple(reference), 0.152, 0.001, None, 0.0, 1.5, 0.0, 78, 80)
    assert memory == (outcomes[31][0], 64, expected)


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
