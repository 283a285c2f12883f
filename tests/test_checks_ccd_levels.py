"""Electrons of a CCD by arithmetic from its raw image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.detectors.ccd_levels import Half, electrons_from_raw
from hubble_qa.checks.detectors.levels import level_deviation
from hubble_qa.checks.verdict import Status, judge

ROWS, WIDTH, PRESCAN, VIRTUAL = 60, 80, 8, 4
GAINS, LEVELS = (2.0, 1.9), (2400.0, 2510.0)
HALVES = tuple(
    Half(slice(PRESCAN + i * WIDTH // 2, PRESCAN + (i + 1) * WIDTH // 2), overscan, GAINS[i])
    for i, overscan in enumerate((slice(2, PRESCAN), slice(WIDTH + PRESCAN, WIDTH + 2 * PRESCAN - 2)))
)


def chip(seed: int = 1, sky: float = 200.0):
    """A raw image, and what makes electrons of it; the truth, in electrons."""
    rng = np.random.default_rng(seed)
    shape = (ROWS + VIRTUAL, WIDTH + 2 * PRESCAN)
    bias, flat = rng.normal(0.0, 2.0, shape), rng.uniform(0.9, 1.1, (ROWS, WIDTH))
    dark, electrons = rng.uniform(0.0, 30.0, (ROWS, WIDTH)), rng.normal(sky, 15.0, (ROWS, WIDTH))
    raw = bias.copy()
    for i, columns in enumerate((np.s_[:, : shape[1] // 2], np.s_[:, shape[1] // 2 :])):
        raw[columns] += LEVELS[i]
    for i, half in enumerate(HALVES):
        part = np.s_[:, i * WIDTH // 2 : (i + 1) * WIDTH // 2]
        raw[:ROWS, half.columns] += (electrons * flat + dark)[part] / GAINS[i]
    return raw, {"bias": bias, "dark": dark, "flat": flat}, electrons


@given(seed=st.integers(0, 50), sky=st.floats(1.0, 1e4))
@settings(max_examples=20)
def test_electrons_come_back(seed, sky):
    raw, parts, electrons = chip(seed, sky)
    assert np.allclose(electrons_from_raw(raw, HALVES, rows=slice(0, ROWS), **parts), electrons, atol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (lambda sci: sci, Status.PASS),
        (lambda sci: 1.02 * sci, Status.FAIL),
        (lambda sci: sci - 5.0, Status.FAIL),
        (lambda sci: sci / 2.0, Status.FAIL),
    ],
    ids=["right", "gain", "bias level", "data numbers"],
)
def test_calibration_that_did_something_else_is_rejected(wrong, status):
    raw, parts, electrons = chip()
    independent = electrons_from_raw(raw, HALVES, rows=slice(0, ROWS), **parts)
    dq = np.zeros(electrons.shape, np.int16)
    measured = level_deviation(wrong(electrons), independent, dq, subject="j9l960a9q_flt SCI,1")
    assert judge(load_criteria()["CAL-006"], measured).status is status
