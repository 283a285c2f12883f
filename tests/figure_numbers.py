"""The number that a figure prints of a criterion is the verdict's."""

from __future__ import annotations

from typing import Any

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.reports.words.numerals import value_text
from tests.qa_runs import QaRun

__all__ = ["missing_numbers"]


def missing_numbers(run: QaRun) -> list[str]:
    """Verdicts with a number that the figure which explains them does not print; empty as it should be."""
    figures = run.results["figures"]
    titles = {name: criterion.title for name, criterion in load_criteria().items()}
    return [
        f"{verdict['criterion']} of {verdict['subject']}: {number(verdict)} is not in {verdict['figure']}"
        for verdict in run.verdicts
        if verdict["figure"] and verdict["value"] is not None
        if any(explains(figure, verdict) for figure in figures)
        if not any(
            number(verdict) in sentence
            for figure in figures
            if explains(figure, verdict)
            for sentence in statements(run, figure, titles[verdict["criterion"]])
        )
    ]


def explains(figure: dict[str, Any], verdict: dict[str, Any]) -> bool:
    return all(figure[key] == verdict[key] for key in ("dataset", "figure"))


def number(verdict: dict[str, Any]) -> str:
    return value_text(verdict["value"], verdict["uncertainty"], (verdict["lower"], verdict["upper"]))


def statements(run: QaRun, figure: dict[str, Any], title: str) -> list[str]:
    """What a figure says under a criterion's title; of a table, its cells too."""
    found = figure["caption"].split(title)[1:]
    if figure["kind"] == "table" and figure["data"]:
        found.append((run.report / figure["data"]).read_text(encoding="utf-8"))
    return found
