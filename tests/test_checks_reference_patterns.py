"""What is left in an image of the patterns of its reference files."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.detectors.reference_patterns import pattern_bits, remaining_pattern
from hubble_qa.checks.verdict import Status, judge
from tests.background_samples import SHAPE, pattern

FRACTION = st.floats(-1.5, 1.5)
GOOD = np.zeros(SHAPE, dtype=int)


@settings(max_examples=20)
@given(dark=FRACTION, flat=FRACTION)
def test_the_larger_fraction_is_recovered(dark: float, flat: float) -> None:
    measured = pattern(dark=dark, flat=flat)
    assert measured.context["DARKFILE"] == pytest.approx(dark, abs=0.05)
    assert measured.context["PFLTFILE"] == pytest.approx(flat, abs=0.1)
    assert abs(measured.value) == max(abs(measured.context[kind]) for kind in ("DARKFILE", "PFLTFILE"))


def noise(seed: int, width: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, width, SHAPE)


def remaining(flags: np.ndarray = GOOD, *, width: float = 1.0, shape: tuple[int, int] = SHAPE):
    """Half of a pattern of this width left in an image of noise 1."""
    structure, independent = noise(1, width), noise(2)
    calibrated = (independent + 0.5 * structure + noise(3))[: shape[0], : shape[1]]
    return remaining_pattern(
        calibrated, independent, {"BIASFILE": structure}, flags, instrument="ACS", subject="j9l960a9q"
    )


def test_level_of_the_image_is_no_pattern() -> None:
    structure, independent = noise(1), noise(2)
    measured = remaining_pattern(
        independent + 100.0, independent, {"BIASFILE": structure}, GOOD, instrument="ACS", subject="x"
    )
    assert measured.value == pytest.approx(0.0, abs=1e-9)


def test_flags_of_the_reference_files_do_not_hide_their_patterns() -> None:
    assert remaining(GOOD + pattern_bits("ACS"), width=20.0).value == pytest.approx(0.5, abs=0.02)
    other = remaining(GOOD + 256, width=20.0)
    assert judge(load_criteria()["CAL-007"], other).status is Status.NOT_MEASURED
    assert "unflagged" in other.reason


def test_faint_patterns_are_not_judged() -> None:
    assert "stands out of the noise" in remaining(width=0.1).reason


def test_other_shapes_are_not_measured() -> None:
    assert "shapes differ" in remaining(shape=(100, 100)).reason
