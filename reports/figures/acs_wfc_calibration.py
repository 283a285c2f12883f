"""Stage that draws the figures of an ACS/WFC calibration: raw and calibrated pixels, and their columns."""

from __future__ import annotations

from pathlib import Path

from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["CalibrationFigureSettings", "draw_calibration"]


class CalibrationFigureSettings(Settings):
    """Settings of stage ``calibration-figures``.

    Attributes
    ----------
    exposures : tuple of str
        Rootnames.
    suffix : str
        Suffix of the calibrated files.
    verdicts : Verdicts
        On the scatter of columns (CAL-004) and on the level (CAL-006), by chip.
    """

    exposures: tuple[str, ...]
    suffix: str
    verdicts: Verdicts = Verdicts()


@stage("calibration-figures", tools=("matplotlib",), background=True)
def draw_calibration(inputs: Inputs, output: Path, settings: CalibrationFigureSettings) -> None:
    """Draw each exposure raw and calibrated: products ``raw`` and ``calibrated``."""
    from hubble_qa.reports.figures.acs_wfc_columns import calibration_figures
    from hubble_qa.reports.figures.illustration import publish

    publish(calibration_figures(inputs, settings.exposures, settings.suffix, settings.verdicts), output)
