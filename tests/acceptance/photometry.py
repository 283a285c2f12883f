"""What zeropoints and fluxes must be, and must not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hubble_qa.checks.images.drizzled import drizzled_photometry_violations, weight_ratio
from hubble_qa.checks.images.mosaic_fluxes import chip_flux_ratio, input_flux_ratio
from hubble_qa.checks.images.photometry import (
    chip_count_rate_pull,
    chip_count_rate_ratio,
    drizzled_flux_ratio,
    photflam_deviation,
    photflam_spread,
    pixel_ratio_deviation,
    star_ratio_deviation,
)
from hubble_qa.checks.images.zeropoints import chip_zeropoint_error, zeropoint_violations
from hubble_qa.checks.measurement import Measurement
from tests.acceptance.case import Case
from tests.source_scenes import seen as seen_twice
from tests.uvis_fields import without_ratio, zeropoint_headers
from tests.wfpc2_samples import NORMALISED, PHOTFLAMS, drizzled, exposure

FACTOR = PHOTFLAMS[3] / PHOTFLAMS[2]


def pixels(factor: float, scatter: float = 0.0) -> Measurement:
    generator = np.random.default_rng(1)
    c0m = generator.uniform(2, 50, (40, 40)).astype(np.float32)
    flt = (c0m * factor * generator.normal(1.0, scatter, c0m.shape)).astype(np.float32)
    return pixel_ratio_deviation(
        flt, c0m, np.zeros(c0m.shape, np.int16), expected=FACTOR, equalised=True, subject="WF4"
    )


def weights(planetary: float) -> Measurement:
    image = np.full((100, 200), 16.0)
    image[:, :100] = 16.0 * planetary
    squares = {
        chip: np.array([(x, 10.0), (x + 60, 10.0), (x + 60, 90.0), (x, 90.0)])
        for chip, x in ((1, 20.0), (2, 120.0))
    }
    return weight_ratio(image, squares, subject="u5jx010hr_single_wht")


CASES: Mapping[str, Case] = {
    "PHT-001": Case(
        lambda: photflam_spread(exposure("flt")),
        {"not normalised": lambda: photflam_spread(exposure("flt", photflams=PHOTFLAMS))},
    ),
    "PHT-002": Case(
        lambda: photflam_deviation(exposure("c0m"), 4),
        {
            "some normalised": lambda: photflam_deviation(
                exposure("c0m", photflams=(PHOTFLAMS[0], *NORMALISED[1:])), 4
            ),
            "other gain": lambda: photflam_deviation(exposure("c0m", primary={"ATODGAIN": 15.0}), 4),
        },
    ),
    "PHT-003": Case(
        lambda: pixels(FACTOR),
        {
            "header only": lambda: pixels(1.0),
            "twice": lambda: pixels(FACTOR**2),
            "uneven": lambda: pixels(FACTOR, scatter=0.001),
        },
    ),
    "PHT-004": Case(
        lambda: star_ratio_deviation(1139.9086, 1136.0271, expected=1.0033, subject="star 1"),
        {
            "not normalised": lambda: star_ratio_deviation(1136.0, 1136.0, expected=1.0197, subject="star 1"),
            "inverse": lambda: star_ratio_deviation(1136.0, 1158.4, expected=1.0197, subject="star 1"),
        },
    ),
    "PHT-005": Case(
        lambda: chip_count_rate_ratio((71.0, 0.5), (71.6, 0.5), subject="star 1"),
        {"large but uncertain": lambda: chip_count_rate_ratio((71.0, 5.0), (74.0, 5.0), subject="star 1")},
    ),
    "PHT-013": Case(
        lambda: chip_count_rate_pull((71.0, 0.5), (71.6, 0.5), subject="star 1"),
        {"significant": lambda: chip_count_rate_pull((71.0, 0.1), (71.9, 0.1), subject="star 1")},
    ),
    "PHT-006": Case(
        lambda: drizzled_flux_ratio(99.5, 1613.0 * 0.9870, exposure_time=16.0, subject="star 1"),
        {
            "counts": lambda: drizzled_flux_ratio(1592.0, 1592.0, exposure_time=16.0, subject="star 1"),
            "pixel area": lambda: drizzled_flux_ratio(97.5, 1600.0, exposure_time=16.0, subject="star 1"),
            "image in counts": lambda: input_flux_ratio({"a": seen_twice(360.0)}, subject="drz SCI,1"),
            "weights by ERR": lambda: input_flux_ratio({"a": seen_twice(0.75)}, subject="drz SCI,1"),
        },
    ),
    "PHT-007": Case(
        lambda: weights(4.79),
        {"equal": lambda: weights(1.0), "by side, not area": lambda: weights(2.19)},
    ),
    "PHT-008": Case(
        lambda: drizzled_photometry_violations(drizzled(), [exposure()]),
        {
            "other chips": lambda: drizzled_photometry_violations(
                drizzled(), [exposure(photflams=PHOTFLAMS)]
            ),
            "counts": lambda: drizzled_photometry_violations(drizzled(BUNIT="counts"), [exposure()]),
            "no unit": lambda: drizzled_photometry_violations(drizzled(BUNIT=None), [exposure()]),
            "a flux, and the sensitivity of counts": lambda: drizzled_photometry_violations(
                drizzled(BUNIT="nJy", PHOTFNU=1.5e-7), [exposure()]
            ),
            "no PHOTFLAM": lambda: drizzled_photometry_violations(drizzled(PHOTFLAM=None), [exposure()]),
            "another filter's wavelength": lambda: drizzled_photometry_violations(
                drizzled(PHOTPLAM=8057.0), [exposure()]
            ),
            "another filter": lambda: drizzled_photometry_violations(
                drizzled(PHOTMODE="WFPC2,1,A2D7,F814W,,CAL"), [exposure()]
            ),
            "of AB magnitudes": lambda: drizzled_photometry_violations(drizzled(PHOTZPT=-48.6), [exposure()]),
            "counts called a rate": lambda: drizzled_photometry_violations(
                drizzled(D001OUUN="counts"), [exposure()]
            ),
        },
    ),
    "PHT-009": Case(
        lambda: chip_zeropoint_error(zeropoint_headers()),
        {
            "chips differ": lambda: chip_zeropoint_error(zeropoint_headers(photflams=(2.757e-19, 1.838e-19))),
            "UVIS2 left behind": lambda: chip_zeropoint_error(zeropoint_headers(FLUXCORR="OMIT")),
        },
    ),
    "PHT-014": Case(
        lambda: zeropoint_violations(zeropoint_headers()),
        {
            "zero": lambda: zeropoint_violations(zeropoint_headers(photflams=(0.0, 0.0))),
            "no ratio": lambda: zeropoint_violations(without_ratio()),
            "of another filter": lambda: zeropoint_violations(zeropoint_headers(FILTER="F814W")),
            "a magnitude": lambda: zeropoint_violations(zeropoint_headers(photflams=(25.9, 25.9))),
            "of another camera": lambda: zeropoint_violations(zeropoint_headers(DETECTOR="IR")),
            "of another year": lambda: zeropoint_violations(zeropoint_headers(EXPSTART=58000.0)),
            "of AB magnitudes": lambda: zeropoint_violations(zeropoint_headers(PHOTZPT=-48.6)),
        },
    ),
    "PHT-010": Case(
        lambda: chip_flux_ratio({"a": seen_twice(), "b": seen_twice(seed=6)}, subject="drz"),
        {"one chip": lambda: chip_flux_ratio({"a": seen_twice(), "b": seen_twice(1.05)}, subject="drz")},
    ),
}
