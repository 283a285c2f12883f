"""What is remembered of a series, as text that a database holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from hubble_qa.checks.trends.drift import Drift
from hubble_qa.checks.trends.outcomes import Outcome

__all__ = ["Memory", "as_text", "drift_of", "drift_text", "outcomes_of", "outcomes_text"]

_DRIFT = tuple(each.name for each in fields(Drift))
_drift_values = attrgetter(*_DRIFT)
# `json.dumps` would make an encoder each time.
as_text = json.JSONEncoder(separators=(",", ":")).encode
"""JSON without spaces."""


class Memory(NamedTuple):
    """What is remembered of a series, as `outcomes_text` and `drift_text` have it."""

    outcomes: str
    drift: str


def outcomes_text(outcomes: Sequence[Outcome]) -> str:
    """Outcomes as JSON: a list of lists of their fields, in order; times in ISO 8601."""
    return as_text([_values(each) for each in outcomes])


def _values(outcome: Outcome) -> list[object]:
    until, since = outcome.until, outcome.since
    return [
        outcome.when.isoformat(),
        outcome.key,
        outcome.accepted,
        outcome.value,
        outcome.rule,
        outcome.built,
        until and until.isoformat(),
        since and since.isoformat(),
    ]


def outcomes_of(text: str, until: datetime | None = None) -> tuple[Outcome, ...]:
    """Take outcomes out of JSON.

    Parameters
    ----------
    text : str
        As `outcomes_text` has it.
    until : datetime, optional
        Start of the last run that came to the same as the last outcome; nights without any news do not
        write the text again.
    """
    found = [
        Outcome(
            _time(when), key, accepted, value, rule, built, until and _time(until), since and _time(since)
        )
        for when, key, accepted, value, rule, built, until, since in json.loads(text)
    ]
    if found and until is not None and until > found[-1].last:
        found[-1] = replace(found[-1], until=until)
    return tuple(found)


# Outcomes share few times: those of the runs.
_TIMES: dict[str, datetime] = {}


def _time(text: str) -> datetime:
    found = _TIMES.get(text)
    if found is None:
        found = _TIMES[text] = datetime.fromisoformat(text)
    return found


def drift_text(drift: Drift) -> str:
    """The state of a CUSUM as JSON."""
    return as_text(_drift_values(drift))


def drift_of(text: str) -> Drift:
    """Take the state of a CUSUM out of JSON."""
    named = dict(zip(_DRIFT, json.loads(text), strict=True))
    return Drift(**{**named, "reference": tuple(named["reference"])})
