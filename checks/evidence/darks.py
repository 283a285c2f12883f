"""Detector temperatures, dark frames and their matches, and the light of a target."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from hubble_qa.checks.detectors.dark_rate import DarkCounts, box_counts
from hubble_qa.checks.detectors.detector_temperature import Temperature
from hubble_qa.checks.evidence.exposures import array_in, exposure_in
from hubble_qa.checks.readers import Exposure

if TYPE_CHECKING:
    from astropy.table import Row, Table

__all__ = [
    "affected",
    "chosen_darks",
    "chosen_images",
    "dark_counts",
    "matched",
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


def affected(temperatures: Path) -> frozenset[str]:
    """Exposures that the table of temperatures takes for warm."""
    table = _table(temperatures)
    rows = table[(table["kind"] == "science") & table["affected"]]
    return frozenset(str(name) for name in rows["frame"])


def matched(matches: Path) -> frozenset[str]:
    """Exposures that the table of matches has dark frames for."""
    return frozenset(str(name) for name in _table(matches)["exposure"])


def chosen_darks(matches: Path, darks: Path, exposure: str) -> list[tuple[float, DarkCounts]]:
    """The dark frames chosen for an exposure, counted anew, with their shares.

    Parameters
    ----------
    matches : Path
        The table of matches.
    darks : Path
        Directory of the dark frames.
    exposure : str
        Rootname.
    """
    table = _table(matches)
    rows = table[table["exposure"] == exposure]
    return [(float(row["share"]), dark_counts(darks / f"{row['dark']}_raw.fits")) for row in rows]


def chosen_images(matches: Path, darks: Path, exposure: str) -> dict[str, NDArray[Any]]:
    """Counts of the dark frames chosen for an exposure, by name; parameters as of `chosen_darks`."""
    table = _table(matches)
    names = [str(name) for name in table[table["exposure"] == exposure]["dark"]]
    return {name: array_in(darks / f"{name}_raw.fits", "SCI", 1) for name in names}


def photometry_in(photometry: Path, aperture: str) -> Row:
    """The row of an aperture in a table of rates."""
    table = _table(photometry)
    return table[table["aperture"] == aperture][0]
