"""What the tests of the dark rate read out of products."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from hubble_qa.checks.detectors.dark_rate import DarkCounts, box_counts
from hubble_qa.checks.detectors.detector_temperature import Temperature
from hubble_qa.checks.readers import Exposure
from hubble_qa.fixtures.stages.dark_photometry import PHOTOMETRY
from hubble_qa.fixtures.stages.match_darks import MATCHES
from hubble_qa.fixtures.stages.temperatures import TEMPERATURES
from hubble_qa.fixtures.store.product import Product
from hubble_qa.qa.readings import array_in, exposure_in

if TYPE_CHECKING:
    from astropy.table import Row, Table

__all__ = [
    "affected",
    "chosen_darks",
    "chosen_images",
    "dark_counts",
    "matched",
    "members",
    "photometry_in",
    "temperature",
]


@cache
def _table(path: Path) -> Table:
    from astropy.table import Table

    return Table.read(path, format="ascii.ecsv")


def temperature(exposure: Exposure) -> Temperature:
    """The temperatures that an exposure's header states; None where one is missing or no number."""
    header = exposure.header("SCI", 1)
    begin, end = (_number(header.get(keyword)) for keyword in ("MDECODT1", "MDECODT2"))
    times = (_number(exposure.primary.get(keyword)) for keyword in ("EXPSTART", "EXPTIME"))
    started, exptime = (math.nan if time is None else time for time in times)
    return Temperature(begin, end, started, exptime)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def dark_counts(path: Path) -> DarkCounts:
    """Temperature and counts of a dark frame, from its file."""
    exposure = exposure_in(path)
    return DarkCounts(
        exposure.name,
        temperature(exposure).mean,
        box_counts(array_in(path, "SCI", 1)),
        float(exposure.primary["EXPTIME"]),
    )


def affected(temperatures: Product) -> frozenset[str]:
    """Exposures that the reduction took for warm."""
    table = _table(temperatures.file(TEMPERATURES))
    rows = table[(table["kind"] == "science") & table["affected"]]
    return frozenset(str(name) for name in rows["frame"])


def matched(matches: Product) -> frozenset[str]:
    """Exposures that were matched with dark frames."""
    return frozenset(str(name) for name in _table(matches.file(MATCHES))["exposure"])


def chosen_darks(matches: Product, darks: Product, exposure: str) -> list[tuple[float, DarkCounts]]:
    """The dark frames chosen for an exposure, counted anew, with their shares."""
    table = _table(matches.file(MATCHES))
    rows = table[table["exposure"] == exposure]
    return [(float(row["share"]), dark_counts(darks.file(f"{row['dark']}_raw.fits"))) for row in rows]


def chosen_images(matches: Product, darks: Product, exposure: str) -> dict[str, NDArray[Any]]:
    """Counts of the dark frames chosen for an exposure, by name."""
    table = _table(matches.file(MATCHES))
    names = [str(name) for name in table[table["exposure"] == exposure]["dark"]]
    return {name: array_in(darks.file(f"{name}_raw.fits"), "SCI", 1) for name in names}


def members(fetched: Product, association: str) -> tuple[str, ...]:
    """Rootnames of an association's exposures, by its table."""
    from hubble_qa.fixtures.reduction.dark_rate.frames import read_association

    return read_association(fetched.file(f"{association}_asn.fits"))


def photometry_in(photometry: Product, aperture: str) -> Row:
    """The row of an aperture."""
    table = _table(photometry.file(PHOTOMETRY))
    return table[table["aperture"] == aperture][0]
