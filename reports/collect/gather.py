"""Gathering a run's results: its verdicts, its stages, its figures and its provenance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from hubble_qa.checks.readers.best_references import BestReferences, read_best_references
from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.fixtures.engine.events import BuildResult, EngineError
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.suite.hosting import Host
from hubble_qa.fixtures.suite.run import Run
from hubble_qa.reports.collect.records import dataset_record, figure_records, stage_record
from hubble_qa.reports.collect.results import (
    CONTEXT_FACT,
    DAMAGED_FACT,
    NOT_JUDGED_FACT,
    WITHOUT_EFFECT_FACT,
    DatasetRecord,
    FigureRecord,
    Results,
    RunRecord,
    StageRecord,
    VerdictRecord,
)
from hubble_qa.reports.collect.versions import versions
from hubble_qa.reports.words.text import left_out_text

__all__ = ["facts_of", "gather"]


def gather(
    run: Run,
    host: Host,
    verdicts: Sequence[VerdictRecord],
    *,
    drawn: Mapping[str, Mapping[str, Node]],
    started: datetime,
    elapsed: float,
    command: str,
    exit_status: int,
    stopped: bool = False,
    without_effect: Mapping[str, Mapping[str, str]] | None = None,
) -> Results:
    """Gather what a run found.

    Parameters
    ----------
    run : Run
        The run.
    host : Host
        Knows which nodes were asked for; figures still being drawn are waited for.
    verdicts : sequence of VerdictRecord
        In the order of the tests.
    drawn : mapping of str to mapping of str to Node
        The figures' nodes by dataset and name.
    started : datetime
        When the run started, UTC.
    elapsed : float
        Seconds since then.
    command : str
        The command line.
    exit_status : int
        pytest's exit status.
    stopped : bool
        Whether somebody ended the run before its end: what is not built yet is then not waited for.
    without_effect : mapping of str to mapping of str to str, optional
        By dataset and key of its file, entries that matched nothing.
    """
    judged = {record.dataset for record in verdicts}
    ask = host.decided if stopped else host.result
    built = {
        name: dict(_built({**run.plan(dataset).nodes, **drawn.get(name, {})}, host, ask))
        for name, dataset in run.datasets.items()
        if name in judged
    }
    return Results(
        run=RunRecord(
            identifier=host.identifier,
            started=started.isoformat(timespec="seconds"),
            elapsed=elapsed,
            archive=run.archive.kind,
            archive_location=run.archive.location,
            command=command,
            versions=versions(),
            exit_status=exit_status,
        ),
        datasets=tuple(_datasets(run, built, without_effect or {})),
        stages=tuple(_stages(built)),
        verdicts=tuple(verdicts),
        figures=tuple(_figures(drawn, built)),
    )


Built = dict[str, BuildResult]


def _built(
    nodes: Mapping[str, Node], host: Host, ask: Callable[[Node], BuildResult | None]
) -> Iterator[tuple[str, BuildResult]]:
    for name, node in nodes.items():
        try:
            result = ask(node) if node.key in host.requested else None
        except EngineError as error:
            # What the run found is reported all the same.
            result = BuildResult(node, None, error=str(error))
        if result is not None:
            yield name, result


def _datasets(
    run: Run, built: dict[str, Built], without_effect: Mapping[str, Mapping[str, str]]
) -> Iterator[DatasetRecord]:
    for name, results in built.items():
        dataset = run.datasets[name]
        idle = {
            f"{WITHOUT_EFFECT_FACT}: {key}": f"{dataset.path}: {key}: {problem}"
            for key, problem in without_effect.get(name, {}).items()
        }
        yield dataset_record(dataset, {**idle, **facts_of(run, results)})
    for name, reason in run.absent.items():
        yield dataset_record(run.all_datasets[name], {}, absent=reason)


def facts_of(run: Run, built: Built) -> dict[str, str]:
    """Provenance of a dataset's products, by the headings of its page."""
    facts = {CONTEXT_FACT: run.archive.context} if run.archive.context else {}
    if run.left_out:
        facts[NOT_JUDGED_FACT] = left_out_text(run.left_out)
    facts.update({f"{DAMAGED_FACT}: {name}": each.damage for name, each in built.items() if each.damage})
    references = built.get("references")
    if references is not None and references.product is not None and references.complete:
        try:
            chosen = read_best_references(references.product.file("bestrefs.json"))
        except (ReaderError, OSError) as error:
            facts["References"] = f"not known: {error}"
        else:
            facts.update(_reference_facts(chosen))
    calibrated = built.get("calibrate")
    if calibrated is not None and calibrated.product is not None:
        backend = calibrated.product.manifest.settings.get("backend", {})
        if backend:
            facts["Calibrated by"] = f"{backend['tool']} {backend['version']} ({backend['name']} backend)"
    return facts


def _reference_facts(chosen: BestReferences) -> dict[str, str]:
    """The reference files used, once for all exposures that have the same."""
    sharing: dict[str, list[str]] = {}
    for rootname, types in chosen.exposures.items():
        used = ", ".join(f"{kind} {choice.used}" for kind, choice in sorted(types.items()))
        sharing.setdefault(used, []).append(rootname)
    return {f"References of {', '.join(names)}": used for used, names in sharing.items()}


def _stages(built: dict[str, Built]) -> Iterator[StageRecord]:
    for dataset, results in built.items():
        for name, result in results.items():
            yield stage_record(dataset, name, result)


def _figures(drawn: Mapping[str, Mapping[str, Node]], built: dict[str, Built]) -> Iterator[FigureRecord]:
    for dataset, results in built.items():
        for name in drawn.get(dataset, {}):
            figure = results.get(name)
            if figure is not None and figure.product is not None and figure.complete:
                yield from figure_records(dataset, figure.product)
