"""What a check returns: one measured value with its unit, subject and context."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hubble_qa.checks.printable import one_line

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

__all__ = [
    "Json",
    "Measurement",
    "count_violations",
    "finite",
    "json_number",
    "not_applicable",
    "not_measured",
    "not_told",
]

_VIOLATIONS_NAMED = 3


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured quantity of one subject.

    Numbers of any kind are taken and kept as Python's own, so that every measurement can be written
    as JSON; a number in `context` that is not finite is kept as text.

    Attributes
    ----------
    quantity : str
        Name of the quantity in the field's own terms, e.g. ``"fit_rms"``; the criterion that
        judges it names the same quantity.
    value : float or None
        The measured value in `unit`. None only when `applicable` or `told` is false or nothing could be
        measured, with `reason` saying why.
    unit : str
        FITS-standard unit of `value`; the empty string for ratios, counts and fractions.
    subject : str
        What was measured: exposure, chip, star or product.
    uncertainty : float or None
        One standard deviation of `value`, in `unit`, where it is known.
    beyond_error : bool
        True where the value is what remains beyond a multiple of its error. Its error is allowed for
        already, so that it is never taken for a close call.
    context : mapping
        Further JSON-serialisable facts that help to read the value.
    applicable : bool
        False where the quantity has no meaning for the subject (the reference image of a
        relative alignment has no fit).
    told : bool
        False where the quantity has a meaning for the subject, and what it takes to measure it is not at
        hand: another file, a catalogue, enough stars.
    reason : str
        Why there is no value, or a remark on it.
    remedy : str
        What to do where the value is rejected, also for a known defect; told with a rejection only.
    warning : str
        What deserves a look although the value is within bounds; the verdict warns.
    known_defect : str
        Why every product of the tool that made this one has such a value. A rejection is then a known
        defect of the tool's, not a failure of the product.
    no_fit : bool
        True where the fit that is judged failed, so that there is none.

    Raises
    ------
    ValueError
        If there is no value and no reason, or a value of what is not applicable or could not be told.
    """

    quantity: str
    value: float | None
    unit: str
    subject: str
    uncertainty: float | None = None
    context: Mapping[str, Json] = field(default_factory=dict)
    applicable: bool = True
    told: bool = True
    reason: str = ""
    remedy: str = ""
    warning: str = ""
    known_defect: str = ""
    no_fit: bool = False
    beyond_error: bool = False

    def __post_init__(self) -> None:
        if self.value is None and not self.reason:
            raise ValueError(f"{self.quantity} of {self.subject}: give the reason why there is no value")
        if self.value is not None and not (self.applicable and self.told):
            raise ValueError(f"{self.quantity} of {self.subject} has a value, so it is applicable and told")
        for name in ("value", "uncertainty"):
            number = getattr(self, name)
            # 0 has no sign: reports and tables showed -0.0.
            object.__setattr__(self, name, None if number is None else float(number) + 0.0)
        for name in ("reason", "remedy", "warning", "known_defect"):
            object.__setattr__(self, name, one_line(getattr(self, name)))
        object.__setattr__(self, "context", {str(key): _plain(entry) for key, entry in self.context.items()})

    @property
    def measured(self) -> bool:
        """Whether there is a finite value to judge."""
        return self.value is not None and math.isfinite(self.value)


def finite(number: float | None) -> float | None:
    """Return a number of any kind as Python's own where it is finite; None otherwise."""
    return float(number) if number is not None and math.isfinite(number) else None


def json_number(number: float) -> float | str:
    """Return a number of any kind as Python's own where it is finite, else by name: ``"nan"``, ``"-inf"``."""
    return float(number) if math.isfinite(number) else str(float(number))


def not_applicable(quantity: str, subject: str, reason: str) -> Measurement:
    """State that a quantity has no meaning for a subject, and why."""
    return Measurement(quantity, None, "", subject, applicable=False, reason=reason)


def not_told(quantity: str, subject: str, reason: str) -> Measurement:
    """State that a quantity could not be told, for something that it takes is not at hand, and what."""
    return Measurement(quantity, None, "", subject, told=False, reason=reason)


def not_measured(quantity: str, subject: str, reason: str) -> Measurement:
    """State that a quantity should have been measured but could not be, and why."""
    return Measurement(quantity, None, "", subject, reason=reason)


def count_violations(
    quantity: str,
    subject: str,
    violations: Sequence[str],
    context: Mapping[str, Json] | None = None,
    *,
    warnings: Sequence[str] = (),
    known_defect: str = "",
) -> Measurement:
    """Measure an all-or-nothing rule by the number of its violations.

    Parameters
    ----------
    quantity, subject : str
        As in `Measurement`.
    violations : sequence of str
        One short text for each violation; they go into the context whole, the first into the reason.
    context : mapping, optional
        Further facts.
    warnings : sequence of str
        What breaks no rule and deserves a look; not counted.
    known_defect : str
        As of `Measurement`, where it explains all violations.

    Returns
    -------
    Measurement
        The number of violations, without unit.
    """
    facts: dict[str, Json] = {**(context or {}), "violations": list(violations)}
    if warnings:
        facts["warnings"] = list(warnings)
    return Measurement(
        quantity,
        len(violations),
        "",
        subject,
        context=facts,
        reason=_few(violations),
        warning=_few(warnings),
        known_defect=known_defect,
    )


def _few(texts: Sequence[str]) -> str:
    """The first few of some texts, and how many more there are."""
    more = len(texts) - _VIOLATIONS_NAMED
    return "; ".join([*texts[:_VIOLATIONS_NAMED], *([f"and {more} more"] if more > 0 else [])])


def _plain(entry: Any) -> Json:
    """Return `entry` in JSON's own types; numpy's scalars and arrays become Python's."""
    if hasattr(entry, "tolist"):
        entry = entry.tolist()
    if isinstance(entry, Mapping):
        return {str(key): _plain(value) for key, value in entry.items()}
    if isinstance(entry, (list, tuple)):
        return [_plain(value) for value in entry]
    if isinstance(entry, float):
        return json_number(entry)
    if entry is None or isinstance(entry, (bool, int, str)):
        return entry
    raise TypeError(f"a measurement's context cannot hold {type(entry).__name__}")
