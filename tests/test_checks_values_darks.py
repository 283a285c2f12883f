"""Dark frames and temperatures: values by hand, where another frame, error or order gives another value."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hubble_qa.checks.detectors.dark_rate import (
    DarkCounts,
    box_counts,
    dark_fraction,
    dark_match_ratio,
    dark_rate_order_violations,
    hot_pixel_agreement,
)
from hubble_qa.checks.detectors.detector_temperature import Temperature, temperature_violations


def dark(counts: float, exptime: float, temperature: float = 26.0) -> DarkCounts:
    return DarkCounts(f"dark{temperature:g}", temperature, counts, exptime)


def test_a_rise_is_in_standard_deviations_of_both_rates() -> None:
    cool, hot = dark(400.0, 2000.0, 26.0), dark(90.0, 100.0, 29.0)  # 0.2 and 0.9 per second
    measurement = dark_rate_order_violations([hot, cool], subject="13961")
    assert measurement.value == 0
    assert measurement.context["rise_sigma"] == pytest.approx(0.7 / np.hypot(20 / 2000, np.sqrt(90) / 100))
    turned = dark_rate_order_violations([dark(90.0, 100.0, 26.0), dark(400.0, 2000.0, 29.0)], subject="13961")
    assert turned.value == 2  # the cool frame has more, and the series does not rise
    assert not dark_rate_order_violations([cool, dark(1.0, 9.0, 25.0)], subject="13961").applicable


@pytest.mark.parametrize(("middle", "violations"), [(100.0, 0), (190.0, 1)])
def test_each_frame_is_compared_with_all_that_are_warmer(middle: float, violations: int) -> None:
    """A dip after it that is lower by 4 standard deviations counts, next to it or not."""
    counts = (60.0, middle, middle + 5.0, 110.0, 400.0)
    darks = [dark(number, 100.0, 26.0 + index) for index, number in enumerate(counts)]
    assert dark_rate_order_violations(darks, subject="13961").value == 2 * violations


def test_mixture_of_darks_has_the_shares_of_their_rates() -> None:
    mixture = [(0.25, dark(400.0, 1000.0)), (0.75, dark(100.0, 500.0))]
    measurement = dark_match_ratio(mixture, 360.0, 1500.0, subject="sbc")
    expected = 1500.0 * (0.25 * 0.4 + 0.75 * 0.2)
    assert measurement.value == pytest.approx(expected / 360.0)
    error = 1500.0 * np.hypot(0.25 * 0.02, 0.75 * 0.02)
    assert measurement.uncertainty == pytest.approx(measurement.value * np.hypot(error / expected, 360**-0.5))
    assert np.isnan(dark_match_ratio(mixture[:1], 360.0, 1500.0, subject="sbc").value)


def test_box_is_in_rows_and_columns() -> None:
    image = np.zeros((1024, 1024))
    image[650:850, 580:780] = 2.0
    assert box_counts(image) == 2.0 * 200 * 200
    image[:650] = image[850:] = 9.0
    image[:, :580] = image[:, 780:] = 9.0
    assert box_counts(image) == 2.0 * 200 * 200


def test_hot_is_twenty_counts_and_seen_is_five() -> None:
    frame, exposure = np.zeros((2, 1024, 1024))
    frame[0, :4] = 20.0
    frame[0, 4:8] = 19.0
    exposure[0, :8] = (5.0, 5.0, 5.0, 4.0, 0.0, 0.0, 0.0, 0.0)
    assert hot_pixel_agreement({"d": frame}, exposure, subject="sbc").value == 0.75
    frame[0, 3] = 0.0
    assert hot_pixel_agreement({"d": frame}, exposure, subject="sbc").value == 1.0
    many, hot = frame + 30.0, frame.copy()
    frame[0, 2] = 0.0
    for frames in ({"few": frame, "many": many}, {"many": many, "few": frame}, {"a": hot, "few": frame}):
        assert not hot_pixel_agreement(frames, exposure, subject="sbc").told


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


def test_the_series_rises_from_its_coolest_to_its_warmest() -> None:
    counts = (100.0, 500.0, 200.0)
    darks = [dark(number, 100.0, 26.0 + index) for index, number in enumerate(counts)]
    measurement = dark_rate_order_violations(darks[::-1], subject="13961")
    assert measurement.context["rise_sigma"] == pytest.approx(100.0 / math.sqrt(300.0))
    assert measurement.value == 1  # the second has more than the third
    one_temperature = [dark(500.0, 100.0, 26.0), dark(100.0, 100.0, 26.0), dark(500.0, 100.0, 30.0)]
    assert dark_rate_order_violations(one_temperature[1:], subject="13961").value == 0
    assert dark_rate_order_violations(one_temperature[:2], subject="13961").value == 1


def test_error_of_a_fraction_has_three_parts() -> None:
    measurement = dark_fraction((20.0, 3.0), (50.0, 5.0), subject="aperture", match_error=4.0)
    assert measurement.value == pytest.approx(0.4)
    assert measurement.uncertainty == pytest.approx(math.sqrt(3.0**2 + 4.0**2 + (0.4 * 5.0) ** 2) / 50.0)


def test_a_match_takes_whole_shares_and_a_time() -> None:
    whole, nearly = (
        [(1.0, dark(400.0, 1000.0))],
        [(0.5, dark(400.0, 1000.0)), (0.4999995, dark(400.0, 1000.0))],
    )
    assert dark_match_ratio(whole, 1.0, 0.5, subject="sbc").value == pytest.approx(0.2)
    assert dark_match_ratio(nearly, 400.0, 1000.0, subject="sbc").value == pytest.approx(1.0)
    assert dark_match_ratio([(1.0, dark(0.0, 1000.0))], 400.0, 1000.0, subject="sbc").value == 0.0
    short = [(0.5, dark(400.0, 1000.0)), (0.4999985, dark(400.0, 1000.0))]
    for darks, counts, exptime in ((whole, 400.0, 0.0), (whole, 0.0, 1000.0), (short, 400.0, 1000.0)):
        assert math.isnan(dark_match_ratio(darks, counts, exptime, subject="sbc").value)


# Temperatures

START = 56800.0


def jumps(*states: tuple[float, float, float, float]) -> float | None:
    """Violations of exposures by temperatures at begin and end, hours of the beginning, and seconds."""
    temperatures = {
        f"jcmc110{9 - index}q": Temperature(begin, end, START + hours / 24.0, seconds)
        for index, (begin, end, hours, seconds) in enumerate(states)
    }
    return temperature_violations(temperatures, recognised=[], matched=[], subject="sbc").value


def test_temperature_may_drift_by_twelve_degrees_an_hour_and_one_more() -> None:
    # An hour from 0 h, and 0.5 h until the next: 7 degrees.
    assert jumps((10.0, 12.0, 0.0, 3600.0), (18.9, 20.0, 1.5, 600.0)) == 0
    assert jumps((10.0, 12.0, 0.0, 3600.0), (19.1, 20.0, 1.5, 600.0)) == 1
    assert jumps((10.0, 12.0, 0.0, 3600.0), (5.1, 5.0, 1.5, 600.0)) == 0
    assert jumps((10.0, 12.0, 0.0, 3600.0), (4.9, 5.0, 1.5, 600.0)) == 1
    assert jumps((10.0, 12.0, 0.0, 9000.0), (13.1, 14.0, 1.5, 600.0)) == 1  # began before the end


def test_exposures_are_compared_in_the_order_of_time() -> None:
    states = [(10.0, 10.0, 0.0, 60.0), (20.0, 20.0, 5.0, 60.0), (20.0, 20.0, 5.1, 60.0)]
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        assert jumps(*(states[index] for index in order)) == 0
    warmed = [(10.0, 10.0, 0.0, 60.0), (20.0, 20.0, 0.1, 60.0), (11.0, 11.0, 5.0, 60.0)]
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        assert jumps(*(warmed[index] for index in order)) == 1


def test_exposures_without_temperature_or_time_are_compared_with_none() -> None:
    known, other = (10.0, 10.0, 0.0, 60.0), (20.0, 20.0, 0.1, 60.0)
    assert jumps(known, (20.0, 20.0, math.nan, 60.0)) == 0
    assert jumps(known, (math.nan, 20.0, 0.05, 60.0), other) == 2  # its own, and the jump past it
    # Without a time of exposure, the drift counts from its beginning: 1 h, 13 degrees.
    assert jumps((10.0, 10.0, 0.0, math.nan), (22.9, 23.0, 1.0, 60.0)) == 0
    assert jumps((10.0, 10.0, 0.0, math.nan), (23.1, 23.0, 1.0, 60.0)) == 1
    assert jumps((10.0, 10.0, 0.0, 1800.0), (23.1, 23.0, 1.5, math.nan)) == 1
