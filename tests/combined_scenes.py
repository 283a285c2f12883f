"""Two small exposures that overlap and the image that combines them, as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from hubble_qa.checks.evidence.drizzled import drizzled_in
from hubble_qa.checks.readers import Drizzled

SIDE, DITHER = 320, 96  # pixels
TIME, SKY, NOISE = 360.0, 20.0, 5.0  # s, electrons, electrons
SCALE = 0.0396 / 3600.0
ROOTS = ("ibwb01xrq", "ibwb01xxq")
HITS, STARS = 150, 140


def coordinates(origin: int) -> fits.Header:
    """Coordinates of pixels that begin so many rows above the image's."""
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 290.22, "CRVAL2": 37.8}
    cards |= {
        "CRPIX1": 160.0,
        "CRPIX2": 160.0 - origin,
        "CD1_1": -SCALE,
        "CD2_2": SCALE,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
    }
    return fits.Header({**cards, "WCSNAME": "Gaia"})


@dataclass(frozen=True)
class Scene:
    """Files of a scene."""

    exposures: tuple[Path, Path]
    image: Drizzled


def scene(
    directory: Path,
    *,
    rejected: bool = True,
    cores: float = 0.0,
    step: float = 0.0,
    weight: float = 1.0,
    crowd: int = 0,
    seed: int = 8,
) -> Scene:
    """Write two exposures with stars and hits, and the image of both.

    Hits are flagged with AstroDrizzle's bit and left out of the image unless `rejected` is false; so are
    the cores of a fraction of the stars. One exposure's sky is a `step` off in the image, electrons. A
    `crowd` of further stars has wings that lie over all of the field.
    """
    rng = np.random.default_rng(seed)
    place = rng.choice(np.arange(DITHER + 8, SIDE - 40, 8), (STARS, 2))
    light = np.zeros((SIDE + DITHER, SIDE))
    offsets = np.indices((9, 9)) - 4.0
    star = np.exp(-0.5 * (offsets**2).sum(axis=0) / 1.2**2)
    for row, column in place:
        light[row - 4 : row + 5, column - 4 : column + 5] += rng.uniform(2000.0, 9000.0) * star
    crowded = light + _wings(rng, light.shape, crowd)
    paths, sums, weights = [], np.zeros(light.shape), np.zeros(light.shape)
    for number, root in enumerate(ROOTS):
        rows = slice(number * DITHER, number * DITHER + SIDE)
        counts = rng.normal(SKY, NOISE, (SIDE, SIDE)) + crowded[rows]
        hit = _hits(rng, light[rows])
        counts[hit] += rng.uniform(1000.0, 5000.0, HITS)
        flags = np.zeros(counts.shape, np.int16)
        flags[5, :40] = 16
        if rejected:
            flags[hit] |= 4096
        struck = place[rng.random(STARS) < cores]
        flags[struck[:, 0] - number * DITHER, struck[:, 1]] |= 4096
        paths.append(_write(directory / f"{root}_flc.fits", number, counts, flags))
        good = (flags == 0).astype(float)
        sums[rows] += good * (counts - SKY - (step if number else 0.0))
        weights[rows] += good * TIME
    image = np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0)
    return Scene((paths[0], paths[1]), _image(directory, image, weight * weights))


def _wings(rng: np.random.Generator, shape: tuple[int, int], number: int) -> np.ndarray:
    """Light of stars at random places, few of them bright, that fades with the fourth power of distance."""
    from scipy.signal import fftconvolve

    places = np.zeros(shape)
    rows, columns = rng.integers(0, shape, (number, 2)).T
    np.add.at(places, (rows, columns), 50.0 * NOISE * rng.pareto(1.0, number).clip(max=50.0))
    distance = np.hypot(*(np.indices((129, 129)) - 64.0))
    star = (1.0 + (distance / 1.5) ** 2) ** -2
    return np.asarray(fftconvolve(places, star / star.sum(), mode="same"))


def _hits(rng: np.random.Generator, light: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.nonzero(light < 1e-3)
    inner = np.flatnonzero((rows > 30) & (rows < SIDE - 30) & (columns > 3) & (columns < SIDE - 4))
    chosen = rng.choice(inner, HITS, replace=False)
    return rows[chosen], columns[chosen]


def _write(path: Path, number: int, counts: np.ndarray, flags: np.ndarray) -> Path:
    primary = fits.PrimaryHDU()
    primary.header.update(INSTRUME="WFC3", DETECTOR="UVIS", EXPTIME=TIME, EXPSTART=55854.46 + number / 100.0)
    header = coordinates(number * DITHER)
    units = [
        fits.ImageHDU(counts.astype(np.float32), header, name="SCI", ver=1),
        fits.ImageHDU(np.full(counts.shape, NOISE, np.float32), name="ERR", ver=1),
        fits.ImageHDU(flags, name="DQ", ver=1),
    ]
    fits.HDUList([primary, *units]).writeto(path)
    return path


def _image(directory: Path, science: np.ndarray, weight: np.ndarray) -> Drizzled:
    header = coordinates(0)
    header.update(BUNIT="ELECTRONS/S", EXPTIME=2 * TIME)
    for number, root in enumerate(ROOTS, 1):
        header[f"D{number:03}DATA"] = f"{root}_flc.fits[sci,1]"
    for name, values in (("sci", science), ("wht", weight)):
        fits.writeto(directory / f"f606w_drc_{name}.fits", values.astype(np.float32), header)
    return drizzled_in(directory / "f606w_drc_sci.fits")
