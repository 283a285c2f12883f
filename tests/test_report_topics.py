"""What was judged of a product, in one line."""

from __future__ import annotations

from dataclasses import replace

from hubble_qa.reports.collect.results import NO_CRITERIA_FACT, DatasetRecord, VerdictRecord
from hubble_qa.reports.pages.topics import topics_text, unasked_text
from tests.report_sample import verdict
from tests.test_report_terminal import lines_of


def judged(criterion: str, topic: str, value: float | None = 0.0) -> VerdictRecord:
    return replace(verdict(criterion, "u5jx010hr", value), topic=topic)


def untold(criterion: str, topic: str, reason: str) -> VerdictRecord:
    return replace(judged(criterion, topic, None), status="could not be told", accepted=True, reason=reason)


def test_sides_are_judged_or_could_not_be_told_with_the_reason() -> None:
    text = topics_text(
        [
            judged("PHT-001", "zeropoints"),
            judged("AST-002", "fits", 0.1),
            untold("CAL-002", "drizzled flux", "no exposures"),
            judged("PHT-004", "chip photometry", None),
        ]
    )
    assert text == "judged: fits, zeropoints · not told: drizzled flux (no exposures)"


def test_a_side_of_which_some_verdicts_could_not_be_told_is_on_both_sides() -> None:
    lost = [untold("AST-002", "fits", reason) for reason in ("no match file", "no shift file")]
    text = topics_text([judged("AST-002", "fits", 0.1), *lost])
    assert text == "judged: fits · not told: fits (2 of 3 verdicts)"


def test_a_rejected_side_was_judged_and_nothing_is_said_of_nothing() -> None:
    assert topics_text([judged("AST-002", "fits", 0.5)]) == "judged: fits"
    assert topics_text([]) == ""


def test_sides_without_criteria_are_named_once_for_all_their_instruments() -> None:
    records = [
        DatasetRecord(f"{name.lower()}-products", "", "", (), facts)
        for name, facts in (
            ("WFC3", {}),
            ("STIS", {NO_CRITERIA_FACT: "fits, zeropoints of STIS"}),
            ("NICMOS", {NO_CRITERIA_FACT: "fits, zeropoints of NICMOS"}),
        )
    ]
    text = topics_text([judged("FIL-001", "form")], records)
    assert text == "judged: form · no criteria for: fits, zeropoints of STIS and NICMOS"
    assert unasked_text(records[:1]) == ""


def test_the_terminal_says_it_where_something_could_not_be_told() -> None:
    told, lost = judged("AST-002", "fits", 0.1), untold("CAL-002", "drizzled flux", "no exposures")
    lines = lines_of(told, lost, exit_status=0)
    assert lines[0] == "Accepted; 1 verdict could not be told"
    assert "judged: fits · not told: drizzled flux (no exposures)" in lines
    assert not any(line.startswith("judged") for line in lines_of(told, exit_status=0))
