"""Stage that draws the background of infrared exposures: read by read, before and after calibration anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from hubble_qa.checks.criteria import Bounds
from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage

__all__ = ["BackgroundFigureSettings", "draw_background"]


class BackgroundFigureSettings(Settings):
    """Settings of stage ``background-figures``.

    Attributes
    ----------
    exposures : tuple of str
        Rootnames.
    root : str
        Rootname of the association, which is the root of the combined image too.
    ratio : mapping of str to Bounds
        Accepted ratio of the largest to the smallest background rate, by exposure.
    """

    exposures: tuple[str, ...]
    root: str
    ratio: Mapping[str, Bounds] = Field(default_factory=dict)


@stage("background-figures", tools=("matplotlib",), background=True)
def draw_background(inputs: Inputs, output: Path, settings: BackgroundFigureSettings) -> None:
    """Draw rates of reads, histograms and images.

    Reads products ``fetched``, ``reads``, ``calibrated`` and ``drizzled``.
    """
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.ir_histograms import combined_figures, histogram_figures
    from hubble_qa.reports.figures.ir_reads import read_figures

    illustrations = [
        *read_figures(inputs, settings.exposures, settings.ratio),
        *histogram_figures(inputs, settings.exposures),
        *combined_figures(inputs, settings.root),
    ]
    publish(illustrations, output)
