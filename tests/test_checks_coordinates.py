"""Coordinates of exposures against their headers' witnesses."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io.fits import Header
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.astrometry.chip_geometry import chip_geometry_error
from hubble_qa.checks.astrometry.focal_plane import roll_at
from hubble_qa.checks.astrometry.header_coordinates import coordinate_violations, separation
from hubble_qa.checks.astrometry.kept_solutions import (
    coordinate_difference,
    distance_from_distortion_solution,
)
from hubble_qa.checks.astrometry.linear_solutions import LinearSolution
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import ReaderError, read_exposure
from hubble_qa.checks.readers.coordinates import coordinate_problem
from hubble_qa.checks.readers.exposure import science_wcs
from tests.header_samples import TERMS, hrc, infrared, mirrored, moved, put, scaled, uvis, wfpc2
from tests.qa_runs import SHARED

ZERO = put(CD1_1=0.0, CD1_2=0.0, CD2_1=0.0, CD2_2=0.0)


def tolerance_used(measurement: Measurement) -> float:
    """The largest departure from a witness, in units of what is tolerated."""
    return max(measurement.context["departures_over_tolerances"].values())


def test_real_headers_agree_with_their_witnesses() -> None:
    for exposure in (uvis(), infrared(), wfpc2()):
        measurement = coordinate_violations(exposure)
        assert (measurement.value, measurement.reason) == (0, "")
        assert 0 < tolerance_used(measurement) < 0.1


def test_served_wfpc2_is_judged_by_the_record_of_its_chips() -> None:
    assert tolerance_used(coordinate_violations(wfpc2(served=True))) == pytest.approx(0.24, abs=0.01)
    assert "mirrored" in coordinate_violations(wfpc2(mirrored, chips=(3,), served=True)).reason
    assert coordinate_violations(wfpc2(ZERO, chips=(2,), served=True)).reason.startswith("SCI,2: the matrix")
    far = coordinate_violations(wfpc2(put(CRVAL1=201.8 / 15.0), served=True))
    assert "deg from RA_TARG, DEC_TARG" in far.reason


def test_a_served_camera_of_one_chip_is_at_its_aperture() -> None:
    """Half of HRC's diagonal, 20 arcsec, is no pointing error."""
    assert coordinate_violations(hrc()).value == 0
    assert coordinate_violations(hrc(moved("CRVAL2", 2.0 / 3600))).value == 0
    found = coordinate_violations(hrc(moved("CRVAL2", 15.0 / 3600)))
    assert found.reason == (
        "the nearest chip's reference point is 15 arcsec from RA_APER, DEC_APER (10 arcsec)"
    )
    # With a solution of updatewcs's the reference point is the IDCTAB's, anywhere on the detector.
    aligned = hrc(put(WCSNAME="IDC_p7d1548qj"), moved("CRVAL2", 15.0 / 3600))
    assert coordinate_violations(aligned).value == 0


@pytest.mark.parametrize("chip", [1, 2, 3, 4])
def test_a_chip_of_a_served_wfpc2_exposure_that_is_out_of_place_is_named(chip: int) -> None:
    assert coordinate_violations(wfpc2(moved("CRVAL2", 1.5 / 3600), chips=(chip,), served=True)).value == 0
    found = coordinate_violations(wfpc2(moved("CRVAL2", 5.0 / 3600), chips=(chip,), served=True))
    assert found.value == 1
    assert re.search(rf"SCI,{chip} is (4\.99|5)", found.reason)
    assert "arcsec from its place in the camera beside SCI," in found.reason
    pixels = coordinate_violations(wfpc2(moved("CRPIX1", 500.0), served=True))
    assert "from its place in the camera" in pixels.reason


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (put(RADESYS="FK4"), "RADESYS is 'FK4', but HST's coordinates are of ICRS or FK5"),
        (put(EQUINOX=1950.0), "EQUINOX is 1950, but HST's coordinates are of 2000"),
        (put(CTYPE1="RA---CAR", CTYPE2="DEC--CAR"), "CTYPE1 is 'RA---CAR', but HST's images are in the"),
    ],
)
def test_another_frame_is_named(change, text: str) -> None:
    for exposure in (uvis(change), infrared(change), wfpc2(change), wfpc2(change, served=True)):
        found = coordinate_violations(exposure)
        assert found.value == len(exposure.chips)
        assert text in found.reason


@pytest.mark.parametrize("frame", ["ICRS", "FK5", ""])
def test_frames_of_hst(frame: str) -> None:
    change = put(RADESYS=frame, EQUINOX=2000.0, CTYPE1="RA---TAN-SIP", CTYPE2="DEC--TAN-SIP")
    assert coordinate_violations(uvis(change)).value == 0


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (ZERO, "is singular: pixels have no area"),
        (scaled(2.0), "of what the header's table"),
        (scaled(1.02), "of what the header's table"),
        (scaled(1.003), "of what the header's table"),
        (put(CTYPE1="FOO"), "does not begin with RA--"),
        (put(CTYPE1="RA---TAN", CTYPE2="DEC--ZEA"), "two projections"),
        (mirrored, "mirrored on the sky"),
        (put(CRVAL1=0.0, CRVAL2=0.0), "deg from RA_APER, DEC_APER"),
        (put(CRVAL1=137.84 / 15.0), "deg from RA_APER, DEC_APER"),
        (moved("CRVAL1", 1.0), "arcsec from RA_APER, DEC_APER"),
        (moved("CRVAL2", 82.0 / 3600.0), "arcsec from RA_APER, DEC_APER"),
        (put(CRVAL2="82:00:00"), "not a number"),
        (put(CRVAL2=-115.0), "beyond a pole"),
        (put(CD1_1="none"), "not a number"),
    ],
)
def test_nonsense_is_named(change, text: str) -> None:
    for exposure in (uvis(change), infrared(change)):
        measurement = coordinate_violations(exposure)
        assert measurement.value >= 1
        assert text in measurement.reason
        assert "align anew" in measurement.remedy


def rotated(degrees: float):
    def change(header) -> None:
        turn = np.radians(degrees)
        matrix = np.array([[header[f"CD{i}_{j}"] for j in (1, 2)] for i in (1, 2)])
        turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) @ matrix
        header.update({f"CD{i}_{j}": turned[i - 1, j - 1] for i in (1, 2) for j in (1, 2)})

    return change


def test_roll_is_tolerated_as_far_as_a_fit_finds_it() -> None:
    assert coordinate_violations(infrared(rotated(0.2))).value == 0
    assert "+0.407 deg from that by PA_V3" in coordinate_violations(infrared(rotated(0.4))).reason
    unfitted = put(WCSNAME="IDC_w3m18525i")
    assert "(0.1)" in coordinate_violations(infrared(rotated(0.2), unfitted)).reason
    assert "(0.1)" in coordinate_violations(wfpc2(rotated(0.12))).reason


def test_header_without_the_idctab_is_judged_by_its_camera_and_aperture() -> None:
    def opus(header) -> None:
        for key in [key for key in header if key.startswith(("IDC", "OC")) or key.endswith(("A", "O"))]:
            del header[key]

    assert coordinate_violations(infrared(opus)).value == 0
    assert "PA_APER" in coordinate_violations(infrared(opus, rotated(1.0))).reason
    assert "mirrored" in coordinate_violations(infrared(opus, mirrored)).reason
    assert coordinate_violations(infrared(opus, scaled(1.15))).value >= 1
    assert "(101 arcsec)" in coordinate_violations(infrared(opus, moved("CRVAL2", 0.1))).reason
    assert coordinate_violations(infrared(opus, put(ORIENTAT=-120.404))).value == 0
    assert "deg from ORIENTAT" in coordinate_violations(infrared(opus, put(ORIENTAT=-120.2))).reason
    assert coordinate_violations(infrared(opus, scaled(2.0), put(LTM1_1=0.5, LTM2_2=0.5))).value == 0
    assert coordinate_violations(infrared(opus, scaled(2.0), put(LTM1_1=0.5, LTM2_2=1.0))).value >= 1
    assert coordinate_violations(infrared(opus, put(LTM1_1=0.5, LTM2_2=0.5))).value >= 1


def test_pixels_of_wfpc2_are_twice_as_large_in_area_mode() -> None:
    def area(*changes, served: bool):
        binned = wfpc2(scaled(2.0), put(CRPIX1=212.75, CRPIX2=212.75), *changes, served=served)
        binned.primary["MODE"] = "AREA"
        return coordinate_violations(binned)

    assert area(served=True).value == 0
    assert area(scaled(0.5), served=True).value == 4
    # updatewcs doubles the terms of the IDCTAB as well.
    terms = ("OCX10", "OCX11", "OCY10", "OCY11")

    def doubled(header) -> None:
        header.update({key: 2.0 * header[key] for key in terms})

    assert area(doubled, served=False).value == 0
    full = wfpc2(scaled(2.0), served=True)
    full.primary["MODE"] = "FULL"
    assert coordinate_violations(full).value >= 4


@given(roll=st.floats(0, 360), dec=st.floats(-80, 80), v2=st.floats(-500, 500), v3=st.floats(-500, 500))
def test_roll_is_stwcs_own(roll: float, dec: float, v2: float, v3: float) -> None:
    from stwcs.updatewcs.makewcs import troll

    if np.hypot(v2, v3) > 0.1 and min(abs(v2), abs(v3)) > 1e-3:
        assert (roll_at(roll, dec, v2, v3) - troll(roll, dec, v2, v3) + 180) % 360 - 180 == pytest.approx(
            0, abs=1e-6
        )


def test_linear_solution_projects_as_wcslib_does() -> None:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = (359.99, -84.0), (500.0, 600.0)
    wcs.wcs.cd = np.array([[-1e-5, 3e-6], [2e-6, 1.1e-5]])
    solution = LinearSolution("", np.array(wcs.wcs.crval), np.array(wcs.wcs.crpix), np.array(wcs.wcs.cd))
    pixels = np.random.default_rng(1).uniform(1, 4096, (50, 2))
    sky = solution.sky(pixels)
    np.testing.assert_allclose(sky % 360.0 * [1, 0] + sky * [0, 1], wcs.wcs_pix2world(pixels, 1), atol=1e-10)
    np.testing.assert_allclose(solution.pixels(sky), pixels, atol=1e-6)
    assert np.isnan(solution.plane(np.array([[180.0, 84.0]]))).all()


def test_separation() -> None:
    assert separation((0.0, 0.0), (137.84, -64.911)) == pytest.approx(108.3 * 3600, rel=1e-3)
    assert separation((359.9999, 10.0), (0.0001, 10.0)) == pytest.approx(
        0.72 * np.cos(np.radians(10)), rel=1e-6
    )


# Geometry of the chips


def test_chips_of_real_headers_are_in_their_places() -> None:
    for exposure in (uvis(), infrared(), wfpc2()):
        assert chip_geometry_error(exposure).value < 0.03
    without_kept = put(WCSNAMEA="IDC_other")
    assert not chip_geometry_error(infrared(without_kept)).applicable
    assert not chip_geometry_error(wfpc2(served=True)).applicable


@pytest.mark.parametrize(("chip", "pixels"), [(1, 5), (2, 5), (3, 1), (4, 1)])
def test_one_chip_of_four_that_is_out_of_place_is_named(chip: int, pixels: int) -> None:
    scale = 0.0455 if chip == 1 else 0.0996
    measurement = chip_geometry_error(wfpc2(moved("CRVAL2", pixels * scale / 3600.0), chips=(chip,)))
    assert measurement.value == pytest.approx(1000 * pixels * scale, rel=0.01)
    assert measurement.reason.startswith(f"SCI,{chip} from where the IDCTAB places it")


def test_two_chips() -> None:
    measurement = chip_geometry_error(uvis(moved("CRVAL2", 0.04 / 3600.0), chips=(2,)))
    assert measurement.value == pytest.approx(40, rel=0.03)


def test_reference_pixels() -> None:
    one = chip_geometry_error(uvis(moved("CRPIX1", 2.0), chips=(2,)))
    assert one.value == pytest.approx(80, rel=0.02)
    assert one.reason.startswith("CRPIX of SCI,2")
    both = chip_geometry_error(wfpc2(moved("CRPIX1", 2.0)))
    assert both.value == pytest.approx(91, rel=0.03)
    assert "from its place by the original solution" in both.reason


@pytest.mark.parametrize(("exposure", "pixel"), [(uvis, 0.0396), (infrared, 0.13)])
@pytest.mark.parametrize("name", ["", "TWEAK"])
def test_reference_pixels_of_all_chips_after_a_fit(exposure, pixel: float, name: str) -> None:
    named = put(WCSNAME=name) if name else put()
    assert chip_geometry_error(exposure(named)).value < 0.03
    fitted = chip_geometry_error(exposure(named, moved("CRPIX2", 2.0)))
    assert fitted.value == pytest.approx(2000 * pixel, rel=0.1)
    assert "which the header keeps" in fitted.reason


def test_reference_pixels_are_compared_by_how_far_each_was_moved() -> None:
    """Whatever the original ones were."""

    def both(header: Header) -> None:
        header.update({f"CRPIX1{letter}": header[f"CRPIX1{letter}"] + 300.0 for letter in ("", "A", "O")})

    assert chip_geometry_error(uvis(both, chips=(2,))).value < 0.03
    other = chip_geometry_error(uvis(moved("CRPIX1O", 3.0), chips=(2,)))
    assert other.value == pytest.approx(3.0 * 39.7, rel=0.02)
    assert other.reason.startswith("CRPIX of SCI,2 against that of SCI,1")


def test_one_chip_with_a_fit_is_enough_not_to_be_where_the_original_solution_is() -> None:
    assert chip_geometry_error(uvis(put(WCSNAME="IDC_2731450pi"), chips=(1,))).value < 0.03


def test_the_idctab_is_that_of_the_solutions_name_before_that_of_the_header() -> None:
    other = put(WCSNAME="IDC_other-FIT_REL_GAIAeDR3", WCSNAMEA="IDC_other")
    assert chip_geometry_error(uvis(other, moved("CRPIX2", 2.0))).value == pytest.approx(79.0, rel=0.05)
    without = uvis(put(WCSNAME="TWEAK", WCSNAMEA="mine"), moved("CRPIX1A", 10.0))
    del without.primary["IDCTAB"]
    assert chip_geometry_error(without).value < 0.03


def test_reference_pixels_of_another_idctab_say_nothing() -> None:
    other = put(WCSNAMEA="IDC_other", CRPIX1A=2100.0)
    assert chip_geometry_error(uvis(other)).value < 0.03


def test_geometry_takes_science_headers_of_a_known_camera() -> None:
    unknown = wfpc2()
    unknown.primary["INSTRUME"] = "FOC"
    for exposure in (unknown, replace(wfpc2(), extensions=())):
        measurement = chip_geometry_error(exposure)
        assert (measurement.value, measurement.applicable) == (None, True)


def test_chips_are_compared_with_each_other_by_the_terms_of_all() -> None:
    exposure = uvis(moved("CRVAL2", 1.0 / 3600.0), chips=(2,))
    del exposure.header("SCI", 1)["OCX10"]
    assert chip_geometry_error(exposure).value < 0.03
    assert chip_geometry_error(uvis(moved("CRVAL2", 1.0 / 3600.0), chips=(2,))).value > 900.0


def test_useless_coordinates_are_told_only_where_there_is_something_to_compare() -> None:
    assert not chip_geometry_error(wfpc2(ZERO, chips=(2,), served=True)).applicable


@pytest.mark.parametrize("chip", [1, 2, 3, 4])
@pytest.mark.parametrize("key", ["CRVAL1", "CRVAL2"])
@pytest.mark.parametrize("arcsec", [-3.0, -0.4, 0.4, 3.0])
def test_a_chip_that_is_out_of_place_is_named_whichever_way_it_went(
    chip: int, key: str, arcsec: float
) -> None:
    measurement = chip_geometry_error(wfpc2(moved(key, arcsec / 3600.0), chips=(chip,)))
    assert measurement.reason.startswith(f"SCI,{chip} from where the IDCTAB places it")


def unfitted(header: Header) -> None:
    """The IDCTAB's own solution, whose reference pixel is 50 pixels from that of the original one."""
    header.update({key: header[f"{key}A"] for key in TERMS})
    header.update(WCSNAME="IDC_w3m18525i", WCSNAMEA="IDC_other")


def test_a_chip_is_where_its_original_solution_has_its_reference_pixel() -> None:
    assert chip_geometry_error(infrared(unfitted)).value < 0.3
    north = chip_geometry_error(infrared(unfitted, moved("CRVAL2", 0.05 / 3600.0)))
    assert north.value == pytest.approx(50.0, abs=0.3)
    assert "from its place by the original solution" in north.reason
    east = chip_geometry_error(infrared(unfitted, moved("CRPIX1", 1.0)))
    assert east.value == pytest.approx(0.13540 * 1000.0, rel=0.02)


def test_geometry_of_useless_coordinates_is_not_measured() -> None:
    measurement = chip_geometry_error(uvis(ZERO, chips=(2,)))
    assert (measurement.value, measurement.reason) == (
        None,
        "the coordinates of SCI,2 cannot be used; see WCS-005",
    )
    assert chip_geometry_error(uvis(put(CRVAL1=0.0, CRVAL2=65.0), chips=(2,))).value > 1e6


# Against other copies of the solution


def test_distance_from_the_distortion_solution() -> None:
    assert distance_from_distortion_solution(uvis()).value == pytest.approx(0.27, abs=0.01)
    other = distance_from_distortion_solution(uvis(moved("CRVAL2", 82.0 / 3600.0)))
    assert other.value == pytest.approx(82, abs=0.5)
    assert distance_from_distortion_solution(uvis(rotated(4.0))).value > 5
    # 115 degrees away, in no common tangent plane.
    away = distance_from_distortion_solution(uvis(put(CRVAL1=0.0, CRVAL2=65.0), chips=(1,))).value
    assert away == pytest.approx(separation((137.8644, -64.9041), (0.0, 65.0)), rel=1e-3)
    assert distance_from_distortion_solution(uvis(ZERO)).value is None
    assert not distance_from_distortion_solution(wfpc2()).applicable


def test_of_kept_solutions_the_one_of_the_idctab_is_compared_with() -> None:
    """Not a fit to it, one of a name of the user's own, or that of an earlier IDCTAB."""

    def kept(header: Header) -> None:
        for letter, name, north in (
            ("B", "mine", 3.0),
            ("C", "IDC_2731450pi-FIT_REL_GAIAeDR3", 4.0),
            ("D", "IDC_old", 5.0),
            ("E", "IDC_2731450pi", 1.0),
            ("F", "IDC_older", 7.0),
        ):
            header.update({f"{key}{letter}": header[f"{key}A"] for key in TERMS})
            header[f"WCSNAME{letter}"] = name
            header[f"CRVAL2{letter}"] += north / 3600.0
        header.update({key: header[f"{key}A"] for key in TERMS})
        del header["WCSNAMEA"]

    assert distance_from_distortion_solution(uvis(kept)).value == pytest.approx(1.0, abs=1e-4)
    # Of none of the IDCTAB's, the first of another.
    other = put(WCSNAMEE="mine too")
    assert distance_from_distortion_solution(uvis(kept, other)).value == pytest.approx(5.0, abs=1e-4)


@pytest.mark.parametrize("pixels", [True, False])
def test_the_distance_of_a_turn_is_that_of_the_farthest_corner(pixels: bool) -> None:
    def turned(header: Header) -> None:
        header.update({key: header[f"{key}A"] for key in TERMS})
        rotated(0.02)(header)

    exposure = infrared(turned)
    if not pixels:
        exposure = replace(
            exposure, extensions=tuple(replace(each, shape=()) for each in exposure.extensions)
        )
    # From the reference pixel (507, 507) to (1014, 1014), or to the first where nothing is known of others;
    # pixels of 0.1354 by 0.121 arcsec.
    matrix = np.array([[exposure.header("SCI")[f"CD{i}_{j}"] for j in (1, 2)] for i in (1, 2)])
    away = np.hypot(*(3600.0 * matrix @ (np.array([507.0, 507.0] if pixels else [506.0, 506.0]))))
    edge = np.hypot(*(3600.0 * matrix @ (np.array([507.0, -506.0]))))
    found = distance_from_distortion_solution(exposure).value
    farthest = max(away, edge) if pixels else away
    assert found == pytest.approx(farthest * np.radians(0.02), rel=1e-3)


def test_files_of_one_exposure() -> None:
    assert coordinate_difference(uvis(suffix="flt"), uvis()).value == 0
    apart = coordinate_difference(uvis(put(WCSNAME="TWEAK"), moved("CRVAL2", 1e-6), suffix="flt"), uvis())
    assert apart.value == pytest.approx(3.6, rel=1e-3)
    assert "ie1d01xqq_flt.fits (TWEAK)" in apart.reason
    useless = coordinate_difference(uvis(suffix="flt"), uvis(ZERO, chips=(1,)))
    assert (useless.value, useless.told) == (None, False), "the other file's own WCS-005 rejects it"
    assert coordinate_difference(uvis(ZERO, chips=(1,), suffix="flt"), uvis()).told
    fewer = coordinate_difference(uvis(suffix="flt"), infrared())
    assert ("has no SCI,2" in fewer.reason, fewer.told) == (True, False)


# What cannot be used is told in plain words


def test_useless_coordinates_are_told_in_plain_words() -> None:
    header = infrared(ZERO).header("SCI")
    with pytest.raises(ReaderError, match=r"the matrix CDi_j \(0, 0; 0, 0\) is singular"):
        science_wcs(header)
    header = infrared(put(CTYPE1="RA---TAN-SIP", CTYPE2="DEC--ZEA")).header("SCI")
    with pytest.raises(ReaderError, match="CTYPE1 is 'RA---TAN-SIP' and CTYPE2 'DEC--ZEA'"):
        science_wcs(header)
    assert coordinate_problem({"CRVAL1": 1.0}) == "CRVAL2 is missing"
    linear = {"CRVAL1": 1.0, "CRVAL2": 2.0, "CRPIX1": 1.0, "CRPIX2": 1.0}
    assert coordinate_problem(linear) == "CDELT1 is missing"
    assert coordinate_problem({**linear, "CDELT1": 0.0, "CDELT2": 1.0}).startswith("CDELT1 or CDELT2 is zero")
    assert coordinate_problem({**linear, "CDELT1": 1.0, "CDELT2": 1.0}) == ""


@pytest.mark.skipif(not (SHARED / "cases").is_dir(), reason="real cases are not beside this repository")
@pytest.mark.parametrize(
    "path",
    [
        *(f"17_wcs_nonsense/{name}.fits" for name in ("cd_twice_flt", "cd_zero_flt", "mirror_flt")),
        *(f"17_wcs_nonsense/{name}.fits" for name in ("crval_hours_flt", "crval_zero_flt")),
        "17_wcs_nonsense/off_1_degree_flc.fits",
        "07_c0m_broken/cdzero/u40x010hm_c0m.fits",
    ],
)
def test_nonsense_in_real_files_is_rejected(path: str) -> None:
    assert coordinate_violations(read_exposure(SHARED / "cases" / path)).value >= 1


def real_files() -> list[Path]:
    places = ("headers/s*.fits", "archive/HST/u4*/*_c0m.fits", "archive/HST/j9*/*_flt.fits")
    cases = ("cases/0*/*fl?.fits", "cases/0*/v?/*fl?.fits", "cases/18*/*.fits", "cases/2*/*_flt.fits")
    return sorted(path for pattern in (*places, *cases) for path in SHARED.glob(pattern))


@pytest.mark.skipif(not SHARED.is_dir(), reason="real headers are not beside this repository")
@pytest.mark.parametrize("path", real_files(), ids=lambda path: path.stem)
def test_real_files_raise_no_false_alarm(path: Path) -> None:
    exposure = read_exposure(path)
    coordinates = coordinate_violations(exposure)
    assert coordinates.value == 0
    assert tolerance_used(coordinates) < 0.7
    geometry, distance = chip_geometry_error(exposure), distance_from_distortion_solution(exposure)
    assert not geometry.applicable or geometry.value < 0.03
    assert not distance.applicable or distance.value < 0.5


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        ({"LONPOLE": 150.0}, "LONPOLE is 150.0, which turns the image"),
        ({"LONPOLE": 0.0, "LATPOLE": 0.0}, "LONPOLE is 0.0"),
        ({"LONPOLE": "180"}, "LONPOLE is '180'"),
        ({"PC1_1": 1.0, "PC2_2": 1.0, "CDELT1": -1.4e-5, "CDELT2": 1.4e-5}, "PCi_j with CDELTi differ"),
        ({"PC1_1": "one"}, "PCi_j with CDELTi differ"),
        # What is left out of PC is that of a unit matrix, with pixels of a degree.
        ({"PC1_2": 1e-6}, "PCi_j with CDELTi differ"),
        ({"LONPOLE": 180.0, "LATPOLE": -47.5}, ""),
        # Old headers have CDELT beside CD, and every reader takes CD.
        ({"CDELT1": 1.0, "CDELT2": 1.0}, ""),
    ],
)
def test_what_turns_an_image_beside_its_matrix_is_named(cards: dict[str, object], words: str) -> None:
    for exposure in (uvis(put(**cards)), infrared(put(**cards))):
        found = coordinate_violations(exposure)
        assert found.value == (len(exposure.chips) if words else 0)
        assert words in found.reason


def test_a_matrix_that_is_stated_twice_does_no_harm() -> None:
    """As ``header.update(wcs.to_header())`` leaves it."""

    def twice(header: Header) -> None:
        header.update({f"PC{i}_{j}": header[f"CD{i}_{j}"] for i in (1, 2) for j in (1, 2)})
        header.update(CDELT1=1.0, CDELT2=1.0)

    assert coordinate_violations(uvis(twice)).value == 0


@pytest.mark.parametrize("order", [99999, -1, 4.5, "four", True])
@pytest.mark.parametrize("keyword", ["A_ORDER", "B_ORDER", "AP_ORDER", "BP_ORDER"])
def test_an_order_of_a_distortion_that_is_none_is_named_and_never_followed(
    keyword: str, order: object
) -> None:
    """Time and memory go with its square: 99,999 would take hours."""
    header = uvis(put(**{keyword: order})).header("SCI", 1)
    line = f"{keyword} is {order!r}, not a whole number from 0 to 9"
    assert coordinate_problem(header) == line
    with pytest.raises(ReaderError, match=keyword):
        science_wcs(header)
    # Of a solution that is kept the order is not that.
    assert coordinate_problem({**header, "CRVAL1A": 1.0}, "A") != line


@pytest.mark.parametrize(
    ("cards", "line"),
    [
        ({"WCSAXES": 3}, "WCSAXES is 3, but an image has two axes"),
        ({"CRPIX1": 1e300}, "CRPIX1 is 1e+300, on no image"),
        ({"CRPIX2": -2e8}, "CRPIX2 is -2e+08, on no image"),
    ],
)
def test_coordinates_of_no_image_are_named_before_they_are_computed(
    cards: dict[str, object], line: str
) -> None:
    header = uvis(put(**cards)).header("SCI", 1)
    assert coordinate_problem(header) == line
    with pytest.raises(ReaderError, match=line.split()[0]):
        science_wcs(header)
