"""Faults of WFPC2's zeropoints: in headers, in pixels of one chip, in the mosaics made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator

from tests.trust.edits import edit_table, one_of, opened, scaled, science
from tests.trust.fault import Change, Fault, Place

__all__ = ["FAULTS"]

_DATASET = "wfpc2-u40x010hm"
_PERCENT = "1 per cent: between chips, stars of one magnitude differ by the width of a main sequence"


# What follows the names of nodes and images of C0M exposures.
_BESIDE = {"flt": "", "c0m": "c0m"}


def _chip(suffix: str, edit: Callable[[Any, float], None]) -> Change:
    node = "-".join(filter(None, ("update-wcs", _BESIDE[suffix])))

    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, node, one_of(place, node, f"*_{suffix}.fits", random)) as hdus:
            edit(random.choice(np.array(science(hdus), dtype=object)), size * random.choice((-1, 1)))

    return change


def _photflam(hdu: Any, size: float) -> None:
    hdu.header["PHOTFLAM"] *= 1 + size


def _flux(hdu: Any, size: float) -> None:
    scaled(hdu, 1 + size)


def _one_chip_everywhere(place: Place, size: float, random: Generator) -> None:
    """One chip too bright in the exposures themselves, before anything was made of them: WF2 or WF4."""
    chip = int(random.choice((2, 4)))
    factor = 1 + size * random.choice((-1, 1))

    def edit(table: Any) -> None:
        mine = np.asarray(table["chip"] == chip)
        for name in ("total", "net", "net_error"):
            table[name][mine] *= factor

    edit_table(place, "photometry", "sightings.ecsv", edit)


def _mosaic(suffix: str) -> Change:
    def change(place: Place, size: float, random: Generator) -> None:
        node = "-".join(filter(None, ("drizzle-f555w", _BESIDE[suffix])))
        root = "_".join(filter(None, ("f555w", _BESIDE[suffix])))
        with opened(place, node, f"{root}_drw_sci.fits") as hdus:
            scaled(next(hdu for hdu in hdus if hdu.data is not None), 1 + size)
        if suffix == "flt":
            place.rebuild("stars")
        place.rebuild("photometry")

    return change


def _planetary_camera(place: Place, size: float, random: Generator) -> None:
    """The weight of the planetary camera alone; where it lies is found by its own drizzled weight."""
    name = one_of(place, "drizzle-f555w", "*_single_wht.fits", random)
    with opened(place, "drizzle-f555w", name) as hdus:
        weight = next(hdu for hdu in hdus if hdu.data is not None).data
        weight[weight > 3 * np.median(weight[weight > 0])] *= np.float32(1 + size * random.choice((-1, 1)))


FAULTS = (
    Fault(
        "WFPC2: PHOTFLAM of one chip of an FLT",
        _DATASET,
        _chip("flt", _photflam),
        "",
        (1e-7, 1e-5, 1e-3, 0.02),
        1e-3,
        "0.001 mag",
        ("PHT-001",),
        ("PHT-008",),
    ),
    Fault(
        "WFPC2: flux of one chip of an FLT",
        _DATASET,
        _chip("flt", _flux),
        "",
        (5e-5, 2e-4, 1e-3, 0.01),
        0.01,
        _PERCENT,
        ("PHT-003",),
    ),
    Fault(
        "WFPC2: PHOTFLAM of one chip of a C0M",
        _DATASET,
        _chip("c0m", _photflam),
        "",
        (2e-4, 5e-4, 2e-3, 0.01),
        0.01,
        _PERCENT,
        ("PHT-003", "PHT-002"),
    ),
    Fault(
        "WFPC2: one chip's flux in all files",
        "wfpc2-omega-cen",
        _one_chip_everywhere,
        "",
        (0.005, 0.01, 0.02, 0.03, 0.05),
        0.03,
        "3 per cent: beyond the normalisation that is corrected for",
        ("PHT-005",),
        ("PHT-013",),
    ),
    Fault(
        "WFPC2: flux of the FLTs' mosaic",
        _DATASET,
        _mosaic("flt"),
        "",
        (0.002, 0.006, 0.01, 0.02, 0.1),
        0.01,
        _PERCENT,
        ("PHT-004",),
        ("PHT-006",),
    ),
    Fault(
        "WFPC2: flux of the C0Ms' mosaic",
        _DATASET,
        _mosaic("c0m"),
        "",
        (0.002, 0.006, 0.01, 0.02, 0.1),
        0.01,
        _PERCENT,
        ("PHT-004",),
    ),
    Fault(
        "WFPC2: weight of the planetary camera",
        _DATASET,
        _planetary_camera,
        "",
        (0.03, 0.06, 0.1, 0.5, 3.8),
        0.5,
        "stars in the overlap are measured with the wrong camera's errors",
        ("PHT-007",),
    ),
)
