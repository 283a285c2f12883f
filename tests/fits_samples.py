"""Small, whole FITS files that pass for an exposure's, for tests of archives."""

from __future__ import annotations

import io

import numpy as np
from astropy.io import fits


def exposure_bytes(rootname: str, *, extensions: int = 4, size: int = 40, **keywords: object) -> bytes:
    """Content of a FITS file with a primary header and image extensions of `size` × `size` pixels."""
    primary = fits.PrimaryHDU()
    primary.header.update(
        {
            "ROOTNAME": rootname,
            "INSTRUME": "WFPC2",
            "NEXTEND": extensions,
            "DATE-OBS": "2000-01-05",
            **keywords,
        }
    )
    pixels = np.arange(size * size, dtype=np.float32).reshape(size, size)
    images = [fits.ImageHDU(pixels, name="SCI", ver=chip + 1) for chip in range(extensions)]
    stream = io.BytesIO()
    fits.HDUList([primary, *images]).writeto(stream)
    return stream.getvalue()
