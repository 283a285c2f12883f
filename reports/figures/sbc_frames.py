"""Frames of the SBC: their temperatures, what was counted in the box, and what darks were chosen for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from astropy.table import Table

from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.stages.match_darks import BOXES, MATCHES
from hubble_qa.fixtures.stages.temperatures import TEMPERATURES

__all__ = ["Frame", "read_frames"]


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as the figures show it.

    Attributes
    ----------
    name, kind : str
        Rootname; ``"science"`` or ``"dark"``.
    filter : str
        Filter of an exposure.
    start, exptime : float
        MJD, and seconds.
    begin, end : float
        Temperatures, degrees C.
    affected : bool
        Whether it is above the limit.
    rate, error : float
        Counts in the box per 1000 s with Poisson error; NaN where they were not counted.
    chosen : tuple of str
        Exposures that a dark frame was chosen for.
    """

    name: str
    kind: str
    filter: str
    start: float
    exptime: float
    begin: float
    end: float
    affected: bool
    rate: float = math.nan
    error: float = math.nan
    chosen: tuple[str, ...] = ()

    @property
    def mean(self) -> float:
        """Mean temperature, degrees C."""
        return (self.begin + self.end) / 2.0


def read_frames(inputs: Inputs) -> tuple[list[Frame], float]:
    """The frames of a dataset in the order of time, and the limit of temperature, degrees C."""
    table = Table.read(inputs.products["temperatures"] / TEMPERATURES, format="ascii.ecsv")
    boxes = Table.read(inputs.products["matches"] / BOXES, format="ascii.ecsv")
    matches = Table.read(inputs.products["matches"] / MATCHES, format="ascii.ecsv")
    counted = {str(row["frame"]): row for row in boxes}
    chosen: dict[str, list[str]] = {}
    for row in matches:
        chosen.setdefault(str(row["dark"]), []).append(str(row["exposure"]))
    frames = []
    for row in table:
        name = str(row["frame"])
        box = counted.get(name)
        kilo = 1000.0 / float(row["exptime"])
        frames.append(
            Frame(
                name=name,
                kind=str(row["kind"]),
                filter=str(row["filter"]),
                start=float(row["mjd"]),
                exptime=float(row["exptime"]),
                begin=float(row["begin"]),
                end=float(row["end"]),
                affected=bool(row["affected"]),
                rate=math.nan if box is None else float(box["counts"]) * kilo,
                error=math.nan if box is None else float(np.sqrt(max(box["counts"], 1.0))) * kilo,
                chosen=tuple(chosen.get(name, ())),
            )
        )
    return sorted(frames, key=lambda frame: frame.start), float(table.meta["threshold"])
