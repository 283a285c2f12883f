"""Fluxes of sources on drizzled images and chips: values by photutils, or by hand for a few pixels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy.stats import mad_std, sigma_clip
from astropy.wcs import WCS
from photutils.aperture import EllipticalAperture

from hubble_qa.checks.images.source_fluxes import (
    ChipImage,
    Mosaic,
    aperture_radius,
    find_sources,
    measure_sources,
)

SCALE = 0.04
SAME = np.eye(2)
SKEWED = np.array([[1.25, 0.30], [-0.10, 0.90]])


def frame(steps: np.ndarray, reference: tuple[float, float]) -> WCS:
    """Coordinates whose pixels step so on the drizzled image, about a reference pixel from 0."""
    result = WCS(naxis=2)
    result.wcs.ctype, result.wcs.crval = ["RA---TAN", "DEC--TAN"], [150.0, 2.0]
    result.wcs.crpix = np.array(reference) + 1.0
    result.wcs.cd = np.diag([-SCALE, SCALE]) / 3600.0 @ steps
    result.wcs.set()
    return result


def mosaic(pixels: np.ndarray, scale: float = SCALE) -> Mosaic:
    return Mosaic(pixels, frame(SAME, (60.0, 50.0)), scale)


def copy_of(image: Mosaic, factor: float = 1.0, **settings: float) -> ChipImage:
    """A chip that saw the image itself, three columns and five rows less."""
    pixels = factor * np.array(image.pixels[5:, 3:], dtype=float)
    given = {"scale": image.scale, "time": 1.0, "electrons": 1e12} | settings
    return ChipImage(pixels, np.zeros(pixels.shape, dtype=bool), frame(SAME, (57.0, 45.0)), **given)


def stars(places: np.ndarray, steps: np.ndarray = SAME, shape: tuple[int, int] = (100, 120)) -> np.ndarray:
    """Gaussians of 1000 units, sigma 1.2 pixels of the drizzled image, at a frame's pixels."""
    y, x = np.indices(shape)
    image = np.zeros(shape)
    for across, up in places:
        distance = (steps @ np.stack([x.ravel() - across, y.ravel() - up])).reshape(2, *shape)
        image += 1000.0 * np.exp(-0.5 * (distance**2).sum(axis=0) / 1.2**2)
    return image


def by_photutils(pixels: np.ndarray, place: np.ndarray, steps: np.ndarray, radius: float) -> float:
    """Sum in a circle of the drizzled image, above the clipped median of the ring of two to three radii."""
    _, sizes, turned = np.linalg.svd(steps)
    long, short = radius / sizes[1], radius / sizes[0]
    turn = math.atan2(turned[1, 1], turned[1, 0])
    aperture = EllipticalAperture(place, long, short, theta=turn)
    y, x = np.indices(pixels.shape)
    away = np.hypot(*(steps @ np.stack([x.ravel() - place[0], y.ravel() - place[1]])))
    ring = pixels.ravel()[(away > 2 * radius) & (away < 3 * radius)]
    kept = sigma_clip(ring, sigma=3, maxiters=3, cenfunc="median", stdfunc=mad_std, masked=False)
    total, _ = aperture.do_photometry(pixels - np.median(kept), method="subpixel", subpixels=5)
    return float(total[0])


PLACES = np.array([(40.3, 38.6), (77.8, 41.1), (52.45, 60.2)])


# Photometry


def test_fluxes_are_sums_in_circles_above_the_rings_median() -> None:
    generator = np.random.default_rng(4)
    noise = 40.0 + 12.0 * generator.random((100, 120)) ** 1.5  # mean and median differ
    noise[generator.random(noise.shape) < 0.04] += 22.0  # five times the scatter
    image = mosaic(stars(PLACES) + noise)
    found = measure_sources(image, copy_of(image, 7.0, time=3.5), PLACES)
    expected = [by_photutils(image.pixels, place, SAME, 4.0) for place in PLACES]
    np.testing.assert_allclose(found.drizzled, expected, rtol=1e-9)
    # A chip's pixels over the time are rates.
    np.testing.assert_allclose(found.chip, 7.0 / 3.5 * np.array(expected), rtol=1e-6)
    np.testing.assert_array_equal(found.places, PLACES)
    assert found.offset == pytest.approx((0.0, 0.0), abs=1e-6)
    assert found.alike


@pytest.mark.parametrize("steps", [SKEWED, -SKEWED, SKEWED[:, ::-1]])  # turned, and of the other hand
@pytest.mark.parametrize("scale", [0.052, 0.03])
def test_apertures_on_a_chip_are_those_of_the_drizzled_image(steps: np.ndarray, scale: float) -> None:
    inverse, middle = np.linalg.inv(steps), np.array([42.0, 46.0])
    places = np.array([(57.3, 51.6), (64.2, 46.9)])
    on_chip = (places - (60.0, 50.0)) @ inverse.T + middle
    gradient = np.add.outer(0.05 * np.arange(95), 0.02 * np.arange(85))
    pixels = 4.0 * stars(on_chip, steps, (95, 85)) + gradient
    one = ChipImage(pixels, np.zeros(pixels.shape, dtype=bool), frame(steps, (42.0, 46.0)), scale, 8.0, 1e9)
    found = measure_sources(mosaic(stars(places)), one, places)
    radius = 4.0 * max(scale / SCALE, 1.0)
    # The model's area of a pixel, in units of the chip's.
    area = abs(np.linalg.det(steps)) * (SCALE / scale) ** 2 / 8.0
    expected = [area * by_photutils(pixels, place, steps, radius) for place in on_chip]
    np.testing.assert_allclose(found.chip, expected, rtol=2e-4)
    np.testing.assert_allclose(found.drizzled, [1000.0 * 2 * math.pi * 1.2**2] * 2, rtol=0.006)
    assert found.offset == pytest.approx((0.0, 0.0), abs=0.02)


@pytest.mark.parametrize("size", [2.0, 0.5])
def test_an_aperture_has_more_pixels_where_they_are_small(size: float) -> None:
    steps, place = size * SAME, np.array([42.3, 46.2])
    pixels = stars(place[None], steps, (95, 85)) + np.random.default_rng(8).random((95, 85))
    one = ChipImage(pixels, np.zeros((95, 85), dtype=bool), frame(steps, (42.0, 46.0)), SCALE, 1.0, 1e9)
    source = size * (place - (42.0, 46.0)) + (60.0, 50.0)
    found = measure_sources(mosaic(stars(source[None])), one, source[None])
    assert found.chip == pytest.approx([size**2 * by_photutils(pixels, place, steps, 4.0)], rel=1e-3)
    assert found.drizzled == pytest.approx([2000.0 * math.pi * 1.2**2], rel=0.006)


def test_the_ring_is_whole_where_pixels_are_large() -> None:
    """Of a ring from four to six pixels most have a level of 30, but few of those in a square of nine."""
    steps, place = 2.0 * SAME, np.array([42.07, 46.04])
    y, x = np.indices((95, 85))
    square = np.maximum(np.abs(x - 42), np.abs(y - 46)) <= 4
    pixels = stars(place[None], steps, (95, 85)) + 30.0
    pixels[square & (np.hypot(x - 42, y - 46) > 4.2)] = 0.0
    one = ChipImage(pixels, np.zeros((95, 85), dtype=bool), frame(steps, (42.0, 46.0)), SCALE, 1.0, 1e9)
    source = 2.0 * (place - (42.0, 46.0)) + (60.0, 50.0)
    found = measure_sources(mosaic(stars(source[None])), one, source[None])
    assert found.chip == pytest.approx([4.0 * by_photutils(pixels, place, steps, 4.0)], rel=1e-3)
    assert found.chip == pytest.approx(found.drizzled, rel=0.02)


@pytest.mark.parametrize("value", [-1e9, 1e9])
def test_what_a_flagged_pixel_reads_says_nothing_of_the_error(value: float) -> None:
    """Of five photons a source has no flux that is known; of 5e5 it has, whatever is flagged."""
    image = mosaic(stars(PLACES) + np.random.default_rng(4).normal(0.0, 0.1, (100, 120)))
    total = 1000.0 * 2 * math.pi * 1.2**2
    for electrons, known in ((5e5 / total, 3), (5.0 / total, 0)):
        one = copy_of(image, electrons=electrons)
        for x, y in PLACES:
            one.pixels[round(y) - 5 + 3, round(x) - 3] = value
            one.flagged[round(y) - 5 + 3, round(x) - 3] = True
        assert len(measure_sources(image, one, PLACES)) == known


def test_a_flagged_pixel_of_another_area_has_the_light_of_its_own() -> None:
    """A pixel with 3 per cent of the light, of 2.25 times the area of the image's."""
    steps, place = 1.5 * SAME, np.array([42.0, 46.0])
    pixels = stars(place[None], steps, (95, 85))
    one = ChipImage(pixels, np.zeros((95, 85), dtype=bool), frame(steps, (42.0, 46.0)), SCALE, 1.0, 1e9)
    source = np.array([[60.0, 50.0]])
    whole = measure_sources(mosaic(stars(source)), one, source)
    one.flagged[47, 43] = True
    one.pixels[47, 43] = 0.0
    found = measure_sources(mosaic(stars(source)), one, source)
    assert found.chip == pytest.approx(whole.chip, rel=0.01)


@pytest.mark.parametrize(("scale", "radius"), [(0.1, 10.0), (0.04, 4.0), (0.02, 4.0)])
def test_aperture_is_four_of_the_larger_pixels(scale: float, radius: float) -> None:
    assert aperture_radius(mosaic(np.zeros((3, 3))), scale) == pytest.approx(radius)


@pytest.mark.parametrize(("scale", "alike"), [(SCALE / 1.09, True), (SCALE / 1.11, False), (0.06, True)])
def test_pixels_a_tenth_larger_are_no_longer_alike(scale: float, alike: bool) -> None:
    image = mosaic(stars(PLACES))
    assert measure_sources(image, copy_of(image, scale=scale), PLACES).alike is alike


def test_width_is_of_the_second_moment_under_a_window() -> None:
    """One pixel of 100 and four two from it of 50: the window has exp(-1/2) of its height there."""
    pixels = np.zeros((100, 120))
    pixels[50, 60] = 100.0
    for y, x in [(48, 60), (52, 60), (50, 58), (50, 62)]:
        pixels[y, x] = 50.0
    pixels[50, 65] = 30.0  # beyond the aperture, and not in the ring
    image = mosaic(pixels)
    found = measure_sources(image, copy_of(image), np.array([(60.0, 50.0)]))
    beside = 200.0 * math.exp(-0.5)
    moment = 4.0 * beside / (100.0 + beside) / 2.0  # of either axis
    variance = 1.0 / (1.0 / moment - 1.0 / 4.0)
    fwhm = math.sqrt(8.0 * math.log(2.0) * variance) * SCALE
    assert found.drizzled_width == pytest.approx([fwhm])
    assert found.chip_width == pytest.approx([fwhm])
    assert [*found.drizzled, *found.chip] == pytest.approx([300.0, 300.0])


def test_what_is_broader_than_the_window_has_no_width() -> None:
    pixels = np.zeros((100, 120))
    y, x = np.indices(pixels.shape)
    away = np.hypot(y - 50, x - 60)
    pixels[(away >= 3.0) & (away < 4.0)] = 100.0
    pixels[50, 60] = 50.0
    image = mosaic(pixels)
    found = measure_sources(image, copy_of(image), np.array([(60.0, 50.0)]))
    assert np.isnan(found.drizzled_width).all()
    assert np.isnan(found.chip_width).all()
    assert len(found) == 1


# Which sources are measured


@pytest.mark.parametrize(("above", "found"), [(19.9, False), (20.1, True)])
def test_sources_found_stand_twenty_times_the_noise_above_the_sky(above: float, found: bool) -> None:
    """Rows in turn of 3, 4, 4, 7: half of the pixels are within 0.5 of 3.5 to 4.5, and their median is 4."""
    image = np.tile([[3.0], [4.0], [4.5], [7.0], [2.5], [4.0]], (15, 80))
    noise = 1.482602218505602 * np.median(np.abs(image[::3, ::2] - np.median(image[::3, ::2])))
    image[45, 41] = np.median(image[::3, ::2]) + above * noise
    assert (len(find_sources(mosaic(image), 2.0)) == 1) is found


def test_the_brightest_sources_come_first() -> None:
    image = np.zeros((60, 80))
    places = {(20, 60): 30.0, (40, 20): 50.0, (30, 40): 40.0}
    for place, peak in places.items():
        image[place] = peak
    assert find_sources(mosaic(image), 2.0).tolist() == [[20.0, 40.0], [40.0, 30.0], [60.0, 20.0]]


@pytest.mark.parametrize(("radius", "reach"), [(2.0, 8), (2.5, 10), (3.0, 11)])
def test_sources_near_a_border_are_left(radius: float, reach: int) -> None:
    image = np.zeros((60, 80))
    inside = [(reach, 40), (59 - reach, 40), (30, reach), (30, 79 - reach)]
    outside = [(reach - 1, 25), (60 - reach, 55), (20, reach - 1), (40, 80 - reach)]
    for number, (y, x) in enumerate([*inside, *outside]):
        image[y, x] = 100.0 - number
    found = find_sources(mosaic(image), radius)
    assert [(int(y), int(x)) for x, y in found] == inside


@pytest.mark.parametrize(("apart", "number"), [(3, 1), (4, 2)])
@pytest.mark.parametrize("axis", [0, 1])
def test_the_brighter_of_sources_within_an_aperture_is_found(apart: int, number: int, axis: int) -> None:
    image = np.zeros((60, 80))
    image[30, 40] = 100.0
    image[(30 + apart, 40) if axis else (30, 40 + apart)] = 90.0
    found = find_sources(mosaic(image), 2.5)  # an aperture of three whole pixels
    assert found.tolist()[:1] == [[40.0, 30.0]]
    assert len(found) == number


def test_pixels_without_weight_are_no_sky() -> None:
    image = np.random.default_rng(2).normal(50.0, 1.0, (60, 80))
    image[:, 30:] = np.nan
    image[30, 20] = 65.0
    assert len(find_sources(mosaic(image), 2.0)) == 0
    image[30, 20] = 80.0
    assert find_sources(mosaic(image), 2.0).tolist() == [[20.0, 30.0]]


@pytest.mark.parametrize(
    ("place", "measured"),
    [
        *[((16.1, 28.0), False), ((16.3, 28.0), True), ((61.9, 28.0), False), ((61.7, 28.0), True)],
        *[((40.0, 16.1), False), ((40.0, 16.3), True), ((40.0, 41.9), False), ((40.0, 41.7), True)],
    ],
)
def test_surroundings_of_a_source_lie_on_the_chip(place: tuple[float, float], measured: bool) -> None:
    """Three radii of four pixels and a tenth more, and three pixels: 16.2 from the first and the last."""
    places = np.array([place]) + np.array([3.0, 5.0])
    image = mosaic(stars(places))
    whole = copy_of(image)
    cut = ChipImage(whole.pixels[:59, :79], whole.flagged[:59, :79], whole.wcs, SCALE, 1.0, 1e12)
    found = measure_sources(image, cut, places)
    assert len(found) == int(measured)


def test_reach_on_a_chip_is_in_its_own_pixels() -> None:
    """An aperture of four chip's pixels of twice the size, eight of the image's: 16.2 chip's again."""
    steps = 2.0 * SAME
    pixels = stars(np.array([(16.4, 30.0), (50.0, 30.0)]), steps, (60, 70))
    one = ChipImage(pixels, np.zeros((60, 70), dtype=bool), frame(steps, (30.0, 25.0)), 2 * SCALE, 1.0, 1e9)
    places = np.array([(60.0 + 2 * (16.4 - 30.0), 60.0), (60.0 + 2 * (50.0 - 30.0), 60.0)])
    found = measure_sources(mosaic(stars(places, shape=(120, 140))), one, places)
    assert len(found) == 2


def test_of_the_240_brightest_sixty_with_the_darkest_edges_are_measured() -> None:
    """Dark ones are among the last: 15 of them within the first 240, the others after these."""
    pixels = stars(np.array([(40.0, 50.0), (80.0, 50.0)]))
    pixels[46, 80] += 800.0  # at a distance of four pixels, the aperture's radius
    image = mosaic(pixels)
    light, dark = (80.0, 50.0), (40.0, 50.0)
    sources = np.array([light] * 225 + [dark] * 15 + [dark] * 60)
    found = measure_sources(image, copy_of(image), sources)
    assert found.places.tolist() == [list(light)] * 45 + [list(dark)] * 15
    few = measure_sources(image, copy_of(image), np.array([light] * 10 + [dark] * 55))
    assert few.places.tolist() == [list(light)] * 5 + [list(dark)] * 55


@pytest.mark.parametrize(("distance", "edge"), [(2, False), (3, True), (5, True), (6, False)])
def test_edges_are_a_core_wide_on_either_side(distance: int, edge: bool) -> None:
    """Light at 2.5 to 5.5 pixels moves in and out of a radius of four."""
    pixels = stars(np.array([(40.0, 50.0), (80.0, 50.0)]))
    pixels[50 - distance, 40] += 30.0
    image = mosaic(pixels)
    sources = np.array([(40.0, 50.0)] * 50 + [(80.0, 50.0)] * 50)
    found = measure_sources(image, copy_of(image), sources)
    assert np.count_nonzero(found.places[:, 0] == 40.0) == (10 if edge else 50)


def test_darkness_on_an_edge_is_light_as_well() -> None:
    pixels = stars(np.array([(40.0, 50.0), (80.0, 50.0)]))
    pixels[45, 40] -= 30.0
    image = mosaic(pixels)
    sources = np.array([(40.0, 50.0)] * 50 + [(80.0, 50.0)] * 50)
    found = measure_sources(image, copy_of(image), sources)
    assert np.count_nonzero(found.places[:, 0] == 40.0) == 10


def test_sources_without_light_are_not_measured() -> None:
    pixels = stars(np.array([(40.0, 50.0)]))
    pixels -= stars(np.array([(80.0, 50.0)]))
    image = mosaic(pixels)
    found = measure_sources(image, copy_of(image), np.array([(40.0, 50.0), (80.0, 50.0)]))
    assert found.places.tolist() == [[40.0, 50.0]]
    assert len(measure_sources(image, copy_of(image), np.array([(80.0, 50.0)]))) == 0
    assert len(measure_sources(image, copy_of(image), np.empty((0, 2)))) == 0


def test_a_source_that_cannot_be_measured_leaves_the_others() -> None:
    image = mosaic(1e-6 * stars(PLACES))  # light is not counted
    one = copy_of(image)
    one.flagged[36 - 5 : 46 - 5, 72 - 3 : 83 - 3] = True  # about the second
    found = measure_sources(image, one, PLACES)
    assert found.places.tolist() == PLACES[[0, 2]].tolist()
    np.testing.assert_allclose(found.chip, found.drizzled, rtol=1e-5)


def test_sources_that_the_chip_has_not_are_not_measured() -> None:
    image = mosaic(stars(PLACES))
    one = copy_of(image)
    one.pixels[:] = 0.0
    assert len(measure_sources(image, one, PLACES)) == 0
