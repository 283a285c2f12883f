"""Offsets of exposures, chips and images from one another: values by hand, others on each side."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy.stats import mad_std

from hubble_qa.checks.astrometry.registration import (
    Offset,
    SkyPixels,
    exposure_misalignment,
    image_separation,
    isolated_hits,
    offset_of_stars,
    offset_of_target,
    separation_unit,
)
from hubble_qa.checks.astrometry.source_pairs import SourcePairs

# Exposures and images


def offset(east: float, north: float, error: float, by: str = "20 sources") -> Offset:
    return Offset(east, north, error, by)


AMONG = {("b", "c"): offset(2, 1, 2), ("b", "d"): offset(1, -2, 4), ("d", "c"): offset(0, 3, 3)}
OF_ONE = {
    ("a", "b"): offset(60, 0, 2, "5 sources"),
    ("a", "c"): offset(100, 80, 4),
    ("d", "a"): offset(-70, -10, 3),
}


def test_an_exposure_is_off_by_the_median_of_its_offsets_from_the_others() -> None:
    """Of 60, 100 and 70 mas east, and 0, 80 and 10 north."""
    found = exposure_misalignment(OF_ONE | AMONG, plate_scale=0.05, subject="drz")
    length = math.hypot(70.0, 10.0)
    assert found.value == pytest.approx((length - 4.0 * 3.0) / 50.0)
    assert found.uncertainty == pytest.approx(3.0 / 50.0)
    assert found.context["offsets_mas"]["a"] == pytest.approx(length)
    assert found.context["errors_mas"] == {"a": 3.0, "b": 2.0, "c": 3.0, "d": 3.0}
    assert found.context["offsets_mas"]["b"] == pytest.approx(1.0)  # of -60, 2 and 1 east, 0, 1 and -2 north
    assert found.beyond_error
    assert found.reason == "a is 70.7 ± 3.0 mas from b, c, d, by 5 sources"


def test_what_the_errors_explain_is_no_misalignment() -> None:
    found = exposure_misalignment({("a", "b"): offset(3.0, -4.0, 1.3)}, plate_scale=0.05, subject="drz")
    assert found.value == 0.0
    beyond = exposure_misalignment({("a", "b"): offset(3.0, -4.0, 1.2)}, plate_scale=0.05, subject="drz")
    assert beyond.value == pytest.approx(0.2 / 50.0)
    assert not exposure_misalignment({}, plate_scale=0.05, subject="drz").told


@pytest.mark.parametrize(("north", "value"), [(28.9, 0.0), (29.1, 25.1 / 50.0)])
def test_half_a_pixel_of_a_chip_counts(north: float, value: float) -> None:
    """Of 50 mas; four errors of 1 mas are taken off. The exposures themselves agree to 10 mas."""
    chips = {("a SCI,1", "b"): offset(0.0, north, 1.0), ("a SCI,2", "b"): offset(9.0, 0.0, 1.0)}
    found = exposure_misalignment({}, chips, plate_scale=0.05, subject="drz")
    assert found.value == pytest.approx(value)
    both = exposure_misalignment({("a", "b"): offset(10.0, 0.0, 1.0)}, chips, plate_scale=0.05, subject="drz")
    assert both.value == pytest.approx(max(value, 6.0 / 50.0))
    assert both.reason.startswith("a SCI,1 is 29.1" if value else "a is 10.0")
    assert list(both.context["offsets_mas"]) == ["a", "b", "a SCI,1", "a SCI,2"]
    if value:
        assert "mas from b, by" in both.reason


def test_images_are_apart_in_pixels_of_the_coarser() -> None:
    found = image_separation(offset(30.0, -40.0, 2.0), pixel=0.06, subject="pair")
    assert found.value == pytest.approx((50.0 - 8.0) / 60.0)
    assert found.uncertainty == pytest.approx(2.0 / 60.0)
    assert found.beyond_error
    assert image_separation(offset(3.0, 4.0, 2.0), pixel=0.06, subject="pair").value == 0.0
    assert [separation_unit(pixel) for pixel in (0.02, 0.04, 0.06)] == [40.0, 40.0, 60.0]
    assert not image_separation(None, pixel=0.06, subject="pair").told


def test_an_offset_of_stars_is_their_median() -> None:
    generator = np.random.default_rng(3)
    offsets = np.column_stack([generator.gamma(1.0, 5.0, 80), 20.0 - generator.gamma(1.0, 30.0, 80)])
    indices = np.arange(80)
    found = offset_of_stars(SourcePairs(indices, indices, np.zeros((80, 2)), offsets, by_chance=0.0))
    assert found is not None
    assert (found.east, found.north) == (np.median(offsets[:, 0]), np.median(offsets[:, 1]))
    scatter = mad_std(offsets[:, 1])
    assert scatter > 2.0 * mad_std(offsets[:, 0])
    assert found.error == pytest.approx(math.sqrt(math.pi / 2.0) * scatter / math.sqrt(80))
    assert found.by == "80 sources"
    none = np.empty(0, dtype=int)
    assert offset_of_stars(SourcePairs(none, none, np.empty((0, 2)), np.empty((0, 2)), by_chance=0.0)) is None


# Targets


def field(
    target: tuple[float, float],
    *,
    light: float = 5e4,
    corner: tuple[float, float] = (-12.0, -8.0),
    sides: tuple[float, float] = (24.0, 16.0),
    pixel: float = 0.1,
    sky: float = 7.0,
    rough: float = 0.0,
    noise: float = 1.0,
    time: float = 1.0,
    size: float = 0.3,
) -> SkyPixels:
    """A round Gaussian on a sky that is rough from one pixel to the next."""
    east, north = (np.arange(start, start + side, pixel) for start, side in zip(corner, sides, strict=True))
    places = np.stack(np.meshgrid(east, north, indexing="ij"), axis=-1)
    away = ((places - target) ** 2).sum(axis=-1)
    values = light * (pixel / size) ** 2 / (2.0 * math.pi) * np.exp(-0.5 * away / size**2)
    i, j = np.indices(values.shape)
    values += sky + np.where((i + j) % 2, rough, -rough)
    return SkyPixels(places.reshape(-1, 2), values.ravel(), noise, time)


@pytest.mark.parametrize("first", [(3.0, -2.0), (-10.0, 6.0), (8.5, 5.0)])
def test_an_offset_is_of_the_first_targets_centroid(first: tuple[float, float]) -> None:
    second = (first[0] - 0.321, first[1] + 0.123)
    found = offset_of_target(field(first), field(second, sky=3.0))
    assert found is not None
    assert (found.east, found.north) == (pytest.approx(321.0, abs=0.1), pytest.approx(-123.0, abs=0.1))


def test_its_error_is_of_the_photons_and_the_sky() -> None:
    """A Gaussian of s arcsec and N units: s times the square root of their noise over N."""
    first, second = field((3.0, -2.0), noise=4.0), field((3.2, -2.0), light=6e4, noise=9.0)
    found = offset_of_target(first, second)
    assert found is not None
    expected = 1000.0 * 0.3 * math.hypot(math.sqrt(4.0 / 5e4), math.sqrt(9.0 / 6e4))
    assert found.error == pytest.approx(expected, rel=0.01)
    rough = offset_of_target(field((3.0, -2.0), rough=10.0, noise=0.0), field((3.2, -2.0), noise=0.0))
    assert rough is not None
    # Of 100 pixels per square arcsec: the integral of x squared over a circle of 1.5 arcsec.
    moment = 100.0 * math.pi * 1.5**4 / 4.0
    assert rough.error == pytest.approx(1000.0 * 10.0 * math.sqrt(moment) / 5e4, rel=0.02)


@pytest.mark.parametrize(("part", "alike"), [(0.76, True), (0.74, False), (1.3, True), (1.36, False)])
def test_one_target_has_the_same_light_within_a_quarter(part: float, alike: bool) -> None:
    """Of which 100 s and 25 s are counted."""
    first = field((3.0, -2.0), time=100.0)
    second = field((3.1, -2.0), light=5e4 * part / 4.0, time=25.0)
    assert (offset_of_target(first, second) is not None) is alike


@pytest.mark.parametrize(("apart", "one"), [(4.9, True), (5.1, False)])
@pytest.mark.parametrize("axis", [0, 1])
def test_places_of_one_target_are_within_five_arcsec(apart: float, one: bool, axis: int) -> None:
    second = (1.0 + apart, -3.0) if axis == 0 else (1.0, -3.0 + apart)
    found = offset_of_target(field((1.0, -3.0)), field(second))
    assert (found is not None) is one
    if found is not None:
        assert (found.east, found.north)[axis] == pytest.approx(-1000.0 * apart, abs=1.0)


@pytest.mark.parametrize(("light", "seen"), [(500.0, False), (570.0, True)])
def test_a_target_stands_twenty_times_out_of_the_noise(light: float, seen: bool) -> None:
    """In 707 pixels, 100 pi times 1.5 squared, a noise of one is 26.6."""
    found = offset_of_target(
        field((3.0, -2.0), light=light, rough=1.0), field((3.1, -2.0), light=light, rough=0.1)
    )
    assert (found is not None) is seen


def test_a_target_that_one_exposure_hardly_sees_is_none() -> None:
    bright, faint = field((3.0, -2.0), rough=1.0), field((3.1, -2.0), light=300.0, rough=1.0)
    assert offset_of_target(bright, faint) is None
    assert offset_of_target(faint, bright) is None


def test_only_what_both_see_is_compared() -> None:
    """Each sees a brighter one where the other does not look."""
    first = field((2.0, -2.0), corner=(-12.0, -8.0), sides=(18.0, 16.0))
    second = field((2.1, -2.0), corner=(-2.0, -8.0), sides=(18.0, 16.0))
    first.values[:] += field((-9.0, 3.0), corner=(-12.0, -8.0), sides=(18.0, 16.0), light=4e5, sky=0.0).values
    second.values[:] += field((13.0, 3.0), corner=(-2.0, -8.0), sides=(18.0, 16.0), light=4e5, sky=0.0).values
    found = offset_of_target(first, second)
    assert found is not None
    assert found.east == pytest.approx(-100.0, abs=1.0)
    apart = field((2.1, -2.0), corner=(7.0, -8.0), sides=(18.0, 16.0))
    assert offset_of_target(first, apart) is None
    above = field((2.1, -2.0), corner=(-12.0, 9.0), sides=(18.0, 16.0))
    assert offset_of_target(first, above) is None
    nothing = SkyPixels(np.empty((0, 2)), np.empty(0), 1.0)
    assert offset_of_target(first, nothing) is None
    assert offset_of_target(nothing, first) is None


def test_pixels_of_negative_signal_have_no_photons() -> None:
    """A sky that is 10 above and below in turn: half of its pixels count, with what they are above it."""
    found = offset_of_target(field((3.0, -2.0), rough=10.0), field((3.2, -2.0), noise=0.0))
    assert found is not None
    moment = 100.0 * math.pi * 1.5**4 / 4.0
    # Of the target where it stands out of the sky, 2 r squared over its light; beyond, of every second pixel.
    both = field((0.0, 0.0), rough=10.0, sky=0.0, corner=(-1.5, -1.5), sides=(3.05, 3.05))
    away = np.hypot(*both.places.T)
    photons = (np.clip(both.values, 0.0, None) * away**2)[away < 1.5].sum() / 2.0
    expected = 1000.0 * math.sqrt(photons + 10.0**2 * moment) / 5e4
    assert found.error == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("time", [math.nan, math.inf])
def test_rates_of_no_time_tell_no_error(time: float) -> None:
    known, unknown = field((3.0, -2.0)), field((3.1, -2.0), noise=time)
    assert offset_of_target(known, unknown) is None
    assert offset_of_target(unknown, known) is None


@pytest.mark.parametrize(("pixel", "told"), [(0.7, True), (1.0, False)])
def test_a_target_of_fewer_than_ten_pixels_is_none(pixel: float, told: bool) -> None:
    """Within 1.5 arcsec of one are 13 pixels of 0.7 arcsec, or nine of one arcsec."""
    one = field((0.0, 0.0), corner=(-7.0, -7.0), sides=(14.5, 14.5), pixel=pixel, size=0.7, light=1e6)
    found = offset_of_target(one, one)
    assert (found is not None) is told


def test_a_target_without_sky_about_it_is_none() -> None:
    """Fields of 2 arcsec end within 1.5 arcsec of it; of 3 arcsec, only their corners are beyond."""
    small, large = (
        field((0.0, 0.0), corner=(-side / 2, -side / 2), sides=(side, side), size=0.2) for side in (2.0, 3.0)
    )
    assert offset_of_target(large, large) is not None
    assert offset_of_target(small, large) is None
    assert offset_of_target(large, small) is None


def test_what_one_exposure_shows_beside_the_others_field_is_not_sought() -> None:
    """Half an arcsec outside, where smoothing still reaches."""
    first = field((2.0, -2.0), sides=(18.0, 16.0))
    second = field((2.1, -2.0), corner=(-6.0, -8.0), sides=(18.0, 16.0))
    first.values[:] += field((-6.9, 3.0), sides=(18.0, 16.0), light=4e5, sky=0.0).values
    found = offset_of_target(first, second)
    assert found is not None
    assert found.east == pytest.approx(-100.0, abs=1.0)


# Hits


@pytest.mark.parametrize(
    ("value", "noise", "hit"), [(24.0, 1.0, False), (26.0, 1.0, True), (49.0, 2.0, False), (51.0, 2.0, True)]
)
def test_hits_stand_out_and_take_five_pixels_each_way(value: float, noise: float, hit: bool) -> None:
    image = np.full((30, 40), 100.0)
    image[13, 22] += value
    expected = np.zeros(image.shape, dtype=bool)
    expected[11:16, 20:25] = hit
    np.testing.assert_array_equal(isolated_hits(image, noise=noise), expected)


@pytest.mark.parametrize(("value", "hit"), [(24.0, False), (26.0, True)])
@pytest.mark.parametrize("place", [(0, 0), (29, 39), (0, 20), (14, 39)])
def test_beyond_a_border_there_is_nothing(place: tuple[int, int], value: float, hit: bool) -> None:
    image = np.full((30, 40), 100.0)
    image[place] += value
    assert isolated_hits(image, noise=1.0).any() == hit


@pytest.mark.parametrize(("value", "hit"), [(67.0, False), (69.0, True)])
def test_hits_stand_out_of_the_scatter(value: float, hit: bool) -> None:
    """Columns 2 and -2 in turn scatter by 2.97, of which 25 are 74.1; three by three hold 6 more or less."""
    image = np.full((30, 40), 100.0)
    image[:, ::2] += 2.0
    image[:, 1::2] -= 2.0
    image[13, 22] += value
    assert isolated_hits(image, noise=1.0).any() == hit


def test_what_neighbours_share_is_no_hit() -> None:
    y, x = np.indices((30, 40))
    star = 5000.0 * np.exp(-0.5 * ((y - 13) ** 2 + (x - 22) ** 2) / 1.5**2)
    assert not isolated_hits(star + 100.0, noise=1.0).any()
    narrow = 5000.0 * np.exp(-0.5 * ((y - 13) ** 2 + (x - 22) ** 2) / 0.5**2)
    narrow[13, 30] = np.nan
    assert isolated_hits(narrow + 100.0, noise=1.0)[13, 22]


@pytest.mark.parametrize(("level", "hit"), [(5.7, True), (5.9, False)])
def test_a_twentieth_of_the_light_around_is_a_targets(level: float, hit: bool) -> None:
    """Nine pixels of 5.81 around are a twentieth of one of 1000 and eight of these."""
    image = np.zeros((30, 40))
    image[7:20, 16:29] = level
    image[13, 22] = 1000.0
    assert isolated_hits(image, noise=1.0)[13, 22] == hit
