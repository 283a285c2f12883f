"""Stage that draws the image that exposures were combined into, whatever the camera."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import model_validator

from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["MosaicFigureSettings", "draw_mosaic"]


class MosaicFigureSettings(Settings):
    """Settings of stage ``mosaic-figures``.

    Attributes
    ----------
    root : str
        Root of the combined image's file.
    exposures : tuple of str
        Rootnames of those that were combined; none where an association names them.
    association : str
        The association whose exposures were combined, by its table among them.
    suffix : str
        Suffix of their files.
    image : str
        What verdicts call the image.
    verdicts : Verdicts
        On the image, its stars and its cosmic rays.
    """

    root: str
    exposures: tuple[str, ...] = ()
    association: str = ""
    suffix: str
    image: str
    verdicts: Verdicts = Verdicts()

    @model_validator(mode="after")
    def _of_some(self) -> Self:
        if bool(self.exposures) == bool(self.association):
            raise ValueError("the combined image is of exposures or of an association: name one of the two")
        return self


@stage("mosaic-figures", tools=("matplotlib",), background=True)
def draw_mosaic(inputs: Inputs, output: Path, settings: MosaicFigureSettings) -> None:
    """Draw the combined image and its weight: products ``exposures`` and ``drizzled``."""
    from hubble_qa.reports.figures.combined_mosaic import mosaic_figures
    from hubble_qa.reports.figures.illustration import publish

    figures = mosaic_figures(
        inputs,
        settings.exposures,
        association=settings.association,
        suffix=settings.suffix,
        root=settings.root,
        image=settings.image,
        verdicts=settings.verdicts,
    )
    publish(figures, output)
