"""Figures of one kind of products: of which files, how many together, and how many at most."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hubble_qa.fixtures.finished.files import FinishedFile
from hubble_qa.fixtures.finished.judged import Judged
from hubble_qa.fixtures.plans.plan import Node, Plan
from hubble_qa.reports.drawings.drawing import Drawing
from hubble_qa.reports.figures.drawn_files import PLACE

__all__ = ["MOST", "Handed", "Series", "stamps"]

MOST = 40
"""Of more files of a kind than anybody looks at, so many are drawn."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What there is to draw: the products of one instrument that were handed in, or of a reduction.

    Attributes
    ----------
    judged : Judged
        The products.
    directory : Path or None
        All of them are below it; None of a reduction, whose files are their nodes'.
    catalog : str
        A service's name, the path of a catalogue, or empty: what positions are compared with.
    plan : Plan
        The plan, which has the catalogues of the services.
    """

    judged: Judged
    directory: Path | None
    catalog: str
    plan: Plan

    @property
    def locations(self) -> Mapping[str, str]:
        """Where stages find the files, if they were handed in."""
        return {} if self.directory is None else {PLACE: str(self.directory)}

    def upstream(self, *paths: Path) -> Mapping[str, Node]:
        """The nodes of a reduction whose files these are; none where they were handed in."""
        return {} if self.directory is not None else {each: self.plan[each] for each in map(_node, paths)}

    def below(self, path: Path) -> str:
        """A path as settings name it."""
        return (path if self.directory is None else path.relative_to(self.directory)).as_posix()

    def paths(self, files: Iterable[FinishedFile]) -> dict[str, str]:
        """Paths of files as settings name them, by label."""
        return {file.label: self.below(file.path) for file in files}

    def companions(self, files: Iterable[FinishedFile], suffix: str) -> dict[str, FinishedFile]:
        """Other files of the same exposures, by the labels of these."""
        found = {file.label: self.judged.sibling(file, suffix) for file in files}
        return {label: other for label, other in found.items() if other is not None}


def _node(path: Path) -> str:
    """The node of a file of a reduction."""
    return path.parts[0]


@dataclass(frozen=True, slots=True)
class Series:
    """Figures of one kind.

    Attributes
    ----------
    noun : str
        What they are of, in the plural.
    of : callable
        The files, or whatever is drawn, of what was handed in.
    draw : callable
        The drawings of some of them, with a number that tells these from the others of the kind.
    together : int
        How many of them one drawing shows.
    """

    noun: str
    of: Callable[[Handed], Sequence[Any]]
    draw: Callable[[Handed, Sequence[Any], int], Iterable[Drawing]]
    together: int = 1

    def drawings(self, handed: Handed) -> Iterator[Drawing]:
        """The drawings, of the first of what is there."""
        shown = self.of(handed)[:MOST]
        for number, start in enumerate(range(0, len(shown), self.together), start=1):
            yield from self.draw(handed, shown[start : start + self.together], number)

    def omission(self, handed: Handed) -> str:
        """How many are drawn, ``"40 of 57 drizzled images"``; empty where all are."""
        total = len(self.of(handed))
        return f"{MOST} of {total} {self.noun}" if total > MOST else ""


def stamps(paths: Iterable[Path]) -> tuple[str, ...]:
    """Size and time of files, so that changed ones are drawn again; none of those that are not there."""
    states = {path: path.stat() for path in paths if path.is_file()}
    return tuple(f"{path.name} {state.st_size} {state.st_mtime_ns}" for path, state in states.items())
