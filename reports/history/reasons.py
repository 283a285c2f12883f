"""Why series changed in a run: the causes, each pair of products and rules looked at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Integer, select

from hubble_qa.checks.trends.outcomes import Outcome
from hubble_qa.reports.collect.results import Results, RunRecord
from hubble_qa.reports.history.cause import FIRST, UNKNOWN, Cause, Kind
from hubble_qa.reports.history.causes import causes_of_verdict
from hubble_qa.reports.history.ingredients import Ingredients, modules_of
from hubble_qa.reports.history.judged import Name, started_at
from hubble_qa.reports.history.tables import environment, origin, rule, run

_MEASUREMENTS = ("hubble_qa.checks", "checks/", "hubble_qa/checks")
"""How the names of modules and data files begin that measure; the others of a code are its tests."""

__all__ = ["Reasons", "causes_of_text", "causes_text"]

Key = tuple[str, str, str, str, str]


class Reasons:
    """Looks for the causes of what changed in a run.

    Parameters
    ----------
    connection : Connection
        Reads the history, to which the run's products have been added.
    present : RunRecord
        The run.
    channel : str
        Its channel.
    """

    def __init__(self, connection: Connection, present: RunRecord, channel: str) -> None:
        self._connection = connection
        self._versions_now = present.versions
        self._now = started_at(present).isoformat()
        self._channel = channel
        self._products: dict[str, Ingredients] = {}
        self._rules: dict[str, Mapping[str, Any]] = {}
        self._found: dict[Key, tuple[Cause, ...]] = {}

    def of(self, before: Outcome | None, now: Outcome, criterion: str) -> tuple[Cause, ...]:
        """What differs between an earlier outcome of a criterion's series and that of this run."""
        if before is None:
            return (FIRST,)
        moment = before.last.isoformat()
        key = (criterion, before.key, before.rule, moment, f"{now.key} {now.rule}")
        if key not in self._found:
            self._found[key] = causes_of_verdict(
                self._verdict(before, moment, criterion),
                self._verdict(now, self._now, criterion),
                self._ingredients(self._now),
                self._ingredients(moment),
            )
        return self._found[key]

    def of_missing(self, name: Name, number: int | None, results: Results) -> tuple[Cause, ...]:
        """Why a series is missing: its dataset took no part, or its test's module is another one.

        The last of its verdicts was by the rule of that number.
        """
        dataset, criterion = name[:2]
        if dataset not in {each.dataset for each in results.verdicts}:
            return (Cause(Kind.FLOW, f"dataset {dataset}", "there", ""),)
        digest = self._connection.scalar(select(rule.c.digest).where(rule.c.id == number))
        was = self._rule(str(digest))
        tests = {module for module in was["modules"] if not module.startswith(_MEASUREMENTS)}
        now = next((each for each in results.codes if tests and tests <= each.modules.keys()), None)
        same = {"criterion": criterion, "key": "the same"}
        if now is None or now.digest == was["code"]:
            return (UNKNOWN,)
        code = {"code": now.digest, "modules": now.modules}
        return causes_of_verdict({**was, **same, "versions": {}}, {**was, **same, **code}, {}, {})

    def _ingredients(self, moment: str) -> Ingredients:
        if moment not in self._products:
            self._products[moment] = Ingredients(self._connection, moment)
        return self._products[moment]

    def _verdict(self, outcome: Outcome, moment: str, criterion: str) -> Mapping[str, Any]:
        """What an outcome was of, and by which rule."""
        row = self._connection.execute(
            select(origin.c.key, origin.c.products).where(origin.c.digest == outcome.key)
        ).one()
        products = {"key": row.key, "products": json.loads(row.products)}
        return {
            "criterion": criterion,
            **products,
            **self._rule(outcome.rule),
            "versions": self._versions(moment),
        }

    def _rule(self, digest: str) -> Mapping[str, Any]:
        if digest not in self._rules:
            row = self._connection.execute(
                select(rule.c.bounds, rule.c.expected_range, rule.c.code).where(rule.c.digest == digest)
            ).one()
            modules = modules_of(self._connection, row.code)
            self._rules[digest] = {
                "bounds": row.bounds,
                "expected_range": row.expected_range,
                "code": row.code,
                "modules": modules,
            }
        return self._rules[digest]

    def _versions(self, moment: str) -> Mapping[str, str]:
        """What was installed when a run started."""
        if moment == self._now:
            return self._versions_now
        text = self._connection.scalar(
            select(environment.c.versions)
            .join(run, run.c.environment == environment.c.id)
            .where(run.c.started == moment)
            .order_by((run.c.channel != self._channel).cast(Integer))  # runs of two channels are compared too
            .limit(1)
        )
        return json.loads(text) if text else {}


def causes_text(causes: tuple[Cause, ...]) -> str:
    """Causes as JSON."""
    return json.dumps([[each.kind, each.name, each.before, each.after, each.stage] for each in causes])


def causes_of_text(text: str) -> tuple[Cause, ...]:
    """Take causes out of JSON."""
    return tuple(Cause(Kind(kind), *rest) for kind, *rest in json.loads(text))
