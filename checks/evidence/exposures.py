"""Exposures' headers, arrays and world coordinates, each read once: what is judged does not change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from hubble_qa.checks.astrometry.world_coordinates import plate_scale
from hubble_qa.checks.images.brightness_units import is_rate
from hubble_qa.checks.readers import Exposure, ReaderError, read_exposure
from hubble_qa.checks.readers.coordinates import coordinate_problem, is_number
from hubble_qa.checks.readers.exposure import is_complete

__all__ = [
    "ChipFrame",
    "Planes",
    "array_in",
    "can_be_compared",
    "chip_frames",
    "chip_shape",
    "electrons_of",
    "exposure_in",
    "frame_scale",
    "gain_of",
    "planes",
    "wcs_in",
]

_FLAGS = ("DQ", "SDQ")
# ATODGAIN of WFPC2 reads 15 where the measured gain is 14.
_GAINS = {15.0: 14.0}


class ChipFrame(NamedTuple):
    """World coordinates of a chip with all distortion terms, and its rows and columns."""

    wcs: Any
    shape: tuple[int, ...]


class Planes(NamedTuple):
    """Science image, errors and data quality of a chip; None for what its file has not."""

    science: NDArray[Any]
    error: NDArray[Any] | None
    quality: NDArray[Any] | None


# Headers of the largest exposures take a few MB; what is judged together is far less than this.
@lru_cache(maxsize=128)
def _exposure_in(path: Path) -> Exposure:
    return read_exposure(path)


@lru_cache(maxsize=128)
def exposure_in(path: Path, label: str = "") -> Exposure:
    """Headers and layout of an exposure, under the label that verdicts are to call it by."""
    found = _exposure_in(path)
    return replace(found, label=label) if label else found


# Arrays that cannot be mapped, of scaled numbers as a rule: 64 MB of one array of both chips of ACS/WFC.
@lru_cache(maxsize=4)
def _arrays_in(path: Path, name: str) -> Mapping[int, NDArray[Any]]:
    return exposure_in(path).arrays(name)


def array_in(path: Path, name: str, chip: int) -> NDArray[Any]:
    """An array of one chip of an exposure: where it stands in the file, if it can be mapped.

    Raises
    ------
    ReaderError
        If the exposure has no such extension, or its flags are no whole numbers.
    """
    mapped = exposure_in(path).mapped(name, chip)
    array = _arrays_in(path, name)[chip] if mapped is None else mapped
    if name in _FLAGS and array.dtype.kind not in "iu":
        reason = f"{name},{chip} is stored as {array.dtype.name}, but flags are whole numbers (BITPIX 16)"
        raise ReaderError(f"{path}: {reason}: calibrate it again")
    return array


def planes(path: Path, chip: int, companion: Path | None = None) -> Planes:
    """The arrays of a chip of a calibrated exposure.

    Parameters
    ----------
    path : Path
        The exposure.
    chip : int
        EXTVER of the chip.
    companion : Path, optional
        C1M of a C0M, which holds its data quality.

    Raises
    ------
    ReaderError
        If an array is missing: science always, errors and quality of all but C0M.
    """
    science = array_in(path, "SCI", chip)
    if exposure_in(path).suffix != "c0m":
        return Planes(science, array_in(path, "ERR", chip), array_in(path, "DQ", chip))
    return Planes(science, None, None if companion is None else array_in(companion, "SDQ", chip))


@lru_cache(maxsize=1024)
def can_be_compared(path: Path, companion: Path | None = None) -> bool:
    """Whether another exposure can be compared with this one, by its headers and its file's size.

    What is wrong with it fails its own verdicts, and must not cost those of the other.

    Parameters
    ----------
    path : Path
        The exposure.
    companion : Path, optional
        C1M of a C0M.
    """
    try:
        files = [exposure_in(each) for each in (path, companion) if each is not None]
        if not all(is_complete(file.path) for file in files):
            return False
    except (OSError, ReaderError):
        return False
    exposure, quality = files[0], files[-1]
    if not is_number(exposure.primary.get("EXPTIME")) or not exposure.chips:
        return False
    if exposure.suffix == "c0m":
        needed = [(quality, "SDQ")] if companion is not None else []
    else:
        needed = [(exposure, "ERR"), (exposure, "DQ")]
    return all(
        not coordinate_problem(exposure.header("SCI", chip))
        and len(shape := exposure.extension("SCI", chip).shape) == 2
        and all(
            (found := file.find(name, chip)) is not None and found.shape == shape for file, name in needed
        )
        for chip in exposure.chips
    )


@lru_cache(maxsize=128)
def _wcs_in(path: Path) -> Mapping[int, Any]:
    return exposure_in(path).wcs_of_chips()


def wcs_in(path: Path, chip: int) -> Any:
    """The world coordinate system of a chip, with all its distortion terms.

    Raises
    ------
    ReaderError
        If the exposure has no such chip, or its header's coordinates cannot be used.
    """
    exposure_in(path).header("SCI", chip)
    wcs = _wcs_in(path)[chip]
    if isinstance(wcs, ReaderError):
        raise wcs
    return wcs


def chip_shape(exposure: Exposure, chip: int) -> tuple[int, ...]:
    """Rows and columns of a chip.

    Raises
    ------
    ReaderError
        If the exposure has no such chip.
    """
    return exposure.extension("SCI", chip).shape


def chip_frames(path: Path) -> Mapping[int, ChipFrame]:
    """World coordinates and shape of each chip of an exposure, by EXTVER."""
    exposure = exposure_in(path)
    return {chip: ChipFrame(wcs_in(path, chip), chip_shape(exposure, chip)) for chip in exposure.chips}


def frame_scale(path: Path) -> float:
    """Plate scale, arcsec, of the frame in which a shift file's shifts are stated.

    TweakReg and tweakshifts write the frame as an extension WCS; MultiDrizzle takes any image as well.
    """
    exposure = exposure_in(path)
    found = exposure.find("WCS") or next((each for each in exposure.extensions if each.name == "SCI"), None)
    return plate_scale(found.header if found is not None else exposure.primary)


def electrons_of(exposure: Exposure, chip: int) -> float:
    """Electrons that 1 in a chip's pixels stands for: of rates the exposure time, of WFPC2 the gain."""
    if is_rate(exposure.header("SCI", chip).get("BUNIT")):
        return float(exposure.primary["EXPTIME"])
    return gain_of(exposure) if exposure.instrument == "WFPC2" else 1.0


def gain_of(exposure: Exposure) -> float:
    """Electrons per count by ATODGAIN, which WFPC2's exposures have; 1 of others."""
    gain = float(exposure.primary.get("ATODGAIN", 1.0))
    return _GAINS.get(gain, gain)
