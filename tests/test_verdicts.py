"""Measurements and verdicts: what passes, what fails, and what is never taken for a pass."""

import json
import math
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.criteria import Criterion
from hubble_qa.checks.measurement import (
    Measurement,
    count_violations,
    not_applicable,
    not_measured,
    not_told,
)
from hubble_qa.checks.printable import one_line
from hubble_qa.checks.verdict import Expectation, Status, judge

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)
LIMITS = ("above", "at_least", "below", "at_most")


@st.composite
def all_bounds(draw: st.DrawFn) -> Bounds:
    low, high = sorted(draw(st.tuples(FINITE, FINITE)))
    assume(low < high)
    lower = draw(st.sampled_from(["above", "at_least", None]))
    upper = draw(st.sampled_from(["below", "at_most"] if lower is None else ["below", "at_most", None]))
    limits = {lower: low, upper: high}
    return Bounds(**{name: limit for name, limit in limits.items() if name})


def criterion(bounds: Bounds, unit: str = "pix", *, floor: bool = False) -> Criterion:
    return Criterion(
        id="AST-002",
        title="Fit RMS",
        quantity="fit_rms",
        unit=unit,
        bounds=bounds,
        floor=floor,
        applies_to="each exposure",
        topic="fits",
        method="of the residuals",
        rationale="scatter",
        remedy="align again",
        source="notebook",
    )


def rms(value: float | None, unit: str = "pix", **fields) -> Measurement:
    return Measurement("fit_rms", value, unit, "u5jx010hr", **fields)


@given(bounds=all_bounds(), value=st.sampled_from([math.nan, math.inf, -math.inf]))
def test_value_that_is_not_finite_never_passes(bounds: Bounds, value: float) -> None:
    verdict = judge(criterion(bounds), rms(value))
    assert verdict.status is Status.NOT_MEASURED
    assert not verdict.accepted
    assert verdict.margin is None


@given(bounds=all_bounds(), value=FINITE, unit=st.sampled_from(["", "arcsec", "Pix", "pixel", "mas"]))
def test_other_unit_never_passes(bounds: Bounds, value: float, unit: str) -> None:
    verdict = judge(criterion(bounds), rms(value, unit))
    assert verdict.status is Status.NOT_MEASURED
    assert not verdict.accepted


@given(bounds=all_bounds(), value=FINITE)
def test_margin_agrees_with_status(bounds: Bounds, value: float) -> None:
    verdict = judge(criterion(bounds), rms(value))
    assert verdict.margin is not None
    if verdict.status is Status.PASS:
        assert verdict.margin >= 0
    else:
        assert verdict.status is Status.FAIL
        assert verdict.margin <= 0
    if verdict.margin:
        assert (verdict.margin > 0) == verdict.accepted


@given(value=FINITE, limit=FINITE)
def test_closed_limit_admits_its_own_value_and_an_open_one_does_not(value: float, limit: float) -> None:
    for name, admitted in zip(LIMITS, (False, True, False, True), strict=True):
        assert Bounds(**{name: limit}).contains(limit) is admitted
    assert Bounds(at_most=limit).contains(value) is not Bounds(above=limit).contains(value)


def test_value_and_margin_are_kept_when_it_passes() -> None:
    verdict = judge(criterion(Bounds(above=0, below=0.2)), rms(0.15))
    assert (verdict.status, verdict.measurement.value) == (Status.PASS, 0.15)
    assert verdict.margin == pytest.approx(0.05)


def test_failure_says_value_bound_and_remark() -> None:
    verdict = judge(criterion(Bounds(above=0, below=0.1)), rms(0.15, reason="undersampled"))
    assert verdict.status is Status.FAIL
    assert verdict.reason == "0.15 is not > 0 and < 0.1 pix; undersampled"


@pytest.mark.parametrize(("problems", "beginning"), [(1, "1 problem: "), (3, "3 problems: ")])
def test_a_count_of_problems_fails_with_the_problems(problems: int, beginning: str) -> None:
    rule = criterion(Bounds(at_most=0), unit="")
    found = [f"SCI,{chip} is missing" for chip in range(1, problems + 1)]
    verdict = judge(rule, count_violations("fit_rms", "u5jx010hr", found))
    assert (verdict.status, verdict.measurement.value) == (Status.FAIL, problems)
    assert verdict.reason == beginning + "; ".join(found)
    assert judge(rule, rms(1.0, unit="")).reason == "1 problem"
    assert judge(rule, rms(0.5, unit="")).reason == "0.5 is not ≤ 0"


@pytest.mark.parametrize(
    ("value", "error", "status", "close"),
    [
        (0.190, 0.009, Status.PASS, False),
        (0.190, 0.011, Status.WARN, True),
        (0.210, 0.011, Status.FAIL, True),
        (0.210, 0.009, Status.FAIL, False),
        (0.001, 0.002, Status.PASS, False),
        (0.190, None, Status.PASS, False),
        (0.190, 0.0, Status.PASS, False),
        (0.190, math.inf, Status.PASS, False),
        (0.190, math.nan, Status.PASS, False),
    ],
)
def test_a_value_within_one_error_of_its_limit_is_close(
    value: float, error: float | None, status: Status, close: bool
) -> None:
    verdict = judge(criterion(Bounds(above=0, below=0.2), floor=True), rms(value, uncertainty=error))
    assert (verdict.status, verdict.close) == (status, close)
    assert verdict.accepted is (status is not Status.FAIL)
    assert ("the limit is within one error (0.011 pix)" in verdict.reason) is close


def test_what_remains_beyond_its_error_is_no_close_call() -> None:
    verdict = judge(criterion(Bounds(below=0.2)), rms(0.19, uncertainty=0.3, beyond_error=True))
    assert (verdict.status, verdict.close, verdict.reason) == (Status.PASS, False, "")


@given(bounds=all_bounds(), value=FINITE, step=FINITE.map(abs), floor=st.booleans())
def test_margins_are_positive_inside_zero_at_a_limit_and_monotone(
    bounds: Bounds, value: float, step: float, floor: bool
) -> None:
    floor = floor and None not in (bounds.lower, bounds.upper)
    for margin in (bounds.margin, bounds.relative_margin):
        found = margin(value, floor=floor)
        assert math.isfinite(found)
        assert found >= 0 if bounds.contains(value) else found <= 0
        if bounds.upper is not None:
            assert margin(bounds.upper, floor=floor) == 0
            assert margin(bounds.upper + step, floor=floor) <= 0
            if value >= bounds.upper:
                assert margin(value + step, floor=floor) <= found
        if bounds.lower is not None and not floor:
            assert margin(bounds.lower) == 0
            if value <= bounds.lower:
                assert margin(value - step) <= found


@given(ends=st.lists(FINITE, min_size=4, max_size=4, unique=True).map(sorted))
def test_above_a_floor_a_smaller_value_has_the_larger_margin(ends: list[float]) -> None:
    lower, below, above, upper = ends
    bounds = Bounds(above=lower, at_most=upper)
    assert bounds.margin(below, floor=True) >= bounds.margin(above, floor=True) >= 0
    assert 0 <= bounds.relative_margin(below, floor=True) <= 1


def test_margins_compare_between_criteria() -> None:
    rms_limits = Bounds(above=0, below=0.1)
    assert rms_limits.relative_margin(0.001, floor=True) == pytest.approx(0.99)
    assert rms_limits.relative_margin(0.099, floor=True) == pytest.approx(0.01)
    assert rms_limits.relative_margin(0.513, floor=True) == pytest.approx(-4.13)
    assert rms_limits.relative_margin(0.0, floor=True) == 0
    assert rms_limits.relative_margin(-0.1, floor=True) == pytest.approx(-1)
    ratio = Bounds(at_least=0.99, at_most=1.01)
    assert [ratio.relative_margin(value) for value in (1.0, 1.005, 0.97)] == pytest.approx([1, 0.5, -2])
    assert Bounds(at_least=20).relative_margin(30) == pytest.approx(0.5)
    assert Bounds(at_most=0).relative_margin(2) == -2
    assert Bounds(below=1e-308).relative_margin(1e308) == -sys.float_info.max


def test_what_breaks_no_rule_and_deserves_a_look_warns() -> None:
    rule = criterion(Bounds(at_most=0), unit="")
    noted = judge(rule, count_violations("fit_rms", "u5jx010hr", [], warnings=["FGSLOCK is COARSE"]))
    assert (noted.status, noted.accepted) == (Status.WARN, True)
    assert noted.reason == "FGSLOCK is COARSE"
    failed = judge(
        rule, count_violations("fit_rms", "u5jx010hr", ["QUALITY is GSFAIL"], warnings=["FGSLOCK"])
    )
    assert failed.status is Status.FAIL
    assert failed.measurement.context["warnings"] == ["FGSLOCK"]


def test_a_tools_known_defect_is_rejected_as_expected() -> None:
    rule = criterion(Bounds(at_most=0), unit="")
    defect = "the tool always does this"
    found = count_violations("fit_rms", "mosaic", ["order"], known_defect=defect)
    always = judge(rule, replace(found, remedy="mend it so"))
    assert always.rejected_as_expected
    assert always.accepted
    assert always.expectation == Expectation(defect, Bounds(at_least=1, at_most=1), remedy="mend it so")
    assert "mend it so" not in always.reason, "it is told beside the reason"
    mended = judge(rule, count_violations("fit_rms", "mosaic", [], known_defect=defect))
    assert (mended.status, mended.expectation) == (Status.PASS, None)
    declared = Expectation("the dataset's own", Bounds(at_most=2))
    kept = judge(
        rule, count_violations("fit_rms", "mosaic", ["order"], known_defect=defect), expectation=declared
    )
    assert kept.expectation == declared


def test_another_quantity_is_not_judged_even_if_it_is_not_applicable() -> None:
    rule = criterion(Bounds(below=0.2))
    for other in (
        Measurement("fit_rotation", 0.1, "pix", "u5jx010hr"),
        not_applicable("fit_rotation", "u5jx010hr", "the reference image has no fit"),
    ):
        verdict = judge(rule, other)
        assert verdict.status is Status.NOT_MEASURED
        assert not verdict.accepted


def test_not_applicable_is_accepted_and_not_measured_is_not() -> None:
    rule = criterion(Bounds(below=0.2))
    absent = judge(rule, not_applicable("fit_rms", "u5jx0108r", "the reference image has no fit"))
    assert (absent.status, absent.accepted) == (Status.NOT_APPLICABLE, True)
    assert absent.reason == "the reference image has no fit"
    missing = judge(rule, not_measured("fit_rms", "u5jx010hr", "no shift file"))
    assert (missing.status, missing.accepted) == (Status.NOT_MEASURED, False)


def test_a_remedy_is_told_with_a_rejection_only() -> None:
    rule = criterion(Bounds(below=0.2))
    good, bad = (
        Measurement("fit_rms", value, "pix", "u5jx010hr", reason="on SCI,4", remedy="align anew")
        for value in (0.1, 0.3)
    )
    assert judge(rule, good).reason == "on SCI,4"
    assert judge(rule, bad).reason == "0.3 is not < 0.2 pix; on SCI,4; align anew"


def test_what_could_not_be_told_is_accepted_and_has_a_state_of_its_own() -> None:
    rule, known = criterion(Bounds(below=0.2)), Expectation("the field is empty", Bounds(at_most=0.5))
    untold = not_told("fit_rms", "u5jx010hr", "no match file is beside it")
    for declared in (None, known):
        verdict = judge(rule, untold, expectation=declared)
        assert (verdict.status, verdict.accepted) == (Status.NOT_TOLD, True)
        assert verdict.reason == "no match file is beside it"
    with pytest.raises(ValueError, match="told"):
        Measurement("fit_rms", 0.1, "pix", "u5jx010hr", told=False)


def test_expected_rejection_is_accepted_and_an_unexpected_pass_is_not() -> None:
    rule, known = criterion(Bounds(below=0.1)), Expectation("the field is empty", Bounds(at_most=0.5))
    rejected = judge(rule, rms(0.3), expectation=known)
    assert rejected.rejected_as_expected
    assert rejected.accepted
    assert rejected.expected_range == "≤ 0.5 pix"
    assert not judge(rule, rms(0.05), expectation=known).accepted
    assert not judge(rule, rms(math.nan), expectation=known).accepted


def test_a_rejection_beyond_the_declared_range_is_a_failure_that_says_how_far() -> None:
    rule = criterion(Bounds(at_least=0.99, at_most=1.01))
    known = Expectation("WF3 comes out 2.8 % too faint", Bounds(at_least=0.965, at_most=0.978))
    assert judge(rule, rms(0.972), expectation=known).accepted
    worse, other_side = (judge(rule, rms(value), expectation=known) for value in (0.05, 1.3))
    assert (worse.status, worse.accepted, worse.rejected_as_expected) == (Status.FAIL, False, False)
    assert worse.reason.endswith("with ≥ 0.965 and ≤ 0.978 pix; this is 0.915 below that")
    assert other_side.reason.endswith("this is 0.322 above that")


def test_a_fit_that_is_expected_to_be_rejected_may_also_fail() -> None:
    rule, limits = criterion(Bounds(above=0, below=0.1)), Bounds(above=0.1, at_most=0.8)
    failed = replace(rms(0.0), no_fit=True)
    missing = replace(not_measured("fit_rms", "u5jx010hr", "the fit failed"), no_fit=True)
    known = Expectation("positions are good to half a pixel", limits, or_no_fit=True)
    for measurement in (failed, missing):
        assert judge(rule, measurement, expectation=known).rejected_as_expected
        assert not judge(rule, measurement, expectation=Expectation("the same", limits)).accepted
    assert not judge(rule, rms(0.0), expectation=known).accepted
    only_if_failed = Expectation(known.reason, None, or_no_fit=True, may_pass=True)
    assert judge(rule, missing, expectation=only_if_failed).accepted
    assert judge(rule, rms(0.05), expectation=only_if_failed) == judge(rule, rms(0.05))
    assert judge(rule, rms(0.3), expectation=only_if_failed) == judge(rule, rms(0.3))


def test_what_was_declared_for_another_archive_may_happen_in_a_copy() -> None:
    rule = criterion(Bounds(below=0.1))
    known = Expectation("the archive's fit has 0.101 pix", Bounds(at_most=0.11), may_pass=True)
    assert judge(rule, rms(0.101), expectation=known).rejected_as_expected
    assert judge(rule, rms(0.05), expectation=known) == judge(rule, rms(0.05))
    worse = judge(rule, rms(0.2), expectation=known)
    assert not worse.accepted
    assert worse.expectation == known
    assert worse.reason.endswith("this is 0.09 above that")
    assert "expected was" not in judge(rule, rms(0.101), expectation=known).reason
    # What was to be rejected and has no value is not accepted either.
    missing = judge(rule, not_measured("fit_rms", "u5jx010hr", "no shift file"), expectation=known)
    assert (missing.accepted, "expected was" in missing.reason) == (False, False)


def test_other_bounds_need_a_reason_and_decide() -> None:
    rule, wider = criterion(Bounds(below=0.1)), Bounds(below=0.2)
    verdict = judge(rule, rms(0.15), bounds=wider, bounds_reason="published RMS 0.15")
    assert (verdict.status, verdict.bounds, verdict.bounds_reason) == (
        Status.PASS,
        wider,
        "published RMS 0.15",
    )
    with pytest.raises(ValueError, match="need a reason"):
        judge(rule, rms(0.15), bounds=wider)


def test_measurement_needs_a_value_or_a_reason() -> None:
    with pytest.raises(ValueError, match="give the reason why there is no value"):
        rms(None)
    with pytest.raises(ValueError, match="applicable"):
        rms(0.1, applicable=False)


def test_measurement_holds_plain_numbers_only() -> None:
    measurement = rms(
        np.float32(0.5),
        uncertainty=np.float64(0.1),
        context={"shape": np.array([2, 3]), "worst": np.float64("nan"), "nested": {"count": np.int64(4)}},
    )
    assert type(measurement.value) is float
    assert type(measurement.uncertainty) is float
    assert json.loads(json.dumps(measurement.context, allow_nan=False)) == {
        "shape": [2, 3],
        "worst": "nan",
        "nested": {"count": 4},
    }
    with pytest.raises(TypeError, match="cannot hold set"):
        rms(0.5, context={"chips": {1, 2}})


@given(st.lists(st.text(min_size=1, max_size=20), max_size=12))
def test_violations_are_counted_and_all_kept(violations: list[str]) -> None:
    measurement = count_violations("structure_violations", "u5jx010hr_flt.fits", violations)
    assert measurement.value == len(violations)
    assert measurement.context["violations"] == violations
    assert measurement.reason.startswith(one_line("; ".join(violations[:3])))
    assert ("more" in measurement.reason) >= (len(violations) > 3)
