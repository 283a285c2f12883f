"""What the tests of ACS/WFC calibration read out of raw exposures and their reference files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.ccd_levels import LEAST_LEVEL, Half, electrons_from_raw
from hubble_qa.checks.readers import Exposure
from hubble_qa.checks.readers.exposure import open_fits
from hubble_qa.fixtures.stages.references import REFERENCES
from hubble_qa.fixtures.store.product import Product
from hubble_qa.qa.readings import reference_choices

__all__ = ["RawElectrons", "raw_electrons"]

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


def raw_electrons(raw: Exposure, version: int, references: Product) -> RawElectrons:
    """Calibrate a chip by arithmetic."""
    header = raw.header("SCI", version)
    chip = int(header["CCDCHIP"])
    choices = reference_choices(references, raw.name)
    files = {kind: references.file(f"{REFERENCES}/{choice['used']}") for kind, choice in choices.items()}
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
