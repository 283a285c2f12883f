"""Figures of imaging: those of any products, of the files of its nodes."""

from __future__ import annotations

from collections.abc import Iterator

from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.plans.plan import Plan
from hubble_qa.fixtures.workflows.imaging import WORKFLOW, Reduction
from hubble_qa.fixtures.workflows.imaging_cameras import camera_of
from hubble_qa.reports.drawings.drawing import Drawing
from hubble_qa.reports.drawings.finished_products import SERIES
from hubble_qa.reports.drawings.series import Handed
from hubble_qa.reports.figures.acs_wfc_calibration import draw_calibration

__all__ = ["drawings", "omissions"]


def drawings(dataset: Dataset, reduction: Reduction, plan: Plan) -> Iterator[Drawing]:
    """The figures of a dataset."""
    handed = _handed(dataset, reduction, plan)
    if camera_of(dataset).name == "ACS/WFC" and reduction.raw:
        yield Drawing(
            "calibration-figures",
            draw_calibration,
            {"raw": plan["fetch"], "calibrated": plan["calibrate"]},
            {"exposures": dataset.rootnames, "suffix": reduction.suffix(camera_of(dataset))},
            dict.fromkeys(("CAL-004", "CAL-006")),
        )
    for series in SERIES:
        yield from series.drawings(handed)


def omissions(dataset: Dataset, reduction: Reduction, plan: Plan) -> Iterator[str]:
    """What is drawn in part only, ``"40 of 57 drizzled images"``."""
    handed = _handed(dataset, reduction, plan)
    yield from filter(None, (series.omission(handed) for series in SERIES))


def _handed(dataset: Dataset, reduction: Reduction, plan: Plan) -> Handed:
    catalogs = reduction.align.catalogs
    return Handed(WORKFLOW.judged(dataset, reduction), None, catalogs[0] if catalogs else "", plan)
