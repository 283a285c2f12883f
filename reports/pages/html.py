"""The report: static pages that open from disk, made from results alone."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubble_qa.reports.collect.results import (
    CONTEXT_FACT,
    NOT_JUDGED_FACT,
    FigureRecord,
    Results,
    write_results,
)
from hubble_qa.reports.figures.figure_data import Plot, Table, read_figure_data
from hubble_qa.reports.pages import wording
from hubble_qa.reports.pages.pages import (
    DatasetPage,
    Figure,
    dataset_page,
    figure_anchors,
    matrices,
    settings_of,
)
from hubble_qa.reports.pages.publish import ReportError, replacing
from hubble_qa.reports.pages.summary import REJECTING, RunSummary, State, summarise
from hubble_qa.reports.words import numerals, text

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["INDEX", "RESULTS", "ReportError", "write_report"]

INDEX = "index.html"
RESULTS = "results.json"
_FIGURES = "figures"
_SIGN = re.compile("([<>≤≥]) ")
_IMAGES = frozenset({".gif", ".jpeg", ".jpg", ".png", ".webp"})
"""What browsers show as pictures and never as documents with scripts in them."""


@dataclass(frozen=True, slots=True)
class _Asset:
    """A style sheet or script that stands in the page, and its digest for the page's policy."""

    content: str
    source: str


def write_report(results: Results, directory: Path) -> Path:
    """Write a report: index.html, a page per dataset, figures and results.json.

    The report appears whole, in place of an earlier one; files in its directory that are not the
    report's own stay.

    Parameters
    ----------
    results : Results
        What the run found. Figures are copied into the report.
    directory : Path
        Where to write it; made if need be.

    Returns
    -------
    Path
        The report's index.html.

    Raises
    ------
    ReportError
        If `directory` holds something else than a report, or cannot be written.
    """
    summary = summarise(results)
    names = [dataset.record.name for dataset in summary.datasets]
    files = text.file_names(names, taken=["index"])
    with replacing(directory) as partial:
        figures = {name: _copy_figures(results, name, files[name], directory, partial) for name in names}
        write_results(_relocated(results, figures), partial / RESULTS)
        pages = [
            dataset_page(dataset, f"{files[name]}.html", figures[name])
            for name, dataset in zip(names, summary.datasets, strict=True)
        ]
        _render(summary, pages, partial)
    return directory / INDEX


def _copy_figures(
    results: Results, dataset: str, folder: str, directory: Path, partial: Path
) -> list[Figure]:
    """Copy a dataset's figures; what cannot be had of one keeps an empty path."""
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
    if isinstance(held, Table) != tabular or not _copy(source, partial / path):
        return figure
    if isinstance(held, Plot):
        return replace(figure, data=path, plot=held.model_dump_json())
    return replace(figure, data=path, table=held)


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


def _relocated(results: Results, figures: Mapping[str, Sequence[Figure]]) -> Results:
    """Let the figures of results point into the report."""
    moved: dict[FigureRecord, FigureRecord] = {
        each.record: replace(
            each.record, file=each.path or each.record.file, data=each.data or each.record.data
        )
        for group in figures.values()
        for each in group
    }
    return replace(results, figures=tuple(moved.get(each, each) for each in results.figures))


def _render(summary: RunSummary, pages: Sequence[DatasetPage], directory: Path) -> None:
    environment = _environment()
    failed = len(summary.failures)
    index = environment.get_template("index.html").render(
        summary=summary,
        pages=pages,
        matrices=matrices(pages),
        headline=wording.headline(summary.state, summary.counts, failed, summary.remark),
        contexts=_facts(pages, CONTEXT_FACT),
        not_judged=_facts(pages, NOT_JUDGED_FACT),
    )
    _write(directory / INDEX, index)
    template = environment.get_template("dataset.html")
    for page in pages:
        _write(directory / page.file, template.render(page=page, run=summary.run))


def _write(path: Path, page: str) -> None:
    path.write_text(page, encoding="utf-8", errors="replace")


def _facts(pages: Sequence[DatasetPage], name: str) -> list[str]:
    """What the datasets say under a name, each text once."""
    facts = (page.summary.record.facts for page in pages)
    return sorted({each[name] for each in facts if name in each})


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only the end of a run pays for it

    environment = Environment(
        loader=PackageLoader("hubble_qa.reports.pages"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        duration=numerals.duration,
        margin=numerals.margin_text,
        memory=numerals.memory,
        moment=numerals.moment,
        number_of=wording.number_of,
        settings=settings_of,
        shorten=text.shorten,
        tail=text.tail,
        beyond=text.beyond,
        unbroken=lambda bounds: _SIGN.sub("\\1\u00a0", bounds),
        word=lambda state: str(state).replace(",", "").replace(" ", "-"),
    )
    environment.globals.update(
        State=State,
        rejecting=REJECTING,
        symbols=wording.SYMBOLS,
        archive_text=wording.archive_text,
        judges_finished=wording.judges_finished,
        stages_text=wording.stages_text,
        verdicts_text=wording.verdicts_text,
        style=_asset("report.css"),
        script=_asset("report.js", "plot.js"),
    )
    return environment


def _shown(value: Any) -> Any:
    """Clean every text on its way into a page; escaping follows."""
    return text.clean(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _asset(*names: str) -> _Asset:
    templates = resources.files("hubble_qa.reports.pages").joinpath("templates")
    content = "\n".join(templates.joinpath(name).read_text(encoding="utf-8") for name in names)
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return _Asset(content, f"'sha256-{digest}'")
