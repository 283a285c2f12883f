"""The figures and tables of catalogue alignment, on small products, and what a plan asks of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from hubble_qa.checks.astrometry.source_pairs import pair_sources
from hubble_qa.checks.astrometry.source_positions import catalog_offset
from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.fixtures.plans.dataset import Dataset, load_dataset
from hubble_qa.fixtures.plans.stage import Inputs, StageError
from hubble_qa.fixtures.reduction.alignment.fit_decision import ARCHIVE_CRITERION, FIT_CRITERIA
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows import load_workflow
from hubble_qa.reports.figures.catalog_alignment import (
    FitFigureSettings,
    MosaicFigureSettings,
    OffsetFigureSettings,
    SolutionTableSettings,
    draw_fits,
    draw_mosaic,
    draw_offsets,
    tabulate_solutions,
)
from hubble_qa.reports.figures.figure_data import Plot, Table, read_figure_data
from hubble_qa.reports.figures.matched_sources import ChipImage, matched_sources, sharpest
from tests.catalog_alignment_samples import (
    ARCHIVE,
    BETTER,
    EPOCH,
    EXPOSURES,
    MOTION,
    SCALE,
    SERVICES,
    SHAPE,
    SOURCES,
    decision,
    on_chip,
    places,
    products,
    sky,
    star_image,
    write_exposure,
    write_fit,
    write_reference,
    write_sources,
)

FIRST, SECOND = EXPOSURES
# What the criteria of this workflow name.
IDS = {
    "solutions",
    "epochs",
    "residuals",
    "residual-vectors",
    "matched-sources",
    "drizzled",
    "catalog-offsets",
    "exposure-offsets",
}
NAN = float("nan")
FAILED = {"dx": NAN, "dy": NAN, "rot": NAN, "scale": NAN, "xrms": 0.0, "yrms": 0.0}


def bounds_of_fits() -> dict[str, dict[str, Bounds]]:
    names = (*FIT_CRITERIA, ARCHIVE_CRITERION)
    own = {name: load_criteria()[name].bounds for name in names}
    return {f"{exposure} {service}": own for exposure in EXPOSURES for service in SERVICES}


def settings() -> dict[str, tuple[object, object]]:
    common = {"exposures": EXPOSURES, "suffix": "flc"}
    rms = {f"{name} gaia": Bounds(above=0, below=0.1) for name in EXPOSURES}
    ten = Bounds(at_most=10)
    by_subject = dict.fromkeys(("gaia", *EXPOSURES), ten)
    accepted = {"singly": EXPOSURES, "offset": by_subject, "variation": by_subject, "difference": ten}
    tables = {"wcsname": "Gaia", "plate_scale": SCALE, "accepted": "gaia", "catalogs": SERVICES}
    return {
        "solutions": (
            tabulate_solutions,
            SolutionTableSettings(**common, **tables, bounds=bounds_of_fits()),
        ),
        "fits": (draw_fits, FitFigureSettings(**common, catalog="gaia", rms=rms)),
        "mosaic": (draw_mosaic, MosaicFigureSettings(root="f606w", exposures=EXPOSURES)),
        "offsets": (draw_offsets, OffsetFigureSettings(**common, catalog="gaia", **accepted)),
    }


def draw(which: str, inputs: Inputs, output: Path) -> list[dict[str, str]]:
    """Run a stage and return its list of figures."""
    output.mkdir(exist_ok=True, parents=True)
    stage, given = settings()[which]
    stage.run(inputs, output, given)
    entries: list[dict[str, str]] = json.loads((output / "figures.json").read_text(encoding="utf-8"))
    return entries


@pytest.fixture(scope="module")
def reduced(new_directory) -> Inputs:
    """Products that no test changes."""
    return products(new_directory("reduced"))


@pytest.fixture
def own(reduced, tmp_path) -> Inputs:
    """A copy of the products, to change."""
    copies = {}
    for name, path in reduced.products.items():
        copies[name] = tmp_path / "own" / path.name
        if not copies[name].exists():
            shutil.copytree(path, copies[name])
    return Inputs(copies)


@pytest.fixture(scope="module")
def drawn(reduced, new_directory) -> dict[str, tuple[Path, list[dict[str, str]]]]:
    """What each stage published."""
    directory = new_directory("drawn")
    return {name: (directory / name, draw(name, reduced, directory / name)) for name in settings()}


def data_of(drawn, stage: str, name: str) -> Plot | Table:
    return read_figure_data(drawn[stage][0] / f"{name}.json")


def table_in(directory: Path, name: str = "solutions") -> Table:
    table = read_figure_data(directory / f"{name}.json")
    assert isinstance(table, Table)
    return table


def shown(table: Table, heading: str) -> list[list[str]]:
    """The rows of a group as the page shows them."""
    (group,) = (group for group in table.groups if group.heading == heading)
    return [
        [column.text(cell) for column, cell in zip(table.columns, row.cells, strict=True)]
        for row in group.rows
    ]


def statement(table: Table, heading: str) -> str:
    (group,) = (group for group in table.groups if group.heading == heading)
    return group.statement


# What is published


def test_every_figure_that_a_criterion_names_is_made(drawn):
    published = {entry["figure"] for _, entries in drawn.values() for entry in entries}
    assert published == IDS
    assert {load_criteria()[name].figure for name in ("AST-001", "AST-003", "AST-011", "AST-012")} <= IDS
    assert {load_criteria()[name].figure for name in ("AST-014", "AST-016", "WCS-003", "DRZ-003")} <= IDS
    assert load_criteria()["AST-018"].figure == "epochs"


def test_figures_and_tables_are_listed_with_words_and_are_there(drawn):
    for directory, entries in drawn.values():
        for entry in entries:
            assert entry["title"]
            assert entry["kind"] == ("image" if entry["file"] else "table")
            if entry["file"]:
                assert entry["alt"]
                with Image.open(directory / entry["file"]) as image:
                    assert (image.format, image.width) == ("PNG", 1400)
            if entry["data"]:
                read_figure_data(directory / entry["data"])
        listed = [entry[key] for entry in entries for key in ("file", "data") if entry[key]]
        assert sorted([*listed, "figures.json"]) == sorted(path.name for path in directory.iterdir())


def test_words_say_what_is_good_and_what_is_bad(drawn):
    for directory, entries in drawn.values():
        for entry in entries:
            words = entry["caption"]
            if entry["kind"] == "table":
                words = " ".join(table_in(directory, entry["data"].removesuffix(".json")).notes)
            assert "Good: " in words, entry["title"]
            assert "Bad: " in words, entry["title"]


def test_each_figure_of_a_fit_is_of_the_subject_of_its_verdicts(drawn):
    found = [(entry["figure"], entry["subject"]) for entry in drawn["fits"][1]]
    figures = ("residuals", "residual-vectors", "matched-sources")
    assert found == [(figure, f"{name} gaia") for name in EXPOSURES for figure in figures]


# Residuals


def test_a_point_tells_which_source_it_is(drawn):
    plot = data_of(drawn, "fits", f"residuals-{FIRST}-gaia")
    assert isinstance(plot, Plot)
    assert [group.name for group in plot.groups] == [f"UVIS2 ({SOURCES})", f"UVIS1 ({SOURCES})"]
    source = SOURCES + 4
    told = {name: column.values[source] for name, column in plot.columns.items()}
    x, y = on_chip(2)[4] + 1
    assert (told["row"], told["chip_x"], told["chip_y"]) == (source + 1, x, y)
    assert plot.groups[plot.group[source]].name.startswith("UVIS1")
    assert told["dx_mas"] == pytest.approx(told["dx"] * SCALE * 1000, abs=0.01)
    assert {line.value for line in plot.lines} == {-0.1, 0.1}
    assert len(plot.trends) == 4


def test_sources_that_are_no_numbers_are_no_points(own, tmp_path):
    path = own.products["fit"] / f"{FIRST}_flc_catalog_fit.match"
    lines = path.read_text().splitlines()
    fields = lines[3].split()
    lines[3] = " ".join([*fields[:6], "nan", "nan", *fields[8:]])
    path.write_text("\n".join(lines) + "\n")
    draw("fits", own, tmp_path / "out")
    plot = read_figure_data(tmp_path / "out" / f"residuals-{FIRST}-gaia.json")
    assert isinstance(plot, Plot)
    assert len(plot.group) == 2 * SOURCES - 1
    assert 3.0 not in plot.columns["row"].values


def test_an_exposure_without_a_match_file_has_no_figure(own, tmp_path):
    write_fit(own.products["fit-gaia"], {FIRST: BETTER, SECOND: FAILED})
    entries = draw("fits", own, tmp_path / "out")
    assert {entry["subject"] for entry in entries} == {f"{FIRST} gaia"}


# Matched sources


def chip_images() -> list[ChipImage]:
    return [
        ChipImage(chip, f"UVIS{3 - chip}", star_image(on_chip(chip), SHAPE), on_chip(chip), rows)
        for chip in (1, 2)
        for rows in [np.arange(SOURCES) + 1 + (chip - 1) * SOURCES]
    ]


def test_uvis1_is_above_uvis2_and_circles_are_on_the_sources():
    figure = matched_sources(chip_images(), [], title="t")
    axes = figure.axes[0]
    lower, upper = (circles.get_offsets() for circles in axes.collections)
    np.testing.assert_allclose(lower, on_chip(1))
    np.testing.assert_allclose(upper[:, 0], on_chip(2)[:, 0])
    gap = upper[:, 1] - on_chip(2)[:, 1]
    assert np.ptp(gap) == 0
    assert gap[0] > SHAPE[0]
    extents = [image.get_extent() for image in axes.images]
    assert extents[0][3] < extents[1][2]
    assert {"UVIS1: 60 sources", "UVIS2: 60 sources"} <= {text.get_text() for text in axes.texts}
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["0", "100", "0", "100"], "rows are counted on each chip"


def test_a_hot_pixel_comes_first_among_the_close_ups_and_stars_are_far_below():
    stamps = sharpest(chip_images())
    assert {(stamp.chip, stamp.row) for stamp in stamps[:2]} == {(1, 1), (2, SOURCES + 1)}
    assert all(stamp.sharpness > 0.8 for stamp in stamps[:2])
    assert all(0.1 < stamp.sharpness < 0.45 for stamp in stamps[2:])


def test_matched_sources_are_counted_in_words(drawn):
    entry = next(each for each in drawn["fits"][1] if each["figure"] == "matched-sources")
    assert entry["title"] == f"Matched sources of {FIRST} to Gaia: N = {2 * SOURCES}"
    assert f"{SOURCES} on UVIS1, {SOURCES} on UVIS2" in entry["caption"]


def test_no_sources_and_an_image_of_nothing_are_drawn():
    blank = ChipImage(1, "UVIS2", np.full(SHAPE, NAN), np.empty((0, 2)), np.empty(0, np.int64))
    assert sharpest([blank]) == ()
    texts = [text.get_text() for text in matched_sources([blank], [], title="t").axes[0].texts]
    assert "no matched sources" in texts


def test_sources_at_a_chips_edge_have_no_close_up():
    edge = ChipImage(1, "UVIS2", np.ones(SHAPE), np.array([[2.0, 40.0], [NAN, 4.0]]), np.array([1, 2]))
    assert sharpest([edge]) == ()


# Solutions


def test_the_table_says_which_solution_an_exposure_carries_and_why(drawn):
    table = data_of(drawn, "solutions", "solutions")
    assert isinstance(table, Table)
    assert statement(table, FIRST) == "carries the fit to Gaia (WCSNAME Gaia): both are acceptable"
    assert statement(table, SECOND).startswith(f"carries the archive's solution (WCSNAME {ARCHIVE})")
    for heading, kept in ((FIRST, "fit to Gaia"), (SECOND, "archive's")):
        (group,) = (group for group in table.groups if group.heading == heading)
        assert [row.cells[0] for row in group.rows if row.chosen] == [kept]


def test_the_table_holds_the_numbers_of_each_solution(drawn):
    archive, gaia, sdss = shown(table_in(drawn["solutions"][0]), FIRST)
    assert archive[:3] == ["archive's", ARCHIVE, "462"]
    assert archive[3:7] == ["–"] * 4
    assert archive[7:] == ["4.0", "3.8", "0.101", "0.096", "rejected: AST-011"]
    assert gaia == [
        *("fit to Gaia", "Gaia", str(2 * SOURCES), "-0.005", "+0.004", "+0.0001", "+1"),
        *("2.0", "2.4", "0.050", "0.060", "kept, accepted"),
    ]
    assert sdss[3:7] == ["+1.013", "+0.480", "-0.0020", "+50"]
    assert sdss[-1] == "rejected: AST-002"


def test_a_header_that_disagrees_with_the_decision_is_told(own, tmp_path):
    path = own.products["accepted"] / f"{FIRST}_flc.fits"
    with fits.open(path, mode="update") as hdus:
        hdus["SCI", 2].header["WCSNAME"] = ARCHIVE
    draw("solutions", own, tmp_path / "out")
    told = statement(table_in(tmp_path / "out"), FIRST)
    assert f"carries WCSNAME Gaia and {ARCHIVE}, though the fit to Gaia (WCSNAME Gaia) was to be kept" in told


def test_a_failed_fit_reads_nan_and_rejected(own, tmp_path):
    write_fit(own.products["fit-gaia"], {FIRST: FAILED, SECOND: BETTER})
    decisions = {FIRST: decision(fit=False, reason="the fit is rejected"), SECOND: decision(fit=True)}
    (own.products["accepted"] / "decisions.json").write_text(json.dumps(decisions))
    write_exposure(own.products["accepted"] / f"{FIRST}_flc.fits")
    draw("solutions", own, tmp_path / "out")
    table = table_in(tmp_path / "out")
    row = shown(table, FIRST)[1]
    assert row[2:7] == ["–", "nan", "nan", "nan", "nan"]
    assert row[-1].startswith("rejected: AST-001, AST-002, AST-003")
    assert statement(table, FIRST).endswith("the fit is rejected")
    assert shown(table_in(tmp_path / "out", "epochs"), "Gaia")[0][6:] == ["–"] * 4


def test_an_archive_without_a_fit_has_no_matches_and_no_scatter(own, tmp_path):
    write_exposure(own.products["exposures"] / f"{FIRST}_flc.fits", WCSNAME="IDC_2731450pi")
    draw("solutions", own, tmp_path / "out")
    row = shown(table_in(tmp_path / "out"), FIRST)[0]
    assert row[1:3] == ["IDC_2731450pi", "–"]
    assert row[7:] == ["–", "–", "–", "–", "rejected: AST-011"]


# Epochs


def test_the_table_of_epochs_holds_the_displacement_and_the_shift_it_makes(drawn):
    table = data_of(drawn, "solutions", "epochs")
    assert isinstance(table, Table)
    length = np.hypot(*MOTION) * (2016.0 - EPOCH)
    assert statement(table, "Gaia") == f"propagated from 2016.0 to {EPOCH:.3f}, by -4.20 years"
    (group,) = (group for group in table.groups if group.heading == "Gaia")
    name, epoch, on_it, without, mas, pix, dx, dy, shift_pix, shift_mas = group.rows[0].cells
    assert (name, on_it, without) == (FIRST, 2 * SOURCES, 3)
    assert epoch == pytest.approx(EPOCH, abs=0.001)
    assert mas == pytest.approx(length, rel=1e-3)
    assert pix == pytest.approx(length / 1000 / SCALE, rel=1e-3)
    # Back in time; east is to the left. The three sources without motion do not count.
    assert dx == pytest.approx(MOTION[0] * 4.2 / 1000 / SCALE, rel=1e-3)
    assert dy == pytest.approx(-MOTION[1] * 4.2 / 1000 / SCALE, rel=1e-3)
    assert shift_mas == pytest.approx(length, rel=1e-3)
    assert shift_pix == pytest.approx(shift_mas / 1000 / SCALE)


def test_a_catalogue_without_motions_has_no_rows_and_says_why(drawn):
    table = table_in(drawn["solutions"][0], "epochs")
    assert statement(table, "SDSS") == "not propagated: the catalogue has no proper motions"
    assert shown(table, "SDSS") == []


def test_a_catalogue_left_at_its_epoch_says_what_the_fits_absorbed(own, tmp_path):
    write_reference(own.products["catalog-gaia"], moving=True, epoch=None)
    draw("solutions", own, tmp_path / "out")
    table = table_in(tmp_path / "out", "epochs")
    assert statement(table, "Gaia") == "not propagated (not asked for): the fits have absorbed these shifts"
    length = np.hypot(*MOTION) * (2016.0 - EPOCH)
    assert float(shown(table, "Gaia")[0][4]) == pytest.approx(length, abs=0.02)


# Offsets


def test_offsets_are_those_that_the_check_measures(reduced, drawn):
    plot = data_of(drawn, "offsets", "catalog-offsets-gaia")
    assert isinstance(plot, Plot)
    from astropy.table import Table as AstropyTable

    found = AstropyTable.read(reduced.products["detected"] / "drizzled_sources.ecsv", format="ascii.ecsv")
    pairs = pair_sources(np.column_stack([found["ra"], found["dec"]])[3:], sky(places())[3:])
    measured = catalog_offset(pairs, subject="gaia")
    assert len(plot.group) == len(pairs), "sources of unknown motion are no reference"
    entry = drawn["offsets"][1][0]
    assert f"median offset {measured.value:.1f} ± {measured.uncertainty:.1f} mas" in entry["caption"]
    (mark,) = plot.marks
    assert np.hypot(mark.x, mark.y) == pytest.approx(measured.value, abs=0.01)
    assert [circle.radius for circle in plot.circles] == [10.0]
    assert plot.axes["d_ra"].low > plot.axes["d_ra"].high, "east is to the left"


def test_offsets_of_a_shifted_image_leave_the_circle(own, tmp_path):
    write_sources(own.products["detected"], offset=(0.0, 30.0))
    entries = draw("offsets", own, tmp_path / "out")
    plot = read_figure_data(tmp_path / "out" / "catalog-offsets-gaia.json")
    assert isinstance(plot, Plot)
    assert plot.marks[0].y == pytest.approx(30.0, abs=0.5)
    assert plot.axes["d_dec"].high > 30
    north = [arrow.to_y - arrow.y for arrow in plot.arrows if arrow.label.startswith("median")]
    assert len(north) >= 4
    assert min(north) > 0
    assert entries[0]["subject"] == "gaia"


def test_lists_without_pairs_are_drawn_and_told(own, tmp_path):
    for name in ("drizzled_sources.ecsv", "exposure_sources.ecsv"):
        path = own.products["detected"] / name
        lines = path.read_text().splitlines(keepends=True)
        head = next(number for number, line in enumerate(lines) if not line.startswith("#")) + 1
        path.write_text("".join(lines[: head + 5]))
    entries = draw("offsets", own, tmp_path / "out")
    assert [entry["subject"] for entry in entries] == ["gaia", *EXPOSURES, EXPOSURES[0]]
    assert "not measured (one of the lists has 5 sources; pairs take 20)" in entries[0]["caption"]


def test_a_missing_mosaic_is_named(own, tmp_path):
    (own.products["drizzled"] / "f606w_drc_sci.fits").unlink()
    with pytest.raises(StageError, match=r"drizzled: 0 files match f606w_dr\?_sci.fits"):
        draw("mosaic", own, tmp_path / "out")


# Plans


DATASET = """
name = "field"
title = "A field"
workflow = "catalog-alignment"
instrument = "WFC3"
proposal = 12692
filters = ["F606W"]
exposures = [{ rootname = "ibwb01xrq", visit = "01" }, { rootname = "ibwb01xxq", visit = "01" }]
[stages.fetch]
required = ["flc"]
headers = "flc"
types = ["idctab"]
[stages.catalogs]
ra = 290.2248
dec = 37.8027
radius = 5.0
[stages.align]
wcsname = "Gaia"
plate_scale = 0.0396
[stages.align.imagefind]
threshold = 500.0
[stages.align.gaia]
[stages.align.sdss]
[stages.drizzle]
root = "f606w"
exposures = ["ibwb01xrq", "ibwb01xxq"]
[stages.detect]
saturation = 60000.0
[[overrides]]
criterion = "AST-002"
subject = "* sdss"
bounds = { above = 0, below = 0.6 }
reason = "SDSS is good to 50 mas"
[simulation]
instrument = "WFC3"
detector = "UVIS"
seed = 1
proposal = 12692
target = "NGC-6791"
field = { ra = 290.2248, dec = 37.8027 }
"""


@pytest.fixture(scope="module")
def dataset(new_directory) -> Dataset:
    exposure = """
[[simulation.exposures]]
rootname = "NAME"
ra = 290.2399
dec = 37.7947
pa_v3 = 258.98
date = 2011-10-20
time = 11:10:28
exptime = 360.0
filter = "F606W"
archive_matches = 462
archive_rms = [4.0, 3.8]
"""
    path = new_directory("datasets") / "field.toml"
    path.write_text(DATASET + "".join(exposure.replace("NAME", name) for name in EXPOSURES))
    return load_dataset(path)


def test_figures_wait_for_no_more_than_they_need(dataset):
    plan = load_workflow(dataset.workflow).plan(dataset, Simulated("small"))
    assert plan.illustrations == (
        "solution-tables",
        "fit-figures-gaia",
        "fit-figures-sdss",
        "mosaic-figures",
        "offset-figures",
    )
    waits = {
        name: {parent.name for parent in plan.nodes[name].upstream.values()} for name in plan.illustrations
    }
    assert waits["fit-figures-gaia"] == {"fetch", "align-gaia"}
    assert waits["mosaic-figures"] == {"drizzle"}
    assert waits["offset-figures"] == {"fetch", "catalog-gaia", "detect", "detect-exposures"}
    assert "drizzle" not in waits["solution-tables"]


def test_figures_draw_the_bounds_in_force(dataset):
    plan = load_workflow(dataset.workflow).plan(dataset, Simulated("small"))
    assert plan.nodes["fit-figures-sdss"].settings.rms[f"{FIRST} sdss"] == Bounds(above=0, below=0.6)
    assert plan.nodes["fit-figures-gaia"].settings.rms[f"{FIRST} gaia"] == Bounds(above=0, below=0.1)
    bounds = plan.nodes["solution-tables"].settings.bounds
    assert bounds[f"{FIRST} sdss"]["AST-002"] == Bounds(above=0, below=0.6)
    assert bounds[f"{FIRST} gaia"]["AST-002"] == Bounds(above=0, below=0.1)
    assert bounds[f"{FIRST} gaia"]["AST-011"] == load_criteria()["AST-011"].bounds
