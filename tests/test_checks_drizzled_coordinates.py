"""Coordinates of drizzled images: no distortion, and where the inputs have it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.evidence.extents import coverage_extents
from hubble_qa.checks.images.drizzled_coordinates import (
    Extents,
    distortion_keyword_violations,
    drizzled_coordinate_violations,
)
from hubble_qa.checks.readers import Drizzled, read_drizzled

PLACE = {
    "CRVAL1": 201.7,
    "CRVAL2": -47.5,
    "CRPIX1": 100.5,
    "CRPIX2": 80.5,
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
}
FRAME = np.array([(0.0, 199.0), (0.0, 159.0)])


def image(*, scale: float = 0.05, hand: int = -1, **changes: object) -> Drizzled:
    size = scale / 3600.0
    cards = {
        "NAXIS": 2,
        "NAXIS1": 200,
        "NAXIS2": 160,
        **PLACE,
        "CD1_1": hand * size,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
    }
    cards |= {
        "CD2_2": size,
        "ORIENTAT": 0.0,
        "D001SCAL": 0.05,
        "RA_APER": 201.7,
        "DEC_APER": -47.5,
        **changes,
    }
    header = fits.Header({key: value for key, value in cards.items() if value is not None})
    return Drizzled(Path("x_drz_sci.fits"), Path("x_drz_wht.fits"), header, header)


def extents(offset: float = 0.0, *, frame: np.ndarray = FRAME) -> Extents:
    covered = np.array([(2.0, 197.0), (2.0, 157.0)])
    return Extents(covered, covered + np.array([[-offset - 0.5], [0.0]]) + np.array([0.0, 1.0]), frame)


def test_drizzled_header_has_no_distortion() -> None:
    assert distortion_keyword_violations(image()).value == 0
    left = image(A_ORDER=4, B_ORDER=4, A_2_0=1e-6, CTYPE1="RA---TAN-SIP", CPDIS1="Lookup")
    measurement = distortion_keyword_violations(left)
    assert measurement.value == 5
    assert "drizzling has removed" in measurement.reason
    # Of the inputs, which AstroDrizzle leaves, and harmless.
    assert (
        distortion_keyword_violations(image(IDCTAB="iref$x_idc.fits", D001DATA="x", PHOTFLAM=1.0)).value == 0
    )


def test_frame() -> None:
    assert drizzled_coordinate_violations(image(), None).value == 0
    for wrong, text in (
        (image(scale=0.1), "(1%): as of one that was binned 2 x 2; judge it as it was drizzled"),
        (image(hand=1, ORIENTAT=None), "mirrored"),
        (image(ORIENTAT=0.2), "-0.200 deg from ORIENTAT"),
        (image(CD1_1=0.0, CD2_2=0.0), "singular"),
        (image(CRVAL1=201.7 / 15), "deg from RA_APER"),
        (image(CTYPE1="FOO"), "does not begin with RA--"),
        (image(RADESYS="FK4"), "RADESYS is 'FK4'"),
        (image(CTYPE2=None), "CTYPE2 is missing"),
        (image(RA_APER=None, CRVAL2=-46.5), "arcsec"),
    ):
        if "RA_APER" not in wrong.header:
            wrong.header.update({"RA_TARG": 201.7, "DEC_TARG": -47.5})
        measurement = drizzled_coordinate_violations(wrong, None)
        assert measurement.value >= 1
        assert text in measurement.reason


def test_only_whole_numbers_of_pixels_are_binned() -> None:
    assert drizzled_coordinate_violations(image(scale=0.08), None).reason == (
        "its scale is 1.6 of D001SCAL = 0.05 arcsec (1%)"
    )
    assert drizzled_coordinate_violations(image(scale=0.02), None).reason == (
        "its scale is 0.4 of D001SCAL = 0.05 arcsec (1%)"
    )


def test_a_header_without_witnesses_tells_nothing() -> None:
    """High-level products keep the coordinates alone; what is wrong in these themselves is told still."""
    silent = {"ORIENTAT": None, "D001SCAL": None, "RA_APER": None, "DEC_APER": None}
    untold = drizzled_coordinate_violations(image(**silent), None)
    assert (untold.value, untold.told, untold.applicable) == (None, False, True)
    assert untold.reason == "the header has no keyword to compare its coordinates with"
    assert drizzled_coordinate_violations(image(**silent, hand=1), None).value == 1


def test_place_by_the_inputs() -> None:
    assert drizzled_coordinate_violations(image(), extents()).value == 0
    moved = drizzled_coordinate_violations(image(), extents(12.0))
    assert moved.value == 1
    assert max(moved.context["departures_over_tolerances"].values()) == pytest.approx(0.6 / 0.5, abs=0.05)
    assert "0.576 arcsec from that of its inputs" in moved.reason
    # Inputs that were aligned since the image was made may have gone by the telescope's pointing error.
    assert drizzled_coordinate_violations(image(), extents(12.0), same_solution=False).value == 0
    far = extents()._replace(reached=np.full((2, 2), np.nan))
    assert drizzled_coordinate_violations(image(), far).value == 1


def test_place_by_the_sources_of_the_inputs() -> None:
    def judged(*offsets: tuple[float, float], same: bool = True):
        named = {f"u5jx010{number}r_flt SCI,1": offset for number, offset in enumerate(offsets)}
        return drizzled_coordinate_violations(image(), extents(), same_solution=same, offsets=named)

    assert judged((0.01, 0.0), (-0.01, 0.02)).value == 0
    # One exposure of three that is out of place is not the image's fault.
    assert judged((0.01, 0.0), (0.0, 0.0), (3.0, 0.0)).value == 0
    assert judged((2.8, 0.0), (2.9, 0.0), same=False).value == 0
    moved = judged((0.5, 0.0), (0.5, 0.01))
    assert moved.value == 1
    assert "its sources are 0.5 detector pixels from those of its inputs (0.3)" in moved.reason


@pytest.mark.parametrize(("pixels", "wrong"), [(0.01, False), (0.4, False), (0.6, True), (5.0, True)])
def test_a_chip_whose_sources_are_elsewhere_in_the_image_is_named(pixels: float, wrong: bool) -> None:
    offsets = {f"u5jx0108r_flt SCI,{chip}": (0.0, 0.001 * chip) for chip in (2, 3, 4)}
    offsets |= {f"u5jx010hr_flt SCI,{chip}": (0.003, 0.0) for chip in (1, 2, 3, 4)}
    moved = drizzled_coordinate_violations(
        image(), extents(), offsets={**offsets, "u5jx0108r_flt SCI,1": (0.005, pixels)}
    )
    assert moved.value == wrong
    assert moved.reason.startswith("on u5jx0108r_flt SCI,1 they are " if wrong else "")


def test_ends_that_the_frame_cuts_off_are_left_out() -> None:
    cut = Extents(FRAME, FRAME + np.array([[-30.0, 40.0], [0.0, 0.0]]), FRAME)
    assert drizzled_coordinate_violations(image(), cut).value == 0
    one = Extents(np.array([(10.0, 199.0), (0.0, 159.0)]), np.array([(10.0, 240.0), (0.0, 159.0)]), FRAME)
    assert drizzled_coordinate_violations(image(), one).value == 0


def test_extents_of_an_image_and_its_input(tmp_path: Path) -> None:
    header = image().header
    weight = np.zeros((160, 200), dtype=np.float32)
    weight[20:120, 30:130] = 100.0
    for name, pixels in (("sci", weight), ("wht", weight)):
        fits.PrimaryHDU(pixels, header).writeto(tmp_path / f"x_drz_{name}.fits")
    chip = fits.ImageHDU(np.zeros((100, 100), dtype=np.float32), name="SCI")
    chip.header.update(
        {**{key: header[key] for key in (*PLACE, "CD1_1", "CD2_2")}, "CRPIX1": 70.5, "CRPIX2": 60.5}
    )
    fits.HDUList([fits.PrimaryHDU(), chip]).writeto(tmp_path / "x_flt.fits")
    found = coverage_extents(read_drizzled(tmp_path / "x_drz_sci.fits"), {tmp_path / "x_flt.fits": None})
    assert found is not None
    np.testing.assert_array_equal(found.covered, [(30, 129), (20, 119)])
    np.testing.assert_allclose(found.reached, [(29.5, 129.5), (19.5, 119.5)], atol=1e-3)
    assert coverage_extents(read_drizzled(tmp_path / "x_drz_sci.fits"), {}) is None
