"""Files that are read: their beginnings, kinds and compression, units, pixels and form, by hand."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.errors import DamagedFileError, ReaderError
from hubble_qa.checks.readers import read_exposure, read_fits_structure
from hubble_qa.checks.readers.exposure import is_complete, open_fits, readable
from hubble_qa.checks.readers.fits_cards import Unit
from hubble_qa.checks.readers.regular_files import first_bytes, irregular, open_regular, read_text

# Regular files


@given(
    content=st.binary(max_size=40),
    size=st.integers(0, 50),
    steps=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=5),
)
def test_the_beginning_of_a_file_is_one_of_its_own(
    content: bytes, size: int, steps: list[tuple[int, int]]
) -> None:
    found, expected = first_bytes(io.BytesIO(content), size), io.BytesIO(content[:size])
    for place, number in steps:
        assert found.seek(place) == expected.seek(place)
        assert found.read(number) == expected.read(number)
    found.seek(0)
    assert found.read() == content[:size]


def test_places_in_a_beginning_are_from_its_start_its_end_and_where_one_is() -> None:
    found = first_bytes(io.BytesIO(b"0123456789"), 7)
    assert (found.seek(-2, os.SEEK_END), found.read()) == (5, b"56")
    assert (found.seek(1), found.seek(2, os.SEEK_CUR), found.read(2)) == (1, 3, b"34")
    assert (found.seek(-4, os.SEEK_CUR), found.read(1), found.tell()) == (1, b"1", 2)
    assert found.readable()
    assert found.seekable()
    raw = first_bytes(io.BytesIO(b"0123456789"), 7).raw  # type: ignore[attr-defined]
    assert (raw.seek(3), raw.seek(2, os.SEEK_CUR), raw.read(9), raw.read(9)) == (3, 5, b"56", b"")
    assert (raw.seek(0), raw.read(1), raw.seek(-1, os.SEEK_CUR)) == (0, b"0", 0)
    with pytest.raises(OSError, match="Invalid"):
        raw.seek(-1)


PACKED = {
    "gzip": gzip.compress(b"text"),
    "bzip2": bz2.compress(b"text"),
    "xz": lzma.compress(b"text"),
    "zip": b"PK\x03\x04text",
    "compress": b"\x1f\x9dtext",
    "zstd": b"\x28\xb5\x2f\xfdtext",
}


@pytest.mark.parametrize("name", PACKED)
def test_compressed_files_are_known_by_how_they_begin(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.fits"
    path.write_bytes(PACKED[name])
    with open_regular(path) as stream:
        assert stream.read() == PACKED[name]
    with pytest.raises(DamagedFileError, match=f"compressed by {name}, whatever"):
        open_regular(path, compressed=False)
    path.write_bytes(b" " + PACKED[name])
    with open_regular(path, compressed=False) as stream:
        assert stream.read() == b" " + PACKED[name]


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("text")
    kinds = {"pipe": "a pipe", ".": "a directory", "file": "", "nothing": ""}
    assert {name: irregular(tmp_path / name) for name in kinds} == kinds
    for name in ("pipe", "."):
        with pytest.raises(ReaderError, match=f"is {kinds[name]}, not a file"):
            open_regular(tmp_path / name)


def test_a_text_has_256_mib_at_most(tmp_path: Path) -> None:
    path = tmp_path / "shifts.txt"
    path.write_bytes("a\r\nå\rb\n".encode())
    assert read_text(path) == "a\nå\rb\n"
    path.write_bytes(b"\xff")
    assert read_text(path, errors="replace") == "\ufffd"
    os.truncate(path, 256 * 2**20 + 1)
    with pytest.raises(ReaderError, match="has 256 MiB, more than"):
        read_text(path)


# Exposures


def chips(path: Path, *, pixels: np.ndarray | None = None, **cards: Any) -> Path:
    """A primary header, SCI,1 and a table; cards of SCI,1."""
    image = np.arange(12, dtype=np.int16).reshape(3, 4) if pixels is None else pixels
    science = fits.ImageHDU(image, name="SCI", ver=1)
    science.header.update(cards)
    table = fits.BinTableHDU.from_columns([fits.Column("X", "E", array=np.arange(3.0))], name="CAT")
    hdus = fits.HDUList([fits.PrimaryHDU(), science, table])
    hdus[0].header["ROOTNAME"] = "xrq"
    hdus.writeto(path, overwrite=True, output_verify="silentfix")
    return path


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32, np.int64, np.float32, np.float64])
def test_pixels_as_they_are_written_are_mapped(tmp_path: Path, kind: type) -> None:
    pixels: Any = (np.arange(12).reshape(3, 4) * 20).astype(kind)
    mapped = read_exposure(chips(tmp_path / "a_flt.fits", pixels=pixels)).mapped("SCI")
    assert mapped is not None
    assert (mapped.dtype.kind, mapped.dtype.itemsize) == (np.dtype(kind).kind, np.dtype(kind).itemsize)
    np.testing.assert_array_equal(mapped, pixels)


@pytest.mark.parametrize(
    ("cards", "mapped"),
    [
        ({}, True),
        ({"BSCALE": 1.0}, True),
        ({"BSCALE": 1, "BZERO": 0}, True),
        ({"BZERO": 0.0}, True),
        ({"BSCALE": 2.0}, False),
        ({"BSCALE": 0.0}, False),
        ({"BZERO": 1.0}, False),
        ({"BLANK": -1}, False),
        ({"BUNIT": "one"}, True),
    ],
)
def test_pixels_that_are_to_be_scaled_are_not_mapped(
    tmp_path: Path, cards: dict[str, Any], mapped: bool
) -> None:
    path = chips(tmp_path / "a_flt.fits", A=1, B=2)
    content = path.read_bytes()
    for place, written in zip(("A", "B"), cards.items(), strict=False):
        at = content.index(f"{place:8}=".encode())
        content = content[:at] + fits.Card(*written).image.encode() + content[at + 80 :]
    path.write_bytes(content)
    exposure = read_exposure(path)
    assert (exposure.mapped("SCI") is not None) is mapped
    with fits.open(path) as hdus:
        np.testing.assert_array_equal(exposure.array("SCI"), hdus["SCI"].data)
    assert exposure.mapped("CAT") is None


def test_a_shape_is_of_an_image(tmp_path: Path) -> None:
    exposure = read_exposure(chips(tmp_path / "a_flt.fits"))
    assert [each.shape for each in exposure.extensions] == [(3, 4), ()]
    assert [(each.name, each.version) for each in exposure.extensions] == [("SCI", 1), ("CAT", 1)]
    assert all(isinstance(each.source, Unit) for each in exposure.extensions)
    assert isinstance(exposure.source, Unit)
    assert len(exposure.primary) == len(fits.getheader(exposure.path))
    assert list(exposure.primary) == list(fits.getheader(exposure.path))


def test_names_are_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a_flt.fits"
    images = [fits.ImageHDU(np.ones((2, 3))), fits.ImageHDU(name="WCSDVARRAY", ver=12)]
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(path)
    exposure = read_exposure(path)
    assert isinstance(exposure.source, Unit)
    found = [(each.name, each.version, each.shape) for each in exposure.extensions]
    assert found == [("", 1, (2, 3)), ("WCSDVARRAY", 12, ())]
    assert exposure.mapped("WCSDVARRAY", 12) is None  # there are no pixels


def test_a_factor_that_is_no_number_is_left_to_astropy(tmp_path: Path) -> None:
    path = chips(tmp_path / "a_flt.fits", A=1)
    content = path.read_bytes()
    at = content.index(b"A       =")
    path.write_bytes(content[:at] + b"BSCALE  = 'one     '".ljust(80) + content[at + 80 :])
    assert read_exposure(path).mapped("SCI") is None


@pytest.mark.parametrize(
    ("card", "plain"),
    [
        ("TARGNAME= 'NGC 104 '", True),
        ("TARGNAME= 'NGC 104 '           / target", True),
        ("TARGNAME= NGC104", False),
        ("ZIMAGE  =                    T", False),
        ("EXTEND  =                    F", False),
        ("GCOUNT  =                    2", False),
        ("XTENSION= 'FOREIGN '", False),
        ("EXTNAME =                    5", False),
        ("EXTNAME = 'O''DELL '", False),
        ("EXTVER  =                  2.0", False),
        ("EXTVER  =                   -2", True),
    ],
)
def test_files_with_anything_odd_are_left_to_astropy(tmp_path: Path, card: str, plain: bool) -> None:
    path = chips(tmp_path / "a_flt.fits")
    content = path.read_bytes()
    keyword = f"{card[:8]}=".encode()
    at = content.index(keyword) if keyword in content else content.index(b"ROOTNAME=")
    path.write_bytes(content[:at] + card.ljust(80).encode() + content[at + 80 :])
    assert isinstance(read_exposure(path).source, Unit) is plain


@pytest.mark.parametrize(
    ("cards", "plain"),
    [
        (["S_REGION= 'POLYGON &'", "CONTINUE  '1 2 &'", "CONTINUE  '3'"], True),
        (["S_REGION= 'POLYGON &'", "GAIN    = 1,2", "B       =                    2"], False),
        (["S_REGION= 'POLYGON  '", "CONTINUE  '1 2 &'", "CONTINUE  '3'"], False),
        (["S_REGION= 'POLYGON &'", "CONTINUE  '1 2  '", "CONTINUE  '3'"], False),
    ],
)
def test_strings_over_several_cards_are_as_they_should_be(
    tmp_path: Path, cards: list[str], plain: bool
) -> None:
    path = chips(tmp_path / "a_flt.fits", A=1, B=2, C=3)
    content = path.read_bytes()
    at = content.index(b"A       =")
    path.write_bytes(content[:at] + b"".join(each.ljust(80).encode() for each in cards) + content[at + 240 :])
    assert isinstance(read_exposure(path).source, Unit) is plain


@pytest.mark.parametrize(("change", "complete"), [(0, True), (7, True), (-1, False)])
def test_a_file_is_complete_with_all_bytes_that_it_declares(
    tmp_path: Path, change: int, complete: bool
) -> None:
    path = chips(tmp_path / "a_flt.fits")
    os.truncate(path, path.stat().st_size + change)
    assert is_complete(path) is complete
    if change < 0:
        return
    exposure = read_exposure(path)
    assert isinstance(exposure.source, Unit) is (change == 0)
    found = [(each.name, each.version, each.shape) for each in exposure.extensions]
    assert (found, exposure.primary["ROOTNAME"]) == ([("SCI", 1, (3, 4)), ("CAT", 1, found[1][2])], "xrq")


def test_what_has_no_header_is_not_complete(tmp_path: Path) -> None:
    (tmp_path / "a.fits").write_bytes(b"")
    (tmp_path / "b.fits").write_bytes(bytes(5760))
    assert not any(map(is_complete, [tmp_path / "a.fits", tmp_path / "b.fits", tmp_path / "absent.fits"]))


def test_a_truncated_file_is_told_with_its_sizes(tmp_path: Path) -> None:
    path = chips(tmp_path / "a_flt.fits")
    whole = path.stat().st_size
    os.truncate(path, whole - 2875)
    told = pytest.raises(DamagedFileError, match=f"it has {whole - 2875} bytes of the {whole} that")
    with told, open_fits(path) as hdus:
        hdus["CAT"].data.tolist()


def test_what_follows_the_last_unit_is_not_read(tmp_path: Path) -> None:
    path = chips(tmp_path / "a_flt.fits")
    content = path.read_bytes()
    path.write_bytes(content + b"XTENSION= 'IMAGE   '".ljust(2880))
    with open_fits(path) as hdus:
        assert len(hdus) == 3


@pytest.mark.filterwarnings("ignore::astropy.io.fits.verify.VerifyWarning")
def test_values_that_are_none_are_text() -> None:
    images = [
        "EXPTIME =               699,23 / seconds",
        "GAIN    = 'odd",
        "FILTER  = 'F606W   '",
        "NUMBER  = 7",
    ]
    header = readable(fits.Header.fromstring("".join(image.ljust(80) for image in images)))
    assert [header[key] for key in ("EXPTIME", "GAIN", "FILTER", "NUMBER")] == ["699,23", "odd", "F606W", 7]


# The form of a file


def form(path: Path, *hdus: Any) -> Any:
    fits.HDUList([*hdus]).writeto(path, overwrite=True, checksum=False)
    return read_fits_structure(path)


@pytest.mark.parametrize("keyword", ["NDRIZIM", "ADRIZVER", "D001DATA", "UPWCSVER", "IDCSCALE", "NONE"])
@pytest.mark.parametrize("second", [True, False])
def test_who_made_a_file_is_by_the_keywords_of_any_unit(tmp_path: Path, keyword: str, second: bool) -> None:
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(np.ones((2, 2)), name="SCI")]
    hdus[int(second)].header[keyword] = 1.0
    found = form(tmp_path / "a_drz.fits", *hdus)
    assert found.drizzled is (keyword in ("NDRIZIM", "ADRIZVER", "D001DATA"))
    assert found.updated is (keyword in ("UPWCSVER", "IDCSCALE"))
    assert (found.units, found.checksums, found.remarks, found.label) == (2, 0, (), "a_drz")


def test_what_a_file_declares(tmp_path: Path) -> None:
    primary = fits.PrimaryHDU()
    primary.header["NEXTEND"] = 4
    image = fits.ImageHDU(np.ones((2, 2)), name="SCI")
    image.header["CHECKSUM"] = "x"
    found = form(tmp_path / "a_flt.fits", primary, image)
    assert (found.declared_extensions, found.checksums) == (4, 1)
    assert found.actual_size == found.declared_size == (tmp_path / "a_flt.fits").stat().st_size == 8640
    single = fits.PrimaryHDU(np.ones((2, 2)))
    single.header["NEXTEND"] = 4
    assert form(tmp_path / "b_drz.fits", single).declared_extensions is None


@pytest.mark.parametrize(
    ("content", "remark"),
    [
        (b"", "cannot be read as FITS: the file is empty"),
        (
            b"SIMPLE  =                    T".ljust(2880),
            "cannot be read as FITS: its primary header has no END; the file is truncated or damaged",
        ),
        (
            b"<html><head>503</head></html>!?" * 99,
            "cannot be read as FITS: it begins with '<html><head>503</head></html>!', not with 'SIMPLE  ='",
        ),
        (gzip.compress(b"x"), "is compressed by gzip, whatever its name says; unpack it (gunzip)"),
    ],
)
def test_why_there_is_no_header(tmp_path: Path, content: bytes, remark: str) -> None:
    path = tmp_path / "a_flt.fits"
    path.write_bytes(content)
    found = read_fits_structure(path)
    assert (found.remarks, found.units, found.declared_size) == ((remark,), 0, 0)
    assert (found.declared_extensions, read_fits_structure(path, label="mine").label) == (None, "mine")


@pytest.mark.parametrize(("xtension", "fill"), [("IMAGE", b" "), ("IMAGE", b"\1"), ("TABLE", b"\0")])
def test_fill_is_zero_and_of_ascii_tables_blank(tmp_path: Path, xtension: str, fill: bytes) -> None:
    path = tmp_path / "a_flt.fits"
    table = fits.TableHDU.from_columns([fits.Column("X", "A5", array=np.array(["a", "b"]))], name="CAT")
    image = fits.ImageHDU(np.ones((2, 2), np.uint8), name="CAT")
    form(path, fits.PrimaryHDU(), image if xtension == "IMAGE" else table)
    assert not any("the fill" in each for each in read_fits_structure(path).remarks)
    size = 4 if xtension == "IMAGE" else 10
    content = path.read_bytes()
    for place in (len(content) - 2880 + size, len(content) - 1):
        path.write_bytes(content[:place] + fill + content[place + 1 :])
        told = [each for each in read_fits_structure(path).remarks if "the fill" in each]
        assert told == [
            f"CAT,1: the fill after its data, from byte {len(content) - 2880 + size}, is not zero"
        ]
