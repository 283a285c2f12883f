"""Bringing what the series of a channel came to up to a run, and recording what changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from hubble_qa.checks.trends.drift import Drift
from hubble_qa.checks.trends.outcomes import Condition, Outcome, missing
from hubble_qa.reports.collect.results import Results
from hubble_qa.reports.history.cause import NOTHING
from hubble_qa.reports.history.judged import Judged, Known, Name, name_of, started_at
from hubble_qa.reports.history.memory import Memory, drift_of, drift_text, outcomes_of, outcomes_text
from hubble_qa.reports.history.reasons import Reasons, causes_text
from hubble_qa.reports.history.renewal import Product, Renewed, renewed
from hubble_qa.reports.history.rows import add_rows, put
from hubble_qa.reports.history.tables import (
    STATUSES,
    change,
    limits,
    measurement,
    series_memory,
    series_state,
)
from hubble_qa.reports.history.understand import MISSING, MOVED, Limits, understand

__all__ = ["Changes"]

Row = dict[str, Any]
_AT_ONCE = 500
_NOTHING = Memory(outcomes_text(()), drift_text(Drift()))


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
    origins, rules : mapping of str to int
        Numbers of its origins and rules, by their digests.
    """

    def __init__(
        self,
        connection: Connection,
        results: Results,
        channel: str,
        number: int,
        origins: Mapping[str, int],
        rules: Mapping[str, int],
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
        pairs = [(each, known[name_of(each.verdict)]) for each in judged]
        # What a later run has said of a series stays.
        timely = [(each, was) for each, was in pairs if was.started is None or was.started <= self._started]
        loud = [(each, was) for each, was in timely if not _is_quiet(each, was)]
        if len(timely) > len(loud):
            self._lengthen(late={was.id for _, was in pairs} - {was.id for _, was in timely})
        self._understand(loud)
        self._miss({name_of(each.verdict) for each in judged}, known)
        if self._changes:
            self._connection.execute(insert(change), self._changes)
        return len(self._changes)

    def _lengthen(self, late: set[int]) -> None:
        """Note of the run's series that they came to the same; what is news replaces it afterwards."""
        state = series_state
        now = select(measurement.c.series).where(measurement.c.run == self._number)
        again = update(state).where(state.c.series.in_(now))
        if late:
            again = again.where(state.c.series.not_in(sorted(late)))
        self._connection.execute(again.values(run=self._number, streak=state.c.streak + 1))

    def _understand(self, loud: Sequence[tuple[Judged, Known]]) -> None:
        """Take in the verdicts that may be news."""
        memories = self._memories([was for _, was in loud])
        states: list[tuple[Any, ...]] = []
        texts: list[tuple[Any, ...]] = []
        for each, was in loud:
            after = self._quietly(each, was, memories.get(was.id)) or self._fully(each, was, memories)
            states.append(self._state(each, was, after))
            texts.append((was.id, *after.memory))
        put(self._connection, series_state, states)
        put(self._connection, series_memory, texts)
        self._limit(loud)

    def _quietly(self, each: Judged, was: Known, memory: Memory | None) -> Renewed | None:
        """What a series came to by a new product without news; None if there may be any."""
        v = each.verdict
        if not v.accepted or v.value is None:
            return None
        product = Product(self._started, each.origin, each.rule, v.value, each.built)
        return renewed(memory, was.started, product, Limits(v.lower, v.upper, v.floor))

    def _fully(self, each: Judged, was: Known, memories: Mapping[int, Memory]) -> Renewed:
        """What a series came to by all that is remembered of it; its news are told."""
        v = each.verdict
        memory = memories.get(was.id, _NOTHING)
        last = None if was.started is None else datetime.fromisoformat(was.started)
        outcomes, drift = outcomes_of(memory.outcomes, last), drift_of(memory.drift)
        night = Outcome(self._when, each.origin, v.accepted, v.value, each.rule, each.built)
        after = understand(outcomes, drift, night, Limits(v.lower, v.upper, v.floor))
        for news in after.news:
            before = news.before.value if news.before else None
            causes = self._reasons.of(news.before, night, v.criterion)
            kind = news.kind
            if kind == Condition.NOT_REPRODUCIBLE and causes != (NOTHING,):
                kind = MOVED  # its key could not tell, but something else is another one
                if any(each.kind == MOVED for each in after.news):
                    continue  # from another product, which is told
            self._tell(was.id, kind, news.since, before, v.value, causes_text(causes))
        now = Memory(outcomes_text(after.outcomes), drift_text(after.drift))
        return Renewed(now, after.drift, after.outcomes[-1].streak.isoformat())

    def _memories(self, known: Sequence[Known]) -> dict[int, Memory]:
        """What is remembered of series."""
        places = [each.id for each in known if each.started is not None]
        wanted = select(series_memory)
        if len(places) > _AT_ONCE:
            of_run = (measurement.c.series == series_memory.c.series) & (measurement.c.run == self._number)
            wanted = wanted.join(measurement, of_run)
        else:
            wanted = wanted.where(series_memory.c.series.in_(places))
        rows = self._connection.execute(wanted).all()
        return {place: Memory(outcomes, drift) for place, outcomes, drift in rows}

    def _state(self, each: Judged, was: Known, after: Renewed) -> tuple[Any, ...]:
        """What a series came to, in the order of the columns."""
        v, drift = each.verdict, after.drift
        goes_on = was.accepted == v.accepted and was.streak is not None
        return (
            was.id,
            self._number,
            self._origins[each.origin],
            self._rules[each.rule],
            STATUSES.index(v.status),
            v.accepted,
            v.value,
            after.since,
            (was.streak or 0) + 1 if goes_on else 1,
            False,  # missing
            drift.drifted,
            drift.count,
            drift.centre,
            drift.width,
            drift.up,
            drift.down,
            was.baseline,
        )

    def _limit(self, loud: Sequence[tuple[Judged, Known]]) -> None:
        """Note from when on series are judged by other rules."""
        rows = [
            (was.id, self._number, self._started, self._rules[each.rule])
            for each, was in loud
            if was.rule != each.rule
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
            causes = self._reasons.of_missing(name, each.rule or "", self._results)
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


def _is_quiet(each: Judged, was: Known) -> bool:
    """Whether a series came to the same, of the same products and by the same rule, and nothing was built.

    A rejection is not: it becomes chronic while nothing else happens.
    """
    v = each.verdict
    return (
        not each.built
        and v.accepted
        and was.accepted is True
        and was.missing is False
        and was.origin == each.origin
        and was.rule == each.rule
        and was.status == STATUSES.index(v.status)
        and _same(was.value, v.value)
    )


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9)
