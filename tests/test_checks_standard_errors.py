"""Standard errors by formula, against the scatter of many simulated samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from hubble_qa.checks.detectors.background import background_level
from hubble_qa.checks.standard_errors import (
    fraction_error,
    median_error,
    ratio_of_sums_error,
    rms_error,
    width_error,
)

SAMPLES = 2000


def half_width(values: NDArray[np.float64]) -> float:
    low, high = np.percentile(values, [15.87, 84.13])
    return float((high - low) / 2.0)


@pytest.mark.parametrize("number", [60, 400])
@pytest.mark.parametrize(
    ("statistic", "formula"),
    [
        (lambda values: float(np.sqrt(np.mean(values**2))), rms_error),
        (lambda values: float(np.median(values)), median_error),
        (half_width, width_error),
    ],
    ids=["rms", "median", "width"],
)
def test_a_formula_gives_the_scatter_of_many_samples(
    statistic: Callable[[NDArray[np.float64]], float],
    formula: Callable[[float, int], float | None],
    number: int,
) -> None:
    values = np.random.default_rng(1).normal(0.0, 0.3, (SAMPLES, number))
    scatter = float(np.std([statistic(row) for row in values]))
    assert formula(0.3, number) == pytest.approx(scatter, rel=0.08)


@pytest.mark.parametrize(("chance", "number"), [(0.5, 40), (0.1, 200)])
def test_the_error_of_a_fraction_is_binomial(chance: float, number: int) -> None:
    counts = np.random.default_rng(2).binomial(number, chance, SAMPLES)
    assert fraction_error(round(chance * number), number) == pytest.approx(np.std(counts / number), rel=0.08)


def test_the_error_of_a_ratio_of_sums_is_its_scatter() -> None:
    rng = np.random.default_rng(4)
    second = rng.uniform(1.0, 9.0, (SAMPLES, 40))
    first = 0.97 * second + rng.normal(0.0, 0.1, second.shape) * np.sqrt(second)
    ratios = first.sum(axis=1) / second.sum(axis=1)
    errors = [ratio_of_sums_error(*pair) or 0.0 for pair in zip(first, second, strict=True)]
    assert np.mean(errors) == pytest.approx(np.std(ratios), rel=0.08)
    assert ratio_of_sums_error(first[0, :1], second[0, :1]) is None
    assert ratio_of_sums_error(first[0], 0.0 * second[0]) is None


def test_a_fraction_of_none_or_all_has_an_error_too() -> None:
    assert fraction_error(0, 8) == pytest.approx(0.0949, abs=1e-4)
    assert fraction_error(8, 8) == pytest.approx(0.0949, abs=1e-4)


def test_too_few_values_have_no_error() -> None:
    assert rms_error(0.1, 1) is None
    assert rms_error(0.1, 0) is None
    assert median_error(0.1, 0) is None
    assert width_error(0.1, 0) is None


def test_errors_by_hand() -> None:
    assert rms_error(-0.3, 2) == pytest.approx(0.3 / 2**0.5)
    assert rms_error(0.3, 9) == pytest.approx(0.3 / 4.0)
    assert median_error(-0.2, 1) == pytest.approx(0.2 * 1.253314)
    assert width_error(-0.2, 1) == pytest.approx(0.2 * 0.962)
    assert width_error(0.2, 4) == pytest.approx(0.1 * 0.962)
    # The ratio of sums is 1.5: one is 0.2 above it, the other as much below. sqrt(2 / 1 x 0.08) / 0.4.
    assert ratio_of_sums_error(np.array([0.1, 0.5]), np.array([0.2, 0.2])) == pytest.approx(1.0)


def test_the_level_of_a_background_is_as_sure_as_its_error_says() -> None:
    random = np.random.default_rng(3)
    levels = [background_level(random.normal(5.0, 2.0, 1000)) for _ in range(300)]
    medians, widths = [each.median for each in levels], [each.width for each in levels]
    assert median_error(2.0, 1000) == pytest.approx(np.std(medians), rel=0.12)
    assert width_error(2.0, 1000) == pytest.approx(np.std(widths), rel=0.12)
