"""The results of several runs as those of one: of several machines, or of parts of the tests."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from hubble_qa.reports.collect.results import DatasetRecord, FigureRecord, Results, RunRecord, VerdictRecord

__all__ = ["MergeError", "merge_results"]

T = TypeVar("T")


class MergeError(Exception):
    """Results cannot be joined; the message is one line that says why."""


def merge_results(several: Sequence[Results]) -> Results:
    """Join results; of what several runs have judged, the latest run's verdict holds.

    Parameters
    ----------
    several : sequence of Results
        One or more.

    Returns
    -------
    Results
        All datasets, verdicts, stages and figures. They are complete where each dataset has all the
        verdicts that there are of it.

    Raises
    ------
    MergeError
        If some are of simulated and others of real data, or of another size.
    """
    runs = sorted(several, key=lambda each: each.run.started)
    kinds = {(each.run.archive == "simulated", each.run.size) for each in runs}
    if len(kinds) > 1:
        raise MergeError(
            "simulated and real data, or simulated data of two sizes, are not joined in one report"
        )
    verdicts = _latest((v for each in runs for v in each.verdicts), lambda v: (v.dataset, v.test))
    datasets = _datasets(runs)
    asked, available = len(verdicts), sum(each.available for each in datasets)
    cut = any(not each.run.complete and each.run.asked >= each.run.available for each in runs)
    run = replace(_run([each.run for each in runs]), exit_status=_exit_status(runs, verdicts))
    return Results(
        run=replace(
            run, asked=asked, available=max(asked, available), complete=asked >= available and not cut
        ),
        datasets=datasets,
        stages=_latest((s for each in runs for s in each.stages), lambda s: (s.dataset, s.node)),
        verdicts=verdicts,
        figures=_figures(runs),
        criteria=_latest((c for each in runs for c in each.criteria), lambda c: c.id),
        codes=_latest((c for each in runs for c in each.codes), lambda c: c.digest),
        finished=_latest((f for each in runs for f in each.finished), lambda f: f.key),
    )


def _latest(records: Iterable[T], key: Callable[[T], Hashable]) -> tuple[T, ...]:
    return tuple({key(record): record for record in records}.values())


def _datasets(runs: Sequence[Results]) -> tuple[DatasetRecord, ...]:
    """Each dataset as the latest run that had it says, with as many verdicts as any run knows of."""
    found: dict[str, DatasetRecord] = {}
    for each in runs:
        for record in each.datasets:
            known = found.get(record.name)
            count = sum(verdict.dataset == record.name for verdict in each.verdicts)
            available = max(record.available, count, known.available if known else 0)
            kept = known if known is not None and record.absent and not known.absent else record
            found[record.name] = replace(kept, available=available)
    return tuple(found.values())


def _figures(runs: Sequence[Results]) -> tuple[FigureRecord, ...]:
    """The figures of each dataset by the latest run that has drawn any."""
    drawn: dict[str, tuple[FigureRecord, ...]] = {}
    for each in runs:
        for name in {figure.dataset for figure in each.figures}:
            drawn[name] = tuple(figure for figure in each.figures if figure.dataset == name)
    return tuple(figure for figures in drawn.values() for figure in figures)


def _run(runs: Sequence[RunRecord]) -> RunRecord:
    versions: dict[str, dict[str, None]] = {}
    for run in runs:
        for tool, version in run.versions.items():
            versions.setdefault(tool, {})[version] = None
    return replace(
        runs[-1],
        identifier=_joined(run.identifier for run in runs),
        started=runs[0].started,
        elapsed=sum(run.elapsed for run in runs),
        archive_location=_joined(run.archive_location for run in runs),
        command=_joined((run.command for run in runs), "; "),
        versions={tool: " / ".join(found) for tool, found in versions.items()},
        complete_report="",
    )


def _exit_status(runs: Sequence[Results], verdicts: Sequence[VerdictRecord]) -> int:
    """The worst of all runs; a rejection that a later run has taken back no longer counts."""
    status = max(each.run.exit_status for each in runs)
    failed = [each for each in runs if each.run.exit_status]
    explained = all(any(not verdict.accepted for verdict in each.verdicts) for each in failed)
    taken_back = status == 1 and explained and all(verdict.accepted for verdict in verdicts)
    return 0 if taken_back else status


def _joined(texts: Iterable[str], by: str = ", ") -> str:
    return by.join(dict.fromkeys(filter(None, texts)))
