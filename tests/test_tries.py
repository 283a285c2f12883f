"""Which of several tries of TweakReg is kept: the one with the best evidence."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from hubble_qa.fixtures.reduction.alignment.tries import (
    FitEvidence,
    Outcome,
    TriedFit,
    TryRecord,
    best_try,
    is_decisive,
    write_record,
)

POOR = ("AST-002: 0.4 pix",)


def tried(*fits: tuple[int, float, tuple[str, ...]], failure: str = "") -> TriedFit:
    made = (FitEvidence(f"ibwb01x{number}q", *fit) for number, fit in enumerate(fits))
    return TriedFit({}, tuple(made), failure)


FAILED = tried(failure="TweakReg failed (ValueError: no sources)")
NOTHING = tried((0, 0.0, ("AST-001: dx is nan",)), (0, 0.0, ("AST-001: dx is nan",)))
ONE = tried((80, 0.05, ()), (12, 0.4, POOR))
FEW = tried((25, 0.05, ()), (24, 0.05, ()))
MANY = tried((60, 0.05, ()), (40, 0.06, ()))
SHARP = tried((60, 0.05, ()), (40, 0.03, ()))


@pytest.mark.parametrize(
    ("tries", "chosen"),
    [
        ([FAILED, NOTHING], 1),
        ([ONE, NOTHING], 0),
        ([ONE, FEW], 1),
        ([FEW, MANY], 1),
        ([MANY, FEW], 0),
        ([MANY, SHARP], 1),
        ([MANY, MANY], 0),
        ([FAILED, FAILED], 0),
    ],
)
def test_best_evidence_wins_whatever_the_order(tries: list[TriedFit], chosen: int) -> None:
    assert best_try(tries) == chosen


def test_more_accepted_fits_count_before_more_sources() -> None:
    assert ONE.evidence < FEW.evidence < MANY.evidence < SHARP.evidence
    assert NOTHING.evidence == (0, 0, -math.inf)


def test_only_good_fits_of_every_exposure_end_the_tries() -> None:
    assert is_decisive(MANY)
    for other in (FAILED, NOTHING, ONE, FEW, tried()):
        assert not is_decisive(other)


def test_why_a_try_is_not_accepted_is_told_by_exposure() -> None:
    assert ONE.why_not == "ibwb01x1q: AST-002: 0.4 pix"
    assert FAILED.why_not == "TweakReg failed (ValueError: no sources)"
    assert MANY.why_not == ""


def outcome(*tries: TriedFit) -> Outcome:
    return Outcome(tuple(TryRecord(each, number=number) for number, each in enumerate(tries, start=1)))


def test_exposures_whose_fits_are_not_accepted_are_told() -> None:
    found = outcome(ONE)
    assert found.rejected == {"ibwb01x1q": POOR[0]}
    assert found.has_fits
    assert not outcome(FAILED, NOTHING).has_fits


@pytest.mark.parametrize(
    ("bright", "faint", "empty"),
    [
        ({"ibwb01x0q": 2, "ibwb01x1q": 0}, NOTHING, True),
        ({}, FAILED, True),
        ({"ibwb01x0q": 2, "ibwb01x1q": 7}, NOTHING, False),
        ({"ibwb01x0q": 2, "ibwb01x1q": 0}, FEW, False),
    ],
)
def test_a_field_without_stars_shows_none_by_the_first_threshold(
    bright: dict[str, int], faint: TriedFit, empty: bool
) -> None:
    """Lower thresholds find noise."""
    noisy = replace(faint, sources={"ibwb01x0q": 60, "ibwb01x1q": 61})
    assert outcome(replace(FAILED, sources=bright), noisy).without_stars is empty


def test_an_error_of_another_kind_is_no_empty_field() -> None:
    broken = replace(FAILED, sources={"ibwb01x0q": 0}, broke=True)
    assert not outcome(broken, broken).without_stars
    assert outcome(broken, NOTHING).without_stars


def products(directory: Path, *records: TryRecord) -> list[Path]:
    """Products of tries that say these records."""
    places = [directory / str(number) for number in range(len(records))]
    for place, record in zip(places, records, strict=True):
        place.mkdir()
        record.write(place)
    return places


def test_tries_that_were_not_needed_do_not_count(tmp_path: Path) -> None:
    """What products say of tries is what these were."""
    few = replace(FEW, parameters={"threshold": 50.0, "imagefindcfg": {"nsigma": 1.5}}, sources={"a": 7})
    records = (TryRecord(few, chained=True), TryRecord(ONE, "enough"), TryRecord(None, "enough"))
    found = Outcome.of(products(tmp_path, *records))
    assert found.records == records[:2]
    assert found.tries == (few, ONE)
    assert found.chosen == 0


def test_the_best_try_has_the_number_of_its_node_where_one_before_was_not_made(tmp_path: Path) -> None:
    made = ((1, {"threshold": 5.0}), (3, {"threshold": 2.5}))
    records = (
        TryRecord(NOTHING, made=made[:1], number=1, chosen_by=("threshold 5 σ",)),
        TryRecord(None, made=made[:1], same=1),
        TryRecord(FEW, made=made, number=3),
    )
    found = Outcome.of(products(tmp_path, *records))
    assert found.records == (records[0], records[2])
    assert (found.chosen, found.number) == (1, 3)
    assert found.remark == "try 3 of 3 has the best evidence"


def test_remarks_say_why_a_try_was_not_accepted_and_why_none_was_needed() -> None:
    assert TryRecord(ONE).remark == "not accepted: ibwb01x1q: AST-002: 0.4 pix"
    assert TryRecord(FEW).remark == "accepted; fewer than 30 sources, so that others are tried"
    assert TryRecord(MANY, "all fits are").remark == "accepted"
    assert TryRecord(None, "all fits of try 1 are accepted").remark == (
        "not needed: all fits of try 1 are accepted"
    )
    assert TryRecord(
        MANY, "all fits are", chosen_by=("threshold 12 σ: 240 stars", "tolerance 2.5 pix")
    ).remark == ("accepted (threshold 12 σ: 240 stars; tolerance 2.5 pix)")
    assert TryRecord(None, same=2).remark == "not needed: the same parameters as try 2"
    assert outcome(ONE, FEW).remark == "try 2 of 2 has the best evidence"
    assert outcome(FAILED, ONE).remark.startswith("try 2 of 2 has the best evidence; not accepted: ibwb01x1q")


def test_record_of_all_tries_has_the_parameters_in_which_they_differ(tmp_path: Path) -> None:
    made = [
        replace(each, parameters={"searchrad": 1.0, "threshold": of}) for each, of in ((ONE, 200), (FEW, 50))
    ]
    made.append(replace(NOTHING, parameters={"searchrad": 1.0, "threshold": 50, "minobj": 3}))
    write_record(outcome(*made), tmp_path / "tries.json", chained=False)
    told = json.loads((tmp_path / "tries.json").read_text("utf-8"))
    assert told["chosen"] == 1
    assert told["chained"] is False
    assert [each["parameters"] for each in told["tries"]] == [
        {"threshold": 200, "minobj": None},
        {"threshold": 50, "minobj": None},
        {"threshold": 50, "minobj": 3},
    ]
    assert told["tries"][0]["why_not"] == ONE.why_not
