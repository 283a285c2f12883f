"""Errors that a calibration states against the scatter of the pixels themselves."""

from __future__ import annotations

import numpy as np
import pytest

from hubble_qa.checks.detectors.calibration import array_violations
from hubble_qa.checks.detectors.noise import scatter_to_error
from hubble_qa.checks.instruments import camera
from tests.amplifier_samples import SHAPE, WFC, chip
from tests.noise_samples import noise, photons


@pytest.mark.parametrize("crowded", [False, True])
@pytest.mark.parametrize("factor", [0.3, 1.0, 3.0])
def test_ratio_is_the_inverse_of_the_errors_factor(factor: float, crowded: bool) -> None:
    assert noise(error=factor, crowded=crowded).value == pytest.approx(1.0 / factor, rel=0.04)


def test_noise_that_is_not_stated_is_seen() -> None:
    assert noise(noise=2.0).value == pytest.approx(2.0, rel=0.04)


def test_noise_is_seen_between_the_stars_of_a_dense_field() -> None:
    for factor in (1.0, 1.45):
        image = chip(3)
        rows, columns = (np.random.default_rng(4).integers(0, length, 3500) for length in image.shape)
        image[rows, columns] += 400.0
        image = np.random.default_rng(5).normal(image, np.sqrt(factor**2 - 1.0) * 7.0)
        stated = np.full(SHAPE, 7.0)
        ratio = scatter_to_error(image, stated, np.ones(SHAPE, dtype=bool), WFC, subject="x").value
        assert ratio == pytest.approx(factor, rel=0.08)


def test_uncertainty_is_the_scatter_over_clean_chips() -> None:
    values = np.array([noise(seed=seed).value for seed in range(20)])
    assert 0.5 < np.std(values) / noise().uncertainty < 1.6


def test_what_states_no_errors_is_not_judged() -> None:
    image, good = chip(1), np.ones(SHAPE, dtype=bool)
    for error, which in ((None, WFC), (image, camera("WFPC2")), (None, camera("ACS", "SBC"))):
        assert not scatter_to_error(image, error, good, which, subject="x").applicable
    for kept in (~good, good & (np.arange(SHAPE[1]) < 17)):
        measured = scatter_to_error(image, np.ones(SHAPE), kept, WFC, subject="x")
        assert not measured.told
        assert "show the sky" in measured.reason


@pytest.mark.parametrize("rate", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("factor", [0.3, 1.0, 3.0])
def test_errors_of_a_detector_that_counts_photons_are_the_root_of_the_counts(
    factor: float, rate: float
) -> None:
    assert photons(error=factor, rate=rate).value == pytest.approx(1.0 / factor, rel=0.02)


def test_counts_that_are_not_counts_have_other_errors() -> None:
    assert photons(science=1 / 500).value == pytest.approx(1 / np.sqrt(500), rel=0.02)
    assert photons(science=2.0).value == pytest.approx(np.sqrt(2.0), rel=0.02)


def test_errors_are_of_the_counts_before_a_dark_was_subtracted() -> None:
    assert photons(dark=0.05).value == pytest.approx(np.sqrt(0.95), rel=0.02)


def test_errors_of_a_detector_that_counted_no_photons_cannot_be_told() -> None:
    assert photons(rate=1e-5).reason == "only 4 pixels hold a photon; needs 100"


def test_without_a_camera_nothing_tells_whether_photons_are_counted() -> None:
    counts = np.random.default_rng(5).poisson(0.01, SHAPE).astype(np.float32)
    good = np.ones(SHAPE, dtype=bool)
    measured = scatter_to_error(counts, np.ones(SHAPE, np.float32), good, None, subject="x")
    assert (measured.told, measured.reason) == (
        False,
        "the header names no camera that is known; see FIL-003",
    )
    dq = np.zeros(SHAPE, np.int16)
    dq.flat[::1000] = 1
    assert array_violations(counts, None, dq, camera=None, subject="x").value == 0
    sky = np.random.default_rng(6).normal(0.0, 3.0, SHAPE)
    assert array_violations(sky, np.sqrt(np.maximum(sky, 0.0)), dq, camera=None, subject="x").value == 0
