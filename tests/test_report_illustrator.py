"""Figures are submitted once the verdicts that they show are known, with those numbers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.measurement import Measurement, not_measured
from hubble_qa.checks.verdict import judge
from hubble_qa.fixtures.plans.dataset import load_dataset
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows import load_workflow
from hubble_qa.reports.collect.records import Expected, verdict_record
from hubble_qa.reports.collect.results import VerdictRecord
from hubble_qa.reports.session.illustrator import Illustrator

DATASET = load_dataset(Path(__file__).parents[1] / "qa" / "datasets" / "wfpc2-omega-cen.toml")
WORKFLOW = load_workflow(DATASET.workflow)
PLAN = WORKFLOW.plan(DATASET, Simulated("small"))
EXPOSURES = ("u5jx0108r", "u5jx010hr")
# Two verdicts that the figures of stars show, and one that those of weights do.
EXPECTED = (("PHT-004", "star1"), ("PHT-006", "WF3"), ("PHT-007", "u5jx0108r"))


class Host:
    """Notes what is submitted."""

    def __init__(self, requested: Iterable[Node]) -> None:
        self.requested = {node.key: node for node in requested}
        self.submitted: list[Node] = []
        self.read: set[str] = set()

    def submit(self, nodes: Iterable[Node]) -> None:
        self.submitted += nodes

    @property
    def names(self) -> list[str]:
        return [node.name for node in self.submitted]


def record(criterion: str, subject: str, value: float | None = None) -> VerdictRecord:
    rule = load_criteria()[criterion]
    measured = (
        not_measured(rule.quantity, subject, "was not run")
        if value is None
        else Measurement(rule.quantity, value, rule.unit, subject)
    )
    return verdict_record(judge(rule, measured), f"qa/test_x.py::{criterion}-{subject}", DATASET.name)


def illustrator(host: Host, expected: Iterable[tuple[str, str]] = EXPECTED) -> Illustrator:
    run: Any = SimpleNamespace(
        datasets={DATASET.name: DATASET},
        settings=lambda dataset: WORKFLOW.settings(dataset),
        plan=lambda dataset: PLAN,
    )
    named = [(record(*each).test, *each) for each in expected]
    return Illustrator(run, host, [Expected(test, DATASET.name, *each) for test, *each in named])


def test_a_figure_is_submitted_with_the_last_of_its_verdicts() -> None:
    host = Host(PLAN.nodes.values())
    drawn = illustrator(host)
    drawn.take(record("PHT-004", "star1", 0.0012))
    assert host.names == []
    drawn.take(record("PHT-006", "WF3", 0.972))
    assert host.names == ["star-figures"]

    verdicts = host.submitted[0].settings.verdicts  # type: ignore[attr-defined]
    assert verdicts.get("PHT-004", "star1").value == 0.0012
    assert verdicts.get("PHT-006", "WF3").status == "fail"
    assert verdicts.bounds("PHT-006", "WF3") == load_criteria()["PHT-006"].bounds
    assert verdicts.get("PHT-007", "u5jx0108r") is None


def test_what_still_waits_is_drawn_at_the_end_without_the_numbers_that_never_came() -> None:
    host = Host(PLAN.nodes.values())
    drawn = illustrator(host)
    drawn.take(record("PHT-004", "star1", 0.0012))
    drawn.finish()
    numbered = {
        "fit-figures": ("align/shifts", "align-c0m/shifts"),
        "image-figure": ("f555w_drw_sci", "f555w_c0m_drw_sci"),
        "ratio-figures": EXPOSURES,
    }
    assert sorted(host.names) == sorted(
        [
            *("drizzle-figures", "ratio-figures", "star-figures", "width-figures-1"),
            *(f"{name}-{place}" for name, each in numbered.items() for place, _ in enumerate(each, 1)),
        ]
    )
    (stars,) = (node for node in host.submitted if node.name == "star-figures")
    assert list(stars.settings.verdicts.shown) == ["PHT-004"]  # type: ignore[attr-defined]
    assert set(drawn.nodes[DATASET.name]) == set(host.names)


def test_nothing_is_built_to_be_drawn_alone() -> None:
    host = Host(PLAN.closure(["photometry"]))
    drawn = illustrator(host)
    drawn.finish()
    # The C0M image was made for the photometry; nobody asked for anything else.
    assert "star-figures" in host.names
    host = Host(PLAN.closure(["fetch"]))
    drawn = illustrator(host)
    drawn.finish()
    assert host.names == []


@pytest.mark.parametrize(
    ("criterion", "subject", "limits"),
    [
        ("AST-002", "align/shifts u5jx010hr_flt", ("above", "below")),
        ("PHT-007", "u5jx0108r", ("at_least", "at_most")),
    ],
)
def test_limits_are_open_or_closed_as_the_criterions(
    criterion: str, subject: str, limits: tuple[str, str]
) -> None:
    host = Host(PLAN.nodes.values())
    illustrator(host, [(criterion, subject)]).take(record(criterion, subject, 0.05))
    (node,) = host.submitted
    bounds = node.settings.verdicts.bounds(criterion, subject)  # type: ignore[attr-defined]
    assert bounds == DATASET.bounds(criterion, subject)
    assert all(getattr(bounds, name) is not None for name in limits)
