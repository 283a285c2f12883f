"""Stages that draw the background of infrared exposures: reads, images, histograms, before and after."""

from __future__ import annotations

from pathlib import Path

from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = [
    "BackgroundFigureSettings",
    "CombinationFigureSettings",
    "draw_background_histograms",
    "draw_background_images",
    "draw_combination",
    "draw_reads",
]


class BackgroundFigureSettings(Settings):
    """Settings of stages ``read-figures``, ``background-images`` and ``background-histograms``.

    Attributes
    ----------
    exposures : tuple of str
        Rootnames.
    verdicts : Verdicts
        On rates of reads, levels and shapes of backgrounds.
    """

    exposures: tuple[str, ...]
    verdicts: Verdicts = Verdicts()


class CombinationFigureSettings(Settings):
    """Settings of stage ``combination-figures``.

    Attributes
    ----------
    association : str
        Rootname of the association.
    root : str
        Root of the combined image.
    verdicts : Verdicts
        On the combined image.
    """

    association: str
    root: str
    verdicts: Verdicts = Verdicts()


@stage("read-figures", tools=("matplotlib",), background=True)
def draw_reads(inputs: Inputs, output: Path, settings: BackgroundFigureSettings) -> None:
    """Draw rates of reads: product ``fetched``."""
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.ir_reads import read_figures

    publish(list(read_figures(inputs, settings.exposures, settings.verdicts)), output)


@stage("background-images", tools=("matplotlib",), background=True)
def draw_background_images(inputs: Inputs, output: Path, settings: BackgroundFigureSettings) -> None:
    """Draw images and sections: products ``fetched`` and ``calibrated``."""
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.ir_images import image_figures

    publish(list(image_figures(inputs, settings.exposures, settings.verdicts)), output)


@stage("background-histograms", tools=("matplotlib",), background=True)
def draw_background_histograms(inputs: Inputs, output: Path, settings: BackgroundFigureSettings) -> None:
    """Draw histograms of exposures: products ``fetched`` and ``calibrated``."""
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.ir_histograms import histogram_figures

    publish(list(histogram_figures(inputs, settings.exposures, settings.verdicts)), output)


@stage("combination-figures", tools=("matplotlib",), background=True)
def draw_combination(inputs: Inputs, output: Path, settings: CombinationFigureSettings) -> None:
    """Draw combined images: product ``archived``, as the archive served it, and ``drizzled``."""
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.ir_histograms import combined_figures

    publish(list(combined_figures(inputs, settings.association, settings.root, settings.verdicts)), output)
