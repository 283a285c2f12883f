"""Rows of tables as they are stored, where that is what they say; values by hand and by astropy."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.readers.table_rows import _plain, _stored, read_rows

COLUMNS = [
    ("rootname", "9A", ["u5jx0108r", " a  ", ""]),
    ("Flag", "L", [True, False, True]),
    ("BYTE", "B", [0, 7, 255]),
    ("SHORT", "1I", [-3, 0, 32000]),
    ("LONG", "J", [-3, 0, 2**31 - 1]),
    ("LONGER", "K", [-3, 0, 2**62]),
    ("SINGLE", "E", [1.5, -0.25, 2.0**100]),
    ("LETTER", "A", ["x", "", "z"]),
    ("DOUBLE", "1D", [1 / 3, -1e-300, 0.0]),
]
TYPES = ["S9", "S1", "u1", ">i2", ">i4", ">i8", ">f4", "S1", ">f8"]


def table(columns: list[tuple[str, str, Any]]) -> fits.BinTableHDU:
    made = [fits.Column(name, form, array=np.array(values)) for name, form, values in columns]
    return fits.BinTableHDU.from_columns(made, name="HDRTAB")


def write(path: Path, *hdus: Any) -> Path:
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path, overwrite=True)
    return path


def as_stored(path: Path, most: int = 5000) -> list[dict[str, Any]] | None:
    """What is read without astropy; nothing where it has to be asked."""
    with fits.open(path) as hdus:
        return _plain(path, hdus["HDRTAB"], most)


# What a row is stored as


def test_types_are_those_of_the_formats() -> None:
    stored = _stored(table(COLUMNS).header)
    assert stored is not None
    assert stored.names == tuple(name for name, _, _ in COLUMNS)
    assert [stored[name].str.lstrip("|") for name in stored.names] == TYPES
    assert stored.itemsize == 38


@pytest.mark.parametrize(
    "changes",
    [
        *[{"TSCAL1": 2.0}, {"TZERO4": 5}, {"TNULL10": 1}, {"TDIM9": "(1)"}, {"XTENSION": "TABLE"}],
        *[{"TFORM4": "2I"}, {"TFORM4": "0I"}, {"TFORM1": "0A"}, {"TFORM4": "PI(3)"}, {"TFORM4": "16X"}],
        *[
            {"TFORM4": "I3"},
            {"TFORM4": ""},
            {"TFORM6": "C"},
            {"TFORM1": "0A", "NAXIS1": 29},
            {"TTYPE2": "SHORT"},
        ],
        *[{"NAXIS1": 39}, {"NAXIS1": 37}, {"TFIELDS": 8}, {"TFIELDS": 10}],
    ],
)
def test_what_is_not_as_it_is_stored_is_known(changes: dict[str, Any]) -> None:
    header = fits.Header(table(COLUMNS).header)
    header.update(changes)
    assert _stored(header) is None


@pytest.mark.parametrize("changes", [{"TUNIT1": "s"}, {"TDISP4": "I5"}, {"TNULL": 1}, {"TFORM4": " I "}])
def test_what_changes_no_value_is_no_hindrance(changes: dict[str, Any]) -> None:
    header = fits.Header(table(COLUMNS).header)
    header.update(changes)
    assert _stored(header) is not None


@pytest.mark.parametrize("missing", ["TFORM9", "XTENSION", "NAXIS1", "TFIELDS"])
def test_what_is_missing_is_not_guessed(missing: str) -> None:
    header = table(COLUMNS).header.copy(strip=False)
    cards = [card for card in header.cards if card.keyword != missing]
    assert _stored(fits.Header(cards)) is None


# Rows


def test_rows_are_read_without_astropy(tmp_path: Path) -> None:
    path = write(tmp_path / "a.fits", fits.ImageHDU(np.ones((3, 5))), table(COLUMNS))
    rows = as_stored(path)
    assert rows is not None
    expected = [
        dict(zip([name.upper() for name, _, _ in COLUMNS], row, strict=True))
        for row in zip(*(values for _, _, values in COLUMNS), strict=True)
    ]
    stripped = [
        {key: getattr(each, "strip", lambda each=each: each)() for key, each in row.items()} for row in rows
    ]
    assert stripped == [{**row, "ROOTNAME": str(row["ROOTNAME"]).strip()} for row in expected]
    assert [type(each) for each in rows[0].values()] == [str, bool, int, int, int, int, float, str, float]
    assert read_rows(path, "HDRTAB", 5000) == stripped
    assert as_stored(path, 2) == rows[:2]
    assert as_stored(path, 0) == []


def test_a_text_that_is_a_letter_is_no_logical_value(tmp_path: Path) -> None:
    path = write(tmp_path / "a.fits", table([("A", "1A", ["T", "F"]), ("B", "L", [False, True])]))
    assert as_stored(path) == [{"A": "T", "B": False}, {"A": "F", "B": True}]


@pytest.mark.parametrize("most", [1, 2, 5])
def test_arrays_are_left_to_astropy(tmp_path: Path, most: int) -> None:
    path = write(tmp_path / "a.fits", table([("PAIR", "2J", [[1, 2], [3, 4], [5, 6]])]))
    assert as_stored(path) is None
    rows = read_rows(path, "HDRTAB", most)
    assert [[*row["PAIR"]] for row in rows] == [[1, 2], [3, 4], [5, 6]][:most]


def test_a_compressed_file_has_the_same_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.fits", table(COLUMNS))
    packed = tmp_path / "b.fits.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_rows(packed, "HDRTAB", 5000) == read_rows(path, "HDRTAB", 5000)


def test_the_first_table_of_the_name_is_read_and_the_primary_unit_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    one, two = table([("N", "J", [1])]), table([("N", "J", [2])])
    primary = fits.PrimaryHDU(np.ones((2, 3)))
    primary.header["EXTNAME"] = "HDRTAB"
    other = table([("N", "J", [3])])
    other.name = "OTHER"
    fits.HDUList([primary, other, one, two]).writeto(path)
    assert read_rows(path, "HDRTAB", 5000) == [{"N": 1}]
    assert read_rows(path, "OTHER", 5000) == [{"N": 3}]
    assert read_rows(path, "PRIMARY", 5000) == []
    assert read_rows(path, "NONE", 5000) == []


@pytest.mark.parametrize("column", [("N", "J", np.empty(0)), ("N", "2J", np.empty((0, 2)))])
def test_a_table_without_rows_has_none(tmp_path: Path, column: tuple[str, str, Any]) -> None:
    path = write(tmp_path / "a.fits", table([column]))
    assert read_rows(path, "HDRTAB", 5000) == []


def test_text_that_is_no_ascii_is_text(tmp_path: Path) -> None:
    """As other text, without blanks about it; what is no ASCII is seen to be none."""
    made = table([("NAME", "5A", ["ab_d ", "xyz"]), ("SHORT", "I", [1, 2])])
    path = write(tmp_path / "a.fits", made)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"ab_d", b"ab\xe9d"))
    assert read_rows(path, "HDRTAB", 10) == [{"NAME": "ab\ufffdd", "SHORT": 1}, {"NAME": "xyz", "SHORT": 2}]
