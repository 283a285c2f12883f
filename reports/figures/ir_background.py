"""Stage that draws the background of infrared exposures: reads, images, before and after."""

from __future__ import annotations

from pathlib import Path

from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["BackgroundFigureSettings", "draw_background"]


class BackgroundFigureSettings(Settings):
    """Settings of stage ``background-figures``.

    Attributes
    ----------
    exposures : tuple of str
        Rootnames.
    association : str
        Rootname of the association; empty where none was combined.
    root : str
        Root of the combined image.
    verdicts : Verdicts
        On rates of reads, levels and shapes of backgrounds, and the combined image.
    """

    exposures: tuple[str, ...]
    association: str
    root: str
    verdicts: Verdicts = Verdicts()


@stage("background-figures", tools=("matplotlib",), background=True)
def draw_background(inputs: Inputs, output: Path, settings: BackgroundFigureSettings) -> None:
    """Draw rates of reads, histograms and images: products ``fetched`` and ``calibrated``.

    Where an association was combined also ``archived``, its image as the archive served it, and
    ``drizzled``.
    """
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.ir_histograms import combined_figures, histogram_figures
    from hubble_qa.reports.figures.ir_images import image_figures
    from hubble_qa.reports.figures.ir_reads import read_figures

    illustrations = [
        *read_figures(inputs, settings.exposures, settings.verdicts),
        *image_figures(inputs, settings.exposures, settings.verdicts),
        *histogram_figures(inputs, settings.exposures, settings.verdicts),
    ]
    if settings.association:
        illustrations += combined_figures(inputs, settings.association, settings.root, settings.verdicts)
    publish(illustrations, output)
