"""What products were made of, read from the database as far as a cause is looked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, select

from hubble_qa.reports.history.tables import code, product, received, run

__all__ = ["Ingredients", "modules_of"]


class Ingredients(Mapping[str, Mapping[str, Any]]):
    """Ingredients of products by key, as `hubble_qa.reports.history.causes.Products`; each is read once.

    Parameters
    ----------
    connection : Connection
        Reads the history.
    until : str
        Start of a run, ISO 8601: the files that stages had from outside are those of that run.
    """

    def __init__(self, connection: Connection, until: str) -> None:
        self._connection = connection
        self._until = until
        self._found: dict[str, Mapping[str, Any] | None] = {}

    def __getitem__(self, key: str) -> Mapping[str, Any]:
        if key not in self._found:
            self._found[key] = self._read(key)
        found = self._found[key]
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._connection.scalars(select(product.c.key)).all())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _read(self, key: str) -> Mapping[str, Any] | None:
        row = self._connection.execute(
            select(product.c.node, product.c.ingredients).where(product.c.key == key)
        ).first()
        if row is None:
            return None
        ingredients: dict[str, Any] = json.loads(row.ingredients)
        files = self._connection.scalar(
            select(received.c.files)
            .join(run, run.c.id == received.c.run)
            .where(received.c.key == key, run.c.started <= self._until)
            .order_by(run.c.started.desc(), run.c.identifier.desc())
            .limit(1)
        )
        modules = modules_of(self._connection, ingredients["code"])
        return {
            "node": row.node,
            **ingredients,
            "files": json.loads(files) if files else {},
            "modules": modules,
        }


def modules_of(connection: Connection, digest: str) -> Mapping[str, str]:
    """Digests of the modules of a code; empty where they are not known."""
    text = connection.scalar(select(code.c.modules).where(code.c.digest == digest))
    return json.loads(text) if text else {}
