"""Dark frames: temperatures in headers, matching by rate, apertures; and what the checks make of them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.detectors.dark_rate import (
    DarkCounts,
    blank_residual,
    box_counts,
    dark_fraction,
    dark_match_ratio,
    dark_rate_order_violations,
    hot_pixel_agreement,
)
from hubble_qa.checks.detectors.detector_temperature import Temperature
from hubble_qa.fixtures.plans.stage import StageError
from hubble_qa.fixtures.reduction.dark_rate.apertures import Ellipse, pixels_under
from hubble_qa.fixtures.reduction.dark_rate.combination import Combined, parts_of_mean
from hubble_qa.fixtures.reduction.dark_rate.frames import Box, check_dark, frame_header, read_association
from hubble_qa.fixtures.reduction.dark_rate.matching import BoxCounts, match_darks
from tests.dark_rate_samples import BOXES, DARKS, dark, hot_pixels, order, recognition

PUBLISHED = [BoxCounts(name, counts, 1000.0) for name, (_, _, counts) in DARKS.items()]


def frame(path: Path, primary: dict[str, object] | None = None, **science: object) -> Path:
    """A frame of a few pixels, with some keywords changed; None takes one away."""
    hdus = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((4, 4)), name="SCI", ver=1)])
    stated = {"ROOTNAME": "JCMC11E6Q", "DATE-OBS": "2015-04-13", "TIME-OBS": "13:01:20", "EXPSTART": 57125.5}
    stated |= {"EXPTIME": 960.0, "FILTER1": "F165LP", **(primary or {})}
    temperatures = {"MDECODT1": 25.5069, "MDECODT2": 26.4837, **science}
    for hdu, keywords in zip(hdus, (stated, temperatures), strict=True):
        hdu.header.update({name: value for name, value in keywords.items() if value is not None})
    hdus.writeto(path)
    return path


def test_header_states_time_and_temperature(tmp_path):
    header = frame_header(frame(tmp_path / "jcmc11e6q_flt.fits"))
    assert header.rootname == "jcmc11e6q"
    assert header.start == "2015-04-13T13:01:20"
    assert header.temperature == pytest.approx(25.9953)


@pytest.mark.parametrize(
    ("primary", "science", "words"),
    [
        ({}, {"MDECODT2": None}, r"\[SCI,1\]: MDECODT2 is missing; fetch the file again or leave"),
        (
            {},
            {"MDECODT1": 0.0},
            r"\[SCI,1\]: MDECODT1 is 0, which is no temperature but missing telemetry; corr",
        ),
        (
            {},
            {"MDECODT1": -99.0},
            r"\[SCI,1\]: MDECODT1 is -99, which is no temperature of a detector; correct it",
        ),
        ({}, {"MDECODT1": "warm"}, r"\[SCI,1\]: MDECODT1 is 'warm', no number; fetch"),
        ({"EXPTIME": None}, {}, r"\[primary\]: EXPTIME is missing; fetch"),
        ({"EXPTIME": 0.0}, {}, r"EXPTIME is 0 s; leave the exposure out"),
        ({"FILTER1": None}, {}, r"\[primary\]: FILTER1 is missing; fetch"),
    ],
)
def test_header_that_lacks_something_is_one_line(tmp_path, primary, science, words):
    path = frame(tmp_path / "jcmc11e6q_flt.fits", primary, **science)
    with pytest.raises(
        StageError, match=f"^jcmc11e6q_flt.fits{words}" if words[0] == "\\" else words
    ) as caught:
        frame_header(path)
    assert "\n" not in str(caught.value)


def test_frame_of_the_sky_is_no_dark(tmp_path):
    check_dark(frame(tmp_path / "jcrx01iiq_raw.fits", {"IMAGETYP": "DARK"}))
    light = frame(tmp_path / "jcmc11e6q_raw.fits", {"IMAGETYP": "EXT"})
    with pytest.raises(StageError, match=r"^jcmc11e6q_raw.fits: IMAGETYP is 'EXT', not DARK; take it out of"):
        check_dark(light)


def test_association_names_its_present_exposures_only(tmp_path):
    rows = [("JCMC11CTQ", "EXP-DTH", True), ("JCMC11E6Q", "EXP-DTH", False), ("JCMC11010", "PROD-DTH", True)]
    names, kinds, present = zip(*rows, strict=True)
    columns = [
        fits.Column("MEMNAME", "14A", array=names),
        fits.Column("MEMTYPE", "14A", array=kinds),
        fits.Column("MEMPRSNT", "L", array=present),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="ASN")
    table.writeto(tmp_path / "jcmc11010_asn.fits")
    assert read_association(tmp_path / "jcmc11010_asn.fits") == ("jcmc11ctq",)
    table.data["MEMPRSNT"] = False
    table.writeto(tmp_path / "empty_asn.fits")
    with pytest.raises(StageError, match=r"empty_asn.fits: the table lists no exposure"):
        read_association(tmp_path / "empty_asn.fits")


# Matching


def test_nearest_darks_at_equal_times_are_the_notebooks():
    for name, expected in (("jcmc11ctq", "jcrx01iqq"), ("jcmc11e6q", "jcrx01iyq")):
        match = match_darks(BoxCounts(name, BOXES[name], 1000.0), PUBLISHED, "nearest")
        assert [each.rootname for each in match.darks] == [expected]


def test_rates_are_compared_and_not_counts():
    match = match_darks(BoxCounts("short", 2379.0 / 2.0, 500.0), PUBLISHED, "nearest")
    assert match.darks[0].rootname == "jcrx01iyq"
    assert match.ratio == pytest.approx(2445.0 / 2379.0)


counts = st.floats(1.0, 1e5)
times = st.floats(10.0, 5000.0)
frames = st.builds(BoxCounts, st.text("abcdefgh", min_size=3, max_size=9), counts, times)


@given(frames, st.lists(frames, min_size=1, max_size=12))
def test_no_dark_is_nearer_than_the_nearest(exposure, darks):
    match = match_darks(exposure, darks, "nearest")
    assert abs(match.darks[0].rate - exposure.rate) == min(abs(each.rate - exposure.rate) for each in darks)
    assert match.shares == (1.0,)


@given(frames, st.lists(frames, min_size=1, max_size=12))
def test_interpolation_meets_the_rate_wherever_darks_enclose_it(exposure, darks):
    match = match_darks(exposure, darks, "interpolate")
    assert sum(match.shares) == pytest.approx(1.0)
    assert all(0.0 <= share <= 1.0 for share in match.shares)
    if min(each.rate for each in darks) <= exposure.rate <= max(each.rate for each in darks):
        assert match.ratio == pytest.approx(1.0)
    assert match.ratio_error > 0


@given(frames, st.lists(frames, min_size=1, max_size=12), st.sampled_from(["nearest", "interpolate"]))
def test_the_check_recounts_what_the_matching_reports(exposure, darks, method):
    match = match_darks(exposure, darks, method)
    chosen = [
        (share, DarkCounts(each.rootname, 26.0, each.counts, each.exptime))
        for share, each in zip(match.shares, match.darks, strict=True)
    ]
    measured = dark_match_ratio(chosen, exposure.counts, exposure.exptime, subject=exposure.rootname)
    assert measured.value == pytest.approx(match.ratio)
    assert measured.uncertainty == pytest.approx(match.ratio_error)


def test_what_cannot_be_matched_is_said():
    with pytest.raises(StageError, match=r"no dark frames to choose from; add a group of darks"):
        match_darks(PUBLISHED[0], [], "nearest")
    with pytest.raises(StageError, match=r"^dim has 0 counts in the box; there is no dark rate to match"):
        match_darks(BoxCounts("dim", 0.0, 1000.0), PUBLISHED, "nearest")


# Apertures


def image_wcs(scale: float, size: int) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [165.56, 38.04], [size / 2 + 0.5] * 2
    wcs.wcs.cd = np.array([[-scale, 0.0], [0.0, scale]]) / 3600.0
    return wcs


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0])
def test_pixels_under_an_aperture_on_an_even_image_is_the_area_of_the_ellipse(angle):
    ellipse = Ellipse(x=120.0, y=90.0, a=40.0, b=25.0, angle=angle)
    place = pixels_under(ellipse, image_wcs(0.025, 200), image_wcs(0.03, 170), (170, 170), 0.025)
    assert place.sum(np.ones((170, 170))) == pytest.approx(math.pi * 40.0 * 25.0, rel=1e-3)
    assert ellipse.sum(np.ones((200, 200))) == pytest.approx(math.pi * 40.0 * 25.0, rel=1e-6)


def test_single_pixel_counts_where_it_is():
    ellipse = Ellipse(x=120.0, y=90.0, a=40.0, b=25.0, angle=90.0)
    place = pixels_under(ellipse, image_wcs(0.025, 200), image_wcs(0.03, 170), (170, 170), 0.025)
    # The aperture's centre lies at (120 - 99.5) * 0.025 / 0.03 + 84.5 in the exposure.
    image = np.zeros((170, 170))
    image[77, 102] = 1.0
    assert place.sum(image) == pytest.approx((0.03 / 0.025) ** 2, rel=1e-6)
    assert place.variance(image) == pytest.approx((0.03 / 0.025) ** 4, rel=1e-6)
    assert place.sum(image.T) == 0.0


def test_pixels_that_one_exposure_flags_are_anothers():
    """What is combined is the mean of what is good, with weights by exposure time."""
    flagged = np.ones((170, 170), dtype=bool)
    flagged[80:84] = False
    wcs = image_wcs(0.03, 170)
    first, second = Combined(100.0, flagged, wcs), Combined(300.0, np.ones((170, 170), dtype=bool), wcs)
    place = np.s_[70:90, 60:70]
    parts = [parts_of_mean(place, *each) for each in ((first, [second]), (second, [first]))]
    assert parts[0] + parts[1] == pytest.approx(1.0)
    assert parts[0][0] == pytest.approx(0.25)
    assert np.array_equal(parts[0][10:14], np.zeros((4, 10)))
    assert parts_of_mean(place, second, []) == pytest.approx(1.0)


def test_exposure_gives_nothing_beside_itself():
    beside = Combined(300.0, np.ones((50, 50), dtype=bool), image_wcs(0.03, 50))
    whole = Combined(100.0, np.ones((170, 170), dtype=bool), image_wcs(0.03, 170))
    part = parts_of_mean(np.s_[85:86, 0:170], whole, [beside])[0]
    assert part[:60] == pytest.approx(1.0) == part[110:]
    assert part[61:109] == pytest.approx(0.25)


def test_aperture_off_the_image_is_an_error():
    beside = Ellipse(x=1200.0, y=90.0, a=40.0, b=25.0)
    with pytest.raises(StageError, match=r"aperture at \(1200, 90\) is not covered by the image: it reaches"):
        beside.sum(np.ones((200, 200)))
    with pytest.raises(StageError, match=r"aperture at \(1200, 90\) is not on the exposure; move it"):
        pixels_under(beside, image_wcs(0.025, 200), image_wcs(0.03, 170), (170, 170), 0.025)
    over_the_edge = Ellipse(x=190.0, y=90.0, a=40.0, b=25.0)
    with pytest.raises(StageError, match=r"aperture at \(190, 90\) is not covered by the image: it reaches"):
        over_the_edge.sum(np.ones((200, 200)))
    hole = np.ones((200, 200))
    hole[90, 120] = np.nan
    with pytest.raises(StageError, match="is not covered by the image"):
        Ellipse(x=120.0, y=90.0, a=40.0, b=25.0).sum(hole)


# Checks


def test_box_is_the_notebooks():
    image = np.zeros((1024, 1024))
    image[650:850, 580:780] = 2.0
    assert box_counts(image) == Box().sum(image) == 80_000.0
    image[649], image[850], image[:, 579], image[:, 780] = 9.0, 9.0, 9.0, 9.0
    assert box_counts(image) == Box().sum(image) == 80_000.0


@pytest.mark.parametrize(("begin", "end"), [(0.0, 26.0), (26.0, 0.0), (None, 26.0), (26.0, None)])
def test_missing_telemetry_is_no_temperature(begin, end):
    assert math.isnan(Temperature(begin, end).mean)


def test_violations_name_the_exposure_and_what_was_taken():
    assert "jcmc11e6q: 26.00 deg C, but taken to be below 25" in recognition(recognised=()).reason
    assert "jcmc11e6q: 26.00 deg C, but matched with no dark frame" in recognition(matched=()).reason
    assert "jcmc11ctq: MDECODT1 is 0.0" in recognition(jcmc11ctq=0.0).reason
    assert "jcmc11zzq is none of the exposures" in recognition(("jcmc11e6q", "jcmc11zzq")).reason


def test_jump_of_the_temperature_is_named():
    exchanged = recognition(("jcmc11ctq",), jcmc11ctq=25.9953, jcmc11e6q=17.3262)
    assert "jcmc11cwq begins at 18.27 deg C, but jcmc11ctq ended at 26.40 1 min before" in exchanged.reason
    assert recognition().value == 0.0


def test_few_hot_pixels_tell_nothing():
    even = np.full((1024, 1024), 0.1)
    measured = hot_pixel_agreement({"jcrx01iyq": even}, even, subject="jcmc11e6q")
    assert not measured.told
    assert "jcrx01iyq has 0 hot pixels" in measured.reason
    assert not hot_pixel_agreement({}, even, subject="jcmc11e6q").measured
    assert hot_pixels().value == 1.0


def test_mislabelled_dark_is_named():
    swapped = order(jcrx01isq="jcrx01j1q", jcrx01j1q="jcrx01isq")
    assert swapped.value == 8.0
    assert (
        "jcrx01j1q at 26.00 deg C has 3.141/s, jcrx01isq at 28.07 only 0.777"
        in swapped.context["violations"][0]
    )


def test_dark_frames_that_are_all_cool_have_no_order():
    cool = [dark(name) for name in list(DARKS)[:8]]
    assert not dark_rate_order_violations(cool, subject="13961").applicable
    lost = [dark("jcrx01j2q"), dark("jcrx01isq", temperature=math.nan)]
    assert not dark_rate_order_violations(lost, subject="13961").measured


@given(st.floats(0.0, 10.0), st.floats(0.1, 10.0), st.floats(0.0, 0.5), st.floats(0.0, 0.5))
def test_dark_fraction_is_what_is_subtracted(of_dark, of_science, dark_error, match_error):
    measured = dark_fraction(
        (of_dark, dark_error), (of_science, 0.1), match_error=match_error, subject="target"
    )
    assert measured.value * of_science == pytest.approx(of_dark)
    assert measured.uncertainty * of_science >= max(dark_error, match_error) - 1e-12


def test_nothing_measured_never_passes():
    for measured in (
        dark_fraction((0.3, 0.01), (0.0, 0.0), subject="target"),
        blank_residual(0.0, 0.0, subject="blank"),
        dark_match_ratio([], 428.6, 1000.0, subject="jcmc11ctq"),
        dark_match_ratio([(0.5, dark("jcrx01iqq"))], 428.6, 1000.0, subject="jcmc11ctq"),
        dark_match_ratio([(1.0, dark("jcrx01iqq"))], 0.0, 1000.0, subject="jcmc11ctq"),
    ):
        assert not measured.measured
