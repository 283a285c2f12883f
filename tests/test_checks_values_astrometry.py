"""Astrometry: values by hand, in cases where another statistic, axis or set of pixels gives another value."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from hubble_qa.checks.astrometry.alignment import scale_disagreement, shift_agreement, shift_disagreement
from hubble_qa.checks.astrometry.epochs import catalog_epoch_displacement, catalog_epoch_error
from hubble_qa.checks.astrometry.fit_keywords import (
    has_fit,
    keyword_matches,
    keyword_rms,
    keyword_rms_consistency,
)
from hubble_qa.checks.astrometry.footprints import seen_by_others
from hubble_qa.checks.astrometry.residuals import (
    MatchedPositions,
    matched_source_offset,
    residual_trend,
    rms_consistency,
)
from hubble_qa.checks.astrometry.solutions import archive_fit_matches, archive_fit_rms
from hubble_qa.checks.astrometry.source_pairs import SourcePairs
from hubble_qa.checks.astrometry.source_positions import catalog_offset, source_position_difference
from hubble_qa.checks.astrometry.world_coordinates import (
    chip_polygon,
    linear_matrix,
    orientation,
    pixel_grid,
    plate_scale,
)
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import Exposure, ShiftRow
from tests.uvis_fields import SCALE, flc
from tests.wfpc2_samples import FITTED, REFERENCE, match_file, shift_file


def pairs(offsets: np.ndarray, positions: np.ndarray | None = None) -> SourcePairs:
    """Pairs of sources with the given offsets, mas, over a field of 100 arcsec unless they lie elsewhere."""
    indices = np.arange(len(offsets))
    if positions is None:
        positions = np.random.default_rng(8).uniform(-50.0, 50.0, (len(offsets), 2))
    return SourcePairs(indices, indices, positions, offsets, by_chance=0.5)


def plain(*, shift: tuple[float, float] = (0.0, 0.0)) -> WCS:
    """A square grid of 0.04 arcsec pixels without distortion; the shift moves it over the sky, in pixels."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.0, 0.0]
    wcs.wcs.crpix = [100.5 - shift[0], 100.5 - shift[1]]
    wcs.wcs.cd = np.diag([-0.04, 0.04]) / 3600.0
    return wcs


def test_offset_is_the_median_of_the_sources_not_their_mean() -> None:
    offsets = np.random.default_rng(2).normal((3.0, 4.0), 0.5, (61, 2))
    offsets[:6] += (300.0, 300.0)  # a tenth are other stars
    for measure in (catalog_offset, source_position_difference):
        value = measure(pairs(offsets), subject="drc").value
        assert value == pytest.approx(5.0, abs=0.4)


def test_an_offset_has_both_axes() -> None:
    offsets = np.random.default_rng(2).normal((-12.0, 5.0), 0.5, (61, 2))
    measurement = catalog_offset(pairs(offsets), subject="drc")
    assert measurement.value == pytest.approx(13.0, abs=0.3)
    assert measurement.context["east_mas"] == pytest.approx(-12.0, abs=0.3)
    assert measurement.context["north_mas"] == pytest.approx(5.0, abs=0.3)


@pytest.mark.parametrize("worst", [1, 2])
def test_archives_fit_is_as_good_as_that_of_its_worst_chip(worst: int) -> None:
    exposure = flc(NMATCHES=30, RMS_RA=2.0, RMS_DEC=1.0)
    exposure.header("SCI", worst)["NMATCHES"] = 12
    assert archive_fit_matches(exposure).value == 12
    exposure.header("SCI", worst)["RMS_DEC"] = 7.92  # mas; a pixel of WFC3/UVIS is 39.6
    assert archive_fit_rms(exposure).value == pytest.approx(0.2)


def test_each_row_of_pc_is_scaled_by_its_own_cdelt() -> None:
    cards = [
        ("PC1_1", -0.8),
        ("PC1_2", 0.6),
        ("PC2_1", 0.5),
        ("PC2_2", 0.9),
        ("CDELT1", 2.0),
        ("CDELT2", 5.0),
    ]
    header = fits.Header(cards)
    np.testing.assert_allclose(linear_matrix(header), [[-1.6, 1.2], [2.5, 4.5]])
    assert plate_scale(header) == pytest.approx(3600.0 * np.sqrt(1.6 * 4.5 + 1.2 * 2.5))
    assert orientation(header) == pytest.approx(np.degrees(np.arctan(1.2 / 4.5)))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(("step", "blocks"), [(7.9, 10), (8.1, 9), (-7.9, 10), (-8.1, 9)])
def test_a_block_is_as_its_middle_is(axis: int, step: float, blocks: int) -> None:
    """The middle of a block of 16 is 8 pixels from either side."""
    shift = (step, 0.0) if axis == 0 else (0.0, step)
    here, there = ((plain(shift=each), (160, 160)) for each in ((0.0, 0.0), shift))
    seen = seen_by_others(here, [there], block=16)
    expected = np.zeros((160, 160), dtype=bool)
    expected[:, : 16 * blocks] = True
    if step > 0:
        expected = expected[:, ::-1]
    assert np.array_equal(seen, expected if axis == 0 else expected.T)


# Matched sources by the headers


def matched(offsets: np.ndarray, chips: list[int]) -> MatchedPositions:
    """Sources at declination 60, where a second of right ascension is half as long; offsets in mas."""
    reference = np.column_stack([np.full(len(offsets), 10.0), np.full(len(offsets), 60.0)])
    own = reference + offsets / 3.6e6 * np.array([2.0, 1.0])
    return MatchedPositions(own, reference, np.array(chips))


def median_offset(positions: MatchedPositions | None) -> Measurement:
    return matched_source_offset(shift_file(), "u5jx010hr", positions)


def skewed(east: float, north: float, number: int) -> np.ndarray:
    """Offsets of which more than half are alike, and the others far to one side."""
    offsets = np.tile([east, north], (number, 1))
    offsets[: (number - 1) // 2] += 700.0
    return offsets


def test_each_chip_has_its_own_median_offset_and_the_longest_counts() -> None:
    offsets = np.concatenate([skewed(6.0, -8.0, 12), skewed(1.0, 0.0, 11)])
    for chips, worst in (([1] * 12 + [2] * 11, "SCI,1"), ([2] * 12 + [1] * 11, "SCI,2")):
        measurement = median_offset(matched(offsets, chips))
        assert measurement.value == pytest.approx(10.0, abs=1e-4)
        assert worst in measurement.reason


def test_chips_of_few_sources_are_taken_together() -> None:
    together = median_offset(matched(np.tile([3.0, 4.0], (10, 1)), [1] * 5 + [2] * 5))
    assert together.value == pytest.approx(5.0, abs=1e-4)
    alone = median_offset(matched(np.tile([3.0, 4.0], (9, 1)), [1] * 9))
    assert alone.value == pytest.approx(5.0, abs=1e-4)
    assert median_offset(matched(np.tile([3.0, 4.0], (2, 1)), [1] * 2)).value is None
    assert median_offset(None).value is None
    assert not matched_source_offset(shift_file(), REFERENCE.file, None).applicable


def test_of_a_chip_with_few_sources_what_is_certain_counts() -> None:
    scatter = np.array([(20.0, 0.0), (-20.0, 0.0), (0.0, 20.0), (0.0, -20.0)])
    offsets = np.concatenate([np.tile(scatter, (5, 1)), scatter + np.array([0.0, 90.0])])
    measurement = median_offset(matched(offsets, [1] * 20 + [2] * 4))
    # The scatter of all about their medians is 1.4826 x 10 mas in each axis: mad_std of 0, 0, 20, 20.
    error = math.sqrt(math.pi / 2.0) * math.sqrt(2.0) * 1.4826 * 10.0 / 2.0
    assert measurement.value == pytest.approx(90.0 - 3.0 * error, rel=1e-3)
    assert "SCI,2" in measurement.reason
    one = np.concatenate([np.tile(scatter, (5, 1)), [(0.0, 500.0)]])
    assert 500.0 - 6.0 * error < median_offset(matched(one, [1] * 20 + [2])).value < 500.001
    assert median_offset(matched(offsets, [1] * 20 + [2] * 4)).context["certain_offsets_mas"].keys() == {
        "SCI,2"
    }


def test_few_sources_raise_no_false_alarm() -> None:
    generator = np.random.default_rng(1)
    values = []
    for sources in [1, 2, 4, 9] * 100:
        offsets = generator.normal(0.0, 20.0, (300 + sources, 2))
        offsets[:300] = generator.normal(0.0, 20.0, (300, 2))
        values.append(median_offset(matched(offsets, [1] * 300 + [2] * sources)).value)
    assert max(values) < 10.0


def test_a_chip_without_positions_is_the_worst() -> None:
    offsets = np.concatenate([np.tile([6.0, 8.0], (12, 1)), np.full((12, 2), np.nan), np.zeros((12, 2))])
    assert np.isnan(median_offset(matched(offsets, [1] * 12 + [2] * 12 + [3] * 12)).value)


# Chips in images


def test_polygon_of_a_chip_that_is_not_square() -> None:
    polygon = chip_polygon(plain(), (60, 200), plain(shift=(1000.0, 300.0)), inset=(7.0, 3.0))
    expected = np.array([(7, 7), (197, 7), (197, 57), (7, 57)]) - np.array([1000, 300])
    np.testing.assert_allclose(polygon, expected, atol=0.01)


def test_grid_covers_a_chip_to_its_edges() -> None:
    grid = pixel_grid((60, 200))
    assert grid.shape == (81, 2)
    np.testing.assert_array_equal(np.unique(grid[:, 0]), np.linspace(1, 200, 9))
    np.testing.assert_array_equal(np.unique(grid[:, 1]), np.linspace(1, 60, 9))


# Shifts, and what headers say of fits


def shifted(*shifts: tuple[float, float]) -> list[ShiftRow]:
    return [replace(FITTED, file=f"u5jx010{i}r_flt.fits", dx=dx, dy=dy) for i, (dx, dy) in enumerate(shifts)]


def test_a_shift_is_compared_with_the_median_of_the_others_of_its_visit() -> None:
    rows = shifted((1.0, 2.0), (1.0, 2.0), (1.3, 2.0), (1.0, 2.4), (7.0, -6.0), (900.0, 900.0))
    visit = [row.file for row in rows[:5]]  # the last is of another visit
    measurement = shift_agreement(shift_file(*rows), visit, subject="visit")
    assert measurement.value == pytest.approx(10.0)
    assert measurement.context["departures_pix"] == {
        "u5jx0100r": pytest.approx(0.15),  # of (1.15, 2), the medians of the other four
        "u5jx0101r": pytest.approx(0.15),
        "u5jx0102r": pytest.approx(0.3),
        "u5jx0103r": pytest.approx(np.hypot(0.15, 0.4)),
        "u5jx0104r": pytest.approx(10.0),
    }


def test_shift_files_differ_by_their_worst_row_and_field() -> None:
    first = shifted((1.0, 2.0), (4.0, -5.0), (0.5, 0.5))
    second = [first[0], replace(first[1], dy=-5.07, scale=first[1].scale + 2e-5), replace(first[2], dx=0.52)]
    files = shift_file(*first), shift_file(*second[::-1])
    found = shift_disagreement(*files, subject="pair")
    assert (found.value, found.reason) == (pytest.approx(0.07), "largest: dy of u5jx0101r")
    assert scale_disagreement(*files, subject="pair").value == pytest.approx(2e-5)


def fitted_flc(**of_second_chip: float) -> Exposure:
    """At declination 60; RMS of 0.03 and 0.04 arcsec on the sky."""
    cards = {"NMATCH": 50, "RMS_RA": 0.06 / 3600.0, "RMS_DEC": 0.04 / 3600.0, "CRVAL2": 60.0}
    exposure = flc(WCSNAME="GAIA", FITNAME="GAIA", **cards)
    exposure.header("SCI", 2).update(of_second_chip)
    return exposure


def test_fit_by_keywords_is_that_of_the_worst_chip() -> None:
    assert keyword_matches(fitted_flc(NMATCH=40)).value == 40
    assert keyword_matches(fitted_flc(NMATCH=60)).value == 50
    # 0.05 arcsec are of two axes; the second chip's, where it is worse, 0.13: 0.03 and sqrt(0.13^2 - 0.03^2).
    of_axis = 0.05 / SCALE / np.sqrt(2.0)
    assert keyword_rms(fitted_flc()).value == pytest.approx(of_axis)
    worse = fitted_flc(RMS_DEC=np.sqrt(0.13**2 - 0.03**2) / 3600.0)
    assert keyword_rms(worse).value == pytest.approx(of_axis * 13 / 5)
    assert keyword_rms(fitted_flc(RMS_DEC=0.0)).value == pytest.approx(of_axis)
    row = replace(FITTED, xrms=0.3, yrms=0.4)
    assert keyword_rms_consistency(worse, row, frame_scale=0.1).value == pytest.approx(0.13 / 0.05)


def test_every_chip_must_carry_the_fit() -> None:
    assert has_fit(fitted_flc())
    half = fitted_flc()
    half.header("SCI", 2)["FITNAME"] = "SDSS"
    assert not has_fit(half)
    assert not has_fit(replace(half, extensions=()))


# Epochs


def test_common_motion_is_the_median_of_either_axis() -> None:
    motions = np.tile([3.0, -4.0], (20, 1))
    motions[:9] += (200.0, 50.0)  # less than half are fast
    unknown = np.full((5, 2), np.nan)
    unknown[:, 0] = 7.0  # known in one axis only
    measurement = catalog_epoch_displacement(
        np.concatenate([motions, unknown]), catalog_epoch=2016.0, exposure_epoch=2010.0, subject="Gaia"
    )
    assert measurement.value == pytest.approx(30.0)
    assert measurement.context["sources"] == 20


# Scatter of match files


@pytest.mark.parametrize(
    ("recomputed", "quoted", "value"),
    [
        ((0.0077, 0.007), (0.007, 0.007), 1.1),
        ((0.007, 0.0056), (0.007, 0.007), 0.8),
        ((0.0055, 0.005), (0.005, 0.005), 1.1),  # the smallest that has a ratio
        ((0.004, 0.002), (0.002, 0.002), 1.04),  # below, 0.005 pixels count as 0.1
        ((0.001, 0.004), (0.004, 0.004), 0.94),
    ],
)
def test_scatter_is_compared_by_ratio_from_five_thousandths_of_a_pixel(
    recomputed: tuple[float, float], quoted: tuple[float, float], value: float
) -> None:
    row = replace(FITTED, xrms=quoted[0], yrms=quoted[1])
    measurement = rms_consistency(shift_file(REFERENCE, row), row.file, match_file(scatter=recomputed))
    assert measurement.value == pytest.approx(value)


@pytest.mark.parametrize("axis", [0, 1])
def test_sources_in_one_row_or_column_tell_no_trend(axis: int) -> None:
    match = match_file()
    match.fit_xy[:, axis] = 7.0
    value = residual_trend(shift_file(), FITTED.file, match).value
    assert value is None or np.isnan(value)


@pytest.mark.parametrize("axis", [0, 1])
def test_mean_of_residuals_is_that_at_the_mean_position(axis: int) -> None:
    match = match_file(27)  # nine on each chip, too few for its own trend
    match.fit_xy[:] = match.fit_xy / 2000.0 * np.array([0.2, 1.0]) + np.array([5.0, 900.0])
    match.residuals[:, axis] += 0.3
    x, y = (match.fit_xy - match.fit_xy.mean(axis=0)).T
    left = np.linalg.lstsq(np.column_stack([np.ones(27), x, y]), match.residuals[:, axis], rcond=None)[1]
    error = np.sqrt(left[0] / (27 - 3) / 27 + 0.005**2)
    measurement = residual_trend(shift_file(), FITTED.file, match)
    assert measurement.value == pytest.approx(0.3 / error)
    assert measurement.context["worst"] == f"frame: mean d{'xy'[axis]}"


@pytest.mark.parametrize("first", [1, 2])
def test_the_error_of_an_rms_is_by_the_fewest_matches(first: int) -> None:
    exposure = fitted_flc()
    exposure.header("SCI", first)["NMATCH"] = 13
    exposure.header("SCI", 2)["CD2_2"] *= 1.5
    found = keyword_rms(exposure)
    # Of 25 degrees of freedom: two axes less the mean.
    assert found.uncertainty == pytest.approx(found.value / math.sqrt(2.0 * 25.0), rel=0.03)
    assert found.value == pytest.approx(0.05 / SCALE / np.sqrt(2.0))


@pytest.mark.parametrize("value", [True, math.inf, math.nan, "50", None])
def test_a_fit_is_told_by_finite_numbers(value: object) -> None:
    exposure = fitted_flc()
    header = exposure.header("SCI", 2)
    if value is None:
        del header["RMS_DEC"]
    elif isinstance(value, float):
        # A header cannot hold it, but text that is read as a number may.
        exposure = replace(exposure, extensions=tuple(exposure.extensions))
        exposure.science_headers()[2].update({"RMS_DEC": "Infinity"})
    else:
        header["RMS_DEC"] = value
    found = keyword_rms(exposure)
    assert found.value is None
    assert "SCI,2: RMS_DEC" in found.reason


# Epochs by stars' own motions


def moving_field(years: float, *, stars: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offsets of stars, half of which move on their own, whose positions are so many years too late."""
    random = np.random.default_rng(11)
    own = random.normal(0.0, 0.05, (stars, 2))
    own[: stars // 2] = random.uniform(2.0, 6.0, (stars // 2, 2)) * random.choice(
        [-1.0, 1.0], (stars // 2, 2)
    )
    offsets = np.array([30.0, -20.0]) - years * own + random.normal(0.0, 0.5, own.shape)
    return offsets, own + np.array([-3.0, 5.0]), np.full(own.shape, 0.2)


def epoch_by_hand(offsets: np.ndarray, motions: np.ndarray, errors: np.ndarray) -> tuple[float, float, int]:
    """Slope, error and stars; see `catalog_epoch_error`."""
    known = np.isfinite(motions).all(axis=1) & np.isfinite(errors).all(axis=1)
    own, apart = (values[known] - np.median(values[known], axis=0) for values in (motions, offsets))
    moves = (np.abs(own) > 5.0 * errors[known]).any(axis=1)
    own, apart = own[moves], apart[moves]
    kept = np.ones(len(own), dtype=bool)
    for _ in range(5):
        slope = np.sum(own[kept] * apart[kept]) / np.sum(own[kept] ** 2)
        left = apart - slope * own
        flat = left[kept].ravel()
        scatter = 1.482602218505602 * np.median(np.abs(flat - np.median(flat)))
        kept = np.hypot(*left.T) < 4.0 * scatter * math.sqrt(2.0)
    return float(slope), float(scatter / math.sqrt(np.sum(own[kept] ** 2))), int(kept.sum())


@pytest.mark.parametrize("away", [2.0, 2.4, 2.8, 3.2, 3.6, 4.0, 4.8, 5.2, 6.0, 8.0])
def test_stars_farther_than_four_widths_tell_no_epoch(away: float) -> None:
    """Stars of which some lie about the limit, in either axis."""
    offsets, motions, errors = moving_field(1.0)
    offsets[:3, 0] += away
    offsets[3:5, 1] -= away
    slope, error, stars = epoch_by_hand(offsets, motions, errors)
    found = catalog_epoch_error(offsets, motions, errors, subject="x")
    assert found.context["stars"] == stars
    assert (found.context["years"], found.uncertainty) == (pytest.approx(slope), pytest.approx(error))


@pytest.mark.parametrize(("stars", "told"), [(8, True), (7, False)])
def test_eight_stars_with_a_motion_of_their_own_tell_an_epoch(stars: int, told: bool) -> None:
    offsets, motions, errors = moving_field(1.0)
    errors[stars:] = 100.0
    assert catalog_epoch_error(offsets, motions, errors, subject="x").told is told


@pytest.mark.parametrize("years", [2.0, -2.0, 0.0])
def test_an_epochs_error_is_the_slope_beyond_three_errors(years: float) -> None:
    offsets, motions, errors = moving_field(years)
    offsets[0] += 90.0  # another star
    motions[1, 0] = errors[2, 1] = np.nan
    slope, error, stars = epoch_by_hand(offsets, motions, errors)
    found = catalog_epoch_error(offsets, motions, errors, subject="x")
    assert found.context["stars"] == stars == 27
    assert (found.context["years"], found.uncertainty) == (pytest.approx(slope), pytest.approx(error))
    expected = math.copysign(max(abs(slope) - 3.0 * error, 0.0), slope)
    assert found.value == pytest.approx(expected)
    assert found.beyond_error


def test_the_epoch_is_told_by_stars_whose_motion_is_five_errors() -> None:
    offsets, motions, _ = moving_field(1.0)
    for factor, stars in ((0.9, True), (1.1, False)):
        # Of 30 stars with a motion of their own, 2 mas a year at least.
        own = np.abs(motions - np.median(motions, axis=0)).max(axis=1)[:, np.newaxis]
        found = catalog_epoch_error(offsets, motions, factor * np.tile(own / 5.0, 2), subject="x")
        assert found.told is stars
