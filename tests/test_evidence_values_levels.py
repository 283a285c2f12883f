"""Levels and blocks of exposures beside others: values by hand, of unlike times, gains and places."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.evidence.exposure_backgrounds import blocks_beside, sky_levels
from hubble_qa.checks.evidence.star_lists import Input
from hubble_qa.checks.images.sky_residual import SkyLevels
from hubble_qa.checks.readers import Drizzled
from tests.test_evidence_shared import STEP, frame, write, write_pair

SHAPE = (64, 96)


def grainy(level: float, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """A level from 1 less to 1 more: the median deviation is a half."""
    signs = np.linspace(-1.0, 1.0, math.prod(shape))
    return np.asarray(level + np.random.default_rng(3).permutation(signs).reshape(shape))


WIDTH = 1.4826 / 2.0


def exposure(
    directory: Path,
    name: str,
    level: float,
    *,
    gain: float | None = None,
    taken: Any = None,
    unit: str = "ELECTRONS",
    time: float = 100.0,
    pixels: np.ndarray | None = None,
    **cards: Any,
) -> Input:
    header = frame(48.0, 32.0)
    header.update({"BUNIT": unit, **({} if taken is None else {"MDRIZSKY": taken}), **cards})
    primary = {} if gain is None else {"ATODGAIN": gain}
    values = grainy(level) if pixels is None else pixels
    return Input(write(directory / f"{name}_flt.fits", values, header, EXPTIME=time, **primary))


def drizzled(directory: Path, level: float, weight: float = 1.0, scale: float = STEP) -> Drizzled:
    header = frame(48.0, 32.0, scale=scale)
    return write_pair(directory, grainy(level), np.full(SHAPE, weight), header)


def levels(image: Drizzled, *inputs: Input) -> SkyLevels | None:
    return sky_levels(image.path, image.weight_path, inputs)


def test_levels_are_electrons_per_second_and_square_arcsec(tmp_path: Path) -> None:
    """Of three exposures the middle: of levels, of noises and of what was taken off not always the same."""
    inputs = [
        exposure(tmp_path, "a", 40.0, taken=30.0),
        # 7 electrons a count, of 0.2 arcsec by the table of distortion and not by the matrix.
        exposure(tmp_path, "b", 400.0, gain=7.0, time=50.0, taken=350.0, IDCSCALE=0.2),
        exposure(tmp_path, "c", 5.0, unit="ELECTRONS/S", time=400.0, taken=4.0),
    ]
    found = levels(drizzled(tmp_path, 0.5, scale=2.0 * STEP), *inputs)
    assert found is not None
    each = np.array([40.0 / 100.0 / 0.01, 7.0 * 400.0 / 50.0 / 0.04, 5.0 / 0.01])
    assert found.image == pytest.approx(0.5 / 0.04, abs=0.3 / 0.04)
    unit = np.array([1.0 / 100.0 / 0.01, 7.0 / 50.0 / 0.04, 1.0 / 0.01])
    taken = np.array([30.0, 350.0, 4.0]) * unit
    assert found.exposures == pytest.approx(np.median(each), rel=0.02)
    assert found.noise == pytest.approx(WIDTH * np.median(unit), rel=0.05)
    assert found.subtracted == pytest.approx(np.median(taken))
    assert len({np.argsort(values)[1] for values in (each, taken, unit)}) == 2


@pytest.mark.parametrize(("gain", "factor"), [(None, 1.0), (0.5, 1.0), (1.5, 1.5), (7.0, 7.0), (15, 14.0)])
def test_a_count_is_no_less_than_an_electron(tmp_path: Path, gain: float | None, factor: float) -> None:
    found = levels(drizzled(tmp_path, 0.5), exposure(tmp_path, "a", 40.0, gain=gain, taken=20.0))
    assert found is not None
    assert found.exposures == pytest.approx(factor * 40.0, abs=factor)
    assert found.noise == pytest.approx(factor * WIDTH, rel=0.05)
    assert found.subtracted == pytest.approx(factor * 20.0)


@pytest.mark.parametrize(("taken", "subtracted"), [(None, math.nan), ("N/A", math.nan), (0.0, 0.0), (8, 8.0)])
def test_what_was_taken_off_is_by_those_that_say_it(tmp_path: Path, taken: Any, subtracted: float) -> None:
    """Of exposures that say nothing the levels are known all the same."""
    silent = [exposure(tmp_path, name, 40.0) for name in "ab"]
    found = levels(drizzled(tmp_path, 0.5), exposure(tmp_path, "c", 40.0, taken=taken), *silent)
    assert found is not None
    assert found.subtracted == pytest.approx(subtracted, nan_ok=True)


def test_without_an_image_or_an_exposure_there_are_no_levels(tmp_path: Path) -> None:
    one = exposure(tmp_path, "a", 40.0)
    for weight, pixels in ((0.0, grainy(40.0)), (1.0, np.full(SHAPE, math.nan)), (1.0, np.full(SHAPE, 40.0))):
        directory = tmp_path / f"{weight}{pixels[0, 0]}"
        directory.mkdir()
        own = exposure(directory, "a", 40.0, pixels=pixels)
        assert levels(drizzled(directory, 0.5, weight), own) is None
    assert levels(drizzled(tmp_path, 0.5), one) is not None


def blocky(levels: np.ndarray, seed: int) -> np.ndarray:
    """Blocks of 16 pixels about these levels, which are their medians."""
    generator, rows = np.random.default_rng(seed), []
    for row in levels:
        order = [generator.permutation(np.linspace(-9.0, 9.0, 256)).reshape(16, 16) for _ in row]
        rows.append(np.hstack([level + each for level, each in zip(row, order, strict=True)]))
    return np.vstack(rows)


def ranges(levels: np.ndarray) -> np.ndarray:
    """Of each block and those about it."""
    found = np.full(levels.shape, math.nan)
    for row, column in np.ndindex(*levels.shape):
        about = levels[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        found[row, column] = np.nanmax(about) - np.nanmin(about)
    return found


def between(values: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Values between those of blocks, along rows and then along columns."""
    along = [np.interp(columns, np.arange(values.shape[1]), row) for row in values]
    return np.array([np.interp(rows, np.arange(values.shape[0]), column) for column in np.array(along).T]).T


def test_blocks_are_compared_with_what_lies_between_those_of_others(tmp_path: Path) -> None:
    """Of another time, 20 pixels lower and 13 to the left; of its own blocks one is flagged."""
    generator = np.random.default_rng(7)
    own, other = generator.uniform(0.0, 90.0, (5, 7)), generator.uniform(0.0, 360.0, (7, 9))
    pixels, seen = blocky(own, 1), blocky(other, 2)
    paths = [
        write(tmp_path / "a_flt.fits", pixels, frame(40.0, 30.0), EXPTIME=100.0),
        write(tmp_path / "b_flt.fits", seen, frame(53.0, 50.0), EXPTIME=400.0),
    ]
    with fits.open(paths[0], mode="update") as hdus:
        hdus["DQ", 1].data[32:48, 48:64] = 4
    own[2, 3] = math.nan
    sample = np.where(np.isnan(np.kron(own, np.ones((16, 16)))), math.nan, pixels)[::3, ::2]
    noise = 1.4826 * np.nanmedian(np.abs(sample - np.nanmedian(sample)))
    (found,) = blocks_beside(Input(paths[0]), [Input(paths[1])]).values()
    rows, columns = np.arange(5) + 20.0 / 16.0, np.arange(7) + 13.0 / 16.0
    level, change = between(other, rows, columns) / 4.0, between(ranges(other), rows, columns) / 4.0
    departure = (own - level) / noise
    departure -= np.nanmedian(departure)  # the skies may differ
    assert found.departure == pytest.approx(departure, rel=1e-4, abs=1e-4, nan_ok=True)
    structure = 0.25 * np.fmax(change, np.where(np.isnan(own), math.nan, ranges(own))) / noise
    assert found.error == pytest.approx(np.hypot(1.25 / 16.0, structure), rel=1e-4)


def test_blocks_of_an_exposure_that_shows_one_number_depart_by_nothing_known(tmp_path: Path) -> None:
    first = exposure(tmp_path, "a", 40.0, pixels=np.full(SHAPE, 40.0))
    (found,) = blocks_beside(first, [exposure(tmp_path, "b", 40.0)]).values()
    assert np.isnan(found.departure).all()


@pytest.mark.parametrize(("length", "side"), [(2048, 16), (2050, 17)])
def test_a_chip_has_no_more_than_128_blocks_along_a_side(tmp_path: Path, length: int, side: int) -> None:
    for number, shape in enumerate([(64, length), (length, 64)]):
        one = exposure(tmp_path, str(number), 40.0, pixels=grainy(40.0, shape))
        (found,) = blocks_beside(one, [exposure(tmp_path, f"{number}b", 40.0)]).values()
        assert found.side == side
        assert found.departure.shape == tuple(each // side for each in shape)


def beside(directory: Path, own: tuple[int, int], other: tuple[int, int], **cards: Any) -> np.ndarray:
    """Blocks of a chip that another sees, which begins 20 pixels before it in rows and columns."""
    inputs, (x, y) = [], (cards.pop("x", 0.0), cards.pop("y", 0.0))
    for before, shape in ((0, own), (20, other)):
        header = frame(x + before, y + before)
        header.update(cards)
        inputs.append(Input(write(directory / f"a{before}_flt.fits", grainy(40.0, shape), header)))
    (found,) = blocks_beside(inputs[0], inputs[1:]).values()
    return np.isfinite(found.departure)


@pytest.mark.parametrize("turned", [False, True])
def test_blocks_of_long_chips_are_seen_as_far_as_the_others(tmp_path: Path, turned: bool) -> None:
    """Farther than 400 pixels from a square that has their shorter side; what lies far away is not seen."""
    own, long, short = (32, 1024), (72, 1064), (72, 136)
    if turned:
        own, long, short = own[::-1], long[::-1], short[::-1]
    assert beside(tmp_path, own, long).all()
    (tmp_path / "short").mkdir()
    seen = beside(tmp_path / "short", own, short)
    assert (seen.T if turned else seen).all(axis=0).tolist() == [column < 6 for column in range(64)]
    assert np.count_nonzero(seen) == 12


@pytest.mark.parametrize("shape", [(32, 1024), (64, 96)])
def test_exposures_that_point_alike_see_one_anothers_borders(tmp_path: Path, shape: tuple[int, int]) -> None:
    """A visit without dithers: of small chips most blocks are at a border."""
    inputs = [
        Input(write(tmp_path / f"{name}_flt.fits", grainy(40.0, shape), frame(3.0, -7.0))) for name in "ab"
    ]
    (found,) = blocks_beside(inputs[0], inputs[1:]).values()
    assert np.isfinite(found.departure).all()


@pytest.mark.parametrize("bend", [4e-4, -4e-4])
@pytest.mark.parametrize("turned", [False, True])
def test_distortion_may_bring_a_place_back_on_a_chip(tmp_path: Path, bend: float, turned: bool) -> None:
    """By 100 pixels, 500 from the reference position: linear terms alone put the ends of it beyond."""
    cards: dict[str, Any] = {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 2, "B_ORDER": 2}
    cards |= {"B_2_0": bend, "x": -470.0} if turned else {"A_0_2": bend, "y": -470.0}
    own, other = (48, 480), (88, 520)
    if turned:
        own, other = own[::-1], other[::-1]
    assert beside(tmp_path, own, other, **cards).all()


@pytest.mark.parametrize("away", [150, 300, 800])
def test_where_a_distortion_comes_back_upon_itself_nothing_is_seen(tmp_path: Path, away: int) -> None:
    """It reaches 125 pixels to either side: no pixel is at 150."""
    inputs = []
    for name, cards in (("a", {}), ("b", {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": -2e-3})):
        header = frame(48.0 - (0 if cards else away), 32.0)
        header.update({"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", **cards})
        inputs.append(Input(write(tmp_path / f"{name}_flt.fits", grainy(40.0), header)))
    (found,) = blocks_beside(inputs[0], inputs[1:]).values()
    assert not np.isfinite(found.departure[:, 2:]).any()
