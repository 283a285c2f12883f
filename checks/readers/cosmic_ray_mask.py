"""AstroDrizzle's cosmic-ray masks, ``*_crmask.fits``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.checks.readers.exposure import open_fits

__all__ = ["read_cosmic_ray_mask"]


def read_cosmic_ray_mask(path: Path) -> NDArray[np.bool_]:
    """Read which pixels of a chip AstroDrizzle flagged as cosmic rays.

    Parameters
    ----------
    path : Path
        A mask, in which AstroDrizzle writes 1 for good pixels and 0 for cosmic rays.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
        True for cosmic rays.

    Raises
    ------
    ReaderError
        If the file cannot be read, or its primary unit is no image of zeros and ones.
    """
    with open_fits(path) as hdus:
        mask = hdus[0].data
    if mask is None or mask.ndim != 2:
        raise ReaderError(f"{path}: the primary unit holds no image, so this is no cosmic-ray mask")
    if not np.isin(mask, (0, 1)).all():
        raise ReaderError(f"{path}: the image holds other values than 0 and 1, so this is no cosmic-ray mask")
    return np.asarray(mask == 0)
