"""Distortion tables of an exposure that astropy does not read are told as that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.readers import ReaderError
from hubble_qa.checks.readers.exposure import science_wcs


def write_exposure(path: Path, kind: type[np.floating], name: str = "WCSDVARR") -> Path:
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 10.0, "CRPIX2": 10.0})
    header.update({"CRVAL1": 10.0, "CRVAL2": 20.0, "CD1_1": -1e-5, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1e-5})
    for axis in (1, 2):
        header[f"CPERR{axis}"], header[f"CPDIS{axis}"] = 1.0, "Lookup"
        for value in ("EXTVER: 1.0", "NAXES: 2.0", "AXIS.1: 1.0", "AXIS.2: 2.0"):
            header.append((f"DP{axis}", value))
    table = fits.ImageHDU(np.full((4, 4), 0.5, kind), name=name, ver=1)
    table.header.update({f"{key}{axis}": 1.0 for key in ("CRPIX", "CRVAL") for axis in (1, 2)})
    table.header.update({"CDELT1": 8.0, "CDELT2": 8.0})
    image = fits.ImageHDU(np.zeros((20, 20), np.float32), header, name="SCI", ver=1)
    fits.HDUList([fits.PrimaryHDU(), image, table]).writeto(path)
    return path


def test_a_table_of_float32_is_used(tmp_path: Path) -> None:
    with fits.open(write_exposure(tmp_path / "a.fits", np.float32)) as hdus:
        wcs = science_wcs(hdus["SCI", 1].header, hdus)
    assert wcs.cpdis1 is not None


def test_coordinates_that_cannot_be_used_are_not_put_down_to_a_sound_table(tmp_path: Path) -> None:
    with fits.open(write_exposure(tmp_path / "a.fits", np.float32)) as hdus:
        hdus["WCSDVARR", 1].header["EXTVER"] = 2
        with pytest.raises(ReaderError, match=r"cannot be used .*run updatewcs"):
            science_wcs(hdus["SCI", 1].header, hdus)


@pytest.mark.parametrize("name", ["WCSDVARR", "D2IMARR"])
def test_a_table_of_float64_is_named(name: str, tmp_path: Path) -> None:
    path = write_exposure(tmp_path / "a.fits", np.float64, name)
    if name == "D2IMARR":
        header = fits.getheader(path, "SCI")
        for axis in (1, 2):
            del header[f"CPDIS{axis}"], header[f"CPERR{axis}"]
        header.update({"D2IMDIS1": "Lookup", "D2IMERR1": 1.0, "D2IM1": "EXTVER: 1.0"})
        for value in ("EXTVER: 1.0", "NAXES: 2.0", "AXIS.1: 1.0", "AXIS.2: 2.0"):
            header.append(("D2IM1", value))
        fits.update(path, np.zeros((20, 20), np.float32), header, "SCI")
    told = rf"{name},1 has BITPIX = -64, and distortion tables are of float32"
    with fits.open(path) as hdus, pytest.raises(ReaderError, match=told):
        science_wcs(hdus["SCI", 1].header, hdus)
