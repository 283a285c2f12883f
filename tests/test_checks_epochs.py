"""Epochs: positions of moving sources, and what a wrong epoch costs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubble_qa.checks.astrometry.epochs import (
    catalog_epoch_displacement,
    catalog_epoch_error,
    julian_year,
    positions_at_epoch,
)
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.verdict import Status, judge


def test_julian_year_of_an_exposure_is_that_of_its_middle() -> None:
    from astropy.time import Time

    start, end = 55854.10, 55854.14  # 2011-10-20
    assert julian_year(start, end) == pytest.approx(Time((start + end) / 2, format="mjd").jyear, abs=1e-9)


@settings(max_examples=30)
@given(
    ra=st.floats(0, 359.999),
    dec=st.floats(-89, 89),
    pm=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    years=st.floats(-30, 9),
)
def test_positions_agree_with_astropy(ra: float, dec: float, pm: tuple[float, float], years: float) -> None:
    from astropy import units
    from astropy.coordinates import Distance, SkyCoord
    from astropy.time import Time

    moved = positions_at_epoch(
        np.array([(ra, dec)]), np.array([pm]), from_epoch=2016.0, to_epoch=2016.0 + years
    )
    motion = [component * units.mas / units.yr for component in pm]
    star = SkyCoord(
        ra * units.deg,
        dec * units.deg,
        distance=Distance(50.0, units.pc),
        pm_ra_cosdec=motion[0],
        pm_dec=motion[1],
        radial_velocity=0 * units.km / units.s,
        obstime=Time(2016.0, format="jyear"),
    )
    expected = star.apply_space_motion(new_obstime=Time(2016.0 + years, format="jyear"))
    found = SkyCoord(*moved[0], unit="deg")
    # At 50 pc the light-time and perspective terms that astropy has besides are smaller still.
    assert found.separation(SkyCoord(expected.ra, expected.dec)).mas < 0.05


def test_common_motion_of_ngc_6791_between_gaia_and_the_exposures() -> None:
    """The published fits lie 9.0 to 9.6 mas from the archive's."""
    motions = np.random.default_rng(1).normal((-0.42, -2.27), 0.2, (500, 2))
    measurement = catalog_epoch_displacement(
        motions, catalog_epoch=2016.0, exposure_epoch=2011.8, subject="Gaia"
    )
    assert measurement.value == pytest.approx(9.7, abs=0.1)
    assert judge(load_criteria()["AST-018"], measurement).status is Status.FAIL
    propagated = catalog_epoch_displacement(
        motions, catalog_epoch=2011.8, exposure_epoch=2011.8, subject="Gaia"
    )
    assert judge(load_criteria()["AST-018"], propagated).status is Status.PASS


@given(years=st.floats(-30, 30), speed=st.floats(0, 20), angle=st.floats(0, 2 * np.pi))
def test_displacement_is_speed_times_time(years: float, speed: float, angle: float) -> None:
    motions = np.tile([speed * np.cos(angle), speed * np.sin(angle)], (25, 1))
    measurement = catalog_epoch_displacement(
        motions, catalog_epoch=2016.0, exposure_epoch=2016.0 + years, subject="Gaia"
    )
    assert measurement.value == pytest.approx(abs(years) * speed, abs=1e-6)


def test_motion_of_unknown_size_or_epoch_is_not_measured() -> None:
    rule, motions = load_criteria()["AST-018"], np.full((100, 2), np.nan)
    motions[:19] = 1.0
    few = catalog_epoch_displacement(motions, catalog_epoch=2016.0, exposure_epoch=2016.0, subject="Gaia")
    assert judge(rule, few).status is Status.NOT_MEASURED
    assert "19 of 100" in few.reason
    motions[:] = 1.0
    for epoch in (None, float("nan")):
        silent = catalog_epoch_displacement(
            motions, catalog_epoch=epoch, exposure_epoch=2016.0, subject="Gaia"
        )
        assert judge(rule, silent).status is Status.NOT_MEASURED


def test_sources_without_motion_have_no_position_at_another_epoch() -> None:
    moved = positions_at_epoch(
        np.array([(10.0, 20.0), (359.9999999, 0.0)]),
        np.array([(np.nan, 1.0), (1000.0, 0.0)]),
        from_epoch=2000.0,
        to_epoch=2020.0,
    )
    assert np.isnan(moved[0, 0])
    assert 0.0 <= moved[1, 0] < 0.01


@pytest.mark.parametrize(("exposure", "away"), [(2010.0, 3.0), (2018.0, 3.0), (2013.0, 0.75)])
def test_matches_that_stayed_are_away_by_their_share_of_other_years(exposure: float, away: float) -> None:
    """A quarter of them by the years since 2016, or 2004, the others by those since 2012."""
    motions = np.array([3.0, 4.0]) + np.resize([-1.0, 0.0, 1.0, 1.0, -1.0], 25)[:, np.newaxis] * [0.1, 0.3]
    original = {2010.0: 2016.0, 2018.0: 2024.0, 2013.0: 2013.0}[exposure]
    expected = abs(0.75 * (exposure - 2012.0) + 0.25 * (exposure - original))
    found = catalog_epoch_displacement(
        motions,
        catalog_epoch=2012.0,
        exposure_epoch=exposure,
        original_epoch=original,
        unmoved=0.25,
        subject="Gaia",
    )
    assert expected == away
    assert found.value == pytest.approx(5.0 * away)
    # Of the axis whose motions scatter more.
    assert found.uncertainty == pytest.approx(np.sqrt(np.pi / 2.0) * 1.4826 * 0.3 / 5.0 * away, rel=1e-4)


def field(years: float, *, moving: int = 15, seed: int = 1, scatter: float = 1.2):
    """Offsets, motions and their errors of a cluster with field stars; positions are `years` too late."""
    random = np.random.default_rng(seed)
    own = random.normal(0, 0.1, (140, 2))
    own[:moving] += random.normal(0, 4.0, (moving, 2))
    offsets = random.normal(0, scatter, (140, 2)) - years * own
    motions = own + np.array([-0.4, -2.3]) + random.normal(0, 0.15, (140, 2))
    return offsets, motions, np.full((140, 2), 0.15)


@pytest.mark.parametrize("years", [1.0, -1.0, 4.2])
def test_a_catalogue_of_another_epoch_than_it_states_is_found_by_the_stars_own_motions(years: float) -> None:
    measurement = catalog_epoch_error(*field(years), subject="ibwb01xrq")
    assert measurement.context["years"] == pytest.approx(-years, abs=0.3)
    assert judge(load_criteria()["AST-025"], measurement).status is Status.FAIL


def test_the_epoch_of_a_right_catalogue_is_hardly_ever_doubted() -> None:
    found = [catalog_epoch_error(*field(0.0, seed=seed), subject="x") for seed in range(200)]
    assert all(judge(load_criteria()["AST-025"], each).status is Status.PASS for each in found)
    pulls = [each.context["years"] / each.uncertainty for each in found]
    assert float(np.std(pulls)) == pytest.approx(1.0, abs=0.25)


def test_stars_without_a_motion_of_their_own_tell_no_epoch() -> None:
    few = catalog_epoch_error(*field(0.0, moving=5), subject="x")
    assert not few.told
    assert "5 stars" in few.reason
    offsets, motions, _ = field(0.0)
    none = catalog_epoch_error(offsets, np.full_like(motions, np.nan), subject="x")
    assert "no proper motions" in none.reason


def test_matches_without_motion_draw_the_fit_towards_the_catalogues_own_epoch() -> None:
    """2.3 mas/yr over 4.2 years are 9.7 mas: a fifth of the matches is still accepted, a third is not."""
    motions = np.tile([-0.42, -2.27], (100, 1))
    epochs = {"catalog_epoch": 2011.8, "exposure_epoch": 2011.8, "original_epoch": 2016.0}
    rule = load_criteria()["AST-018"]
    for share, status in ((0.0, Status.PASS), (0.2, Status.PASS), (0.33, Status.FAIL)):
        found = catalog_epoch_displacement(motions, **epochs, unmoved=share, subject="Gaia")
        assert found.value == pytest.approx(share * 9.70, abs=0.01)
        assert judge(rule, found).status is status
