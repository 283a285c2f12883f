"""Fluxes and widths of sources in a drizzled image and on the chips that it combines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.images.mosaic_fluxes import (
    MIN_SOURCES,
    chip_flux_ratio,
    input_flux_ratio,
    input_width_ratio,
)
from hubble_qa.checks.images.source_fluxes import ChipSources
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.verdict import Status, judge
from tests.source_scenes import SCALE, chip, digitised, measured, mosaic, seen


def status(criterion: str, measurement: Measurement) -> Status:
    return judge(load_criteria()[criterion], measurement).status


@pytest.mark.parametrize(("scale", "factor"), [(SCALE, 0.75), (SCALE, 360.0), (0.05, 1.02), (0.03, 1.0)])
def test_ratio_of_fluxes_is_the_images_scale(factor: float, scale: float) -> None:
    found = measured(mosaic(factor=factor), chip(scale=scale))
    assert len(found) > 20
    assert np.median(found.drizzled / found.chip) == pytest.approx(factor, rel=0.004)


def test_cosmic_rays_and_bad_pixels_do_not_count() -> None:
    # A hundredth of the pixels struck, as in 500 s, and as many flagged; nor do they hide a wrong image.
    for factor in (1.0, 1.3):
        dirty = measured(mosaic(factor=factor), chip(hits=2000, flagged=2000))
        assert len(dirty) > 15
        assert np.median(dirty.drizzled / dirty.chip) == pytest.approx(factor, rel=0.006)


def test_sources_are_followed_where_they_are() -> None:
    found = measured(mosaic(), chip(shift=(1.3, -0.7)))
    assert found.offset == pytest.approx((1.3, -0.7), abs=0.05)
    assert np.median(found.drizzled / found.chip) == pytest.approx(1.0, abs=0.005)


def test_widths_are_those_of_the_sources() -> None:
    found = measured(mosaic(fwhm=3.0), chip(fwhm=2.0))
    assert np.median(found.drizzled_width) == pytest.approx(3.0 * SCALE, rel=0.05)
    assert np.median(found.chip_width) == pytest.approx(2.0 * SCALE, rel=0.05)
    assert found.alike
    assert not measured(mosaic(), chip(scale=0.03)).alike


@pytest.mark.parametrize("sky", [2.0, 3.0, 3.4, 3.6, 5.0])
def test_sky_of_a_short_exposure_is_between_its_digits(sky: float) -> None:
    """WFPC2's steps of 7 electrons are more than its noise of 5: medians of its pixels are whole steps."""
    image, short = digitised(sky, scale=0.0183)
    in_whole_steps = measured(image, replace(short, digit=0.0))
    assert abs(np.median(in_whole_steps.drizzled / in_whole_steps.chip) - 1.0) > 0.03
    found = measured(image, short)
    assert len(found) > 30
    assert np.median(found.drizzled / found.chip) == pytest.approx(1.0, abs=0.01)
    assert status("PHT-006", input_flux_ratio({"a": found}, subject="drz SCI,1")) is Status.PASS
    fainter = measured(image._replace(pixels=0.85 * image.pixels), short)
    assert np.median(fainter.drizzled / fainter.chip) == pytest.approx(0.85, abs=0.01)
    assert status("PHT-006", input_flux_ratio({"a": fainter}, subject="drz SCI,1")) is Status.FAIL


def test_an_image_without_sources_has_none() -> None:
    empty = mosaic()._replace(pixels=np.full((360, 360), np.nan, np.float32))
    assert len(measured(empty, chip())) == 0
    assert not input_flux_ratio({"a": measured(empty, chip())}, subject="drz SCI,1").told


def test_sources_of_which_the_image_lacks_a_pixel_are_not_told() -> None:
    """A grid of pixels without weight comes into each aperture, whose radius is 4 pixels."""
    pitted = mosaic()
    pitted.pixels[::6, ::6] = np.nan
    found = {"a": measured(pitted, chip()), "b": measured(pitted, chip(seed=6))}
    assert not any(map(len, found.values()))
    told = [
        input_flux_ratio(found, subject="drz SCI,1"),
        chip_flux_ratio(found, subject="drz"),
        input_width_ratio(found, subject="drz"),
    ]
    assert [(each.told, bool(each.reason)) for each in told] == [(False, True)] * 3


@pytest.mark.parametrize("factor", [1.02, 0.98, 0.75, 360.0])
def test_image_of_another_flux_is_rejected(factor: float) -> None:
    assert status("PHT-006", input_flux_ratio({"a": seen(), "b": seen()}, subject="drz SCI,1")) is Status.PASS
    wrong = {"a": seen(factor), "b": seen(factor, seed=6)}
    assert status("PHT-006", input_flux_ratio(wrong, subject="drz SCI,1")) is Status.FAIL


@pytest.mark.parametrize(
    ("factor", "gain_ratio", "accepted"),
    [
        (6.90 / 7.10, 6.90 / 7.10, True),
        (14.50 / 13.95, 14.50 / 13.95, True),
        # Worse than the gains explain, and what they do not explain at all.
        (0.95, 6.90 / 7.10, False),
        (1.03, 6.90 / 7.10, False),
        (6.90 / 7.10, 1.0, False),
    ],
)
def test_ratio_of_the_gains_is_astrodrizzles_known_defect(
    factor: float, gain_ratio: float, accepted: bool
) -> None:
    found = {"a": seen(factor), "b": seen(factor, seed=6)}
    measurement = input_flux_ratio(found, subject="drw SCI,3", gain_ratio=gain_ratio)
    verdict = judge(load_criteria()["PHT-006"], measurement)
    assert verdict.status is Status.FAIL
    assert verdict.accepted is accepted
    assert (f"divide fluxes on this chip by {gain_ratio:.4f}" in measurement.remedy) is accepted
    sound = input_flux_ratio({"a": seen()}, subject="drw SCI,3", gain_ratio=gain_ratio)
    assert judge(load_criteria()["PHT-006"], sound).status is Status.PASS


def test_one_exposure_of_another_flux_is_named() -> None:
    measurement = input_flux_ratio({"a": seen(1.0), "b": seen(0.97, seed=6)}, subject="drz SCI,1")
    assert status("PHT-006", measurement) is Status.FAIL
    assert measurement.reason.startswith("b: 0.96")
    pair = chip_flux_ratio({"a SCI,1": seen(), "b SCI,1": seen(0.95, seed=6)}, subject="drz")
    assert status("PHT-010", pair) is Status.FAIL
    assert "a SCI,1 / b SCI,1: 0.9" in pair.reason
    assert status("PHT-010", chip_flux_ratio({"a": seen(), "b": seen(seed=6)}, subject="drz")) is Status.PASS


def uneven(change: float, *, axis: int = 0, sources: int = 60, seed: int = 5) -> ChipSources:
    """Sources whose flux in the image changes from one side of it to the other."""
    found = seen(sources=sources, seed=seed)
    places = np.random.default_rng(11).uniform(0.0, 4000.0, (sources, 2))
    return replace(
        found, places=places, drizzled=found.drizzled * (1.0 + change * (places[:, axis] / 4000.0 - 0.5))
    )


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(("change", "accepted"), [(0.0, True), (0.02, True), (-0.1, False), (0.3, False)])
def test_an_image_whose_scale_changes_across_it_is_rejected(change: float, accepted: bool, axis: int) -> None:
    found = {"a": uneven(change, axis=axis), "b": uneven(change, axis=axis, seed=6)}
    measurement = input_flux_ratio(found, subject="drz SCI,1")
    assert (status("PHT-006", measurement) is Status.PASS) is accepted
    assert measurement.context["change"] == pytest.approx(change, abs=0.01 + 0.02 * abs(change))
    if not accepted:
        # At the edge, the half of it, less four of its errors.
        assert measurement.value == pytest.approx(1.0 + abs(change) / 2.0, abs=0.015)
        assert f"along {'xy'[axis]} of the image" in measurement.reason


def test_what_one_exposure_loses_along_its_chip_is_no_fault_of_the_image() -> None:
    """Charge transfer takes 5 per cent along the frame of one visit, and against that of the other."""
    found = {"a": uneven(0.05), "b": uneven(-0.05, seed=6)}
    assert input_flux_ratio(found, subject="drz SCI,1").value == pytest.approx(1.0, abs=0.005)


def test_few_sources_tell_no_change_across_an_image() -> None:
    few = {"a": uneven(0.3, sources=24)}
    assert "change" not in input_flux_ratio(few, subject="drz SCI,1").context


def test_few_or_faint_sources_are_no_fault() -> None:
    uncertain = input_flux_ratio({"a": seen(1.03, scatter=0.2)}, subject="drz SCI,1")
    assert (uncertain.value, status("PHT-006", uncertain)) == (1.0, Status.PASS)
    few = {"a": seen(2.0, sources=MIN_SOURCES - 1)}
    for measurement in (
        input_flux_ratio(few, subject="drz SCI,1"),
        chip_flux_ratio({**few, "b": seen()}, subject="drz"),
        input_width_ratio(few, subject="drz"),
        input_flux_ratio({}, subject="drz SCI,1"),
    ):
        assert not measurement.told


def test_only_sources_that_two_chips_show_are_compared() -> None:
    one, other = seen(), seen(0.9, seed=6)
    elsewhere = ChipSources(
        other.places + 1000.0, other.drizzled, other.chip, other.drizzled_width, other.chip_width
    )
    assert not chip_flux_ratio({"a": one, "b": elsewhere}, subject="drz").told


def test_false_alarms_of_a_right_image_are_rare() -> None:
    """Pulls of clean ratios are of unit width, and few of 500 are rejected."""
    values, pulls = [], []
    for seed in range(500):
        measurement = input_flux_ratio({"a": seen(scatter=0.03, sources=25, seed=seed)}, subject="drz SCI,1")
        values.append(measurement.value)
        pulls.append((measurement.context["a"]["ratio"] - 1.0) / measurement.uncertainty)
    assert 0.9 < 1.4826 * np.median(np.abs(pulls)) < 1.2
    assert sum(not 0.99 <= value <= 1.01 for value in values) <= 2


@pytest.mark.parametrize(("width", "expected"), [(1.1, Status.PASS), (0.88, Status.FAIL), (1.4, Status.FAIL)])
def test_widths_are_judged_on_both_sides(width: float, expected: Status) -> None:
    assert status("AST-015", input_width_ratio({"a": seen(width=width)}, subject="drz")) is expected


def test_images_of_larger_pixels_have_wider_sources_without_fault() -> None:
    wide = seen(width=2.0)
    binned = ChipSources(
        wide.places, wide.drizzled, wide.chip, wide.drizzled_width, wide.chip_width, (0.0, 0.0), False
    )
    measured = input_width_ratio({"a": binned}, subject="drz")
    assert not measured.applicable
    assert "pixels are larger" in measured.reason
    # One chip of several may have as large pixels as the image.
    assert input_width_ratio({"a": binned, "b": seen()}, subject="drz").value == pytest.approx(1.1, abs=0.01)


def test_larger_pixels_of_the_image_add_to_the_error() -> None:
    one = seen(1.04)
    coarse = replace(one, alike=False)
    assert status("PHT-006", input_flux_ratio({"a": one}, subject="drz SCI,1")) is Status.FAIL
    assert status("PHT-006", input_flux_ratio({"a": coarse}, subject="drz SCI,1")) is Status.PASS
    doubled = replace(seen(2.0), alike=False)
    assert status("PHT-006", input_flux_ratio({"a": doubled}, subject="drz SCI,1")) is Status.FAIL
