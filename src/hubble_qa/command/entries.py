"""What a store holds, as lists show it and as pruning chooses from it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from hubble_qa.fixtures.store.index import Entry, Role

__all__ = ["DIGITS", "HEADING", "bytes_of", "line_of", "readable_size", "to_remove", "total"]

DIGITS = 12
"""Digits of keys and digests that are shown."""

_COLUMNS = f"{'key':<{DIGITS}}  {'stage':<20} {'outcome':<11} {'unused':>6} {'size':>9} {'wall (s)':>8}"
HEADING = f"{_COLUMNS}  dataset/node"
"""The heading of the list."""

_DAY = 86400.0
_GIGABYTE = 1e9
_UNKNOWN = "unknown"
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]*)?)\s*([kKMGTP]?)(i?)B?", re.ASCII)
_PREFIXES = " KMGTP"


def line_of(entry: Entry) -> str:
    """One row of the list."""
    return (
        f"{entry.name[:DIGITS]}  {entry.stage:<20} {entry.outcome:<11} {_age(entry.unused):>6} "
        f"{readable_size(entry.size):>9} {entry.wall:>8.1f}  "
        f"{entry.dataset or _UNKNOWN}/{entry.node or _UNKNOWN}"
    )


def bytes_of(text: str) -> float:
    """Bytes that a text like ``"500GB"``, ``"1.5 TB"`` or ``"20GiB"`` tells; without a unit, bytes.

    Raises
    ------
    ValueError
        If it tells none.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no size; give one like 500GB, 1.5TB or 20GiB")
    number, prefix, binary = found.groups()
    return float(number) * (1024.0 if binary else 1000.0) ** _PREFIXES.index(prefix.upper() or " ")


def to_remove(
    known: Sequence[Entry],
    *,
    failed: bool = False,
    older_than: float | None = None,
    max_size: float | None = None,
    keep: float | None = None,
    roles: Collection[Role] = (),
) -> list[Entry]:
    """Choose what is to be removed, in the order of removal.

    Parameters
    ----------
    known : sequence of Entry
        All places, the last used first.
    failed : bool
        Whether all that are not complete are to go.
    older_than : float or None
        Days; those unused for longer are to go.
    max_size : float or None
        Gigabytes; the longest unused of the others go until the rest takes no more.
    keep : float or None
        Bytes; of the others what did not end well goes, then figures, then what other products were made of,
        then results, each the longest unused first, until all that is left takes no more.
    roles : collection of Role
        Only products of these are to go; all of them if nothing else is asked for.
    """
    candidates = [entry for entry in known[::-1] if not roles or entry.role in roles]
    if not failed and older_than is None and max_size is None and keep is None:
        return candidates if roles else []
    chosen = [
        entry
        for entry in candidates
        if (failed and not entry.complete) or (older_than is not None and entry.unused > older_than * _DAY)
    ]
    names = {entry.name for entry in chosen}
    rest = [entry for entry in candidates if entry.name not in names]
    left = sum(entry.size for entry in known) - sum(entry.size for entry in chosen)
    if max_size is not None:
        gone = list(_until(rest, left, max_size * _GIGABYTE))
        chosen += gone
        rest, left = rest[len(gone) :], left - sum(entry.size for entry in gone)
    if keep is not None:
        chosen += _until(sorted(rest, key=_rank), left, keep)
    return chosen


def _rank(entry: Entry) -> int:
    """In which order products are given up; a record is nearly nothing, and spares a build."""
    ranks = list(Role)
    return -1 if not entry.complete else ranks.index(entry.role) if entry.kept else len(ranks)


def _until(rest: Sequence[Entry], size: float, limit: float) -> Iterator[Entry]:
    for entry in rest:
        if size <= limit:
            return
        yield entry
        size -= entry.size


def total(shown: Sequence[Entry], where: str) -> str:
    """Say how many products there are, and how large."""
    count = f"{len(shown)} product{'' if len(shown) == 1 else 's'}"
    return f"{count}, {readable_size(sum(entry.size for entry in shown))} {where}"


def readable_size(size: float) -> str:
    """Bytes in a unit that suits: ``"4.4 kB"``."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _age(seconds: float) -> str:
    for limit, unit, scale in ((120.0, "s", 1.0), (7200.0, "min", 60.0), (2 * _DAY, "h", 3600.0)):
        if seconds < limit:
            return f"{seconds / scale:.0f} {unit}"
    return f"{seconds / _DAY:.0f} d"
