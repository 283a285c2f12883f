"""Faults of what a drizzled image's header says of its passband, its epoch and its unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from numpy.random import Generator

from tests.trust.cameras import IMAGES, Image
from tests.trust.edits import one_of, opened, scaled
from tests.trust.fault import Change, Fault, Place

__all__ = ["FAULTS"]


def _image(image: Image, edit: Callable[[Any, float, Generator], None]) -> Change:
    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, image.node, one_of(place, image.node, f"{image.root}_sci.fits", random)) as hdus:
            edit(next(hdu for hdu in hdus if hdu.data is not None), size, random)

    return change


def _pivot(hdu: Any, size: float, random: Generator) -> None:
    hdu.header["PHOTPLAM"] *= 1 + size * random.choice((-1, 1))


def _epoch(hdu: Any, size: float, random: Generator) -> None:
    """Its start, its end or both are moved, to earlier or later."""
    days = size * random.choice((-1, 1))
    moved = (("EXPSTART",), ("EXPEND",), ("EXPSTART", "EXPEND"))[int(random.integers(3))]
    for keyword in moved:
        hdu.header[keyword] += days


def _counts(hdu: Any, size: float, random: Generator) -> None:
    """AstroDrizzle was asked for counts, and BUNIT is what other images of the camera have."""
    scaled(hdu, hdu.header["EXPTIME"])
    for keyword in [name for name in hdu.header if name.endswith("OUUN")]:
        hdu.header[keyword] = "counts"


def _of(image: Image) -> Iterator[Fault]:
    where, label = image.dataset, f"{image.label} mosaic"
    yield Fault(
        f"{label}: PHOTPLAM",
        where,
        _image(image, _pivot),
        "",
        (1e-8, 1e-4, 5e-3, 0.1),
        5e-3,
        "AB magnitudes are off by 0.01",
        ("PHT-008",),
    )
    yield Fault(
        f"{label}: epoch",
        where,
        _image(image, _epoch),
        "days",
        (3e-4, 0.01, 1.0, 30.0, 365.0),
        30.0,
        "a star of 0.1 arcsec a year is looked for 8 mas away: a fifth of a UVIS pixel",
        ("CAL-005",),
        ("AST-012", "AST-025"),
    )
    yield Fault(
        f"{label}: counts that BUNIT calls a rate",
        where,
        _image(image, _counts),
        "",
        (1,),
        1,
        "fluxes are wrong by the exposure time",
        ("PHT-008",),
        ("PHT-004", "PHT-006", "PHT-010", "CAL-011", "DRZ-006", "DRZ-008", "DRZ-012", "TVB-004", "TVB-005"),
    )


FAULTS = tuple(fault for image in IMAGES for fault in _of(image))
