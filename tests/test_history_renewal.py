"""A new product without news: what is remembered as text comes to what the plain understanding comes to."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hubble_qa.checks.trends.drift import Drift, rebase
from hubble_qa.checks.trends.outcomes import MOST_OUTCOMES, Outcome
from hubble_qa.reports.history.memory import Memory, drift_of, drift_text, outcomes_of, outcomes_text
from hubble_qa.reports.history.renewal import Product, renewed
from hubble_qa.reports.history.understand import Limits, Understood, understand

FIRST = datetime(2026, 1, 1, 2, tzinfo=UTC)
LIMITS = Limits(upper=0.2)


def night(number: int, value: float | None = 0.15, **changes: object) -> Outcome:
    """The outcome of a night on which everything was built anew."""
    when = FIRST + timedelta(days=number)
    return replace(
        Outcome(when, f"{number:016x}", accepted=True, value=value, rule=f"{'a1':>016}"), **changes
    )


def product_of(outcome: Outcome) -> Product:
    assert outcome.value is not None
    return Product(outcome.when.isoformat(), outcome.key, outcome.rule, outcome.value, outcome.built)


def memory_of(state: Understood) -> Memory:
    return Memory(outcomes_text(state.outcomes), drift_text(state.drift))


def after(*several: Outcome) -> Understood:
    """A series after nights."""
    state = Understood((), Drift())
    for each in several:
        state = understand(state.outcomes, state.drift, each, LIMITS)
    return state


def season(seed: int, nights: int) -> Iterator[Outcome]:
    """Nights of new products, with some that repeat an earlier one, are rejected, or have no value."""
    rng = random.Random(seed)
    for number in range(nights):
        new = night(number, rng.choice([0.15, 1, 1e-17]) if number == 7 else 0.15 + 0.002 * rng.gauss(0, 1))
        match rng.randrange(40):
            case 0:
                yield replace(new, key=f"{max(number - 2, 0):016x}")
            case 1:
                yield replace(new, accepted=False, value=0.3)
            case 2:
                yield replace(new, value=None)
            case 3:
                yield replace(new, value=0.15 + 0.03 * rng.random(), built=False)
            case _:
                yield new


@pytest.mark.parametrize("seed", range(8))
def test_nights_come_to_the_same_to_the_letter(seed: int) -> None:
    state, quick = after(), 0
    for number, each in enumerate(season(seed, 180)):
        if number == 90:  # somebody accepts a baseline
            state = replace(state, drift=rebase(state.drift, 0.151, 0.02))
        memory = memory_of(state) if state.outcomes else None
        found = renewed(memory, None, product_of(each), LIMITS) if each.accepted and each.value else None
        state = understand(state.outcomes, state.drift, each, LIMITS)
        if found is not None:
            quick += 1
            assert found.memory == memory_of(state)
            assert state.news == ()
            assert found.since == state.outcomes[-1].streak.isoformat()
            shown = replace(found.drift, reference=state.drift.reference)
            assert shown == state.drift
    # Of the others one in ten is put among the nights, or follows such a one, or estimates the scatter.
    assert quick > 110


def test_nights_without_news_before_it_lengthen_the_last_outcome() -> None:
    before, until = after(night(0), night(1)), FIRST + timedelta(days=5)
    memory = memory_of(before)
    found = renewed(memory, until.isoformat(), product_of(night(6)), LIMITS)
    lengthened = outcomes_of(memory.outcomes, until)
    assert found is not None
    assert found.memory == memory_of(understand(lengthened, drift_of(memory.drift), night(6), LIMITS))


def test_as_many_outcomes_are_remembered_as_ever() -> None:
    memory: Memory | None = None
    for number in range(MOST_OUTCOMES + 5):
        found = renewed(
            memory, None, product_of(night(number, 0.15 + 1e-4 * (number % 3))), Limits(upper=0.2)
        )
        if found is None:
            assert memory is not None
            known = outcomes_of(memory.outcomes), drift_of(memory.drift)
            memory = memory_of(understand(*known, night(number, 0.15 + 1e-4 * (number % 3)), LIMITS))
        else:
            memory = found.memory
    assert memory is not None
    kept = outcomes_of(memory.outcomes)
    assert [each.key for each in kept] == [f"{number:016x}" for number in range(5, MOST_OUTCOMES + 5)]


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(night(50, key=f"{20:016x}"), id="a product that was there before"),
        pytest.param(night(50, 0.19), id="a value that moved"),
        pytest.param(night(50, float("nan")), id="no number"),
    ],
)
def test_what_may_be_news_is_left_to_the_plain_understanding(outcome: Outcome) -> None:
    memory = memory_of(after(*(night(number) for number in range(50))))
    assert renewed(memory, None, product_of(night(50)), LIMITS) is not None
    assert renewed(memory, None, product_of(outcome), LIMITS) is None


def test_the_scatter_is_estimated_by_the_plain_understanding() -> None:
    memory = memory_of(after(*(night(number) for number in range(49))))
    assert renewed(memory, None, product_of(night(49)), LIMITS) is None


@pytest.mark.parametrize(
    "last", [night(3, 0.3, accepted=False), night(3, None)], ids=["rejected", "without a value"]
)
def test_the_night_after_a_rejection_or_without_a_value_is_too(last: Outcome) -> None:
    memory = memory_of(after(night(1), night(2), last))
    assert renewed(memory, None, product_of(night(4)), LIMITS) is None


def test_a_drift_is_told_by_the_plain_understanding() -> None:
    state = after(*(night(number, 0.15 + 1e-3 * (number % 3 - 1)) for number in range(45)))
    for number in range(45, 100):
        each = night(number, 0.158)
        found = renewed(memory_of(state), None, product_of(each), LIMITS)
        state = understand(state.outcomes, state.drift, each, LIMITS)
        if state.drift.drifted:
            assert found is None
            assert [news.kind for news in state.news] == ["drift"]
            return
    raise AssertionError("a shift of four widths was not told in 55 nights")
