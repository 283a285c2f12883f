"""Peaks that exposures share: values by hand, beside one another, near full well and on several chips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from hubble_qa.checks.astrometry.source_pairs import pair_sources
from hubble_qa.checks.evidence.peaks import shared_peaks
from hubble_qa.checks.instruments import camera
from tests.test_evidence_shared import frame, write

SHAPE = (110, 130)
PLACES = [(12 + 20 * row, 12 + 18 * column + 3 * row) for row in range(5) for column in range(6)]


def field(*places: tuple[tuple[int, int], float], seed: int = 1) -> np.ndarray:
    """Stars on a grid that is not even, and at some further places, above a sky with noise of 2."""
    image = np.random.default_rng(seed).normal(10.0, 2.0, SHAPE)
    for number, place in enumerate(PLACES):
        image[place] += 500.0 + 7.0 * number
    for place, height in places:
        image[place] = 10.0 + height
    return image


def found(
    directory: Path, image: np.ndarray, instrument: str = "WFC3", detector: str = "UVIS"
) -> set[tuple[int, int]]:
    """Rows and columns of the peaks that two exposures of one light share, beside those of the grid."""
    paths = [
        write(
            directory / f"j{detector}{instrument}{number}_flc.fits",
            image,
            frame(65.0, 55.0),
            INSTRUME=instrument,
            DETECTOR=detector,
        )
        for number in (1, 2)
    ]
    places = shared_peaks(paths[0], paths).places[1]
    peaks = {(int(y) - 1, int(x) - 1) for x, y in places}
    assert {*PLACES} <= peaks
    return peaks - {*PLACES}


def test_peaks_stand_out_by_fifty_deviations(tmp_path: Path) -> None:
    assert found(tmp_path, field(((22, 22), 106.0), ((42, 31), 94.0))) == {(22, 22)}


@pytest.mark.parametrize("step", [(0, 2), (2, 0), (1, -2), (-2, -2), (0, 3), (3, 1), (-3, 3)])
def test_peaks_stand_above_all_within_two_pixels(tmp_path: Path, step: tuple[int, int]) -> None:
    other = 22 + step[0], 42 + step[1]
    peaks = {(22, 42)} if max(map(abs, step)) == 2 else {(22, 42), other}
    assert found(tmp_path, field(((22, 42), 300.0), (other, 200.0))) == peaks


@pytest.mark.parametrize("instrument", ["WFC3", "NONE"])
def test_peaks_near_full_well_are_left_out_where_it_is_known(tmp_path: Path, instrument: str) -> None:
    full = camera("WFC3", "UVIS").full_well
    assert full is not None
    image = field(((22, 22), 0.89 * full), ((42, 40), 0.91 * full))
    assert found(tmp_path, image, instrument) == (
        {(22, 22)} if instrument == "WFC3" else {(22, 22), (42, 40)}
    )


def test_peaks_of_each_chip_are_its_own(tmp_path: Path) -> None:
    """Of two chips, which see other parts of the sky; another exposure shows some stars of either."""
    paths, lost = [tmp_path / f"ib000000{number}_flc.fits" for number in (1, 2)], ([0, 7], [1, 2, 9])
    for path in paths:
        write(path, field(), frame(65.0, 55.0))
        with fits.open(path, mode="append") as hdus:
            header = frame(65.0, 55.0, ra=150.2)
            pixels = field(seed=2)[:, ::-1].copy()
            hdus.append(fits.ImageHDU(pixels.astype(np.float32), header, name="SCI", ver=2))
    with fits.open(paths[1], mode="update") as hdus:
        for version, numbers in enumerate(lost, start=1):
            for row, column in (PLACES[number] for number in numbers):
                hdus["SCI", version].data[row, column if version == 1 else SHAPE[1] - 1 - column] = 10.0
    places = shared_peaks(paths[0], paths).places
    kept = [[place for number, place in enumerate(PLACES) if number not in numbers] for numbers in lost]
    assert {tuple(place) for place in places[1]} == {(x + 1.0, y + 1.0) for y, x in kept[0]}
    assert {tuple(place) for place in places[2]} == {(SHAPE[1] - x, y + 1.0) for y, x in kept[1]}


def test_two_thousand_peaks_are_kept_the_brightest(tmp_path: Path) -> None:
    """Of 2,500, which get fainter from the middle of a chip to its border."""
    rows, columns = (values.ravel() for values in np.mgrid[5:305:6, 5:405:8])
    order = np.argsort(np.hypot(rows - 155.3, columns - 200.7))
    image = np.random.default_rng(1).normal(10.0, 2.0, (310, 410))
    image[rows[order], columns[order]] += 3000.0 - np.arange(len(order))
    paths = [write(tmp_path / f"ib000000{number}_flc.fits", image, frame(65.0, 55.0)) for number in (1, 2)]
    places = shared_peaks(paths[0], paths).places[1]
    kept = order[:2000]
    assert {tuple(place) for place in places} == {*zip(columns[kept] + 1.0, rows[kept] + 1.0, strict=True)}


def test_a_chip_without_peaks_has_none_and_a_camera_may_have_no_full_well(tmp_path: Path) -> None:
    image = np.random.default_rng(1).normal(10.0, 2.0, SHAPE)
    paths = [write(tmp_path / f"ib000000{number}_flc.fits", image, frame(65.0, 55.0)) for number in (1, 2)]
    assert shared_peaks(paths[0], paths).places[1].shape == (0, 2)
    assert camera("ACS", "SBC").full_well is None
    assert found(tmp_path, field(((22, 22), 1e6)), "ACS", "SBC") == {(22, 22)}


@pytest.mark.parametrize(("hits", "share", "shared"), [(110, 0.076, True), (180, 0.173, False)])
def test_peaks_are_stars_where_chance_gives_less_than_a_tenth_of_the_pairs(
    tmp_path: Path, hits: int, share: float, shared: bool
) -> None:
    """Sixty stars, half of them a pixel off, among cosmic rays of either exposure."""
    random, paths, peaks = np.random.default_rng(4), [], []
    stars = random.integers(10, 390, (60, 2))
    for number in (1, 2):
        off = random.integers(0, 2, stars.shape) if number == 2 else 0
        places = np.concatenate([stars + off, random.integers(10, 390, (hits, 2))])
        image = np.random.default_rng(number).normal(10.0, 2.0, (400, 400))
        image[tuple(places.T)] += 500.0
        paths.append(write(tmp_path / f"ib000000{number}_flc.fits", image, frame(200.0, 200.0)))
        peaks.append(WCS(frame(200.0, 200.0)).all_pix2world(places[:, ::-1], 0))
    pairs = pair_sources(*peaks)
    assert pairs.by_chance / len(pairs) == pytest.approx(share, abs=0.01)
    assert (len(shared_peaks(paths[0], paths).places[1]) > 50) is shared
