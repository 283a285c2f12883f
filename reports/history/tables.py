"""The tables of a history's database.

Identifiers are given by the one who writes, under the lock that keeps other writers away: they are the same
on every kind of database. Times are ISO 8601 in UTC, which sort as text; JSON is text.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = [
    "STATUSES",
    "VERSION_TABLE",
    "baseline",
    "change",
    "code",
    "environment",
    "limits",
    "measurement",
    "metadata",
    "origin",
    "outcome",
    "product",
    "received",
    "reference",
    "rule",
    "run",
    "series",
    "series_state",
]

VERSION_TABLE = "history_version"
"""The table in which Alembic notes which migrations were made."""
STATUSES = ("pass", "warn", "fail", "not applicable", "could not be told", "not measured")
"""The statuses of verdicts, by the number that a measurement has."""

metadata = MetaData()


def _id(**more: Any) -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=False, **more)


environment = Table(
    "environment",
    metadata,
    _id(),
    Column("digest", Text, nullable=False, unique=True),
    Column("versions", Text, nullable=False),
)
"""What is installed: versions by name."""

run = Table(
    "run",
    metadata,
    _id(),
    Column("identifier", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("started", Text, nullable=False),
    Column("elapsed", Double, nullable=False),
    Column("archive", Text, nullable=False),
    Column("size", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("exit_status", Integer, nullable=False),
    Column("asked", Integer, nullable=False),
    Column("available", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("built", Integer, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("environment", Integer, ForeignKey("environment.id"), nullable=False),
    Column("results", Text, nullable=False),
    Column("recorded", Text, nullable=False),
)
"""A run: ``rejected`` verdicts that were not accepted, products that it ``built``, whether it was recorded
``late``, after one that started later, and where its ``results`` are below the directory of nights."""

series = Table(
    "series",
    metadata,
    _id(),
    Column("channel", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("criterion", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("quantity", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("instrument", Text, nullable=False),
    UniqueConstraint("channel", "dataset", "criterion", "subject", "unit"),
)
"""A criterion of a subject, night after night."""

code = Table(
    "code",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("modules", Text, nullable=False),
)
"""Code of a stage or a measurement: digests of its modules by name."""

product = Table(
    "product",
    metadata,
    Column("key", Text, primary_key=True),
    Column("node", Text, nullable=False),
    Column("ingredients", Text, nullable=False),
)
"""What a product's key is a digest of: stage, code, settings, tools, sources, inputs."""

received = Table(
    "received",
    metadata,
    Column("key", Text, nullable=False),
    Column("run", Integer, ForeignKey("run.id"), nullable=False),
    Column("files", Text, nullable=False),
    PrimaryKeyConstraint("key", "run"),
)
"""Digests of the files that a stage had from outside, from a run on: where they changed, its key may not."""

origin = Table(
    "origin",
    metadata,
    _id(),
    Column("digest", Text, nullable=False, unique=True),
    Column("node", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("products", Text, nullable=False),
)
"""What a verdict is of: the product that is judged, and all that were read, by node."""

rule = Table(
    "rule",
    metadata,
    _id(),
    Column("digest", Text, nullable=False, unique=True),
    Column("lower", Double),
    Column("upper", Double),
    Column("floor", Boolean, nullable=False),
    Column("bounds", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("expected_range", Text, nullable=False),
    Column("code", Text, nullable=False),
)
"""What decides a verdict besides the products: bounds with their reason, and the code that measures."""

limits = Table(
    "limits",
    metadata,
    Column("series", Integer, ForeignKey("series.id"), nullable=False),
    Column("run", Integer, ForeignKey("run.id"), nullable=False),
    Column("valid_from", Text, nullable=False),
    Column("rule", Integer, ForeignKey("rule.id"), nullable=False),
    PrimaryKeyConstraint("series", "run"),
    sqlite_with_rowid=False,
)
"""From when on a series was judged by which rule."""

# Five million of these: no second index and no foreign keys, which would be looked up for each.
measurement = Table(
    "measurement",
    metadata,
    Column("run", Integer, nullable=False),
    Column("series", Integer, nullable=False),
    Column("value", Double),
    Column("uncertainty", Double),
    Column("status", SmallInteger, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("built", Boolean, nullable=False),
    Column("origin", Integer, nullable=False),
    PrimaryKeyConstraint("run", "series"),
    sqlite_with_rowid=False,
)
"""A value in a run, in the unit of its series: ``status`` is a place in `STATUSES`, ``built`` tells whether
any product that was read was built in that run."""

series_state = Table(
    "series_state",
    metadata,
    Column("series", Integer, ForeignKey("series.id"), primary_key=True, autoincrement=False),
    Column("run", Integer, ForeignKey("run.id"), nullable=False),
    Column("origin", Integer, ForeignKey("origin.id"), nullable=False),
    Column("rule", Integer, ForeignKey("rule.id"), nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("value", Double),
    Column("since", Text, nullable=False),
    Column("streak", Integer, nullable=False),
    Column("missing", Boolean, nullable=False),
    Column("outcomes", Integer, nullable=False),
    Column("drifted", Boolean, nullable=False),
    Column("count", Integer, nullable=False),
    Column("last", Double),
    Column("reference", SmallInteger, nullable=False),
    Column("centre", Double),
    Column("width", Double),
    Column("up", Double, nullable=False),
    Column("down", Double, nullable=False),
    Column("up_from", Integer, nullable=False),
    Column("down_from", Integer, nullable=False),
    Column("baseline", Integer),
)
"""What a series came to last: ``since`` when it has been accepted or rejected, and for how many runs
(``streak``); how many ``outcomes`` it has had; of its distinct products ``count`` and value of the ``last``,
how many values the ``reference`` has while it grows, its level and scatter, the sums of the CUSUM, and the
``count`` with which each last was 0."""

# These two are written thousands of rows at once, and have no foreign keys. Rows of one night lie together.
outcome = Table(
    "outcome",
    metadata,
    Column("place", SmallInteger, nullable=False),
    Column("series", Integer, nullable=False),
    Column("started", Text, nullable=False),
    Column("origin", Integer, nullable=False),
    Column("rule", Integer, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("value", Double),
    Column("built", Boolean, nullable=False),
    Column("previous", Text),
    PrimaryKeyConstraint("place", "series"),
    sqlite_with_rowid=False,
)
"""The last 64 outcomes of a series, by their numbers modulo 64: when the run ``started``, of the first of
several nights without news; ``previous`` is when the run before did, the last of the outcome before."""

reference = Table(
    "reference",
    metadata,
    Column("place", SmallInteger, nullable=False),
    Column("series", Integer, nullable=False),
    Column("value", Double, nullable=False),
    PrimaryKeyConstraint("place", "series"),
    sqlite_with_rowid=False,
)
"""Values of the reference of a series' CUSUM, as many as its state has; rows beyond are of none any more."""

change = Table(
    "change",
    metadata,
    Column("run", Integer, ForeignKey("run.id"), nullable=False),
    Column("series", Integer, ForeignKey("series.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("before", Double),
    Column("after", Double),
    Column("causes", Text, nullable=False),
    PrimaryKeyConstraint("run", "series", "kind"),
    sqlite_with_rowid=False,
)
"""What is told of a series in a run, with its causes."""

baseline = Table(
    "baseline",
    metadata,
    _id(),
    Column("identifier", Text, nullable=False, unique=True),
    Column("series", Integer, ForeignKey("series.id"), nullable=False),
    Column("value", Double, nullable=False),
    Column("tolerance", Double, nullable=False),
    Column("run", Integer, ForeignKey("run.id"), nullable=False),
    Column("product", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("made", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("supersedes", Integer),
)
"""Values that somebody accepted as what a series is to be; rows are only added."""
