"""From verdicts and build results to the plain records of `hubble_qa.reports.collect.results`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hubble_qa.checks.criteria import Criterion
from hubble_qa.checks.verdict import Verdict
from hubble_qa.fixtures.engine.events import BuildResult
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.reading import Reading
from hubble_qa.reports.collect.results import (
    CriterionRecord,
    DatasetRecord,
    FigureRecord,
    StageRecord,
    VerdictRecord,
)

__all__ = [
    "Expected",
    "criterion_record",
    "dataset_record",
    "figure_records",
    "stage_record",
    "verdict_record",
]


class Expected(NamedTuple):
    """A verdict that a test will have: the test, and whose verdict by which criterion on what."""

    test: str
    dataset: str
    criterion: str
    subject: str


def verdict_record(
    verdict: Verdict, test: str, dataset: str, reading: Reading | None = None
) -> VerdictRecord:
    """Flatten a verdict; values that are not finite become None, as the reason says.

    Parameters
    ----------
    verdict : Verdict
        The verdict.
    test, dataset : str
        pytest's node id of the test, and the dataset's name.
    reading : Reading, optional
        What the test read; nothing by default.
    """
    reading = reading or Reading()
    criterion, measurement = verdict.criterion, verdict.measurement
    return VerdictRecord(
        test=test,
        dataset=dataset,
        criterion=criterion.id,
        title=criterion.title,
        quantity=criterion.quantity,
        subject=measurement.subject,
        status=str(verdict.status),
        accepted=verdict.accepted,
        value=measurement.value,
        uncertainty=measurement.uncertainty,
        unit=criterion.unit,
        bounds=verdict.bounds.text(criterion.unit),
        margin=verdict.margin,
        relative_margin=verdict.relative_margin,
        close=verdict.close,
        reason=verdict.reason,
        bounds_reason=verdict.bounds_reason,
        expected=verdict.expectation.reason if verdict.expectation else None,
        expected_range=verdict.expected_range,
        expected_remedy=verdict.expectation.remedy if verdict.expectation else "",
        rationale=criterion.rationale,
        source=criterion.source,
        figure=criterion.figure,
        context=dict(measurement.context),
        lower=verdict.bounds.lower,
        upper=verdict.bounds.upper,
        floor=criterion.floor,
        topic=criterion.topic,
        node=reading.node,
        key=reading.key,
        products=dict(reading.products),
        code=reading.code,
        where=reading.where,
    )


def criterion_record(criterion: Criterion) -> CriterionRecord:
    """Flatten a criterion."""
    variants = criterion.instruments.items()
    return CriterionRecord(
        id=criterion.id,
        title=criterion.title,
        topic=criterion.topic,
        quantity=criterion.quantity,
        unit=criterion.unit,
        bounds=criterion.bounds.text(criterion.unit),
        applies_to=criterion.applies_to,
        method=criterion.method,
        error=criterion.error,
        rationale=criterion.rationale,
        source=criterion.source,
        remedy=criterion.remedy,
        figure=criterion.figure,
        stated=criterion.stated,
        floor=criterion.floor,
        instruments={name: each.bounds.text(criterion.unit) for name, each in variants},
        instrument_reasons={name: each.reason for name, each in variants},
    )


def stage_record(dataset: str, name: str, result: BuildResult) -> StageRecord:
    """Describe a node's build; a node that another dataset shares is named as this one's."""
    node, product = result.node, result.product
    manifest = product.manifest if product is not None else None
    failed = product is not None and not product.complete
    ingredients = node.ingredients()
    return StageRecord(
        dataset=dataset,
        node=name,
        stage=node.stage.name,
        key=node.key,
        code=node.code.digest,
        outcome=str(result.outcome),
        reused=result.reused,
        wall=manifest.wall if manifest else 0.0,
        cpu=manifest.cpu if manifest else 0.0,
        peak_memory=manifest.peak_memory if manifest else 0,
        error=result.error or (f"stage {result.blocked_by} failed" if result.blocked_by else ""),
        log_tail=_log_tail(product) if product is not None and failed else "",
        directory=str(product.path) if product is not None else "",
        upstream=tuple(parent.name for parent in node.upstream.values()),
        settings=node.settings.model_dump(mode="json"),
        tools=ingredients["tools"],
        inputs=ingredients["upstream"],
        sources=ingredients["sources"],
        files=dict(manifest.files) if manifest and not node.upstream else {},
        where=manifest.where if manifest else "",
        remark=manifest.remark if manifest else "",
    )


def _log_tail(product: Product) -> str:
    try:
        return product.log_tail()
    except OSError as error:
        return f"the log cannot be read: {error}"


def dataset_record(dataset: Dataset, facts: dict[str, str], absent: str = "") -> DatasetRecord:
    """Describe a dataset."""
    return DatasetRecord(
        name=dataset.name,
        title=dataset.title,
        workflow=dataset.workflow,
        exposures=dataset.rootnames,
        facts=facts,
        absent=absent,
        instrument=dataset.instrument,
    )


def figure_records(dataset: str, product: Product) -> Iterator[FigureRecord]:
    """The figures that a product of the figures stage lists in its ``figures.json``."""
    try:
        entries = json.loads(product.file("figures.json").read_text(encoding="utf-8"))
        yield from [_figure_record(dataset, product, entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError):
        # A figure that has vanished from the store leaves the verdicts and the rest of the report.
        return


def _figure_record(dataset: str, product: Product, entry: Mapping[str, str]) -> FigureRecord:
    return FigureRecord(
        dataset=dataset,
        figure=entry["figure"],
        title=entry["title"],
        caption=entry["caption"],
        alt=entry["alt"],
        file=_path(product, entry["file"]),
        kind=entry["kind"],
        data=_path(product, entry["data"]),
        subject=entry["subject"],
    )


def _path(product: Product, name: str) -> str:
    return str(product.file(name)) if name else ""
