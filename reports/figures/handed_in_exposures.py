"""Stages that draw what finished exposures hold: ratios of chips, backgrounds, widths of stars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hubble_qa.checks.verdict import Status
from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage
from hubble_qa.reports.figures.drawn_files import DrawnFiles
from hubble_qa.reports.figures.verdicts import Verdicts

if TYPE_CHECKING:
    from hubble_qa.reports.figures.illustration import Illustration
    from hubble_qa.reports.figures.star_widths import WidthRow

__all__ = [
    "ChipRatioSettings",
    "ExposureSettings",
    "draw_chip_ratios_handed_in",
    "draw_histograms_handed_in",
    "draw_masks_handed_in",
    "draw_reads_handed_in",
    "draw_widths_handed_in",
]


class ChipRatioSettings(Settings):
    """Settings of stage ``handed-in-chip-ratios``.

    Attributes
    ----------
    flt, c0m : str
        Paths of an FLT and its C0M below the products' directory.
    labels : (str, str)
        What verdicts call them.
    number : int
        Distinguishes the figure's file from others.
    stamps : tuple of str
        Size and time of each file.
    verdicts : Verdicts
        On them.
    """

    flt: str
    c0m: str
    labels: tuple[str, str]
    number: int
    stamps: tuple[str, ...]
    verdicts: Verdicts = Verdicts()


class ExposureSettings(Settings):
    """Settings of the stages that draw several exposures in one figure.

    Attributes
    ----------
    exposures : mapping of str to str
        Their paths below the products' directory, by what verdicts call them.
    companions : mapping of str to str
        Paths of what belongs to them: the IMA of an FLT, the C1M of a C0M.
    images : tuple of str
        Drizzled images whose verdicts are shown with theirs.
    number : int
        Distinguishes the figure's file from others.
    stamps : tuple of str
        Size and time of each file.
    verdicts : Verdicts
        On them.
    """

    exposures: Mapping[str, str]
    companions: Mapping[str, str] = {}
    images: tuple[str, ...] = ()
    number: int
    stamps: tuple[str, ...]
    verdicts: Verdicts = Verdicts()


@stage("handed-in-chip-ratios", tools=("matplotlib",), background=True)
def draw_chip_ratios_handed_in(inputs: Inputs, output: Path, settings: ChipRatioSettings) -> None:
    """Draw the ratio of a WFPC2 FLT to its C0M."""
    from hubble_qa.checks.evidence.chip_ratios import chip_in_both
    from hubble_qa.checks.evidence.exposures import exposure_in
    from hubble_qa.reports.figures.chip_ratios import chip_ratio_figure
    from hubble_qa.reports.figures.drawable import readable
    from hubble_qa.reports.figures.footprints import chip_name
    from hubble_qa.reports.figures.illustration import publish

    place = DrawnFiles(inputs)
    flt, c0m = place / settings.flt, place / settings.c0m

    def figure(_: str) -> Illustration:
        exposure = exposure_in(flt)
        return chip_ratio_figure(
            {number: chip_in_both(flt, c0m, number) for number in exposure.chips},
            {
                number: chip_name(exposure.primary, exposure.header("SCI", number))
                for number in exposure.chips
            },
            settings.labels,
            settings.verdicts,
            ending=f"-{settings.number}",
        )

    publish(readable([settings.labels[0]], figure).values(), output)


@stage("handed-in-reads", tools=("matplotlib",), background=True)
def draw_reads_handed_in(inputs: Inputs, output: Path, settings: ExposureSettings) -> None:
    """Draw the background of IMAs, read by read."""
    from hubble_qa.checks.evidence.backgrounds import rates_of_reads
    from hubble_qa.reports.figures.drawable import readable
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.ir_reads import read_figure

    place, verdicts = DrawnFiles(inputs), settings.verdicts
    files = {name: place / settings.exposures[name] for name in _asked(settings, ("TVB-001",))}
    readings = readable(files, lambda name: rates_of_reads(files[name]))
    drawn = {name: files[name] for name, each in readings.items() if each.rate}
    publish(
        [read_figure(drawn, {name: name for name in drawn}, verdicts, name=f"read-rates-{settings.number}")]
        if drawn
        else [],
        output,
    )


@stage("handed-in-histograms", tools=("matplotlib",), background=True)
def draw_histograms_handed_in(inputs: Inputs, output: Path, settings: ExposureSettings) -> None:
    """Draw histograms of the background of infrared FLTs, with the rate that the reads tell."""
    from hubble_qa.checks.evidence.backgrounds import Background, rate_under
    from hubble_qa.checks.evidence.exposures import exposure_in
    from hubble_qa.reports.figures.drawable import readable
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.ir_histograms import histogram_figure

    place = DrawnFiles(inputs)
    files = {
        name: place / settings.exposures[name] for name in _asked(settings, ("TVB-002", "TVB-006", "TVB-003"))
    }
    reads = {name: place / path for name, path in settings.companions.items() if name in files}
    pixels = readable(files, lambda name: (Background.of(exposure_in(files[name])).pixels,))
    shown = {name: each for name, each in pixels.items() if each[0].size}
    known = [name for name in reads if name in shown]
    rates = readable(known, lambda name: rate_under(exposure_in(files[name]), exposure_in(reads[name])))
    subjects = {name: name for name in shown}
    ending = f"-{settings.number}"
    figures = [histogram_figure(shown, rates, subjects, settings.verdicts, ending=ending)] if shown else []
    publish(figures, output)


@stage("handed-in-widths", tools=("matplotlib",), background=True)
def draw_widths_handed_in(inputs: Inputs, output: Path, settings: ExposureSettings) -> None:
    """Draw widths of the stars of exposures, and what was judged of them on drizzled images."""
    import numpy as np

    from hubble_qa.checks.evidence.star_widths import widths_in
    from hubble_qa.reports.figures.drawable import readable
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.star_widths import WidthRow, width_figure

    place, verdicts = DrawnFiles(inputs), settings.verdicts
    companions = {name: place / path for name, path in settings.companions.items()}

    def row(name: str) -> WidthRow:
        widths = widths_in(place / settings.exposures[name], companions.get(name))
        return WidthRow(name, widths.longer, verdicts.get("CAL-010", name))

    exposures = [*readable(_asked(settings, ("CAL-010",)), row).values()]
    judged = {name: verdicts.get("AST-015", name) for name in settings.images}
    images = [
        WidthRow(name, np.empty(0), shown)
        for name, shown in judged.items()
        if shown is not None and shown.value is not None
    ]
    rows = [each for each in exposures if len(each.widths) or each.judged is not None]
    figures = [width_figure(rows, images, verdicts, ending=f"-{settings.number}")] if rows or images else []
    publish(figures, output)


@stage("handed-in-masks", tools=("matplotlib",), background=True)
def draw_masks_handed_in(inputs: Inputs, output: Path, settings: ExposureSettings) -> None:
    """Draw exposures with the outlines of what is masked of them; those without masks are left out."""
    from hubble_qa.reports.figures.drawable import readable
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.masks import mask_figure

    place, verdicts = DrawnFiles(inputs), settings.verdicts
    companions = {name: place / path for name, path in settings.companions.items()}

    def figure(name: str) -> Illustration:
        return mask_figure(place / settings.exposures[name], companions.get(name), name, verdicts)

    def judged(name: str) -> bool:
        found = [verdicts.get(criterion, name) for criterion in ("CAL-014", "CAL-016")]
        return any(each is not None and each.status != Status.NOT_APPLICABLE for each in found)

    drawn = filter(judged, settings.exposures)
    publish(readable(drawn, figure).values(), output)


def _asked(settings: ExposureSettings, criteria: Iterable[str]) -> list[str]:
    """Exposures of which one of some criteria asks something."""
    criteria = tuple(criteria)

    def asked(name: str) -> bool:
        judged = [settings.verdicts.get(criterion, name) for criterion in criteria]
        return any(each is None or each.status != Status.NOT_APPLICABLE for each in judged)

    return [name for name in settings.exposures if asked(name)]
