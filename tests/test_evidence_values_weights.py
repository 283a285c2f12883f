"""Weights at stars: of which stars, beside them, and how many exposures are asked; values by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.evidence.star_lists import Input
from hubble_qa.checks.evidence.star_weights import star_weights
from hubble_qa.checks.readers import Drizzled
from tests.test_evidence_shared import frame, write, write_pair
from tests.wfpc2_samples import primary_header

SHAPE = (200, 260)  # of an exposure; the image begins 20 pixels to the left and 30 below
MARGIN = (30, 20)
IMAGE = (260, 310)


def apart(number: int, distance: float) -> np.ndarray:
    """Rows and columns of places on an exposure that are nowhere near one another."""
    random, found = np.random.default_rng(2), np.empty((0, 2))
    while len(found) < number:
        place = random.integers((16, 16), (184, 244)) + random.uniform(-0.35, 0.35, 2)
        if not len(found) or np.hypot(*(found - place).T).min() > distance:
            found = np.vstack([found, place])
    return found


PLACES = apart(50, 19.0)
# The brightest come first.
FLUXES = np.linspace(9000.0, 5000.0, len(PLACES))
# Each pixel has a weight of its own.
WEIGHT = 1.0 + np.arange(np.prod(IMAGE)).reshape(IMAGE)


def field(stars: Sequence[int], seed: int) -> np.ndarray:
    rows, columns = np.indices(SHAPE)
    image = np.random.default_rng(seed).normal(20.0, 1.0, SHAPE)
    for star in stars:
        row, column = PLACES[star]
        near = np.s_[round(row) - 7 : round(row) + 8, round(column) - 7 : round(column) + 8]
        distance = (rows[near] - row) ** 2 + (columns[near] - column) ** 2
        image[near] += FLUXES[star] * np.exp(-0.5 * distance / 0.9**2)
    return image


def exposures(directory: Path, *stars: Sequence[int], times: Sequence[float] = ()) -> list[Input]:
    """Exposures of one pointing that show some of the stars each."""
    return [
        Input(
            write(
                directory / f"ib00000{number}q_flc.fits",
                field(shown, number),
                frame(130.0, 100.0),
                EXPTIME=times[number] if times else 100.0,
            )
        )
        for number, shown in enumerate(stars)
    ]


def combined(directory: Path, **cards: Any) -> Drizzled:
    header = frame(130.0 + MARGIN[1], 100.0 + MARGIN[0])
    return write_pair(directory, np.ones(IMAGE), WEIGHT, header, **cards)


def weights_at(stars: Sequence[int], step: tuple[int, int] = (0, 0)) -> list[float]:
    """Weights of the image at stars, or so many rows and columns from them; of those that are on it."""
    places = np.rint(PLACES[[*stars]]).astype(int) + np.array(MARGIN) + np.array(step)
    return [float(WEIGHT[row, column]) for row, column in places if row < IMAGE[0] and column < IMAGE[1]]


def test_weights_are_at_stars_of_both_exposures_and_twelve_pixels_beside_them(tmp_path: Path) -> None:
    inputs = exposures(tmp_path, range(45), [*range(5, 30), *range(45, 50)])
    found = star_weights(combined(tmp_path), inputs)
    shared = range(5, 30)
    assert sorted(found.at) == sorted(weights_at(shared))
    steps = [(0, 12), (0, -12), (12, 0), (-12, 0)]
    assert sorted(found.beside) == sorted(value for step in steps for value in weights_at(shared, step))


def test_what_is_not_on_the_image_has_no_weight(tmp_path: Path) -> None:
    """The image begins and ends at pixels that stars are on; others are beyond each of its sides."""
    pixels = np.rint(PLACES).astype(int)
    (top, left), (bottom, right) = np.sort(pixels, axis=0)[[5, -6]]
    shape = (bottom - top + 1, right - left + 1)
    weight = WEIGHT[: shape[0], : shape[1]]
    image = write_pair(tmp_path, np.ones(shape), weight, frame(130.0 - left, 100.0 - top))
    found = star_weights(image, exposures(tmp_path, range(50), range(50)))

    def within(step: tuple[int, int]) -> list[float]:
        places = pixels - (top, left) + np.array(step)
        on = ((places >= 0) & (places < shape)).all(axis=1)
        return [float(weight[row, column]) for row, column in places[on]]

    assert sorted(found.at) == sorted(within((0, 0)))
    steps = [(0, 12), (0, -12), (12, 0), (-12, 0)]
    assert sorted(found.beside) == sorted(value for step in steps for value in within(step))
    assert 20 <= len(found.at) <= 40


def flagged(path: Path, *places: tuple[int, int]) -> None:
    with fits.open(path, mode="update") as hdus:
        for place in places:
            hdus["DQ", 1].data[place] = 256


@pytest.mark.parametrize("side", [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)])
def test_stars_are_without_flags_within_three_pixels(tmp_path: Path, side: tuple[int, int]) -> None:
    """From the pixel that they are in."""
    inputs = exposures(tmp_path, range(30), range(30))
    pixels = np.rint(PLACES).astype(int)
    beside = [tuple(pixels[star] + np.array(side) * (3 if star < 10 else 4)) for star in range(30)]
    flagged(inputs[0].path, *beside)
    image = combined(tmp_path)
    assert sorted(star_weights(image, inputs).at) == sorted(weights_at(range(10, 30)))
    assert len(star_weights(image, inputs[::-1]).at) == 30


def test_flags_of_a_c0m_are_its_companions(tmp_path: Path) -> None:
    inputs = []
    for number in range(2):
        name = f"u5jx010{number}r"
        flags = np.zeros(SHAPE, np.int16)
        if not number:
            for row, column in np.rint(PLACES[:10]).astype(int):
                flags[row, column + 3] = 2
        header = fits.Header({"DETECTOR": 2, "BUNIT": "COUNTS", **frame(130.0, 100.0)})
        for suffix, unit, values in (("c0m", "SCI", field(range(40), number)), ("c1m", "SDQ", flags)):
            cards = header if unit == "SCI" else None
            units = [fits.PrimaryHDU(header=primary_header(ROOTNAME=name)), fits.ImageHDU(values, cards)]
            units[1].header.update({"EXTNAME": unit, "EXTVER": 1})
            fits.HDUList(units).writeto(tmp_path / f"{name}_{suffix}.fits")
        inputs.append(Input(tmp_path / f"{name}_c0m.fits", tmp_path / f"{name}_c1m.fits"))
    image = combined(tmp_path)
    assert sorted(star_weights(image, inputs).at) == sorted(weights_at(range(10, 40)))
    assert len(star_weights(image, inputs[::-1]).at) == 40
    # Without the companion nobody knows which are flagged.
    assert len(star_weights(image, [inputs[0]._replace(companion=None), inputs[1]]).at) == 0


@pytest.mark.parametrize(
    ("shown", "files", "pairs"),
    [
        (22, 7, 4),  # of four pairs at most
        (50, 5, 2),  # until there are a hundred stars
        (49, 5, 3),
    ],
)
def test_a_hundred_stars_or_four_pairs_are_enough(tmp_path: Path, shown: int, files: int, pairs: int) -> None:
    inputs = exposures(tmp_path, *[range(shown)] * files)
    assert len(star_weights(combined(tmp_path), inputs).at) == shown * pairs


@pytest.mark.parametrize(
    ("cards", "times", "share"),
    [
        # The first and the second show the stars that they share with the next.
        ({"EXPTIME": 600.0}, (100.0, 300.0, 50.0), 100.0 / 600.0),
        ({"EXPTIME": 600.0}, (300.0, 100.0, 50.0), 100.0 / 600.0),
        ({"EXPTIME": 400.0}, (100.0, 300.0, 50.0), 100.0 / 450.0),
        ({"EXPTIME": "N/A"}, (100.0, 300.0, 50.0), 100.0 / 450.0),
        ({"EXPTIME": "N/A"}, (0.25, 0.5, 0.125), 0.25 / 0.875),
        ({"EXPTIME": 600.0, "D001WTSC": "N/A"}, (100.0, 300.0, 50.0), 0.0),
        ({"EXPTIME": 600.0, "D001KERN": "lanczos3"}, (100.0, 300.0, 50.0), 0.0),
    ],
)
def test_the_least_part_of_the_time_is_of_the_exposures_that_show_stars(
    tmp_path: Path, cards: dict[str, Any], times: tuple[float, ...], share: float
) -> None:
    inputs = exposures(tmp_path, *[range(25)] * 3, times=times)
    image = combined(tmp_path, **{"D001WTSC": 1.0, **cards})
    assert star_weights(image, inputs).share == pytest.approx(share)


def test_without_stars_there_is_no_part_of_the_time(tmp_path: Path) -> None:
    image = combined(tmp_path, D001WTSC=1.0, EXPTIME="N/A")
    for inputs in ([], exposures(tmp_path, range(25), ())):
        found = star_weights(image, inputs)
        assert (len(found.at), len(found.beside), found.share) == (0, 0, 0.0)
