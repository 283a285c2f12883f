"""``hubble-qa report``: make the pages of results again, or of several machines' results together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hubble_qa.checks.printable import one_line

if TYPE_CHECKING:
    from hubble_qa.reports.collect.results import Results
    from hubble_qa.reports.history.view import HistoryView

__all__ = ["report"]

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_DIRECTORY = click.Path(path_type=Path, file_okay=False)


@click.group()
def report() -> None:
    """Make a report's pages from results.json."""


@report.command("build")
@click.argument("path", metavar="RESULTS", type=_FILE)
@click.option("--to", "target", type=_DIRECTORY, metavar="DIR", help="Default: where RESULTS is.")
@click.option(
    "--history",
    "name",
    envvar="QA_HISTORY",
    show_envvar=True,
    metavar="DIR",
    help="A history that has the run: the pages of it as well.",
)
def build(path: Path, target: Path | None, name: str | None) -> None:
    """Make the pages of RESULTS, a report's results.json, with the figures that lie beside it."""
    results = _read(path)
    _write(results, target if target is not None else path.parent, _view(name, results) if name else None)


@report.command("merge")
@click.argument("paths", metavar="RESULTS...", nargs=-1, required=True, type=_FILE)
@click.option("--to", "target", type=_DIRECTORY, metavar="DIR", required=True, help="Where the report goes.")
def merge(paths: tuple[Path, ...], target: Path) -> None:
    """Make one report of several runs' RESULTS; of what several have judged, the latest verdict holds."""
    from hubble_qa.reports.collect.merge import MergeError, merge_results

    try:
        _write(merge_results([_read(path) for path in paths]), target)
    except MergeError as error:
        raise click.ClickException(one_line(str(error))) from error


def _read(path: Path) -> Results:
    """Results, with figures where they lie."""
    from hubble_qa.reports.collect.results import read_results

    try:
        results = read_results(path)
    except (OSError, ValueError) as error:
        raise click.ClickException(one_line(str(error))) from error
    there = path.resolve().parent
    figures = (
        replace(
            each,
            file=str(there / each.file) if each.file else "",
            data=str(there / each.data) if each.data else "",
        )
        for each in results.figures
    )
    return replace(results, figures=tuple(figures))


def _view(name: str, results: Results) -> HistoryView:
    """What a history holds beside a run."""
    from hubble_qa.reports.history.database import reading
    from hubble_qa.reports.history.errors import HistoryError
    from hubble_qa.reports.history.place import place_of
    from hubble_qa.reports.history.viewing import history_view

    try:
        with reading(place_of(name, None)) as connection:
            return history_view(connection, results.run.identifier)
    except HistoryError as error:
        raise click.ClickException(one_line(str(error), 1000)) from error


def _write(results: Results, target: Path, view: HistoryView | None = None) -> None:
    from hubble_qa.reports.pages.html import write_report
    from hubble_qa.reports.pages.publish import ReportError

    try:
        page = write_report(results, target, view)
    except (ReportError, OSError) as error:
        raise click.ClickException(f"{one_line(str(error))} (--to DIR)") from error
    click.echo(f"Report: {page}")
