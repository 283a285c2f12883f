"""An exposure beside others: ratios of sources, departures of the background, columns; with noise."""

from __future__ import annotations

import numpy as np

from hubble_qa.checks.detectors.column_departures import column_departure
from hubble_qa.checks.images.exposure_background import ComparedBlocks
from hubble_qa.checks.images.exposure_fluxes import SharedFluxes
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.measurement import Measurement


def beside(
    factor: float = 1.0,
    *,
    gradient: float = 0.0,
    focus: float = 0.0,
    sources: int = 100,
    struck: float = 0.1,
    noise: float = 0.015,
    seed: int = 3,
) -> SharedFluxes:
    """Sources of one chip, of which cosmic rays struck a part.

    Ratios change by `gradient` over the chip; another focus takes four times `focus` out of the cores and
    `focus` out of the wide apertures.
    """
    rng = np.random.default_rng(seed)
    places = rng.uniform(-0.5, 0.5, (sources, 2))
    error = rng.uniform(0.3, 1.7, sources) * noise
    ratio = factor * (1.0 + gradient * places[:, 1]) * (1.0 - focus) + rng.normal(0.0, error)
    ratio[rng.random(sources) < struck] *= 1.5
    core = ratio * (1.0 - 3.0 * focus) + rng.normal(0.0, 0.2 * error)
    return SharedFluxes(ratio, core, error, places, ("ibwb01xxq_flc", "ibwb01xyq_flc"))


def background_blocks(
    offset: float = 0.0, *, patch: float = 0.0, gradient: float = 0.3, sky: float = 4.0, seed: int = 5
) -> dict[int, ComparedBlocks]:
    """Blocks of two chips against a reference, with stars here and there that the errors know.

    The first chip is off by `offset` and has a patch of 4 x 4 blocks that is; the sky of the exposure
    differs from the reference's, and by a gradient.
    """
    rng, chips = np.random.default_rng(seed), {}
    for chip in (1, 2):
        error = np.full((32, 64), 0.08)
        stars = rng.random(error.shape) < 0.05
        error[stars] = rng.uniform(1.0, 20.0, np.count_nonzero(stars))
        departure = sky + gradient * np.linspace(-0.5, 0.5, 64) + rng.normal(0.0, error)
        if chip == 1:
            departure += offset
            departure[10:14, 20:24] += patch
        departure[:, :5] = np.nan
        chips[chip] = ComparedBlocks(departure, error, 16)
    return chips


def hot_column(
    height: float,
    *,
    rows: slice = slice(None),
    flagged: bool = False,
    seed: int = 6,
    turned: bool = False,
    stripes: float = 0.0,
    with_rows: bool = True,
) -> Measurement:
    """Departure of a column of a chip with stars, whose pixels are whole numbers with a noise of 3.

    Of a row, if the chip is turned; with an offset of each column, of so much scatter, all along it.
    """
    rng = np.random.default_rng(seed)
    science = rng.normal(20.0, 3.0, (512, 400))
    for _ in range(200):
        row, column = rng.integers(4, 508), rng.integers(4, 396)
        science[row - 3 : row + 4, column - 3 : column + 4] += rng.uniform(50.0, 3000.0)
    science[rows, 123] += height
    if stripes:
        science += rng.normal(0.0, stripes, science.shape[1])
    good = np.ones(science.shape, dtype=bool)
    good[rng.random(good.shape) < 0.05] = False
    good[:, 123] &= not flagged
    if turned:
        science, good = science.T, good.T
    record = camera("WFC3", "UVIS")
    return column_departure(np.round(science), good, record, subject="flc SCI,1", with_rows=with_rows)
