"""Cosmic-ray rejection, and the pixels where it is possible."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from hubble_qa.checks.astrometry.footprints import on_chips, seen_by_others
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.images.cosmic_rays import (
    Hits,
    cosmic_ray_rate,
    hit_remainder,
    rejected_cores,
    residual_cosmic_rays,
)
from hubble_qa.checks.readers import ReaderError, read_cosmic_ray_mask
from hubble_qa.checks.verdict import Status, judge
from tests.background_samples import residuals, sky
from tests.uvis_fields import SHAPE, Pointing, field, sightings, solutions

SIZE = (500, 600)


def mask(fraction: float, *, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random(SIZE) < fraction


def stars(count: int, *, seed: int = 2) -> np.ndarray:
    """Positions counted from 1, on pixels' middles, no two on one pixel."""
    flat = np.random.default_rng(seed).choice(SIZE[0] * SIZE[1], count, replace=False)
    y, x = np.unravel_index(flat, SIZE)
    return np.column_stack([x, y]) + 1.0


@given(fraction=st.floats(0.001, 0.2), time=st.floats(30, 2000))
@settings(max_examples=25)
def test_rate_is_the_fraction_per_kilosecond(fraction: float, time: float) -> None:
    flagged = {1: mask(fraction), 2: mask(fraction, seed=3)}
    measurement = cosmic_ray_rate(flagged, exposure_time=time, subject="xrq")
    count = sum(int(each.sum()) for each in flagged.values())
    assert measurement.value == pytest.approx(count / (2 * mask(0).size) / (time / 1000))
    assert measurement.value == pytest.approx(fraction / (time / 1000), abs=6 * measurement.uncertainty)


def test_only_judged_pixels_count() -> None:
    flagged, overlap = mask(0.01), np.zeros(SIZE, dtype=bool)
    overlap[:250] = True
    flagged[250:] = False
    measurement = cosmic_ray_rate({1: flagged}, exposure_time=1000.0, judged={1: overlap}, subject="xrq")
    assert measurement.value == pytest.approx(0.01, rel=0.1)
    nowhere = cosmic_ray_rate({1: flagged}, exposure_time=1000.0, judged={1: overlap & False}, subject="xrq")
    verdict = judge(load_criteria()["DRZ-002"], nowhere)
    assert verdict.status is Status.NOT_MEASURED
    assert "only 0 pixels" in verdict.reason


@pytest.mark.parametrize("time", [0.0, -1.0, float("nan")])
def test_exposure_time_must_be_positive(time: float) -> None:
    with pytest.raises(ValueError, match="xrq: exposure time must be positive"):
        cosmic_ray_rate({1: mask(0.01)}, exposure_time=time, subject="xrq")


@settings(max_examples=25)
@given(fraction=st.floats(0.0, 0.05), seed=st.integers(0, 1000))
def test_cosmic_rays_by_chance_are_no_rejected_cores(fraction: float, seed: int) -> None:
    positions = {1: stars(2000, seed=seed)}
    measurement = rejected_cores({1: mask(fraction, seed=seed + 1)}, positions, subject="xrq")
    assert measurement.value == pytest.approx(0.0, abs=max(6 * measurement.uncertainty, 1e-3))


@given(rejected=st.integers(0, 300))
@settings(max_examples=25)
def test_rejected_cores_are_counted(rejected: int) -> None:
    flagged, positions = mask(0.0), stars(300)
    x, y = (positions[:rejected] - 1).astype(int).T
    flagged[y, x] = True
    measurement = rejected_cores({1: flagged}, {1: positions}, subject="xrq")
    assert measurement.context["rejected"] == rejected
    assert measurement.context["excess"] == pytest.approx(rejected / 300 - rejected / flagged.size)
    # The probability that as many or more are hit, if their fraction is the least one.
    least = measurement.value + rejected / flagged.size
    assert (binom.sf(rejected - 1, 300, least) if rejected else 0.001) == pytest.approx(0.001)


def test_hits_that_are_left_are_counted() -> None:
    unrejected = np.full(200, 8.0)
    found = np.where(np.arange(200) < 30, 7.0, 0.1)
    found[-1] = np.nan
    measurement = hit_remainder(Hits(found, unrejected), subject="f606w")
    assert measurement.context["fraction_left"] == pytest.approx(30 / 199)
    assert binom.sf(29, 199, measurement.value) == pytest.approx(0.001)
    assert judge(load_criteria()["DRZ-006"], measurement).status is Status.FAIL
    assert measurement.reason == "30 of 199 hits of single exposures are in the image"
    assert "combine it with rejection" in measurement.remedy
    assert hit_remainder(Hits(np.zeros(200), unrejected), subject="f606w").reason == ""
    one = hit_remainder(Hits(np.where(np.arange(20) < 1, 7.0, 0.1), unrejected[:20]), subject="f606w")
    assert judge(load_criteria()["DRZ-006"], one).status is Status.PASS
    few = hit_remainder(Hits(found[:19], unrejected[:19]), subject="f606w")
    assert (few.told, few.reason) == (
        False,
        "19 pixels stand out in one exposure alone; needs at least 20",
    )


def test_three_stars_of_135_are_hit_by_chance() -> None:
    flagged, positions = mask(0.0), stars(135)
    x, y = (positions[:3] - 1).astype(int).T
    flagged[y, x] = True
    measurement = rejected_cores({1: flagged}, {1: positions}, subject="xrq")
    assert measurement.context["excess"] > 0.02
    assert judge(load_criteria()["DRZ-003"], measurement).status is Status.PASS


def test_centre_is_the_pixel_that_holds_the_position() -> None:
    flagged = mask(0.0)
    flagged[10, 20] = True
    positions = np.tile([20.6, 11.4], (100, 1))  # within half a pixel of (21, 11), counted from 1
    excess = rejected_cores({1: flagged}, {1: positions}, subject="xrq").context["excess"]
    assert excess == pytest.approx(1.0, abs=1e-4)
    assert rejected_cores({1: flagged}, {1: positions + np.array([1.0, 0.0])}, subject="xrq").value < 0.0


def test_stars_that_cannot_be_judged_do_not_count() -> None:
    positions = stars(150)
    positions[0] = np.nan
    positions[1] = (-5.0, 10.0)
    positions[2] = (SIZE[1] + 1.0, 10.0)
    assert rejected_cores({1: mask(0.01)}, {1: positions, 3: stars(9)}, subject="xrq").context["stars"] == 147
    overlap = np.zeros(SIZE, dtype=bool)
    few = rejected_cores({1: mask(0.01)}, {1: positions}, judged={1: overlap}, subject="xrq")
    verdict = judge(load_criteria()["DRZ-003"], few)
    assert verdict.status is Status.NOT_TOLD
    assert "only 0 stars" in verdict.reason
    assert judge(load_criteria()["DRZ-003"], rejected_cores({}, {}, subject="xrq")).status is (
        Status.NOT_TOLD
    )


@pytest.mark.parametrize(("hit", "status"), [(3, Status.PASS), (4, Status.FAIL), (20, Status.FAIL)])
def test_sparse_field_is_judged_by_what_chance_allows(hit: int, status: Status) -> None:
    flagged, positions = mask(0.0), stars(20)
    x, y = (positions[:hit] - 1).astype(int).T
    flagged[y, x] = True
    measurement = rejected_cores({1: flagged}, {1: positions}, subject="xrq")
    assert judge(load_criteria()["DRZ-003"], measurement).status is status


# Footprints


def chips(pointing: Pointing) -> list:
    return [(wcs, SHAPE) for wcs in solutions(pointing).values()]


def test_sightings_are_on_chips_and_other_stars_are_not() -> None:
    positions = field(2000, side=600.0).positions
    seen = on_chips(chips(Pointing()), positions)
    assert seen.sum() == pytest.approx(
        sum(len(each) for each in sightings(positions, Pointing(), error=0.0).values()), abs=6
    )
    far = positions + np.array([90.0, 0.0])
    opposite = np.column_stack([(positions[:, 0] + 180.0) % 360.0, -positions[:, 1]])
    assert not on_chips(chips(Pointing()), far).any()
    assert not on_chips(chips(Pointing()), opposite).any()
    assert not on_chips([], positions).any()


def test_a_dither_by_a_chip_leaves_one_chip_in_common() -> None:
    other = chips(Pointing(dither=82.0))
    shares = [seen_by_others(chip, other).mean() for chip in chips(Pointing())]
    # 82 arcsec are 2071 pixels: what lies on SCI,2 moves to SCI,1, and SCI,1's leaves the frame.
    assert shares == pytest.approx([0.0, 0.995], abs=0.01)
    assert all(seen_by_others(chip, chips(Pointing())).mean() > 0.98 for chip in chips(Pointing()))


def test_overlap_has_the_chips_shape_for_every_block() -> None:
    chip = chips(Pointing())[0]
    for block in (16, 37, 5000):
        assert seen_by_others(chip, chips(Pointing()), block=block).shape == SHAPE


# Masks


def test_mask_is_true_for_cosmic_rays(tmp_path: Path) -> None:
    path = tmp_path / "ibwb01xrq_sci1_crmask.fits"
    good = np.ones((4, 5), np.uint8)
    good[1, 2] = 0
    fits.PrimaryHDU(good).writeto(path)
    flagged = read_cosmic_ray_mask(path)
    assert flagged.dtype == bool
    assert list(zip(*np.nonzero(flagged), strict=True)) == [(1, 2)]


@pytest.mark.parametrize(
    ("array", "message"), [(None, "holds no image"), (np.full((3, 3), 4096, np.uint16), "other values")]
)
def test_other_files_are_no_masks(tmp_path: Path, array: np.ndarray | None, message: str) -> None:
    path = tmp_path / "ibwb01xrq_sci1_crmask.fits"
    fits.PrimaryHDU(array).writeto(path)
    with pytest.raises(ReaderError, match=message) as caught:
        read_cosmic_ray_mask(path)
    assert str(path) in str(caught.value)


@settings(max_examples=20)
@given(hits=st.integers(0, 60))
def test_residual_cosmic_rays_are_counted(hits: int) -> None:
    measured = residuals(hits)
    assert measured.context["above"] == hits
    assert measured.value == pytest.approx(hits / np.sqrt(hits + 1.0))


def test_residual_cosmic_rays_are_not_stars_nor_noise_nor_edges() -> None:
    singles = {str(number): sky(0.0, 0.03, seed=number) for number in range(6)}
    for number, image in enumerate(singles.values()):
        image[50:53, 60:63] += 5.0 + number  # a star that differs from exposure to exposure
        image[:2, :] = np.nan
    singles["0"][2, 5:60] += 3.0  # next to where nothing is seen
    singles["1"][100, 100] = np.nan
    stack = np.array([*singles.values()])
    combined = np.where(np.isfinite(stack).any(axis=0), np.nansum(stack, axis=0) / 6.0, np.nan)
    measured = residual_cosmic_rays(combined, singles, subject="x")
    assert (measured.context["above"], measured.context["below"]) == (0, 0)
    few = residual_cosmic_rays(combined, {"a": combined, "b": combined}, subject="x")
    assert "needs at least 3" in few.reason
