"""Images: values by hand, in cases where another statistic, axis or set of pixels gives another value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.images.cosmic_rays import cosmic_ray_rate, rejected_cores
from hubble_qa.checks.images.drizzled import median_weights, weight_ratio

SQUARES = {
    chip: np.array([(0, 0), (39, 0), (39, 39), (0, 39)]) + np.array([50 * chip, 0]) for chip in (1, 2, 3, 4)
}
WEIGHT = st.floats(0.1, 10.0)


def weights(values: dict[int, float]) -> np.ndarray:
    """A weight image in which a tenth of each chip's pixels has ten times its weight, and a tenth none."""
    image = np.zeros((60, 260))
    for chip, value in values.items():
        part = image[:40, 50 * chip : 50 * chip + 40]
        part[...] = value
        part[:4] *= 10.0
        part[-4:] = 0.0
    return image


@given(planetary=WEIGHT, wide=st.tuples(WEIGHT, WEIGHT, WEIGHT))
def test_weight_of_the_wide_chips_is_their_mean(planetary: float, wide: tuple[float, float, float]) -> None:
    image = weights({1: planetary, **dict(zip((2, 3, 4), wide, strict=True))})
    expected = planetary / (sum(wide) / 3) / (0.0996 / 0.0455) ** 2
    assert weight_ratio(image, SQUARES, subject="drw").value == pytest.approx(expected)


def test_median_weight_counts_pixels_without_weight() -> None:
    image = weights({1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0})
    image[:21, 100:140] = 0.0  # more than half of chip 2
    found = median_weights(image, SQUARES)
    assert found == {1: 1.0, 2: 0.0, 3: 3.0, 4: 4.0}
    assert median_weights(image, {1: SQUARES[1] + 1000.0}) == {1: 0.0}


def test_flags_where_no_other_exposure_looks_are_no_cosmic_rays() -> None:
    flagged, judged = np.zeros((2, 400, 500), dtype=bool)
    judged[:, :300] = True
    flagged[::40, ::25] = True  # 10 rows of 12 judged columns, and of 8 that are not
    flagged[:, 400:] = True
    measurement = cosmic_ray_rate({1: flagged}, exposure_time=500.0, judged={1: judged}, subject="xrq")
    assert measurement.value == pytest.approx(120 / 120_000 / 0.5)
    assert measurement.context["flagged"] == 120


def test_flags_where_no_other_exposure_looks_are_no_chance() -> None:
    flagged, judged = np.zeros((2, 400, 500), dtype=bool)
    judged[:, :300] = True
    flagged[:, 400:] = True
    flagged[7, :30] = True
    positions = np.array([(x + 1.0, 8.0) for x in range(120)])  # 30 of 120 stars on flagged pixels
    beyond = np.array([(x + 1.0, 8.0) for x in range(400, 450)])  # all of them flagged, none judged
    stars = np.concatenate([positions, beyond])
    measurement = rejected_cores({1: flagged}, {1: stars}, judged={1: judged}, subject="xrq")
    assert measurement.value == pytest.approx(30 / 120 - 30 / 120_000)
