"""Small reference catalogues for tests, as the services have them."""

from __future__ import annotations

import numpy as np
from astropy.table import MaskedColumn, Table

CENTRE = (290.2248, 37.8027)
_MOTION = (-0.42, -2.28)


def gaia_table(stars: int = 300, *, radius: float = 4.0, seed: int = 1) -> Table:
    """Stars around `CENTRE`, arcmin, with Gaia's columns; each tenth has no proper motion or magnitude.

    Their common motion is that of NGC 6791, about (-0.42, -2.28) mas/yr.
    """
    random = np.random.default_rng(seed)
    distance, angle = radius / 60 * np.sqrt(random.random(stars)), 2 * np.pi * random.random(stars)
    dec = CENTRE[1] + distance * np.cos(angle)
    ra = CENTRE[0] + distance * np.sin(angle) / np.cos(np.radians(dec))
    number = np.arange(stars)
    two_parameters = number % 10 == 3
    table = Table({"ra": ra, "dec": dec}, units={"ra": "deg", "dec": "deg"})
    for axis in ("ra", "dec"):
        table[f"{axis}_error"] = random.uniform(0.02, 1.5, stars).astype(np.float32)
        table[f"{axis}_error"].unit = "mas"
    for axis, common in zip(("pmra", "pmdec"), _MOTION, strict=True):
        motion = MaskedColumn(common + random.normal(0, 0.5, stars), mask=two_parameters, unit="mas / yr")
        table[axis] = motion
        error = random.uniform(0.02, 1.5, stars).astype(np.float32)
        table[f"{axis}_error"] = MaskedColumn(error, mask=two_parameters, unit="mas / yr")
    magnitudes = random.uniform(12, 21, stars).astype(np.float32)
    table["phot_g_mean_mag"] = MaskedColumn(magnitudes, mask=number % 10 == 7, unit="mag")
    table["ref_epoch"] = MaskedColumn(np.full(stars, 2016.0), unit="yr")
    return table


def sdss_table(stars: int = 300, *, radius: float = 8.0, seed: int = 2) -> Table:
    """Detections in a box around `CENTRE`, half a side of `radius` arcmin, with PhotoObjAll's columns.

    Each twentieth has no magnitude, -9999; each third is listed twice, 0.05 arcsec apart.
    """
    random = np.random.default_rng(seed)
    half = radius / 60
    dec = CENTRE[1] + random.uniform(-half, half, stars)
    ra = CENTRE[0] + random.uniform(-half, half, stars) / np.cos(np.radians(CENTRE[1]))
    g = random.uniform(14, 24, stars)
    g[::20] = -9999.0
    first = Table({"ra": ra, "dec": dec, "raErr": np.full(stars, 0.05), "decErr": np.full(stars, 0.04)})
    first["g"], first["mjd"], first["mode"] = g, 54999, 1
    second = first[::3].copy()
    second["dec"] += 0.05 / 3600
    second["mode"] = 2
    rows = [*first.iterrows(), *second.iterrows()]
    return Table(rows=rows, names=first.colnames)
