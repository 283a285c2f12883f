"""What a stage that draws publishes: images, their points, tables, and the list of them, ``figures.json``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from hubble_qa.reports.figures.figure_data import FigureData, Plot, Table
from hubble_qa.reports.figures.image_data import ImageSet
from hubble_qa.reports.figures.stretch import images_of, write_images
from hubble_qa.reports.figures.style import save

__all__ = ["LIST", "Illustration", "Tabulation", "batches", "publish"]

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
    points : Plot, optional
        The same as points that a reader can inspect and zoom.
    subject : str
        Subject of the verdicts that it shows, e.g. ``"ibwb01xqq gaia"``, where it is one.
    """

    figure: str
    name: str
    title: str
    caption: str
    alt: str
    drawing: Figure
    points: Plot | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Tabulation:
    """A table with its words.

    Attributes
    ----------
    figure, name, title, caption, subject
        As of an `Illustration`.
    table : Table
        The rows.
    """

    figure: str
    name: str
    title: str
    caption: str
    table: Table
    subject: str = ""


def publish(illustrations: Iterable[Illustration | Tabulation], output: Path) -> None:
    """Write each as ``<name>.png`` and, with points, images or rows, ``<name>.json``; and their list."""
    entries = [_published(each, output) for each in illustrations]
    (output / LIST).write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def _published(each: Illustration | Tabulation, output: Path) -> dict[str, str]:
    """Write one, and return its entry in the list."""
    entry = {"figure": each.figure, "title": each.title, "caption": each.caption, "subject": each.subject}
    held: FigureData | None
    if isinstance(each, Tabulation):
        held = each.table
        entry |= {"kind": "table", "alt": "", "file": ""}
    else:
        held = each.points or _adjustable(each, output)
        entry |= {"kind": "image", "alt": each.alt, "file": f"{each.name}.png"}
        save(each.drawing, output / entry["file"])
    entry["data"] = f"{each.name}.json" if held is not None else ""
    if held is not None:
        (output / entry["data"]).write_text(held.model_dump_json() + "\n", encoding="utf-8")
    return entry


def _adjustable(each: Illustration, output: Path) -> ImageSet | None:
    """The images that a figure shows, so that a reader can change their stretch; None where it has none."""
    images = images_of(each.drawing)
    return None if images is None else write_images(images, each.name, output)


def batches(exposures: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Divide exposures among figures: the end of each figure's name, and which exposures it shows."""
    for start in range(0, len(exposures), _TOGETHER):
        ending = f"-{start // _TOGETHER + 1}" if len(exposures) > _TOGETHER else ""
        yield ending, exposures[start : start + _TOGETHER]
