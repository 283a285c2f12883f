"""A criterion applied to a measurement."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.criteria import Criterion
from hubble_qa.checks.measurement import Measurement

__all__ = ["Expectation", "Status", "Verdict", "judge"]

# Bounds of a criterion that is judged by a count of problems.
_NONE_ALLOWED = Bounds(at_most=0)


class Status(StrEnum):
    """Outcome of judging one measurement by one criterion."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Expectation:
    """A declaration that a criterion will reject a product: a dataset's, or that of a tool's known defect.

    Attributes
    ----------
    reason : str
        Why the product is known to be rejected.
    """

    reason: str


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
        Distance from the value to the nearest bound, in the measurement's unit; negative outside.
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
    reason: str
    bounds_reason: str = ""
    expectation: Expectation | None = None

    @property
    def rejected_as_expected(self) -> bool:
        """Whether the criterion failed as the dataset declared it would."""
        return self.expectation is not None and self.status is Status.FAIL

    @property
    def accepted(self) -> bool:
        """Whether this verdict lets the run succeed.

        A declared rejection that did not happen is not accepted: either the product changed or
        the declaration is stale, and somebody must look. What is not applicable is accepted;
        what should have been measured and was not, never is.
        """
        if self.expectation is not None:
            return self.status in (Status.FAIL, Status.NOT_APPLICABLE)
        return self.status in (Status.PASS, Status.WARN, Status.NOT_APPLICABLE)


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
        The dataset's declaration that this criterion rejects this subject.

    Returns
    -------
    Verdict
        ``not measured`` for a missing, NaN or infinite value, another quantity or another unit;
        ``not applicable`` where the measurement of this quantity says so; otherwise by the bounds. A value
        within bounds warns where the measurement says what to look at; one outside is expected where it
        names a tool's known defect, unless the dataset declares anything itself.

    Raises
    ------
    ValueError
        If `bounds` come without a reason.
    """
    if bounds is not None and not bounds_reason:
        raise ValueError(f"{criterion.id}: bounds that differ from the default need a reason")
    in_force = criterion.bounds if bounds is None else bounds
    status, margin, reason = _status(criterion, measurement, in_force)
    if expectation is None and status is Status.FAIL and measurement.known_defect:
        expectation = Expectation(measurement.known_defect)
    return Verdict(criterion, measurement, in_force, status, margin, reason, bounds_reason, expectation)


def _status(
    criterion: Criterion, measurement: Measurement, bounds: Bounds
) -> tuple[Status, float | None, str]:
    if measurement.quantity != criterion.quantity:
        return Status.NOT_MEASURED, None, f"{measurement.quantity} was measured, not {criterion.quantity}"
    if not measurement.applicable:
        return Status.NOT_APPLICABLE, None, measurement.reason
    if measurement.value is None:
        return Status.NOT_MEASURED, None, measurement.reason
    remark = f"; {measurement.reason}" if measurement.reason else ""
    if measurement.unit != criterion.unit:
        return (
            Status.NOT_MEASURED,
            None,
            f"unit is {measurement.unit!r}, but the criterion is in {criterion.unit!r}",
        )
    if not measurement.measured:
        return Status.NOT_MEASURED, None, f"value is {measurement.value}, not a finite number{remark}"
    margin = bounds.margin(measurement.value)
    if not bounds.contains(measurement.value):
        return Status.FAIL, margin, _failure(measurement, bounds)
    if criterion.warn is not None and not criterion.warn.contains(measurement.value):
        return Status.WARN, margin, f"within bounds, but not {criterion.warn.text(criterion.unit)}{remark}"
    if measurement.warning:
        return Status.WARN, margin, measurement.warning + remark
    return Status.PASS, margin, measurement.reason


def _failure(measurement: Measurement, bounds: Bounds) -> str:
    value, remark = measurement.value, measurement.reason
    if bounds == _NONE_ALLOWED and not measurement.unit and value is not None and value.is_integer():
        problems = f"{value:.0f} problem{'' if value == 1 else 's'}"
        return f"{problems}: {remark}" if remark else problems
    return f"{value:.6g} is not {bounds.text(measurement.unit)}" + (f"; {remark}" if remark else "")
