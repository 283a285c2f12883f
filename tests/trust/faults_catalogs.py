"""Faults of what exposures are aligned to: the archive's own fits, reference catalogues, other images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from astropy.table import Table, vstack
from numpy.random import Generator

from tests.trust.edits import direction, moved, one_of, opened, science, turned
from tests.trust.fault import Change, Fault, Place

__all__ = ["FAULTS"]

UVIS, NGC6791 = "uvis-two-filters", "uvis-ngc6791"
# Of a pixel of UVIS.
_MAS = 39.6
_CATALOG = "catalog.ecsv"
# What compares the exposures or their fits with the catalogue.
_COMPARED = ("AST-012", "AST-014", "AST-017", "AST-018", "AST-025")


def _served(edit: Callable[[Any, float], None]) -> Change:
    """Change the headers of one exposure as the archive served it."""

    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, "fetch", one_of(place, "fetch", "*_flc.fits", random)) as hdus:
            for hdu in science(hdus):
                edit(hdu.header, size)

    return change


def _wide_fit(header: Any, size: float) -> None:
    header["RMS_RA"] = header["RMS_DEC"] = size * _MAS


def _few_matches(header: Any, size: float) -> None:
    header["NMATCHES"] = round(header["NMATCHES"] * (1 - size))


def _catalog(edit: Callable[[Table, float, Generator], Table], service: str = "gaia") -> Change:
    """Other rows stand in the catalogue than were matched."""

    def change(place: Place, size: float, random: Generator) -> None:
        path = place.edit(f"catalog-{service}", _CATALOG)
        edit(Table.read(path, format="ascii.ecsv"), size, random).write(
            path, format="ascii.ecsv", overwrite=True
        )

    return change


def _cut(table: Table, size: float, random: Generator) -> Table:
    """A service's limit: what is left are rows in no order."""
    kept = round(len(table) * (1 - size))
    return table[np.sort(random.choice(len(table), kept, replace=False))]


def _half(table: Table, size: float, random: Generator) -> Table:
    """The cone lies beside the field: sources are missing on one side, chosen by chance."""
    x, y = direction(random)
    along = x * table["ra"] * np.cos(np.radians(np.mean(table["dec"]))) + y * table["dec"]
    return table[along > np.quantile(along, size)]


def _dense(table: Table, size: float, random: Generator) -> Table:
    """`size` times as many sources, at random places: so dense a field matches by chance."""
    added = table[random.integers(len(table), size=round((size - 1) * len(table)))]
    for name in ("ra", "dec"):
        low, high = np.min(table[name]), np.max(table[name])
        added[name] = random.uniform(low, high, len(added))
    return vstack([table, added], metadata_conflicts="silent")


def _image(edit: Callable[[Any, float, Generator], None]) -> Change:
    """Change the coordinates of the drizzled image that lies on the grid of the other one."""

    def change(place: Place, size: float, random: Generator) -> None:
        node = "drizzle-f814w"
        with opened(place, node, one_of(place, node, "*_drc_sci.fits", random)) as hdus:
            edit(next(hdu for hdu in hdus if hdu.data is not None).header, size, random)

    return change


def _moved(header: Any, size: float, random: Generator) -> None:
    dx, dy = direction(random)
    moved([header], size * dx, size * dy)


def _turned(header: Any, size: float, random: Generator) -> None:
    turned([header], angle=size * random.choice((-1, 1)))


FAULTS = (
    Fault(
        "UVIS: the archive's fit is wide",
        UVIS,
        _served(_wide_fit),
        "pix",
        (0.105, 0.12, 0.15, 0.3),
        0.15,
        "6 mas: errors of proper motions double",
        ("AST-011",),
    ),
    Fault(
        "UVIS: the archive's fit has few matches",
        UVIS,
        _served(_few_matches),
        "of them lost",
        (0.5, 0.65, 0.8, 0.95),
        0.8,
        "a fit to fewer than 20 sources may be a chance match",
        ("AST-026",),
        ("AST-011",),
    ),
    Fault(
        "UVIS: catalogue cut by its service",
        UVIS,
        _catalog(_cut),
        "of its rows",
        (0.5, 0.8, 0.95, 0.99),
        0.95,
        "fewer than 20 sources on an exposure: what matches then says nothing of the rest of the field",
        ("AST-022",),
        ("AST-029", *_COMPARED),
    ),
    Fault(
        "UVIS: catalogue of a part of the field",
        UVIS,
        _catalog(_half),
        "of its rows",
        (0.3, 0.5, 0.6, 0.7),
        0.7,
        "half of the exposure has nothing to be compared with",
        ("AST-029",),
        ("AST-022", *_COMPARED),
    ),
    Fault(
        "UVIS: unrelated sources in the catalogue",
        NGC6791,
        _catalog(_dense, "sdss"),
        "times as many",
        (3, 10, 30, 100),
        100,
        "a fifth of as many matches as were found would be found anywhere",
        ("AST-014",),
        ("AST-012", "AST-017"),
    ),
    Fault(
        "UVIS: one of two images moved",
        UVIS,
        _image(_moved),
        "pix",
        (0.1, 0.2, 0.3, 0.5, 1.0),
        0.5,
        "an aperture of 3 pixels loses 4 per cent in one filter only",
        ("AST-023",),
        ("AST-012", "AST-017", "WCS-005", "DRZ-004"),
    ),
    Fault(
        "UVIS: one of two images turned",
        UVIS,
        _image(_turned),
        "deg",
        (1e-5, 1.5e-4, 1e-3, 0.1),
        1e-3,
        "images that are compared pixel by pixel: a tenth of a pixel at the edge of 6,000",
        ("DRZ-011",),
        ("AST-012", "AST-017", "AST-023", "WCS-005"),
    ),
)
