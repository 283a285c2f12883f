"""A star measured on a chip: its sum, and how much light is on the edge of its aperture."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS

from hubble_qa.fixtures.reduction.photometry.apertures import Apertures
from hubble_qa.fixtures.reduction.photometry.chips import Chip
from hubble_qa.fixtures.reduction.photometry.sightings import Sighting, sight


def seen(neighbour: float, *, sky: float = 0.0) -> Sighting:
    """A star of 10,000 counts with a neighbour of a part of its light on the aperture's edge."""
    y, x = np.mgrid[:60, :60]
    counts = np.full((60, 60), sky)
    for flux, where in ((1.0, 30.0), (neighbour, 35.0)):
        counts += 1e4 * flux * np.exp(-((x - where) ** 2 + (y - 30.0) ** 2) / 2.0) / (2.0 * np.pi)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ["RA---TAN", "DEC--TAN"], [10.0, 20.0], [30.0, 30.0]
    wcs.wcs.cd = np.diag([-0.1 / 3600, 0.1 / 3600])
    chip = Chip("u5jx0108r", 2, counts, np.zeros((60, 60), np.int64), wcs, 0.1, 230.0, 7.0)
    return sight(1, chip, (30.0, 30.0), Apertures(5.0, 10.0, 15.0), 5.3)


@pytest.mark.parametrize("sky", [0.0, 50.0])
def test_a_neighbour_on_the_edge_is_seen_and_the_sky_is_not(sky: float) -> None:
    assert seen(0.0, sky=sky).edge == pytest.approx(0.0, abs=0.004)
    # Of the neighbour 87 per cent are within 1.5 pixels of the edge.
    assert seen(0.1, sky=sky).edge == pytest.approx(0.09, abs=0.005)


def test_the_error_is_of_photons_and_read_noise() -> None:
    star = seen(0.0, sky=50.0)
    electrons = star.total * 7.0 + np.pi * 25.0 * 5.3**2
    assert star.net == pytest.approx(1e4, rel=1e-3)
    assert star.net_error == pytest.approx(np.sqrt(electrons) / 7.0)
