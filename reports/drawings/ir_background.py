"""Figures of infrared backgrounds."""

from __future__ import annotations

from collections.abc import Iterator

from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.plans.plan import Plan
from hubble_qa.fixtures.workflows.ir_background import Reduction
from hubble_qa.reports.drawings.drawing import Drawing
from hubble_qa.reports.figures.image_criteria import ALL
from hubble_qa.reports.figures.ir_background import draw_background
from hubble_qa.reports.figures.mosaic import draw_mosaic

__all__ = ["drawings"]


def drawings(dataset: Dataset, reduction: Reduction, plan: Plan) -> Iterator[Drawing]:
    """The figures of a dataset."""
    upstream = {
        "fetched": plan["fetch"],
        "calibrated": plan["calibrate"],
        "drizzled": plan["drizzle"],
    }
    exposures, root = dataset.rootnames, reduction.drizzle.root
    criteria = ("TVB-001", "TVB-002", "TVB-003", "TVB-004", "TVB-005", "TVB-006", "CAL-006")
    yield Drawing(
        "background-figures",
        draw_background,
        upstream,
        {"exposures": exposures, "root": root},
        dict.fromkeys(criteria),
    )
    yield Drawing(
        "mosaic-figures",
        draw_mosaic,
        {"drizzled": plan["drizzle"], "exposures": plan["update-wcs"]},
        {"exposures": exposures, "suffix": "flt", "root": root, "image": f"{root}_drz_sci"},
        dict.fromkeys(ALL),
    )
