"""The stages that draw, on small products: which figures they publish, and how they list them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.evidence.drizzled import FOOTPRINT_INSET, chip_polygons
from hubble_qa.checks.evidence.exposures import exposure_in
from hubble_qa.checks.readers import read_drizzled
from hubble_qa.fixtures.plans.dataset import read_datasets
from hubble_qa.fixtures.plans.stage import Inputs, Stage, StageError
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows import load_workflow
from hubble_qa.reports.collect.records import figure_records
from hubble_qa.reports.drawings.drawing import Drawing, drawings
from hubble_qa.reports.figures.footprints import exposure_footprints
from hubble_qa.reports.figures.handed_in import (
    FitsSettings,
    ImageSettings,
    draw_fits_handed_in,
    draw_image_handed_in,
)
from hubble_qa.reports.figures.illustration import batches
from hubble_qa.reports.figures.verdicts import Shown, Verdicts
from hubble_qa.reports.figures.wfpc2_chip_normalization import (
    DrizzleFigureSettings,
    RatioFigureSettings,
    StarFigureSettings,
    draw_drizzled,
    draw_ratios,
    draw_stars,
)
from hubble_qa.reports.figures.wfpc2_drizzled import drizzle_figures
from tests.verdict_samples import shown
from tests.wfpc2_figure_samples import (
    CHIPS,
    EXPOSURES,
    FACTORS,
    IMAGE,
    SIDE,
    fit_of,
    judged,
    products,
    write_match_file,
    write_photometry,
)

DATASETS = read_datasets(Path(__file__).parent.parent / "qa" / "datasets", str).datasets
# Named by the same figures of other workflows.
NOT_HERE = {"DRZ-002", "DRZ-003", "DRZ-005"}
IDS = {
    "residuals",
    "residual-vectors",
    "drizzled",
    "weight-map",
    "flt-c0m-ratio",
    "overlap",
    "star-photometry",
}


def settings(
    exposures: Sequence[str] = EXPOSURES, verdicts: Verdicts | None = None
) -> dict[str, tuple[Stage, object]]:
    given = {"verdicts": judged() if verdicts is None else verdicts}
    names, roots = tuple(exposures), {"flt": "wfpc2_flt", "c0m": "wfpc2_c0m"}
    paths = {f"{name}_flt": f"exposures/{name}_flt.fits" for name in names}
    fits = {"shifts": "exposures/shifts.txt", "others": (), "label": "align-flt/shifts", "several": True}
    image = {"image": "drizzle-flt/wfpc2_flt_drw_sci.fits", "label": IMAGE, "number": 1}
    both = {"exposures": paths, "stamps": (), **given}
    return {
        "alignment": (draw_fits_handed_in, FitsSettings(**fits, **both)),
        "image": (draw_image_handed_in, ImageSettings(**image, **both)),
        "drizzle": (draw_drizzled, DrizzleFigureSettings(exposures=names, **given)),
        "ratio": (draw_ratios, RatioFigureSettings(exposures=names, **roots, **given)),
        "star": (draw_stars, StarFigureSettings(**roots, **given)),
    }


def draw(
    which: str,
    inputs: Inputs,
    output: Path,
    exposures: Sequence[str] = EXPOSURES,
    verdicts: Verdicts | None = None,
) -> list[dict[str, str]]:
    """Run a stage and return its list of figures."""
    output.mkdir(exist_ok=True)
    stage, given = settings(exposures, verdicts)[which]
    stage.run(inputs, output, given)
    entries: list[dict[str, str]] = json.loads((output / "figures.json").read_text(encoding="utf-8"))
    return entries


@pytest.fixture(scope="module")
def pair(new_directory) -> Inputs:
    """Two exposures."""
    return products(new_directory("pair"))


@pytest.fixture(scope="module")
def alone(new_directory) -> Inputs:
    """One exposure."""
    return products(new_directory("alone"), EXPOSURES[:1])


@pytest.fixture(scope="module")
def drawn(pair, new_directory) -> dict[str, tuple[Path, list[dict[str, str]]]]:
    """What each stage published of two exposures."""
    directory = new_directory("drawn")
    return {name: (directory / name, draw(name, pair, directory / name)) for name in settings()}


def test_every_figure_that_a_criterion_names_is_drawn_and_few_others(drawn):
    named = {criterion.figure for criterion in load_criteria().values()} - {""}
    published = {entry["figure"] for _, entries in drawn.values() for entry in entries}

    assert named & IDS <= published
    assert published - named <= {"overlap", "single-images"}


def test_figures_are_listed_with_words_and_are_there(drawn):
    for directory, entries in drawn.values():
        for entry in entries:
            assert set(entry) == {
                *("figure", "title", "caption", "alt", "file"),
                *("kind", "data", "subject"),
            }
            assert all(isinstance(text, str) for text in entry.values())
            assert all(text for name, text in entry.items() if name not in ("data", "subject"))
            with Image.open(directory / entry["file"]) as image:
                assert (image.format, image.width) == ("PNG", 1400)
        files = sorted(path.name for path in directory.glob("*.png") if "-levels-" not in path.name)
        assert files == sorted(entry["file"] for entry in entries)


def test_captions_say_what_is_good_and_what_is_bad(drawn):
    captions = [entry["caption"].lower() for _, entries in drawn.values() for entry in entries]
    judged = [caption for caption in captions if "bad:" in caption]
    assert all("good" in caption for caption in captions)
    assert len(judged) == len(captions) - 1  # of photometry, the green band says what is bad


def test_reports_take_the_list_as_it_is(drawn):
    directory, entries = drawn["ratio"]
    product = SimpleNamespace(file=lambda name: directory / name)

    records = list(figure_records("omega", product))

    assert [record.title for record in records] == [entry["title"] for entry in entries]
    assert all(Path(record.file).is_file() for record in records)


def test_each_fitted_exposure_has_residuals_and_matched_sources(drawn):
    _, entries = drawn["alignment"]
    figures = ("residuals", "residual-vectors", "matched-sources")
    assert [entry["file"] for entry in entries] == [f"{figure}-u5jx010hr_flt.png" for figure in figures]
    assert {entry["subject"] for entry in entries} == {fit_of("flt")}
    assert "Fit RMS: 0.1 pix (accepted: > 0 and < 0.1 pix)" in entries[0]["caption"]
    assert "Matched sources: 60" in entries[1]["caption"]
    assert "+1.810, -0.400 pix" in entries[1]["caption"]


def test_without_match_files_there_is_no_figure_of_the_alignment(tmp_path):
    inputs = products(tmp_path / "products")
    for path in inputs.files("exposures", "*.match"):
        path.unlink()
    assert draw("alignment", inputs, tmp_path / "out") == []


@pytest.mark.parametrize("sources", [0, 1])
def test_a_fit_of_hardly_any_source_is_drawn(sources, tmp_path):
    inputs = products(tmp_path / "products")
    write_match_file(inputs.products["exposures"] / "u5jx010hr_flt_catalog_fit.match", sources)
    assert len(draw("alignment", inputs, tmp_path / "out")) >= 2


def test_single_images_stand_side_by_side_on_one_stretch(pair):
    figures = drizzle_figures(pair, EXPOSURES, Verdicts())
    (single,) = (each for each in figures if each.figure == "single-images")
    panels = single.drawing.axes[:2]
    assert [axes.get_title(loc="left") for axes in panels] == [*EXPOSURES]
    limits = {axes.images[0].get_clim() for axes in panels}
    extents = {tuple(axes.images[0].get_extent()) for axes in panels}
    assert (len(limits), len(extents)) == (1, 1)
    assert all(len(axes.lines) == len(CHIPS) for axes in panels), "outlines of the chips"
    assert "Cosmic rays are in one" in single.caption


def test_one_exposure_has_no_ratio_of_combined_images(alone, tmp_path):
    assert [e["file"] for e in draw("ratio", alone, tmp_path, EXPOSURES[:1])] == ["flt-c0m-ratio.png"]


def test_the_zoom_is_on_the_overlap_or_else_on_stars(drawn, alone, tmp_path):
    overlap = next(entry for entry in drawn["star"][1] if entry["figure"] == "overlap")
    zoom = next(e for e in draw("star", alone, tmp_path, EXPOSURES[:1]) if e["figure"] == "overlap")

    assert "overlap of WF3 of u5jx0108r and WF3 of u5jx010hr" in overlap["title"]
    assert "stars that were measured" in zoom["title"]


def test_photometry_is_told_in_words_too(drawn):
    (entry,) = (entry for entry in drawn["star"][1] if entry["figure"] == "star-photometry")

    assert "star 1: FLT/C0M expected 1.0000, departure 0.0019" in entry["alt"]
    assert f"expected {FACTORS[2]:.4f}" in entry["alt"]
    assert "star 2: WF2 / WF2: rates 1.001" in entry["alt"]
    assert "WF3: drizzled/exposure 0.972" in entry["alt"]
    assert "Outside: WF3." in entry["caption"]


def test_one_star_is_drawn(alone, tmp_path):
    few = tmp_path / "photometry"
    few.mkdir()
    write_photometry(few, EXPOSURES[:1], stars=1)
    inputs = Inputs({**alone.products, "photometry": few})

    assert len(draw("star", inputs, tmp_path / "out", EXPOSURES[:1])) == 2


@pytest.mark.parametrize("which", ["drizzle", "ratio", "star"])
def test_images_of_nothing_but_nan_are_drawn(which, tmp_path):
    inputs = products(tmp_path / "products")
    for name in ("drizzle-flt", "drizzle-c0m"):
        for path in inputs.files(name, "*.fits"):
            with fits.open(path, mode="update") as hdus:
                hdus[0].data[:] = np.nan
    assert draw(which, inputs, tmp_path / "out")


def test_images_on_different_grids_have_no_ratio_but_a_zoom(tmp_path):
    inputs = products(tmp_path / "products")
    for path in inputs.files("drizzle-c0m", "*.fits"):
        with fits.open(path, mode="update") as hdus:
            hdus[0].data = hdus[0].data[:-20, :-30].copy()
    assert draw("ratio", inputs, tmp_path / "ratio") == []
    assert len(draw("star", inputs, tmp_path / "star")) == 2


def test_a_missing_image_is_named(tmp_path):
    inputs = products(tmp_path / "products")
    (inputs.products["drizzle-flt"] / f"{EXPOSURES[0]}_single_sci.fits").unlink()
    with pytest.raises(StageError, match=r"drizzle-flt: 0 files match u5jx0108r\*_single_sci.fits"):
        draw("drizzle", inputs, tmp_path / "out")


def test_many_exposures_are_divided_among_figures():
    names = tuple("abcdef")
    assert list(batches(names)) == [("-1", names[:4]), ("-2", names[4:])]
    assert list(batches(names[:4])) == [("", names[:4])]


# Plans and reports


def planned(name: str) -> dict[str, Drawing]:
    dataset = DATASETS[name]
    workflow = load_workflow(dataset.workflow)
    plan = workflow.plan(dataset, Simulated("small"))
    return {each.name: each for each in drawings(dataset, workflow.settings(dataset), plan)}


def test_a_single_exposure_is_planned_without_figures_of_its_alignment():
    own = {"drizzle-figures", "ratio-figures", "star-figures", "image-figure-1", "image-figure-2"}
    alone, two = planned("wfpc2-u40x010hm"), planned("wfpc2-omega-cen")
    assert own <= set(alone)
    assert own <= set(two)
    fits = {"fit-figures-1", "fit-figures-2"}
    assert not fits & set(alone)
    assert fits <= set(two)


def test_figures_wait_for_no_more_than_they_need():
    waits = {
        name: {parent.name for parent in each.upstream.values()}
        for name, each in planned("wfpc2-omega-cen").items()
    }
    assert waits["fit-figures-1"] == {"align"}
    assert waits["fit-figures-2"] == {"align-c0m"}
    assert waits["drizzle-figures"] == {"align", "drizzle-f555w"}
    assert "photometry" not in waits["ratio-figures"]
    assert "photometry" in waits["star-figures"]


def test_figures_are_drawn_anew_where_what_they_show_was_judged_otherwise():
    drawing = planned("wfpc2-omega-cen")

    def key(name: str, verdicts: Mapping[str, Mapping[str, Shown]]) -> str:
        return drawing[name].node("wfpc2-omega-cen", verdicts).key

    first = {"PHT-004": {"star1": shown("PHT-004", 0.001)}}
    other = {"PHT-004": {"star1": shown("PHT-004", 0.002)}}
    assert key("star-figures", first) != key("star-figures", other)
    assert key("ratio-figures", first) == key("ratio-figures", other)


def test_figures_are_handed_every_verdict_that_names_them():
    image, fit = "f555w_drw_sci", "align/shifts u5jx010hr_flt"
    subjects = {name: fit for name in load_criteria() if name.startswith("AST-")}
    subjects |= {"AST-007": "align/shifts visit 01", "DRZ-010": f"chips of {image}"}
    subjects |= dict.fromkeys(("AST-013", "AST-027", "AST-028"), "align/shifts and align-c0m/shifts")
    subjects |= dict.fromkeys(("AST-015", "AST-024"), image)
    takers = planned("wfpc2-omega-cen").values()
    for name, criterion in load_criteria().items():
        if criterion.figure in IDS and name not in NOT_HERE:
            assert any(each.takes(name, subjects.get(name, image)) for each in takers), name


def test_chips_are_outlined_as_their_weights_are_judged(pair):
    image = read_drizzled(pair.products["drizzle-flt"] / "u5jx010hr_single_sci.fits")
    path = pair.products["exposures"] / "u5jx010hr_flt.fits"
    polygons = chip_polygons(exposure_in(path), image)
    drawn = {each.chip: each.corners for each in exposure_footprints(path, image.wcs())}
    assert set(drawn) == set(polygons) == set(CHIPS)
    for chip, corners in polygons.items():
        np.testing.assert_array_equal(drawn[chip], corners)
    assert np.ptp(drawn[3][:, 0]) == pytest.approx(SIDE - FOOTPRINT_INSET[0] - FOOTPRINT_INSET[1], abs=0.01)
