"""Who sees the blocks of a drizzled image: values by hand, of chips and images that are longer than wide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.evidence.coverage import Coverage, coverage, exposure_weights, sky_blocks
from hubble_qa.checks.evidence.drizzled import drizzled_in
from hubble_qa.checks.readers import Drizzled
from tests.test_evidence_values import SCALE, write_image

SIDE = 16


def write_chip(
    path: Path,
    shape: tuple[int, int],
    *,
    x: float,
    y: float,
    scale: float = 1.0,
    dq: np.ndarray | None = None,
    image: tuple[int, int],
    mirrored: bool = False,
    **cards: Any,
) -> Path:
    """A chip whose lower left corner is so many pixels of an image of some shape from that of the image."""
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 30.0})
    pixel = SCALE * scale
    header.update(CD1_1=-pixel, CD1_2=0.0, CD2_1=0.0, CD2_2=pixel)
    # The middle of the image is at the reference position.
    header.update(CRPIX1=(image[1] / 2 - x) / scale + 0.5, CRPIX2=(image[0] / 2 - y) / scale + 0.5, **cards)
    if mirrored:
        header.update(CD1_1=pixel, CRPIX1=shape[1] + 1 - header["CRPIX1"])
    primary = fits.PrimaryHDU()
    primary.header.update(INSTRUME="WFC3", DETECTOR="UVIS", EXPTIME=50.0, EXPSTART=57388.0, EXPEND=57389.0)
    flags = np.zeros(shape, np.int16) if dq is None else dq.astype(np.int16)
    ones = np.ones(shape, np.float32)
    units = [
        fits.ImageHDU(ones, header, name="SCI", ver=1),
        fits.ImageHDU(ones, name="ERR", ver=1),
        fits.ImageHDU(flags, name="DQ", ver=1),
    ]
    fits.HDUList([primary, *units]).writeto(path)
    return path


def seen_by(directory: Path, image: tuple[int, int], shape: tuple[int, int], **chip: Any) -> Coverage:
    path = write_chip(directory / "ib0000001_flc.fits", shape, image=image, **chip)
    return coverage(drizzled_in(write_image(directory, np.ones(image), np.ones(image))), {path: None})


def wholly(seen: Coverage) -> np.ndarray:
    (found,) = seen.wholly.values()
    return np.asarray(found)


def of_blocks(shape: tuple[int, int], rows: slice, columns: slice) -> np.ndarray:
    found = np.zeros((shape[0] // SIDE, shape[1] // SIDE), dtype=bool)
    found[rows, columns] = True
    return found


# Where a chip of half the scale may lie that reaches half a pixel beyond six blocks, in chip pixels.
SHAPE = (2 * 2 * SIDE + 1, 2 * 3 * SIDE + 1)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(
    ("left", "below", "rows", "columns"),
    [
        (0.0, 0.0, slice(1, 3), slice(2, 5)),
        (0.4, 0.0, slice(1, 3), slice(3, 5)),
        (-1.4, 0.0, slice(1, 3), slice(2, 4)),
        (0.0, 0.4, slice(2, 3), slice(2, 5)),
        (0.0, -1.4, slice(1, 2), slice(2, 5)),
        (0.015, 0.0, slice(1, 3), slice(3, 5)),
        (0.005, 0.005, slice(1, 3), slice(2, 5)),
        (-1.005, -1.005, slice(1, 3), slice(2, 5)),
        (-1.015, -1.015, slice(1, 2), slice(2, 4)),
    ],
)
def test_blocks_whose_corners_are_on_a_chip_are_seen(
    tmp_path: Path, left: float, below: float, rows: slice, columns: slice, mirrored: bool
) -> None:
    """A chip that begins so many of its pixels within a block; a block has four times as many of these."""
    image = (85, 310)
    place = {"x": 2 * SIDE + left / 2, "y": SIDE + below / 2}
    seen = seen_by(tmp_path, image, SHAPE, scale=0.5, mirrored=mirrored, **place)
    assert seen.side == SIDE
    assert wholly(seen).tolist() == of_blocks(image, rows, columns).tolist()
    assert seen.weight == pytest.approx(np.where(wholly(seen), 200.0, 0.0), rel=1e-6)
    assert not (seen.whole & ~wholly(seen)).any()


@pytest.mark.parametrize("turned", [False, True])
def test_long_chips_are_seen_along_all_of_them(tmp_path: Path, turned: bool) -> None:
    """Farther than 400 pixels from a square that has their shorter side."""
    image, shape = ((1000, 48), (992, 32)) if turned else ((48, 1000), (32, 992))
    seen = seen_by(tmp_path, image, shape, x=0.0, y=0.0)
    rows, columns = (slice(62), slice(2)) if turned else (slice(2), slice(62))
    assert wholly(seen).tolist() == of_blocks(image, rows, columns).tolist()


def test_places_that_no_pixel_of_a_distorted_chip_has_are_not_on_it(tmp_path: Path) -> None:
    """Beyond 125 pixels to the left of its reference the distortion turns back."""
    sip = {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 2, "B_ORDER": 2, "A_2_0": 4e-3}
    image = (64, 400)
    seen = seen_by(tmp_path, image, (64, 64), x=168.0, y=0.0, **sip, B_2_0=0.0)
    assert wholly(seen).any()
    assert not wholly(seen)[:, :8].any()


# Flags

# Of a block whose middle on the chip is at x 24.7 and y 8.6: pixels 17 to 32, and 1 to 16.
BOX = (slice(1, 17), slice(17, 33))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("flag", [4, 4096, 8192, 16384, 4096 | 8192])
@pytest.mark.parametrize(("number", "clean"), [(25, True), (26, False)])
def test_a_tenth_of_bad_pixels_about_its_middle_spoil_a_block(
    tmp_path: Path, turned: bool, flag: int, number: int, clean: bool
) -> None:
    """The last columns of the box, but for flags of cosmic rays, in one of the blocks of a long chip."""
    flags = np.zeros((50, 120), int)
    box = flags[BOX].T[::-1].copy()
    box.flat[:number] = flag
    flags[BOX] = box[::-1].T
    place = (-9.2, -1.1)  # of the chip's corner: a block's middle is at 16 + 8 of the image
    if turned:
        flags, place = flags.T, place[::-1]
    image = (64, 32) if turned else (32, 64)
    seen = seen_by(tmp_path, image, flags.shape, x=place[0], y=place[1], dq=flags)
    expected = np.ones((2, 4), dtype=bool)
    expected[0, 1] = clean or flag in (4096, 8192, 4096 | 8192)
    assert seen.clean.tolist() == (expected.T if turned else expected).tolist()


def test_c0m_without_its_c1m_has_no_flags(tmp_path: Path) -> None:
    path = write_chip(tmp_path / "ib0000001_c0m.fits", (40, 72), x=-2.0, y=-2.0, image=(32, 64))
    image = drizzled_in(write_image(tmp_path, np.ones((32, 64)), np.ones((32, 64))))
    seen = coverage(image, {path: None})
    assert seen.clean.all()
    assert wholly(seen).all()


# Weights

BLOCKS = (4, 6)
PIXELS = (4 * SIDE + 5, 6 * SIDE + 7)


def drawn(directory: Path, science: np.ndarray, weight: np.ndarray, **cards: Any) -> Drizzled:
    return drizzled_in(write_image(directory, science, weight, **cards))


def coverage_of(
    weight: np.ndarray, *, partly: np.ndarray | None = None, clean: np.ndarray | None = None
) -> Coverage:
    nowhere, everywhere = np.zeros(BLOCKS, dtype=bool), np.ones(BLOCKS, dtype=bool)
    return Coverage(
        SIDE,
        {"x SCI,1": weight > 0},
        nowhere if partly is None else partly,
        weight,
        everywhere if clean is None else clean,
    )


def filled(blocks: np.ndarray) -> np.ndarray:
    """An image of these blocks, and of 1e6 beyond them."""
    image = np.full(PIXELS, 1e6)
    image[: BLOCKS[0] * SIDE, : BLOCKS[1] * SIDE] = np.repeat(np.repeat(blocks, SIDE, 0), SIDE, 1)
    return image


@pytest.mark.parametrize(
    ("cards", "patterned"),
    [
        ({"D001PIXF": 0.9, "D001KERN": "square"}, True),
        ({"D001PIXF": 1.0, "D001KERN": " Square"}, False),
        ({"D001KERN": "gaussian"}, True),
        ({}, False),
    ],
)
def test_where_drops_leave_a_pattern_the_nearer_of_mean_and_median_counts(
    tmp_path: Path, cards: dict[str, Any], patterned: bool
) -> None:
    """Means of a block and those about it, of what is judged; by loops."""
    generator = np.random.default_rng(3)
    expected = generator.uniform(200.0, 400.0, BLOCKS)
    medians = expected * generator.uniform(0.8, 1.2, BLOCKS)
    medians[0, 0] = 2.5 * expected[0, 0]
    weight = filled(medians)
    # Of each block 100 of 256 pixels have another weight, which its median does not show.
    other = generator.uniform(0.5, 1.6, BLOCKS) * expected
    part = np.tile(np.arange(SIDE * SIDE).reshape(SIDE, SIDE) < 100, BLOCKS)
    weight[: 4 * SIDE, : 6 * SIDE] = np.where(
        part, filled(other)[: 4 * SIDE, : 6 * SIDE], weight[: 4 * SIDE, : 6 * SIDE]
    )
    partly, clean = np.zeros(BLOCKS, dtype=bool), np.ones(BLOCKS, dtype=bool)
    partly[2:, 3:] = True
    clean[1, 2] = False
    judged = ~partly & clean
    means = (156 * medians + 100 * other) / 256
    found = medians.copy()
    for row, column in zip(*np.nonzero(judged), strict=True):
        about = np.s_[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        ratio = means[about][judged[about]].sum() / expected[about][judged[about]].sum()
        pooled = ratio * expected[row, column]
        if patterned and abs(pooled - expected[row, column]) < abs(
            medians[row, column] - expected[row, column]
        ):
            found[row, column] = pooled
    image = drawn(tmp_path, np.ones(PIXELS), weight, **cards)
    own, times = exposure_weights(image, coverage_of(expected, partly=partly, clean=clean))
    assert times == pytest.approx(expected[judged])
    assert own == pytest.approx(found[judged], rel=1e-5)
    assert (found != medians).sum() > 4 or not patterned


# Skies


def noise(scale: float) -> np.ndarray:
    return np.random.default_rng(4).uniform(-scale, scale, PIXELS)


def of_block(image: np.ndarray, row: int, column: int) -> np.ndarray:
    return image[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]


def test_only_blocks_that_chips_give_their_weight_are_judged(tmp_path: Path) -> None:
    """Each of a few blocks lacks one thing; pixels without weight hold what they will."""
    science, given = 5.0 + noise(1.0), np.full(BLOCKS, 0.5)
    weight, partly = filled(given), np.zeros(BLOCKS, dtype=bool)
    given[0, 1], partly[1, 2] = 0.0, True
    of_block(weight, 2, 0)[:] *= 0.89
    of_block(weight, 2, 1)[:] *= 0.91
    for column, number in ((3, 204), (5, 205)):
        order = np.random.default_rng(column).permutation(SIDE * SIDE)
        without = of_block(weight, 3, column).ravel()
        without[order[number:]] = 0.0
        of_block(weight, 3, column)[:] = without.reshape(SIDE, SIDE)
    science[weight == 0] = 1e7
    found = sky_blocks(drawn(tmp_path, science, weight), coverage_of(given, partly=partly))
    lacking = np.zeros(BLOCKS, dtype=bool)
    lacking[0, 1] = lacking[1, 2] = lacking[2, 0] = lacking[3, 3] = True
    assert np.isnan(found.medians).tolist() == np.isnan(found.widths).tolist() == lacking.tolist()
    for row, column in zip(*np.nonzero(~lacking), strict=True):
        pixels = of_block(science, row, column)[of_block(weight, row, column) > 0]
        assert found.medians[row, column] == pytest.approx(np.median(pixels), rel=1e-5)
        scatter = 1.4826 * np.median(np.abs(pixels - np.median(pixels)))
        assert found.widths[row, column] == pytest.approx(scatter, rel=1e-4)
    assert found.seen == {"x SCI,1": pytest.approx(given > 0)}


@pytest.mark.parametrize(("column", "left"), [(2, 8), (3, 7), (4, 6), (7, 5)])
def test_a_star_leaves_two_fifths_of_a_block(tmp_path: Path, column: int, left: int) -> None:
    """A line of light, whose means reach one pixel and its wings four more on either side.

    Of a block in which it is three columns from the left seven columns are left, of sixteen; of one whose
    level rises the line is as high.
    """
    science = 5.0 + noise(1.0)
    science += 20.0 * np.exp(-0.5 * ((np.indices(PIXELS)[1] - 85.0) / 12.0) ** 2)
    science[:, SIDE + column] += 60.0
    weight = np.ones(PIXELS)
    of_block(weight, 3, 0)[:] = 0.0  # a block without a level
    found = sky_blocks(drawn(tmp_path, science, weight), coverage_of(np.ones(BLOCKS)))
    assert np.isnan(found.medians[3, 0])
    masked = np.abs(np.arange(PIXELS[1]) - SIDE - column) <= 5
    for row, block in {*np.ndindex(*BLOCKS)} - {(3, 0)}:
        own = ~masked[block * SIDE : (block + 1) * SIDE]
        pixels = of_block(science, row, block)[:, own]
        if pixels.size < 0.4 * SIDE * SIDE:
            assert np.isnan(found.medians[row, block])
            assert np.isnan(found.widths[row, block])
            continue
        assert found.medians[row, block] == pytest.approx(np.median(pixels), rel=1e-4)
        scatter = 1.4826 * np.median(np.abs(pixels - np.median(pixels)))
        assert found.widths[row, block] == pytest.approx(scatter, rel=1e-4)
    assert np.isnan(found.medians[:, 1]).all() == (left < 7)
