"""Pixels of a chip that are flagged or hit, noise, and offsets: what they do to fluxes, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hubble_qa.checks.images.source_fluxes import ChipImage, Mosaic, measure_sources
from tests.test_checks_values_fluxes import SAME, SCALE, by_photutils, copy_of, frame, mosaic, stars

# Flagged pixels, noise and hits


@pytest.mark.parametrize("factors", [(1.0, 1.0, 1.0, 1.3, 1.4)])
def test_flagged_pixels_have_the_images_light_at_the_ratio_of_the_others(factors: tuple[float, ...]) -> None:
    """Their median is 1, their mean 1.14, and the largest 1.4."""
    places = np.array([(30.13, 30.07), (70.11, 30.17), (90.07, 55.13), (30.17, 65.11), (61.07, 70.13)])
    image = mosaic(stars(places, shape=(110, 125)))
    one = copy_of(image)
    y, x = np.indices(one.pixels.shape)
    for place, factor in zip(places, factors, strict=True):
        one.pixels[np.hypot(x + 3 - place[0], y + 5 - place[1]) < 13.0] *= 0.5 * factor
    one.flagged[23, 27] = True
    one.pixels[23, 27] = -300.0
    one.flagged[23, 26] = True
    one.pixels[23, 26] = np.nan
    one.pixels[26, 67] = np.nan  # not flagged, but no number
    found = measure_sources(image, one, places)
    np.testing.assert_allclose(found.chip / found.drizzled, 0.5 * np.array(factors), rtol=1e-4)


@pytest.mark.parametrize(("share", "measured"), [(0.095, True), (0.105, False)])
def test_a_tenth_of_the_light_is_not_replaced(share: float, measured: bool) -> None:
    """Of 1000 units in one pixel and what is beside it, that pixel is flagged."""
    pixels = np.zeros((100, 120))
    pixels[50, 60] = 1000.0 * (1.0 - share)
    pixels[51, 61] = 1000.0 * share
    image = mosaic(pixels)
    one = copy_of(image)
    one.flagged[46, 58] = True
    found = measure_sources(image, one, np.array([(60.0, 50.0)]))
    assert len(found) == int(measured)


@pytest.mark.parametrize(("electrons", "measured"), [(0.105, True), (0.095, False)])
def test_an_error_of_a_tenth_is_too_large(electrons: float, measured: bool) -> None:
    """A flux of 1000 units of 0.1 electrons each has 100 of them, 10 without."""
    pixels = np.zeros((100, 120))
    pixels[50, 60] = 1000.0
    image = mosaic(pixels)
    found = measure_sources(image, copy_of(image, electrons=electrons), np.array([(60.0, 50.0)]))
    assert len(found) == int(measured)


@pytest.mark.parametrize(("flux", "measured"), [(105.7, True), (104.6, False)])
def test_noise_of_the_ring_is_of_each_pixel_of_the_aperture(flux: float, measured: bool) -> None:
    """Rows in turn of 0, 1 and 2 scatter by 1.48; in 50.2 pixels, pi times four squared, by 10.51."""
    pixels = np.tile([[0.0], [1.0], [2.0]], (34, 120))
    place = np.array([60.13, 50.07])
    pixels[50, 60] += flux - by_photutils(pixels, place, SAME, 4.0)
    image = mosaic(pixels)
    found = measure_sources(image, copy_of(image), np.array([place, place]))
    assert len(found) == 2 * int(measured)


AROUND = [(1, 2), (-1, 2), (2, -1), (-2, -1)]  # columns and rows from the source
THREE = np.array([(60.13, 50.07), (29.87, 50.11), (90.17, 49.93)])


def struck(image: Mosaic, step: tuple[int, int], value: float, **settings: float) -> float:
    """Light that a pixel of the first of three sources adds to the chip's, where it has such a value."""
    one = copy_of(image, **settings)
    column, row = 60 + step[0], 50 + step[1]
    one.pixels[row - 5, column - 3] = value
    found = measure_sources(image, one, THREE)
    assert len(found) == 3
    np.testing.assert_allclose(found.chip[1:], found.drizzled[1:], rtol=1e-6)
    return float((found.chip - found.drizzled)[0] / (value - image.pixels[row, column]))


def brightest(image: Mosaic, step: tuple[int, int]) -> float:
    """What is brightest of a pixel and the eight beside it."""
    column, row = 60 + step[0], 50 + step[1]
    return float(image.pixels[row - 1 : row + 2, column - 1 : column + 2].max())


@pytest.mark.parametrize("step", AROUND)
@pytest.mark.parametrize(("part", "hit"), [(1.48, False), (1.53, True)])
def test_half_as_much_again_as_the_brightest_beside_it_is_a_hit(
    step: tuple[int, int], part: float, hit: bool
) -> None:
    """Of light that is less than one, beside sources of three times as much."""
    pixels = stars(THREE[:1]) + 3.0 * stars(THREE[1:])
    image = mosaic(1e-4 * pixels)
    added = struck(image, step, part * brightest(image, step), electrons=1e18)
    assert added == pytest.approx(0.0 if hit else 1.0, abs=1e-3)


@pytest.mark.parametrize(("sigmas", "hit"), [(4.7, False), (5.3, True)])
def test_five_times_the_noise_of_the_photons_is_a_hit(sigmas: float, hit: bool) -> None:
    image, step = mosaic(stars(THREE)), (1, 2)
    near = brightest(image, step)
    added = struck(image, step, 1.5 * near + sigmas * math.sqrt(near / 0.2), electrons=0.2)
    assert added == pytest.approx(0.0 if hit else 1.0, abs=1e-3)


@pytest.mark.parametrize(("part", "hit"), [(1.74, False), (1.88, True)])
def test_what_is_hit_is_by_the_median_of_how_much_sharper_the_chip_is(part: float, hit: bool) -> None:
    """Peaks 1, 1, 1.2, 1.75 and 1.75 times the image's: one and a half times 1.2 is 1.8."""
    places = np.array([(30.0, 30.0), (70.0, 30.0), (90.0, 55.0), (30.0, 65.0), (61.0, 70.0)]) + 0.03
    image = mosaic(stars(places, shape=(110, 125)))
    one = copy_of(image)
    for (x, y), times in zip(np.rint(places).astype(int), (1.0, 1.0, 1.2, 1.75, 1.75), strict=True):
        one.pixels[y - 5, x - 3] *= times
    near = image.pixels[31:34, 30:33].max()
    one.pixels[27, 28] = part * near
    found = measure_sources(image, one, places)
    added = (found.chip - found.drizzled)[0] / (part * near - image.pixels[32, 31])
    assert added == pytest.approx(0.0 if hit else 1.0, abs=0.02)
    np.testing.assert_allclose((found.chip - found.drizzled)[1:], [0.0, 200.0, 750.0, 750.0], atol=2.0)


# Offsets


def test_offset_is_the_median_of_the_sources_displacements() -> None:
    places = np.array([(30.0, 40.0), (60.0, 40.0), (90.0, 40.0), (40.0, 65.0), (75.0, 65.0)])
    moved = np.array([(0.0, 0.1), (0.2, -0.1), (0.3, -0.3), (0.9, -0.4), (1.0, -0.9)])
    image = mosaic(stars(places, shape=(110, 125)))
    pixels = 1.7 * stars(places - (3.0, 5.0) + moved, shape=(100, 120)) + 20.0
    one = ChipImage(pixels, np.zeros(pixels.shape, dtype=bool), frame(SAME, (57.0, 45.0)), SCALE, 1.0, 1e9)
    found = measure_sources(image, one, places)
    assert found.offset == pytest.approx((0.3, -0.3), abs=0.01)
