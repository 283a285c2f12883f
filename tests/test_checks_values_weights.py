"""Weights of combined images and inputs that are alike: values by hand, at the limits and beside them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hubble_qa.checks.images.combination import other_weights, weight_to_exposure_time
from hubble_qa.checks.measurement import Measurement
from tests.combination_samples import inputs, member
from tests.wfpc2_samples import drizzled


def measured(ratios: np.ndarray) -> Measurement:
    """Of blocks of unlike exposure times, in any order."""
    times = np.random.default_rng(1).uniform(10.0, 5000.0, len(ratios))
    return weight_to_exposure_time(np.random.default_rng(2).permutation(ratios) * times, times, subject="x")


@pytest.mark.parametrize(
    ("least", "first", "second", "largest", "value"),
    [
        (0.5, 0.90, 0.99, 1.05, 0.90),
        (0.5, 0.96, 0.99, 1.05, 1.05),  # 4 per cent less is nearer to 1
        (0.5, 0.96, 0.99, 1.03, 0.96),
        (-2.0, -1.9, -1.0, -0.9, -1.9),
        (0.0, 0.0, 1.0, 1.2, 0.0),
    ],
)
def test_the_ratio_is_the_largest_or_that_of_the_first_per_cent(
    least: float, first: float, second: float, largest: float, value: float
) -> None:
    """Of 101 blocks the second, as a block may have any defect."""
    found = measured(np.array([least, first, *[second] * 98, largest]))
    assert found.value == pytest.approx(value)
    assert found.context == {
        "largest": pytest.approx(largest), "first_percentile": pytest.approx(first),
        "median": pytest.approx(second),
    }  # fmt: skip


@pytest.mark.parametrize(("number", "told"), [(20, True), (19, False)])
def test_twenty_blocks_tell_a_weight(number: int, told: bool) -> None:
    found = measured(np.full(number, 1.1))
    assert found.told is told
    assert told or found.reason == "19 blocks lie on whole chips; needs 20"


@pytest.mark.parametrize("scale", [0.25, 2.0])
@pytest.mark.parametrize(("width", "even"), [(0.058, True), (0.062, False)])
def test_weights_that_vary_gradually_are_no_exposure_times(scale: float, width: float, even: bool) -> None:
    """From the 16th to the 84th of 101 blocks, by twice 3 per cent of the median; some have far more."""
    ratios = np.empty(101)
    ratios[:85] = 1.0 + width * (np.arange(85) - 50.0) / 68.0
    ratios[85:] = np.linspace(1.05, 1.4, 16)
    found = measured(scale * ratios)
    assert found.applicable is even
    assert even or found.reason.startswith("its weights are no exposure times")


def test_where_half_of_the_blocks_have_no_weight_the_others_may_vary() -> None:
    found = measured(np.append(np.zeros(51), np.linspace(0.1, 2.0, 50)))
    assert found.value == 0.0


@pytest.mark.parametrize(("more", "gradual"), [([], False), ([18.5], True)])
def test_weights_of_few_kinds_are_those_of_missing_exposures(more: list[float], gradual: bool) -> None:
    """Of twenty parts of their range ten, or one more; two ratios of one part are one kind."""
    levels = np.array([0.0, 1.5, 3.5, 4.1, 4.9, 6.5, 8.5, 10.5, 13.5, 16.5, 20.0, *more])
    found = measured(0.5 + np.resize(levels, 120) / 20.0)
    assert found.applicable is not gradual


def test_exposures_that_began_together_but_lasted_unlike_are_two() -> None:
    one, other = member(EXPSTART=51384.25, EXPTIME=100.0), member("u5jx010hr", EXPSTART=51384.25)
    other.primary["EXPTIME"] = 100.0
    assert inputs(one, other).value == 1
    other.primary["EXPTIME"] = 101.0
    assert inputs(one, other).value == 0
    for key, count in (("EXPTIME", 1), ("EXPSTART", 0)):
        for each in (one, other):
            each.primary.remove(key)
        assert inputs(one, other).value == count


def test_the_filter_of_an_image_of_several_is_not_compared() -> None:
    """That its exposures are not alike is one thing; which of them is the image's own is not asked."""
    several = member(FILTNAM1="F555W"), member("u5jx010hr", FILTNAM1="F814W")
    assert inputs(*several, FILTNAM1="F606W").value == 1
    assert inputs(FILTNAM1="F606W").value == 1


def test_an_image_without_a_solutions_name_is_of_no_other() -> None:
    assert inputs(wcsname="").value == 0
    assert inputs(wcsname="OTHER").value == 1


@pytest.mark.parametrize(
    ("factor", "other"), [(100.09, False), (100.11, True), (99.95, False), (1.002, True)]
)
def test_a_factor_is_the_exposure_time_to_a_thousandth(factor: float, other: bool) -> None:
    image = drizzled(D001WTSC=factor, D001DEXP=100.0)
    assert bool(other_weights(image)) is other
    assert bool(other_weights(replace(image, weight_path=None))) is other
