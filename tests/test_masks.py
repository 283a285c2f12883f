"""Regions of DS9 and trails of satellites as flags of the exposures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray

from hubble_qa.checks.detectors.calibration import MASKED, flagged_fraction
from hubble_qa.checks.detectors.masks import empty_masks, masked_fraction
from hubble_qa.checks.evidence.masks import MASKS, masked_pixels, masks_found
from hubble_qa.fixtures.plans.stage import Inputs, StageError
from hubble_qa.fixtures.reduction.masking.trails import pixels_of_trails
from hubble_qa.fixtures.stages.mask import MaskSettings, RegionFile, mask_pixels

NAME, OTHER = "u5jx0108r", "u5jx0109r"
SIZE, SCALE = 40, 1.0 / 3600.0
HEADER = "# Region file format: DS9 version 4.1\n"


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    """Two exposures of two chips of 40 by 40 pixels of 1 arcsec, one beside the other."""
    products = {name: tmp_path / name for name in ("exposures", "references")}
    for directory in (*products.values(), tmp_path / "output"):
        directory.mkdir()
    for name in (NAME, OTHER):
        hdus = fits.HDUList([fits.PrimaryHDU()])
        hdus[0].header.update({"INSTRUME": "WFPC2", "ROOTNAME": name})
        for chip in (1, 2):
            header = fits.Header(
                {
                    "CTYPE1": "RA---TAN",
                    "CTYPE2": "DEC--TAN",
                    "CRPIX1": 20.5,
                    "CRPIX2": 20.5,
                    "CRVAL1": 10.0,
                    "CRVAL2": (chip - 1) * SIZE * SCALE,
                    "CD1_1": -SCALE,
                    "CD1_2": 0.0,
                    "CD2_1": 0.0,
                    "CD2_2": SCALE,
                }
            )
            hdus.append(fits.ImageHDU(np.ones((SIZE, SIZE), "f4"), header, name="SCI", ver=chip))
            hdus.append(fits.ImageHDU(np.zeros((SIZE, SIZE), np.int16), name="DQ", ver=chip))
        hdus.writeto(products["exposures"] / f"{name}_flt.fits")
    for prefix in ("uref", "jref", "iref"):
        monkeypatch.setenv(prefix, "")
    return Inputs(products, {"1-mine.reg": tmp_path / "mine.reg"})


def masked(inputs: Inputs, text: str, *, chip: int = 1) -> dict[int, NDArray[np.bool_]]:
    """Which pixels of an exposure's chips the regions of a text flag."""
    (inputs.sources["1-mine.reg"]).write_text(HEADER + text, encoding="utf-8")
    output = inputs.products["exposures"].parent / "output"
    regions = (RegionFile(source="1-mine.reg", exposure=NAME, chip=chip),)
    mask_pixels.run(inputs, output, MaskSettings(suffix="flt", regions=regions))
    with fits.open(output / f"{OTHER}_flt.fits") as hdus:
        assert not any(hdus["DQ", each].data.any() for each in (1, 2))
    with fits.open(output / f"{NAME}_flt.fits") as hdus:
        flags = {each: hdus["DQ", each].data for each in (1, 2)}
    assert all(set(np.unique(each)) <= {0, MASKED} for each in flags.values())
    told = json.loads((output / MASKS).read_text("utf-8"))
    assert told == {NAME: {"regions": {f"SCI,{each}": float((flags[each] != 0).mean()) for each in (1, 2)}}}
    return {each: flags[each] != 0 for each in (1, 2)}


def test_region_in_pixels_is_of_its_chip(inputs: Inputs) -> None:
    found = masked(inputs, "image\nbox(11,21,5,7,0)\n", chip=2)
    expected = np.zeros((SIZE, SIZE), dtype=bool)
    expected[17:24, 8:13] = True  # DS9 counts from 1
    assert not found[1].any()
    assert np.array_equal(found[2], expected)


def test_region_on_the_sky_is_on_every_chip_that_sees_it(inputs: Inputs) -> None:
    """A circle about the edge between two chips."""
    found = masked(inputs, f'icrs\ncircle(10.0,{19.5 * SCALE:.8f},5.2")\n')
    areas = {chip: int(each.sum()) for chip, each in found.items()}
    assert areas[1] == pytest.approx(areas[2], abs=12)
    assert sum(areas.values()) == pytest.approx(np.pi * 5.2**2, rel=0.1)
    assert found[1][39, 19]
    assert found[2][0, 19]


def test_excluded_region_is_not_masked(inputs: Inputs) -> None:
    found = masked(inputs, "image\ncircle(20,20,8)\n-circle(20,20,3)\n")
    assert found[1][19, 13]
    assert not found[1][19, 19]


def test_what_masks_nothing_is_a_mistake(inputs: Inputs) -> None:
    with pytest.raises(StageError, match=r"1-mine.reg: no pixel of u5jx0108r_flt.fits lies in its regions"):
        masked(inputs, "image\ncircle(400,400,3)\n")


def test_file_that_is_none_of_ds9_is_one_line(inputs: Inputs) -> None:
    inputs.sources["1-mine.reg"].write_bytes(b"\xff\xfe\x00nothing")
    regions = (RegionFile(source="1-mine.reg", exposure=NAME),)
    with pytest.raises(StageError, match=r"mine.reg: cannot be read as a region file of DS9") as caught:
        mask_pixels.run(
            inputs,
            inputs.products["exposures"].parent / "output",
            MaskSettings(suffix="flt", regions=regions),
        )
    assert "\n" not in str(caught.value)


def test_masked_fraction_is_told_with_the_flagged() -> None:
    quality = np.zeros((10, 10), dtype=np.int16)
    quality[:2], quality[4, :5] = MASKED | 16, 4
    found = flagged_fraction(quality, subject="a")
    assert found.value == pytest.approx(0.25)
    assert found.context == {"masked_fraction": 0.2}
    assert "masked: 20.00%" in found.reason
    assert flagged_fraction(quality & 16, subject="a").reason == ""


def test_fraction_is_of_the_most_masked_chip() -> None:
    masks = {1: np.zeros((10, 10), dtype=bool), 2: np.zeros((10, 10), dtype=bool)}
    masks[2][0, :7] = True
    found = masked_fraction(masks, found={"regions": 0.07}, subject="a")
    assert found.value == pytest.approx(0.07)
    assert found.reason == "SCI,2, of regions 7.00%"
    # Of a mask that somebody else made, nothing else is known.
    assert masked_fraction(masks, found={}, subject="a").reason == "SCI,2"


def test_what_is_not_masked_is_not_judged() -> None:
    masks = {1: np.zeros((10, 10), dtype=bool)}
    assert not masked_fraction(masks, found={}, subject="a").applicable
    without = masked_fraction({}, found={}, subject="a")
    assert without.applicable
    assert not without.told


def test_trail_that_was_not_found_is_told_apart_from_what_regions_mask() -> None:
    found = {"regions": 0.1, "trails": 0.0}
    masks = {1: np.zeros((10, 10), dtype=bool)}
    masks[1][3] = True
    assert masked_fraction(masks, found=found, subject="a").value == pytest.approx(0.1)
    empty = empty_masks(found, subject="a")
    assert empty.value == 1
    assert empty.reason.startswith("findsat_mrt found no trail; mask it by a region")
    assert not masked_fraction({1: masks[1] & False}, found={"trails": 0.0}, subject="a").applicable
    assert not empty_masks({}, subject="a").applicable


def test_search_that_finds_no_trail_is_recorded(inputs: Inputs) -> None:
    """A smooth image has none; the record says so, and the exposure is published as it is."""
    output = inputs.products["exposures"].parent / "output"
    mask_pixels.run(inputs, output, MaskSettings(suffix="flt", trails=(NAME,)))
    path = output / f"{NAME}_flt.fits"
    assert masks_found(path) == {"trails": 0.0}
    assert masks_found(output / f"{OTHER}_flt.fits") == {}


def test_masked_pixels_are_those_with_the_bit(tmp_path: Path) -> None:
    quality = np.array([[0, MASKED], [MASKED | 4, 4]], np.int16)
    hdus = fits.HDUList([fits.PrimaryHDU()])
    hdus[0].header["INSTRUME"] = "ACS"
    for name, array in (("SCI", np.ones((2, 2), "f4")), ("ERR", np.ones((2, 2), "f4")), ("DQ", quality)):
        hdus.append(fits.ImageHDU(array, name=name, ver=1))
    hdus.writeto(tmp_path / "j9l960a9q_flc.fits")
    (mask,) = masked_pixels(tmp_path / "j9l960a9q_flc.fits").values()
    assert mask.tolist() == [[False, True], [True, False]]


def test_trail_across_a_chip_is_found_and_stars_are_not() -> None:
    rng = np.random.default_rng(3)
    rows, columns = 160, 200
    y, x = np.mgrid[:rows, :columns]
    image = rng.normal(20.0, 3.0, (rows, columns))
    along = np.abs((y - 20) - 0.6 * (x - 10)) / np.hypot(1.0, 0.6)
    image += 15.0 * np.exp(-0.5 * (along / 1.8) ** 2)
    for row, column in rng.uniform(10, 150, (8, 2)):
        image += 300.0 * np.exp(-0.5 * ((y - row) ** 2 + (x - column) ** 2) / 1.2**2)
    found = pixels_of_trails(image, np.zeros(image.shape, dtype=np.int64))
    assert found[along < 1.0].mean() > 0.9
    assert found[along > 20.0].mean() < 0.01
