"""Rows of tables are those that astropy reads, whatever their columns are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.readers import ReaderError
from hubble_qa.checks.readers.table_rows import read_rows

PLAIN: dict[str, tuple[str, list[Any]]] = {
    "rootname": ("9A", ["u5jx0108r", " a  ", ""]),
    "FLAG": ("L", [True, False, True]),
    "BYTE": ("B", [0, 7, 255]),
    "SHORT": ("I", [-3, 0, 32000]),
    "LONG": ("J", [-3, 0, 2**31 - 1]),
    "LONGER": ("K", [-3, 0, 2**62]),
    "SINGLE": ("E", [1.5, -0.25, 1e30]),
    "DOUBLE": ("D", [1 / 3, -1e-300, 0.0]),
}


def write_table(path: Path, columns: dict[str, tuple[str, list[Any]]]) -> Path:
    made = [fits.Column(name, form, array=np.array(values)) for name, (form, values) in columns.items()]
    first = fits.ImageHDU(np.ones((3, 5), dtype=np.float32), name="SCI")
    table = fits.BinTableHDU.from_columns(made, name="HDRTAB")
    fits.HDUList([fits.PrimaryHDU(), first, table]).writeto(path, overwrite=True)
    return path


def by_astropy(path: Path) -> list[dict[str, Any]]:
    table = fits.getdata(path, "HDRTAB")
    names = [name.upper() for name in table.dtype.names]
    return [
        {
            key: value.strip() if isinstance(value, str) else value
            for key, value in zip(names, row, strict=True)
        }
        for row in table.tolist()
    ]


def test_columns_of_all_types_are_read(tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.fits", PLAIN)
    rows = read_rows(path, "HDRTAB", 5000)
    assert rows == by_astropy(path)
    assert [rows[0]["ROOTNAME"], rows[1]["FLAG"], rows[2]["LONGER"]] == ["u5jx0108r", False, 2**62]
    assert [{type(value) for value in row.values()} for row in rows] == [{str, bool, int, float}] * 3
    assert read_rows(path, "HDRTAB", 2) == rows[:2]
    assert read_rows(path, "OTHER", 5000) == []


@pytest.mark.parametrize(("keyword", "value"), [("TZERO1", 32768), ("TSCAL1", 0.5), ("TNULL1", 2)])
def test_what_is_not_as_it_is_stored_is_read_by_astropy(tmp_path: Path, keyword: str, value: float) -> None:
    path = write_table(tmp_path / "a.fits", {"COUNT": ("I", [1, 2, 3])})
    fits.setval(path, keyword, value=value, ext=2)
    expected = {"TZERO1": [32769, 32770, 32771], "TSCAL1": [0.5, 1.0, 1.5], "TNULL1": [1, 2, 3]}
    assert [row["COUNT"] for row in read_rows(path, "HDRTAB", 5000)] == expected[keyword]


def test_arrays_are_read_by_astropy(tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.fits", {"PAIR": ("2E", [[1.0, 2.0], [3.0, 4.0]])})
    assert [[*row["PAIR"]] for row in read_rows(path, "HDRTAB", 5000)] == [[1.0, 2.0], [3.0, 4.0]]


@given(
    st.lists(
        st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=12), min_size=1, max_size=4
    )
)
def test_texts_are_those_of_astropy(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.getbasetemp() / "texts.fits"
    write_table(path, {"NAME": ("12A", texts), "AT": ("J", [*range(len(texts))])})
    assert read_rows(path, "HDRTAB", 5000) == by_astropy(path)


def test_a_truncated_table_is_told(tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.fits", {"LONG": ("J", [*range(3000)])})
    path.write_bytes(path.read_bytes()[:-6000])
    with pytest.raises(ReaderError, match="truncated"):
        read_rows(path, "HDRTAB", 5000)
