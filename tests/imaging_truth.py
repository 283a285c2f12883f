"""Drizzled images of simulated exposures against the truth: where stars are, and how bright."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray
from photutils.aperture import CircularAnnulus, CircularAperture, aperture_photometry
from photutils.centroids import centroid_2dg, centroid_sources
from scipy.spatial import cKDTree

from hubble_qa.fixtures.simulation.library_psf import library_psf
from hubble_qa.fixtures.simulation.truth import Truth

__all__ = ["Compared", "Wanted", "compare"]

Array = NDArray[np.float64]


class Apertures(NamedTuple):
    """Radius of an aperture, its ring, and how near no other star may be; in pixels."""

    radius: float
    inner: float
    outer: float
    isolation: float


# WFC3/IR has three times the pixels.
APERTURES = {
    "wfc3/uvis": Apertures(10.0, 16.0, 22.0, 24.0),
    "acs/wfc": Apertures(10.0, 16.0, 22.0, 24.0),
    "wfc3/ir": Apertures(5.0, 7.0, 10.0, 11.0),
}


@dataclass(frozen=True)
class Compared:
    """Isolated stars of an image: numbers in the truth, offsets from it (mas), light over the true light."""

    number: NDArray[np.int64]
    east: Array
    north: Array
    light: Array

    @cached_property
    def offset(self) -> Array:
        """Median offset, mas."""
        return np.array([np.median(self.east), np.median(self.north)])


class Wanted(NamedTuple):
    """Which stars are measured.

    Attributes
    ----------
    brightest : float
        Fraction of the field's stars, the brightest, of which they are.
    covered : float
        Least weight about them, of the image's largest.
    rates : tuple of float
        Counts per second between which they have.
    """

    brightest: float = 0.5
    covered: float = 0.45
    rates: tuple[float, float] = (100.0, 1500.0)


def compare(
    path: Path,
    truth: Truth,
    *,
    camera: str,
    filter_name: str,
    photflam: float,
    wanted: Wanted = Wanted(),  # noqa: B008  (it cannot change)
) -> Compared:
    """Measure isolated stars, neither saturated nor faint, on a drizzled image in counts per second.

    Parameters
    ----------
    path : Path
        The image.
    truth : Truth
        Of the exposures.
    camera, filter_name : str
        As `library_psf` has them.
    photflam : float
        Inverse sensitivity by which the truth's magnitudes are rates.
    wanted : Wanted
        Which stars.
    """
    with fits.open(path) as hdus:
        image, header = hdus[0].data.astype(float), hdus[0].header
    weight = fits.getdata(path.with_name(path.name.replace("_sci", "_wht")))
    wcs = WCS(header)
    ra, dec, magnitude = (np.array(getattr(truth.stars, name)) for name in ("ra", "dec", "magnitude"))
    x, y = wcs.all_world2pix(ra, dec, 0)
    rate = 10 ** (-0.4 * (magnitude + 21.1)) / photflam
    apertures = APERTURES[camera]
    number = _isolated(x, y, rate, weight, apertures, wanted)
    found = np.column_stack(
        centroid_sources(np.nan_to_num(image), x[number], y[number], box_size=7, centroid_func=centroid_2dg)
    )
    measured = wcs.all_pix2world(found, 0)
    east = (measured[:, 0] - ra[number]) * np.cos(np.radians(dec[number])) * 3.6e6
    north = (measured[:, 1] - dec[number]) * 3.6e6
    expected = rate[number] * _within(camera, filter_name)
    return Compared(number, east, north, _sums(np.nan_to_num(image), found, apertures) / expected)


def _isolated(
    x: Array, y: Array, rate: Array, weight: Array, apertures: Apertures, wanted: Wanted
) -> NDArray[np.int64]:
    bright = rate > np.quantile(rate, 1.0 - wanted.brightest)
    low, high = wanted.rates
    exposed = weight.max()
    chosen = []
    places = np.column_stack([x, y])
    tree = cKDTree(places)
    for star in np.flatnonzero(bright):
        column, row = round(x[star]), round(y[star])
        margin = int(apertures.outer) + 1
        inside = margin < column < weight.shape[1] - margin and margin < row < weight.shape[0] - margin
        if not inside:
            continue
        around = weight[row - margin : row + margin + 1, column - margin : column + margin + 1]
        near = [one for one in tree.query_ball_point(places[star], apertures.isolation) if one != star]
        full = around.min() > wanted.covered * exposed
        if full and rate[near].sum() < 2e-3 * rate[star] and low < rate[star] < high:
            chosen.append(star)
    return np.array(chosen, dtype=np.int64)


def _sums(image: Array, places: Array, apertures: Apertures) -> Array:
    sums = aperture_photometry(image, CircularAperture(places, apertures.radius))["aperture_sum"]
    rings = CircularAnnulus(places, apertures.inner, apertures.outer).to_mask(method="center")
    sky = np.array([np.median(ring.get_values(image)) for ring in rings])
    return np.asarray(sums) - sky * np.pi * apertures.radius**2


def _within(camera: str, filter_name: str) -> float:
    """Part of a star's light that such an aperture and ring measure."""
    middle, electrons = np.array([150.0]), np.array([1e7])
    image = library_psf(filter_name, camera).render(middle + 1.0, middle + 1.0, electrons, (301, 301))
    return float(_sums(image, np.column_stack([middle, middle]), APERTURES[camera])[0] / electrons[0])
