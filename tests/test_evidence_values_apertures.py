"""Light in apertures: values by hand, of few missing pixels, odd weights and times that are none."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hubble_qa.checks.evidence.apertures import aperture_on, aperture_rate
from hubble_qa.checks.readers import ReaderError
from tests.test_evidence_values import MIDDLE, write_image

SHAPE = (90, 130)


@pytest.mark.parametrize("hole", ["weight", "science", "infinite"])
@pytest.mark.parametrize(("missing", "whole"), [(0, True), (2, True), (3, False)])
def test_a_thousandth_of_an_aperture_may_be_missing(
    tmp_path: Path, hole: str, missing: int, whole: bool
) -> None:
    """Of 2827 pixels two, which hold nothing; pixels with little weight count as others do."""
    science, weight = np.full(SHAPE, 0.25), np.full(SHAPE, 0.5)
    for column in range(60, 60 + missing):
        if hole == "weight":
            weight[45, column], science[45, column] = 0.0, 1e6
        else:
            science[45, column] = math.nan if hole == "science" else math.inf
    path = write_image(tmp_path, science, weight, EXPTIME=40)
    if not whole:
        with pytest.raises(ReaderError, match=r"at 150\.00000 \+30\.00000 is not whole"):
            aperture_rate(path, *MIDDLE, 3.0)
        return
    rate, error = aperture_rate(path, *MIDDLE, 3.0)
    light = 0.25 * (math.pi * 30.0**2 - missing)
    assert rate == pytest.approx(light, rel=1e-4)
    assert error == pytest.approx(math.sqrt(light * 40.0) / 40.0, rel=1e-4)


@pytest.mark.parametrize(("unit", "factor"), [("ELECTRONS/S", 1.0), ("ELECTRONS", 1.0 / 40.0)])
@pytest.mark.parametrize("level", [0.25, 0.0, -0.25, 5e-6])
def test_the_error_is_that_of_the_counts_and_of_one_at_least(
    tmp_path: Path, unit: str, factor: float, level: float
) -> None:
    path = write_image(tmp_path, np.full(SHAPE, level), np.ones(SHAPE), BUNIT=unit, EXPTIME=40.0)
    rate, error = aperture_rate(path, *MIDDLE, 2.0)
    light = level * math.pi * 20.0**2 * factor
    assert rate == pytest.approx(light, rel=1e-4)
    assert error == pytest.approx(math.sqrt(max(light * 40.0, 1.0)) / 40.0, rel=1e-4)


@pytest.mark.parametrize("time", ["40.0", 0, -40.0, None])
def test_without_a_time_there_is_no_error(tmp_path: Path, time: Any) -> None:
    path = write_image(tmp_path, np.ones(SHAPE), np.ones(SHAPE), EXPTIME=time)
    with pytest.raises(ReaderError, match="give the exposure time, for the counts' error"):
        aperture_rate(path, *MIDDLE, 2.0)


def test_an_aperture_beyond_the_edge_is_not_whole(tmp_path: Path) -> None:
    path = write_image(tmp_path, np.ones(SHAPE), np.ones(SHAPE))
    x, y, radius = aperture_on(path, *MIDDLE, 4.4)
    assert (x, y, radius) == pytest.approx((64.5, 44.5, 44.0), abs=1e-3)
    assert aperture_rate(path, *MIDDLE, 4.4)[0] == pytest.approx(math.pi * 44.0**2, rel=1e-4)
    with pytest.raises(ReaderError, match="is not whole on its exposed part"):
        aperture_rate(path, *MIDDLE, 4.7)


def test_an_aperture_is_where_the_sky_is(tmp_path: Path) -> None:
    """A pixel 16 to the right of the middle, of an image that is wider than high; and a short time."""
    science = np.zeros(SHAPE)
    science[44, 80] = 100.0
    path = write_image(tmp_path, science, np.ones(SHAPE), EXPTIME=0.5)
    assert aperture_rate(path, *MIDDLE, 2.0) == pytest.approx((100.0, math.sqrt(50.0) / 0.5))
