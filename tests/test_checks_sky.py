"""Small offsets on the sky."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hubble_qa.checks.astrometry.sky import nearest_distance, sky_offsets

ANGLE = st.floats(0.0, 360.0)


@settings(max_examples=50)
@example(ra=0.0, dec=60.0, angle=270.0, mas=50.0)
@example(ra=359.9999999, dec=-60.0, angle=90.0, mas=5000.0)
@given(ra=ANGLE, dec=st.floats(-80.0, 80.0), angle=ANGLE, mas=st.floats(1.0, 5000.0))
def test_offsets_are_those_on_the_sphere(ra: float, dec: float, angle: float, mas: float) -> None:
    there = SkyCoord(ra, dec, unit="deg").directional_offset_by(angle * u.deg, mas * u.mas)
    (offset,) = sky_offsets(np.array([(there.ra.deg, there.dec.deg)]), np.array([(ra, dec)]))
    direction = np.radians(angle)
    expected = mas * np.sin(direction), mas * np.cos(direction)
    assert offset == pytest.approx(expected, abs=1e-3 + 1e-3 * mas)


def test_what_is_not_known_stays_unknown_and_inputs_stay_as_they_are() -> None:
    positions, origins = np.array([(np.nan, 1.0), (359.9, 0.0)]), np.array([(10.0, 1.0), (0.1, 0.0)])
    before = positions.copy(), origins.copy()
    offsets = sky_offsets(positions, origins)
    assert np.isnan(offsets[0, 0])
    assert offsets[1] == pytest.approx((-0.2 * 3.6e6, 0.0))
    assert np.array_equal(positions, before[0], equal_nan=True)
    assert np.array_equal(origins, before[1])


def test_the_nearest_of_all_positions_to_any_place_counts() -> None:
    positions, places = np.array([(10.0, 60.0), (40.0, -20.0)]), np.array([(10.5, 60.0), (200.0, 5.0)])
    expected = SkyCoord(10.0, 60.0, unit="deg").separation(SkyCoord(10.5, 60.0, unit="deg")).deg
    assert nearest_distance(positions, places) == pytest.approx(expected)
    assert nearest_distance(places, positions) == pytest.approx(expected)
    none = np.empty((0, 2))
    assert nearest_distance(none, places) == nearest_distance(positions, none) == np.inf
