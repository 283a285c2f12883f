"""The number that a figure prints of a criterion is the verdict's."""

from __future__ import annotations

import re
from typing import Any

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.reports.words.numerals import value_text
from tests.qa_runs import QaRun

__all__ = ["missing_numbers"]

FEW = 4
"""Verdicts by one criterion of which each number is printed."""


def missing_numbers(run: QaRun) -> list[str]:
    """Verdicts with a number that the figure which explains them does not print; empty as it should be.

    A figure that a verdict names and that is not drawn prints none. Of many verdicts that are accepted, a
    figure prints the smallest and the largest number.
    """
    figures, verdicts = run.results["figures"], run.verdicts
    titles = {name: criterion.title for name, criterion in load_criteria().items()}
    return [
        f"{verdict['criterion']} of {verdict['subject']}: {number(verdict)} is not in {verdict['figure']}"
        for verdict in verdicts
        if verdict["figure"] and verdict["value"] is not None
        if not any(
            number(verdict) in sentence or is_between(verdict, sentence, verdicts)
            for figure in figures
            if explains(figure, verdict)
            for sentence in statements(run, figure, titles[verdict["criterion"]])
        )
    ]


def is_between(verdict: dict[str, Any], sentence: str, verdicts: list[dict[str, Any]]) -> bool:
    """Whether an accepted verdict is one of many whose ends a sentence prints."""
    many = re.match(r"[^;.]*?: .* on (\d+) subjects", sentence)
    if not many or int(many[1]) <= FEW or not verdict["accepted"]:
        return False
    ends = [
        each["value"]
        for each in verdicts
        if all(each[key] == verdict[key] for key in ("dataset", "criterion")) and each["value"] is not None
        if number(each) in sentence.partition(" subjects")[0]
    ]
    return bool(ends) and min(ends) <= verdict["value"] <= max(ends)


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
