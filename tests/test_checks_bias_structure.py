"""Columns and rows that stand out of a CCD's background."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubble_qa.checks.detectors.bias_structure import (
    BIAS_STRUCTURE,
    column_levels,
    column_scatter,
    judged_pixels,
)

SHAPE = (256, 96)


def background(seed: int = 1, level: float = 30.0, noise: float = 6.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(level, noise, SHAPE)


def scatter(sci: np.ndarray, dq: np.ndarray | None = None) -> float | None:
    return column_scatter(sci, np.zeros(SHAPE, np.int16) if dq is None else dq, subject="chip").value


@given(
    level=st.floats(-100.0, 1e4),
    noise=st.floats(0.5, 50.0),
    slope=st.floats(-0.2, 0.2),
    seed=st.integers(0, 99),
)
@settings(max_examples=25)
def test_noise_alone_is_one_whatever_the_background(level, noise, slope, seed):
    sci = background(seed, level, noise) + slope * noise * np.arange(SHAPE[1])[None, :] / 4.0
    assert scatter(sci) == pytest.approx(1.0, abs=0.16)


@pytest.mark.parametrize("first", [0, 100, 190])
def test_hot_column_is_found_wherever_it_begins(first):
    sci = background()
    sci[first:, 40] += 15.0
    measured = column_scatter(sci, np.zeros(SHAPE, np.int16), subject="chip")
    assert measured.context["worst_columns"][0] == 41
    assert measured.value > 1.2


def test_hotter_than_the_noise_is_no_star():
    sci = background()
    sci[:, 40] += 500.0
    assert scatter(sci) > 5.0


def test_integers_have_no_steps():
    """Raw numbers are integers: medians of columns are, too, and would scatter in steps."""
    sci = np.rint(background(level=1.3, noise=2.7))
    assert scatter(sci) == pytest.approx(1.0, abs=0.16)


@given(
    saturated=st.sets(st.tuples(st.integers(0, 69), st.integers(0, 54)), max_size=4),
    shape=st.tuples(st.integers(1, 70), st.integers(1, 55)),
)
def test_pixels_within_twenty_of_a_saturated_one_do_not_count(saturated, shape):
    flags, rows, columns = np.zeros(shape, np.int16), *np.indices(shape)
    far = np.ones(shape, dtype=bool)
    for row, column in {(y % shape[0], x % shape[1]) for y, x in saturated}:
        flags[row, column] = 256  # full well
        far &= np.maximum(abs(rows - row), abs(columns - column)) > 20
    assert (judged_pixels(flags) == far).all()


def test_stars_and_cosmic_rays_do_not_count():
    sci = background()
    rng = np.random.default_rng(2)
    sci[rng.integers(0, SHAPE[0], 120), rng.integers(0, SHAPE[1], 120)] += 5000.0
    assert scatter(sci) == pytest.approx(1.0, abs=0.16)


def crowded(number: int) -> np.ndarray:
    """Stars as wide as a cluster's in a long exposure, of which the brightest outshine their columns."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    sci = background()
    for flux in 60.0 * rng.pareto(1.0, number):
        distance = np.hypot(y - rng.uniform(0, SHAPE[0]), x - rng.uniform(0, SHAPE[1]))
        sci += flux / (1.0 + distance**2) ** 1.5
    return sci


def test_crowded_field_is_no_bias_structure():
    sci = crowded(400)
    assert scatter(sci) < 1.3
    sci[:, 13::16] += 15.0
    assert scatter(sci) > 1.5


def test_saturated_star_is_no_bias_structure():
    sci, dq = background(), np.zeros(SHAPE, np.int16)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    sci += 3e5 / (1.0 + np.hypot(y - 128.0, x - 40.0) ** 2) ** 1.5
    dq[sci > 80_000] = 256
    assert dq.any()
    assert scatter(sci, dq) == pytest.approx(1.0, abs=0.16)


def test_column_with_few_pixels_does_not_spoil_its_band():
    sci = background()
    sci[: SHAPE[0] // 4 - 10, 40] += np.resize((1000.0, -1000.0), SHAPE[0] // 4 - 10)
    assert scatter(sci) == pytest.approx(1.0, abs=0.16)


@pytest.mark.parametrize(("flag", "found"), [(BIAS_STRUCTURE, True), (4, False), (4 | BIAS_STRUCTURE, False)])
def test_flag_of_the_bias_does_not_hide_a_column(flag, found):
    sci, dq = background(), np.zeros(SHAPE, np.int16)
    sci[:, 40] += 60.0
    dq[:, 40] = flag
    assert (scatter(sci, dq) > 3.0) == found


def test_flagged_chip_is_not_measured():
    measured = column_scatter(background(), np.full(SHAPE, 4, np.int16), subject="chip")
    assert not measured.measured
    assert measured.reason == "no column has enough unflagged pixels"


def test_expected_noise_is_that_of_a_mean():
    levels = column_levels(background())
    assert np.median(levels.expected) == pytest.approx(6.0 / np.sqrt(SHAPE[0] / 4), rel=0.05)
