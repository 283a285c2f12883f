"""Stages that draw the figures of WFPC2 chip normalisation.

There are three, so that each draws as soon as its products are there, and few are left to draw when the
last stage has ended. Each publishes its PNG files and ``figures.json``, their list.
"""

from __future__ import annotations

from pathlib import Path

from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = [
    "DrizzleFigureSettings",
    "RatioFigureSettings",
    "StarFigureSettings",
    "draw_drizzled",
    "draw_ratios",
    "draw_stars",
]


# matplotlib and what draws with it is imported by the stage's process; the planning process needs none of it.


class DrizzleFigureSettings(Settings):
    """Settings of stage ``drizzle-figures``.

    Attributes
    ----------
    exposures : tuple of str
        Rootnames.
    verdicts : Verdicts
        On single exposures' weights.
    """

    exposures: tuple[str, ...]
    verdicts: Verdicts = Verdicts()


class RatioFigureSettings(Settings):
    """Settings of stage ``ratio-figures``.

    Attributes
    ----------
    flt, c0m : str
        Roots of the combined drizzled images.
    exposures : tuple of str
        Rootnames.
    verdicts : Verdicts
        On the zeropoints.
    """

    flt: str
    c0m: str
    exposures: tuple[str, ...]
    verdicts: Verdicts = Verdicts()


class StarFigureSettings(Settings):
    """Settings of stage ``star-figures``.

    Attributes
    ----------
    flt, c0m : str
        Roots of the combined drizzled images.
    verdicts : Verdicts
        On stars, by ``"star1"``, and on chips, by ``"WF3"``.
    """

    flt: str
    c0m: str
    verdicts: Verdicts = Verdicts()


@stage("drizzle-figures", tools=("matplotlib",), background=True)
def draw_drizzled(inputs: Inputs, output: Path, settings: DrizzleFigureSettings) -> None:
    """Draw single FLT images and weights: products ``exposures`` and ``drizzle-flt``."""
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.wfpc2_drizzled import drizzle_figures

    publish(drizzle_figures(inputs, settings.exposures, settings.verdicts), output)


@stage("ratio-figures", tools=("matplotlib",), background=True)
def draw_ratios(inputs: Inputs, output: Path, settings: RatioFigureSettings) -> None:
    """Draw FLT/C0M ratios.

    Reads products ``exposures`` and ``c0m`` for footprints and PHOTFLAM, ``drizzle-flt`` and
    ``drizzle-c0m``.
    """
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.wfpc2_ratio import ratio_figures

    figures = ratio_figures(
        inputs, settings.exposures, flt=settings.flt, c0m=settings.c0m, verdicts=settings.verdicts
    )
    publish(figures, output)


@stage("star-figures", tools=("matplotlib",), background=True)
def draw_stars(inputs: Inputs, output: Path, settings: StarFigureSettings) -> None:
    """Draw the stars and what was measured of them.

    Reads products ``exposures``, ``drizzle-flt``, ``drizzle-c0m`` and ``photometry``.
    """
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.wfpc2_stars import star_figures

    figures = star_figures(inputs, flt=settings.flt, c0m=settings.c0m, verdicts=settings.verdicts)
    publish(figures, output)
