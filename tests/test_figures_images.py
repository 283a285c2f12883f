"""Images made small for drawing, and where chips fall on them."""

from __future__ import annotations

import numpy as np
import pytest

from hubble_qa.reports.figures.footprints import Footprint, regions
from hubble_qa.reports.figures.images import (
    Window,
    block_mean,
    block_ratio,
    brightness_limits,
    covered_window,
)
from hubble_qa.reports.figures.sky_marks import round_length

NAN = float("nan")


def square(left: float, bottom: float, side: float, *, chip: int = 1, **rest) -> Footprint:
    right, top = left + side, bottom + side
    corners = np.array([(left, bottom), (right, bottom), (right, top), (left, top)])
    return Footprint("exposure", chip, f"WF{chip}", corners, **rest)


def test_block_mean_is_the_mean_over_each_block():
    image = np.random.default_rng(1).normal(5, 1, (60, 90)).astype(">f4")
    expected = image.reshape(20, 3, 30, 3).mean(axis=(1, 3))

    np.testing.assert_allclose(block_mean(image, 30), expected, rtol=1e-5)


def test_block_mean_keeps_the_mean_where_blocks_are_no_whole_number_of_pixels():
    image = np.random.default_rng(2).normal(5, 1, (101, 137))
    small = block_mean(image, 40)

    assert small.shape == (29, 40)
    assert small.mean() == pytest.approx(image.mean(), rel=2e-3)


def test_block_mean_leaves_out_uncovered_and_not_finite_pixels():
    image = np.full((4, 4), 3.0)
    covered = np.ones((4, 4), dtype=bool)
    image[0, 0] = NAN
    image[0, 2:], covered[0, 2:] = 1e6, False
    image[2:, 2:] = np.inf

    np.testing.assert_array_equal(block_mean(image, 2, covered), [[3.0, 3.0], [3.0, NAN]])


def test_a_small_image_is_left_as_it_is():
    image = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(block_mean(image, 100), image)


def test_block_ratio_is_the_factor_even_where_single_pixels_are_near_zero():
    original = np.random.default_rng(3).normal(0.5, 1.0, (400, 400))
    covered = np.ones(original.shape, dtype=bool)

    ratio = block_ratio(1.0197 * original, original, 20, covered)

    np.testing.assert_allclose(ratio, 1.0197, rtol=1e-4)


def test_block_ratio_is_blank_without_pixels_or_flux():
    nothing = np.zeros((4, 4))
    assert np.isnan(block_ratio(nothing, nothing, 2, nothing == 0)).all()
    assert np.isnan(block_ratio(nothing + 1, nothing + 1, 2, nothing > 0)).all()


def test_brightness_limits_hold_the_sky_and_bright_stars():
    image = np.random.default_rng(4).normal(10.0, 0.5, 100_000)
    image[:500] = 1000.0

    lower, upper, noise = brightness_limits(image)

    assert noise == pytest.approx(0.5, rel=0.05)
    assert lower == pytest.approx(9.0, abs=0.1)
    assert upper > 100


@pytest.mark.parametrize("image", [np.full((3, 3), NAN), np.zeros((3, 3)), np.empty((0, 3))])
def test_brightness_limits_of_nothing_are_usable(image):
    lower, upper, noise = brightness_limits(image)
    assert lower < upper
    assert noise > 0


def test_covered_window_is_the_covered_rectangle_with_its_margin_within_the_image():
    covered = np.zeros((100, 200), dtype=bool)
    covered[30:60, 5:150] = True

    assert covered_window(covered, margin=10) == Window(0, 160, 20, 70)
    assert covered_window(np.zeros((5, 8), dtype=bool)) == Window(0, 8, 0, 5)


@pytest.mark.parametrize(
    "window", [Window(-50, 5000, -50, 5000), Window(300, 310, 300, 310), Window(-9, -5, -9, -5)]
)
def test_a_window_is_cut_to_at_least_one_pixel(window):
    cut = window.cut((20, 30))
    part = np.zeros((20, 30))[cut.slices]
    assert part.size > 0
    assert cut.aspect == pytest.approx(part.shape[0] / part.shape[1])


def test_a_footprint_holds_what_is_within_its_corners_in_either_order():
    x, y = np.array([5.0, 15.0, 5.0]), np.array([5.0, 5.0, -1.0])
    forward = square(0, 0, 10)
    backward = Footprint("exposure", 1, "WF1", forward.corners[::-1])

    assert forward.holds(x, y).tolist() == backward.holds(x, y).tolist() == [True, False, False]


def test_regions_tell_overlaps_from_what_one_chip_covers():
    chips = [square(0, 0, 60, chip=2), square(40, 0, 60, chip=4)]

    found = {
        tuple(chip.name for chip in region.chips): region
        for region in regions(chips, (60, 100), (-0.5, 99.5, -0.5, 59.5))
    }

    assert set(found) == {("WF2",), ("WF4",), ("WF2", "WF4")}
    overlap = found["WF2", "WF4"]
    assert overlap.mask.sum() == pytest.approx(20 * 60, rel=0.06)
    assert 40 < overlap.x < 60
    assert overlap.room == pytest.approx(10, abs=1.5)


def test_regions_of_a_reduced_image_are_placed_on_the_whole_one():
    (region,) = regions([square(1000, 2000, 400)], (100, 100), (800.0, 1600.0, 1800.0, 2600.0))

    assert (region.x, region.y) == (pytest.approx(1200, abs=20), pytest.approx(2200, abs=20))
    assert region.mask.mean() == pytest.approx(0.25, abs=0.02)


def test_slivers_are_no_regions():
    chips = [square(0, 0, 50), square(49.5, 0, 50, chip=2)]
    assert len(regions(chips, (50, 100), (-0.5, 99.5, -0.5, 49.5))) == 2


@pytest.mark.parametrize(("length", "expected"), [(1.0, 1.0), (19.9, 10.0), (31.0, 20.0), (0.0057, 0.005)])
def test_round_length(length, expected):
    assert round_length(length) == pytest.approx(expected)
