"""What the tests of infrared backgrounds read out of products."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.background import background_level, difference_noise
from hubble_qa.checks.detectors.levels import last_minus_first, light_sensitive
from hubble_qa.checks.readers import Drizzled, Exposure, ReaderError
from hubble_qa.fixtures.reduction.calibration.switches import SWITCHES
from hubble_qa.fixtures.stages.references import REFERENCES
from hubble_qa.fixtures.store.product import Product
from hubble_qa.qa.readings import array_in, exposure_in, reference_choices

__all__ = [
    "Background",
    "IndependentRates",
    "affected_exposures",
    "covered",
    "independent_rates",
    "removed_charge",
    "single_images",
    "switches",
]

Pixels = NDArray[np.float64]

# EXPOS_n of a dark agrees with the time of a read within this many seconds.
_SAME_TIME = 0.01
# Charge is a cosmic ray's from this many standard deviations on.
_CHARGE = 5.0


def switches(diagnosis: Product) -> Mapping[str, Mapping[str, str]]:
    """Switches that the diagnosis set, by exposure."""
    document: dict[str, dict[str, str]] = json.loads(diagnosis.file(SWITCHES).read_text(encoding="utf-8"))
    return document


def affected_exposures(diagnosis: Product) -> tuple[str, ...]:
    """Exposures for which the diagnosis set a switch."""
    return tuple(name for name, values in switches(diagnosis).items() if values)


@dataclass(frozen=True, slots=True)
class Background:
    """A calibrated exposure's unflagged pixels, electrons per second, and the noise that they should have."""

    pixels: NDArray[np.float32]
    noise: float

    @classmethod
    def of(cls, exposure: Exposure) -> Background:
        """The background of an FLT; read noise, gain and dark current by its header."""
        science, quality = (array_in(exposure.path, plane, 1) for plane in ("SCI", "DQ"))
        pixels = science[quality == 0]
        header, time = exposure.primary, float(exposure.primary["EXPTIME"])
        gain, read_noise = (
            float(np.mean([header[f"{name}{amplifier}"] for amplifier in "ABCD"]))
            for name in ("ATODGN", "READNSE")
        )
        dark = float(exposure.header("SCI").get("MEANDARK", 0.0)) * gain / time
        rate = background_level(pixels).median
        return cls(pixels, difference_noise(rate, dark, read_noise=read_noise, time=time))


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


def independent_rates(fetched: Product, references: Product, exposure: Exposure) -> IndependentRates:
    """Calibrate an exposure by arithmetic."""
    raw = exposure_in(fetched.file(f"{exposure.name}_raw.fits"))
    first, last = raw.array("SCI", int(raw.primary["NSAMP"])), raw.array("SCI", 1)
    time = float(raw.header("SCI", 1)["SAMPTIME"])
    used = {
        kind.upper(): references.files / REFERENCES / choice["used"]
        for kind, choice in reference_choices(references, exposure.name).items()
        if choice["available"]
    }
    gain = float(np.mean([exposure.primary[f"ATODGN{amplifier}"] for amplifier in "ABCD"]))
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


def covered(image: Drizzled) -> NDArray[np.float32]:
    """A combined image, NaN where it has no weight."""
    return np.where(image.weight() > 0, image.science(), np.nan).astype(np.float32)


def single_images(images: Mapping[str, Drizzled]) -> Mapping[str, NDArray[np.float32]]:
    """Single drizzled images as rates without their backgrounds, NaN where they have no weight."""
    return {name: _rate(image) for name, image in images.items()}


def _rate(image: Drizzled) -> NDArray[np.float32]:
    pixels = covered(image)
    if "/S" not in str(image.keyword("BUNIT", "")).upper():
        pixels = pixels / np.float32(image.keyword("EXPTIME"))
    return pixels - np.float32(background_level(pixels).median)
