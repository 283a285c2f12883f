"""Compressed FITS files are read as what they hold."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.errors import DamagedFileError
from hubble_qa.checks.images.files import fits_form_violations
from hubble_qa.checks.readers import ReaderError, read_drizzled, read_exposure
from hubble_qa.checks.readers import compressed as compression
from hubble_qa.checks.readers.compressed import plain_name, unpacked
from hubble_qa.checks.readers.fits_structure import read_fits_structure
from hubble_qa.fixtures.finished.files import Kind
from hubble_qa.fixtures.finished.survey import forget, survey
from tests.fits_samples import exposure_bytes


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "u5jx0108r_flt.fits"
    path.write_bytes(exposure_bytes("u5jx0108r"))
    return path


def gzipped(path):
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


def tiled(path):
    """The file's images as tiles, as fpack makes them."""
    with fits.open(path) as hdus:
        images = [hdu for hdu in hdus[1:] if hdu.data is not None]
        kind = {"compression_type": "GZIP_1", "quantize_level": 0}
        units = [hdus[0], *(fits.CompImageHDU(hdu.data, hdu.header, **kind) for hdu in images)]
        fits.HDUList(units).writeto(packed := path.with_name(f"{path.name}.fz"))
    return packed


@pytest.mark.parametrize("pack", [gzipped, tiled])
def test_arrays_and_headers_are_those_of_the_plain_file(tmp_path, plain, pack):
    path = pack(plain)
    found, expected = read_exposure(path), read_exposure(plain)
    assert (found.name, found.suffix, found.label, found.chips) == (
        expected.name,
        expected.suffix,
        expected.label,
        expected.chips,
    )
    for chip in expected.chips:
        np.testing.assert_array_equal(found.array("SCI", chip), expected.array("SCI", chip))
        assert found.header("SCI", chip)["EXTVER"] == expected.header("SCI", chip)["EXTVER"]
    assert read_fits_structure(path).remarks == read_fits_structure(plain).remarks
    assert unpacked(path) == unpacked(path)
    assert unpacked(plain) == plain


def test_image_of_the_primary_unit_comes_back_to_it_and_finds_its_weight(tmp_path):
    pixels = np.random.default_rng(1).normal(size=(40, 30)).astype(np.float32)
    unit = fits.CompImageHDU(pixels, compression_type="GZIP_1", quantize_level=0)
    path = tmp_path / "m4_drc_sci.fits.fz"
    fits.HDUList([fits.PrimaryHDU(), unit]).writeto(path)
    with fits.open(path, mode="update", disable_image_compression=True) as hdus:
        hdus[1].header["ZSIMPLE"] = True
    weight = tmp_path / "m4_drc_wht.fits"
    fits.PrimaryHDU(np.ones_like(pixels)).writeto(weight)
    image = read_drizzled(path)
    np.testing.assert_array_equal(image.science(), pixels)
    assert image.weight_path == weight


def test_compressed_products_are_judged_under_their_own_names(tmp_path, plain):
    gzipped(plain)
    plain.unlink()
    found = survey(tmp_path)
    (file,) = found.instruments["WFPC2"].files.values()
    assert (file.label, file.kind, file.root, file.suffix) == (
        "u5jx0108r_flt",
        Kind.EXPOSURE,
        "u5jx0108r",
        "flt",
    )
    assert found.left_out == {}
    both = tmp_path / "u5jx0108r_flt.fits"
    both.write_bytes(exposure_bytes("u5jx0108r"))
    forget()
    labels = survey(tmp_path).instruments["WFPC2"].files
    assert set(labels) == {"u5jx0108r_flt.fits", "u5jx0108r_flt.fits.gz"}


@pytest.mark.parametrize("ending", [".gz", ".fz"])
def test_damaged_file_is_one_line_and_a_failure_of_its_form(plain, ending):
    path = gzipped(plain) if ending == ".gz" else tiled(plain)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ReaderError, match=r"cannot be unpacked|truncated|no extension") as caught:
        read_exposure(path).array("SCI", 1)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    form = read_fits_structure(path)
    assert form.remarks or form.units - 1 < form.declared_extensions


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda content: content[:-50], "cannot be unpacked: Compressed file ended before"),
        (gzip.decompress, "is not compressed, whatever its name says; if it is a FITS file, rename it"),
        (gzip.compress, "was compressed twice; unpack it once"),
        (lambda content: b"", "the file is empty; fetch it again"),
    ],
)
def test_what_is_wrong_with_a_compressed_file_is_damage_of_its_form(plain, spoil, words):
    path = gzipped(plain)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DamagedFileError, match=words) as caught:
        read_exposure(path)
    assert caught.value.path == path
    assert words in fits_form_violations(read_fits_structure(path)).reason


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(compression, "_ALWAYS", 2**20)
    path = tmp_path / "u5jx0108r_flt.fits.gz"
    path.write_bytes(gzip.compress(b"SIMPLE  = " + bytes(64 * 2**20)))
    before = set(compression._directory().iterdir())
    with pytest.raises(ReaderError, match="holds more than"):
        unpacked(path)
    assert set(compression._directory().iterdir()) == before


def test_what_was_refused_is_not_unpacked_again(tmp_path, monkeypatch):
    path = tmp_path / "u5jx0108r_flt.fits.gz"
    path.write_bytes(gzip.compress(b"SIMPLE  = " + bytes(2**21)))
    monkeypatch.setattr(compression, "_ALWAYS", 2**20)
    with pytest.raises(DamagedFileError, match="holds more than") as first:
        unpacked(path)
    monkeypatch.setattr(compression, "_copy", None)
    with pytest.raises(DamagedFileError) as again:
        unpacked(path)
    assert str(again.value) == str(first.value)
    assert again.value.path == path


def test_what_is_no_fits_file_is_refused_at_its_first_block(tmp_path, monkeypatch):
    path = tmp_path / "u5jx0108r_flt.fits.gz"
    path.write_bytes(gzip.compress(bytes(2**21)))
    monkeypatch.setattr(compression, "_ALWAYS", 2**20)
    with pytest.raises(DamagedFileError, match="holds no FITS file"):
        unpacked(path)


def test_names_without_the_ending_of_their_compression():
    assert plain_name("u5jx0108r_flt.fits.gz") == plain_name("u5jx0108r_flt.fits") == "u5jx0108r_flt.fits"
    assert plain_name("notes.tar.gz") == "notes.tar.gz"


def test_copies_are_of_the_files_in_use_only(tmp_path, monkeypatch):
    monkeypatch.setattr(compression, "_MOST_COPIES", 2)
    paths = []
    for number in range(4):
        path = tmp_path / f"u5jx010{number}r_flt.fits.gz"
        path.write_bytes(gzip.compress(exposure_bytes("u5jx0108r")))
        paths.append(path)
    copies = [unpacked(path) for path in paths]
    assert [copy.exists() for copy in copies] == [False, False, True, True]
    again = unpacked(paths[0])
    assert again.read_bytes() == exposure_bytes("u5jx0108r")
    assert read_exposure(paths[1]).array("SCI", 1).size


@pytest.mark.parametrize("science", ["", ".gz", ".fz"])
@pytest.mark.parametrize("weight", ["", ".gz", ".fz"])
def test_a_weight_image_may_be_compressed_in_its_own_way(tmp_path, science, weight):
    packings = {".gz": gzipped, ".fz": fpacked}
    for name, ending in (("sci", science), ("wht", weight)):
        path = tmp_path / f"f606w_drc_{name}.fits"
        fits.PrimaryHDU(np.ones((8, 8), np.float32)).writeto(path)
        if ending:
            packings[ending](path)
            path.unlink()
    found = read_drizzled(tmp_path / f"f606w_drc_sci.fits{science}")
    assert found.weight_path == tmp_path / f"f606w_drc_wht.fits{weight}"
    assert found.weight().shape == (8, 8)


def fpacked(path):
    """An image in the primary unit as fpack has it: in the first extension, as tiles."""
    packed = path.with_name(f"{path.name}.fz")
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(fits.getdata(path))]).writeto(packed)
    with fits.open(packed, mode="update", disable_image_compression=True) as hdus:
        hdus[1].header["ZSIMPLE"] = True
    return packed
