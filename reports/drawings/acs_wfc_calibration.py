"""Figures of an ACS/WFC calibration."""

from __future__ import annotations

from collections.abc import Iterator

from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.plans.plan import Plan
from hubble_qa.fixtures.workflows.acs_wfc_calibration import Reduction
from hubble_qa.reports.drawings.drawing import Drawing
from hubble_qa.reports.figures.acs_wfc_calibration import draw_calibration

__all__ = ["drawings"]


def drawings(dataset: Dataset, reduction: Reduction, plan: Plan) -> Iterator[Drawing]:
    """The figures of a dataset."""
    yield Drawing(
        "calibration-figures",
        draw_calibration,
        {"raw": plan["fetch"], "calibrated": plan["calibrate"]},
        {"exposures": dataset.rootnames, "suffix": reduction.calibrate.suffix},
        dict.fromkeys(("CAL-004", "CAL-006")),
    )
