"""IMPHTTAB: photometry of observing modes, some of it by date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.checks.readers.exposure import open_fits

__all__ = ["read_mode", "read_zero_point"]

# STMAG of 1 erg/s/cm2/Angstrom, where a table does not say.
_ZERO_POINT = -21.1


def read_mode(path: Path, key: str, mode: str, date: float) -> float:
    """Look up a number of an observing mode at a date.

    Parameters
    ----------
    path : Path
        The table.
    key : str
        ``"PHOTFLAM"``, ``"PHOTPLAM"`` or ``"PHOTBW"``, the extension.
    mode : str
        What the mode is made of, lower case: ``"wfc3,ir,f105w"``.
    date : float
        MJD.

    Raises
    ------
    ReaderError
        If the table has no such mode, or does not reach to the date.
    """
    with open_fits(path) as hdus:
        if key not in hdus:
            raise ReaderError(f"{path}: has no extension {key}; it is no IMPHTTAB")
        found = [row for row in hdus[key].data if _mode(row) in (mode, f"{mode},mjd#")]
        if not found:
            raise ReaderError(f"{path}: has no row {mode} in {key}")
        return _at_date(path, found[0], key, date)


def read_zero_point(path: Path) -> float:
    """PHOTZPT of a table, STMAG of 1 erg/s/cm2/Angstrom."""
    with open_fits(path) as hdus:
        return float(hdus[0].header.get("PHOTZPT", _ZERO_POINT))


def _mode(row: Any) -> str:
    return str(row["OBSMODE"]).strip().lower()


def _at_date(path: Path, row: Any, key: str, date: float) -> float:
    """A row's value, interpolated to an MJD where it depends on that."""
    if str(row["DATACOL"]).strip().upper() == key:
        return float(row[key])
    number = int(row["NELEM1"])
    dates, values = (np.asarray(row[column], dtype=float)[:number] for column in ("PAR1VALUES", f"{key}1"))
    if not dates[0] <= date <= dates[-1]:
        raise ReaderError(
            f"{path}: knows {key} from MJD {dates[0]:.0f} to {dates[-1]:.0f} only, not at {date:.0f}"
        )
    return float(np.interp(date, dates, values))
