"""Whether files are what a certificate says, and which part of each is not."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hubble_qa.reports.certificate.fits_digests import Unit, file_digest, is_pixel_keyword, read_units
from hubble_qa.reports.certificate.statement import CertifiedFile, Statement

__all__ = ["Change", "Finding", "compare_units", "verify"]

# Keywords of a file that are named; more are counted.
_NAMED = 20
# By which reports and stores of this suite are known: what is in them is no product.
_OURS = (frozenset({"results.json", "index.html"}), frozenset({"qa-store.json"}))


class Change(StrEnum):
    """What became of a file."""

    NONE = "unchanged"
    HEADER = "pixels unchanged"
    PIXELS = "pixels changed"
    CONTENT = "changed"
    MISSING = "missing"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Finding:
    """A file with what became of it; ``where`` names the units or keywords."""

    name: str
    change: Change
    where: str = ""

    def __str__(self) -> str:
        match self.change:
            case Change.HEADER:
                return f"{self.name}: {self.change}, {self.where}"
            case Change.NEW:
                return f"{self.name}: not in the certificate ({self.where})"
        return f"{self.name}: {self.change}" + (f": {self.where}" if self.where else "")


def verify(statement: Statement, directory: Path, *, besides: Iterable[Path] = ()) -> Iterator[Finding]:
    """Compare the files of a directory with a certificate.

    Parameters
    ----------
    statement : Statement
        The certificate.
    directory : Path
        Where its files are now.
    besides : iterable of Path
        Files that are no products, such as the certificate itself.
    """
    for file in statement.files:
        yield _verified(file, directory / file.name)
    known = {file.name for file in statement.files}
    passed_over = {path.resolve() for path in besides}
    for path in _files(directory):
        name = path.relative_to(directory).as_posix()
        if name not in known and path.resolve() not in passed_over:
            reason = statement.not_judged.get(name)
            yield Finding(name, Change.NEW, f"it was there, and not judged: {reason}" if reason else "new")


def _files(directory: Path) -> Iterator[Path]:
    """Files below a directory but hidden ones, and those of reports and stores."""
    for place, folders, names in os.walk(directory):
        if any(marks <= set(names) for marks in _OURS):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def _verified(file: CertifiedFile, path: Path) -> Finding:
    if not path.is_file():
        what = "there is no regular file of this name" if path.exists() else ""
        return Finding(file.name, Change.MISSING, what)
    try:
        if file_digest(path) == file.sha256:
            return Finding(file.name, Change.NONE)
        if not file.units:
            return Finding(file.name, Change.CONTENT)
        return compare_units(file.name, file.units, read_units(path))
    except OSError as error:
        return Finding(file.name, Change.MISSING, f"it cannot be read: {error.strerror or error}")


def compare_units(name: str, before: Sequence[Unit], after: Sequence[Unit]) -> Finding:
    """Say what is different between the units of a file that is not the same any more.

    Parameters
    ----------
    name : str
        The file.
    before, after : sequence of Unit
        Its units as they were judged, and as they are.
    """
    pairs, added = _paired(before, after)
    pixels = [each for each in (_pixel_change(old, new) for old, new in pairs) if each]
    if pixels:
        return Finding(name, Change.PIXELS, ", ".join(pixels))
    edits = [*_header_edits([(old, new) for old, new in pairs if new is not None])]
    edits += [f"{unit.name} (a unit, added)" for unit in added]
    if edits:
        return Finding(name, Change.HEADER, f"header edited: {'; '.join(edits)}")
    fills = [old.name for old, new in pairs if new is not None and old.datasum != new.datasum]
    where = f" (fill of {', '.join(fills)})" if fills else ""
    return Finding(name, Change.HEADER, f"cards too; bytes edited that are neither{where}")


def _paired(
    before: Sequence[Unit], after: Sequence[Unit]
) -> tuple[list[tuple[Unit, Unit | None]], list[Unit]]:
    """Each unit with what it is now, and units that were added."""
    if len(before) == len(after):
        return list(zip(before, after, strict=True)), []
    now = {unit.name: unit for unit in after}
    pairs = [(unit, now.pop(unit.name, None)) for unit in before]
    return pairs, list(now.values())


def _pixel_change(old: Unit, new: Unit | None) -> str:
    """The unit's name where its pixels are not the same, with the keyword if that is why."""
    if new is None:
        return f"{old.name} (missing, or not to be read)"
    if old.pixels == new.pixels:
        return ""
    keywords = [name for name in _edited(old, new) if is_pixel_keyword(name)]
    return f"{old.name} ({', '.join(keywords)} edited)" if keywords else old.name


def _header_edits(pairs: Sequence[tuple[Unit, Unit]]) -> Iterator[str]:
    """Keywords that are not the same, ``"SCI,1 CRVAL1, CRVAL2"``; of the primary header without its name.

    Sums, which whoever edits another keyword writes anew in all units, are named where they are all there is.
    """
    by_unit = {old.name: _header_change(old, new) for old, new in pairs}
    if any(not _is_sum(each) for edits in by_unit.values() for each in edits):
        by_unit = {name: [each for each in edits if not _is_sum(each)] for name, edits in by_unit.items()}
    for name, edits in by_unit.items():
        more = len(edits) - _NAMED
        text = ", ".join(edits[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        if text:
            yield text if name == "PRIMARY" else f"{name} {text}"


def _is_sum(edit: str) -> bool:
    return edit.partition(" ")[0] in ("CHECKSUM", "DATASUM")


def _header_change(old: Unit, new: Unit) -> list[str]:
    edited = _edited(old, new)
    if not edited and (old.keywords, old.cards) != (new.keywords, new.cards):
        return ["order of its cards"]
    if not edited and old.header != new.header:
        return ["fill after its cards"]
    return edited


def _edited(old: Unit, new: Unit) -> list[str]:
    """Keywords of cards that are not the same, each once."""
    before, after = Counter(old.digests()), Counter(new.digests())
    lost = dict.fromkeys(name for name, _ in before - after)
    found = dict.fromkeys(name for name, _ in after - before)
    return [
        *(name for name in lost if name in found),
        *(f"{name} (added)" for name in found if name not in lost),
        *(f"{name} (removed)" for name in lost if name not in found),
    ]
