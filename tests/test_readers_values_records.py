"""Records of how files were made and packed, of fits and their frames: each at its limits."""

from __future__ import annotations

import gzip
import hashlib
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.errors import DamagedFileError
from hubble_qa.checks.readers import (
    ReaderError,
    match_path,
    read_drizzled,
    read_match_file,
    read_reference_frame,
    read_shift_file,
)
from hubble_qa.checks.readers import compressed as compression
from hubble_qa.checks.readers.best_references import header_reference
from hubble_qa.checks.readers.compressed import unpacked
from hubble_qa.checks.readers.drizzle_history import DrizzledChip, read_drizzle_history
from hubble_qa.checks.readers.made_with import MadeWith, read_made_with
from tests.test_readers_match_file import ROW

# Images in tiles


def tiles(pixels: np.ndarray, name: str = "", number: int = 1, **cards: Any) -> fits.CompImageHDU:
    header = fits.Header({**({"EXTNAME": name, "EXTVER": number} if name else {}), **cards})
    return fits.CompImageHDU(pixels, header, compression_type="GZIP_1", quantize_level=0)


def fpacked(path: Path, *images: fits.CompImageHDU, primary: bool) -> Path:
    """Images as fpack has them; that of the primary unit comes first."""
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(path)
    if primary:
        with fits.open(path, mode="update", disable_image_compression=True) as hdus:
            hdus[1].header["ZSIMPLE"] = True
    return path


WHOLE = np.arange(600, dtype=np.int16).reshape(20, 30)
REAL = np.arange(100, dtype=np.float64).reshape(10, 10)


@pytest.mark.parametrize("primary", [True, False])
def test_tiles_become_images_in_their_units(tmp_path: Path, primary: bool) -> None:
    images = [tiles(WHOLE, "SCI", 2, EXPTIME=5.0), tiles(REAL, "ERR", 2), tiles(REAL + 1.0, "DQ", 3)]
    path = fpacked(tmp_path / "x_drz.fits.fz", *images, primary=primary)
    with fits.open(unpacked(path), disable_image_compression=True) as hdus:
        first = 0 if primary else 1
        assert len(hdus) == 3 + first
        for unit, image in zip(hdus[first:], images, strict=True):
            np.testing.assert_array_equal(unit.data, image.data)
        assert hdus[first].header["EXPTIME"] == 5.0
        assert [(unit.name, unit.ver) for unit in hdus[-2:]] == [("ERR", 2), ("DQ", 3)]
        assert all(unit.is_image for unit in hdus)


@pytest.mark.parametrize(("most", "refused"), [(2000, False), (1999, True)])
def test_what_a_file_claims_to_hold_is_the_bytes_of_all_its_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, refused: bool
) -> None:
    """Of 600 whole numbers of two bytes and 100 real ones of eight."""
    monkeypatch.setattr(compression, "_NEVER", most)
    path = fpacked(tmp_path / "x_flt.fits.fz", tiles(WHOLE, "SCI"), tiles(REAL, "ERR"), primary=False)
    if refused:
        with pytest.raises(DamagedFileError, match="holds more than"):
            unpacked(path)
    else:
        assert unpacked(path).stat().st_size % 2880 == 0


@pytest.mark.parametrize(
    ("always", "ratio", "refused"),
    [(30_000, 0, False), (29_999, 0, True), (0, 2, False), (0, 1, True), (30_000, 1, False), (1, 2, False)],
)
def test_what_is_unpacked_is_as_large_as_anything_may_be_or_as_products_compress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, always: int, ratio: int, refused: bool
) -> None:
    """Of 30,000 bytes the last third is zero: they compress to two thirds."""
    content = b"SIMPLE" + np.random.default_rng(1).bytes(19_994) + bytes(10_000)
    path = tmp_path / "x_flt.fits.gz"
    path.write_bytes(gzip.compress(content))
    assert 20_000 < path.stat().st_size < 20_500
    monkeypatch.setattr(compression, "_ALWAYS", always)
    monkeypatch.setattr(compression, "_LARGEST_RATIO", ratio)
    if refused:
        with pytest.raises(DamagedFileError, match="holds more than"):
            unpacked(path)
    else:
        assert unpacked(path).read_bytes() == content
        # Where a later run removes it, if this one is killed.
        assert unpacked(path).parent.name.startswith(f"qa-{os.getpid()}-")


def test_an_image_without_a_name_gets_none(tmp_path: Path) -> None:
    path = fpacked(tmp_path / "x_drz.fits.fz", tiles(WHOLE), primary=False)
    with fits.open(unpacked(path)) as hdus:
        assert [unit.name for unit in hdus] == ["PRIMARY", ""]


def test_a_file_of_one_unit_is_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x_drz_sci.fits.fz"
    fits.PrimaryHDU(WHOLE).writeto(path)
    np.testing.assert_array_equal(fits.getdata(unpacked(path)), WHOLE)


def test_cards_that_are_no_fits_come_through(tmp_path: Path) -> None:
    """They are for FIL-007 to tell, not for the reader."""
    path = fpacked(tmp_path / "x_flt.fits.fz", tiles(WHOLE, "SCI", REMARK="here"), primary=False)
    content = path.read_bytes()
    assert content.count(b"REMARK  = 'here    '") == 1
    path.write_bytes(content.replace(b"REMARK  = 'here    '", b"remark  = 'here    '"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert fits.getdata(unpacked(path), 1).shape == (20, 30)


# How an image was drizzled


def history(directory: Path, cards: dict[str, Any], **columns: list[Any]) -> tuple[DrizzledChip, ...]:
    kinds = {str: "20A", int: "J", float: "D"}
    table = [fits.Column(name, kinds[type(values[0])], array=values) for name, values in columns.items()]
    units: list[Any] = [fits.PrimaryHDU(np.ones((4, 4), np.float32), fits.Header(cards))]
    if table:
        units.append(fits.BinTableHDU.from_columns(table, name="HDRTAB"))
    directory.mkdir(exist_ok=True)
    fits.HDUList(units).writeto(directory / "x_drz_sci.fits")
    return read_drizzle_history(read_drizzled(directory / "x_drz_sci.fits"))


def test_a_chip_may_be_named_without_its_extension(tmp_path: Path) -> None:
    cards = {"D001DATA": "Ja0000001_flt.fits", "D001KERN": "square", "D002DATA": "ja0000002_flt.fits[sci,2]"}
    names = {"ROOTNAME": ["ja0000001", "ja0000002", "ja0000002"], "EXTNAME": ["SCI"] * 3, "EXTVER": [1, 1, 2]}
    first, second = history(
        tmp_path, {**cards, "DATE001": "no", "D01X": 1}, **names, MDRIZSKY=[1.0, 2.0, 3.0]
    )
    assert (first.number, first.file, first.extension, first.root) == (
        "D001",
        "Ja0000001_flt.fits",
        "",
        "ja0000001",
    )
    assert first.record == {"DATA": "Ja0000001_flt.fits", "KERN": "square"}
    assert (second.file, second.extension) == ("ja0000002_flt.fits", "SCI,2")
    assert (first.header["MDRIZSKY"], second.header["MDRIZSKY"]) == (1.0, 3.0)


def test_a_row_is_of_the_exposure_that_it_names(tmp_path: Path) -> None:
    """ROOTNAME may be that of the association."""
    names = {"ROOTNAME": ["ja0000010"] * 2, "EXPNAME": ["JA0000002", "ja0000001"], "MDRIZSKY": [2.0, 1.0]}
    (chip,) = history(tmp_path, {"D001DATA": "ja0000001_flt.fits"}, **names)
    assert chip.header["MDRIZSKY"] == 1.0
    assert history(tmp_path / "none", {"D001KERN": "square"}, **names) == ()


# What a file was made with


def test_programs_are_told_by_either_header(tmp_path: Path) -> None:
    primary = fits.PrimaryHDU()
    primary.header.update(
        {"CAL_VER": "3.7.1 ", "IDCTAB": "iref$abc_idc.fits", "D001PIXF": 0.8, "OPUS_VER": True}
    )
    one, two = (fits.ImageHDU(np.ones((4, 4), np.float32), name="SCI", ver=number) for number in (1, 2))
    one.header["UPWCSVER"], two.header["UPWCSVER"], two.header["PYWCSVER"] = "1.7.3", "1.7.2", "6.1.7"
    path = tmp_path / "ibwb01xqq_flc.fits"
    fits.HDUList([primary, one, two]).writeto(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    programs = {"Calibration program": "3.7.1", "Pipeline": "True", "stwcs": "1.7.3", "astropy.wcs": "6.1.7"}
    parameters = {"pixfrac": "0.8"}
    assert read_made_with(path) == MadeWith(digest, programs, {"IDCTAB": "iref$abc_idc.fits"}, parameters)
    other = tmp_path / "notes.txt"
    other.write_bytes(path.read_bytes())
    assert read_made_with(other) == MadeWith(digest)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        *[
            ("iref$a_idc.fits", "a_idc.fits"),
            (" a_idc.fits ", "a_idc.fits"),
            ("iref$A+1_idc.fits", "A+1_idc.fits"),
        ],
        # Tables of the user's own.
        *[
            ("/home/me/a_idc.fits", "a_idc.fits"),
            ("mine/a_idc.fits", "a_idc.fits"),
            ("./a_idc.fits", "a_idc.fits"),
        ],
        *[("N/A", ""), ("n/a ", ""), ("", "")],
        *[
            ("../a_idc.fits", None),
            ("/home/../a_idc.fits", None),
            ("iref$mine/a_idc.fits", None),
            ("iref$", None),
        ],
    ],
)
def test_a_header_names_a_file_by_its_name(value: str, name: str | None) -> None:
    if name is None:
        with pytest.raises(ReaderError, match=r"x_flt\.fits: IDCTAB is .*, no plain file name"):
            header_reference({"IDCTAB": value, "FILENAME": "x_flt.fits"}, "idctab")
    else:
        assert header_reference({"IDCTAB": value}, "idctab") == name
        assert header_reference({}, "idctab") == ""


# Fits


def test_a_match_file_has_the_name_of_its_exposure() -> None:
    assert match_path(Path("a"), "u5jx010hr", "flt") == Path("a/u5jx010hr_flt_catalog_fit.match")


@pytest.mark.parametrize(
    ("old", "new", "right"),
    [
        ("     731", "  9007199254740991", True),
        ("     731", " -9007199254740991", True),
        ("     731", "  9007199254740992", False),
        ("     731", " -9007199254740992", False),
        ("-0.225435", " 9007199254740993", True),  # a coordinate may be any number
        ("-0.225435", "-inf", False),
        ("-0.225435", " nan", True),
    ],
)
def test_running_numbers_are_those_that_can_be_told_apart(
    tmp_path: Path, old: str, new: str, right: bool
) -> None:
    path = tmp_path / "x_flt_catalog_fit.match"
    path.write_text(ROW.replace(old, new), encoding="utf-8")
    if right:
        assert len(read_match_file(path)) == 1
    else:
        with pytest.raises(ReaderError, match=f"is '{new.strip()}', which is no"):
            read_match_file(path)


@pytest.mark.parametrize(("extension", "unit"), [("", 0), ("[]", 0), ("[0]", 0), ("[1]", 1), ("[wcs]", 1)])
def test_a_frame_without_an_extension_is_the_primary_unit(tmp_path: Path, extension: str, unit: int) -> None:
    first, second = fits.PrimaryHDU(), fits.ImageHDU(name="WCS")
    first.header["UNIT"], second.header["UNIT"] = 0, 1
    fits.HDUList([first, second]).writeto(tmp_path / "frame.fits")
    shifts = tmp_path / "shifts.txt"
    shifts.write_text(f"# refimage: frame.fits{extension}\nx_flt.fits 1 2 0 1 0.1 0.1\n", encoding="utf-8")
    assert read_reference_frame(read_shift_file(shifts))["UNIT"] == unit


@pytest.mark.parametrize(
    ("row", "right"),
    [
        ("my field 3.fits 1 2 0 1 0.1 0.1", True),
        ("x_flt.fits 1 2 0 1 0.1 0.1", True),
        ("x_flt.fits 7 1 2 0 1 0.1 0.1", False),  # seven numbers
        ("x_flt.fits", False),
        ("1 2 0 1 0.1 0.1", False),
    ],
)
def test_a_row_is_a_name_and_its_numbers(tmp_path: Path, row: str, right: bool) -> None:
    shifts = tmp_path / "shifts.txt"
    shifts.write_text(f"{row}\n", encoding="utf-8")
    if right:
        (found,) = read_shift_file(shifts).rows
        assert (found.file, found.dx, found.yrms) == (row.partition(" 1 ")[0], 1.0, 0.1)
    else:
        with pytest.raises(ReaderError, match="expected a file name and six numbers"):
            read_shift_file(shifts)
