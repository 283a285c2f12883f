"""Sources of two lists: values by hand, in cases where another term or side gives another value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.astrometry.source_pairs import SourcePairs, pair_sources
from hubble_qa.checks.astrometry.source_positions import (
    catalog_offset,
    catalog_offset_variation,
    chance_match_fraction,
    source_position_difference,
)

FIELD = np.array([210.0, -35.0])
SHRINK = np.array([np.cos(np.radians(FIELD[1])), 1.0])


def lattice(columns: int, rows: int, step: float = 30.0) -> np.ndarray:
    """Positions, degrees, so many arcsec apart that no wrong pair is near."""
    east, north = np.meshgrid(np.arange(columns) - columns // 2, np.arange(rows) - rows // 2)
    return FIELD + step * np.column_stack([east.ravel(), north.ravel()]) / 3600.0 / SHRINK


def moved(positions: np.ndarray, east: float, north: float) -> np.ndarray:
    """Positions moved by arcsec."""
    return positions + np.array([east, north]) / 3600.0 / SHRINK


def pairs(offsets: np.ndarray, positions: np.ndarray) -> SourcePairs:
    indices = np.arange(len(offsets))
    return SourcePairs(indices, indices, positions, offsets, by_chance=0.5)


# Finding pairs


@pytest.mark.parametrize("away", [0.02, 0.05, 0.1, 0.13])
def test_a_part_of_the_sources_that_is_elsewhere_costs_no_pair_of_the_others(away: float) -> None:
    positions = lattice(12, 10)
    elsewhere = np.random.default_rng(3).random(len(positions)) < 0.25
    seen = np.where(elsewhere[:, None], moved(positions, away, 0.0), positions)
    found = pair_sources(seen, positions)
    assert len(found) == np.count_nonzero(~elsewhere)
    assert np.median(found.offsets, axis=0) == pytest.approx([0.0, 0.0], abs=1e-3)


@given(ra=st.floats(0, 359.99), dec=st.floats(-85, 85))
def test_positions_of_pairs_are_those_of_a_tangent_projection(ra: float, dec: float) -> None:
    half = np.random.default_rng(3).uniform(-0.05, 0.05, (20, 2))
    around = np.concatenate([half, -half, [(0.0, 0.0)]])  # so that their middle is the field's
    second = np.array([ra, dec]) + around / np.array([np.cos(np.radians(dec)), 1.0])
    second[:, 0] %= 360.0
    plane = WCS(naxis=2)
    plane.wcs.ctype, plane.wcs.crval = ["RA---TAN", "DEC--TAN"], [ra, dec]
    plane.wcs.cd = np.eye(2) / 3600.0
    found = pair_sources(second, second)
    expected = plane.wcs_world2pix(second, 1)
    np.testing.assert_allclose(found.positions, expected[found.second], atol=1e-4)
    np.testing.assert_allclose(found.offsets, 0.0, atol=1e-6)


@pytest.mark.parametrize(("east", "north"), [(4.8, 0.0), (0.0, -4.8), (-3.3, 3.3)])
def test_offsets_are_first_less_second_up_to_five_arcsec(east: float, north: float) -> None:
    second = lattice(6, 5)
    first = moved(second, east, north)[::-1]
    found = pair_sources(first, second)
    assert len(found) == 30
    np.testing.assert_array_equal(found.first, 29 - found.second)
    # Meridians converge: 90 arcsec from the middle, by 0.03 % of the offset.
    np.testing.assert_allclose(found.offsets, np.tile([1e3 * east, 1e3 * north], (30, 1)), atol=5.0)
    assert len(pair_sources(moved(second, 1.1 * east, 1.1 * north), second)) == 0
    assert len(pair_sources(first, second, search_radius=4.0)) == 0


@pytest.mark.parametrize(("common", "found"), [(20, 20), (19, 0)])
def test_twenty_pairs_are_enough_and_fewer_never(common: int, found: int) -> None:
    second = lattice(6, 5)
    first = second.copy()
    first[common:] += 0.5  # half a degree, out of reach
    assert len(pair_sources(first, second)) == found


def test_lists_of_twenty_sources_are_enough() -> None:
    assert len(pair_sources(lattice(5, 4), lattice(5, 4))) == 20
    assert len(pair_sources(lattice(5, 4), lattice(5, 4)[:19])) == 0


def test_the_nearer_of_two_sources_is_the_pair_in_either_list() -> None:
    second = lattice(6, 5)
    near, far = moved(second, 0.004, 0.0), moved(second[:4], 0.03, 0.0)
    found = pair_sources(np.concatenate([far, near]), second)
    assert sorted(zip(found.second, found.first, strict=True)) == [(star, star + 4) for star in range(30)]
    turned = pair_sources(second, np.concatenate([far, near]))
    assert sorted(zip(turned.first, turned.second, strict=True)) == [(star, star + 4) for star in range(30)]


def test_pairs_beyond_four_standard_deviations_or_ten_mas_are_others() -> None:
    second = lattice(10, 10)
    scatter = np.random.default_rng(7).normal(0.0, 0.02, (100, 2))
    scatter[:4] = [(0.05, 0.0), (0.0, -0.05), (0.13, 0.0), (0.0, -0.13)]
    found = pair_sources(second + scatter / 3600.0 / SHRINK, second)
    assert {0, 1} <= {*found.second.tolist()}
    assert not {2, 3} & {*found.second.tolist()}
    exact = np.zeros((100, 2))
    exact[:4] = [(0.008, 0.0), (0.0, -0.008), (0.013, 0.0), (0.0, -0.013)]
    assert sorted(pair_sources(second + exact / 3600.0 / SHRINK, second).second) == [0, 1, *range(4, 100)]


def test_pairs_by_chance_are_those_of_the_density_in_the_clipping_radius() -> None:
    generator = np.random.default_rng(2)
    side, stars = 160.0, 4000
    lists = generator.uniform(-side / 2, side / 2, (2, stars, 2))
    lists[1, :800] = lists[0, :800] + generator.normal(0.0, 0.02, (800, 2))
    first, second = (FIELD + each / 3600.0 / SHRINK for each in lists)
    found = pair_sources(first, second)
    # All pairs but the common ones, over the area; the radius is four times the scatter of an axis.
    by_chance = (stars**2 - 800) / side**2 * np.pi * (4.0 * 0.02) ** 2
    assert found.by_chance == pytest.approx(by_chance, rel=0.2)
    assert len(found) == pytest.approx(800 + found.by_chance, rel=0.05)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("gap", [2.0, 3.0, 4.0])
def test_unrelated_fields_that_nearly_touch_share_nothing(seed: int, gap: float) -> None:
    # The farther an offset moves one onto the other, the more pairs there are, and none within a few arcsec.
    generator = np.random.default_rng(seed)
    lists = generator.uniform(-40.0, 40.0, (2, 8000, 2))
    lists[0, :, 0] += 80.0 + gap
    assert len(pair_sources(*(FIELD + each / 3600.0 / SHRINK for each in lists))) == 0


@pytest.mark.parametrize("seed", range(5))
def test_what_nearly_touching_fields_share_is_found(seed: int) -> None:
    generator = np.random.default_rng(seed)
    lists = generator.uniform(-40.0, 40.0, (2, 3000, 2))
    lists[0, :, 0] += 77.0
    # Stars on the strip that both would see if one of them were not 4 arcsec off.
    lists[1, :60] = lists[0, :60] = generator.uniform((38.0, -40.0), (42.0, 40.0), (60, 2))
    lists[1, :60, 0] -= 4.0
    found = pair_sources(*(FIELD + each / 3600.0 / SHRINK for each in lists))
    assert np.median(found.offsets, axis=0) == pytest.approx((4000.0, 0.0), abs=2.0)


# Measuring them


def test_errors_are_of_the_median_and_along_the_offset() -> None:
    generator = np.random.default_rng(6)
    positions = generator.uniform(-80.0, 80.0, (900, 2))
    offsets = generator.normal((30.0, 0.0), (6.0, 60.0), (900, 2))
    offsets[:, 1] -= np.median(offsets[:, 1])  # none to the north
    measurement = catalog_offset(pairs(offsets, positions), subject="drc")
    assert measurement.uncertainty == pytest.approx(np.sqrt(np.pi / 2.0) * 6.0 / 30.0, rel=0.2)
    assert measurement.context["errors_mas"] == pytest.approx([0.2507, 2.507], rel=0.1)
    distances = source_position_difference(pairs(offsets, positions), subject="drc")
    assert distances.value == pytest.approx(np.median(np.hypot(*offsets.T)))


def test_variation_is_the_linear_part_at_the_worst_corner() -> None:
    slopes = np.array([[0.30, 0.10], [0.25, 0.20]])
    grid = np.array([(x, y) for x in np.linspace(-20.0, 60.0, 9) for y in np.linspace(-50.0, 10.0, 7)])
    offsets = np.array([100.0, -40.0]) + grid @ slopes
    measurement = catalog_offset_variation(pairs(offsets, grid), subject="drc")
    corners = np.array([(x, y) for x in (-40.0, 40.0) for y in (-30.0, 30.0)])  # from the mean, (20, -20)
    departures = np.hypot(*(corners @ slopes).T)
    assert measurement.value == pytest.approx(departures.max())


@pytest.mark.parametrize(("error", "judged"), [(2.0, True), (5.0, False)])
def test_an_offset_of_nothing_is_judged_if_it_is_known(error: float, judged: bool) -> None:
    generator = np.random.default_rng(9)
    positions = generator.uniform(-80.0, 80.0, (400, 2))
    offsets = generator.normal(0.0, error * 20.0 / 1.2533, (400, 2))
    measurement = catalog_offset(pairs(offsets - np.median(offsets, axis=0), positions), subject="drc")
    assert (measurement.value is not None) is judged
    far = catalog_offset(pairs(offsets + 50.0 * error, positions), subject="drc")
    assert far.value == pytest.approx(50.0 * np.sqrt(2.0) * error, rel=0.1)


def robust(values: np.ndarray) -> np.ndarray:
    """Standard deviation by the median departure from the median, of each column."""
    return 1.482602218505602 * np.median(np.abs(values - np.median(values, axis=0)), axis=0)


def scattered_field(
    number: int, scatter: tuple[float, float], seed: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """Offsets of sources over a field that is wider than high, and is not about its origin."""
    generator = np.random.default_rng(seed)
    positions = generator.uniform((-20.0, -70.0), (100.0, -10.0), (number, 2))
    return generator.normal(0.0, scatter, (number, 2)), positions


def plane(positions: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(positions)), positions - positions.mean(axis=0)])


@pytest.mark.parametrize("number", [20, 21])
def test_the_error_of_an_offset_is_along_it_and_of_the_scatter_about_a_plane(number: int) -> None:
    offsets, positions = scattered_field(number, (1.0, 3.0))
    offsets += np.array([40.0, -30.0]) + (positions - positions.mean(axis=0)) @ np.array(
        [[0.2, 0.0], [0.0, -0.3]]
    )
    found = catalog_offset(pairs(offsets, positions), subject="drc")
    terms = np.linalg.lstsq(plane(positions), offsets, rcond=None)[0]
    errors = math.sqrt(math.pi / 2.0) * robust(offsets - plane(positions) @ terms) / math.sqrt(number)
    median = np.median(offsets, axis=0)
    assert found.value == pytest.approx(np.hypot(*median))
    assert found.uncertainty == pytest.approx(np.hypot(*(median * errors)) / np.hypot(*median))
    few = catalog_offset(pairs(offsets[:19], positions[:19]), subject="drc")
    assert (few.value, few.reason) == (None, "only 19 sources are in both lists")


def test_the_error_of_no_offset_is_that_of_its_less_certain_axis() -> None:
    offsets, positions = scattered_field(31, (1.0, 3.0))
    offsets -= np.median(offsets, axis=0)
    found = catalog_offset(pairs(offsets, positions), subject="drc")
    assert found.value == 0.0
    assert found.uncertainty == pytest.approx(max(found.context["errors_mas"]))


@pytest.mark.parametrize("flip", [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)])
@pytest.mark.parametrize("slopes", [((0.30, 0.10), (0.05, 0.20)), ((0.30, 0.10), (-0.25, 0.20))])
def test_the_error_of_a_variation_is_that_of_the_plane_at_its_corner(
    flip: tuple[float, float], slopes: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    """Of a field that is denser at one corner, so that the corners are not equally far from the mean."""
    offsets, positions = scattered_field(40, (0.2, 0.6))
    positions = ((positions - positions.min(axis=0)) ** 2 / 100.0 + np.array([3.0, -8.0])) * flip
    offsets += positions @ slopes
    found = catalog_offset_variation(pairs(offsets, positions), subject="drc")
    design = plane(positions)
    terms = np.linalg.lstsq(design, offsets, rcond=None)[0]
    x, y = ((axis.min(), axis.max()) for axis in design[:, 1:].T)
    corners = [np.array([0.0, across, along]) for across in x for along in y]
    corner = max(corners, key=lambda each: float(np.hypot(*(each @ terms))))
    departure = corner @ terms
    errors = robust(offsets - design @ terms) * math.sqrt(corner @ np.linalg.inv(design.T @ design) @ corner)
    assert found.value == pytest.approx(np.hypot(*departure))
    assert found.uncertainty == pytest.approx(np.hypot(*(departure * errors)) / np.hypot(*departure))
    # Terms of mas per arcsec: columns are east and north, rows x and y.
    assert found.context["scale_change"] == pytest.approx((terms[1, 0] + terms[2, 1]) / 2000.0)
    turn = math.degrees((terms[2, 0] - terms[1, 1]) / 2000.0)
    assert abs(found.context["rotation_deg"]) == pytest.approx(abs(turn))


def test_the_error_of_a_difference_is_that_of_the_median_of_distances() -> None:
    offsets, positions = scattered_field(31, (10.0, 30.0))
    found = source_position_difference(pairs(offsets, positions), subject="a", other="b")
    distances = np.hypot(*offsets.T)
    assert found.value == pytest.approx(np.median(distances))
    assert found.uncertainty == pytest.approx(math.sqrt(math.pi / 2.0) * robust(distances) / math.sqrt(31))


@pytest.mark.parametrize(("errors", "known"), [(2.9, False), (3.1, True)])
def test_an_uncertain_offset_is_known_from_three_errors_on(errors: float, known: bool) -> None:
    offsets, positions = scattered_field(41, (40.0, 40.0))
    offsets -= np.median(offsets, axis=0)
    design = plane(positions)
    residuals = offsets - design @ np.linalg.lstsq(design, offsets, rcond=None)[0]
    error = math.sqrt(math.pi / 2.0) * robust(residuals)[0] / math.sqrt(41)
    found = catalog_offset(pairs(offsets + np.array([errors * error, 0.0]), positions), subject="drc")
    assert error > 10.0 / 3.0
    assert (found.value is not None) is known


def test_sources_nearly_along_a_line_tell_no_variation() -> None:
    """Ninety times as long as wide they still do."""
    grid = np.array([(x, y) for x in np.linspace(-45.0, 45.0, 10) for y in (-0.5, 0.5)])
    for width, told in ((1.0, True), (0.5, False)):
        positions = grid * np.array([1.0, width])
        found = catalog_offset_variation(pairs(positions @ np.diag([0.1, 0.1]), positions), subject="drc")
        assert (found.value is not None) is told


def test_the_error_of_matches_by_chance_is_that_of_counting_matches() -> None:
    found = chance_match_fraction(
        25, sources=50, references=4000, area=9e4, tolerance=0.3, search_radius=0.3, subject="xrq"
    )
    assert found.uncertainty == pytest.approx(found.value / 5.0)
    assert chance_match_fraction(
        1, sources=50, references=4000, area=9e4, tolerance=0.3, search_radius=0.3, subject="xrq"
    ).value == pytest.approx(0.6283, abs=1e-4)
    assert chance_match_fraction(
        1, sources=1, references=1, area=0.5, tolerance=0.3, search_radius=0.3, subject="xrq"
    ).value == pytest.approx(np.pi * 0.09 / 0.5)


def test_chance_counts_both_lists_and_the_square_of_the_tolerance() -> None:
    """50 x 4000 sources on 90,000 arcsec^2, in discs of 0.3 arcsec: 0.6283 at one offset."""
    arguments = {"sources": 50, "references": 4000, "area": 9e4, "subject": "xrq"}
    one = chance_match_fraction(20, tolerance=0.3, search_radius=0.3, **arguments)
    assert one.value == pytest.approx(50 * 4000 * np.pi * 0.09 / 9e4 / 20)
    # Of 100 Poisson numbers of that mean, one exceeds 3: P(k > 2) = 2.6 %, P(k > 3) = 0.4 %.
    assert chance_match_fraction(20, tolerance=0.3, search_radius=3.0, **arguments).value == 3 / 20
    # Of 4, one exceeds 1: P(k > 0) = 46.6 %, P(k > 1) = 13.1 %.
    assert chance_match_fraction(20, tolerance=0.3, search_radius=0.6, **arguments).value == 1 / 20
    narrow = chance_match_fraction(1, tolerance=0.3, search_radius=0.2, **arguments)
    assert narrow.value == pytest.approx(0.6283, abs=1e-4)


# A part of the pairs


def test_selected_pairs_keep_what_belongs_together() -> None:
    offsets, positions = np.arange(6.0).reshape(3, 2), np.arange(10.0, 16.0).reshape(3, 2)
    found = SourcePairs(np.array([4, 5, 6]), np.array([9, 8, 7]), positions, offsets, 0.5, "as it is")
    chosen = found.select(np.array([True, False, True]))
    assert chosen.first.tolist() == [4, 6]
    assert chosen.second.tolist() == [9, 7]
    assert chosen.positions.tolist() == [[10.0, 11.0], [14.0, 15.0]]
    assert chosen.offsets.tolist() == [[0.0, 1.0], [4.0, 5.0]]
    assert (chosen.by_chance, chosen.remark) == (0.5, "as it is")


def test_lists_without_pairs_give_none() -> None:
    found = pair_sources(lattice(4, 4), lattice(4, 4))
    assert len(found) == len(found.second) == 0
    assert found.positions.shape == found.offsets.shape == (0, 2)
    assert found.by_chance == 0.0
    assert found.remark == "one of the lists has 16 sources; pairs take 20"
