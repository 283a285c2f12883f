"""Stages that draw the figures and make the tables of catalogue alignment.

Each draws as soon as its products are there. Each publishes its images, their points or the rows of its
tables, and ``figures.json``, their list.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = [
    "FitFigureSettings",
    "OffsetFigureSettings",
    "SolutionTableSettings",
    "draw_fits",
    "draw_offsets",
    "tabulate_solutions",
]


# matplotlib and what draws with it is imported by the stage's process; the planning process needs none of it.


class SolutionTableSettings(Settings):
    """Settings of stage ``solution-tables``.

    Attributes
    ----------
    exposures : tuple of str
        Rootnames.
    suffix : str
        Suffix of their files.
    wcsname : str
        WCSNAME of a fit's solution, where it is kept.
    plate_scale : float
        Of the frame of the fits, arcsec per pixel.
    accepted : str
        The catalogue whose fit may replace the archive's solution.
    catalogs : tuple of str
        All catalogues.
    verdicts : Verdicts
        On the fits, the archive's solutions and the catalogues' epochs.
    """

    exposures: tuple[str, ...]
    suffix: str
    wcsname: str
    plate_scale: float = Field(gt=0)
    accepted: str
    catalogs: tuple[str, ...]
    verdicts: Verdicts = Verdicts()


class FitFigureSettings(Settings):
    """Settings of stage ``fit-figures``.

    Attributes
    ----------
    exposures : tuple of str
        Rootnames.
    suffix : str
        Suffix of their files.
    catalog : str
        Which catalogue.
    verdicts : Verdicts
        On the fits.
    """

    exposures: tuple[str, ...]
    suffix: str
    catalog: str
    verdicts: Verdicts = Verdicts()


class OffsetFigureSettings(Settings):
    """Settings of stage ``offset-figures``.

    Attributes
    ----------
    exposures : tuple of str
        Rootnames of those that were combined.
    suffix : str
        Suffix of their files.
    catalog : str
        The catalogue that the image is on.
    singly : tuple of str
        Rootnames of all exposures, combined or not.
    image : str
        What verdicts call the combined image.
    verdicts : Verdicts
        On offsets from the catalogue, of the combined image and by rootname, and between exposures.
    """

    exposures: tuple[str, ...] = Field(min_length=1)
    suffix: str
    catalog: str
    singly: tuple[str, ...]
    image: str
    verdicts: Verdicts = Verdicts()


@stage("solution-tables", background=True)
def tabulate_solutions(inputs: Inputs, output: Path, settings: SolutionTableSettings) -> None:
    """Tabulate the solutions of each exposure, which is kept and why, and what proper motions amount to.

    Reads products ``exposures`` (as the archive served them), ``accepted`` and, for each catalogue,
    ``catalog-<catalog>`` and ``fit-<catalog>``.
    """
    from hubble_qa.reports.figures.catalog_epochs import epoch_table
    from hubble_qa.reports.figures.catalog_solutions import solution_table
    from hubble_qa.reports.figures.illustration import publish

    names, suffix, catalogs = settings.exposures, settings.suffix, settings.catalogs
    solutions = solution_table(
        inputs,
        names,
        suffix=suffix,
        wcsname=settings.wcsname,
        plate_scale=settings.plate_scale,
        accepted=settings.accepted,
        catalogs=catalogs,
        verdicts=settings.verdicts,
    )
    publish(
        [solutions, epoch_table(inputs, names, suffix=suffix, catalogs=catalogs, verdicts=settings.verdicts)],
        output,
    )


@stage("fit-figures", tools=("matplotlib",), background=True)
def draw_fits(inputs: Inputs, output: Path, settings: FitFigureSettings) -> None:
    """Draw residuals and matched sources: products ``exposures`` and ``fit``, of one catalogue."""
    from hubble_qa.reports.figures.catalog_fits import fit_figures
    from hubble_qa.reports.figures.illustration import publish

    figures = fit_figures(
        inputs,
        settings.exposures,
        suffix=settings.suffix,
        catalog=settings.catalog,
        verdicts=settings.verdicts,
    )
    publish(figures, output)


@stage("offset-figures", tools=("matplotlib",), background=True)
def draw_offsets(inputs: Inputs, output: Path, settings: OffsetFigureSettings) -> None:
    """Draw offsets of sources found afresh.

    Reads products ``exposures`` (as the archive served them), ``accepted``, ``catalog``, ``detected`` and
    ``detected-singly``.
    """
    from hubble_qa.reports.figures.catalog_offsets import offset_figures
    from hubble_qa.reports.figures.illustration import publish

    figures = offset_figures(
        inputs,
        settings.exposures,
        suffix=settings.suffix,
        catalog=settings.catalog,
        singly=settings.singly,
        image=settings.image,
        verdicts=settings.verdicts,
    )
    publish(figures, output)
