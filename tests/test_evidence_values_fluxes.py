"""Fluxes of sources beside others' and under the image: values by hand, star by star."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from hubble_qa.checks.evidence.exposure_fluxes import fluxes_beside, fluxes_under
from hubble_qa.checks.evidence.source_fluxes import sources_of
from hubble_qa.checks.evidence.star_lists import Input
from hubble_qa.checks.images.apertures import aperture_fluxes
from hubble_qa.checks.images.exposure_fluxes import SharedFluxes
from tests.test_evidence_shared import FLUXES, field, frame, write, write_pair

SHAPE = (320, 360)


def exposure(path: Path, fluxes: np.ndarray, *, time: float = 100.0, seed: int = 1, **cards: Any) -> Input:
    """Stars of so many electrons, without distortion but by these cards."""
    header = frame(180.0, 160.0)
    header.update(cards)
    return Input(write(path, field(SHAPE, header, fluxes, seed=seed), header, EXPTIME=time))


def numbers(header: fits.Header, places: np.ndarray, within: float = 0.15) -> np.ndarray:
    """Which of the forty stars are at these places of a chip, from -0.5 to 0.5 of its columns and rows."""
    x, y = np.random.default_rng(21).uniform(-14.0, 14.0, (2, 40))
    sky = np.column_stack([header["CRVAL1"] + x / 3600.0 / math.cos(math.radians(30.0)), 30.0 + y / 3600.0])
    pixels = (places + 0.5) * np.array(SHAPE[::-1])
    offsets = pixels - WCS(header).all_world2pix(sky, 0)[:, np.newaxis]
    nearest = np.hypot(*offsets.transpose(2, 0, 1)).argmin(axis=0)
    own = offsets[nearest, np.arange(len(pixels))]
    assert np.hypot(*own.T).max() < within
    assert np.hypot(*own.mean(axis=0)) < 0.3 * within
    return np.asarray(nearest)


def test_each_source_is_compared_with_itself(tmp_path: Path) -> None:
    """On another exposure the brightest are the faintest."""
    one = exposure(tmp_path / "ib0000001_flc.fits", FLUXES)
    other = exposure(tmp_path / "ib0000002_flc.fits", 2.0 * FLUXES[::-1], time=200.0, seed=2)
    found = fluxes_beside(one, 1, [other])
    assert isinstance(found, SharedFluxes)
    assert len(found.ratio) > 25
    which = numbers(frame(180.0, 160.0), found.places)
    assert found.ratio == pytest.approx((FLUXES / FLUXES[::-1])[which], rel=0.03)
    assert found.core_ratio == pytest.approx(found.ratio, rel=0.02)
    assert found.others == ("ib0000002_flc",)


def test_errors_are_those_of_the_middle_of_the_others(tmp_path: Path) -> None:
    """Of three of unlike depth, and of its own; a gain is asked of WFPC2 alone."""
    times = (400.0, 40.0, 100.0, 3200.0)
    inputs = [
        exposure(tmp_path / f"ib000000{number}_flc.fits", FLUXES * time / 100.0, time=time, seed=number)
        for number, time in enumerate(times)
    ]
    for one in inputs:
        with fits.open(one.path, mode="update") as hdus:
            hdus[0].header["ATODGAIN"] = 7.0
    found = fluxes_beside(inputs[0], 1, inputs[1:])
    assert isinstance(found, SharedFluxes)
    pixels = (found.places + 0.5) * np.array(SHAPE[::-1])
    relative = []
    for one in inputs:
        image = fits.getdata(one.path, ("SCI", 1))
        seen = aperture_fluxes(image, np.zeros(SHAPE, dtype=bool), pixels, electrons=1.0)
        relative.append(seen.error / seen.large)
    expected = np.hypot(relative[0], np.median(relative[1:], axis=0) / math.sqrt(3.0))
    bright = FLUXES[numbers(frame(180.0, 160.0), found.places)] > 5000.0  # which all of them show
    assert found.error[bright] == pytest.approx(expected[bright], rel=0.02)
    assert found.ratio[bright] == pytest.approx(np.ones(np.count_nonzero(bright)), rel=0.06)


def test_pixels_that_are_larger_hold_more_of_the_sky(tmp_path: Path) -> None:
    """Flat fields divide by their area, which grows along the rows by a fifth, and less along the columns."""
    sip = {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 2, "B_ORDER": 2}
    sip |= {"A_2_0": 3e-4, "B_0_2": -1e-4}
    one = exposure(tmp_path / "ib0000001_flc.fits", FLUXES, **sip)
    other = exposure(tmp_path / "ib0000002_flc.fits", FLUXES, seed=2)
    found = fluxes_beside(one, 1, [other])
    assert isinstance(found, SharedFluxes)
    x, y = ((found.places + 0.5) * np.array(SHAPE[::-1]) - np.array([180.0, 160.0])).T
    areas = (1.0 + 6e-4 * x) * (1.0 - 2e-4 * y)
    assert np.ptp(areas) > 0.1
    # Fluxes of the same stars in the same pixels, of an area that is that of the middle one.
    assert found.ratio == pytest.approx(areas / np.median(areas), rel=0.03)


@pytest.mark.parametrize("chip", ["flc", "c0m"])
def test_sources_on_flagged_pixels_are_not_compared(tmp_path: Path, chip: str) -> None:
    """A C0M without its C1M has no flags."""
    one, other = (
        exposure(tmp_path / f"ib000000{number}_{chip}.fits", FLUXES, seed=number) for number in (1, 2)
    )
    with fits.open(one.path, mode="update") as hdus:
        hdus["DQ", 1].data[:, 200:] = 4
    found = fluxes_beside(one, 1, [other])
    assert isinstance(found, SharedFluxes)
    x = (found.places[:, 0] + 0.5) * SHAPE[1]
    assert bool(x.max() > 200.0) is (chip == "c0m")
    assert len(found.ratio) > 8


@pytest.mark.parametrize(("gain", "electrons"), [(7.0, 7.0), (15.0, 14.0), (None, 1.0)])
def test_errors_of_wfpc2_are_by_its_gain(tmp_path: Path, gain: float | None, electrons: float) -> None:
    pair = [exposure(tmp_path / f"u5jx010{number}r_flt.fits", FLUXES, seed=number) for number in (1, 2)]
    for one in pair:
        with fits.open(one.path, mode="update") as hdus:
            hdus[0].header["INSTRUME"] = "WFPC2"
            hdus["SCI", 1].header["DETECTOR"] = 2
            if gain is not None:
                hdus[0].header["ATODGAIN"] = gain
    found = fluxes_beside(pair[0], 1, pair[1:])
    assert isinstance(found, SharedFluxes)
    pixels = (found.places + 0.5) * np.array(SHAPE[::-1])
    seen = [
        aperture_fluxes(
            fits.getdata(one.path, ("SCI", 1)), np.zeros(SHAPE, dtype=bool), pixels, electrons=electrons
        )
        for one in pair
    ]
    expected = np.hypot(seen[0].error / seen[0].large, seen[1].error / seen[1].large)
    assert found.error == pytest.approx(expected, rel=0.02)


def test_sources_of_the_image_are_where_they_are_on_the_chip(tmp_path: Path) -> None:
    header, of_chip = frame(170.0, 165.0), frame(180.0, 160.0, turn=10.0)
    chip = field(SHAPE, of_chip, 2.0 * FLUXES, seed=3) - 20.0
    one = Input(write(tmp_path / "ib0000001_flc.fits", chip, of_chip, EXPTIME=2.0))
    pixels = field((330, 350), header, FLUXES, seed=4) - 20.0
    image = write_pair(tmp_path, pixels, np.ones((330, 350)), header)
    found = fluxes_under(one, 1, image.path, (one,))
    assert isinstance(found, SharedFluxes)
    (sources,) = sources_of(image.path, (one,)).values()
    assert len(found.ratio) == len(sources) > 8
    assert found.ratio == pytest.approx(sources.chip / sources.drizzled)
    assert found.ratio is found.core_ratio
    assert np.median(found.ratio) == pytest.approx(1.0, abs=0.02)
    assert {*found.error} == {0.01}
    assert found.others == ("x_drz_sci",)
    # The brightest pixels of stars.
    assert len({*numbers(of_chip, found.places, 0.75)}) == len(found.ratio)
    places = WCS(of_chip).all_world2pix(WCS(header).all_pix2world(sources.places, 0), 0)
    assert (found.places + 0.5) * np.array(SHAPE[::-1]) == pytest.approx(places)


def test_where_an_image_shows_no_sources_of_a_chip_there_is_nothing_to_compare(tmp_path: Path) -> None:
    one = exposure(tmp_path / "ib0000001_flc.fits", FLUXES)
    image = write_pair(tmp_path, np.ones(SHAPE), np.ones(SHAPE), frame(180.0, 160.0))
    for inputs in ((one,), ()):
        assert fluxes_under(one, 1, image.path, inputs) == "it shows no bright sources that stand alone"


def of_two_chips(path: Path, factor: float, photflams: tuple[float, float], *, swapped: bool) -> Input:
    """The same stars on two chips, those of the second 90 degrees to the east and half as bright."""
    primary = fits.PrimaryHDU()
    primary.header.update(INSTRUME="WFC3", DETECTOR="UVIS", EXPTIME=100.0, EXPSTART=57388.0, EXPEND=57389.0)
    units: list[Any] = [primary]
    for version, number in enumerate((2, 1) if swapped else (1, 2), start=1):
        header = frame(180.0, 160.0, ra=60.0 + 90.0 * number)
        pixels = field(SHAPE, header, factor * FLUXES / number, seed=version)
        header["PHOTFLAM"] = photflams[number - 1]
        units += [
            fits.ImageHDU(pixels.astype(np.float32), header, name="SCI", ver=version),
            fits.ImageHDU(np.ones(SHAPE, np.float32), name="ERR", ver=version),
            fits.ImageHDU(np.zeros(SHAPE, np.int16), name="DQ", ver=version),
        ]
    fits.HDUList(units).writeto(path)
    return Input(path)


@pytest.mark.parametrize(("photflams", "compared"), [((1e-19, 1e-19), True), ((1e-19, 1.2e-19), False)])
def test_chips_of_unlike_sensitivity_are_compared_with_themselves(
    tmp_path: Path, photflams: tuple[float, float], compared: bool
) -> None:
    one, same, other = (
        of_two_chips(tmp_path / f"ib000000{number}_flc.fits", factor, photflams, swapped=number == 3)
        for number, factor in ((1, 1.0), (2, 2.0), (3, 5.0))
    )
    for chip in (1, 2):
        found = fluxes_beside(one, chip, [same])
        assert isinstance(found, SharedFluxes)
        assert np.median(found.ratio) == pytest.approx(0.5, rel=0.02)
        assert numbers(frame(180.0, 160.0), found.places).size > 25
        across = fluxes_beside(one, chip, [same, other])
        assert isinstance(across, SharedFluxes)
        # Of twice and five times as much the median, or twice alone.
        assert np.median(across.ratio) == pytest.approx(1.0 / 3.5 if compared else 0.5, rel=0.02)
