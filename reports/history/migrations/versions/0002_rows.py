"""What is remembered of series in rows of their own, which was text of a row each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEPT = (
    *("series", "run", "origin", "rule", "status", "accepted", "value", "since", "streak", "missing"),
    *("drifted", "baseline"),
)


def upgrade() -> None:
    """Make the tables, and move into them what there is."""
    connection = op.get_bind()
    old = sa.table("series_state", *map(sa.column, _KEPT))
    memory = sa.table("series_memory", *map(sa.column, ("series", "outcomes", "drift")))
    states = {row["series"]: dict(row) for row in connection.execute(sa.select(old)).mappings()}
    memories = {row.series: row for row in connection.execute(sa.select(memory))}
    op.drop_table("series_memory")
    op.drop_table("series_state")
    state, outcome, reference = _tables()
    origins, rules = (_numbers(connection, name) for name in ("origin", "rule"))
    rows: dict[sa.Table, list[dict[str, Any]]] = {state: [], outcome: [], reference: []}
    for place, row in states.items():
        outcomes, drift = (json.loads(text) for text in memories[place][1:])
        values = {name: drift[number] for name, number in _DRIFT.items()}
        lengths = {"outcomes": len(outcomes), "reference": len(drift[_REFERENCE])}
        rows[state].append({**row, **values, **lengths})
        rows[outcome] += _outcomes(place, outcomes, origins, rules)
        rows[reference] += (
            {"place": number, "series": place, "value": value}
            for number, value in enumerate(drift[_REFERENCE])
        )
    for table, several in rows.items():
        if several:
            connection.execute(sa.insert(table), several)


# Where the text of a CUSUM had its parts; the accepted baseline and its tolerance are in its own row.
_REFERENCE = 2
_DRIFT = {"count": 0, "last": 1, "centre": 3, "width": 4, "up": 7, "down": 8, "up_from": 9, "down_from": 10}


def _numbers(connection: sa.Connection, name: str) -> dict[str, int]:
    table = sa.table(name, sa.column("digest"), sa.column("id"))
    return {row.digest: row.id for row in connection.execute(sa.select(table))}


def _outcomes(
    place: int, outcomes: list[Any], origins: dict[str, int], rules: dict[str, int]
) -> Iterator[dict[str, Any]]:
    previous = None
    for number, (when, key, accepted, value, rule, built, until, _) in enumerate(outcomes):
        yield {
            "place": number,
            "series": place,
            "started": when,
            "origin": origins[key],
            "rule": rules[rule],
            "accepted": accepted,
            "value": value,
            "built": built,
            "previous": previous,
        }
        previous = until or when


def _tables() -> tuple[sa.Table, sa.Table, sa.Table]:
    state = op.create_table(
        "series_state",
        sa.Column("series", sa.Integer, sa.ForeignKey("series.id"), primary_key=True, autoincrement=False),
        sa.Column("run", sa.Integer, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("origin", sa.Integer, sa.ForeignKey("origin.id"), nullable=False),
        sa.Column("rule", sa.Integer, sa.ForeignKey("rule.id"), nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("streak", sa.Integer, nullable=False),
        sa.Column("missing", sa.Boolean, nullable=False),
        sa.Column("outcomes", sa.Integer, nullable=False),
        sa.Column("drifted", sa.Boolean, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("last", sa.Double),
        sa.Column("reference", sa.SmallInteger, nullable=False),
        sa.Column("centre", sa.Double),
        sa.Column("width", sa.Double),
        sa.Column("up", sa.Double, nullable=False),
        sa.Column("down", sa.Double, nullable=False),
        sa.Column("up_from", sa.Integer, nullable=False),
        sa.Column("down_from", sa.Integer, nullable=False),
        sa.Column("baseline", sa.Integer),
    )
    outcome = op.create_table(
        "outcome",
        sa.Column("place", sa.SmallInteger, nullable=False),
        sa.Column("series", sa.Integer, nullable=False),
        sa.Column("started", sa.Text, nullable=False),
        sa.Column("origin", sa.Integer, nullable=False),
        sa.Column("rule", sa.Integer, nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("built", sa.Boolean, nullable=False),
        sa.Column("previous", sa.Text),
        sa.PrimaryKeyConstraint("place", "series"),
        sqlite_with_rowid=False,
    )
    reference = op.create_table(
        "reference",
        sa.Column("place", sa.SmallInteger, nullable=False),
        sa.Column("series", sa.Integer, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("place", "series"),
        sqlite_with_rowid=False,
    )
    return state, outcome, reference
