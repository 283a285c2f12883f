"""Fluxes of an exposure's sources against other exposures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.evidence.exposure_fluxes import fluxes_beside, fluxes_under
from hubble_qa.checks.evidence.exposures import can_be_compared
from hubble_qa.checks.evidence.star_lists import Input
from hubble_qa.checks.images.apertures import aperture_fluxes
from hubble_qa.checks.images.exposure_fluxes import (
    SharedFluxes,
    exposure_flux_deviation,
    sensitivity_gradient,
)
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.verdict import Status, judge
from tests.combined_scenes import scene
from tests.exposure_samples import beside
from tests.source_scenes import paint
from tests.wfpc2_samples import write_flt


def status(criterion: str, measurement: Measurement) -> Status:
    return judge(load_criteria()[criterion], measurement).status


def test_light_in_an_aperture_is_the_stars() -> None:
    places = np.array([[40.3, 50.2], [90.0, 31.6], [3.0, 60.0], [60.4, 90.1]])
    image = paint(places, np.array([5000.0, 20000.0, 9000.0, 700.0]), 2.0, 128) + 12.0
    bad = np.zeros(image.shape, dtype=bool)
    bad[91, 61] = True
    seen = aperture_fluxes(image, bad, places, electrons=2.0)
    # A Gaussian of 2 pixels has all its light within 4, and 98.7 per cent within 2.5 (and half a pixel more).
    assert seen.large[:2] == pytest.approx([5000.0, 20000.0], rel=1e-3)
    assert seen.small[:2] == pytest.approx([4935.0, 19740.0], rel=0.01)
    assert seen.error[:2] == pytest.approx([50.0, 100.0], rel=1e-3)
    # Too near the edge, and with a bad pixel.
    assert np.isnan(seen.large[2:]).all()


def test_errors_are_those_of_the_background() -> None:
    image = np.random.default_rng(1).normal(7.0, 3.0, (1000, 1000))
    places = np.random.default_rng(2).uniform(20, 980, (1000, 2))
    seen = aperture_fluxes(image, np.zeros(image.shape, dtype=bool), places, electrons=1e9)
    assert np.std(seen.large / seen.error) == pytest.approx(1.0, abs=0.08)
    assert np.median(seen.large) == pytest.approx(0.0, abs=2.0)


def test_departures_have_their_stated_errors() -> None:
    found = [exposure_flux_deviation(beside(seed=seed), subject="a") for seed in range(200)]
    pulls = [float(one.context["deviation"]) / one.uncertainty for one in found]
    assert np.std(pulls) == pytest.approx(1.0, abs=0.2)
    assert [one.value for one in found] == [0.0] * len(found)


def test_a_change_of_focus_is_no_fault_of_the_flux() -> None:
    assert status("PHT-011", exposure_flux_deviation(beside(focus=0.02), subject="a")) is Status.PASS
    assert status("PHT-011", exposure_flux_deviation(beside(0.98), subject="a")) is Status.FAIL


def test_a_failure_says_how_far_and_from_which() -> None:
    found = exposure_flux_deviation(beside(1.2), subject="a")
    assert found.value == pytest.approx(0.19, abs=0.02)
    assert "+2" in found.reason or "+1" in found.reason
    assert "ibwb01xxq_flc and 1 more" in found.reason
    assert "+5.0" in sensitivity_gradient(beside(gradient=0.05, noise=0.002), subject="a").reason


def test_gradients_have_their_stated_errors() -> None:
    pulls = []
    for seed in range(200):
        found = sensitivity_gradient(beside(seed=seed), subject="a")
        assert found.value == 0.0
        pulls.append(np.divide(found.context["slopes"], found.context["errors"]))
    assert np.std(pulls) == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("shared", ["no other exposure", beside(sources=6), beside(noise=0.3)])
def test_without_sources_there_is_nothing_to_judge(shared: SharedFluxes | str) -> None:
    assert not exposure_flux_deviation(shared, subject="a").told
    assert not sensitivity_gradient(shared, subject="a").told


@pytest.mark.parametrize(("factor", "expected"), [(1.0, Status.PASS), (1.03, Status.FAIL)])
def test_exposures_are_compared_by_their_files(tmp_path: Path, factor: float, expected: Status) -> None:
    first, second = (Input(path) for path in scene(tmp_path).exposures)
    with fits.open(second.path, mode="update") as hdus:
        hdus["SCI"].data *= np.float32(factor)
    for one, other, sign in ((first, second, -1.0), (second, first, 1.0)):
        found = exposure_flux_deviation(fluxes_beside(one, 1, [other]), subject="a")
        assert status("PHT-011", found) is expected
        assert found.context["deviation"] == pytest.approx(sign * (factor - 1.0), abs=0.005)
    assert fluxes_beside(first, 1, []) != ""
    assert isinstance(fluxes_beside(first, 1, []), str)


@pytest.mark.parametrize(("gradient", "expected"), [(0.0, Status.PASS), (0.3, Status.FAIL)])
def test_gradients_are_seen_against_the_image(tmp_path: Path, gradient: float, expected: Status) -> None:
    made = scene(tmp_path)
    inputs = tuple(Input(path) for path in made.exposures)
    with fits.open(made.exposures[0], mode="update") as hdus:
        columns = hdus["SCI"].data.shape[1]
        hdus["SCI"].data *= np.linspace(1 - gradient / 2, 1 + gradient / 2, columns, dtype=np.float32)
    seen = fluxes_under(inputs[0], 1, made.image.path, inputs)
    found = sensitivity_gradient(seen, subject="a")
    assert status("PHT-012", found) is expected
    assert found.context["slopes"][0] == pytest.approx(gradient, abs=0.03)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3000])


def _without_quality(path: Path) -> None:
    with fits.open(path, mode="update") as hdus:
        del hdus["DQ", 3]


def _of_no_time(path: Path) -> None:
    content = path.read_bytes()
    at = content.index(b"EXPTIME =")
    path.write_bytes(content[:at] + b"EXPTIME = 16,0".ljust(80) + content[at + 80 :])


def _placed_nowhere(path: Path) -> None:
    with fits.open(path, mode="update") as hdus:
        for name in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
            hdus["SCI", 2].header[name] = 0.0


@pytest.mark.parametrize("spoil", [_cut, _without_quality, _of_no_time, _placed_nowhere])
def test_an_exposure_that_is_broken_is_not_what_another_is_compared_with(tmp_path: Path, spoil) -> None:
    sound = write_flt(tmp_path / "u5jx0108r_flt.fits")
    broken = write_flt(tmp_path / "u5jx010hr_flt.fits")
    spoil(broken)
    assert can_be_compared(sound)
    assert not can_be_compared(broken)
