"""Infrared backgrounds, steady and not, as reads, as images and combined; and measurements of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hubble_qa.checks.detectors.background import (
    background_deviation,
    background_peaks,
    background_rate_ratio,
    background_width,
    background_width_change,
    difference_noise,
)
from hubble_qa.checks.detectors.calibration import switch_violations
from hubble_qa.checks.detectors.levels import last_minus_first, level_deviation
from hubble_qa.checks.detectors.reference_patterns import remaining_pattern
from hubble_qa.checks.detectors.sky_structure import sky_grain, sky_pulls
from hubble_qa.checks.images.cosmic_rays import residual_cosmic_rays
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.measurement import Measurement

TIMES = tuple(2.932291 + 100.0003155 * step for step in range(15))
RATE, TIME, READ_NOISE, DARK = 0.5, 1402.9, 20.0, 0.045
NOISE = difference_noise(RATE, DARK, read_noise=READ_NOISE, time=TIME)
SHAPE = (200, 220)
SWITCHES = {"DQICORR": "PERFORM", "FLATCORR": "PERFORM", "CRCORR": "PERFORM", "DRIZCORR": "PERFORM"}


def ratio(last: float, *, early: float = RATE) -> Measurement:
    """Rates that rise from `RATE` to another, after a first read of any."""
    rates = np.linspace(RATE, last, len(TIMES))
    return background_rate_ratio(TIMES, [early, *rates[1:]], subject="ibohbfb9q")


def sky(level: float = RATE, width: float = NOISE, *, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(level, width, SHAPE)


def width(*levels: float, width: float = NOISE) -> Measurement:
    """Width of a background of several levels, alike in number."""
    return width_of(levelled(*levels, width=width))


def peaks(*levels: float, width: float = NOISE) -> Measurement:
    """Peaks of a background of several levels, alike in number."""
    return background_peaks(pulls_of(levelled(*levels, width=width)), noise=NOISE, subject="ibohbfb9q")


def levelled(*levels: float, width: float = NOISE) -> np.ndarray:
    """An image of several levels, alike in number, from pixel to pixel as broken ramps are."""
    return sky(0.0, width) + np.random.default_rng(6).permuted(np.resize(levels, SHAPE))


def width_of(image: np.ndarray) -> Measurement:
    """Width of the sky of an image without flags."""
    grain = sky_grain(image, np.ones(image.shape, dtype=bool), dark=DARK, read_noise=READ_NOISE, time=TIME)
    return background_width(grain, noise=NOISE, subject="ibohbfb9q")


def pulls_of(image: np.ndarray) -> np.ndarray:
    """The sky of an image without flags."""
    good = np.ones(image.shape, dtype=bool)
    return sky_pulls(image, good, dark=DARK, read_noise=READ_NOISE, time=TIME)


def deviation(level: float) -> Measurement:
    return background_deviation(sky(level), rate=RATE, subject="ibohbfb9q")


def change(width: float) -> Measurement:
    return background_width_change(
        sky(width=width), sky(width=0.02, seed=6), affected=["ibohbfb9q"], subject="ibohbf040"
    )


def residuals(hits: int, *, height: float = 0.2) -> Measurement:
    """Six exposures, one of which has cosmic rays that the combination kept."""
    singles = {f"ibohbfb{number}q": sky(0.0, 0.03, seed=number) for number in range(6)}
    row, column = np.divmod(np.arange(hits), 20)
    singles["ibohbfb0q"][10 + 8 * row, 10 + 10 * column] += 6.0 * height
    combined = np.mean([*singles.values()], axis=0)
    return residual_cosmic_rays(combined, singles, subject="ibohbf040")


def steps(
    ended: Mapping[str, object] | None = None, asked: Mapping[str, object] | None = None, **set_to: str
) -> Measurement:
    done = {name: "COMPLETE" for name in SWITCHES if name != "DRIZCORR"}
    raw, calibrated = {**SWITCHES, **(asked or {})}, {**SWITCHES, **done, **(ended or {})}
    always = camera("WFC3", "IR").steps
    return switch_violations(raw, calibrated, set_to=set_to, subject="ibohbfb9q", always=always)


def level(factor: float = 1.0, *, quadrant: float = 1.0) -> Measurement:
    """Raw reads of a level and a calibrated image of a multiple of it, and one quadrant of another."""
    rng = np.random.default_rng(7)
    first = 14_000.0 + rng.normal(0.0, 300.0, SHAPE)
    last = first + 3.0 + rng.normal(0.0, 8.0, SHAPE)
    gain, flat = 2.35, np.full(SHAPE, 0.98)
    dark = np.full(SHAPE, 27.0)
    inner = np.s_[5:-5, 5:-5]
    last[inner] += dark[inner] + RATE * TIME * flat[inner] / gain
    found = last_minus_first(first, last, dark=dark, flat=flat, gain=gain, time=TIME)
    # The fit of a ramp is about as noisy as the difference of two reads, and not independent of it.
    calibrated = factor * found + rng.normal(0.0, 0.3 * NOISE, found.shape)
    calibrated[: SHAPE[0] // 2, : SHAPE[1] // 2] *= quadrant
    return level_deviation(calibrated, found, np.zeros(found.shape, dtype=int), subject="ibohbfb9q")


def pattern(*, dark: float = 0.0, flat: float = 0.0) -> Measurement:
    """An image in which fractions of the patterns of its dark and its flat field are left."""
    rng = np.random.default_rng(8)
    hot = rng.random(SHAPE) < 0.004
    patterns = {
        "DARKFILE": DARK + np.where(hot, rng.lognormal(-1.0, 1.0, SHAPE), 0.0),
        "PFLTFILE": RATE * rng.normal(0.0, 0.02, SHAPE),
    }
    found = sky()
    left = dark * patterns["DARKFILE"] + flat * patterns["PFLTFILE"]
    calibrated = found + left + rng.normal(0.0, 0.3 * NOISE, SHAPE)
    flags = np.where(hot, 16, 0)
    return remaining_pattern(calibrated, found, patterns, flags, instrument="WFC3", subject="ibohbfb9q")
