"""Made-up WFC3/UVIS exposures of a star field: what was seen, and the coordinates that headers claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from hubble_qa.checks.readers import Exposure, Extension

SHAPE = (2051, 4096)
SHAPES = {1: SHAPE, 2: SHAPE}
SCALE = 0.0396  # arcsec per pixel
CENTRE = (290.2248, 37.8027)  # NGC 6791
EPOCH = 2011.8
CATALOG_EPOCH = 2016.0
MOTION = (-0.42, -2.27)  # mas per year, NGC 6791's
ARCHIVE_NAME = "IDC_2731450pi-FIT_IMG_GAIAeDR3"
WCSTYPE = "undistorted a posteriori solution aligned image-by-image to GAIAEDR3"


@dataclass(frozen=True)
class Pointing:
    """Where an exposure points, and how an assumed solution departs from that.

    ``dither`` is in arcsec along the chips' y axis; ``shift`` in pixels and ``rotation`` in degrees
    displace the solution about the middle of the frame.
    """

    dither: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    rotation: float = 0.0
    orientation: float = -56.27


def chip_header(chip: int, pointing: Pointing = Pointing(), **changes: Any) -> fits.Header:
    """Linear coordinates of a chip; chip 2, SCI,1, lies below chip 1, SCI,2, with a gap of 31 pixels."""
    turn, size = np.radians(pointing.orientation + pointing.rotation), SCALE / 3600.0
    below = 2051.0 + 15.5 if chip == 1 else -15.5
    dither = pointing.dither / SCALE
    axes = size * np.array([[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    start = np.radians(pointing.orientation)
    north_up = size * np.array([[-np.cos(start), np.sin(start)], [np.sin(start), np.cos(start)]])
    east, north = north_up @ np.array([pointing.shift[0], dither + pointing.shift[1]])
    cards = {
        "EXTNAME": "SCI",
        "EXTVER": chip,
        "WCSAXES": 2,
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CUNIT1": "deg",
        "CUNIT2": "deg",
        "CRVAL1": CENTRE[0] + east / np.cos(np.radians(CENTRE[1])),
        "CRVAL2": CENTRE[1] + north,
        "CRPIX1": 2048.5,
        "CRPIX2": below,
        **{f"CD{i + 1}_{j + 1}": axes[i, j] for i in (0, 1) for j in (0, 1)},
        "WCSNAME": ARCHIVE_NAME,
        "WCSTYPE": WCSTYPE,
        "NMATCHES": 442,
        "RMS_RA": 1.3,
        "RMS_DEC": 1.5,
        **changes,
    }
    return fits.Header([(key, value) for key, value in cards.items() if value is not None])


def headers(pointing: Pointing = Pointing(), **changes: Any) -> dict[int, fits.Header]:
    """Headers of both chips."""
    return {chip: chip_header(chip, pointing, **changes) for chip in (1, 2)}


def solutions(pointing: Pointing = Pointing()) -> dict[int, WCS]:
    """Coordinates of both chips."""
    return {chip: WCS(header) for chip, header in headers(pointing).items()}


def flc(name: str = "ibwb01xqq", pointing: Pointing = Pointing(), **changes: Any) -> Exposure:
    """An exposure in memory: SCI extensions only."""
    primary = fits.Header([("INSTRUME", "WFC3"), ("DETECTOR", "UVIS"), ("ROOTNAME", name)])
    found = headers(pointing, **changes)
    extensions = tuple(Extension("SCI", chip, found[chip], SHAPE) for chip in (1, 2))
    return Exposure(Path(f"{name}_flc.fits"), primary, extensions)


def zeropoint_headers(
    *, photflams: tuple[float | None, float | None] = (1.8379346e-19,) * 2, **primary: Any
) -> Exposure:
    """An exposure in memory with calwf3's keywords of a real F555W exposure; PHTRATIO is 0 in SCI,2."""
    exposure = flc()
    cards = {
        "FILTER": "F555W",
        "FLUXCORR": "COMPLETE",
        "PHTFLAM1": 1.8379346e-19,
        "PHTFLAM2": 1.8572521e-19,
        "PHTRATIO": 1.010510439272,
    }
    exposure.primary.update({key: value for key, value in {**cards, **primary}.items() if value is not None})
    for chip, photflam in zip((1, 2), photflams, strict=True):
        header = exposure.header("SCI", chip)
        header["CCDCHIP"] = 3 - chip
        header["PHOTMODE"] = f"WFC3 UVIS{3 - chip} F555W MJD#55611.0264"
        header["PHTRATIO"] = 1.010510439272 if chip == 1 else 0.0
        header["PHOTPLAM"], header["PHOTBW"] = 5307.9121, 517.13422
        if photflam is not None:
            header["PHOTFLAM"] = photflam
    return exposure


def without_ratio() -> Exposure:
    """As of `zeropoint_headers`, of two chips that nothing brings to one zeropoint."""
    exposure = zeropoint_headers(FLUXCORR="OMIT", PHTRATIO=None, PHTFLAM2=None)
    for header in (exposure.primary, exposure.header("SCI", 1)):
        header.pop("PHTRATIO", None)
        header.pop("PHTFLAM2", None)
    return exposure


@dataclass(frozen=True)
class Field:
    """Stars on the sky: positions at the catalogue's epoch, degrees, and proper motions, mas per year."""

    positions: np.ndarray
    motions: np.ndarray

    def at(self, epoch: float) -> np.ndarray:
        """Where the stars are, degrees."""
        years, factor = epoch - CATALOG_EPOCH, np.cos(np.radians(self.positions[:, 1]))
        return self.positions + self.motions * years / 3.6e6 / np.column_stack([factor, np.ones_like(factor)])


def field(
    stars: int = 3000, *, motion: tuple[float, float] = MOTION, side: float = 300.0, seed: int = 1
) -> Field:
    """A uniform field with common motion and a scatter of 0.3 mas per year."""
    generator = np.random.default_rng(seed)
    offsets = generator.uniform(-side / 2, side / 2, (stars, 2)) / 3600.0
    offsets[:, 0] /= np.cos(np.radians(CENTRE[1]))
    return Field(np.array(CENTRE) + offsets, motion + generator.normal(0.0, 0.3, (stars, 2)))


def sightings(
    positions: np.ndarray, pointing: Pointing, *, error: float = 0.03, seed: int = 2
) -> Mapping[int, np.ndarray]:
    """Pixels at which an exposure sees the stars, by chip, with errors in pixels."""
    generator = np.random.default_rng(seed)
    seen = {}
    for chip, wcs in solutions(pointing).items():
        pixels = wcs.all_world2pix(positions, 1) + generator.normal(0.0, error, positions.shape)
        inside = ((pixels > 1) & (pixels < (SHAPE[1], SHAPE[0]))).all(axis=1)
        seen[chip] = pixels[inside]
    return seen


def on_sky(seen: Mapping[int, np.ndarray], pointing: Pointing) -> np.ndarray:
    """Positions of sightings by the coordinates that the headers claim."""
    claimed = solutions(pointing)
    return np.concatenate([claimed[chip].all_pix2world(pixels, 1) for chip, pixels in seen.items()])
