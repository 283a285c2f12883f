"""Whether headers' coordinates can be used, at the edges: matrices, orders, axes, units, kept solutions."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hubble_qa.checks.readers.coordinates import coordinate_problem, frame_problem, is_number, order_problem

POINTS = {"CRVAL1": 150.0, "CRVAL2": 30.0, "CRPIX1": 10.0, "CRPIX2": 20.0}


def header(key: str = "", **cards: Any) -> dict[str, Any]:
    """Coordinates of a key without axes, whose pixels are as the cards say."""
    return {f"{name}{key}": value for name, value in {**POINTS, **cards}.items()}


@pytest.mark.parametrize(
    ("matrix", "singular"),
    [
        ((1.0, 2.0, 2.0, 4.0), True),
        ((0.0, 1.0, 1.0, 0.0), False),  # a right angle
        ((1.0, 0.0, 0.0, 1.0), False),
        ((1.0, 1.0, -1.0, 1.0), False),  # half of one
        ((1.0, None, None, 1.0), False),
        ((1.0, None, None, None), True),  # what is missing is zero
        ((1.0, None, 1.0, None), True),
        ((None, 1.0, 1.0, None), False),
        ((None, None, None, 0.0), True),
    ],
)
@pytest.mark.parametrize("key", ["", "O"])
def test_a_matrix_must_not_be_singular(matrix: tuple[float | None, ...], singular: bool, key: str) -> None:
    names = ("CD1_1", "CD1_2", "CD2_1", "CD2_2")
    cards = {name: value for name, value in zip(names, matrix, strict=True) if value is not None}
    assert ("is singular" in coordinate_problem(header(key, **cards), key)) is singular
    assert bool(coordinate_problem(header(key, **cards), key)) is singular


@pytest.mark.parametrize("name", [*POINTS, "CD1_1", "CD2_2"])
@pytest.mark.parametrize("value", [math.nan, math.inf, True, "1.0"])
def test_numbers_are_finite(name: str, value: Any) -> None:
    found = coordinate_problem(header(**{"CD1_1": -1e-5, "CD2_2": 1e-5, name: value}))
    assert found == f"{name} is {value!r}, not a number"
    assert not is_number(value)


@pytest.mark.parametrize(
    ("cards", "problem"), [({}, "CDELT1 is missing"), ({"CDELT1": 1.0}, "CDELT2 is mis")]
)
def test_without_a_matrix_scales_take_its_place(cards: dict[str, float], problem: str) -> None:
    assert coordinate_problem(header(**cards)).startswith(problem)
    assert coordinate_problem(header(CDELT1=-1.0, CDELT2=1.0)) == ""
    for name in ("CDELT1", "CDELT2"):
        zero = header(**{"CDELT1": -1.0, "CDELT2": 1.0, name: 0.0})
        assert coordinate_problem(zero) == "CDELT1 or CDELT2 is zero: pixels have no area"


LINEAR = {"CD1_1": -1e-5, "CD2_2": 1e-5}


@pytest.mark.parametrize(("axes", "problem"), [(2, ""), (3, "WCSAXES is 3"), (True, ""), ("3", "")])
def test_an_image_has_two_axes_whatever_a_kept_solution_says(axes: Any, problem: str) -> None:
    found = coordinate_problem({**header(**LINEAR), "WCSAXES": axes})
    assert found.startswith(problem) if problem else not found
    kept = {**header("O", **LINEAR), "WCSAXES": axes, "A_ORDER": 99}
    assert coordinate_problem(kept, "O") == ""


@pytest.mark.parametrize(
    ("order", "right"),
    [
        *[(0, True), (9, True), (2.0, True)],
        *[(10, False), (-1, False), (2.5, False), ("4", False), (True, False)],
    ],
)
@pytest.mark.parametrize("name", ["A_ORDER", "B_ORDER", "AP_ORDER", "BP_ORDER"])
def test_orders_are_whole_numbers_to_nine(name: str, order: Any, right: bool) -> None:
    problem = "" if right else f"{name} is {order!r}, not a whole number from 0 to 9"
    assert order_problem({name: order}) == problem
    assert coordinate_problem({**header(**LINEAR), name: order}) == problem


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("key", ["", "A"])
def test_axes_are_of_the_sky_in_degrees_by_one_projection(axis: int, key: str) -> None:
    plain = header(key, **LINEAR, CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CUNIT1="deg", CUNIT2="degree")
    assert coordinate_problem(plain, key) == ""
    for name, value, words in (
        ("CTYPE", "GLON-TAN", "which does not begin with"),
        ("CUNIT", "arcsec", "but HST's coordinates are in degrees"),
        ("CTYPE", "RA---ARC" if axis == 1 else "DEC--ARC", "two projections"),
    ):
        assert words in coordinate_problem({**plain, f"{name}{axis}{key}": value}, key)
        assert f"{name}{axis}{key}" in coordinate_problem({**plain, f"{name}{axis}{key}": value}, key) or (
            words == "two projections"
        )
    # One that is not stated is not another projection.
    del plain[f"CTYPE{axis}{key}"]
    assert coordinate_problem(plain, key) == ""


@pytest.mark.parametrize(
    ("pole", "right"), [(180, True), (180.0000005, True), (179.99, False), (0.0, False), ("180", False)]
)
def test_the_pole_is_where_that_of_a_plane_is(pole: Any, right: bool) -> None:
    found = frame_problem({**header(**LINEAR), "CTYPE1": "RA---TAN", "LONPOLE": pole})
    assert (found == "") is right


@pytest.mark.parametrize(
    ("cards", "problem"),
    [
        ({"RADESYS": "ICRS "}, ""),
        ({"RADESYS": "FK4"}, "RADESYS is 'FK4'"),
        ({"EQUINOX": 2000.005}, ""),
        ({"EQUINOX": 2000.02}, "EQUINOX is 2000.02"),
        ({"EQUINOX": 1950}, "EQUINOX is 1950"),
        ({"EQUINOX": "J2000"}, ""),
        ({"CTYPE1": "RA---TAN-SIP"}, ""),
        ({"CTYPE1": "RA---TPV"}, ""),
        ({"CTYPE1": "RA---ARC"}, "CTYPE1 is 'RA---ARC'"),
        ({"CTYPE1": "WAVE"}, ""),
        ({"CTYPE1": ""}, ""),
    ],
)
def test_frames_and_projections_are_those_of_hst(cards: dict[str, Any], problem: str) -> None:
    found = frame_problem({**header(**LINEAR), **cards})
    assert found.startswith(problem) if problem else not found
