"""What dark rates must be, and must not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hubble_qa.checks.detectors.dark_rate import blank_residual, dark_fraction, dark_rate_order_violations
from tests.acceptance.case import Case
from tests.dark_rate_samples import DARKS, dark, hot_pixels, match, order, recognition

CASES: Mapping[str, Case] = {
    "DRK-001": Case(
        recognition,
        {
            "warm one missed": lambda: recognition(recognised=()),
            "cool one taken for warm": lambda: recognition(recognised=("jcmc11ctq", "jcmc11e6q")),
            "warm one without a dark": lambda: recognition(matched=("jcmc11ctq",)),
            "no telemetry": lambda: recognition(jcmc11ctq=0.0),
            "lost telemetry": lambda: recognition(jcmc11ctq=-99.0),
            "two exposures' exchanged": lambda: recognition(
                ("jcmc11ctq",), jcmc11ctq=25.9953, jcmc11e6q=17.3262
            ),
        },
    ),
    "DRK-002": Case(
        lambda: dark_fraction((0.322, 0.016), (2.886, 0.050), subject="target"),
        {
            "a fifth": lambda: dark_fraction((0.577, 0.016), (2.886, 0.050), subject="target"),
            "no dark at all": lambda: dark_fraction((0.0, 0.0), (2.886, 0.050), subject="target"),
        },
    ),
    "DRK-003": Case(
        lambda: match("jcrx01iqq", "jcmc11ctq"),
        {
            "the notebook's slip": lambda: match("jcrx01iiq", "jcmc11ctq"),
            "cold dark for a warm exposure": lambda: match("jcrx01iqq", "jcmc11e6q"),
            "warm dark for a cold exposure": lambda: match("jcrx01iyq", "jcmc11ctq"),
            "matched without regard to time": lambda: match("jcrx01iyq", "jcmc11e6q", 400.0),
        },
    ),
    "DRK-004": Case(
        lambda: blank_residual(0.0219, 0.0097, subject="blank"),
        {
            "too little subtracted": lambda: blank_residual(0.06, 0.0097, subject="blank"),
            "too much subtracted": lambda: blank_residual(-0.06, 0.0097, subject="blank"),
        },
    ),
    "DRK-005": Case(
        order,
        {
            "mislabelled": lambda: order(jcrx01isq="jcrx01j1q", jcrx01j1q="jcrx01isq"),
            "no rise": lambda: dark_rate_order_violations(
                [dark(name, counts=500) for name in DARKS], subject="13961"
            ),
        },
    ),
    "DRK-006": Case(
        hot_pixels,
        {
            "upside down": lambda: hot_pixels(np.flipud),
            "mirrored": lambda: hot_pixels(np.fliplr),
            "turned": lambda: hot_pixels(np.rot90),
            "a row off": lambda: hot_pixels(lambda image: np.roll(image, 1, axis=0)),
        },
    ),
}
