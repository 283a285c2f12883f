"""What the tests read out of products; products never change, so that each is read once."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry import world_coordinates
from hubble_qa.checks.astrometry.residuals import MatchedPositions
from hubble_qa.checks.detectors.calibration import ReferenceUse
from hubble_qa.checks.images import photometry
from hubble_qa.checks.images.drizzled import median_weights
from hubble_qa.checks.readers import (
    Drizzled,
    Exposure,
    MatchFile,
    ReaderError,
    match_path,
    read_drizzled,
    read_exposure,
    read_match_file,
    read_shift_file,
)
from hubble_qa.fixtures.archives.crds_cache import NOT_APPLICABLE
from hubble_qa.fixtures.archives.reference_files import (
    BEST_REFERENCES,
    header_reference,
    read_best_references,
)
from hubble_qa.fixtures.stages.references import REFERENCES
from hubble_qa.fixtures.stages.stars import CHIP_STARS, SIGHTINGS, STARS
from hubble_qa.fixtures.store.product import Product

if TYPE_CHECKING:
    from astropy.table import Row, Table

__all__ = [
    "StarTables",
    "array_in",
    "chip_polygons",
    "chip_shape",
    "chip_weights",
    "combined_image",
    "drizzled_in",
    "exposure_in",
    "frame_scale",
    "match_in",
    "matched_positions",
    "named_references",
    "reference_choices",
    "shift_file_in",
    "single_image",
    "star_tables",
    "wcs_in",
]

# Pixels left out of a chip's footprint: the pyramid's shadow covers up to about 60 pixels on the sides
# next to pixel 1 (WFPC2 Instrument Handbook, section 3.8); the far sides only lose partial pixels.
_FOOTPRINT_INSET = (80.0, 10.0)

exposure_in = cache(read_exposure)
shift_file_in = cache(read_shift_file)
match_file_in = cache(read_match_file)
drizzled_in = cache(read_drizzled)


@cache
def _arrays_in(path: Path, name: str) -> Mapping[int, NDArray[Any]]:
    return exposure_in(path).arrays(name)


def array_in(path: Path, name: str, chip: int) -> NDArray[Any]:
    """An array of one chip of an exposure.

    Raises
    ------
    ReaderError
        If the exposure has no such extension.
    """
    exposure_in(path).header(name, chip)
    return _arrays_in(path, name)[chip]


@cache
def _wcs_in(path: Path) -> Mapping[int, Any]:
    return exposure_in(path).wcs_of_chips()


def wcs_in(path: Path, chip: int) -> Any:
    """The world coordinate system of a chip, with all its distortion terms.

    Raises
    ------
    ReaderError
        If the exposure has no such chip.
    """
    exposure_in(path).header("SCI", chip)
    return _wcs_in(path)[chip]


def match_in(aligned: Product, exposure: str, suffix: str) -> MatchFile | None:
    """The match file of an exposure's fit; None where TweakReg wrote none."""
    path = match_path(aligned.files, exposure, suffix)
    return match_file_in(path) if path.exists() else None


# TweakReg's name for where a reference source was measured, "u5jx0108r_flt.fits[3]": file and extension.
_ORIGIN = re.compile(r"(?P<file>\w+\.fits)\[(?P<extension>\d+)\]")


def matched_positions(aligned: Product, exposure: str, suffix: str) -> MatchedPositions | None:
    """Matched sources by the aligned headers of their exposure and of the reference exposure.

    None where TweakReg wrote no match file.

    Raises
    ------
    ReaderError
        If the match file does not say where a reference source was measured.
    """
    match = match_in(aligned, exposure, suffix)
    if match is None:
        return None
    file = aligned.file(f"{exposure}_{suffix}.fits")
    own = [(file, int(chip)) for chip in match.chip]
    reference = [_chip_of_origin(aligned, origin) for origin in match.origin]
    return MatchedPositions(
        own=_positions(own, match.original_input_xy),
        reference=_positions(reference, match.original_reference_xy),
        chip=match.chip,
    )


def _chip_of_origin(aligned: Product, origin: str) -> tuple[Path, int]:
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        raise ReaderError(f"{origin!r} of the match file does not name a file and its extension")
    path = aligned.file(found["file"])
    return path, exposure_in(path).extensions[int(found["extension"]) - 1].version


def _positions(chips: Sequence[tuple[Path, int]], xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sky positions, degrees, of pixels counted from 1 on the chips named."""
    sky = np.empty_like(xy)
    for chip in set(chips):
        here = np.array([each == chip for each in chips])
        sky[here] = wcs_in(*chip).all_pix2world(xy[here], 1)
    return sky


def combined_image(product: Product, root: str) -> Drizzled:
    """The combined drizzled image with a given root of its name.

    Raises
    ------
    FileNotFoundError
        If the product holds none, or several.
    """
    found = product.glob(f"{root}_dr?_sci.fits")
    if len(found) != 1:
        raise FileNotFoundError(f"{product.files}: {len(found)} files match {root}_dr?_sci.fits, need one")
    return drizzled_in(found[0])


def single_image(drizzled: Product, exposure: str, suffix: str) -> Drizzled:
    """The drizzled image of one exposure; AstroDrizzle leaves the suffix of FLTs out of its name."""
    stem = f"{exposure}_single" if suffix == "flt" else f"{exposure}_{suffix}_single"
    return drizzled_in(drizzled.file(f"{stem}_sci.fits"), drizzled.file(f"{stem}_wht.fits"))


def chip_weights(
    combined: Drizzled, drizzled: Product, registered: Product, rootnames: Sequence[str], suffix: str
) -> Mapping[str, tuple[float, float]]:
    """Median weight under each chip of each exposure in the combined image, and in the exposure's own."""
    weights: dict[str, tuple[float, float]] = {}
    for rootname in rootnames:
        exposure = exposure_in(registered.file(f"{rootname}_{suffix}.fits"))
        together, alone = (
            median_weights(image.weight(), chip_polygons(exposure, image))
            for image in (combined, single_image(drizzled, rootname, suffix))
        )
        weights |= {exposure.label(chip): (together[chip], alone[chip]) for chip in exposure.chips}
    return weights


def reference_choices(references: Product, rootname: str) -> Mapping[str, ReferenceUse]:
    """Which reference files of an exposure are best, and which were used."""
    chosen = read_best_references(references.file(BEST_REFERENCES)).exposures[rootname]
    directory = references.files / REFERENCES
    return {
        kind: ReferenceUse(best=choice.best, used=choice.used, available=(directory / choice.used).is_file())
        for kind, choice in chosen.items()
    }


def named_references(references: Product, exposure: Exposure) -> Mapping[str, ReferenceUse]:
    """The reference files that a calibrated exposure's header names, and which are best."""
    directory = references.files / REFERENCES
    named = {
        kind: (choice["best"], header_reference(exposure.primary, kind) or NOT_APPLICABLE)
        for kind, choice in reference_choices(references, exposure.name).items()
    }
    return {
        kind: ReferenceUse(best=best, used=used, available=(directory / used).is_file())
        for kind, (best, used) in named.items()
    }


def frame_scale(path: Path) -> float:
    """Plate scale, arcsec, of the frame in which a shift file's shifts are stated."""
    return world_coordinates.plate_scale(exposure_in(path).header("WCS"))


def chip_shape(exposure: Exposure, chip: int) -> tuple[int, ...]:
    """Rows and columns of a chip.

    Raises
    ------
    ReaderError
        If the exposure has no such chip.
    """
    exposure.header("SCI", chip)
    return next(each.shape for each in exposure.extensions if (each.name, each.version) == ("SCI", chip))


def chip_polygons(exposure: Exposure, image: Drizzled) -> Mapping[int, NDArray[np.float64]]:
    """Footprints of an exposure's chips in the pixels of a drizzled image, clear of vignetted edges."""
    frame = image.wcs()
    return {
        chip: world_coordinates.chip_polygon(
            wcs_in(exposure.path, chip), chip_shape(exposure, chip), frame, inset=_FOOTPRINT_INSET
        )
        for chip in exposure.chips
    }


@dataclass(frozen=True, slots=True)
class StarTables:
    """The photometry stage's tables.

    Attributes
    ----------
    stars : Table
        A row per isolated star: sums in the combined images.
    sightings : Table
        A row per isolated star and chip: sums on the chip.
    chip_stars : Table
        A row per star that only one chip saw: sums on the chip and in the combined image.
    """

    stars: Table
    sightings: Table
    chip_stars: Table

    def star(self, label: str) -> Row:
        """The row of an isolated star by its label, ``"star2"``."""
        return self.stars[self.stars["star"] == _number(label)][0]

    def sightings_of(self, label: str) -> Sequence[Row]:
        """The rows of an isolated star on each chip that saw it."""
        return list(self.sightings[self.sightings["star"] == _number(label)])

    def rates(self, label: str) -> Sequence[tuple[float, float]]:
        """Count rate of a star and its standard deviation on each chip, equal sky areas summed."""
        return [
            (float(row["net"]) * scale, float(row["net_error"]) * scale)
            for row in self.sightings_of(label)
            for scale in [float(row["pixel_area"] / row["exposure_time"])]
        ]

    def expected_ratio(self, label: str) -> float:
        """FLT/C0M ratio that the weights of the chips a star fell on imply."""
        seen = self.sightings_of(label)
        factors = [float(row["photflam_c0m"] / row["photflam_reference"]) for row in seen]
        return photometry.combined_chip_factor(factors, [float(row["weight"]) for row in seen])

    def chip_sums(self, chip: int) -> ChipSums:
        """Sums over the stars that only one chip saw."""
        rows = self.chip_stars[self.chip_stars["chip"] == chip]
        rate = rows["total"] * rows["pixel_area"] / rows["exposure_time"]
        # All of them are normalised by one factor, exposures of one filter and gain.
        factor = float(np.mean(rows["photflam_c0m"] / rows["photflam_reference"])) if len(rows) else math.nan
        return ChipSums(
            stars=len(rows),
            drizzled=float(np.sum(rows["drizzled_sum"])),
            drizzled_c0m=float(np.sum(rows["c0m_sum"])),
            chip=float(np.sum(rate)),
            factor=factor,
        )


class ChipSums(NamedTuple):
    """Number of stars, their summed rates in either drizzled image and on the chip, its factor."""

    stars: int
    drizzled: float
    drizzled_c0m: float
    chip: float
    factor: float


def _number(label: str) -> int:
    return int(label.removeprefix("star"))


def star_tables(product: Product) -> StarTables:
    """Read the photometry stage's tables."""
    return _star_tables(product.files)


@cache
def _star_tables(directory: Path) -> StarTables:
    from astropy.table import Table

    names = (STARS, SIGHTINGS, CHIP_STARS)
    return StarTables(*(Table.read(directory / name, format="ascii.ecsv") for name in names))
