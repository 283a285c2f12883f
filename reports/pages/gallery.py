"""Figures as a page shows them: what belongs to one exposure together, and one text of how to read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hubble_qa.checks.rootnames import is_rootname
from hubble_qa.reports.collect.results import FigureRecord
from hubble_qa.reports.figures.figure_data import Table
from hubble_qa.reports.words.text import file_names

__all__ = ["Figure", "FigureGroup", "figure_anchors", "figure_groups"]

# Where the words of a caption begin that say what is good and what is bad.
_READING = re.compile(r"(?:^|(?<=[.;] ))Good: ")
# Between sentences; those on verdicts tell what is accepted.
_SENTENCES = re.compile(r"(?<=\.) (?=[A-Z])")
_ON_VERDICTS = "(accepted: "
# Of one exposure: the image, what is left of its fit, and where on the chips.
_ORDER = ("matched-sources", "residuals", "residual-vectors")
_OPEN = 6
"""Groups of figures that stand open; more are folded."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as shown.

    Attributes
    ----------
    record : FigureRecord
        The record.
    anchor : str
        Where it is on the page.
    path, data, regions, outliers : str
        Its image, its data file and the region files of its sources and of those far off, relative to the
        page; empty where they could not be copied, or there is none.
    outlying : str
        What the sources far off have in common.
    size : (int, int) or None
        Width and height of the image in pixels, if known.
    plot : str
        Its points, as JSON, for the page's script to draw; empty where it has none.
    images : str
        Its images, as JSON, for the page's script to stretch; empty where it has none.
    table : Table or None
        Its rows, of a table.
    explains : tuple of (str, str)
        Criteria whose verdicts it shows, and where the page has those.
    """

    record: FigureRecord
    anchor: str
    path: str = ""
    size: tuple[int, int] | None = None
    data: str = ""
    regions: str = ""
    outliers: str = ""
    outlying: str = ""
    plot: str = ""
    images: str = ""
    table: Table | None = None
    explains: tuple[tuple[str, str], ...] = ()

    @property
    def said(self) -> str:
        """What the caption says of what this figure shows."""
        return " ".join(each for each in self._sentences if _ON_VERDICTS not in each)

    @property
    def numbers(self) -> str:
        """What the caption says of the verdicts that this figure explains."""
        return " ".join(each for each in self._sentences if _ON_VERDICTS in each)

    @property
    def _sentences(self) -> list[str]:
        return _SENTENCES.split(_parts(self.record.caption)[0])

    @property
    def reading(self) -> str:
        """What the caption says of any such figure: what is good and what is bad."""
        return _parts(self.record.caption)[1]


@dataclass(frozen=True, slots=True)
class FigureGroup:
    """The figures of one exposure, or those of several together.

    Attributes
    ----------
    heading : str
        The exposure's rootname; empty where there are no others to tell it from.
    figures : tuple of Figure
        The image first, then the residuals and their vectors.
    folded : bool
        Whether there are so many groups that this one is shown on demand.
    """

    heading: str
    figures: tuple[Figure, ...]
    folded: bool = False

    @property
    def readings(self) -> tuple[tuple[str, str], ...]:
        """How to read these: each text once, with the title of the first figure that it is about."""
        found: dict[str, str] = {}
        for each in self.figures:
            if each.reading:
                found.setdefault(each.reading, each.record.title)
        return tuple((title, reading) for reading, title in found.items())


def _parts(caption: str) -> tuple[str, str]:
    found = _READING.search(caption)
    return (caption, "") if found is None else (caption[: found.start()].rstrip(), caption[found.start() :])


def figure_groups(figures: Sequence[Figure]) -> tuple[FigureGroup, ...]:
    """Put the figures of each exposure together, in the order in which the exposures come first."""
    grouped: dict[str, list[Figure]] = {}
    for each in figures:
        grouped.setdefault(_exposure(each.record.subject), []).append(each)
    several = len(grouped) > 1
    return tuple(
        FigureGroup(
            heading=(exposure or "Several exposures") if several else "",
            figures=tuple(sorted(group, key=_rank)),
            folded=number >= _OPEN,
        )
        for number, (exposure, group) in enumerate(grouped.items())
    )


def _exposure(subject: str) -> str:
    """The rootname that a subject holds, of ``"align-flt/shifts u5jx010hr_flt"`` u5jx010hr; else nothing."""
    names = (word.partition("_")[0] for word in re.split("[ /]", subject))
    return next(filter(is_rootname, names), "")


def _rank(figure: Figure) -> int:
    name = figure.record.figure
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def figure_anchors(records: Iterable[FigureRecord]) -> list[str]:
    """Give the figures of one dataset anchors: the first of an identifier has the plain one."""
    records = list(records)
    names = file_names(record.figure for record in records)
    seen: dict[str, int] = {}
    anchors = []
    for record in records:
        count = seen[record.figure] = seen.get(record.figure, 0) + 1
        anchors.append(f"figure-{names[record.figure]}" + (f"--{count}" if count > 1 else ""))
    return anchors
