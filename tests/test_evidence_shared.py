"""What exposures and images show of one sky: hits, extents, blocks and fluxes, in values by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.stats import mad_std
from astropy.wcs import WCS

from hubble_qa.checks.evidence.coverage import coverage, exposure_weights
from hubble_qa.checks.evidence.drizzled import drizzled_in
from hubble_qa.checks.evidence.exposure_backgrounds import blocks_beside, blocks_under
from hubble_qa.checks.evidence.exposure_fluxes import fluxes_beside
from hubble_qa.checks.evidence.extents import coverage_extents
from hubble_qa.checks.evidence.hits import hits_on
from hubble_qa.checks.evidence.peaks import shared_peaks
from hubble_qa.checks.evidence.quadrants import references_by_quadrant
from hubble_qa.checks.evidence.source_fluxes import sources_of
from hubble_qa.checks.evidence.star_lists import Input, stars_on
from hubble_qa.checks.images.apertures import aperture_fluxes
from hubble_qa.checks.images.exposure_fluxes import SharedFluxes
from hubble_qa.checks.readers import Drizzled
from tests.test_evidence_values import write_catalog

STEP = 0.1 / 3600.0  # degrees, of a pixel


def frame(
    x: float = 0.0, y: float = 0.0, *, turn: float = 0.0, ra: float = 150.0, scale: float = STEP
) -> fits.Header:
    """Coordinates whose pixel (x, y), from 0, is at the field's middle; north up but for a turn, degrees."""
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": ra, "CRVAL2": 30.0}
    cards |= {"CRPIX1": x + 1.0, "CRPIX2": y + 1.0}
    cards |= {"CD1_1": -scale * cosine, "CD1_2": scale * sine, "CD2_1": scale * sine, "CD2_2": scale * cosine}
    return fits.Header(cards)


def write(path: Path, pixels: np.ndarray, header: fits.Header, **primary: Any) -> Path:
    """An exposure of one chip without flags, by default of WFC3/UVIS and 100 s."""
    first = fits.PrimaryHDU()
    first.header.update(
        {
            "INSTRUME": "WFC3",
            "DETECTOR": "UVIS",
            "EXPTIME": 100.0,
            "EXPSTART": 57388.0,
            "EXPEND": 57389.0,
            **primary,
        }
    )
    units = [
        fits.ImageHDU(pixels.astype(np.float32), header, name="SCI", ver=1),
        fits.ImageHDU(np.ones(pixels.shape, np.float32), name="ERR", ver=1),
        fits.ImageHDU(np.zeros(pixels.shape, np.int16), name="DQ", ver=1),
    ]
    fits.HDUList([first, *units]).writeto(path)
    return path


def write_pair(
    directory: Path, science: np.ndarray, weight: np.ndarray, header: fits.Header, **cards: Any
) -> Drizzled:
    header.update({"EXPTIME": 400.0, "BUNIT": "ELECTRONS/S", **cards})
    for name, values in (("sci", science), ("wht", weight)):
        fits.writeto(directory / f"x_drz_{name}.fits", values.astype(np.float32), header)
    return drizzled_in(directory / "x_drz_sci.fits")


# Hits

ROWS, COLUMNS = 88, 120  # 5 by 7 blocks of 16 pixels, and 8 rows and columns that are of none


def blocky(seed: int, noise: float) -> np.ndarray:
    """A sky of another level in each block, and of none beyond them."""
    generator = np.random.default_rng(seed)
    levels = generator.permutation(np.arange(35.0) - 17.0).reshape(5, 7)
    image = np.full((ROWS, COLUMNS), 0.0)
    image[:80, :112] = np.repeat(np.repeat(levels, 16, axis=0), 16, axis=1)
    return 20.0 * noise * image + generator.normal(0.0, noise, image.shape)


def levelled(image: np.ndarray) -> np.ndarray:
    """An image less the medians of its blocks, and less its own beyond them."""
    found = image - np.nanmedian(image)
    for row in range(0, image.shape[0] - 15, 16):
        for column in range(0, image.shape[1] - 15, 16):
            part = np.s_[row : row + 16, column : column + 16]
            found[part] = image[part] - np.nanmedian(image[part])
    return found


def nine(image: np.ndarray, row: int, column: int) -> float:
    return float(np.sum(image[row - 1 : row + 2, column - 1 : column + 2]))


# Rows and columns on the first exposure; on the second all are 32 rows and 16 columns less.
HITS = [(40, 24), (44, 110), (84, 60), (86, 118), (70, 30), (50, 50)]
OUTSIDE = [(20, 60), (60, 8), (87, 70)]  # not seen by the other, or at the chip's own edge
HIDDEN = {(60, 60): 60.0, (60, 80): -60.0, (60, 100): 4.9}  # of which the other shows more, or less
FAINT = (75, 75)


@pytest.mark.parametrize("unit", ["ELECTRONS/S", "electrons/sec", "ELECTRONS"])
def test_hits_are_compared_with_what_no_rejection_would_leave(tmp_path: Path, unit: str) -> None:
    first, second = blocky(1, 1.0), blocky(2, 3.0)
    for number, place in enumerate([*HITS, *OUTSIDE, *HIDDEN]):
        first[place] += 200.0 + 10.0 * number
    first[FAINT] += 25.0  # less than 20 times the noise and the root of two exposures
    first[FAINT[0], FAINT[1] + 8] += 31.0
    second[4, 4] += 900.0  # on the first at (36, 20): seen only there
    second[70, 20] += 900.0  # beyond the first
    for (row, column), height in HIDDEN.items():
        second[row - 32, column - 16] = levelled_to(second, row - 32, column - 16, 3.0 * height)
    paths = [
        write(tmp_path / "ib0000001_flc.fits", first, frame(60.0, 40.0)),
        write(tmp_path / "ib0000002_flc.fits", second, frame(44.0, 8.0), EXPTIME=300.0),
    ]
    # The image begins 5 rows and 3 columns below the first exposure.
    combined = np.random.default_rng(4).normal(0.0, 0.001, (130, 140))
    combined[:128, :128] += np.repeat(np.repeat(np.arange(64.0).reshape(8, 8) / 50.0, 16, axis=0), 16, axis=1)
    for number, (row, column) in enumerate(HITS):
        combined[row + 5, column + 3] += 0.1 * (number + 1.0)
        combined[row + 6, column + 2] += 0.03
    weight = np.full(combined.shape, 0.5)
    weight[HITS[-1][0] + 5, HITS[-1][1] + 3] = 0.0
    scale = 400.0 if unit == "ELECTRONS" else 1.0
    image = write_pair(tmp_path, scale * combined, weight, frame(63.0, 45.0), BUNIT=unit)
    hits = hits_on(image, paths)
    seen = np.where(weight > 0, combined, np.nan)
    expected = {}
    for row, column in [*HITS, (FAINT[0], FAINT[1] + 8)]:
        charge = nine(levelled(first), row, column) / 100.0 * 100.0 / 400.0
        expected[charge] = nine(levelled(seen), row + 5, column + 3)
    charge = nine(levelled(second), 4, 4) / 300.0 * 300.0 / 400.0
    expected[charge] = nine(levelled(seen), 36 + 5, 20 + 3)
    order = np.argsort(hits.unrejected)
    np.testing.assert_allclose(hits.unrejected[order], sorted(expected), rtol=1e-4)
    np.testing.assert_allclose(hits.found[order], [expected[key] for key in sorted(expected)], atol=2e-5)


def levelled_to(image: np.ndarray, row: int, column: int, height: float) -> float:
    """The value of a pixel that is so much above the median of its block."""
    first, left = row // 16 * 16, column // 16 * 16
    return float(np.median(image[first : first + 16, left : left + 16])) + height


# Extents


@pytest.mark.parametrize("turn", [0.0, 30.0, -50.0])
def test_images_reach_as_far_as_the_corners_of_their_chips(tmp_path: Path, turn: float) -> None:
    chips = [(60, 90), (50, 40)]
    paths = [
        write(tmp_path / f"ib000000{number}_flc.fits", np.ones(shape), frame(10.0 * number, 20.0, turn=turn))
        for number, shape in enumerate(chips)
    ]
    weight = np.zeros((150, 170))
    weight[12:101, 7:140] = 0.5
    image = write_pair(tmp_path, np.ones(weight.shape), weight, frame(70.0, 75.0))
    found = coverage_extents(image, dict.fromkeys(paths))
    assert found is not None
    corners = []
    for number, (rows, columns) in enumerate(chips):
        outer = np.array([(x, y) for x in (-0.5, columns - 0.5) for y in (-0.5, rows - 0.5)])
        there = WCS(frame(10.0 * number, 20.0, turn=turn)).all_pix2world(outer, 0)
        corners.append(WCS(frame(70.0, 75.0)).all_world2pix(there, 0))
    together = np.concatenate(corners)
    assert found.covered == pytest.approx(np.array([(7, 139), (12, 100)]))
    expected = np.column_stack([together.min(axis=0), together.max(axis=0)])
    assert found.reached == pytest.approx(expected, abs=1e-3)
    assert found.frame == pytest.approx(np.array([(0, 169), (0, 149)]))
    assert coverage_extents(image, {}) is None
    # A shadowed edge of a WFPC2 chip, where cosmic rays are flagged besides, is no part of it.
    with fits.open(paths[0], mode="update") as hdus:
        hdus[0].header["INSTRUME"] = "WFPC2"
        hdus["DQ", 1].data[:12, 5:] = 2
        hdus["DQ", 1].data[40:, :4] = 4096
    lit = coverage_extents(image, dict.fromkeys(path.rename(path.with_stem(path.stem[:9])) for path in paths))
    assert lit is not None
    outer = np.array([(x, y) for x in (-0.5, 89.5) for y in (11.5, 59.5)])
    there = WCS(frame(0.0, 20.0, turn=turn)).all_pix2world(outer, 0)
    lit_corners = np.concatenate([WCS(frame(70.0, 75.0)).all_world2pix(there, 0), corners[1]])
    expected = np.column_stack([lit_corners.min(axis=0), lit_corners.max(axis=0)])
    assert lit.reached == pytest.approx(expected, abs=1e-3)
    (tmp_path / "none").mkdir()
    empty = write_pair(tmp_path / "none", np.ones((4, 4)), np.zeros((4, 4)), frame())
    assert coverage_extents(empty, dict.fromkeys(tmp_path.glob("ib*.fits"))) is None


# Backgrounds block by block


def plane(shape: tuple[int, int], x: float, y: float, *, seed: int = 5) -> np.ndarray:
    """A sky that rises to the right and less so upwards of the field's middle, in a pattern of ± 1."""
    rows, columns = np.indices(shape)
    level = 0.2 * (columns - x) + 0.1 * (rows - y) + 500.0
    return level + np.where(
        np.random.default_rng(seed).permuted(np.arange(level.size) % 2).reshape(shape), 1.0, -1.0
    )


@pytest.mark.parametrize(("unit", "time"), [("ELECTRONS/S", 50.0), ("ELECTRONS", 50.0)])
def test_blocks_depart_by_what_only_one_exposure_shows(tmp_path: Path, unit: str, time: float) -> None:
    own, other = plane((96, 128), 70.0, 40.0), plane((96, 128), 60.0, 52.0, seed=6)
    own[32:48, 64:80] += 40.0
    headers = [frame(70.0, 40.0), frame(60.0, 52.0)]
    for header in headers:
        header.update(BUNIT=unit, IDCSCALE=0.1)
    one = Input(write(tmp_path / "ib0000001_flc.fits", own, headers[0], EXPTIME=time))
    scale = 2.0 if unit == "ELECTRONS" else 1.0
    two = Input(write(tmp_path / "ib0000002_flc.fits", scale * other, headers[1], EXPTIME=scale * time))
    (found,) = blocks_beside(one, [two]).values()
    noise = mad_std(own[::3, ::2])
    assert found.side == 16
    # The other ends 10 columns and 12 rows before it: middles of blocks must lie between middles of its own.
    seen = np.isfinite(found.departure)
    middles_x, middles_y = np.arange(8) * 16 + 7.5 - 10.0, np.arange(6) * 16 + 7.5 + 12.0
    inside = ((middles_x >= 7.5) & (middles_x <= 119.5))[None] & ((middles_y >= 7.5) & (middles_y <= 87.5))[
        :, None
    ]
    assert np.array_equal(seen, inside)
    flat = found.departure[seen]
    assert np.median(flat) == pytest.approx(0.0, abs=0.02)
    assert found.departure[2, 4] == pytest.approx(40.0 / noise, abs=0.03)
    assert np.sum(np.abs(flat) > 0.1) == 1
    # Ranges of blocks and their neighbours: 32 columns and 32 rows, and 16 more where it is brighter.
    structure = 0.25 * (32 * 0.2 + 32 * 0.1) / noise
    assert found.error[4, 2] == pytest.approx(math.hypot(1.25 / 16, structure), rel=0.05)


def test_exposures_of_other_scales_or_places_are_not_compared(tmp_path: Path) -> None:
    own = plane((96, 128), 70.0, 40.0)
    one = Input(write(tmp_path / "ib0000001_flc.fits", own, frame(70.0, 40.0)))
    for name, header, seen in (
        ("a", frame(70.0, 40.0, scale=1.09 * STEP), True),
        ("b", frame(70.0, 40.0, scale=1.12 * STEP), False),
        ("c", frame(70.0, 40.0, scale=STEP / 1.12), False),
        ("d", frame(70.0 + 900.0, 40.0), False),
        ("e", frame(70.0, 40.0 - 900.0), False),
    ):
        two = Input(write(tmp_path / f"ib000000{name}_flc.fits", own, header))
        (found,) = blocks_beside(one, [two]).values()
        assert np.isfinite(found.departure).any() == seen
    image = write_pair(tmp_path, own / 100.0, np.ones(own.shape), frame(70.0, 40.0))
    assert image.weight_path is not None
    (under,) = blocks_under(one, image.path, image.weight_path).values()
    assert np.nanmax(np.abs(under.departure)) == pytest.approx(0.0, abs=1e-3)


# Fluxes of stars


def field(shape: tuple[int, int], header: fits.Header, fluxes: np.ndarray, *, seed: int) -> np.ndarray:
    """Gaussian stars of FWHM 2 pixels at 40 places about the middle, on a sky of 20 with noise of 1."""
    generator = np.random.default_rng(21)
    x, y = generator.uniform(-14.0, 14.0, (2, 40))
    places = np.column_stack(
        [header["CRVAL1"] + x / 3600.0 / math.cos(math.radians(30.0)), 30.0 + y / 3600.0]
    )
    pixels = WCS(header).all_world2pix(places, 0)
    rows, columns = np.indices(shape)
    image = 20.0 + np.random.default_rng(seed).normal(0.0, 1.0, shape)
    sigma = 2.0 / 2.3548
    for (column, row), flux in zip(pixels, fluxes, strict=True):
        near = np.s_[int(row) - 8 : int(row) + 9, int(column) - 8 : int(column) + 9]
        light = np.exp(-0.5 * ((columns[near] - column) ** 2 + (rows[near] - row) ** 2) / sigma**2)
        image[near] += flux * light / (2.0 * math.pi * sigma**2)
    return image


FLUXES = np.linspace(3000.0, 9000.0, 40)


@pytest.mark.parametrize("ra", [150.0, 0.0])  # at which right ascension begins anew
@pytest.mark.parametrize("rate", [True, False])
@pytest.mark.parametrize("scale", [None, 0.125])
def test_fluxes_are_compared_with_the_median_of_others(
    tmp_path: Path, ra: float, rate: bool, scale: float | None
) -> None:
    shape = (320, 360)
    header = frame(180.0, 160.0, turn=20.0, ra=ra)
    factors = (1.0, 1.2, 1.1, 1.6)
    inputs, images = [], []
    for number, factor in enumerate(factors):
        own = header.copy()
        time = 100.0 if number == 0 else 200.0
        own["BUNIT"] = "ELECTRONS/S" if rate else "ELECTRONS"
        if number == 0 and scale is not None:
            own["IDCSCALE"] = scale
        counts = (1.0 if rate else time / 100.0) * factor
        fluxes = FLUXES.copy()
        if number == 3:
            fluxes[:10] = 0.0  # which it does not show
        images.append(field(shape, own, counts * fluxes, seed=number))
        inputs.append(Input(write(tmp_path / f"ib000000{number}_flc.fits", images[-1], own, EXPTIME=time)))
    found = fluxes_beside(inputs[0], 1, inputs[1:])
    assert isinstance(found, SharedFluxes)
    stars = stars_on(inputs[0]).pixels
    assert len(found.ratio) == pytest.approx(len(stars), abs=3)
    places = (found.places + 0.5) * np.array([360, 320])
    # Of all three, the factor of 1.2 is the median; of two, 1.15.
    brightness = images[0][tuple(np.rint(places).astype(int).T[::-1])]
    area = 1.0 if scale is None else (0.1 / scale) ** 2
    assert np.percentile(found.ratio, 20) == pytest.approx(area / 1.2, rel=0.02)
    assert np.percentile(found.ratio, 90) == pytest.approx(area / 1.15, rel=0.02)
    assert np.median(found.core_ratio) == pytest.approx(area / 1.2, rel=0.02)
    assert brightness.min() > 100.0
    bad = np.zeros(shape, dtype=bool)
    relative = []
    for number, image in enumerate(images[:3]):
        seen = aperture_fluxes(image, bad, places, electrons=(100.0, 200.0)[number > 0] if rate else 1.0)
        relative.append(seen.error / seen.large)
    bright = brightness > np.median(brightness)  # which all of them show
    seen = aperture_fluxes(images[3], bad, places, electrons=200.0 if rate else 1.0)
    beside = np.median([*relative[1:], seen.error / seen.large], axis=0) / math.sqrt(3.0)
    expected = np.hypot(relative[0], beside)
    assert found.error[bright] == pytest.approx(expected[bright], rel=0.05)


@pytest.mark.parametrize(
    ("unit", "time", "scale", "ratio"),
    [
        ("ELECTRONS/S", 50.0, None, 1.0),
        ("ELECTRONS", 50.0, None, 1.0),
        ("ELECTRONS/S", 50.0, 0.125, 0.64),
        ("ELECTRONS", 200.0, 0.08, 1.5625),
    ],
)
def test_sources_of_an_image_are_compared_with_a_chip_in_rates(
    tmp_path: Path, unit: str, time: float, scale: float | None, ratio: float
) -> None:
    shape, header = (320, 360), frame(180.0, 160.0)
    of_chip = frame(170.0, 150.0, turn=10.0)
    of_chip.update({"BUNIT": unit} | ({} if scale is None else {"IDCSCALE": scale}))
    counts = 1.0 if unit == "ELECTRONS/S" else time
    chip = counts * (field(shape, of_chip, FLUXES, seed=3) - 20.0)
    path = write(tmp_path / "ib0000001_flc.fits", chip, of_chip, EXPTIME=time)
    image = write_pair(tmp_path, field(shape, header, FLUXES, seed=4) - 20.0, np.ones(shape), header)
    (found,) = sources_of(image.path, ((path, None),)).values()
    assert len(found) > 8
    assert np.median(found.chip / found.drizzled) == pytest.approx(ratio, rel=0.01)
    everything = len(found)
    with fits.open(path, mode="update") as hdus:
        hdus["DQ", 1].data[:, 170:] = 4
    flagged = path.rename(tmp_path / "ib0000002_flc.fits")
    (fewer,) = sources_of(image.path, ((flagged, None),)).values()
    assert 0 < len(fewer) < everything


# Peaks, weights and quadrants


def test_peaks_are_the_brightest_below_full_well(tmp_path: Path) -> None:
    header = frame(60.0, 50.0)
    image = np.random.default_rng(1).normal(10.0, 1.0, (100, 120))
    generator = np.random.default_rng(2)
    places = [
        (10 + 10 * column + int(generator.integers(4)), 10 + 10 * row + int(generator.integers(4)))
        for column in range(10)
        for row in range(5)
    ]
    for number, (column, row) in enumerate(places):
        image[row, column] += 60.0 + number
    image[90, 100], image[90, 20] = 1e5, 55.0  # full, and 45 standard deviations above the sky
    paths = [write(tmp_path / f"ib000000{number}_flc.fits", image, header) for number in range(2)]
    found = shared_peaks(paths[0], paths)
    assert sorted(map(tuple, found.places[1] - 1.0)) == sorted((float(x), float(y)) for x, y in places)
    assert found.by_chance > 0.0
    nothing = shared_peaks(paths[0], paths[:1])
    assert (len(nothing.places[1]), nothing.by_chance) == (0, 0.0)


def test_weights_are_of_blocks_that_chips_see_wholly_and_without_defects(tmp_path: Path) -> None:
    path = write(tmp_path / "ib0000001_flc.fits", np.ones((96, 128)), frame(64.0, 48.0))
    with fits.open(path, mode="update") as hdus:
        hdus["DQ", 1].data[:40, :40] = 4
    weight = np.full((128, 160), 90.0)
    weight[60, 100] = np.nan
    image = write_pair(tmp_path, np.ones(weight.shape), weight, frame(72.0, 56.0))
    seen = coverage(image, {path: None})
    own, expected = exposure_weights(image, seen)
    # The chip begins 8 pixels within the image: of 7 by 5 whole blocks some are flagged, and one has a hole.
    assert np.count_nonzero(seen.whole) == 35
    assert len(own) == np.count_nonzero(seen.whole & seen.clean) - 1
    assert expected == pytest.approx(np.full(len(own), 100.0), rel=1e-3)
    assert set(own) == {90.0}


@pytest.mark.parametrize(
    ("x", "y", "quadrant"),
    [
        (19.6, 14.6, "right upper"),
        (19.4, 14.6, "left upper"),
        (19.6, 14.4, "right lower"),
        (19.4, 14.4, "left lower"),
    ],
)
def test_the_middle_of_a_chip_is_between_its_pixels(
    tmp_path: Path, x: float, y: float, quadrant: str
) -> None:
    header = frame(19.5, 14.5)
    path = write(tmp_path / "ib0000001_flc.fits", np.ones((30, 40)), header)
    place = WCS(header).all_pix2world([[x, y]], 0)
    catalog = write_catalog(tmp_path / "gaia.ecsv", place)
    assert references_by_quadrant(path, catalog)[f"SCI,1 {quadrant}"] == 1
