"""What a night tells of a series: its state, what is remembered of it, and what is new."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hubble_qa.checks.trends.drift import Drift, default_tolerance, follow
from hubble_qa.checks.trends.outcomes import Condition, Outcome, happenings, is_new_product, remember

__all__ = ["DRIFT", "MISSING", "MOVED", "UNTOLD", "Limits", "News", "Understood", "has_moved", "understand"]

MOVED = "moved"
"""A value that is another one, by more than what nobody minds."""
DRIFT = "drift"
"""A series that has left its baseline, by the values of distinct products."""
UNTOLD = "no longer told"
"""A value that is no longer measured, although nothing is rejected."""
MISSING = "missing"

# Of differences between two values whose scatter is known: 5.7 standard deviations of such a difference.
_SCATTER = 8.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits by which a value is judged, and whether the lower one only tells what is no measurement."""

    lower: float | None = None
    upper: float | None = None
    floor: bool = False

    @property
    def tolerance(self) -> float:
        """What a value may move by, as far as nobody has said."""
        return default_tolerance(None if self.floor else self.lower, self.upper)


@dataclass(frozen=True, slots=True)
class News:
    """What is told of a series once: ``before`` is the outcome that it is compared with."""

    kind: str
    since: datetime
    before: Outcome | None


@dataclass(frozen=True, slots=True)
class Understood:
    """A series after a night."""

    outcomes: tuple[Outcome, ...]
    drift: Drift
    news: tuple[News, ...] = field(default=())


def understand(outcomes: tuple[Outcome, ...], drift: Drift, night: Outcome, limits: Limits) -> Understood:
    """Add a night to what is known of a series.

    Parameters
    ----------
    outcomes : tuple of Outcome
        Those of the nights before.
    drift : Drift
        The state of its CUSUM.
    night : Outcome
        That of this night.
    limits : Limits
        Those of this night.
    """
    after = drift
    if night.value is not None and is_new_product(outcomes, night.key):
        after = follow(drift, night.value, tolerance=limits.tolerance)
    news = [
        News(str(each.condition), each.since, _compared(each.condition, outcomes, night))
        for each in happenings(outcomes, night)
        if each.begins
    ]
    if after.drifted and not drift.drifted:
        news.append(News(DRIFT, night.when, _before_drift(outcomes, after)))
    if not outcomes or outcomes[-1].accepted == night.accepted:
        news.extend(_of_value(outcomes, drift, night, limits))
    return Understood(remember(outcomes, night), after, tuple(news))


def _compared(condition: Condition, outcomes: Sequence[Outcome], night: Outcome) -> Outcome | None:
    """The outcome that a night's is compared with.

    It is the last; of what is chronic the last accepted, of what is not reproducible the last value of the
    same product.
    """

    def comparable(each: Outcome) -> bool:
        match condition:
            case Condition.CHRONIC:
                return each.accepted
            case Condition.NOT_REPRODUCIBLE:
                return each.value is not None and each.same_origin(night)
            case _:
                return True

    return next((each for each in reversed(outcomes) if comparable(each)), None)


def _of_value(outcomes: tuple[Outcome, ...], drift: Drift, night: Outcome, limits: Limits) -> Iterator[News]:
    """That a value moved, or is none any more."""
    last = next((each for each in reversed(outcomes) if each.value is not None), None)
    if last is None or last.value is None:
        return
    if night.value is None:
        if night.accepted and outcomes[-1] is last:
            yield News(UNTOLD, night.when, last)
        return
    if has_moved(last.value, night.value, drift, limits.tolerance) and not last.same_origin(night):
        yield News(MOVED, night.when, last)


def has_moved(before: float, now: float, drift: Drift, tolerance: float) -> bool:
    """Whether a series' value is another one than the last: by more than nobody minds, or it scatters."""
    allowed = max(drift.tolerance or tolerance, _SCATTER * (drift.width or 0.0))
    return abs(now - before) > allowed and not math.isclose(now, before, rel_tol=1e-9)


def _before_drift(outcomes: tuple[Outcome, ...], drift: Drift) -> Outcome | None:
    """The outcome of the last product before a drift began; the earliest that is remembered, if none is."""
    products = drift.count - drift.began
    seen: set[str] = set()
    for each in reversed(outcomes):
        if each.value is not None:
            seen.add(each.key)
        if len(seen) >= products:
            return each
    return outcomes[0] if outcomes else None
