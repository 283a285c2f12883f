"""Drawings of the SBC's dark rate: what they hold, and that little or nothing to draw is drawn too."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from hubble_qa.checks.bounds import Bounds
from hubble_qa.fixtures.reduction.dark_rate.apertures import Ellipse
from hubble_qa.reports.figures.figure_data import Plot
from hubble_qa.reports.figures.sbc_frames import Frame
from hubble_qa.reports.figures.sbc_images import ApertureRates, dark_budget, science_and_dark
from hubble_qa.reports.figures.sbc_rates import dark_rate_points, dark_rates, temperature_course
from hubble_qa.reports.figures.sky_marks import SkyFrame
from hubble_qa.reports.figures.style import save
from tests.dark_rate_samples import BOXES, DARKS, TEMPERATURES

ACCEPTED = Bounds(above=0.0, at_most=0.15)
SKY = SkyFrame(np.array([[-1.0, 0.0], [0.0, 1.0]]) * 0.025 / 3600, 0.025)
ELLIPSES = {
    "target": Ellipse(x=150.0, y=140.0, a=14.0, b=8.0, angle=90.0),
    "blank": Ellipse(x=40.0, y=40.0, a=14.0, b=8.0, angle=90.0),
}
BOX = np.array([(150.0, 170.0), (210.0, 175.0), (210.0, 230.0), (150.0, 225.0)])


def darks() -> list[Frame]:
    chosen = {"jcrx01iqq": ("jcmc11ctq",), "jcrx01iyq": ("jcmc11e6q",)}
    return [
        Frame(
            name,
            "dark",
            "BLOCK1",
            57084.09 + 0.0117 * number,
            1000.0,
            begin,
            end,
            begin + end > 50.0,
            float(counts),
            math.sqrt(counts),
            chosen.get(name, ()),
        )
        for number, (name, (begin, end, counts)) in enumerate(DARKS.items())
    ]


def exposures() -> list[Frame]:
    return [
        Frame(name, "science", "F165LP", 57125.4 + 0.01 * number, 960.0, mean - 0.4, mean + 0.4, mean > 25.0,
              BOXES.get(name, math.nan), math.sqrt(BOXES.get(name, math.nan)))
        for number, (name, mean) in enumerate(TEMPERATURES.items())
    ]  # fmt: skip


def rates(science: float = 2.886, dark: float = 0.322) -> list[ApertureRates]:
    return [
        ApertureRates(
            name,
            ellipse,
            (part * science, 0.05),
            (part * dark, 0.016),
            (part * (science - dark), 0.052),
            0.01,
        )
        for (name, ellipse), part in zip(ELLIPSES.items(), (1.0, 0.03), strict=True)
    ]


def words(figure: Figure) -> str:
    return " | ".join(text.get_text() for text in figure.findobj(Text) if text.get_text())


def is_drawn(figure: Figure, directory) -> bool:
    path = directory / "figure.png"
    save(figure, path)
    return path.stat().st_size > 2000


def test_exposures_are_named_and_the_limit_is_drawn(tmp_path):
    figure = temperature_course([*exposures(), *darks()], 25.0)
    assert "e6q F165LP" in words(figure)
    assert "25 °C" in words(figure)
    assert [any(line.get_ydata()[0] == 25.0 for line in axes.lines) for axes in figure.axes] == [True, True]
    assert is_drawn(figure, tmp_path)


def test_no_dark_frames_are_said_to_be_none(tmp_path):
    figure = temperature_course(exposures(), 25.0)
    assert "none" in words(figure)
    assert is_drawn(figure, tmp_path)


def test_chosen_darks_and_exposures_are_named(tmp_path):
    counted = [frame for frame in [*exposures(), *darks()] if math.isfinite(frame.rate)]
    figure = dark_rates(counted, 25.0)
    assert all(name in words(figure) for name in ("jcrx01iqq", "jcrx01iyq", "jcmc11ctq", "jcmc11e6q"))
    assert "jcrx01j2q" not in words(figure)
    assert is_drawn(figure, tmp_path)


@pytest.mark.parametrize("level", [0.0, 1e-4, math.nan])
def test_images_are_drawn_with_apertures_and_box(tmp_path, level):
    science = np.random.default_rng(5).poisson(0.02, (270, 280)) * level
    weight = np.ones(science.shape)
    weight[:40, 200:] = 0.0
    figure = science_and_dark([(science, weight), (science, weight)], list(ELLIPSES.values()), BOX, SKY)
    panels = figure.axes[:2]
    assert [len(axes.lines) >= 2 and len(axes.patches) == 1 for axes in panels] == [True, True]
    assert "master dark" in words(figure)
    assert is_drawn(figure, tmp_path)


def test_fraction_and_rates_are_written(tmp_path):
    figure = dark_budget(rates(), ACCEPTED)
    assert "2.886\n± 0.050" in words(figure)
    assert "0.112\n± " in words(figure)
    assert is_drawn(figure, tmp_path)


def test_no_light_has_no_fraction(tmp_path):
    figure = dark_budget(rates(science=0.0), ACCEPTED)
    assert "nan" in words(figure)
    assert is_drawn(figure, tmp_path)


def test_frames_to_be_asked_have_names_errors_and_rings():
    plot = dark_rate_points([*darks(), *(each for each in exposures() if each.name in BOXES)], 25.0)
    assert len(plot.names) == 22
    ringed = [name for name, group in zip(plot.names, plot.group, strict=True) if plot.groups[group].ringed]
    assert ringed == ["jcrx01iqq for jcmc11ctq", "jcrx01iyq for jcmc11e6q"]
    assert plot.columns[plot.axes["rate"].error].values[0] == pytest.approx(math.sqrt(300.0))


def test_names_and_errors_that_do_not_fit_are_refused():
    table = dark_rate_points(darks(), 25.0).model_dump()
    with pytest.raises(ValueError, match="some points have a name and some have none"):
        Plot.model_validate(table | {"names": ["jcrx01iiq"]})
    table["axes"]["rate"]["error"] = "sigma"
    with pytest.raises(ValueError, match="'sigma' are errors, but no column"):
        Plot.model_validate(table)
