"""Reference files: which are best for an exposure, and which its header names."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from hubble_qa.checks.detectors.calibration import ReferenceUse
from hubble_qa.checks.images.zeropoints import observing_mode
from hubble_qa.checks.readers import Exposure, ReaderError
from hubble_qa.checks.readers.best_references import (
    NOT_APPLICABLE,
    BestReferences,
    header_reference,
    read_best_references,
)
from hubble_qa.checks.readers.imphttab import read_mode

__all__ = ["named_references", "tabulated_photflam", "used_references"]


@cache
def _best_in(path: Path) -> BestReferences:
    return read_best_references(path)


def used_references(best: Path, directory: Path, rootname: str) -> Mapping[str, Path]:
    """Reference files that an exposure is to be reduced with, by type; those that are there.

    Parameters
    ----------
    best : Path
        ``bestrefs.json``.
    directory : Path
        Where the reference files are.
    rootname : str
        The exposure.
    """
    chosen = _best_in(best).exposures[rootname]
    files = {kind.upper(): directory / choice.used for kind, choice in chosen.items()}
    return {kind: path for kind, path in files.items() if path.is_file()}


def named_references(best: Path, directory: Path | None, exposure: Exposure) -> Mapping[str, ReferenceUse]:
    """The reference files that an exposure's header names, and which are best.

    Parameters
    ----------
    best : Path
        ``bestrefs.json``.
    directory : Path or None
        Where the reference files are; None where only their names are compared.
    exposure : Exposure
        The exposure, as it is handed on.

    Raises
    ------
    ReaderError
        If there is no choice for the exposure.
    """
    exposures = _best_in(best).exposures
    if exposure.name not in exposures:
        raise ReaderError(f"{exposure.path.name}: CRDS could not choose tables by its header; see the log")
    chosen = dict(exposures[exposure.name])
    # updatewcs turns WFPC2's DGEOFILE into a D2IMFILE of the exposure's own, and names neither any more.
    if str(exposure.primary.get("D2IMFILE", "")).strip() == f"{exposure.path.stem}_d2im.fits":
        chosen = {kind: choice for kind, choice in chosen.items() if kind.upper() != "DGEOFILE"}
    named = {kind: header_reference(exposure.primary, kind) or NOT_APPLICABLE for kind in chosen}
    return {
        kind: ReferenceUse(
            best=choice.best,
            used=named[kind],
            available=directory is None or (directory / named[kind]).is_file(),
        )
        for kind, choice in chosen.items()
    }


def tabulated_photflam(directory: Path | None, exposure: Exposure) -> Mapping[int, float]:
    """PHOTFLAM of each chip by the IMPHTTAB that its header names, by EXTVER; none where that is not at hand.

    Left out are chips whose mode the table does not give at the exposure's date: ramp filters have a row
    for each wavelength, and tables end before the latest exposures.

    Parameters
    ----------
    directory : Path or None
        Where the reference files are.
    exposure : Exposure
        The exposure.
    """
    name, date = header_reference(exposure.primary, "IMPHTTAB"), exposure.primary.get("EXPSTART")
    if directory is None or not isinstance(date, int | float):
        return {}
    found: dict[int, float] = {}
    for chip in exposure.chips:
        with suppress(ReaderError):
            found[chip] = read_mode(directory / name, "PHOTFLAM", observing_mode(exposure, chip), float(date))
    return found
