"""Which of several tries of TweakReg is kept: the one with the best evidence."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from hubble_qa.fixtures.reduction.alignment.tries import (
    FitEvidence,
    Outcome,
    TriedFit,
    best_try,
    is_decisive,
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
    return Outcome(Path(), best_try(tries), tries, tuple({} for _ in tries))


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
