"""Errors of fits and ratios of mosaics, by another way, where another sum gives another value."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hubble_qa.checks.astrometry.alignment import (
    CONFIRMED_ROLL,
    FEWEST_OF_ROLL,
    fit_rms,
    fit_rotation,
    fit_scale_change,
    nonfinite_shift_fields,
    other_fit,
    shift_error,
    shift_to_search_radius,
)
from hubble_qa.checks.images.mosaic_fluxes import MIN_SOURCES, chip_flux_ratio, input_width_ratio
from hubble_qa.checks.images.source_fluxes import ChipSources
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import MatchFile
from tests.wfpc2_samples import FAILED, FITTED, REFERENCE, match_file, shift_file


def error_by_least_squares(match: MatchFile) -> float:
    """Standard error of s and t in x' = a + s x - t y, y' = b + t x + s y, by the covariance of the fit."""
    x, y = match.input_xy.T
    one, nil = np.ones_like(x), np.zeros_like(x)
    design = np.concatenate([np.column_stack([one, nil, x, -y]), np.column_stack([nil, one, y, x])])
    freedom = 2 * len(x) - 4
    covariance = np.linalg.inv(design.T @ design) * np.sum(match.residuals**2) / freedom
    return math.sqrt(covariance[2, 2])


@pytest.mark.parametrize("sources", [4, 7, 120])
def test_the_error_of_scale_and_rotation_is_that_of_the_fit(sources: int) -> None:
    match = match_file(sources, scatter=(0.2, 0.05))
    shifts = shift_file(REFERENCE, FITTED)
    expected = error_by_least_squares(match)
    assert fit_scale_change(shifts, FITTED.file, match).uncertainty == pytest.approx(expected, rel=1e-6)
    rotation = fit_rotation(shifts, FITTED.file, match).uncertainty
    assert rotation == pytest.approx(math.degrees(expected), rel=1e-6)


def test_few_sources_or_one_place_tell_no_error() -> None:
    shifts = shift_file(REFERENCE, FITTED)
    one_place = match_file(30)
    one_place = replace(one_place, input_xy=np.full_like(one_place.input_xy, 400.0))
    unknown = match_file(30)
    unknown.residuals[3, 1] = np.nan
    for match in (match_file(3), one_place, unknown):
        assert fit_scale_change(shifts, FITTED.file, match).uncertainty is None
        assert fit_rotation(shifts, FITTED.file, match).uncertainty is None


def turned(angle: float, sources: int) -> MatchFile:
    """A fit whose sources are turned about their middle, far from the frame's origin."""
    match = match_file(sources, scatter=(0.02, 0.02))
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    matrix = np.array([[cosine, -sine], [sine, cosine]])
    frame = match.reference_xy + np.array([5000.0, -3000.0])
    middle = frame.mean(axis=0)
    return replace(
        match, reference_xy=frame, input_xy=(frame - middle) @ matrix + middle + np.array([250.0, -90.0])
    )


@pytest.mark.parametrize("angle", [0.6, -0.6])
@pytest.mark.parametrize("sources", [FEWEST_OF_ROLL, 2 * FEWEST_OF_ROLL - 1])
def test_a_roll_about_the_sources_middle_is_confirmed_whichever_way_it_goes(
    angle: float, sources: int
) -> None:
    row = replace(FITTED, rotation=angle)
    found = fit_rotation(shift_file(REFERENCE, row), row.file, turned(angle, sources))
    assert found.value == pytest.approx(math.copysign(0.6 - CONFIRMED_ROLL, angle))
    assert "is confirmed" in found.reason


def rotation_of(rotation: float, match: MatchFile | None) -> Measurement:
    row = replace(FITTED, rotation=rotation)
    return fit_rotation(shift_file(REFERENCE, row), row.file, match)


def test_a_roll_is_confirmed_by_sources_that_were_turned_by_it_to_ten_errors() -> None:
    match = turned(0.6, 40)
    error = math.degrees(error_by_least_squares(match))
    for away, confirmed in ((9.0, True), (11.0, False), (-9.0, True), (-11.0, False), (-100.0, False)):
        found = rotation_of(0.6 + away * error, match)
        assert ("is confirmed" in found.reason) is confirmed
        assert found.value == pytest.approx(0.6 + away * error - (CONFIRMED_ROLL if confirmed else 0.0))


@pytest.mark.parametrize(("rotation", "confirmed"), [(0.049, False), (0.051, True)])
def test_a_roll_is_larger_than_those_of_good_pointings(rotation: float, confirmed: bool) -> None:
    found = rotation_of(rotation, turned(rotation, 40))
    assert found.value == (0.0 if confirmed else rotation)


@pytest.mark.parametrize(("errors", "confirmed"), [(9.5, False), (10.5, True)])
def test_a_roll_is_ten_errors(errors: float, confirmed: bool) -> None:
    match = turned(0.3, 40)
    wide = replace(
        match,
        residuals=match.residuals * 0.3 / errors / math.degrees(error_by_least_squares(match)),
    )
    assert ("is confirmed" in rotation_of(0.3, wide).reason) is confirmed


def test_a_match_file_of_another_fit_tells_neither_error_nor_roll() -> None:
    other = replace(turned(0.6, 40), header={"X and Y shift": "9.0 9.0"})
    for match in (other, None):
        found = rotation_of(0.6, match)
        assert (found.value, found.uncertainty, found.reason) == (0.6, None, "")
        assert fit_scale_change(shift_file(), FITTED.file, match).uncertainty is None
        assert shift_error(FITTED, match) is None
        assert fit_rms(shift_file(), FITTED.file, match).uncertainty is None


def test_the_error_of_a_scatter_is_by_the_sources_of_the_fit() -> None:
    found = fit_rms(shift_file(), FITTED.file, match_file(40))
    assert found.uncertainty == pytest.approx(found.value / math.sqrt(2.0 * 39.0))


def test_the_scatter_of_a_relative_fit_is_that_of_its_row_whatever_its_match_file_holds() -> None:
    none = replace(match_file(), residuals=np.empty((0, 2)), origin=())
    found = fit_rms(shift_file(), FITTED.file, none)
    assert (found.value, found.uncertainty) == (0.15, None)


def test_the_error_of_a_shift_is_by_four_sources_at_least() -> None:
    match = match_file(4, scatter=(0.3, 0.4))
    assert shift_error(FITTED, match) == pytest.approx(0.5 / 2.0)
    assert shift_error(FITTED, match_file(3)) is None
    found = shift_to_search_radius(shift_file(), FITTED.file, match, plate_scale=0.1, search_radius=2.0)
    assert found.value == pytest.approx(math.hypot(1.81, 0.40) * 0.1 / 2.0)
    assert found.uncertainty == pytest.approx(0.25 * 0.1 / 2.0)
    assert (
        shift_to_search_radius(shift_file(), FITTED.file, plate_scale=0.1, search_radius=2.0).uncertainty
        is None
    )


def test_what_is_not_finite_is_no_fit() -> None:
    assert nonfinite_shift_fields(shift_file(REFERENCE, FAILED), FAILED.file).no_fit
    assert not nonfinite_shift_fields(shift_file(), FITTED.file).no_fit


def sources(chip: np.ndarray, *, width: np.ndarray | None = None, alike: bool = True) -> ChipSources:
    """Sources in a row, of flux and width 1 in the image."""
    places = np.column_stack([10.0 * np.arange(len(chip)), np.zeros(len(chip))])
    ones = np.ones(len(chip))
    return ChipSources(places, ones, chip, ones, ones if width is None else width, (0.0, 0.0), alike)


def test_shared_sources_are_compared_one_by_one() -> None:
    # The same sources in another order: each flux is its own.
    fluxes = np.arange(1.0, 2.0 * MIN_SOURCES)
    one, order = sources(fluxes), np.argsort(fluxes)[::-1]
    other = replace(one, places=one.places[order], chip=0.9 * fluxes[order])
    found = chip_flux_ratio({"a": one, "b": other}, subject="drz")
    assert found.context["a / b"]["ratio"] == pytest.approx(1.0 / 0.9)
    assert found.context["a / b"]["uncertainty"] == pytest.approx(0.0, abs=1e-9)
    assert found.context["a / b"]["sources"] == len(fluxes)


@pytest.mark.parametrize("coarse", [(False, True), (True, False), (False, False)])
def test_a_chip_of_finer_pixels_makes_a_ratio_less_certain(coarse: tuple[bool, bool]) -> None:
    fluxes = np.arange(1.0, MIN_SOURCES + 1.0)
    chips = {name: sources(fluxes, alike=alike) for name, alike in zip("ab", coarse, strict=True)}
    assert chip_flux_ratio(chips, subject="drz").uncertainty == pytest.approx(0.0125)


def test_so_many_sources_are_enough() -> None:
    fluxes = np.arange(1.0, MIN_SOURCES + 1.0)
    assert chip_flux_ratio({"a": sources(fluxes), "b": sources(fluxes)}, subject="drz").told
    few = sources(fluxes[1:])
    assert not chip_flux_ratio({"a": few, "b": few}, subject="drz").told
    enough = {"a": sources(fluxes), "b": sources(fluxes)}
    assert input_width_ratio(enough, subject="drz").told
    assert not input_width_ratio({**enough, "b": sources(fluxes[1:])}, subject="drz").told


def test_widths_that_are_not_known_do_not_count() -> None:
    width = np.array([2.0] * (2 * MIN_SOURCES) + [np.nan])
    found = sources(np.ones(len(width)), width=width)
    measured = input_width_ratio({"a": found}, subject="drz")
    assert (measured.value, measured.context["sources"]) == (0.5, 2 * MIN_SOURCES)
    swapped = replace(found, drizzled_width=width, chip_width=np.ones(len(width)))
    assert input_width_ratio({"a": swapped}, subject="drz").value == 2.0
    assert not input_width_ratio({"a": replace(found, alike=False)}, subject="drz").applicable


@pytest.mark.parametrize(
    ("row", "stated", "own"),
    [(1000.0, "1000.00009", True), (1000.0, "1000.0002", False), (math.nan, "nan", True)],
)
def test_shifts_of_one_fit_differ_by_their_decimals_however_large(row: float, stated: str, own: bool) -> None:
    match = replace(match_file(), header={"X and Y shift": f"{stated} {stated}"})
    assert (other_fit(replace(FITTED, dx=row, dy=row), match) == "") is own
