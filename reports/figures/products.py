"""What figures take out of drizzled products."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from hubble_qa.checks.astrometry.world_coordinates import linear_matrix, plate_scale
from hubble_qa.checks.readers import Drizzled, read_drizzled
from hubble_qa.fixtures.plans.stage import Inputs, StageError
from hubble_qa.reports.figures.sky_marks import SkyFrame

__all__ = ["DrizzledImage", "drizzled_image"]


_GRID = (
    *("NAXIS1", "NAXIS2", "CTYPE1", "CTYPE2", "CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"),
    *("CD1_1", "CD1_2", "CD2_1", "CD2_2"),
)


@dataclass(frozen=True)
class DrizzledImage:
    """A drizzled image; its arrays are read when they are asked for, and kept.

    Attributes
    ----------
    drizzled : Drizzled
        The product.
    """

    drizzled: Drizzled

    @cached_property
    def science(self) -> NDArray[Any]:
        """The science image, in the file's byte order."""
        return self.drizzled.science()

    @cached_property
    def weight(self) -> NDArray[Any]:
        """The weight image, in the file's byte order."""
        return self.drizzled.weight()

    @cached_property
    def wcs(self) -> Any:
        """Its `astropy.wcs.WCS`."""
        return self.drizzled.wcs()

    def on_grid_of(self, other: DrizzledImage) -> bool:
        """Whether its pixels lie on the sky where another image's do."""
        first, second = (image.drizzled.header for image in (self, other))
        return all(first.get(name) == second.get(name) for name in _GRID)

    @property
    def frame(self) -> SkyFrame:
        """Where it is on the sky."""
        return SkyFrame(linear_matrix(self.drizzled.header), plate_scale(self.drizzled.header))


def drizzled_image(inputs: Inputs, product: str, pattern: str) -> DrizzledImage:
    """Find the one drizzled image of a product whose name is a pattern and ``_sci.fits``.

    Raises
    ------
    StageError
        If none or several match.
    """
    found = inputs.files(product, f"{pattern}_sci.fits")
    if len(found) != 1:
        raise StageError(f"{product}: {len(found)} files match {pattern}_sci.fits, need exactly one")
    return DrizzledImage(read_drizzled(found[0]))
