"""Reading TweakReg's shift files."""

import math
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.astrometry.world_coordinates import plate_scale
from hubble_qa.checks.evidence.exposures import frame_scale
from hubble_qa.checks.evidence.fits import Fit, header_and_shifts, pixel_of_fit
from hubble_qa.checks.readers import ReaderError, read_reference_frame, read_shift_file
from hubble_qa.checks.readers.shift_file import exposure_name, wrap_degrees

HEADER = "# frame: output\n# refimage: shifts_wcs.fits[wcs]\n# form: delta\n# units: pixels\n"
REFERENCE = "u5jx0108r_flt.fits    0.000000  0.000000    0.000000     1.000000   0.000000  0.000000\n"
FITTED = "u5jx010hr_flt.fits    1.806846  -0.398810    359.999600     1.000016   0.120673  0.107372\n"
FAILED = "u5jx010hr_flt.fits    nan  nan    nan     nan   0.000000  0.000000\n"
REAL = Path(__file__).parents[2] / "shared" / "catalogs" / "ngc6791"


def written(directory: Path, text: str) -> Path:
    path = directory / "shift_flt.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_and_header(tmp_path: Path) -> None:
    shifts = read_shift_file(written(tmp_path, HEADER + REFERENCE + FITTED))
    assert shifts.header["form"] == "delta"
    assert shifts.reference_frame == "shifts_wcs.fits[wcs]"
    assert [row.exposure for row in shifts.rows] == ["u5jx0108r", "u5jx010hr"]
    row = shifts.row("u5jx010hr_flt.fits")
    assert row is not None
    assert (row.dx, row.dy, row.scale, row.xrms, row.yrms) == (
        1.806846,
        -0.39881,
        1.000016,
        0.120673,
        0.107372,
    )
    assert row.rotation == pytest.approx(-0.0004, abs=1e-9)
    assert shifts.row("u5jx0109r") is None


@pytest.mark.parametrize(
    ("numbers", "rotation", "scale"),
    [
        ("-0.16  0.05", 0.0, 1.0),
        ("-0.16  0.05  359.9983", -0.0017, 1.0),
        ("-0.16  0.05  359.9983  1.000165", -0.0017, 1.000165),
    ],
)
def test_rows_of_multidrizzle_have_no_scatter(
    tmp_path: Path, numbers: str, rotation: float, scale: float
) -> None:
    header = "# units: pixels \n# frame: input\n# form: absolute\n# reference: tweak_wcs.fits[wcs]\n\n"
    rows = f"j8bt06nyq_flt.fits 0.0 0.0\nomega cen/j8bt06nzq_flt.fits[sci,1] {numbers}\n"
    shifts = read_shift_file(written(tmp_path, header + rows))
    assert (shifts.absolute, shifts.has_rms, shifts.reference_frame) == (True, False, "tweak_wcs.fits[wcs]")
    assert shifts.reference is shifts.rows[0]
    row = shifts.rows[1]
    assert (row.exposure, row.dx, row.dy, row.rms) == ("j8bt06nzq", -0.16, 0.05, None)
    assert (row.rotation, row.scale) == (pytest.approx(rotation), scale)
    assert set(row.numbers) == {"dx", "dy", "rotation", "scale"}


def test_reference_is_the_only_identity_row(tmp_path: Path) -> None:
    shifts = read_shift_file(written(tmp_path, HEADER + REFERENCE + FITTED))
    assert shifts.reference is shifts.rows[0]
    two = read_shift_file(written(tmp_path, HEADER + REFERENCE + REFERENCE.replace("08r", "0hr")))
    assert two.reference is None
    fitted = read_shift_file(written(tmp_path, HEADER + FITTED))
    assert fitted.reference is None
    to_catalogue = read_shift_file(written(tmp_path, HEADER + REFERENCE + FITTED), relative=False)
    assert to_catalogue.reference is None
    assert to_catalogue.rows == shifts.rows


def test_row_of_a_failed_fit_is_kept(tmp_path: Path) -> None:
    row = read_shift_file(written(tmp_path, HEADER + REFERENCE + FAILED)).rows[1]
    assert all(math.isnan(number) for number in (row.dx, row.dy, row.rotation, row.scale))
    assert (row.xrms, row.yrms) == (0.0, 0.0)
    assert not row.identity


@pytest.mark.parametrize(
    "content",
    [
        (HEADER + REFERENCE + FITTED.rstrip() + "  # a bad night\n").encode(),
        ("\ufeff" + HEADER + REFERENCE + FITTED).encode(),
        ("# gr\xf6\xdfer\n" + HEADER + REFERENCE + FITTED).encode("latin-1"),
        (HEADER + REFERENCE + FITTED).replace("1.806846", "1.806846D+00").encode(),
    ],
    ids=["remark after a row", "byte order mark", "Latin-1 comment", "Fortran's exponent"],
)
def test_rows_are_read_whatever_an_editor_left(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "shifts.txt"
    path.write_bytes(content)
    shifts = read_shift_file(path)
    assert shifts.header["frame"] == "output"
    row = shifts.row("u5jx010hr")
    assert row is not None
    assert (row.dx, row.dy, row.yrms) == (1.806846, -0.39881, 0.107372)


@pytest.mark.parametrize("word", ["INDEF", "--"])
def test_iraf_and_astropy_have_a_word_for_no_number(tmp_path: Path, word: str) -> None:
    text = HEADER + REFERENCE + FITTED.replace("1.806846", word)
    row = read_shift_file(written(tmp_path, text)).row("u5jx010hr")
    assert row is not None
    assert math.isnan(row.dx)


def test_file_name_may_hold_blanks(tmp_path: Path) -> None:
    row = read_shift_file(written(tmp_path, FITTED.replace("u5jx", "omega cen/u5jx"))).rows[0]
    assert row.file == "omega cen/u5jx010hr_flt.fits"
    assert row.exposure == "u5jx010hr"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER, "no rows"),
        (HEADER + FITTED.replace("1.000016", ""), "line 5: expected a file name and six numbers"),
        (
            HEADER + REFERENCE + FITTED.replace("1.000016", "one"),
            "line 6: expected a file name and six numbers",
        ),
        (HEADER + FITTED.replace("1.000016", "one"), "line 5: expected a file name and six numbers"),
        (HEADER + "u5jx010hr_flt.fits 1.23 3.4 0, 1.0 0.1 0.1\n", "line 5: expected a file name and six"),
        (HEADER + "u5jx010hr_flt.fits 1.23\n", "line 5: expected a file name and six numbers"),
        (HEADER + REFERENCE + "u5jx010hr_flt.fits 1 2 0 1\n", "the row of u5jx010hr_flt.fits has no RMS"),
        (HEADER + FITTED + FITTED, "u5jx010hr has more than one row"),
        (HEADER.replace("pixels", "arcseconds") + FITTED, "shifts are in 'arcseconds'"),
    ],
)
def test_malformed_file_gives_one_line_that_names_it(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ReaderError) as caught:
        read_shift_file(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_and_binary_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match=r"absent\.txt: cannot read"):
        read_shift_file(tmp_path / "absent.txt")
    path = tmp_path / "shift.fits"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReaderError, match=r"shift\.fits, line 1: expected a file name"):
        read_shift_file(path)


@given(angle=st.floats(-179.9, 179.9), turns=st.integers(-3, 3))
def test_wrapping_does_not_depend_on_whole_turns(angle: float, turns: int) -> None:
    wrapped = wrap_degrees(angle + 360.0 * turns)
    assert -180.0 <= wrapped < 180.0
    assert wrapped == pytest.approx(angle, abs=1e-9)


def test_wrapping_keeps_small_angles_exactly_and_nan() -> None:
    assert wrap_degrees(0.0147) == 0.0147
    assert wrap_degrees(180.0) == -180.0
    assert math.isnan(wrap_degrees(math.nan))


def test_exposure_name_is_the_rootname() -> None:
    assert exposure_name("data/u5jx010hr_c0m.fits") == exposure_name("u5jx010hr") == "u5jx010hr"
    assert exposure_name("U5JX010HR_C0M.FITS") == exposure_name("U5JX010HR") == "u5jx010hr"
    assert exposure_name("NGC6791_long_FLC.FITS") == "NGC6791_long"


def test_reference_frame_is_read_beside_the_shift_file(tmp_path: Path) -> None:
    shifts = read_shift_file(written(tmp_path, HEADER + FITTED))
    with pytest.raises(ReaderError, match=r"shifts_wcs\.fits"):
        read_reference_frame(shifts)
    size = 0.0455 / 3600.0
    linear = {"PC1_1": -size, "PC1_2": 0.0, "PC2_1": 0.0, "PC2_2": size, "CDELT1": 1.0, "CDELT2": 1.0}
    frame = fits.ImageHDU(header=fits.Header(list(linear.items())), name="WCS")
    fits.HDUList([fits.PrimaryHDU(), frame]).writeto(tmp_path / "shifts_wcs.fits")
    assert plate_scale(read_reference_frame(shifts)) == pytest.approx(0.0455)
    unnamed = read_shift_file(written(tmp_path, FITTED))
    with pytest.raises(ReaderError, match="names no reference frame"):
        read_reference_frame(unnamed)


def test_the_frame_may_be_any_image(tmp_path: Path) -> None:
    size = 0.0396 / 3600.0
    linear = fits.Header({"CD1_1": -size, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": size})
    pixels = np.ones((4, 4), dtype=np.float32)
    whole = [fits.PrimaryHDU(), fits.ImageHDU(pixels, linear, name="SCI", ver=1)]
    fits.HDUList(whole).writeto(tmp_path / "mosaic_drz.fits")
    fits.PrimaryHDU(pixels, linear).writeto(tmp_path / "single_sci.fits")
    for name in (
        "mosaic_drz.fits[1]",
        "mosaic_drz.fits[sci,1]",
        "mosaic_drz.fits[SCI]",
        "single_sci.fits[0]",
    ):
        shifts = read_shift_file(written(tmp_path, HEADER.replace("shifts_wcs.fits[wcs]", name) + FITTED))
        assert plate_scale(read_reference_frame(shifts)) == pytest.approx(0.0396)
        assert frame_scale(tmp_path / name.partition("[")[0]) == pytest.approx(0.0396)
    text = HEADER.replace("shifts_wcs.fits[wcs]", "mosaic_drz.fits[2]")
    absent = read_shift_file(written(tmp_path, text + FITTED))
    with pytest.raises(ReaderError, match=r"mosaic_drz\.fits: no extension 2"):
        read_reference_frame(absent)


@pytest.mark.parametrize(
    "named", ["shifts_wcs.fits[wcs]", "/data/run 2/shifts_wcs.fits[wcs]", "./shifts_wcs.fits"]
)
def test_the_frame_is_looked_for_beside_the_shift_file(tmp_path: Path, named: str) -> None:
    text = HEADER.replace("shifts_wcs.fits[wcs]", named) + FITTED
    assert read_shift_file(written(tmp_path, text)).frame_file == tmp_path / "shifts_wcs.fits"


@pytest.mark.parametrize("named", ["", "[wcs]", ".", "/", "./[wcs]"])
def test_a_shift_file_may_name_no_frame(tmp_path: Path, named: str) -> None:
    shifts = read_shift_file(written(tmp_path, HEADER.replace("shifts_wcs.fits[wcs]", named) + FITTED))
    assert shifts.frame_file is None
    assert pixel_of_fit(Fit(shifts, "u5jx010hr", None, any_match=False)) is None
    fits.PrimaryHDU().writeto(tmp_path / "u5jx010hr_flt.fits")
    told = header_and_shifts(tmp_path / "u5jx010hr_flt.fits", "u5jx010hr_flt", [shifts.path])
    assert (told.value, told.reason) == (None, "the shift file's frame is not beside it")


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real NGC 6791 shift files")
def test_real_shift_files() -> None:
    gaia, sdss = (read_shift_file(REAL / f"{name}_shifts.txt") for name in ("Gaia", "SDSS"))
    assert [row.exposure for row in gaia.rows] == ["ibwb01xrq", "ibwb01xxq", "ibwb01xqq"]
    assert gaia.reference is None
    row = sdss.row("ibwb01xxq")
    assert row is not None
    assert row.rotation == pytest.approx(-0.000367, abs=1e-9)
