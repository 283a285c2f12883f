"""The report: static pages that open from disk, made from results alone."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from hubble_qa.reports.collect.results import (
    CONTEXT_FACT,
    NOT_JUDGED_FACT,
    RESULTS,
    FigureRecord,
    Results,
    write_results,
)
from hubble_qa.reports.pages import bars, wording
from hubble_qa.reports.pages.criteria_page import CRITERIA, CriterionEntry, criterion_entries
from hubble_qa.reports.pages.figure_files import copy_figures
from hubble_qa.reports.pages.gallery import Figure
from hubble_qa.reports.pages.history_html import write_history_pages
from hubble_qa.reports.pages.history_pages import HistoryPages
from hubble_qa.reports.pages.overview import overview
from hubble_qa.reports.pages.pages import DatasetPage, dataset_page, matrices, settings_of
from hubble_qa.reports.pages.publish import ReportError, replacing
from hubble_qa.reports.pages.summary import REJECTING, RunSummary, State, summarise
from hubble_qa.reports.pages.summary_page import SUMMARY, summary_lines
from hubble_qa.reports.pages.verdict_tables import write_verdict_tables
from hubble_qa.reports.words import numerals, text

if TYPE_CHECKING:
    from jinja2 import Environment

    from hubble_qa.reports.history.view import HistoryView

__all__ = ["INDEX", "RESULTS", "ReportError", "write_report"]

INDEX = "index.html"
_OF_HISTORY = ("history", "compare")
_SIGN = re.compile("([<>≤≥]) ")


@dataclass(frozen=True, slots=True)
class _Asset:
    """A style sheet or script that stands in the page, and its digest for the page's policy."""

    content: str
    source: str


def write_report(results: Results, directory: Path, view: HistoryView | None = None) -> Path:
    """Write a report: index.html, a summary, pages of datasets and of criteria, figures and results.json.

    With a history also a calendar of nights, what changed since the last run, and a page for each series that
    changed.

    The report appears whole, in place of an earlier one; files in its directory that are not the
    report's own stay.

    Parameters
    ----------
    results : Results
        What the run found. Figures are copied into the report.
    directory : Path
        Where to write it; made if need be.
    view : HistoryView, optional
        What the history holds beside this run.

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
    pages_of_run = ["index", "criteria", "summary", *(_OF_HISTORY if view is not None else ())]
    files = text.file_names(names, taken=pages_of_run)
    with replacing(directory) as partial:
        figures = {name: copy_figures(results, name, files[name], directory, partial) for name in names}
        write_results(_relocated(results, figures), partial / RESULTS)
        write_verdict_tables(results.verdicts, partial)
        pages = [
            dataset_page(dataset, f"{files[name]}.html", figures[name], results.criteria)
            for name, dataset in zip(names, summary.datasets, strict=True)
        ]
        entries = criterion_entries(summary.criteria, results.criteria, pages)
        history = HistoryPages(view, pages) if view is not None else None
        _render(summary, pages, entries, partial, history)
    return directory / INDEX


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


def _render(
    summary: RunSummary,
    pages: Sequence[DatasetPage],
    entries: Sequence[CriterionEntry],
    directory: Path,
    history: HistoryPages | None,
) -> None:
    environment = _environment()
    view_of = history.view if history is not None else None
    shared: dict[str, Any] = {
        "run": summary.run,
        "history": history,
        "comparison": view_of.comparison if view_of else None,
    }
    of_history = ["history.css"] if history is not None else []
    shared["style"] = _asset("report.css", *of_history)
    if history is not None:
        write_history_pages(history, environment, shared, directory)
    shown = overview(pages)
    index = environment.get_template("index.html").render(
        summary=summary,
        overview=shown,
        files={page.name: page.file for page in pages},
        pages=pages,
        matrices=matrices(shown.in_matrix),
        headline=wording.run_headline(summary),
        contexts=_facts(pages, CONTEXT_FACT),
        not_judged=_facts(pages, NOT_JUDGED_FACT),
        **shared,
    )
    _write(directory / INDEX, index)
    _write(directory / CRITERIA, environment.get_template(CRITERIA).render(entries=entries, **shared))
    brief = environment.get_template(SUMMARY).render(
        summary=summary,
        datasets=summary_lines(pages),
        headline=wording.run_headline(summary),
        contexts=_facts(pages, CONTEXT_FACT),
        **shared,
    )
    _write(directory / SUMMARY, brief)
    template = environment.get_template("dataset.html")
    shared["style"] = _asset("report.css", "dataset.css", *of_history)
    beside = [None, *pages, None]
    for before, page, after in zip(beside, pages, beside[2:], strict=False):
        script = _script_of(page.figures)
        rendered = template.render(page=page, before=before, after=after, script=script, **shared)
        _write(directory / page.file, rendered)


def _script_of(figures: Sequence[Figure]) -> _Asset:
    """The script of a dataset's page: with what draws points or stretches images where a figure has any."""
    points = ["plot.js"] if any(each.plot for each in figures) else []
    images = ["stretch.js"] if any(each.images for each in figures) else []
    return _asset("report.js", "verdicts.js", *points, *images)


def _write(path: Path, page: str) -> None:
    path.write_text(page, encoding="utf-8", errors="replace")


def _facts(pages: Sequence[DatasetPage], name: str) -> list[str]:
    """What the datasets say under a name, each text once."""
    facts = (page.summary.record.facts for page in pages)
    return sorted({each[name] for each in facts if name in each})


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only the end of a run pays for it

    from hubble_qa.reports.pages.compiled import compiled_templates

    environment = Environment(
        loader=PackageLoader("hubble_qa.reports.pages"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=compiled_templates(),
    )
    environment.filters.update(
        address=_address,
        day=lambda moment: f"{moment:%Y-%m-%d}",
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
        root="",
        rejecting=REJECTING,
        symbols=wording.SYMBOLS,
        bar=bars.bar,
        archive_text=wording.archive_text,
        data_text=wording.data_text,
        judges_finished=wording.judges_finished,
        stages_text=wording.stages_text,
        verdicts_text=wording.verdicts_text,
        script=_asset("report.js"),
    )
    badge: Any = environment.get_template("macros.html").module
    environment.globals["badges"] = {
        state: badge.badge(state) for state in State
    }  # made once: there are many
    return environment


def _shown(value: Any) -> Any:
    """Clean every text on its way into a page; escaping follows."""
    if type(value) is str:
        return text.clean(value)
    return text.clean(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _address(path: str) -> str:
    """The address of a file on this machine; of what is no absolute path, no address."""
    found = PurePosixPath(text.clean(path))
    return found.as_uri() if found.is_absolute() else ""


@cache
def _asset(*names: str) -> _Asset:
    templates = resources.files("hubble_qa.reports.pages").joinpath("templates")
    content = "\n".join(templates.joinpath(name).read_text(encoding="utf-8") for name in names)
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return _Asset(content, f"'sha256-{digest}'")
