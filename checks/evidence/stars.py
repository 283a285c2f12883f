"""Stars measured on chips and in drizzled images, against what is expected of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hubble_qa.checks.images import photometry
from hubble_qa.checks.standard_errors import ratio_of_sums_error

if TYPE_CHECKING:
    from astropy.table import Row, Table

__all__ = ["ChipSums", "StarTables", "star_tables"]


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

    def edge(self, label: str) -> float:
        """Light on the edge of a star's aperture over the light inside it, mean of the chips that saw it."""
        return float(np.mean([float(row["edge"]) for row in self.sightings_of(label)]))

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
        drizzled = np.asarray(rows["drizzled_sum"], dtype=float)
        return ChipSums(
            stars=len(rows),
            drizzled=float(np.sum(drizzled)),
            drizzled_c0m=float(np.sum(rows["c0m_sum"])),
            chip=float(np.sum(rate)),
            factor=factor,
            error=ratio_of_sums_error(drizzled, np.asarray(rate, dtype=float)),
        )


class ChipSums(NamedTuple):
    """Number of stars, their summed rates in either drizzled image and on the chip, its factor.

    `error` is the standard error of the ratio of drizzled and chip; None of fewer than two stars.
    """

    stars: int
    drizzled: float
    drizzled_c0m: float
    chip: float
    factor: float
    error: float | None


def _number(label: str) -> int:
    return int(label.removeprefix("star"))


@cache
def star_tables(stars: Path, sightings: Path, chip_stars: Path) -> StarTables:
    """Read the tables of stars; see `StarTables`."""
    from astropy.table import Table

    return StarTables(*(Table.read(path, format="ascii.ecsv") for path in (stars, sightings, chip_stars)))
