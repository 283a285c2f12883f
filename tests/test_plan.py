"""Nodes, their keys and plans."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from hubble_qa.fixtures.plans.dataset import load_dataset
from hubble_qa.fixtures.plans.plan import Node, Plan
from hubble_qa.fixtures.plans.sources import Source
from hubble_qa.fixtures.plans.stage import Inputs, Settings, Stage, stage
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows import load_workflow
from tests.stages_for_tests import Plain, chain, write

ROOT = Path(__file__).parent.parent


def node(**changes: object) -> Node:
    return Node("field", "write", write, Plain(**changes))


class Inner(BaseModel):
    model_config = ConfigDict(frozen=True)

    limit: float = 1.0


class Nested(Settings):
    inner: Inner = Inner()


@stage("nested")
def nested(inputs: Inputs, output: Path, settings: Nested) -> None:
    """A stage that is never run."""


def test_a_changed_setting_changes_the_key_of_its_node_and_of_what_follows_only(tmp_path: Path) -> None:
    before = chain(tmp_path, "abcd")
    after = chain(tmp_path, "abXd")

    assert [old.key == new.key for old, new in zip(before, after, strict=True)] == [True, True, False, False]


def test_a_parameter_of_tweakreg_changes_the_alignment_and_what_follows_only(tmp_path: Path) -> None:
    def keys(path: Path) -> dict[str, str]:
        dataset = load_dataset(path)
        plan = load_workflow(dataset.workflow).plan(dataset, Simulated("small"))
        return {name: node.key for name, node in plan.nodes.items()}

    own = ROOT / "qa" / "datasets" / "wfpc2-omega-cen.toml"
    text = own.read_text(encoding="utf-8")
    assert "tolerance = 3," in text
    (tmp_path / own.name).write_text(text.replace("tolerance = 3,", "tolerance = 2.5,"), encoding="utf-8")
    before, after = keys(own), keys(tmp_path / own.name)
    assert {name for name in before if before[name] != after[name]} == {
        *(f"align{of}{part}" for of in ("", "-c0m") for part in ("-try-1", "-try-2", "-try-3", "")),
        *("drizzle-f555w", "drizzle-f555w-c0m", "stars", "photometry"),
    }


def test_the_key_does_not_depend_on_dataset_name_or_location(tmp_path: Path) -> None:
    here = Node("one", "first", write, Plain(label="a"), locations={"journal": "here"})
    there = Node("two", "second", write, Plain(label="a"), locations={"journal": "there"})

    assert here.key == there.key


def test_the_key_depends_on_the_code_and_on_what_upstream_is_called(tmp_path: Path) -> None:
    first = node(label="a")

    keys = {
        first.key,
        Node("field", "write", write, Plain(label="a"), modules=("tests.small_workflow",)).key,
        Node("field", "write", write, Plain(label="a"), upstream={"sky": first}).key,
        Node("field", "write", write, Plain(label="a"), upstream={"dark": first}).key,
    }

    assert len(keys) == 4


def test_the_key_depends_on_the_content_of_a_source_and_not_on_its_place(tmp_path: Path) -> None:
    def key(name: str, content: str) -> str:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return Node("field", "n", write, Plain(), sources={"catalogue": Source.of(path)}).key

    assert key("a.txt", "stars") == key("b.txt", "stars") != key("a.txt", "galaxies")


def test_the_key_depends_on_the_versions_of_the_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    with_numpy = Stage("write", write.run, Plain, tools=("numpy",))
    before = Node("field", "n", with_numpy, Plain()).key
    monkeypatch.setattr("hubble_qa.fixtures.plans.plan._version", lambda tool: "0.0.1")

    assert Node("field", "n", with_numpy, Plain()).key != before


def test_a_tool_that_is_not_installed_is_named() -> None:
    with pytest.raises(ValueError, match="no-such-tool is not installed"):
        Node("field", "n", Stage("write", write.run, Plain, tools=("no-such-tool",)), Plain())


def test_a_default_and_the_same_value_given_in_another_type_make_one_key() -> None:
    assert node().key == node(seconds=0).key == node(seconds=0.0).key


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_the_key_is_the_same_in_every_process(seed: str) -> None:
    names = ["PC", "WF2", "WF3", "WF4", "ACS", "WFC3"]
    script = "\n".join(
        (
            "from hubble_qa.fixtures.plans.plan import Node",
            "from tests.stages_for_tests import Plain, write",
            f"settings = Plain(label='é', names=frozenset({names!r}))",
            "print(Node('field', 'write', write, settings).key)",
        )
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    completed = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    assert completed.stdout.strip() == node(label="é", names=frozenset(names)).key


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_setting_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"seconds\n.*finite number"):
        Plain(seconds=value)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_setting_that_is_not_finite_is_refused_where_the_model_lets_it_through(value: float) -> None:
    with pytest.raises(ValueError, match=r"field/n: settings\.inner\.limit is (nan|inf); give a finite"):
        Node("field", "n", nested, Nested(inner=Inner(limit=value)))


def test_settings_of_another_stage_are_refused() -> None:
    with pytest.raises(TypeError, match="field/n: settings are Plain, not Nested"):
        Node("field", "n", nested, Plain())


def test_the_lineage_lists_each_node_once_and_upstream_first(tmp_path: Path) -> None:
    top, left = chain(tmp_path, "ab")
    right = Node("field", "right", write, Plain(label="r"), upstream={"before": top})
    bottom = Node("field", "bottom", write, Plain(label="z"), upstream={"l": left, "r": right})

    assert [each.name for each in bottom.lineage()] == ["write-a", "write-b", "right", "bottom"]


def test_a_plan_returns_what_the_named_nodes_need(tmp_path: Path) -> None:
    nodes = chain(tmp_path, "abc")
    plan = Plan("field", {each.name: each for each in nodes})

    assert plan.closure(["write-b"]) == tuple(nodes[:2])
    assert "write-c" in plan
    assert plan["write-c"] is nodes[2]


def test_a_misfiled_node_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="field: node 'write-a' is filed under 'other'"):
        Plan("field", {"other": chain(tmp_path, "a")[0]})
