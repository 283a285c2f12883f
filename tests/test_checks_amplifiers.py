"""Steps of the background between amplifiers."""

from __future__ import annotations

import numpy as np
import pytest

from hubble_qa.checks.detectors.amplifiers import amplifier_step
from hubble_qa.checks.instruments import camera
from tests.amplifier_samples import IR, SHAPE, WFC, chip, step

EDGE = "column 320"


@pytest.mark.parametrize("bias", [-3.0, 2.0, 81.0])
def test_step_is_found_with_its_sign_and_place(bias: float) -> None:
    measured = step(bias)
    found = measured.context[EDGE]
    assert found["step"] == pytest.approx(bias, abs=4.0 * found["error"])
    assert f"at {EDGE}, between two amplifiers" in measured.reason
    assert measured.value < abs(bias)


@pytest.mark.parametrize("crowded", [False, True])
def test_clean_chips_have_pulls_of_unit_width(crowded: bool) -> None:
    measured = [step(seed=seed, crowded=crowded) for seed in range(12)]
    found = [each.context[EDGE] for each in measured]
    assert all(each.value <= 1.0 for each in measured)
    pulls = np.array([each["step"] / each["error"] for each in found])
    assert 0.4 < np.sqrt(np.mean(pulls**2)) < 1.4


def test_infrared_chips_have_four_amplifiers() -> None:
    edges = {key for key in step(camera=IR).context if key.startswith(("row", "column"))}
    assert edges == {
        "row 256, columns 1 to 320",
        "row 256, columns 321 to 640",
        "column 320, rows 1 to 256",
        "column 320, rows 257 to 512",
    }


def test_flat_fields_may_leave_one_per_cent() -> None:
    assert step(gain=1.005).value < 0.1


def test_one_amplifier_has_no_edge() -> None:
    good = np.ones(SHAPE, dtype=bool)
    alone = amplifier_step(chip(1), good, camera("ACS", "HRC"), time=1.0, subject="x")
    assert (alone.applicable, alone.reason) == (False, "one amplifier reads the chip")
    flagged = amplifier_step(chip(1), ~good, WFC, time=1.0, subject="x")
    assert (flagged.told, flagged.reason) == (False, "too few unflagged pixels")
