"""A calendar of nights: months of days, each in the worst state of its runs."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hubble_qa.reports.history.view import NightView
from hubble_qa.reports.pages.summary import State
from hubble_qa.reports.pages.wording import number_of

__all__ = ["Calendar", "Day", "Month", "calendars", "night_state"]

_WORST_FIRST = (State.FAIL, State.INCOMPLETE, State.PASS)


@dataclass(frozen=True, slots=True)
class Day:
    """A day: what its runs came to in words (``said``), most verdicts rejected (``count``), and changes."""

    number: int
    state: State
    said: str
    count: int = 0
    news: int = 0


@dataclass(frozen=True, slots=True)
class Month:
    """A month, with a `Day` for each of its days, or None."""

    name: str
    days: tuple[Day | None, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """A channel's months, the last first."""

    channel: str
    months: tuple[Month, ...]
    nights: int


def calendars(nights: Mapping[str, Sequence[NightView]]) -> tuple[Calendar, ...]:
    """Sort the nights of each channel into months."""
    return tuple(Calendar(channel, _months(runs), len(runs)) for channel, runs in nights.items() if runs)


def night_state(night: NightView) -> State:
    """The worst that a run came to."""
    if night.rejected:
        return State.FAIL
    return State.PASS if night.complete else State.INCOMPLETE


def _months(nights: Sequence[NightView]) -> tuple[Month, ...]:
    by_month: dict[tuple[int, int], dict[int, list[NightView]]] = {}
    for night in nights:
        month = by_month.setdefault((night.started.year, night.started.month), {})
        month.setdefault(night.started.day, []).append(night)
    return tuple(
        Month(f"{year}-{month:02}", tuple(_days(year, month, by_month[year, month])))
        for year, month in sorted(by_month, reverse=True)
    )


def _days(year: int, month: int, runs: Mapping[int, Sequence[NightView]]) -> Iterable[Day | None]:
    for number in range(1, monthrange(year, month)[1] + 1):
        yield _day(f"{year}-{month:02}-{number:02}", number, runs[number]) if number in runs else None


def _day(date: str, number: int, runs: Sequence[NightView]) -> Day:
    states = [night_state(each) for each in runs]
    worst = next(state for state in _WORST_FIRST if state in states)
    texts = [_said(each) for each in runs]
    return Day(
        number,
        worst,
        f"{date}: {'; '.join(texts)}",
        max(each.rejected for each in runs),
        sum(sum(each.changes.values()) for each in runs),
    )


def _said(night: NightView) -> str:
    rejected = f"{night.rejected} of {number_of(night.judged, 'verdict')} not accepted"
    whole = rejected if night.rejected else f"all of {number_of(night.judged, 'verdict')} accepted"
    parts = [whole, *([] if night.complete else ["only a part was run"])]
    parts += [f"{count} {kind}" for kind, count in night.changes.items() if count]
    return ", ".join(parts)
