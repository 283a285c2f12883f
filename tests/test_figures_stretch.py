"""Images whose stretch a page can change: what their levels stand for, and which of a figure they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

from hubble_qa.reports.figures.figure_data import read_figure_data
from hubble_qa.reports.figures.footprints import Footprint
from hubble_qa.reports.figures.illustration import Illustration, publish
from hubble_qa.reports.figures.image_data import ImageLimits, ImagePanel, ImageSet
from hubble_qa.reports.figures.mosaics import drizzled_pair
from hubble_qa.reports.figures.sky_marks import SkyFrame
from hubble_qa.reports.figures.stretch import Adjustable, AdjustableImage, images_of, write_images
from hubble_qa.reports.figures.style import IMAGE_COLOURS, WEIGHT_COLOURS

FRAME = SkyFrame(np.array([[-1.0, 0.0], [0.0, 1.0]]) * 0.1 / 3600, 0.1)


def written(tmp_path, *images: np.ndarray, alike: bool = False) -> ImageSet:
    shown = tuple(AdjustableImage(f"panel {n}", each, (0.0, 1.0)) for n, each in enumerate(images))
    return write_images(Adjustable(shown, "e⁻/s", alike=alike), "figure", tmp_path)


def values(panel: ImagePanel, directory) -> np.ndarray:
    """An image as its picture of levels tells it, from the bottom up."""
    picture = np.asarray(Image.open(directory / panel.file)).astype(float)
    level, opaque = picture[::-1, :, 0], picture[::-1, :, 1] > 0
    step = (panel.last - panel.first) / (panel.levels - 1)
    return np.where(opaque, panel.zero + panel.width * np.sinh(panel.first + step * level), np.nan)


def star_field(noise: float = 0.05) -> np.ndarray:
    image = np.random.default_rng(3).normal(1.0, noise, (200, 220))
    image[40:43, 60:63] += 500.0
    image[:, :5] = np.nan
    return image


def test_levels_stand_for_the_pixels_within_less_than_the_noise(tmp_path):
    image = star_field()
    (panel,) = written(tmp_path, image).panels
    found = values(panel, tmp_path)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(image))
    sky = np.abs(image - 1.0) < 0.25
    assert np.abs(found - image)[sky].max() < 0.5 * 0.05
    stars = image > 100
    np.testing.assert_allclose(found[stars], image[stars], rtol=0.1)
    assert panel.levels <= 256
    assert (tmp_path / panel.file).stat().st_size < 60_000


@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e6))
def test_limits_ascend_whatever_the_pixels(tmp_path_factory, level, noise):
    directory = tmp_path_factory.mktemp("stretch")
    image = np.random.default_rng(1).normal(level, noise, (30, 30))
    (panel,) = written(directory, image).panels
    assert [each.name for each in panel.limits][:2] == ["as printed", "all pixels"]
    assert all(each.low < each.high for each in panel.limits)
    widths = [each.high - each.low for each in panel.limits[1:]]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize("image", [np.full((30, 40), np.nan), np.zeros((30, 40)), np.full((30, 40), 7.0)])
def test_images_of_nothing_can_be_stretched_too(tmp_path, image):
    (panel,) = written(tmp_path, image).panels
    np.testing.assert_allclose(values(panel, tmp_path), image, atol=1e-6)


def test_images_that_are_compared_have_the_same_limits(tmp_path):
    alone = written(tmp_path, star_field(), 2 * star_field())
    alike = written(tmp_path, star_field(), 2 * star_field(), alike=True)
    assert alone.panels[0].limits[2] != alone.panels[1].limits[2]
    assert alike.panels[0].limits == alike.panels[1].limits
    assert alike.panels[1].limits[1].high == pytest.approx(2 * star_field()[40:43, 60:63].max(), rel=0.01)


def test_the_grey_images_of_a_figure_are_found_and_no_weights(tmp_path):
    weight = np.full((200, 220), 16.0)
    chip = Footprint("u", 1, "PC1", np.array([(0, 0), (9, 0), (9, 9), (0, 9)]))
    figure = drizzled_pair(star_field(), weight, FRAME, unit="electrons / s", footprints=[chip])
    found = images_of(figure)
    assert found is not None
    assert ([each.title for each in found.images], found.unit) == (["SCI"], "electrons / s per pixel")
    assert (found.stretch, found.images[0].pixels.shape) == ("asinh", (200, 220))
    assert images_of(Figure()) is None


def test_close_ups_are_no_images_to_stretch():
    figure = Figure()
    figure.add_subplot().imshow(np.ones((13, 13)), cmap=IMAGE_COLOURS)
    assert images_of(figure) is None


def test_one_colour_map_shows_more_as_darker():
    from matplotlib import colormaps

    for name in (IMAGE_COLOURS, WEIGHT_COLOURS):
        red, green, blue = (colormaps[name](np.linspace(0, 1, 16))[:, index] for index in range(3))
        light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        assert (np.diff(light) < 0).all(), name


def test_no_figure_has_greys_of_its_own():
    """All images are drawn in the colours of `style`, so that light and dark mean the same everywhere."""
    from pathlib import Path

    import hubble_qa.reports.figures as package

    modules = Path(next(iter(package.__path__))).glob("*.py")
    named = {
        path.name
        for path in modules
        for line in path.read_text(encoding="utf-8").splitlines()
        if "cmap=" in line
        and not any(each in line for each in ("IMAGE_COLOURS", "image_colours(", "=colours"))
    }
    assert named == set()


def test_a_published_figure_of_images_has_their_levels(tmp_path):
    figure = drizzled_pair(star_field(), np.ones((200, 220)), FRAME)
    publish([Illustration("drizzled", "mosaic", "Mosaic", "Words.", "Image.", figure)], tmp_path)
    held = read_figure_data(tmp_path / "mosaic.json")
    assert isinstance(held, ImageSet)
    assert [panel.file for panel in held.panels] == ["mosaic-levels-1.png"]
    np.testing.assert_array_equal(np.isnan(values(held.panels[0], tmp_path)), np.isnan(star_field()))


def test_what_no_stage_writes_is_refused():
    limits = (ImageLimits(name="all", low=0, high=1),)
    whole = {"title": "a", "file": "a.png", "levels": 9, "zero": 0, "width": 1, "first": 0, "last": 1}
    panel = ImagePanel(**whole, limits=limits)
    for file in ("../a.png", "/etc/a.png", "a.svg", "a.png\n", "b/a.png"):
        with pytest.raises(ValueError, match="file"):
            ImagePanel(**{**whole, "file": file}, limits=limits)
    with pytest.raises(ValueError, match="no range"):
        ImageLimits(name="all", low=1, high=1)
    other = panel.model_copy(update={"limits": (ImageLimits(name="some", low=0, high=1),)})
    with pytest.raises(ValueError, match="other names"):
        ImageSet(panels=(panel, other))
