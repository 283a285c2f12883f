"""What the tests of catalogue alignment read out of products."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry import epochs
from hubble_qa.checks.astrometry.footprints import on_chips, seen_by_others
from hubble_qa.checks.astrometry.source_pairs import pair_sources
from hubble_qa.checks.images.drizzle_parameters import recommended_row
from hubble_qa.checks.readers import ShiftFile, read_cosmic_ray_mask, read_shift_file
from hubble_qa.fixtures.reduction.catalogs.catalog import Catalog
from hubble_qa.fixtures.reduction.catalogs.reading import read_catalog
from hubble_qa.fixtures.stages.accept import DECISIONS
from hubble_qa.fixtures.stages.align import SHIFT_FILE
from hubble_qa.fixtures.stages.detect import DRIZZLED_SOURCES, EXPOSURE_SOURCES, SINGLE_SOURCES
from hubble_qa.fixtures.stages.references import REFERENCES
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.workflows.catalog_alignment import CATALOGS, Reduction, Service
from hubble_qa.qa.readings import chip_shape, exposure_in, match_in, wcs_in

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = [
    "CosmicRayMasks",
    "Crowding",
    "against_catalog",
    "catalog_in",
    "catalog_positions",
    "cosmic_ray_masks",
    "crowding",
    "decisions",
    "exposure_positions",
    "motions",
    "overlapping",
    "recommended_parameters",
    "service",
    "shifts_to_catalog",
    "star_pixels",
    "widths",
]

Positions = NDArray[np.float64]
Chip = tuple[Any, tuple[int, ...]]

# Exposures that share less than this hardly share stars.
_LEAST_OVERLAP = 0.05


def service(catalog: str) -> Service:
    """The catalogue that a test's parameter names."""
    return next(each for each in CATALOGS if each == catalog)


@cache
def _shifts(path: Path) -> ShiftFile:
    return read_shift_file(path, relative=False)


def shifts_to_catalog(fitted: Product) -> ShiftFile:
    """The shift file of fits to a catalogue, among which no image is the reference."""
    return _shifts(fitted.file(SHIFT_FILE))


@cache
def _catalog(path: Path) -> Catalog:
    return read_catalog(path)


def catalog_in(product: Product) -> Catalog:
    """The reference catalogue, at the epoch that TweakReg was given."""
    return _catalog(product.file("catalog.ecsv"))


def motions(catalog: Catalog) -> Positions:
    """Proper motions in right ascension times cos(declination) and in declination, mas per year."""
    if catalog.pm_ra is None or catalog.pm_dec is None:
        return np.full((len(catalog), 2), np.nan)
    return np.column_stack([catalog.pm_ra, catalog.pm_dec])


def decisions(accepted: Product) -> Mapping[str, Mapping[str, Any]]:
    """What each exposure was given, and why."""
    decided: Mapping[str, Mapping[str, Any]] = json.loads(
        accepted.file(DECISIONS).read_text(encoding="utf-8")
    )
    return decided


def chips_of(product: Product, exposure: str) -> Mapping[int, Chip]:
    """World coordinates and shape of each chip of an exposure, by EXTVER."""
    read = exposure_in(product.file(f"{exposure}_flc.fits"))
    return {chip: (wcs_in(read.path, chip), chip_shape(read, chip)) for chip in read.chips}


class Crowding(NamedTuple):
    """Numbers of matches, of sources and references on the exposure, and its area in arcsec²."""

    matches: int
    sources: int
    references: int
    area: float


def crowding(fetched: Product, fitted: Product, catalog: Product, exposure: str) -> Crowding:
    """How crowded an exposure and the catalogue are where both are."""
    match = match_in(fitted, exposure, "flc")
    chips = chips_of(fetched, exposure)
    lists = fitted.glob(f"{exposure}_flc_sci*_xy_catalog.coo")
    found = catalog_in(catalog)
    references = on_chips(chips.values(), np.column_stack([found.ra, found.dec]))
    area = sum(
        float(np.prod(shape)) * float(wcs.proj_plane_pixel_area().to_value("arcsec2"))
        for wcs, shape in chips.values()
    )
    return Crowding(
        matches=len(match) if match is not None else 0,
        sources=sum(_rows(path) for path in lists),
        references=int(references.sum()),
        area=area,
    )


def _rows(path: Path) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return sum(bool(line.strip()) and not line.startswith("#") for line in lines)


@cache
def _table(path: Path) -> Table:
    from astropy.table import Table

    return Table.read(path, format="ascii.ecsv")


def exposure_positions(detected: Product, exposure: str) -> Positions:
    """Positions of the sources that were found afresh on an exposure, degrees."""
    found = _of_exposure(detected, exposure)
    return np.column_stack([found["ra"], found["dec"]])


def _of_exposure(detected: Product, exposure: str) -> Table:
    found = _table(detected.file(EXPOSURE_SOURCES))
    return found[found["exposure"] == exposure]


def star_pixels(detected: Product, exposure: str, exposures: Sequence[str]) -> Mapping[int, Positions]:
    """Pixels, counted from 1, of stars on each chip of an exposure.

    Stars are the sources that another exposure shows as well, wherever its own world coordinates put
    them; most sources of a long exposure are cosmic rays.
    """
    found = _of_exposure(detected, exposure)
    seen = np.zeros(len(found), dtype=bool)
    for other in exposures:
        if other != exposure:
            pairs = pair_sources(exposure_positions(detected, exposure), exposure_positions(detected, other))
            seen[pairs.first] = True
    found = found[seen]
    chips = (int(chip) for chip in sorted(set(found["chip"])))
    return {
        chip: np.column_stack([found["x"][found["chip"] == chip], found["y"][found["chip"] == chip]]) + 1
        for chip in chips
    }


def against_catalog(
    detected: Product, catalog: Product, fetched: Product, reduction: Reduction
) -> tuple[Positions, Positions]:
    """Positions found on the combined image, and the catalogue's at the exposures' epoch."""
    found = _table(detected.file(DRIZZLED_SOURCES))
    expected = catalog_positions(catalog, fetched, reduction.drizzle.exposures[0])
    return np.column_stack([found["ra"], found["dec"]]), expected


def catalog_positions(catalog: Product, fetched: Product, exposure: str) -> Positions:
    """Positions of a catalogue's sources at the epoch of an exposure, degrees.

    The catalogue is taken from its own epoch to the exposure's here again, from proper motions, and
    not as TweakReg was given it.
    """
    reference = catalog_in(catalog)
    header = exposure_in(fetched.file(f"{exposure}_flc.fits")).primary
    positions = np.column_stack([reference.ra, reference.dec])
    if reference.epoch is None or reference.pm_ra is None:
        return positions
    epoch = epochs.julian_year(header["EXPSTART"], header["EXPEND"])
    return epochs.positions_at_epoch(
        positions, motions(reference), from_epoch=reference.epoch, to_epoch=epoch
    )


def overlapping(accepted: Product, exposure: str, exposures: Sequence[str]) -> str | None:
    """The exposure that sees most of an exposure's pixels; None where none sees a twentieth of them."""
    own = chips_of(accepted, exposure).values()
    shared = {
        other: float(np.mean([_fraction_seen(chip, chips_of(accepted, other).values()) for chip in own]))
        for other in exposures
        if other != exposure
    }
    best = max(shared, key=lambda name: shared[name], default=None)
    return best if best is not None and shared[best] >= _LEAST_OVERLAP else None


def _fraction_seen(chip: Chip, others: Iterable[Chip]) -> float:
    return float(seen_by_others(chip, list(others), block=128).mean())


def recommended_parameters(
    references: Product, accepted: Product, exposures: Sequence[str]
) -> Mapping[str, Any] | None:
    """The row of the exposures' MDRIZTAB for their filter and number."""
    from astropy.io import fits

    first = exposure_in(accepted.file(f"{exposures[0]}_flc.fits")).primary
    filters = [str(first[key]).strip().upper() for key in ("FILTER", "FILTER1", "FILTER2") if key in first]
    path = references.files / REFERENCES / str(first["MDRIZTAB"]).rpartition("$")[2]
    return recommended_row(fits.getdata(path, 1), filters=filters, images=len(exposures))


def widths(detected: Product) -> tuple[NDArray[np.float64], Mapping[str, NDArray[np.float64]]]:
    """FWHM, arcsec, of stars on the combined image and on each exposure drizzled singly."""
    combined = np.asarray(_table(detected.file(DRIZZLED_SOURCES))["fwhm"], dtype=float)
    singles = _table(detected.file(SINGLE_SOURCES))
    names = sorted({str(name) for name in singles["exposure"]})
    return combined, {
        name: np.asarray(singles["fwhm"][singles["exposure"] == name], dtype=float) for name in names
    }


class CosmicRayMasks(NamedTuple):
    """By chip: pixels flagged, and pixels that could be; and the exposure time, s."""

    flagged: Mapping[int, NDArray[np.bool_]]
    judged: Mapping[int, NDArray[np.bool_]]
    exposure_time: float


def cosmic_ray_masks(
    mosaic: Product, accepted: Product, exposure: str, exposures: Sequence[str]
) -> CosmicRayMasks:
    """The masks that AstroDrizzle made of one of the exposures that it combined."""
    own = chips_of(accepted, exposure)
    others = [chip for name in exposures if name != exposure for chip in chips_of(accepted, name).values()]
    return CosmicRayMasks(
        flagged={
            chip: read_cosmic_ray_mask(mosaic.file(f"{exposure}_sci{chip}_crmask.fits")) for chip in own
        },
        judged={chip: seen_by_others(place, others) for chip, place in own.items()},
        exposure_time=float(exposure_in(accepted.file(f"{exposure}_flc.fits")).primary["EXPTIME"]),
    )
