"""How a drizzled image was made, by its own header: AstroDrizzle's record of each chip, and HDRTAB."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hubble_qa.checks.readers.drizzled import Drizzled
from hubble_qa.checks.readers.table_rows import read_rows

__all__ = ["DrizzledChip", "read_drizzle_history"]

_DATA = re.compile(r"(D\d{3})DATA")
_TABLE = "HDRTAB"
# A table of more rows is of no combination of exposures.
_MOST_ROWS = 5000
_PLACE = re.compile(r"(?P<file>[^\[]*)(?:\[\s*(?P<name>[^,\]]+)\s*,\s*(?P<version>\d+)\s*\])?")


@dataclass(frozen=True)
class DrizzledChip:
    """A chip that was drizzled into an image.

    Attributes
    ----------
    number : str
        By which the image's header names it: ``"D001"``.
    file : str
        File of the exposure.
    extension : str
        ``"SCI,1"``; empty where the header does not say.
    record : mapping of str to value
        What the header says of it, by the end of the keyword: ``KERN`` of D001KERN.
    header : mapping of str to value
        Its row of HDRTAB, which is from its own header; empty where there is none.
    """

    number: str
    file: str
    extension: str
    record: Mapping[str, Any]
    header: Mapping[str, Any] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """Rootname of the exposure."""
        return self.file.partition(".")[0].rpartition("_")[0].lower() or self.file.partition(".")[0].lower()


def read_drizzle_history(image: Drizzled) -> tuple[DrizzledChip, ...]:
    """The chips that were drizzled into an image, in the order of its header.

    Parameters
    ----------
    image : Drizzled
        The image. One that AstroDrizzle did not make, or whose record is lost, has no chips.

    Raises
    ------
    ReaderError
        If the file cannot be read.
    """
    cards = {**dict(_cards(image.primary)), **dict(_cards(image.header))}
    numbers = sorted({found[1] for found in map(_DATA.fullmatch, cards) if found})
    rows = _table(image) if numbers else ()
    return tuple(_chip(number, cards, rows) for number in numbers)


def _cards(header: Any) -> Iterator[tuple[str, Any]]:
    for key in header:
        if key.startswith("D") and key[1:4].isdecimal():
            yield key, header[key]


def _chip(number: str, cards: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> DrizzledChip:
    record = {key.removeprefix(number): value for key, value in cards.items() if key.startswith(number)}
    place = _PLACE.match(str(record.get("DATA", "")).strip())
    parts = place.groupdict() if place is not None else {}
    name, version = str(parts.get("name") or "").strip().upper(), parts.get("version")
    chip = DrizzledChip(
        number, str(parts.get("file") or "").strip(), f"{name},{version}" if name else "", record
    )
    row = next((row for row in rows if _is_of(row, chip)), {})
    return DrizzledChip(chip.number, chip.file, chip.extension, record, row)


def _is_of(row: Mapping[str, Any], chip: DrizzledChip) -> bool:
    names = {str(row.get(key, "")).strip().lower() for key in ("ROOTNAME", "EXPNAME")}
    extension = f"{str(row.get('EXTNAME', '')).strip().upper()},{row.get('EXTVER')}"
    return chip.root in names and chip.extension in ("", extension)


def _table(image: Drizzled) -> tuple[Mapping[str, Any], ...]:
    """Rows of HDRTAB, without what an exposure's header lacks."""
    return tuple(
        # What an exposure's header lacks is NaN among numbers.
        {name: value for name, value in row.items() if not (isinstance(value, float) and math.isnan(value))}
        for row in read_rows(image.path, _TABLE, _MOST_ROWS)
    )
