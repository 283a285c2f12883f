"""Figures of infrared backgrounds show what they are given, and mark what is out of bounds."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from hubble_qa.checks.detectors.read_rates import ReadRates
from hubble_qa.reports.figures.ir_histograms import combined_histogram, exposure_histograms, two_sections
from hubble_qa.reports.figures.ir_reads import draw_read_rates
from hubble_qa.reports.figures.style import ACCENT, INK
from tests.background_samples import RATE, TIMES, sky

RISING = ReadRates(time=TIMES, rate=tuple(np.linspace(RATE, 1.5, len(TIMES))))
STEADY = ReadRates(time=TIMES, rate=(RATE,) * len(TIMES))


def test_rates_of_reads_are_drawn_and_judged():
    figure = draw_read_rates({"a": STEADY, "b": RISING, "c": STEADY, "d": STEADY}, {"a": 2.0, "b": 2.0})
    titles = [axes.get_title() or axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:2] == ["a: 1.00", "b: 2.62, OMIT"]
    for axes, rates, colour in zip(figure.axes, (STEADY, RISING), (INK, ACCENT), strict=False):
        late = next(line for line in axes.lines if len(line.get_xdata()) == len(TIMES) - 1)
        assert late.get_ydata() == pytest.approx(rates.rate[1:])
        assert to_hex(late.get_color()) == colour
    # The band of what is accepted is drawn where there is a bound.
    assert [len(axes.patches) for axes in figure.axes] == [1, 1, 0, 0]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_histograms_stand_side_by_side_on_one_scale():
    before, after = sky(0.56, 0.05).astype(np.float32), sky(0.5).astype(np.float32)
    figure = exposure_histograms({"a": (before, after), "b": (after, after)}, {"a": 0.5, "b": 0.49})
    assert len(figure.axes) == 4
    assert [axes.lines[0].get_xdata()[0] for axes in figure.axes] == [0.5, 0.5, 0.49, 0.49]
    for left, right in (figure.axes[:2], figure.axes[2:]):
        assert left.get_xlim() == right.get_xlim()
    counts, edges, _ = figure.axes[1].patches[0].get_data()
    assert edges[np.argmax(counts)] == pytest.approx(0.5, abs=0.02)


def test_combined_images_are_compared():
    images = {"original": sky(0.0, 0.02), "reprocessed": sky(0.0, 0.012)}
    labels = [text.get_text() for text in combined_histogram(images).axes[0].get_legend().get_texts()]
    assert labels[0].startswith("original, ± 0.02")
    assert labels[1].startswith("reprocessed, ± 0.012")
    images["original"][:5] = np.nan
    sections = two_sections({name: image.astype(np.float32) for name, image in images.items()})
    shown = [axes.images[0] for axes in sections.axes if axes.images]
    assert [np.diff(image.get_clim())[0] for image in shown[:2]] == pytest.approx([0.16, 0.16], rel=0.05)
