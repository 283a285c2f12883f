"""Stages that draw the figures of the SBC's dark rate.

The first needs no combined image and draws early; the second draws once for each association whose dark
is measured. Each publishes its PNG files and ``figures.json``, their list.
"""

from __future__ import annotations

from pathlib import Path

from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["DarkFigureSettings", "RateFigureSettings", "draw_dark", "draw_rates"]

# matplotlib and what draws with it is imported by the stage's process; the planning process needs none of it.


class RateFigureSettings(Settings):
    """Settings of stage ``rate-figures``.

    Attributes
    ----------
    rows, columns : tuple of int
        The box in which dark rates are compared, first and one past the last, counted from 0.
    verdicts : Verdicts
        On temperatures, dark rates and matches.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    verdicts: Verdicts = Verdicts()


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
    verdicts : Verdicts
        On the dark fraction, the blank aperture and the hot pixels.
    """

    association: str
    science_root: str
    dark_root: str
    rows: tuple[int, int]
    columns: tuple[int, int]
    verdicts: Verdicts = Verdicts()


@stage("rate-figures", tools=("matplotlib",), background=True)
def draw_rates(inputs: Inputs, output: Path, settings: RateFigureSettings) -> None:
    """Draw temperatures over time, dark rates over temperature, and matched frames on the detector.

    Reads products ``exposures``, ``darks``, ``temperatures`` and ``matches``.
    """
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.sbc_detector import detector_figures
    from hubble_qa.reports.figures.sbc_frames import read_frames
    from hubble_qa.reports.figures.sbc_rates import rate_figures

    frames, limit = read_frames(inputs)
    detector = detector_figures(
        inputs, frames, rows=settings.rows, columns=settings.columns, verdicts=settings.verdicts
    )
    publish([*rate_figures(frames, limit, settings.verdicts), *detector], output)


@stage("dark-figures", tools=("matplotlib",), background=True)
def draw_dark(inputs: Inputs, output: Path, settings: DarkFigureSettings) -> None:
    """Draw science and dark, and the dark's part of the light.

    Reads products ``exposures`` (for the place of the box), ``science``, ``dark`` and ``photometry``.
    """
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.sbc_images import dark_figures

    figures = dark_figures(
        inputs,
        settings.association,
        science_root=settings.science_root,
        dark_root=settings.dark_root,
        rows=settings.rows,
        columns=settings.columns,
        verdicts=settings.verdicts,
    )
    publish(figures, output)
