"""What the last outcomes of a series tell: new failures, what is fixed, chronic, flaky, missing."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar

__all__ = [
    "CHRONIC_AFTER",
    "FLAKY_BUILDS",
    "FLAKY_FLIPS",
    "MOST_OUTCOMES",
    "Condition",
    "Happening",
    "Outcome",
    "happenings",
    "is_flaky",
    "is_new_product",
    "lengthens",
    "missing",
    "remember",
]

CHRONIC_AFTER = timedelta(days=10)
"""A rejection is chronic from this age on."""
FLAKY_FLIPS = 2
FLAKY_BUILDS = 10
"""A series is flaky with so many flips in so many builds that had the same key."""
MOST_OUTCOMES = 64
"""Outcomes that are remembered of a series; successive nights without any news count as one."""

_SAME = 1e-9
"""Relative difference up to which two values are the same: that of another order of summation."""

_Series = TypeVar("_Series", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a series came to, in one night or in successive nights without any news.

    Attributes
    ----------
    when : datetime
        Start of the run; of the first of several nights.
    key : str
        Of the product that was judged: it decides the value, as long as the code that measures is the same.
    accepted : bool
        Whether the verdict was accepted.
    value : float or None
        What was measured; None where nothing was.
    rule : str
        Bounds and code that measures, or a digest of them: what decides the verdict besides the product.
    built : bool
        Whether the product was built in that night, rather than found in the store.
    until : datetime or None
        Start of the run of the last of several nights; None where it is one.
    since : datetime or None
        Start of the run since which the series has been accepted, or rejected; None where it is this one.
    """

    when: datetime
    key: str
    accepted: bool
    value: float | None
    rule: str = ""
    built: bool = True
    until: datetime | None = None
    since: datetime | None = None

    @property
    def last(self) -> datetime:
        """Start of the run of the last night."""
        return self.until or self.when

    @property
    def streak(self) -> datetime:
        """Start of the run since which the series has been accepted, or rejected."""
        return self.since or self.when

    def same_origin(self, other: Outcome) -> bool:
        """Whether all that decides the verdict is the same."""
        return self.key == other.key and self.rule == other.rule

    def same_result(self, other: Outcome) -> bool:
        """Whether verdict and value are the same."""
        return self.accepted == other.accepted and _same_value(self.value, other.value)


class Condition(StrEnum):
    """What is to be told of a series."""

    NEW = "new failure"
    FIXED = "fixed"
    CHRONIC = "chronic"
    FLAKY = "flaky"
    MISSING = "missing"
    NOT_REPRODUCIBLE = "not reproducible"


@dataclass(frozen=True, slots=True)
class Happening:
    """A condition of a series in a night.

    Attributes
    ----------
    condition : Condition
        What it is.
    since : datetime
        Start of the run with which it began; where it is chronic, of the first that was rejected.
    begins : bool
        Whether it is of this night: what is told once.
    """

    condition: Condition
    since: datetime
    begins: bool


def remember(
    outcomes: Sequence[Outcome], night: Outcome, *, most: int = MOST_OUTCOMES
) -> tuple[Outcome, ...]:
    """Add a night to a series' outcomes.

    A night that built nothing and came to the same lengthens the outcome before, so that the memory is of
    what happened rather than of nights.

    Parameters
    ----------
    outcomes : sequence of Outcome
        In the order of their nights.
    night : Outcome
        That of the last night.
    most : int
        Outcomes that are kept, the last ones.
    """
    if not outcomes:
        return (night,)
    last = outcomes[-1]
    if lengthens(last, night):
        return (*outcomes[:-1], replace(last, until=night.last))
    since = last.streak if last.accepted == night.accepted else night.when
    return (*outcomes, replace(night, since=since))[-most:]


def lengthens(last: Outcome, night: Outcome) -> bool:
    """Whether a night built nothing and came to the same as the last outcome."""
    return not night.built and last.same_origin(night) and last.same_result(night)


def is_new_product(outcomes: Iterable[Outcome], key: str) -> bool:
    """Whether a product is none of those that a series had before: a repeat tells nothing about drift."""
    return all(each.key != key for each in outcomes)


def happenings(outcomes: Sequence[Outcome], night: Outcome) -> tuple[Happening, ...]:
    """What is to be told of a series in a night.

    A rejection is a new failure where the night before was accepted or there was none, and the other way
    round fixed; but a flip of a flaky series without any reason is neither.

    Parameters
    ----------
    outcomes : sequence of Outcome
        Those of the nights before, as `remember` keeps them.
    night : Outcome
        That of this night.
    """
    now = remember(outcomes, night)
    return (*_turn(outcomes, now), *_standing(outcomes, now), *_not_reproducible(outcomes, night))


def is_flaky(outcomes: Sequence[Outcome]) -> bool:
    """Whether a series has flipped without any reason, twice or more in its last ten builds."""
    if not outcomes:
        return False
    builds = [each for each in outcomes if each.same_origin(outcomes[-1])][-FLAKY_BUILDS:]
    return sum(one.accepted != other.accepted for one, other in pairwise(builds)) >= FLAKY_FLIPS


def missing(before: Iterable[_Series], now: Iterable[_Series], *, complete: bool) -> tuple[_Series, ...]:
    """Series that the last complete run had and this one has not.

    Parameters
    ----------
    before : iterable
        Series of the last complete run.
    now : iterable
        Series of this run.
    complete : bool
        Whether this run was asked for everything and came to its end; else nothing is missing.
    """
    there = set(now)
    return tuple(each for each in dict.fromkeys(before) if each not in there) if complete else ()


def _same_value(one: float | None, other: float | None) -> bool:
    return one is other or (one is not None and other is not None and math.isclose(one, other, rel_tol=_SAME))


def _turn(before: Sequence[Outcome], now: Sequence[Outcome]) -> Iterator[Happening]:
    night = now[-1]
    if before[-1].accepted == night.accepted if before else night.accepted:
        return
    if is_flaky(now) and before[-1].same_origin(night):
        return
    yield Happening(Condition.FIXED if night.accepted else Condition.NEW, night.when, begins=True)


def _standing(before: Sequence[Outcome], now: Sequence[Outcome]) -> Iterator[Happening]:
    """What lasts: it is told in the night in which it begins, and is so in those that follow."""
    if _is_chronic(now):
        yield Happening(Condition.CHRONIC, now[-1].streak, begins=not _is_chronic(before))
    if is_flaky(now):
        first = next(each.when for each in now if each.same_origin(now[-1]))
        yield Happening(Condition.FLAKY, first, begins=not is_flaky(before))


def _is_chronic(outcomes: Sequence[Outcome]) -> bool:
    return any(not last.accepted and last.last - last.streak >= CHRONIC_AFTER for last in outcomes[-1:])


def _not_reproducible(before: Sequence[Outcome], night: Outcome) -> Iterator[Happening]:
    """That a product's value is not the one that it had before."""
    if night.value is None:
        return
    same = [each for each in before if each.same_origin(night) and each.value is not None]
    if same and not _same_value(same[-1].value, night.value):
        begins = all(_same_value(each.value, same[0].value) for each in same)
        yield Happening(Condition.NOT_REPRODUCIBLE, night.when, begins=begins)
