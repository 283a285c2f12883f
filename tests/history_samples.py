"""Runs of many nights without any reduction: what a history records, by the values of its verdicts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from hubble_qa.checks.bounds import Bounds
from hubble_qa.reports.collect.results import (
    CodeRecord,
    DatasetRecord,
    Results,
    RunRecord,
    StageRecord,
    VerdictRecord,
)

DATASET = "wfpc2-omega-cen"
FIRST = datetime(2026, 1, 1, 2, tzinfo=UTC)
TOOLS = {"drizzlepac": "3.11.0"}
MEASURING = {"qa.test_alignment": "a1", "hubble_qa.checks.astrometry.alignment": "b1"}


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Reduction:
    """What a night's products are made of: raw frames, an alignment and drizzled images."""

    tools: Mapping[str, str] = field(default_factory=lambda: TOOLS)
    raw: str = "raw-1"
    idctab: str = "idc-1"
    tolerance: float = 1.0
    align_code: Mapping[str, str] = field(default_factory=lambda: {"hubble_qa.fixtures.stages.align": "c1"})
    measuring: Mapping[str, str] = field(default_factory=lambda: MEASURING)
    dataset: str = DATASET

    def stages(self, *, reused: bool = False) -> tuple[StageRecord, ...]:
        return tuple(replace(each, reused=True) for each in self._stages) if reused else self._stages

    @cached_property
    def _stages(self) -> tuple[StageRecord, ...]:
        fetch = self._stage("fetch", {}, sources={"u5jx010hr_raw.fits": self.raw})
        align = self._stage(
            "align", {"exposures": fetch.key}, tools=self.tools, code=self.align_code,
            sources={"sad1946fu_idc.fits": self.idctab}, settings={"tolerance": self.tolerance},
        )  # fmt: skip
        drizzle = self._stage("drizzle", {"aligned": align.key}, tools=self.tools)
        return fetch, align, drizzle

    def _stage(
        self,
        name: str,
        inputs: Mapping[str, str],
        *,
        tools: Mapping[str, str] | None = None,
        sources: Mapping[str, str] | None = None,
        settings: Mapping[str, Any] | None = None,
        code: Mapping[str, str] | None = None,
    ) -> StageRecord:
        parts = {"inputs": inputs, "tools": tools or {}, "sources": sources or {}, "settings": settings or {}}
        number = digest(code or {name: "c0"})
        return StageRecord(
            dataset=self.dataset, node=name, stage=name, key=digest([name, number, parts]),
            outcome="complete", reused=False, wall=1.0, cpu=1.0, peak_memory=1, code=number, **parts,
        )  # fmt: skip

    @cached_property
    def measuring_digest(self) -> str:
        return digest(self.measuring)

    def codes(self) -> tuple[CodeRecord, ...]:
        return (
            CodeRecord(digest(self.align_code), self.align_code),
            CodeRecord(digest(self.measuring), self.measuring),
        )


def judged(
    subject: str,
    value: float | None,
    reduction: Reduction,
    *,
    criterion: str = "AST-002",
    unit: str = "pix",
    upper: float = 0.2,
    node: str = "align",
    **changes: Any,
) -> VerdictRecord:
    """A verdict by one upper bound; without a value the criterion does not apply."""
    stages = {each.node: each for each in reduction.stages()}
    bounds = Bounds(at_most=upper)
    status = "not applicable" if value is None else "pass" if value <= upper else "fail"
    record = VerdictRecord(
        test=f"qa/test_alignment.py::test_{criterion}[{reduction.dataset}-{subject}]",
        dataset=reduction.dataset, criterion=criterion, title=f"Title of {criterion}", quantity="fit_rms",
        subject=subject, status=status, accepted=status != "fail", value=value,
        uncertainty=None if value is None else 0.01, unit=unit, bounds=f"≤ {upper:g} {unit}".rstrip(),
        margin=None if value is None else bounds.margin(value), reason="", upper=upper, topic="fits",
        node=node, key=stages[node].key, products={node: stages[node].key}, code=reduction.measuring_digest,
    )  # fmt: skip
    return replace(record, **changes)


def night(
    number: float,
    verdicts: Iterable[VerdictRecord],
    reduction: Reduction,
    *,
    reused: bool = False,
    complete: bool = True,
    **changes: Any,
) -> Results:
    """The results of a night by its number: 0 is the first of January 2026."""
    started = FIRST + timedelta(days=number)
    found = tuple(verdicts)
    run = RunRecord(
        identifier=f"{started:%Y%m%dT%H%M%S}-abc123", started=started.isoformat(timespec="seconds"),
        elapsed=60.0,
        archive="directory", archive_location="/data/archive", command="pytest qa/ --archive /data/archive",
        versions={"python": "3.11.9", "numpy": "2.4.6"}, exit_status=int(any(not v.accepted for v in found)),
        asked=len(found), available=len(found) + (not complete), complete=complete,
    )  # fmt: skip
    return Results(
        run=replace(run, **changes),
        datasets=(
            DatasetRecord(
                reduction.dataset,
                "A cluster",
                "small",
                ("u5jx010hr",),
                instrument="WFPC2",
                available=len(found),
            ),
        ),
        stages=reduction.stages(reused=reused),
        verdicts=found,
        figures=(),
        codes=reduction.codes(),
    )
