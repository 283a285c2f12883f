"""Figures of WFPC2 chip normalisation."""

from __future__ import annotations

from collections.abc import Iterator

from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.plans.plan import Plan
from hubble_qa.fixtures.workflows.wfpc2_chip_normalization import SUFFIXES, Reduction
from hubble_qa.reports.drawings.drawing import Drawing
from hubble_qa.reports.figures.image_criteria import IMAGE
from hubble_qa.reports.figures.wfpc2_chip_normalization import (
    draw_alignment,
    draw_drizzled,
    draw_ratios,
    draw_stars,
)

__all__ = ["drawings"]

# What is told of a fit beside its residuals.
_FIT_CRITERIA = (
    "AST-001",
    "AST-002",
    "AST-003",
    "AST-004",
    "AST-005",
    "AST-006",
    "AST-007",
    "AST-008",
    "AST-009",
    "AST-013",
    "AST-027",
    "AST-028",
    "AST-020",
)


def drawings(dataset: Dataset, reduction: Reduction, plan: Plan) -> Iterator[Drawing]:
    """The figures of a dataset."""
    names = dataset.rootnames
    roots = {suffix: reduction.drizzle(suffix).root for suffix in SUFFIXES}
    flt = {"exposures": plan["registered-flt"], "drizzle-flt": plan["drizzle-flt"]}
    both = {**flt, "c0m": plan["registered-c0m"], "drizzle-c0m": plan["drizzle-c0m"]}
    if len(names) > 1:
        yield Drawing(
            "alignment-figures",
            draw_alignment,
            {name: both[name] for name in ("exposures", "c0m")},
            {"exposures": names},
            dict.fromkeys(_FIT_CRITERIA),
        )
    images = {suffix: f"{root}_drw_sci" for suffix, root in roots.items()}
    chips = tuple(f"chips of {image}" for image in images.values())
    yield Drawing(
        "drizzle-figures",
        draw_drizzled,
        flt,
        {"exposures": names, "root": roots["flt"], "image": images["flt"]},
        {"PHT-007": None, **dict.fromkeys(IMAGE, (*images.values(), *chips))},
    )
    yield Drawing(
        "ratio-figures",
        draw_ratios,
        both,
        {"exposures": names, **roots},
        dict.fromkeys(("PHT-001", "PHT-002", "PHT-003")),
    )
    yield Drawing(
        "star-figures",
        draw_stars,
        {**flt, "drizzle-c0m": plan["drizzle-c0m"], "photometry": plan["photometry"]},
        roots,
        dict.fromkeys(("PHT-004", "PHT-005", "PHT-006", "PHT-013")),
    )
