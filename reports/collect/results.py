"""The results of a run as plain data: what the report is made from and what results.json holds."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from hubble_qa.checks.measurement import finite, json_number

__all__ = [
    "CONTEXT_FACT",
    "DAMAGED_FACT",
    "DERIVED",
    "DRAWN_FACT",
    "NOT_JUDGED_FACT",
    "NOT_RUN",
    "NO_CRITERIA_FACT",
    "RESULTS",
    "SCHEMA_VERSION",
    "UNUSABLE_FACT",
    "WITHOUT_EFFECT_FACT",
    "CodeRecord",
    "CriterionRecord",
    "DatasetRecord",
    "FigureRecord",
    "FinishedRecord",
    "Results",
    "RunRecord",
    "StageRecord",
    "VerdictRecord",
    "instruments_limits",
    "parse_results",
    "read_results",
    "results_schema",
    "results_text",
    "write_results",
]

RESULTS = "results.json"
"""Name of the file of a report that holds its results."""
SCHEMA_VERSION = 5
_OLDEST = 2
"""The earliest version that is still read; what it has not takes its default."""

CONTEXT_FACT = "CRDS context"
"""Name of the dataset fact that holds the CRDS context its references were chosen by."""
DAMAGED_FACT = "Damaged in the store"
NOT_JUDGED_FACT = "Files not judged"
NO_CRITERIA_FACT = "No criteria for"
DRAWN_FACT = "Drawn"
"""Name of the dataset fact that says how many of many files have figures and tables."""
UNUSABLE_FACT = "Cannot be used"
"""Name of the dataset fact that says why a dataset file could not be used."""
DERIVED = "REG-"
"""How the ids of criteria begin that judge the history of others: their verdicts are of no test."""
NOT_RUN = "was not run"
"""Reason of the verdict of a test that was selected and never ended."""
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
        ``"simulated"``, ``"mast"`` or ``"directory"``; ``"products"`` where finished products were judged.
    archive_location : str
        The directory or server, as the user named it; empty for the simulated archive.
    command : str
        The command line.
    versions : mapping of str to str
        Versions of Python, this suite and the tools.
    exit_status : int
        pytest's exit status.
    size : str
        ``"full"`` or ``"small"``, of simulated exposures; empty for others.
    asked, available : int
        Verdicts that the run was asked for, and those that there are with all tests and datasets.
    complete : bool
        Whether all of them were asked for and the run came to its end.
    complete_report : str
        When the run of the complete report was started beside which this one lies, ISO 8601 UTC; empty
        where there is none.
    """

    identifier: str
    started: str
    elapsed: float
    archive: str
    archive_location: str
    command: str
    versions: Mapping[str, str]
    exit_status: int
    size: str = ""
    asked: int = 0
    available: int = 0
    complete: bool = True
    complete_report: str = ""


@dataclass(frozen=True, slots=True)
class StageRecord:
    """One node of a dataset's plan in this run.

    ``outcome`` is ``"complete"``, ``"failed"`` or ``"interrupted"`` as in the product's manifest, or
    ``"blocked"`` when an upstream stage failed. ``reused`` tells that the product was in the store
    before the run. Times are seconds, ``peak_memory`` bytes; ``directory`` is the product's path.
    ``upstream`` names the nodes of the same dataset that it reads; ``code`` is the digest of its code.

    The key is a digest of ``stage``, ``code``, ``settings``, ``tools``, ``inputs`` (keys of the products
    that it reads, by the name under which the stage finds them) and ``sources`` (digests of files from
    outside, by name). ``files`` holds the digests of what a stage made that reads no product: exposures and
    reference files as they were had, which a key need not tell of. ``where`` is the machine that built it, if
    not the one that the run was started on; ``remark`` is what the stage says of its product.
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
    inputs: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class FinishedRecord:
    """A finished file that verdicts are of, in a run that a history keeps.

    ``key`` is the digest of its contents; ``programs`` holds the versions that its header names, by program,
    ``references`` the reference files, by keyword, ``parameters`` those by which it was drizzled.
    """

    label: str
    key: str
    programs: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CodeRecord:
    """Code of a stage or of a measurement: its digest, and those of its modules and data files by name."""

    digest: str
    modules: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CriterionRecord:
    """A criterion by which something was judged, as its catalogue has it.

    ``bounds`` are the default ones in words; ``instruments`` holds those of instruments that differ, and
    ``instrument_reasons`` why. ``applies_to`` tells for which subjects it is, ``method`` how its quantity is
    measured, ``error`` how the standard error of the value is found (empty where it has none), ``remedy``
    what to do where it fails. ``stated`` tells that the bounds are a stated requirement, ``floor`` that the
    lower one only tells what is no measurement.
    """

    id: str
    title: str
    topic: str
    quantity: str
    unit: str
    bounds: str
    applies_to: str
    method: str
    error: str
    rationale: str
    source: str
    remedy: str
    figure: str = ""
    stated: bool = False
    floor: bool = False
    instruments: Mapping[str, str] = field(default_factory=dict)
    instrument_reasons: Mapping[str, str] = field(default_factory=dict)


def instruments_limits(criteria: Sequence[CriterionRecord]) -> dict[tuple[str, str], str]:
    """Instruments by criterion and the reason of their limits: by it they are told from a dataset's own."""
    return {
        (record.id, reason): instrument
        for record in criteria
        for instrument, reason in record.instrument_reasons.items()
    }


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """One verdict, flattened.

    ``status`` is the status by the bounds alone; ``expected`` holds the dataset's reason where it
    declares that the criterion rejects this subject, and ``expected_range`` the values, in words, for which
    that holds, and ``expected_remedy`` what a user of the product is to do about it; ``accepted`` is what
    decides the run.
    ``value``, ``uncertainty`` and ``margin`` are in ``unit``, and so are ``lower`` and ``upper``, the
    limits in force; ``bounds`` renders these in words, and ``floor`` tells that the lower one is a floor of
    validity, no limit for margins; ``relative_margin`` is the margin in units of half the accepted interval
    or of the one limit; ``close`` tells that the value is within one error of its limit; ``topic`` is the
    side of a product that is judged. A number that is not finite is stored as None: such a verdict is
    ``"not measured"`` and its ``reason`` says what was found. ``node`` is the node whose product is judged
    and ``key`` its key; ``products`` are the keys of all products that the test read, by node. They are
    empty where no node made what is judged. ``code`` is the digest of the code that measured, ``where`` the
    machine that did, if not the one that the run was started on.
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
    topic: str = ""
    relative_margin: float | None = None
    close: bool = False
    floor: bool = False
    expected_remedy: str = ""
    node: str = ""
    key: str = ""
    products: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    where: str = ""

    def __post_init__(self) -> None:
        for name in ("value", "uncertainty", "margin", "relative_margin", "lower", "upper"):
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
    under `NOT_JUDGED_FACT` which finished products were passed over, and why, under `NO_CRITERIA_FACT` the
    topics that are not judged of the dataset's instrument, and under names that begin with
    `WITHOUT_EFFECT_FACT` entries of the dataset file that matched nothing. `UNUSABLE_FACT` says why a dataset
    file could not be used: then there is nothing else of it.
    ``absent`` is empty, or says why the dataset could not be had from the archive. ``available`` is the
    number of verdicts that there are of it, of which the run may have been asked for a part.
    ``instrument`` is the value of INSTRUME. ``files`` are the paths of the files that were judged, by what
    verdicts call them.
    """

    name: str
    title: str
    workflow: str
    exposures: tuple[str, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    absent: str = ""
    available: int = 0
    instrument: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that a run found."""

    run: RunRecord
    datasets: tuple[DatasetRecord, ...]
    stages: tuple[StageRecord, ...]
    verdicts: tuple[VerdictRecord, ...]
    figures: tuple[FigureRecord, ...]
    schema_version: int = SCHEMA_VERSION
    criteria: tuple[CriterionRecord, ...] = ()
    codes: tuple[CodeRecord, ...] = ()
    finished: tuple[FinishedRecord, ...] = ()


def write_results(results: Results, path: Path) -> None:
    """Write results as JSON, as `results_text` has them, whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8") as stream:
            stream.writelines(_pieces(results))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def results_text(results: Results) -> str:
    """Results as JSON.

    What JSON cannot hold is written in a readable form: a non-finite number within a context or
    settings by its name (``"nan"``), arrays as lists, other values as text, and characters that
    UTF-8 lacks (lone surrogates) as U+FFFD.
    """
    return "".join(_pieces(results))


def read_results(path: Path) -> Results:
    """Read results that `write_results` wrote.

    Raises
    ------
    ValueError
        If the file does not hold results, or those of another schema version.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} does not hold results of this suite: {error}") from error
    return parse_results(text, str(path))


def parse_results(text: str, where: str) -> Results:
    """Take results out of JSON.

    Parameters
    ----------
    text : str
        As `results_text` has it.
    where : str
        The file that it is from, as a message names it.

    Raises
    ------
    ValueError
        If these are no results, or those of another schema version.
    """
    try:
        document = json.loads(text)
        found = document["schema_version"]
        if found not in range(_OLDEST, SCHEMA_VERSION + 1):
            raise ValueError(
                f"schema version is {found!r}, this suite reads {_OLDEST} to {SCHEMA_VERSION}: run it again"
            )
        return Results(
            run=RunRecord(**document["run"]),
            datasets=tuple(DatasetRecord(**_tuples(entry, "exposures")) for entry in document["datasets"]),
            stages=tuple(StageRecord(**_tuples(entry, "upstream")) for entry in document["stages"]),
            verdicts=tuple(VerdictRecord(**entry) for entry in document["verdicts"]),
            figures=tuple(FigureRecord(**entry) for entry in document["figures"]),
            criteria=tuple(CriterionRecord(**entry) for entry in document.get("criteria", ())),
            codes=tuple(CodeRecord(**entry) for entry in document.get("codes", ())),
            finished=tuple(FinishedRecord(**entry) for entry in document.get("finished", ())),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{where} does not hold results of this suite: {error}") from error


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


def _pieces(results: Results) -> Iterator[str]:
    """Results as JSON, with a record a line; piece by piece, as there may be very many."""
    encode = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode
    before = "{\n"
    for name in _names_of(Results):
        part = getattr(results, name)
        yield f'{before}"{name}": '
        before = ",\n"
        if not isinstance(part, tuple | list) or not part:
            yield encode(_plain(part))
            continue
        for number, record in enumerate(part):
            yield ",\n" if number else "[\n"
            yield _encoded(record, encode)
        yield "\n]"
    yield "\n}\n"


def _encoded(record: Any, encode: Callable[[Any], str]) -> str:
    """A record as JSON, as it is where JSON can hold it so, as nearly always."""
    try:
        text = encode({name: getattr(record, name) for name in _names_of(record.__class__)})
    except (TypeError, ValueError):  # what JSON has not: numbers that are not finite, other values
        return encode(_plain(record))
    return text if _SURROGATE.search(text) is None else encode(_plain(record))


@cache
def _names_of(record: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(record))


def _is_plain(value: Any) -> bool:
    """Whether a value, as most are, can be written as it is."""
    return value is None or type(value) is bool or (type(value) is str and value.isascii())


def _plain(value: Any) -> Any:
    """Turn a record, or a value within one, into what strict JSON and UTF-8 can hold."""
    match value:
        case None | bool() | int():
            return value
        case str():
            return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
        case float():
            return json_number(value)
        case Mapping():
            return {_plain(str(key)): _plain(entry) for key, entry in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(entry) for entry in value]
    if is_dataclass(value):
        found = ((name, getattr(value, name)) for name in _names_of(value.__class__))
        return {name: each if _is_plain(each) else _plain(each) for name, each in found}
    to_list = getattr(value, "tolist", None)  # numpy scalars and arrays
    return _plain(str(value) if to_list is None else to_list())
