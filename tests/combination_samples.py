"""Drizzled images as blocks, their weights, and the exposures that they name; and measurements of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.images.combination import input_violations, weight_to_exposure_time
from hubble_qa.checks.images.sky_residual import SkyBlocks, SkyLevels, sky_residual
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import Exposure
from tests.wfpc2_samples import drizzled, exposure

SHAPE = (60, 50)
NOISE = 0.02  # of a pixel
SIDE = 16


def member(
    root: str = "u5jx0108r", *, wcsname: str = "TWEAK", suffix: str = "flt", **primary: Any
) -> Exposure:
    start = 51384.2 + len(root) + sum(map(ord, root)) / 1e3
    cards = {"FILTNAM1": "F555W", "FILTNAM2": "", "EXPSTART": start, **primary}
    path = Path(f"{root}_{suffix}.fits")
    return exposure(suffix, path=path, primary=cards, science={"WCSNAME": wcsname})


def inputs(
    *members: Exposure, names: Sequence[str] = (), wcsname: str = "TWEAK", **keywords: Any
) -> Measurement:
    """An image of exposures that are at hand, or of those of some names."""
    members = members or (member(), member("u5jx010hr"))
    named = names or [f"{one.path.name}[sci,{chip}]" for one in members for chip in one.chips]
    return input_violations(drizzled(WCSNAME=wcsname, **keywords), named, members)


def weight(
    *, factor: float = 1.0, left_out: float = 0.0, scatter: float = 0.0003, seed: int = 3
) -> Measurement:
    """Weight of an image of two exposures of 360 s, one of which may be left out in part of the blocks."""
    rng = np.random.default_rng(seed)
    times = np.where(np.arange(2000) < 1500, 720.0, 360.0) * rng.uniform(0.95, 1.05, 2000)
    weights = factor * times * rng.normal(1.0, scatter, 2000)
    weights[: int(left_out * 2000)] /= 2.0
    return weight_to_exposure_time(weights, times, subject="f606w_drc_sci")


def footprints() -> Mapping[str, NDArray[np.bool_]]:
    """Two exposures that overlap, a border between two chips of the first."""
    row, column = np.indices(SHAPE)
    return {
        "xrq SCI,1": (row < 40) & (column < 25),
        "xrq SCI,2": (row < 40) & (column >= 25),
        "xxq SCI,1": row >= 20,
    }


def steps(
    step: float = 0.0,
    *,
    of: str = "xxq SCI,1",
    light: float = 0.0,
    stars: int = 40,
    seed: int = 4,
    levels: SkyLevels | None = None,
) -> Measurement:
    """A sky with a step of so many times the noise of a pixel, light that fades over the field, and stars."""
    rng = np.random.default_rng(seed)
    row, column = np.indices(SHAPE)
    seen = footprints()
    error = 1.2533 * NOISE / SIDE
    medians = 0.1 + rng.normal(0.0, error, SHAPE) + light * np.exp(-np.hypot(row - 30, column - 10) / 25.0)
    medians += step * NOISE * seen[of]
    medians.flat[rng.choice(medians.size, stars, replace=False)] += rng.exponential(NOISE, stars)
    return sky_residual(SkyBlocks(medians, np.full(SHAPE, NOISE), seen), levels, subject="f606w_drc_sci")
