"""What drizzled images must be, and must not."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from scipy.ndimage import gaussian_filter

from hubble_qa.checks.images.cosmic_rays import Hits, cosmic_ray_rate, hit_remainder, rejected_cores
from hubble_qa.checks.images.drizzle_parameters import drizzle_parameter_violations, recommended_row
from hubble_qa.checks.images.drizzled import (
    coverage_violations,
    covered_fraction,
    missing_chips,
    output_orientation_deviation,
    output_scale_deviation,
)
from hubble_qa.checks.images.drizzled_noise import NoiseBlocks, block_noise, drizzled_noise_ratio
from hubble_qa.checks.images.sky_residual import SkyLevels
from hubble_qa.checks.images.star_weights import StarWeights
from hubble_qa.checks.measurement import Measurement
from tests import combination_samples as combination
from tests.acceptance.case import Case
from tests.wfpc2_samples import drizzled


def recommended(images: int, name: str = "driz_cr_snr") -> Measurement:
    """AstroDrizzle told of two images, where there were more or fewer."""
    rows = [("ANY", 1, "minmed", "3.5 3.0"), ("ANY", 2, "minmed", "3.5,3.0"), ("F606W", 6, "median", "6 5")]
    columns = [("filter", "U8"), ("numimages", int), ("combine_type", "U8"), ("driz_cr_snr", "U8")]
    table = np.array(rows, dtype=columns)
    row = recommended_row(table, filters=["F606W"], images=images)
    used = {"driz_cr_snr": "3.5 3.0", "combine_type": "minmed"}
    return drizzle_parameter_violations(used, row, names=["combine_type", name], subject="f606w")


def flagged(fraction: float) -> dict[int, np.ndarray]:
    return {1: np.random.default_rng(4).random((400, 500)) < fraction}


def cores(rejected: int) -> Measurement:
    masks, x = flagged(0.004), np.arange(1.0, 401.0)
    masks[1][200, :400] = False
    masks[1][200, :rejected] = True
    return rejected_cores(masks, {1: np.column_stack([x, np.full(400, 201.0)])}, subject="ibwb01xrq")


def left(fraction: float) -> Measurement:
    """An image of exposures with 500 cosmic rays together, a fraction of which is not rejected."""
    kept = np.random.default_rng(6).random(500) < fraction
    return hit_remainder(Hits(np.where(kept, 150.0, 1.0), np.full(500, 150.0)), subject="f606w")


def weights(covered: float) -> np.ndarray:
    weight = np.zeros((10, 10))
    weight.flat[: int(covered * 100)] = 16.0
    return weight


def coverage(
    science: float = 1.0,
    *,
    ramp: float = 1.0,
    zeros: int = 0,
    negative: int = 0,
    most: float = np.inf,
    unweighted: int = 0,
    counts_photons: bool = False,
) -> Measurement:
    """An image whose pixels without weight are not finite, and of which a row has zeros."""
    weight = np.repeat(weights(0.6), 4, axis=1)
    values = science * np.linspace(1.0, 1.0 + ramp, weight.size).reshape(weight.shape)
    values = np.minimum(values, most)
    values[0, :zeros] = 0.0
    values[weight == 0] = np.nan
    subject = "wfpc2_flt_drw_sci"
    weight[:negative, :negative] *= -1.0
    weight[0, :unweighted] = np.nan
    return coverage_violations(values, weight, subject=subject, counts_photons=counts_photons)


def photons(lost: int = 0) -> Measurement:
    """An image of SBC's dark in 1920 s, of which so many rows were lost."""
    science = np.random.default_rng(3).poisson(0.02, (1000, 1000)) / 1920.0
    science[:lost] = 0.0
    weight = np.full(science.shape, 1200.0)
    return coverage_violations(science, weight, subject="jcmc11010_drz", counts_photons=True, dark_rate=5e-6)


def stars(sign: float, *, masked: int = 0, left: float = 0.0) -> Measurement:
    """An image of 200 sources in noise from two exposures, of which some have no weight, or a part of it."""
    random = np.random.default_rng(7)
    science = random.normal(0, 1, (320, 320))
    science[random.integers(320, size=200), random.integers(320, size=200)] += 50
    at = StarWeights(np.repeat([left, 1.0], [masked, 200 - masked]), np.ones(800), 0.5)
    return coverage_violations(sign * science, np.ones_like(science), subject="f606w_drc_sci", stars=at)


def sky_noise(factor: float = 1.0, *, smoothed: float = 0.0) -> Measurement:
    """Sky of an image whose exposures foretell a noise of 1."""
    sky = np.random.default_rng(8).normal(0, factor, (320, 320))
    noise = block_noise(gaussian_filter(sky, smoothed) if smoothed else sky).ravel()
    return drizzled_noise_ratio(
        NoiseBlocks(noise, np.ones_like(noise), np.full_like(noise, math.sqrt(2.0))), subject="f606w_drc_sci"
    )


def chips(together: float) -> Measurement:
    pairs = {"u5jx0108r_flt WF3": (16.0, 16.1), "u5jx010hr_flt WF3": (together, 16.1)}
    return missing_chips(pairs, subject="wfpc2_flt_drw_sci")


CASES: Mapping[str, Case] = {
    "DRZ-001": Case(
        lambda: covered_fraction(weights(0.6), subject="drw"),
        {"elsewhere": lambda: covered_fraction(weights(0.2), subject="drw")},
    ),
    "DRZ-010": Case(
        coverage,
        {
            "hole": lambda: coverage(science=np.nan),
            "one number": lambda: coverage(ramp=0.0),
            "exposure left out": lambda: chips(0.0),
            "chip left out": lambda: chips(4.0),
            "no weight at all": lambda: chips(np.nan),
            "sources darker than the sky": lambda: stars(-1.0),
            "a part of zeros": lambda: coverage(zeros=20),
            "cut at the top": lambda: coverage(most=1.3),
            "a part without counts": lambda: photons(lost=330),
            "weights below zero": lambda: coverage(negative=6),
            "weights not finite": lambda: coverage(unweighted=1),
            "stars without weight": lambda: stars(1.0, masked=100),
            "stars with a tenth of the weight": lambda: stars(1.0, masked=100, left=0.1),
        },
    ),
    "DRZ-012": Case(
        sky_noise,
        {
            "noise and half": lambda: sky_noise(1.5),
            "smoothed": lambda: sky_noise(smoothed=1.0),
        },
    ),
    "DRZ-002": Case(
        lambda: cosmic_ray_rate(flagged(0.007), exposure_time=360.0, subject="ibwb01xrq"),
        {
            "stars eaten": lambda: cosmic_ray_rate(flagged(0.03), exposure_time=360.0, subject="xrq"),
            "nothing found": lambda: cosmic_ray_rate(flagged(0.0), exposure_time=360.0, subject="xrq"),
            "mask upside down": lambda: cosmic_ray_rate(flagged(0.99), exposure_time=360.0, subject="xrq"),
        },
    ),
    "DRZ-003": Case(lambda: cores(4), {"every tenth": lambda: cores(40)}),
    "DRZ-004": Case(
        lambda: output_scale_deviation(drizzled(), scale=0.0996),
        {"scale": lambda: output_scale_deviation(drizzled(), scale=0.0455)},
    ),
    "DRZ-011": Case(
        lambda: output_orientation_deviation(drizzled(), angle=30.0),
        {"angle": lambda: output_orientation_deviation(drizzled(), angle=30.001)},
    ),
    "DRZ-005": Case(
        lambda: recommended(2),
        {
            "another number of images": lambda: recommended(6),
            "not in the log": lambda: recommended(2, "bits"),
        },
    ),
    "DRZ-006": Case(
        lambda: left(0.0),
        {"no rejection": lambda: left(1.0), "every tenth": lambda: left(0.1)},
    ),
    "DRZ-007": Case(
        combination.inputs,
        {
            "an exposure twice": lambda: combination.inputs(names=2 * ["u5jx0108r_flt.fits[sci,1]"]),
            "FLT and FLC": lambda: combination.inputs(
                names=["ibwb01xrq_flc.fits[sci,1]", "ibwb01xrq_flt.fits[sci,1]"]
            ),
            "other filter": lambda: combination.inputs(
                combination.member(), combination.member("u5jx010hr", FILTNAM1="F814W")
            ),
            "another filter by its header": lambda: combination.inputs(FILTNAM1="F814W"),
            "drizzled before the alignment": lambda: combination.inputs(wcsname="IDC_sad1946fu"),
        },
    ),
    "DRZ-008": Case(
        combination.steps,
        {
            "sky of an exposure": lambda: combination.steps(0.4),
            "sky of a chip": lambda: combination.steps(-0.4, of="xrq SCI,2"),
            "in a galaxy's light": lambda: combination.steps(0.6, light=0.1),
            "taken off twice": lambda: combination.steps(levels=SkyLevels(-227.0, 220.0, 40.0)),
        },
    ),
    "DRZ-009": Case(
        combination.weight,
        {
            "an exposure twice": lambda: combination.weight(factor=1.5),
            "time misread": lambda: combination.weight(factor=1.06),
            "half of it": lambda: combination.weight(factor=0.5),
            "half left out in places": lambda: combination.weight(left_out=0.2),
        },
    ),
}
