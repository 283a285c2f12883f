"""An interval of accepted values."""

from __future__ import annotations

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
        """Whether `value` lies within the limits; NaN never does."""
        return (
            (self.above is None or value > self.above)
            and (self.at_least is None or value >= self.at_least)
            and (self.below is None or value < self.below)
            and (self.at_most is None or value <= self.at_most)
            and value == value
        )

    def margin(self, value: float) -> float:
        """Distance from `value` to the nearest limit, negative outside."""
        distances = []
        if self.lower is not None:
            distances.append(value - self.lower)
        if self.upper is not None:
            distances.append(self.upper - value)
        return min(distances)

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
