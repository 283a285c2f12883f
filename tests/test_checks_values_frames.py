"""Frames, shifts, tables and coverage: values by hand, where another chip, sign or row gives another."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.astrometry.alignment import (
    FEWEST_OF_ROLL,
    fit_rms,
    fit_rotation,
    fit_scale_change,
    scale_disagreement,
    shift_agreement,
    shift_disagreement,
)
from hubble_qa.checks.astrometry.kept_solutions import coordinate_difference
from hubble_qa.checks.astrometry.reference_coverage import (
    Quadrant,
    catalog_coverage,
    catalog_sources,
    reference_sources,
)
from hubble_qa.checks.astrometry.registration import Offset, exposure_misalignment, image_separation
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.readers import ReaderError, read_cosmic_ray_mask, read_exposure, read_shift_file
from hubble_qa.checks.readers.imphttab import read_mode, read_zero_point
from tests.uvis_fields import flc
from tests.wfpc2_samples import FAILED, FITTED, REFERENCE, chip_header, match_file, shift_file

# Offsets of exposures and images


def test_an_exposure_that_is_away_from_all_others_is_out_of_place() -> None:
    """Whichever of a pair is named first."""
    places = {"a": (0.0, 0.0), "b": (30.0, -40.0), "c": (3.0, 0.0), "d": (0.0, 4.0)}
    pairs = [("a", "b"), ("c", "b"), ("b", "d"), ("a", "c"), ("d", "a"), ("c", "d")]
    offsets = {
        (one, two): Offset(
            places[one][0] - places[two][0], places[one][1] - places[two][1], 2.0, f"stars of {one}"
        )
        for one, two in pairs
    }
    found = exposure_misalignment(offsets, plate_scale=0.05, subject="x")
    # Against a, c and d: 30, 27 and 30 east, 40, 40 and 44 south.
    assert found.value == pytest.approx((math.hypot(30.0, 40.0) - 8.0) / 50.0)
    assert found.uncertainty == pytest.approx(2.0 / 50.0)
    assert found.beyond_error
    assert "b" in found.reason


@pytest.mark.parametrize(("pixel", "unit"), [(0.02, 40.0), (0.1, 100.0)])
def test_images_are_apart_by_what_is_beyond_four_errors(pixel: float, unit: float) -> None:
    found = image_separation(Offset(-30.0, 40.0, 5.0, "stars"), pixel=pixel, subject="x")
    assert found.value == pytest.approx((50.0 - 20.0) / unit)
    assert found.uncertainty == pytest.approx(5.0 / unit)
    assert found.beyond_error


# Two files of one exposure


@pytest.mark.parametrize("farther", [1, 2])
def test_two_files_differ_as_their_most_different_chip(farther: int) -> None:
    one, other = flc(), flc()
    for chip in (1, 2):
        header = other.header("SCI", chip)
        header["CRVAL2"] += (0.030 if chip == farther else 0.010) / 3600.0
    found = coordinate_difference(one, other)
    assert found.value == pytest.approx(30.0, rel=1e-3)
    assert f"SCI,{farther}" in found.reason


@pytest.mark.parametrize("broken", ["own", "other"])
def test_coordinates_that_cannot_be_used_are_told_of_the_file_that_has_them(broken: str) -> None:
    one, other = flc(), replace(flc(), path=Path("ibwb01xqq_flt.fits"))
    for key in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
        del (one if broken == "own" else other).header("SCI", 2)[key]
    found = coordinate_difference(one, other)
    assert found.value is None
    assert f"of {(one if broken == 'own' else other).path.name} cannot be used" in found.reason
    assert found.told is (broken == "own")


# Shift files


def row(number: int, **changes: float):
    return replace(FITTED, file=f"u5jx010{number}r_flt.fits", **changes)


def test_the_error_of_a_departure_is_that_of_its_own_fit_and_of_the_others() -> None:
    rows = [row(number, dx=1.0 + (5.0 if number == 1 else 0.0)) for number in range(4)]
    scatters = (0.1, 0.2, 0.3, 0.4)
    matches = {
        each.exposure: replace(match_file(100, scatter=(scatter, 0.0)), header={})
        for each, scatter in zip(rows, scatters, strict=True)
    }
    named = [each.file for each in rows]
    found = shift_agreement(shift_file(*rows), named, subject="visit", matches=matches)
    errors = [scatter / math.sqrt(100) for scatter in scatters]
    expected = math.hypot(errors[1], math.hypot(errors[0], errors[2], errors[3]) / 3.0)
    assert found.uncertainty == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("first", "second", "value"), [(179.9, -179.9, 0.2), (-0.1, 0.2, 0.3)])
def test_rotations_differ_by_the_shorter_way_and_shifts_by_all_of_it(
    first: float, second: float, value: float
) -> None:
    files = [shift_file(row(1, rotation=angle, dx=angle), row(2)) for angle in (first, second)]
    found = shift_disagreement(*files, subject="x")
    assert found.value == pytest.approx(abs(first - second))
    turned = [shift_file(row(1, rotation=angle), row(2)) for angle in (first, second)]
    assert shift_disagreement(*turned, subject="x").value in (0.0, pytest.approx(value))
    assert scale_disagreement(*turned, subject="x").value == pytest.approx(0.0)


def test_scatters_are_compared_where_both_files_have_them() -> None:
    plain = replace(row(1), xrms=None, yrms=None)
    for pair in ((plain, row(1, xrms=9.0)), (row(1, xrms=9.0), plain)):
        files = [shift_file(each, row(2)) for each in pair]
        assert shift_disagreement(*files, subject="x").value == 0.0


@pytest.mark.parametrize("unknown", [(3, 1), (0, 0)])
def test_residuals_that_are_not_numbers_confirm_no_roll(unknown: tuple[int, int]) -> None:
    match = match_file(2 * FEWEST_OF_ROLL)
    match.residuals[unknown] = np.nan
    turned = replace(FITTED, rotation=0.6)
    shifts = shift_file(REFERENCE, turned)
    assert "confirmed" not in fit_rotation(shifts, turned.file, match).reason


def test_sources_within_a_pixel_tell_an_error_too() -> None:
    match = match_file(40)
    close = replace(match, input_xy=400.0 + match.input_xy / 1e5)
    found = fit_scale_change(shift_file(REFERENCE, FITTED), FITTED.file, close)
    moment = float(np.sum((close.input_xy - close.input_xy.mean(axis=0)) ** 2))
    assert moment < 1.0
    variance = float(np.sum(match.residuals**2)) / (2 * 40 - 4)
    assert found.uncertainty == pytest.approx(math.sqrt(variance / moment))


def test_names_with_blanks_and_numbers_are_names(tmp_path: Path) -> None:
    path = tmp_path / "shifts.txt"
    path.write_text("# units: pixels\nmy 2 3 field 1 2_flt.fits 1.0 2.0 0.5 1.0 0.1 0.2\n", encoding="utf-8")
    (found,) = read_shift_file(path).rows
    assert (found.file, found.dx, found.yrms) == ("my 2 3 field 1 2_flt.fits", 1.0, 0.2)
    path.write_text("# units: pixels\n1.0 2.0 0.5 1.0 0.1 0.2\n", encoding="utf-8")
    with pytest.raises(ReaderError, match="expected a file name"):
        read_shift_file(path)


# Coverage of a catalogue


@pytest.mark.parametrize(("sources", "few"), [(0, False), (1, True), (19, True), (20, False)])
def test_a_catalogue_of_few_sources_was_cut(sources: int, few: bool) -> None:
    found = reference_sources({"SCI,1": sources, "SCI,2": 0}, subject="x")
    assert (found.value, "it was cut" in found.reason) == (sources, few)


@pytest.mark.parametrize(("sources", "told"), [((10, 10), True), ((10, 9), False), ((40, 0), False)])
def test_twenty_sources_on_two_quadrants_tell(sources: tuple[int, int], told: bool) -> None:
    quadrants = {f"SCI,{n}": Quadrant(each, 5, 100.0) for n, each in enumerate(sources)}
    assert catalog_sources(quadrants, subject="x").told is told
    assert catalog_coverage(quadrants, subject="x").told is told


@pytest.mark.parametrize(
    ("area", "stars", "missing"),
    [
        (100.0, 10, True),  # by 0.1 a square arcsec and one a star: ten
        (99.0, 10, False),
        (100.0, 9, False),
        (400.0, 40, True),
    ],
)
def test_ten_sources_are_surely_there(area: float, stars: int, missing: bool) -> None:
    quadrants = {
        "a": Quadrant(10, 10, 100.0),
        "b": Quadrant(10, 10, 100.0),
        "c": Quadrant(900, 0, 100.0),  # where no star was found, one counts
        "d": Quadrant(0, stars, area),
    }
    found = catalog_coverage(quadrants, subject="x")
    assert found.value == (1 if missing else 0)
    alone = {"a": quadrants["c"], "d": quadrants["d"]}
    assert not catalog_coverage(alone, subject="x").told


def test_of_a_quadrant_without_stars_one_counts() -> None:
    quadrants = {"a": Quadrant(10, 0, 100.0), "b": Quadrant(10, 0, 100.0), "d": Quadrant(0, 1, 100.0)}
    assert catalog_coverage(quadrants, subject="x").value == 1


# Records of cameras


def test_chips_are_told_by_their_keyword() -> None:
    planetary, wide = chip_header(1), chip_header(3)
    wfpc2, wfc = camera("WFPC2"), camera("ACS", "WFC")
    assert (wfpc2.chip_name(planetary), wfpc2.chip_name(wide), wfpc2.chip_name({})) == ("PC1", "WF3", "")
    assert wfpc2.distortion_terms(wide) == tuple(wfpc2.distortion[3])
    assert wfpc2.distortion_terms({}) == wfpc2.distortion_terms({"DETECTOR": "3"}) == ()
    assert wfc.distortion_terms({"CCDCHIP": 2}) == tuple(wfc.distortion[2])
    infrared = camera("WFC3", "IR")
    assert infrared.distortion_terms({"CCDCHIP": -1}) == tuple(infrared.distortion[1])
    assert wfpc2.fwhm_of_stars(planetary) != wfpc2.fwhm_of_stars(wide)
    assert infrared.fwhm_of_stars({}) == infrared.star_fwhm


def test_a_subarray_has_the_extensions_of_one_chip_where_there_are_two() -> None:
    uvis, infrared = camera("WFC3", "UVIS"), camera("WFC3", "IR")
    assert {number for _, number in uvis.required_extensions("flc", subarray=True)} == {1}
    whole = infrared.required_extensions("flt")
    assert infrared.required_extensions("flt", subarray=True) == whole


# Tables and masks


def imphttab(path: Path, **cards: float) -> Path:
    primary = fits.PrimaryHDU()
    primary.header.update(cards)
    columns = [
        fits.Column("OBSMODE", "40A", array=["wfc3,ir,f105w", "wfc3,uvis1,f555w,mjd#"]),
        fits.Column("DATACOL", "12A", array=["PHOTFLAM", "PHOTFLAM1"]),
        fits.Column("PHOTFLAM", "D", array=[3e-20, 0.0]),
        fits.Column("NELEM1", "J", array=[0, 3]),
        fits.Column("PAR1VALUES", "4D", array=np.array([[0.0] * 4, [100.0, 200.0, 400.0, 0.0]])),
        fits.Column("PHOTFLAM1", "4D", array=np.array([[0.0] * 4, [1.0, 2.0, 6.0, 0.0]])),
    ]
    fits.HDUList([primary, fits.BinTableHDU.from_columns(columns, name="PHOTFLAM")]).writeto(path)
    return path


def test_zeropoints_of_a_table_are_interpolated_within_its_dates(tmp_path: Path) -> None:
    path = imphttab(tmp_path / "x_imp.fits", PHOTZPT=-21.2)
    assert read_mode(path, "PHOTFLAM", "wfc3,ir,f105w", 9e9) == 3e-20
    dates = (100.0, 150.0, 300.0, 400.0)
    found = [read_mode(path, "PHOTFLAM", "wfc3,uvis1,f555w", date) for date in dates]
    assert found == [1.0, 1.5, 4.0, 6.0]
    for date in (99.0, 401.0):
        with pytest.raises(ReaderError, match="from MJD 100 to 400 only"):
            read_mode(path, "PHOTFLAM", "wfc3,uvis1,f555w", date)
    assert read_zero_point(path) == -21.2
    assert read_zero_point(imphttab(tmp_path / "y_imp.fits")) == -21.1


@pytest.mark.parametrize("mask", [np.full((4, 4), 2), np.array([[0, 1], [1, 3]]), np.ones((2, 2, 2)), None])
def test_masks_of_cosmic_rays_are_images_of_zeros_and_ones(tmp_path: Path, mask: np.ndarray | None) -> None:
    path = tmp_path / "u5jx0108r_sci1_crmask.fits"
    fits.PrimaryHDU(None if mask is None else mask.astype(np.uint8)).writeto(path)
    with pytest.raises(ReaderError):
        read_cosmic_ray_mask(path)


def test_arrays_of_one_name_are_read_by_extver(tmp_path: Path) -> None:
    path = tmp_path / "ibwb01xqq_flc.fits"
    units = [
        fits.ImageHDU(np.full((2, 3), value, np.float32), name=name, ver=number)
        for name, number, value in (("SCI", 1, 1.0), ("ERR", 1, 2.0), ("SCI", 2, 3.0))
    ]
    fits.HDUList([fits.PrimaryHDU(), *units]).writeto(path)
    found = read_exposure(path).arrays("SCI")
    assert {number: image[0, 0] for number, image in found.items()} == {1: 1.0, 2: 3.0}


# Scatter of fits


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("axis", [0, 1])
def test_the_scatter_of_a_fit_to_a_catalogue_is_that_of_its_sources(own: bool, axis: int) -> None:
    """Not of the exposures' own, which expanded it."""
    match = match_file(40, scatter=(0.1, 0.1))
    match.residuals[:25] = 0.2
    match.residuals[:25, axis] = -0.3
    origin = ("gaia.cat",) * 25 + (REFERENCE.file,) * 15
    header = {"X and Y shift": "1.81 -0.40"} if own else {"X and Y shift": "9.0 9.0"}
    shifts = replace(shift_file(REFERENCE, FITTED), relative=False)
    found = fit_rms(shifts, FITTED.file, replace(match, origin=origin, header=header))
    # Of another fit's match file the row's own scatter counts, of unknown error.
    assert found.value == pytest.approx(0.3 if own else 0.15)
    assert (found.uncertainty is not None) is own
    if own:
        assert found.uncertainty == pytest.approx(0.3 / math.sqrt(2.0 * 24.0), rel=0.03)
    relative = fit_rms(
        shift_file(REFERENCE, FITTED), FITTED.file, replace(match, origin=origin, header=header)
    )
    assert relative.value == pytest.approx(0.15)
    assert fit_rms(shifts, FITTED.file).uncertainty is None


def test_a_failed_fit_is_none() -> None:
    assert fit_rms(shift_file(REFERENCE, FAILED), FAILED.file).no_fit
    assert not fit_rms(shift_file(), FITTED.file).no_fit
