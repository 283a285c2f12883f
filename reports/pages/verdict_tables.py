"""All verdicts of a run as tables for other programs: CSV, and ECSV, which astropy reads with its types."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from hubble_qa.reports.collect.results import VerdictRecord
from hubble_qa.reports.words import text

__all__ = ["CSV", "ECSV", "write_verdict_tables"]

CSV = "verdicts.csv"
ECSV = "verdicts.ecsv"

_COLUMNS = {
    "dataset": "string",
    "criterion": "string",
    "title": "string",
    "subject": "string",
    "status": "string",
    "accepted": "bool",
    "value": "float64",
    "uncertainty": "float64",
    "unit": "string",
    "lower": "float64",
    "upper": "float64",
    "margin": "float64",
    "expected": "string",
    "reason": "string",
    "test": "string",
}


def write_verdict_tables(verdicts: Iterable[VerdictRecord], directory: Path) -> None:
    """Write all verdicts into a directory, a row each; what a verdict has not is empty.

    Parameters
    ----------
    verdicts : iterable of VerdictRecord
        The verdicts, with the value, its uncertainty and its limits in the row's unit.
    directory : Path
        Where the two tables are to be.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(map(_row, verdicts))
    rows = stream.getvalue()
    for name, head in ((CSV, ""), (ECSV, "".join(_head()))):
        (directory / name).write_text(head + rows, encoding="utf-8", errors="replace")


def _row(verdict: VerdictRecord) -> list[str]:
    return [_cell(getattr(verdict, name)) for name in _COLUMNS]


def _cell(value: object) -> str:
    """A number in full, or a text in one line."""
    if value is None:
        return ""
    return " ".join(text.clean(value).split()) if isinstance(value, str) else repr(value)


def _head() -> Iterator[str]:
    """The header of ECSV 1.0: names and types of the columns."""
    yield "# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype:\n"
    for name, datatype in _COLUMNS.items():
        yield f"# - {{name: {name}, datatype: {datatype}}}\n"
    yield "# schema: astropy-2.0\n"
