"""Where a run's report goes: a partial run's never takes the place of a complete one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubble_qa.fixtures.suite.run import Run
from hubble_qa.fixtures.suite.selection import is_complete, left_out
from hubble_qa.reports.collect.extent import PARTIAL, Extent, earlier_report, extent_of
from hubble_qa.reports.collect.results import RESULTS, Results, RunRecord, VerdictRecord
from hubble_qa.reports.pages.wording import data_text
from hubble_qa.reports.words.numerals import moment

if TYPE_CHECKING:
    from hubble_qa.reports.history.view import HistoryView

__all__ = ["publish", "report_line", "run_extent"]


def run_extent(
    run: Run, session: pytest.Session, exitstatus: int, verdicts: Iterable[VerdictRecord]
) -> Extent:
    """How much of all that there is a run was asked for, beside what an earlier report holds.

    Parameters
    ----------
    run : Run
        The run.
    session : pytest.Session
        Its session.
    exitstatus : int
        pytest's exit status.
    verdicts : iterable of VerdictRecord
        All that the run was asked for.
    """
    report = run.options.report
    earlier = earlier_report(report / RESULTS) if report is not None else None
    chosen = earlier is not None and run.options.products is None and run.options.dataset
    others = set(earlier.verdicts) - set(run.all_datasets) if earlier is not None and chosen else ()
    omitted = left_out(run, (each.test for each in verdicts))
    return extent_of(earlier, omitted, others, ended=is_complete(session, exitstatus, omitted))


def publish(results: Results, directory: Path, view: HistoryView | None = None) -> Path:
    """Write a run's report: into a complete one, beside which it is partial, or in its place.

    Parameters
    ----------
    results : Results
        What the run found.
    directory : Path
        The directory of reports.
    view : HistoryView, optional
        What the history says beside the run.

    Returns
    -------
    Path
        The report's first page.

    Raises
    ------
    ReportError, OSError
        If it cannot be written.
    """
    from hubble_qa.reports.pages.html import write_report
    from hubble_qa.reports.pages.publish import withdraw

    partial = directory / PARTIAL
    page = write_report(results, partial if results.run.complete_report else directory, view)
    if results.run.complete:
        withdraw(partial)
    return page


def report_line(page: Path, run: RunRecord) -> str:
    """Say where a report is, of which data, and where the complete one is that it did not replace."""
    data = f" ({data_text(run)})" if data_text(run) else ""
    line = f"Report: {page}{data}"
    if not run.complete_report:
        return line
    whole = page.parents[1] / page.name
    return f"The complete report of {moment(run.complete_report)} stays: {whole}\n{line}"
