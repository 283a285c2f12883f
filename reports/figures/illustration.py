"""What a stage that draws publishes: PNG files and the list of them in ``figures.json``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from reports.figures.style import save

__all__ = ["LIST", "Illustration", "batches", "publish"]

LIST = "figures.json"

# Exposures that one figure shows.
_TOGETHER = 4


@dataclass(frozen=True, slots=True)
class Illustration:
    """A figure with its words.

    Attributes
    ----------
    figure : str
        The identifier that criteria name; several illustrations may share it.
    name : str
        Name of the file, without its ending.
    title, caption, alt : str
        A line; what to look for and what would be wrong; what there is to see, for who cannot see it.
    drawing : Figure
        The drawing.
    """

    figure: str
    name: str
    title: str
    caption: str
    alt: str
    drawing: Figure


def publish(illustrations: Iterable[Illustration], output: Path) -> None:
    """Write each illustration as ``<name>.png``, and their list."""
    entries = []
    for each in illustrations:
        file = f"{each.name}.png"
        save(each.drawing, output / file)
        words = {"title": each.title, "caption": each.caption, "alt": each.alt}
        entries.append({"figure": each.figure, **words, "file": file})
    (output / LIST).write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def batches(exposures: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Divide exposures among figures: the end of each figure's name, and which exposures it shows."""
    for start in range(0, len(exposures), _TOGETHER):
        ending = f"-{start // _TOGETHER + 1}" if len(exposures) > _TOGETHER else ""
        yield ending, exposures[start : start + _TOGETHER]
