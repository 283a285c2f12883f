"""Parameters of AstroDrizzle, against those that the MDRIZTAB reference table recommends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_measured

__all__ = ["drizzle_parameter_violations", "recommended_row"]

_ANY = "ANY"


def recommended_row(table: Any, *, filters: Sequence[str], images: int) -> Mapping[str, Any] | None:
    """Row of an MDRIZTAB for a filter and a number of images.

    A row of the filter itself goes before one of ``ANY``; of those, the one with the largest number of
    images that is not above the number at hand.

    Parameters
    ----------
    table : numpy.recarray
        The table, with columns ``filter`` and ``numimages``.
    filters : sequence of str
        The exposures' filters.
    images : int
        Number of images to combine.

    Returns
    -------
    mapping of str to value, or None
        By lower-case column name; None where no row is for so few images.
    """
    rows = [{name.lower(): row[name] for name in table.dtype.names} for row in table]
    for names in (set(filters), {_ANY}):
        suitable = [
            row
            for row in rows
            if str(row["filter"]).strip().upper() in names and int(row["numimages"]) <= images
        ]
        if suitable:
            return max(suitable, key=lambda row: int(row["numimages"]))
    return None


def drizzle_parameter_violations(
    used: Mapping[str, str], row: Mapping[str, Any] | None, *, names: Sequence[str], subject: str
) -> Measurement:
    """Count the parameters that AstroDrizzle did not take from its MDRIZTAB row but should have.

    Parameters
    ----------
    used : mapping of str to str
        What AstroDrizzle's log reports; see `hubble_qa.checks.readers.read_drizzle_parameters`.
    row : mapping of str to value, or None
        The row; see `recommended_row`.
    names : sequence of str
        Parameters to take from the table, by AstroDrizzle's own names.
    subject : str
        The combined image.
    """
    if row is None:
        return not_measured("drizzle_parameter_violations", subject, "MDRIZTAB has no row for so few images")
    violations = [
        f"{name} was {used.get(name)!r}, MDRIZTAB recommends {_plain(row.get(name))!r}"
        for name in names
        if name not in row or name not in used or not _same(used[name], row[name])
    ]
    context: dict[str, Json] = {
        "row": f"{str(row['filter']).strip()}, {int(row['numimages'])} images",
        "parameters": {name: used.get(name) for name in names},
    }
    return count_violations("drizzle_parameter_violations", subject, violations, context)


def _plain(value: Any) -> str | None:
    return None if value is None else " ".join(str(value).replace(",", " ").split())


def _same(used: str, recommended: Any) -> bool:
    """Whether a logged value is the table's; the table has numbers in columns or in text."""
    first, second = (str(_plain(value)).split() for value in (used, recommended))
    return len(first) == len(second) and all(_one(*pair) for pair in zip(first, second, strict=True))


def _one(first: str, second: str) -> bool:
    try:
        return float(first) == float(second)
    except ValueError:
        return first.lower() == second.lower()
