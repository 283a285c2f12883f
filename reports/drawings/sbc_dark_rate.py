"""Figures of the SBC's dark rate."""

from __future__ import annotations

from collections.abc import Iterator

from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.plans.plan import Plan
from hubble_qa.fixtures.workflows.sbc_dark_rate import Reduction, dark_root
from hubble_qa.reports.drawings.drawing import Drawing
from hubble_qa.reports.figures.image_criteria import ALL
from hubble_qa.reports.figures.mosaic import draw_mosaic
from hubble_qa.reports.figures.sbc_dark_rate import draw_dark, draw_rates

__all__ = ["drawings"]


def drawings(dataset: Dataset, reduction: Reduction, plan: Plan) -> Iterator[Drawing]:
    """The figures of a dataset."""
    yield Drawing(
        "rate-figures",
        draw_rates,
        {
            "exposures": plan["fetch"],
            "darks": plan["fetch-darks"],
            "temperatures": plan["temperatures"],
            "matches": plan["match-darks"],
        },
        {"rows": reduction.darks.box.rows, "columns": reduction.darks.box.columns},
        dict.fromkeys(("DRK-001", "DRK-003", "DRK-005")),
    )
    for association in reduction.associations:
        image = f"{association}_drz_sci"
        yield Drawing(
            f"mosaic-figures-{association}",
            draw_mosaic,
            {"drizzled": plan[f"drizzle-{association}"], "exposures": plan["fetch"]},
            {"association": association, "suffix": "flt", "root": association, "image": image},
            dict.fromkeys(ALL, (image,)),
        )
    for association in reduction.darks.associations:
        upstream = {
            "exposures": plan["fetch"],
            "science": plan[f"drizzle-{association}"],
            "dark": plan[f"master-dark-{association}"],
            "photometry": plan[f"photometry-{association}"],
        }
        settings = {
            "association": association,
            "science_root": association,
            "dark_root": dark_root(association),
            "rows": reduction.darks.box.rows,
            "columns": reduction.darks.box.columns,
        }
        shows = {"DRK-002": (association,), "DRK-004": (association,), "DRK-006": None}
        yield Drawing(f"dark-figures-{association}", draw_dark, upstream, settings, shows)
