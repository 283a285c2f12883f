"""Drizzled images and observations: values by hand, where another side, sum or keyword gives another."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.path import Path as Polygon

from hubble_qa.checks.detectors.background import background_width_change
from hubble_qa.checks.images.drizzled import median_weights, weight_ratio
from hubble_qa.checks.images.drizzled_coordinates import Extents, drizzled_coordinate_violations
from hubble_qa.checks.images.observations import (
    observation_violations,
    was_exposed,
    why_not_taken,
    without_image,
    without_round_stars,
)
from tests.test_checks_drizzled_coordinates import FRAME, image
from tests.wfpc2_samples import exposure


def departures(*arguments: object, **changes: object) -> dict[str, float]:
    """How far an image's coordinates are from each witness, in units of what is tolerated."""
    measured = drizzled_coordinate_violations(image(**changes), *(arguments or (None,)))
    found = measured.context["departures_over_tolerances"]
    assert isinstance(found, dict)
    return {str(name): float(value) for name, value in found.items()}


def departure(word: str, found: dict[str, float]) -> float:
    (value,) = (value for name, value in found.items() if word in name)
    return value


@pytest.mark.parametrize(("asked", "expected"), [(0.05, 0.0), (0.0496, 0.8065), (0.051, 1.9608)])
def test_scale_is_compared_with_the_record_within_a_hundredth(asked: float, expected: float) -> None:
    assert departure("D001SCAL", departures(D001SCAL=asked)) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("asked", [0.0, -1.0, "INDEF", None])
def test_a_record_without_a_scale_tells_nothing(asked: object) -> None:
    assert not any("D001SCAL" in name for name in departures(D001SCAL=asked))


@pytest.mark.parametrize(
    ("stated", "expected"), [(0.05, -0.5), (359.95, 0.5), (-359.95, -0.5), (180.0, 1800.0), (-0.25, 2.5)]
)
def test_orientation_is_compared_within_a_tenth_of_a_degree_either_way(
    stated: float, expected: float
) -> None:
    found = departures(ORIENTAT=stated)
    assert departure("ORIENTAT", found) == pytest.approx(abs(expected), abs=1e-6)


def test_mirrored_axes_are_two_hundred_tolerances_off() -> None:
    assert departure("mirrored", departures(hand=1, ORIENTAT=None)) == 200.0
    assert departure("CTYPE2", departures(CTYPE2=None)) == 1000.0
    assert not any("ORIENTAT" in name for name in departures(ORIENTAT="north"))


@pytest.mark.parametrize(("shape", "size"), [((200, 160), 10.0), ((160, 200), 10.0)])
def test_without_inputs_the_place_is_within_the_longer_side_of_the_aperture(
    shape: tuple[int, int], size: float
) -> None:
    found = departures(NAXIS1=shape[0], NAXIS2=shape[1], CRVAL2=-47.5 + 455.0 / 3600.0)
    assert departure("RA_APER", found) == pytest.approx(455.0 / (900.0 + size), rel=1e-6)


def test_the_target_tells_the_place_where_the_aperture_is_unknown() -> None:
    found = departures(RA_APER=None, RA_TARG=201.7, DEC_TARG=-47.5, CRVAL2=-47.5 + 91.0 / 3600.0)
    assert departure("RA_TARG", found) == pytest.approx(0.1, rel=1e-6)
    assert not any("reference point" in name for name in departures(RA_APER=None))


def moved(low: float, high: float, *, axis: int = 0, scale: float = 0.05, same: bool = True) -> float:
    """Departure of an image that is covered to so many pixels beyond what its inputs reach."""
    reached = np.array([(20.0, 150.0), (20.0, 120.0)])
    covered = reached.copy()
    covered[axis] += (low, high)
    measured = drizzled_coordinate_violations(
        image(scale=scale, D001SCAL=scale), Extents(covered, reached, FRAME), same_solution=same
    )
    found = measured.context["departures_over_tolerances"]
    assert isinstance(found, dict)
    return departure("covered area", {str(name): float(value) for name, value in found.items()})


@pytest.mark.parametrize("axis", [0, 1])
def test_the_middle_of_what_is_covered_is_that_of_its_ends(axis: int) -> None:
    # Half an arcsec, 10 pixels; or five pixels where these are more.
    assert moved(4.0, 8.0, axis=axis) == pytest.approx(0.6)
    assert moved(-6.0, 6.0, axis=axis) == pytest.approx(0.0)
    assert moved(4.0, 8.0, axis=axis, scale=0.2) == pytest.approx(6.0 / 5.0)
    # The pointing, 10 arcsec, where the inputs have another solution by now.
    assert moved(4.0, 8.0, axis=axis, same=False) == pytest.approx(0.03)


def by_one_end(reached: tuple[float, float], covered: tuple[float, float]) -> float:
    ends = [np.array([one, (20.0, 120.0)]) for one in (covered, reached)]
    measured = drizzled_coordinate_violations(image(), Extents(ends[0], ends[1], FRAME))
    found = measured.context["departures_over_tolerances"]
    assert isinstance(found, dict)
    return departure("covered area", {str(name): float(value) for name, value in found.items()})


def test_an_end_beyond_the_frame_is_no_witness() -> None:
    # The frame ends at 0 and 199; a pixel beyond is rounding.
    assert by_one_end((-30.0, 150.0), (0.0, 156.0)) == pytest.approx(0.6)
    assert by_one_end((20.0, 240.0), (26.0, 199.0)) == pytest.approx(0.6)
    assert by_one_end((-1.0, 150.0), (0.0, 155.0)) == pytest.approx(0.3)
    assert by_one_end((20.0, 200.0), (25.0, 199.0)) == pytest.approx(0.2)
    assert by_one_end((-1.5, 150.0), (0.0, 155.0)) == pytest.approx(0.5)
    assert by_one_end((20.0, 200.5), (25.0, 199.0)) == pytest.approx(0.5)


def turned(centre: tuple[float, float], sides: tuple[float, float], angle: float) -> np.ndarray:
    """Corners of a rectangle, in order."""
    half = 0.5 * np.array(sides) * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return half @ np.array([[cosine, sine], [-sine, cosine]]) + centre


@pytest.mark.parametrize("angle", [0.0, 30.0, 135.0])
@pytest.mark.parametrize("centre", [(100.3, 60.2), (6.0, 60.0), (150.0, 108.0)])  # the last two reach beyond
@pytest.mark.parametrize("step", [1, -1])
def test_pixels_in_a_polygon_are_those_whose_centres_are(
    centre: tuple[float, float], angle: float, step: int
) -> None:
    weight = np.random.default_rng(3).uniform(1.0, 100.0, (120, 200))
    corners = turned(centre, (61.0, 23.0), angle)
    rows, columns = np.indices(weight.shape)
    inside = Polygon(corners).contains_points(np.column_stack([columns.ravel(), rows.ravel()]))
    expected = np.median(weight[inside.reshape(weight.shape)])
    assert median_weights(weight, {2: corners[::step]})[2] == pytest.approx(expected, rel=1e-3)


def test_the_error_of_a_weight_ratio_is_its_scatter() -> None:
    polygons = {chip: turned((50.0 * chip, 40.0), (40.0, 60.0), 0.0) for chip in (1, 2, 3, 4)}
    ratios, errors = [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        weight = np.zeros((80, 260))
        for chip, (level, scatter) in {1: (2.0, 0.4), 2: (10.0, 0.5), 3: (11.0, 1.5), 4: (9.0, 1.0)}.items():
            part = weight[10:71, 50 * chip - 20 : 50 * chip + 21]
            part[...] = np.maximum(rng.normal(level, scatter, part.shape), 1e-3)
        found = weight_ratio(weight, polygons, subject="drw")
        ratios.append(found.value)
        errors.append(found.uncertainty)
    assert np.std(ratios) == pytest.approx(float(np.mean(errors)), rel=0.15)


def test_the_error_of_a_background_width_is_its_scatter() -> None:
    ratios, errors = [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        new, old = rng.normal(0.0, 1.0, 50000), rng.normal(0.0, 2.0, 12500)
        found = background_width_change(new, old, affected=["a"], subject="drz")
        ratios.append(found.value)
        errors.append(found.uncertainty)
    assert np.mean(ratios) == pytest.approx(0.5, abs=0.01)
    assert np.std(ratios) == pytest.approx(float(np.mean(errors)), rel=0.3)


@pytest.mark.parametrize(
    ("time", "exposed"),
    [
        (0.0, False),
        (1e-5, False),
        (1.5e-5, True),
        (-1.0, False),
        (math.nan, True),
        (-math.inf, True),
        ("0", True),
    ],
)
def test_no_exposure_time_is_a_number_that_says_so(time: object, exposed: bool) -> None:
    assert was_exposed({"EXPTIME": time}) is exposed
    assert was_exposed({})
    assert bool(why_not_taken({"EXPTIME": time})) is not exposed


@pytest.mark.parametrize(
    ("quality", "why"),
    [("GSFAIL", "QUALITY is 'GSFAIL'"), ("ok; tdf-down ", "QUALITY is 'OK; TDF-DOWN'"), ("OK", ""), ("", "")],
)
def test_quality_tells_that_nothing_was_taken(quality: str, why: str) -> None:
    assert why_not_taken({"EXPTIME": 100.0, "QUALITY": quality}) == why


@pytest.mark.parametrize("keyword", ["FILTER", "FILTER1", "FILTER2"])
def test_a_disperser_in_any_wheel_makes_spectra(keyword: str) -> None:
    spectra = exposure(primary={keyword: "G800L"})
    assert without_image(spectra) == "G800L is a grism or prism: it is no image, but of spectra"
    assert without_round_stars(spectra) == "G800L is a grism or prism: stars are spectra"
    for name in ("BLOCK1", "Blank"):
        blocked = exposure(primary={keyword: name})
        assert without_image(blocked) == "it is no image of the sky: the filter is a block: no light came in"
        assert observation_violations(blocked).value == 1


@pytest.mark.parametrize(
    ("cards", "text"),
    [
        ({"OBSTYPE": "SPECTROSCOPIC"}, "OBSTYPE is 'SPECTROSCOPIC'"),
        ({"OBSTYPE": "INTERNAL"}, "OBSTYPE is 'INTERNAL'"),
        ({"IMAGETYP": "DARK"}, "IMAGETYP is 'DARK'"),
        ({"OBSTYPE": "IMAGING", "IMAGETYP": "EXT"}, ""),
        ({"OBSTYPE": "", "IMAGETYP": ""}, ""),
        ({}, ""),
    ],
)
def test_what_is_no_image_of_the_sky(cards: dict[str, object], text: str) -> None:
    why = without_image(exposure(primary=cards))
    assert (text in why) if text else not why
