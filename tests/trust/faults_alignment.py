"""Faults of alignments: the fit, its files, and what became of it in the headers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.random import Generator

from tests.trust.edits import (
    direction,
    edit_columns,
    edit_row,
    edit_table,
    moved,
    one_of,
    opened,
    science,
    turned,
)
from tests.trust.fault import Change, Fault, Place

__all__ = ["FAULTS"]

WFPC2, UVIS = "wfpc2-omega-cen", "uvis-ngc6791"
# Exposures that were fitted; the first of WFPC2's is the reference.
_FITTED = {WFPC2: ("align", "u5jx010hr_flt.fits"), UVIS: ("accept", "*_flc.fits")}
_LINEAR = ("CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")
_TENTH = "10 mas: a tenth of a WF pixel, a quarter of a UVIS pixel; stars are matched between filters to that"


def _headers(dataset: str, edit: Callable[[list[Any], float, Generator], None]) -> Change:
    """Change headers after the fit: the pixels, tables and shift files stay."""
    node, pattern = _FITTED[dataset]

    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, node, one_of(place, node, pattern, random)) as hdus:
            edit([hdu.header for hdu in science(hdus)], size, random)

    return change


def _shift(headers: list[Any], size: float, random: Generator) -> None:
    dx, dy = direction(random)
    moved(headers, size * dx, size * dy)


def _shift_chip(headers: list[Any], size: float, random: Generator) -> None:
    dx, dy = direction(random)
    moved([headers[int(random.integers(len(headers)))]], size * dx, size * dy)


def _turn(headers: list[Any], size: float, random: Generator) -> None:
    turned(headers, angle=size * random.choice((-1, 1)))


def _stretch(headers: list[Any], size: float, random: Generator) -> None:
    turned(headers, scale=1 + size * random.choice((-1, 1)))


def _other_name(headers: list[Any], size: float, random: Generator) -> None:
    for header in headers:
        header["WCSNAME"] = "OTHER"


def _not_aligned(headers: list[Any], size: float, random: Generator) -> None:
    for header in headers:
        header["WCSTYPE"] = "not aligned: reference"


# Who tells of a false fit besides: by the archive's solution, by other exposures, by the other chip.
_FALSE = ("AST-010", "AST-016", "AST-024", "WCS-003", "WCS-007")


# The fit itself was wrong: stars have other positions, and headers, headerlet and match file agree on them.


def _false_fit(edit: Callable[[list[Any], float, Generator], None]) -> Change:
    def change(place: Place, size: float, random: Generator) -> None:
        name = one_of(place, "accept", "*_flc.fits", random)
        root = name.partition("_")[0]
        with opened(place, "accept", name) as hdus, opened(place, "accept", f"{root}_hlet.fits") as kept:
            headers = [hdu.header for hdu in science(hdus)]
            edit(headers, size, random)
            for header, copy in zip(
                headers, (hdu.header for hdu in kept if hdu.name == "SIPWCS"), strict=True
            ):
                copy.update({key: header[key] for key in _LINEAR})
            chips = {hdu.ver: WCS(hdu.header, hdus) for hdu in science(hdus)}

        def follow(table: Any) -> None:
            for number, chip in chips.items():
                here = table[:, 14] == number
                table[here, 15:17] = chip.all_pix2world(table[here, 10:12], 1)

        edit_columns(place, "align-gaia", f"{root}_flc_catalog_fit.match", follow)

    return change


# Shift files and match files


def _row(dataset: str, change: Callable[[list[float], float, Generator], Sequence[float]]) -> Change:
    node = "align" if dataset == WFPC2 else "align-gaia"

    def edit(place: Place, size: float, random: Generator) -> None:
        edit_row(place, node, random, lambda row: change(row, size, random))

    return edit


def _failed_row(row: list[float], size: float, random: Generator) -> list[float]:
    return [np.nan] * 4 + [0.0, 0.0]


def _wide_row(row: list[float], size: float, random: Generator) -> list[float]:
    return [*row[:4], size, size]


def _turned_row(row: list[float], size: float, random: Generator) -> list[float]:
    return [row[0], row[1], (row[2] + size * random.choice((-1, 1))) % 360.0, *row[3:]]


def _stretched_row(row: list[float], size: float, random: Generator) -> list[float]:
    return [*row[:3], row[3] + size * random.choice((-1, 1)), *row[4:]]


def _shifted_row(row: list[float], size: float, random: Generator) -> list[float]:
    dx, dy = direction(random)
    return [row[0] + size * dx, row[1] + size * dy, *row[2:]]


def _matches(dataset: str, change: Callable[[Any, float, Generator], Any]) -> Change:
    node = "align" if dataset == WFPC2 else "align-gaia"

    def edit(place: Place, size: float, random: Generator) -> None:
        name = one_of(place, node, "*_catalog_fit.match", random)
        edit_columns(place, node, name, lambda table: change(table, size, random))

    return edit


def _few(table: Any, size: float, random: Generator) -> Any:
    kept = max(3, round(len(table) * (1 - size)))
    return table[np.sort(random.choice(len(table), kept, replace=False))]


def _sloped(table: Any, size: float, random: Generator) -> None:
    """Residuals with a slope over the frame: `size` at its edges."""
    column, along = int(random.integers(2)), table[:, 10 + int(random.integers(2))]
    middle, half = (along.max() + along.min()) / 2, (along.max() - along.min()) / 2
    table[:, 6 + column] += size * (along - middle) / half


def _offset_chip(table: Any, size: float, random: Generator) -> None:
    # The chip of a matched source: on one with a source or two nobody sees an offset.
    table[table[:, 14] == random.choice(table[:, 14]), 6 + int(random.integers(2))] += size


def _misstated_epoch(place: Place, size: float, random: Generator) -> None:
    """The catalogue's positions are of another epoch than it says, and the fit has absorbed their motion."""

    def edit(table: Any) -> None:
        table.meta["epoch"] = float(table.meta["epoch"]) + size

    edit_table(place, "catalog-gaia", "catalog.ecsv", edit)


_ROW = "what a false match gives; the exposure is misplaced by it"

FAULTS = (
    Fault(
        "WFPC2: headers moved after the fit",
        WFPC2,
        _headers(WFPC2, _shift),
        "WF pix",
        (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0),
        0.2,
        _TENTH,
        ("AST-019", "AST-020"),
        ("AST-010", "AST-024"),
    ),
    Fault(
        "WFPC2: one chip moved after the fit",
        WFPC2,
        _headers(WFPC2, _shift_chip),
        "pix",
        (0.1, 0.2, 0.5, 1.0, 5.0),
        1.0,
        "stars in the overlap of chips are double",
        # The fit has sources on some of the chips only.
        ("AST-010",),
        ("AST-019", "AST-020", "WCS-007", "AST-024"),
    ),
    Fault(
        "WFPC2: headers turned after the fit",
        WFPC2,
        _headers(WFPC2, _turn),
        "deg",
        (0.01, 0.02, 0.05, 0.2),
        0.05,
        "0.9 pix at 100 arcsec",
        ("AST-019", "AST-020"),
        ("AST-010", "WCS-005", "AST-024"),
    ),
    Fault(
        "WFPC2: scale changed after the fit",
        WFPC2,
        _headers(WFPC2, _stretch),
        "",
        (1e-4, 2e-4, 5e-4, 1e-3),
        5e-4,
        "0.5 pix at 100 arcsec",
        ("AST-019", "AST-020"),
        ("AST-010", "AST-024"),
    ),
    Fault(
        "WFPC2: another WCSNAME",
        WFPC2,
        _headers(WFPC2, _other_name),
        "",
        (1,),
        1,
        "the headers hold another fit than was asked for",
        ("AST-010",),
    ),
    Fault(
        "WFPC2: failed fit under the asked-for name",
        WFPC2,
        _headers(WFPC2, _not_aligned),
        "",
        (1,),
        1,
        "TweakReg's failed fit: misaligned by the pointing error",
        ("AST-010",),
    ),
    Fault(
        "WFPC2: failed row of the shift file",
        WFPC2,
        _row(WFPC2, _failed_row),
        "",
        (1,),
        1,
        "the exposure is not aligned",
        ("AST-001", "AST-002"),
    ),
    Fault(
        "WFPC2: RMS of the fit",
        WFPC2,
        _row(WFPC2, _wide_row),
        "pix",
        (0.12, 0.15, 0.21, 0.3, 1.0),
        0.3,
        "a third of a pixel broadens undersampled stars by a tenth",
        ("AST-002",),
        ("AST-009", "AST-013"),
    ),
    Fault(
        "WFPC2: rotation in the shift file",
        WFPC2,
        _row(WFPC2, _turned_row),
        "deg",
        (0.03, 0.07, 0.1, 0.5),
        0.07,
        _ROW,
        ("AST-004",),
        ("AST-027",),
    ),
    Fault(
        "WFPC2: scale in the shift file",
        WFPC2,
        _row(WFPC2, _stretched_row),
        "",
        (3e-4, 6e-4, 1e-3),
        6e-4,
        _ROW,
        ("AST-005",),
        ("AST-028",),
    ),
    Fault(
        "WFPC2: FLT and C0M shifts differ",
        WFPC2,
        _row(WFPC2, _shifted_row),
        "pix",
        (0.005, 0.012, 0.05, 0.5),
        0.05,
        "ratios of fluxes in the two mosaics mix positions",
        ("AST-013",),
    ),
    Fault(
        "WFPC2: matches lost",
        WFPC2,
        _matches(WFPC2, _few),
        "of the rows",
        (0.5, 0.8, 0.9, 0.97),
        0.97,
        "a fit to fewer than 20 sources may be a chance match",
        ("AST-003",),
        ("AST-009", "AST-020", "AST-008"),
    ),
    Fault(
        "WFPC2: slope of the residuals",
        WFPC2,
        _matches(WFPC2, _sloped),
        "pix at the edge",
        (0.02, 0.05, 0.1, 0.3),
        0.1,
        _TENTH,
        ("AST-008",),
        ("AST-009", "AST-020"),
    ),
    Fault(
        "WFPC2: residuals of one chip offset",
        WFPC2,
        _matches(WFPC2, _offset_chip),
        "pix",
        (0.02, 0.05, 0.1, 0.3),
        0.1,
        _TENTH,
        ("AST-008",),
        ("AST-009", "AST-020"),
    ),
    Fault(
        "UVIS: headers moved after the fit",
        UVIS,
        _headers(UVIS, _shift),
        "pix",
        (0.02, 0.05, 0.1, 0.25, 1.0),
        0.25,
        _TENTH,
        # AST-019 is of the exposures whose fit was accepted, two of three.
        ("AST-010",),
        ("AST-019", "AST-024", "WCS-003"),
    ),
    Fault(
        "UVIS: one chip moved after the fit",
        UVIS,
        _headers(UVIS, _shift_chip),
        "pix",
        (0.02, 0.05, 0.1, 0.25),
        0.25,
        _TENTH,
        ("AST-010",),
        ("AST-019", "WCS-007", "AST-024", "WCS-003", "AST-017"),
    ),
    Fault(
        "UVIS: headers turned after the fit",
        UVIS,
        _headers(UVIS, _turn),
        "deg",
        (0.001, 0.005, 0.02, 0.2),
        0.005,
        "10 mas at the corner",
        ("AST-010",),
        ("AST-019", "AST-024", "WCS-003"),
    ),
    Fault(
        "UVIS: another WCSNAME",
        UVIS,
        _headers(UVIS, _other_name),
        "",
        (1,),
        1,
        "the headers hold another fit than was asked for",
        ("AST-010",),
    ),
    Fault(
        "UVIS: false fit, shift",
        UVIS,
        _false_fit(_shift),
        "pix",
        (0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0),
        0.3,
        _TENTH,
        ("AST-012",),
        ("AST-017", *_FALSE),
    ),
    Fault(
        "UVIS: false fit, one chip",
        UVIS,
        _false_fit(_shift_chip),
        "pix",
        (0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0),
        0.5,
        "half a pixel between the chips: proper motions of 4 mas/yr in 5 years",
        ("AST-017",),
        ("AST-012", *_FALSE),
    ),
    Fault(
        "UVIS: false fit, rotation",
        UVIS,
        _false_fit(_turn),
        "deg",
        (0.005, 0.01, 0.02, 0.05),
        0.02,
        "20 mas at 60 arcsec",
        ("AST-017",),
        ("AST-012", *_FALSE),
    ),
    Fault(
        "UVIS: false fit, scale",
        UVIS,
        _false_fit(_stretch),
        "",
        (1e-4, 2e-4, 3e-4, 5e-4, 1e-3),
        5e-4,
        "30 mas at 60 arcsec",
        ("AST-017",),
        ("AST-012", *_FALSE),
    ),
    Fault(
        "UVIS: failed row of the shift file",
        UVIS,
        _row(UVIS, _failed_row),
        "",
        (1,),
        1,
        "the exposure is not aligned",
        ("AST-001", "AST-002"),
    ),
    Fault(
        "UVIS: RMS of the fit",
        UVIS,
        _row(UVIS, _wide_row),
        "pix",
        (0.09, 0.11, 0.15, 0.3),
        0.15,
        "6 mas: errors of proper motions double",
        ("AST-002",),
        ("AST-009",),
    ),
    Fault(
        "UVIS: rotation in the shift file",
        UVIS,
        _row(UVIS, _turned_row),
        "deg",
        (0.03, 0.07, 0.1, 0.5),
        0.07,
        _ROW,
        ("AST-004",),
    ),
    Fault(
        "UVIS: scale in the shift file",
        UVIS,
        _row(UVIS, _stretched_row),
        "",
        (3e-4, 7e-4, 1e-3),
        7e-4,
        _ROW,
        ("AST-005",),
    ),
    Fault(
        "UVIS: shift of one exposure of a visit",
        UVIS,
        _row(UVIS, _shifted_row),
        "pix",
        (0.5, 1.0, 2.0, 3.0, 10.0),
        3.0,
        "an exposure beside the others of its lock: stars are double",
        ("AST-007",),
        ("AST-006",),
    ),
    Fault(
        "UVIS: shift beyond the search radius",
        UVIS,
        _row(UVIS, _shifted_row),
        "pix",
        (30.0, 100.0),
        30.0,
        "sources were matched within the radius only: the peak was noise",
        ("AST-006", "AST-007"),
    ),
    Fault(
        "UVIS: matches lost",
        UVIS,
        _matches(UVIS, _few),
        "of the rows",
        (0.5, 0.9, 0.95, 0.98),
        0.98,
        "a fit to fewer than 20 sources may be a chance match",
        ("AST-003",),
        ("AST-009", "AST-014", "AST-008", "AST-019"),
    ),
    Fault(
        "UVIS: slope of the residuals",
        UVIS,
        _matches(UVIS, _sloped),
        "pix at the edge",
        (0.01, 0.02, 0.03, 0.05, 0.1),
        0.05,
        "2 mas: what proper motions are measured to",
        ("AST-008",),
        ("AST-009",),
    ),
    Fault(
        "UVIS: residuals of one chip offset",
        UVIS,
        _matches(UVIS, _offset_chip),
        "pix",
        (0.01, 0.02, 0.03, 0.05, 0.1),
        0.05,
        "2 mas: what proper motions are measured to",
        ("AST-008",),
        ("AST-009",),
    ),
    Fault(
        "UVIS: catalogue's epoch differs from the exposures'",
        UVIS,
        _misstated_epoch,
        "yr",
        (0.3, 1.0, 4.2),
        1.0,
        "2.3 mas of the cluster's motion",
        ("AST-018",),
        ("AST-012", "AST-025"),
    ),
)
