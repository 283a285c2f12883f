"""The pages of the history: the calendar, and a page for each series that changed."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubble_qa.reports.pages.history_pages import FOLDER, HISTORY, HistoryPages
from hubble_qa.reports.pages.trend import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, trend

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["write_history_pages"]

COMPARE = "compare.html"
"""Page of the run beside the one before."""

_FRAME = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM}


def write_history_pages(
    history: HistoryPages, environment: Environment, shared: Mapping[str, Any], directory: Path
) -> None:
    """Write the pages of the history into a report.

    Parameters
    ----------
    history : HistoryPages
        What they show.
    environment : Environment
        The report's templates.
    shared : mapping
        What all pages of the report are given.
    directory : Path
        The report's directory.
    """
    (directory / FOLDER).mkdir(exist_ok=True)
    page = environment.get_template(HISTORY).render(**shared)
    _write(directory / HISTORY, page)
    comparison = history.view.comparison
    if comparison is not None:
        groups = [each for each in comparison.groups if each.before != each.after]
        page = environment.get_template(COMPARE).render(groups=groups, **shared)
        _write(directory / COMPARE, page)
    template = environment.get_template("series.html")
    for each in history.series:
        page = template.render(
            page=each,
            told=history.told(each),
            trend=trend(each.series, history.view.versions),
            channel=history.view.channel,
            **{**shared, **_FRAME, "root": "../"},
        )
        _write(directory / each.file, page)
    _write_values(history, directory / FOLDER / "values.csv")


def _write_values(history: HistoryPages, path: Path) -> None:
    """The last values of all series: a row a series, a column a run."""
    recent = history.view.recent
    moments = sorted({point.when for points in recent.values() for point in points})
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(
            ["dataset", "criterion", "subject", "unit", *(f"{each:%Y-%m-%dT%H:%M:%S}" for each in moments)]
        )
        for name in sorted(recent):
            values = {point.when: point.value for point in recent[name]}
            found = (values.get(moment) for moment in moments)
            rows.writerow([*name, *("" if value is None else repr(value) for value in found)])


def _write(path: Path, page: str) -> None:
    path.write_text(page, encoding="utf-8", errors="replace")
