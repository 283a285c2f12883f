"""World coordinates by the header: values by hand or by astropy, where another term or sign gives another."""

from __future__ import annotations

import math

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io.fits import Header
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.astrometry.focal_plane import chip_place, place_on_sky, roll_at
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.readers.coordinates import frame_problem

ELEMENTS = [(1, 1), (1, 2), (2, 1), (2, 2)]
TWO_MATRICES = "PCi_j with CDELTi differ from the CD matrix, and readers take either: remove them"


def stated_twice(turn: float, scales: tuple[float, float]) -> dict[str, float]:
    """A matrix as CD, and as PC with CDELT."""
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    rotation = [[cos, -sin], [sin, cos]]
    cards: dict[str, float] = {f"CDELT{i}": scales[i - 1] for i in (1, 2)}
    cards |= {f"PC{i}_{j}": rotation[i - 1][j - 1] for i, j in ELEMENTS}
    return cards | {f"CD{i}_{j}": scales[i - 1] * rotation[i - 1][j - 1] for i, j in ELEMENTS}


# A matrix that is stated twice


@given(
    turn=st.floats(-180, 180), x=st.floats(1e-6, 1e-3), y=st.floats(1e-6, 1e-3), hand=st.sampled_from([1, -1])
)
def test_pc_with_cdelt_is_a_cd_matrix(turn: float, x: float, y: float, hand: int) -> None:
    assert frame_problem(stated_twice(turn, (hand * x, y))) == ""


@pytest.mark.parametrize(("i", "j"), ELEMENTS)
@pytest.mark.parametrize("turn", [30.0, 210.0])
@pytest.mark.parametrize(("part", "told"), [(3e-5, True), (-3e-5, True), (1.5e-5, False), (-1.5e-5, False)])
def test_two_hundred_thousandths_of_the_largest_element_may_differ(
    i: int, j: int, turn: float, part: float, told: bool
) -> None:
    cards = stated_twice(turn, (-2e-5, 1e-5))
    largest = max(abs(cards[f"CD{a}_{b}"]) for a, b in ELEMENTS)
    cards[f"PC{i}_{j}"] += part * largest / cards[f"CDELT{i}"]
    assert frame_problem(cards) == (TWO_MATRICES if told else "")


@pytest.mark.parametrize(
    ("cards", "told"),
    [
        ({"PC1_1": 2e-5, "PC2_2": 1e-5, "CD1_1": 2e-5, "CD2_2": 1e-5}, False),  # CDELT is 1, what is off is 0
        ({"PC1_2": 0.0, "CDELT1": 2e-5, "CDELT2": 1e-5, "CD1_1": 2e-5, "CD2_2": 1e-5}, False),  # PC is 1
        ({"PC1_1": 1.0, "CDELT1": 2e-5, "CDELT2": 1e-5, "CD1_1": 2e-5, "CD2_2": 2e-5}, True),
        ({"PC1_1": 2e-5, "PC2_2": 1e-5}, False),  # the only matrix
        ({"PC1_1": 1.0, "CDELT1": "small", "CD1_1": 1.0, "CD2_2": 1.0}, True),
        ({"PC1_1": "one", "CDELT1": 1.0, "CD1_1": 1.0, "CD2_2": 1.0}, True),
    ],
)
def test_what_a_matrix_leaves_out_has_its_default(cards: dict[str, object], told: bool) -> None:
    assert frame_problem(cards) == (TWO_MATRICES if told else "")


@pytest.mark.parametrize(
    ("equinox", "told"),
    [(2000.0, False), (2000.005, False), (2000.015, True), (1950.0, True), ("J2000", False)],
)
def test_equinox_is_2000_if_it_is_a_number(equinox: object, told: bool) -> None:
    assert frame_problem({"EQUINOX": equinox}).startswith("EQUINOX is") is told


# Places in the focal plane


@given(
    roll=st.floats(0, 359.9),
    declination=st.floats(-85, 85),
    v2=st.floats(-700, 700),
    v3=st.floats(-700, 700),
)
def test_roll_at_a_place_is_that_of_the_sphere(roll: float, declination: float, v2: float, v3: float) -> None:
    frame = SkyCoord(40.0 * u.deg, declination * u.deg).skyoffset_frame(rotation=roll * u.deg)
    place, above = (SkyCoord(v2 * u.arcsec, (v3 + step) * u.arcsec, frame=frame).icrs for step in (0.0, 1.0))
    expected = place.position_angle(above).degree
    found = roll_at(roll, declination, v2, v3)
    assert (found - expected + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=2e-6)


@pytest.mark.parametrize(("v2", "v3"), [(math.nan, math.nan), (257.4, math.nan), (math.nan, 302.6)])
def test_roll_at_a_place_that_is_not_known_is_that_of_the_axis(v2: float, v3: float) -> None:
    assert roll_at(123.0, 75.0, v2, v3) == 123.0


TERMS = {
    "OCX11": 0.045,
    "OCX10": 0.001,
    "OCY11": -0.002,
    "OCY10": 0.046,
    "IDCTHETA": 179.0,
    "IDCV2REF": 1.0,
    "IDCV3REF": 2.0,
}


def test_a_chip_is_where_its_idctab_has_it() -> None:
    place = chip_place(Header(TERMS), camera("WFC3", "UVIS"))
    assert place is not None
    assert place.matrix.tolist() == [[0.045, 0.001], [-0.002, 0.046]]
    assert (place.theta, place.v2, place.v3, place.nominal) == (179.0, 1.0, 2.0, False)


@pytest.mark.parametrize("missing", TERMS)
def test_a_place_takes_all_terms(missing: str) -> None:
    terms = {key: value for key, value in TERMS.items() if key != missing}
    assert chip_place(Header(terms), camera("WFC3", "UVIS")) is None


def test_terms_of_no_area_are_no_place() -> None:
    assert chip_place(Header({**TERMS, "OCX11": 0.0, "OCX10": 0.0}), camera("WFC3", "UVIS")) is None


def test_the_record_of_a_chip_takes_the_place_of_its_terms() -> None:
    wfpc2 = camera("WFPC2")
    for number, chip in wfpc2.chips.items():
        place = chip_place(Header({wfpc2.chip_keyword: number}), wfpc2)
        assert place is not None
        assert place.nominal
        assert place.theta == chip.theta
        assert np.diag(place.matrix).tolist() == [chip.plate_scale] * 2
    assert chip_place(Header(), wfpc2) is None


@pytest.mark.parametrize("angle", [0.0, 37.0, 150.0, -80.0])
@pytest.mark.parametrize(("name", "sign"), [("WFC3/UVIS", 1.0), ("WFPC2", 1.0), ("ACS/WFC", -1.0)])
def test_axes_of_a_frame_on_the_sky_are_where_their_angle_and_parity_say(
    angle: float, name: str, sign: float
) -> None:
    """The y axis at the angle and x to its west, or, of ACS, both the other way round."""
    matrix = sign * place_on_sky(camera(*name.split("/")), angle)
    sine, cosine = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    np.testing.assert_allclose(matrix @ [0.0, 1.0], [sine, cosine], atol=1e-12)
    np.testing.assert_allclose(matrix @ [1.0, 0.0], [-cosine, sine], atol=1e-12)


def test_terms_that_are_no_numbers_are_no_place() -> None:
    for value in ("0.045", None):
        assert chip_place(Header({**TERMS, "OCX11": value}), camera("WFC3", "UVIS")) is None
