"""An interval of accepted values."""

from __future__ import annotations

import math
import sys
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["Bounds"]


class Bounds(BaseModel):
    """An interval of accepted values, each end open, closed or absent.

    Attributes
    ----------
    above, below : float or None
        Limits that the value must exceed or stay under.
    at_least, at_most : float or None
        Limits that the value may equal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.above is not None and self.at_least is not None:
            raise ValueError("give one lower limit: above or at_least")
        if self.below is not None and self.at_most is not None:
            raise ValueError("give one upper limit: below or at_most")
        if self.lower is None and self.upper is None:
            raise ValueError("give at least one limit: above, at_least, below or at_most")
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise ValueError(f"the lower limit {self.lower} exceeds the upper limit {self.upper}")
        if self.lower == self.upper and (self.above is not None or self.below is not None):
            raise ValueError(f"no value lies between the limits, both {self.lower}")
        return self

    @property
    def lower(self) -> float | None:
        """The lower limit, open or closed."""
        return self.at_least if self.above is None else self.above

    @property
    def upper(self) -> float | None:
        """The upper limit, open or closed."""
        return self.at_most if self.below is None else self.below

    def contains(self, value: float) -> bool:
        """Whether `value` lies within the limits; NaN never does, as there is one limit at least."""
        return (
            (self.above is None or value > self.above)
            and (self.at_least is None or value >= self.at_least)
            and (self.below is None or value < self.below)
            and (self.at_most is None or value <= self.at_most)
        )

    def margin(self, value: float, *, floor: bool = False) -> float:
        """Distance from `value` to the nearest limit, negative outside.

        Parameters
        ----------
        value : float
            A finite value.
        floor : bool
            Whether the lower of two limits only tells what is no measurement at all (an RMS of 0). A value
            above it is then as far from its limit as from the upper one.
        """
        distances = []
        if self.lower is not None and not (floor and self._above_floor(value)):
            distances.append(value - self.lower)
        if self.upper is not None:
            distances.append(self.upper - value)
        return min(distances)

    def relative_margin(self, value: float, *, floor: bool = False) -> float:
        """Return the margin, negative outside, in units that compare between criteria.

        These are half the interval between two limits, so that 1 is its middle; the whole of it above a
        `floor`, so that 1 is the floor; the size of a single limit, so that 1 is zero; and 1 for a single
        limit of zero, so that it is the number of problems, negative. What doubles do not span is the
        largest of them.
        """
        relative = self.margin(value, floor=floor) / self._scale(floor)
        return math.copysign(min(abs(relative), sys.float_info.max), relative)

    def _above_floor(self, value: float) -> bool:
        return self.upper is not None and (
            (self.above is None or value > self.above) and (self.at_least is None or value >= self.at_least)
        )

    def _scale(self, floor: bool) -> float:
        if self.lower is not None and self.upper is not None and self.lower < self.upper:
            return (self.upper - self.lower) if floor else self.upper / 2 - self.lower / 2
        limit = self.upper if self.upper is not None else self.lower
        return abs(limit or 1.0)

    def text(self, unit: str = "") -> str:
        """Render the limits in words, e.g. ``"> 0 and < 0.1 pix"``."""
        limits = (
            (">", self.above),
            ("≥", self.at_least),
            ("<", self.below),
            ("≤", self.at_most),
        )
        words = " and ".join(f"{sign} {limit:.6g}" for sign, limit in limits if limit is not None)
        return f"{words} {unit}".rstrip()
