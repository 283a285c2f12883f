"""What makes covered pixels of drizzled images worthless, each alone; how much they cover; their weights."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hubble_qa.checks.images.drizzled import (
    coverage_violations,
    covered_fraction,
    median_weights,
    missing_chips,
    weight_ratio,
)
from hubble_qa.checks.images.star_weights import StarWeights
from hubble_qa.checks.instruments import camera

SHAPE = (96, 128)


def sky(shape: tuple[int, int] = SHAPE, seed: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).normal(5.0, 1.0, shape)


def problems(science: np.ndarray, weight: np.ndarray | None = None, **settings: object) -> list[str]:
    weights = np.ones(science.shape) if weight is None else weight
    found = coverage_violations(science, weights, subject="drz", **settings)
    assert found.value is not None
    return found.reason.split("; ") if found.value else []


# Covered pixels


def test_a_sound_image_has_no_problem() -> None:
    assert problems(sky()) == []
    counts = np.random.default_rng(1).poisson(0.2, SHAPE).astype(float)
    assert problems(counts, np.full(SHAPE, 100.0), counts_photons=True, dark_rate=0.002) == []


def photons(rate: float) -> np.ndarray:
    """Counts of a dark, none of them in half of the image."""
    image = np.random.default_rng(1).poisson(rate, SHAPE).astype(float)
    image[:, :64] = 0.0
    return image


def test_squares_without_a_count_hold_no_data_where_the_dark_has_tens() -> None:
    """Of 100 s with 0.002 counts each, where weights are times."""
    image, time = photons(0.2), np.full(SHAPE, 100.0)
    assert "hold no count" in problems(image, time, counts_photons=True, dark_rate=0.002)[0]
    assert problems(image, time, counts_photons=True) == []
    assert problems(image, time / 1e4, counts_photons=True, dark_rate=0.002) == []  # too short to tell
    assert (
        problems(image, np.where(image.any(axis=0), time, -0.0), counts_photons=True, dark_rate=0.002) == []
    )
    # Zeros of other detectors are no data whatever a dark rate says.
    assert "pixels with weight read 0" in problems(image, time, dark_rate=0.002)[0]


def test_weights_are_times_of_the_dark() -> None:
    """Ten times the rate in a tenth of the time."""
    image = photons(0.2)
    assert "hold no count" in problems(image, np.full(SHAPE, 10.0), counts_photons=True, dark_rate=0.02)[0]
    assert problems(image, np.full(SHAPE, 0.1), counts_photons=True, dark_rate=0.002) == []


def test_sources_darker_than_the_sky_have_the_wrong_sign() -> None:
    image = sky()
    image[20:26, 30:50] -= 300.0
    assert "the wrong sign" in problems(image)[0]
    assert "the wrong sign" in problems(image, counts_photons=True)[0]
    assert problems(10.0 - image) == []
    weight = np.ones(SHAPE)
    weight[20:26, 30:50] = 0.0
    assert problems(image, weight) == []


@pytest.mark.parametrize("limit", [4.0, 6.0])
def test_values_that_were_cut_are_told(limit: float) -> None:
    image = np.clip(sky(), limit if limit < 5.0 else None, limit if limit > 5.0 else None)
    assert "values were cut there" in problems(image)[0]
    assert problems(image, counts_photons=True) == []


def test_stars_without_weight_were_lost() -> None:
    lost = StarWeights(np.array([0.0] * 30 + [1.0] * 30), np.ones(60))
    assert "have no weight" in problems(sky(), stars=lost)[0]
    assert problems(sky(), stars=StarWeights(np.ones(60), np.ones(60))) == []


@pytest.mark.parametrize(("number", "told"), [(1, False), (2, True)])
def test_one_number_holds_no_data(number: int, told: bool) -> None:
    weight = np.zeros((1, 3))
    weight[0, :number] = 1.0
    found = problems(np.array([[7.0, 7.0, 8.0]]), weight)
    assert found == (["each pixel with weight reads 7: it holds no data"] if told else [])


def test_pixels_are_counted_in_either_image() -> None:
    science, weight = sky(), np.ones(SHAPE)
    science[0, :3] = np.nan
    weight[0, 1] = 0.0  # nothing was exposed there
    weight[5, :4] = np.nan
    science[5, 0] = 0.0
    science[5, 1] = np.nan
    found = coverage_violations(science, weight, subject="drz")
    assert found.context["not_finite"] == 2 + 2
    assert found.value == 2


@pytest.mark.parametrize(("rows", "columns", "told"), [(5, 5, True), (4, 40, False), (40, 4, False)])
def test_weights_below_zero_are_a_kernels_in_four_lines(rows: int, columns: int, told: bool) -> None:
    weight = np.ones(SHAPE)
    weight[10 : 10 + rows, 20 : 20 + columns] = -0.1
    words = f"{rows * columns} pixels have a weight below zero, which is none: drizzle again"
    assert problems(sky(), weight) == ([words] if told else [])


# How much is covered


@pytest.mark.parametrize(
    ("field", "value"),
    [(math.inf, 0.25), (100.0, 1.0), (30.0, 1.0), (110.0, 100.0 / 110.0), (112.0, 0.25), (400.0, 0.25)],
)
def test_what_holds_a_whole_field_is_covered(field: float, value: float) -> None:
    """A hundred pixels of four hundred."""
    weight = np.zeros((16, 25))
    weight[:10, :10] = 0.5
    weight[15, 24] = -1.0
    weight[15, 23] = np.nan
    assert covered_fraction(weight, subject="drz", field=field).value == pytest.approx(value)


def test_nine_tenths_of_a_field_are_a_whole_one() -> None:
    weight = np.zeros((20, 20))
    weight[:9, :10] = 1.0
    assert covered_fraction(weight, subject="drz", field=100.0).value == 0.9


def test_images_of_a_pixel_and_of_none() -> None:
    one, none = np.ones((1, 1)), np.ones((0, 3))
    assert covered_fraction(one, subject="drz").value == 1.0
    assert covered_fraction(none, subject="drz").value is None
    assert problems(one) == []
    assert problems(none) == ["SCI has no pixels"]
    assert problems(np.ones((2, 3)), np.ones((3, 2))) == [
        "SCI has 3 x 2 pixels, WHT 2 x 3: it is another image's weight",
        "put its own beside it",
    ]


def box(x: float, y: float, width: float, height: float) -> np.ndarray:
    return np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])


def test_weights_under_a_chip_are_of_the_pixels_within_it() -> None:
    weight = np.add.outer(100.0 * np.arange(60), np.arange(90.0))
    weight[10, 20] = 0.0
    chips = {
        1: box(20.0, 10.0, 12.0, 4.0),
        2: box(20.5, 10.5, 12.0, 4.0)[::-1],
        3: box(200.0, 10.0, 5.0, 5.0),
    }
    found = median_weights(weight, chips)
    inside = weight[10:15, 20:33]
    assert found[1] == np.median(inside)
    assert found[2] == np.median(weight[11:15, 21:33])
    assert found[3] == 0.0
    half = median_weights(weight, {1: box(-5.0, -7.0, 9.0, 10.0), 2: box(84.0, 52.0, 30.0, 30.0)})
    assert half == {1: np.median(weight[:4, :5]), 2: np.median(weight[52:, 84:])}
    y, x = np.indices(weight.shape)
    triangle = np.array([(20.0, 10.0), (40.0, 10.0), (30.0, 20.0), (20.0, 30.0)])
    expected = np.median(weight[(x >= 20) & (y >= 10) & (x + y <= 50)])
    assert median_weights(weight, {1: triangle}) == {1: expected}
    assert median_weights(weight, {1: triangle[::-1] + np.array([0.3, -0.1])}) == {
        1: np.median(weight[(x > 20) & (y >= 10) & (x + y <= 50)])
    }


@pytest.mark.parametrize(
    ("pair", "missing"),
    [
        ((0.91, 1.0), False),
        ((0.89, 1.0), True),
        ((0.9, 1.0), False),
        ((0.0, 0.0), True),
        ((math.nan, 1.0), True),
    ],
)
def test_nine_tenths_of_its_own_weight_are_a_chips(pair: tuple[float, float], missing: bool) -> None:
    found = missing_chips({"a SCI,1": pair, "b SCI,1": (5.0, 1.0)}, subject="drz")
    assert found.context["missing"] == (["a SCI,1"] if missing else [])


# Weights of WFPC2's chips


def chips_of(weights: dict[int, np.ndarray]) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """An image with the chips beside one another."""
    image = np.zeros((40, 50 * len(weights)))
    polygons = {}
    for number, (chip, values) in enumerate(weights.items()):
        rows, columns = values.shape
        image[:rows, 50 * number : 50 * number + columns] = values
        polygons[chip] = box(50 * number, 0, columns - 1, rows - 1)
    return image, polygons


def test_weight_ratio_is_of_medians_over_that_of_the_areas() -> None:
    generator = np.random.default_rng(5)
    shape, scatters = (30, 40), {1: 0.3, 2: 0.1, 3: 0.2, 4: 0.4}
    levels = {1: 5.0, 2: 20.0, 3: 24.0, 4: 31.0}
    weights = {chip: levels[chip] + scatters[chip] * generator.gamma(1.0, 1.0, shape) for chip in levels}
    weights[3][:3] = 0.0
    weights[3][5:7] = -1.0
    found = weight_ratio(*chips_of(weights), subject="drz")
    medians = {chip: np.median(values[values > 0]) for chip, values in weights.items()}
    scales = {chip.name: chip.plate_scale for chip in camera("WFPC2").chips.values()}
    expected = (scales["WF3"] / scales["PC1"]) ** 2
    ratio = medians[1] / np.mean([medians[2], medians[3], medians[4]])
    assert found.value == pytest.approx(ratio / expected)
    assert found.context["ratio"] == pytest.approx(ratio)
    halves = {
        chip: np.subtract(*np.percentile(values[values > 0], [84.13, 15.87])) / 2.0
        for chip, values in weights.items()
    }
    errors = {
        chip: math.sqrt(math.pi / 2.0) * half / math.sqrt(np.count_nonzero(weights[chip] > 0))
        for chip, half in halves.items()
    }
    wide = (
        math.hypot(*(errors[chip] for chip in (2, 3, 4)))
        / 3.0
        / np.mean([medians[2], medians[3], medians[4]])
    )
    relative = math.hypot(errors[1] / medians[1], wide)
    assert found.uncertainty == pytest.approx(found.value * relative, rel=0.01)


@pytest.mark.parametrize(("pixels", "told"), [(999, False), (1000, True)])
def test_a_thousand_pixels_of_each_chip_are_enough(pixels: int, told: bool) -> None:
    values = np.ones(40 * 40)
    values[pixels:] = 0.0
    weights = {1: np.ones((40, 40)), 3: values.reshape(40, 40)}
    assert (weight_ratio(*chips_of(weights), subject="drz").value is not None) is told
    assert not weight_ratio(*chips_of({1: np.ones((40, 40))}), subject="drz").applicable
    assert not weight_ratio(*chips_of({3: np.ones((40, 40)), 4: np.ones((40, 40))}), subject="drz").applicable
    other = weight_ratio(*chips_of({3: np.ones((40, 40)), 4: np.ones((40, 40))}), subject="drz", planetary=3)
    assert other.value is not None
