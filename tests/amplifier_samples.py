"""Chips that several amplifiers read, with stars, and one of which has another level or gain."""

from __future__ import annotations

import numpy as np

from hubble_qa.checks.detectors.amplifiers import amplifier_step
from hubble_qa.checks.instruments import Camera, camera
from hubble_qa.checks.measurement import Measurement

WFC, IR = camera("ACS", "WFC"), camera("WFC3", "IR")
SHAPE = (512, 640)
SKY, READ_NOISE, TIME = 30.0, 4.0, 1000.0  # electrons, electrons, s


def chip(seed: int, *, crowded: bool = False) -> np.ndarray:
    """Electrons of a sky with a slope of 10 %, and stars with wings."""
    rng = np.random.default_rng(seed)
    image = np.tile(SKY * (1.0 + 0.1 * np.arange(SHAPE[1]) / SHAPE[1]), (SHAPE[0], 1))
    reach = np.hypot(*np.indices((61, 61)) - 30.0)
    for _ in range(120 if crowded else 20):
        row, column = (int(rng.integers(0, length - 61)) for length in SHAPE)
        image[row : row + 61, column : column + 61] += rng.exponential(2000.0) / (1.0 + reach**2 / 2.0) ** 2
    return rng.normal(image, np.sqrt(image + READ_NOISE**2))


def step(
    bias: float = 0.0, *, gain: float = 1.0, camera: Camera = WFC, seed: int = 6, crowded: bool = False
) -> Measurement:
    """A chip whose right half has so many more electrons, or another gain."""
    image = chip(seed, crowded=crowded)
    half = np.s_[:, SHAPE[1] // 2 :]
    image[half] = gain * image[half] + bias
    if camera is IR:
        image /= TIME
    return amplifier_step(image, np.ones(SHAPE, dtype=bool), camera, time=TIME, subject="WFC1")
