"""Ratios of fluxes and widths on chips and their drizzled image: medians, errors, pairs, slopes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from astropy.stats import mad_std

from hubble_qa.checks.images.mosaic_fluxes import (
    MIN_SOURCES,
    chip_flux_ratio,
    input_flux_ratio,
    input_width_ratio,
)
from hubble_qa.checks.images.source_fluxes import ChipSources


def sources(
    ratios: Any, *, chip: Any = None, places: Any = None, widths: Any = None, alike: bool = True
) -> Any:
    """Sources whose flux in the image is so many times that on the chip."""
    own = np.linspace(50.0, 500.0, len(ratios)) if chip is None else np.asarray(chip, dtype=float)
    where = np.arange(2.0 * len(ratios)).reshape(-1, 2) if places is None else np.asarray(places, dtype=float)
    wide = np.full(len(ratios), 0.1) if widths is None else np.asarray(widths, dtype=float)
    return ChipSources(where, own * ratios, own, 0.2 * wide, np.full(len(ratios), 0.1), (0.0, 0.0), alike)


def skewed(middle: float, number: int = 21, scatter: float = 0.01) -> np.ndarray:
    """Ratios of which mean and maximum are larger than the median."""
    steps = np.linspace(-1.0, 1.0, number)
    return middle + scatter * np.where(steps > 0, 3.0 * steps, steps)


def error_of(ratios: np.ndarray) -> float:
    return float(math.sqrt(math.pi / 2.0) * mad_std(ratios) / math.sqrt(len(ratios)))


def test_a_ratio_is_a_median_as_near_to_one_as_its_error_allows() -> None:
    low, high = skewed(0.9), skewed(1.05)
    found = input_flux_ratio({"a": sources(low), "b": sources(high)}, subject="drz")
    assert found.value == pytest.approx(0.9 + 4.0 * error_of(low))
    assert found.uncertainty == pytest.approx(error_of(low))
    assert found.beyond_error
    assert found.reason.startswith("a: 0.9000")
    assert found.context["a"]["ratio"] == pytest.approx(0.9)
    assert found.context["b"]["sources"] == 21
    alone = input_flux_ratio({"b": sources(high)}, subject="drz")
    assert alone.value == pytest.approx(1.05 - 4.0 * error_of(high))
    near = input_flux_ratio({"b": sources(skewed(1.0 + 3.9 * error_of(high)))}, subject="drz")
    assert (near.value, near.reason) == (1.0, "")
    coarse = input_flux_ratio({"b": sources(high, alike=False)}, subject="drz")
    assert coarse.uncertainty == pytest.approx(math.hypot(error_of(high), 0.0125))


@pytest.mark.parametrize(("number", "told"), [(MIN_SOURCES - 1, False), (MIN_SOURCES, True)])
def test_so_many_sources_are_needed(number: int, told: bool) -> None:
    few = sources(skewed(1.0, number))
    assert input_flux_ratio({"a": few}, subject="drz").told is told
    assert chip_flux_ratio({"a": few, "b": sources(skewed(1.0, 40))}, subject="drz").told is told
    assert input_width_ratio({"a": few, "b": few}, subject="drz").told is told


def test_pairs_of_chips_are_compared_source_by_source() -> None:
    """The second chip has the sources in another order, and others."""
    places = np.random.default_rng(5).uniform(0.0, 100.0, (40, 2))
    flux = np.linspace(10.0, 90.0, 40)
    one = sources(np.ones(30), chip=flux[:30], places=places[:30])
    order = np.random.default_rng(6).permutation(np.arange(5, 40))
    two = sources(np.ones(35), chip=flux[order] / 1.25, places=places[order])
    found = chip_flux_ratio({"a": one, "b": two}, subject="drz")
    assert found.value == pytest.approx(1.25)
    assert found.beyond_error
    assert found.context["a / b"]["sources"] == 25
    assert found.reason.startswith("a / b: 1.25")


def test_the_most_deviant_pair_is_told() -> None:
    fluxes = {"a": 1.0, "b": 0.98, "c": 1.3}
    chips = {name: sources(np.ones(20), chip=np.full(20, flux)) for name, flux in fluxes.items()}
    found = chip_flux_ratio(chips, subject="drz")
    assert found.value == pytest.approx(0.98 / 1.3)
    assert [*found.context] == ["a / b", "a / c", "b / c"]


def test_widths_are_of_all_chips_whose_pixels_are_alike() -> None:
    low, high = sources(np.ones(20), widths=np.full(20, 1.1)), sources(np.ones(21), widths=np.full(21, 1.3))
    other = sources(np.ones(90), widths=np.full(90, 9.0), alike=False)
    unknown = sources(np.ones(50), widths=np.full(50, np.nan))
    unknown.chip_width[:20] = np.nan
    unknown.drizzled_width[10:20] = 1.0
    found = input_width_ratio({"a": low, "b": high, "c": other, "d": unknown}, subject="drz")
    assert (found.value, found.context["sources"]) == (pytest.approx(2.6), 41)
    few = sources(np.ones(MIN_SOURCES))
    assert not input_width_ratio({"a": few, "b": sources(np.ones(MIN_SOURCES - 1))}, subject="drz").told
    assert not input_width_ratio({"a": other}, subject="drz").applicable
    assert not input_width_ratio({}, subject="drz").told


@pytest.mark.parametrize(("axis", "sign"), [(0, 1.0), (1, 1.0), (0, -1.0)])
@pytest.mark.parametrize("number", [25, 24])
def test_a_change_across_the_image_is_told_at_its_edge(axis: int, sign: float, number: int) -> None:
    """Sides of 40 and 400 pixels, the change of 20 per cent along one of them."""
    generator = np.random.default_rng(2)
    places = generator.uniform(0.0, 1.0, (number, 2))
    places[:2] = [(0.0, 0.0), (1.0, 1.0)]
    along = places[:, axis] - places[:, axis].mean()
    ratios = np.exp(sign * 0.2 * along + generator.normal(0.0, 1e-4, number))
    found = input_flux_ratio(
        {"a": sources(ratios, places=places * (40.0, 400.0) + (900.0, 50.0))}, subject="drz"
    )
    if number < 25:
        assert "change" not in found.context
    else:
        assert found.context["change"] == pytest.approx(sign * 0.2, abs=5e-4)
        assert found.value == pytest.approx(1.1, abs=1e-3)
        assert found.beyond_error
        assert f"along {'xy'[axis]} of the image" in found.reason


def test_each_source_counts_once_by_how_many_exposures_show_it() -> None:
    """What one exposure loses along the image and another against it is none of the image's."""
    places = np.random.default_rng(4).uniform(0.0, 100.0, (60, 2))
    change = 0.3 * (places[:, 0] / 100.0 - 0.5)
    up, down = sources(np.exp(change), places=places), sources(1.4 * np.exp(-change), places=places)
    found = input_flux_ratio({"a": up, "b": down}, subject="drz")
    assert found.context["change"] == pytest.approx(0.0, abs=1e-9)
    coarse = sources(np.exp(change), places=places, alike=False)
    assert "change" not in input_flux_ratio({"a": coarse}, subject="drz").context
    in_a_line = sources(np.exp(change), places=places * (1.0, 0.0))
    assert "change" not in input_flux_ratio({"a": in_a_line}, subject="drz").context


@pytest.mark.parametrize(("change", "value"), [(0.35, None), (0.5, 1.25)])
def test_the_larger_of_a_change_and_a_ratio_is_told(change: float, value: float | None) -> None:
    """A ratio of 1.3, its error taken off, or that of the edge."""
    places = np.stack(np.meshgrid(np.arange(10.0), np.arange(10.0)), axis=-1).reshape(-1, 2)
    ratios = 1.3 * np.exp(change * (places[:, 0] / 9.0 - 0.5))
    found = input_flux_ratio({"a": sources(ratios, places=places)}, subject="drz")
    certain = np.median(ratios) - 4.0 * error_of(ratios)
    assert found.value == pytest.approx(certain if value is None else value, abs=1e-6)


def test_exposures_are_compared_with_their_own_median() -> None:
    """One sees the left, another the right, where fluxes are 1.4 times as large; a few are others."""
    generator = np.random.default_rng(4)
    left, right = generator.uniform(0.0, 50.0, (30, 2)), generator.uniform(50.0, 100.0, (30, 2))
    one, two = np.ones(30), np.full(30, 1.4)
    one[:5] = 2.0
    chips = {"a": sources(one, places=left), "b": sources(two, places=right)}
    assert input_flux_ratio(chips, subject="drz").context["change"] == pytest.approx(0.0, abs=1e-9)
    noise = np.exp(generator.normal(0.0, 0.02, (2, 30)))
    noise[0, :5] = 1.2
    chips = {"a": sources(noise[0], places=left), "b": sources(1.4 * noise[1], places=right)}
    assert input_flux_ratio(chips, subject="drz").context["change"] == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize(("number", "counted"), [(MIN_SOURCES - 1, False), (MIN_SOURCES, True)])
def test_a_change_is_of_exposures_with_enough_sources(number: int, counted: bool) -> None:
    places = np.random.default_rng(9).uniform(0.0, 100.0, (8 * number, 2))
    chips = {
        str(part): sources(np.ones(number), places=places[part * number : (part + 1) * number])
        for part in range(8)
    }
    chips["all"] = sources(np.ones(MIN_SOURCES), places=places[:MIN_SOURCES])
    assert ("change" in input_flux_ratio(chips, subject="drz").context) is counted


def test_the_most_certain_departure_is_told() -> None:
    """One of 1.2 may be none by its error; 1.1 is farther from 1 than 0.97."""
    uncertain, high, low = (
        sources(skewed(1.2, 21, 0.3)),
        sources(np.full(21, 1.1)),
        sources(np.full(21, 0.97)),
    )
    for chips in ({"a": uncertain, "b": high, "c": low}, {"c": low, "b": high, "a": uncertain}):
        found = input_flux_ratio(chips, subject="drz")
        assert found.value == pytest.approx(1.1)
        assert found.reason.startswith("b: ")


@pytest.mark.parametrize(("one", "other"), [(True, True), (True, False), (False, True)])
def test_pixels_that_are_not_alike_add_to_the_error_of_a_pair(one: bool, other: bool) -> None:
    flux = skewed(1.0)
    chips = {
        "a": sources(np.ones(21), chip=flux, alike=one),
        "b": sources(np.ones(21), chip=np.ones(21), alike=other),
    }
    error = error_of(flux)
    expected = error if one and other else math.hypot(error, 0.0125)
    assert chip_flux_ratio(chips, subject="drz").uncertainty == pytest.approx(expected)


def test_chips_that_share_no_source_are_not_compared() -> None:
    one, other = sources(np.ones(20)), sources(np.ones(20), places=np.arange(100.0, 140.0).reshape(20, 2))
    assert not chip_flux_ratio({"a": one, "b": other}, subject="drz").told


@pytest.mark.parametrize(("errors", "known"), [(3.5, True), (4.5, False)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_hundredth_and_four_errors_are_the_gains(errors: float, known: bool, sign: float) -> None:
    departure = 0.01 + errors * error_of(skewed(1.0))
    chips = {"a": sources(skewed(0.8 * (1.0 + sign * departure)))}
    found = input_flux_ratio(chips, subject="drz", gain_ratio=0.8)
    assert bool(found.known_defect) is known
    assert found.remedy == ("divide fluxes on this chip by 0.8000" if known else "")
    right = input_flux_ratio({"a": sources(np.ones(20))}, subject="drz", gain_ratio=1.0)
    assert (right.known_defect, right.remedy) == ("", "")


def test_a_known_ratio_of_gains_explains_all_exposures_or_none() -> None:
    chips = {"a": sources(np.full(20, 0.97)), "b": sources(np.full(20, 0.971))}
    assert input_flux_ratio(chips, subject="drz", gain_ratio=0.97).known_defect
    assert not input_flux_ratio(chips, subject="drz", gain_ratio=1.0).known_defect
    worse = chips | {"c": sources(np.full(20, 0.97 * 1.0105))}
    assert not input_flux_ratio(worse, subject="drz", gain_ratio=0.97).known_defect
    better = chips | {"c": sources(np.full(20, 0.97 * 0.9905))}
    assert input_flux_ratio(better, subject="drz", gain_ratio=0.97).known_defect
    apart = chips | {"c": sources(np.full(20, 1.0))}
    assert not input_flux_ratio(apart, subject="drz", gain_ratio=0.97).known_defect
