"""A season of recorded results: 120 nights of three datasets, with what happens in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np

from hubble_qa.reports.collect.results import (
    CodeRecord,
    DatasetRecord,
    Results,
    RunRecord,
    StageRecord,
    VerdictRecord,
)

FIRST = datetime(2026, 1, 1, 2, tzinfo=UTC)
NIGHTS = 120

DRIZZLEPAC, TOLERANCE, KILLED, IDCTAB, FLAKY, LOST, BOUNDS, AWAY = 30, 35, 45, 55, (62, 64), 70, 75, 90
"""Nights in which: drizzlepac is a newer one, a setting mends what it broke, the run is killed half way,
the IDCTAB is another, a stage fails, a test is lost, bounds are changed, the database is away."""
DRIFT = range(80, 100)
"""Nights in which the RMS of `FIELD` grows by 30 % in all."""

STANDARD, FIELD, WARM = "wfpc2-standard", "uvis-field", "sbc-warm"
EXPOSURES = {STANDARD: ("u40x010hm", "u40x010im"), FIELD: ("ibwb01xqq", "ibwb01xrq"), WARM: ("jcmc11ctq",)}


@dataclass(frozen=True)
class World:
    """All that decides a night's results."""

    night: int
    versions: Mapping[str, str] = field(default_factory=lambda: {"drizzlepac": "3.11.0", "numpy": "2.4"})
    tolerance: float = 1.0
    idctab: str = "sad1946fu_idc.fits"
    wcs_bounds: tuple[float, float] = (0.0, 0.02)
    test_code: str = "all tests"


def world(night: int) -> World:
    """The world of a night."""
    newer = {"versions": {"drizzlepac": "3.12.0", "numpy": "2.4"}} if night >= DRIZZLEPAC else {}
    return World(
        night,
        **newer,
        tolerance=0.5 if night >= TOLERANCE else 1.0,
        idctab="35620276u_idc.fits" if night >= IDCTAB else "sad1946fu_idc.fits",
        wcs_bounds=(0.0, 0.05) if night >= BOUNDS else (0.0, 0.02),
        test_code="one test fewer" if night >= LOST else "all tests",
    )


def when(night: int) -> datetime:
    return FIRST + timedelta(days=night)


def digest(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@cache
def season() -> tuple[Results, ...]:
    """The results of all nights."""
    built: set[str] = set()
    nights = []
    for night in range(NIGHTS):
        found = _night(world(night), built)
        built |= {each.key for each in found.stages}
        nights.append(found)
    return tuple(nights)


def _night(here: World, built: set[str]) -> Results:
    stages = [stage for dataset in EXPOSURES for stage in _stages(dataset, here, built)]
    verdicts = [*_verdicts(here, {(s.dataset, s.node): s for s in stages})]
    complete = here.night != KILLED
    if not complete:
        rest = len(verdicts) // 2
        verdicts[rest:] = [replace(v, **_NOT_RUN) for v in verdicts[rest:]]
    return Results(
        run=RunRecord(
            identifier=f"night-{here.night}",
            started=when(here.night).isoformat(),
            elapsed=60.0,
            archive="directory",
            archive_location="/data",
            command="pytest qa/",
            versions=here.versions,
            exit_status=0,
            asked=len(verdicts),
            available=len(verdicts),
            complete=complete,
        ),
        datasets=tuple(_dataset(name, here) for name in EXPOSURES),
        stages=tuple(stages),
        verdicts=tuple(verdicts),
        figures=(),
        codes=(CodeRecord(digest(here.test_code), {"qa.test_alignment": digest(here.test_code)}),),
    )


_NOT_RUN = {"status": "not measured", "accepted": False, "value": None, "uncertainty": None, "margin": None,
            "relative_margin": None, "reason": "was not run"}  # fmt: skip


def _dataset(name: str, here: World) -> DatasetRecord:
    facts = (
        {f"References of {', '.join(EXPOSURES[name])}": f"IDCTAB {here.idctab}"} if name == STANDARD else {}
    )
    return DatasetRecord(name, name, name.partition("-")[0], EXPOSURES[name], facts=facts)


def _stages(dataset: str, here: World, built: set[str]) -> Iterator[StageRecord]:
    """fetch, references, align, drizzle, each reading the one before."""
    new = here.night if dataset == FIELD else 0
    sources = {f"{each}_flc.fits": digest(each, new) for each in EXPOSURES[dataset]}
    tools = {"drizzlepac": here.versions["drizzlepac"]}
    of_stages: dict[str, dict[str, Any]] = {
        "fetch": {"sources": sources},
        "references": {"tools": {"crds": "14.0"}, "settings": {"inventory": digest(here.idctab)}},
        "align": {"tools": tools, "settings": {"tweakreg": {"tolerance": here.tolerance}}},
        "drizzle": {"tools": tools},
    }
    upstream, failed = "", dataset == WARM and here.night in FLAKY
    for name, of_stage in of_stages.items():
        inputs = {"images": upstream} if upstream else {}
        choice = here.idctab if name == "references" and dataset == STANDARD else ""
        if name == "references":
            of_stage["settings"] = {"inventory": digest(choice)}
        key = digest(dataset, name, sorted(of_stage.items()), inputs)
        again = (failed and name == "align") or (
            dataset == WARM and here.night - 1 in FLAKY and name == "align"
        )
        yield StageRecord(
            dataset=dataset,
            node=name,
            stage=name,
            key=key,
            outcome="interrupted" if failed and name == "align" else "complete",
            reused=key in built and not again,
            wall=1.0,
            cpu=1.0,
            peak_memory=1,
            upstream=(),
            inputs=inputs,
            code="c0",
            **of_stage,
        )
        upstream = key


def _verdicts(here: World, stages: Mapping[tuple[str, str], StageRecord]) -> Iterator[VerdictRecord]:
    for dataset, exposures in EXPOSURES.items():
        for number, exposure in enumerate(exposures):
            align, drizzle = stages[dataset, "align"], stages[dataset, "drizzle"]
            upper = 0.2 if dataset == FIELD else 0.1
            failed = dataset == WARM and here.night in FLAKY
            yield _verdict(here, align, "AST-002", exposure, _rms(here, dataset, number), 0.0, upper, failed)
            if here.night < LOST or dataset != STANDARD or number == 0:
                yield _verdict(here, align, "AST-003", exposure, 100.0 + number, 20.0, None, failed)
            separation = 0.03 if dataset == STANDARD and here.night >= IDCTAB and number == 0 else 0.01
            yield _verdict(here, drizzle, "WCS-004", exposure, separation, *here.wcs_bounds, failed)


def _rms(here: World, dataset: str, number: int) -> float:
    """RMS of a fit, in pixels."""
    if dataset == FIELD:
        grown = (
            0.3 * min(max(here.night - DRIFT.start + 1, 0), len(DRIFT)) / len(DRIFT) if number == 0 else 0.0
        )
        noise = np.random.default_rng([here.night, number]).standard_normal()
        return float(0.1 * (1 + grown) * (1 + 0.02 * noise))
    if dataset == STANDARD and number == 0 and DRIZZLEPAC <= here.night < TOLERANCE:
        return 0.13
    if dataset == STANDARD and number == 1 and here.night >= DRIZZLEPAC:
        return 0.07
    return 0.04 + 1e-6 * (here.night >= DRIZZLEPAC)


def _verdict(
    here: World,
    stage: StageRecord,
    criterion: str,
    subject: str,
    value: float,
    lower: float | None,
    upper: float | None,
    failed: bool,
) -> VerdictRecord:
    passed = (lower is None or value > lower) and (upper is None or value < upper)
    record = VerdictRecord(
        test=f"qa/test_alignment.py::test_{criterion}[{stage.dataset}-{subject}]",
        dataset=stage.dataset,
        criterion=criterion,
        title=criterion,
        quantity=criterion.lower(),
        subject=subject,
        status="pass" if passed else "fail",
        accepted=passed,
        value=value,
        uncertainty=0.002 if criterion != "AST-003" else None,
        unit="pix" if criterion != "AST-003" else "",
        bounds=" and ".join([f"> {lower}"] * (lower is not None) + [f"< {upper}"] * (upper is not None)),
        margin=0.0,
        reason="",
        lower=lower,
        upper=upper,
        relative_margin=0.0,
        node=stage.node,
        key=stage.key,
        products={stage.node: stage.key},
        code=digest(here.test_code),
        topic="fits",
    )
    reason = f"stage align failed: {stage.dataset}"
    return replace(record, **{**_NOT_RUN, "reason": reason}) if failed else record
