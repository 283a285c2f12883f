"""Backgrounds of infrared exposures: of the calibrated image, and of each read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.background import SHORTEST, background_level, difference_noise
from hubble_qa.checks.detectors.levels import light_sensitive
from hubble_qa.checks.detectors.read_rates import ReadRates
from hubble_qa.checks.detectors.sky_structure import sky_grain, sky_pulls
from hubble_qa.checks.evidence.exposures import array_in, exposure_in
from hubble_qa.checks.readers import Exposure, ReaderError

__all__ = ["Background", "grain_of", "rate_under", "rates_of_reads", "sky_of", "without_shape"]


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
        rate = background_level(pixels).median
        return cls(pixels, difference_noise(rate, **_noise_terms(exposure)))


class _NoiseTerms(TypedDict):
    """Dark current, e/s; noise of the difference of two reads, e; exposure time, s."""

    dark: float
    read_noise: float
    time: float


def _noise_terms(exposure: Exposure) -> _NoiseTerms:
    header, time = exposure.primary, float(exposure.primary["EXPTIME"])
    gain, read_noise = (
        float(np.mean([header[f"{name}{amplifier}"] for amplifier in "ABCD"]))
        for name in ("ATODGN", "READNSE")
    )
    dark = float(exposure.header("SCI").get("MEANDARK", 0.0)) * gain / time
    return {"dark": dark, "read_noise": read_noise, "time": time}


def without_shape(exposure: Exposure) -> str:
    """Why neither change nor shape of an infrared exposure's background is a question; else empty."""
    time = exposure.primary.get("EXPTIME")
    if exposure.primary.get("SUBARRAY") is True:
        return "it is a subarray, which its target fills as a rule"
    if isinstance(time, int | float) and time < SHORTEST:
        return f"it is {time:.3g} s long: the sky gathers too little light in less than {SHORTEST:g} s"
    return ""


def sky_of(exposure: Exposure) -> NDArray[np.float32]:
    """Pixels of an FLT's sky about its local level, over the noise expected there; see `sky_pulls`."""
    science, quality = (array_in(exposure.path, plane, 1) for plane in ("SCI", "DQ"))
    return sky_pulls(science, quality == 0, **_noise_terms(exposure))


def grain_of(exposure: Exposure) -> NDArray[np.float32]:
    """Departures of an FLT's sky pixels from their neighbours, over the expected noise; see `sky_grain`."""
    science, quality = (array_in(exposure.path, plane, 1) for plane in ("SCI", "DQ"))
    return sky_grain(science, quality == 0, **_noise_terms(exposure))


@cache
def rates_of_reads(path: Path) -> ReadRates:
    """Background rate of each read of an IMA, electrons per second, from the zeroth read on.

    Raises
    ------
    ReaderError
        If a read has no SAMPTIME.
    """
    exposure = exposure_in(path)
    reads = []
    for number in exposure.chips:
        header = exposure.header("SCI", number)
        if "SAMPTIME" not in header:
            raise ReaderError(f"{path}: SCI,{number} has no SAMPTIME; it is not a read of an IMA")
        if float(header["SAMPTIME"]) > 0:
            reads.append((float(header["SAMPTIME"]), number))
    time, rate = [], []
    for seconds, number in sorted(reads):
        level = float(np.median(light_sensitive(array_in(path, "SCI", number))))
        time.append(seconds)
        rate.append(level if _in_rates(exposure, number) else level / seconds)
    return ReadRates(time=tuple(time), rate=tuple(rate))


def rate_under(exposure: Exposure, reads: Exposure) -> float:
    """Background rate of an IMA's last read where an exposure's FLT is not flagged, electrons per second.

    Raises
    ------
    ReaderError
        If the last read has no SAMPTIME, or no pixel for each of the FLT's.
    """
    seconds = reads.header("SCI", 1).get("SAMPTIME")
    if not isinstance(seconds, int | float) or seconds <= 0:
        raise ReaderError(f"{reads.path}: SAMPTIME of SCI,1, the last read, is {seconds!r}, not in seconds")
    quality, last = array_in(exposure.path, "DQ", 1), light_sensitive(array_in(reads.path, "SCI", 1))
    if last.shape != quality.shape:
        raise ReaderError(f"{reads.path}: {last.shape} pixels sensitive to light, the FLT's {quality.shape}")
    level = background_level(last[quality == 0]).median
    return level if _in_rates(reads, 1) else level / float(seconds)


def _in_rates(exposure: Exposure, number: int) -> bool:
    return "/S" in str(exposure.header("SCI", number).get("BUNIT", "")).upper()
