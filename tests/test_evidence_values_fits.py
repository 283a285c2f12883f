"""Fits and their catalogues from files: on either side of each limit, and where something is not there."""

from __future__ import annotations

import gzip
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.astrometry.epochs import positions_at_epoch
from hubble_qa.checks.evidence.catalog_fits import (
    FittedReferences,
    chance_of_fit,
    epoch_of_fit,
    fitted_references,
)
from hubble_qa.checks.evidence.fits import (
    Fit,
    catalog_error,
    fits_in,
    frame_terms,
    header_and_shifts,
    held_fit,
    matched_positions,
    missing_reference,
    pixel_of_fit,
    reference_moves,
    without_match,
)
from hubble_qa.checks.readers import MatchFile, ReaderError, read_match_file
from tests.test_evidence_catalog_fits import GAIA, fit_to, seen, stars, written
from tests.test_evidence_held_fit import OTHER, REFERENCE, write_match
from tests.test_evidence_held_fit import write as write_pointed
from tests.test_evidence_records import NAMES, write_fitted, write_scatter, write_shifts
from tests.test_evidence_records import write_match as write_sources
from tests.test_evidence_values import sky, write_catalog, write_exposure
from tests.wfpc2_samples import match_file, shift_file

# Whose a match file is


@pytest.mark.parametrize(
    ("quoted", "mine", "others"),
    [("1.0000 2.0000", 1.00004, 1.0002), ("500.0000 2.0000", 500.0, 500.002), ("9.0 2.0", 9.0, 8.0)],
)
def test_a_quoted_shift_is_that_of_a_row_to_its_four_decimals(
    tmp_path: Path, quoted: str, mine: float, others: float
) -> None:
    """However large it is."""
    own = write_shifts(tmp_path / "shifts.txt", {NAMES[1]: (mine, 2.0)})
    other = write_shifts(tmp_path / "sdss.txt", {NAMES[1]: (others, 2.0)})
    write_sources(tmp_path, NAMES[1], quoted, "gaia.cat")
    assert fits_in(own, "", (other,))[NAMES[1]].match is not None
    assert fits_in(other, "", (own,))[NAMES[1]].match is None


def test_a_fit_to_another_exposure_and_a_catalogue_is_not_among_themselves(tmp_path: Path) -> None:
    shifts = write_shifts(tmp_path / "shifts.txt", {NAMES[0]: (0.0, 0.0), NAMES[1]: (1.0, 2.0)})
    path = write_sources(tmp_path, NAMES[1], "1.0 2.0", f"{NAMES[0]}.fits[1]")
    own = path.read_text(encoding="utf-8")
    assert fits_in(shifts)[NAMES[1]].shifts.relative
    (tmp_path / "b").mkdir()
    write_shifts(tmp_path / "b" / "shifts.txt", {NAMES[0]: (0.0, 0.0), NAMES[1]: (1.0, 2.0)})
    mixed = own.replace(f"{NAMES[0]}.fits[1]", "gaia.cat", 1)
    (tmp_path / "b" / path.name).write_text(mixed, encoding="utf-8")
    assert not fits_in(tmp_path / "b" / "shifts.txt")[NAMES[1]].shifts.relative


@pytest.mark.parametrize(
    ("row", "there", "told"),
    [
        ((1.0, 2.0), True, False),  # TweakReg wrote none: to be measured, and fails
        ((1.0, 2.0), False, True),
        ((math.nan, math.nan), False, False),  # it failed
        ((math.nan, math.nan), True, False),
    ],
)
def test_the_match_file_of_a_fit_is_missed_where_its_exposure_is_not_at_hand(
    row: tuple[float, float], there: bool, told: bool
) -> None:
    reference, fitted = shift_file().rows
    fitted = replace(fitted, dx=row[0], dy=row[1])
    shifts, name = shift_file(reference, fitted), fitted.file_name.removesuffix(".fits")
    found = without_match("fit_rms", Fit(shifts, name, None, any_match=True), there=there)
    assert (found is not None) is told
    if found is not None:
        assert found.reason == f"neither {fitted.file_name} nor its match file is among the products"
    assert without_match("fit_rms", Fit(shifts, name, match_file(5), any_match=True), there=there) is None
    alone = without_match("fit_rms", Fit(shifts, name, None, any_match=False), there=there)
    assert alone is not None
    assert alone.reason.startswith("no match file of shift_flt.txt is beside it")


# Pixels of a fit


def turned(terms: list[list[float]], places: list[tuple[float, float]]) -> MatchFile:
    """Sources of a fit at some pixels of a frame, whose terms are mas east and north by pixels x, y."""
    match = match_file(len(places))
    return replace(match, fit_xy=np.array(places), radec=sky(np.array(places) @ np.array(terms) / 1000.0))


@pytest.mark.parametrize("east", [-1.0, 1.0])
def test_three_sources_tell_the_pixel_of_a_fit_whichever_way_east_is(east: float) -> None:
    places = [(10.0, 20.0), (800.0, 90.0), (300.0, 700.0)]
    match = turned([[40.0 * east, 9.0], [-3.0, 50.0]], places)
    terms = frame_terms(match)
    assert terms is not None
    assert terms[:2] == pytest.approx(np.array([[40.0 * east, 9.0], [-3.0, 50.0]]), rel=2e-3)
    pixel = math.sqrt(abs(40.0 * east * 50.0 + 27.0)) / 1000.0
    fit = Fit(shift_file(), NAMES[1], match, any_match=True)
    assert pixel_of_fit(fit) == pytest.approx(pixel, rel=2e-3)
    assert pixel_of_fit(fit._replace(match=turned([[40.0, 0.0], [0.0, 40.0]], places[:2]))) is None
    assert pixel_of_fit(fit._replace(match=None)) is None


def test_sources_on_a_line_tell_no_pixel() -> None:
    places = [(10.0, 20.0), (110.0, 70.0), (410.0, 220.0), (810.0, 420.0)]
    assert frame_terms(turned([[40.0, 0.0], [0.0, 40.0]], places)) is None


def test_of_two_catalogues_the_larger_error_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubble_qa.checks.evidence.fits.CATALOG_ERRORS", {"sdss": 45.0, "2mass": 90.0})
    places = [(10.0, 20.0), (800.0, 90.0), (300.0, 700.0), (500.0, 500.0)]
    match = turned([[-50.0, 0.0], [0.0, 50.0]], places)
    match = replace(match, origin=("sdss.cat", "2MASS.cat", "sdss.cat", "mine.cat"))
    fit = Fit(shift_file(), NAMES[1], match, any_match=True)
    assert catalog_error(fit) == pytest.approx(90.0 / 50.0, rel=2e-3)


# Where the reference sources of a fit were measured


def write_three(path: Path) -> Path:
    """An exposure of three chips, whose middles are 0, 1 and 3 arcsec north."""
    write_exposure(path, *[np.ones((60, 80))] * 3)
    with fits.open(path, mode="update") as hdus:
        for number, north in enumerate((0.0, 1.0, 3.0), start=1):
            hdus["SCI", number].header["CRVAL2"] += north / 3600.0
    return path


@pytest.mark.parametrize(("extension", "north"), [(1, 0.0), (4, 1.0), (7, 3.0)])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_reference_sources_are_on_the_extension_that_is_named(
    tmp_path: Path, extension: int, north: float, ending: str
) -> None:
    """Each chip has three extensions; the file may be compressed."""
    own = write_exposure(tmp_path / f"{NAMES[1]}.fits", *[np.ones((60, 80))] * 2)
    reference = write_three(tmp_path / f"{NAMES[0]}.fits")
    if ending:
        (tmp_path / f"{reference.name}{ending}").write_bytes(gzip.compress(reference.read_bytes()))
        reference.unlink()
    match = read_match_file(write_sources(tmp_path, NAMES[1], "", f"{NAMES[0]}.fits[{extension}]"))
    fit = Fit(shift_file(), NAMES[1], match, any_match=True)
    found = matched_positions(fit, own)
    assert found is not None
    away = (np.array([(10.0, 5.0), (30.0, 15.0), (50.0, 45.0)]) - (40.5, 30.5)) * (-0.1, 0.1)
    assert found.reference == pytest.approx(sky(away + np.array([0.0, north])), abs=1e-8)
    assert missing_reference(fit, own) == ""
    moved = reference_moves(own, match)
    assert moved is not None
    east, up = 3.6e6 * (found.reference - match.radec).T
    assert moved == pytest.approx(np.column_stack([east * math.cos(math.radians(30.0)), up]), rel=1e-5)


@pytest.mark.parametrize("extension", [0, 10])
def test_an_extension_that_is_not_there_is_named(tmp_path: Path, extension: int) -> None:
    own = write_exposure(tmp_path / f"{NAMES[1]}.fits", *[np.ones((60, 80))] * 2)
    write_three(tmp_path / f"{NAMES[0]}.fits")
    match = read_match_file(write_sources(tmp_path, NAMES[1], "", f"{NAMES[0]}.fits[{extension}]"))
    with pytest.raises(ReaderError, match=f"{NAMES[0]}.fits has no extension {extension}, which its match"):
        matched_positions(Fit(shift_file(), NAMES[1], match, any_match=True), own)
    assert reference_moves(own, match) is None


def test_a_reference_exposure_that_is_not_at_hand_is_named(tmp_path: Path) -> None:
    own = write_exposure(tmp_path / f"{NAMES[1]}.fits", np.ones((60, 80)))
    write_three(tmp_path / f"{NAMES[0]}.fits")
    origins = (f"{NAMES[0]}.fits[1]", f"{NAMES[2]}.fits[1]", "gaia.cat")
    fit = Fit(shift_file(), NAMES[1], replace(match_file(3), origin=origins), any_match=True)
    lost = f"{NAMES[2]}.fits, to which it was fitted, is not among the products"
    assert missing_reference(fit, own) == lost
    write_three(tmp_path / f"{NAMES[2]}.fits")
    assert missing_reference(fit, own) == ""
    assert missing_reference(fit._replace(match=None), own) == ""


# What headers hold of a fit


def test_three_sources_tell_how_far_the_reference_moved(tmp_path: Path) -> None:
    write_pointed(tmp_path, REFERENCE, east=0.7, north=-0.5)
    other = write_pointed(tmp_path, OTHER, east=0.7, north=-0.5)
    moved = reference_moves(other, read_match_file(write_match(tmp_path, 3)))
    assert moved == pytest.approx(np.tile([700.0, -500.0], (3, 1)), abs=0.1)


def set_types(path: Path, *types: str) -> None:
    """As many chips as types of their solutions."""
    with fits.open(path) as hdus:
        chip = hdus["SCI", 1].copy()
        units = [hdus[0].copy()]
    for number, wcstype in enumerate(types, start=1):
        units.append(chip.copy())
        units[-1].header["EXTVER"] = number
        units[-1].header["WCSTYPE"] = wcstype
    fits.HDUList(units).writeto(path, overwrite=True)


def test_an_exposure_is_without_a_fit_if_no_chip_has_one(tmp_path: Path) -> None:
    write_pointed(tmp_path, REFERENCE)
    other, match = write_pointed(tmp_path, OTHER), write_match(tmp_path)
    without = "not aligned: reference"
    for types, applies in (((without, without), False), ((without, "user-defined"), True), (("",), True)):
        set_types(other, *types)
        other_name = other.with_name(f"{len(types)}{applies:d}_flt.fits")
        other_name.write_bytes(other.read_bytes())
        found = held_fit(other_name, "x", [match])
        assert (found.value is not None) is applies
        assert found.told is applies or "no fit was written into it" in found.reason


def test_an_exposure_without_science_headers_holds_no_fit(tmp_path: Path) -> None:
    write_pointed(tmp_path, REFERENCE)
    match = write_match(tmp_path)
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(name="DQ")]).writeto(tmp_path / OTHER)
    found = held_fit(tmp_path / OTHER, "x", [match])
    assert found.value is None
    assert found.reason == "the match file has sources on SCI,1, which the exposure does not have"


def test_of_several_match_files_the_nearest_counts(tmp_path: Path) -> None:
    """One of them has sources on a chip that the exposure does not have."""
    write_pointed(tmp_path, REFERENCE)
    other, match = write_pointed(tmp_path, OTHER, east=0.2), write_match(tmp_path)
    strange = tmp_path / "strange_catalog_fit.match"
    lines = match.read_text(encoding="utf-8").splitlines()
    fields = [line if line.startswith("#") else line.split() for line in lines]
    changed = [each if isinstance(each, str) else "  ".join([*each[:14], "2", *each[15:]]) for each in fields]
    strange.write_text("\n".join(changed) + "\n", encoding="utf-8")
    for matches in ([match, strange], [strange, match]):
        assert held_fit(other, "x", matches).value == pytest.approx(200.0, abs=0.1)
    assert held_fit(other, "x", [strange]).value is None


def test_a_shift_file_without_a_row_or_a_scatter_tells_no_ratio(tmp_path: Path) -> None:
    """Though its frame is beside it."""
    path = write_fitted(tmp_path)
    near, plain = write_scatter(tmp_path, "near", 0.4), write_scatter(tmp_path, "plain", None)
    other = write_scatter(tmp_path, "other", 0.5)
    other.write_text(other.read_text(encoding="utf-8").replace(NAMES[1], NAMES[2]), encoding="utf-8")
    assert header_and_shifts(path, "x", [plain, other, near]).value == pytest.approx(1.25)
    for shifts in ([plain], [other]):
        found = header_and_shifts(path, "x", shifts)
        assert (found.told, found.value) == (False, None)


def test_the_ratio_that_is_nearest_to_one_counts(tmp_path: Path) -> None:
    path = write_fitted(tmp_path)
    double = write_scatter(tmp_path, "double", 0.25)  # twice as much by the header
    less = write_scatter(tmp_path, "less", 0.625)  # 0.8 times
    assert header_and_shifts(path, "x", [double, less]).value == pytest.approx(0.8)
    assert header_and_shifts(path, "x", [double]).value == pytest.approx(2.0)


# Which catalogue a fit was made to


@pytest.mark.parametrize(("count", "known"), [(10, False), (11, True)])
def test_more_than_a_fifth_of_a_fit_tells_its_catalogue(tmp_path: Path, count: int, known: bool) -> None:
    positions, motions = stars(50)
    catalog = written(tmp_path / "gaia.ecsv", positions[:count], motions[:count])
    found = fitted_references(fit_to(positions), catalog)
    assert (found is not None) is known


@pytest.mark.parametrize(("off", "known"), [(0.9, True), (1.1, False)])
def test_positions_of_one_catalogue_agree_to_a_mas(tmp_path: Path, off: float, known: bool) -> None:
    positions, motions = stars(50)
    catalog = written(tmp_path / "gaia.ecsv", positions, motions, epoch=None)
    # Half to the north and half to the south, so that no epoch takes them there.
    away = positions + np.where(np.arange(50) % 2, off, -off)[:, None] * (0.0, 1.0 / 3.6e6)
    found = fitted_references(fit_to(away), catalog)
    assert (found is not None) is known


@pytest.mark.parametrize(("years", "known"), [(29.0, True), (-29.0, True), (31.0, False)])
def test_motions_are_followed_for_three_tenths_of_an_arcsec(
    tmp_path: Path, years: float, known: bool
) -> None:
    """Stars of 10 mas a year."""
    positions, _ = stars(50)
    motions = np.tile([6.0, -8.0], (50, 1))
    used = positions_at_epoch(positions, motions, from_epoch=GAIA, to_epoch=GAIA + years)
    found = fitted_references(fit_to(used), written(tmp_path / "gaia.ecsv", positions, motions))
    assert (found is not None) is known
    if found is not None:
        assert found.epoch == pytest.approx(GAIA + years, abs=0.02)


def test_an_empty_catalogue_or_two_sources_tell_no_fit(tmp_path: Path) -> None:
    positions, motions = stars(50)
    catalog = written(tmp_path / "gaia.ecsv", positions, motions)
    assert fitted_references(fit_to(positions[:2]), catalog) is None
    assert fitted_references(fit_to(positions[:3]), catalog) is not None
    empty = written(tmp_path / "empty.ecsv", positions[:0], motions[:0])
    assert fitted_references(fit_to(positions), empty) is None


def epoch_by(tmp_path: Path, speeds: np.ndarray, years: np.ndarray) -> float | None:
    """Epoch of a fit to stars of some speeds, each of which is where it is after years of its own."""
    positions, _ = stars(len(speeds))
    motions = speeds[:, None] * (0.6, -0.8)
    used = positions + motions * years[:, None] / 3.6e6 / np.column_stack(
        [np.cos(np.radians(positions[:, 1])), np.ones(len(speeds))]
    )
    found = fitted_references(fit_to(used), written(tmp_path / "gaia.ecsv", positions, motions))
    assert found is not None
    return found.epoch


def test_the_epoch_is_by_the_median_of_the_faster_half(tmp_path: Path) -> None:
    """Of the stars that move by more than half a mas a year."""
    fast = 1.0 + 8.0 * np.linspace(0.0, 1.0, 21) ** 2  # eleven are as fast as the median, nine as the mean
    speeds = np.concatenate([np.full(10, 0.4), fast])
    years = np.concatenate([np.full(10, 3.5), np.full(10, 3.0), np.full(6, 2.0), np.full(5, 2.3)])
    assert epoch_by(tmp_path, speeds, years) == pytest.approx(GAIA + 2.0, abs=0.02)


@pytest.mark.parametrize(("speed", "years"), [(0.49, 0.0), (0.51, 1.5), (0.99, 1.5)])
def test_below_half_a_mas_a_year_motions_tell_no_epoch(tmp_path: Path, speed: float, years: float) -> None:
    found = epoch_by(tmp_path, np.full(40, speed), np.full(40, 1.5))
    assert found == pytest.approx(GAIA + years, abs=0.02)


def test_the_share_without_motion_is_of_the_fits_sources(tmp_path: Path) -> None:
    """Of the fit's three in ten, of the catalogue's half."""
    positions, motions = stars(100)
    motions[:2], motions[2, 0], motions[60:] = np.nan, np.nan, np.nan
    catalog = written(tmp_path / "gaia.ecsv", positions, motions)
    found = fitted_references(fit_to(positions[:10]), catalog)
    assert found is not None
    measured = epoch_of_fit(found, seen(tmp_path), catalog, subject="shifts a_flc")
    assert measured.context["matches_without_motion"] == pytest.approx(0.3)


@pytest.mark.parametrize("east", [-1.0, 1.0])
def test_the_tolerance_of_a_fit_is_in_its_pixels_whichever_way_east_is(tmp_path: Path, east: float) -> None:
    places = np.random.default_rng(3).uniform(-2.8, 2.8, (40, 2))
    catalog = write_catalog(tmp_path / "gaia.ecsv", sky(places))
    exposure = write_exposure(tmp_path / "a_flt.fits", np.ones((60, 80)))
    sources = tmp_path / "a_flt_sci1_xy_catalog.coo"
    sources.write_text("# x y\n" + "1 2\n" * 30, encoding="utf-8")
    match = replace(match_file(6), header={"X and Y shift": "0.1 -0.2"}, residuals=np.zeros((6, 2)))
    mirrored, plain = (
        FittedReferences(match, 100.0 * np.diag([side, 1.0]), np.arange(6), None) for side in (east, 1.0)
    )
    expected = chance_of_fit(plain, exposure, [sources], catalog, subject="fit").value
    assert chance_of_fit(mirrored, exposure, [sources], catalog, subject="fit").value == expected
