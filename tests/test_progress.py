"""What a run tells of its stages while it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubble_qa.fixtures.engine.engine import Engine, EventKind, StageEvent, new_run
from hubble_qa.fixtures.engine.events import Outlook
from hubble_qa.fixtures.store.store import Store
from hubble_qa.fixtures.suite.progress import PlainLines, running_line, stage_text
from tests.stages_for_tests import chain


class Terminal:
    """Where pytest writes dots, and progress between them."""

    def __init__(self) -> None:
        self.text = ""
        self.column = 0

    def dots(self, count: int) -> None:
        self.text += "." * count
        self.column += count

    def begin(self) -> None:
        self.column = 0

    def write(self, text: str) -> None:
        self.text += text


def started(number: int, total: int, left: float | None = None) -> StageEvent:
    outlook = Outlook(number, total, left)
    return StageEvent(EventKind.STARTED, "field", f"node{number}", "add", "key", outlook=outlook)


@pytest.mark.parametrize(
    ("outlook", "text"),
    [
        (Outlook(31, 76, 80.0), "stage 31 of 76, 1 min 20 s left"),
        (Outlook(31, 76, 9.6), "stage 31 of 76, 10 s left"),
        (Outlook(31, 76, 4000.0), "stage 31 of 76, 1 h 06 min left"),
        (Outlook(31, 76), "stage 31 of 76"),
        (Outlook(), ""),
    ],
)
def test_how_far_the_stages_have_come(outlook: Outlook, text: str) -> None:
    assert stage_text(outlook) == text


def test_time_passes_between_two_events() -> None:
    assert stage_text(Outlook(2, 3, 80.0), 20.0) == "stage 2 of 3, 1 min 00 s left"
    assert stage_text(Outlook(2, 3, 80.0), 100.0) == "stage 2 of 3"


def test_the_live_line_says_how_far_the_run_is() -> None:
    assert running_line((), 3, 80, "stage 2 of 3, 20 s left") == (
        "[stage 2 of 3, 20 s left: waiting; 3 reused]"
    )


def test_lines_in_a_log_leave_no_blank_ones_and_let_dots_begin_anew() -> None:
    terminal = Terminal()
    lines = PlainLines(terminal.write, lambda: terminal.column, terminal.begin, pause=0.0)
    lines(started(1, 3))
    terminal.dots(5)
    lines(started(2, 3, 80.0))
    lines(started(3, 3, 40.0))
    terminal.dots(2)
    lines.end()
    lines(started(3, 3, 40.0))

    assert terminal.text.splitlines() == [
        "stage 1 of 3: field node1",
        ".....",
        "stage 2 of 3, 1 min 20 s left: field node2",
        "stage 3 of 3, 40 s left: field node3",
        "..",
    ]
    assert terminal.column == 2


def test_a_log_has_a_line_now_and_then_and_what_failed_at_once() -> None:
    terminal = Terminal()
    lines = PlainLines(terminal.write, lambda: terminal.column, terminal.begin, pause=60.0)
    for number in range(1, 50):
        lines(started(number, 50))
    lines(StageEvent(EventKind.FAILED, "field", "node7", "add", "key", 3.0, "no stars"))

    assert terminal.text == "stage 1 of 50: field node1\nfield node7: FAILED\n"


def test_the_engine_tells_how_many_stages_there_are_and_how_long_they_will_take(tmp_path: Path) -> None:
    store, journal = Store(tmp_path / "store"), tmp_path / "journal"
    events: list[StageEvent] = []

    def outlooks(rebuild: frozenset[str] = frozenset()) -> list[Outlook]:
        events.clear()
        *_, last = chain(journal, "abc")
        with Engine(store, new_run(), jobs=2, rebuild=rebuild, listener=events.append) as engine:
            engine.result(last)
        return [each.outlook for each in events if each.kind is EventKind.STARTED]

    first = outlooks()
    count = len(first)
    assert [(each.begun, each.total) for each in first] == [(n, count) for n in range(1, count + 1)]
    assert first[0].left is None
    assert not outlooks()

    again = outlooks(frozenset({"all"}))
    assert [each.total for each in again] == [count] * count
    times = [each.left for each in again if each.left is not None]
    assert len(times) == count
    assert times == sorted(times, reverse=True)
