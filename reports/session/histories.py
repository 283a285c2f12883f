"""How the drizzled images of a run were made: a table of each, from its header, as figures of the report."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from hubble_qa.checks.evidence.drizzled import drizzled_in
from hubble_qa.checks.readers import ReaderError
from hubble_qa.checks.readers.drizzle_history import read_drizzle_history
from hubble_qa.fixtures.finished.files import FinishedFile, Kind
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.suite.hosting import Host
from hubble_qa.fixtures.suite.run import Run
from hubble_qa.reports.collect.results import FigureRecord
from hubble_qa.reports.figures.figure_data import HOW_MADE
from hubble_qa.reports.figures.made_images import CAPTION, NO_RECORD, made_image_table, summary

__all__ = ["image_histories", "left_out"]

# Of so many images of a dataset there are tables; more would hide them.
_MOST = 60


def image_histories(run: Run, host: Host, judged: Collection[str], directory: Path) -> Iterator[FigureRecord]:
    """Write a table of each drizzled image that is there, and describe it.

    Parameters
    ----------
    run : Run
        The run.
    host : Host
        Knows what was built.
    judged : collection of str
        Names of the datasets that have verdicts.
    directory : Path
        Where the tables are written.
    """
    for name, dataset in run.datasets.items():
        if name not in judged:
            continue
        images = run.judged(dataset).of(Kind.IMAGE)
        for number, file in enumerate(images[:_MOST]):
            path = _path(run, host, name, file)
            record = _history(name, file.label, path, directory / f"{name}-{number}.json") if path else None
            if record is not None:
                yield record


def left_out(run: Run, dataset: Dataset) -> tuple[str, ...]:
    """That only some of a dataset's drizzled images have a table; nothing where all have."""
    total = len(run.judged(dataset).of(Kind.IMAGE))
    return (f"{_MOST} of {total} tables of how an image was made",) if total > _MOST else ()


def _path(run: Run, host: Host, dataset: str, file: FinishedFile) -> Path | None:
    """Where an image is; None where no stage has made it."""
    if file.path.is_absolute():
        return file.path
    name, image = file.path.parts
    node = run.plan(run.datasets[dataset]).nodes.get(name)
    result = host.decided(node) if node is not None and node.key in host.requested else None
    if result is None or result.product is None or not result.product.complete:
        return None
    return result.product.files / image


def _history(dataset: str, label: str, path: Path, target: Path) -> FigureRecord | None:
    """One image's table; None where its header cannot be read, which FIL-001 says."""
    try:
        image = drizzled_in(path, label=label)
        chips = read_drizzle_history(image)
        table = made_image_table(image, chips)
    except (ReaderError, ValueError):
        return None
    target.write_text(table.model_dump_json(), encoding="utf-8")
    title = f"{label}: {summary(table) if chips else NO_RECORD}"
    return FigureRecord(
        dataset, HOW_MADE, title, CAPTION, "", "", kind="table", data=str(target), subject=label
    )
