"""Faults of what is handed in: collections of high-level science products, an exposure's two forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.random import Generator

from tests.trust.edits import direction, moved, one_of, opened, science
from tests.trust.fault import Change, Fault, Place

__all__ = ["FAULTS"]

PUBLISHED, TWINS = "acs-two-filters, published", "acs-j9l960010, FLT and FLC"
_IMAGES = "hlsp_*_dr?*.fits"
_REJECTED = "the archive returns the collection"
# Pixels of WFC, arcsec.
_WFC = 0.05


def _renamed(place: Place, size: float, random: Generator) -> None:
    """A field of the name is lost, or a field holds what it must not."""
    name = one_of(place, "", _IMAGES, random)
    old, new = (("_v1.0", ""), ("_hst_", "_hubble_space_telescope_"), ("_v1.0", "_first"))[random.integers(3)]
    path = place.edit("", name)
    path.rename(path.with_name(name.replace(old, new)))


def _header(edit: Callable[[Any, Generator], None]) -> Change:
    """Change the primary header of one of the images, and its checksums with it."""

    def change(place: Place, size: float, random: Generator) -> None:
        with fits.open(
            place.edit("", one_of(place, "", _IMAGES, random)), mode="update", checksum=True
        ) as hdus:
            edit(hdus[0].header, random)
            hdus[0].add_checksum()

    return change


def _without_required(header: Any, random: Generator) -> None:
    del header[str(random.choice(("DOI", "HLSPID", "HLSPVER", "HLSPTARG", "LICENSE", "XPOSURE")))]


def _with_equinox(header: Any, random: Generator) -> None:
    header["RADESYS"], header["EQUINOX"] = "ICRS", 2000.0


def _no_value(header: Any, random: Generator) -> None:
    header[str(random.choice(("HLSPLEAD", "HLSPNAME", "REFERENC", "APERTURE")))] = "MULTIPLE"


def _without_input(header: Any, random: Generator) -> None:
    del header[str(random.choice([key for key in header if key.startswith("FILEID")]))]


def _time(place: Place, size: float, random: Generator) -> None:
    """XPOSURE, of which one is tenfold, say, what its own inputs are not."""
    with fits.open(place.edit("", one_of(place, "", _IMAGES, random)), mode="update", checksum=True) as hdus:
        hdus[0].header["XPOSURE"] *= 1 + size
        hdus[0].add_checksum()


def _without_companion(place: Place, size: float, random: Generator) -> None:
    """The README, the manifest, or a preview is not there."""
    images = set(place.names("", "*.fits"))
    place.edit("", str(random.choice([name for name in place.names("") if name not in images]))).unlink()


def _pixel(place: Place, size: float, random: Generator) -> None:
    """A pixel was changed after the checksums were written."""
    path = place.edit("", one_of(place, "", _IMAGES, random))
    with fits.open(path) as hdus:
        hdu = next(hdu for hdu in hdus if hdu.data is not None)
        start = hdu.fileinfo()["datLoc"] + 4 * int(random.integers(hdu.data.size))
    with path.open("r+b") as stream:
        stream.seek(start)
        stream.write(np.float32(size).astype(">f4").tobytes())


def _apart(place: Place, size: float, random: Generator) -> None:
    """Of one exposure, only one of both forms was aligned."""
    with opened(place, "", one_of(place, "", "*_fl?.fits", random)) as hdus:
        dx, dy = direction(random)
        headers = [hdu.header for hdu in science(hdus)]
        moved(headers, *(1e-3 * size / _WFC * each for each in (dx, dy)))


FAULTS = (
    Fault("HLSP: name", PUBLISHED, _renamed, "", (1,), 1, _REJECTED, ("HLS-001",), ("HLS-006", "HLS-007")),
    Fault(
        "HLSP: a required keyword lost",
        PUBLISHED,
        _header(_without_required),
        "",
        (1,),
        1,
        _REJECTED,
        ("HLS-002",),
        ("HLS-007",),
    ),
    Fault(
        "HLSP: EQUINOX beside ICRS", PUBLISHED, _header(_with_equinox), "", (1,), 1, _REJECTED, ("HLS-003",)
    ),
    Fault(
        "HLSP: a recommended keyword without a value",
        PUBLISHED,
        _header(_no_value),
        "",
        (1,),
        1,
        "readers are told that it has several values",
        ("HLS-004",),
    ),
    Fault(
        "HLSP: a contributing observation left out",
        PUBLISHED,
        _header(_without_input),
        "",
        (1,),
        1,
        "the archive links the image with its exposures by this list",
        ("HLS-005",),
    ),
    Fault(
        "HLSP: exposure time",
        PUBLISHED,
        _time,
        "",
        (0.001, 0.01, 0.1, 1.0),
        0.1,
        "searches by depth find it wrongly by 0.05 mag",
        ("HLS-007",),
    ),
    Fault(
        "HLSP: README, manifest or preview lost",
        PUBLISHED,
        _without_companion,
        "",
        (1,),
        1,
        _REJECTED,
        ("HLS-006",),
    ),
    Fault(
        "HLSP: a pixel changed after the checksum",
        PUBLISHED,
        _pixel,
        "e-/s",
        (0.001, 1.0, 100.0),
        1.0,
        "what was downloaded is not what was published",
        ("HLS-008",),
        ("FIL-001",),
    ),
    Fault(
        "WFC: FLT and FLC of an exposure lie apart",
        TWINS,
        _apart,
        "mas",
        (0.5, 1.1, 2.0, 10.0, 100.0),
        10.0,
        "a fifth of a pixel between what is measured on one and drizzled from the other",
        ("WCS-006",),
        ("AST-010", "AST-021", "AST-024", "DRZ-006", "WCS-005", "WCS-007"),
    ),
)
