"""Drift by CUSUM, and the dates of steps, on series of known behaviour."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hubble_qa.checks.trends.departures import OTHERS, drift_measurements
from hubble_qa.checks.trends.drift import (
    ALARM,
    FULL_REFERENCE,
    START,
    Drift,
    default_tolerance,
    follow,
    rebase,
)
from hubble_qa.checks.trends.steps import step_places

finite = st.floats(-1e6, 1e6)
scalable = finite.filter(lambda value: value == 0 or abs(value) > 1e-250)  # times 0.5 they lose no digit


def followed(values, state=None, **others):
    """The state after each value."""
    states = [state or Drift()]
    for value in values:
        states.append(follow(states[-1], float(value), **others))
    return states[1:]


def alarm(values, **others):
    """Index of the first value with which a drift is told; None where there is none."""
    return next((n for n, state in enumerate(followed(values, **others)) if state.drifted), None)


def noise(count, seed=1, correlation=0.0):
    steps = np.random.default_rng(seed).standard_normal(count)
    found = [steps[0]]
    for step in steps[1:]:
        found.append(correlation * found[-1] + math.sqrt(1 - correlation**2) * step)
    return np.array(found)


def test_level_and_scatter_are_those_of_the_reference():
    states = followed(5 + 0.2 * noise(150))
    assert states[START - 2].width is None
    first, last = states[START - 1], states[-1]
    values = 5 + 0.2 * noise(150)
    assert first.centre == pytest.approx(np.median(values[:START]))
    assert last.centre == pytest.approx(np.median(values[:FULL_REFERENCE]))
    assert 0.13 < last.width < 0.3
    assert last.reference == ()
    assert last.count == 150


def test_an_uncorrelated_reference_has_the_width_of_its_mad():
    values = np.tile([1.0, 3.0, 2.0, 2.5, 1.5], 20)  # successive values are anticorrelated
    assert followed(values)[-1].width == pytest.approx(1.4826 * 0.5 * 1.12)


def test_a_correlated_reference_is_wider():
    narrow, wide = (followed(noise(100, 3, correlation))[-1].width for correlation in (0.0, 0.5))
    assert wide / narrow == pytest.approx(math.sqrt(3), rel=0.35)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_step_of_three_sigma_is_found_in_about_ten_products_and_dated(sign):
    values = noise(300)
    values[200:] += 3 * sign
    place = alarm(values)
    assert 205 <= place <= 216
    assert 195 <= followed(values)[place].began <= 204


def test_a_slow_drift_is_found():
    values = 0.05 + 0.001 * noise(120)
    values[80:] *= 1 + 0.3 * np.minimum(np.arange(1, 41) / 20, 1)
    assert 84 <= alarm(values) <= 94


def test_sums_are_those_worked_out_by_hand():
    reference = np.tile([1.0, 3.0, 2.0, 2.5, 1.5], 20)
    width = 1.4826 * 0.5 * 1.12
    state = followed([*reference, 2 + 2.5 * width, 2 + 9 * width, 2 - 1.5 * width])[-1]
    before = followed(reference)[-1].up
    assert before == 0
    assert state.up == pytest.approx(1.5 + 3 - 2.5)  # k = 1, the second winsorised at 4
    assert state.down == pytest.approx(0.5)
    assert (state.up_from, state.down_from) == (100, 102)


def test_a_wild_value_is_no_drift():
    values = noise(300)
    values[[150, 200, 201, 250]] = 1e12
    assert alarm(values) is None


def test_a_drift_does_not_become_the_reference_and_ends_when_the_series_comes_back():
    values = noise(160)
    values[60:110] += 5
    states = followed(values)
    assert alarm(values) < 70
    assert abs(states[109].centre) < 0.5
    assert states[109].drifted
    assert not states[125].drifted


def test_an_exact_series_has_drifted_when_it_stays_elsewhere():
    values = [0.25] * 60 + [0.26] * 6
    assert alarm(values[:60]) is None
    assert alarm(values) == 64  # 5 products at 4 - 0.75


def test_a_scatter_below_a_tenth_of_the_tolerance_is_not_worth_an_alarm():
    values = [0.25] * 60 + [0.26] * 40
    assert alarm(values, tolerance=0.2) is None
    assert alarm(values, tolerance=0.02) is not None


def test_a_baseline_that_was_accepted_is_the_level_and_its_tolerance_holds_at_once():
    state = rebase(followed(noise(120))[-1], 3.0, 2.0)
    assert state.baseline == 3.0
    assert follow(state, 5.5).level == pytest.approx(1.25)
    assert follow(state, 5.5).drifted
    assert not follow(state, 4.9).drifted


def alarm_after(state, values):
    return next((n for n, each in enumerate(followed(values, state)) if each.drifted), None)


def test_after_a_step_is_accepted_the_new_level_is_no_drift_and_the_old_one_is():
    values = noise(400)
    values[150:] += 5
    accepted = rebase(followed(values[:200])[-1], 5.0, 8.0)
    assert not accepted.drifted
    assert alarm_after(accepted, values[200:]) is None
    assert alarm_after(accepted, values[200:] - 5) < 10


def test_a_baseline_may_be_accepted_before_there_is_a_reference():
    state = rebase(followed([0.05, 0.051])[-1], 0.05, 0.01)
    assert state.watched
    assert not follow(state, 0.058).drifted
    assert follow(state, 0.07).level == pytest.approx(2)
    assert followed(0.05 + 0.001 * noise(200), state)[-1].baseline == 0.05


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="finite"):
        follow(Drift(), value)
    with pytest.raises(ValueError, match="finite"):
        follow(Drift(), 1.0, tolerance=value)
    with pytest.raises(ValueError, match="finite"):
        rebase(Drift(), value, 1.0)
    with pytest.raises(ValueError, match="larger than 0"):
        rebase(Drift(), 1.0, 0.0)


@pytest.mark.parametrize(
    ("lower", "upper", "tolerance"),
    [(None, None, 0), (None, 0.1, 0.01), (-0.05, 0.05, 0.005), (20, None, 2), (None, 0, 0)],
)
def test_without_a_baseline_the_tolerance_is_a_tenth_of_the_bounds(lower, upper, tolerance):
    assert default_tolerance(lower, upper) == pytest.approx(tolerance)


@given(st.lists(finite, max_size=130), st.floats(0, 10))
def test_the_state_is_small_finite_and_counts_every_product(values, tolerance):
    for count, state in enumerate(followed(values, tolerance=tolerance), start=1):
        assert state.count == count
        assert 0 <= state.statistic <= 20
        assert len(state.reference) < FULL_REFERENCE
        assert state.began <= count


@example([0.0] * 20 + [1.0] * 19 + [3.2930572948611464e-220], 0.5)
@given(st.lists(scalable, min_size=START, max_size=110), st.sampled_from([0.5, 2.0, 1024.0]))
def test_units_and_sign_do_not_matter(values, scale):
    once = followed(values)[-1]
    scaled = followed([-scale * value for value in values])[-1]
    assert (scaled.down, scaled.up) == pytest.approx((once.up, once.down), abs=1e-6)


def test_steps_are_found_where_they_are():
    values = noise(200)
    values[60:] += 4
    values[150:] -= 6
    assert step_places(values) == (60, 150)
    values[100] = 1e9
    assert step_places(values) == (60, 150)


def test_exact_levels_are_found_and_a_single_value_is_none():
    assert step_places([1.0] * 50 + [2.0] * 50) == (50,)
    assert step_places([1.0] * 20 + [7.0] + [1.0] * 20) == ()
    assert step_places([2.0] * 9) == ()
    assert step_places([1.0, 2.0]) == ()


@pytest.mark.parametrize("seed", range(20))
def test_noise_has_no_steps(seed):
    assert step_places(noise(300, seed)) == ()


@given(st.lists(finite, max_size=60))
def test_places_of_steps_are_within_the_series_and_apart(values):
    places = (0, *step_places(values), len(values))
    assert all(after - before >= 3 for before, after in pairwise(places)) or len(places) == 2


def test_a_young_series_keeps_its_scatter_about_an_accepted_baseline() -> None:
    values = noise(60) + 7.0
    before = followed(values)[-1]
    state = rebase(before, 12.0, 2.0)
    assert (state.centre, state.accepted, state.tolerance, state.width) == (12.0, 12.0, 2.0, before.width)
    assert np.subtract(state.reference, before.reference) == pytest.approx(12.0 - before.centre)
    assert (state.up, state.down, state.up_from, state.down_from) == (0.0, 0.0, 60, 60)
    # A series that has no level yet has none to move.
    few = rebase(followed(values[:5])[-1], 12.0, 2.0)
    assert (few.centre, few.reference, few.baseline) == (None, (), 12.0)


def test_what_was_added_while_a_drift_began_is_no_reference() -> None:
    quiet = noise(START + 10)
    quiet[-1] = -0.5  # at the end the sum upwards is 0
    states = followed([*quiet, *[9.0] * 20])
    first = next(number for number, state in enumerate(states) if state.drifted)
    drifted = states[first]
    # The sum began to rise with the first that departs, and the reference ends before it.
    assert first > len(quiet)
    assert drifted.began == len(quiet)
    assert drifted.reference == tuple(quiet)
    assert states[-1].reference == tuple(quiet)


def test_of_those_that_have_not_drifted_the_nearest_to_it_is_named() -> None:
    calm = followed(noise(120, 1))[-1]
    states = {
        "a": replace(calm, up=3.0, down=1.0),
        "b": replace(calm, up=2.0, down=8.0, down_from=100),
        "c": replace(calm, up=0.0, down=0.5),
        "d": replace(calm, up=18.0, up_from=90, accepted=0.25, tolerance=0.5),
        "e": Drift(),
    }
    away, others = drift_measurements(states)
    assert (away.subject, away.value) == ("d", 18.0 / ALARM)
    assert away.context["accepted"] == "yes"
    assert (away.context["direction"], away.context["products since it began"]) == ("up", 30)
    assert (away.context["tolerance"], away.context["baseline"]) == (0.5, 0.25)
    assert (others.subject, others.value) == (OTHERS, 8.0 / ALARM)
    found = others.context
    assert (found["series"], found["nearest to a drift"], found["direction"]) == (3, "b", "down")
    assert (found["accepted"], found["tolerance"]) == ("no: level of the reference", None)
    assert found["products since it began"] == 20
