"""The figure of what is masked of an exposure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.detectors.calibration import MASKED
from hubble_qa.reports.drawings.drawing import Drawing
from hubble_qa.reports.figures.handed_in_exposures import draw_masks_handed_in
from hubble_qa.reports.figures.masks import draw_masks
from hubble_qa.reports.figures.verdicts import Shown
from tests.figure_numbers import missing_numbers
from tests.qa_runs import judge_products
from tests.small_runs import small_run


def outlines(masks: dict[int, NDArray[np.bool_]]) -> list[NDArray[np.float64]]:
    """x and y of the outline of each chip's mask."""
    images = {chip: np.random.default_rng(chip).normal(10.0, 1.0, mask.shape) for chip, mask in masks.items()}
    figure = draw_masks(images, masks, title="masked: 0.15")
    panels = [axes for axes in figure.axes if axes.images]
    assert "masked: 0.15" in panels[0].get_title(loc="left")
    return [
        np.concatenate(
            [path.vertices for each in axes.collections for path in each.get_paths()] or [np.empty((0, 2))]
        )
        for axes in panels
    ]


def test_outline_is_where_the_mask_is() -> None:
    masks = {chip: np.zeros((400, 300), dtype=bool) for chip in (1, 2)}
    masks[1][100:160, 30:90] = True
    masked, empty = outlines(masks)
    assert not len(empty)
    # Half a pixel beyond the outermost pixels: 30 to 89, and 100 to 159.
    np.testing.assert_allclose(masked.min(axis=0), (29.5, 99.5), atol=0.51)
    np.testing.assert_allclose(masked.max(axis=0), (89.5, 159.5), atol=0.51)


def test_outline_of_a_thin_trail_is_kept_in_a_large_image_and_closed_at_its_edges() -> None:
    mask = np.zeros((1200, 2400), dtype=bool)
    mask[600:602] = True
    (masked,) = outlines({1: mask})
    block = 2400 / 580
    assert masked[:, 0].min() < 1.0
    assert masked[:, 0].max() > 2398.0
    assert 600 - 2 * block < masked[:, 1].min() < 600.5 < masked[:, 1].max() < 602 + 2 * block


@pytest.mark.parametrize(
    ("value", "status", "wanted"), [(0.2, "fail", True), (None, "not applicable", False)]
)
def test_exposures_without_masks_are_not_drawn(value: float | None, status: str, wanted: bool) -> None:
    drawing = Drawing(
        "mask-figures-1", draw_masks_handed_in, {}, shows={"CAL-014": ("a_flc",)}, of_values=True
    )
    bounds = load_criteria()["CAL-014"].bounds
    one = Shown(title="Masked pixels", value=value, unit="", bounds=bounds, status=status)
    assert drawing.is_wanted({"CAL-014": {"a_flc": one}}) is wanted
    assert not drawing.is_wanted({"CAL-014": {"b_flc": one}, "CAL-003": {"a_flc": one}})
    assert Drawing("others", draw_masks_handed_in, {}).is_wanted({})


@pytest.mark.whole
def test_mask_that_eats_half_a_chip_is_rejected_and_drawn_with_its_number(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = small_run("acs-two-filters", tmp_path_factory).product("align")
    (tmp_path / "products").mkdir()
    first, second = sorted(made.glob("*_flt.fits"))[:2]
    for path, rows in ((first, slice(0, 0)), (second, slice(0, None, 2))):
        with fits.open(path) as hdus:
            hdus["DQ", 2].data[rows] |= MASKED
            hdus.writeto(tmp_path / "products" / path.name)
    run = judge_products(tmp_path, tmp_path / "products", "-k", "masked")
    assert run.rejected() == {("CAL-014", second.stem)}
    assert run.verdict("CAL-014", second.stem)["value"] == pytest.approx(0.5)
    assert run.verdict("CAL-014", first.stem)["status"] == "not applicable"
    (figure,) = (each for each in run.results["figures"] if each["figure"] == "masks")
    assert figure["subject"] == second.stem
    assert missing_numbers(run) == []
