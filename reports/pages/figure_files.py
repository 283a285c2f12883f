"""Figures' files in a report: images, their data, pictures of levels, region files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from hubble_qa.reports.collect.results import Results
from hubble_qa.reports.figures.figure_data import Plot, Table, read_figure_data
from hubble_qa.reports.figures.image_data import ImageSet
from hubble_qa.reports.pages.gallery import Figure, figure_anchors
from hubble_qa.reports.pages.regions import outlier_file, region_file
from hubble_qa.reports.words import text

__all__ = ["copy_figures"]

_FIGURES = "figures"
_IMAGES = frozenset({".gif", ".jpeg", ".jpg", ".png", ".webp"})
"""What browsers show as pictures and never as documents with scripts in them."""


def copy_figures(results: Results, dataset: str, folder: str, directory: Path, partial: Path) -> list[Figure]:
    """Copy a dataset's figures into a report; what cannot be had of one keeps an empty path.

    Parameters
    ----------
    results : Results
        What the run found.
    dataset : str
        The dataset.
    folder : str
        Its directory among the figures.
    directory : Path
        The report's place, which paths of figures may be relative to.
    partial : Path
        Where the report is being written.
    """
    records = [record for record in results.figures if record.dataset == dataset]
    taken: set[str] = set()
    figures = []
    for record, anchor in zip(records, figure_anchors(records), strict=True):
        stem = text.safe_name(Path(record.file or record.data).stem, taken)
        taken.add(stem.casefold())
        figure = Figure(record, anchor)
        figure = _with_image(figure, directory, partial, f"{_FIGURES}/{folder}/{stem}")
        figures.append(_with_data(figure, directory, partial, f"{_FIGURES}/{folder}/{stem}"))
    return figures


def _with_image(figure: Figure, directory: Path, partial: Path, stem: str) -> Figure:
    source = directory / figure.record.file
    path = f"{stem}{source.suffix.lower()}"
    if source.suffix.lower() not in _IMAGES or not _copy(source, partial / path):
        return figure
    return replace(figure, path=path, size=_pixels(source))


def _with_data(figure: Figure, directory: Path, partial: Path, stem: str) -> Figure:
    """Take a table's rows, or the points of an image that is there."""
    source, path = directory / figure.record.data, f"{stem}.json"
    tabular = figure.record.kind == "table"
    if source.suffix != ".json" or not (tabular or figure.path):
        return figure
    try:
        held = read_figure_data(source)
    except (ValueError, OSError):
        return figure
    if isinstance(held, Table) != tabular:
        return figure
    if isinstance(held, ImageSet):
        return _with_images(figure, held, source.parent, partial, stem)
    if not _copy(source, partial / path):
        return figure
    if isinstance(held, Plot):
        return replace(
            figure,
            data=path,
            regions=_regions(region_file(held), partial, f"{stem}.reg"),
            outliers=_regions(outlier_file(held), partial, f"{stem}-outliers.reg"),
            outlying=held.outlying,
            plot=held.model_dump_json(),
        )
    return replace(figure, data=path, table=held)


def _regions(lines: str, partial: Path, path: str) -> str:
    """Write a region file, unless it is empty, and return its path."""
    if lines:
        (partial / path).write_text(lines, encoding="utf-8")
    return path if lines else ""


def _with_images(figure: Figure, held: ImageSet, directory: Path, partial: Path, stem: str) -> Figure:
    """Take the pictures of a figure's images, if all are there."""
    names = [f"{stem}-levels-{number}.png" for number, _ in enumerate(held.panels, start=1)]
    pictures = [*zip(held.panels, names, strict=True)]
    if not all(_copy(directory / panel.file, partial / name) for panel, name in pictures):
        return figure
    panels = tuple(panel.model_copy(update={"file": Path(name).name}) for panel, name in pictures)
    moved = held.model_copy(update={"panels": panels}).model_dump_json()
    (partial / f"{stem}.json").write_text(moved + "\n", encoding="utf-8")
    return replace(figure, data=f"{stem}.json", images=moved)


def _copy(source: Path, target: Path) -> bool:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except (OSError, ValueError):  # ValueError: a null character in the path
        return False
    return True


def _pixels(path: Path) -> tuple[int, int] | None:
    """Width and height of a PNG image, from its header."""
    with path.open("rb") as stream:
        head = stream.read(24)
    if len(head) < 24 or not head.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
