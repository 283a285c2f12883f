"""Figures of finished exposures: ratios of chips, infrared backgrounds, widths of stars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hubble_qa.fixtures.finished.files import FinishedFile, Kind
from hubble_qa.fixtures.finished.judged import COUNTS
from hubble_qa.fixtures.plans.stage import Stage
from hubble_qa.reports.drawings.drawing import Drawing
from hubble_qa.reports.drawings.series import Handed, Series, stamps
from hubble_qa.reports.figures.handed_in_exposures import (
    draw_chip_ratios_handed_in,
    draw_histograms_handed_in,
    draw_masks_handed_in,
    draw_reads_handed_in,
    draw_widths_handed_in,
)

__all__ = ["EXPOSURES"]


def _files(handed: Handed, axis: str) -> list[FinishedFile]:
    return [file for file in handed.judged.axes[axis] if isinstance(file, FinishedFile)]


def _with_counts(handed: Handed) -> Sequence[FinishedFile]:
    """WFPC2 FLTs whose C0M is there."""
    flts = [file for file in _files(handed, "normalised") if file.suffix != COUNTS]
    return [file for file in flts if handed.judged.sibling(file, COUNTS) is not None]


def _draw_ratios(handed: Handed, files: Sequence[FinishedFile], number: int) -> Iterator[Drawing]:
    for flt in files:
        c0m = handed.judged.sibling(flt, COUNTS)
        if c0m is None:
            continue
        chips = {file.label: tuple(f"{file.label} SCI,{chip}" for chip in file.chips) for file in (flt, c0m)}
        yield Drawing(
            f"ratio-figures-{number}",
            draw_chip_ratios_handed_in,
            handed.upstream(flt.path, c0m.path),
            {
                "flt": handed.below(flt.path),
                "c0m": handed.below(c0m.path),
                "labels": (flt.label, c0m.label),
                "number": number,
                "stamps": stamps([flt.path, c0m.path]),
            },
            {
                "PHT-001": (flt.label, c0m.label),
                "PHT-002": chips[c0m.label],
                "PHT-003": chips[flt.label],
            },
            handed.locations,
        )


def _together(
    handed: Handed,
    name: str,
    stage: Stage[Any],
    files: Sequence[FinishedFile],
    shows: Mapping[str, tuple[str, ...]],
    *,
    number: int,
    companions: Mapping[str, FinishedFile] | None = None,
    images: tuple[str, ...] = (),
    of_values: bool = False,
) -> Drawing:
    """A drawing of several exposures in one figure."""
    beside = companions or {}
    return Drawing(
        f"{name}-{number}",
        stage,
        handed.upstream(*(file.path for file in (*files, *beside.values()))),
        {
            "exposures": handed.paths(files),
            "companions": {label: handed.below(file.path) for label, file in beside.items()},
            "images": images,
            "number": number,
            "stamps": stamps(file.path for file in (*files, *beside.values())),
        },
        shows,
        handed.locations,
        of_values,
    )


def _labels(files: Sequence[FinishedFile]) -> tuple[str, ...]:
    return tuple(file.label for file in files)


def _reads(handed: Handed) -> Sequence[FinishedFile]:
    return _files(handed, "reads_file")


def _draw_reads(handed: Handed, files: Sequence[FinishedFile], number: int) -> Iterator[Drawing]:
    shows = {"TVB-001": _labels(files)}
    yield _together(handed, "read-figures", draw_reads_handed_in, files, shows, number=number)


def _infrared(handed: Handed) -> Sequence[FinishedFile]:
    return _files(handed, "infrared")


def _draw_histograms(handed: Handed, files: Sequence[FinishedFile], number: int) -> Iterator[Drawing]:
    yield _together(
        handed,
        "histogram-figures",
        draw_histograms_handed_in,
        files,
        dict.fromkeys(("TVB-002", "TVB-003", "TVB-006"), _labels(files)),
        number=number,
        companions=handed.companions(files, "ima"),
    )


def _masked(handed: Handed) -> Sequence[FinishedFile]:
    """Exposures that may be masked: of a reduction, those that its dataset has masked."""
    files = _files(handed, "observation")
    return files if handed.directory is not None else [file for file in files if file.path.parts[0] == "mask"]


def _draw_masks(handed: Handed, files: Sequence[FinishedFile], number: int) -> Iterator[Drawing]:
    yield _together(
        handed,
        "mask-figures",
        draw_masks_handed_in,
        files,
        dict.fromkeys(("CAL-014", "CAL-016"), _labels(files)),
        number=number,
        companions=handed.companions([file for file in files if file.suffix == COUNTS], "c1m"),
        of_values=True,
    )


def _with_stars(handed: Handed) -> Sequence[FinishedFile]:
    """Exposures and, after them, drizzled images."""
    return [*_files(handed, "located"), *handed.judged.of(Kind.IMAGE)]


def _draw_widths(handed: Handed, files: Sequence[FinishedFile], number: int) -> Iterator[Drawing]:
    exposures = [file for file in files if file.kind is not Kind.IMAGE]
    images = _labels([file for file in files if file.kind is Kind.IMAGE])
    counts = [file for file in exposures if file.suffix == COUNTS]
    yield _together(
        handed,
        "width-figures",
        draw_widths_handed_in,
        exposures,
        {"CAL-010": _labels(exposures), "AST-015": images},
        number=number,
        companions=handed.companions(counts, "c1m"),
        images=images,
    )


EXPOSURES = (
    Series("FLTs beside their C0Ms", _with_counts, _draw_ratios),
    Series("files of reads", _reads, _draw_reads, together=6),
    Series("histograms of infrared backgrounds", _infrared, _draw_histograms, together=4),
    Series("exposures with what is masked", _masked, _draw_masks, together=8),
    Series("files in the widths of stars", _with_stars, _draw_widths, together=20),
)
