"""Writing thousands of rows as the driver takes them: to look at each takes longer than to store it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Table

__all__ = ["AT_ONCE", "add_rows", "portions", "put"]

AT_ONCE = 500
"""What a statement may name at once: SQLite's least limit is 999."""

Rows = Sequence[tuple[Any, ...]]
_Any = TypeVar("_Any")


def portions(wanted: Iterable[_Any]) -> Iterator[list[_Any]]:
    """What is wanted, in portions that a statement may name."""
    everything = list(wanted)
    for start in range(0, len(everything), AT_ONCE):
        yield everything[start : start + AT_ONCE]


def add_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Add rows, each the values of all columns in order."""
    if rows:
        connection.exec_driver_sql(_insertion(connection, table), list(rows))


def put(connection: Connection, table: Table, rows: Rows) -> None:
    """Add rows, or replace those that have the same primary key."""
    if rows:
        key = ", ".join(column.name for column in table.primary_key.columns)
        others = (column.name for column in table.columns if not column.primary_key)
        changed = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
        statement = f"{_insertion(connection, table)} ON CONFLICT ({key}) DO UPDATE SET {changed}"
        connection.exec_driver_sql(statement, list(rows))


def _insertion(connection: Connection, table: Table) -> str:
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({', '.join([mark] * len(table.columns))})"
