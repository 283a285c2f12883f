"""The FITS standard: FIL-001 and HLS-008 reject the files that NASA's fitsverify rejects, and no others."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.hlsp.form import published_form_violations
from hubble_qa.checks.images.files import fits_form_violations
from hubble_qa.checks.readers import FitsStructure, read_fits_structure
from tests.qa_runs import SHARED

pytestmark = pytest.mark.skipif(shutil.which("fitsverify") is None, reason="fitsverify is not on PATH")

BLOCK, CARD = 2880, 80


def content() -> bytes:
    """A small file: an image and a table, with checksums."""
    header = fits.Header({"ROOTNAME": "u5jx010hr", "EXPTIME": 230.0, "DONE": True, "FILTER": "F555W"})
    columns = [
        fits.Column("RA", "D", unit="deg", array=np.arange(3.0)),
        fits.Column("NAME", "4A", array=np.array(["a", "b", "c"])),
    ]
    hdus = fits.HDUList(
        [
            fits.PrimaryHDU(header=header),
            fits.ImageHDU(np.arange(12, dtype=np.int16).reshape(3, 4), name="SCI"),
            fits.BinTableHDU.from_columns(columns, name="STARS"),
        ]
    )
    hdus[1].header.update(CRPIX1=1.0, CRVAL1=0.0, CTYPE1="LINEAR")
    stream = io.BytesIO()
    hdus.writeto(stream)
    return stream.getvalue()


def card(keyword: str, text: str) -> Callable[[bytes], bytes]:
    """The first card of a keyword, replaced by a text."""

    def change(data: bytes) -> bytes:
        start = next(n for n in range(0, len(data), CARD) if data[n : n + 8] == f"{keyword:8}".encode())
        return data[:start] + text.encode("latin-1").ljust(CARD) + data[start + CARD :]

    return change


def byte(place: int, value: int) -> Callable[[bytes], bytes]:
    """One byte, replaced by another; places from the end are negative."""

    def change(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[place] = value
        return bytes(changed)

    return change


def late_axes(data: bytes) -> bytes:
    return card("CTYPE1", "WCSAXES =                    2")(data)


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda data: data,
    "lower-case keyword": card("FILTER", "filter  = 'F555W   '"),
    "keyword with a blank": card("FILTER", "FIL TER = 'F555W   '"),
    "keyword with a dot": card("FILTER", "FIL.TER = 'F555W   '"),
    "keyword not from the left": card("FILTER", " FILTER = 'F555W   '"),
    "open quote": card("FILTER", "FILTER  = 'F555W"),
    "no quotes": card("FILTER", "FILTER  = F555W"),
    "text after the value": card("FILTER", "FILTER  = 'F555W   ' wide V"),
    "no space before the comment's slash": card("FILTER", "FILTER  = 'F555W   '/ wide V"),
    "quote within": card("FILTER", "FILTER  = 'O''Dell '           / doubled"),
    "comma": card("EXPTIME", "EXPTIME =                230,0"),
    "NaN": card("EXPTIME", "EXPTIME =                  NaN"),
    "lower-case exponent": card("EXPTIME", "EXPTIME =                2.3e2"),
    "D exponent": card("EXPTIME", "EXPTIME =                2.3D2"),
    "complex": card("EXPTIME", "EXPTIME =         (2.3, 1.0)"),
    "value left": card("EXPTIME", "EXPTIME = 230.0"),
    "no value": card("EXPTIME", "EXPTIME ="),
    "lower-case logical": card("DONE", "DONE    =                    t"),
    "two letters": card("DONE", "DONE    =                   TF"),
    "tab": card("FILTER", "FILTER  = 'F555W   '\t/ V"),
    "accent": card("FILTER", "FILTER  = 'F555W   ' / \xe9"),
    "keyword twice": card("FILTER", "EXPTIME =                230.0"),
    "BITPIX 12": card("BITPIX", "BITPIX  =                   12"),
    "BITPIX a float": card("BITPIX", "BITPIX  =                  8.0"),
    "NAXIS text": card("NAXIS", "NAXIS   = '0       '"),
    "SIMPLE not first": card("SIMPLE", "COMMENT nothing"),
    "unknown extension": card("XTENSION", "XTENSION= 'IMAGES  '"),
    "no PCOUNT": card("PCOUNT", "COMMENT PCOUNT was here"),
    "PCOUNT 1 of an image": card("PCOUNT", "PCOUNT  =                    1"),
    "GCOUNT 2": card("GCOUNT", "GCOUNT  =                    2"),
    "EXTNAME a number": card("EXTNAME", "EXTNAME =                    1"),
    "EXTVER text": card("CRVAL1", "EXTVER  = '1       '"),
    "BSCALE text": card("CRVAL1", "BSCALE  = '1.0     '"),
    "BLANK a float": card("CRVAL1", "BLANK   =                  1.0"),
    "CRPIX text": card("CRPIX1", "CRPIX1  = '1.0     '"),
    "WCSAXES late": late_axes,
    "date in the old form": card("FILTER", "DATE-OBS= '24/12/98'"),
    "date of no day": card("FILTER", "DATE-OBS= '1998-13-41'"),
    "date with a time of no hour": card("FILTER", "DATE    = '1998-12-24T25:00:00'"),
    "date with a leap second": card("FILTER", "DATE    = '1998-12-31T23:59:60'"),
    "29 February": card("FILTER", "DATE    = '2001-02-29'"),
    "date in words": card("FILTER", "DATE    = '24 Dec 1998'"),
    "TFIELDS 3": card("TFIELDS", "TFIELDS =                    3"),
    "TFORM unknown": card("TFORM1", "TFORM1  = 'Y       '"),
    "TFORM another": card("TFORM1", "TFORM1  = 'E       '"),
    "TTYPE missing": card("TTYPE1", "COMMENT TTYPE1 was here"),
    "TTYPE twice": card("TTYPE2", "TTYPE2  = 'RA      '"),
    "TUNIT a number": card("TUNIT1", "TUNIT1  =                    1"),
    "THEAP": card("TUNIT1", "THEAP   =                    5"),
    "truncated": lambda data: data[:-500],
    "truncated by a block": lambda data: data[:-BLOCK],
    "bytes follow": lambda data: data + b"more",
    "a block of zeros follows": lambda data: data + bytes(BLOCK),
    "a block of blanks follows": lambda data: data + b" " * BLOCK,
    "padding of the table": byte(-1, 7),
    "padding of a header": byte(BLOCK - 1, 0x41),
    "END with text": card("END", "END     now"),
    "no END": card("END", "COMMENT"),
    "text in a column": byte(-BLOCK + 10, 0x01),
}


# What the standard allows and nobody means: a keyword without "= " has no value, SIMPLE = F says that the
# file breaks the standard itself, and of a keyword with two values programs read either.
STRICTER: dict[str, Callable[[bytes], bytes]] = {
    "no value indicator": card("FILTER", "FILTER  'F555W   '"),
    "SIMPLE F": card("SIMPLE", "SIMPLE  =                    F"),
    "two values": card("FILTER", "EXPTIME =                231.0"),
}


def errors(path: Path) -> list[str]:
    """What fitsverify finds wrong."""
    done = subprocess.run(["fitsverify", "-e", str(path)], capture_output=True, check=False)
    lines = (done.stderr + done.stdout).decode("latin-1").splitlines()
    return [line.strip(" *") for line in lines if "*** Error" in line]


def is_convention(error: str, structure: FitsStructure) -> bool:
    """Whether an error is of what updatewcs does to each exposure, which FIL-001 notes and does not count."""
    late = "WCSAXES" in error and "after" in error and structure.updated and not structure.drizzled
    return late or 'XTENSION value "HDRLET' in error


def both_sides(path: Path) -> tuple[list[str], list[str], str, str]:
    """Errors for HLS-008 and for FIL-001 by fitsverify, and what these say."""
    found, structure = errors(path), read_fits_structure(path)
    counted = [error for error in found if not is_convention(error, structure)]
    measured = published_form_violations(structure, ()), fits_form_violations(structure)
    ours = [one.reason if one.value else "" for one in measured]
    return found, counted, ours[0], ours[1]


@pytest.mark.parametrize("name", CHANGES)
def test_made_files_are_rejected_where_fitsverify_rejects_them(tmp_path, name):
    path = tmp_path / "made_drz.fits"
    path.write_bytes(CHANGES[name](content()))
    found, counted, published, form = both_sides(path)
    assert (bool(published), bool(form)) == (bool(found), bool(counted)), (found, published, form)


@pytest.mark.parametrize("name", STRICTER)
def test_what_is_rejected_although_fitsverify_accepts_it(tmp_path, name):
    path = tmp_path / "made_drz.fits"
    path.write_bytes(STRICTER[name](content()))
    found, _, published, form = both_sides(path)
    assert (found, bool(published), bool(form)) == ([], True, True)


def real_files() -> list[Path]:
    """Files beside this repository."""
    places = [SHARED / name for name in ("headers", "archive", "cases")]
    return sorted(path for place in places if place.is_dir() for path in place.rglob("*.fits"))


@pytest.mark.skipif(not real_files(), reason="no real files at ../shared")
def test_real_files_are_rejected_where_fitsverify_rejects_them():
    different = {}
    for path in real_files():
        found, counted, published, form = both_sides(path)
        if (bool(published), bool(form)) != (bool(found), bool(counted)):
            different[path.relative_to(SHARED).as_posix()] = published
    # As `STRICTER`.
    assert list(different) == ["cases/cards/c5_no_value_indicator/ibohbfb7q_flt.fits"], different
