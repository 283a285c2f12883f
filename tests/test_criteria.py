"""The catalogue of criteria: as data, and the errors of a wrong one."""

import ast
import re
from pathlib import Path

import pytest
from astropy import units
from pydantic import ValidationError

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.criteria import CriteriaError, load_criteria, parse_criteria

STATED = {"AST-001", "AST-002", "AST-003", "AST-011", "AST-026", "PHT-001", "PHT-004", "DRK-002"}
ROOT = Path(__file__).parents[1]
ENTRY = """
[AST-002]
title = "Fit RMS"
topic = "fits"
quantity = "fit_rms"
unit = "pix"
bounds = { above = 0, below = 0.1 }
applies_to = "each exposure"
method = "of the residuals"
rationale = "scatter"
remedy = "align again"
source = "notebook"
"""


def strings(package: str, pattern: str) -> set[str]:
    """String constants of a package's modules that match a pattern."""
    nodes = [
        node
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ]
    constants = (node.value for node in nodes if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str) and re.fullmatch(pattern, value)}


def test_every_criterion_is_judged_by_a_test_of_the_suite_or_by_the_history_at_the_end_of_a_run() -> None:
    judged, by_history = strings("qa", r"[A-Z]{3}-\d{3}"), strings("reports/session", r"[A-Z]{3}-\d{3}")
    assert by_history == {"REG-001"}
    assert judged | by_history == set(load_criteria())
    assert not judged & by_history


def test_every_figure_that_explains_a_criterion_is_drawn() -> None:
    criteria = load_criteria().values()
    named = {name for criterion in criteria for name in (criterion.figure, *criterion.other_figures)} - {""}
    assert named <= strings("reports/figures", r"[a-z0-9-]+")


def test_catalogue_holds_the_workflows() -> None:
    expected = {
        *(f"AST-{number:03}" for number in range(1, 30)),
        *(f"PHT-{number:03}" for number in range(1, 15)),
        *(f"CAL-{number:03}" for number in range(1, 17)),
        *(f"TVB-{number:03}" for number in range(1, 7)),
        *(f"WCS-{number:03}" for number in range(1, 8)),
        *(f"DRK-{number:03}" for number in range(1, 7)),
        *(f"FIL-{number:03}" for number in range(1, 6)),
        *(f"DRZ-{number:03}" for number in range(1, 13)),
        *(f"HLS-{number:03}" for number in range(1, 9)),
        "REG-001",
    }
    assert set(load_criteria()) == expected


def test_stated_requirements_are_marked() -> None:
    assert {name for name, criterion in load_criteria().items() if criterion.stated} == STATED


@pytest.mark.parametrize("criterion", load_criteria().values(), ids=load_criteria().keys())
def test_unit_is_fits_standard(criterion) -> None:
    units.Unit(criterion.unit, format="fits")


def test_published_wfpc2_scatter_is_within_its_variant_only() -> None:
    criterion = load_criteria()["AST-002"]
    bounds, reason = criterion.bounds_for("WFPC2")
    assert bounds.contains(0.15)
    assert "0.15" in reason
    assert criterion.bounds_for("ACS") == (criterion.bounds, "")
    assert not criterion.bounds.contains(0.15)


def test_zero_scatter_is_never_within_bounds() -> None:
    criterion = load_criteria()["AST-002"]
    for instrument in ("WFPC2", "WFC3"):
        assert not criterion.bounds_for(instrument)[0].contains(0.0)


def test_floors_of_validity_are_marked() -> None:
    floored = {name for name, criterion in load_criteria().items() if criterion.floor}
    assert floored == {"AST-002", "AST-011", "DRK-002"}
    assert all(load_criteria()[name].bounds.above == 0 for name in floored)


def test_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        load_criteria()["AST-999"] = load_criteria()["AST-001"]
    with pytest.raises(ValidationError, match="frozen"):
        load_criteria()["AST-001"].title = "other"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[AST-002", "not TOML"),
        ("AST-002 = 3", "AST-002: expected a table"),
        (ENTRY.replace("AST-002", "AST-2"), "AST-2: id"),
        (ENTRY.replace('unit = "pix"\n', ""), "AST-002: unit: Field required"),
        (ENTRY.replace("title", "heading"), "AST-002: title: Field required"),
        (ENTRY + 'colour = "red"\n', "AST-002: colour: Extra inputs are not permitted"),
        (ENTRY.replace("above = 0", "at_most = 0"), "AST-002: bounds: give one upper limit"),
        (ENTRY.replace("above = 0, below = 0.1", ""), "AST-002: bounds: give at least one limit"),
        (ENTRY.replace("above = 0", "above = 1"), "AST-002: bounds: the lower limit 1.0 exceeds"),
        (ENTRY.replace("above = 0", "above = 0.1"), "AST-002: bounds: no value lies between"),
        (
            ENTRY.replace("below = 0.1", "below = nan"),
            "AST-002: bounds.below: Input should be a finite number",
        ),
        (ENTRY.replace("above = 0, ", "") + "floor = true\n", "AST-002: floor is for two limits"),
        (ENTRY + ENTRY.replace("AST-002", "AST-003"), "AST-003: quantity 'fit_rms' is AST-002's already"),
        (
            ENTRY + '[AST-002.instruments.ACS]\nbounds = { below = 1 }\nreason = ""\n',
            "AST-002: instruments.ACS.reason",
        ),
    ],
)
def test_wrong_catalogue_gives_one_line_naming_file_entry_and_field(text: str, message: str) -> None:
    with pytest.raises(CriteriaError) as caught:
        parse_criteria(text, "criteria.toml")
    assert str(caught.value).startswith("criteria.toml: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_entry_becomes_criterion() -> None:
    criterion = parse_criteria(ENTRY, "criteria.toml")["AST-002"]
    assert (criterion.quantity, criterion.unit, criterion.stated) == ("fit_rms", "pix", False)
    assert criterion.bounds.text("pix") == "> 0 and < 0.1 pix"


def test_bounds_render_every_kind_of_limit() -> None:
    assert Bounds(at_least=0.9, at_most=1.1).text() == "≥ 0.9 and ≤ 1.1"
    assert re.fullmatch(r"≤ 1e-06", Bounds(at_most=1e-6).text())
