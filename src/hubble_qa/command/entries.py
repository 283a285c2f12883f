"""What a store holds, as lists show it and as pruning chooses from it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from hubble_qa.fixtures.store.places import Shelf, tree_size
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.store.store import Store

__all__ = ["DIGITS", "Entry", "entries", "readable_size", "to_remove", "total"]

DIGITS = 12
"""Digits of keys and digests that are shown."""

_DAY = 86400.0
_GIGABYTE = 1e9
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Entry:
    """A place in the store: its newest product, if one can be read, its size (bytes) and age (s).

    `kept` is false where the product's files were not kept, and its record is all there is.
    """

    shelf: Shelf
    product: Product | None
    size: int
    unused: float
    kept: bool = True

    @property
    def stage(self) -> str:
        """Name of the stage; ``"?"`` where the manifest cannot be read."""
        return self.product.manifest.stage if self.product else "?"

    @property
    def dataset(self) -> str:
        """Dataset that it was built for."""
        return (self.product.manifest.dataset if self.product else "") or _UNKNOWN

    @property
    def node(self) -> str:
        """Node that it was built for."""
        return (self.product.manifest.node if self.product else "") or _UNKNOWN

    @property
    def outcome(self) -> str:
        """How its build ended."""
        if not self.kept:
            return "record"
        return str(self.product.manifest.outcome) if self.product else "unreadable"

    @property
    def complete(self) -> bool:
        """Whether its files are to be used."""
        return self.product is not None and self.product.complete

    @staticmethod
    def heading() -> str:
        """The heading of the list."""
        return (
            f"{'key':<{DIGITS}}  {'stage':<20} {'outcome':<11} {'unused':>6} {'size':>9} {'wall (s)':>8}  "
            "dataset/node"
        )

    def line(self) -> str:
        """One row of the list."""
        wall = self.product.manifest.wall if self.product else 0.0
        return (
            f"{self.shelf.path.name[:DIGITS]}  {self.stage:<20} {self.outcome:<11} {_age(self.unused):>6} "
            f"{readable_size(self.size):>9} {wall:>8.1f}  {self.dataset}/{self.node}"
        )


def entries(store: Store) -> list[Entry]:
    """All places of a store, the last used first."""
    return sorted(_entries(store), key=lambda entry: (entry.unused, entry.shelf.path.name))


def _entries(store: Store) -> Iterator[Entry]:
    now = time.time()
    for shelf in store.shelves():
        # It may be removed or replaced under our hands.
        with suppress(FileNotFoundError):
            unused = max(0.0, now - shelf.used)
            product = next(shelf.products(), None)
            record = shelf.record() if product is None and not shelf.generations() else None
            yield Entry(shelf, product or record, tree_size(shelf.path), unused, record is None)


def to_remove(
    known: Sequence[Entry], *, failed: bool, older_than: float | None, max_size: float | None
) -> list[Entry]:
    """Choose what is to be removed, the longest unused first.

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
    """
    oldest_first = known[::-1]
    chosen = [
        entry
        for entry in oldest_first
        if (failed and not entry.complete) or (older_than is not None and entry.unused > older_than * _DAY)
    ]
    if max_size is not None:
        rest = [entry for entry in oldest_first if entry not in chosen]
        size = sum(entry.size for entry in rest)
        for entry in rest:
            if size <= max_size * _GIGABYTE:
                break
            chosen.append(entry)
            size -= entry.size
    return chosen


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
