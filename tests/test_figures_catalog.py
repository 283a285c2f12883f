"""The figures and tables of catalogue alignment, on small products, and what a plan asks of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from hubble_qa.checks.astrometry.source_positions import catalog_offset
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.evidence.sky_sources import from_catalog
from hubble_qa.fixtures.plans.dataset import Dataset, load_dataset
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows import load_workflow
from hubble_qa.reports.drawings.drawing import Drawing, drawings
from hubble_qa.reports.figures.catalog_alignment import (
    ExposureOffsetSettings,
    SolutionTableSettings,
    draw_exposure_offsets,
    tabulate_solutions,
)
from hubble_qa.reports.figures.figure_data import FigureData, Plot, Table, read_figure_data
from hubble_qa.reports.figures.handed_in import FitsSettings, draw_fits_handed_in
from hubble_qa.reports.figures.handed_in_sky import OffsetSettings, draw_offsets_handed_in
from hubble_qa.reports.figures.matched_sources import ChipImage, matched_sources, sharpest
from hubble_qa.reports.figures.verdicts import Verdicts
from tests.catalog_alignment_samples import (
    ARCHIVE,
    BETTER,
    CENTRE,
    EPOCH,
    EXPOSURES,
    IMAGE,
    MOTION,
    SCALE,
    SERVICES,
    SHAPE,
    SOURCES,
    decision,
    fit_of,
    judged,
    on_chip,
    products,
    star_image,
    write_exposure,
    write_fit,
    write_reference,
)
from tests.verdict_samples import handed

FIRST, SECOND = EXPOSURES
# Not asked of alignments to a catalogue.
NOT_HERE = {"AST-013", "AST-020", "AST-027", "AST-028"}
# What the criteria of this workflow name.
IDS = {
    "solutions",
    "epochs",
    "residuals",
    "residual-vectors",
    "matched-sources",
    "catalog-offsets",
    "exposure-offsets",
}
NAN = float("nan")
FAILED = {"dx": NAN, "dy": NAN, "rot": NAN, "scale": NAN, "xrms": 0.0, "yrms": 0.0}


def settings(verdicts: Verdicts | None = None) -> dict[str, tuple[object, object]]:
    given = {"verdicts": judged() if verdicts is None else verdicts}
    common = {"exposures": EXPOSURES, "suffix": "flc"}
    labels = {service: f"align-{service}/shifts" for service in SERVICES}
    tables = {"catalogs": {"gaia": "Gaia", "sdss": "SDSS"}, "labels": labels}
    paths = {f"{name}_flc": f"exposures/{name}_flc.fits" for name in EXPOSURES}
    fitted = {"shifts": "fit-gaia/shifts.txt", "others": (), "label": labels["gaia"], "exposures": paths}
    image = {"file": "drizzled/f606w_drc_sci.fits", "companion": "", "drizzled": True, "label": IMAGE}
    of_offsets = {name: {IMAGE: 0.4} for name in ("AST-012", "AST-017")}
    return {
        "solutions": (tabulate_solutions, SolutionTableSettings(**common, **tables, **given)),
        "fits": (draw_fits_handed_in, FitsSettings(**fitted, several=True, stamps=(), **given)),
        "between": (draw_exposure_offsets, ExposureOffsetSettings(**common, combined=EXPOSURES, **given)),
        "offsets": (
            draw_offsets_handed_in,
            OffsetSettings(**image, catalog="Gaia", stamps=(), verdicts=handed(of_offsets)),
        ),
    }


def draw(which: str, inputs: Inputs, output: Path, verdicts: Verdicts | None = None) -> list[dict[str, str]]:
    """Run a stage and return its list of figures."""
    output.mkdir(exist_ok=True, parents=True)
    stage, given = settings(verdicts)[which]
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


def data_of(drawn, stage: str, name: str) -> FigureData:
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
    assert {load_criteria()[name].figure for name in ("AST-014", "AST-016", "WCS-003")} <= IDS
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
        there = [path.name for path in directory.iterdir() if "-levels-" not in path.name]
        assert sorted([*listed, "figures.json"]) == sorted(there)


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
    assert found == [(figure, fit_of(name)) for name in EXPOSURES for figure in figures]


# Residuals


def test_a_point_tells_which_source_it_is(drawn):
    plot = data_of(drawn, "fits", f"residuals-{FIRST}_flc")
    assert isinstance(plot, Plot)
    assert [group.name for group in plot.groups] == [f"UVIS2 ({SOURCES})", f"UVIS1 ({SOURCES})"]
    source = SOURCES + 4
    values = {name: column.values[source] for name, column in plot.columns.items()}
    x, y = on_chip(2)[4] + 1
    assert (values["row"], values["chip_x"], values["chip_y"]) == (source + 1, x, y)
    assert plot.groups[plot.group[source]].name.startswith("UVIS1")
    assert values["dx_mas"] == pytest.approx(values["dx"] * SCALE * 1000, abs=0.01)
    assert {line.value for line in plot.lines} == {-0.1, 0.1}
    assert len(plot.trends) == 4


def test_sources_beyond_three_times_the_judged_rms_are_outliers(reduced, tmp_path):
    for rms in (0.03, 0.05, None):
        verdicts = handed({"AST-002": {fit_of(FIRST): rms}}) if rms else Verdicts()
        draw("fits", reduced, tmp_path / f"{rms}", verdicts)
        plot = read_figure_data(tmp_path / f"{rms}" / f"residuals-{FIRST}_flc.json")
        assert isinstance(plot, Plot)
        residuals = np.abs([plot.columns[name].values for name in ("dx", "dy")])
        far = (residuals > 3 * (rms or np.inf)).any(axis=0)
        assert plot.outliers == tuple(np.flatnonzero(far))
        assert bool(plot.outliers) == (rms is not None)
        assert plot.outlying == "beyond 3 × the fit RMS"


def test_sources_that_are_no_numbers_are_no_points(own, tmp_path):
    path = own.products["fit-gaia"] / f"{FIRST}_flc_catalog_fit.match"
    lines = path.read_text().splitlines()
    fields = lines[3].split()
    lines[3] = " ".join([*fields[:6], "nan", "nan", *fields[8:]])
    path.write_text("\n".join(lines) + "\n")
    draw("fits", own, tmp_path / "out")
    plot = read_figure_data(tmp_path / "out" / f"residuals-{FIRST}_flc.json")
    assert isinstance(plot, Plot)
    assert len(plot.group) == 2 * SOURCES - 1
    assert 3.0 not in plot.columns["row"].values


def test_an_exposure_without_a_match_file_has_no_figure(own, tmp_path):
    write_fit(own.products["fit-gaia"], {FIRST: BETTER, SECOND: FAILED})
    entries = draw("fits", own, tmp_path / "out")
    assert {entry["subject"] for entry in entries} == {fit_of(FIRST)}


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


def test_four_chips_stand_in_quadrants_and_circles_are_on_their_sources():
    place = np.array([[30.0, 40.0]])
    chips = [ChipImage(n, f"chip {n}", np.ones((100, 100)), place, np.array([n])) for n in (1, 2, 3, 4)]
    axes = matched_sources(chips, [], title="t").axes[0]
    found = np.vstack([circles.get_offsets() for circles in axes.collections])
    corners = found - place
    assert (corners[2] == 0).all()
    assert (corners[0] == corners[0].max()).all()
    np.testing.assert_array_equal(corners[[1, 3]], [[0, corners[0, 1]], [corners[0, 0], 0]])
    for image, corner in zip(axes.images, corners, strict=True):
        np.testing.assert_allclose(image.get_extent()[::2], corner - 0.5)


def test_a_hot_pixel_comes_first_among_the_close_ups_and_stars_are_far_below():
    stamps = sharpest(chip_images())
    assert {(stamp.chip, stamp.row) for stamp in stamps[:2]} == {(1, 1), (2, SOURCES + 1)}
    assert all(stamp.sharpness > 0.8 for stamp in stamps[:2])
    assert all(0.1 < stamp.sharpness < 0.45 for stamp in stamps[2:])


def test_matched_sources_are_counted_in_words(drawn):
    entry = next(each for each in drawn["fits"][1] if each["figure"] == "matched-sources")
    assert entry["title"] == f"Matched sources of {FIRST}_flc by align-gaia/shifts: N = {2 * SOURCES}"
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
    assert statement(table, FIRST).startswith("carries the fit to Gaia (WCSNAME Gaia): both are acceptable. ")
    assert statement(table, SECOND).startswith(f"carries the archive's solution (WCSNAME {ARCHIVE})")
    for heading, kept in ((FIRST, "fit to Gaia"), (SECOND, "archive's")):
        (group,) = (group for group in table.groups if group.heading == heading)
        assert [row.cells[0] for row in group.rows if row.chosen] == [kept]


def test_the_table_holds_the_numbers_of_each_solution(drawn):
    archive, gaia, sdss = shown(table_in(drawn["solutions"][0]), FIRST)
    assert archive[:3] == ["archive's", ARCHIVE, "462"]
    assert archive[3:7] == ["–"] * 4
    assert archive[7:] == ["–", "4.0 and 3.8", "rejected: AST-011"]
    assert gaia == [
        *("fit to Gaia", "Gaia", str(2 * SOURCES), "-0.005", "+0.004", "0.0001 deg", "1e-06"),
        *("0.06 pix", "2.4", "kept, accepted"),
    ]
    assert sdss[3:7] == ["+1.013", "+0.480", "-0.002 deg", "5e-05"]
    assert sdss[-1] == "rejected: AST-002"


def test_the_table_says_how_solutions_were_judged(drawn):
    table = table_in(drawn["solutions"][0])
    assert "Archive's fit RMS: 0.101 pix (accepted: > 0 and < 0.1 pix)" in statement(table, SECOND)
    assert "Distance from the archive's fit: 9.3 mas" in statement(table, SECOND)
    assert "Position by the header - by the fit: 0.0001 mas" in statement(table, FIRST)


def test_a_partial_run_has_a_table_without_what_was_not_judged(reduced, tmp_path):
    draw("solutions", reduced, tmp_path / "out", Verdicts())
    table = table_in(tmp_path / "out")
    archive, gaia, _ = shown(table, FIRST)
    assert archive[-1] == "–"
    assert gaia[2:] == ["–", "-0.005", "+0.004", "–", "–", "–", "–", "kept"]
    assert statement(table, FIRST) == "carries the fit to Gaia (WCSNAME Gaia): both are acceptable."


def test_a_header_that_disagrees_with_the_decision_is_told(own, tmp_path):
    path = own.products["accepted"] / f"{FIRST}_flc.fits"
    with fits.open(path, mode="update") as hdus:
        hdus["SCI", 2].header["WCSNAME"] = ARCHIVE
    draw("solutions", own, tmp_path / "out")
    text = statement(table_in(tmp_path / "out"), FIRST)
    assert f"carries WCSNAME Gaia and {ARCHIVE}, though the fit to Gaia (WCSNAME Gaia) was to be kept" in text


def test_a_failed_fit_reads_nan_and_rejected(own, tmp_path):
    write_fit(own.products["fit-gaia"], {FIRST: FAILED, SECOND: BETTER})
    decisions = {FIRST: decision(fit=False, reason="the fit is rejected"), SECOND: decision(fit=True)}
    (own.products["accepted"] / "decisions.json").write_text(json.dumps(decisions))
    write_exposure(own.products["accepted"] / f"{FIRST}_flc.fits")
    unknown = ("AST-002", "AST-003", "AST-004", "AST-005")
    changes = {"AST-001": {fit_of(FIRST): 4.0}, **{key: {fit_of(FIRST): None} for key in unknown}}
    draw("solutions", own, tmp_path / "out", judged(changes))
    table = table_in(tmp_path / "out")
    row = shown(table, FIRST)[1]
    assert row[2:7] == ["not measured", "nan", "nan", "not measured", "not measured"]
    assert row[-1] == "rejected: AST-001, AST-002, AST-003, AST-004, AST-005"
    assert "the fit is rejected." in statement(table, FIRST)
    assert shown(table_in(tmp_path / "out", "epochs"), "Gaia")[0][6:10] == ["–"] * 4


def test_an_archive_without_a_fit_has_no_matches_and_no_scatter(own, tmp_path):
    write_exposure(own.products["exposures"] / f"{FIRST}_flc.fits", WCSNAME="IDC_2731450pi")
    draw("solutions", own, tmp_path / "out")
    row = shown(table_in(tmp_path / "out"), FIRST)[0]
    assert row[1:3] == ["IDC_2731450pi", "–"]
    assert row[7:] == ["–", "–", "rejected: AST-011"]


# Epochs


def test_the_table_of_epochs_holds_the_displacement_and_the_shift_it_makes(drawn):
    table = data_of(drawn, "solutions", "epochs")
    assert isinstance(table, Table)
    length = np.hypot(*MOTION) * (2016.0 - EPOCH)
    assert statement(table, "Gaia") == f"propagated from 2016.0 to {EPOCH:.3f}, by -4.20 years"
    (group,) = (group for group in table.groups if group.heading == "Gaia")
    name, epoch, on_it, without, mas, pix, dx, dy, shift_pix, shift_mas, left = group.rows[0].cells
    assert left == "0.02 mas"
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
    plot = data_of(drawn, "offsets", f"catalog-offsets-{IMAGE}")
    assert isinstance(plot, Plot)
    image, catalog = reduced.products["drizzled"], reduced.products["catalog"]
    pairs, _ = from_catalog(image / "f606w_drc_sci.fits", catalog / "catalog.ecsv", drizzled=True)
    measured = catalog_offset(pairs, subject=IMAGE)
    assert len(plot.group) == len(pairs) > 60, "sources of unknown motion are no reference"
    entry = drawn["offsets"][1][0]
    assert entry["caption"].startswith("Offset from the catalogue: 0.4 mas (accepted: ≤ 10 mas); ")
    (mark,) = plot.marks
    assert np.hypot(mark.x, mark.y) == pytest.approx(measured.value, abs=0.01)
    assert mark.label == "median offset 0.4 mas"
    assert [circle.radius for circle in plot.circles] == [10.0]
    assert plot.axes["d_ra"].low > plot.axes["d_ra"].high, "east is to the left"


def test_offsets_of_a_shifted_image_leave_the_circle(own, tmp_path):
    fits.setval(own.products["drizzled"] / "f606w_drc_sci.fits", "CRVAL2", value=CENTRE[1] + 30 / 3.6e6)
    entries = draw("offsets", own, tmp_path / "out")
    plot = read_figure_data(tmp_path / "out" / f"catalog-offsets-{IMAGE}.json")
    assert isinstance(plot, Plot)
    assert plot.marks[0].y == pytest.approx(30.0, abs=1.0)
    assert plot.axes["d_dec"].high > 30
    north = [arrow.to_y - arrow.y for arrow in plot.arrows if arrow.label.startswith("median")]
    assert len(north) >= 4
    assert min(north) > 0
    assert entries[0]["subject"] == IMAGE


def test_each_exposure_is_compared_with_another_that_overlaps_it(drawn):
    assert [(each["title"], each["subject"]) for each in drawn["between"][1]] == [
        (f"Offsets of {FIRST} from {SECOND}", FIRST),
        (f"Offsets of {SECOND} from {FIRST}", SECOND),
    ]
    assert drawn["between"][1][0]["caption"].startswith(
        "Position of a source in two exposures: 1.2 mas (accepted: ≤ 10 mas)."
    )


# Plans


DATASET = """
name = "field"
title = "A field"
workflow = "imaging"
instrument = "WFC3"
proposal = 12692
filters = ["F606W"]
exposures = [{ rootname = "ibwb01xrq", visit = "01" }, { rootname = "ibwb01xxq", visit = "01" }]
[stages.catalogs]
ra = 290.2248
dec = 37.8027
radius = 5.0
[stages.align]
catalogs = ["gaia", "sdss"]
ladder = []
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


@pytest.fixture(scope="module")
def planned(dataset) -> dict[str, Drawing]:
    """The figures of the dataset."""
    workflow = load_workflow(dataset.workflow)
    plan = workflow.plan(dataset, Simulated("small"))
    return {each.name: each for each in drawings(dataset, workflow.settings(dataset), plan)}


def test_figures_wait_for_no_more_than_they_need(planned):
    waits = {name: {parent.name for parent in each.upstream.values()} for name, each in planned.items()}
    assert waits["fit-figures-1"] == {"accept", "align-gaia"}
    assert waits["exposure-offset-figures"] == {"accept"}
    assert "drizzle-f606w" not in waits["solution-tables"]


def test_figures_are_handed_every_verdict_that_names_them(planned):
    subjects = {"AST-007": "align-gaia/shifts visit 01", "WCS-003": FIRST}
    subjects |= dict.fromkeys(("AST-012", "AST-017", "AST-025"), f"{FIRST}_flc")
    for name, criterion in load_criteria().items():
        if criterion.figure in IDS and name not in NOT_HERE:
            subject = subjects.get(name, fit_of(FIRST))
            assert any(each.takes(name, subject) for each in planned.values()), name


def test_fits_to_one_catalogue_are_not_drawn_anew_for_another_s_verdicts(planned):
    def key(name: str, subject: str, value: float) -> str:
        return planned[name].node("field", handed({"AST-002": {subject: value}}).shown).key

    gaia, sdss = (fit_of(FIRST, service) for service in SERVICES)
    assert key("fit-figures-1", gaia, 0.05) != key("fit-figures-1", gaia, 0.06)
    assert key("fit-figures-1", sdss, 0.05) == key("fit-figures-1", sdss, 0.06)
    assert key("fit-figures-1", f"{FIRST}_flc", 0.05) != key("fit-figures-1", f"{FIRST}_flc", 0.06)
