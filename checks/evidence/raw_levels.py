"""Calibration by arithmetic, from raw exposures and the reference files chosen for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.background import background_level
from hubble_qa.checks.detectors.ccd_levels import LEAST_LEVEL, Half, electrons_from_raw
from hubble_qa.checks.detectors.levels import last_minus_first, light_sensitive
from hubble_qa.checks.evidence.backgrounds import Background
from hubble_qa.checks.evidence.exposures import array_in, exposure_in
from hubble_qa.checks.evidence.references import used_references
from hubble_qa.checks.readers import Exposure, ReaderError
from hubble_qa.checks.readers.exposure import open_fits

__all__ = ["IndependentRates", "RawElectrons", "independent_rates", "raw_electrons", "removed_charge"]

# EXPOS_n of a dark agrees with the time of a read within this many seconds.
_SAME_TIME = 0.01
# Charge is a cosmic ray's from this many standard deviations on.
_CHARGE = 5.0
# Amplifiers of each chip, left and right (ACS Data Handbook, section 1.2).
_AMPLIFIERS = {1: ("A", "B"), 2: ("C", "D")}

# Of every so many rows and columns one tells the sky: half a million pixels know it to 0.01 electrons.
_SKY_STEP = 4

Row = Mapping[str, Any]
Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class RawElectrons:
    """Electrons of a chip by arithmetic from its raw image and the reference files chosen for it.

    Attributes
    ----------
    image : ndarray
        Electrons.
    bias, dark, flat : ndarray
        What was taken away, electrons, and what the rest was divided by.
    """

    image: Image
    bias: Image
    dark: Image
    flat: Image

    def patterns(self) -> Mapping[str, Image]:
        """What each reference file took out of the image, electrons; a flat field, where there is sky."""
        patterns = {"BIASFILE": self.bias / self.flat, "DARKFILE": self.dark / self.flat}
        sky = np.median(self.image[::_SKY_STEP, ::_SKY_STEP])
        if sky >= LEAST_LEVEL:
            patterns["PFLTFILE"] = sky * (self.flat - 1)
        return patterns


@cache
def raw_electrons(path: Path, version: int, best: Path, directory: Path) -> RawElectrons:
    """Calibrate a chip of a raw ACS/WFC exposure by arithmetic.

    Parameters
    ----------
    path : Path
        The raw exposure.
    version : int
        EXTVER of the chip.
    best, directory : Path
        ``bestrefs.json``, and where the reference files are.
    """
    raw = exposure_in(path)
    header = raw.header("SCI", version)
    chip = int(header["CCDCHIP"])
    files = used_references(best, directory, raw.name)
    pixels = raw.array("SCI", version)
    gains = next(row for row in _rows(files["CCDTAB"], chip) if _fits(row, raw))
    region = next(
        row
        for row in _rows(files["OSCNTAB"], chip)
        if (row["NY"], row["NX"]) == pixels.shape and str(row["CCDAMP"]).strip() == raw.primary["CCDAMP"]
    )
    halves, rows = _halves(chip, gains, region), slice(region["TRIMY1"], region["NY"] - region["TRIMY2"])
    bias, flat = _image(files["BIASFILE"], chip), _image(files["PFLTFILE"], chip)
    dark = _image(files["DARKFILE"], chip) * np.float32(raw.primary["DARKTIME"])
    image = electrons_from_raw(pixels, halves, rows=rows, bias=bias, dark=dark, flat=flat)
    structure = np.hstack([bias[rows, half.columns] * np.float32(half.gain) for half in halves])
    return RawElectrons(image, structure, dark, flat)


def _fits(row: Row, raw: Exposure) -> bool:
    amplifiers = str(row["CCDAMP"]).strip() == str(raw.primary["CCDAMP"]).strip()
    offsets = all(int(row[f"CCDOFST{name}"]) == int(raw.primary.get(f"CCDOFST{name}", 3)) for name in "ABCD")
    return amplifiers and offsets and float(row["CCDGAIN"]) == float(raw.primary["CCDGAIN"])


def _halves(chip: int, gains: Row, region: Row) -> tuple[Half, Half]:
    left, right = _AMPLIFIERS[chip]
    start, stop = int(region["TRIMX1"]), int(region["NX"] - region["TRIMX2"])
    middle = start + int(gains["AMPX"])
    return (
        Half(slice(start, middle), _section(region, "A"), float(gains[f"ATODGN{left}"])),
        Half(slice(middle, stop), _section(region, "B"), float(gains[f"ATODGN{right}"])),
    )


def _section(region: Row, side: str) -> slice:
    return slice(int(region[f"BIASSECT{side}1"]) - 1, int(region[f"BIASSECT{side}2"]))


def _rows(path: Any, chip: int) -> Iterator[Row]:
    with open_fits(path) as hdus:
        table = hdus[1].data
        for row in table:
            if int(row["CCDCHIP"]) == chip:
                yield {name.upper(): row[name] for name in table.names}


def _image(path: Any, chip: int) -> Image:
    with open_fits(path) as hdus:
        found = next(hdu for hdu in hdus if hdu.name == "SCI" and hdu.header.get("CCDCHIP") == chip)
        return np.asarray(found.data, dtype=np.float32)


class IndependentRates(NamedTuple):
    """Rates of an exposure from the first and the last of its raw reads; see `last_minus_first`.

    Attributes
    ----------
    image : ndarray
        Electrons per second.
    patterns : mapping of str to ndarray
        What each reference file took out of it, electrons per second.
    """

    image: NDArray[np.float64]
    patterns: Mapping[str, NDArray[np.float64]]


@cache
def independent_rates(path: Path, calibrated: Path, best: Path, directory: Path) -> IndependentRates:
    """Calibrate a raw infrared exposure by arithmetic.

    Parameters
    ----------
    path : Path
        The raw exposure.
    calibrated : Path
        The calibrated one, whose header tells the gain.
    best, directory : Path
        ``bestrefs.json``, and where the reference files are.
    """
    raw = exposure_in(path)
    first, last = raw.array("SCI", int(raw.primary["NSAMP"])), raw.array("SCI", 1)
    time = float(raw.header("SCI", 1)["SAMPTIME"])
    used = used_references(best, directory, raw.name)
    header = exposure_in(calibrated).primary
    gain = float(np.mean([header[f"ATODGN{amplifier}"] for amplifier in "ABCD"]))
    flat = np.prod([_plane(used[kind], 1) for kind in ("PFLTFILE", "DFLTFILE") if kind in used], axis=0)
    dark = _dark(used["DARKFILE"], time)
    image = last_minus_first(first, last, dark=dark, flat=flat, gain=gain, time=time)
    dark, flat = light_sensitive(dark), light_sensitive(flat)
    level = background_level(image).median
    patterns = {"DARKFILE": dark * gain / flat / time, "PFLTFILE": level * (flat - 1.0)}
    return IndependentRates(image, patterns)


@cache
def _plane(path: Path, version: int) -> NDArray[np.float32]:
    return np.asarray(exposure_in(path).array("SCI", version))


def _dark(path: Path, time: float) -> NDArray[np.float32]:
    header = exposure_in(path).primary
    for version in range(1, int(header["NUMEXPOS"]) + 1):
        if abs(float(header[f"EXPOS_{version}"]) - time) <= _SAME_TIME:
            return _plane(path, version)
    raise ReaderError(f"{path}: the dark has no read of {time:g} s")


def removed_charge(exposure: Exposure, independent: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Pixels in which a ramp fit left out charge that the last read has and the first has not."""
    science, error, quality = (array_in(exposure.path, plane, 1) for plane in ("SCI", "ERR", "DQ"))
    noise = np.hypot(Background.of(exposure).noise, error)
    return np.asarray((quality == 0) & (independent - science > _CHARGE * noise))
