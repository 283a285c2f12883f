"""How far images are covered and chips reach, and what turns chips into rates: values by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.evidence.exposures import exposure_in
from hubble_qa.checks.evidence.extents import coverage_extents
from hubble_qa.checks.evidence.source_fluxes import _chip
from hubble_qa.checks.readers import Drizzled
from tests.test_evidence_shared import STEP, frame, write, write_pair

CHIP, IMAGE = (80, 120), (130, 170)


def shadowed() -> np.ndarray:
    """Flags of the first 20 columns and of the last 10 rows, and of few pixels beside both."""
    flags = np.zeros(CHIP, np.int16)
    flags[: int(0.6 * 80), :20] = 4
    flags[: int(0.3 * 80), 20:24] = 4
    flags[70:, : int(0.6 * 120)] |= 2
    flags[66:70, : int(0.4 * 120)] |= 2
    flags[:, 100:] |= 4096
    flags[:8] |= 8192
    return flags


def flagged(path: Path, flags: np.ndarray, instrument: str) -> Path:
    """A chip whose first pixel is the image's at 11 and 7."""
    write(path, np.ones(CHIP), frame(49.0, 33.0), INSTRUME=instrument)
    with fits.open(path, mode="update") as hdus:
        hdus["DQ", 1].data[:] = flags
    return path


def drizzled(directory: Path, weight: np.ndarray) -> Drizzled:
    return write_pair(directory, np.ones(IMAGE), weight, frame(60.0, 40.0))


@pytest.mark.parametrize(
    ("instrument", "flags", "x", "y"),
    [
        ("WFPC2", shadowed(), (31.0, 130.0), (7.0, 76.0)),
        ("WFC3", shadowed(), (11.0, 130.0), (7.0, 86.0)),
        ("WFPC2", np.full(CHIP, 4), (11.0, 130.0), (7.0, 86.0)),  # nothing is lit
        ("WFPC2", np.full(CHIP, 4096 | 8192), (11.0, 130.0), (7.0, 86.0)),
        ("WFPC2", np.where(np.indices(CHIP)[0] < 48, 4, 0), (11.0, 130.0), (7.0, 86.0)),  # nor any column
        ("WFPC2", np.where(np.indices(CHIP)[1] < 72, 4, 0), (11.0, 130.0), (7.0, 86.0)),
    ],
)
def test_chips_of_wfpc2_reach_as_far_as_they_are_lit(
    tmp_path: Path, instrument: str, flags: np.ndarray, x: tuple[float, float], y: tuple[float, float]
) -> None:
    """Where half of a column or row is not flagged, but for cosmic rays."""
    path = flagged(tmp_path / "u5jx0101r_flt.fits", flags, instrument)
    found = coverage_extents(drizzled(tmp_path, np.ones(IMAGE)), {path: None})
    assert found is not None
    edges = np.array([-0.5, 0.5])
    assert found.reached == pytest.approx(np.array([x + edges, y + edges]), abs=1e-3)


@pytest.mark.parametrize("bend", [0.005, -0.005])
@pytest.mark.parametrize("bow", [0.002, -0.002])
def test_edges_that_distortion_bends_reach_farther_than_corners(
    tmp_path: Path, bend: float, bow: float
) -> None:
    """By 8 pixels of x and 7.2 of y, outwards or inwards; inwards the middle of an edge is farthest."""
    header = frame(59.5, 39.5)
    header.update(CTYPE1="RA---TAN-SIP", CTYPE2="DEC--TAN-SIP", A_ORDER=2, B_ORDER=2, A_0_2=bend, B_2_0=bow)
    path = write(tmp_path / "ib0000001_flt.fits", np.ones(CHIP), header)
    image = write_pair(tmp_path, np.ones(IMAGE), np.ones(IMAGE), frame(79.5, 64.5))
    found = coverage_extents(image, {path: None})
    assert found is not None
    x, y = (19.5 + min(1600.0 * bend, 0.0), 139.5 + max(1600.0 * bend, 0.0)), (24.5, 104.5)
    y = y[0] + min(3600.0 * bow, 0.0), y[1] + max(3600.0 * bow, 0.0)
    assert found.reached == pytest.approx(np.array([x, y]), abs=0.01)


def test_an_image_is_covered_from_its_first_pixel_with_weight_to_its_last(tmp_path: Path) -> None:
    path = flagged(tmp_path / "ib0000001_flt.fits", np.zeros(CHIP), "WFC3")
    weight = np.zeros(IMAGE)
    weight[12, 150], weight[50, 90], weight[100, 30] = 0.1, 1.0, 5.0
    image = drizzled(tmp_path, weight)
    found = coverage_extents(image, {path: None})
    assert found is not None
    assert found.covered.tolist() == [[30.0, 150.0], [12.0, 100.0]]
    assert found.frame.tolist() == [[0.0, 169.0], [0.0, 129.0]]
    assert coverage_extents(image, {}) is None
    (tmp_path / "empty").mkdir()
    assert coverage_extents(drizzled(tmp_path / "empty", np.zeros(IMAGE)), {path: None}) is None


@pytest.mark.parametrize(
    ("instrument", "unit", "gain", "time", "electrons", "digit"),
    [
        ("WFPC2", "COUNTS", 15.0, 50.0, 14.0, 1.0),  # which is what 15 stands for
        ("WFPC2", "COUNTS", 7.0, 50.0, 7.0, 1.0),
        ("WFPC2", "COUNTS", None, 50.0, 1.0, 1.0),
        ("WFPC2", "COUNTS/S", 7.0, 1.0, 50.0, 0.0),
        ("WFC3", "ELECTRONS", 7.0, 50.0, 1.0, 0.0),
        ("WFC3", "ELECTRONS/S", 15.0, 1.0, 50.0, 0.0),
    ],
)
@pytest.mark.parametrize("scale", [None, 0.08])
def test_a_chip_has_electrons_and_a_time_by_its_unit(
    tmp_path: Path,
    instrument: str,
    unit: str,
    gain: float | None,
    time: float,
    electrons: float,
    digit: float,
    scale: float | None,
) -> None:
    header = frame(49.0, 33.0, scale=1.5 * STEP)
    header.update({"BUNIT": unit} | ({} if scale is None else {"IDCSCALE": scale}))
    primary: dict[str, Any] = {"EXPTIME": 50.0, "INSTRUME": instrument}
    primary |= {} if gain is None else {"ATODGAIN": gain}
    path = write(tmp_path / "u5jx0101r_flt.fits", np.ones(CHIP), header, **primary)
    with fits.open(path, mode="update") as hdus:
        hdus["DQ", 1].data[3, 5:7] = 4, 4096
    chip = _chip(exposure_in(path), 1, None)
    assert (chip.time, chip.electrons, chip.digit) == (time, electrons, digit)
    assert chip.scale == pytest.approx(scale or 0.15)
    assert np.argwhere(chip.flagged).tolist() == [[3, 5], [3, 6]]


def test_a_chip_without_flags_is_good_everywhere(tmp_path: Path) -> None:
    path = write(tmp_path / "u5jx0101r_c0m.fits", np.ones(CHIP), frame(49.0, 33.0))
    chip = _chip(exposure_in(path), 1, None)
    assert chip.flagged.shape == CHIP
    assert not chip.flagged.any()
