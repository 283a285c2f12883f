"""Light in an aperture of a drizzled image."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from hubble_qa.checks.astrometry.world_coordinates import plate_scale
from hubble_qa.checks.evidence.drizzled import drizzled_in, seconds_in_a_pixel
from hubble_qa.checks.readers import ReaderError

__all__ = ["aperture_on", "aperture_rate"]


def aperture_on(path: Path, ra: float, dec: float, radius: float) -> tuple[float, float, float]:
    """Where a circle on the sky is on a drizzled image: x and y from 0, and its radius, all in pixels.

    Parameters
    ----------
    path : Path
        The image.
    ra, dec : float
        ICRS centre of the circle, degrees.
    radius : float
        Its radius, arcsec.
    """
    image = drizzled_in(path)
    x, y = image.wcs().all_world2pix(ra, dec, 0)
    return float(x), float(y), radius / plate_scale(image.header)


def aperture_rate(path: Path, ra: float, dec: float, radius: float) -> tuple[float, float]:
    """Counts per second in a circle on a drizzled image, and their Poisson error.

    Parameters
    ----------
    path : Path
        The image, of a detector that counts photons; in counts, or per second.
    ra, dec : float
        ICRS centre of the circle, degrees.
    radius : float
        Its radius, arcsec.

    Returns
    -------
    rate, error : float
        Of no counts, the error is that of one.

    Raises
    ------
    ReaderError
        If the circle is not whole on the exposed part of the image, or its header has no EXPTIME.
    """
    from photutils.aperture import CircularAperture

    image = drizzled_in(path)
    exptime = image.keyword("EXPTIME")
    if not isinstance(exptime, int | float) or not exptime > 0:
        raise ReaderError(f"{path}: EXPTIME is {exptime!r}; give the exposure time, for the counts' error")
    x, y, reach = aperture_on(path, ra, dec, radius)
    aperture = CircularAperture((x, y), reach)
    exposed = (image.weight() > 0) & np.isfinite(image.science())
    (covered,), _ = aperture.do_photometry(exposed.astype(float))
    if not covered > 0.999 * aperture.area:
        raise ReaderError(f"{path}: the aperture at {ra:.5f} {dec:+.5f} is not whole on its exposed part")
    (total,), _ = aperture.do_photometry(np.where(exposed, image.science(), 0.0).astype(float))
    counts = total * exptime / seconds_in_a_pixel(image)
    return counts / exptime, math.sqrt(max(counts, 1.0)) / exptime
