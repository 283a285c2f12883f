"""Reading exposures, drizzled products and the form of FITS files."""

import copy
import gc
import io
import os
import pickle
import re
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hubble_qa.checks.images.files import fits_form_violations
from hubble_qa.checks.readers import ReaderError, read_drizzled, read_exposure, read_fits_structure
from hubble_qa.checks.readers import exposure as exposure_reader
from hubble_qa.checks.readers import fits_structure as form_reader
from hubble_qa.checks.readers.drizzled import weight_names
from hubble_qa.checks.readers.fits_cards import CARD, Unit, read_units
from hubble_qa.checks.readers.plain_header import PlainHeader
from tests.fits_samples import exposure_bytes
from tests.wfpc2_samples import chip_header, drizzled, write_flt

REAL = Path(__file__).parents[2] / "shared" / "archive" / "HST" / "u40x010hm"


@pytest.fixture
def flt(tmp_path: Path) -> Path:
    return write_flt(tmp_path / "u5jx010hr_flt.fits")


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    header = drizzled().header
    path = tmp_path / "wfpc2_flt_drw_sci.fits"
    fits.PrimaryHDU(np.ones((4, 5), np.float32), header).writeto(path)
    fits.PrimaryHDU(np.full((4, 5), 16.0, np.float32)).writeto(tmp_path / "wfpc2_flt_drw_wht.fits")
    return path


def test_exposure_tells_its_layout(flt: Path) -> None:
    exposure = read_exposure(flt)
    assert (exposure.name, exposure.suffix, exposure.instrument) == ("u5jx010hr", "flt", "WFPC2")
    assert exposure.chips == (1, 2, 3, 4)
    names = [(extension.name, extension.version) for extension in exposure.extensions]
    assert names[:7] == [
        *(("SCI", chip) for chip in (1, 2, 3, 4)),
        ("D2IMARR", 1),
        ("DQ", 1),
        ("ERR", 1),
    ]
    assert exposure.extensions[0].shape == (24, 32)
    assert exposure.chip_label(1) == "u5jx010hr_flt SCI,1"
    assert exposure.chip_label(3) == "u5jx010hr_flt SCI,3"
    assert exposure.header("SCI", 2)["DETECTOR"] == 2


def test_arrays_outlive_the_file(flt: Path) -> None:
    exposure = read_exposure(flt)
    science, errors = exposure.arrays("SCI"), exposure.array("ERR", 4)
    flt.unlink()
    assert set(science) == {1, 2, 3, 4}
    np.testing.assert_allclose(errors, np.sqrt(science[4]))


def test_wcs_has_the_polynomials(flt: Path) -> None:
    wcs = read_exposure(flt).wcs(2)
    assert wcs.sip.a_order == 3
    np.testing.assert_allclose(wcs.all_pix2world([[425.0, 425.0]], 1), [[201.7, -47.5]])


def test_missing_extension_and_empty_data_are_named(flt: Path, tmp_path: Path) -> None:
    exposure = read_exposure(flt)
    assert exposure.find("SAMP") is None
    with pytest.raises(ReaderError, match=r"u5jx010hr_flt\.fits: no extension SCI,5 among SCI,1"):
        exposure.header("SCI", 5)
    path = tmp_path / "empty_flt.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(name="SCI")]).writeto(path)
    with pytest.raises(ReaderError, match="SCI,1 has no data"):
        read_exposure(path).array("SCI")


def test_what_is_not_fits_is_named(tmp_path: Path) -> None:
    path = tmp_path / "page_flt.fits"
    path.write_text("<html>503</html>", encoding="utf-8")
    for read in (read_exposure, read_drizzled):
        with pytest.raises(ReaderError, match=r"page_flt\.fits: cannot read as FITS"):
            read(path)
        with pytest.raises(ReaderError, match=r"absent\.fits"):
            read(tmp_path / "absent.fits")


def test_drizzled_pair(pair: Path) -> None:
    product = read_drizzled(pair)
    assert product.label == "wfpc2_flt_drw_sci"
    assert product.weight_path.name == "wfpc2_flt_drw_wht.fits"
    assert product.keyword("BUNIT") == "COUNTS/S"
    assert product.keyword("NDRIZIM", 0) == 0
    np.testing.assert_array_equal(product.science(), np.ones((4, 5)))
    np.testing.assert_array_equal(product.weight(), np.full((4, 5), 16.0))


def test_drizzled_multi_extension_file(tmp_path: Path) -> None:
    path = tmp_path / "u5jx010hr_drw.fits"
    primary = fits.PrimaryHDU()
    primary.header["EXPTIME"] = 16.0
    science = fits.ImageHDU(np.ones((4, 5)), fits.Header({"BUNIT": "COUNTS/S"}), name="SCI")
    fits.HDUList([primary, science, fits.ImageHDU(np.full((4, 5), 2.0), name="WHT")]).writeto(path)
    product = read_drizzled(path)
    assert (product.keyword("BUNIT"), product.keyword("EXPTIME")) == ("COUNTS/S", 16.0)
    assert product.weight_path == path
    np.testing.assert_array_equal(product.weight(), np.full((4, 5), 2.0))


def test_an_image_in_the_primary_unit_may_have_no_weight(pair: Path, tmp_path: Path) -> None:
    weight = pair.with_name("wfpc2_flt_drw_wht.fits")
    renamed = pair.rename(tmp_path / "hlsp_omega_hst_wfpc2_ngc5139_f555w_v1.0_drz.fits")
    assert read_drizzled(renamed).weight_path is None
    np.testing.assert_array_equal(read_drizzled(renamed).weight(), np.ones((4, 5)))
    for name in ("v1.0_drz_wht", "v1.0_wht", "v1.0_weight"):
        named = weight.rename(tmp_path / f"hlsp_omega_hst_wfpc2_ngc5139_f555w_{name}.fits")
        assert read_drizzled(renamed).weight_path == named
        weight = named


def test_names_of_weights() -> None:
    """AstroDrizzle's, and those of high-level products with hyphens; each may be packed, too."""

    def plain(name: str) -> list[str]:
        return [each for each in weight_names(name) if each.endswith(("wht.fits", "weight.fits"))]

    front = "hlsp_x_hst_acs-wfc_ngc628c_f814w_v1"
    assert plain("f606w_drz_sci.fits") == ["f606w_drz_wht.fits", "f606w_drz_weight.fits"]
    assert plain("my-sci.fits")[0] == "my-sci_wht.fits"
    assert plain(f"{front}_drz.fits")[::2] == [f"{front}_drz_wht.fits", f"{front}_wht.fits"]
    assert plain(f"{front}_drz-sci.fits") == [f"{front}_drz-wht.fits", f"{front}_drz-weight.fits"]
    kinds = ("exp", "err", "ivm")
    assert plain(f"{front}_exp-drc-sci.fits")[::2] == [f"{front}_{kind}-drc-wht.fits" for kind in kinds]
    assert f"{front}_err-drc-wht.fits.gz" in weight_names(f"{front}_exp-drc-sci.fits.fz")
    assert weight_names("F606W_DRZ_SCI.FITS")[0] == "F606W_DRZ_WHT.FITS"
    assert "F606W_DRZ_WHT.fits" in weight_names("F606W_DRZ_SCI.fits")
    assert weight_names("f606w_drz_sci.FITS")[0] == "f606w_drz_wht.FITS"


def test_drizzled_product_may_have_lost_its_weight_extension_but_no_science(tmp_path: Path) -> None:
    other = tmp_path / "other_drw.fits"
    for name, weight in (("SCI", None), ("WHT", other)):
        science = fits.ImageHDU(np.ones((4, 5)), name="SCI")
        added = [fits.ImageHDU(np.ones((4, 5)), name=name)] if weight else []
        fits.HDUList([fits.PrimaryHDU(), science, *added]).writeto(other, overwrite=True)
        assert read_drizzled(other).weight_path == weight
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.ones((4, 5)), name="WHT")]).writeto(
        other, overwrite=True
    )
    with pytest.raises(ReaderError, match="nor an extension SCI,1"):
        read_drizzled(other)


def test_structure_of_a_whole_file(flt: Path) -> None:
    structure = read_fits_structure(flt)
    assert structure.actual_size == structure.declared_size == flt.stat().st_size
    assert (structure.units, structure.declared_extensions, structure.checksums) == (14, 13, 0)
    assert structure.remarks == ()


def test_structure_of_a_truncated_file(flt: Path) -> None:
    content = flt.read_bytes()
    flt.write_bytes(content[: len(content) - 2880])
    structure = read_fits_structure(flt)
    assert structure.actual_size == structure.declared_size - 2880


def test_what_follows_the_last_unit_is_told_however_long_it_is(flt: Path) -> None:
    declared = flt.stat().st_size
    os.truncate(flt, declared + 2880)
    short = read_fits_structure(flt)
    # Without blocks on the disk; to read all of it takes minutes.
    os.truncate(flt, declared + 16 * 2**30)
    long = read_fits_structure(flt)
    assert (long.actual_size - long.declared_size, long.remarks) == (16 * 2**30, short.remarks)


def test_structure_of_a_file_cut_between_units(flt: Path) -> None:
    with fits.open(flt) as hdus:
        end = hdus[3].fileinfo()["datLoc"] + hdus[3].fileinfo()["datSpan"]
    flt.write_bytes(flt.read_bytes()[:end])
    structure = read_fits_structure(flt)
    assert structure.actual_size == structure.declared_size
    assert (structure.units, structure.declared_extensions) == (4, 13)


def test_structure_tells_wrong_checksums(tmp_path: Path) -> None:
    path = write_flt(tmp_path / "u5jx010hr_flt.fits", checksum=True)
    structure = read_fits_structure(path)
    assert (structure.checksums, structure.remarks) == (14, ())
    content = bytearray(path.read_bytes())
    content[-2880] ^= 0xFF
    path.write_bytes(content)
    assert any("Datasum verification failed" in remark for remark in read_fits_structure(path).remarks)


def test_structure_tells_what_departs_from_the_standard(flt: Path) -> None:
    content = flt.read_bytes()
    flt.write_bytes(content.replace(b"TARGNAME=", b"targname=", 1))
    (remark,) = read_fits_structure(flt).remarks
    assert re.fullmatch(r"primary header, card \d+: 'targname' is no keyword: upper case, .*", remark)


@pytest.mark.parametrize(
    "content", [b"", b"<html>503</html>", b"SIMPLE  =                    T" + b" " * 300]
)
def test_structure_of_what_is_not_fits_is_a_remark(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "junk.fits"
    path.write_bytes(content)
    structure = read_fits_structure(path)
    assert structure.units == 0
    assert any("cannot be read as FITS" in remark for remark in structure.remarks)


def test_structure_of_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match=r"absent\.fits: cannot read the file"):
        read_fits_structure(tmp_path / "absent.fits")


def with_accent(content: bytes) -> bytes:
    """A name that was written with an accent, as Latin-1."""
    at = content.index(b"INSTRUME= '") + 11
    return content[:at] + b"\xe9" + content[at + 1 :]


def padded(content: bytes) -> bytes:
    return content + bytes(10 * 2880)


def trailed(content: bytes) -> bytes:
    return content + b"appended by an editor"


def blank_padded(content: bytes) -> bytes:
    """As a header would be, whose END never comes."""
    return content + b" " * 2880


def with_nul(content: bytes) -> bytes:
    at = content.index(b"INSTRUME= '") + 11
    return content[:at] + b"\0" + content[at + 1 :]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("spoil", [with_accent, with_nul, padded, blank_padded, trailed])
def test_a_flaw_of_form_is_told_once_and_the_rest_is_read(flt: Path, spoil: Callable[[bytes], bytes]) -> None:
    whole = read_exposure(flt)
    flt.write_bytes(spoil(flt.read_bytes()))
    exposure = read_exposure(flt)
    assert exposure.chips == whole.chips
    assert np.array_equal(exposure.array("SCI", 2), whole.array("SCI", 2))
    assert fits_form_violations(read_fits_structure(flt)).value == 1
    del exposure
    gc.collect()


def test_a_unit_that_claims_to_end_before_it_begins_is_not_followed_in_a_circle(flt: Path) -> None:
    content = flt.read_bytes()
    at = content.index(b"GCOUNT  =")
    flt.write_bytes(content[:at] + b"GCOUNT  =                   -1".ljust(80) + content[at + 80 :])
    form = fits_form_violations(read_fits_structure(flt))
    assert "SCI,1: GCOUNT is -1, but an image has 1 (section 7.1)" in form.reason
    with pytest.raises(ReaderError, match="SCI,1 declares fewer than no data"):
        read_exposure(flt)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("content", [b"", b"not FITS", b"SIMPLE  =                    T" + b"\xe9" * 2850])
def test_a_file_that_cannot_be_read_is_closed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "u5jx0108r_flt.fits"
    path.write_bytes(content)
    with pytest.raises(ReaderError):
        read_exposure(path)
    read_fits_structure(path)
    # One that was left open would warn now, which is an error here.
    gc.collect()


def test_label_without_chip_name() -> None:
    from tests.wfpc2_samples import exposure

    other = exposure(primary={"INSTRUME": "ACS", "DETECTOR": "WFC"})
    assert other.detector == "WFC"
    assert other.chip_label(1) == "u5jx010hr_flt SCI,1"
    assert chip_header(1)["DETECTOR"] == 1


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real exposure u40x010hm")
def test_real_exposure() -> None:
    exposure = read_exposure(REAL / "u40x010hm_c0m.fits")
    assert (exposure.instrument, exposure.detector, exposure.chips) == ("WFPC2", "", (1, 2, 3, 4))
    assert exposure.array("SCI", 2).shape == (800, 800)
    structure = read_fits_structure(exposure.path)
    assert structure.actual_size == structure.declared_size
    assert structure.remarks == ()


# MAST's outlines of chips, which need more cards than one.
REGION = "POLYGON ICRS " + "".join(f" {number}.231115625" for number in range(280, 290))
PLAIN = exposure_bytes("u40x0102m", extensions=2, size=4, EXPTIME=100.5, MTFLAG=False, S_REGION=REGION)


@st.composite
def damages(draw: st.DrawFn) -> tuple[int, bytes]:
    """Where a card of a file of images was changed, or another put into its place, and how it reads then."""
    unit = draw(st.sampled_from(list(read_units(io.BytesIO(PLAIN)))))
    place, other = (unit.start + CARD * draw(st.integers(0, len(unit.images) - 1)) for _ in range(2))
    if draw(st.booleans()):
        return place, PLAIN[other : other + CARD]
    card = bytearray(PLAIN[place : place + CARD])
    card[draw(st.integers(0, CARD - 1))] = draw(st.sampled_from(b" '/=.()+-09EDTFabcXZ_,\x00\xe9\t"))
    return place, bytes(card)


def with_card(keyword: bytes, value: bytes) -> tuple[int, bytes]:
    """A card of the primary header, written anew."""
    return PLAIN.index(keyword.ljust(8)), keyword.ljust(8) + b"= " + value.ljust(CARD - 10)


@settings(max_examples=150)
@example(damage=with_card(b"EXTEND", b"/                   T"))
@example(damage=with_card(b"EXTEND", b"                   F"))
@example(damage=with_card(b"EXTEND", b"                   0"))
@example(damage=with_card(b"S_REGION", b"'POLYGON'"))
@example(damage=with_card(b"S_REGION", b"'POLYGON &' / and a comment"))
@example(damage=with_card(b"S_REGION", b"POLYGON &"))
@example(damage=(PLAIN.index(b"CONTINUE"), b"CONTINUE= 'POLYGON'".ljust(CARD)))
@example(damage=(PLAIN.index(b"CONTINUE"), b"COMMENT   'POLYGON'".ljust(CARD)))
@example(damage=(PLAIN.index(b"CONTINUE"), b"CONTINUE  '28 &' / and a comment".ljust(CARD)))
@example(damage=(PLAIN.index(b"CONTINUE"), b"CONTINUE  '\x0028 &'".ljust(CARD)))
@example(damage=(PLAIN.index(b"CONTINUE"), b"CONTINUE  '28 &' / \xe9 \n".ljust(CARD)))
@given(damage=damages())
def test_headers_and_flaws_are_those_that_astropy_finds(damage: tuple[int, bytes]) -> None:
    """What is read without astropy, to be quick, is what astropy reads, whatever is wrong with a file."""
    place, card = damage
    content = PLAIN[:place] + card + PLAIN[place + CARD :]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "u40x0102m_flt.fits"
        path.write_bytes(content)
        quick, form = outcome(path), read_fits_structure(path)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(exposure_reader, "_plain_units", lambda path: ())
            patched.setattr(form_reader, "_astropy_tells_more", lambda unit: True)
            slow, full = outcome(path), read_fits_structure(path)

    assert quick == slow
    assert bool(form.remarks) == bool(full.remarks)


def outcome(path: Path) -> object:
    """Layout, and keywords with their values, of a file; or that it cannot be read."""
    try:
        found = read_exposure(path)
    except ReaderError as error:
        return str(error)
    headers = [found.primary, *(each.header for each in found.extensions)]
    asked = [by_keyword(header) for header in headers]  # before astropy's cards are made
    layout = [(each.name, each.version, each.shape) for each in found.extensions]
    return (
        layout,
        asked,
        [[(card.keyword, str(card.value), card.comment) for card in one.cards] for one in headers],
    )


ASKED = (
    "SIMPLE",
    "EXTNAME",
    "EXPTIME",
    "MTFLAG",
    "ROOTNAME",
    "rootname",
    "NOSUCH",
    "COMMENT",
    "",
    "A.B",
    "CONTINUE",
    "S_REGION",
)


def by_keyword(header: fits.Header) -> object:
    """What a header answers where single values are asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # astropy's, of what it mends
        values = [(name, repr(header.get(name))) for name in (*header, *ASKED)]
        return len(header), values, [name in header for name in ASKED]


def test_a_string_of_several_cards_is_read_without_astropy(tmp_path: Path) -> None:
    path = tmp_path / "u40x0102m_flt.fits"
    path.write_bytes(PLAIN)

    header = read_exposure(path).primary

    assert isinstance(header, PlainHeader)
    assert header["EXPTIME"] == 100.5
    assert header["S_REGION"] == REGION


def test_a_header_is_read_where_it_is_asked() -> None:
    """Values, their types, and what is missing are as astropy has them; so is what is changed and copied."""
    cards = {
        "TEXT": "O  ",
        "BLANK8": "",
        "WHOLE": -7,
        "REAL": 1.5e-7,
        "BIG": 1e300,
        "YES": True,
        "NONE": None,
    }
    cards |= {"D2IM1": "EXTVER: 1", "NOTE": "12: 30"}
    written = fits.Header(cards)
    written["COMMENT"], written["WHOLE"] = "words", (-7, "of nothing")
    written.append(("WHOLE", 8))
    text = written.tostring(endcard=False, padding=False).encode()
    images = [text[at : at + CARD] for at in range(0, len(text), CARD)]
    unit = Unit(0, tuple(images), 0)
    asked = (
        *cards,
        "D2IM1.EXTVER",
        "D2IM1.NAXES",
        "TEXT.EXTVER",
        "d2im1.extver",
        "COMMENT",
        "whole",
        "MISSING",
        0,
        ("WHOLE", 1),
        "D2IM*",
    )

    def header() -> PlainHeader:
        return PlainHeader.of(unit.images, unit.first)

    for key in asked:
        assert repr(header().get(key, "none")) == repr(written.get(key, "none")), key
        assert (key in header()) == (key in written), key
    with pytest.raises(KeyError, match="Keyword 'MISSING' not found"):
        header()["MISSING"]
    assert list(header()) == list(written)
    assert len(header()) == len(written)
    assert header() == written
    assert repr(header()) == repr(written)
    assert copy.deepcopy(header())["TEXT"] == "O"
    changed = header()
    changed["REAL"] = 2.5
    del changed["WHOLE"]
    assert (changed["REAL"], "WHOLE" in changed, changed["YES"]) == (2.5, False, True)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        header().nothing  # noqa: B018
    assert pickle.loads(pickle.dumps(header()))["REAL"] == 1.5e-7


def test_arrays_are_mapped_where_their_numbers_are_as_written(tmp_path: Path) -> None:
    path = tmp_path / "jabc01xyq_flt.fits"
    counts = np.arange(12, dtype=np.float32).reshape(3, 4)
    scaled = fits.ImageHDU(counts.astype(np.int16), name="SCI", ver=2)
    scaled.header["FILLER"] = 10
    units = [
        fits.ImageHDU(counts, name="SCI", ver=1),
        scaled,
        fits.ImageHDU(counts.astype(np.int16), name="DQ", ver=1),
        fits.ImageHDU(counts.astype(np.uint16), name="DQ", ver=2),
    ]
    fits.HDUList([fits.PrimaryHDU(), *units]).writeto(path)
    # astropy would scale the numbers before it writes them.
    path.write_bytes(path.read_bytes().replace(b"FILLER  =", b"BSCALE  ="))
    exposure = read_exposure(path)

    mapped = {(name, chip): exposure.mapped(name, chip) for name in ("SCI", "DQ") for chip in (1, 2)}

    assert [key for key, each in mapped.items() if each is not None] == [("SCI", 1), ("DQ", 1)]
    for name, chip in mapped:
        with fits.open(path) as hdus:
            read = exposure.array(name, chip)
            np.testing.assert_array_equal(read, hdus[name, chip].data)
            assert read.dtype == hdus[name, chip].data.dtype
    changed = exposure.array("SCI", 1)
    changed[0, 0] = -1.0
    np.testing.assert_array_equal(exposure.array("SCI", 1), counts)
