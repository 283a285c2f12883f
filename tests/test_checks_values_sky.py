"""Borders in the sky of drizzled images: values by hand, where another side, block or width gives another."""

from __future__ import annotations

import numpy as np
import pytest

from hubble_qa.checks.images.sky_residual import SkyBlocks, sky_residual
from hubble_qa.checks.measurement import Measurement


def borders(
    seen: dict[str, np.ndarray], levels: dict[str, float], widths: np.ndarray | float = 2.0
) -> Measurement:
    """A sky that has a level of its own where each exposure sees it, all but without noise."""
    shape = next(iter(seen.values())).shape
    medians = np.random.default_rng(8).normal(0.0, 1e-6, shape)
    for name, level in levels.items():
        medians += level * seen[name]
    return sky_residual(SkyBlocks(medians, np.broadcast_to(widths, shape), seen), subject="x")


COLUMN = np.indices((10, 60))[1]


def test_a_step_is_in_units_of_the_noise_beside_it_and_its_sides_are_named() -> None:
    seen = {"a": COLUMN < 30, "b": COLUMN >= 30}
    # Far from the border, and on a fifth of the blocks beside it, the noise is another.
    widths = np.where(np.abs(COLUMN - 29.5) > 8, 50.0, np.where(np.indices((10, 60))[0] < 2, 20.0, 2.0))
    found = borders(seen, {"b": 3.0}, widths)
    assert found.value == pytest.approx(1.5, rel=1e-3)
    assert found.context["step"] in (pytest.approx(1.5, rel=1e-3), pytest.approx(-1.5, rel=1e-3))
    assert sorted(found.context["between"]) == ["a", "b"]
    assert found.reason.startswith(f"the sky steps by {found.context['step']:.2f} ±")


def test_noise_is_that_of_both_sides() -> None:
    seen = {"a": COLUMN < 30, "b": COLUMN >= 30}
    for noisy in ("a", "b"):
        widths = np.where(seen[noisy], 4.0, 2.0)
        found = borders(seen, {"b": 3.0}, widths)
        assert found.value == pytest.approx(3.0 / 3.0, rel=1e-3)  # the median of as many of 2 as of 4


def test_what_no_exposure_sees_has_no_border() -> None:
    assert not borders({"a": COLUMN < 30}, {"a": 3.0}).told
    beside = {"a": COLUMN < 26, "b": (COLUMN >= 26) & (COLUMN < 31)}
    wild = {**beside, "c": COLUMN >= 31}
    medians = np.random.default_rng(8).normal(0.0, 1e-6, COLUMN.shape) + 3.0 * beside["b"] + 40.0 * wild["c"]
    found = sky_residual(SkyBlocks(medians, np.full(COLUMN.shape, 2.0), beside), subject="x")
    assert found.value == pytest.approx(1.5, rel=1e-3)


def test_only_blocks_near_a_border_count() -> None:
    """A sky that rises steeply, farther from the border than eight blocks on either side."""
    seen = {"a": COLUMN < 30, "b": COLUMN >= 30}
    for side in (COLUMN < 20, COLUMN >= 40):
        medians = np.random.default_rng(8).normal(0.0, 1e-6, COLUMN.shape) + 3.0 * seen["b"]
        medians += np.where(side, 10.0 * np.sin(COLUMN / 2.0), 0.0)
        found = sky_residual(SkyBlocks(medians, np.full(COLUMN.shape, 2.0), seen), subject="x")
        assert found.value == pytest.approx(1.5, rel=1e-3)


@pytest.mark.parametrize(
    ("rows", "columns", "told"), [(4, 5, True), (1, 19, False), (2, 30, False), (3, 30, True)]
)
def test_twenty_blocks_on_either_side_make_a_border(rows: int, columns: int, told: bool) -> None:
    """Of a strip that leads away from the border eight columns are near."""
    row, column = np.indices((20, 60))
    strip = (row < rows) & (column >= 30) & (column < 30 + columns)
    for names in (("a", "b"), ("b", "a")):
        seen = dict(zip(names, (column < 30, strip), strict=True))
        assert borders({name: seen[name] for name in ("a", "b")}, {}).told is told


def test_of_borders_the_largest_step_counts_up_or_down() -> None:
    seen = {"a": COLUMN < 20, "b": (COLUMN >= 20) & (COLUMN < 40), "c": COLUMN >= 40}
    for levels, worst in (({"b": 1.0, "c": -4.0}, ["b", "c"]), ({"a": -4.0, "b": 1.0}, ["a", "b"])):
        found = borders(seen, levels)
        assert found.value == pytest.approx(2.5, rel=1e-3)
        assert sorted(found.context["between"]) == worst


@pytest.mark.parametrize(("step", "named"), [(0.15, False), (0.25, True)])
def test_a_tenth_of_the_noise_is_worth_naming(step: float, named: bool) -> None:
    found = borders({"a": COLUMN < 30, "b": COLUMN >= 30}, {"b": step})
    assert bool(found.reason) is named
