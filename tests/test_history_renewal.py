"""What a database remembers of series is, night after night, what the plain understanding comes to."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from hubble_qa.checks.trends.drift import Drift, follow, rebase
from hubble_qa.checks.trends.outcomes import MOST_OUTCOMES, Outcome
from hubble_qa.reports.collect.results import Results
from hubble_qa.reports.history import changes, memory, past, rows, tables
from hubble_qa.reports.history.database import writing
from hubble_qa.reports.history.decisions import Decision, apply
from hubble_qa.reports.history.judged import Judged, judged_of, started_at
from hubble_qa.reports.history.memory import Memory, memories_of, with_references
from hubble_qa.reports.history.past import outcomes_of
from hubble_qa.reports.history.place import place_of
from hubble_qa.reports.history.record import record_run
from hubble_qa.reports.history.renewal import renewed
from hubble_qa.reports.history.understand import Limits, Understood, understand
from tests.history_samples import Reduction, judged, night

CHANNEL = "nightly"
SUBJECTS = "a", "b", "c"
TOLERANCE = 0.02
ACCEPTED = 90
"""Night after which somebody accepts a baseline of the first subject."""


def season(seed: int, nights: int) -> Iterator[Results]:
    """Nights of new products, with some that are an earlier one again, and all kinds of verdicts."""
    rng = random.Random(seed)
    for number in range(nights):
        tried = rng.choice([number, number, number, number, max(number - 2, 0), number - number % 4])
        upper, reused = 0.2 + 0.01 * (number // 50), rng.randrange(3) == 0
        reductions = {each: Reduction(tolerance=tried, dataset=each) for each in SUBJECTS}
        verdicts = [
            judged("of it", _value(rng, number), each, upper=upper)
            for each in reductions.values()
            if rng.randrange(20)
        ]
        whole = night(number, verdicts, reductions["a"], reused=reused, complete=False)
        stages = tuple(stage for each in reductions.values() for stage in each.stages(reused=reused))
        yield replace(whole, stages=stages)


def _value(rng: random.Random, number: int) -> float | None:
    if number == 7:
        return rng.choice([0.15, 1.0, 1e-17])
    match rng.randrange(40):
        case 0:
            return 0.3
        case 1:
            return None
        case 2:
            return 0.15 + 0.03 * rng.random()
        case _:
            return 0.15 + 0.002 * rng.gauss(0, 1)


def plainly(state: Understood, each: Judged, results: Results) -> Understood:
    """A series after one night more, by all that there ever was of it."""
    v = each.verdict
    outcome = Outcome(started_at(results.run), each.origin, v.accepted, v.value, each.rule, each.built)
    return understand(state.outcomes, state.drift, outcome, Limits(v.lower, v.upper, v.floor))


def remembered(connection: Connection) -> dict[str, tuple[tuple[Outcome, ...], Memory]]:
    """What the database remembers, by datasets."""
    names = {row.id: row.dataset for row in connection.execute(select(tables.series))}
    memories = {place: memories_of(connection, [place], 0)[place] for place in names}
    memories = with_references(connection, memories)
    outcomes = outcomes_of(connection, list(names))
    return {names[place]: (outcomes[place], memories[place]) for place in names}


def told(connection: Connection) -> list[tuple[str, str]]:
    """Datasets and kinds of what the last run told."""
    last = select(tables.run.c.id).order_by(tables.run.c.id.desc()).limit(1)
    wanted = select(tables.series.c.dataset, tables.change.c.kind).join(
        tables.change, tables.change.c.series == tables.series.c.id
    )
    return sorted((row[0], row[1]) for row in connection.execute(wanted.where(tables.change.c.run.in_(last))))


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """The outcomes that are understood by all of those before, as they are."""
    fully: list[Outcome] = []

    def understood(before: tuple[Outcome, ...], drift: Drift, night: Outcome, limits: Limits) -> Understood:
        fully.append(night)
        return understand(before, drift, night, limits)

    monkeypatch.setattr(changes, "understand", understood)
    return fully


@pytest.mark.parametrize(("seed", "at_once"), [(0, 500), (1, 500), (2, 500), (3, 1)])
def test_each_night_comes_to_the_same_to_the_letter(
    seed: int, at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (memory, past, rows):  # as if the series were too many to be named
        monkeypatch.setattr(module, "AT_ONCE", at_once)
    plain = {each: Understood((), Drift()) for each in SUBJECTS}
    fully = counted(monkeypatch)
    verdicts = 0
    with writing(place_of(str(tmp_path))) as connection:
        for number, results in enumerate(season(seed, 180)):
            record_run(connection, results, CHANNEL, results.run.identifier)
            news = []
            for each in judged_of(results):
                name = each.verdict.dataset
                plain[name] = plainly(plain[name], each, results)
                news += [(name, one.kind) for one in plain[name].news]
                verdicts += 1
            assert told(connection) == sorted(news), number
            if number == ACCEPTED:
                after = rebase(plain["a"].drift, 0.151, TOLERANCE)
                plain["a"] = replace(plain["a"], drift=after)
                assert apply(connection, CHANNEL, decision(results))
            found = remembered(connection)
            for name, (outcomes, state) in found.items():
                expected = plain[name]
                # Since when is remembered of the last alone.
                bare = [replace(one, since=None) for one in expected.outcomes]
                assert [replace(one, since=None) for one in outcomes] == bare
                assert outcomes[-1].streak == expected.outcomes[-1].streak
                assert state.since == outcomes[-1].streak.isoformat()
                assert state.drift == expected.drift
    assert all(len(each.outcomes) == MOST_OUTCOMES for each in plain.values())
    # Of products that were there before, after a rejection, or where a value moved.
    assert 0.2 * verdicts < len(fully) < 0.6 * verdicts


def decision(results: Results) -> Decision:
    return Decision(
        "d1", "a", "AST-002", "of it", "pix", 0.151, TOLERANCE, results.run.identifier, "", "Ann",
        "2026-04-01T09:00:00+00:00", "it is right",
    )  # fmt: skip


def fully_understood(several: list[Results], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many verdicts of the last night were understood by all outcomes before."""
    fully = counted(monkeypatch)
    with writing(place_of(str(tmp_path))) as connection:
        for each in several:
            fully.clear()
            record_run(connection, each, CHANNEL, each.run.identifier)
    return len(fully)


OLD, NEW = Reduction(), Reduction(tolerance=2.0)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        pytest.param(night(2, [judged("a", 0.15, OLD)], OLD, reused=True), 0, id="nothing was built"),
        pytest.param(night(2, [judged("a", 0.151, NEW)], NEW), 0, id="a new product"),
        pytest.param(
            night(2, [judged("a", 0.151, OLD, upper=0.3)], OLD, reused=True), 0, id="the same by a new rule"
        ),
        pytest.param(night(2, [judged("a", 0.15, OLD)], OLD), 1, id="the same product, built again"),
        pytest.param(night(2, [judged("a", 0.19, NEW)], NEW), 1, id="a value that moved"),
        pytest.param(night(2, [judged("a", 0.3, NEW)], NEW), 1, id="a rejection"),
        pytest.param(night(2, [judged("a", None, NEW)], NEW), 1, id="no value"),
    ],
)
def test_outcomes_before_are_only_read_where_there_may_be_news(
    last: Results, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = night(0, [judged("a", 0.15, OLD)], OLD)
    assert fully_understood([first, last], tmp_path, monkeypatch) == expected


@pytest.mark.parametrize("value", [0.3, None], ids=["rejected", "without a value"])
def test_they_are_after_a_rejection_or_a_night_without_a_value(
    value: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights = [night(0, [judged("a", value, OLD)], OLD), night(1, [judged("a", 0.15, NEW)], NEW)]
    assert fully_understood(nights, tmp_path, monkeypatch) == 1


def test_a_product_that_only_another_channel_had_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fully = counted(monkeypatch)
    with writing(place_of(str(tmp_path))) as connection:
        for number, (channel, reduction) in enumerate([("local", NEW), (CHANNEL, OLD), (CHANNEL, NEW)]):
            each = night(number, [judged("a", 0.15, reduction)], reduction)
            record_run(connection, each, channel, each.run.identifier)
        assert fully == []
        again = night(4, [judged("a", 0.15, OLD)], OLD, reused=True)
        record_run(connection, again, CHANNEL, again.run.identifier)
        counts = connection.execute(
            select(tables.series.c.channel, tables.series_state.c.count, tables.series_state.c.outcomes).join(
                tables.series_state, tables.series_state.c.series == tables.series.c.id
            )
        )
        assert sorted(map(tuple, counts)) == [("local", 1, 1), (CHANNEL, 2, 3)]


def test_values_of_a_reference_that_was_given_up_are_of_none(tmp_path: Path) -> None:
    with writing(place_of(str(tmp_path))) as connection:
        for number in range(4):
            several = [Reduction(tolerance=number, dataset=each) for each in SUBJECTS]
            verdicts = [judged("of it", 0.15 + number / 1000, each) for each in several]
            results = night(number, verdicts, several[0])
            stages = tuple(stage for each in several for stage in each.stages())
            record_run(connection, replace(results, stages=stages), CHANNEL, results.run.identifier)
            if number == 2:  # before there is a level: the baseline is all that counts
                assert apply(connection, CHANNEL, decision(results))
        found = {name: memory.drift.reference for name, (_, memory) in remembered(connection).items()}
    whole = tuple(0.15 + number / 1000 for number in range(4))
    assert found == {"a": whole[3:], "b": whole, "c": whole}


def followed(values: list[float]) -> Drift:
    state = Drift()
    for each in values:
        state = follow(state, each)
    return state


def test_a_value_that_is_no_number_is_left_to_the_plain_understanding() -> None:
    state = followed([0.15, 0.151] * 30)
    assert renewed(state, 0.15, 0.151, 0.02, repeated=False) is not None
    assert renewed(state, 0.15, float("nan"), 0.02, repeated=False) is None


def test_a_drift_is_told_by_the_plain_understanding() -> None:
    state, before = followed([0.15 + 1e-3 * (number % 3 - 1) for number in range(45)]), 0.15
    for _ in range(45, 100):
        found = renewed(state, before, 0.158, 0.02, repeated=False)
        state, before = follow(state, 0.158, tolerance=0.02), 0.158
        if state.drifted:
            assert found is None
            return
        assert found == state
    raise AssertionError("a shift of four widths was not told in 55 nights")
