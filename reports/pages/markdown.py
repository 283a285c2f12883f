"""What a run found as Markdown, short enough for a comment in CI or a message in a chat."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from hubble_qa.checks.printable import one_line
from hubble_qa.reports.collect.results import Results, VerdictRecord
from hubble_qa.reports.history.view import HistoryView
from hubble_qa.reports.pages.history_pages import ChangeRow, HistoryPages
from hubble_qa.reports.pages.summary import REJECTING, RunSummary, State, severity, state_of, summarise
from hubble_qa.reports.pages.wording import (
    bounds_text,
    counts_text,
    data_text,
    remark,
    run_headline,
    value_with_unit,
    verdicts_text,
)
from hubble_qa.reports.words.numerals import moment

__all__ = ["markdown_summary"]

_MOST = 50
"""Rows of a table; the others are in the report."""
_LONGEST = 300
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$])")


def markdown_summary(results: Results, view: HistoryView | None = None) -> str:
    """Summarise a run in Markdown: outcome, what changed, known defects, what was not accepted or told.

    Parameters
    ----------
    results : Results
        What the run found.
    view : HistoryView, optional
        What the history says beside it.

    Returns
    -------
    str
        The text; all that comes from files is escaped.
    """
    summary = summarise(results)
    return (
        "\n".join(
            [
                *_head(summary),
                *_changed(view),
                *_known(results),
                *_rejected(summary, results),
                *_warned(results),
                *_untold(results),
            ]
        )
        + "\n"
    )


def _head(summary: RunSummary) -> Iterator[str]:
    yield f"# Hubble imaging QA: {_text(run_headline(summary))}"
    yield ""
    if data_text(summary.run):
        yield f"**{data_text(summary.run).capitalize()}.** "
    counts = f": {counts_text(summary.counts)}" if summary.counts else ""
    yield f"{verdicts_text(summary)}{counts}. Started {_text(moment(summary.run.started))}."


def _changed(view: HistoryView | None) -> Iterator[str]:
    """What changed since the last run, by cause."""
    if view is None:
        return
    history = HistoryPages(view, ())
    if history.before is None:
        yield from ("", f"The first run of channel {_text(view.channel)}.")
        return
    yield from ("", f"## What changed since {history.before:%Y-%m-%d}")
    if not history.groups:
        yield from ("", "Nothing.")
    for group in history.groups:
        counts = ", ".join(f"{count} {kind}" for kind, count in group.counts.items())
        yield from ("", f"**{_text('; '.join(group.causes))}**: {counts}", "")
        yield from (f"- {_change(row)}" for row in group.shown)
        if group.more:
            yield f"- and {len(group.more)} more"
    if history.lasting:
        lasting = ", ".join(f"{count} {kind}" for kind, count in history.lasting.items())
        yield from ("", f"Lasting: {lasting}.")


def _change(row: ChangeRow) -> str:
    name = row.change.series
    return f"{row.change.kind}: {_text(f'{name.criterion} {name.subject} of {name.dataset}: {row.values}')}"


def _known(results: Results) -> Iterator[str]:
    known, remedies = _of(results.verdicts, {State.EXPECTED}), _remedies(results)
    rows = [
        (
            *_judged(each),
            _joined(each.expected or "", each.expected_remedy or remedies.get(each.criterion, "")),
        )
        for each in known
    ]
    yield from _table("Known defects", (*_COLUMNS, "why, and what to do"), rows)


def _rejected(summary: RunSummary, results: Results) -> Iterator[str]:
    rejected, remedies = _of(results.verdicts, REJECTING), _remedies(results)
    rows = [
        (str(state_of(each)), *_judged(each), _joined(remark(each), remedies.get(each.criterion, "")))
        for each in rejected
    ]
    yield from _table("Not accepted", ("", *_COLUMNS, "why, and what to do"), rows)
    failed = [
        f"{each.record.node} of {', '.join(each.datasets)}: {each.record.error}" for each in summary.failures
    ]
    yield from _list("Stages that failed", failed)
    yield from _list("Without effect", summary.without_effect)


def _warned(results: Results) -> Iterator[str]:
    rows = [(*_judged(each), remark(each)) for each in _of(results.verdicts, {State.WARN})]
    yield from _table("Warnings", (*_COLUMNS, "why"), rows)


def _untold(results: Results) -> Iterator[str]:
    untold = _of(results.verdicts, {State.NOT_TOLD})
    reasons = Counter((each.dataset, each.criterion, each.reason) for each in untold)
    lines = [
        f"{criterion} on {dataset} ({count}): {reason}"
        for (dataset, criterion, reason), count in reasons.items()
    ]
    yield from _list("Could not be told", lines)


def _joined(*texts: str) -> str:
    return "; ".join(filter(None, texts))


def _remedies(results: Results) -> dict[str, str]:
    """What to do where a criterion rejects, by its id."""
    return {criterion.id: criterion.remedy for criterion in results.criteria}


def _of(verdicts: Iterable[VerdictRecord], states: Iterable[State]) -> list[VerdictRecord]:
    wanted = frozenset(states)
    return sorted((each for each in verdicts if state_of(each) in wanted), key=severity)


_COLUMNS = ("criterion", "dataset", "subject", "value", "accepted")


def _judged(verdict: VerdictRecord) -> tuple[str, ...]:
    return (
        f"{verdict.criterion} {verdict.title}",
        verdict.dataset,
        verdict.subject,
        value_with_unit(verdict) or "no value",
        bounds_text(verdict),
    )


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        return
    yield from ("", f"## {title}", "")
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    yield from (f"| {' | '.join(map(_text, row))} |" for row in rows[:_MOST])
    yield from _more(len(rows))


def _list(title: str, lines: Sequence[str]) -> Iterator[str]:
    if not lines:
        return
    yield from ("", f"## {title}", "")
    yield from (f"- {_text(line)}" for line in lines[:_MOST])
    yield from _more(len(lines))


def _more(count: int) -> Iterator[str]:
    if count > _MOST:
        yield from ("", f"And {count - _MOST} more: see the report.")


def _text(text: str) -> str:
    """A text on one line that Markdown takes as it stands."""
    return _SPECIAL.sub(r"\\\1", one_line(text, _LONGEST))
