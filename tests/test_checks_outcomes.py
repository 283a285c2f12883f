"""What the outcomes of a series tell, night by night."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.trends.outcomes import (
    Condition,
    Outcome,
    happenings,
    is_new_product,
    missing,
    remember,
)

FIRST = datetime(2026, 1, 1, 2, tzinfo=UTC)
NEW, FIXED, CHRONIC, FLAKY, OTHER_VALUE = (
    Condition.NEW,
    Condition.FIXED,
    Condition.CHRONIC,
    Condition.FLAKY,
    Condition.NOT_REPRODUCIBLE,
)


def night(number, key="a", accepted=True, value=1.0, **others):
    return Outcome(FIRST + timedelta(days=number), key, accepted, value, **others)


def told(nights, *, begins=True):
    """What each night tells, by its place among those told."""
    memory: tuple[Outcome, ...] = ()
    found: dict[int, list[Condition]] = {}
    for number, each in enumerate(nights):
        for happening in happenings(memory, each):
            if happening.begins or not begins:
                found.setdefault(number, []).append(happening.condition)
        memory = remember(memory, each)
    return found


def test_a_failure_is_new_once_and_fixed_once():
    nights = [night(n, key="b" if 3 <= n < 6 else "a", accepted=not 3 <= n < 6) for n in range(9)]
    assert told(nights) == {3: [NEW], 6: [FIXED]}


def test_a_series_that_begins_rejected_is_a_new_failure_and_one_that_begins_accepted_nothing():
    assert told([night(0, accepted=False), night(1, accepted=False)]) == {0: [NEW]}
    assert told([night(0), night(1)]) == {}


def test_a_rejection_is_chronic_from_the_tenth_day_on_whether_or_not_anything_is_built():
    for built in (True, False):
        nights = [night(n, accepted=n < 2, built=built) for n in range(15)]
        assert told(nights) == {2: [NEW], 12: [CHRONIC]}
        chronic = [*filter(lambda h: h.condition is CHRONIC, happenings(memory_of(nights[:-1]), nights[-1]))]
        assert [(h.since, h.begins) for h in chronic] == [(FIRST + timedelta(days=2), False)]


def memory_of(nights):
    memory: tuple[Outcome, ...] = ()
    for each in nights:
        memory = remember(memory, each)
    return memory


def test_a_chronic_rejection_keeps_its_beginning_beyond_what_is_remembered():
    nights = [night(n, key=str(n), accepted=n == 0) for n in range(200)]
    memory = memory_of(nights)
    assert len(memory) == 64
    assert memory[-1].streak == FIRST + timedelta(days=1)


def test_two_flips_of_one_key_are_flaky_and_no_longer_new_or_fixed():
    accepted = [True, False, True, True, False, True, True]
    assert told([night(n, accepted=each) for n, each in enumerate(accepted)]) == {1: [NEW], 2: [FLAKY]}


def test_flips_with_another_key_are_not_flaky():
    accepted = [True, False, True, False]
    nights = [night(n, key=str(n), accepted=each) for n, each in enumerate(accepted)]
    assert told(nights) == {1: [NEW], 2: [FIXED], 3: [NEW]}


def test_flips_by_another_rule_are_not_flaky():
    nights = [night(n, accepted=n != 1, rule="< 2" if n != 1 else "< 1") for n in range(3)]
    assert told(nights) == {1: [NEW], 2: [FIXED]}


def test_a_flaky_series_that_flips_for_a_reason_is_a_new_failure():
    nights = [night(n, accepted=n != 1) for n in range(3)] + [night(3, key="b", accepted=False)]
    assert told(nights)[3] == [NEW]


def test_flips_further_apart_than_ten_builds_are_not_flaky():
    def flips_apart(builds):
        return [night(0), *(night(1 + n, accepted=False) for n in range(builds)), night(builds + 1)]

    assert FLAKY in told(flips_apart(8))[9]
    assert FLAKY not in told(flips_apart(9))[10]


def test_nights_that_build_nothing_are_no_builds():
    nights = [night(0), *(night(n, accepted=False, built=n == 1) for n in range(1, 30)), night(30)]
    assert told(nights)[30] == [FLAKY]


def test_another_value_of_the_same_product_is_not_reproducible_and_that_of_another_is_nothing():
    assert told([night(0), night(1, value=1.1), night(2, value=1.2)]) == {1: [OTHER_VALUE]}
    assert told([night(0), night(1, key="b", value=1.1)]) == {}
    assert told([night(0), night(1, rule="measured by other code", value=1.1)]) == {}


def test_a_product_that_returns_has_the_value_that_it_had():
    back = [night(0), night(1, key="b", value=2.0), night(2, value=1.5)]
    assert told(back) == {2: [OTHER_VALUE]}


def test_a_stage_that_fails_at_times_is_flaky_but_its_value_is_reproducible():
    nights = [night(n, accepted=n % 3 != 1, value=None if n % 3 == 1 else 1.0) for n in range(3)]
    assert told(nights) == {1: [NEW], 2: [FLAKY]}


def test_sums_in_another_order_are_the_same_value():
    assert told([night(0, value=0.1 + 0.2), night(1, value=0.3)]) == {}


def test_nights_without_news_are_one_outcome():
    nights = [night(n, built=n == 0) for n in range(100)]
    (only,) = memory_of(nights)
    assert (only.when, only.last) == (FIRST, FIRST + timedelta(days=99))


@pytest.mark.parametrize(("complete", "gone"), [(True, ("b",)), (False, ())])
def test_only_a_complete_run_makes_anything_missing(complete, gone):
    assert missing(["a", "b", "b"], ["c", "a"], complete=complete) == gone


def test_only_products_that_a_series_never_had_are_new():
    memory = memory_of([night(0, key="a"), night(1, key="b"), night(2, key="a")])
    assert not is_new_product(memory, "b")
    assert is_new_product(memory, "c")


outcome_lists = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from("ab"), st.booleans(), st.sampled_from([None, 1.0, 2.0])),
    max_size=40,
).map(
    lambda steps: [
        night(sum(s[0] for s in steps[: n + 1]), key, accepted, value)
        for n, (_, key, accepted, value) in enumerate(steps)
    ]
)


@given(outcome_lists)
def test_new_failures_and_fixed_ones_are_in_turns_and_nothing_begins_while_it_lasts(nights):
    memory: tuple[Outcome, ...] = ()
    turns = []
    for each in nights:
        found = happenings(memory, each)
        conditions = {h.condition for h in found}
        assert not {NEW, FIXED} <= conditions
        assert CHRONIC not in conditions or not each.accepted
        assert all(h.since <= each.when for h in found)
        turns += [h.condition for h in found if h.condition in (NEW, FIXED)]
        memory = remember(memory, each)
    if FLAKY not in {h for found in told(nights).values() for h in found}:
        assert all(one is not other for one, other in pairwise(turns))


@given(outcome_lists)
def test_an_accepted_history_tells_nothing_but_other_values(nights):
    good = [Outcome(n.when, n.key, True, n.value) for n in nights]
    assert {h for found in told(good).values() for h in found} <= {OTHER_VALUE}
