"""Sources of two lists on the sky: pairs, offsets, variation over the field, chance matches."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubble_qa.checks.astrometry.source_pairs import MIN_PAIRS, pair_sources
from hubble_qa.checks.astrometry.source_positions import (
    catalog_offset,
    catalog_offset_variation,
    chance_match_fraction,
    source_position_difference,
)
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.readers import read_match_file, read_shift_file
from hubble_qa.checks.verdict import Status, judge

CATALOGS = Path(__file__).parents[2] / "shared" / "catalogs" / "ngc6791"
EXPOSURES = ("ibwb01xqq", "ibwb01xrq", "ibwb01xxq")
real = pytest.mark.skipif(not CATALOGS.is_dir(), reason="needs the real NGC 6791 source lists")

OFFSETS = {
    "AST-012": catalog_offset,
    "AST-017": catalog_offset_variation,
    "WCS-003": source_position_difference,
}


def square(
    stars: int, *, side: float = 160.0, ra: float = 290.2, dec: float = 37.8, seed: int = 1
) -> np.ndarray:
    """Uniform positions, degrees, on a square with a side in arcsec."""
    offsets = np.random.default_rng(seed).uniform(-side / 2, side / 2, (stars, 2)) / 3600.0
    return np.column_stack([ra + offsets[:, 0] / np.cos(np.radians(dec)), dec + offsets[:, 1]])


def displaced(
    positions: np.ndarray,
    *,
    east: float = 0.0,
    north: float = 0.0,
    scatter: float = 0.0,
    rotation: float = 0.0,
    seed: int = 2,
) -> np.ndarray:
    """Positions moved by mas, with scatter in mas, and turned about their middle by degrees."""
    middle, factor = np.median(positions, axis=0), np.cos(np.radians(np.median(positions[:, 1])))
    plane = (positions - middle) * (factor, 1.0)
    turn = np.radians(rotation)
    plane = plane @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]).T
    plane += (
        np.array([east, north]) + scatter * np.random.default_rng(seed).normal(size=plane.shape)
    ) / 3.6e6
    return middle + plane / (factor, 1.0)


@settings(max_examples=40)
@given(
    east=st.floats(-3400, 3400),
    north=st.floats(-3400, 3400),
    ra=st.sampled_from([0.0, 12.0, 290.2, 359.999]),
    dec=st.sampled_from([-70.0, 0.0, 37.8, 70.0]),
)
def test_any_offset_within_reach_is_found(east: float, north: float, ra: float, dec: float) -> None:
    catalog = square(300, ra=ra, dec=dec)
    found = displaced(catalog, east=east, north=north, scatter=2.0)
    pairs = pair_sources(found, catalog)
    assert len(pairs) > 280
    measurement = catalog_offset(pairs, subject="drc")
    assert measurement.value == pytest.approx(np.hypot(east, north), abs=1.0)
    assert measurement.context["east_mas"] == pytest.approx(east, abs=1.0)
    assert measurement.context["north_mas"] == pytest.approx(north, abs=1.0)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), stars=st.sampled_from([30, 300, 3000, 12_000]))
def test_unrelated_lists_have_no_pairs(seed: int, stars: int) -> None:
    """Each source of the denser lists has a neighbour within an arcsec or two, and none of them counts."""
    pairs = pair_sources(square(stars, seed=seed), square(stars, seed=seed + 20_000))
    assert len(pairs) == 0
    for name, measure in OFFSETS.items():
        verdict = judge(load_criteria()[name], measure(pairs, subject="drc"))
        assert verdict.status is Status.NOT_MEASURED
        assert "than by chance" in verdict.reason


def test_an_offset_of_arcsecs_in_a_dense_field_is_no_small_one() -> None:
    """The median offset of nearest neighbours would be near zero."""
    catalog = square(8000)
    pairs = pair_sources(displaced(catalog, east=3000.0, scatter=3.0), catalog)
    assert catalog_offset(pairs, subject="drc").value == pytest.approx(3000.0, abs=1.0)


def test_few_common_sources_among_many_others_are_found() -> None:
    catalog, others = square(4000), square(3000, seed=9)
    found = np.concatenate([displaced(catalog[:200], east=6.0, scatter=3.0), others])
    pairs = pair_sources(found, catalog)
    right = pairs.first == pairs.second
    assert right.sum() > 180
    assert np.count_nonzero(~right) < 10 + 3 * pairs.by_chance
    assert catalog_offset(pairs, subject="drc").value == pytest.approx(6.0, abs=1.0)


def test_no_source_is_in_two_pairs() -> None:
    catalog = square(2000, side=40.0)
    double = np.concatenate([displaced(catalog, scatter=5.0), displaced(catalog, scatter=5.0, seed=3)])
    pairs = pair_sources(double, catalog)
    assert len(np.unique(pairs.first)) == len(pairs)
    assert len(np.unique(pairs.second)) == len(pairs)


def test_indices_are_those_of_the_lists_with_gaps() -> None:
    catalog = square(200)
    found = displaced(catalog, north=50.0)
    found[::7] = np.nan
    catalog[::11, 1] = np.nan
    pairs = pair_sources(found, catalog)
    np.testing.assert_array_equal(pairs.first, pairs.second)
    usable = np.isfinite(found).all(axis=1) & np.isfinite(catalog).all(axis=1)
    assert len(pairs) == usable.sum()


@pytest.mark.parametrize("stars", [0, MIN_PAIRS - 1])
def test_pairs_take_twenty_sources(stars: int) -> None:
    pairs = pair_sources(square(stars), square(100))
    verdict = judge(load_criteria()["AST-012"], catalog_offset(pairs, subject="drc"))
    assert verdict.status is Status.NOT_MEASURED
    assert f"{stars} sources; pairs take 20" in verdict.reason


@settings(max_examples=25)
@given(offset=st.floats(0, 30), scatter=st.floats(0.5, 30), seed=st.integers(0, 1000))
def test_offset_is_right_within_its_error(offset: float, scatter: float, seed: int) -> None:
    catalog = square(400, seed=seed)
    pairs = pair_sources(displaced(catalog, east=offset, scatter=scatter, seed=seed + 1), catalog)
    measurement = catalog_offset(pairs, subject="drc")
    assert measurement.uncertainty == pytest.approx(1.2533 * scatter / 20, rel=0.3)
    assert measurement.context["east_mas"] == pytest.approx(offset, abs=6 * measurement.uncertainty)


def test_an_offset_that_is_hardly_known_is_not_judged_unless_it_is_large() -> None:
    catalog, rule = square(60), load_criteria()["AST-012"]
    verdicts = [
        judge(
            rule,
            catalog_offset(
                pair_sources(displaced(catalog, east=offset, scatter=40.0), catalog), subject="drc"
            ),
        )
        for offset in (0.0, 80.0)
    ]
    assert [verdict.status for verdict in verdicts] == [Status.NOT_MEASURED, Status.FAIL]
    assert "60 sources" in verdicts[0].reason


@given(rotation=st.floats(-0.1, 0.1))
@settings(max_examples=25)
def test_rotation_shows_in_the_variation_and_not_in_the_median(rotation: float) -> None:
    catalog = square(600)
    pairs = pair_sources(displaced(catalog, rotation=rotation, scatter=2.0), catalog)
    assert len(pairs) > 550
    assert catalog_offset(pairs, subject="drc").value < 10.0
    variation = catalog_offset_variation(pairs, subject="drc")
    corner = 80_000.0 * np.sqrt(2) * np.radians(abs(rotation))  # mas
    assert variation.value == pytest.approx(corner, rel=0.05, abs=2.0)
    assert variation.context["rotation_deg"] == pytest.approx(rotation, abs=0.0005)
    difference = source_position_difference(pairs, subject="xrq, xxq")
    assert difference.value == pytest.approx(0.55 * corner, rel=0.1, abs=3.0)


def test_sources_along_a_line_tell_no_variation() -> None:
    catalog = square(200)
    catalog[:, 1] = 37.8
    pairs = pair_sources(catalog, catalog)
    verdict = judge(load_criteria()["AST-017"], catalog_offset_variation(pairs, subject="drc"))
    assert verdict.status is Status.NOT_MEASURED
    assert "line" in verdict.reason


def test_chance_matches_by_hand() -> None:
    """A thousand sources each on 10^5 arcsec^2, in discs of 0.5 arcsec: 7.85 at one offset."""
    measurement = chance_match_fraction(
        100, sources=1000, references=1000, area=1e5, tolerance=0.5, search_radius=0.5, subject="xrq"
    )
    assert measurement.value == pytest.approx(0.0785, abs=0.0001)
    wide = chance_match_fraction(
        100, sources=1000, references=1000, area=1e5, tolerance=0.5, search_radius=5.0, subject="xrq"
    )
    # One in a hundred Poisson numbers of mean 7.854 exceeds 15.
    assert wide.context["by_chance"] == 15.0


@settings(max_examples=30)
@given(
    stars=st.integers(100, 4000),
    tolerance=st.floats(0.02, 0.3),
    seed=st.integers(0, 1000),
)
def test_best_chance_offset_is_about_what_is_expected(stars: int, tolerance: float, seed: int) -> None:
    """Unrelated lists, matched at the best offset of those searched: rejected, whatever the density."""
    first, second = square(stars, seed=seed), square(stars, seed=seed + 5000)
    best = best_chance_matches(first, second, tolerance, search_radius=1.0)
    measurement = chance_match_fraction(
        best,
        sources=stars,
        references=stars,
        area=160.0**2,
        tolerance=tolerance,
        search_radius=1.0,
        subject="x",
    )
    assert not judge(load_criteria()["AST-014"], measurement).accepted


def best_chance_matches(first: np.ndarray, second: np.ndarray, tolerance: float, search_radius: float) -> int:
    """Largest number of pairs of unrelated lists within a tolerance of one offset."""
    from scipy.spatial import cKDTree

    planes = [(each - (290.2, 37.8)) * 3600.0 * (np.cos(np.radians(37.8)), 1.0) for each in (first, second)]
    near = cKDTree(planes[0]).sparse_distance_matrix(cKDTree(planes[1]), search_radius, output_type="ndarray")
    if not len(near):
        return 1
    offsets = planes[0][near["i"]] - planes[1][near["j"]]
    tree = cKDTree(offsets)
    return int(max(len(found) for found in tree.query_ball_point(offsets, tolerance)))


@pytest.mark.parametrize("wrong", ["area", "tolerance", "search_radius"])
def test_chance_takes_positive_areas_and_lengths(wrong: str) -> None:
    lengths = {"area": 1e4, "tolerance": 0.1, "search_radius": 1.0, wrong: 0.0}
    with pytest.raises(ValueError, match="must be positive"):
        chance_match_fraction(50, sources=100, references=100, subject="xrq", **lengths)


def test_nothing_matched_is_not_measured() -> None:
    measurement = chance_match_fraction(
        0, sources=100, references=100, area=1e4, tolerance=0.1, search_radius=1.0, subject="xrq"
    )
    assert judge(load_criteria()["AST-014"], measurement).status is Status.NOT_MEASURED


# Real NGC 6791


def positions(name: str) -> np.ndarray:
    return np.loadtxt(CATALOGS / name, usecols=(0, 1))


@real
@pytest.mark.parametrize("exposure", EXPOSURES)
def test_real_source_lists_are_as_far_from_gaia_as_tweakreg_found(exposure: str) -> None:
    """The lists are on the sky by the headers before the alignment, out by 7 pixels."""
    gaia = positions("gaia.cat")
    pairs = pair_sources(positions(f"{exposure}_flc_sky_catalog.coo"), gaia)
    row = read_shift_file(CATALOGS / "Gaia_shifts.txt", relative=False).row(exposure)
    assert row is not None
    assert len(pairs) > 500
    measurement = catalog_offset(pairs, subject=exposure)
    # TweakReg's shift holds at the frame's middle, the median over the sources; scale and rotation differ.
    assert measurement.value == pytest.approx(39.6 * np.hypot(row.dx, row.dy), abs=5.0)
    variation = catalog_offset_variation(pairs, subject=exposure)
    assert abs(variation.context["rotation_deg"]) == pytest.approx(row.rotation, abs=0.0005)
    assert abs(variation.context["scale_change"]) == pytest.approx(row.scale - 1.0, abs=1e-5)
    for name, measured in (("AST-012", measurement), ("AST-017", variation)):
        assert judge(load_criteria()[name], measured).status is Status.FAIL


@real
@pytest.mark.parametrize("exposure", EXPOSURES)
def test_real_fit_lies_on_gaia(exposure: str) -> None:
    match = read_match_file(CATALOGS / f"{exposure}_flc_catalog_fit.match")
    pairs = pair_sources(match.radec, positions("gaia.cat"))
    assert len(pairs) == len(match)
    for name in ("AST-012", "AST-017"):
        assert judge(load_criteria()[name], OFFSETS[name](pairs, subject=exposure)).status is Status.PASS


@real
def test_real_exposures_before_alignment_agree_as_their_guide_stars_do() -> None:
    lists = [positions(f"{exposure}_flc_sky_catalog.coo") for exposure in EXPOSURES]
    values = []
    for first, second in ((0, 1), (1, 2), (0, 2)):
        measurement = source_position_difference(pair_sources(lists[first], lists[second]), subject="pair")
        values.append(measurement.value)
    assert values == pytest.approx([2.6, 37.0, 36.3], abs=0.2)


@real
@pytest.mark.parametrize("exposure", EXPOSURES)
def test_real_gaia_matches_are_not_by_chance(exposure: str) -> None:
    """Source lists of either chip, 162 arcsec square, and Gaia's density within 4 arcmin."""
    sources = len(positions(f"{exposure}_flc_sky_catalog.coo"))
    gaia = positions("gaia.cat")
    radius = np.hypot(*((gaia - np.median(gaia, axis=0)) * (np.cos(np.radians(37.8)), 1.0)).T) * 3600.0
    density = np.count_nonzero(radius < 120.0) / (np.pi * 120.0**2)
    area = 162.0**2
    matches = len(read_match_file(CATALOGS / f"{exposure}_flc_catalog_fit.match"))
    measurement = chance_match_fraction(
        matches,
        sources=sources,
        references=round(density * area),
        area=area,
        tolerance=0.0396,
        search_radius=1.0,
        subject=exposure,
    )
    verdict = judge(load_criteria()["AST-014"], measurement)
    assert verdict.status is Status.PASS
    assert measurement.value < 0.05
