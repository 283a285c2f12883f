"""Frames of the SBC: their temperatures, what was counted in the box, and what darks were chosen for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from astropy.table import Table

from hubble_qa.checks.detectors.dark_rate import DarkCounts
from hubble_qa.checks.evidence import darks
from hubble_qa.checks.evidence.exposures import exposure_in
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.stages.match_darks import MATCHES
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


_SUFFIXES = {"science": "flt", "dark": "raw"}


def read_frames(inputs: Inputs) -> tuple[list[Frame], float]:
    """The frames of a dataset in the order of time, and the limit of temperature, degrees C.

    Reads products ``exposures``, ``darks``, ``temperatures`` and ``matches``.
    """
    course = inputs.products["temperatures"] / TEMPERATURES
    matches = inputs.products["matches"] / MATCHES
    table = Table.read(course, format="ascii.ecsv")
    limit = float(table.meta["threshold"])
    warm, matched = darks.affected(course), darks.matched(matches)
    chosen: dict[str, list[str]] = {}
    for exposure in sorted(matched):
        for _, dark in darks.chosen_darks(matches, inputs.products["darks"], exposure):
            chosen.setdefault(dark.frame, []).append(exposure)
    directories = {"science": inputs.products["exposures"], "dark": inputs.products["darks"]}
    frames = []
    for row in table:
        name, kind = str(row["frame"]), str(row["kind"])
        path = directories[kind] / f"{name}_{_SUFFIXES[kind]}.fits"
        counted = darks.dark_counts(path) if kind == "dark" or name in matched else None
        frames.append(_frame(path, kind, counted, chosen, warm=name in warm, limit=limit))
    return sorted(frames, key=lambda frame: frame.start), limit


def _frame(
    path: Path,
    kind: str,
    counted: DarkCounts | None,
    chosen: Mapping[str, list[str]],
    *,
    warm: bool,
    limit: float,
) -> Frame:
    exposure = exposure_in(path)
    temperature = darks.temperature(exposure)
    begin, end = (math.nan if each is None else each for each in (temperature.begin, temperature.end))
    return Frame(
        name=exposure.name,
        kind=kind,
        filter=str(exposure.primary["FILTER1"]).strip(),
        start=temperature.started,
        exptime=temperature.exptime,
        begin=begin,
        end=end,
        affected=warm if kind == "science" else temperature.mean > limit,
        rate=math.nan if counted is None else 1000.0 * counted.rate,
        error=math.nan if counted is None else 1000.0 * counted.error,
        chosen=tuple(chosen.get(exposure.name, ())),
    )
