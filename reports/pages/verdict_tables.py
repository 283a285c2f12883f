"""All verdicts of a run as tables for other programs: CSV, and ECSV, which astropy reads with its types."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
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
    with (
        (directory / CSV).open("w", encoding="utf-8", errors="replace", newline="") as plain,
        (directory / ECSV).open("w", encoding="utf-8", errors="replace", newline="") as described,
    ):
        described.writelines(_head())
        writers = [csv.writer(stream, lineterminator="\n") for stream in (plain, described)]
        for row in chain([_COLUMNS], map(_row, verdicts)):
            for writer in writers:
                writer.writerow(row)


def _row(verdict: VerdictRecord) -> list[str]:
    return [_cell(getattr(verdict, name)) for name in _COLUMNS]


def _cell(value: object) -> str:
    """A number in full, or a text in one line."""
    if value is None:
        return ""
    return _line(value) if isinstance(value, str) else repr(value)


# Most texts are a criterion's, and come again and again.
@lru_cache(maxsize=4096)
def _line(words: str) -> str:
    return " ".join(text.clean(words).split())


def _head() -> Iterator[str]:
    """The header of ECSV 1.0: names and types of the columns."""
    yield "# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype:\n"
    for name, datatype in _COLUMNS.items():
        yield f"# - {{name: {name}, datatype: {datatype}}}\n"
    yield "# schema: astropy-2.0\n"
