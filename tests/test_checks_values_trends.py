"""Series over nights: values by another way, where another sum, night or key gives another."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean, median

import pytest

from hubble_qa.checks.trends.departures import drift_measurements
from hubble_qa.checks.trends.drift import ALARM, START, Drift, default_tolerance, estimates, follow, rebase
from hubble_qa.checks.trends.outcomes import Condition, Happening, Outcome, happenings, is_flaky, remember
from hubble_qa.checks.trends.steps import step_places

FIRST = datetime(2026, 1, 1, 2, tzinfo=UTC)


def night(number: int, key: str = "a", accepted: bool = True, value: float | None = 1.0) -> Outcome:
    return Outcome(FIRST + timedelta(days=number), key, accepted, value)


# Steps


def divisions(count: int) -> Iterator[tuple[int, ...]]:
    """All divisions of a series into levels of three values at least, by where levels begin."""
    yield ()
    for place in range(3, count - 2):
        for rest in divisions(count - place):
            yield (place, *(place + each for each in rest))


def best_division(values: Sequence[float]) -> tuple[int, ...]:
    """Of all divisions that of least cost, as the formula says: a step costs 5 log(n) variances."""
    count = len(values)
    around = [[values[min(max(n + each, 0), count - 1)] for each in range(-2, 3)] for n in range(count)]
    middle = [median(each) for each in around]
    differences = [abs(one - other) for one, other in zip(values[1:], values, strict=False)]
    scatter = max(1.4826 * median(differences) / math.sqrt(2.0), 1e-4 * (max(middle) - min(middle)) or 1.0)
    kept = [
        min(max(value, at - 4.0 * scatter), at + 4.0 * scatter)
        for value, at in zip(values, middle, strict=True)
    ]

    def cost(places: tuple[int, ...]) -> float:
        edges = (0, *places, count)
        levels = [kept[first:last] for first, last in pairwise(edges)]
        squares = sum((each - fmean(level)) ** 2 for level in levels for each in level) / scatter**2
        return squares + 5.0 * math.log(count) * len(places)

    return min(divisions(count), key=cost)


@pytest.mark.parametrize("seed", range(60))
def test_steps_of_a_few_widths_and_wild_values_are_those_of_the_best_division(seed: int) -> None:
    """Steps about as large as they cost, and values beyond four widths on either side."""
    generator = random.Random(seed)
    count = generator.randint(8, 14)
    places = [0, *sorted(generator.sample(range(3, count - 2), 2))]
    levels = [generator.choice([0.0, 2.0, 3.0, 4.0, 6.0]) * generator.choice([-1.0, 1.0]) for _ in places]
    values = [
        levels[sum(number >= place for place in places) - 1] + generator.gauss(0.0, 1.0)
        for number in range(count)
    ]
    for number in generator.sample(range(count), 2):
        values[number] += generator.choice([-30.0, -6.0, 6.0, 30.0])
    unit, offset = generator.choice([1.0, 1e-3, 1e4]), generator.choice([0.0, 50.0])
    values = [unit * (offset + each) for each in values]
    assert step_places(values) == best_division(values)


def test_steps_far_from_zero_are_found() -> None:
    """Of 19 widths, at 1e11 widths: squares of the values themselves would leave nothing of it."""
    values = [1e12 + 10.0 * (n % 2) + 200.0 * (n >= 37) for n in range(80)]
    assert step_places(values) == (37,)


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ([1.0, 1.0, 1.0, 2.0, 2.0, 2.0], (3,)),
        ([1.0, 1.0, 2.0, 2.0, 2.0], ()),
        ([1.0] * 6, ()),
        # Scatter is a ten-thousandth of the range at least: steps of three and of one and a half.
        ([0.0] * 6 + [1.0] * 6 + [1.0003] * 6, (6, 12)),
        ([0.0] * 6 + [1.0] * 6 + [1.00015] * 6, (6,)),
        ([0.0, 0.0, 0.0, 7.0, 7.0, 7.0, 3.0, 3.0, 3.0, 3.0], (3, 6)),
    ],
)
def test_exact_values_step_too(values: list[float], places: tuple[int, ...]) -> None:
    assert step_places(values) == places


# Outcomes


def conditions(nights: Sequence[Outcome]) -> list[list[Happening]]:
    memory: tuple[Outcome, ...] = ()
    found = []
    for each in nights:
        found.append([*happenings(memory, each)])
        memory = remember(memory, each)
    return found


@pytest.mark.parametrize(
    ("second", "one"),
    [
        (night(1), True),
        (night(1, value=2.0), False),
        (night(1, value=None), False),
        (night(1, value=1.0 + 5e-10), True),
        (night(1, value=1.0 + 1.5e-9), False),
        (night(1, key="b"), False),
        (night(1, accepted=False), False),
        (replace(night(1), rule="other"), False),
    ],
)
def test_nights_that_came_to_the_same_are_one(second: Outcome, one: bool) -> None:
    memory = remember((night(0),), replace(second, built=False))
    assert len(memory) == (1 if one else 2)
    unknown = remember((night(0, value=None),), replace(night(1, value=None), built=False))
    assert len(unknown) == 1
    assert len(remember((night(0, value=None),), replace(night(1), built=False))) == 2


def test_a_flip_of_another_product_is_news_of_a_flaky_series_too() -> None:
    flips = [night(n, accepted=each) for n, each in enumerate((True, False, True))]
    told = conditions([*flips, night(3, key="b"), night(4, accepted=False)])
    assert [each.condition for each in told[2]] == [Condition.FLAKY]
    assert Condition.NEW in [each.condition for each in told[4]]
    assert not is_flaky(())
    assert not is_flaky([night(0, accepted=False), night(1), *flips[:2], night(4, key="b")])


def test_a_series_is_flaky_since_the_first_build_of_its_key() -> None:
    nights = [
        night(0, key="b"),
        night(1, key="c"),
        *(night(n, accepted=each) for n, each in enumerate((True, False, True), 2)),
        night(5, key="b"),
        night(6),
    ]
    (last,) = (each for each in conditions(nights)[-1] if each.condition is Condition.FLAKY)
    # The night before, of another key, was none.
    assert (last.since, last.begins) == (FIRST + timedelta(days=2), True)


def test_a_value_is_compared_with_the_last_that_is_known() -> None:
    values = (1.0, 2.0, 2.0, None, 2.0, 1.0)
    told = conditions([night(n, value=value) for n, value in enumerate(values)])
    assert [[(each.condition, each.begins) for each in found] for found in told] == [
        [],
        [(Condition.NOT_REPRODUCIBLE, True)],
        [],
        [],
        [],
        [(Condition.NOT_REPRODUCIBLE, False)],
    ]
    assert conditions([night(0, value=None), night(1, value=1.0)])[1] == []


def test_what_has_been_rejected_for_long_before_its_first_night_here_is_chronic_at_once() -> None:
    long_rejected = replace(night(20, accepted=False), since=FIRST)
    new, chronic = happenings((), long_rejected)
    assert new.condition is Condition.NEW
    assert (chronic.condition, chronic.since, chronic.begins) == (Condition.CHRONIC, FIRST, True)


# Drift


def test_a_reference_is_estimated_with_every_ten_products_from_forty_on() -> None:
    assert [count for count in range(101) if estimates(count)] == [40, 50, 60, 70, 80, 90, 100]


@pytest.mark.parametrize(
    ("accepted", "of_baseline", "otherwise", "up"),
    [
        # The width is a tenth of a tolerance at least: 2.25 is 0.25 from the level, of a scatter of 0.01.
        (None, 0.0, 1.0, 2.5 - 1.0),
        (2.0, 2.0, 1.0, 1.25 - 1.0),
        (2.0, 2.0, 0.0, 1.25 - 1.0),
        (None, 0.0, 0.05, 4.0 - 1.0),
    ],
)
def test_a_width_is_a_tenth_of_the_tolerance_at_least(
    accepted: float | None, of_baseline: float, otherwise: float, up: float
) -> None:
    state = Drift(100, 2.0, (), 2.0, 0.01, accepted, of_baseline)
    assert follow(state, 2.25, tolerance=otherwise).up == pytest.approx(up)


def test_a_drift_began_where_its_sum_was_zero_last() -> None:
    rising = Drift(100, 2.0, (), 2.0, 0.5, up=1.25, down=2.0, up_from=90, down_from=95)
    # 0.5 widths up, of which one is let pass: sums of 0.75 and 0.5.
    found = follow(rising, 2.25)
    assert (found.up, found.down, found.up_from, found.down_from) == (0.75, 0.5, 90, 95)
    found = follow(found, 2.125)
    assert (found.up, found.down, found.up_from, found.down_from) == (0.0, 0.0, 102, 102)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_sums_end_a_little_beyond_the_alarm(sign: float) -> None:
    state = Drift(100, 2.0, (), 2.0, 0.5)
    for _ in range(20):
        state = follow(state, 2.0 + 9.0 * sign)
    assert {state.up, state.down} == {0.0, 20.0}
    assert state.statistic == 20.0


def test_of_series_equally_near_to_a_drift_the_last_by_name_is_named() -> None:
    state = Drift(120, 2.0, (), 2.0, 0.5, up=4.0)
    (found,) = drift_measurements({"b": state, "c": state, "a": state})
    assert (found.value, found.context["nearest to a drift"]) == (4.0 / ALARM, "c")


def test_an_accepted_baseline_begins_anew() -> None:
    state = Drift(40, 3.0, (), 2.0, 0.5, up=3.0, down=1.0, up_from=30, down_from=35)
    moved = rebase(state, 3.0, 0.2)
    assert (moved.up, moved.down, moved.up_from, moved.down_from) == (0.0, 0.0, 40, 40)
    assert (moved.centre, moved.baseline, moved.tolerance, moved.count) == (3.0, 3.0, 0.2, 40)


@pytest.mark.parametrize(
    ("lower", "upper", "tolerance"),
    [(-2.0, 4.0, 0.3), (None, -4.0, 0.4), (-3.0, None, 0.3), (None, None, 0.0)],
)
def test_a_tolerance_is_a_tenth_of_the_limit(
    lower: float | None, upper: float | None, tolerance: float
) -> None:
    assert default_tolerance(lower, upper) == pytest.approx(tolerance)


def test_what_was_added_during_a_drift_leaves_the_reference_but_one_value() -> None:
    state = Drift(
        count=3, last=0.0, reference=(1.0, 1.0, 1.0), centre=1.0, width=0.1, up_from=0, up=ALARM - 0.1
    )
    found = follow(state, 9.0)
    assert found.drifted
    assert found.reference == (1.0,)


def width_by_hand(values: Sequence[float]) -> float:
    """Robust width times the root of how long values remember, and an excess for so few."""
    centre = median(values)
    width = 1.4826 * median([abs(each - centre) for each in values])
    kept = [min(max((each - centre) / width, -4.0), 4.0) for each in values]
    mean = fmean(kept)
    kept = [each - mean for each in kept]
    r = sum(one * other for one, other in pairwise(kept)) / sum(each**2 for each in kept)
    r = min(max(r + (1.0 + 3.0 * r) / len(kept), 0.0), 0.9)
    return width * math.sqrt((1.0 + r) / (1.0 - r))


@pytest.mark.parametrize("correlation", [-0.5, 0.0, 0.3, 0.6, 0.99])
@pytest.mark.parametrize("seed", [5, 6])
def test_the_width_of_a_reference_is_by_how_long_it_remembers(correlation: float, seed: int) -> None:
    generator = random.Random(seed)
    values = [0.0]
    for _ in range(START - 1):
        values.append(correlation * values[-1] + generator.gauss(0.0, 1.0))
    values[3] += 50.0
    state = Drift()
    for value in values:
        state = follow(state, value)
    # An excess for its own error: 12 / 40.
    assert state.width == pytest.approx(1.3 * width_by_hand(values))
    assert state.centre == pytest.approx(median(values))


@pytest.mark.parametrize(("value", "departure"), [(2.0 + 1.9, 3.8), (2.0 + 2.1, 4.0), (2.0 - 9.0, -4.0)])
def test_departures_beyond_four_widths_are_four(value: float, departure: float) -> None:
    state = Drift(100, 2.0, (), 2.0, 0.5)
    found = follow(state, value)
    assert (found.up, found.down) == (max(departure - 1.0, 0.0), max(-departure - 1.0, 0.0))


def test_an_accepted_baseline_is_compared_with_by_its_tolerance_alone() -> None:
    """Before there are enough values for a width, only the last value counts."""
    state = rebase(Drift(3, 2.0, (2.0, 2.0, 2.0)), 2.0, 0.5)
    found = follow(state, 2.75)
    assert (found.up, found.down, found.level) == (0.0, 0.0, pytest.approx(1.5))
