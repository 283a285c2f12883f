"""Solutions: values by hand, in cases where another chip, edge or source gives another value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from hubble_qa.checks.astrometry.chip_solutions import chip_solution_violations
from hubble_qa.checks.astrometry.footprints import on_chips, seen_by_others
from hubble_qa.checks.astrometry.header_solutions import header_fit_difference
from hubble_qa.checks.astrometry.residuals import rms_consistency
from hubble_qa.checks.astrometry.solution_names import same_coordinates, wcs_name_violations
from hubble_qa.checks.astrometry.solutions import archive_fit_rms, solution_displacement
from hubble_qa.checks.astrometry.world_coordinates import distortion_solution_violations, round_trip_error
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import Extension
from hubble_qa.checks.readers.exposure import science_wcs
from tests.uvis_fields import chip_header, flc, headers
from tests.wfpc2_samples import FITTED, REFERENCE, exposure, match_file, shift_file
from tests.wfpc2_samples import chip_header as wfpc2_header


def plain(*, shift: tuple[float, float] = (0.0, 0.0), turn: float = 0.0) -> WCS:
    """Pixels of 0.04 arcsec without distortion; the solution is moved by pixels and turned by degrees."""
    wcs, angle = WCS(naxis=2), np.radians(turn)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.0, 0.0]
    wcs.wcs.crpix = [1.0 - shift[0], 1.0 - shift[1]]
    axes = np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    wcs.wcs.cd = 0.04 / 3600.0 * axes
    return wcs


def displacement(final: dict[int, WCS], archive: dict[int, WCS], **changes: object) -> Measurement:
    shapes = dict.fromkeys(archive, (300, 400))
    return solution_displacement(final, archive, headers(**changes), shapes=shapes, subject="ibwb01xqq")


@pytest.mark.parametrize("moved", [1, 2])
def test_displacement_is_that_of_the_chip_that_moved_most(moved: int) -> None:
    archive = {1: plain(), 2: plain()}
    final = {3 - moved: plain(shift=(0.5, 0.0)), moved: plain(shift=(3.0, -4.0))}
    assert displacement(final, archive).value == pytest.approx(200.0, abs=0.01)
    assert not displacement(archive, archive).applicable
    assert displacement({moved: final[moved]}, archive).value is None


def test_displacement_of_a_turn_is_that_of_the_far_corner() -> None:
    final = {1: plain(), 2: plain(turn=0.01)}
    measurement = displacement(final, {1: plain(), 2: plain()})
    # The reference pixel is the first corner, the far one 399 and 299 pixels from it.
    assert measurement.value == pytest.approx(np.hypot(399, 299) * 40.0 * np.radians(0.01), rel=1e-3)
    assert measurement.uncertainty == pytest.approx(np.hypot(1.3, 1.5) / np.sqrt(442))


@pytest.mark.parametrize(("matches", "applicable"), [(20, True), (19, False)])
def test_displacement_takes_a_fit_of_twenty_sources(matches: int, applicable: bool) -> None:
    found = displacement({1: plain(), 2: plain(shift=(1.0, 0.0))}, {1: plain(), 2: plain()}, NMATCHES=matches)
    assert found.applicable is applicable


def test_the_error_of_a_displacement_is_that_of_the_first_chips_fit_if_it_is_known() -> None:
    final, archive = {1: plain(), 2: plain(shift=(1.0, 0.0))}, {1: plain(), 2: plain()}
    shapes, found = dict.fromkeys(archive, (300, 400)), headers()
    found[1].update(RMS_RA=3.0, RMS_DEC=4.0, NMATCHES=25)
    assert solution_displacement(final, archive, found, shapes=shapes, subject="x").uncertainty == 1.0
    del found[1]["RMS_DEC"]
    assert solution_displacement(final, archive, found, shapes=shapes, subject="x").uncertainty is None
    assert not solution_displacement(final, archive, {}, shapes=shapes, subject="x").applicable


@pytest.mark.parametrize("keyword", ["RMS_RA", "RMS_DEC"])
def test_archives_scatter_is_that_of_the_larger_axis_and_chip(keyword: str) -> None:
    exposure = flc(RMS_RA=1.0, RMS_DEC=1.0)
    exposure.header("SCI", 2)[keyword] = 3.96  # mas, 0.1 pixels
    assert archive_fit_rms(exposure).value == pytest.approx(0.1)
    for wrong in (-1.0, float("inf"), "small", True):
        exposure.header("SCI", 2)[keyword] = wrong if wrong != float("inf") else "inf"
        assert archive_fit_rms(exposure).value is None


@pytest.mark.parametrize("far", [0, 7, 39])
def test_one_source_that_the_header_has_elsewhere_is_enough(far: int) -> None:
    solutions = {1: plain(), 2: plain(shift=(500.0, 100.0))}
    match = match_file(40, chips=(1, 2))
    radec = np.array(
        [
            solutions[int(chip)].all_pix2world([xy], 1)[0]
            for chip, xy in zip(match.chip, match.original_input_xy, strict=True)
        ]
    )
    assert header_fit_difference(solutions, replace(match, radec=radec), subject="x").value < 1e-3
    radec[far] += (30.0 / 3.6e6, -40.0 / 3.6e6)
    found = header_fit_difference(solutions, replace(match, radec=radec), subject="x")
    assert found.value == pytest.approx(50.0, abs=0.01)
    # The source's offset from the fit is west and north; it has moved by that and 6 mas to the east.
    moved = np.zeros((40, 2))
    moved[far] = (-30.0 * np.cos(np.radians(radec[far, 1])) + 6.0, 40.0)
    found = header_fit_difference(solutions, replace(match, radec=radec), subject="x", moved=moved)
    assert found.value == pytest.approx(6.0, abs=0.01)


class OutAndBack:
    """A transformation whose inverse is out by an offset at one point of the grid."""

    def __init__(self, point: int, offset: tuple[float, float]) -> None:
        self.point, self.offset = point, offset

    def all_pix2world(self, pixels: np.ndarray, origin: int) -> np.ndarray:
        return pixels / 1000.0

    def all_world2pix(self, sky: np.ndarray, origin: int, **_: object) -> np.ndarray:
        pixels = 1000.0 * sky
        pixels[self.point] += self.offset
        return pixels


@pytest.mark.parametrize("point", [0, 40, 80])
def test_round_trip_is_that_of_the_worst_point(point: int) -> None:
    assert round_trip_error(OutAndBack(point, (0.3, -0.4)), (60, 200), subject="x").value == pytest.approx(
        0.5
    )
    lost = round_trip_error(OutAndBack(point, (np.nan, 0.0)), (60, 200), subject="x")
    assert np.isnan(lost.value)


@pytest.mark.parametrize(
    ("x", "y", "inside"),
    [
        (-0.45, 30.0, True),
        (-0.55, 30.0, False),
        (199.45, 30.0, True),
        (199.55, 30.0, False),
        (100.0, -0.45, True),
        (100.0, -0.55, False),
        (100.0, 59.45, True),
        (100.0, 59.55, False),
    ],
)
def test_a_chip_ends_half_a_pixel_beyond_its_outermost_pixels_middles(
    x: float, y: float, inside: bool
) -> None:
    positions = plain().all_pix2world([(x, y), (20.0, 20.0)], 0)
    assert on_chips([(plain(), (60, 200))], positions).tolist() == [inside, True]
    elsewhere = (plain(shift=(1000.0, 1000.0)), (60, 200))
    assert on_chips([elsewhere, (plain(), (60, 200))], positions).tolist() == [inside, True]


def test_a_position_that_one_chip_sees_is_seen_wherever_the_others_are() -> None:
    here, beside = (plain(), (60, 200)), (plain(shift=(150.0, 0.0)), (60, 200))
    # Of the first alone, of both, and of the second alone.
    positions = plain().all_pix2world([(20.0, 30.0), (170.0, 30.0), (300.0, 30.0)], 0)
    for chips in ([here, beside], [beside, here]):
        assert on_chips(chips, positions).tolist() == [True, True, True]
    assert on_chips([here], positions).tolist() == [True, True, False]
    assert on_chips([beside], positions).tolist() == [False, True, True]


@pytest.mark.parametrize("declination", [-75.0, 0.0, 60.0])
def test_positions_on_the_other_side_of_the_sky_are_on_no_chip(declination: float) -> None:
    wcs = plain()
    wcs.wcs.crval = [150.0, declination]
    positions = wcs.all_pix2world([(20.0, 20.0)], 0)
    away = np.array([(330.0, -declination), (330.0, declination), (150.0, declination - 1.0)])
    assert on_chips([(wcs, (60, 200))], np.concatenate([positions, away])).tolist() == [True, *[False] * 3]


def test_a_distortion_that_has_no_inverse_sees_what_it_does_and_raises_nothing() -> None:
    wcs = science_wcs(wfpc2_header(2, A_3_0=1e-3))
    positions = np.array([(201.7, -47.5), (201.705, -47.505)])
    assert on_chips([(wcs, (800, 800))], positions).tolist()[0] is True


@pytest.mark.parametrize("block", [16, 7])
def test_blocks_cover_a_chip_of_any_shape(block: int) -> None:
    """A neighbour that begins 41 pixels from the first column, and 21 from the first row."""
    here, there = (plain(), (70, 130)), (plain(shift=(41.0, 21.0)), (300, 300))
    seen = seen_by_others(here, [there], block=block)
    y, x = (np.arange(size) // block * block + (block - 1) / 2.0 for size in (70, 130))
    expected = (y[:, np.newaxis] >= 20.5) & (x >= 40.5)
    assert seen.shape == (70, 130)
    assert np.array_equal(seen, expected)


KEYS = ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")


@pytest.mark.parametrize("key", KEYS)
def test_each_linear_term_tells_two_solutions_apart(key: str) -> None:
    one, other = chip_header(1), chip_header(1)
    assert same_coordinates(one, other)
    other[key] *= 1.0 + 5e-12
    assert same_coordinates(one, other)
    other[key] *= 1.0 + 5e-11
    assert not same_coordinates(one, other)
    del other[key]
    assert not same_coordinates(one, other)


def stepped(*, by: float, chip: int, kept: str = "A") -> Measurement:
    """Both chips moved from the solution that they keep, one of them by some mas more."""
    exposure = flc(WCSNAME="GAIA")
    for number in (1, 2):
        header = exposure.header("SCI", number)
        for key in KEYS:
            header[f"{key}{kept}"] = header[key]
        header[f"WCSNAME{kept}"] = "IDC_2731450pi"
        header["CRVAL2"] += (500.0 + (by if number == chip else 0.0)) / 3.6e6
    exposure.primary["IDCTAB"] = "iref$2731450pi_idc.fits"
    return chip_solution_violations(exposure)


@pytest.mark.parametrize("chip", [1, 2])
def test_chips_move_together_to_five_mas(chip: int) -> None:
    assert stepped(by=4.8, chip=chip).value == 0
    assert stepped(by=5.2, chip=chip).value == 1
    assert stepped(by=-5.2, chip=chip, kept="B").value == 1
    assert stepped(by=5.2, chip=chip).context["apart_mas"] == {"SCI,2": pytest.approx(5.2, abs=0.01)}


# Distortion in headers


@pytest.mark.parametrize("axis", ["A", "B"])
@pytest.mark.parametrize(
    ("term", "found"), [("0_3", True), ("3_0", True), ("1_2", True), ("3_1", False), ("0_4", False)]
)
def test_each_coefficient_up_to_the_order_is_a_polynomial(axis: str, term: str, found: bool) -> None:
    none = {f"{axis}_{name}": None for name in ("2_0", "1_1", "0_2", "3_0", "0_3")}
    missing = f"there is no SIP coefficient {axis}_p_q"
    without = distortion_solution_violations(exposure(science=none), 2)
    assert without.value == 1
    assert missing in without.reason
    one = distortion_solution_violations(exposure(science={**none, f"{axis}_{term}": 1e-8}), 2)
    assert (missing in one.reason) is not found
    # Alone it is not the camera's distortion.
    assert one.value == 1
    orderless = exposure(science={**none, f"{axis}_ORDER": None, f"{axis}_0_1": 1e-8})
    assert distortion_solution_violations(orderless, 2).value == 1


@pytest.mark.parametrize(("name", "violations"), [("IDC_sad1946fu", 0), ("IDC_sad1946fu-FIT_REL_GAIA", 1)])
def test_distortion_alone_is_without_a_fit(name: str, violations: int) -> None:
    carried = exposure(science={"WCSNAME": name})
    assert distortion_solution_violations(carried, 2, distortion_only=True).value == violations
    assert distortion_solution_violations(carried, 2).value == 0


def with_npol(
    keywords: dict[int, dict[str, str]], tables: tuple[int, ...], file: str = "x_npl.fits"
) -> float | None:
    """Violations of chip 1 of an exposure with an NPOLFILE, by keywords of chips and versions of tables."""
    made = exposure(primary={"NPOLFILE": file})
    for chip, cards in keywords.items():
        for key, value in cards.items():
            made.header("SCI", chip).set(key, value)
    added = tuple(Extension("WCSDVARR", version, fits.Header()) for version in tables)
    return distortion_solution_violations(replace(made, extensions=(*made.extensions, *added)), 1).value


def test_tables_are_there_for_the_chips_that_refer_to_them() -> None:
    both = {"CPDIS1": "Lookup", "CPDIS2": "Lookup", "DP1": "EXTVER: 1", "DP2": "EXTVER: 2"}
    assert with_npol({1: both}, (1, 2)) == 0
    assert with_npol({1: both}, (1,)) == 1
    assert with_npol({}, (1, 2)) == 1  # no chip refers to them
    assert with_npol({3: {"CPDIS2": "Lookup"}}, (1, 2)) == 0  # another chip does
    assert with_npol({3: {"CPDIS2": "Lookup"}}, ()) == 1
    assert with_npol({1: {"CPDIS1": "Lookup"}}, ()) == 0
    assert with_npol({}, (), file="N/A") == 0
    assert with_npol({}, (), file="") == 0


# Match files of other fits


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ({}, True),
        ({"Input image": "u5jx010hr_flt.fits"}, True),
        ({"Input image": "u5jx0108r_flt.fits"}, False),
        ({"X and Y shift": "1.8100 -0.4000"}, True),
        ({"X and Y shift": "1.81009 -0.40009"}, True),
        ({"X and Y shift": "1.81015 -0.4000"}, False),
        ({"X and Y shift": "1.8100 -0.40015"}, False),
        ({"X and Y shift": "-0.4000 1.8100"}, False),
    ],
)
def test_match_file_is_of_the_fit_of_its_row(header: dict[str, str], known: bool) -> None:
    match = replace(match_file(), header=header)
    found = rms_consistency(shift_file(), FITTED.file, match)
    assert found.value == (pytest.approx(1.0) if known else None)


def test_scatter_of_nothing_is_not_measured_and_that_of_nan_is_the_worst() -> None:
    none = replace(match_file(), residuals=np.empty((0, 2)))
    assert rms_consistency(shift_file(), FITTED.file, none).value is None
    broken = match_file()
    broken.residuals[0, 1] = np.nan
    assert np.isnan(rms_consistency(shift_file(), FITTED.file, broken).value)
    row = replace(FITTED, dx=np.nan, dy=np.nan)
    lost = replace(match_file(), header={"X and Y shift": "nan nan"})
    assert rms_consistency(shift_file(REFERENCE, row), row.file, lost).value is None


# Names


@pytest.mark.parametrize("found", [{}, {"a": {1: chip_header(1)}, "b": {}}])
def test_without_headers_of_each_exposure_no_name_is_measured(
    found: dict[str, dict[int, fits.Header]],
) -> None:
    names = dict.fromkeys(found, str(chip_header(1)["WCSNAME"]))
    measured = wcs_name_violations(found, wcsname=names, relative=False, subject="flc")
    assert measured.value is None


def test_text_for_a_number_is_another_solution_and_cards_hold_eleven_digits() -> None:
    one, other = chip_header(1), chip_header(1)
    other["CRVAL1"] *= 1.0 + 1.5e-11
    assert not same_coordinates(one, other)
    other["CRVAL1"] = "19h20m"
    assert not same_coordinates(one, other)
