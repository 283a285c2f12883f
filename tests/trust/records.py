"""What was found: a realisation a line, appended as it comes, so that a stopped run can go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["ENOUGH", "CleanRun", "FaultRun", "Journal", "Step"]

ENOUGH = 0.95
"""The part of the realisations in which a fault of a size must be caught."""


@dataclass(frozen=True, slots=True)
class FaultRun:
    """One realisation of a fault.

    Attributes
    ----------
    fault : str
        Key of the fault.
    size : float
        Its size.
    seed : int
        What the realisation's random numbers come from.
    caught : tuple of str
        Criteria that rejected what they accept without the fault.
    unmeasured : tuple of str
        Criteria that could not be measured any more, which fails a run as well.
    judged : tuple of str
        All criteria by which the dataset is judged; empty where only those were asked that must or may
        reject the fault.
    asked : tuple of str
        Criteria that were asked to the end where not all were: those that must reject it, at the size that
        hurts.
    seconds : float
        How long it took.
    """

    fault: str
    size: float
    seed: int
    caught: tuple[str, ...]
    unmeasured: tuple[str, ...] = ()
    judged: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CleanRun:
    """One reduction of exposures without a fault.

    Attributes
    ----------
    dataset, field : str
        Of which dataset, and of what kind of field.
    seed : int
        Seed of the simulation.
    accepted, rejected, unmeasured, idle : mapping of str to int
        Number of verdicts by criterion: as they should be; rejected, or an expected rejection that did not
        happen; not measured; not applicable, or not to be told.
    alarms : tuple of str
        ``"criterion subject: reason"`` of what is rejected or not measured.
    failed : tuple of str
        Fits that TweakReg did not find (AST-001), which no product is to blame for: their verdicts are in no
        number above.
    """

    dataset: str
    field: str
    seed: int
    accepted: dict[str, int]
    rejected: dict[str, int]
    unmeasured: dict[str, int]
    idle: dict[str, int]
    alarms: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """Realisations of a fault at one size, and in how many of them a criterion rejected it."""

    size: float
    realisations: int
    caught: int

    @property
    def missed(self) -> int:
        """In how many no criterion rejected it."""
        return self.realisations - self.caught

    @property
    def enough(self) -> bool:
        """Whether as many were caught as must be."""
        return self.realisations > 0 and self.caught >= ENOUGH * self.realisations


class Journal:
    """Realisations in a file of JSON lines.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, record: FaultRun | CleanRun) -> None:
        """Append a realisation."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"kind": type(record).__name__, **asdict(record)}) + "\n")

    def _lines(self) -> Iterator[dict[str, object]]:
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                # The last line of a run that was killed may be half a line.
                if line.endswith("}"):
                    yield json.loads(line)

    def faults(self) -> list[FaultRun]:
        """All realisations of faults."""
        return [
            FaultRun(**{name: _tupled(value) for name, value in line.items() if name != "kind"})
            for line in self._lines()
            if line["kind"] == "FaultRun"
        ]

    def clean(self) -> list[CleanRun]:
        """All clean runs."""
        return [
            CleanRun(**{name: _tupled(value) for name, value in line.items() if name != "kind"})
            for line in self._lines()
            if line["kind"] == "CleanRun"
        ]


def _tupled(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
