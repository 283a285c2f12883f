"""Chips with stars and a sloping sky, and errors that are right or wrong by a factor."""

from __future__ import annotations

from typing import Any

import numpy as np

from hubble_qa.checks.detectors.noise import scatter_to_error
from hubble_qa.checks.instruments import Camera
from hubble_qa.checks.instruments import camera as camera_of
from hubble_qa.checks.measurement import Measurement
from tests.amplifier_samples import READ_NOISE, SHAPE, WFC, chip


def noise(
    *, error: float = 1.0, noise: float = 1.0, camera: Camera | None = WFC, seed: int = 6, **settings: Any
) -> Measurement:
    """Errors by a factor, or more noise than they state."""
    image = chip(seed, **settings)
    stated = error * np.sqrt(np.maximum(image, 0.0) + READ_NOISE**2)
    more = np.sqrt(max(noise**2 - 1.0, 0.0)) * stated / error
    image = np.random.default_rng(seed + 100).normal(image, more)
    return scatter_to_error(image, stated, np.ones(SHAPE, dtype=bool), camera, subject="WFC1")


def photons(
    *, error: float = 1.0, science: float = 1.0, rate: float = 0.01, dark: float = 0.0
) -> Measurement:
    """Counts of SBC, divided by a flat field, with errors as calacs states them, by a factor."""
    random = np.random.default_rng(8)
    flat = random.uniform(0.9, 1.1, SHAPE)
    counts = random.poisson(rate, SHAPE)
    stated = error * np.sqrt(np.maximum(counts, 1)) / flat
    good = np.ones(SHAPE, dtype=bool)
    return scatter_to_error(
        science * counts / flat - dark, stated, good, camera_of("ACS", "SBC"), subject="SBC"
    )
