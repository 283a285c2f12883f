"""A loopback TAP service where the Gaia archive has its own: jobs as in UWS 1.0, VOTable answers.

Queries are run by SQLite on the rows given: ``TOP`` becomes ``LIMIT``, and a cone the condition that
it is, so that a column or a table that does not exist is an error here too. A job fails as the archive
fails it: phase ERROR, the reason in a VOTable under ``error``.
"""

from __future__ import annotations

import io
import itertools
import math
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from astropy.io import votable
from astropy.io.votable.tree import Info
from astropy.table import MaskedColumn, Table

from tests.loopback_server import Fault, Handler, Service, running

__all__ = ["TABLE", "Fault", "TapService", "serve"]

TAP = "/tap-server/tap"
TABLE = "gaiadr3.gaia_source"
VOTABLE = "application/x-votable+xml"

_CONE = re.compile(
    r"1\s*=\s*CONTAINS\(\s*POINT\('ICRS',\s*(\w+),\s*(\w+)\)\s*,"
    r"\s*CIRCLE\('ICRS',\s*([-\d.e+]+),\s*([-\d.e+]+),\s*([-\d.e+]+)\)\s*\)",
    re.IGNORECASE,
)
_TOP = re.compile(r"^\s*SELECT\s+TOP\s+(\d+)\s", re.IGNORECASE)


@dataclass
class Job:
    """A query, the phases that questions about it find in turn, and what came of it."""

    query: str
    phases: list[str] = field(default_factory=lambda: ["QUEUED", "EXECUTING"])
    result: bytes = b""
    error: str = ""
    redirected: bool = False
    waiting: bool = False

    def next_phase(self) -> str:
        """What a question about the phase finds."""
        if self.waiting:
            return "PENDING"
        return self.phases.pop(0) if len(self.phases) > 1 else self.phases[0]


@dataclass
class TapService(Service):
    """A table, and the jobs run on it.

    Its own faults are of ``"job"``: ``"pending"`` has it wait to be started, as DaCHS does, ``"error"``
    ends it in ERROR, ``"abort"`` in ABORTED, ``"forever"`` leaves it EXECUTING, ``"redirect"`` has its
    result elsewhere.

    Attributes
    ----------
    table : Table
        The rows of `TABLE`; masked values are NULL.
    maxrec : int
        Rows that the service gives out at most; more are cut, and the answer says OVERFLOW.
    """

    table: Table = field(default_factory=Table)
    maxrec: int = 3_000_000
    jobs: dict[str, Job] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def submit(self, query: str) -> str:
        """Start a job and return its name."""
        name = f"1700000000{next(self.numbers):03d}O"
        fault = self.fault("job")
        job = Job(query, redirected=fault is not None and fault.kind == "redirect")
        match fault.kind if fault else "":
            case "forever":
                job.phases = ["EXECUTING"]
            case "pending":
                job.waiting = True
                self._run(job)
            case "abort":
                job.phases += ["ABORTED"]
            case "error":
                self._fail(job, "Cannot execute the query: canceling statement due to statement timeout")
            case _:
                self._run(job)
        self.jobs[name] = job
        return name

    def _run(self, job: Job) -> None:
        try:
            job.result = self.answer(job.query)
            job.phases += ["COMPLETED"]
        except sqlite3.Error as error:
            self._fail(job, f"Cannot parse query: {error}")

    def _fail(self, job: Job, error: str) -> None:
        job.error = error
        job.phases += ["ERROR"]

    def answer(self, query: str) -> bytes:
        """The VOTable that answers a query.

        Raises
        ------
        sqlite3.Error
            If the query has no meaning.
        """
        with _database(self.table) as database:
            cursor = database.execute(_sql(query))
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchall()
        return _votable(self.table, names, rows[: self.maxrec], overflow=len(rows) > self.maxrec)


def _sql(adql: str) -> str:
    top = _TOP.match(adql)
    sql = _CONE.sub(r"in_cone(\1, \2, \3, \4, \5)", adql)
    return _TOP.sub("SELECT ", sql) + (f" LIMIT {top.group(1)}" if top else "")


@contextmanager
def _database(table: Table) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(":memory:")
    try:
        database.create_function("in_cone", 5, _in_cone, deterministic=True)
        database.execute("ATTACH ':memory:' AS gaiadr3")
        database.execute(f"CREATE TABLE {TABLE} ({', '.join(table.colnames)})")
        rows = zip(*(column.tolist() for column in table.columns.values()), strict=True)
        database.executemany(f"INSERT INTO {TABLE} VALUES ({', '.join('?' * len(table.colnames))})", rows)
        yield database
    finally:
        database.close()


def _in_cone(ra: float, dec: float, centre_ra: float, centre_dec: float, radius: float) -> bool:
    """By the cosine rule, which is not how the suite does it."""
    a, d, a0, d0 = (math.radians(angle) for angle in (ra, dec, centre_ra, centre_dec))
    cosine = math.sin(d) * math.sin(d0) + math.cos(d) * math.cos(d0) * math.cos(a - a0)
    return math.degrees(math.acos(min(1.0, cosine))) <= radius


def _votable(table: Table, names: list[str], rows: list[tuple[Any, ...]], *, overflow: bool) -> bytes:
    answer = Table()
    for index, name in enumerate(names):
        values = [row[index] for row in rows]
        null = [value is None for value in values]
        filled = [0.0 if value is None else value for value in values]
        answer[name] = MaskedColumn(filled, mask=null, dtype=table[name].dtype, unit=table[name].unit)
    document = votable.from_table(answer)
    document.resources[0].type = "results"
    document.resources[0].infos.append(Info(name="QUERY_STATUS", value="OK"))
    stream = io.BytesIO()
    document.to_xml(stream, tabledata_format="binary2")
    content = stream.getvalue()
    if overflow:
        content = content.replace(b"</TABLE>", b'</TABLE><INFO name="QUERY_STATUS" value="OVERFLOW"/>')
    return content


def _error(message: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results">'
        f'<INFO name="QUERY_STATUS" value="ERROR">{message}</INFO></RESOURCE></VOTABLE>'
    ).encode()


class _TapHandler(Handler):
    service: TapService

    def post(self) -> None:
        form = self.form()
        if self.path == f"{TAP}/async":
            name = self.service.submit(form["QUERY"])
            where = f"{self.service.address}{TAP}/async/{name}"
            self.reply(f"POST async {form['QUERY']}", status=303, location=where)
        elif self.path == f"{TAP}/sync":
            self._sync(form["QUERY"])
        elif self.path.endswith("/phase") and form.get("PHASE") == "RUN":
            job = self.path.removesuffix("/phase")
            self.service.jobs[job.rpartition("/")[2]].waiting = False
            self.reply("POST phase", status=303, location=f"{self.service.address}{job}")
        else:
            self.reply(f"POST {self.path}", status=404)

    def _sync(self, query: str) -> None:
        try:
            self.reply(f"POST sync {query}", self.service.answer(query), VOTABLE)
        except sqlite3.Error as error:
            self.reply(f"POST sync {query}", _error(str(error)), VOTABLE, status=400)

    def get(self) -> None:
        _, _, rest = self.path.partition(f"{TAP}/async/")
        name, _, part = rest.partition("/")
        job = self.service.jobs.get(name)
        if job is None:
            self.reply(f"GET {self.path}", status=404)
        elif part == "phase":
            self.reply("GET phase", job.next_phase().encode())
        elif part == "error":
            self.reply("GET error", _error(job.error), VOTABLE)
        elif part == "results/result" and job.redirected:
            self.reply("GET result", status=303, location=f"{TAP}/async/{name}/results/elsewhere")
        elif part.startswith("results/") and job.result:
            self.reply("GET result", job.result, VOTABLE)
        else:
            self.reply(f"GET {part}", status=404)


@contextmanager
def serve(table: Table, maxrec: int = 3_000_000) -> Iterator[TapService]:
    """Run a service that has a table."""
    service = TapService(table=table, maxrec=maxrec)
    with running(service, _TapHandler):
        yield service
