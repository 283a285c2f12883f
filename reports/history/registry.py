"""What measurements refer to by number: environments, origins and rules; and products and code, by digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, insert, select

from hubble_qa.reports.collect.results import FinishedRecord, Results, StageRecord, VerdictRecord
from hubble_qa.reports.history.chosen import taken_files
from hubble_qa.reports.history.rows import portions
from hubble_qa.reports.history.tables import code, environment, origin, product, received, rule, run

__all__ = [
    "Numbered",
    "next_number",
    "number_environment",
    "number_origins",
    "number_rules",
    "origin_digest",
    "register_products",
    "rule_digest",
]


class Numbered(NamedTuple):
    """Numbers of rows by their digests, and which of these the history has not had before."""

    numbers: Mapping[str, int]
    new: frozenset[str]


def origin_digest(verdict: VerdictRecord) -> str:
    """A digest of the products that a verdict is of: 16 hexadecimal digits.

    Where no stage made what is judged, its value has to do: another value is of another product.
    """
    if not verdict.key and not verdict.products:
        return _digest(("value", verdict.value))
    return _digest((verdict.node, verdict.key, *sorted(verdict.products.items())))


def rule_digest(verdict: VerdictRecord) -> str:
    """A digest of what decides a verdict besides the products: 16 hexadecimal digits."""
    v = verdict
    return _digest((v.lower, v.upper, v.floor, v.bounds, v.bounds_reason, v.expected_range, v.code))


@lru_cache(maxsize=10_000)  # many verdicts are of the same products, by the same rule
def _digest(value: Hashable) -> str:
    return hashlib.blake2b(json.dumps(value).encode(), digest_size=8).hexdigest()


def next_number(connection: Connection, table: Table) -> int:
    """The next number of a table's rows."""
    return int(connection.scalar(select(func.coalesce(func.max(table.c.id), 0))) or 0) + 1


def number_environment(connection: Connection, versions: Mapping[str, str]) -> int:
    """Number of what is installed."""
    text = json.dumps(dict(sorted(versions.items())))
    digest = _digest(text)
    return _numbered(connection, environment, {digest: {"versions": text}}).numbers[digest]


def number_origins(connection: Connection, verdicts: Mapping[str, VerdictRecord]) -> Numbered:
    """Numbers of origins, each by a verdict that has it."""
    return _numbered(
        connection,
        origin,
        {
            digest: {"node": each.node, "key": each.key, "products": json.dumps(dict(each.products))}
            for digest, each in verdicts.items()
        },
    )


def number_rules(connection: Connection, verdicts: Mapping[str, VerdictRecord]) -> Numbered:
    """Numbers of rules, each by a verdict that has it."""
    return _numbered(
        connection,
        rule,
        {
            digest: {
                "lower": each.lower,
                "upper": each.upper,
                "floor": each.floor,
                "bounds": each.bounds,
                "reason": each.bounds_reason,
                "expected_range": each.expected_range,
                "code": each.code,
            }
            for digest, each in verdicts.items()
        },
    )


def _numbered(connection: Connection, table: Table, rows: Mapping[str, Mapping[str, Any]]) -> Numbered:
    found = {
        digest: number
        for some in portions(rows)
        for digest, number in connection.execute(
            select(table.c.digest, table.c.id).where(table.c.digest.in_(some))
        )
    }
    new = [digest for digest in rows if digest not in found]
    if new:
        first = next_number(connection, table)
        numbers = {digest: first + place for place, digest in enumerate(new)}
        connection.execute(insert(table), [{"id": numbers[d], "digest": d, **rows[d]} for d in new])
        found.update(numbers)
    return Numbered(found, frozenset(new))


def register_products(connection: Connection, results: Results, number: int) -> None:
    """Note what the products that were judged were made of, and those upstream.

    Parameters
    ----------
    connection : Connection
        Writes the history.
    results : Results
        What a run found.
    number : int
        Number of the run.
    """
    stages = {each.key: each for each in (*map(_as_stage, results.finished), *results.stages)}
    facts = {each.name: each.facts for each in results.datasets}
    needed = tuple(_upstream(results.verdicts, stages))
    known = set(_known(connection, product, "key", needed))
    new = [
        {"key": key, "node": stages[key].node, "ingredients": _ingredients(stages[key], facts)}
        for key in needed
        if key not in known
    ]
    if new:
        connection.execute(insert(product), new)
    _register_files(connection, [stages[key] for key in needed if stages[key].files], number)
    wanted = {each.code for each in results.verdicts} | {stages[key].code for key in needed}
    codes = {each.digest: each for each in results.codes if each.digest in wanted}
    there = set(_known(connection, code, "digest", codes))
    rows = [
        {"digest": digest, "modules": json.dumps(dict(each.modules))}
        for digest, each in codes.items()
        if digest not in there
    ]
    if rows:
        connection.execute(insert(code), rows)


def _as_stage(file: FinishedRecord) -> StageRecord:
    """A finished file as the product of a stage of its own."""
    return StageRecord(
        dataset="",
        node=file.label,
        stage=file.label,
        key=file.key,
        outcome="complete",
        reused=True,
        wall=0.0,
        cpu=0.0,
        peak_memory=0,
        settings=file.parameters,
        tools=file.programs,
        sources=file.references,
        files={file.label: file.key},
    )


def _upstream(verdicts: Iterable[VerdictRecord], stages: Mapping[str, StageRecord]) -> Iterator[str]:
    """Keys of the products that verdicts are of and of all that these are made of."""
    waiting = list(dict.fromkeys(key for each in verdicts for key in each.products.values()))
    seen: set[str] = set()
    while waiting:
        key = waiting.pop()
        if key not in seen and key in stages:
            seen.add(key)
            waiting.extend(stages[key].inputs.values())
            yield key


def _ingredients(stage: StageRecord, facts: Mapping[str, Mapping[str, str]]) -> str:
    settings, sources = taken_files(stage, facts.get(stage.dataset, {}))
    return json.dumps(
        {
            "stage": stage.stage,
            "code": stage.code,
            "settings": settings,
            "tools": dict(stage.tools),
            "sources": dict(sources),
            "inputs": dict(stage.inputs),
        },
        default=str,
    )


def _register_files(connection: Connection, stages: Sequence[StageRecord], number: int) -> None:
    """Note the files that stages had from outside, where they are not those of the run before."""
    latest: dict[str, str] = {}
    for some in portions(each.key for each in stages):
        rows = connection.execute(
            select(received.c.key, received.c.files)
            .join(run, run.c.id == received.c.run)
            .where(received.c.key.in_(some))
            .order_by(run.c.started, run.c.identifier)
        )
        latest.update((key, files) for key, files in rows)
    texts = {each.key: json.dumps(dict(sorted(each.files.items()))) for each in stages}
    new = [
        {"key": key, "run": number, "files": text} for key, text in texts.items() if latest.get(key) != text
    ]
    if new:
        connection.execute(insert(received), new)


def _known(connection: Connection, table: Table, column: str, wanted: Iterable[str]) -> Iterator[str]:
    for some in portions(wanted):
        yield from connection.scalars(select(table.c[column]).where(table.c[column].in_(some)))
