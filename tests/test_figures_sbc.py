"""Drawings of the SBC's dark rate: what they hold, and that little or nothing to draw is drawn too."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from hubble_qa.checks.detectors.dark_rate import BOX as COUNTED
from hubble_qa.fixtures.plans.dataset import load_dataset
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.reduction.dark_rate.apertures import Ellipse
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows import load_workflow
from hubble_qa.reports.drawings.drawing import drawings
from hubble_qa.reports.figures.figure_data import Plot
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.sbc_dark_rate import RateFigureSettings, draw_rates
from hubble_qa.reports.figures.sbc_detector import DetectorPair, detector_figures, detector_pairs
from hubble_qa.reports.figures.sbc_frames import Frame, read_frames
from hubble_qa.reports.figures.sbc_images import (
    ApertureImage,
    ApertureRates,
    dark_budget,
    dark_figures,
    science_and_dark,
)
from hubble_qa.reports.figures.sbc_rates import (
    dark_rate_points,
    dark_rates,
    rate_figures,
    temperature_course,
)
from hubble_qa.reports.figures.sky_marks import SkyFrame
from hubble_qa.reports.figures.style import BAND, save
from hubble_qa.reports.figures.verdicts import Verdicts
from tests.dark_rate_samples import BOXES, DARKS, TEMPERATURES
from tests.shown_verdicts import assert_numbers_in_captions, handed, shown
from tests.shown_verdicts import words as all_text

DATASET = Path(__file__).parents[1] / "qa" / "datasets" / "sbc-jcmc11.toml"
ASSOCIATION, COLD, WARM, DARK = "jcmc11050", "jcmc11ctq", "jcmc11e6q", "jcrx01iyq"
SKY = SkyFrame(np.array([[-1.0, 0.0], [0.0, 1.0]]) * 0.025 / 3600, 0.025)
ELLIPSES = {
    "target": Ellipse(x=150.0, y=140.0, a=14.0, b=8.0, angle=90.0),
    "blank": Ellipse(x=40.0, y=40.0, a=14.0, b=8.0, angle=90.0),
}
COUNTED_IN = {"rows": (650, 850), "columns": (580, 780)}
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
    figure = dark_rates(counted, 25.0, {})
    assert all(name in words(figure) for name in ("jcrx01iqq", "jcrx01iyq", "jcmc11ctq", "jcmc11e6q"))
    assert "jcrx01j2q" not in words(figure)
    assert is_drawn(figure, tmp_path)


@pytest.mark.parametrize("level", [0.0, 1e-4, math.nan])
def test_images_are_drawn_with_apertures_and_box(tmp_path, level):
    science = np.random.default_rng(5).poisson(0.02, (270, 280)) * level
    weight = np.ones(science.shape)
    weight[:40, 200:] = 0.0
    images = [
        ApertureImage(name, science, weight, [*ELLIPSES.values()]) for name in ("science", "master dark")
    ]
    figure = science_and_dark(images, SKY, BOX)
    panels = figure.axes[:2]
    assert [len(axes.lines) >= 2 and len(axes.patches) == 1 for axes in panels] == [True, True]
    assert "master dark" in words(figure)
    assert is_drawn(figure, tmp_path)


def test_images_have_axes_in_pixels():
    images = [ApertureImage("science", np.ones((270, 280)), np.ones((270, 280)), [])] * 2
    panels = science_and_dark(images, SKY).axes[:2]
    assert [axes.get_xlabel() for axes in panels] == ["x (pix)"] * 2
    assert panels[0].get_ylabel() == "y (pix)"


def test_frames_stand_beside_their_darks_with_the_box_on_one_stretch(tmp_path):
    science, dark = np.full((1024, 1024), 0.02), np.full((1024, 1024), 0.01)
    dark[650:850, 580:780] = 0.4
    pair = DetectorPair(("science a, 26.0 °C", "dark b, 27.8 °C"), science, dark)
    figure = detector_pairs([pair, pair], **COUNTED_IN)
    panels = figure.axes[:4]
    assert [axes.get_title(loc="left") for axes in panels] == [*pair.titles] * 2
    assert len({axes.images[0].get_clim() for axes in panels}) == 1
    for axes in panels:
        (box,) = axes.patches
        corner = [*box.get_xy(), box.get_width(), box.get_height()]
        assert corner == pytest.approx([579.5, 649.5, 200, 200])
        assert axes.get_xlabel() == "x (pix)"
    # What is drawn is where the box says it is: its pixels are brighter than the others.
    shown_dark = panels[1].images[0].get_array()
    scale = shown_dark.shape[0] / 1024
    inside = shown_dark[round(750 * scale), round(680 * scale)]
    assert inside == pytest.approx(0.4, rel=0.01)
    assert shown_dark[round(300 * scale), round(300 * scale)] == pytest.approx(0.01, rel=0.01)
    assert is_drawn(figure, tmp_path)


def test_frames_without_a_count_are_drawn(tmp_path):
    nothing = np.zeros((1024, 1024))
    assert is_drawn(detector_pairs([DetectorPair(("a", "b"), nothing, nothing)], **COUNTED_IN), tmp_path)


def test_an_exposure_stands_beside_the_dark_with_the_largest_share(products, tmp_path):
    table = Table(rows=[(WARM, "jcrx01iiq", 0.2), (WARM, DARK, 0.8)], names=("exposure", "dark", "share"))
    table.write(tmp_path / "matches.ecsv", format="ascii.ecsv")
    inputs = Inputs({**products.products, "matches": tmp_path})
    frames, _ = read_frames(inputs)
    (drawn,) = detector_figures(inputs, frames, **COUNTED_IN, verdicts=VERDICTS)
    titles = [axes.get_title(loc="left") for axes in drawn.drawing.axes[:2]]
    assert titles == [f"science {WARM}, 26.0 °C", f"dark {DARK}, 27.8 °C"]
    assert VERDICTS.shown["DRK-003"][WARM].number in drawn.caption


def is_tint(artist) -> bool:
    """Whether something drawn is an accepted range."""
    return any(to_hex(colour) == BAND for colour in np.atleast_2d(artist.get_facecolor()))


def tints(axes) -> int:
    """Accepted ranges that axes show."""
    return sum(is_tint(each) for each in (*axes.patches, *axes.collections))


def test_rates_are_written_and_what_was_judged_of_them(tmp_path):
    fraction = shown("DRK-002", 0.1116, uncertainty=0.0059)
    figure = dark_budget(rates(), fraction, shown("DRK-004", 1.25))
    assert "2.886\n± 0.050" in words(figure)
    assert "0.1116\n± 0.0059" in words(figure)
    assert "blank: 1.25 σ left" in words(figure)
    assert [tints(axes) for axes in figure.axes] == [0, 1, 1]
    assert is_drawn(figure, tmp_path)


def test_no_light_has_no_fraction(tmp_path):
    figure = dark_budget(rates(science=0.0), shown("DRK-002", None), shown("DRK-004", None))
    assert "not measured" in words(figure)
    assert is_drawn(figure, tmp_path)


def test_rates_that_were_not_judged_are_drawn_alone(tmp_path):
    figure = dark_budget(rates(), None, None)
    assert len(figure.axes) == 2
    assert "fraction" not in words(figure)
    assert sum(tints(axes) for axes in figure.axes) == 0
    assert is_drawn(figure, tmp_path)


def test_rates_that_are_accepted_for_an_exposure_are_tinted():
    counted = [frame for frame in [*exposures(), *darks()] if math.isfinite(frame.rate)]
    figure = dark_rates(counted, 25.0, {WARM: shown("DRK-003", 1.03, uncertainty=0.02)})
    assert f"{WARM}\ndark / exposure 1.030 ± 0.020" in words(figure)
    (axes,) = figure.axes
    (band,) = (each for each in axes.collections if is_tint(each))
    corners = band.get_paths()[0].vertices
    assert [corners[:, 1].min(), corners[:, 1].max()] == pytest.approx(
        [0.85 * BOXES[WARM], 1.15 * BOXES[WARM]]
    )


def test_frames_to_be_asked_have_names_errors_and_rings():
    plot = dark_rate_points([*darks(), *(each for each in exposures() if each.name in BOXES)], 25.0)
    assert len(plot.names) == 22
    ringed = [name for name, group in zip(plot.names, plot.group, strict=True) if plot.groups[group].ringed]
    assert ringed == ["jcrx01iqq for jcmc11ctq", "jcrx01iyq for jcmc11e6q"]
    assert plot.columns[plot.axes["rate"].error].values[0] == pytest.approx(math.sqrt(300.0))


def test_rates_to_be_asked_are_on_a_logarithmic_axis_as_those_that_are_drawn():
    frames = darks()
    plot = dark_rate_points(frames, 25.0)
    axis = plot.axes["rate"]
    rates = [frame.rate for frame in frames]
    assert axis.log
    assert (axis.low, axis.high) == pytest.approx((min(rates) / 1.25, 1.25 * max(rates)))
    alone = [replace(frame, chosen=()) for frame in frames]
    assert dark_rates(alone, 25.0, {}).axes[0].get_yscale() == "log"
    nothing = [replace(frame, rate=0.0) for frame in frames]
    assert dark_rate_points(nothing, 25.0).axes["rate"].low > 0
    table = plot.model_dump()
    table["axes"]["rate"]["low"] = 0.0
    with pytest.raises(ValueError, match="logarithmic and reaches to 0"):
        Plot.model_validate(table)


def test_names_and_errors_that_do_not_fit_are_refused():
    table = dark_rate_points(darks(), 25.0).model_dump()
    with pytest.raises(ValueError, match="some points have a name and some have none"):
        Plot.model_validate(table | {"names": ["jcrx01iiq"]})
    table["axes"]["rate"]["error"] = "sigma"
    with pytest.raises(ValueError, match="'sigma' are errors, but no column"):
        Plot.model_validate(table)


# From products


def write_frame(path: Path, counts: float, temperature: float, start: float, exptime: float) -> None:
    image = np.zeros((1024, 1024), np.float32)
    image[COUNTED] = counts / image[COUNTED].size
    primary = fits.PrimaryHDU()
    primary.header.update({"FILTER1": "F165LP", "EXPSTART": start, "EXPTIME": exptime})
    header = sky_header()
    header.update({"MDECODT1": temperature - 0.25, "MDECODT2": temperature + 0.25})
    fits.HDUList([primary, fits.ImageHDU(image, header, name="SCI")]).writeto(path)


def sky_header() -> fits.Header:
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"], header["CRPIX1"], header["CRPIX2"] = 201.7, 47.5, 150.0, 150.0
    header["CD1_1"], header["CD1_2"], header["CD2_1"], header["CD2_2"] = -0.025 / 3600, 0.0, 0.0, 0.025 / 3600
    return header


@pytest.fixture(scope="module")
def products(new_directory) -> Inputs:
    """Two exposures, a cold and a warm one, two dark frames, and the warm one's light with its dark."""
    names = ("exposures", "darks", "temperatures", "matches", "science", "dark", "photometry")
    paths = {name: new_directory(name) for name in names}
    write_frame(paths["exposures"] / f"{COLD}_flt.fits", 300.0, 17.3, 57125.42, 960.0)
    write_frame(paths["exposures"] / f"{WARM}_flt.fits", 2379.0, 26.0, 57125.54, 960.0)
    write_frame(paths["darks"] / "jcrx01iiq_raw.fits", 300.0, 18.2, 57084.0, 1000.0)
    write_frame(paths["darks"] / f"{DARK}_raw.fits", 2445.0, 27.8, 57084.2, 1000.0)
    kinds = {COLD: "science", WARM: "science", "jcrx01iiq": "dark", DARK: "dark"}
    course = Table(rows=[(name, kind, name == WARM) for name, kind in kinds.items()])
    course = Table(course, names=("frame", "kind", "affected"), meta={"threshold": 25.0})
    course.write(paths["temperatures"] / "temperatures.ecsv", format="ascii.ecsv")
    matches = Table(rows=[(WARM, DARK, 1.0)], names=("exposure", "dark", "share"))
    matches.write(paths["matches"] / "matches.ecsv", format="ascii.ecsv")
    members = [
        fits.Column("MEMNAME", "14A", array=[WARM.upper()]),
        fits.Column("MEMTYPE", "14A", array=["EXP-DTH"]),
        fits.Column("MEMPRSNT", "L", array=[True]),
    ]
    table = fits.BinTableHDU.from_columns(members, name="ASN")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(paths["exposures"] / f"{ASSOCIATION}_asn.fits")
    for name, root in (("science", ASSOCIATION), ("dark", f"{ASSOCIATION}_dark")):
        for kind in ("sci", "wht"):
            image = fits.PrimaryHDU(np.ones((270, 280), np.float32), sky_header())
            image.writeto(paths[name] / f"{root}_drz_{kind}.fits")
    write_photometry(paths["photometry"] / "photometry.ecsv")
    return Inputs(paths)


def write_photometry(path: Path) -> None:
    rows = [
        {
            "aperture": each.name,
            **each.ellipse.model_dump(),
            **{f"{key}": getattr(each, key)[0] for key in ("science", "dark", "net")},
            **{f"{key}_error": getattr(each, key)[1] for key in ("science", "dark", "net")},
        }
        for each in rates()
    ]
    Table(rows=rows).write(path, format="ascii.ecsv")


def all_figures(products: Inputs, verdicts: Verdicts) -> list[Illustration]:
    of_dark = dark_figures(
        products,
        ASSOCIATION,
        science_root=ASSOCIATION,
        dark_root=f"{ASSOCIATION}_dark",
        **COUNTED_IN,
        verdicts=verdicts,
    )
    frames, limit = read_frames(products)
    on_detector = detector_figures(products, frames, **COUNTED_IN, verdicts=verdicts)
    return [*rate_figures(frames, limit, verdicts), *on_detector, *of_dark]


VERDICTS = handed(
    {
        "DRK-001": ["exposures"],
        "DRK-002": [ASSOCIATION],
        "DRK-003": [WARM],
        "DRK-004": [ASSOCIATION],
        "DRK-005": ["dark frames"],
        "DRK-006": [WARM],
    }
)


def test_frames_are_as_their_files_state(products):
    frames, limit = read_frames(products)
    assert limit == 25.0
    assert [frame.name for frame in frames] == ["jcrx01iiq", DARK, COLD, WARM]
    assert [frame.affected for frame in frames] == [False, True, False, True]
    by_name = {frame.name: frame for frame in frames}
    assert by_name[DARK].chosen == (WARM,)
    assert by_name[DARK].rate == pytest.approx(2445.0, rel=1e-5)
    assert by_name[WARM].rate == pytest.approx(2379.0 / 0.96, rel=1e-5)
    assert by_name[WARM].error == pytest.approx(math.sqrt(2379.0) / 0.96, rel=1e-5)
    assert math.isnan(by_name[COLD].rate)
    assert by_name[WARM].mean == pytest.approx(26.0)


def test_numbers_are_the_verdicts_and_no_others(products):
    drawn = all_figures(products, VERDICTS)
    assert_numbers_in_captions(drawn, VERDICTS)
    number = {criterion: next(iter(each.values())).number for criterion, each in VERDICTS.shown.items()}
    of = {each.name: words(each.drawing) for each in drawn}
    assert f"dark / exposure {number['DRK-003']}" in of["dark-rate"]
    assert f"blank: {number['DRK-004']} σ left" in of["dark-fraction"]
    assert number["DRK-002"] in of["dark-fraction"]
    # The fraction, the match and the residual by what is drawn.
    measured = ["0.112", "0.111", f"{2.445 / (2379.0 / 960.0):.3f}", f"{0.03 * 2.564 / 0.052:.2f}"]
    assert [each for each in measured if f" {each}" in all_text(drawn)] == []


def test_without_verdicts_there_are_drawings_without_numbers_and_bounds(products):
    drawn = all_figures(products, Verdicts())
    assert [each.figure for each in drawn] == [
        *("temperatures", "dark-rate", "detector-frames"),
        *("dark-images", "dark-fraction"),
    ]
    assert "accepted:" not in all_text(drawn)
    assert "dark / exposure" not in all_text(drawn)
    assert sum(tints(axes) for each in drawn for axes in each.drawing.axes) == 0


def test_figures_name_their_subjects(products, tmp_path):
    draw_rates.run(products, tmp_path, RateFigureSettings(**COUNTED_IN, verdicts=VERDICTS))
    entries = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert [entry["subject"] for entry in entries] == ["exposures", "", WARM]
    of_dark = all_figures(products, VERDICTS)[3:]
    assert [each.subject for each in of_dark] == [ASSOCIATION, ASSOCIATION]


def test_figures_wait_for_no_more_than_they_need():
    dataset = load_dataset(DATASET)
    workflow = load_workflow(dataset.workflow)
    plan = workflow.plan(dataset, Simulated("small"))
    first, *others = drawings(dataset, workflow.settings(dataset), plan)
    waits = {parent.name for parent in first.upstream.values()}
    assert waits == {"fetch", "fetch-darks", "temperatures", "match-darks"}
    reduction = workflow.settings(dataset)
    of_darks = [each.name for each in others if each.name.startswith("dark-figures")]
    assert of_darks == [f"dark-figures-{name}" for name in reduction.darks.associations]
    assert len([each for each in others if each.name.startswith("image-figure")]) == 4
    given = {criterion: {ASSOCIATION: shown(criterion)} for criterion in ("DRK-002", "DRK-003")}
    taken = {each.name: each.node(dataset.name, given).settings.verdicts.shown for each in (first, *others)}
    assert taken["rate-figures"] == {"DRK-003": given["DRK-003"]}
    assert all("DRK-003" not in each for name, each in taken.items() if name != "rate-figures")
