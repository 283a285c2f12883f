"""The results of a run as plain data: what the report is made from and what results.json holds."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from hubble_qa.checks.measurement import finite, json_number

__all__ = [
    "CONTEXT_FACT",
    "DAMAGED_FACT",
    "NOT_JUDGED_FACT",
    "SCHEMA_VERSION",
    "WITHOUT_EFFECT_FACT",
    "DatasetRecord",
    "FigureRecord",
    "Results",
    "RunRecord",
    "StageRecord",
    "VerdictRecord",
    "read_results",
    "results_schema",
    "write_results",
]

SCHEMA_VERSION = 2

CONTEXT_FACT = "CRDS context"
DAMAGED_FACT = "Damaged in the store"
NOT_JUDGED_FACT = "Files not judged"
"""Name of the dataset fact that holds the CRDS context its references were chosen by."""
WITHOUT_EFFECT_FACT = "Without effect"
"""How the names of facts begin that tell of entries of the dataset file that matched nothing."""

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The run itself.

    Attributes
    ----------
    identifier : str
        Unique identifier of the run.
    started : str
        ISO 8601 UTC time.
    elapsed : float
        Wall-clock seconds from configuration to the end of the session.
    archive : str
        ``"simulated"``, ``"mast"`` or ``"directory"``.
    archive_location : str
        The directory or server, as the user named it; empty for the simulated archive.
    command : str
        The command line.
    versions : mapping of str to str
        Versions of Python, this suite and the tools.
    exit_status : int
        pytest's exit status.
    """

    identifier: str
    started: str
    elapsed: float
    archive: str
    archive_location: str
    command: str
    versions: Mapping[str, str]
    exit_status: int


@dataclass(frozen=True, slots=True)
class StageRecord:
    """One node of a dataset's plan in this run.

    ``outcome`` is ``"complete"``, ``"failed"`` or ``"interrupted"`` as in the product's manifest, or
    ``"blocked"`` when an upstream stage failed. ``reused`` tells that the product was in the store
    before the run. Times are seconds, ``peak_memory`` bytes; ``directory`` is the product's path.
    ``upstream`` names the nodes of the same dataset that it reads; ``code`` is the digest of its code.
    """

    dataset: str
    node: str
    stage: str
    key: str
    outcome: str
    reused: bool
    wall: float
    cpu: float
    peak_memory: int
    error: str = ""
    log_tail: str = ""
    directory: str = ""
    upstream: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)
    code: str = ""


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """One verdict, flattened.

    ``status`` is the status by the bounds alone; ``expected`` holds the dataset's reason where it
    declares that the criterion rejects this subject, and ``expected_range`` the values, in words, for which
    that holds; ``accepted`` is what decides the run.
    ``value``, ``uncertainty`` and ``margin`` are in ``unit``, and so are ``lower`` and ``upper``, the
    limits in force; ``bounds`` renders these in words. A number that is not finite is stored as None:
    such a verdict is ``"not measured"`` and its ``reason`` says what was found.
    """

    test: str
    dataset: str
    criterion: str
    title: str
    quantity: str
    subject: str
    status: str
    accepted: bool
    value: float | None
    uncertainty: float | None
    unit: str
    bounds: str
    margin: float | None
    reason: str
    bounds_reason: str = ""
    expected: str | None = None
    expected_range: str = ""
    rationale: str = ""
    source: str = ""
    figure: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    lower: float | None = None
    upper: float | None = None

    def __post_init__(self) -> None:
        for name in ("value", "uncertainty", "margin", "lower", "upper"):
            object.__setattr__(self, name, finite(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class FigureRecord:
    """A figure of a dataset.

    ``figure`` is the identifier that criteria name; several files may share it. ``file`` is the
    path of the image: absolute, or relative to the directory of the report; empty for a table.
    ``kind`` is ``"image"`` or ``"table"``. ``data`` is the path of a JSON file, or empty: the rows of
    a table, or the points of an image that the report can also draw itself; `reports.figures.figure_data`
    describes both. ``subject`` is the subject of the verdicts that the figure shows, where it is one.
    """

    dataset: str
    figure: str
    title: str
    caption: str
    alt: str
    file: str
    kind: str = "image"
    data: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """A dataset that was reduced or judged.

    ``facts`` are provenance: reference files by keyword, the context under `CONTEXT_FACT`,
    under names that begin with `DAMAGED_FACT` stored products that were not what was published,
    under `NOT_JUDGED_FACT` which finished products were passed over, and why, and under names that
    begin with `WITHOUT_EFFECT_FACT` entries of the dataset file that matched nothing.
    ``absent`` is empty, or says why the dataset could not be had from the archive.
    """

    name: str
    title: str
    workflow: str
    exposures: tuple[str, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    absent: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that a run found."""

    run: RunRecord
    datasets: tuple[DatasetRecord, ...]
    stages: tuple[StageRecord, ...]
    verdicts: tuple[VerdictRecord, ...]
    figures: tuple[FigureRecord, ...]
    schema_version: int = SCHEMA_VERSION


def write_results(results: Results, path: Path) -> None:
    """Write results as JSON, whole or not at all.

    What JSON cannot hold is written in a readable form: a non-finite number within a context or
    settings by its name (``"nan"``), arrays as lists, other values as text, and characters that
    UTF-8 lacks (lone surrogates) as U+FFFD.
    """
    text = json.dumps(_plain(results), indent=1, allow_nan=False, ensure_ascii=False)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_results(path: Path) -> Results:
    """Read results that `write_results` wrote.

    Raises
    ------
    ValueError
        If the file does not hold results, or those of another schema version.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found = document["schema_version"]
        if found != SCHEMA_VERSION:
            raise ValueError(f"schema version is {found!r}, this suite reads {SCHEMA_VERSION}: run it again")
        return Results(
            run=RunRecord(**document["run"]),
            datasets=tuple(DatasetRecord(**_tuples(entry, "exposures")) for entry in document["datasets"]),
            stages=tuple(StageRecord(**_tuples(entry, "upstream")) for entry in document["stages"]),
            verdicts=tuple(VerdictRecord(**entry) for entry in document["verdicts"]),
            figures=tuple(FigureRecord(**entry) for entry in document["figures"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not hold results of this suite: {error}") from error


def results_schema() -> dict[str, Any]:
    """Return the JSON Schema of results.json, which describes every field."""
    text = (
        resources.files("hubble_qa.reports.collect")
        .joinpath("results.schema.json")
        .read_text(encoding="utf-8")
    )
    schema: dict[str, Any] = json.loads(text)
    return schema


def _tuples(entry: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {**entry, **{name: tuple(entry[name]) for name in names}}


def _plain(value: Any) -> Any:
    """Turn a record, or a value within one, into what strict JSON and UTF-8 can hold."""
    match value:
        case None | bool() | int():
            return value
        case str():
            return _SURROGATE.sub("\ufffd", value)
        case float():
            return json_number(value)
        case Mapping():
            return {_plain(str(key)): _plain(entry) for key, entry in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(entry) for entry in value]
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    to_list = getattr(value, "tolist", None)  # numpy scalars and arrays
    return _plain(str(value) if to_list is None else to_list())
