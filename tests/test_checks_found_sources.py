"""Sources found afresh on images."""

from __future__ import annotations

import numpy as np
import pytest
from photutils.psf import CircularGaussianPRF

from hubble_qa.checks.images.sources import Detection, find_sources

DETECTION = Detection(fwhm=2.0, threshold=20.0, peak=50_000.0, brightest=100)


def sky(shape: tuple[int, int], seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(100.0, 5.0, shape).astype(np.float32)


def stars(shape: tuple[int, int], places: np.ndarray, peaks: np.ndarray, fwhm: float = 2.0) -> np.ndarray:
    """Round Gaussian stars, integrated over the pixels."""
    model = CircularGaussianPRF(fwhm=fwhm)
    rows, columns = np.indices(shape)
    image = np.zeros(shape)
    for (x, y), peak in zip(places, peaks, strict=True):
        star = model.evaluate(columns, rows, 1.0, x, y, fwhm)
        image += peak * star / star.max()
    return image


def test_sources_are_found_wherever_they_are_and_the_brightest_first():
    # 1024 is where one band of the search ends and the next begins.
    places = np.array([(40.3, 30.0), (60.0, 1022.7), (100.4, 1023.6), (30.0, 1024.4), (80.2, 1500.1)])
    peaks = np.array([1000.0, 5000.0, 4000.0, 3000.0, 2000.0])
    found = find_sources(sky((1600, 140)) + stars((1600, 140), places, peaks), DETECTION)
    order = np.argsort(-peaks)
    assert np.column_stack([found["x"], found["y"]]) == pytest.approx(places[order], abs=0.1)
    assert (np.diff(found["flux"]) < 0).all()


def test_saturated_sources_and_pixels_without_exposure_are_left_out():
    places = np.array([(40.0, 40.0), (120.0, 40.0)])
    image = sky((100, 200)) + stars((100, 200), places, np.array([60_000.0, 2000.0]))
    image[60:] = 0.0
    image[:, 150:] = np.nan
    found = find_sources(image, DETECTION)
    assert [round(float(x)) for x in found["x"]] == [120]


def test_no_more_than_the_brightest_are_kept():
    places = np.array([(30.0 + 20 * number, 50.0) for number in range(8)])
    image = sky((100, 220)) + stars((100, 220), places, np.linspace(1000, 8000, 8))
    found = find_sources(image, Detection(2.0, 20.0, 50_000.0, 3))
    assert [round(float(x)) for x in found["x"]] == [170, 150, 130]


@pytest.mark.parametrize("image", [np.zeros((50, 50)), np.full((50, 50), np.nan), sky((50, 50))])
def test_nothing_is_found_where_nothing_is(image):
    assert len(find_sources(image, DETECTION)) == 0


@pytest.mark.parametrize(("peak", "found"), [(49_900.0, 1), (50_150.0, 0)])
def test_the_peak_of_a_source_is_its_level_in_the_image(peak: float, found: int) -> None:
    """On a sky of 1000, which is far from nothing."""
    image = np.random.default_rng(3).normal(1000.0, 5.0, (60, 60))
    image += stars((60, 60), np.array([(30.0, 30.0)]), np.array([peak - 1000.0]))
    assert len(find_sources(image, DETECTION)) == found


def test_close_pairs_are_two_sources_and_what_an_edge_cuts_is_none() -> None:
    places = np.array([(30.0, 30.0), (33.0, 30.0), (60.0, 0.3), (0.4, 60.0)])
    image = sky((80, 90)) + stars((80, 90), places, np.full(4, 3000.0))
    found = find_sources(image, DETECTION)
    assert sorted(round(float(x)) for x in found["x"]) == [30, 33]


def test_bands_overlap_by_what_a_source_reaches() -> None:
    places = np.array([(20.0 + 30.0 * n, 1024.0 + y) for n, y in enumerate((-3.0, -1.0, 0.0, 1.0, 3.0))])
    peaks = np.linspace(9000.0, 5000.0, 5)
    image = sky((1100, 180)) + stars((1100, 180), places, peaks)
    whole = find_sources(image, DETECTION)
    turned = find_sources(np.ascontiguousarray(image.T), DETECTION)
    assert len(whole) == 5
    assert list(whole["flux"]) == pytest.approx(list(turned["flux"]), rel=1e-4)
    assert list(whole["y"]) == pytest.approx(list(turned["x"]), abs=1e-3)
