"""What drawings hold: points, bounds, labels, limits; and that nothing to draw is drawn too."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.quiver import Quiver, QuiverKey
from matplotlib.text import Text
from PIL import Image

from hubble_qa.checks.bounds import Bounds
from hubble_qa.reports.figures.footprints import Footprint
from hubble_qa.reports.figures.images import Window
from hubble_qa.reports.figures.mosaics import MarkedStar, drizzled_pair, overlap_zoom, weight_map, weight_maps
from hubble_qa.reports.figures.ratio import expected_factor, ratio_map, ratio_maps
from hubble_qa.reports.figures.residual_vectors import residual_vectors
from hubble_qa.reports.figures.residuals import FitResiduals, residual_scatter
from hubble_qa.reports.figures.sky_marks import SkyFrame
from hubble_qa.reports.figures.stars import ChipFluxes, FluxRatio, RatePair, star_photometry
from hubble_qa.reports.figures.style import ACCENT, DPI, INK, WIDTH, chip_style, save
from tests.verdict_samples import shown

NAN = float("nan")
NAMES = ("PC1", "WF2", "WF3", "WF4")
# North up, east left, 0.1 arcsec per pixel.
FRAME = SkyFrame(np.array([[-1.0, 0.0], [0.0, 1.0]]) * 0.1 / 3600, 0.1)


class Images(NamedTuple):
    """A science and a weight image."""

    science: np.ndarray
    weight: np.ndarray


RMS = shown("AST-002", 0.12, bounds=Bounds(above=0, below=0.2))


def texts(figure: Figure) -> list[str]:
    found = [*figure.findobj(Text), *(key.text for key in figure.findobj(QuiverKey))]
    return [text.get_text() for text in found if text.get_text()]


def written(figure: Figure) -> str:
    return " | ".join(texts(figure))


def saved(figure: Figure, directory) -> Image.Image:
    """The figure as it is when written and read again."""
    path = directory / "figure.png"
    save(figure, path)
    with Image.open(path) as image:
        assert image.format == "PNG"
        return image.convert("RGB")


def is_drawn(figure: Figure, directory) -> bool:
    """Whether writing it works and leaves more than an empty page."""
    image = saved(figure, directory)
    return image.width == WIDTH * DPI and len(image.getcolors(image.width * image.height)) > 2


def fit(sources: int = 90, *, chips=(2, 3, 4), scatter=0.1) -> FitResiduals:
    generator = np.random.default_rng(5)
    return FitResiduals(
        generator.uniform(0, 3000, (sources, 2)),
        generator.normal(0, scatter, (sources, 2)),
        np.resize(np.array(chips), sources),
        NAMES,
        0.0455,
    )


def footprint(
    chip: int, left: float, bottom: float, side: float, exposure="u5jx010hr", weight=1.0
) -> Footprint:
    right, top = left + side, bottom + side
    corners = np.array([(left, bottom), (right, bottom), (right, top), (left, top)])
    return Footprint(exposure, chip, NAMES[chip - 1], corners, weight)


def sky(shape=(300, 320), seed=6) -> np.ndarray:
    image = np.random.default_rng(seed).normal(0.3, 0.05, shape)
    image[100:103, 150:153] += 50
    return image.astype(">f4")


# Style


def test_a_saved_figure_is_a_png_of_the_common_width_on_white(tmp_path):
    image = saved(residual_scatter(fit(), title="t", rms=RMS), tmp_path)

    assert image.width == WIDTH * DPI
    assert image.getpixel((1, 1)) == (255, 255, 255)
    assert (tmp_path / "figure.png").stat().st_size < 250_000


@pytest.mark.parametrize("chip", [1, 2, 3, 4])
def test_colours_of_chips_survive_the_palette(chip, tmp_path):
    figure = residual_scatter(fit(), title="t", rms=None)
    figure.patch.set_facecolor(chip_style(chip).colour)
    pixel = saved(figure, tmp_path).getpixel((1, 1))
    expected = [round(255 * part) for part in to_rgba(chip_style(chip).colour)[:3]]
    assert pixel == pytest.approx(expected, abs=4)


def test_drawing_leaves_matplotlib_as_it_was():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    residual_scatter(fit(), title="t", rms=RMS)
    assert dict(mpl.rcParams) == before


# Residuals


def test_residuals_are_drawn_against_x_and_y_by_chip():
    sources = fit()
    panels = residual_scatter(sources, title="u5jx010hr FLT", rms=RMS).axes

    assert [panel.get_xlabel()[:1] for panel in panels[2:]] == ["x", "y"]
    assert [panels[0].get_ylabel(), panels[2].get_ylabel()] == ["dx (pix)", "dy (pix)"]
    for number, panel in enumerate(panels):
        row, column = divmod(number, 2)
        drawn = {line.get_label(): line.get_xydata() for line in panel.lines if "(" in str(line.get_label())}
        assert set(drawn) == {"WF2 (30)", "WF3 (30)", "WF4 (30)"}
        on_wf3 = sources.chips == 3
        expected = np.column_stack([sources.positions[on_wf3, column], sources.residuals[on_wf3, row]])
        np.testing.assert_array_equal(drawn["WF3 (30)"], expected)


def test_the_bound_and_the_rms_that_was_judged_are_written():
    sources = fit()
    figure = residual_scatter(sources, title="u5jx010hr FLT", rms=RMS)

    for panel in figure.axes:
        assert {-0.2, 0.2} <= {line.get_ydata()[0] for line in panel.lines if len(line.get_ydata()) == 2}
        assert panel.get_ylim()[1] > 0.2
    assert "Fit RMS, the larger of x and y: 0.12 pix = 5.5 mas" in texts(figure)
    assert "± 0.2 pix: largest accepted RMS" in texts(figure)


def test_residuals_that_were_not_judged_have_neither_rms_nor_bound():
    figure = residual_scatter(fit(), title="u5jx010hr FLT", rms=None)
    assert "RMS" not in written(figure)
    assert not any(set(line.get_ydata()) == {0.2} for panel in figure.axes for line in panel.lines)


def test_means_show_a_slope():
    tilted = fit(200, scatter=0.02)
    tilted.residuals[:, 0] += 1e-4 * tilted.positions[:, 0]
    panels = residual_scatter(tilted, title="t", rms=RMS).axes
    means = [line.get_ydata() for line in panels[0].lines if len(line.get_ydata()) == 7]
    assert np.all(np.diff(means[0]) > 0)


@pytest.mark.parametrize("sources", [0, 1, 2])
def test_few_sources_are_drawn(sources, tmp_path):
    few = fit(sources)
    vectors = residual_vectors(few, [footprint(4, 0, 0, 900)], [], title="t", matrix=FRAME.matrix)
    scatter = residual_scatter(few, title="t", rms=None)

    assert ("no sources" in texts(scatter)) == ("no sources" in texts(vectors)) == (sources == 0)
    assert is_drawn(scatter, tmp_path)
    assert is_drawn(vectors, tmp_path)


def test_sources_that_are_no_numbers_are_left_out():
    sources = fit(30)
    sources.residuals[3] = NAN
    sources.positions[4] = np.inf
    assert "WF2 (10)" not in written(residual_scatter(sources, title="t", rms=None))
    assert len(sources.finite().residuals) == 28


def test_vectors_lie_within_the_frame_with_its_chips_and_a_scale(tmp_path):
    sources = fit()
    chips = [footprint(2, 0, 1700, 1600), footprint(3, 0, 0, 1600), footprint(4, 1700, 0, 1600)]
    others = [footprint(2, 1700, 0, 1600, exposure="u5jx0108r")]
    figure = residual_vectors(sources, chips, others, title="u5jx010hr FLT", matrix=FRAME.matrix)

    (arrows,) = figure.findobj(Quiver)
    np.testing.assert_allclose(np.column_stack([arrows.U, arrows.V]), sources.residuals)
    np.testing.assert_allclose(arrows.XY, sources.positions)
    left, right = figure.axes[0].get_xlim()
    assert left < sources.positions[:, 0].min() < sources.positions[:, 0].max() < right
    assert {"WF2: 30 sources", "N", "E"} <= set(texts(figure))
    assert any("pix = " in text and "mas" in text for text in texts(figure))
    assert is_drawn(figure, tmp_path)


def test_the_scale_of_vectors_follows_the_residuals():
    def key(scatter):
        figure = residual_vectors(fit(scatter=scatter), [], [], title="t", matrix=FRAME.matrix)
        return next(float(text.split()[0]) for text in texts(figure) if "pix = " in text)

    assert key(1.0) == pytest.approx(10 * key(0.1))


# Ratios


FACTORS = {("u5jx010hr", 2): 0.9874, ("u5jx010hr", 4): 1.0197}


def two_chips() -> tuple[Images, Images, list[Footprint]]:
    """A C0M image of two chips that do not touch, and its FLT."""
    weight = np.zeros((300, 320))
    weight[10:290, 10:150] = weight[10:290, 170:310] = 16.0
    c0m = sky()
    flt = c0m * np.where(np.arange(320) < 160, 0.9874, 1.0197)
    chips = [footprint(2, 10, 10, 139), footprint(4, 170, 10, 139)]
    return Images(flt, weight), Images(c0m, weight), chips


def test_ratios_are_shown_from_0_97_to_1_03_with_expected_factors_and_what_was_judged(tmp_path):
    ratio = ratio_map("u5jx010hr", *two_chips())
    deviations = {("u5jx010hr", 2): shown("PHT-003", 2e-5)}
    figure = ratio_maps([ratio], FACTORS, deviations)

    (image,) = figure.axes[0].images
    assert image.get_clim() == pytest.approx((0.97, 1.03))
    assert {"WF2\n(0.9874)\noff by 2e-05", "WF4\n(1.0197)"} <= set(texts(figure))
    assert "FLT / C0M" in figure.axes[1].get_xlabel()
    assert is_drawn(figure, tmp_path)


def test_pixels_that_were_not_multiplied_show():
    flt, c0m, chips = two_chips()
    figure = ratio_maps([ratio_map("u5jx010hr", c0m, Images(c0m.science, flt.weight), chips)], FACTORS)
    drawn = np.asarray(figure.axes[0].images[0].get_array())
    np.testing.assert_allclose(drawn[np.isfinite(drawn)], 1.0, rtol=1e-6)
    assert "WF2\n(0.9874)" in texts(figure)


def test_factors_beyond_the_usual_widen_the_range():
    figure = ratio_maps([ratio_map("u", *two_chips())], {("u5jx010hr", 2): 0.9, ("u5jx010hr", 4): NAN})
    assert figure.axes[0].images[0].get_clim() == pytest.approx((0.88, 1.12))


def test_images_on_two_grids_have_no_ratio():
    flt, c0m, chips = two_chips()
    assert ratio_map("u", flt, Images(c0m.science[1:], c0m.weight[1:]), chips) is None


def test_empty_and_not_finite_images_have_a_blank_map(tmp_path):
    flt, c0m, chips = two_chips()
    blank = Images(np.full_like(flt.science, NAN), flt.weight)
    uncovered = Images(c0m.science, np.zeros_like(c0m.weight))
    figure = ratio_maps([ratio_map("a", blank, c0m, chips), ratio_map("b", flt, uncovered, chips)], FACTORS)

    assert written(figure).count("no pixels in both images") == 2
    assert is_drawn(figure, tmp_path)


def test_the_expected_factor_of_an_overlap_is_the_weighted_harmonic_mean():
    chips = [footprint(2, 0, 0, 9, weight=1.0), footprint(4, 0, 0, 9, weight=3.0)]
    assert expected_factor(chips, FACTORS) == pytest.approx(4 / (1 / 0.9874 + 3 / 1.0197))
    assert expected_factor(chips[:1], FACTORS) == pytest.approx(0.9874)
    assert np.isnan(expected_factor(chips, {}))
    assert np.isnan(expected_factor([footprint(2, 0, 0, 9, weight=0.0)], FACTORS))


def test_a_label_that_has_no_room_stands_beside_its_chip():
    weight = np.full((600, 600), 16.0)
    weight[300:, 300:] = 0
    weight[300:390, 300:390] = 76.6
    chips = [footprint(3, 0, 0, 299), footprint(1, 300, 300, 90)]

    def position(maps):
        ratio = shown("PHT-007", 0.9991)
        figure = weight_maps([weight_map("u", weight, chips, ratio)] * maps, planetary="PC1", expected=4.79)
        label = next(text for text in figure.findobj(Text) if text.get_text().startswith("PC1"))
        return min(label.get_position())

    assert 300 < position(maps=1) < 390
    assert position(maps=2) > 390


# Drizzled images


def test_drizzled_images_have_compass_scale_bar_and_units(tmp_path):
    weight = np.full((300, 320), 16.0)
    weight[200:, 200:] = 0
    chips = [footprint(2, 20, 30, 100), footprint(3, -5000, 0, 100)]
    figure = drizzled_pair(sky(), weight, FRAME, footprints=chips)
    for panel in figure.axes[::2]:
        outlines = {tuple(line.get_xydata()[0]) for line in panel.lines}
        assert outlines >= {(20, 30), (-5000, 0)}
        assert panel.get_xlim() == (-0.5, sky().shape[1] - 0.5), "the image is not made small"
    science, science_bar, weights, weight_bar = figure.axes
    assert [axes.get_title(loc="left") for axes in (science, weights)] == ["SCI", "WHT"]
    assert {"N", "E", "5″"} <= set(texts(figure))
    assert "counts / s" in science_bar.get_xlabel()
    assert "weight" in weight_bar.get_xlabel()
    north = next(text for text in figure.findobj(Text) if text.get_text() == "N")
    east = next(text for text in figure.findobj(Text) if text.get_text() == "E")
    assert north.get_position()[1] > east.get_position()[1]
    assert north.get_position()[0] > east.get_position()[0] > 200
    assert is_drawn(figure, tmp_path)


def test_weights_show_the_ratio_of_the_planetary_camera_that_was_judged():
    weight = np.zeros((600, 600))
    weight[:, :290] = 16.0
    weight[:300, 300:] = 76.6
    chips = [footprint(2, 0, 300, 289), footprint(3, 0, 0, 289), footprint(1, 300, 0, 289)]
    made = weight_map("u5jx010hr", weight, chips, shown("PHT-007", 0.9991))
    figure = weight_maps([made], planetary="PC1", expected=4.7918)

    assert {"WF2", "PC1 / WF:\n0.9991\n× 4.79"} <= set(texts(figure))
    assert figure.axes[0].images[0].get_clim()[1] == pytest.approx(76.6, rel=0.05)


@pytest.mark.parametrize("value", [NAN, 0.0])
def test_images_of_nothing_are_drawn(value, tmp_path):
    nothing = np.full((50, 60), value)
    star = [MarkedStar(1, 20, 20)]
    for figure in (
        drizzled_pair(nothing, nothing, FRAME),
        weight_maps([weight_map("u", nothing, [footprint(1, 0, 0, 40)])], planetary="PC1", expected=4.8),
        overlap_zoom([Images(nothing, nothing)] * 2, ("C0M", "FLT"), Window(0, 40, 0, 40), star, annulus=15),
    ):
        assert is_drawn(figure, tmp_path)
        assert "no pixels with weight" in texts(figure)


def test_the_zoom_shows_both_images_alike_with_numbered_circles(tmp_path):
    c0m = Images(sky(), np.ones((300, 320)))
    flt = Images(sky() * 1.01, np.ones((300, 320)))
    stars = [MarkedStar(1, 151.0, 101.0), MarkedStar(2, 219.0, 60.0)]
    figure = overlap_zoom([c0m, flt], ("C0M", "FLT"), Window(100, 220, 50, 170), stars, annulus=15.0)

    first, second = figure.axes[:2]
    assert first.images[0].get_clim() == second.images[0].get_clim()
    for axes in (first, second):
        circles = [patch for patch in axes.patches if isinstance(patch, Circle)]
        assert [circle.center for circle in circles] == [(151.0, 101.0), (219.0, 60.0)]
        assert {circle.radius for circle in circles} == {15.0}
        assert axes.get_xlim() == (99.5, 219.5)
    assert texts(figure).count("2") == 2
    assert is_drawn(figure, tmp_path)


def test_pixels_without_weight_are_blank_in_the_zoom():
    weight = np.ones((300, 320))
    weight[:, 200:] = 0
    images = [Images(sky(), weight)] * 2
    figure = overlap_zoom(images, ("C0M", "FLT"), Window(180, 220, 0, 40), [], annulus=15.0)
    shown = np.ma.filled(figure.axes[0].images[0].get_array(), NAN)
    assert np.isfinite(shown[:, :20]).all()
    assert np.isnan(shown[:, 20:]).all()


# Stars


ACCEPTED = Bounds(at_least=-0.005, at_most=0.005)
CONSERVED = Bounds(at_least=0.99, at_most=1.01)


def ratios(number: int = 3) -> list[FluxRatio]:
    departure = shown("PHT-004", 0.0001, bounds=ACCEPTED)
    return [FluxRatio(f"star {star}", 1.0033, departure) for star in range(1, number + 1)]


def fluxes() -> list[ChipFluxes]:
    return [
        ChipFluxes(2, "WF2", [1.001, 1.003], shown("PHT-006", 1.002, bounds=CONSERVED)),
        ChipFluxes(3, "WF3", [0.97, 0.974], shown("PHT-006", 0.972, bounds=CONSERVED)),
    ]


def pair() -> RatePair:
    return RatePair("star 1: WF2 / WF4", (4.99, 0.02), (5.0, 0.02), shown("PHT-005", 0.123))


def test_stars_on_two_chips_have_a_panel_where_there_are_any(tmp_path):
    with_pairs = star_photometry(ratios(), [pair()], fluxes(), sigmas=3.0)
    without = star_photometry(ratios(), [], fluxes(), sigmas=3.0)

    assert (len(with_pairs.axes), len(without.axes)) == (3, 2)
    assert "1 ± 0.02" in with_pairs.axes[1].get_title(loc="left")
    assert "star 1: WF2 / WF4\n0.123" in written(with_pairs)
    bars = [container[2][0] for container in with_pairs.axes[1].containers if container[2:]]
    ends = [bar.get_segments()[0][:, 1] for bar in bars]
    np.testing.assert_allclose(ends, [(0.986, 1.01), (0.988, 1.012)])
    assert saved(with_pairs, tmp_path).height > saved(without, tmp_path).height


def test_bands_are_the_accepted_ranges_about_each_star_s_expectation():
    panel = star_photometry(ratios(), [], fluxes(), sigmas=3.0).axes[0]
    bands = [(patch.get_y(), patch.get_y() + patch.get_height()) for patch in panel.patches]
    assert bands == [(pytest.approx(0.9983), pytest.approx(1.0083))] * 3
    assert panel.get_ylim()[0] < 0.9983
    assert panel.get_ylim()[1] > 1.0083
    assert "expected ± 0.005" in panel.get_title(loc="left")
    points = [line.get_ydata()[0] for line in panel.lines if line.get_marker() == "o"]
    assert points == [pytest.approx(1.0034)] * 3


def test_stars_that_were_not_judged_have_neither_number_nor_band():
    unjudged = [FluxRatio("star 1", 1.0033)]
    pairs = [pair()._replace(agreement=None)]
    chips = [ChipFluxes(2, "WF2", [1.001, 1.003])]
    figure = star_photometry(unjudged, pairs, chips, sigmas=3.0)
    assert not any(panel.patches for panel in figure.axes)
    assert "green" not in written(figure)
    labels = [label.get_text() for panel in figure.axes for label in panel.get_xticklabels()]
    assert labels == ["star 1", "star 1: WF2 / WF4", "WF2"]


def test_a_one_sided_or_uneven_range_is_drawn_and_named():
    uneven = [ChipFluxes(2, "WF2", [1.0], shown("PHT-006", 1.0, bounds=Bounds(above=0.98)))]
    panel = star_photometry([], [], uneven, sigmas=3.0).axes[1]
    (band,) = panel.patches
    assert band.get_y() == pytest.approx(0.98)
    assert band.get_y() + band.get_height() == pytest.approx(panel.get_ylim()[1])
    assert "> 0.98" in panel.get_title(loc="left")


def test_what_lies_outside_stands_out():
    panel = star_photometry(ratios(), [], fluxes(), sigmas=3.0).axes[-1]
    colours = {label.get_text(): label.get_color() for label in panel.get_xticklabels()}
    assert colours == {"WF2\n1.002": INK, "WF3\n0.972": ACCENT}


def test_many_stars_keep_their_labels_apart():
    labels = [
        label.get_text()
        for label in star_photometry(ratios(40), [], fluxes(), sigmas=3.0).axes[0].get_xticklabels()
    ]
    assert len(labels) == 40
    assert [label for label in labels if label] == [f"star {star}" for star in range(1, 41, 4)]


def test_photometry_of_nothing_is_drawn(tmp_path):
    bad = [FluxRatio("star 1", NAN, shown("PHT-004", None, bounds=ACCEPTED))]
    pairs = [RatePair("a", (NAN, NAN), (0.0, 0.0))]
    not_numbers = star_photometry(bad, pairs, [], sigmas=3.0)
    assert "star 1\nnot measured" in texts(not_numbers)
    assert is_drawn(not_numbers, tmp_path)
    empty = star_photometry([], [], [], sigmas=3.0)
    assert texts(empty).count("no stars") == 2
    assert is_drawn(empty, tmp_path)
