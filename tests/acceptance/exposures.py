"""What exposures must be beside the others of their visit, and must not."""

from __future__ import annotations

from collections.abc import Mapping

from hubble_qa.checks.images.exposure_background import background_departure
from hubble_qa.checks.images.exposure_fluxes import exposure_flux_deviation, sensitivity_gradient
from tests.acceptance.case import Case
from tests.exposure_samples import background_blocks, beside, hot_column

__all__ = ["CASES"]

CASES: Mapping[str, Case] = {
    "PHT-011": Case(
        lambda: exposure_flux_deviation(beside(), subject="flc SCI,1"),
        {
            "gain": lambda: exposure_flux_deviation(beside(1.02), subject="flc SCI,1"),
            "exposure time": lambda: exposure_flux_deviation(beside(0.98), subject="flc SCI,1"),
        },
    ),
    "PHT-012": Case(
        lambda: sensitivity_gradient(beside(), subject="flc SCI,1"),
        {
            "flat field": lambda: sensitivity_gradient(beside(gradient=0.08), subject="flc SCI,1"),
            "vignetting": lambda: sensitivity_gradient(beside(gradient=-0.2), subject="flc SCI,1"),
        },
    ),
    "CAL-011": Case(
        lambda: background_departure({"drz": background_blocks()}, 1, subject="flc SCI,1"),
        {
            "chip": lambda: background_departure({"drz": background_blocks(offset=0.5)}, 1, subject="a"),
            "patch": lambda: background_departure({"drz": background_blocks(patch=-0.7)}, 1, subject="a"),
            "persistence": lambda: background_departure(
                {"drz": background_blocks(patch=2.0)}, 1, subject="a"
            ),
        },
    ),
    "CAL-012": Case(
        lambda: hot_column(0.0),
        {
            "hot": lambda: hot_column(8.0),
            "dead": lambda: hot_column(-8.0),
            "row": lambda: hot_column(8.0, turned=True),
            "stripes": lambda: hot_column(0.0, stripes=3.0, turned=True),
        },
    ),
}
