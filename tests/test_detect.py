"""Sources found afresh on exposures and drizzled images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from photutils.psf import CircularGaussianPRF

from hubble_qa.checks.images.sources import Detection, find_sources
from hubble_qa.fixtures.plans.stage import Inputs, StageError
from hubble_qa.fixtures.stages.detect import (
    DRIZZLED_SOURCES,
    EXPOSURE_SOURCES,
    DetectDrizzledSettings,
    DetectSettings,
    detect_drizzled,
    detect_on_exposures,
)

DETECTION = Detection(fwhm=2.0, threshold=20.0, peak=50_000.0, brightest=100)
SCALE = 0.04


def sky(shape: tuple[int, int], seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(100.0, 5.0, shape).astype(np.float32)


def stars(shape: tuple[int, int], places: np.ndarray, peaks: np.ndarray, fwhm: float = 2.0) -> np.ndarray:
    """Round Gaussian stars, integrated over the pixels."""
    model = CircularGaussianPRF(fwhm=fwhm)
    rows, columns = np.indices(shape)
    image = np.zeros(shape)
    for (x, y), peak in zip(places, peaks, strict=True):
        star = model.evaluate(columns, rows, 1.0, x, y, fwhm)
        image += peak * star / star.max()
    return image


def wcs() -> WCS:
    result = WCS(naxis=2)
    result.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    result.wcs.crval, result.wcs.crpix = [290.0, 37.0], [100.0, 100.0]
    result.wcs.cdelt = [-SCALE / 3600, SCALE / 3600]
    return result


def test_sources_are_found_wherever_they_are_and_the_brightest_first():
    # 1024 is where one band of the search ends and the next begins.
    places = np.array([(40.3, 30.0), (60.0, 1022.7), (100.4, 1023.6), (30.0, 1024.4), (80.2, 1500.1)])
    peaks = np.array([1000.0, 5000.0, 4000.0, 3000.0, 2000.0])
    found = find_sources(sky((1600, 140)) + stars((1600, 140), places, peaks), DETECTION)
    order = np.argsort(-peaks)
    assert np.column_stack([found["x"], found["y"]]) == pytest.approx(places[order], abs=0.1)
    assert (np.diff(found["flux"]) < 0).all()


def test_saturated_sources_and_pixels_without_exposure_are_left_out():
    places = np.array([(40.0, 40.0), (120.0, 40.0)])
    image = sky((100, 200)) + stars((100, 200), places, np.array([60_000.0, 2000.0]))
    image[60:] = 0.0
    image[:, 150:] = np.nan
    found = find_sources(image, DETECTION)
    assert [round(float(x)) for x in found["x"]] == [120]


def test_no_more_than_the_brightest_are_kept():
    places = np.array([(30.0 + 20 * number, 50.0) for number in range(8)])
    image = sky((100, 220)) + stars((100, 220), places, np.linspace(1000, 8000, 8))
    found = find_sources(image, Detection(2.0, 20.0, 50_000.0, 3))
    assert [round(float(x)) for x in found["x"]] == [170, 150, 130]


@pytest.mark.parametrize("image", [np.zeros((50, 50)), np.full((50, 50), np.nan), sky((50, 50))])
def test_nothing_is_found_where_nothing_is(image):
    assert len(find_sources(image, DETECTION)) == 0


def write_products(root: Path, names: str) -> Inputs:
    """Exposures of one field, and their combination."""
    rng = np.random.default_rng(5)
    grid = np.stack(np.meshgrid(np.arange(20.0, 190.0, 25.0), np.arange(20.0, 190.0, 25.0)), axis=-1)
    places = grid.reshape(-1, 2) + rng.uniform(-3, 3, (49, 2))
    peaks = rng.uniform(2000, 8000, len(places))
    exposures, drizzled = root / "exposures", root / "drizzled"
    for directory in (exposures, drizzled):
        directory.mkdir(parents=True)
    header = wcs().to_header()
    for name in names:
        image = sky((200, 200)) + stars((200, 200), places, peaks)
        chips = [fits.ImageHDU(image, header, name="SCI", ver=1)]
        primary = fits.PrimaryHDU(header=fits.Header({"EXPTIME": 100.0}))
        fits.HDUList([primary, *chips]).writeto(exposures / f"{name}_flc.fits")
    image = (sky((200, 200)) + stars((200, 200), places, peaks)) / 100.0
    fits.writeto(drizzled / "f606w_drc_sci.fits", image, header)
    return Inputs(products={"exposures": exposures, "drizzled": drizzled})


SETTINGS = {"suffix": "flc", "exposures": ("a", "b"), "saturation": 60_000.0, "threshold": 20.0}


def test_sources_of_an_image_have_places_on_image_and_sky(tmp_path):
    inputs = write_products(tmp_path, "ab")
    detect_drizzled.run(inputs, tmp_path, DetectDrizzledSettings(root="f606w", **SETTINGS))
    found = Table.read(tmp_path / DRIZZLED_SOURCES)
    assert len(found) == 49
    ra, dec = wcs().all_pix2world(found["x"], found["y"], 0)
    assert found["ra"] == pytest.approx(ra, abs=1e-9)
    assert found["dec"] == pytest.approx(dec, abs=1e-9)


def test_sources_of_exposures_have_places_on_chip_and_sky(tmp_path):
    inputs = write_products(tmp_path, "ab")
    detect_on_exposures.run(inputs, tmp_path, DetectSettings(**SETTINGS))
    found = Table.read(tmp_path / EXPOSURE_SOURCES)
    assert set(found["exposure"]) == {"a", "b"}
    assert set(found["chip"]) == {1}
    ra, dec = wcs().all_pix2world(found["x"], found["y"], 0)
    assert found["ra"] == pytest.approx(ra, abs=1e-9)
    assert found["dec"] == pytest.approx(dec, abs=1e-9)


def test_an_exposure_that_is_not_there_is_named(tmp_path):
    inputs = write_products(tmp_path, "a")
    with pytest.raises(StageError, match=r"b_flc\.fits is not among the exposures"):
        detect_on_exposures.run(inputs, tmp_path, DetectSettings(**SETTINGS))


def test_an_image_without_sources_is_an_error(tmp_path):
    inputs = write_products(tmp_path, "ab")
    fits.writeto(
        inputs.products["drizzled"] / "f606w_drc_sci.fits", sky((200, 200)), wcs().to_header(), overwrite=True
    )
    settings = DetectDrizzledSettings(root="f606w", **SETTINGS)
    with pytest.raises(StageError, match="no source was detected on f606w_dr"):
        detect_drizzled.run(inputs, tmp_path, settings)


def test_an_image_in_counts_is_not_said_to_need_a_lower_threshold(tmp_path):
    inputs = write_products(tmp_path, "ab")
    path = inputs.products["drizzled"] / "f606w_drc_sci.fits"
    with fits.open(path, mode="update") as hdus:
        image = next(hdu for hdu in hdus if hdu.data is not None)
        image.data = image.data * 1e5
    settings = DetectDrizzledSettings(root="f606w", **SETTINGS)
    with pytest.raises(
        StageError, match=r"all \d+ sources on f606w_dr.*in counts \(set final_units = 'cps'\)"
    ):
        detect_drizzled.run(inputs, tmp_path, settings)
