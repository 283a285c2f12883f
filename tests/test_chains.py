"""Exposures that overlap little are aligned in a chain."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits

from hubble_qa.fixtures.reduction.alignment.chains import is_chain, overlap
from tests.fits_samples import exposure_bytes

ARCSEC = 1 / 3600.0


def put(directory: Path, name: str, east: float, north: float, *, angle: bool = False) -> Path:
    """An exposure of 4 by 4 pixels of 10 arcsec about a place, arcsec from the equator's origin."""
    path = directory / f"{name}_flt.fits"
    path.write_bytes(exposure_bytes(name, extensions=1, size=4))
    scale = 10.0 * ARCSEC
    terms = {"CD1_1": 0.0, "CD1_2": scale, "CD2_1": scale, "CD2_2": 0.0} if angle else {}
    header = {
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CRPIX1": 2.5,
        "CRPIX2": 2.5,
        "CRVAL1": 150.0 + east * ARCSEC,
        "CRVAL2": north * ARCSEC,
        "CD1_1": -scale,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
        "CD2_2": scale,
        **terms,
    }
    with fits.open(path, mode="update") as hdus:
        hdus["SCI", 1].header.update(header)
    return path


@pytest.mark.parametrize(
    ("east", "north", "angle", "part"),
    [
        (0, 0, False, 1.0),
        (20, 0, False, 0.5),
        (0, 30, True, 0.25),
        (30, -30, False, 0.0625),
        (50, 0, False, 0.0),
    ],
)
def test_overlap_is_the_part_of_the_field(
    tmp_path: Path, east: float, north: float, angle: bool, part: float
) -> None:
    first, second = put(tmp_path, "u5jx0108r", 0, 0), put(tmp_path, "u5jx0109r", east, north, angle=angle)
    assert overlap(first, second) == pytest.approx(part, abs=0.02)
    assert overlap(second, first) == pytest.approx(part, abs=0.02)


def test_tiles_are_a_chain_and_dithers_are_not(tmp_path: Path) -> None:
    middle, dither = put(tmp_path, "u5jx0108r", 0, 0), put(tmp_path, "u5jx0109r", 10, 5)
    assert not is_chain([middle, dither])
    assert is_chain([middle, dither, put(tmp_path, "u5jx010ar", 35, 0)])


def test_the_other_side_of_the_sky_does_not_overlap(tmp_path: Path) -> None:
    first, far = put(tmp_path, "u5jx0108r", 0, 0), put(tmp_path, "u5jx0109r", 180 * 3600, 0)
    assert overlap(first, far) == 0.0
