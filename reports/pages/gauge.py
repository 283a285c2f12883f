"""Where a value lies relative to its bounds, as the geometry of a small bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Gauge", "distance_text", "gauge"]

_BEYOND = 0.5
"""Share of the bar, in units of the accepted width, that shows what lies outside a bound."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """Positions along a bar from 0 to 1.

    Attributes
    ----------
    start, end : float
        The accepted part of the bar.
    value : float
        The value, or the end of the bar it lies beyond.
    clipped : int
        -1 or 1 where the value lies beyond the lower or upper end of the bar, else 0.
    low, high : float
        The value less and plus its uncertainty; equal where there is none.
    """

    start: float
    end: float
    value: float
    clipped: int
    low: float
    high: float


def gauge(
    value: float | None, lower: float | None, upper: float | None, uncertainty: float | None = None
) -> Gauge | None:
    """Place a value on a bar.

    None without a value, without bounds, where only one value is accepted (a bar of no width says
    nothing), or beyond what doubles span.
    """
    if value is None or lower == upper:
        return None
    first, last = _axis(value, lower, upper)
    span = last - first
    if not (math.isfinite(span) and span > 0):
        return None

    def place(number: float) -> float:
        return min(max((number - first) / span, 0.0), 1.0)

    spread = abs(uncertainty or 0.0)
    return Gauge(
        start=0.0 if lower is None else place(lower),
        end=1.0 if upper is None else place(upper),
        value=place(value),
        clipped=(value > last) - (value < first),
        low=place(value - spread),
        high=place(value + spread),
    )


def distance_text(
    value: float | None, lower: float | None, upper: float | None, *, floor: bool = False
) -> str:
    """Return how far a value lies from its limits, in words, e.g. ``"5.1 × the limit"``.

    The value is compared with the limit on its side; above a floor of validity that is the upper one.
    Where two limits are near each other and far from zero, its deviation from their middle is compared
    with the largest that they allow. Empty without a value, without limits, and where only one value is
    accepted.
    """
    if value is None or not math.isfinite(value) or lower == upper:  # or there is neither
        return ""
    if value in (lower, upper):
        return "at the limit"
    accepted = (lower is None or value > lower) and (upper is None or value < upper)
    if floor and upper is not None and lower is not None and value > lower:
        lower = None
    if lower is not None and upper is not None and 0.5 < lower / (upper or math.inf) < 2:
        half = (upper - lower) / 2
        return _times(abs(value - (lower + half)) / half, "the allowed deviation", accepted)
    limit, name = _limit(value, lower, upper)
    if limit * value <= 0:
        return f"{'above' if value > limit else 'below'} {name}"
    return _times(value / limit, name, accepted)


def _limit(value: float, lower: float | None, upper: float | None) -> tuple[float, str]:
    """The limit on the value's side (of two, the upper one from their middle on), and its name."""
    if lower is None or (upper is not None and value >= lower / 2 + upper / 2):
        assert upper is not None
        return upper, "the limit"
    return lower, "the lower limit"


def _times(ratio: float, what: str, accepted: bool) -> str:
    if ratio > 1000:
        return f"more than 1000 × {what}"
    if ratio < 0.01:
        return f"less than 0.01 × {what}"
    number = f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}" if abs(ratio - 1) > 0.1 else f"{ratio:.2f}"
    if float(number) == 1.0:
        return f"just {'inside' if accepted else 'outside'} {what}"
    return f"{ratio:.2f} × {what}" if ratio < 0.1 else f"{number} × {what}"


def _width(value: float, lower: float | None, upper: float | None) -> float:
    if lower is not None and upper is not None and upper > lower:
        return upper - lower
    bound = upper if upper is not None else lower
    assert bound is not None
    return abs(bound) or abs(value - bound) or 1.0


def _axis(value: float, lower: float | None, upper: float | None) -> tuple[float, float]:
    width = _width(value, lower, upper)
    if lower is None:
        assert upper is not None
        return upper - width, upper + _BEYOND * width
    if upper is None:
        return lower - _BEYOND * width, lower + width
    return lower - _BEYOND * width, upper + _BEYOND * width
