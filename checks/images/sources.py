"""Sources found on an image."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["Detection", "find_sources"]

FloatArray = NDArray[np.float64]

# Rows that are searched at once, and those on either side that a source's neighbourhood reaches.
_BAND = 1024
_MARGIN = 16


@dataclass(frozen=True, slots=True)
class Detection:
    """What counts as a source.

    Attributes
    ----------
    fwhm : float
        Of stars, pixels.
    threshold : float
        In units of the image's robust noise.
    peak : float
        Level, in the image's unit, at and above which a source is taken for saturated.
    brightest : int
        Number of sources that are kept.
    """

    fwhm: float
    threshold: float
    peak: float
    brightest: int


def find_sources(image: NDArray[Any], detection: Detection) -> Table:
    """Find the brightest unsaturated sources.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        The image; pixels that are 0 or not finite were not exposed.
    detection : Detection
        What counts.

    Returns
    -------
    Table
        ``x``, ``y`` (pixels from 0) and ``flux`` (instrumental), the brightest first; perhaps empty.
    """
    from astropy.stats import mad_std
    from astropy.table import Table

    sample = image[::3, ::2]
    exposed = sample[np.isfinite(sample) & (sample != 0)]
    if not len(exposed):
        return Table({name: np.empty(0) for name in ("x", "y", "flux")})
    level, noise = float(np.median(exposed)), float(mad_std(exposed))
    found = np.concatenate([*_bands(image, level, noise, detection), np.empty((0, 3))])
    found = found[np.argsort(-found[:, 2], kind="stable")][: detection.brightest]
    return Table(found, names=("x", "y", "flux"))


def _bands(image: NDArray[Any], level: float, noise: float, detection: Detection) -> Iterator[FloatArray]:
    """Sources of a band of rows at a time: the finder takes several times the image's memory."""
    from photutils.detection import DAOStarFinder
    from photutils.utils.exceptions import NoDetectionsWarning

    find = DAOStarFinder(
        threshold=detection.threshold * noise,
        fwhm=detection.fwhm,
        peak_max=detection.peak - level,
        exclude_border=True,
        min_separation=0,
    )
    for start in range(0, len(image), _BAND):
        low = max(start - _MARGIN, 0)
        band = np.nan_to_num(image[low : start + _BAND + _MARGIN].astype(float))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NoDetectionsWarning)
            found = find(np.where(band == 0, 0.0, band - level))
        if found is not None:
            y = np.asarray(found["y_centroid"]) + low
            own = (y >= start) & (y < start + _BAND)
            yield np.column_stack([found["x_centroid"], y, found["flux"]])[own]
