"""Residuals of matched sources: values by hand, where another limit, statistic or chip gives another."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hubble_qa.checks.astrometry.residuals import MatchedPositions, matched_source_offset, residual_trend
from hubble_qa.checks.measurement import Measurement
from tests.wfpc2_samples import FITTED, match_file, shift_file

# Standard error of a median, of values whose median departure is 1.
ERROR = math.sqrt(math.pi / 2.0) * 1.4826


def matched(offsets: np.ndarray, chips: list[int]) -> MatchedPositions:
    """Sources at declination 60, where a second of right ascension is half as long; offsets in mas."""
    reference = np.column_stack([np.full(len(offsets), 10.0), np.full(len(offsets), 60.0)])
    return MatchedPositions(reference + offsets / 3.6e6 * np.array([2.0, 1.0]), reference, np.array(chips))


def spread(number: int, east: float, north: float, width: float) -> np.ndarray:
    """Offsets about a median, a part of them as far as `width` to either side of it in both axes."""
    return np.array([(east, north)]) + width * np.resize([-1.0, 0.0, 1.0, 1.0, -1.0], number)[:, np.newaxis]


def offset_of(positions: MatchedPositions) -> Measurement:
    return matched_source_offset(shift_file(), FITTED.file, positions)


@pytest.mark.parametrize(
    ("chips", "regions"),
    [
        ([1] * 10 + [2] * 9, ["SCI,1"]),
        ([1] * 5 + [2] * 5, ["all chips"]),
        ([1] * 5 + [2] * 4, []),
    ],
)
def test_offsets_are_of_chips_that_have_enough_sources_or_of_all(
    chips: list[int], regions: list[str]
) -> None:
    found = matched(np.tile([3.0, -4.0], (len(chips), 1)), chips).median_offsets(10)
    assert list(found) == regions
    for offset in found.values():
        assert offset == pytest.approx([3.0, -4.0], abs=1e-4)


def test_the_error_of_an_offset_is_of_its_region_by_both_axes() -> None:
    offsets = np.concatenate([spread(20, 5.0, 0.0, 30.0), spread(10, 0.0, 0.0, 3.0)])
    positions = matched(offsets, [1] * 20 + [2] * 10)
    for region, width, number in (("SCI,1", 30.0, 20), ("SCI,2", 3.0, 10)):
        expected = ERROR * width * math.sqrt(2.0) / math.sqrt(number)
        assert positions.offset_error(region) == pytest.approx(expected, rel=1e-3)
    everywhere = positions.offset_error("all chips")
    assert everywhere is not None
    positions.own[3, 1] = np.nan
    assert positions.offset_error("SCI,1") is None
    assert positions.offset_error("all chips") is None
    assert positions.offset_error("SCI,2") is not None


def test_what_is_certain_of_few_sources_is_their_median_less_three_errors() -> None:
    # Three on chip 2, one of them another star's: the median is (60, 80).
    few = np.array([(60.0, 80.0), (60.0, 80.0), (900.0, 80.0)])
    positions = matched(np.concatenate([spread(20, 0.0, 0.0, 10.0), few]), [1] * 20 + [2] * 3)
    found = positions.sparse_offsets(10)
    # The scatter is that of all sources about their chips' medians.
    assert found == {"SCI,2": pytest.approx(100.0 - 3.0 * ERROR * 10.0 * math.sqrt(2.0 / 3.0), abs=0.01)}
    measured = offset_of(positions)
    assert (measured.value, measured.beyond_error) == (found["SCI,2"], True)
    assert "SCI,2" in measured.reason


@pytest.mark.parametrize(("beyond", "certain"), [(-0.5, 0.0), (0.5, 0.5)])
def test_less_than_nothing_is_certain_to_be_nothing(beyond: float, certain: float) -> None:
    offsets = spread(20, 0.0, 0.0, 10.0) * np.array([1.0, 0.0])
    few = np.tile([0.0, 3.0 * ERROR * 10.0 / math.sqrt(3.0) + beyond], (3, 1))
    found = matched(np.concatenate([offsets, few]), [1] * 20 + [2] * 3).sparse_offsets(10)
    assert found["SCI,2"] == pytest.approx(certain, abs=0.01)


def test_a_position_that_is_not_known_spoils_what_is_certain_of_its_own_chip_only() -> None:
    few = np.array([(60.0, 80.0), (60.0, 80.0), (60.0, np.nan)])
    offsets = np.concatenate([spread(20, 0.0, 0.0, 1.0), few, few[:2]])
    found = matched(offsets, [1] * 20 + [2] * 3 + [3] * 2).sparse_offsets(10)
    assert np.isnan(found["SCI,2"])
    assert found["SCI,3"] == pytest.approx(100.0 - 3.0 * ERROR, abs=0.01)


def test_of_a_chip_with_enough_sources_the_whole_offset_counts() -> None:
    measured = offset_of(matched(spread(10, 30.0, 40.0, 10.0), [1] * 10))
    assert (measured.value, measured.beyond_error) == (pytest.approx(50.0, abs=1e-3), False)
    assert measured.uncertainty == pytest.approx(ERROR * 10.0 * math.sqrt(2.0 / 10.0), rel=1e-3)


def test_matches_of_another_fit_have_no_offset() -> None:
    positions = matched(spread(10, 30.0, 40.0, 10.0), [1] * 10)
    other = replace(match_file(), header={"X and Y shift": "9.0 9.0"})
    assert matched_source_offset(shift_file(), FITTED.file, positions, other).value is None
    assert matched_source_offset(shift_file(), FITTED.file, positions, match_file()).value is not None


# Trends


@pytest.mark.parametrize(("sources", "told"), [(10, True), (9, False)])
def test_a_trend_takes_ten_sources(sources: int, told: bool) -> None:
    found = residual_trend(shift_file(), FITTED.file, match_file(sources))
    assert found.told is told
    assert found.uncertainty == (1.0 if told else None)


@pytest.mark.parametrize(("sources", "seen"), [(10, True), (9, False)])
def test_a_chip_of_ten_sources_has_a_trend_of_its_own(sources: int, seen: bool) -> None:
    match = match_file(60, chips=(2,), scatter=(0.01, 0.01))
    match.chip[:sources] = 3
    x = match.original_input_xy[:sources, 0]
    match.residuals[:sources, 1] += 0.2 * (x - x.mean()) / x.std()
    found = residual_trend(shift_file(), FITTED.file, match)
    assert ("SCI,3" in found.context["strongest"]) is seen
    assert (found.context["worst"] == "SCI,3: dy against x") is seen


def test_a_chip_whose_sources_are_in_a_line_is_the_worst() -> None:
    match = match_file()
    match.original_input_xy[match.chip == 4, 0] = 300.0
    assert np.isnan(residual_trend(shift_file(), FITTED.file, match).value)
