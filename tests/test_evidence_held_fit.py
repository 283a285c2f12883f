"""What an exposure's headers hold of its fit, where exposures moved together after they were aligned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from hubble_qa.checks.evidence.fits import held_fit, reference_moves
from hubble_qa.checks.readers import read_match_file

SCALE = 0.1283  # arcsec, of WFC3/IR
SIZE = 400
REFERENCE, OTHER = "icqa13a1q_flt.fits", "icqa13b1q_flt.fits"
# Where the exposures were pointed, and how the second was turned.
POINTED = {REFERENCE: (150.0, 2.2, 0.0), OTHER: (150.003, 2.2004, 7.0)}


def pointing(ra: float, dec: float, roll: float) -> fits.Header:
    cos, sin = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    step = SCALE / 3600.0
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": ra, "CRVAL2": dec})
    header.update({"CRPIX1": SIZE / 2, "CRPIX2": SIZE / 2})
    header.update({"CD1_1": -step * cos, "CD1_2": step * sin, "CD2_1": step * sin, "CD2_2": step * cos})
    return header


def write(directory: Path, name: str, *, east: float = 0.0, north: float = 0.0, turn: float = 0.0) -> Path:
    """An exposure whose pointing moved by so many arcsec, and turned by so many degrees about the first."""
    ra, dec, roll = POINTED[name]
    centre = np.array(POINTED[REFERENCE][:2])
    cos_dec = np.cos(np.radians(centre[1]))
    away = (np.array([ra, dec]) - centre) * (cos_dec, 1.0)
    angle = np.radians(turn)
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ away
    moved = centre + turned / (cos_dec, 1.0) + np.array([east / cos_dec, north]) / 3600.0
    hdus = fits.HDUList([fits.PrimaryHDU()])
    hdus[0].header.update({"INSTRUME": "WFC3", "DETECTOR": "IR", "ROOTNAME": name[:9]})
    header = pointing(float(moved[0]), float(moved[1]), roll - turn)
    header.update({"WCSNAME": "TWEAK", "WCSTYPE": "IDC_w3m18525i + set TWEAK"})
    hdus.append(fits.ImageHDU(np.zeros((SIZE, SIZE), "f4"), header, name="SCI", ver=1))
    path = directory / name
    hdus.writeto(path)
    return path


def write_match(directory: Path, sources: int = 30) -> Path:
    """The match file of the second exposure's fit to the first, with residuals of 0.05 pixel."""
    random = np.random.default_rng(8)
    first, second = (WCS(pointing(*POINTED[name])) for name in (REFERENCE, OTHER))
    own = random.uniform(50.0, SIZE - 50.0, (sources, 2))
    sky = second.all_pix2world(own, 1)
    fitted = first.all_world2pix(sky, 1)
    residuals = random.normal(0.0, 0.05, (sources, 2))
    reference = fitted - residuals
    lines = ["# Input image: x", "#    X and Y shift: 0.1 0.1"]
    for number in range(sources):
        columns = [
            *reference[number], *own[number], *fitted[number], *residuals[number],
            *reference[number], *own[number], number, number, 1, *sky[number],
        ]  # fmt: skip
        text = "  ".join(f"{each}" if isinstance(each, int) else f"{each:.10f}" for each in columns)
        lines.append(f"{text}  {REFERENCE}[1]")
    path = directory / f"{OTHER.removesuffix('.fits')}_catalog_fit.match"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def difference(path: Path, match: Path) -> float:
    found = held_fit(path, path.stem, [match])
    assert found.unit == "mas"
    assert found.value is not None
    return found.value


@pytest.mark.parametrize("turn", [0.0, 0.01])
def test_exposure_that_moved_with_its_reference_image_holds_the_fit(tmp_path: Path, turn: float) -> None:
    """A visit that a fit to another one moved by 0.9 arcsec."""
    write(tmp_path, REFERENCE, east=0.7, north=-0.5, turn=turn)
    other, match = write(tmp_path, OTHER, east=0.7, north=-0.5, turn=turn), write_match(tmp_path)
    moved = reference_moves(other, read_match_file(match))
    assert moved is not None
    # A turn by 0.01 degree displaces sources at 25 arcsec by 4 mas more.
    assert np.hypot(*moved.T) == pytest.approx(np.full(30, np.hypot(700.0, 500.0)), abs=0.01 + 900.0 * turn)
    assert difference(other, match) < 0.1


def test_exposure_that_was_left_behind_does_not(tmp_path: Path) -> None:
    write(tmp_path, REFERENCE, east=0.7, north=-0.5)
    other, match = write(tmp_path, OTHER, east=0.7, north=-0.49), write_match(tmp_path)
    assert difference(other, match) == pytest.approx(10.0, abs=0.1)


def test_exposure_that_was_moved_without_its_reference_image_does_not(tmp_path: Path) -> None:
    write(tmp_path, REFERENCE)
    other, match = write(tmp_path, OTHER, east=0.3), write_match(tmp_path)
    assert difference(other, match) == pytest.approx(300.0, abs=0.1)


def test_exposure_whose_reference_image_moved_away_holds_its_own_fit(tmp_path: Path) -> None:
    write(tmp_path, REFERENCE, east=0.3)
    assert difference(write(tmp_path, OTHER), write_match(tmp_path)) < 0.1


def test_without_the_reference_image_only_the_fit_itself_counts(tmp_path: Path) -> None:
    other, match = write(tmp_path, OTHER, east=0.3), write_match(tmp_path)
    assert reference_moves(other, read_match_file(match)) is None
    assert difference(other, match) == pytest.approx(300.0, abs=0.1)


def test_two_sources_do_not_tell_where_the_reference_image_was(tmp_path: Path) -> None:
    write(tmp_path, REFERENCE)
    assert reference_moves(write(tmp_path, OTHER), read_match_file(write_match(tmp_path, 2))) is None
