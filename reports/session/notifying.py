"""Telling somebody: a command of the user's gets the summary of a run on its standard input."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubble_qa.checks.printable import one_line
from hubble_qa.fixtures.suite.options import Options
from hubble_qa.reports.collect.results import Results

if TYPE_CHECKING:
    from hubble_qa.reports.history.view import HistoryView

__all__ = ["OCCASIONS", "check_notify", "notify", "occasions"]

OCCASIONS: Mapping[str, tuple[str, ...]] = {
    "new": ("new failure", "missing", "not reproducible"),
    "fixed": ("fixed",),
    "drift": ("drift",),
    "flaky": ("flaky",),
    "chronic": ("chronic",),
    "moved": ("moved", "no longer told"),
}
"""What --notify-on names, and the kinds of changes that it stands for."""

_PATIENCE = 60
"""Seconds that the command may take."""


def occasions(text: str) -> tuple[str, ...]:
    """Take what --notify-on names: words with commas between them; none is each run.

    Raises
    ------
    ValueError
        If a word is none of them; one line.
    """
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    unknown = [word for word in words if word not in OCCASIONS]
    if unknown:
        raise ValueError(
            f"{', '.join(unknown)}: give some of {', '.join(OCCASIONS)}, with commas between them"
        )
    return words


def check_notify(options: Options) -> None:
    """Refuse what --notify-on cannot mean.

    Raises
    ------
    pytest.UsageError
        One line that says why.
    """
    try:
        occasions(options.notify_on)
    except ValueError as error:
        raise pytest.UsageError(f"--notify-on: {error}") from None
    if not options.history:
        raise pytest.UsageError("--notify-on: without --history nothing is known to be new; give one")


def notify(
    command: str, wanted: Collection[str], results: Results, view: HistoryView | None, page: Path | None
) -> str:
    """Give the summary of a run to a command, if there is an occasion.

    Parameters
    ----------
    command : str
        For the shell. It finds the report's first page in ``QA_PAGE`` and pytest's exit status in
        ``QA_EXIT_STATUS``.
    wanted : collection of str
        Occasions; none is each run. Where the history cannot tell whether there is one, there is.
    results : Results
        What the run found.
    view : HistoryView or None
        What the history says.
    page : Path or None
        The report's first page.

    Returns
    -------
    str
        What went wrong, in one line; else empty.
    """
    kinds = {kind for word in wanted for kind in OCCASIONS[word]}
    if wanted and view is not None and not any(each.kind in kinds for each in view.changes):
        return ""
    from hubble_qa.reports.pages.markdown import markdown_summary

    environment = {
        **os.environ,
        "QA_PAGE": str(page or ""),
        "QA_EXIT_STATUS": str(results.run.exit_status),
    }
    try:
        ended = subprocess.run(
            ["/bin/sh", "-c", command],
            input=markdown_summary(results, view).encode("utf-8", "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"--notify: {command}: did not end within {_PATIENCE} s"
    except OSError as error:
        return f"--notify: {command}: {error.strerror}"
    if ended.returncode == 0:
        return ""
    said = one_line(ended.stderr.decode("utf-8", "replace").strip(), 300)
    return f"--notify: {command}: exit status {ended.returncode}{f': {said}' if said else ''}"
