"""The stages that draw, on small products: which figures they publish, and how they list them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from PIL import Image

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.fixtures.plans.dataset import load_datasets
from hubble_qa.fixtures.plans.stage import Inputs, Stage, StageError
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows import load_workflow
from hubble_qa.reports.collect.records import figure_records
from hubble_qa.reports.figures.illustration import batches
from hubble_qa.reports.figures.wfpc2_chip_normalization import (
    AlignmentFigureSettings,
    DrizzleFigureSettings,
    RatioFigureSettings,
    StarFigureSettings,
    draw_alignment,
    draw_drizzled,
    draw_ratios,
    draw_stars,
)

DATASETS = load_datasets(Path(__file__).parent.parent / "qa" / "datasets")
EXPOSURES = ("u5jx0108r", "u5jx010hr")
PHOTFLAMS = {1: 3.482944e-18, 2: 3.395806e-18, 3: 3.439046e-18, 4: 3.506729e-18}
FACTORS = {chip: value / PHOTFLAMS[3] for chip, value in PHOTFLAMS.items()}
SHAPE = (360, 360)
SCALE = 0.0996
# First column and row of each chip on the drizzled image; what is seen of a chip begins 50 pixels in.
CHIPS = {1: (150, 150), 2: (-40, 150), 3: (-40, -40), 4: (150, -40)}
SIDE = 200
RATIO = Bounds(at_least=-0.005, at_most=0.005)
FLUX = Bounds(at_least=0.99, at_most=1.01)
IDS = {
    "residuals",
    "residual-vectors",
    "drizzled",
    "weight-map",
    "flt-c0m-ratio",
    "overlap",
    "star-photometry",
}


def wcs_header(left: float = 0.0, bottom: float = 0.0) -> fits.Header:
    """A tangent-plane header whose first pixel is a pixel of the drizzled image."""
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"] = 201.7, -47.5
    header["CRPIX1"], header["CRPIX2"] = 180.0 - left, 180.0 - bottom
    header["CD1_1"], header["CD1_2"], header["CD2_1"], header["CD2_2"] = -SCALE / 3600, 0.0, 0.0, SCALE / 3600
    return header


def write_exposure(path: Path, photflams: Mapping[int, float]) -> None:
    hdus = fits.HDUList([fits.PrimaryHDU()])
    hdus[0].header["EXPTIME"] = 16.0
    for chip, place in CHIPS.items():
        hdu = fits.ImageHDU(np.ones((SIDE, SIDE), np.float32), wcs_header(*place), name="SCI", ver=chip)
        hdu.header["DETECTOR"], hdu.header["IDCSCALE"] = chip, SCALE
        hdu.header["PHOTFLAM"] = photflams[chip]
        hdus.append(hdu)
    hdus.writeto(path)


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates as in an FLT, weights, and what the rates of a C0M are multiplied by."""
    science = np.random.default_rng(8).normal(0.3, 0.03, SHAPE)
    science[100:103, 100:103] = science[250:253, 100:103] = 60.0
    weight, factor = np.zeros(SHAPE), np.ones(SHAPE)
    for chip, (left, bottom) in CHIPS.items():
        seen = np.s_[bottom + 50 : bottom + SIDE, left + 50 : left + SIDE]
        weight[seen], factor[seen] = 76.6 if chip == 1 else 16.0, FACTORS[chip]
    return science, weight, factor


def write_drizzled(directory: Path, name: str, science: np.ndarray, weight: np.ndarray) -> None:
    for kind, image in (("sci", science), ("wht", weight)):
        header = wcs_header()
        fits.PrimaryHDU(image.astype(np.float32), header).writeto(directory / f"{name}_{kind}.fits")


def write_match_file(path: Path, sources: int) -> None:
    generator = np.random.default_rng(9)
    lines = ["# Input image: u5jx010hr_flt.fits"]
    for number in range(sources):
        x, y = generator.uniform(20, 340, 2)
        dx, dy = generator.normal(0, 0.1, 2)
        numbers = [x, y, x + 1.8, y - 0.4, x, y, dx, dy, x, y, x, y]
        row = [*(f"{value:.6f}" for value in numbers), f"{number} {number} {number % 4 + 1}"]
        lines.append(" ".join([*row, "201.7 -47.5 u5jx0108r_flt.fits"]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_alignment(directory: Path, exposures: Sequence[str], suffix: str, sources: int = 60) -> None:
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(header=wcs_header(), name="WCS")]).writeto(
        directory / "shifts_wcs.fits"
    )
    rows = ["0.0 0.0 0.0 1.0 0.0 0.0", "1.81 -0.4 0.0146 1.000009 0.1 0.1"]
    table = [f"{name}_{suffix}.fits {row}" for name, row in zip(exposures, rows, strict=True)]
    comments = ["# frame: output", "# refimage: shifts_wcs.fits[wcs]", "# form: delta", "# units: pixels"]
    (directory / "shifts.txt").write_text("\n".join([*comments, *table]) + "\n", encoding="utf-8")
    write_match_file(directory / f"{exposures[1]}_{suffix}_catalog_fit.match", sources)


def write_photometry(directory: Path, exposures: Sequence[str], *, stars: int = 2) -> None:
    """Stars at (101, 101), on WF3, and (101, 251), on WF2; each on one chip of every exposure."""
    places = {1: (101.0, 101.0), 2: (101.0, 251.0)}
    chosen = [(star, *places[star]) for star in range(1, stars + 1)]
    table = Table(rows=chosen, names=["star", "x", "y"])
    table["flt_sum"], table["c0m_sum"] = 540.0, 539.0
    table.meta["annulus"] = [10.0, 15.0]
    table.write(directory / "stars.ecsv", format="ascii.ecsv")
    rows = [(star, name, {1: 3, 2: 2}[star]) for star, _, _ in chosen for name in exposures]
    seen = Table(rows=rows, names=["star", "exposure", "chip"])
    seen["net"], seen["net_error"], seen["total"] = 8640.0, 40.0, 8700.0
    seen["pixel_area"], seen["exposure_time"], seen["weight"] = 0.99, 16.0, 16.0
    seen["photflam_c0m"] = [PHOTFLAMS[chip] for chip in seen["chip"]]
    seen["photflam_reference"] = PHOTFLAMS[3]
    seen.write(directory / "sightings.ecsv", format="ascii.ecsv")
    seen["drizzled_sum"] = 8700.0 * 0.99 / 16 * np.where(seen["chip"] == 3, 0.972, 1.002)
    seen.write(directory / "chip_stars.ecsv", format="ascii.ecsv")


def products(directory: Path, exposures: Sequence[str] = EXPOSURES) -> Inputs:
    """Products of a reduction of some exposures that point at the same place."""
    names = ("exposures", "c0m", "drizzle-flt", "drizzle-c0m", "photometry")
    paths = {name: directory / name for name in names}
    for path in paths.values():
        path.mkdir(parents=True)
    science, weight, factor = scene()
    for name in exposures:
        write_exposure(paths["exposures"] / f"{name}_flt.fits", dict.fromkeys(PHOTFLAMS, PHOTFLAMS[3]))
        write_exposure(paths["c0m"] / f"{name}_c0m.fits", PHOTFLAMS)
        write_drizzled(paths["drizzle-flt"], f"{name}_single", science, weight)
        write_drizzled(paths["drizzle-c0m"], f"{name}_c0m_single", science / factor, weight)
    total = weight * len(exposures)
    blank = np.where(weight > 0, science, np.nan)
    write_drizzled(paths["drizzle-flt"], "wfpc2_flt_drw", blank, total)
    write_drizzled(paths["drizzle-c0m"], "wfpc2_c0m_drw", blank / factor, total)
    if len(exposures) == 2:
        write_alignment(paths["exposures"], exposures, "flt")
        write_alignment(paths["c0m"], exposures, "c0m")
    write_photometry(paths["photometry"], exposures)
    return Inputs(paths)


def settings(exposures: Sequence[str] = EXPOSURES) -> dict[str, tuple[Stage, object]]:
    names = tuple(exposures)
    roots = {"flt": "wfpc2_flt", "c0m": "wfpc2_c0m"}
    rms = {f"{name} {suffix}": Bounds(below=0.2) for name in names for suffix in ("flt", "c0m")}
    ratio = {f"star{star}": RATIO for star in (1, 2, 3)}
    flux = dict.fromkeys(("PC1", "WF2", "WF3", "WF4"), FLUX)
    return {
        "alignment": (draw_alignment, AlignmentFigureSettings(exposures=names, rms=rms)),
        "drizzle": (draw_drizzled, DrizzleFigureSettings(exposures=names, root="wfpc2_flt")),
        "ratio": (draw_ratios, RatioFigureSettings(exposures=names, **roots)),
        "star": (draw_stars, StarFigureSettings(**roots, star_ratio=ratio, chip_flux=flux)),
    }


def draw(
    which: str, inputs: Inputs, output: Path, exposures: Sequence[str] = EXPOSURES
) -> list[dict[str, str]]:
    """Run a stage and return its list of figures."""
    output.mkdir(exist_ok=True)
    stage, given = settings(exposures)[which]
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


def test_every_figure_that_a_criterion_names_is_drawn_and_no_other_but_the_overlap(drawn):
    named = {criterion.figure for criterion in load_criteria().values()} - {""}
    published = {entry["figure"] for _, entries in drawn.values() for entry in entries}

    assert named & IDS <= published
    assert published - named <= {"overlap"}


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
        files = sorted(path.name for path in directory.glob("*.png"))
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


def test_each_fitted_exposure_has_residuals_as_flt_and_as_c0m(drawn):
    _, entries = drawn["alignment"]
    assert [entry["file"] for entry in entries] == [
        f"{figure}-u5jx010hr-{suffix}.png"
        for suffix in ("flt", "c0m")
        for figure in ("residuals", "residual-vectors")
    ]
    assert "60 sources" in entries[0]["caption"]
    assert "accepted: below 0.2" in entries[0]["caption"]
    assert "+1.810, -0.400 pix" in entries[1]["caption"]


def test_without_match_files_there_is_no_figure_of_the_alignment(tmp_path):
    inputs = products(tmp_path / "products")
    for name in ("exposures", "c0m"):
        for path in inputs.files(name, "*.match"):
            path.unlink()
    assert draw("alignment", inputs, tmp_path / "out") == []


@pytest.mark.parametrize("sources", [0, 1])
def test_a_fit_of_hardly_any_source_is_drawn(sources, tmp_path):
    inputs = products(tmp_path / "products")
    write_match_file(inputs.products["exposures"] / "u5jx010hr_flt_catalog_fit.match", sources)
    assert len(draw("alignment", inputs, tmp_path / "out")) == 4


def test_one_exposure_has_no_ratio_of_combined_images(alone, tmp_path):
    assert [e["file"] for e in draw("ratio", alone, tmp_path, EXPOSURES[:1])] == ["flt-c0m-ratio.png"]


def test_the_zoom_is_on_the_overlap_or_else_on_stars(drawn, alone, tmp_path):
    overlap = next(entry for entry in drawn["star"][1] if entry["figure"] == "overlap")
    zoom = next(e for e in draw("star", alone, tmp_path, EXPOSURES[:1]) if e["figure"] == "overlap")

    assert "overlap of WF3 of u5jx0108r and WF3 of u5jx010hr" in overlap["title"]
    assert "stars that were measured" in zoom["title"]


def test_photometry_is_told_in_words_too(drawn):
    (entry,) = (entry for entry in drawn["star"][1] if entry["figure"] == "star-photometry")

    assert "star 1: FLT/C0M 1.0019, expected 1.0000" in entry["alt"]
    assert f"expected {FACTORS[2]:.4f}" in entry["alt"]
    assert "star 1: WF3 / WF3: rate ratio 1.0000 ± 0.0065" in entry["alt"]
    assert "WF3: drizzled/exposure 0.9720" in entry["alt"]
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
    (inputs.products["drizzle-flt"] / "wfpc2_flt_drw_sci.fits").unlink()
    with pytest.raises(StageError, match=r"drizzle-flt: 0 files match wfpc2_flt_dr\?_sci.fits"):
        draw("drizzle", inputs, tmp_path / "out")


def test_many_exposures_are_divided_among_figures():
    names = tuple("abcdef")
    assert list(batches(names)) == [("-1", names[:4]), ("-2", names[4:])]
    assert list(batches(names[:4])) == [("", names[:4])]


# Plans and reports


def planned(name: str, **changes: object):
    dataset = DATASETS[name].model_copy(update=changes)
    return load_workflow(dataset.workflow).plan(dataset, Simulated("small"))


def test_a_single_exposure_is_planned_without_figures_of_its_alignment():
    drawing = ("drizzle-figures", "ratio-figures", "star-figures")
    assert planned("wfpc2-u40x010hm").illustrations == drawing
    assert planned("wfpc2-omega-cen").illustrations == ("alignment-figures", *drawing)


def test_figures_wait_for_no_more_than_they_need():
    nodes = planned("wfpc2-omega-cen").nodes
    waits = {name: {parent.name for parent in nodes[name].upstream.values()} for name in nodes}
    assert waits["alignment-figures"] == {"align-flt", "align-c0m"}
    assert waits["drizzle-figures"] == {"align-flt", "drizzle-flt"}
    assert "photometry" not in waits["ratio-figures"]
    assert "photometry" in waits["star-figures"]


def test_figures_draw_the_bounds_in_force():
    own = {
        "criterion": "PHT-004",
        "bounds": {"at_most": 0.01},
        "reason": "a crowded field",
        "subject": "star2",
    }
    dataset = DATASETS["wfpc2-omega-cen"]
    overridden = type(dataset).model_validate({**dataset.model_dump(), "overrides": [own]})
    plan, other = (
        planned("wfpc2-omega-cen"),
        load_workflow(dataset.workflow).plan(overridden, Simulated("small")),
    )

    usual = plan.nodes["star-figures"].settings.star_ratio
    assert usual["star1"] == usual["star2"] == load_criteria()["PHT-004"].bounds
    assert other.nodes["star-figures"].settings.star_ratio["star2"] == Bounds(at_most=0.01)
    assert other.nodes["star-figures"].settings.star_ratio["star1"] == usual["star1"]
    rms = plan.nodes["alignment-figures"].settings.rms
    assert rms["u5jx010hr flt"] == load_criteria()["AST-002"].bounds_for("WFPC2")[0]
    assert plan.nodes["star-figures"].key != other.nodes["star-figures"].key
    assert plan.nodes["photometry"].key == other.nodes["photometry"].key
