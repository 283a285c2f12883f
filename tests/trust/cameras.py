"""Where each camera's products are in the suite's own datasets, for faults that any of them may have."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CAMERAS", "IMAGES", "Camera", "Image"]


class Camera(NamedTuple):
    """Calibrated exposures of one camera.

    Attributes
    ----------
    label : str
        What faults call it.
    dataset, node, pattern : str
        Where its calibrated exposures are.
    unit : str
        Unit of a pixel.
    noise : float
        Typical noise of a background pixel of the exposures, in that unit.
    scale : float
        Arcsec per pixel.
    amplifiers : bool
        Whether a chip is read by two amplifiers, left and right.
    deep : str
        Pattern of the exposures that see a sky, and that others of a similar time are beside; as `pattern`
        where it is empty.
    """

    label: str
    dataset: str
    node: str
    pattern: str
    unit: str
    noise: float
    scale: float
    amplifiers: bool = False
    deep: str = ""


CAMERAS = (
    Camera("WFPC2", "wfpc2-omega-cen", "align", "*_flt.fits", "DN", 1.0, 0.0996),
    Camera("UVIS", "uvis-ngc6791", "accept", "*_flc.fits", "e-", 6.0, 0.0396, True, "ibwb01x[rx]q_flc.fits"),
    Camera(
        "WFC", "acs-j9l960010", "update-wcs", "*_flt.fits", "e-", 7.0, 0.05, True, "j9l960a[!7]q_flt.fits"
    ),
    Camera("IR", "ir-ibohbf040", "update-wcs", "*_flt.fits", "e-/s", 0.03, 0.1283),
    Camera("SBC", "sbc-jcmc11", "fetch", "*_flt.fits", "counts", 0.1, 0.03),
)


class Image(NamedTuple):
    """A drizzled image of one camera.

    Attributes
    ----------
    label, dataset, node : str
        As of `Camera`.
    root : str
        How its files' names begin; ``_sci.fits`` and ``_wht.fits`` follow.
    flux : tuple of str
        Nodes that measure fluxes in it.
    """

    label: str
    dataset: str
    node: str
    root: str
    flux: tuple[str, ...] = ()


IMAGES = (
    Image("WFPC2", "wfpc2-u40x010hm", "drizzle-f555w", "f555w_drw", ("stars", "photometry")),
    Image("UVIS", "uvis-ngc6791", "drizzle-f606w", "f606w_drc"),
    Image("IR", "ir-ibohbf040", "drizzle-f105w", "*_drz"),
    Image("SBC", "sbc-jcmc11", "drizzle-jcmc11010", "jcmc11010_drz", ("photometry-jcmc11010",)),
)
