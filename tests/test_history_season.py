"""A simulated season: each thing is told in the right night, with the right cause, and nothing else is."""

from datetime import datetime

import pytest
from sqlalchemy import select

from hubble_qa.reports.history.cause import cause_text
from hubble_qa.reports.history.database import reading, writing
from hubble_qa.reports.history.place import place_of
from hubble_qa.reports.history.reasons import causes_of_text
from hubble_qa.reports.history.record import record_run
from hubble_qa.reports.history.tables import change, run, series
from tests.season import (
    AWAY,
    BOUNDS,
    DRIFT,
    DRIZZLEPAC,
    FIELD,
    FLAKY,
    IDCTAB,
    LOST,
    STANDARD,
    TOLERANCE,
    WARM,
    digest,
    season,
    when,
)

NEW_IDCTAB = "IDCTAB sad1946fu_idc.fits → 35620276u_idc.fits"
CACHE = f"CRDS cache {digest('sad1946fu_idc.fits')[:8]} → {digest('35620276u_idc.fits')[:8]}"


def recorded(directory, away=()):
    """A history of the season, without the nights in which the database was away."""
    place = place_of(str(directory))
    for night, results in enumerate(season()):
        if night not in away:
            with writing(place) as connection:
                record_run(connection, results, "nightly", results.run.identifier)
    return place


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What each night told: night, kind, dataset, criterion, subject, since, causes."""
    return told_in(recorded(tmp_path_factory.mktemp("season"), away={AWAY}))


def told_in(place):
    with reading(place) as connection:
        rows = connection.execute(
            select(change, run.c.started, series)
            .join(run, run.c.id == change.c.run)
            .join(series, series.c.id == change.c.series)
        ).all()
    first = when(0)
    return [
        (
            (datetime.fromisoformat(row.started) - first).days,
            row.kind,
            row.dataset,
            row.criterion,
            row.subject,
            row.since,
            tuple(cause_text(each) for each in causes_of_text(row.causes)),
        )
        for row in rows
    ]


def drift_night(told):
    (night,) = [night for night, kind, *_ in told if kind == "drift"]
    return night


def test_each_thing_is_told_in_its_night_and_nothing_else_is(told):
    failing = [(WARM, criterion, "jcmc11ctq") for criterion in ("AST-002", "AST-003", "WCS-004")]
    expected = [
        (DRIZZLEPAC, "new failure", STANDARD, "AST-002", "u40x010hm"),
        (DRIZZLEPAC, "moved", STANDARD, "AST-002", "u40x010im"),
        (TOLERANCE, "fixed", STANDARD, "AST-002", "u40x010hm"),
        (IDCTAB, "new failure", STANDARD, "WCS-004", "u40x010hm"),
        *((FLAKY[0], "new failure", *each) for each in failing),
        *((FLAKY[0] + 1, "flaky", *each) for each in failing),
        (IDCTAB + 10, "chronic", STANDARD, "WCS-004", "u40x010hm"),
        (LOST, "missing", STANDARD, "AST-003", "u40x010im"),
        (BOUNDS, "fixed", STANDARD, "WCS-004", "u40x010hm"),
        (drift_night(told), "drift", FIELD, "AST-002", "ibwb01xqq"),
    ]
    assert sorted(each[:5] for each in told) == sorted(expected)


def test_the_drift_is_told_before_half_of_it_has_happened(told):
    assert DRIFT.start + 2 <= drift_night(told) <= DRIFT.start + 9


@pytest.mark.parametrize(
    ("night", "kind", "expected"),
    [
        (DRIZZLEPAC, "new failure", ["drizzlepac 3.11.0 → 3.12.0"]),
        (DRIZZLEPAC, "moved", ["drizzlepac 3.11.0 → 3.12.0"]),
        (TOLERANCE, "fixed", ["setting tweakreg.tolerance of align 1.0 → 0.5"]),
        (IDCTAB, "new failure", [NEW_IDCTAB, CACHE]),
        (FLAKY[0], "new failure", ["nothing: same key"]),
        (FLAKY[0] + 1, "flaky", ["nothing: same key"]),
        (IDCTAB + 10, "chronic", [NEW_IDCTAB, CACHE]),
        (LOST, "missing", ["code that measures (qa.test_alignment)"]),
        (BOUNDS, "fixed", ["bounds of WCS-004 > 0.0 and < 0.02 → > 0.0 and < 0.05"]),
    ],
)
def test_the_cause_is_the_right_one(told, night, kind, expected):
    causes = {each[-1] for each in told if each[:2] == (night, kind)}
    assert causes == {tuple(expected)}


def test_the_drift_is_of_the_exposures(told):
    (causes,) = [each[-1] for each in told if each[1] == "drift"]
    assert {text.partition(" ")[0] for text in causes} == {"ibwb01xqq_flc.fits", "ibwb01xrq_flc.fits"}


def test_what_happened_while_the_database_was_away_is_told_the_night_after(told, tmp_path):
    away = (DRIZZLEPAC, IDCTAB, LOST)
    after = told_in(recorded(tmp_path, away=away))
    for night in away:
        expected = {each[1:5] for each in told if each[0] == night}
        assert {each[1:5] for each in after if each[0] == night + 1} == expected
