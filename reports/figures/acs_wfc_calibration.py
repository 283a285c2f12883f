"""Stage that draws the figures of an ACS/WFC calibration: raw and calibrated pixels, and their columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from hubble_qa.checks.criteria import Bounds
from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage

__all__ = ["CalibrationFigureSettings", "draw_calibration"]


class CalibrationFigureSettings(Settings):
    """Settings of stage ``calibration-figures``.

    Attributes
    ----------
    exposures : tuple of str
        Rootnames.
    suffix : str
        Suffix of the calibrated files.
    scatter : mapping of str to Bounds
        Accepted scatter of columns, by exposure.
    """

    exposures: tuple[str, ...]
    suffix: str
    scatter: Mapping[str, Bounds] = Field(default_factory=dict)


@stage("calibration-figures", tools=("matplotlib",), background=True)
def draw_calibration(inputs: Inputs, output: Path, settings: CalibrationFigureSettings) -> None:
    """Draw each exposure raw and calibrated: products ``raw`` and ``calibrated``."""
    from hubble_qa.reports.figures.acs_wfc_columns import calibration_figures
    from hubble_qa.reports.figures.illustration import publish

    publish(calibration_figures(inputs, settings.exposures, settings.suffix, settings.scatter), output)
