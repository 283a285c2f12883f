"""What each verdict is of, as results.json has it: products by their keys, and the code that measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hubble_qa.fixtures.plans.code import code_of
from hubble_qa.fixtures.suite.reading import measuring_code
from hubble_qa.reports.collect.results import read_results, results_schema
from tests.small_project import SmallProject, project

__all__ = ["project"]

TWO_READ = """

@pytest.mark.criterion("AST-005", subject="both")
def test_two(normalised_flt, photometry, judge):
    judge(Measurement("fit_scale", abs(number(photometry) - number(photometry)), "", "both"))
"""


def by_test(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The verdicts by the function of their test, of several the last."""
    return {each["test"].partition("::")[2].partition("[")[0]: each for each in results["verdicts"]}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_verdict_names_the_products_that_its_test_read(project: SmallProject, workers: str) -> None:
    project.tests(TWO_READ)
    project.run("-q", "-n", workers)
    results = project.results()
    keys = {each["node"]: each["key"] for each in results["stages"]}
    verdicts = by_test(results)
    read = {
        "test_spread": ["flt"],
        "test_rotation": ["photometry"],
        "test_matches": ["fetch"],
        "test_two": ["flt", "photometry"],
    }
    for test, nodes in read.items():
        assert verdicts[test]["products"] == {node: keys[node] for node in nodes}, test
        assert (verdicts[test]["node"], verdicts[test]["key"]) == (nodes[-1], keys[nodes[-1]]), test
    jsonschema.validate(results, results_schema())


def test_what_a_key_is_a_digest_of_can_be_followed_upstream(project: SmallProject) -> None:
    project.run("-q")
    results = read_results(project.path / "report" / "results.json")
    by_key = {each.key: each for each in results.stages}
    last = next(each for each in results.stages if each.node == "photometry")
    seen, waiting = set(), [last]
    while waiting:
        stage = waiting.pop()
        seen.add(stage.node)
        assert [by_key[key].node for key in stage.inputs.values()] == list(stage.upstream)
        assert bool(stage.files) is (not stage.inputs)
        waiting += [by_key[key] for key in stage.inputs.values()]
    assert seen == {"fetch", "flt", "photometry"}
    codes = {each.digest: each.modules for each in results.codes}
    assert set(codes[last.code]) == set(code_of(("tests.small_stage",)).modules)


def test_the_code_that_measured_is_named(project: SmallProject) -> None:
    project.run("-q", "-n", "2")
    before = project.results()
    project.tests("\n\nUNUSED = 1\n")
    project.run("-q", "-n", "2")
    after = project.results()
    codes = [{each["digest"]: each["modules"] for each in one["codes"]} for one in (before, after)]
    ones = [by_test(one)["test_spread"]["code"] for one in (before, after)]
    assert ones[0] != ones[1]
    modules = [code[one] for code, one in zip(codes, ones, strict=True)]
    assert {name for name in modules[0] if modules[0][name] != modules[1][name]} == {"test_small"}
    assert "hubble_qa.checks.measurement" in modules[0]


def test_what_judges_a_value_is_no_part_of_its_measurement() -> None:
    code = measuring_code("hubble_qa.qa.test_alignment")
    assert code is not None
    assert "hubble_qa.checks.astrometry.alignment" in code.modules
    assert "hubble_qa.qa.test_alignment" in code.modules
    judging = {"hubble_qa.checks.criteria", "hubble_qa.checks.bounds", "hubble_qa/checks/criteria.toml"}
    assert judging <= set(code_of(("hubble_qa.qa.test_alignment",)).modules)
    assert not judging & set(code.modules)
    assert not [name for name in code.modules if "fixtures" in name]


def test_code_without_source_is_not_named(tmp_path: Path) -> None:
    assert measuring_code("no_such_module") is None
