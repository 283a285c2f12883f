"""Files of images to what is judged: rates, weights, noise block by block, stars, in values by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.evidence.coverage import Coverage
from hubble_qa.checks.evidence.drizzled import (
    chip_weights,
    combined_image,
    drizzled_in,
    field_pixels,
    single_image,
    single_rates,
)
from hubble_qa.checks.evidence.drizzled_noise import noise_blocks
from hubble_qa.checks.evidence.overlaps import CosmicRayMasks, cosmic_ray_masks, overlapping
from hubble_qa.checks.evidence.sky_sources import from_catalog, image_offset, image_scale, sources_in_image
from hubble_qa.checks.evidence.star_widths import widths_in
from hubble_qa.checks.evidence.stars import star_tables
from hubble_qa.checks.images.drizzled import covered_fraction
from hubble_qa.checks.images.drizzled_noise import NoiseBlocks, correlation_factor
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.readers import Drizzled, read_exposure
from hubble_qa.checks.verdict import Status, judge
from tests.test_evidence_values import SCALE, coordinates, write_catalog, write_exposure, write_image
from tests.wfpc2_samples import chip_header, drizzled, primary_header

ARCSEC = 3600.0 * SCALE  # of a pixel


def pair(directory: Path, science: np.ndarray, weight: np.ndarray, **cards: Any) -> Drizzled:
    directory.mkdir(exist_ok=True)
    return drizzled_in(write_image(directory, science, weight, **cards))


# Drizzled images as files


@pytest.mark.parametrize(
    ("cards", "field"),
    [
        ({"INSTRUME": "WFC3", "DETECTOR": "IR"}, "WFC3/IR"),
        ({"INSTRUME": " WFPC2 ", "DETECTOR": "3"}, "WFPC2"),
        ({"INSTRUME": "FOC", "DETECTOR": "F/96"}, ""),
        ({}, ""),
    ],
)
def test_the_field_of_a_camera_is_so_many_pixels(cards: dict[str, Any], field: str) -> None:
    found = field_pixels(drizzled(scale=0.05, **cards))
    expected = camera(*field.split("/")).field / 0.05**2 if field else math.inf
    assert found == pytest.approx(expected)
    without = drizzled(CD1_1=None, CD1_2=None, CD2_1=None, CD2_2=None, **cards)
    assert field_pixels(without) == math.inf
    assert field_pixels(drizzled(scale=0.0, **cards)) == math.inf


@pytest.mark.parametrize(
    ("cards", "area"),
    [
        # 512 x 513 pixels of 0.0396 arcsec.
        ({"DETECTOR": "UVIS", "SUBARRAY": True, "SIZAXIS1": 513, "SIZAXIS2": 512}, 411.88),
        ({"DETECTOR": "UVIS", "SUBARRAY": False, "SIZAXIS1": 513, "SIZAXIS2": 512}, 26244.0),
        ({"DETECTOR": "UVIS", "SUBARRAY": True, "SIZAXIS1": "N/A"}, 26244.0),
        ({"DETECTOR": "UVIS", "D001DATA": "a_flc.fits[sci,2]", "D002DATA": "b_flc.fits[sci,2]"}, 13122.0),
        ({"DETECTOR": "UVIS", "D001DATA": "a_flc.fits[sci,2]", "D002DATA": "b_flc.fits[sci,1]"}, 26244.0),
        ({"DETECTOR": "UVIS", "D001DATA": "a_flc.fits"}, 26244.0),
        # Of WFPC2's chips PC1 is the smallest: 0.0455^2 of 0.0455^2 + 3 x 0.0996^2.
        ({"INSTRUME": "WFPC2", "D001DATA": "a_flt.fits[sci,1]"}, 1248.75),
    ],
)
def test_the_field_of_a_part_of_a_camera_is_known_by_the_images_header(
    cards: dict[str, Any], area: float
) -> None:
    found = field_pixels(drizzled(scale=0.05, **{"INSTRUME": "WFC3", **cards}))
    assert found == pytest.approx(area / 0.05**2, rel=1e-4)


def test_the_field_is_that_of_the_exposures_at_hand(tmp_path: Path) -> None:
    """Exposures of 40 x 40 and 20 x 40 pixels, on a frame of pixels twice as large."""
    cards = {"INSTRUME": "ACS", "DETECTOR": "SBC"}
    exposures = [
        read_exposure(write_exposure(tmp_path / f"jabc01a{number}q_flt.fits", np.ones((rows, 40))))
        for number, rows in ((1, 40), (2, 20))
    ]
    frame = {**coordinates((200, 200)), "CD1_1": -2 * SCALE, "CD2_2": 2 * SCALE}
    image = drizzled(**cards, **frame)
    assert field_pixels(image, exposures) == pytest.approx(40 * 40 / 4, rel=1e-3)
    assert field_pixels(image, exposures[1:]) == pytest.approx(20 * 40 / 4, rel=1e-3)
    # A chip of a small array covers little of a large frame; half of it is rejected.
    weight = np.zeros((200, 200))
    weight[:20, :20] = 1.0
    rule = load_criteria()["DRZ-001"]
    for width, status in ((20, Status.PASS), (10, Status.FAIL)):
        weight[:, width:] = 0.0
        found = covered_fraction(weight, subject="drz", field=field_pixels(image, exposures))
        assert judge(rule, found).status is status
    # Of exposures whose coordinates cannot be used, the camera's.
    broken = write_exposure(tmp_path / "b_flt.fits", np.ones((8, 8)))
    for key in ("CD1_1", "CD2_2"):
        fits.setval(broken, key, value=0.0, extname="SCI")
    assert field_pixels(image, [read_exposure(broken)]) == pytest.approx(camera("ACS", "SBC").field / 0.2**2)


def test_the_combined_image_is_the_only_one_of_its_root(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="0 files match x_dr"):
        combined_image(tmp_path, "x")
    path = write_image(tmp_path, np.ones((4, 4)), np.ones((4, 4)))
    assert combined_image(tmp_path, "x").path == path
    (tmp_path / "x_drc_sci.fits").write_bytes(path.read_bytes())
    with pytest.raises(FileNotFoundError, match="2 files match x_dr"):
        combined_image(tmp_path, "x")


@pytest.mark.parametrize(("suffix", "stem"), [("flt", "a_single"), ("flc", "a_flc_single")])
def test_single_images_have_the_suffix_of_all_but_flts(tmp_path: Path, suffix: str, stem: str) -> None:
    for name, value in (("sci", 1.0), ("wht", 2.0)):
        fits.writeto(tmp_path / f"{stem}_{name}.fits", np.full((4, 4), value, np.float32))
    found = single_image(tmp_path, "a", suffix)
    assert (found.science()[0, 0], found.weight()[0, 0]) == (1.0, 2.0)


def test_weights_under_the_chips_of_an_exposure_are_those_of_both_images(tmp_path: Path) -> None:
    # The undisturbed part of a chip: from pixel 80 on, and to 10 before its end.
    weight = np.full((160, 200), 9.0)
    weight[80:150, 80:190] = 5.0
    image = pair(tmp_path / "combined", np.ones(weight.shape), weight)
    path = write_exposure(tmp_path / "ja0000000_flt.fits", np.ones(weight.shape))
    for name, values in (("sci", np.ones(weight.shape)), ("wht", np.where(weight == 5.0, 3.0, 8.0))):
        fits.writeto(tmp_path / f"ja0000000_single_{name}.fits", values, coordinates(weight.shape))
    assert chip_weights(image, tmp_path, [path]) == {"ja0000000_flt SCI,1": (5.0, 3.0)}


@pytest.mark.parametrize(
    ("unit", "per_time"), [("ELECTRONS/S", 1.0), ("electrons/s", 1.0), ("COUNTS", 200.0)]
)
def test_single_images_are_rates_about_their_background(tmp_path: Path, unit: str, per_time: float) -> None:
    science, weight = np.full((20, 20), 30.0), np.ones((20, 20))
    science[3, 4], weight[:2] = 90.0, 0.0
    rates = single_rates({"a": pair(tmp_path, science, weight, BUNIT=unit)})["a"]
    assert rates[3, 4] == pytest.approx(60.0 / per_time)
    assert rates[5, 5] == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(rates[:2]).all()
    assert np.isfinite(rates[2:]).all()


# Noise block by block

SIDE = 20  # of the blocks of an image, whose middles of 16 by 16 pixels are measured
BLOCKS = (5, 6)
DEEP, SHALLOW = (0.05, 400.0), (8.0, 0.8)  # electrons per second of noise, seconds
NOISES, TIMES = (DEEP[0], SHALLOW[0], 3.0), (DEEP[1], SHALLOW[1], 50.0)


def blocks_seen() -> Coverage:
    """One chip sees all but the last column of blocks, one all but the first, one nothing; none the last."""
    seen = [np.ones(BLOCKS, dtype=bool), np.ones(BLOCKS, dtype=bool), np.zeros(BLOCKS, dtype=bool)]
    seen[0][:, -1] = seen[1][:, 0] = seen[0][-1, -1] = seen[1][-1, -1] = False
    partly, clean = np.zeros(BLOCKS, dtype=bool), np.ones(BLOCKS, dtype=bool)
    partly[0], clean[1] = True, False
    weight = np.asarray(sum(time * each for time, each in zip(TIMES, seen, strict=True)), dtype=float)
    on = {f"ja000000{number}_flt SCI,1": each for number, each in enumerate(seen, start=1)}
    return Coverage(SIDE, on, partly, weight, clean)


def noise_of_three(
    directory: Path,
    *,
    kernel: str | None = "square",
    pixfrac: Any = 0.8,
    unit: str = "ELECTRONS/S",
    detector: str = "WFC",
    exposures: int = 3,
) -> Any:
    """Noise by exposures whose ERR is 1.25, 1.5 and 4 times too small, in pixels of twice the image's."""
    generator = np.random.default_rng(3)
    paths: dict[Path, Path | None] = {}
    for number, (noise, time) in enumerate(zip(NOISES[:exposures], TIMES[:exposures], strict=True), start=1):
        pixels = 3.0 + generator.normal(0.0, noise, (336, 160))
        flags = np.zeros(pixels.shape, np.int16)
        flags[:160], pixels[:160] = 16, 0.01 * pixels[:160]
        scale = time if unit == "ELECTRONS" else 1.0
        path = write_exposure(directory / f"ja000000{number}_flt.fits", scale * pixels, dq=flags)
        with fits.open(path, mode="update") as hdus:
            hdus[0].header.update({"EXPTIME": time, "DETECTOR": detector})
            hdus["SCI", 1].header["BUNIT"] = unit
            hdus["ERR", 1].data[:] = scale * noise / (1.25, 1.5, 4.0)[number - 1]
            if number == 1:  # the table of distortion terms, or else the matrix, tells the size of pixels
                hdus["SCI", 1].header["IDCSCALE"] = 2.0 * ARCSEC
            else:
                hdus["SCI", 1].header["CD1_1"] *= 2.0
                hdus["SCI", 1].header["CD2_2"] *= 2.0
        paths[path] = None
    shape = (BLOCKS[0] * SIDE + 7, BLOCKS[1] * SIDE + 3)
    science = generator.normal(0.0, 50.0, shape)
    flat = generator.permutation(np.linspace(-1.0, 1.0, 256)).reshape(16, 16)
    for row, column in np.ndindex(BLOCKS):
        middle = np.s_[SIDE * row + 2 : SIDE * row + 18, SIDE * column + 2 : SIDE * column + 18]
        science[middle] = flat * (1.0 + row + 10.0 * column)
    cards = {"D001KERN": kernel, "D001PIXF": pixfrac}
    given = {key: value for key, value in cards.items() if value is not None}
    return noise_blocks(pair(directory, science, np.ones(shape), **given), paths, blocks_seen())


@pytest.mark.parametrize("unit", ["ELECTRONS/S", "ELECTRONS"])
def test_noise_of_blocks_is_that_of_the_exposures_that_see_them(tmp_path: Path, unit: str) -> None:
    found = noise_of_three(tmp_path, unit=unit)
    assert isinstance(found, NoiseBlocks)
    # Three rows count, of six columns: the first of the first exposure alone, the last of the second.
    assert found.found.shape == found.expected.shape == found.single.shape == (17,)
    of_blocks = [1.0 + row + 10.0 * column for row in (2, 3, 4) for column in range(6)][:17]
    assert found.found / found.found[0] == pytest.approx(np.array(of_blocks) / of_blocks[0], rel=1e-5)
    deep, shallow = found.single[0], found.single[5]
    assert (deep, shallow) == (pytest.approx(0.025, rel=0.06), pytest.approx(4.0, rel=0.06))
    factor = correlation_factor("square", 1.6)
    assert factor is not None
    (_, long), (_, short) = DEEP, SHALLOW
    both = math.hypot(deep * long, shallow * short)
    columns = np.array([deep, *[both / (long + short)] * 4, shallow]) / factor
    assert found.expected == pytest.approx(np.tile(columns, 3)[:17], rel=1e-6)
    alone = both / math.hypot(long, short)
    assert found.single == pytest.approx(np.tile([deep, *[alone] * 4, shallow], 3)[:17], rel=1e-6)
    assert found.over_error == pytest.approx(1.5, rel=0.03)


def test_an_unknown_camera_or_no_exposure_states_no_error(tmp_path: Path) -> None:
    unknown = noise_of_three(tmp_path, detector="NONE")
    assert math.isnan(unknown.over_error)
    assert np.isfinite(unknown.expected).all()
    (tmp_path / "none").mkdir()
    nothing = noise_of_three(tmp_path / "none", exposures=0)
    assert math.isnan(nothing.over_error)
    assert np.isnan(nothing.expected).all()


@pytest.mark.parametrize(
    ("kernel", "pixfrac", "why"),
    [
        (None, 0.8, "kernel 'that its header does not name'"),
        ("gaussian", 0.8, "kernel 'gaussian'"),
        ("square", None, "do not tell how noise is shared"),
        ("square", "all", "do not tell how noise is shared"),
    ],
)
def test_noise_is_not_foretold_of_other_kernels(tmp_path: Path, kernel: Any, pixfrac: Any, why: str) -> None:
    assert why in noise_of_three(tmp_path, kernel=kernel, pixfrac=pixfrac)


def over_expected(
    directory: Path, chip: int, level: float, *, gain: object = 7, suffix: str = "flt"
) -> float:
    """Noise of a chip of WFPC2, 2 DN about a level but for a bright part, over what it should be."""
    pixels = level + np.random.default_rng(8).normal(0.0, 2.0, (160, 160))
    pixels[:8], pixels[120:] = np.nan, pixels[120:] + 500.0
    header = chip_header(min(chip, 4), CTYPE1="RA---TAN", CTYPE2="DEC--TAN", A_ORDER=None, B_ORDER=None)
    science = fits.ImageHDU(pixels.astype(np.float32), header, name="SCI", ver=1)
    science.header["DETECTOR"] = chip
    units = [fits.PrimaryHDU(header=primary_header(ATODGAIN=gain, EXPTIME=100.0)), science]
    if suffix == "flt":
        units.append(fits.ImageHDU(np.ones(pixels.shape, np.float32), name="ERR", ver=1))
        units.append(fits.ImageHDU(np.zeros(pixels.shape, np.int16), name="DQ", ver=1))
    name = f"u5jx01{chip}0r_{suffix}"
    path = directory / str(level) / f"{name}.fits"
    path.parent.mkdir()
    fits.HDUList(units).writeto(path)
    seen = replace(blocks_seen(), wholly={f"{name} SCI,1": np.ones(BLOCKS, dtype=bool)})
    shape = (BLOCKS[0] * SIDE, BLOCKS[1] * SIDE)
    image = pair(path.parent, np.zeros(shape), np.ones(shape), D001KERN="square", D001PIXF=1.0)
    found = noise_blocks(image, {path: None}, seen)
    assert isinstance(found, NoiseBlocks)
    return found.over_error


@pytest.mark.parametrize("suffix", ["flt", "c0m"])  # without flags
@pytest.mark.parametrize(
    ("chip", "setting", "gain", "reading"), [(1, 7, 7.12, 5.24), (4, 7, 7.10, 5.19), (2, 15.0, 14.50, 7.84)]
)
def test_noise_of_wfpc2_is_by_photons_reading_and_digits(
    tmp_path: Path, chip: int, setting: float, gain: float, reading: float, suffix: str
) -> None:
    dark, light = (
        over_expected(tmp_path, chip, level, gain=setting, suffix=suffix) for level in (-0.5, 30.0)
    )
    of_dark = math.sqrt((reading / gain) ** 2 + 1.0 / 12.0)
    of_light = math.hypot(of_dark, math.sqrt(30.0 / gain))
    assert dark == pytest.approx(2.0 / of_dark, rel=0.06)
    assert light == pytest.approx(2.0 / of_light, rel=0.06)
    assert dark / light == pytest.approx(of_light / of_dark, rel=2e-3)


@pytest.mark.parametrize(("chip", "gain"), [(2, 9), (2, "seven"), (5, 7)])
def test_noise_of_wfpc2_takes_a_gain_that_is_known(tmp_path: Path, chip: int, gain: object) -> None:
    assert math.isnan(over_expected(tmp_path, chip, 30.0, gain=gain))


# What exposures share


def test_the_exposure_that_sees_most_is_compared(tmp_path: Path) -> None:
    chip = np.ones((512, 1024))
    own = write_exposure(tmp_path / "own_flt.fits", chip)
    # Of four by eight blocks of 128 pixels those count whose middle another sees.
    others = {
        name: write_exposure(tmp_path / f"{name}_flt.fits", chip, east=0.1 * east, north=0.1 * north)
        for name, (east, north) in {
            "north": (0, 400),  # one row
            "east": (512, 0),  # four columns
            "two": (912, 272),  # two blocks of 32
            "one": (912, 400),
        }.items()
    }
    assert overlapping(own, others) == "east"
    for names, expected in (
        (("one", "two"), "two"),
        (("one", "north"), "north"),
        (("one",), None),
        ((), None),
    ):
        assert overlapping(own, {name: others[name] for name in names}) == expected


@pytest.mark.parametrize(("other", "told"), [((0, 400), True), ((912, 272), False)])
def test_the_chips_of_an_exposure_count_together(tmp_path: Path, other: tuple[int, int], told: bool) -> None:
    """Of three chips two are elsewhere: a quarter of one is a twelfth, a sixteenth less than a twentieth."""
    chip = np.ones((512, 1024))
    own = write_exposure(tmp_path / "own_flt.fits", chip, chip, chip)
    with fits.open(own, mode="update") as hdus:
        for number in (2, 3):
            hdus["SCI", number].header["CRVAL2"] -= 0.1
    beside = write_exposure(tmp_path / "other_flt.fits", chip, east=0.1 * other[0], north=0.1 * other[1])
    assert overlapping(own, {"other": beside}) == ("other" if told else None)


def test_masks_of_cosmic_rays_are_judged_where_another_exposure_sees(tmp_path: Path) -> None:
    shape = (64, 64)
    flags = np.zeros(shape, np.int16)
    flags[0], flags[1], flags[2] = 4096, 8192, 16
    own = write_exposure(tmp_path / "ja0000001_flt.fits", np.ones(shape), np.ones(shape), dq=flags)
    other = write_exposure(tmp_path / "ja0000002_flt.fits", np.ones(shape), east=3.2)
    for chip in (1, 2):
        mask = np.ones(shape, np.uint8)
        mask[10 * chip, 5] = 0
        fits.writeto(tmp_path / f"ja0000001_sci{chip}_crmask.fits", mask)
    found = cosmic_ray_masks(tmp_path, own, [other])
    assert isinstance(found, CosmicRayMasks)
    assert found.exposure_time == 100.0
    for chip in (1, 2):
        assert [tuple(place) for place in np.argwhere(found.flagged[chip])] == [(10 * chip, 5)]
        assert found.judged[chip].any(axis=1).tolist() == [row != 2 for row in range(64)]
        assert 0.3 < found.judged[chip].mean() < 0.7


# Sources of images


def crowd(shape: tuple[int, int], number: int, *, shift: float = 0.0) -> np.ndarray:
    generator = np.random.default_rng(12)
    image = generator.normal(0.0, 0.01, shape)
    rows, columns = np.indices(shape)
    for x, y in generator.uniform(20, min(shape) - 20, (number, 2)):
        near = np.s_[int(y) - 12 : int(y) + 13, int(x) - 12 : int(x) + 13]
        distance = (columns[near] - x - shift) ** 2 + (rows[near] - y) ** 2
        image[near] += 5.0 * np.exp(-0.5 * distance / 1.2**2)
    return image


def test_images_of_one_field_are_compared_by_their_sources(tmp_path: Path) -> None:
    shape = (300, 320)
    paths = []
    for name, shift in (("first", 0.0), ("second", 0.8)):
        (tmp_path / name).mkdir()
        weight = np.ones(shape)
        weight[:, :2] = 0.0
        paths.append(write_image(tmp_path / name, crowd(shape, 60, shift=shift), weight))
    found = sources_in_image(paths[0])
    assert len(found.sky) > 50
    offset = image_offset(*paths)
    assert offset is not None
    # East is left: 0.8 pixels to the right are 80 mas to the west, of the second.
    assert (offset.east, offset.north) == pytest.approx((80.0, 0.0), abs=3.0)
    with fits.open(paths[1], mode="update") as hdus:
        for key in ("CD1_1", "CD2_2"):
            hdus[0].header[key] *= 1.5
    other = tmp_path / "other"
    other.mkdir()
    for kind in ("sci", "wht"):
        content = (tmp_path / "second" / f"x_drz_{kind}.fits").read_bytes()
        (other / f"x_drz_{kind}.fits").write_bytes(content)
    for order in ((paths[0], other / "x_drz_sci.fits"), (other / "x_drz_sci.fits", paths[0])):
        assert image_scale(*order) == pytest.approx(1.5 * ARCSEC, rel=1e-6)
    catalog = write_catalog(tmp_path / "gaia.ecsv", found.sky[:30])
    pairs, all_found = from_catalog(paths[0], catalog, drizzled=True)
    assert (len(pairs), len(all_found.sky)) == (30, len(found.sky))
    exposure = write_exposure(tmp_path / "ja0000001_flt.fits", 100.0 * crowd(shape, 60))
    assert len(from_catalog(exposure, catalog)[0]) == pytest.approx(30, abs=2)
    empty = tmp_path / "empty"
    empty.mkdir()
    nothing = write_image(empty, np.zeros((40, 40)), np.ones((40, 40)))
    assert image_offset(paths[0], nothing) is None


# Stars


def test_widths_are_those_of_chips_whose_stars_are_known(tmp_path: Path) -> None:
    shape = (200, 220)
    pixels = 10.0 * crowd(shape, 40)
    flags = np.zeros(shape, np.int16)
    flags[:, 150:] = 4
    path = tmp_path / "ibwb01xqq_flc.fits"
    primary = fits.PrimaryHDU()
    primary.header.update(INSTRUME="WFC3", DETECTOR="UVIS", EXPTIME=100.0)
    units = [
        fits.ImageHDU(values, name=name, ver=1)
        for name, values in (("SCI", pixels.astype("f4")), ("ERR", np.ones(shape, "f4")), ("DQ", flags))
    ]
    fits.HDUList([primary, *units]).writeto(path)
    found = widths_in(path)
    assert [*found.found] == [*found.expected] == [1]
    all_good = tmp_path / "ibwb01xrq_flc.fits"
    units[2].data = np.zeros(shape, np.int16)
    fits.HDUList([primary, *units]).writeto(all_good)
    everywhere = widths_in(all_good)
    assert 0 < len(found.longer) < len(everywhere.longer)
    # Two standard deviations of 1.2 pixels.
    assert np.median(everywhere.found[1].longer) == pytest.approx(2.3548 * 1.2, rel=0.05)
    assert everywhere.longer == pytest.approx(everywhere.found[1].longer / everywhere.expected[1])
    units[2].data = np.ones((20, 20), np.int16)
    other_shape = tmp_path / "ibwb01xxq_flc.fits"
    fits.HDUList([primary, *units]).writeto(other_shape)
    assert len(widths_in(other_shape).longer) == len(everywhere.longer)
    primary.header["INSTRUME"] = "NONE"
    unknown = tmp_path / "ibwb01xyq_flc.fits"
    fits.HDUList([primary, *units]).writeto(unknown)
    assert widths_in(unknown).found == {}
    assert widths_in(unknown).longer.size == 0


def test_isolated_stars_are_told_by_their_label(tmp_path: Path) -> None:
    stars = {"star": [1, 2, 12], "sum": [5.0, 7.0, 9.0]}
    sightings = {
        "star": [2, 1, 2, 2],
        "net": [100.0, 50.0, 300.0, 80.0],
        "net_error": [2.0, 1.0, 3.0, 4.0],
        "pixel_area": [1.1, 1.0, 0.9, 1.0],
        "exposure_time": [10.0, 20.0, 30.0, 20.0],
        "edge": [0.1, 0.9, 0.3, 0.8],
        "photflam_c0m": [2.0, 1.0, 3.0, 1.0],
        "photflam_reference": [4.0, 1.0, 4.0, 1.0],
        "weight": [1.0, 5.0, 3.0, 2.0],
    }
    paths = [tmp_path / f"{name}.ecsv" for name in ("stars", "sightings", "chip_stars")]
    for path, columns in zip(paths, (stars, sightings, {"chip": [1]}), strict=True):
        Table(columns).write(path, format="ascii.ecsv")
    tables = star_tables(*paths)
    assert tables.star("star12")["sum"] == 9.0
    assert [row["net"] for row in tables.sightings_of("star2")] == [100.0, 300.0, 80.0]
    rates = [pytest.approx(each) for each in ((11.0, 0.22), (9.0, 0.09), (4.0, 0.2))]
    assert tables.rates("star2") == rates
    assert tables.edge("star2") == pytest.approx(0.4)
    # The rates before normalisation, over 0.5, 0.75 and 1, are averaged with weights of 1, 3 and 2.
    assert tables.expected_ratio("star2") == pytest.approx(6.0 / (1.0 / 0.5 + 3.0 / 0.75 + 2.0))
