"""Stages that draw the figures and make the tables of exposures that were aligned to catalogues.

Each draws as soon as its products are there. Each publishes its images, their points or the rows of its
tables, and ``figures.json``, their list.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["ExposureOffsetSettings", "SolutionTableSettings", "draw_exposure_offsets", "tabulate_solutions"]


# matplotlib and what draws with it is imported by the stage's process; the planning process needs none of it.


class SolutionTableSettings(Settings):
    """Settings of stage ``solution-tables``.

    Attributes
    ----------
    exposures : tuple of str
        Rootnames.
    suffix : str
        Suffix of their files.
    catalogs : mapping of str to str
        WCSNAME of the solutions of each catalogue's fits, where they are kept; the preferred one first.
    labels : mapping of str to str
        What verdicts call the shift file of each catalogue.
    verdicts : Verdicts
        On the fits, the archive's solutions and the catalogues' epochs.
    """

    exposures: tuple[str, ...]
    suffix: str
    catalogs: Mapping[str, str]
    labels: Mapping[str, str]
    verdicts: Verdicts = Verdicts()


class ExposureOffsetSettings(Settings):
    """Settings of stage ``exposure-offsets``.

    Attributes
    ----------
    exposures : tuple of str
        Rootnames.
    suffix : str
        Suffix of their files.
    combined : tuple of str
        Rootnames of those that were combined.
    verdicts : Verdicts
        On positions by two exposures, by rootname.
    """

    exposures: tuple[str, ...]
    suffix: str
    combined: tuple[str, ...]
    verdicts: Verdicts = Verdicts()


@stage("solution-tables", background=True)
def tabulate_solutions(inputs: Inputs, output: Path, settings: SolutionTableSettings) -> None:
    """Tabulate the solutions of each exposure, which is kept and why, and what proper motions amount to.

    Reads products ``exposures`` (as the archive served them), ``accepted`` and, for each catalogue,
    ``catalog-<catalog>`` and ``fit-<catalog>``.
    """
    from hubble_qa.reports.figures.catalog_epochs import epoch_table
    from hubble_qa.reports.figures.catalog_solutions import fits_to_catalogs, solution_table
    from hubble_qa.reports.figures.illustration import publish

    names, suffix, verdicts = settings.exposures, settings.suffix, settings.verdicts
    fits = fits_to_catalogs(inputs, settings.labels)
    solutions = solution_table(
        inputs, names, suffix=suffix, wcsnames=settings.catalogs, fits=fits, verdicts=verdicts
    )
    publish([solutions, epoch_table(inputs, names, suffix=suffix, fits=fits, verdicts=verdicts)], output)


@stage("exposure-offsets", tools=("matplotlib",), background=True)
def draw_exposure_offsets(inputs: Inputs, output: Path, settings: ExposureOffsetSettings) -> None:
    """Draw the sources of each exposure by another's coordinates: product ``exposures``."""
    from hubble_qa.checks.evidence.exposures import exposure_in
    from hubble_qa.checks.images.observations import why_not_taken
    from hubble_qa.reports.figures.exposure_offsets import exposure_offset_figures
    from hubble_qa.reports.figures.illustration import publish

    directory = inputs.products["exposures"]
    paths = {name: directory / f"{name}_{settings.suffix}.fits" for name in settings.exposures}
    taken = {name: path for name, path in paths.items() if not why_not_taken(exposure_in(path).primary)}
    publish(exposure_offset_figures(taken, settings.combined, settings.verdicts), output)
