"""What was read out and combined: chips, stars that have weight, times of drizzled images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hubble_qa.checks.images.drizzled import exposure_time_violations
from hubble_qa.checks.images.readouts import chips_read_out, lost_chips
from hubble_qa.checks.images.star_weights import StarWeights, stars_left_out
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.readers import Exposure, Extension
from tests.wfpc2_samples import chip_header, drizzled, primary_header

# Chips, and stars without weight


def read_out(
    *chips: object,
    versions: tuple[int, ...] = (),
    declared: int | None = None,
    name: str = "SCI",
    **cards: Any,
) -> Exposure:
    """A WFPC2 exposure of some chips, by DETECTOR."""
    numbers = versions or tuple(range(1, len(chips) + 1))
    found = tuple(
        Extension(name, number, chip_header(number, DETECTOR=chip, CCDCHIP=chip), (800, 800))
        for number, chip in zip(numbers, chips, strict=True)
    )
    extensions = len(found) if declared is None else declared
    header = primary_header(NEXTEND=extensions, **cards)
    suffix = "c1m" if name == "SDQ" else "c0m"
    return Exposure(Path(f"u5jx010hr_{suffix}.fits"), header, found)


@pytest.mark.parametrize(
    ("one", "chips"),
    [
        (read_out(3, 4), 2),
        (read_out(1), 1),
        (read_out(3, 4, name="SDQ"), 2),
        (read_out(3, 4, declared=4), None),  # two were taken out
        (read_out(3, 4, versions=(3, 4)), None),
        (read_out(4, 3), None),
        (read_out(3, 3), None),
        (read_out(3, 5), None),
        (read_out(5, 6), None),
        (read_out(3.0, 4.0), None),
        (read_out(True, 2), None),
        (read_out(None), None),
        (read_out(), None),
    ],
)
def test_chips_that_were_read_out_are_numbered_and_counted(one: Exposure, chips: int | None) -> None:
    assert chips_read_out(one, camera("WFPC2")) == chips


def test_science_of_a_suffix_without_a_record_is_counted() -> None:
    one = read_out(3, 4)
    odd = Exposure(Path("u5jx010hr_abc.fits"), one.primary, one.extensions)
    assert chips_read_out(odd, camera("WFPC2")) == 2


def test_other_cameras_read_all_their_chips() -> None:
    one = read_out(1, HISTORY="WF3: bias jump level ~0.108 DN.")
    for kind in ("WFC3/UVIS", "ACS/WFC"):
        assert chips_read_out(one, camera(*kind.split("/"))) is None
        assert [*lost_chips(one, camera(*kind.split("/")))] == []
    (lost,) = lost_chips(one, camera("WFPC2"))
    assert lost.startswith("WF3 was calibrated with it")


@pytest.mark.parametrize(
    ("at", "beside", "share", "problem"),
    [
        # Where most places beside have none, an exposure's weight is told by those that have.
        ([5.0] * 400, [0.0] * 240 + [10.0] * 160, 1.0, True),
        ([8.0] * 400, [0.0] * 240 + [10.0] * 160, 1.0, False),
        ([0.0] * 30, [], 1.0, False),
        ([0.0] * 30, [0.0] * 30, 1.0, False),
        ([0.0] * 20, [10.0] * 20, 0.0, True),
        ([0.0] * 19, [10.0] * 20, 0.0, False),
        ([8.0] * 20, [10.0] * 20 + [100.0] * 4, 1.0, False),  # the middle of what is beside is 10
        # A half without weight, and a fifth beside: within four standard deviations of chance.
        ([0.0] * 10 + [10.0] * 10, [0.0] * 4 + [10.0] * 16, 0.0, False),
        ([0.0] * 200 + [10.0] * 200, [0.0] * 4 + [10.0] * 16, 0.0, True),
    ],
)
def test_stars_have_the_weight_of_what_is_beside_them(
    at: list[float], beside: list[float], share: float, problem: bool
) -> None:
    assert bool(stars_left_out(StarWeights(np.array(at), np.array(beside), share))) is problem


# Times of drizzled images

TIMES = {"D001DATA": "a_flt.fits[sci,1]", "D001DEXP": 400.0, "EXPTIME": 400.0}


@pytest.mark.parametrize(
    ("noted", "stated", "problems"),
    [
        (400.0, 400.3, 0),
        (400.0, 400.6, 1),
        (400.0, 399.4, 1),
        (400.0, None, 0),
        (400.0, "long", 0),
        (None, 400.0, 1),  # that it is no time
        ("long", 400.0, 1),
        (0.0, 400.0, 1),
    ],
)
def test_an_input_has_the_time_with_which_it_was_drizzled(
    noted: object, stated: object, problems: int
) -> None:
    image = drizzled(**{**TIMES, "D001DEXP": noted})
    assert exposure_time_violations(image, {"a_flt.fits": stated}).value == problems


@pytest.mark.parametrize(
    ("start", "end", "problems"),
    [
        (50000.0, 50000.2, 0),
        (50000.0009, 50000.1991, 0),
        (50000.0015, 50000.2, 1),
        (49999.9985, 50000.2, 1),
        (50000.0, 50000.1985, 1),
        (50000.0, 50000.2015, 1),
        (50000.0015, 50000.1985, 2),
    ],
)
def test_an_image_begins_and_ends_with_its_inputs(start: float, end: float, problems: int) -> None:
    image = drizzled(**TIMES, EXPSTART=start, EXPEND=end)
    assert exposure_time_violations(image, {}, {"a_flt.fits": (50000.0, 50000.2)}).value == problems
    for odd in ((None, 50000.2), (50000.0, "late"), (None, None)):
        assert exposure_time_violations(image, {}, {"a_flt.fits": odd}).value == 0
