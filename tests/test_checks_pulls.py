"""Criteria that compare with noise: on clean data their pulls have unit width, in many realisations."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from hubble_qa.checks.astrometry.residuals import DISTORTION_ERROR, residual_trend
from hubble_qa.checks.detectors.bias_structure import column_scatter
from hubble_qa.checks.detectors.dark_rate import DarkCounts, dark_rate_order_violations
from hubble_qa.checks.images.cosmic_rays import residual_cosmic_rays
from hubble_qa.checks.images.photometry import chip_count_rate_pull, chip_count_rate_ratio
from tests.wfpc2_samples import FITTED, match_file, shift_file


def width_error(number: int) -> float:
    """Three standard deviations of the width of so many unit normals."""
    return 3.0 / math.sqrt(2.0 * number)


def test_one_star_on_two_chips_pht_013():
    random = np.random.default_rng(1)
    pulls = []
    for _ in range(500):
        rates = random.poisson((20_000.0, 16_000.0)) / (100.0, 80.0)
        errors = np.sqrt(rates / (100.0, 80.0))
        both = [*zip(rates, errors, strict=True)]
        ratio = chip_count_rate_ratio(*both, subject="star").value
        pulls.append(math.copysign(chip_count_rate_pull(*both, subject="star").value, ratio - 1.0))
    assert np.std(pulls) == pytest.approx(1.0, abs=width_error(500))
    assert np.mean(pulls) == pytest.approx(0.0, abs=3.0 / math.sqrt(500))


@pytest.mark.parametrize("noise", [2.0, 30.0])
def test_columns_of_a_flat_chip_cal_004(noise):
    random = np.random.default_rng(2)
    image = random.normal(50.0, noise, (512, 1024)).astype(np.float32)
    found = column_scatter(image, np.zeros(image.shape, dtype=np.int16), subject="chip")
    # 4 bands of 1024 columns; a neighbourhood's own noise is part of a departure, 5 per cent of it.
    assert found.value == pytest.approx(1.0, abs=0.05 + width_error(4096))


def test_cosmic_rays_of_a_combination_tvb_005():
    """The noise has wings, alike to either side: pixels beyond 5 sigma without any cosmic ray."""
    random = np.random.default_rng(3)
    values = []
    for _ in range(150):
        single = [random.normal(0.0, 1.0, (160, 160)) for _ in range(3)]
        combined = random.standard_t(4, (160, 160)) * 0.6
        found = residual_cosmic_rays(combined, dict(zip("abc", single, strict=True)), subject="image")
        assert int(found.context["above"]) + int(found.context["below"]) > 10
        values.append(found.value)
    assert np.std(values) == pytest.approx(1.0, abs=0.05 + width_error(150))
    assert np.mean(values) == pytest.approx(0.0, abs=3.0 / math.sqrt(150))


def test_order_of_dark_rates_drk_005():
    """Rates that rise by less than their noise: drops of 4 sigma are as rare as they should be."""
    random = np.random.default_rng(4)
    temperatures = np.linspace(25.5, 28.5, 8)
    drops = 0.0
    for _ in range(300):
        counts = random.poisson(np.linspace(1000.0, 1400.0, 8))
        darks = [
            DarkCounts(f"d{n}", t, float(c), 1000.0)
            for n, (t, c) in enumerate(zip(temperatures, counts, strict=True))
        ]
        value = dark_rate_order_violations(darks, subject="darks").value
        assert value is not None
        drops += value
    assert drops == 0.0


def test_trends_of_residuals_ast_008():
    """The value is the largest of six terms: mean and two slopes, in x and in y."""
    random = np.random.default_rng(5)
    match = match_file(80, chips=(3,))
    values = []
    for _ in range(400):
        # Noise beside which the error of the distortion is nothing.
        noisy = replace(match, residuals=random.normal(0.0, 100.0 * DISTORTION_ERROR, (80, 2)))
        values.append(residual_trend(shift_file(), FITTED.file, noisy).value)
    for chance in (0.1, 0.5, 0.9):
        limit = norm.ppf((1.0 + (1.0 - chance) ** (1.0 / 6.0)) / 2.0)
        beyond = np.mean(np.array(values) > limit)
        assert beyond == pytest.approx(chance, abs=4.0 * math.sqrt(chance * (1.0 - chance) / 400))
