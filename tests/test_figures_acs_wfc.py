"""Figures of an ACS/WFC calibration: what they draw, and that their numbers are the verdicts'."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from matplotlib.colors import to_hex
from matplotlib.text import Text

from hubble_qa.checks.detectors.bias_structure import column_scatter
from hubble_qa.fixtures.plans.dataset import load_dataset
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows import load_workflow
from hubble_qa.reports.drawings.drawing import drawings
from hubble_qa.reports.figures.acs_wfc_calibration import CalibrationFigureSettings, draw_calibration
from hubble_qa.reports.figures.acs_wfc_columns import (
    ChipColumns,
    calibration_figures,
    column_profile,
    raw_and_calibrated,
    striking_window,
)
from hubble_qa.reports.figures.style import BAND
from hubble_qa.reports.figures.verdicts import Verdicts
from tests.shown_verdicts import assert_numbers_in_captions, handed, shown, words

DATASET = Path(__file__).parents[1] / "qa" / "datasets" / "acs-j9l960010.toml"
EXPOSURE = "j9l960a9q"
CHIPS = (f"{EXPOSURE}_flt SCI,1", f"{EXPOSURE}_flt SCI,2")
SHAPE, OVERSCAN = (160, 400), 24


def columns(pulls: np.ndarray) -> ChipColumns:
    image = np.random.default_rng(1).normal(10.0, 1.0, (400, pulls.shape[1])).astype(np.float32)
    return ChipColumns("WFC1", CHIPS[1], image, image, pulls, pulls)


def bands(figure) -> list[str]:
    return [to_hex(patch.get_facecolor()) for patch in figure.axes[0].patches]


@pytest.fixture(scope="module")
def products(new_directory) -> Inputs:
    """An exposure raw, with hot columns and overscan, and calibrated, without."""
    paths = {name: new_directory(name) for name in ("raw", "calibrated")}
    generator = np.random.default_rng(4)
    files = {name: fits.HDUList([fits.PrimaryHDU()]) for name in paths}
    for version in (1, 2):
        image = generator.normal(20.0, 4.0, SHAPE).astype(np.float32)
        raw = np.pad(image, ((0, 0), (OVERSCAN, OVERSCAN)))
        raw[:, OVERSCAN + 100 * version] += 40.0
        header = fits.Header({"LTV1": float(OVERSCAN), "LTV2": 0.0})
        files["raw"].append(fits.ImageHDU(raw, header, name="SCI", ver=version))
        files["calibrated"].append(fits.ImageHDU(image, name="SCI", ver=version))
        files["calibrated"].append(fits.ImageHDU(np.zeros(SHAPE, np.int16), name="DQ", ver=version))
    for name, suffix in (("raw", "raw"), ("calibrated", "flt")):
        files[name].writeto(paths[name] / f"{EXPOSURE}_{suffix}.fits")
    return Inputs(paths)


def test_window_is_where_columns_stand_out():
    pulls = np.zeros((4, 1000))
    pulls[2, 700:710] = 20.0
    window = striking_window(pulls, (400, 1000))
    assert window.left <= 700
    assert window.right >= 710
    assert window.bottom <= 250 <= window.top
    assert window.slices[0].stop <= 400


@pytest.mark.parametrize("value", [0.0, 50.0, np.nan])
def test_chips_without_columns_that_stand_out_are_drawn(value):
    chip = columns(np.full((4, 500), value))
    assert raw_and_calibrated(chip, suffix="FLT").axes
    assert len(column_profile(chip, shown("CAL-004")).axes) == 1


def test_scatter_and_its_bound_are_those_of_the_verdict():
    chip = columns(np.random.default_rng(2).normal(0.0, 1.0, (4, 500)))
    judged, alone = column_profile(chip, shown("CAL-004")), column_profile(chip, None)
    assert judged.axes[0].get_title(loc="left") == "WFC1: scatter / noise 12.345"
    assert BAND in bands(judged)
    assert alone.axes[0].get_title(loc="left") == "WFC1"
    assert BAND not in bands(alone)


def test_numbers_are_the_verdicts_and_no_others(products):
    verdicts = handed({"CAL-004": CHIPS, "CAL-006": CHIPS})
    drawn = list(calibration_figures(products, (EXPOSURE,), "flt", verdicts))

    for criterion in ("CAL-004", "CAL-006"):
        for chip, each in verdicts.of(criterion).items():
            captions = [one.caption for one in drawn if one.subject == chip]
            assert captions
            assert all(each.number in caption for caption in captions)
    with fits.open(products.products["calibrated"] / f"{EXPOSURE}_flt.fits") as hdus:
        measured = [
            column_scatter(hdus["SCI", version].data, hdus["DQ", version].data, subject="").value
            for version in (1, 2)
        ]
    assert not any(f"{value:.2f}" in words(drawn) for value in measured)
    assert_numbers_in_captions(drawn, Verdicts(shown={"CAL-004": verdicts.of("CAL-004")}))


def test_without_verdicts_there_are_drawings_without_numbers(products):
    drawn = list(calibration_figures(products, (EXPOSURE,), "flt", Verdicts()))
    titles = [
        text.get_text()
        for each in drawn
        for text in each.drawing.findobj(Text)
        if "scatter" in text.get_text() or "accepted" in text.get_text()
    ]
    assert titles == []
    assert len(drawn) == 3


def test_each_chip_has_its_columns_and_the_exposure_a_section(products, tmp_path):
    settings = CalibrationFigureSettings(exposures=(EXPOSURE,), suffix="flt")
    draw_calibration.run(products, tmp_path, settings)
    entries = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert [entry["file"] for entry in entries] == [
        f"raw-flt-{EXPOSURE}.png",
        f"columns-{EXPOSURE}-wfc2.png",
        f"columns-{EXPOSURE}-wfc1.png",
    ]
    assert [entry["subject"] for entry in entries[1:]] == list(CHIPS)
    assert all((tmp_path / entry["file"]).is_file() for entry in entries)


def test_drawings_are_handed_what_they_show_alone():
    dataset = load_dataset(DATASET)
    workflow = load_workflow(dataset.workflow)
    plan = workflow.plan(dataset, Simulated("small"))
    found = drawings(dataset, workflow.settings(dataset), plan)
    (drawing,) = (each for each in found if each.name == "calibration-figures")
    given = {"CAL-004": {CHIPS[0]: shown("CAL-004")}, "CAL-003": {CHIPS[0]: shown("CAL-003")}}
    assert drawing.node(dataset.name, given).settings.verdicts.shown == {"CAL-004": given["CAL-004"]}
    assert {parent.name for parent in drawing.upstream.values()} == {"fetch", "calibrate"}
