"""A file's form as FITS: standard, declared and actual size, checksums."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from hubble_qa.checks.readers.compressed import unpacked
from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.checks.readers.exposure import BROKEN
from hubble_qa.checks.readers.fits_cards import (
    REGISTERED,
    Unit,
    card_violations,
    has_size_below_zero,
    late_wcsaxes,
    read_units,
)
from hubble_qa.checks.readers.fits_tables import table_violations
from hubble_qa.checks.readers.regular_files import first_bytes, open_regular

__all__ = ["FitsStructure", "LateAxes", "read_fits_structure"]

# Keywords that AstroDrizzle writes into what it combines.
_DRIZZLED = ("NDRIZIM", "ADRIZVER", "D001DATA")
# Keywords that updatewcs writes: its version, and what it takes from the distortion table.
_UPDATED = ("UPWCSVER", "IDCSCALE")
_CHECKSUMS = ("CHECKSUM", "DATASUM")
# Cards whose values go on in the next, or whose keywords have more than 8 letters.
_OF_SEVERAL = frozenset({b"CONTINUE", b"HIERARCH"})
# Of astropy's remarks, those that say what the units' sizes and cards say already, and headings.
_REPEATED = (
    "truncated",
    "Note: astropy.io.fits uses zero-based indexing",
    "extra padding",
    "extra bytes after the last HDU",
    "non-ASCII characters",
    "Verification reported errors:",
)


@dataclass(frozen=True, slots=True)
class LateAxes:
    """A unit in which keywords of world coordinates stand before WCSAXES.

    Attributes
    ----------
    unit : str
        The unit.
    number : int
        Its number, 0 for the primary unit.
    before : tuple of str
        Those keywords.
    """

    unit: str
    number: int
    before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FitsStructure:
    """What a file's bytes say about its form.

    Attributes
    ----------
    path : Path
        The file.
    actual_size : int
        Bytes on disk.
    declared_size : int
        Bytes that its headers say it has, up to the end of the last unit that could be read.
    units : int
        Header-data units that could be read.
    declared_extensions : int or None
        The primary header's NEXTEND: how many extensions the file had when it was calibrated. None for an
        image in the primary unit: AstroDrizzle copies the keyword from its inputs there.
    checksums : int
        Units that carry a CHECKSUM or DATASUM.
    remarks : tuple of str
        What reading, checksums and the standard's rules find wrong; one line each.
    label : str
        What verdicts call the file: its name without ending, unless it was read under another.
    late_axes : tuple of LateAxes
        Units in which WCSAXES comes too late.
    unregistered : tuple of str
        Kinds of extensions (XTENSION) that the standard does not know.
    drizzled, updated : bool
        Whether AstroDrizzle made it, and whether updatewcs worked on it.
    """

    path: Path
    actual_size: int
    declared_size: int
    units: int
    declared_extensions: int | None
    checksums: int
    remarks: tuple[str, ...]
    label: str = ""
    late_axes: tuple[LateAxes, ...] = ()
    unregistered: tuple[str, ...] = ()
    drizzled: bool = False
    updated: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.label or self.path.name.partition(".")[0])


def read_fits_structure(path: Path, *, label: str = "") -> FitsStructure:
    """Read a file's form. A file that is no FITS at all gives remarks, not an error.

    Parameters
    ----------
    path : Path
        The file.
    label : str, optional
        What verdicts are to call it.

    Raises
    ------
    ReaderError
        If the file is missing or not readable, or no regular file.
    """
    try:
        try:
            # Tiles are tables of a FITS file, whose form is judged as it is.
            plain = path if path.name.endswith(".fz") else unpacked(path)
        except ReaderError as error:
            # A compressed file that is damaged has a form as well.
            return FitsStructure(path, 0, 0, 0, None, 0, (str(error).removeprefix(f"{path}: "),), label)
        with open_regular(plain) as stream:
            return _structure(path, stream, label)
    except OSError as error:
        raise ReaderError(f"{path}: cannot read the file: {error.strerror or error}") from error


def _structure(path: Path, stream: BinaryIO, label: str) -> FitsStructure:
    actual = os.fstat(stream.fileno()).st_size
    units = read_units(stream)
    declared = units[-1].end if units else 0
    flaws = [*_not_fits(path, stream)] if not units else []
    for unit in units:
        flaws += [*unit.violations, *card_violations(unit), *table_violations(unit)]
        flaws += _fill_violations(stream, unit, actual)
    # Only of what is all there: astropy would set memory aside for what a header merely claims to have.
    whole = bool(units) and declared <= actual
    followed = not any(map(has_size_below_zero, units))
    asked = whole and followed and any(map(_astropy_tells_more, units))
    # Of what follows the last unit its size is said; astropy would look at all of it, 40 s a GiB.
    remarks = _remarks_of_astropy(first_bytes(stream, declared)) if asked else []
    flaws += [each for each in remarks if "Checksum" in each or "Datasum" in each or not flaws]
    kinds = dict.fromkeys(unit.xtension for unit in units[1:])
    return FitsStructure(
        path,
        actual,
        declared,
        len(units),
        _declared_extensions(units),
        sum(any(unit.find(key) for key in _CHECKSUMS) for unit in units),
        tuple(flaws),
        label,
        late_axes=tuple(
            LateAxes(unit.name, unit.number, before) for unit in units if (before := late_wcsaxes(unit))
        ),
        unregistered=tuple(kind for kind in kinds if kind not in REGISTERED),
        drizzled=any(unit.find(keyword) for unit in units for keyword in _DRIZZLED),
        updated=any(unit.find(keyword) for unit in units for keyword in _UPDATED),
    )


def _astropy_tells_more(unit: Unit) -> bool:
    """Whether a unit has what the rules here do not reach: checksums, tables, values over several cards."""
    return (
        unit.xtension not in ("", "IMAGE")
        or any(unit.find(keyword) for keyword in _CHECKSUMS)
        or any(image[:8] in _OF_SEVERAL for image in unit.images)
    )


def _declared_extensions(units: Sequence[Unit]) -> int | None:
    return None if not units or units[0].integer("NAXIS") else units[0].integer("NEXTEND")


def _not_fits(path: Path, stream: BinaryIO) -> Iterator[str]:
    """Why no header at all could be read."""
    try:
        open_regular(unpacked(path), compressed=False).close()
    except ReaderError as error:
        yield str(error).removeprefix(f"{path}: ")
        return
    stream.seek(0)
    start = stream.read(30)
    if not start:
        yield "cannot be read as FITS: the file is empty"
    elif start.startswith(b"SIMPLE  ="):
        yield "cannot be read as FITS: its primary header has no END; the file is truncated or damaged"
    else:
        yield f"cannot be read as FITS: it begins with {start.decode('latin-1')!r}, not with 'SIMPLE  ='"


def _fill_violations(stream: BinaryIO, unit: Unit, actual: int) -> Iterator[str]:
    """Section 3.3.2: data are filled up with zeros, those of ASCII tables with blanks."""
    end = unit.data + unit.size
    if unit.end > actual:
        return
    stream.seek(end)
    if stream.read(unit.end - end).strip(b" " if unit.xtension == "TABLE" else b"\0"):
        yield f"{unit.name}: the fill after its data, from byte {end}, is not zero"


def _remarks_of_astropy(stream: BinaryIO) -> list[str]:
    """What astropy finds: checksums, and what is wrong with tables."""
    remarks: list[str] = []
    stream.seek(0)
    with _recorded(remarks):
        try:
            with fits.open(stream, memmap=False, checksum=True) as hdus:
                len(hdus)
                hdus.verify("warn")
        except MemoryError:
            remarks.append("cannot be read: its data do not fit into memory")
        except BROKEN as error:
            remarks.append(f"cannot be read as FITS: {' '.join(str(error).split())}")
    return remarks


@contextmanager
def _recorded(remarks: list[str]) -> Iterator[None]:
    """Add the warnings of astropy, one line each, to `remarks`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", AstropyUserWarning)
        yield
    place = ""
    for warning in caught:
        text = " ".join(str(warning.message).split())
        # astropy tells the unit, the card and what is wrong with it in three warnings.
        if text.startswith(("HDU ", "Card ")) and text.endswith(":"):
            place = f"{'' if text.startswith('HDU') else place}{text[:-1]}, "
        elif text and not any(each in text for each in _REPEATED):
            remarks.append(place + text)
