"""What the history says beside a run: read after it is recorded, for pages and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubble_qa.fixtures.suite.options import Options
from hubble_qa.reports.collect.results import Results
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.session.drifts import with_drifts
from hubble_qa.reports.session.recording import Kept, place_of_run

if TYPE_CHECKING:
    from hubble_qa.reports.history.view import HistoryView

__all__ = ["look_back"]


def look_back(
    results: Results, options: Options, kept: Kept | None
) -> tuple[Results, HistoryView | None, str]:
    """Read what the history says beside a run.

    Parameters
    ----------
    results : Results
        What the run found.
    options : Options
        Its options.
    kept : Kept or None
        What became of it in the history; None where it keeps none.

    Returns
    -------
    results : Results
        With the verdicts on the drift of series.
    view : HistoryView or None
        None where the run keeps no history, or is not recorded, or the history cannot be read.
    problem : str
        Why it cannot be read, in one line; else empty.
    """
    if kept is None or not kept.recorded:
        return results, None, ""
    from hubble_qa.reports.history.database import reading
    from hubble_qa.reports.history.viewing import drift_states, history_view

    try:
        with reading(place_of_run(options)) as connection:
            view = history_view(connection, results.run.identifier)
            return with_drifts(results, drift_states(connection, results.run.identifier)), view, ""
    except HistoryError as error:
        return results, None, f"The report has no history: {error}"
    except Exception as error:  # a defect here must not cost a night its report
        return results, None, f"The report has no history: {type(error).__name__}: {error}"
