"""The geometry and the astronomy of the simulated archive against packages that know them independently."""

from __future__ import annotations

from types import ModuleType
from typing import NoReturn

import numpy as np
import pytest
import requests
from astropy import units as u
from astropy.coordinates import (
    GCRS,
    BarycentricMeanEcliptic,
    SkyCoord,
    get_body_barycentric_posvel,
    get_sun,
)
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS
from astropy.wcs.utils import local_partial_pixel_derivatives

from hubble_qa.fixtures.simulation import ephemeris
from hubble_qa.fixtures.simulation.ir.detector import pixels
from hubble_qa.fixtures.simulation.optics import Camera
from hubble_qa.fixtures.simulation.solutions import sip_wcs
from hubble_qa.fixtures.simulation.sphere import TangentPlane, local_roll
from hubble_qa.fixtures.simulation.uvis.catalogs import GAIA_EPOCH, moved
from hubble_qa.fixtures.simulation.uvis.chips import REFERENCE_CHIP
from hubble_qa.fixtures.simulation.uvis.chips import chips as uvis_chips
from hubble_qa.fixtures.simulation.uvis.population import populate
from hubble_qa.fixtures.simulation.uvis.settings import Cluster
from hubble_qa.fixtures.simulation.wfc.chips import chips as wfc_chips
from hubble_qa.fixtures.simulation.wfpc2.chips import CHIPS as WFPC2_CHIPS
from hubble_qa.fixtures.simulation.wfpc2.chips import chip_positions
from tests.simulated_scenes import exposure

NGC_6791 = Cluster(ra=290.2248, dec=37.8027)
DIRECTIONS = [(201.8, -47.5), (290.2, 37.8), (6.0, -72.1), (53.15, -27.8), (165.6, 38.0)]
DATES = [49387.0, 50612.47933522, 53807.1, 55854.5, 57125.4]
EXPOSED = 2011.8


@pytest.fixture(scope="module")
def pysiaf() -> ModuleType:
    """The package of the telescope's apertures, which asks the network for a newer version when imported."""

    def offline(*_: object, **__: object) -> NoReturn:
        raise requests.ConnectionError("tests are offline")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "get", offline)
        return pytest.importorskip("pysiaf")


def apertures() -> list[tuple[str, float, float, float, float]]:
    """Aperture; V2 and V3 of our chip's reference pixel; angle from V3 to its y axis; how near in arcsec."""
    (infrared, uvis, wfc) = (pixels("full"),), uvis_chips("full"), wfc_chips("full")
    placed = [
        *((f"IUVIS{chip.number}FIX", chip, chip.v2, chip.v3, 0.05) for chip in uvis),
        *(("IIRFIX", chip, chip.v2, chip.v3, 0.2) for chip in infrared),
        *((f"JWFC{chip.number}FIX", chip, chip.v2, chip.v3, 0.9) for chip in wfc),
        *(
            (f"U{chip.name}", chip, *chip_positions(exposure().date)[chip.number], 1.3)
            for chip in WFPC2_CHIPS
        ),
    ]
    return [
        (name, v2, v3, chip.theta + y_axis(chip.distortion.linear), near)
        for name, chip, v2, v3, near in placed
    ]


def y_axis(linear: np.ndarray) -> float:
    """Angle of the pixels' y axis from the undistorted one, degrees, in the sense of theta."""
    return float(-np.rad2deg(np.arctan2(linear[0, 1], linear[1, 1])))


@pytest.mark.parametrize(("name", "v2", "v3", "angle", "near"), apertures())
def test_chips_are_where_the_aperture_file_has_them(pysiaf, name, v2, v3, angle, near):
    """The file is of a later year than the tables; WFPC2's apertures are some pixels off centre."""
    aperture = pysiaf.Siaf("HST")[name]
    assert np.hypot(aperture.V2Ref - v2, aperture.V3Ref - v3) < near
    assert (aperture.V3IdlYAngle - angle + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(("ra", "dec"), DIRECTIONS)
@pytest.mark.parametrize(("v2", "v3"), [(0.87, 47.96), (-27.46, -33.26), (257.4, 302.6)])
def test_roll_gives_the_position_angle_at_the_axis(pysiaf, ra, dec, v2, v3):
    roll = local_roll(ra, dec, v2, v3, 297.4)
    rotations = pysiaf.utils.rotations
    at_axis = rotations.posangle(rotations.attitude(v2, v3, ra, dec, roll), 0.0, 0.0)
    assert at_axis % 360.0 == pytest.approx(297.4, abs=1e-9)


@pytest.mark.parametrize("chip", uvis_chips("full"), ids=lambda chip: f"chip {chip.number}")
def test_pixel_areas_are_those_of_the_header(chip):
    camera = Camera.of(uvis_chips("full"), with_tables=False)
    pointing = camera.focal_plane(REFERENCE_CHIP).attitude(290.24, 37.79, 258.98, 1.0)
    solution = sip_wcs(chip.distortion, lambda u, v: pointing.ideal_to_sky(chip.number, u, v))
    wcs = WCS(fits.Header({"NAXIS": 2, "NAXIS1": 4096, "NAXIS2": 2051, **solution}))
    for x, y in [(1.0, 1.0), (4096.0, 1.0), (2048.0, 1026.0), (300.0, 2000.0)]:
        slopes = local_partial_pixel_derivatives(wcs, x - 1.0, y - 1.0, normalize_by_world=False)
        area = abs(np.linalg.det(slopes)) * np.cos(np.deg2rad(wcs.all_pix2world(x, y, 1)[1]))
        expected = chip.distortion.pixel_area(np.array(x), np.array(y))
        assert area * 3600.0**2 / chip.distortion.scale**2 == pytest.approx(float(expected), rel=2e-6)


def test_tangent_plane_has_the_offsets_of_the_sphere():
    """To second order in the field's size, 2e-6 of 300 arcsec."""
    plane = TangentPlane(NGC_6791.ra, NGC_6791.dec)
    xi, eta = np.array([0.0, 300.0, -200.0]), np.array([300.0, 0.0, -150.0])
    stars = SkyCoord(*plane.deproject(xi, eta), unit="deg")
    east, north = SkyCoord(plane.ra, plane.dec, unit="deg").spherical_offsets_to(stars)
    assert np.allclose(east.arcsec, xi, rtol=0, atol=1e-3)
    assert np.allclose(north.arcsec, eta, rtol=0, atol=1e-3)


def test_stars_move_by_their_proper_motions():
    """The plane's axes at the centre turn by a milliradian to a star's own."""
    stars = populate(NGC_6791, np.random.default_rng(1))
    there = SkyCoord(
        ra=stars.ra * u.deg,
        dec=stars.dec * u.deg,
        pm_ra_cosdec=stars.pm_ra * u.mas / u.yr,
        pm_dec=stars.pm_dec * u.mas / u.yr,
        distance=4.0 * u.kpc,
        obstime=Time(EXPOSED, format="jyear"),
    ).apply_space_motion(new_obstime=Time(GAIA_EPOCH, format="jyear"))
    ours = SkyCoord(*moved(stars, NGC_6791, GAIA_EPOCH - EXPOSED), unit="deg")
    off = SkyCoord(there.ra, there.dec).separation(ours).mas
    assert off.max() < 0.2
    assert np.median(off) < 0.02


@pytest.mark.parametrize(("ra", "dec"), DIRECTIONS)
def test_celestial_frames_are_astropys(ra, dec):
    target = SkyCoord(ra, dec, unit="deg")
    ecliptic = target.transform_to(BarycentricMeanEcliptic())
    assert ephemeris.ecliptic(ra, dec) == pytest.approx((ecliptic.lon.deg, ecliptic.lat.deg), abs=1e-4)
    assert ephemeris.galactic(ra, dec) == pytest.approx(
        (target.galactic.l.deg, target.galactic.b.deg), abs=1e-5
    )


@pytest.mark.parametrize("mjd", DATES)
def test_sun_is_astropys(mjd):
    """To the two hundredths of a degree of the low-precision formula; astropy's is the apparent Sun."""
    sun = get_sun(Time(mjd, format="mjd"))
    ours = SkyCoord(*ephemeris.sun(mjd), unit="deg", frame=GCRS(obstime=sun.obstime))
    assert ours.separation(sun).deg < 0.02


@pytest.mark.parametrize("mjd", DATES)
@pytest.mark.parametrize(("ra", "dec"), DIRECTIONS)
def test_aberration_is_the_earths_velocity_toward_the_target(ra, dec, mjd):
    """To the orbit's eccentricity, which the simulation leaves out: 1.7 per cent of the velocity."""
    _, velocity = get_body_barycentric_posvel("earth", Time(mjd, format="mjd"))
    toward = (velocity.xyz @ SkyCoord(ra, dec, unit="deg").cartesian.xyz).to_value("m/s") / 299_792_458.0
    assert ephemeris.aberration_factor(ra, dec, mjd) - 1.0 == pytest.approx(toward, abs=2e-6)
