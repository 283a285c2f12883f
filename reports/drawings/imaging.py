"""Figures of imaging: those of any products, of the files of its nodes."""

from __future__ import annotations

from collections.abc import Iterator

from hubble_qa.fixtures.finished.files import Kind
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.plans.plan import Plan
from hubble_qa.fixtures.reduction.alignment.fit_decision import ARCHIVE_CRITERIA, FIT_CRITERIA
from hubble_qa.fixtures.stages.match_darks import MatchTable
from hubble_qa.fixtures.workflows.imaging import WORKFLOW, Reduction, fitted_wcsname, offered_node
from hubble_qa.fixtures.workflows.imaging_backgrounds import diagnosed_associations, has_diagnosis
from hubble_qa.fixtures.workflows.imaging_cameras import camera_of
from hubble_qa.fixtures.workflows.imaging_counts import counts_image, counts_node
from hubble_qa.fixtures.workflows.imaging_darks import dark_root
from hubble_qa.fixtures.workflows.imaging_drizzle import combined_filters
from hubble_qa.fixtures.workflows.imaging_settings import DARKS, catalog_root
from hubble_qa.reports.drawings.drawing import Drawing
from hubble_qa.reports.drawings.finished_products import SERIES
from hubble_qa.reports.drawings.series import Handed
from hubble_qa.reports.figures.acs_wfc_calibration import draw_calibration
from hubble_qa.reports.figures.catalog_alignment import draw_exposure_offsets, tabulate_solutions
from hubble_qa.reports.figures.ir_background import (
    draw_background_histograms,
    draw_background_images,
    draw_combination,
    draw_reads,
)
from hubble_qa.reports.figures.sbc_dark_rate import draw_dark, draw_rates
from hubble_qa.reports.figures.wfpc2_chip_normalization import draw_drizzled, draw_ratios, draw_stars

__all__ = ["drawings", "omissions"]


def drawings(dataset: Dataset, reduction: Reduction, plan: Plan) -> Iterator[Drawing]:
    """The figures of a dataset."""
    handed = _handed(dataset, reduction, plan)
    if reduction.align.catalogs:
        yield from _of_catalogs(dataset, reduction, plan, handed)
    if camera_of(dataset).name == "ACS/WFC" and reduction.raw:
        yield Drawing(
            "calibration-figures",
            draw_calibration,
            {"raw": plan["fetch"], "calibrated": plan["calibrate"]},
            {"exposures": dataset.rootnames, "suffix": reduction.suffix(camera_of(dataset))},
            dict.fromkeys(("CAL-004", "CAL-006")),
        )
    if has_diagnosis(dataset, reduction):
        yield from _of_backgrounds(dataset, reduction, plan)
    if reduction.photometry is not None:
        yield from _of_chips(dataset, reduction, plan)
    if reduction.darks is not None:
        yield from _of_darks(reduction.darks, plan)
    for series in SERIES:
        yield from series.drawings(handed)


def _of_catalogs(dataset: Dataset, reduction: Reduction, plan: Plan, handed: Handed) -> Iterator[Drawing]:
    """The solutions of exposures that were aligned to catalogues, and how exposures agree by them."""
    catalogs = {catalog_root(name): fitted_wcsname(name) for name in reduction.align.catalogs}
    files = {file.path.parent.name: file.label for file in handed.judged.of(Kind.SHIFTS)}
    given = {"exposures": dataset.rootnames, "suffix": reduction.suffix(camera_of(dataset))}
    yield Drawing(
        "solution-tables",
        tabulate_solutions,
        {
            "exposures": plan[offered_node(reduction)],
            "accepted": plan["accept"],
            **{f"catalog-{name}": plan[f"catalog-{name}"] for name in catalogs},
            **{f"fit-{name}": plan[f"align-{name}"] for name in catalogs},
        },
        {**given, "catalogs": catalogs, "labels": {name: files[f"align-{name}"] for name in catalogs}},
        dict.fromkeys((*FIT_CRITERIA, *ARCHIVE_CRITERIA, "AST-016", "AST-018", "AST-019")),
    )
    exposures = handed.judged.of(Kind.EXPOSURE)
    yield Drawing(
        "exposure-offset-figures",
        draw_exposure_offsets,
        {"exposures": plan[exposures[0].path.parts[0]]},
        {**given, "combined": reduction.drizzle.exposures},
        {"WCS-003": tuple(file.root for file in exposures)},
    )


def _of_backgrounds(dataset: Dataset, reduction: Reduction, plan: Plan) -> Iterator[Drawing]:
    """The backgrounds of infrared exposures: reads, images, before and after."""
    fetched = {"fetched": plan["fetch"]}
    both, exposures = {**fetched, "calibrated": plan["calibrate"]}, {"exposures": dataset.rootnames}
    yield Drawing("read-figures", draw_reads, fetched, exposures, {"TVB-001": None})
    changes = dict.fromkeys(("TVB-001", "TVB-002"))
    yield Drawing("background-images", draw_background_images, both, exposures, changes)
    levels = dict.fromkeys(("TVB-002", "TVB-003", "TVB-006", "CAL-006"))
    yield Drawing("background-histograms", draw_background_histograms, both, exposures, levels)
    for association in diagnosed_associations(dataset, reduction)[:1]:
        root = next(iter(combined_filters(dataset, reduction)))
        images = {"archived": plan[f"fetch-{association}"], "drizzled": plan[f"drizzle-{root}"]}
        combined = {"association": association, "root": root}
        widths = dict.fromkeys(("TVB-004", "TVB-005"))
        yield Drawing("combination-figures", draw_combination, images, combined, widths)


def _of_chips(dataset: Dataset, reduction: Reduction, plan: Plan) -> Iterator[Drawing]:
    """What tells of WFPC2's chips: images of FLT and of C0M, weights of single exposures, stars on both."""
    names = dataset.rootnames
    roots = {"flt": next(iter(combined_filters(dataset, reduction))), "c0m": counts_image(dataset, reduction)}
    images = {suffix: plan[f"drizzle-{root.replace('_', '-')}"] for suffix, root in roots.items()}
    exposures = images["flt"].upstream["exposures"]
    flt = {"exposures": exposures, "drizzle-flt": images["flt"]}
    both = {**flt, "c0m": plan[counts_node(reduction)], "drizzle-c0m": images["c0m"]}
    yield Drawing("drizzle-figures", draw_drizzled, flt, {"exposures": names}, {"PHT-007": None})
    zeropoints = dict.fromkeys(("PHT-001", "PHT-002", "PHT-003"))
    yield Drawing("ratio-figures", draw_ratios, both, {"exposures": names, **roots}, zeropoints)
    yield Drawing(
        "star-figures",
        draw_stars,
        {**flt, "drizzle-c0m": images["c0m"], "photometry": plan["photometry"]},
        roots,
        dict.fromkeys(("PHT-004", "PHT-005", "PHT-006", "PHT-013")),
    )


def _of_darks(darks: MatchTable, plan: Plan) -> Iterator[Drawing]:
    """The SBC's dark: rates and temperatures, and the dark of each association's target."""
    box = {"rows": darks.box.rows, "columns": darks.box.columns}
    fetched = {"exposures": plan["fetch"], "darks": plan[f"fetch-{DARKS}"]}
    yield Drawing(
        "rate-figures",
        draw_rates,
        {**fetched, "temperatures": plan["temperatures"], "matches": plan["match-darks"]},
        box,
        dict.fromkeys(("DRK-001", "DRK-003", "DRK-005")),
    )
    for association in darks.associations:
        upstream = {
            "exposures": plan["fetch"],
            "science": plan[f"drizzle-{association}"],
            "dark": plan[f"master-dark-{association}"],
            "photometry": plan[f"photometry-{association}"],
        }
        roots = {"science_root": association, "dark_root": dark_root(association)}
        shows = {"DRK-002": (association,), "DRK-004": (association,), "DRK-006": None}
        settings = {"association": association, **roots, **box}
        yield Drawing(f"dark-figures-{association}", draw_dark, upstream, settings, shows)


def omissions(dataset: Dataset, reduction: Reduction, plan: Plan) -> Iterator[str]:
    """What is drawn in part only, ``"40 of 57 drizzled images"``."""
    handed = _handed(dataset, reduction, plan)
    yield from filter(None, (series.omission(handed) for series in SERIES))


def _handed(dataset: Dataset, reduction: Reduction, plan: Plan) -> Handed:
    catalogs = reduction.align.catalogs
    return Handed(WORKFLOW.judged(dataset, reduction), None, catalogs[0] if catalogs else "", plan)
