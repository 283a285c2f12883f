"""What exposures show of point sources, against the simulated truth and what TweakReg finds with it."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial import cKDTree
from scipy.special import erf

from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.reduction.alignment.point_sources import PointSources, measure_sources
from hubble_qa.fixtures.simulation.library_psf import library_psf
from hubble_qa.fixtures.simulation.settings import SimulationSettings
from hubble_qa.fixtures.simulation.stage import simulate
from hubble_qa.fixtures.simulation.truth import read_truth
from tests import ir_scenes, simulated_scenes, uvis_scenes

Array = NDArray[np.float64]


class Scene(NamedTuple):
    """An exposure, what was measured of it, and x, y (from 0) and rates of its stars by chip."""

    path: Path
    found: PointSources
    stars: dict[int, Array]
    cosmic_rays: int


def made(directory: Path, settings: SimulationSettings, rootname: str, suffix: str) -> Scene:
    """A simulated exposure, measured."""
    directory.mkdir()
    simulate.run(Inputs(), directory, settings)
    return measured(directory, rootname, suffix)


def measured(directory: Path, rootname: str, suffix: str) -> Scene:
    """An exposure of a simulated archive, measured."""
    truth = read_truth(directory / "truth.json").exposures[rootname].chips
    path = directory / "HST" / rootname / f"{rootname}_{suffix}.fits"
    with fits.open(path) as hdus:
        of_chip = {hdu.header.get("CCDCHIP", hdu.ver): hdu.ver for hdu in hdus if hdu.name == "SCI"}
    stars = {
        of_chip[number]: np.column_stack([np.array(chip.x) - 1.0, np.array(chip.y) - 1.0, chip.counts])
        for number, chip in truth.items()
    }
    return Scene(path, measure_sources(path), stars, sum(chip.cosmic_rays for chip in truth.values()))


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scene]:
    """Crowded; a short exposure of few stars among cosmic rays; eight stars in the infrared; WFPC2."""
    place = tmp_path_factory.mktemp("scenes")
    few = {"ra": 290.2248, "dec": 37.8027, "density": 15.0}
    sparse = {**ir_scenes.FIELD, "density": 8.0, "brightest": 18.0, "faintest": 21.5}
    infrared = ir_scenes.exposure_table(ir_scenes.STEADY, filter="F160W")
    (archive,) = ir_scenes.simulate_scenes(place, {"c": ir_scenes.scene(infrared, field=sparse)}).values()
    return {
        "crowded": made(place / "a", uvis_scenes.visit(uvis_scenes.LONG), uvis_scenes.LONG, "flc"),
        "short": made(place / "b", uvis_scenes.visit(uvis_scenes.SHORT, field=few), uvis_scenes.SHORT, "flc"),
        "infrared": measured(archive, ir_scenes.STEADY, "flt"),
        "wide field": made(
            place / "d",
            simulated_scenes.pair(exposures=(simulated_scenes.exposure(),)),
            simulated_scenes.FIRST,
            "flt",
        ),
    }


# How wide stars are


def _pixels(height: float, x: float, y: float, width: float) -> Array:
    """A Gaussian over the pixels of a square of 5 by 5."""
    edges = np.arange(6) - 2.5
    along, across = (np.diff(erf((edges - off) / (width * math.sqrt(2.0)))) for off in (x, y))
    return np.asarray(height * np.outer(across, along))


def width_of_library(filter_name: str, camera: str) -> float:
    """FWHM of a Gaussian over pixels that fits the simulation's stars without noise."""
    profile, widths = library_psf(filter_name, camera), []
    for offset in np.linspace(-0.4, 0.4, 5):
        image = profile.render(np.array([20.0 + offset]), np.array([20.0]), np.array([1e4]), (41, 41))
        row, column = np.unravel_index(np.argmax(image), image.shape)
        stamp = image[row - 2 : row + 3, column - 2 : column + 3]
        start = [float(stamp.sum()) / 4.0, 0.0, 0.0, 0.8]
        fitted = least_squares(lambda guess, stamp=stamp: (_pixels(*guess) - stamp).ravel(), start).x
        widths.append(abs(fitted[3]) * 2.0 * math.sqrt(2.0 * math.log(2.0)))
    return float(np.median(widths))


@pytest.mark.whole
@pytest.mark.parametrize(
    ("scene", "filter_name", "camera"),
    [
        ("crowded", "F606W", "wfc3/uvis"),
        ("short", "F606W", "wfc3/uvis"),
        ("infrared", "F160W", "wfc3/ir"),
    ],
)
def test_width_is_that_of_the_cameras_stars(
    scenes: dict[str, Scene], scene: str, filter_name: str, camera: str
) -> None:
    expected = width_of_library(filter_name, camera)
    assert scenes[scene].found.fwhm == pytest.approx(expected, rel=0.08)


def test_cameras_have_widths_of_their_own(scenes: dict[str, Scene]) -> None:
    """In pixels: the infrared's are three times as large as those of UVIS, WFPC2's two and a half times."""
    uvis, infrared, wfpc2 = (scenes[name].found.fwhm for name in ("crowded", "infrared", "wide field"))
    assert uvis is not None
    assert infrared is not None
    assert wfpc2 is not None
    assert wfpc2 < infrared < uvis - 0.3


# Above which level there are stars enough


def found_by_tweakreg(scene: Scene) -> dict[int, Array]:
    """x and y, from 0, of what TweakReg's finder has above the level, by chip."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tools about one another
        from drizzlepac.tweakutils import ndfind

    assert scene.found.level is not None
    assert scene.found.fwhm is not None
    chips = {}
    with fits.open(scene.path) as hdus, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in scene.stars:
            image = np.asarray(hdus["SCI", number].data, dtype=np.float32)
            width, noise_power = 2.0 * scene.found.fwhm, scene.found.scatter**2
            x, y, *_ = ndfind(image - np.median(image), scene.found.level, width, noise_power)
            chips[number] = np.column_stack([x, y]).reshape(-1, 2)
    return chips


def real(scene: Scene, chips: dict[int, Array]) -> int:
    """How many of these places are those of stars."""
    pairs = 0
    for number, places in chips.items():
        stars = cKDTree(scene.stars[number][:, :2])
        if len(places):
            distances, _ = stars.query(places)
            pairs += int((distances < 1.0).sum())
    return pairs


@pytest.mark.parametrize(
    ("scene", "least", "most", "others"),
    [
        ("crowded", 170, 280, 120),
        ("short", 8, 25, 300),
        ("infrared", 8, 11, 1),
        ("wide field", 170, 420, 400),
    ],
)
def test_tweakreg_finds_the_wanted_stars_above_the_level(
    scenes: dict[str, Scene], scene: str, least: int, most: int, others: int
) -> None:
    """Of as many as there are, or some 200; of cosmic rays, thousands in the long exposure, a part."""
    chips = found_by_tweakreg(scenes[scene])
    stars = real(scenes[scene], chips)
    assert least <= stars <= most
    assert sum(map(len, chips.values())) - stars <= others


def test_counts_are_those_of_the_truth(scenes: dict[str, Scene]) -> None:
    """Of the crowded field, 200 of 450; of the others all that are not at an edge or in another's wings."""
    crowded, infrared = scenes["crowded"], scenes["infrared"]
    assert sum(map(len, crowded.stars.values())) > 400
    assert crowded.cosmic_rays > 4000
    assert 200 <= crowded.found.stars <= 206
    assert crowded.found.others < 100
    there = sum(map(len, infrared.stars.values()))
    assert there - 2 <= infrared.found.stars <= there
    short = scenes["short"]
    assert (sum(map(len, short.stars.values())), short.cosmic_rays) == (25, 885)
    assert 8 <= short.found.stars <= 25
    assert short.found.others < 300


def test_levels_differ_by_what_there_is(scenes: dict[str, Scene]) -> None:
    """In scatters of the background: high where there are bright stars enough, or no others, else lower."""
    heights = {name: (scene.found.level or 0.0) / scene.found.scatter for name, scene in scenes.items()}
    assert 200.0 < heights["crowded"] < heights["infrared"]
    assert 8.0 <= heights["short"] < heights["crowded"] / 2.0


def test_scatter_is_that_of_the_background(scenes: dict[str, Scene]) -> None:
    for name in ("crowded", "infrared"):
        scene = scenes[name]
        with fits.open(scene.path) as hdus:
            values: Any = [hdus["SCI", number].data for number in scene.stars]
        sky = np.concatenate([each.ravel() for each in values])
        below = sky[sky < np.median(sky)] - np.median(sky)
        assert scene.found.scatter == pytest.approx(1.4826 * np.median(-below), rel=0.1)


# What has nothing to measure


def noise(path: Path, image: NDArray[np.float32]) -> Path:
    """An exposure of WFC3/IR with these pixels."""
    primary = fits.PrimaryHDU()
    primary.header.update(INSTRUME="WFC3", DETECTOR="IR", ROOTNAME=path.name[:9], FILTER="F160W")
    planes = {"SCI": image, "ERR": np.ones_like(image), "DQ": np.zeros(image.shape, dtype=np.int16)}
    hdus = [fits.ImageHDU(array, name=name, ver=1) for name, array in planes.items()]
    fits.HDUList([primary, *hdus]).writeto(path)
    return path


def test_noise_alone_has_no_stars(tmp_path: Path) -> None:
    image = np.random.default_rng(5).normal(1.0, 0.1, (300, 300)).astype(np.float32)
    found = measure_sources(noise(tmp_path / "icqa05a1q_flt.fits", image))
    assert (found.fwhm, found.level, found.stars) == (None, None, 0)
    assert found.scatter == pytest.approx(0.1, rel=0.02)


def test_cosmic_rays_alone_are_no_stars(tmp_path: Path) -> None:
    """Single pixels and streaks, as high as stars."""
    random = np.random.default_rng(6)
    image = random.normal(1.0, 0.1, (300, 300)).astype(np.float32)
    for row, column in random.integers(10, 290, (150, 2)):
        image[row, column : column + random.integers(1, 5)] += random.uniform(20.0, 400.0)
    found = measure_sources(noise(tmp_path / "icqa05a1q_flt.fits", image))
    assert found.level is None
    assert found.stars == 0


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_an_empty_image_has_nothing(tmp_path: Path, value: float) -> None:
    found = measure_sources(noise(tmp_path / "icqa05a1q_flt.fits", np.full((80, 80), value, np.float32)))
    assert (found.fwhm, found.level, found.stars, found.others) == (None, None, 0, 0)


def test_counts_of_single_photons_have_the_scatter_that_is_given(tmp_path: Path) -> None:
    """Most pixels hold none, so that their scatter is 0."""
    image = np.zeros((200, 200), dtype=np.float32)
    rows, columns = np.mgrid[-6:7, -6:7]
    for row, column in [(40, 50), (90, 120), (150, 60), (60, 160), (120, 30), (170, 150)]:
        image[row - 6 : row + 7, column - 6 : column + 7] += np.round(
            300.0 * np.exp(-(rows**2 + columns**2) / (2.0 * 1.1**2))
        )
    found = measure_sources(noise(tmp_path / "icqa05a1q_flt.fits", image), scatter=1.0)
    assert (found.scatter, found.stars) == (1.0, 6)
    assert found.fwhm == pytest.approx(1.1 * 2.355, rel=0.05)


def test_noise_that_differs_from_pixel_to_pixel_has_no_stars(tmp_path: Path) -> None:
    """A few hundredths of the pixels are three times as noisy as the others, as in the infrared."""
    random = np.random.default_rng(7)
    noisy = np.where(random.random((400, 400)) < 0.05, 0.3, 0.1)
    image = random.normal(1.0, noisy).astype(np.float32)
    found = measure_sources(noise(tmp_path / "icqa05a1q_flt.fits", image))
    assert (found.level, found.stars) == (None, 0)


def test_three_bright_stars_count_though_they_tell_no_width(tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    image = random.normal(1.0, 0.1, (300, 300))
    rows, columns = np.mgrid[-8:9, -8:9]
    for row, column in [(60, 80), (150, 220), (240, 120)]:
        star = 40.0 * np.exp(-(rows**2 + columns**2) / (2.0 * 0.85**2))
        image[row - 8 : row + 9, column - 8 : column + 9] += star
    found = measure_sources(noise(tmp_path / "icqa05a1q_flt.fits", image.astype(np.float32)))
    assert (found.fwhm, found.stars) == (None, 3)
