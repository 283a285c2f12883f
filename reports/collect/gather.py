"""Gathering a run's results: its verdicts, its stages, its figures and its provenance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.readers.best_references import BestReferences, read_best_references
from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.fixtures.engine.events import BuildResult, EngineError
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.suite.hosting import Host
from hubble_qa.fixtures.suite.reading import noted_codes, noted_files
from hubble_qa.fixtures.suite.run import Run
from hubble_qa.reports.collect.extent import Extent
from hubble_qa.reports.collect.records import criterion_record, dataset_record, figure_records, stage_record
from hubble_qa.reports.collect.results import (
    CONTEXT_FACT,
    DAMAGED_FACT,
    DRAWN_FACT,
    NO_CRITERIA_FACT,
    NOT_JUDGED_FACT,
    UNUSABLE_FACT,
    WITHOUT_EFFECT_FACT,
    CodeRecord,
    DatasetRecord,
    FigureRecord,
    FinishedRecord,
    Results,
    RunRecord,
    StageRecord,
    VerdictRecord,
)
from hubble_qa.reports.collect.versions import versions
from hubble_qa.reports.words.text import left_out_text

__all__ = ["facts_of", "files_of", "gather"]

# Nodes whose files the report itself reads, beside its figures.
_SHOWN = ("references",)


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
    omissions: Mapping[str, Sequence[str]] | None = None,
    extent: Extent | None = None,
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
    omissions : mapping of str to sequence of str, optional
        By dataset, what is drawn in part only, ``"40 of 57 drizzled images"``.
    extent : Extent, optional
        How much the run was asked for; all by default.
    """
    extent = extent or Extent()
    asked = Counter(record.dataset for record in verdicts)
    named = {record.criterion for record in verdicts}
    ask = host.decided if stopped else host.outcome
    read = host.decided if stopped else host.result
    built: dict[str, Built] = {}
    for name, dataset in run.datasets.items():
        if name in asked:
            nodes = run.plan(dataset).nodes
            shown = {each: nodes[each] for each in _SHOWN if each in nodes} | dict(drawn.get(name, {}))
            built[name] = {**dict(_built(nodes, host, ask)), **dict(_built(shown, host, read))}
    drawings = tuple(_figures(drawn, built))
    return Results(
        run=RunRecord(
            identifier=host.identifier,
            started=started.isoformat(timespec="milliseconds"),
            elapsed=elapsed,
            archive=run.archive.kind,
            archive_location=run.archive.location,
            command=command,
            versions=versions(),
            exit_status=exit_status,
            size=run.options.size if run.archive.kind == "simulated" else "",
            asked=len(verdicts),
            available=len(verdicts) + sum(extent.omitted.values()) + extent.elsewhere,
            complete=extent.complete,
            complete_report=extent.complete_report,
        ),
        datasets=tuple(
            replace(
                each,
                available=asked[each.name] + extent.omitted.get(each.name, 0),
                files=dict(files_of(run, each.name, built.get(each.name, {}))),
            )
            for each in _datasets(run, built, without_effect or {}, omissions or {})
        ),
        stages=tuple(_stages(built)),
        verdicts=tuple(_explained(verdicts, _shown(drawings))),
        figures=tuple(record for _, records in drawings for record in records),
        criteria=tuple(criterion_record(each) for name, each in load_criteria().items() if name in named),
        codes=tuple(_codes(run, built)),
        finished=tuple(
            FinishedRecord(label, made.digest, made.programs, made.references, made.parameters)
            for label, made in noted_files(run).items()
        ),
    )


def _codes(run: Run, built: dict[str, Built]) -> Iterator[CodeRecord]:
    """The code of stages and measurements, each once."""
    of_stages = (result.node.code for results in built.values() for result in results.values())
    found = {code.digest: code.modules for code in (*of_stages, *noted_codes(run))}
    for digest, modules in sorted(found.items()):
        yield CodeRecord(digest, modules)


Shown = Mapping[tuple[str, str, str], Set[str]]


def _explained(verdicts: Iterable[VerdictRecord], shown: Shown) -> Iterator[VerdictRecord]:
    """Verdicts with the first of their criterion's figures that shows them; with none where none does."""
    for record in verdicts:
        names = (record.figure, *load_criteria()[record.criterion].other_figures)
        there = shown.get((record.dataset, record.criterion, record.subject), frozenset())
        figure = next((name for name in names if name in there), "")
        yield record if figure == record.figure else replace(record, figure=figure)


def _shown(figures: Iterable[tuple[Node, Sequence[FigureRecord]]]) -> Shown:
    """Figures, by dataset, criterion and subject of the verdicts that their stages were handed."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for node, records in figures:
        verdicts = getattr(node.settings, "verdicts", None)
        for criterion, subjects in verdicts.shown.items() if verdicts is not None else ():
            for subject in subjects:
                names = found.setdefault((node.dataset, criterion, subject), set())
                names.update(record.figure for record in records)
    return found


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
    run: Run,
    built: dict[str, Built],
    without_effect: Mapping[str, Mapping[str, str]],
    omissions: Mapping[str, Sequence[str]],
) -> Iterator[DatasetRecord]:
    for name, results in built.items():
        dataset = run.datasets[name]
        idle = {
            f"{WITHOUT_EFFECT_FACT}: {key}": f"{dataset.path}: {key}: {problem}"
            for key, problem in without_effect.get(name, {}).items()
        }
        unasked = run.judged(dataset).unasked_topics
        without = {NO_CRITERIA_FACT: f"{', '.join(unasked)} of {dataset.instrument}"} if unasked else {}
        drawn = {DRAWN_FACT: ", ".join(omissions[name])} if omissions.get(name) else {}
        yield dataset_record(dataset, {**idle, **without, **facts_of(run, results), **drawn})
    for name, reason in run.absent.items():
        yield dataset_record(run.all_datasets[name], {}, absent=reason)
    for name, line in run.unusable.items():
        yield DatasetRecord(name, "", "", (), {UNUSABLE_FACT: line}, absent="it cannot be used")


def files_of(run: Run, name: str, built: Built) -> Iterator[tuple[str, str]]:
    """Files that were judged of a dataset, by label: where they were handed in, or where products have them.

    Parameters
    ----------
    run : Run
        The run.
    name : str
        The dataset; there are none of one that is absent.
    built : mapping of str to BuildResult
        Its nodes' results: of a product that is not complete there are no files.
    """
    dataset = run.datasets.get(name)
    for label, file in run.judged(dataset).files.items() if dataset is not None else ():
        if file.path.is_absolute():
            yield label, str(file.path)
            continue
        result = built.get(file.path.parts[0])
        if result is None or result.product is None or not result.complete:
            continue
        path = result.product.files.joinpath(*file.path.parts[1:])
        if path.is_file():
            yield label, str(path)


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


def _figures(
    drawn: Mapping[str, Mapping[str, Node]], built: dict[str, Built]
) -> Iterator[tuple[Node, tuple[FigureRecord, ...]]]:
    """The nodes that have drawn, with their figures."""
    for dataset, results in built.items():
        for name, node in drawn.get(dataset, {}).items():
            figure = results.get(name)
            if figure is not None and figure.product is not None and figure.complete:
                yield node, tuple(figure_records(dataset, figure.product))
