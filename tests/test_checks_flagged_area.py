"""Areas of a detector that are flagged as a whole."""

from __future__ import annotations

import numpy as np
import pytest

from hubble_qa.checks.detectors.flagged_area import flagged_area
from hubble_qa.checks.instruments import camera

IR, UVIS = camera("WFC3", "IR"), camera("WFC3", "UVIS")


def flags(rows: int, flag: int) -> np.ndarray:
    dq = np.zeros((800, 800), dtype=np.int16)
    dq[:rows] = flag
    return dq


@pytest.mark.parametrize(("rows", "expected"), [(0, 0.0), (15, 0.0), (80, 0.1), (400, 0.5)])
def test_blocks_that_are_flagged_as_a_whole_count(rows: int, expected: float) -> None:
    assert flagged_area(flags(rows, 4), IR, subject="chip").value == pytest.approx(expected)


@pytest.mark.parametrize(("flag", "counts"), [(8192, 0), (4096, 0), (16384, 0), (256, 0), (2048, 0), (32, 1)])
def test_flags_of_cosmic_rays_full_wells_and_masks_do_not_count(flag: int, counts: int) -> None:
    found = flagged_area(flags(400, flag), UVIS, subject="chip").value
    assert found == pytest.approx(0.5 * counts)


def test_bad_pixels_here_and_there_are_no_area() -> None:
    dq = np.where(np.random.default_rng(1).random((800, 800)) < 0.5, 4, 0)
    assert flagged_area(dq, None, subject="chip").value == 0


def test_small_subarrays_and_missing_flags_are_not_judged() -> None:
    small = flagged_area(np.ones((64, 64), dtype=np.int16), IR, subject="chip")
    assert (small.applicable, small.value) == (False, None)
    assert not flagged_area(None, None, subject="chip").told
