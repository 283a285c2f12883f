"""Background rates of an infrared exposure's reads, as one record."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["ReadRates"]


class ReadRates(BaseModel):
    """Background rates of an exposure's reads.

    Attributes
    ----------
    time : tuple of float
        Seconds from the zeroth read to each of the others, increasing.
    rate : tuple of float
        Median of each read over that time, electrons per second.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    time: tuple[float, ...]
    rate: tuple[float, ...]
