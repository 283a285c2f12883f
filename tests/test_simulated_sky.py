"""The geometry under the simulated archive."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS

from hubble_qa.fixtures.simulation import ephemeris
from hubble_qa.fixtures.simulation.frame import AlignmentFrame, Displacement
from hubble_qa.fixtures.simulation.settings import PointingError
from hubble_qa.fixtures.simulation.sphere import TangentPlane, local_roll
from hubble_qa.fixtures.simulation.wfpc2.chips import CHIPS, row_displacement
from hubble_qa.fixtures.simulation.wfpc2.geometry import alignment_frame, focal_plane, to_pixel, to_sky
from tests.simulated_scenes import pair

PIXELS = tuple(c.ravel() for c in np.meshgrid(np.linspace(1.0, 800.0, 25), np.linspace(1.0, 800.0, 25)))


def pointings():
    return [focal_plane(e.date).attitude(e.ra, e.dec, e.pa_v3, 1.00008) for e in pair().exposures]


def test_tangent_plane_is_the_standard_one():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [201.7, -47.5]
    wcs.wcs.cdelt = [1 / 3600, 1 / 3600]
    xi, eta = np.array([0.0, 80.0, -3000.0]), np.array([0.0, -110.0, 5000.0])
    expected = np.array(wcs.wcs_pix2world(xi, eta, 1))  # CRPIX is 0
    assert np.allclose(TangentPlane(201.7, -47.5).deproject(xi, eta), expected, rtol=0, atol=1e-11)
    assert np.allclose(TangentPlane(201.7, -47.5).project(*expected), (xi, eta), rtol=0, atol=1e-7)


@pytest.mark.parametrize(("v2", "v3"), [(0.87, 47.96), (55.4, -6.1), (300.0, -200.0)])
def test_roll_follows_the_convergence_of_meridians(v2, v3):
    # At first order the roll differs from PA_V3 by the aperture's offset in RA times sin(Dec).
    dec, pa = -47.5, 297.4
    offset = v2 * np.cos(np.deg2rad(pa)) + v3 * np.sin(np.deg2rad(pa))
    expected = pa + offset / 3600.0 * np.tan(np.deg2rad(dec))
    assert local_roll(201.7, dec, v2, v3, pa) == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize("chip", CHIPS, ids=lambda chip: chip.name)
def test_pixels_go_to_the_sky_and_back(chip):
    x, y = PIXELS
    first = pointings()[0]
    back = to_pixel(first, chip, *to_sky(first, chip, x, y))
    # Off the narrow rows, where a pixel's displacement jumps and the inverse is ambiguous by 0.03 pix.
    smooth = np.abs(row_displacement(y)) < 0.014
    assert np.abs(back[0] - x).max() < 1e-6
    assert np.abs(back[1] - y)[smooth].max() < 1e-6


def test_far_stars_do_not_come_back_onto_a_chip():
    # A cubic folds over: stars of the other chips must not appear as ghosts.
    x, y = CHIPS[0].distortion.to_pixel(*(np.array([-160.0, 120.0, 160.0]) for _ in range(2)))
    assert (np.hypot(x - 425, y - 425) > 1200).all()


def test_pixel_area_is_the_area_of_the_pixel():
    distortion = CHIPS[1].distortion
    corners = distortion.to_ideal(
        np.array([99.5, 100.5, 100.5, 99.5]), np.array([699.5, 699.5, 700.5, 700.5])
    )
    (x, y), scale = corners, distortion.scale
    shoelace = 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / scale**2
    area = distortion.pixel_area(np.array([100.0]), np.array([700.0]))
    assert area == pytest.approx(shoelace, abs=1e-6)
    assert abs(area[0] - 1.0) > 0.005


def test_plate_scales_and_turns():
    first = pointings()[0]
    assert [round(chip.distortion.scale, 4) for chip in CHIPS] == [0.0455, 0.0996, 0.0996, 0.0996]
    turns = np.diff([first.orientation(chip.number) for chip in CHIPS]) % 360.0
    assert np.allclose(turns, 90.0, atol=1.0)


def test_rows_repeat_in_34_and_stay_small():
    y = np.arange(1.0, 801.0)
    rows = row_displacement(y)
    assert np.abs(rows).max() < 0.0153
    assert abs(rows.mean()) < 1e-3
    assert np.count_nonzero(np.diff(rows) < 0) == 23  # 800 rows / 34.13


def test_a_displacement_is_a_shift_file_row():
    frame = AlignmentFrame(TangentPlane(201.7, -47.5), 162.3, 0.045532)
    error = Displacement.of(PointingError(x=1.81, y=-0.40, rotation=0.014), frame)
    x, y = np.array([0.0, 1000.0, 0.0]), np.array([0.0, 0.0, 1000.0])
    true = frame.to_sky(x, y)
    seen = np.array(frame.to_frame(*error.to_header(*true))) - (x, y)
    turn = 1000 * np.sin(np.deg2rad(0.014))
    assert np.allclose(seen, [[1.81, 1.81, 1.81 + turn], [-0.40, -0.40 - turn, -0.40]], atol=1e-4)
    assert np.allclose(error.to_truth(*error.to_header(*true)), true, rtol=0, atol=1e-11)


def test_a_shift_may_be_stated_in_other_pixels():
    frame = alignment_frame(pointings())
    error = Displacement.of(PointingError(x=1.0, scale=0.0996), frame)
    assert error.dx == pytest.approx(0.0996 / 0.045532)


def test_celestial_frames():
    """Expected values are astropy's (barycentric mean ecliptic and galactic frames)."""
    target = (201.7992916667, -47.49852777778)
    assert ephemeris.ecliptic(*target) == pytest.approx((219.843637, -35.213429), abs=1e-4)
    assert ephemeris.galactic(*target) == pytest.approx((309.170029, 14.939630), abs=1e-4)


def test_sun_and_aberration_agree_with_a_real_header():
    """RA_SUN, DEC_SUN, SUNANGLE and VAFACTOR of u40x010hm, EXPSTART 50612.47933522."""
    target, start = (201.7992916667, -47.49852777778), 50612.47933522
    sun = ephemeris.sun(start)
    assert sun == pytest.approx((81.8700, 23.2292), abs=0.02)
    assert ephemeris.separation(sun, target) == pytest.approx(126.9156, abs=0.05)  # from V1, near the target
    # The header's factor includes the motion about the Earth, at most 2.5e-5.
    assert ephemeris.aberration_factor(*target, start) == pytest.approx(0.9999572, abs=2.6e-5)
