"""Figures of imaging: declared before anything runs, of the nodes' files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.workflows import workflow_of
from hubble_qa.reports.drawings.drawing import Drawing, drawings
from hubble_qa.reports.figures.drawn_files import PLACE, DrawnFiles
from hubble_qa.reports.figures.image_criteria import EXPOSURES, IMAGE
from tests.test_imaging_plan import MINIMAL, dataset, plan


def drawn(tmp_path: Path, text: str = MINIMAL) -> Mapping[str, Drawing]:
    made = dataset(tmp_path, text)
    return {each.name: each for each in drawings(made, workflow_of(made).settings(made), plan(made))}


def test_fits_images_and_offsets_are_drawn_of_the_nodes_that_make_them(tmp_path: Path) -> None:
    found = drawn(tmp_path)
    assert set(found["fit-figures-1"].upstream) == {"align-gaia", "accept"}
    assert set(found["image-figure-1"].upstream) == {"drizzle-f606w", "accept"}
    assert set(found["image-figure-2"].upstream) == {"drizzle-f814w", "accept"}
    assert set(found["image-offset-figures-1"].upstream) == {"drizzle-f606w", "drizzle-f814w"}
    assert set(found["offset-figures-exposure-1"].upstream) == {"accept", "catalog"}
    assert found["offset-figures-exposure-1"].upstream["catalog"].name == "catalog-gaia"
    assert not any(each.locations for each in found.values())


def test_a_figure_shows_the_verdicts_on_what_it_draws(tmp_path: Path) -> None:
    found = drawn(tmp_path)
    fits, image = found["fit-figures-1"], found["image-figure-1"]
    assert fits.takes("AST-002", "shifts ibwb01xqq_flc")
    assert not fits.takes("AST-002", "f606w_drc_sci")
    assert image.takes("DRZ-001", "f606w_drc_sci")
    assert not image.takes("DRZ-001", "f814w_drc_sci")
    assert image.settings["exposures"] == {
        "ibwb01xqq_flc": "accept/ibwb01xqq_flc.fits",
        "ibwb01xrq_flc": "accept/ibwb01xrq_flc.fits",
    }


def test_without_a_catalogue_the_relative_fits_are_drawn(tmp_path: Path) -> None:
    found = drawn(tmp_path, MINIMAL.replace('["gaia"]', "[]"))
    assert set(found["fit-figures-1"].upstream) == {"align"}
    assert not any(name.startswith("offset-figures") for name in found)


def test_figures_of_images_show_all_criteria_that_name_them() -> None:
    named = {name for name, criterion in load_criteria().items() if criterion.figure == "drizzled"}
    assert {*IMAGE, *EXPOSURES} == named


def test_files_are_below_a_directory_or_in_the_nodes_products(tmp_path: Path) -> None:
    handed_in = Inputs(locations={PLACE: str(tmp_path)})
    assert DrawnFiles(handed_in) / "visit01/a_flc.fits" == tmp_path / "visit01" / "a_flc.fits"
    reduced = Inputs(products={"accept": tmp_path / "files"})
    assert DrawnFiles(reduced) / "accept/a_flc.fits" == tmp_path / "files" / "a_flc.fits"
