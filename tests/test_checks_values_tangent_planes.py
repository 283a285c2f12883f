"""Linear solutions of headers: tangent planes by astropy, terms and corners by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from astropy.io.fits import Header
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.astrometry.linear_solutions import (
    LinearSolution,
    corners,
    held_solutions,
    linear_solution,
)

MATRIX = np.array([[-1.1e-5, 0.4e-5], [0.3e-5, 1.3e-5]])
PIXELS = np.array([(1.0, 1.0), (2048.0, 1.0), (700.5, 1020.25), (10.0, 900.0)])


def by_astropy(crval: tuple[float, float]) -> WCS:
    result = WCS(naxis=2)
    result.wcs.ctype, result.wcs.crval = ["RA---TAN", "DEC--TAN"], crval
    result.wcs.crpix, result.wcs.cd = [300.0, 700.0], MATRIX
    return result


@given(ra=st.floats(0, 359.99), dec=st.floats(-89, 89))
def test_a_linear_solution_is_a_tangent_projection(ra: float, dec: float) -> None:
    solution = LinearSolution("", np.array([ra, dec]), np.array([300.0, 700.0]), MATRIX)
    expected = by_astropy((ra, dec)).wcs_pix2world(PIXELS, 1)
    found = solution.sky(PIXELS)
    np.testing.assert_allclose((found[:, 0] - expected[:, 0] + 180.0) % 360.0 - 180.0, 0.0, atol=1e-9)
    np.testing.assert_allclose(found[:, 1], expected[:, 1], atol=1e-9)
    np.testing.assert_allclose(solution.pixels(expected), PIXELS, atol=1e-4)
    plane = 3600.0 * (PIXELS - (300.0, 700.0)) @ MATRIX.T
    np.testing.assert_allclose(solution.plane(expected), plane, atol=1e-6)


def test_a_plane_holds_half_of_the_sky() -> None:
    solution = LinearSolution("", np.array([40.0, 30.0]), np.zeros(2), MATRIX)
    found = solution.plane(
        np.array([(40.0, -59.0), (40.0, -61.0), (220.0, 61.0), (220.0, 59.0), (220.0, -30.0)])
    )
    assert np.isnan(found).all(axis=1).tolist() == [False, True, False, True, True]
    assert found[0] == pytest.approx([0.0, -3600.0 * math.degrees(math.tan(math.radians(89.0)))], abs=1e-6)
    assert found[2] == pytest.approx([0.0, 3600.0 * math.degrees(math.tan(math.radians(89.0)))], abs=1e-6)


def solution_cards(key: str = "", **changes: Any) -> dict[str, Any]:
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 40.0, "CRVAL2": 30.0}
    cards |= {"CRPIX1": 300.0, "CRPIX2": 700.0, "WCSNAME": " mine "}
    cards |= {f"CD{i}_{j}": float(MATRIX[i - 1, j - 1]) for i in (1, 2) for j in (1, 2)}
    return {f"{name}{key}": value for name, value in (cards | changes).items() if value is not None}


@pytest.mark.parametrize("key", ["", "A", "O"])
def test_terms_of_a_solution_are_those_of_its_letter(key: str) -> None:
    other = {f"{name}B": 7.0 for name in solution_cards() if not name.startswith(("CTYPE", "WCSNAME"))}
    solution = linear_solution(Header(solution_cards(key) | other), key)
    assert solution is not None
    assert (solution.name, solution.crval.tolist(), solution.crpix.tolist()) == (
        "mine",
        [40.0, 30.0],
        [300.0, 700.0],
    )
    np.testing.assert_array_equal(solution.matrix, MATRIX)


@pytest.mark.parametrize("element", ["CD1_1", "CD1_2", "CD2_1", "CD2_2"])
def test_elements_that_are_missing_are_zero(element: str) -> None:
    solution = linear_solution(Header(solution_cards(**{element: None})))
    assert solution is not None
    row, column = int(element[2]) - 1, int(element[4]) - 1
    expected = MATRIX.copy()
    expected[row, column] = 0.0
    np.testing.assert_array_equal(solution.matrix, expected)


def test_elements_off_the_diagonal_are_a_matrix() -> None:
    solution = linear_solution(Header(solution_cards(CD1_1=None, CD2_2=None)))
    assert solution is not None
    np.testing.assert_array_equal(solution.matrix, MATRIX * [[0.0, 1.0], [1.0, 0.0]])


@pytest.mark.parametrize(
    "changes",
    [
        {"CRVAL1": None},
        {"CTYPE1": "LINEAR"},
        {"CD1_1": None, "CD1_2": None, "CD2_1": None, "CD2_2": None},
    ],
)
def test_incomplete_solutions_are_none(changes: dict[str, Any]) -> None:
    assert linear_solution(Header(solution_cards(**changes))) is None


def test_held_solutions_are_the_alternates_but_the_original() -> None:
    cards = solution_cards(WCSNAME="now")
    for key, name in {"Z": "last", "O": "original", "A": "first", "N": "next to it", "P": "after it"}.items():
        cards |= solution_cards(key, WCSNAME=name)
    cards |= solution_cards("B", WCSNAME="useless", CTYPE1="LINEAR")
    found = [solution.name for solution in held_solutions(Header(cards))]
    assert found == ["first", "next to it", "after it", "last"]


def test_corners_of_a_chip() -> None:
    expected = [[15.5, 10.5], [1.0, 1.0], [1.0, 20.0], [30.0, 1.0], [30.0, 20.0]]
    assert corners((20, 30)).tolist() == expected
