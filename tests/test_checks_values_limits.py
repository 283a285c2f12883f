"""Limits, verdicts and shown text: values by hand, at a limit, on either side of it, and one less."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest
from astropy.io.fits import Header
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.measurement import Measurement, finite
from hubble_qa.checks.printable import clean, one_line, shorten, stated
from hubble_qa.checks.verdict import Expectation, Status, Verdict, judge
from tests.test_verdicts import criterion

# Bounds


@pytest.mark.parametrize(
    ("limits", "inside", "outside"),
    [
        ({"above": 2.0}, [2.1, 1e9], [2.0, 1.9]),
        ({"at_least": 2.0}, [2.0, 1e9], [1.9]),
        ({"below": 2.0}, [1.9, -1e9], [2.0, 2.1]),
        ({"at_most": 2.0}, [2.0, -1e9], [2.1]),
        ({"above": 1.0, "at_most": 2.0}, [1.1, 2.0], [1.0, 2.1, 0.0]),
        ({"at_least": 1.0, "below": 2.0}, [1.0, 1.9], [2.0, 0.9]),
    ],
)
def test_values_within(limits: dict[str, float], inside: list[float], outside: list[float]) -> None:
    bounds = Bounds(**limits)
    assert all(map(bounds.contains, inside))
    assert not any(map(bounds.contains, [*outside, math.nan]))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"above": 1.0, "at_least": 1.0}, "one lower limit"),
        ({"below": 1.0, "at_most": 2.0}, "one upper limit"),
        ({}, "at least one limit"),
        ({"above": 3.0, "below": 2.0}, "exceeds"),
        ({"at_least": 3.0, "at_most": 2.0}, "exceeds"),
        ({"above": 2.0, "at_most": 2.0}, "no value lies between"),
        ({"at_least": 2.0, "below": 2.0}, "no value lies between"),
        ({"above": 2.0, "below": 2.0}, "no value lies between"),
    ],
)
def test_limits_that_leave_no_value_are_none(limits: dict[str, float], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Bounds(**limits)


def test_limits_may_be_one_value() -> None:
    assert Bounds(at_least=2.0, at_most=2.0).contains(2.0)
    assert not Bounds(at_least=2.0, at_most=2.0).contains(2.0 + 1e-15)


@pytest.mark.parametrize(
    ("limits", "floor", "value", "margin", "relative"),
    [
        ({"above": 1.0, "below": 5.0}, False, 2.0, 1.0, 0.5),
        ({"above": 1.0, "below": 5.0}, False, 4.5, 0.5, 0.25),
        ({"above": 1.0, "below": 5.0}, False, 7.0, -2.0, -1.0),
        ({"above": 1.0, "below": 5.0}, False, -2.0, -3.0, -1.5),
        ({"above": 1.0, "below": 5.0}, True, 2.0, 3.0, 0.75),
        ({"above": 1.0, "below": 5.0}, True, 1.0, 0.0, 0.0),  # on an open floor: outside
        ({"at_least": 1.0, "below": 5.0}, True, 1.0, 4.0, 1.0),  # on a closed one
        ({"at_least": 1.0, "below": 5.0}, True, 0.5, -0.5, -0.125),
        ({"above": 1.0, "below": 5.0}, True, 0.5, -0.5, -0.125),
        ({"above": 4.0}, True, 6.0, 2.0, 0.5),  # a floor alone is a limit
        ({"at_least": 4.0}, False, 3.0, -1.0, -0.25),
        ({"at_most": -4.0}, False, -6.0, 2.0, 0.5),
        ({"at_most": 0.0}, False, 3.0, -3.0, -3.0),
        ({"at_least": 0.0}, False, 3.0, 3.0, 3.0),
        ({"at_least": 2.0, "at_most": 2.0}, False, 3.0, -1.0, -0.5),
        ({"at_least": 2.0, "at_most": 2.0}, True, 3.0, -1.0, -0.5),
        ({"at_least": -1e308, "at_most": 1e308}, False, 0.0, 1e308, 1.0),
    ],
)
def test_margins(limits: dict[str, float], floor: bool, value: float, margin: float, relative: float) -> None:
    bounds = Bounds(**limits)
    assert bounds.margin(value, floor=floor) == pytest.approx(margin)
    assert bounds.relative_margin(value, floor=floor) == pytest.approx(relative)


def test_what_doubles_do_not_span_is_the_largest() -> None:
    assert Bounds(at_most=1e-300).relative_margin(-1e300) == sys.float_info.max
    assert Bounds(at_most=1e-300).relative_margin(1e300) == -sys.float_info.max


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"above": 0.0, "below": 0.1}, "> 0 and < 0.1 pix"),
        ({"at_least": 1.0, "at_most": 2.0}, "≥ 1 and ≤ 2 pix"),
        ({"below": 0.0}, "< 0 pix"),
    ],
)
def test_limits_in_words(limits: dict[str, float], text: str) -> None:
    assert Bounds(**limits).text("pix") == text
    assert Bounds(**limits).text() == text.removesuffix(" pix")


@pytest.mark.parametrize(
    ("number", "value"), [(None, None), (math.nan, None), (-math.inf, None), (1.5, 1.5), (0.0, 0.0), (7, 7.0)]
)
def test_only_finite_numbers_are_values(number: float | None, value: float | None) -> None:
    assert finite(number) == value


# Verdicts


def verdict(
    value: float | None,
    limits: dict[str, float] | None = None,
    *,
    floor: bool = False,
    unit: str = "pix",
    expectation: Expectation | None = None,
    **fields: Any,
) -> Verdict:
    """Of a value that is to be above 1 and at most 3."""
    rule = criterion(Bounds(**(limits or {"above": 1.0, "at_most": 3.0})), unit, floor=floor)
    return judge(rule, Measurement("fit_rms", value, unit, "xrq", **fields), expectation=expectation)


@pytest.mark.parametrize(
    ("value", "error", "status", "close"),
    [
        (2.0, 0.9, Status.PASS, False),
        (2.0, 1.0, Status.WARN, True),  # within one error, exactly
        (2.5, 0.6, Status.WARN, True),
        (3.2, 0.1, Status.FAIL, False),
        (3.2, 0.3, Status.FAIL, True),
        (2.5, math.inf, Status.PASS, False),
        (2.5, 0.0, Status.PASS, False),
        (3.0, 0.0, Status.PASS, False),
        (2.5, None, Status.PASS, False),
    ],
)
def test_an_error_that_reaches_the_limit_warns(
    value: float, error: float | None, status: Status, close: bool
) -> None:
    found = verdict(value, uncertainty=error)
    assert (found.status, found.close) == (status, close)
    assert ("close" in found.reason) is close
    beyond = verdict(value, uncertainty=error, beyond_error=True)
    assert not beyond.close
    assert beyond.status is (Status.FAIL if value > 3.0 else Status.PASS)


def test_a_floor_is_not_near() -> None:
    assert verdict(1.05, uncertainty=0.1).status is Status.WARN
    assert verdict(1.05, uncertainty=0.1, floor=True).status is Status.PASS
    assert verdict(1.05, floor=True).margin == pytest.approx(1.95)
    assert verdict(1.05, floor=True).relative_margin == pytest.approx(0.975)
    assert verdict(1.05).margin == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("fields", "status", "accepted"),
    [
        ({"applicable": False}, Status.NOT_APPLICABLE, True),
        ({"told": False}, Status.NOT_TOLD, True),
        ({}, Status.NOT_MEASURED, False),
    ],
)
def test_without_a_value(fields: dict[str, bool], status: Status, accepted: bool) -> None:
    found = verdict(None, reason="so", **fields)
    assert (found.status, found.accepted, found.reason) == (status, accepted, "so")
    assert (found.margin, found.relative_margin, found.close) == (None, None, False)


def test_a_warning_of_the_measurement_warns_within_bounds_only() -> None:
    assert verdict(2.0, warning="look").status is Status.WARN
    assert verdict(2.0, warning="look", reason="so").reason == "look; so"
    assert verdict(5.0, warning="look").status is Status.FAIL
    assert verdict(5.0, uncertainty=4.0).reason.endswith("; close: the limit is within one error (4 pix)")


@pytest.mark.parametrize(
    ("value", "limits", "unit", "reason"),
    [
        (1.0, {"at_most": 0.0}, "", "1 problem: so; do"),
        (2.0, {"at_most": 0.0}, "", "2 problems: so; do"),
        (1.5, {"at_most": 0.0}, "", "1.5 is not ≤ 0; so; do"),
        (2.0, {"at_most": 0.0}, "pix", "2 is not ≤ 0 pix; so; do"),
        (2.0, {"at_most": 1.0}, "", "2 is not ≤ 1; so; do"),
    ],
)
def test_failures_in_words(value: float, limits: dict[str, float], unit: str, reason: str) -> None:
    assert verdict(value, limits, unit=unit, reason="so", remedy="do").reason == reason


@pytest.mark.parametrize(
    ("value", "no_fit", "declared", "expected", "accepted"),
    [
        (4.5, False, {}, True, True),
        (5.5, False, {}, False, False),
        (3.5, False, {}, False, False),
        (2.0, False, {}, False, False),  # it did not happen
        (2.0, False, {"may_pass": True}, False, True),
        (5.5, False, {"may_pass": True}, False, False),
        (5.5, True, {}, False, False),
        (5.5, True, {"or_no_fit": True}, True, True),
        (None, True, {"or_no_fit": True}, True, True),
        (None, False, {"or_no_fit": True}, False, False),
        (None, True, {}, False, False),
        (5.5, False, {"or_no_fit": True}, False, False),
        (2.0, True, {"or_no_fit": True}, False, False),
    ],
)
def test_rejections_that_are_expected(
    value: float | None, no_fit: bool, declared: dict[str, bool], expected: bool, accepted: bool
) -> None:
    """From 4 to 5 pixels."""
    expectation = Expectation("known", Bounds(at_least=4.0, at_most=5.0), **declared)
    found = verdict(value, no_fit=no_fit, expectation=expectation, reason="so")
    assert (found.rejected_as_expected, found.accepted) == (expected, accepted)
    beyond = {5.5: "this is 0.5 above that", 3.5: "this is 0.5 below that"}
    told = value is not None and not expected and value in beyond
    assert ("expected was a rejection" in found.reason) is told
    if told:
        assert value is not None
        assert found.reason.endswith(f"expected was a rejection with ≥ 4 and ≤ 5 pix; {beyond[value]}")


@pytest.mark.parametrize(("value", "accepted"), [(2.0, True), (5.0, False)])
def test_an_expectation_without_a_range_is_of_fits_that_fail(value: float, accepted: bool) -> None:
    expectation = Expectation("known", None, or_no_fit=True)
    found = verdict(value, expectation=expectation)
    assert (found.expectation, found.accepted) == (None, accepted)
    failed = verdict(value, no_fit=True, expectation=expectation)
    assert failed.accepted
    assert failed.rejected_as_expected is not accepted
    assert failed.expected_range == ""


def test_a_known_defect_is_expected_where_nothing_is_declared() -> None:
    found = verdict(5.0, known_defect="of the tool", remedy="divide")
    assert found.rejected_as_expected
    assert found.expectation == Expectation("of the tool", Bounds(at_least=5.0, at_most=5.0), remedy="divide")
    assert found.expected_range == "5 pix"
    assert "divide" not in found.reason
    assert verdict(2.0, known_defect="of the tool").expectation is None
    declared = Expectation("known", Bounds(at_least=7.0))
    assert not verdict(5.0, known_defect="of the tool", expectation=declared).accepted


def test_a_failure_that_nobody_expects_is_none_that_is_expected() -> None:
    assert (verdict(5.0).expectation, verdict(5.0).accepted) == (None, False)
    # What is accepted all the same did not happen, even within the range.
    assert not verdict(2.8, expectation=Expectation("known", Bounds(at_least=2.5))).accepted
    above = verdict(5.0, expectation=Expectation("known", Bounds(at_most=4.0)))
    assert above.reason.endswith("expected was a rejection with ≤ 4 pix; this is 1 above that")


@pytest.mark.parametrize(
    ("limits", "reason"), [({"at_most": 0.0}, "1 problem"), ({"below": 1.0}, "1 is not < 1")]
)
def test_a_failure_without_a_reason_has_no_more_words(limits: dict[str, float], reason: str) -> None:
    assert verdict(1.0, limits, unit="").reason == reason


# Text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nof lines", "plain\ttext\nof lines"),
        ("a\r\nb", "a\nb"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07now", "now"),
        ("bell\x07, del\x7f, nul\x00", "bell␇, del␡, nul␀"),
        ("\u202eback \ud800 \x85", "\ufffdback \ufffd \ufffd"),
        ("ångström → ≤", "ångström → ≤"),
    ],
)
def test_text_is_shown(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(
    ("length", "shown"), [(9, "x" * 9), (10, "x" * 10), (11, "x" * 10 + " … (1 more characters)")]
)
def test_what_is_longer_than_the_limit_is_cut(length: int, shown: str) -> None:
    assert shorten("x" * length, 10) == shown
    assert one_line("x" * length, 10) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n  b\tc", "a b c"),
        ("x" * 40, "x" * 10 + " … (30 more characters)"),
        ("x" * 41, "x" * 10 + " … (31 more characters)"),
        ("x" + " " * 38 + "y", "x y"),
        ("x" + " " * 39 + "y", "x … (31 more characters)"),
        ("\x07" * 41, "␇" * 10 + " … (31 more characters)"),
    ],
)
def test_lines_are_cut_before_they_are_looked_through(text: str, shown: str) -> None:
    assert one_line(text, 10) == shown


def test_a_line_has_a_thousand_characters() -> None:
    assert one_line("x" * 1000) == "x" * 1000
    assert one_line("x" * 1001).startswith("x" * 1000 + " … (1 more")


@given(st.text(max_size=60))
def test_what_is_shown_once_is_shown_as_it_is(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_nothing_has_no_sign() -> None:
    found = Measurement("fit_rms", -0.0, "pix", "xrq", -0.0)
    assert (str(found.value), str(found.uncertainty)) == ("0.0", "0.0")


@pytest.mark.parametrize(
    ("cards", "shown"),
    [({"WCSNAME": "TWEAK"}, "'TWEAK'"), ({"WCSNAME": ""}, "''"), ({"WCSNAME": 3}, "3"), ({}, "missing")],
)
def test_a_message_tells_a_missing_keyword_from_an_empty_one(cards: dict[str, object], shown: str) -> None:
    assert stated(cards, "WCSNAME") == stated(Header(cards), "WCSNAME") == shown
