"""Reading TweakReg's match files."""

from pathlib import Path

import numpy as np
import pytest

from hubble_qa.checks.readers import ReaderError, read_match_file

REAL = Path(__file__).parents[2] / "shared" / "catalogs" / "ngc6791"
HEADER = """# Input image: u5jx010hr_flt.fits
# Coordinate mapping parameters:
#    X and Y rms: 0.12  0.11
#    X and Y shift: 1.8068  -0.3988
#
"""
ROW = (
    "    -801.583254    -797.714700    -800.211463    -797.971181    1708.191326    1670.241907"
    "      -0.225435      -0.043338      54.022682     792.493042      15.919232     794.822021"
    "     731    1561       3    201.726386780458    -47.552346202078   u5jx0108r_flt.fits[2]\n"
)


def written(directory: Path, text: str) -> Path:
    path = directory / "u5jx010hr_flt_catalog_fit.match"
    path.write_text(text, encoding="utf-8")
    return path


def test_columns(tmp_path: Path) -> None:
    match = read_match_file(written(tmp_path, HEADER + ROW + ROW))
    assert len(match) == 2
    assert match.header["X and Y shift"] == "1.8068  -0.3988"
    np.testing.assert_array_equal(match.reference_xy[0], [-801.583254, -797.7147])
    np.testing.assert_array_equal(match.input_xy[0], [-800.211463, -797.971181])
    np.testing.assert_array_equal(match.fit_xy[0], [1708.191326, 1670.241907])
    np.testing.assert_array_equal(match.residuals[0], [-0.225435, -0.043338])
    np.testing.assert_array_equal(match.original_reference_xy[0], [54.022682, 792.493042])
    np.testing.assert_array_equal(match.original_input_xy[0], [15.919232, 794.822021])
    assert (match.reference_id[0], match.input_id[0], match.chip[0]) == (731, 1561, 3)
    np.testing.assert_array_equal(match.radec[0], [201.726386780458, -47.552346202078])
    assert match.origin == ("u5jx0108r_flt.fits[2]",) * 2


def test_file_without_sources_has_none(tmp_path: Path) -> None:
    match = read_match_file(written(tmp_path, HEADER))
    assert len(match) == 0
    assert match.residuals.shape == (0, 2)


def test_a_file_that_ends_in_the_middle_of_a_row_is_cut(tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match="ends in the middle of a row, at 'u5jx0108r_f'"):
        read_match_file(written(tmp_path, HEADER + ROW + ROW.partition("lt.fits")[0]))
    assert len(read_match_file(written(tmp_path, HEADER + ROW + ROW.rstrip("\n")))) == 2


def test_only_a_name_that_begins_another_is_cut(tmp_path: Path) -> None:
    """By its last characters a whole file may lack no more than the end of the line."""
    other = ROW.replace("u5jx0108r_flt.fits[2]", "gaia.cat")
    longer = ROW.replace("u5jx0108r_flt.fits[2]", "gaia.catalogue")
    assert len(read_match_file(written(tmp_path, HEADER + ROW + other.rstrip("\n")))) == 2
    assert len(read_match_file(written(tmp_path, HEADER + longer + other))) == 2
    assert len(read_match_file(written(tmp_path, HEADER + other.rstrip("\n")))) == 1
    with pytest.raises(ReaderError, match=r"ends in the middle of a row, at 'gaia\.cat'"):
        read_match_file(written(tmp_path, HEADER + ROW + longer + other.rstrip("\n")))


def test_origin_may_hold_blanks(tmp_path: Path) -> None:
    assert read_match_file(written(tmp_path, ROW.replace("u5jx", "omega cen/u5jx"))).origin == (
        "omega cen/u5jx0108r_flt.fits[2]",
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1 2 3\n", "line 6: expected 18 columns, found 3"),
        (ROW.replace("u5jx0108r_flt.fits[2]", ""), "line 6: expected 18 columns, found 17"),
        (ROW.replace("-0.225435", "x"), "line 6: column 7 is 'x', which is no number"),
        (ROW.replace("     731", "  7.31"), "line 6: column 13 is '7.31', which is no whole number"),
    ],
)
def test_malformed_line_is_named(tmp_path: Path, row: str, message: str) -> None:
    path = written(tmp_path, HEADER + row)
    with pytest.raises(ReaderError) as caught:
        read_match_file(path)
    assert str(caught.value).startswith(f"{path}, {message}")
    assert "\n" not in str(caught.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match=r"absent\.match: cannot read"):
        read_match_file(tmp_path / "absent.match")


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real NGC 6791 match files")
@pytest.mark.parametrize(
    ("exposure", "sources"), [("ibwb01xqq", 511), ("ibwb01xrq", 482), ("ibwb01xxq", 499)]
)
def test_real_match_files(exposure: str, sources: int) -> None:
    match = read_match_file(REAL / f"{exposure}_flc_catalog_fit.match")
    assert len(match) == sources
    assert set(match.chip) == {1, 2}
    # Residuals are the fitted less the reference's positions, but for the fit's scale of 1.0001.
    np.testing.assert_allclose(match.fit_xy - match.original_reference_xy, match.residuals, atol=2e-5)
