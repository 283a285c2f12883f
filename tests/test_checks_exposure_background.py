"""Background of an exposure against others, and columns that stand out of it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.detectors.column_departures import column_departure
from hubble_qa.checks.evidence.exposure_backgrounds import blocks_beside, blocks_under
from hubble_qa.checks.evidence.star_lists import Input
from hubble_qa.checks.images.exposure_background import (
    ComparedBlocks,
    background_departure,
    combined_departures,
)
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.verdict import Status, judge
from tests.combined_scenes import NOISE, scene
from tests.exposure_samples import background_blocks, hot_column


def status(criterion: str, measurement: Measurement) -> Status:
    return judge(load_criteria()[criterion], measurement).status


def departure(**changes: float) -> Measurement:
    return background_departure({"drz": background_blocks(**changes)}, 1, subject="a")


def test_sky_and_its_gradient_are_no_departure() -> None:
    found = [departure(seed=seed, sky=30.0, gradient=2.0).value for seed in range(50)]
    assert found == [0.0] * 50


def test_offsets_are_measured_against_the_other_chip() -> None:
    found = departure(offset=0.5)
    assert found.value == pytest.approx(0.46, abs=0.04)
    assert "its background against that of its other chips, by drz: +0.5" in found.reason
    alone = {1: background_blocks(offset=0.5)[1]}
    assert background_departure({"drz": alone}, 1, subject="a").value == 0.0


def test_patches_are_found_where_they_are() -> None:
    found = departure(patch=1.0)
    assert found.value is not None
    assert 0.6 < found.value < 1.0
    x, y = map(int, re.findall(r"[xy] = (\d+)", found.reason))
    assert abs(x - 22 * 16) <= 24
    assert abs(y - 12 * 16) <= 24


def test_one_of_several_references_that_is_off_does_not_count() -> None:
    references = [
        background_blocks(seed=1),
        background_blocks(seed=2, sky=-20.0),
        background_blocks(patch=3.0, sky=9.0),
    ]
    combined = combined_departures(references)
    assert background_departure({"other exposures": combined}, 1, subject="a").value == 0.0
    assert combined_departures([]) == {}


def test_without_references_there_is_nothing_to_judge() -> None:
    assert not background_departure({}, 1, subject="a").told
    nothing = {1: background_blocks()[1]._replace(error=np.full((32, 64), np.nan))}
    assert not background_departure({"drz": nothing}, 1, subject="a").told


@pytest.mark.parametrize("sky", [1500.0, -1500.0])
def test_a_map_with_the_header_of_an_image_is_no_image_of_the_sky(sky: float) -> None:
    """A map of exposure times with a step; where another reference tells, that is told."""
    coverage = background_blocks(sky=sky, patch=600.0)
    untold = background_departure({"coverage": coverage}, 1, subject="a")
    assert (untold.value, untold.told) == (None, False)
    words = "coverage is no image of its sky: the levels differ by 1.5e+03 times the noise of a pixel"
    assert untold.reason == words
    found = background_departure({"coverage": coverage, "drz": background_blocks(patch=1.0)}, 1, subject="a")
    assert found.value == departure(patch=1.0).value
    # A sky of 90,000 electrons that was taken off is 300 times its noise.
    assert departure(sky=300.0, patch=1.0).value == pytest.approx(found.value)


@pytest.mark.parametrize("height", [0.0, 3.0 * NOISE])
def test_exposures_are_compared_by_their_files(tmp_path: Path, height: float) -> None:
    made = scene(tmp_path)
    first, second = (Input(path) for path in made.exposures)
    with fits.open(second.path, mode="update") as hdus:
        hdus["SCI"].data[40:100, 200:260] += np.float32(height)
    expected = Status.FAIL if height else Status.PASS
    for blocks in (
        blocks_beside(second, [first]),
        blocks_under(second, made.image.path, made.image.weight_path),
    ):
        found = background_departure({"reference": blocks}, 1, subject="a")
        assert status("CAL-011", found) is expected
    elsewhere = background_departure(
        {"image": blocks_under(first, made.image.path, made.image.weight_path)}, 1, subject="a"
    )
    assert elsewhere.value == 0.0


def test_columns_of_clean_chips_do_not_stand_out() -> None:
    assert max(hot_column(0.0, seed=seed).value or 0.0 for seed in range(40)) < 0.1


def test_half_a_column_is_found_and_a_star_is_not() -> None:
    assert status("CAL-012", hot_column(9.0, rows=slice(250, None))) is Status.FAIL
    assert "column 124 departs" in hot_column(9.0).reason
    assert status("CAL-012", hot_column(300.0, rows=slice(100, 120))) is Status.PASS
    assert status("CAL-012", hot_column(9.0, flagged=True)) is Status.PASS


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_bright_stars_one_above_the_other_are_no_column(turned: bool, seed: int) -> None:
    # Their wings, twice the noise, in six tenths of the rows of two bands of a small frame.
    science = np.random.default_rng(seed).normal(100.0, 3.0, (400, 400))
    for first in (115, 220):
        science[first : first + 60, 123] += 6.0
    turn = np.transpose if turned else np.asarray
    found = column_departure(turn(science), np.ones(science.shape, bool), camera("WFC3", "IR"), subject="a")
    assert found.value == pytest.approx(0.0, abs=0.1)


def test_rows_are_judged_as_columns_are_but_where_light_lies_along_them() -> None:
    assert "row 124 departs by +9" in hot_column(9.0, turned=True).reason
    for height in (9.0, -9.0):
        assert status("CAL-012", hot_column(height, turned=True)) is Status.FAIL
        assert status("CAL-012", hot_column(height, turned=True, with_rows=False)) is Status.PASS
    assert max(hot_column(0.0, seed=seed, turned=True).value or 0.0 for seed in range(20)) < 0.1


@pytest.mark.parametrize("turned", [False, True])
def test_stripes_are_told_by_what_they_wander(turned: bool) -> None:
    # Stripes of 3 in a noise of 3 are 0.71 of both together; the medians of whole numbers are coarse.
    found = [hot_column(0.0, stripes=3.0, turned=turned, seed=seed) for seed in range(9)]
    assert np.median([each.value for each in found]) == pytest.approx(0.71, rel=0.2)
    assert all(f"its {'rows' if turned else 'columns'} wander by" in each.reason for each in found)
    assert {status("CAL-012", each) for each in found} == {Status.FAIL}
    # Those of ACS/WFC since 2009, 0.9 electrons beside a read noise of 4.5.
    assert status("CAL-012", hot_column(0.0, stripes=0.6, turned=turned)) is Status.PASS


def test_where_columns_are_not_judged() -> None:
    empty, good = np.zeros((256, 256)), np.ones((256, 256), dtype=bool)
    assert not column_departure(empty, good, camera("ACS", "SBC"), subject="a").applicable
    assert not column_departure(empty, good, camera("WFC3", "IR"), subject="a").applicable
    assert not column_departure(empty + 1.0, ~good, None, subject="a").applicable


def blocks(shape: tuple[int, int], level: float = 0.0, *, seen: slice = slice(None)) -> ComparedBlocks:
    """Blocks of a noise of 0.1 about a level; only some of them in the order of rows are compared."""
    departure = np.full(shape, np.nan)
    noise = np.random.default_rng(7).normal(level, 0.1, shape)
    departure.flat[seen] = noise.flat[seen]
    return ComparedBlocks(departure, np.full(shape, 0.1), 16)


@pytest.mark.parametrize(("number", "told"), [(50, True), (49, False)])
def test_fifty_blocks_tell_a_background(number: int, told: bool) -> None:
    chips = {1: blocks((8, 8), seen=slice(number)), 2: blocks((8, 8))}
    assert background_departure({"drz": chips}, 1, subject="x").told is told


@pytest.mark.parametrize(("shape", "value"), [((3, 20), 0.0), ((7, 8), 5.0)])
def test_an_offset_takes_two_groups_of_four_by_four_blocks(shape: tuple[int, int], value: float) -> None:
    """A subarray of three rows of blocks has none; patches are of its own level."""
    chips = {1: blocks(shape, 5.0), 2: blocks(shape)}
    found = background_departure({"drz": chips}, 1, subject="x")
    assert found.value == pytest.approx(value, abs=1.0)
    (offset,) = (each for words, each in found.context.items() if "other chips" in words)
    assert isinstance(offset, list)
    assert offset[0] == pytest.approx(5.0)
    assert (offset[1] == "inf") is (value == 0.0)


@pytest.mark.parametrize("shape", [(16, 80), (80, 16)])
def test_a_block_does_not_bend_the_parabola_of_the_few_that_are_seen(shape: tuple[int, int]) -> None:
    whole = blocks(shape)
    departure = np.full(shape, np.nan)
    departure[4:12, 5:13] = whole.departure[4:12, 5:13]
    departure[8, 8] += 20.0  # of which a patch of nine has a ninth
    found = background_departure({"drz": {1: whole._replace(departure=departure)}}, 1, subject="x")
    (patch,) = found.context.values()
    assert isinstance(patch, list)
    assert patch[0] == pytest.approx(20.0 / 9.0, abs=0.15)


def test_two_references_count_alike_and_one_where_the_other_sees_nothing() -> None:
    first, second, third = blocks((8, 8)), blocks((8, 8)), blocks((8, 8))
    first.departure[:] = np.resize([-1.0, 1.0], (8, 8))
    second.departure[:] = np.resize([-3.0, 3.0], (8, 8))
    third.departure[:] = np.resize([-8.0, 8.0], (8, 8))
    second.departure[0], third.departure[:2] = np.nan, np.nan
    pair = combined_departures([{1: first}, {1: second}])[1].departure
    np.testing.assert_allclose(pair[0], np.resize([-1.0, 1.0], 8))
    np.testing.assert_allclose(pair[1:], np.resize([-2.0, 2.0], (7, 8)))
    all_three = combined_departures([{1: first}, {1: second}, {1: third}])[1].departure
    np.testing.assert_allclose(all_three[1], np.resize([-2.0, 2.0], 8))
    np.testing.assert_allclose(all_three[2:], np.resize([-3.0, 3.0], (6, 8)))
