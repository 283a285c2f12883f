"""A criterion applied to a measurement."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.criteria import Criterion
from hubble_qa.checks.measurement import Measurement

__all__ = ["Expectation", "Status", "Verdict", "judge"]

# Bounds of a criterion that is judged by a count of problems.
_NONE_ALLOWED = Bounds(at_most=0)


class Status(StrEnum):
    """Outcome of judging one measurement by one criterion.

    A warning is a value within bounds that deserves a look: because its own error could carry it across
    the nearest limit, or because the measurement says so.
    """

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"
    NOT_TOLD = "could not be told"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Expectation:
    """A declaration that a criterion will reject a product: a dataset's, or that of a tool's known defect.

    Attributes
    ----------
    reason : str
        Why the product is known to be rejected.
    range : Bounds or None
        Values that it was declared for; a worse one is a failure. None where it holds for a fit that
        failed only.
    or_no_fit : bool
        Whether the product may be rejected as well because its fit failed: no acceptable fit either way.
    may_pass : bool
        Whether the product may also be accepted: what is declared happens to some of its kind only, or
        was declared for another archive, of which this may be a copy.
    remedy : str
        What a user of the product is to do about the defect; empty where nobody says.
    """

    reason: str
    range: Bounds | None
    or_no_fit: bool = False
    may_pass: bool = False
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one criterion for one measurement.

    Attributes
    ----------
    criterion : Criterion
        The rule that was applied.
    measurement : Measurement
        What was judged.
    bounds : Bounds
        The bounds in force: the criterion's own, its instrument's, or the dataset's override.
    status : Status
        The outcome by the bounds alone, before any expectation.
    margin : float or None
        Distance from the value to the nearest bound, in the measurement's unit; negative outside. A floor
        of validity is a bound for what lies outside it only.
    relative_margin : float or None
        The margin in units of half the accepted interval, or of the one bound: `Bounds.relative_margin`.
    reason : str
        One line that explains the status.
    bounds_reason : str
        Why the bounds differ from the criterion's defaults; empty when they do not.
    expectation : Expectation or None
        Set where the dataset declares that this criterion rejects this subject, and where it does for a
        known defect of the tool that made it.
    """

    criterion: Criterion
    measurement: Measurement
    bounds: Bounds
    status: Status
    margin: float | None
    relative_margin: float | None
    reason: str
    bounds_reason: str = ""
    expectation: Expectation | None = None

    @property
    def close(self) -> bool:
        """Whether the value is within one error of its bound, on either side of it."""
        return self.margin is not None and _close(self.margin, self.measurement)

    @property
    def rejected_as_expected(self) -> bool:
        """Whether the criterion failed as the dataset declared it would: within the declared range."""
        return self.expectation is not None and _foreseen(self.expectation, self.status, self.measurement)

    @property
    def expected_range(self) -> str:
        """Values, in words, for which the rejection was declared; empty without a declaration."""
        limits = self.expectation.range if self.expectation is not None else None
        return "" if limits is None else _text(limits, self.criterion.unit)

    @property
    def accepted(self) -> bool:
        """Whether this verdict lets the run succeed.

        A declared rejection that did not happen is not accepted, and neither is one beyond the declared
        range: either the product changed or the declaration is stale, and somebody must look. What is not
        applicable, or could not be told for want of another file, a catalogue or stars, is accepted; what
        should have been measured and was not, is only where a fit was declared to have no acceptable
        result and failed.
        """
        if self.status in (Status.NOT_APPLICABLE, Status.NOT_TOLD):
            return True
        if self.expectation is not None:
            return self.rejected_as_expected
        return self.status in (Status.PASS, Status.WARN)


def judge(
    criterion: Criterion,
    measurement: Measurement,
    *,
    bounds: Bounds | None = None,
    bounds_reason: str = "",
    expectation: Expectation | None = None,
) -> Verdict:
    """Apply a criterion to a measurement.

    Parameters
    ----------
    criterion : Criterion
        The acceptance rule.
    measurement : Measurement
        The measured value; its quantity and unit must be the criterion's.
    bounds : Bounds, optional
        Bounds in force instead of the criterion's defaults (an instrument's variant or a
        dataset's override).
    bounds_reason : str, optional
        Why `bounds` differ from the defaults; required with `bounds`.
    expectation : Expectation, optional
        The dataset's declaration that this criterion rejects this subject. The verdict has none where the
        declaration allows what was found without expecting it.

    Returns
    -------
    Verdict
        ``not measured`` for a missing, NaN or infinite value, another quantity or another unit;
        ``not applicable`` or ``could not be told`` where the measurement of this quantity says so; otherwise
        by the bounds. A value
        within bounds warns where its error reaches the nearest one, and where the measurement says what to
        look at; one outside is expected where it names a tool's known defect, unless the dataset declares
        anything itself.

    Raises
    ------
    ValueError
        If `bounds` come without a reason.
    """
    if bounds is not None and not bounds_reason:
        raise ValueError(f"{criterion.id}: bounds that differ from the default need a reason")
    in_force = criterion.bounds if bounds is None else bounds
    status, reason = _status(criterion, measurement, in_force)
    margin, relative = _margins(criterion, measurement, in_force, status)
    if expectation is None and status is Status.FAIL and measurement.known_defect:
        always = Bounds(at_least=measurement.value, at_most=measurement.value)
        expectation = Expectation(measurement.known_defect, always, remedy=measurement.remedy)
    verdict = Verdict(criterion, measurement, in_force, status, margin, relative, reason, bounds_reason)
    return verdict if expectation is None else _as_expected(verdict, expectation)


def _as_expected(verdict: Verdict, expectation: Expectation) -> Verdict:
    """The verdict with the declaration that concerns it, and how far it is outside the declared range."""
    measurement, status = verdict.measurement, verdict.status
    foreseen = _foreseen(expectation, status, measurement)
    accepted = status in (Status.PASS, Status.WARN)
    if not foreseen and (expectation.range is None or (accepted and expectation.may_pass)):
        return verdict
    reason = verdict.reason
    if not foreseen and status is Status.FAIL and measurement.value is not None:
        assert expectation.range is not None, "returned above"
        reason += f"; {_beyond(measurement.value, expectation.range, measurement.unit)}"
    return replace(verdict, reason=reason, expectation=expectation)


def _foreseen(expectation: Expectation, status: Status, measurement: Measurement) -> bool:
    if measurement.no_fit and expectation.or_no_fit:
        return status in (Status.FAIL, Status.NOT_MEASURED)
    if expectation.range is None or measurement.value is None:
        return False
    return status is Status.FAIL and expectation.range.contains(measurement.value)


def _beyond(value: float, limits: Bounds, unit: str) -> str:
    distance = -limits.margin(value)
    side = "below" if limits.lower is not None and value <= limits.lower else "above"
    return f"expected was a rejection with {_text(limits, unit)}; this is {distance:.3g} {side} that"


def _text(limits: Bounds, unit: str) -> str:
    return f"{limits.lower:g} {unit}".rstrip() if limits.lower == limits.upper else limits.text(unit)


def _status(criterion: Criterion, measurement: Measurement, bounds: Bounds) -> tuple[Status, str]:
    if measurement.quantity != criterion.quantity:
        return Status.NOT_MEASURED, f"{measurement.quantity} was measured, not {criterion.quantity}"
    if not measurement.applicable:
        return Status.NOT_APPLICABLE, measurement.reason
    if not measurement.told:
        return Status.NOT_TOLD, measurement.reason
    if measurement.value is None:
        return Status.NOT_MEASURED, measurement.reason
    remark = f"; {measurement.reason}" if measurement.reason else ""
    if measurement.unit != criterion.unit:
        return (
            Status.NOT_MEASURED,
            f"unit is {measurement.unit!r}, but the criterion is in {criterion.unit!r}",
        )
    if not measurement.measured:
        return Status.NOT_MEASURED, f"value is {measurement.value}, not a finite number{remark}"
    close = _close_text(criterion, measurement, bounds)
    if not bounds.contains(measurement.value):
        return Status.FAIL, "; ".join(filter(None, [_failure(measurement, bounds), close]))
    if close or measurement.warning:
        return Status.WARN, "; ".join(filter(None, [measurement.warning, close])) + remark
    return Status.PASS, measurement.reason


def _margins(
    criterion: Criterion, measurement: Measurement, bounds: Bounds, status: Status
) -> tuple[float | None, float | None]:
    if measurement.value is None or status not in (Status.PASS, Status.WARN, Status.FAIL):
        return None, None
    value, floor = measurement.value, criterion.floor
    return bounds.margin(value, floor=floor), bounds.relative_margin(value, floor=floor)


def _close(margin: float, measurement: Measurement) -> bool:
    error = None if measurement.beyond_error else measurement.uncertainty
    return error is not None and 0 < error < math.inf and abs(margin) <= error


def _close_text(criterion: Criterion, measurement: Measurement, bounds: Bounds) -> str:
    """That a value is within one error of its bound, in words; empty where it is not, or has no error."""
    assert measurement.value is not None, "only what was measured has a margin"
    margin = bounds.margin(measurement.value, floor=criterion.floor)
    if not _close(margin, measurement):
        return ""
    error = f"{measurement.uncertainty:.2g} {measurement.unit}".rstrip()
    return f"close: the limit is within one error ({error})"


def _failure(measurement: Measurement, bounds: Bounds) -> str:
    value = measurement.value
    # What to do about a known defect is told beside its reason.
    remedy = "" if measurement.known_defect else measurement.remedy
    remark = "; ".join(filter(None, (measurement.reason, remedy)))
    if bounds == _NONE_ALLOWED and not measurement.unit and value is not None and value.is_integer():
        problems = f"{value:.0f} problem{'' if value == 1 else 's'}"
        return f"{problems}: {remark}" if remark else problems
    return f"{value:.6g} is not {bounds.text(measurement.unit)}" + (f"; {remark}" if remark else "")
