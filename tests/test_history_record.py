"""Recording runs: what is measured, what series came to, what changed and why; several writers; late runs."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hubble_qa.reports.collect.results import DERIVED, Results, results_text
from hubble_qa.reports.history import database, tables
from hubble_qa.reports.history.changes import Changes
from hubble_qa.reports.history.database import reading, writing
from hubble_qa.reports.history.decisions import Decision, apply
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.keeping import add, catch_up, rebuild
from hubble_qa.reports.history.nights import keep, nights, read_night
from hubble_qa.reports.history.place import Place, place_of
from hubble_qa.reports.history.pruning import prunable, prune
from hubble_qa.reports.history.reasons import causes_of_text
from tests.history_samples import Reduction, judged, night
from tests.postgresql import postgresql, server_url

__all__ = ["postgresql", "server_url"]

CHANNEL = "nightly"
OLD = Reduction()
NEW = Reduction(tools={"drizzlepac": "3.12.0"})


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty history."""
    if request.param == "sqlite":
        return place_of(str(tmp_path / "history"))
    return place_of(request.getfixturevalue("server_url"), tmp_path / "nights")


def record(place: Place, *several: Results, channel: str = CHANNEL) -> None:
    for each in several:
        add(each, results_text(each), place, channel)


def changes(place: Place) -> list[tuple[int, str, str, list[str]]]:
    """Number of the run, subject, kind and causes of what is told."""
    with reading(place) as connection:
        rows = connection.execute(
            select(tables.run.c.id, tables.series.c.subject, tables.change.c.kind, tables.change.c.causes)
            .join(tables.run, tables.run.c.id == tables.change.c.run)
            .join(tables.series, tables.series.c.id == tables.change.c.series)
            .order_by(tables.run.c.started, tables.series.c.subject, tables.change.c.kind)
        )
        return [(row[0], row[1], row[2], [each.text for each in causes_of_text(row[3])]) for row in rows]


def rows(place: Place, table: Any) -> list[Mapping[str, Any]]:
    with reading(place) as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def everything(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables but when they were recorded."""
    with reading(place) as connection:
        return {
            table.name: sorted(
                tuple(repr(row[c.name]) for c in table.columns if c.name != "recorded")
                for row in connection.execute(select(table)).mappings()
            )
            for table in tables.metadata.sorted_tables
        }


def season() -> Iterator[Results]:
    """Ten nights: the second builds nothing, the fourth has another tool, the sixth is partial."""
    for number in range(10):
        reduction = OLD if number < 3 else NEW
        rms = 0.150 if number < 3 else 0.230
        verdicts = [judged("u5jx010hr_flt", rms, reduction), judged("u5jx0108r_flt", 0.120, reduction)]
        reused = number not in (0, 3)
        yield night(
            number, verdicts[: 1 if number == 5 else 2], reduction, reused=reused, complete=number != 5
        )


def test_a_run_is_recorded_with_all_that_its_values_are_of(place: Place) -> None:
    one = night(0, [judged("a", 0.15, OLD), judged("b", None, OLD)], OLD)
    record(place, one)
    (run,) = rows(place, tables.run)
    assert (run["identifier"], run["channel"], run["rejected"], run["complete"]) == (
        one.run.identifier, CHANNEL, 0, True,
    )  # fmt: skip
    a, b = rows(place, tables.series)
    assert (a["subject"], a["criterion"], a["unit"], a["instrument"]) == ("a", "AST-002", "pix", "WFPC2")
    found = {each["series"]: each for each in rows(place, tables.measurement)}
    assert (found[a["id"]]["value"], found[a["id"]]["uncertainty"]) == (0.15, 0.01)
    assert found[b["id"]]["value"] is None
    assert tables.STATUSES[found[b["id"]]["status"]] == "not applicable"
    products = {each["key"]: each for each in rows(place, tables.product)}
    assert {each["node"] for each in products.values()} == {"fetch", "align"}  # nothing is of the image
    (limits,) = {each["rule"] for each in rows(place, tables.limits)}
    (rule,) = rows(place, tables.rule)
    assert (limits, rule["upper"], rule["lower"], rule["bounds"]) == (rule["id"], 0.2, None, "≤ 0.2 pix")


def test_the_results_of_each_run_are_kept(place: Place) -> None:
    several = tuple(season())
    record(place, *several)
    kept = list(nights(place.nights, CHANNEL))
    assert [read_night(path) for path in kept] == list(several)
    assert kept[0].relative_to(place.nights).as_posix() == "nightly/2026-01-01/20260101T020000-abc123.json.gz"
    assert [each["results"] for each in rows(place, tables.run)] == [
        path.relative_to(place.nights).as_posix() for path in kept
    ]


def test_a_change_is_told_once_in_its_night_with_its_cause(place: Place) -> None:
    record(place, *season())
    version = ["drizzlepac 3.11.0 → 3.12.0"]
    assert changes(place) == [
        (4, "u5jx010hr_flt", "new failure", version),
    ]


def test_what_a_series_came_to_is_kept_up(place: Place) -> None:
    record(place, *season())
    states = {each["series"]: each for each in rows(place, tables.series_state)}
    names = {each["subject"]: each["id"] for each in rows(place, tables.series)}
    failed, fine = states[names["u5jx010hr_flt"]], states[names["u5jx0108r_flt"]]
    assert (failed["accepted"], failed["since"], failed["streak"]) == (False, "2026-01-04T02:00:00+00:00", 7)
    assert (fine["accepted"], fine["since"], fine["streak"]) == (True, "2026-01-01T02:00:00+00:00", 9)
    assert (failed["run"], fine["run"]) == (10, 10)
    assert (failed["count"], fine["count"]) == (2, 2)  # distinct products, not nights
    assert not failed["missing"]


def test_a_rejection_becomes_chronic_and_is_fixed(place: Place) -> None:
    values = [0.15, *[0.25] * 12, 0.15]
    for number, value in enumerate(values):
        reduction = replace(OLD, tolerance=1.0 if value < 0.2 else 2.0)
        record(
            place, night(number, [judged("a", value, reduction)], reduction, reused=number not in (0, 1, 13))
        )
    told = [(number, kind) for number, _, kind, _ in changes(place) if kind != "moved"]
    assert told == [(2, "new failure"), (12, "chronic"), (14, "fixed")]


def test_a_lost_test_is_missing_of_a_complete_run_only(place: Place) -> None:
    both = [judged("a", 0.15, OLD), judged("b", 0.15, OLD)]
    record(
        place,
        night(0, both, OLD),
        night(1, both[:1], OLD, reused=True, complete=False),
        night(2, both[:1], OLD, reused=True),
        night(3, both[:1], OLD, reused=True),
        night(4, both, OLD, reused=True),
    )
    assert [each[:3] for each in changes(place)] == [(3, "b", "missing")]
    assert not any(each["missing"] for each in rows(place, tables.series_state))


def test_a_dataset_that_was_not_asked_for_is_not_missing(place: Place) -> None:
    other = Reduction(dataset="uvis-ngc6791")
    whole = night(0, [judged("a", 0.15, OLD), judged("b", 0.1, other)], OLD)
    one = night(1, [judged("a", 0.15, OLD)], OLD, reused=True, command=f"pytest qa/ --dataset {OLD.dataset}")
    record(place, whole, one)
    assert changes(place) == []
    record(place, night(2, [judged("a", 0.15, OLD)], OLD, reused=True))
    assert [each[:3] for each in changes(place)] == [(3, "b", "missing")]


def test_what_a_stopped_run_did_not_come_to_is_no_failure(place: Place) -> None:
    fine = judged("a", 0.15, OLD)
    lost = replace(
        judged("b", None, OLD), status="not measured", accepted=False, reason="was not run", products={}
    )
    record(place, night(0, [fine, replace(fine, subject="b")], OLD))
    record(place, night(1, [fine, lost], OLD, reused=True, complete=False))
    assert changes(place) == []
    record(place, night(2, [fine, lost], OLD, reused=True))
    assert [each[:3] for each in changes(place)] == [(3, "b", "new failure")]


def test_another_value_of_the_same_product_is_not_reproducible(place: Place) -> None:
    record(place, night(0, [judged("a", 0.15, OLD)], OLD))
    record(place, night(1, [judged("a", 0.16, OLD)], OLD))
    assert changes(place) == [(2, "a", "not reproducible", ["nothing: same key"])]


def test_a_product_that_comes_back_with_another_value_is_compared_with_itself(place: Place) -> None:
    # A version is tried and taken back; what was there before has another value now, far from the last.
    for number, (value, reduction) in enumerate([(0.15, OLD), (0.10, NEW), (0.16, OLD)]):
        record(place, night(number, [judged("a", value, reduction)], reduction))
    back = ["drizzlepac 3.12.0 → 3.11.0"]
    assert changes(place)[1:] == [
        (3, "a", "moved", back),
        (3, "a", "not reproducible", ["nothing: same key"]),
    ]
    told = {each["kind"]: each["before"] for each in rows(place, tables.change) if each["run"] == 3}
    assert told == {"moved": 0.10, "not reproducible": 0.15}


def test_one_that_something_else_explains_has_moved_once(place: Place) -> None:
    other = {"python": "3.11.9", "numpy": "2.5.0"}
    for number, (value, reduction) in enumerate([(0.15, OLD), (0.10, NEW), (0.16, OLD)]):
        more = {"versions": other} if number == 2 else {}
        record(place, night(number, [judged("a", value, reduction)], reduction, **more))
    assert [each[2] for each in changes(place)[1:]] == ["moved"]


def test_bounds_are_kept_with_their_dates_and_are_a_cause(place: Place) -> None:
    record(place, night(0, [judged("a", 0.15, OLD)], OLD))
    record(place, night(1, [judged("a", 0.15, OLD, upper=0.1)], OLD, reused=True))
    record(place, night(2, [judged("a", 0.15, OLD, upper=0.1)], OLD, reused=True))
    assert changes(place) == [(2, "a", "new failure", ["bounds of AST-002 ≤ 0.2 pix → ≤ 0.1 pix"])]
    rules = {each["id"]: each["upper"] for each in rows(place, tables.rule)}
    dated = [(each["valid_from"][:10], rules[each["rule"]]) for each in rows(place, tables.limits)]
    assert sorted(dated) == [("2026-01-01", 0.2), ("2026-01-02", 0.1)]


def test_a_run_is_recorded_once(place: Place) -> None:
    one = night(0, [judged("a", 0.15, OLD)], OLD)
    record(place, one)
    assert add(one, results_text(one), place, CHANNEL).already
    assert len(rows(place, tables.run)) == 1


def test_channels_do_not_mix(place: Place) -> None:
    record(place, night(0, [judged("a", 0.15, OLD)], OLD))
    record(place, night(1, [judged("b", 0.25, OLD)], OLD), channel="release")
    assert [(each["subject"], each["channel"]) for each in rows(place, tables.series)] == [
        ("a", "nightly"), ("b", "release"),
    ]  # fmt: skip
    assert [each[:3] for each in changes(place)] == [(2, "b", "new failure")]


def test_a_channel_is_of_one_kind_of_data(place: Place) -> None:
    record(place, night(0, [judged("a", 0.15, OLD)], OLD))
    other = night(1, [judged("a", 0.15, OLD)], OLD, archive="simulated", size="small")
    with pytest.raises(
        HistoryError, match="channel nightly is of real data, this run of simulated data of small"
    ):
        record(place, other)
    assert len(rows(place, tables.run)) == 1
    assert len(list(nights(place.nights, CHANNEL))) == 2


def test_a_late_run_does_not_take_back_what_later_ones_said(place: Place) -> None:
    record(place, night(0, [judged("a", 0.15, OLD)], OLD), night(2, [judged("a", 0.25, NEW)], NEW))
    late = night(1, [judged("a", 0.15, OLD), judged("b", 0.1, OLD)], OLD, reused=True)
    assert add(late, results_text(late), place, CHANNEL).late
    assert len(rows(place, tables.measurement)) == 4
    failed = rows(place, tables.series_state)[0]
    assert (failed["accepted"], failed["value"]) == (False, 0.25)


def test_a_late_run_is_one_night_more_of_what_later_ones_left_out(place: Place) -> None:
    both = [judged("a", 0.15, OLD), judged("b", 0.1, OLD)]
    record(place, night(0, both, OLD), night(2, both[:1], OLD, reused=True, complete=False))
    record(place, night(1, both, OLD, reused=True))
    states = rows(place, tables.series_state)
    assert [(each["run"], each["streak"]) for each in states] == [(2, 2), (3, 2)]


def test_a_night_without_a_database_is_caught_up_with_by_the_next(place: Place) -> None:
    several = list(season())
    straight = place_of(str(place.nights.parent / "straight"))
    record(straight, *several)
    record(place, *several[:2])
    for each in several[2:4]:
        keep_only(each, place)
    record(place, *several[4:])
    assert everything(place) == everything(straight)


def keep_only(results: Results, place: Place) -> None:
    keep(results_text(results), results.run, place.nights, CHANNEL)


def test_a_night_that_cannot_be_read_does_not_stop_those_after_it(place: Place) -> None:
    first, second, third = list(season())[:3]
    record(place, first)
    keep_only(second, place)
    broken = list(nights(place.nights, CHANNEL))[1]
    broken.write_bytes(b"no results")
    found = add(third, results_text(third), place, CHANNEL)
    assert (found.measurements, found.unrecorded) == (2, 1)


def test_catching_up_says_what_it_could_not_record(place: Place) -> None:
    several = list(season())
    for each in several:
        keep_only(each, place)
    broken = next(nights(place.nights, CHANNEL))
    broken.write_bytes(broken.read_bytes()[:100])
    caught = catch_up(place)
    assert caught.recorded == 9
    (problem,) = caught.problems
    assert str(broken) in problem
    assert "\n" not in problem


def test_the_database_is_made_again_from_the_nights(place: Place) -> None:
    record(place, *season())
    record(place, night(3, [judged("b", 0.25, OLD)], OLD), channel="release")
    before = everything(place)
    with writing(place) as connection:
        connection.execute(tables.measurement.delete())
        connection.execute(tables.series_state.update().values(streak=0))
    assert everything(place) != before
    assert rebuild(place).recorded == 11
    assert everything(place) == before


def test_what_series_remember_outlives_their_runs(place: Place) -> None:
    for number, each in enumerate((OLD, NEW, replace(NEW, tolerance=2.0), replace(NEW, tolerance=3.0))):
        record(place, night(number, [judged("a", 0.15, each)], each))
    lasting = tables.outcome, tables.reference, tables.origin, tables.rule, tables.series_state
    before = [rows(place, table) for table in lasting]
    with writing(place) as connection:
        chosen = prunable(connection, 1, everything=True)
        prune(connection, chosen)
    assert [number for number, *_ in chosen] == [2, 3]
    assert [rows(place, table) for table in lasting] == before
    # The product of a night that is gone is known, and no other value of the series.
    record(place, night(4, [judged("a", 0.15, NEW)], NEW))
    (state,) = rows(place, tables.series_state)
    assert (state["count"], state["outcomes"]) == (4, 5)


def test_the_run_of_a_baseline_is_not_pruned(place: Place) -> None:
    for number in range(5):
        record(place, night(number, [judged("a", 0.15, OLD)], OLD, reused=number > 0))
    with writing(place) as connection:
        assert [number for number, *_ in prunable(connection, 1)] == [2, 3, 4]
        identifier = rows(place, tables.run)[2]["identifier"]
        decision = Decision(
            "d1", OLD.dataset, "AST-002", "a", "pix", 0.15, 0.02, identifier, "", "Ann",
            "2026-02-01T09:00:00+00:00", "it is right",
        )  # fmt: skip
        assert apply(connection, CHANNEL, decision)
        assert [number for number, *_ in prunable(connection, 1)] == [2, 4]


def test_a_value_that_is_told_no_longer_is_told_once(place: Place) -> None:
    other = replace(NEW, tolerance=2.0)
    for number, (value, reduction) in enumerate([(0.15, OLD), (None, NEW), (None, other)]):
        record(place, night(number, [judged("a", value, reduction)], reduction))
    assert [each[:3] for each in changes(place)] == [(2, "a", "no longer told")]


def test_a_night_that_builds_nothing_is_looked_at_where_it_differs(place: Place) -> None:
    fine = judged("a", 0.15, OLD)
    record(place, night(0, [fine], OLD))
    record(place, night(1, [replace(fine, status="warn")], OLD, reused=True))
    assert tables.STATUSES[rows(place, tables.series_state)[0]["status"]] == "warn"
    assert changes(place) == []
    record(place, night(2, [replace(fine, status="warn", value=0.151)], OLD, reused=True))
    assert changes(place) == [(3, "a", "not reproducible", ["nothing: same key"])]


def test_what_the_history_judged_itself_is_no_series(place: Place) -> None:
    drift = judged("AST-002 a", 0.2, OLD, criterion=f"{DERIVED}001")
    record(place, night(0, [judged("a", 0.15, OLD), drift], OLD))
    assert [each["criterion"] for each in rows(place, tables.series)] == ["AST-002"]


def test_a_transaction_that_breaks_off_leaves_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (night(number, [judged("a", 0.1 + number, OLD)], OLD) for number in (0, 1))
    record(place, one)
    before = everything(place)

    def broken(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Changes, "record", broken)
        with pytest.raises(
            HistoryError, match=r"No space left on device .*the results are kept: .*\.json\.gz"
        ):
            record(place, two)
    assert everything(place) == before
    record(place, two)
    assert len(rows(place, tables.run)) == 2


def in_a_child(work: Callable[[], None]) -> int | None:
    """Do something in a process of its own, and return how it ended."""
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join(60)
    return child.exitcode


def test_a_run_that_is_killed_while_it_records_leaves_nothing_half(place: Place) -> None:
    one, two = (night(number, [judged("a", 0.1 + number, OLD)], OLD) for number in (0, 1))
    record(place, one)
    before = everything(place)

    def killed() -> None:
        def kill(*_: object) -> int:
            os.kill(os.getpid(), signal.SIGKILL)
            return 0

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Changes, "record", kill)
            record(place, two)

    assert in_a_child(killed) == -signal.SIGKILL
    assert everything(place) == before
    # Its results are kept, and the next run records both.
    record(place, night(2, [judged("a", 0.1, OLD)], OLD, reused=True))
    assert [each["identifier"][:8] for each in rows(place, tables.run)] == [
        "20260101",
        "20260102",
        "20260103",
    ]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    place = place_of(str(tmp_path / "history"))
    record(place, night(0, [judged("a", 0.15, OLD)], OLD))
    before = everything(place)
    many = night(1, [judged(f"exposure {number}", 0.15, OLD) for number in range(2000)], OLD)

    def full() -> None:
        # No file may grow beyond 300 kB: the system then refuses writes as a full disk does.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        try:
            record(place, many)
        except HistoryError as error:
            sys.exit(3 if "the results are kept" in str(error) else 4)

    assert in_a_child(full) == 3
    assert everything(place) == before
    assert len(list(nights(place.nights, CHANNEL))) == 2
    assert catch_up(place).recorded == 1
    assert len(rows(place, tables.measurement)) == 2001


def test_a_database_that_stays_locked_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = place_of(str(tmp_path / "history"))
    record(place, night(0, [judged("a", 0.15, OLD)], OLD))
    monkeypatch.setattr(database, "_PATIENCE", 0.2)
    database._engine.cache_clear()
    assert place.file is not None
    with closing(sqlite3.connect(place.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryError, match="database is locked"):
            record(place, night(1, [judged("a", 0.15, OLD)], OLD, reused=True))
    database._engine.cache_clear()
    assert catch_up(place).recorded == 1


def _write(url: str, directory: Path, writer: int, start: Any) -> None:
    place = replace(place_of(url, directory)) if "://" in url else place_of(url)
    start.wait()
    for number in range(5):
        each = night(number + writer / 10, [judged(f"of {writer}", 0.1 + number / 100, OLD)], OLD)
        record(place, each)


def test_four_writers_at_once_lose_nothing(place: Place) -> None:
    context = multiprocessing.get_context("fork")
    start = context.Event()
    url = place.name if place.file else place.url.replace("+psycopg", "")
    writers = [context.Process(target=_write, args=(url, place.nights, writer, start)) for writer in range(4)]
    for each in writers:
        each.start()
    start.set()
    for each in writers:
        each.join(60)
    assert [each.exitcode for each in writers] == [0] * 4
    assert len(rows(place, tables.run)) == 20
    values = [each["value"] for each in rows(place, tables.measurement)]
    assert sorted(values) == pytest.approx(sorted([0.1, 0.11, 0.12, 0.13, 0.14] * 4))
    assert len(rows(place, tables.series)) == 4


def test_both_databases_hold_the_same(tmp_path: Path, server_url: str) -> None:
    places = place_of(str(tmp_path / "history")), place_of(server_url, tmp_path / "nights")
    for place in places:
        record(place, *season())
    assert everything(places[0]) == everything(places[1])


def test_results_of_an_earlier_schema_are_recorded(place: Place) -> None:
    bare = replace(judged("a", 0.15, OLD), node="", key="", products={}, code="")
    record(place, replace(night(0, [bare], OLD), codes=()), night(1, [judged("a", 0.15, OLD)], OLD))
    assert len(rows(place, tables.measurement)) == 2
