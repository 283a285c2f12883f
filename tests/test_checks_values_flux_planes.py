"""Clipped means and planes of ratios: values by hand, also where half of the values are one number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hubble_qa.checks.images.exposure_fluxes import (
    SharedFluxes,
    exposure_flux_deviation,
    sensitivity_gradient,
)
from hubble_qa.checks.images.flux_planes import clipped_mean, fitted_plane


def test_half_of_the_values_may_be_one_number() -> None:
    """The mean moves off them, and none is within the scatter of those that were kept, which is 0."""
    values = np.array([0, 0, 0, 0, 0.001, 0.05, 0.06, 0.07])
    mean, error, kept = clipped_mean(values, np.ones(8))
    assert kept.tolist() == [True] * 5 + [False] * 3
    assert mean == pytest.approx(0.0002)
    assert error == pytest.approx(math.sqrt(4 * 0.0002**2 + 0.0008**2) / 5)


def test_a_mean_is_weighted_and_without_what_stands_out() -> None:
    values, weight = np.array([1.0, 2.0, 3.0, 2.0, 900.0]), np.array([1.0, 1.0, 2.0, 1.0, 1.0])
    mean, error, kept = clipped_mean(values, weight)
    assert kept.tolist() == [True] * 4 + [False]
    assert mean == pytest.approx(11.0 / 5.0)
    assert error == pytest.approx(math.sqrt(1.2**2 + 0.2**2 + 1.6**2 + 0.2**2) / 5.0)


@given(arrays(float, st.integers(3, 12), elements=st.sampled_from([0.0, 0.001, 0.05, 0.06, 1.0, 7.0])))
def test_any_values_have_a_mean_and_a_plane(values: np.ndarray) -> None:
    mean, error, kept = clipped_mean(values, np.ones(len(values)))
    assert values.min() - 1e-12 <= mean <= values.max() + 1e-12
    assert math.isfinite(error)
    assert kept.any()
    places = np.random.default_rng(1).uniform(-1.0, 1.0, (len(values), 2))
    slopes, errors, number = fitted_plane(values, np.ones(len(values)), places)
    assert np.isfinite([*slopes, *errors]).all()
    assert number > 0


@pytest.mark.parametrize("outlier", [3.0, -3.0, 0.4, -0.4, 0.006])
def test_a_plane_is_of_the_values_that_follow_it(outlier: float) -> None:
    generator = np.random.default_rng(3)
    places = generator.uniform(-1.0, 1.0, (40, 2))
    noise = generator.normal(0.0, 1e-3, 40)
    values = 2.0 + 0.3 * places[:, 0] - 0.2 * places[:, 1] + noise
    values[7] += outlier
    slopes, errors, number = fitted_plane(values, np.ones(40), places)
    terms = np.column_stack([np.ones(40), places])[np.arange(40) != 7]
    solution = np.linalg.lstsq(terms, values[np.arange(40) != 7], rcond=None)[0]
    assert slopes == pytest.approx(solution[1:])
    residuals = values[np.arange(40) != 7] - terms @ solution
    covariance = np.linalg.inv(terms.T @ terms) * (residuals @ residuals) / (39 - 3)
    assert errors == pytest.approx(np.sqrt(np.diag(covariance))[1:])
    assert number == 39


def test_four_values_leave_one_degree_of_freedom() -> None:
    places = np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
    slopes, errors, number = fitted_plane(np.array([1.0, 1.5, 1.2, 1.8]), np.ones(4), places)
    # Of the residuals, 0.025 each, and sums of squares of places about their mean, 1.
    assert slopes == pytest.approx([0.55, 0.25])
    assert errors == pytest.approx([0.05, 0.05])
    assert number == 4


def mean_by_hand(values: np.ndarray, weight: np.ndarray) -> tuple[float, list[bool]]:
    """Within three robust standard deviations of departures in units of their errors."""
    kept, mean = np.ones(len(values), dtype=bool), float(np.median(values))
    for _ in range(8):
        departures = np.array(
            [(value - mean) * math.sqrt(each) for value, each in zip(values, weight, strict=True)]
        )
        middle = np.median(departures[kept])
        scatter = 1.482602218505602 * float(np.median(np.abs(departures[kept] - middle)))
        kept = np.abs(departures) <= 3.0 * scatter
        mean = float(np.sum(weight[kept] * values[kept]) / np.sum(weight[kept]))
    return mean, kept.tolist()


@pytest.mark.parametrize("seed", range(6))
def test_values_are_clipped_by_their_own_errors(seed: int) -> None:
    generator = np.random.default_rng(seed)
    error = generator.uniform(0.2, 4.0, 60)
    values = generator.normal(0.0, 2.0 * error)
    values[:3] += 4.5 * np.array([1.0, -1.0, 1.0])
    mean, _, kept = clipped_mean(values, error**-2)
    expected, members = mean_by_hand(values, error**-2)
    assert kept.tolist() == members
    assert mean == pytest.approx(expected)


# Fluxes of an exposure beside others'


def shared(number: int, slope: tuple[float, float] = (0.0, 0.0), scatter: float = 0.01) -> SharedFluxes:
    generator = np.random.default_rng(number)
    places = generator.uniform(-0.5, 0.5, (number, 2))
    ratio = np.exp(0.1 + places @ np.array(slope) + scatter * generator.normal(size=number))
    return SharedFluxes(ratio, ratio, generator.uniform(0.005, 0.03, number), places, ("b",))


@pytest.mark.parametrize(
    ("ratio", "core", "error"),
    [
        (0.0, 1.0, 0.01),
        (-0.2, 1.0, 0.01),
        (1.0, 0.0, 0.01),
        (1.0, -0.2, 0.01),
        (1.0, 1.0, 0.11),
        (math.nan, 1.0, 0.01),
        (1.0, math.nan, 0.01),
        (1.0, 1.0, math.nan),
    ],
)
def test_sources_without_light_or_certainty_do_not_count(ratio: float, core: float, error: float) -> None:
    good = shared(30)
    odd = SharedFluxes(
        np.append(good.ratio, ratio),
        np.append(good.core_ratio, core),
        np.append(good.error, error),
        np.append(good.places, [(0.4, 0.4)], axis=0),
        good.others,
    )
    for measure in (exposure_flux_deviation, sensitivity_gradient):
        assert measure(odd, subject="a") == measure(good, subject="a")


@pytest.mark.parametrize("slope", [(0.2, 0.1), (-0.2, 0.1), (0.1, -0.2), (0.1, 0.2)])
def test_a_gradient_is_the_larger_slope_less_four_errors(slope: tuple[float, float]) -> None:
    seen = shared(60, slope)
    slopes, errors, _ = fitted_plane(np.log(seen.ratio), 1.0 / (seen.error**2 + 0.01**2), seen.places)
    axis = 0 if abs(slope[0]) > abs(slope[1]) else 1
    found = sensitivity_gradient(seen, subject="a")
    assert found.value == pytest.approx(abs(slopes[axis]) - 4.0 * errors[axis])
    assert found.uncertainty == pytest.approx(errors[axis])


@pytest.mark.parametrize("slope", [(-0.004, 0.001), (0.001, -0.004)])
def test_of_slopes_that_chance_explains_the_error_is_of_the_larger(slope: tuple[float, float]) -> None:
    seen = shared(60, slope)
    slopes, errors, _ = fitted_plane(np.log(seen.ratio), 1.0 / (seen.error**2 + 0.01**2), seen.places)
    found = sensitivity_gradient(seen, subject="a")
    assert found.value == 0.0
    assert found.uncertainty == pytest.approx(errors[int(np.argmax(np.abs(slopes)))])


@pytest.mark.parametrize(("number", "told"), [(25, True), (24, False)])
def test_twenty_five_sources_tell_a_gradient(number: int, told: bool) -> None:
    assert sensitivity_gradient(shared(number), subject="a").told is told
