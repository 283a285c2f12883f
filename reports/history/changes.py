"""Bringing what the series of a channel came to up to a run, and recording what changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from hubble_qa.checks.trends.drift import Drift, estimates
from hubble_qa.checks.trends.outcomes import Condition, Outcome, lengthens, missing
from hubble_qa.reports.collect.results import Results
from hubble_qa.reports.history.cause import NOTHING as NOTHING_ELSE
from hubble_qa.reports.history.judged import Judged, Known, Name, started_at
from hubble_qa.reports.history.memory import (
    NOTHING,
    Memory,
    add_references,
    drift_values,
    memories_of,
    with_references,
)
from hubble_qa.reports.history.past import had_product, outcomes_of, place_of_outcome
from hubble_qa.reports.history.reasons import Reasons, causes_text
from hubble_qa.reports.history.registry import Numbered
from hubble_qa.reports.history.renewal import After, Loud, renewals
from hubble_qa.reports.history.rows import add_rows, put
from hubble_qa.reports.history.tables import STATUSES, change, limits, measurement, outcome, run, series_state
from hubble_qa.reports.history.understand import MISSING, MOVED, Limits, understand

__all__ = ["Changes"]

Row = dict[str, Any]


class Changes:
    """What changes in a run.

    Parameters
    ----------
    connection : Connection
        Writes the history.
    results : Results
        What the run found.
    channel : str
        Its channel.
    number : int
        Its number.
    origins, rules : Numbered
        Its origins and rules.
    """

    def __init__(
        self,
        connection: Connection,
        results: Results,
        channel: str,
        number: int,
        origins: Numbered,
        rules: Numbered,
    ) -> None:
        self._connection = connection
        self._results = results
        self._number = number
        self._origins = origins
        self._rules = rules
        self._when = started_at(results.run)
        self._started = self._when.isoformat()
        self._reasons = Reasons(connection, results.run, channel)
        self._changes: list[Row] = []

    def record(self, judged: Sequence[Judged], known: Mapping[Name, Known]) -> int:
        """Record, and return how many changes there are.

        Parameters
        ----------
        judged : sequence of Judged
            The run's verdicts.
        known : mapping
            All series of the channel, with what each came to last.
        """
        pairs = [(each, known[each.name]) for each in judged]
        # What a later run has said of a series stays.
        timely = [(each, was) for each, was in pairs if was.started is None or was.started <= self._started]
        loud = [(each, was) for each, was in timely if not self._is_quiet(each, was)]
        self._understand(loud)
        if len(timely) > len(loud):
            self._lengthen()
        self._miss({each.name for each in judged}, known)
        if self._changes:
            self._connection.execute(insert(change), self._changes)
        return len(self._changes)

    def _is_quiet(self, each: Judged, was: Known) -> bool:
        """Whether a series came to the same, of the same products by the same rule, and nothing was built.

        A rejection is not: it becomes chronic while nothing else happens.
        """
        v = each.verdict
        return (
            not each.built
            and v.accepted
            and was.accepted is True
            and was.missing is False
            and was.origin == self._origins.numbers[each.origin]
            and was.rule == self._rules.numbers[each.rule]
            and was.status == STATUSES.index(v.status)
            and _same(was.value, v.value)
        )

    def _lengthen(self) -> None:
        """Note of the run's series that they came to the same, but of those that have been understood."""
        state = series_state.c
        now = select(measurement.c.series).where(measurement.c.run == self._number)
        before = select(run.c.id).where(run.c.started <= self._started, run.c.id != self._number)
        again = update(series_state).where(state.series.in_(now), state.run.in_(before))
        self._connection.execute(again.values(run=self._number, streak=state.streak + 1))

    def _understand(self, loud: Sequence[Loud]) -> None:
        """Take in the verdicts that may be news."""
        if not loud:
            return
        there = [was.id for _, was in loud if was.started is not None]
        memories = memories_of(self._connection, there, self._number)
        # Where level and scatter are estimated by them; of other references it matters how long they are.
        due = {k: each for k, each in memories.items() if estimates(len(each.drift.reference) + 1)}
        memories.update(with_references(self._connection, due))
        found = renewals(loud, memories, self._repeated(loud), self._rules.new, self._started)
        rest = [(each, was) for each, was in loud if was.id not in found]
        there = [was.id for _, was in rest if was.id in memories]
        outcomes = outcomes_of(self._connection, there)
        for each, was in rest:
            drift = memories.get(was.id, NOTHING).drift
            found[was.id] = self._fully(each, was, drift, outcomes.get(was.id, ()))
        self._keep(loud, memories, found)
        self._limit(loud)

    def _repeated(self, loud: Sequence[Loud]) -> frozenset[int]:
        """The series that had their product before; one that is new to the history, none had."""
        known = [
            (each, was)
            for each, was in loud
            if each.origin not in self._origins.new and was.started is not None
        ]
        numbers = self._origins.numbers
        last = frozenset(was.id for each, was in known if numbers[each.origin] == was.origin)
        others = [was.id for _, was in known if was.id not in last]
        return last | had_product(self._connection, self._number, others) if others else last

    def _fully(self, each: Judged, was: Known, drift: Drift, outcomes: tuple[Outcome, ...]) -> After:
        """What a series came to by all that is remembered of it; its news are told."""
        v = each.verdict
        night = Outcome(self._when, each.origin, v.accepted, v.value, each.rule, each.built)
        after = understand(outcomes, drift, night, Limits(v.lower, v.upper, v.floor))
        for news in after.news:
            before = news.before.value if news.before else None
            causes = self._reasons.of(news.before, night, v.criterion)
            kind = news.kind
            if kind == Condition.NOT_REPRODUCIBLE and causes != (NOTHING_ELSE,):
                kind = MOVED  # its key could not tell, but something else is another one
                if any(each.kind == MOVED for each in after.news):
                    continue  # from another product, which is told
            self._tell(was.id, kind, news.since, before, v.value, causes_text(causes))
        longer = bool(outcomes) and lengthens(outcomes[-1], night)
        return After(after.drift, after.outcomes[-1].streak.isoformat(), longer)

    def _keep(self, loud: Sequence[Loud], memories: Mapping[int, Memory], found: Mapping[int, After]) -> None:
        """Write what series came to."""
        states: list[tuple[Any, ...]] = []
        outcomes: list[tuple[Any, ...]] = []
        for each, was in loud:
            number, after = memories.get(was.id, NOTHING).outcomes, found[was.id]
            if not after.lengthens:
                outcomes.append(self._outcome(each, was, number))
                number += 1
            states.append(self._state(each, was, after, number))
        put(self._connection, series_state, states)
        put(self._connection, outcome, outcomes)
        drifts = ((place, memories.get(place, NOTHING).drift, after.drift) for place, after in found.items())
        add_references(self._connection, drifts)

    def _outcome(self, each: Judged, was: Known, number: int) -> tuple[Any, ...]:
        """An outcome by its number, in the order of the columns."""
        v = each.verdict
        return (
            place_of_outcome(number),
            was.id,
            self._started,
            self._origins.numbers[each.origin],
            self._rules.numbers[each.rule],
            v.accepted,
            v.value,
            each.built,
            was.started,
        )

    def _state(self, each: Judged, was: Known, after: After, outcomes: int) -> tuple[Any, ...]:
        """What a series came to, in the order of the columns."""
        v = each.verdict
        goes_on = was.accepted == v.accepted and was.streak is not None
        return (
            was.id,
            self._number,
            self._origins.numbers[each.origin],
            self._rules.numbers[each.rule],
            STATUSES.index(v.status),
            v.accepted,
            v.value,
            after.since,
            (was.streak or 0) + 1 if goes_on else 1,
            False,  # missing
            outcomes,
            *drift_values(after.drift),
            was.baseline,
        )

    def _limit(self, loud: Sequence[tuple[Judged, Known]]) -> None:
        """Note from when on series are judged by other rules."""
        rows = [
            (was.id, self._number, self._started, number)
            for number, was in ((self._rules.numbers[each.rule], was) for each, was in loud)
            if was.rule != number
        ]
        add_rows(self._connection, limits, rows)

    def _miss(self, now: set[Name], known: Mapping[Name, Known]) -> None:
        """Tell which series the run should have had and has not."""
        covered = {name: self._covers(name) for name in {name[0] for name in known}}
        before = [name for name, each in known.items() if each.missing is False and covered[name[0]]]
        names = missing(before, now, complete=self._results.run.complete)
        names = tuple(name for name in names if (known[name].started or self._started) <= self._started)
        gone = [known[name] for name in names]
        for name, each in zip(names, gone, strict=True):
            causes = self._reasons.of_missing(name, each.rule, self._results)
            self._tell(each.id, MISSING, self._when, each.value, None, causes_text(causes))
        if gone:
            state = series_state
            lost = update(state).where(state.c.series == bindparam("place")).values(missing=True)
            self._connection.execute(lost, [{"place": each.id} for each in gone])

    def _covers(self, dataset: str) -> bool:
        """Whether the run was to have a dataset: it has, or no dataset was singled out."""
        words = self._results.run.command.split()
        chosen = any(word.partition("=")[0] == "--dataset" for word in words)
        return not chosen or any(each.name == dataset for each in self._results.datasets)

    def _tell(
        self, place: int, kind: str, since: datetime, before: float | None, after: float | None, causes: str
    ) -> None:
        self._changes.append(
            {
                "run": self._number,
                "series": place,
                "kind": kind,
                "since": since.isoformat(),
                "before": before,
                "after": after,
                "causes": causes,
            }
        )


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9)
