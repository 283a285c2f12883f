"""Departures of coordinates from their witnesses: which count, and which comes first; separations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io.fits import Header
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.astrometry.header_coordinates import (
    Departure,
    contradicted,
    coordinate_violations,
    is_fit,
    separation,
)
from hubble_qa.checks.readers.exposure import Exposure
from tests.header_samples import hrc, infrared, mirrored, moved, put, scaled, uvis, wfpc2


def test_what_is_beyond_its_tolerance_counts_the_worst_first() -> None:
    departures = [Departure(str(ratio), ratio) for ratio in (7.0, 0.5, 1.1, 1.0, 2.0, math.nan)]
    found = contradicted("coordinate_violations", "xrq", departures)
    assert found.value == 4
    assert found.reason.split("; ")[:1] == ["nan"]
    assert [found.reason.index(each) for each in ("nan", "7.0", "2.0")] == sorted(
        found.reason.index(each) for each in ("nan", "7.0", "2.0")
    )
    assert len(found.context["departures_over_tolerances"]) == 6
    assert found.remedy.startswith("restore a solution")
    assert contradicted("coordinate_violations", "xrq", departures, "do").remedy == "do"


def test_what_is_within_its_tolerance_needs_no_remedy() -> None:
    found = contradicted("coordinate_violations", "xrq", [Departure("one", 1.0), Departure("two", 0.3)])
    assert (found.value, found.remedy) == (0, "")
    assert not contradicted("coordinate_violations", "xrq", []).told


@given(ra=st.floats(0, 360), dec=st.floats(-90, 90), other_ra=st.floats(0, 360), other_dec=st.floats(-90, 90))
def test_a_separation_is_on_the_sphere(ra: float, dec: float, other_ra: float, other_dec: float) -> None:
    one, other = SkyCoord(ra * u.deg, dec * u.deg), SkyCoord(other_ra * u.deg, other_dec * u.deg)
    expected = one.separation(other).arcsec
    assert separation((ra, dec), (other_ra, other_dec)) == pytest.approx(expected, abs=0.02)


@given(ra=st.floats(0, 360), dec=st.floats(-90, 90))
def test_half_a_circle_is_the_farthest(ra: float, dec: float) -> None:
    assert separation((ra, dec), (ra + 180.0, -dec)) == pytest.approx(648_000.0, abs=0.02)


@pytest.mark.parametrize(
    ("name", "fit"), [("", False), ("IDC_w3m18525i", False), ("IDC_w3m18525i-FIT_REL_GAIADR2", True)]
)
def test_a_fit_is_told_by_the_solutions_name(name: str, fit: bool) -> None:
    exposure = infrared()
    exposure.primary["IDCTAB"] = "iref$w3m18525i_idc.fits"
    assert is_fit(exposure, name) is fit
    assert not is_fit(exposure, "OPUS")
    assert not is_fit(exposure, "OPUS-FIT")
    assert is_fit(exposure, "MINE")


# Witnesses of the header


def without(*keywords: str) -> Callable[[Header], None]:
    def change(header: Header) -> None:
        for keyword in keywords:
            header.remove(keyword, ignore_missing=True)

    return change


def turned(degrees: float) -> Callable[[Header], None]:
    """Turn the matrix of a header on the sky."""

    def change(header: Header) -> None:
        angle = np.radians(degrees)
        matrix = np.array([[header[f"CD{i}_{j}"] for j in (1, 2)] for i in (1, 2)])
        found = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) @ matrix
        header.update({f"CD{i}_{j}": found[i - 1, j - 1] for i in (1, 2) for j in (1, 2)})

    return change


def stating(departure: float) -> Callable[[Header], None]:
    """An ORIENTAT so far from the orientation of the matrix, and no terms of a distortion table."""

    def change(header: Header) -> None:
        without("OCX11", "PA_APER")(header)
        header["ORIENTAT"] = math.degrees(math.atan2(header["CD1_2"], header["CD2_2"])) + departure

    return change


def told(exposure: Exposure, words: str) -> bool:
    return words in coordinate_violations(exposure).reason


@pytest.mark.parametrize(("angle", "beyond"), [(0.27, False), (-0.27, False), (0.33, True), (-0.33, True)])
def test_a_fit_may_turn_the_frame_by_three_tenths_of_a_degree(angle: float, beyond: bool) -> None:
    assert told(infrared(turned(angle)), "from that by PA_V3") is beyond
    assert told(infrared(turned(angle / 3.0), put(WCSNAME="IDC_w3m18525i")), "from that by PA_V3") is beyond


@pytest.mark.parametrize(
    ("departure", "beyond"), [(0.09, False), (-0.09, False), (0.11, True), (-0.11, True), (360.0, False)]
)
def test_without_terms_the_orientation_is_the_stated_one(departure: float, beyond: bool) -> None:
    assert told(infrared(stating(departure)), "from ORIENTAT") is beyond


@pytest.mark.parametrize(("factor", "beyond"), [(1.08, False), (0.92, False), (1.13, True), (0.87, True)])
def test_without_terms_the_scale_is_the_cameras(factor: float, beyond: bool) -> None:
    words = "of what the header's table or camera has (10.0%)"
    assert told(infrared(without("OCX11"), scaled(factor)), words) is beyond


@pytest.mark.parametrize(
    ("factor", "by_terms", "by_record"),
    [
        *[(1.0015, False, False), (0.9985, False, False), (1.003, True, False), (0.997, True, False)],
        *[(1.015, True, True), (0.985, True, True)],
    ],
)
@pytest.mark.parametrize("roll", [True, False])
def test_the_scale_is_the_tables_or_the_records(
    factor: float, by_terms: bool, by_record: bool, roll: bool
) -> None:
    """Of each chip of WFPC2, PC1's too, by its own; with the roll of the telescope or without."""
    words = "of what the header's table or camera has"
    by = [(infrared(scaled(factor)), "0.2%", by_terms), (uvis(scaled(factor), chips=(2,)), "0.2%", by_terms)]
    for exposure, allowed, beyond in [*by, (wfpc2(scaled(factor), served=True), "1.0%", by_record)]:
        if not roll:
            del exposure.primary["PA_V3"]
        assert told(exposure, f"{words} ({allowed})") is beyond
        assert not told(exposure, f"{words} (10.0%)")


@pytest.mark.parametrize("roll", [True, False])
def test_handedness_is_told_at_any_roll(roll: bool) -> None:
    for make in (infrared, uvis, wfpc2):
        plain, other = make(), make(mirrored)
        for exposure in (plain, other):
            if not roll:
                del exposure.primary["PA_V3"]
        assert not told(plain, "mirrored")
        assert told(other, "mirrored")


@pytest.mark.parametrize(("distance", "beyond"), [(9.5, False), (-9.5, False), (10.5, True), (-10.5, True)])
def test_the_aperture_is_within_ten_arcsec_of_its_place(distance: float, beyond: bool) -> None:
    change = moved("CRVAL2", distance / 3600.0)
    assert told(infrared(change), "from RA_APER, DEC_APER (10 arcsec)") is beyond
    assert told(hrc(change), "from RA_APER, DEC_APER (10 arcsec)") is beyond


@pytest.mark.parametrize(("distance", "beyond"), [(1.9, False), (-1.9, False), (2.1, True), (-2.1, True)])
@pytest.mark.parametrize("chip", [1, 3])
def test_a_chip_is_within_two_arcsec_of_its_place_beside_the_others(
    chip: int, distance: float, beyond: bool
) -> None:
    exposure = wfpc2(moved("CRVAL2", distance / 3600.0), chips=(chip,), served=True)
    assert told(exposure, f"SCI,{chip} is") is beyond


@pytest.mark.parametrize(("distance", "beyond"), [(700.0, False), (1100.0, True)])
def test_a_served_wfpc2_exposure_is_within_a_quarter_of_a_degree_of_its_target(
    distance: float, beyond: bool
) -> None:
    exposure = wfpc2(moved("CRVAL2", distance / 3600.0), served=True)
    assert told(exposure, "from RA_TARG, DEC_TARG (900 arcsec)") is beyond


# The aperture's orientation


def angles(exposure: Exposure) -> list[float]:
    """Position angle of the y axis of each chip."""
    headers = exposure.science_headers().values()
    return [math.degrees(math.atan2(header["CD1_2"], header["CD2_2"])) for header in headers]


def by_aperture(exposure: Exposure) -> Any:
    """The departure from PA_APER in units of what is tolerated; None where it is not judged."""
    departures = coordinate_violations(exposure).context["departures_over_tolerances"]
    return next((ratio for text, ratio in departures.items() if "from PA_APER" in text), None)


@pytest.mark.parametrize(
    ("departure", "ratio"), [(0.03, 0.3), (-0.2, 2.0), (359.95, 0.5), (-360.05, 0.5), (180.1, 1799.0)]
)
def test_without_terms_or_a_roll_the_orientation_is_the_apertures(departure: float, ratio: float) -> None:
    (angle,) = angles(infrared())
    stated = put(PA_APER=angle - departure)
    assert by_aperture(infrared(stated)) is None
    assert by_aperture(infrared(without("OCX11"), stated)) == pytest.approx(ratio, abs=1e-6)
    exposure = infrared(stated)
    del exposure.primary["PA_V3"]
    assert by_aperture(exposure) == pytest.approx(ratio, abs=1e-6)
    assert by_aperture(infrared(without("OCX11", "PA_APER"))) is None


@pytest.mark.parametrize(("place", "ratio"), [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.1, None), (-0.2, None)])
def test_the_apertures_angle_is_between_those_of_the_chips(place: float, ratio: float | None) -> None:
    plain = without("OCX11", "PA_APER", "ORIENTAT")
    first, second = angles(uvis())
    stated = first + place * (second - first)
    apart = uvis(plain)
    apart.header("SCI", 2)["PA_APER"] = stated
    nearest = min(abs(first - stated), abs(second - stated)) / 0.1
    assert by_aperture(apart) == pytest.approx(nearest if ratio is None else ratio, abs=1e-6)
    one = uvis(plain, chips=(1,))  # the other tells its own by its terms
    one.header("SCI", 1)["PA_APER"] = stated
    assert by_aperture(one) is not None


@pytest.mark.parametrize(
    ("departure", "beyond"), [(1.4, False), (-1.4, False), (1.6, True), (-1.6, True), (0.5, False)]
)
def test_a_stis_aperture_is_within_a_degree_and_a_half_of_the_image(departure: float, beyond: bool) -> None:
    exposure = stis(put(PA_APER=15.5124 + departure))
    (angle,) = angles(exposure)
    assert angle == pytest.approx(15.51, abs=0.01)
    assert told(exposure, "from PA_APER") is beyond


@pytest.mark.parametrize(("distance", "beyond"), [(140.0, False), (160.0, True)])
def test_a_stis_aperture_may_be_on_another_of_its_detectors(distance: float, beyond: bool) -> None:
    """Where the reference point is the table's."""
    exposure = stis(moved("CRVAL2", distance / 3600.0), put(WCSNAME="IDC_o8g1508do"))
    assert told(exposure, "from RA_APER, DEC_APER (150 arcsec)") is beyond


def stis(*changes: Callable[[Header], None]) -> Exposure:
    """The coordinates of the HRC, as of the CCD of STIS, whose pixels are twice as large."""
    exposure = hrc(scaled(0.05072 / 0.0258), *changes, without("ORIENTAT"))
    exposure.primary.update({"INSTRUME": "STIS", "DETECTOR": "CCD"})
    return exposure


# Whatever pixel the reference is


def referred(x: float, y: float) -> Callable[[Header], None]:
    """The same plane by another reference pixel: on it, where the plane touches the sky."""

    def change(header: Header) -> None:
        ra, dec = WCS({**header, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}).wcs_pix2world([[x, y]], 1)[0]
        header.update({"CRVAL1": ra, "CRVAL2": dec, "CRPIX1": x, "CRPIX2": y})

    return change


@pytest.mark.parametrize("where", [(425.0, 425.0), (100.0, 700.0), (790.0, 10.0)])
def test_places_of_chips_do_not_depend_on_the_reference_pixel(where: tuple[float, float]) -> None:
    exposure = wfpc2(referred(*where), chips=(2, 4), served=True)
    found = coordinate_violations(exposure).context["departures_over_tolerances"]
    beside = [ratio for text, ratio in found.items() if "beside" in text]
    assert len(beside) == 3
    assert max(beside) < 0.3
    assert coordinate_violations(exposure).value == 0


# Headers that lack a witness


def test_without_a_roll_chips_are_not_compared_with_their_places() -> None:
    exposure = wfpc2(moved("CRVAL2", 100.0 / 3600.0), chips=(1,), served=True)
    del exposure.primary["PA_V3"]
    assert not told(exposure, "beside")
    assert coordinate_violations(exposure).value == 0


def test_half_a_place_is_none() -> None:
    """An aperture without RA, or with a truth value in its place: the target is asked."""
    lost = moved("CRVAL2", 2000.0 / 3600.0)
    for change in (without("RA_APER"), without("DEC_APER"), put(RA_APER=True)):
        exposure = infrared(lost, change)
        exposure.primary.update({"RA_TARG": 137.8394533767, "DEC_TARG": -64.91328993127})
        assert told(exposure, "from RA_TARG, DEC_TARG (900 arcsec)")
        assert not told(exposure, "RA_APER")
        del exposure.primary["DEC_TARG"]
        assert coordinate_violations(exposure).value == 0
