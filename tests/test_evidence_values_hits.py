"""Hits of single exposures: values by hand, beside blocks, neighbours and light of other exposures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hubble_qa.checks.evidence.hits import hits_on
from hubble_qa.checks.images.cosmic_rays import Hits
from tests.test_evidence_shared import COLUMNS, ROWS, STEP, frame, levelled, nine, write, write_pair

# Of whole blocks there are 80 rows and 112 columns.
TIMES = (2.0, 6.0)


def sky(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(20.0, 1.0, (ROWS, COLUMNS))


def hits_of(directory: Path, first: np.ndarray, second: np.ndarray) -> Hits:
    """Of two exposures in counts, at one place but for the second's 3 columns and 2 rows, and their image."""
    headers = frame(60.0, 44.0), frame(63.0, 46.0)
    paths = [
        write(directory / f"ib000000{number}_flc.fits", pixels, header, EXPTIME=time)
        for number, (pixels, header, time) in enumerate(zip((first, second), headers, TIMES, strict=True))
    ]
    image = np.random.default_rng(6).normal(0.0, 1e-3, (ROWS, COLUMNS))
    return hits_on(write_pair(directory, image, np.ones(image.shape), headers[0]), paths)


def charges(first: np.ndarray, places: list[tuple[int, int]]) -> list[float]:
    """What the mean of both has of hits on the first, per second: its part of their time."""
    return sorted(nine(levelled(first), *place) / TIMES[0] * TIMES[0] / sum(TIMES) for place in places)


def test_the_sky_beyond_the_blocks_is_that_of_the_whole(tmp_path: Path) -> None:
    """To the right of all blocks, above them, and beyond both."""
    first, places = sky(1), [(40, 115), (83, 40), (83, 115), (40, 111), (79, 60)]
    first[:, 112:] += 3.0
    first[80:] += 3.0
    for number, place in enumerate(places):
        first[place] += 300.0 + 20.0 * number
    found = hits_of(tmp_path, first, sky(2))
    assert np.sort(found.unrejected) == pytest.approx(charges(first, places), rel=1e-4)


@pytest.mark.parametrize(
    "beside", [(0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (-1, 1), (0, 2), (-2, 0), (2, 2)]
)
def test_of_pixels_beside_one_another_the_brightest_is_a_hit(tmp_path: Path, beside: tuple[int, int]) -> None:
    """Two columns or rows away another is a hit of its own."""
    first, place = sky(1), (40, 60)
    other = place[0] + beside[0], place[1] + beside[1]
    first[place] += 300.0
    first[other] += 200.0
    found = hits_of(tmp_path, first, sky(2))
    places = [place, other] if max(map(abs, beside)) == 2 else [place]
    assert np.sort(found.unrejected) == pytest.approx(charges(first, places), rel=1e-4)


@pytest.mark.parametrize("height", [30.0, -60.0])
def test_where_another_shows_more_or_less_than_sky_there_is_no_hit(tmp_path: Path, height: float) -> None:
    """On any of nine pixels about the place; what lies beside them does not count."""
    first, second, places = sky(1), sky(2), []
    for row, column in np.ndindex(5, 5):
        place = 12 + 14 * row, 12 + 18 * column
        first[place] += 300.0 + 10.0 * row + 3.0 * column
        second[place[0] + row, place[1] + 1 + column] += height  # two rows and three columns, less two
        if {row, column} & {0, 4}:
            places.append(place)
    found = hits_of(tmp_path, first, second).unrejected
    assert np.sort(found[found > 30.0]) == pytest.approx(charges(first, places), rel=1e-4)


def test_an_exposure_that_shows_one_number_tells_no_hits(tmp_path: Path) -> None:
    first = sky(1)
    first[40, 60] += 300.0
    assert len(hits_of(tmp_path, first, np.full((ROWS, COLUMNS), 20.0)).unrejected) == 0


def test_a_hit_is_counted_where_all_of_its_nine_pixels_are(tmp_path: Path) -> None:
    """One row or column from the edge of its chip, and not on it; the other sees more on all sides."""
    first, places = sky(1), [(1, 30), (50, 1), (86, 80), (30, 118), (1, 118), (86, 1)]
    for number, place in enumerate([*places, (0, 60), (40, 0), (87, 50), (60, 119), (0, 0), (87, 119)]):
        first[place] += 300.0 + 20.0 * number
    second = np.random.default_rng(2).normal(20.0, 1.0, (ROWS + 20, COLUMNS + 20))
    paths = [
        write(tmp_path / "ib0000001_flc.fits", first, frame(60.0, 44.0), EXPTIME=TIMES[0]),
        write(tmp_path / "ib0000002_flc.fits", second, frame(70.0, 54.0), EXPTIME=TIMES[1]),
    ]
    image = np.random.default_rng(6).normal(0.0, 1e-3, second.shape)
    found = hits_on(write_pair(tmp_path, image, np.ones(image.shape), frame(70.0, 54.0)), paths)
    assert np.sort(found.unrejected) == pytest.approx(charges(first, places), rel=1e-4)


@pytest.mark.parametrize(("scale", "reach"), [(1.0, 1), (0.9, 2), (0.8, 2), (0.5, 3), (5.0, 1)])
def test_the_image_is_searched_as_far_as_a_pixel_and_its_neighbours_reach(
    tmp_path: Path, scale: float, reach: int
) -> None:
    """One and a half pixels of the chip, in those of the image, all of which hold 1 per second."""
    first, middle = sky(1), (44, 60)
    first[middle] += 300.0
    paths = [
        write(tmp_path / f"ib000000{number}_flc.fits", pixels, frame(60.0, 44.0), EXPTIME=time)
        for number, (pixels, time) in enumerate(zip((first, sky(2)), TIMES, strict=True))
    ]
    image = np.zeros((96, 144))
    image[37:46, 67:76] = 1.0
    found = hits_on(
        write_pair(tmp_path, image, np.ones(image.shape), frame(71.0, 41.0, scale=scale * STEP)), paths
    )
    assert found.found == pytest.approx([(2 * reach + 1) ** 2])
