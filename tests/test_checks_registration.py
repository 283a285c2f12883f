"""Exposures of one image, compared by their own sources and by their target."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hubble_qa.checks.astrometry.registration import (
    Offset,
    SkyPixels,
    exposure_misalignment,
    image_separation,
    isolated_hits,
    offset_of_stars,
    offset_of_target,
)
from hubble_qa.checks.astrometry.source_pairs import pair_sources
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.verdict import Status, judge

SCALE = 0.1283  # arcsec, of WFC3/IR
CENTRE = np.array([150.0, 2.0])


def stars(offset: float, *, number: int = 150, scatter: float = 8.0, seed: int = 1) -> np.ndarray:
    """Right ascension and declination of stars that an exposure has `offset` mas too far north."""
    sky = np.random.default_rng(7).uniform(-60, 60, (number, 2))
    noise = np.random.default_rng(seed).normal(0, scatter, (number, 2)) / 1000.0
    return CENTRE + (sky + noise + np.array([0.0, offset / 1000.0])) / 3600.0


def apart(*offsets: float) -> dict[tuple[str, str], Offset]:
    """Offsets of exposures of which each is out of place by so many mas."""
    lists = [stars(offset, seed=seed) for seed, offset in enumerate(offsets)]
    return {
        (f"e{i}", f"e{j}"): found
        for i in range(len(lists))
        for j in range(i + 1, len(lists))
        if (found := offset_of_stars(pair_sources(lists[i], lists[j]))) is not None
    }


def frame(east: float, *, seed: int, photons: int = 1500, hot: bool = False) -> SkyPixels:
    """A photon counter's exposure of a galaxy, which its header has `east` arcsec too far east."""
    side, generator = 0.08 * (np.arange(200) - 100), np.random.default_rng(seed)
    x, y = np.meshgrid(side, side)
    galaxy = np.exp(-(np.hypot(x, y * 1.5) / 0.4))
    image = generator.poisson(photons * galaxy / galaxy.sum() + 0.012).astype(float)
    if hot:
        image[20, 30] = 5000.0
    kept = ~isolated_hits(image, noise=1.0)
    return SkyPixels(np.column_stack([(x + east)[kept], y[kept]]), image[kept], 1.0)


def test_exposures_that_agree_differ_by_less_than_their_errors() -> None:
    measurement = exposure_misalignment(apart(0, 0, 0, 0), plate_scale=SCALE, subject="ibohbf040_drz_sci")
    assert measurement.value == 0.0
    assert measurement.uncertainty == pytest.approx(0.012, abs=0.006)


@pytest.mark.parametrize("pixels", [0.3, 1.0, 5.0])
def test_the_exposure_that_is_out_of_place_is_named(pixels: float) -> None:
    offsets = apart(0, 0, 1000 * SCALE * pixels, 0)
    measurement = exposure_misalignment(offsets, plate_scale=SCALE, subject="ibohbf040_drz_sci")
    assert measurement.value == pytest.approx(pixels, abs=0.06)
    assert measurement.reason.startswith("e2 is ")
    assert judge(load_criteria()["AST-024"], measurement).status is Status.FAIL


@pytest.mark.parametrize(("pixels", "named"), [(0.0, ""), (0.4, ""), (0.6, "b SCI,1"), (5.0, "b SCI,1")])
def test_a_chip_that_is_out_of_place_is_named(pixels: float, named: str) -> None:
    away = 1000.0 * SCALE * pixels
    whole = {("a", "b"): Offset(0.4, -0.3, 0.5, "374 sources")}
    chips = {
        ("b SCI,1", "a"): Offset(away, 0.0, 0.5, "25 sources"),
        ("b SCI,2", "a"): Offset(0.4, 0.2, 0.5, "300 sources"),
    }
    measurement = exposure_misalignment(whole, chips, plate_scale=SCALE, subject="f555w_drw_sci")
    assert measurement.value == pytest.approx(pixels if named else 0.0, abs=0.02)
    assert measurement.reason.startswith(f"{named} is " if named else "a is ")
    alone = exposure_misalignment({}, chips, plate_scale=SCALE, subject="f555w_drw_sci")
    assert alone.value == pytest.approx(pixels if named else 0.0, abs=0.02)
    if named:
        assert "from a, by 25 sources" in measurement.reason
        assert judge(load_criteria()["AST-024"], measurement).status is Status.FAIL


def test_pulls_of_an_offset_have_unit_width() -> None:
    pulls = []
    for seed in range(0, 80, 2):
        pair = pair_sources(stars(0, seed=seed), stars(0, seed=seed + 1))
        found = offset_of_stars(pair)
        assert found is not None
        pulls += [found.east / found.error, found.north / found.error]
    assert float(np.std(pulls)) == pytest.approx(1.0, abs=0.2)


def test_a_target_is_found_among_hot_pixels_and_its_error_is_right() -> None:
    pulls = []
    for seed in range(0, 40, 2):
        found = offset_of_target(frame(0.0, seed=seed, hot=True), frame(0.0, seed=seed + 1, hot=True))
        assert found is not None
        pulls += [found.east / found.error, found.north / found.error]
    assert float(np.std(pulls)) == pytest.approx(1.0, abs=0.25)


@pytest.mark.parametrize("shift", [0.64, 1.0])
def test_a_target_that_an_exposure_has_elsewhere_is_seen(shift: float) -> None:
    found = offset_of_target(frame(shift, seed=1, hot=True), frame(0.0, seed=2, hot=True))
    assert found is not None
    assert found.east == pytest.approx(1000 * shift, abs=100)
    measurement = exposure_misalignment({("a", "b"): found}, plate_scale=0.032, subject="jcmc11010_drz_sci")
    assert judge(load_criteria()["AST-024"], measurement).status is Status.FAIL


def test_what_shares_nothing_is_not_applicable() -> None:
    assert offset_of_target(frame(0.0, seed=1, photons=5), frame(0.0, seed=2, photons=5)) is None


@pytest.mark.parametrize(("scale", "moved"), [(1.0, 60.0), (1.0, 7e5), (1.0, np.nan), (1e5, 0.0)], ids=str)
def test_an_exposure_elsewhere_or_of_a_wrong_scale_takes_no_memory(scale: float, moved: float) -> None:
    """CRVAL in hours moves an exposure by degrees: a map of both would have a million times the cells."""
    here, there = frame(0.0, seed=1), frame(0.0, seed=2)
    wide = replace(here, places=here.places * scale)
    assert offset_of_target(wide, replace(there, places=there.places * scale + moved)) is None
    assert offset_of_stars(pair_sources(stars(0, number=12), stars(0, number=12))) is None
    measurement = exposure_misalignment({}, plate_scale=SCALE, subject="ibohbf040_drz_sci")
    assert not measurement.told


def test_an_exposure_is_as_far_as_the_median_of_the_others_tells() -> None:
    # c is 100 mas east of the others, which agree; one of its offsets is wild, and one error large.
    offsets = {
        ("a", "b"): Offset(0.0, 0.0, 2.0, "50 sources"),
        ("a", "c"): Offset(-100.0, 0.0, 2.0, "50 sources"),
        ("b", "c"): Offset(-100.0, 0.0, 2.0, "50 sources"),
        ("c", "d"): Offset(900.0, 40.0, 30.0, "9 sources"),
        ("a", "d"): Offset(0.0, 0.0, 2.0, "50 sources"),
        ("b", "d"): Offset(0.0, 0.0, 2.0, "50 sources"),
    }
    measurement = exposure_misalignment(offsets, plate_scale=0.1, subject="image")
    assert measurement.reason.startswith("c is ")
    assert measurement.value == pytest.approx((100.0 - 4.0 * 2.0) / 100.0)
    assert measurement.uncertainty == pytest.approx(0.02)


def test_of_two_exposures_either_is_as_far() -> None:
    offset = {("a", "b"): Offset(30.0, 40.0, 1.0, "100 sources")}
    measurement = exposure_misalignment(offset, plate_scale=0.1, subject="image")
    assert measurement.value == pytest.approx((math.hypot(30, 40) - 4) / 100)


def test_offsets_in_two_axes_are_judged_by_chance_in_two() -> None:
    """Of pairs that lie on one another some in a thousand are beyond 3 errors and a fifth of a pixel."""
    rng, error = np.random.default_rng(2), 14.5  # of a galaxy of the SBC, mas
    lengths = np.hypot(*rng.normal(0.0, error, (2, 20_000)))
    beyond = [
        exposure_misalignment({("a", "b"): Offset(length, 0.0, error, "it")}, plate_scale=0.032, subject="x")
        for length in lengths[lengths > 3.0 * error]
    ]
    rule = load_criteria()["AST-024"]
    assert sum(judge(rule, each).status is Status.FAIL for each in beyond) < 20_000 / 2_000


def test_images_apart_by_less_than_their_error_shows_are_together():
    rule = load_criteria()["AST-023"]
    unsure = image_separation(Offset(20.0, 0.0, 8.0, "20 sources"), pixel=0.05, subject="a / b")
    assert (unsure.value, judge(rule, unsure).status) == (0.0, Status.PASS)
    apart = image_separation(Offset(20.0, 0.0, 1.0, "90 sources"), pixel=0.05, subject="a / b")
    assert apart.value == pytest.approx(16.0 / 50.0)
    assert judge(rule, apart).status is Status.FAIL
    # 10 mas at the finest sampling, a quarter of a pixel at a coarser one.
    edge = Offset(10.0, 0.0, 0.0, "90 sources")
    assert image_separation(edge, pixel=0.02, subject="a / b").value == pytest.approx(0.25)
    assert judge(rule, image_separation(None, pixel=0.05, subject="a / b")).status is Status.NOT_TOLD
