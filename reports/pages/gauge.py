"""Where a value lies relative to its bounds, as the geometry of a small bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Gauge", "gauge", "relative_margin"]

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


def relative_margin(
    value: float | None, lower: float | None, upper: float | None, margin: float | None
) -> float | None:
    """Return the margin in units of the accepted width, or of the one bound; None without either."""
    if value is None or margin is None or (lower is None and upper is None):
        return None
    relative = margin / _width(value, lower, upper)
    return relative if math.isfinite(relative) else math.copysign(math.inf, margin)


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
