"""results.json: a round trip, its schema, and what it does with values JSON cannot hold."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.measurement import Measurement, not_applicable
from hubble_qa.checks.verdict import judge
from hubble_qa.reports.collect import results as module
from hubble_qa.reports.collect.records import verdict_record
from hubble_qa.reports.collect.results import (
    CodeRecord,
    CriterionRecord,
    DatasetRecord,
    FigureRecord,
    FinishedRecord,
    Results,
    RunRecord,
    StageRecord,
    VerdictRecord,
    read_results,
    results_schema,
    write_results,
)
from tests.report_sample import broken_results, sample_results, sample_run, verdict

RECORDS = (
    RunRecord, DatasetRecord, StageRecord, CriterionRecord, CodeRecord, VerdictRecord, FigureRecord,
    FinishedRecord,
)  # fmt: skip
JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
number = st.floats(allow_nan=False, allow_infinity=False)
count = st.integers(min_value=0, max_value=2**63)
free = st.dictionaries(text, st.recursive(st.none() | st.booleans() | number | text, st.lists, max_leaves=4))


def record_of(record: type[Any]) -> st.SearchStrategy[Any]:
    """Draw records whose every field is arbitrary, as far as its type allows."""
    drawn = {
        str: text, bool: st.booleans(), int: count, float: number.map(abs), float | None: st.none() | number,
        str | None: st.none() | text, tuple[str, ...]: st.lists(text, max_size=3).map(tuple),
    }  # fmt: skip
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for name, kind in get_type_hints(record).items():
        mapping = get_origin(kind) is not None and kind not in drawn and "Mapping" in str(kind)
        if mapping:
            fields[name] = st.dictionaries(text, text, max_size=3) if get_args(kind)[1] is str else free
        else:
            fields[name] = drawn[kind]
    return st.builds(record, **fields)


any_results = st.builds(
    Results,
    run=record_of(RunRecord),
    datasets=st.lists(record_of(DatasetRecord), max_size=2).map(tuple),
    stages=st.lists(record_of(StageRecord), max_size=2).map(tuple),
    verdicts=st.lists(record_of(VerdictRecord), max_size=2).map(tuple),
    figures=st.lists(record_of(FigureRecord), max_size=2).map(tuple),
    schema_version=st.just(module.SCHEMA_VERSION),
    criteria=st.lists(record_of(CriterionRecord), max_size=2).map(tuple),
    codes=st.lists(record_of(CodeRecord), max_size=2).map(tuple),
    finished=st.lists(record_of(FinishedRecord), max_size=2).map(tuple),
)


@given(any_results)
def test_results_survive_a_round_trip(tmp_path_factory: pytest.TempPathFactory, results: Results) -> None:
    path = tmp_path_factory.mktemp("results") / "results.json"
    write_results(results, path)
    assert read_results(path) == results


@pytest.fixture
def sample(tmp_path: Path) -> Results:
    return sample_results(tmp_path / "figures")


def written(results: Results, directory: Path) -> Any:
    write_results(results, directory / "results.json")
    return json.loads((directory / "results.json").read_text(encoding="utf-8"))


def test_a_realistic_run_conforms_to_the_schema(sample: Results, tmp_path: Path) -> None:
    schema = results_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for results in (sample, broken_results(sample)):
        jsonschema.validate(written(results, tmp_path), schema, cls=jsonschema.Draft202012Validator)


def test_judged_measurements_conform_to_the_schema(tmp_path: Path) -> None:
    criterion = load_criteria()["AST-002"]
    unit, quantity = criterion.unit, criterion.quantity
    measurements = [
        Measurement(quantity, 0.15, unit, "u5jx010hr", 0.01, {"matches": 112, "trend": math.nan}),
        Measurement(quantity, math.nan, unit, "u5jx010hr"),
        not_applicable(quantity, "u5jx0108r", "the reference image has no fit"),
    ]
    verdicts = tuple(verdict_record(judge(criterion, each), "test_id", "wfpc2") for each in measurements)
    assert [(each.lower, each.upper) for each in verdicts] == [
        (criterion.bounds.lower, criterion.bounds.upper)
    ] * 3
    assert [each.value for each in verdicts] == [0.15, None, None]
    jsonschema.validate(written(Results(sample_run(), (), (), verdicts, ()), tmp_path), results_schema())


@pytest.mark.parametrize(
    ("records", "changes"),
    [("verdicts", {"status": "fine"}), ("stages", {"wall": -1.0}), ("verdicts", {"value": "0.1"})],
)
def test_the_schema_refuses_what_is_wrong(
    sample: Results, tmp_path: Path, records: str, changes: dict[str, Any]
) -> None:
    document = written(sample, tmp_path)
    document[records][0] |= changes
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, results_schema())


def test_the_schema_refuses_a_field_too_many_and_one_too_few(sample: Results, tmp_path: Path) -> None:
    for edit in (lambda run: run.update(surplus=1), lambda run: run.pop("command")):
        document = written(sample, tmp_path)
        edit(document["run"])
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document, results_schema())


@pytest.mark.parametrize("record", [Results, *RECORDS])
def test_schema_and_dataclasses_agree(record: type[Any]) -> None:
    schema = results_schema()
    described = schema if record is Results else schema["$defs"][record.__name__]
    names = [field.name for field in dataclasses.fields(record)]
    assert list(described["properties"]) == names
    assert described["required"] == names
    assert described["additionalProperties"] is False
    for name, kind in get_type_hints(record).items():
        field = described["properties"][name]
        if record is not Results:
            assert field["type"] == json_type(kind), name
        assert field.get("description") or "$ref" in field, f"{name} is not described"


def json_type(kind: Any) -> Any:
    if kind in JSON_TYPES:
        return JSON_TYPES[kind]
    if get_origin(kind) is tuple:
        return "array"
    parts = get_args(kind)
    return [JSON_TYPES[part] for part in parts] if type(None) in parts else "object"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_a_number_that_is_not_finite_is_none(value: float, tmp_path: Path) -> None:
    record = verdict("AST-002", "u5jx010hr", 0.15)
    assert dataclasses.replace(record, value=value, uncertainty=value, margin=value).value is None
    settings = {"threshold": value, "nested": [value, {"deep": value}]}
    stage = StageRecord("d", "n", "s", "k", "complete", False, 1.0, 1.0, 0, settings=settings)
    results = Results(sample_run(), (), (stage,), (), ())
    found = written(results, tmp_path)["stages"][0]["settings"]
    assert found == {
        "threshold": str(float(value)),
        "nested": [str(float(value)), {"deep": str(float(value))}],
    }


def test_values_of_other_kinds_are_written_readably(tmp_path: Path) -> None:
    context = {
        "array": np.array([1.5, np.nan]), "count": np.int64(7), "path": Path("a/b"), "name": "caf\udce9",
        "\ud800": np.float32(0.5), "pair": (1, 2),
    }  # fmt: skip
    record = dataclasses.replace(verdict("AST-002", "u5jx010hr", 0.15), context=context)
    found = written(Results(sample_run(), (), (), (record,), ()), tmp_path)["verdicts"][0]["context"]
    assert found == {
        "array": [1.5, "nan"], "count": 7, "path": "a/b", "name": "caf\ufffd", "\ufffd": 0.5, "pair": [1, 2],
    }  # fmt: skip


def test_a_write_that_fails_leaves_the_old_file(
    sample: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.json"
    write_results(sample, path)
    before = path.read_bytes()
    listed = sorted(tmp_path.iterdir())

    encoded = module._encoded

    def full(record: object, encode: Callable[[object], str]) -> str:
        if isinstance(record, StageRecord):  # some of the file is written by now
            raise OSError("no space left on device")
        return encoded(record, encode)

    monkeypatch.setattr(module, "_encoded", full)
    with pytest.raises(OSError, match="no space"):
        write_results(dataclasses.replace(sample, verdicts=()), path)
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == listed


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", "null", '{"schema_version": 1}', '{"schema_version": 1, "run": {"surplus": 1}}', "\x00"],
)
def test_a_file_of_something_else_gets_one_line_that_names_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="does not hold results") as caught:
        read_results(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_schema_version_is_refused(sample: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results(dataclasses.replace(sample, schema_version=99), path)
    with pytest.raises(ValueError, match="schema version is 99"):
        read_results(path)


@pytest.mark.parametrize("version", [2, 3])
def test_results_of_earlier_versions_are_read(sample: Results, tmp_path: Path, version: int) -> None:
    document = written(sample, tmp_path)
    document["schema_version"] = version
    lacking = {
        "datasets": ["instrument"], "stages": ["inputs", "sources", "files"],
        "verdicts": ["node", "key", "products", "code"],
    }  # fmt: skip
    if version == 2:
        for name in ("size", "asked", "available", "complete", "complete_report"):
            del document["run"][name]
        lacking["datasets"].append("available")
        lacking["verdicts"] += ["relative_margin", "close", "floor"]
    del document["codes"]
    for records, names in lacking.items():
        for each in document[records]:
            for name in names:
                del each[name]
    (tmp_path / "results.json").write_text(json.dumps(document), encoding="utf-8")

    found = read_results(tmp_path / "results.json")

    assert [each.value for each in found.verdicts] == [each.value for each in sample.verdicts]
    assert found.run.complete
    assert found.schema_version == module.SCHEMA_VERSION
