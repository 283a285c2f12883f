"""What of a header breaks the FITS standard; the same as fitsverify finds, where that is installed."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.images.files import fits_form_violations
from hubble_qa.checks.readers import read_exposure, read_fits_structure
from hubble_qa.checks.readers.fits_cards import Unit, read_units
from hubble_qa.checks.verdict import Verdict, judge
from tests.qa_runs import SHARED

FITSVERIFY = shutil.which("fitsverify")
CASES = SHARED / "cases"
HEADERLET = "Unregistered XTENSION"


def whole() -> bytes:
    """An image and a table, with a header of each type of value."""
    primary = fits.PrimaryHDU()
    primary.header.update({"TARGNAME": ("HUDF", "target"), "EXPTIME": 699.23, "NEXTEND": 2, "MTFLAG": False})
    primary.header["DATE-OBS"] = "2009-08-26"
    image = fits.ImageHDU(np.arange(12.0, dtype=np.float32).reshape(3, 4), name="SCI", ver=1)
    image.header["WCSAXES"] = 2
    image.header.update({"CRPIX1": 1.0, "CRPIX2": 2.0, "CRVAL1": 5.6, "CRVAL2": -72.0, "CRPIX1O": 1.0})
    table = fits.BinTableHDU.from_columns([fits.Column("X", "E", array=np.arange(5.0))], name="CAT")
    stream = io.BytesIO()
    fits.HDUList([primary, image, table]).writeto(stream)
    return stream.getvalue()


def card(text: str) -> bytes:
    return text.ljust(80).encode("latin-1")


def replaced(keyword: str, text: str) -> Callable[[bytes], bytes]:
    """Put another card in the place of a keyword's."""

    def damage(content: bytes) -> bytes:
        at = content.index(keyword.ljust(8).encode() + b"=")
        return content[:at] + card(text) + content[at + 80 :]

    return damage


def exchanged(first: str, second: str) -> Callable[[bytes], bytes]:
    """Exchange two cards."""

    def damage(content: bytes) -> bytes:
        one, other = (content.index(each.ljust(8).encode() + b"=") for each in (first, second))
        cards = {one: content[other : other + 80], other: content[one : one + 80]}
        damaged = bytearray(content)
        for at, image in cards.items():
            damaged[at : at + 80] = image
        return bytes(damaged)

    return damage


def after_end(content: bytes) -> bytes:
    at = content.index(b"END".ljust(80)) + 160
    return content[:at] + b"x" + content[at + 1 :]


def fill(content: bytes) -> bytes:
    return content[:-1] + b"\x01"


# What is damaged, what the one problem says, and whether fitsverify finds it too.
DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str, bool]] = {
    "comma": (replaced("EXPTIME", "EXPTIME = 699,23"), "EXPTIME = 699,23: no string, number or", True),
    "nan": (replaced("TARGNAME", "TARGNAME= nan"), "TARGNAME = nan: no string, number or", True),
    "no quote": (replaced("TARGNAME", "TARGNAME= 'HUDF"), "TARGNAME = 'HUDF: no string, number or", True),
    "accent": (replaced("TARGNAME", "TARGNAME= 'H\xe9'"), "byte 13 is 0xE9, no printable ASCII", True),
    "tab": (replaced("TARGNAME", "TARGNAME= 'H'\t/ target"), "byte 14 is 0x09, no printable ASCII", True),
    # fitsverify takes it for a comment, as the standard has it; no comment begins with an HST keyword.
    "no indicator": (replaced("TARGNAME", "TARGNAME 'HUDF'"), "TARGNAME 'HUDF': no '= ' before", False),
    "lower case": (replaced("TARGNAME", "targname= 'HUDF'"), "'targname' is no keyword", True),
    "exponent": (replaced("EXPTIME", "EXPTIME = 6.9e2"), "EXPTIME = 6.9e2: no string, number or", True),
    "no slash": (replaced("EXPTIME", "EXPTIME = 699.23 seconds"), "EXPTIME = 699.23 seconds: no", True),
    "date": (replaced("DATE-OBS", "DATE-OBS= 'Mon Feb  8 2016'"), "no date as 2026-11-28T12:00:00", True),
    "type": (replaced("EXTVER", "EXTVER  = '1'"), "EXTVER = '1': must be a whole number", True),
    # fitsverify does not look; wcslib reads such a keyword as if it were missing.
    "axis as text": (replaced("CRPIX1", "CRPIX1  = '1.0'"), "CRPIX1 = '1.0': must be a number", False),
    # fitsverify warns; readers take the first or the last of them.
    "two values": (
        replaced("TARGNAME", "EXPTIME =                 69.9"),
        "EXPTIME has several values: 69.9 in card 5 and 699.23 in card 6",
        False,
    ),
    "order": (exchanged("BITPIX", "NAXIS"), "card 2 is NAXIS, but BITPIX, which stands later", True),
    "bits": (replaced("BITPIX", "BITPIX  =                   12"), "BITPIX is 12, not one of 8, 16", True),
    "free format": (replaced("SIMPLE", "SIMPLE  = T"), "SIMPLE must end in byte 30 of its card", True),
    "groups": (
        replaced("GCOUNT", "GCOUNT  =                   -1"),
        "GCOUNT is -1, but an image has 1",
        True,
    ),
    "WCSAXES": (exchanged("WCSAXES", "CRVAL1"), "WCSAXES stands after CRVAL1, but must precede", True),
    "after END": (after_end, "something other than blanks follows END", True),
    "fill": (fill, "the fill after its data, from byte", True),
    "more": (lambda content: content + bytes(2880), "2880 bytes follow its last unit", True),
    "cut": (lambda content: content[:-100], "the file is truncated; copy or download it again", True),
}


def verdict(path: Path) -> Verdict:
    return judge(load_criteria()["FIL-001"], fits_form_violations(read_fits_structure(path)))


def errors(path: Path) -> list[str]:
    assert FITSVERIFY is not None
    told = subprocess.run([FITSVERIFY, "-e", path], capture_output=True, check=False)
    lines = (told.stdout + told.stderr).decode("latin-1").splitlines()
    return [line for line in lines if line.startswith(("*** Error", "*** FATAL"))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "u5jx010hr_flt.fits"
    place.write_bytes(whole())
    return place


needs_fitsverify = pytest.mark.skipif(
    FITSVERIFY is None, reason="fitsverify is not on PATH (Debian's package fitsverify)"
)


def test_a_whole_file_keeps_all_rules(path: Path) -> None:
    assert verdict(path).reason == ""
    assert verdict(path).accepted


@pytest.mark.parametrize("name", DAMAGES)
def test_each_damage_is_told_once(path: Path, name: str) -> None:
    damage, words, _ = DAMAGES[name]
    path.write_bytes(damage(path.read_bytes()))
    assert verdict(path).measurement.value == 1
    assert words in verdict(path).reason
    assert not verdict(path).accepted


@needs_fitsverify
@pytest.mark.parametrize("name", DAMAGES)
def test_fitsverify_agrees(path: Path, name: str) -> None:
    assert errors(path) == []
    damage, _, told = DAMAGES[name]
    path.write_bytes(damage(path.read_bytes()))
    assert bool(errors(path)) == told


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("TARGNAME", "EXPTIME = 6.9923E2 / the same again"),
        ("TARGNAME", "HISTORY = 1.0"),
    ],
)
def test_what_is_told_twice_alike_contradicts_nothing(path: Path, keyword: str, text: str) -> None:
    path.write_bytes(replaced("MTFLAG", "HISTORY = 2.0")(replaced(keyword, text)(path.read_bytes())))
    assert verdict(path).reason == ""


def test_fields_of_a_record_share_their_keyword(path: Path) -> None:
    content = path.read_bytes()
    content = replaced("CRPIX1O", "DP1     = 'EXTVER: 1.0'")(content)
    path.write_bytes(replaced("CRVAL2", "DP1     = 'AXIS.1: 1'")(content))
    assert verdict(path).reason == ""
    path.write_bytes(replaced("CRPIX2", "DP1     = 'lookup'")(path.read_bytes()))
    assert verdict(path).reason == ""
    path.write_bytes(replaced("CRVAL1", "DP1     = 'none'")(path.read_bytes()))
    assert "DP1 has several values: 'lookup' in card" in verdict(path).reason


def drizzled(content: bytes) -> bytes:
    """As AstroDrizzle writes its images: NDRIZIM, and WCSAXES after CRVAL1."""
    return replaced("EXPTIME", "NDRIZIM =                    2")(exchanged("WCSAXES", "CRVAL1")(content))


def test_what_astrodrizzle_always_does_is_its_known_defect_with_a_remedy(path: Path) -> None:
    path.write_bytes(drizzled(path.read_bytes()))
    found = verdict(path)
    assert found.rejected_as_expected
    assert found.measurement.value == 1
    assert found.expectation is not None
    remedy = found.expectation.remedy.rpartition(": ")[2]
    with fits.open(path, mode="update") as hdus:
        eval(remedy, {"h": hdus[1].header})  # what the user is told to do
    assert verdict(path).status == "pass"


def test_what_updatewcs_does_to_each_exposure_is_noted(path: Path) -> None:
    late = exchanged("WCSAXES", "CRVAL1")(path.read_bytes())
    path.write_bytes(replaced("EXPTIME", "UPWCSVER= '1.7.7'")(late))
    assert verdict(path).status == "pass"
    noted = verdict(path).measurement.context["conventions_of_updatewcs"]
    assert isinstance(noted, list)
    assert [str(each)[:30] for each in noted] == ["SCI,1: WCSAXES stands after CR"]


def test_a_known_defect_hides_no_other(path: Path) -> None:
    path.write_bytes(DAMAGES["nan"][0](drizzled(path.read_bytes())))
    assert verdict(path).measurement.value == 2
    assert not verdict(path).accepted


def test_an_unknown_kind_of_extension_breaks_the_standard_and_a_headerlet_does_not(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content.replace(b"XTENSION= 'IMAGE   '", b"XTENSION= 'HDRLET  '"))
    assert verdict(path).accepted
    path.write_bytes(content.replace(b"XTENSION= 'IMAGE   '", b"XTENSION= 'PICTURE '"))
    assert "XTENSION is 'PICTURE'" in verdict(path).reason


def test_a_value_that_is_none_is_text_to_whoever_asks(path: Path) -> None:
    path.write_bytes(DAMAGES["comma"][0](path.read_bytes()))
    assert read_exposure(path).primary["EXPTIME"] == "699,23"


def test_a_header_without_an_end_is_told_in_one_line(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"END".ljust(80), bytes(b" " * 80), 1))
    found = verdict(path).reason
    assert "primary header: END is missing: card 37 is XTENSION, the first of another header" in found
    assert "HDU 0" not in found


def test_nobody_is_told_to_remove_extensions_that_a_wrong_header_hides(path: Path) -> None:
    path.write_bytes(replaced("NAXIS1", "NAXIS1  =             40000000000000000000")(path.read_bytes()))
    found = verdict(path).reason
    assert "some of the 2 extensions by NEXTEND are among them, and a header before them is wrong" in found
    assert "remove" not in found


@pytest.mark.skipif(not CASES.is_dir(), reason="needs ../shared/cases")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("01_nonascii_card/bad_flt", "card 33: PR_INV_L= 'XXX?"),
        ("02_zero_padded/bad_flt", "28800 bytes follow its last unit"),
        ("21_comma_decimal/bad_flt", "EXPTIME = 699,23"),
        ("cards/c1_non_ascii_comment/ibohbfb7q_flt", "card 16: TARGNAME"),
        ("cards/c4_nan/ibohbfb7q_flt", "TARGNAME = nan"),
        ("cards/c5_no_value_indicator/ibohbfb7q_flt", "TARGNAME 'HUDF'"),
        ("cards/c10_trailing_bytes/ibohbfb7q_flt", "137 bytes follow its last unit"),
    ],
)
def test_real_files_with_one_flaw(name: str, words: str) -> None:
    found = verdict(CASES / f"{name}.fits")
    assert found.measurement.value == 1
    assert words in found.reason
    assert not found.accepted


@pytest.mark.skipif(not CASES.is_dir(), reason="needs ../shared/cases")
@pytest.mark.parametrize(
    "name",
    sorted(str(each.relative_to(SHARED)) for each in SHARED.glob("*/**/*.fits") if "crds" not in str(each)),
)
def test_real_files_agree_with_fitsverify(name: str) -> None:
    if FITSVERIFY is None:
        pytest.skip("fitsverify is not on PATH (Debian's package fitsverify)")
    path = SHARED / name
    found = verdict(path).measurement
    noted = found.context["conventions_of_updatewcs"]
    assert isinstance(noted, list)
    told = [each for each in errors(path) if HEADERLET not in each]
    ours = found.value or [each for each in noted if "WCSAXES" in str(each)]
    assert bool(told) == bool(ours) or "no '= ' before" in found.reason, (told, found.reason)


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "image.fits"
    fits.PrimaryHDU(np.zeros((2, 2))).writeto(path)
    later = time.time() + 10
    monkeypatch.setattr(time, "time", lambda: later)

    def units() -> tuple[Unit, ...]:
        with path.open("rb") as stream:
            return read_units(stream)

    first, before = units(), path.stat()
    assert units() is first
    time.sleep(0.02)  # longer than the clock of the file's times stands still
    with path.open("r+b") as stream:
        stream.seek(160)
        stream.write(fits.Card("NAXIS", 1).image.encode())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [unit.integer("NAXIS") for unit in (*first, *units())] == [2, 1]


def test_what_was_just_written_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "image.fits"
    fits.PrimaryHDU().writeto(path)
    with path.open("rb") as stream:
        assert read_units(stream) is not read_units(stream)
