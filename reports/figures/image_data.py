"""What an image holds besides its picture: panels whose stretch the page changes."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["MOST_LEVELS", "MOST_PANELS", "FigureModel", "ImageLimits", "ImagePanel", "ImageSet", "Stretch"]

MOST_LEVELS = 256
"""Levels of a panel's picture."""

MOST_PANELS = 12
"""Images of one figure."""

Stretch = Literal["linear", "asinh", "log"]


class FigureModel(BaseModel):
    """What stages write of their figures: nothing but what is declared, and only finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ImageLimits(FigureModel):
    """Two values between which an image is drawn, and what they are called."""

    name: str
    low: float
    high: float

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"limits {self.name!r} have no range")
        return self


class ImagePanel(FigureModel):
    """An image as a picture of levels, each of which stands for a value.

    Level k of n is ``zero + width * sinh(first + (last - first) * k / (n - 1))``: steps are even near zero
    and in proportion to the value far from it. Transparent: no pixel.

    Attributes
    ----------
    title : str
        What it is.
    file : str
        The picture, PNG with 8 bits of grey, beside this file; its first row is the top of the image.
    levels : int
        How many levels there are, n.
    zero, width, first, last : float
        What the levels are.
    limits : tuple of ImageLimits
        Those to choose from, the first as the image is printed.
    """

    title: str
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*\.png$")]
    levels: int = Field(ge=2, le=MOST_LEVELS)
    zero: float
    width: float = Field(gt=0)
    first: float = Field(ge=-700, le=700)
    last: float = Field(ge=-700, le=700)
    limits: tuple[ImageLimits, ...] = Field(min_length=1, max_length=12)


class ImageSet(FigureModel):
    """Images that a figure shows.

    Attributes
    ----------
    panels : tuple of ImagePanel
        Row by row, two in a row; all have limits of the same names.
    unit : str
        Of their values.
    stretch : str
        How the image is printed.
    """

    kind: Literal["images"] = "images"
    panels: tuple[ImagePanel, ...] = Field(min_length=1, max_length=MOST_PANELS)
    unit: str = ""
    stretch: Stretch = "asinh"

    @model_validator(mode="after")
    def _of_the_same_names(self) -> Self:
        names = {tuple(each.name for each in panel.limits) for panel in self.panels}
        if len(names) != 1:
            raise ValueError("the panels have limits of other names")
        return self
