"""Figures and tables of catalogue alignment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.plans.plan import Plan
from hubble_qa.fixtures.workflows.catalog_alignment import (
    ACCEPTED,
    CATALOGS,
    Reduction,
    Service,
    fit_subject,
)
from hubble_qa.reports.drawings.drawing import Drawing
from hubble_qa.reports.figures.catalog_alignment import (
    draw_fits,
    draw_offsets,
    tabulate_solutions,
)
from hubble_qa.reports.figures.image_criteria import ALL
from hubble_qa.reports.figures.mosaic import draw_mosaic

__all__ = ["drawings"]

# What is told of a fit by the header that it was written into.
_HEADER_CRITERIA = ("AST-002", "AST-003", "AST-009")
# By what a fit replaces the archive's solution, or does not.
_DECIDING = ("AST-001", "AST-002", "AST-003", "AST-004", "AST-005", "AST-011", "AST-026")
# What is told of a fit beside its residuals.
_FIT_CRITERIA = (
    "AST-001",
    "AST-002",
    "AST-003",
    "AST-004",
    "AST-005",
    "AST-006",
    "AST-008",
    "AST-009",
    "AST-014",
    "AST-022",
    "AST-029",
)


def drawings(dataset: Dataset, reduction: Reduction, plan: Plan) -> Iterator[Drawing]:
    """The figures of a dataset."""
    names, suffix, table = dataset.rootnames, reduction.align.suffix, reduction.drizzle
    served = {"exposures": plan["fetch"]}
    catalogs = {service: plan[f"catalog-{service}"] for service in CATALOGS}
    fits = {service: plan[f"align-{service}"] for service in CATALOGS}
    yield Drawing(
        "solution-tables",
        tabulate_solutions,
        {
            **served,
            "accepted": plan["accept"],
            **{f"catalog-{service}": node for service, node in catalogs.items()},
            **{f"fit-{service}": node for service, node in fits.items()},
        },
        {
            "exposures": names,
            "suffix": suffix,
            "wcsname": reduction.align.wcsname,
            "plate_scale": reduction.align.plate_scale,
            "accepted": ACCEPTED,
            "catalogs": CATALOGS,
        },
        dict.fromkeys((*_DECIDING, "AST-016", "AST-018", "AST-019")),
    )
    for service, fit in fits.items():
        yield Drawing(
            f"fit-figures-{service}",
            draw_fits,
            {**served, "fit": fit},
            {"exposures": names, "suffix": suffix, "catalog": service},
            _shown_of_fits(dataset, service, suffix),
        )
    image = f"{table.root}_{'drc' if suffix == 'flc' else 'drz'}_sci"
    yield Drawing(
        "mosaic-figures",
        draw_mosaic,
        {"drizzled": plan["drizzle"], "exposures": plan["accept"]},
        {"exposures": table.exposures, "suffix": suffix, "root": table.root, "image": image},
        dict.fromkeys(ALL),
    )
    yield Drawing(
        "offset-figures",
        draw_offsets,
        {
            **served,
            "accepted": plan["accept"],
            "catalog": catalogs[ACCEPTED],
            "detected": plan["detect"],
            "detected-singly": plan["detect-exposures"],
        },
        {
            "exposures": table.exposures,
            "suffix": suffix,
            "catalog": ACCEPTED,
            "singly": names,
            "image": image,
        },
        dict.fromkeys(("AST-012", "AST-017", "AST-025", "WCS-003")),
    )


def _shown_of_fits(dataset: Dataset, service: Service, suffix: str) -> Mapping[str, tuple[str, ...]]:
    """Verdicts on the fits to a catalogue: by their shift file and, of those kept, by the headers."""
    label = f"align-{service}/shifts"
    subjects = tuple(fit_subject(name, service, suffix) for name in dataset.rootnames)
    visits = sorted({exposure.visit for exposure in dataset.exposures})
    shown = dict.fromkeys(_FIT_CRITERIA, subjects)
    shown["AST-007"] = tuple(f"{label} visit {visit}" for visit in visits)
    if service == ACCEPTED:
        files = tuple(f"{name}_{suffix}" for name in dataset.rootnames)
        shown |= dict.fromkeys(_HEADER_CRITERIA, (*subjects, *files))
    return shown
