"""A loopback SkyServer: the search page that astroquery asks, which runs SQL and answers CSV or JSON.

The SQL is run by SQLite on the rows given, so that a column that does not exist is an error here too.
As SkyServer does, it cuts answers at its row limit without saying so, and reports a bad query as JSON.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from astropy.table import Table

from tests.loopback_server import Fault, Handler, Service, running

__all__ = ["Fault", "SkyServer", "serve"]

SEARCH = "/dr17/en/tools/search/x_results.aspx"


@dataclass
class SkyServer(Service):
    """Rows of PhotoObjAll, and the number at which answers are cut."""

    table: Table = field(default_factory=Table)
    row_limit: int = 500_000

    def search(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Names and rows that answer a query.

        Raises
        ------
        sqlite3.Error
            If the query has no meaning.
        """
        database = sqlite3.connect(":memory:")
        try:
            names = self.table.colnames
            database.execute(f"CREATE TABLE PhotoObjAll ({', '.join(names)})")
            rows = zip(*(column.tolist() for column in self.table.columns.values()), strict=True)
            database.executemany(f"INSERT INTO PhotoObjAll VALUES ({', '.join('?' * len(names))})", rows)
            cursor = database.execute(sql)
            return [column[0] for column in cursor.description], cursor.fetchmany(self.row_limit)
        finally:
            database.close()


class _SkyHandler(Handler):
    service: SkyServer

    def get(self) -> None:
        parts = urlsplit(self.path)
        question = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path != SEARCH or question.get("searchtool") != "SQL":
            self.reply(f"GET {parts.path}", status=404)
        elif "fDocColumns" in question["cmd"]:
            rows = [{"name": name, "type": "float"} for name in self.service.table.colnames]
            self.reply("columns", json.dumps([{"TableName": "Table1", "Rows": rows}]).encode(), "text/json")
        else:
            self._search(question["cmd"])

    def _search(self, sql: str) -> None:
        try:
            names, rows = self.service.search(sql)
        except sqlite3.Error as error:
            body = {"ErrorCode": 400, "ErrorType": "BadRequest", "ErrorMessage": str(error)}
            self.reply(f"SQL {sql}", json.dumps(body).encode(), "text/json", status=400)
            return
        stream = io.StringIO("#Table1\n")
        stream.seek(0, io.SEEK_END)
        csv.writer(stream, lineterminator="\n").writerows([names, *rows])
        self.reply(f"SQL {sql}", stream.getvalue().encode(), "text/csv")


@contextmanager
def serve(table: Table, row_limit: int = 500_000) -> Iterator[SkyServer]:
    """Run a SkyServer that has a table."""
    service = SkyServer(table=table, row_limit=row_limit)
    with running(service, _SkyHandler):
        yield service
