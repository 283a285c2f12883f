"""Figures of infrared backgrounds show what they are given, mark what is out of bounds, and judge nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from matplotlib.colors import to_hex

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.detectors.background import background_level, background_rate_ratio
from hubble_qa.checks.detectors.read_rates import ReadRates
from hubble_qa.fixtures.plans.dataset import load_dataset
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows import load_workflow
from hubble_qa.reports.drawings.drawing import drawings
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.ir_background import (
    BackgroundFigureSettings,
    CombinationFigureSettings,
    draw_background_histograms,
    draw_background_images,
    draw_combination,
    draw_reads,
)
from hubble_qa.reports.figures.ir_histograms import (
    combined_figures,
    combined_histogram,
    exposure_histograms,
    histogram_figures,
    two_sections,
)
from hubble_qa.reports.figures.ir_images import background_images, image_figures, middle, section_pairs
from hubble_qa.reports.figures.ir_reads import draw_read_rates, read_figures
from hubble_qa.reports.figures.style import ACCENT, BAND, INK
from hubble_qa.reports.figures.verdicts import Verdicts
from tests.background_samples import DARK, RATE, READ_NOISE, SHAPE, TIME, TIMES, sky
from tests.shown_verdicts import assert_numbers_in_captions, handed, shown, words

DATASET = Path(__file__).parents[1] / "qa" / "datasets" / "ir-ibohbf040.toml"
ASSOCIATION, EXPOSURES = "ibohbf040", ("ibohbfb7q", "ibohbfb9q")
RISING = ReadRates(time=TIMES, rate=tuple(np.linspace(RATE, 1.5, len(TIMES))))
STEADY = ReadRates(time=TIMES, rate=(RATE,) * len(TIMES))
OF_FLTS = ("TVB-002", "TVB-003", "CAL-006")
VERDICTS = handed(
    {
        "TVB-001": [f"{name}_ima" for name in EXPOSURES],
        **{criterion: [f"{name}_flt" for name in EXPOSURES] for criterion in OF_FLTS},
        "TVB-004": [ASSOCIATION],
        "TVB-005": [ASSOCIATION],
    }
)


def write_flt(path: Path, image: np.ndarray) -> None:
    primary = fits.PrimaryHDU()
    primary.header["EXPTIME"] = TIME
    for amplifier in "ABCD":
        primary.header[f"ATODGN{amplifier}"], primary.header[f"READNSE{amplifier}"] = 2.35, READ_NOISE
    science = fits.ImageHDU(image.astype(np.float32), fits.Header({"MEANDARK": DARK}), name="SCI")
    quality = fits.ImageHDU(np.zeros(image.shape, np.int16), name="DQ")
    fits.HDUList([primary, science, quality]).writeto(path)


def write_ima(path: Path, rates: ReadRates) -> None:
    """Reads in reverse order of time, the zeroth last, with reference pixels about them."""
    hdus = [fits.PrimaryHDU()]
    reads = [*zip(rates.time, rates.rate, strict=True)][::-1]
    for version, (time, rate) in enumerate([*reads, (0.0, 0.0)], start=1):
        header = fits.Header({"SAMPTIME": time, "BUNIT": "ELECTRONS/S"})
        pixels = np.pad(np.full(SHAPE, rate, np.float32), 5)
        hdus.append(fits.ImageHDU(pixels, header, name="SCI", ver=version))
    fits.HDUList(hdus).writeto(path)


@pytest.fixture(scope="module")
def products(new_directory) -> Inputs:
    """Two exposures, one of them with a background that rises, and what they were combined to."""
    paths = {name: new_directory(name) for name in ("fetched", "archived", "calibrated", "drizzled")}
    for name, rates in zip(EXPOSURES, (STEADY, RISING), strict=True):
        write_flt(paths["fetched"] / f"{name}_flt.fits", sky(1.1 * rates.rate[-1]))
        write_flt(paths["calibrated"] / f"{name}_flt.fits", sky(rates.rate[-1]))
        write_ima(paths["fetched"] / f"{name}_ima.fits", rates)
    old, new, weight = sky(0.0, 0.02), sky(0.0, 0.012), np.ones(SHAPE)
    images = [fits.ImageHDU(plane, name=name) for plane, name in ((old, "SCI"), (weight, "WHT"))]
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(paths["archived"] / f"{ASSOCIATION}_drz.fits")
    for kind, plane in (("sci", new), ("wht", weight)):
        fits.PrimaryHDU(plane).writeto(paths["drizzled"] / f"{ASSOCIATION}_drz_{kind}.fits")
    return Inputs(paths)


def all_figures(products: Inputs, verdicts: Verdicts) -> list[Illustration]:
    return [
        *read_figures(products, EXPOSURES, verdicts),
        *image_figures(products, EXPOSURES, verdicts),
        *histogram_figures(products, EXPOSURES, verdicts),
        *combined_figures(products, ASSOCIATION, ASSOCIATION, verdicts),
    ]


def title(axes) -> str:
    return axes.get_title() or axes.get_title(loc="left")


def tints(axes) -> int:
    return sum(to_hex(patch.get_facecolor()) == BAND for patch in axes.patches)


def test_rates_of_reads_are_drawn_and_marked_by_their_verdicts():
    rates = {"a": STEADY, "b": RISING, "c": STEADY, "d": STEADY}
    figure = draw_read_rates(rates, {"a": shown("TVB-001", 1.07), "b": shown("TVB-001", 2.62)})
    assert [title(axes) for axes in figure.axes] == ["a: 1.07", "b: 2.62, OMIT", "c", "d"]
    for axes, each, colour in zip(figure.axes, (STEADY, RISING), (INK, ACCENT), strict=False):
        late = next(line for line in axes.lines if len(line.get_xdata()) == len(TIMES) - 1)
        assert late.get_ydata() == pytest.approx(each.rate[1:])
        assert to_hex(late.get_color()) == colour
        # From the smallest rate to as many times that as are accepted.
        edge = next(line for line in axes.lines if len(line.get_xdata()) == 2)
        assert edge.get_ydata()[0] == pytest.approx(2.0 * min(each.rate[1:]))
    # The band of what is accepted is drawn where there is a bound.
    assert [tints(axes) for axes in figure.axes] == [1, 1, 0, 0]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_reads_that_are_all_early_are_drawn():
    early = ReadRates(time=(2.9, 5.8), rate=(0.5, 0.6))
    assert draw_read_rates({"a": early}, {"a": shown("TVB-001", None)}).axes


def test_histograms_stand_side_by_side_on_one_scale():
    before, after = sky(0.56, 0.05).astype(np.float32), sky(0.5).astype(np.float32)
    figure = exposure_histograms(
        {"a": (before, after), "b": (after, after)},
        {"a": 0.5, "b": 0.49},
        {"a": Bounds(at_least=-0.05, at_most=0.05)},
    )
    assert len(figure.axes) == 4
    assert [axes.lines[0].get_xdata()[0] for axes in figure.axes] == [0.5, 0.5, 0.49, 0.49]
    for left, right in (figure.axes[:2], figure.axes[2:]):
        assert left.get_xlim() == right.get_xlim()
    counts, edges, _ = figure.axes[1].patches[0].get_data()
    assert edges[np.argmax(counts)] == pytest.approx(0.5, abs=0.02)
    # What is accepted of a reprocessed exposure, where that is known.
    assert [tints(axes) for axes in figure.axes] == [0, 1, 0, 0]
    band = next(patch for patch in figure.axes[1].patches if to_hex(patch.get_facecolor()) == BAND)
    assert [band.get_x(), band.get_x() + band.get_width()] == pytest.approx([0.475, 0.525])


def test_histograms_count_pixels_along_their_axis():
    pixels = sky(0.5).astype(np.float32)
    first, second = exposure_histograms({"a": (pixels, pixels)}, {}, {}).axes
    assert (first.get_ylabel(), second.get_ylabel()) == ("pixels (10³)", "")
    images = {"original": sky(0.0, 0.02), "reprocessed": sky(0.0, 0.012)}
    (combined,) = combined_histogram(images, None).axes
    assert combined.get_ylabel() == "pixels (10³)"
    counts = second.patches[0].get_data()[0]
    tick = second.yaxis.get_major_formatter()(2000.0, None)
    assert (tick, counts.max() < second.get_ylim()[1]) == ("2", True)


def test_whole_images_are_about_their_own_background_with_one_length_of_the_stretch():
    figure = background_images({"a": sky(0.5, 0.03), "b: change 2.6": sky(1.5, 0.06)})
    left, right = figure.axes[::2]
    assert [axes.get_title(loc="left") for axes in (left, right)] == ["a", "b: change 2.6"]
    limits = [axes.images[0].get_clim() for axes in (left, right)]
    assert [np.diff(each)[0] for each in limits] == pytest.approx([14 * 0.06] * 2, rel=0.05)
    levels = [low + 4 * 0.06 for low, _ in limits]
    assert levels == pytest.approx([0.5, 1.5], abs=0.02)
    assert left.images[0].get_extent() == [-0.5, SHAPE[1] - 0.5, -0.5, SHAPE[0] - 0.5]
    assert (left.get_xlabel(), left.get_ylabel(), right.get_ylabel()) == ("x (pix)", "y (pix)", "")


def test_a_section_is_the_same_before_and_after():
    before, after = sky(1.6, 0.06).astype(np.float32), sky(1.5, 0.03).astype(np.float32)
    figure = section_pairs({"a": (before, after)})
    window = middle(SHAPE)
    assert (window.right - window.left, window.top - window.bottom) == (min(200, *SHAPE),) * 2
    for axes, image, title in zip(
        figure.axes[::2], (before, after), ("original", "reprocessed"), strict=False
    ):
        np.testing.assert_array_equal(axes.images[0].get_array(), image[window.slices])
        assert axes.get_title(loc="left") == f"a {title}"
    assert len({axes.images[0].get_clim() for axes in figure.axes[::2]}) == 1


def test_sections_are_of_exposures_whose_background_varied(products):
    verdicts = Verdicts(
        shown={
            "TVB-001": {
                f"{EXPOSURES[0]}_ima": shown("TVB-001", 1.02),
                f"{EXPOSURES[1]}_ima": shown("TVB-001", 2.6),
            },
            "TVB-002": {f"{EXPOSURES[1]}_flt": shown("TVB-002", 1.034)},
        }
    )
    whole, sections = image_figures(products, EXPOSURES, verdicts)
    titles = [title(axes) for axes in whole.drawing.axes[::2]]
    assert titles == [f"{EXPOSURES[0]}: change 1.02", f"{EXPOSURES[1]}: change 2.6"]
    assert sections.subject == f"{EXPOSURES[1]}_flt"
    assert "1.034" in sections.caption


def test_combined_images_are_compared():
    images = {"original": sky(0.0, 0.02), "reprocessed": sky(0.0, 0.012)}
    (axes,) = combined_histogram(images, shown("TVB-004")).axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[0].startswith("original, ± 0.02")
    assert labels[1].startswith("reprocessed, ± 0.012")
    assert title(axes) == "width reprocessed / original: 12.345"
    assert (tints(axes), tints(combined_histogram(images, None).axes[0])) == (1, 0)
    images["original"][:5] = np.nan
    sections = two_sections({name: image.astype(np.float32) for name, image in images.items()})
    shown_images = [axes.images[0] for axes in sections.axes if axes.images]
    assert [np.diff(image.get_clim())[0] for image in shown_images[:2]] == pytest.approx(
        [0.16, 0.16], rel=0.05
    )


def test_numbers_are_the_verdicts_and_no_others(products):
    drawn = all_figures(products, VERDICTS)
    assert_numbers_in_captions(drawn, VERDICTS)
    (ratio,) = (each for each in drawn if each.figure == "read-rates")
    titles = [title(axes) for axes in ratio.drawing.axes]
    assert titles == [f"{EXPOSURES[0]}: 12.345, OMIT", f"{EXPOSURES[1]}: 13.345, OMIT"]
    steady, rising = (
        background_rate_ratio(each.time, each.rate, subject="").value for each in (STEADY, RISING)
    )
    widths = [background_level(sky(0.0, width)).width for width in (0.02, 0.012)]
    measured = [f"{steady:.2f}", f"{rising:.2f}", f"{widths[1] / widths[0]:.2f}"]
    assert [number for number in measured if f" {number}" in words(drawn)] == []


def test_without_verdicts_there_are_drawings_without_numbers_and_bounds(products):
    drawn = all_figures(products, Verdicts())
    assert len(drawn) == 5
    assert "accepted:" not in words(drawn)
    assert [title(axes) for axes in drawn[0].drawing.axes] == [*EXPOSURES]
    assert sum(tints(axes) for each in drawn for axes in each.drawing.axes) == 0


def test_the_rate_that_the_last_read_tells_is_marked(products):
    (histograms,) = histogram_figures(products, EXPOSURES, VERDICTS)
    marks = [axes.lines[0].get_xdata()[0] for axes in histograms.drawing.axes]
    assert marks == pytest.approx([RATE, RATE, 1.5, 1.5])


def test_figures_of_one_subject_name_it(products, tmp_path):
    exposures = BackgroundFigureSettings(exposures=EXPOSURES[:1])
    combined = CombinationFigureSettings(association=ASSOCIATION, root=ASSOCIATION)
    drawn = {
        draw_reads: (exposures, [f"{EXPOSURES[0]}_ima"]),
        draw_background_images: (exposures, [""]),
        draw_background_histograms: (exposures, [f"{EXPOSURES[0]}_flt"]),
        draw_combination: (combined, [ASSOCIATION, ASSOCIATION]),
    }
    for stage, (settings, subjects) in drawn.items():
        output = tmp_path / stage.name
        output.mkdir()
        stage.run(products, output, settings)
        entries = json.loads((output / "figures.json").read_text(encoding="utf-8"))
        assert [entry["subject"] for entry in entries] == subjects
        assert all((output / entry["file"]).is_file() for entry in entries)


def test_figures_need_no_statistics_of_reads():
    dataset = load_dataset(DATASET)
    workflow = load_workflow(dataset.workflow)
    plan = workflow.plan(dataset, Simulated("small"))
    reads, images, histograms, combination, *others = drawings(dataset, workflow.settings(dataset), plan)
    assert any(each.takes("DRZ-001", "f105w_drz_sci") for each in others)
    own = (reads, images, histograms, combination)
    made = [{parent.name for parent in drawing.upstream.values()} for drawing in own]
    both = {"fetch", "calibrate"}
    assert made == [{"fetch"}, both, both, {"fetch-ibohbf040", "drizzle-f105w"}]
    # Each waits for what it shows, and for no other verdict.
    assert [reads.takes("TVB-001", "x_ima"), reads.takes("TVB-004", ASSOCIATION)] == [True, False]
    shown = {
        criterion: {subject: one for subject, one in by_subject.items() if reads.takes(criterion, subject)}
        for criterion, by_subject in VERDICTS.shown.items()
    }
    node = reads.node(dataset.name, VERDICTS.shown)
    assert node.settings.verdicts.shown == {name: each for name, each in shown.items() if each}
