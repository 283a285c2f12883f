"""Stages that draw the figures of the SBC's dark rate.

The first needs no combined image and draws early; the second draws once for each association whose dark
is measured. Each publishes its PNG files and ``figures.json``, their list.
"""

from __future__ import annotations

from pathlib import Path

from hubble_qa.checks.criteria import Bounds
from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage

__all__ = ["DarkFigureSettings", "RateFigureSettings", "draw_dark", "draw_rates"]

# matplotlib and what draws with it is imported by the stage's process; the planning process needs none of it.


class RateFigureSettings(Settings):
    """Settings of stage ``rate-figures``."""


class DarkFigureSettings(Settings):
    """Settings of stage ``dark-figures``.

    Attributes
    ----------
    association : str
        The association.
    science_root, dark_root : str
        Roots of the drizzled images.
    rows, columns : tuple of int
        The box in which dark rates are compared, first and one past the last, counted from 0.
    fraction : Bounds
        Accepted dark fraction of the target.
    """

    association: str
    science_root: str
    dark_root: str
    rows: tuple[int, int]
    columns: tuple[int, int]
    fraction: Bounds


@stage("rate-figures", tools=("matplotlib",), background=True)
def draw_rates(inputs: Inputs, output: Path, settings: RateFigureSettings) -> None:
    """Draw temperatures over time and dark rates over temperature: products ``temperatures``, ``matches``."""
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.sbc_rates import rate_figures

    publish(rate_figures(inputs), output)


@stage("dark-figures", tools=("matplotlib",), background=True)
def draw_dark(inputs: Inputs, output: Path, settings: DarkFigureSettings) -> None:
    """Draw science and dark, and the dark's part of the light.

    Reads products ``exposures`` (for the place of the box), ``science``, ``dark`` and ``photometry``.
    """
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.sbc_images import dark_figures

    publish(dark_figures(inputs, settings), output)
