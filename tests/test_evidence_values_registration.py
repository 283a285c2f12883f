"""Exposures compared by what they show: targets, rolled and of other units, stars that are not flagged."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.astrometry.registration import Offset
from hubble_qa.checks.evidence.registration import _neighbours, exposure_offsets
from hubble_qa.checks.evidence.star_lists import Input, stars_on
from hubble_qa.checks.evidence.star_widths import widths_in
from tests.test_evidence_values import write_exposure

WIDTH, PEAK = 5.0, 4.0  # pixels of 0.1 arcsec; electrons per second


def galaxy(shape: tuple[int, int], x: float, y: float, factor: float = 100.0) -> np.ndarray:
    row, column = np.indices(shape)
    distance = ((column - x) ** 2 + (row - y) ** 2) / WIDTH**2
    return np.asarray(factor * (PEAK * np.exp(-0.5 * distance) + 0.02))


def write(path: Path, pixels: np.ndarray, *, dq: np.ndarray | None = None, **primary: Any) -> Input:
    unit, east = primary.pop("unit", "ELECTRONS"), primary.pop("east", 0.0)
    write_exposure(path, pixels, dq=dq, east=east)
    with fits.open(path, mode="update") as hdus:
        hdus[0].header.update(primary)
        hdus["SCI", 1].header["BUNIT"] = unit
    return Input(path)


def rolled(one: Input) -> Input:
    """The same exposure, turned by 180 degrees about its middle."""
    with fits.open(one.path, mode="update") as hdus:
        for name in ("SCI", "ERR", "DQ"):
            hdus[name, 1].data = hdus[name, 1].data[::-1, ::-1].copy()
        for key in ("CD1_1", "CD2_2"):
            hdus["SCI", 1].header[key] *= -1.0
    return one


def offset(first: Input, second: Input) -> Offset | None:
    return exposure_offsets({"a": first, "b": second}).get(("a", "b"))


@pytest.mark.parametrize("shape", [(130, 150), (101, 1040), (1040, 101)])
@pytest.mark.parametrize("roll", [False, True])
def test_a_target_is_where_its_pixels_are_whatever_the_roll(
    tmp_path: Path, shape: tuple[int, int], roll: bool
) -> None:
    """Of the larger ones nine pixels are added up, and two rows and columns are of no nine."""
    x, y = 0.55 * shape[1], 0.45 * shape[0]
    first = write(tmp_path / "a_flt.fits", galaxy(shape, x, y))
    second = write(tmp_path / "b_flt.fits", galaxy(shape, x, y), east=0.3)
    found = offset(first, rolled(second) if roll else second)
    assert found is not None
    assert (found.east, found.north) == pytest.approx((-300.0, 0.0), abs=4.0)


@pytest.mark.parametrize("shape", [(130, 150), (101, 1040)])
def test_flagged_pixels_and_those_added_to_them_show_no_target(
    tmp_path: Path, shape: tuple[int, int]
) -> None:
    """Light beside the target, of which one pixel of nine is flagged, or all."""
    x, y = (3 * (length // 6) + 1 for length in shape[::-1])
    first = write(tmp_path / "a_flt.fits", galaxy(shape, x, y))
    pixels, flags = galaxy(shape, x, y), np.zeros(shape, int)
    beside = np.s_[y - 10 : y + 11, x + 17 : x + 26]
    pixels[beside] += 100.0 * PEAK
    flags[beside] = 4
    if max(shape) > 512:
        flags[beside] = 0
        flags[beside][1::3, 2::3] = 4
    second = write(tmp_path / "b_flt.fits", pixels, dq=flags)
    found = offset(first, second)
    assert found is not None
    assert (found.east, found.north) == pytest.approx((0.0, 0.0), abs=1.0)


@pytest.mark.parametrize("time", [0.5, 100.0, 400.0])
@pytest.mark.parametrize("unit", ["ELECTRONS", "ELECTRONS/S", "counts/sec"])
def test_the_light_of_a_target_is_per_second_and_its_noise_that_of_photons(
    tmp_path: Path, unit: str, time: float
) -> None:
    """The error of a centroid is the target's width over the root of its photons."""
    shape = (130, 150)
    first = write(tmp_path / "a_flt.fits", galaxy(shape, 70.0, 60.0))
    factor = time if unit == "ELECTRONS" else 1.0
    second = write(tmp_path / "b_flt.fits", galaxy(shape, 70.0, 60.0, factor), unit=unit, EXPTIME=time)
    found = offset(first, second)
    assert found is not None
    photons = PEAK * 2.0 * math.pi * WIDTH**2 * np.array([100.0, time])
    # Within three widths of it.
    expected = 100.0 * WIDTH * math.sqrt(np.sum(1.0 / photons))
    assert found.error == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("time", [0.0, -1.0, "soon", None])
@pytest.mark.parametrize(
    ("unit", "factor", "known"), [("ELECTRONS", 100.0, True), ("ELECTRONS/S", 1.0, False)]
)
def test_a_time_that_is_none_is_for_others_to_tell(
    tmp_path: Path, time: Any, unit: str, factor: float, known: bool
) -> None:
    """A target is compared all the same, but of rates it is not known how many photons they are of."""
    shape = (130, 150)
    first = write(tmp_path / "a_flt.fits", galaxy(shape, 70.0, 60.0))
    second = write(
        tmp_path / "b_flt.fits", galaxy(shape, 70.0, 60.0, factor), unit=unit, EXPTIME=time, east=0.3
    )
    found = offset(first, second)
    assert (found is not None) is known
    if found is not None:
        assert found.east == pytest.approx(-300.0, abs=4.0)
        assert math.isfinite(found.error)


def test_of_many_exposures_each_is_compared_with_five() -> None:
    """With those that follow it in a circle; of up to eleven each with all others."""
    circle = "abcdefghijkl"
    pairs = [frozenset(pair) for pair in _neighbours(circle)]
    opposite = {frozenset((circle[index], circle[index + 6])) for index in range(6)}
    assert len(pairs) == 60
    assert {*pairs} == {frozenset(pair) for pair in combinations(circle, 2)} - opposite
    assert len([*_neighbours(circle[:11])]) == 55
    assert [*_neighbours("ab")] == [("a", "b")]
    assert not [*_neighbours("a")]


# Stars


def stars(shape: tuple[int, int], number: int, seed: int = 3) -> np.ndarray:
    """Stars of six pixels by six, on a grid of twelve, over a sky with noise."""
    generator = np.random.default_rng(seed)
    image, (row, column) = generator.normal(20.0, 1.0, shape), np.indices(shape)
    places = [(y, x) for y in range(10, shape[0] - 9, 12) for x in range(10, shape[1] - 9, 12)]
    for y, x in generator.permutation(places)[:number]:
        image += 800.0 * np.exp(-0.5 * ((column - x) ** 2 + (row - y) ** 2) / 1.2**2)
    return np.asarray(image)


def test_stars_on_flagged_pixels_are_none(tmp_path: Path) -> None:
    """A C0M without its C1M has no flags."""
    pixels, flags = stars((100, 140), 40), np.zeros((100, 140), int)
    flags[:, 60:100] = 4
    everywhere = stars_on(write(tmp_path / "a_c0m.fits", pixels))
    assert len(everywhere.chip) == 40
    found = stars_on(write(tmp_path / "a_flt.fits", pixels, dq=flags))
    x = everywhere.pixels[:, 0]
    assert len(found.chip) == np.count_nonzero((x < 60) | (x > 99))
    expected = everywhere.pixels[(x < 60) | (x > 99)]
    assert {*map(tuple, np.rint(found.pixels))} == {*map(tuple, np.rint(expected))}
    assert {*found.chip} == {1}


@pytest.mark.parametrize(("flagged", "found"), [(50, True), (51, False)])
def test_where_most_pixels_are_flagged_there_is_no_sky_to_find_stars_over(
    tmp_path: Path, flagged: int, found: bool
) -> None:
    flags = np.zeros((60, 100), int)
    flags[:, :flagged] = 4
    one = write(tmp_path / "a_flt.fits", stars((60, 100), 20), dq=flags)
    assert (len(stars_on(one).chip) > 0) is found


def test_widths_are_of_chips_whose_stars_have_one_on_record(tmp_path: Path) -> None:
    """The chips of WFPC2, by their numbers, of which there are four; a C0M without its C1M has no flags."""
    path = tmp_path / "u5jx0101r_c0m.fits"
    write_exposure(path, *[stars((120, 140), 30, seed) for seed in (1, 2, 3)])
    with fits.open(path, mode="update") as hdus:
        hdus[0].header.update(INSTRUME="WFPC2")
        del hdus[0].header["DETECTOR"]
        for version, chip in ((1, 4), (2, 5), (3, 1)):
            hdus["SCI", version].header["DETECTOR"] = chip
    widths = widths_in(path)
    assert widths.expected == {1: 2.6, 3: 3.5}
    assert min(len(widths.found[version].longer) for version in (1, 3)) > 10
    parts = [widths.found[1].longer / 2.6, widths.found[3].longer / 3.5]
    assert widths.longer == pytest.approx(np.concatenate(parts))
