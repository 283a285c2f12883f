"""Detectors: values by hand, in cases where another statistic, axis or set of pixels gives another value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.detectors.background import difference_noise
from hubble_qa.checks.detectors.bias_structure import column_levels
from hubble_qa.checks.detectors.dark_rate import hot_pixel_agreement
from hubble_qa.checks.detectors.levels import last_minus_first

RATE = st.floats(0.01, 20.0)


@given(rate=RATE, dark=RATE, read_noise=st.floats(1.0, 50.0), time=st.floats(10.0, 3000.0))
def test_noise_has_the_reads_the_background_and_the_dark_current(
    rate: float, dark: float, read_noise: float, time: float
) -> None:
    electrons = read_noise**2 + rate * time + dark * time  # variances of independent electrons add
    noise = difference_noise(rate, dark, read_noise=read_noise, time=time)
    assert noise == pytest.approx(math.sqrt(electrons) / time)


def test_expected_noise_of_a_column_is_that_of_all_pixels_not_of_the_clipped_ones() -> None:
    """Pixels within 3 standard deviations have 98.65 % of the standard deviation of all."""
    image = np.random.default_rng(4).normal(100.0, 8.0, (120, 6000))  # four bands of 30 rows
    expected = column_levels(image).expected
    assert expected.shape == (4, 6000)
    # Of columns as short as these the median follows its pixels, which takes 1 % of the scatter.
    assert np.median(expected) == pytest.approx(0.99 * 8.0 / math.sqrt(0.9973 * 30), rel=0.005)


def test_agreement_is_that_of_the_worst_dark_frame() -> None:
    frames = {name: np.zeros((1024, 1024)) for name in ("good", "half", "none")}
    for column, frame in enumerate(frames.values()):
        frame[100:900:100, 10 + column] = 50.0  # 8 hot pixels each
    exposure = np.zeros((1024, 1024))
    exposure[:, 10] = 6.0
    exposure[:450, 11] = 6.0
    first_two = {name: frames[name] for name in ("good", "half")}
    assert hot_pixel_agreement(first_two, exposure, subject="sbc").value == 0.5
    assert hot_pixel_agreement({"good": frames["good"]}, exposure, subject="sbc").value == 1.0
    assert hot_pixel_agreement(frames, exposure, subject="sbc").value == 0.0


def test_outermost_reference_pixels_are_not_used() -> None:
    """Five rows and columns around a read of WFC3/IR see no light; the outermost of them are unstable."""
    first, flat, dark = np.full((40, 50), 14_000.0), np.full((40, 50), 2.0), np.full((40, 50), 3.0)
    last = first + 7.0
    last[5:-5, 5:-5] += 3.0 + 100.0  # dark current, and light
    last[:, [0, -1]] += 5000.0
    last[:5] += 900.0  # nor rows of reference pixels, which the pipeline leaves alone
    last[-5:] += 900.0
    found = last_minus_first(first, last, dark=dark, flat=flat, gain=2.5, time=50.0)
    np.testing.assert_allclose(found, np.full((30, 40), 100.0 * 2.5 / 2.0 / 50.0))


@pytest.mark.parametrize("side", [np.s_[1:5], np.s_[-5:-1]])
def test_reference_pixels_of_both_sides_tell_the_drift(side: slice) -> None:
    first, ones, none = np.full((40, 50), 14_000.0), np.ones((40, 50)), np.zeros((40, 50))
    last = first.copy()
    last[:, side] += 8.0  # of half the reference pixels; their median is in the middle
    found = last_minus_first(first, last, dark=none, flat=ones, gain=1.0, time=1.0)
    np.testing.assert_allclose(found, np.full((30, 40), -4.0))
