"""Rows of a FITS table of hundreds of columns, of which astropy makes an object each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from hubble_qa.checks.readers.compressed import unpacked
from hubble_qa.checks.readers.exposure import open_fits
from hubble_qa.checks.readers.regular_files import open_regular

__all__ = ["read_rows"]

_FORMAT = re.compile(r"(\d*)([ALBIJKED])")
_TYPES = {"L": "S1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
# Columns with these are not as they are stored.
_CHANGED = re.compile(r"(TSCAL|TZERO|TNULL|TDIM)\d+")


def read_rows(path: Path, name: str, most: int) -> list[dict[str, Any]]:
    """Read a table's rows, each by the columns' names in capitals.

    Parameters
    ----------
    path : Path
        A FITS file.
    name : str
        EXTNAME of the table, in capitals.
    most : int
        So many rows are read at most.

    Returns
    -------
    list of dict
        Texts without blanks about them. Nothing where the file has no such table.

    Raises
    ------
    ReaderError
        If the file cannot be read.
    """
    with open_fits(path) as hdus:
        table = next((hdu for hdu in hdus[1:] if str(hdu.name).upper() == name), None)
        if table is None or not table.header.get("NAXIS2"):
            return []
        rows = _plain(path, table, most)
        if rows is None:
            names = [str(name).upper() for name in table.data.dtype.names]
            rows = [dict(zip(names, row, strict=True)) for row in table.data[:most].tolist()]
        return [{key: _text(value) for key, value in row.items()} for row in rows]


def _plain(path: Path, table: Any, most: int) -> list[dict[str, Any]] | None:
    """The rows as they are stored; None where they are not what they are stored as."""
    kind = _stored(table.header)
    if kind is None:
        return None
    with open_regular(unpacked(path), compressed=False) as stream:
        stream.seek(table.fileinfo()["datLoc"])
        count = min(int(table.header["NAXIS2"]), most)
        data = stream.read(count * kind.itemsize)
    if len(data) < count * kind.itemsize:
        return None
    names = [str(name).upper() for name in kind.names or ()]
    logical = {name for name in names if _format(table.header, names.index(name) + 1)[1] == "L"}
    try:
        return [
            {name: _value(value, name in logical) for name, value in zip(names, row, strict=True)}
            for row in np.frombuffer(data, kind).tolist()
        ]
    except UnicodeDecodeError:
        return None


def _text(value: Any) -> Any:
    # Of text that is no ASCII astropy gives the bytes.
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    return text.strip() if isinstance(text, str) else text


def _value(value: Any, logical: bool) -> Any:
    if logical:
        return value == b"T"
    return value.decode("ascii") if isinstance(value, bytes) else value


def _format(header: Any, column: int) -> tuple[int, str]:
    """Repeat count and type of a column; no type where it is another than is read here."""
    found = _FORMAT.fullmatch(str(header.get(f"TFORM{column}", "")).strip())
    return (int(found[1] or 1), found[2]) if found else (0, "")


def _stored(header: Any) -> np.dtype[Any] | None:
    """What a row is stored as."""
    if header.get("XTENSION") != "BINTABLE" or any(map(_CHANGED.fullmatch, header)):
        return None
    fields = []
    for column in range(1, int(header.get("TFIELDS", 0)) + 1):
        repeat, kind = _format(header, column)
        if not kind or (kind != "A" and repeat != 1) or not repeat:
            return None
        fields.append((str(header.get(f"TTYPE{column}", "")), f"S{repeat}" if kind == "A" else _TYPES[kind]))
    try:
        dtype = np.dtype(fields)
    except ValueError:  # two columns have one name
        return None
    return dtype if dtype.itemsize == header.get("NAXIS1") else None
