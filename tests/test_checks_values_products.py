"""Products as files, their coordinates, and cosmic rays: what counts as missing, and values by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.images.cosmic_rays import cosmic_ray_rate, residual_cosmic_rays
from hubble_qa.checks.images.drizzled_coordinates import (
    Extents,
    distortion_keyword_violations,
    drizzled_coordinate_violations,
)
from hubble_qa.checks.images.files import (
    association_violations,
    fits_form_violations,
    image_structure_violations,
    keyword_violations,
    structure_violations,
)
from hubble_qa.checks.images.header_numbers import number_problem
from hubble_qa.checks.readers import Drizzled, Exposure, Extension, FitsStructure
from hubble_qa.checks.readers.fits_structure import LateAxes
from tests.test_checks_drizzled_coordinates import FRAME, extents, image
from tests.wfpc2_samples import exposure

# Files


@pytest.mark.parametrize(
    ("axes", "found", "problem"),
    [
        (2, [], ""),
        (2, [("SCI", ())], ""),
        (0, [("SCI", (40, 50))], ""),
        (0, [("WHT", (40, 50)), ("SCI", (40, 50))], ""),
        (0, [], "no image in the primary unit, and SCI,1 is missing (extensions: none); drizzle it again"),
        (
            1,
            [("WHT", (40, 50)), ("CTX", (40, 50))],
            "no image in the primary unit, and SCI,1 is missing (extensions: WHT,1, CTX,1); drizzle it again",
        ),
        (3, [("WHT", (40, 50))], "SCI,1 is missing"),
        (0, [("SCI", ())], "SCI,1 has no image; drizzle it again"),
        (0, [("SCI", (40,))], "SCI,1 has no image"),
        (3, [("SCI", (3, 40, 50))], "SCI,1 has no image"),
    ],
)
def test_a_drizzled_image_is_in_the_primary_unit_or_in_sci(
    axes: int, found: list[tuple[str, tuple[int, ...]]], problem: str
) -> None:
    extensions = tuple(Extension(name, 1, fits.Header(), shape) for name, shape in found)
    file = Exposure(Path("hst_drz.fits"), fits.Header([("NAXIS", axes)]), extensions)
    measured = image_structure_violations(file)
    assert measured.value == bool(problem)
    assert problem in measured.reason


@pytest.mark.parametrize(
    ("first", "second", "problems"),
    [
        (("F606W", "CLEAR2L"), ("F606W", "N/A"), 0),
        (("F606W", "CLEAR2L"), ("F606W", ""), 0),
        (("CLEAR1S", "F606W"), ("CLEAR1L", "F606W"), 0),
        (("F606W", "POL0V"), ("F606W", "CLEAR2L"), 1),
    ],
)
@pytest.mark.parametrize("detector", ["WFC", None])
def test_places_of_wheels_that_are_clear_are_no_filters(
    first: tuple[str, str], second: tuple[str, str], problems: int, detector: str | None
) -> None:
    members = [
        exposure(
            path=Path(f"{name}_flt.fits"),
            primary={
                "INSTRUME": "ACS",
                "DETECTOR": detector,
                "ASN_ID": "J9L960010",
                **dict(zip(("FILTER1", "FILTER2"), names, strict=True)),
            },
        )
        for name, names in (("j9l960a1q", first), ("j9l960a2q", second))
    ]
    found = association_violations(["j9l960a1q", "j9l960a2q"], members, subject="j9l960010")
    assert found.value == problems


def test_filters_of_an_instrument_without_a_record_are_not_compared() -> None:
    members = [
        exposure(
            path=Path(f"{name}_flt.fits"),
            primary={"INSTRUME": "COS", "ASN_ID": "LD9M10010", "FILTER1": name[-2]},
        )
        for name in ("ld9m10a1q", "ld9m10a2q")
    ]
    assert association_violations(["ld9m10a1q", "ld9m10a2q"], members, subject="ld9m10010").value == 0


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (9e29, ""),
        (-9e29, ""),
        (1.5e30, "more than it can be"),
        (-1.5e30, "more than it can be"),
        (math.inf, "more than it can be"),
        (-math.inf, "more than it can be"),
    ],
)
def test_a_number_is_less_than_ten_to_the_thirtieth_on_either_side(value: float, problem: str) -> None:
    assert number_problem(value) == problem


def form_of(**changes: Any) -> FitsStructure:
    plain = {"declared_size": 5760, "actual_size": 5760, "declared_extensions": 2, "units": 3, "checksums": 0}
    return FitsStructure(path=Path("u5jx010hr_flt.fits"), **{"remarks": (), **plain, **changes})


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"actual_size": 5761}, 1),
        ({"actual_size": 8640, "declared_extensions": 3}, 1),  # told with what follows
        ({"actual_size": 5761, "declared_extensions": 3}, 1),
        ({"actual_size": 8640, "declared_size": 0, "units": 0}, 0),
    ],
)
def test_what_follows_the_last_unit_is_one_problem(changes: dict[str, int], problems: int) -> None:
    assert fits_form_violations(form_of(**changes)).value == problems


@pytest.mark.parametrize(
    ("drizzled", "updated", "problems"),
    [(True, True, 1), (True, False, 1), (False, False, 1), (False, True, 0)],
)
def test_axes_that_come_late_are_wrong_but_where_updatewcs_put_them(
    drizzled: bool, updated: bool, problems: int
) -> None:
    late = (LateAxes("SCI,1", 1, ("CRVAL1",)),)
    found = fits_form_violations(form_of(late_axes=late, drizzled=drizzled, updated=updated))
    assert found.value == problems
    assert bool(found.known_defect) is drizzled


@pytest.mark.parametrize(
    ("keywords", "problems"),
    [
        ((), 1),
        (("NPIX1", "NPIX2"), 1),
        (("NPIX1", "NPIX2", "PIXVALUE"), 0),
        (("NPIX1", "NPIX2", "PIXVALUE", "BUNIT"), 0),
    ],
)
def test_an_image_of_one_number_needs_no_pixels(keywords: tuple[str, ...], problems: int) -> None:
    whole = exposure()
    extensions = [
        Extension("ERR", 2, fits.Header([(key, 1) for key in keywords]), ())
        if (each.name, each.version) == ("ERR", 2)
        else each
        for each in whole.extensions
    ]
    assert structure_violations(Exposure(whole.path, whole.primary, tuple(extensions))).value == problems


@pytest.mark.parametrize(("readouts", "missing"), [(0, 3), (1, 0), (2, 0)])
def test_a_file_of_several_readouts_has_one_at_least(readouts: int, missing: int) -> None:
    primary = fits.Header([("INSTRUME", "STIS"), ("DETECTOR", "CCD")])
    extensions = tuple(
        Extension(name, number, fits.Header(), (40, 50))
        for number in range(1, readouts + 1)
        for name in ("SCI", "ERR", "DQ")
    )
    assert structure_violations(Exposure(Path("o8g1508do_flt.fits"), primary, extensions)).value == missing


def test_keywords_of_an_exposure_without_a_detector_are_those_of_its_instrument() -> None:
    found = keyword_violations(exposure(primary={"INSTRUME": "ACS", "DETECTOR": None, "EXPTIME": None}))
    problems = found.context["violations"]
    assert isinstance(problems, list)
    assert {"primary: DETECTOR is missing", "primary: EXPTIME is missing"} <= {*map(str, problems)}


# Coordinates of drizzled images


def infinite(keyword: str, **changes: Any) -> Drizzled:
    """An image of which a keyword holds 1E400, which astropy reads as infinite."""
    found = image(**{keyword: None, **changes})
    found.header.append(fits.Card.fromstring(f"{keyword:8}= 1.0E400"))
    assert math.isinf(found.header[keyword])
    return found


@pytest.mark.parametrize("axis", ["CTYPE1", "CTYPE2"])
@pytest.mark.parametrize(("projection", "problems"), [("-SIP", 1), ("-TPV", 1), ("", 0)])
def test_either_axis_may_name_a_distortion(axis: str, projection: str, problems: int) -> None:
    kind = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}[axis]
    kind = kind.replace("-TAN", "-TPV") if projection == "-TPV" else kind + projection
    assert distortion_keyword_violations(image(**{axis: kind})).value == problems


def test_witnesses_larger_than_any_number_tell_nothing() -> None:
    assert drizzled_coordinate_violations(infinite("ORIENTAT"), None).value == 0
    lost = infinite("RA_APER", RA_TARG=201.7, DEC_TARG=-47.5, CRVAL2=-46.5)
    assert "from RA_TARG, DEC_TARG" in drizzled_coordinate_violations(lost, None).reason


def offsets_of(*lengths: float, exposure_name: str = "u5jx0108r_flt") -> dict[str, tuple[float, float]]:
    """Of an exposure's chips, to sides that cancel out."""
    turns = np.linspace(0.0, 2.0 * math.pi, len(lengths), endpoint=False)
    return {
        f"{exposure_name} SCI,{chip}": (length * math.cos(turn), length * math.sin(turn))
        for chip, (length, turn) in enumerate(zip(lengths, turns, strict=True), start=1)
    }


@pytest.mark.parametrize(
    ("lengths", "beyond"),
    [
        ((0.1, 0.8), 0.7),  # of two chips it is the other
        ((0.4, 0.4, 0.6), 0.2),
        ((0.0, 0.1, 0.6, 0.7), 0.6),  # the others have 0.1 in the middle, 0.233 on the average
        ((0.2, 0.2, 0.2, 0.2), 0.0),
    ],
)
def test_a_chip_is_compared_with_the_middle_of_its_exposures_others(
    lengths: tuple[float, ...], beyond: float
) -> None:
    still = {f"u5jx010{number}r_flt SCI,1": (0.0, 0.0) for number in range(1, 6)}
    found = drizzled_coordinate_violations(image(), extents(), offsets={**still, **offsets_of(*lengths)})
    departures = found.context["departures_over_tolerances"]
    assert isinstance(departures, dict)
    (ratio,) = (value for text, value in departures.items() if "more than its other chips" in text)
    assert ratio == pytest.approx(beyond / 0.5, abs=1e-9)
    assert found.value == (beyond > 0.5)


@pytest.mark.parametrize("end", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_an_end_that_inputs_do_not_reach_at_all_is_half_the_sky_away(end: tuple[int, int]) -> None:
    reached = extents().reached
    reached[end] = np.nan
    found = drizzled_coordinate_violations(image(), Extents(extents().covered, reached, FRAME))
    assert found.value == 1
    departures = found.context["departures_over_tolerances"]
    assert isinstance(departures, dict)
    assert max(departures.values()) == pytest.approx(180.0 * 3600.0 / 0.5)


# Cosmic rays


@pytest.mark.parametrize(("pixels", "measured"), [(100_000, True), (99_999, False)])
def test_a_rate_takes_a_hundred_thousand_pixels(pixels: int, measured: bool) -> None:
    flagged = np.zeros((1, pixels), dtype=bool)
    flagged[0, :50] = True
    found = cosmic_ray_rate({1: flagged}, exposure_time=0.5, subject="xrq")
    assert found.value == (pytest.approx(50 / 100_000 / 0.0005) if measured else None)
    for time in (0.0, -1.0):
        with pytest.raises(ValueError, match="must be positive"):
            cosmic_ray_rate({1: flagged}, exposure_time=time, subject="xrq")


def steps_from(row: int, column: int, shape: tuple[int, int]) -> np.ndarray:
    """Distance of pixels from one, by steps along rows and columns."""
    rows, columns = np.indices(shape)
    return np.abs(rows - row) + np.abs(columns - column)


def test_residuals_are_judged_off_edges_and_sources() -> None:
    """A sky from 0 to 2, whose scatter is 0.68, three sources, and holes in single exposures."""
    shape, generator = (130, 140), np.random.default_rng(8)
    sky = generator.uniform(0.0, 2.0, shape)
    seen = np.ones(shape, dtype=bool)
    seen[:, :5] = False
    seen[60:63, 60:63] = False  # bad pixels, which are no edge
    hole = steps_from(95, 100, shape) <= 7
    seen[hole] = False
    # A source; what is five times the scatter above 0, not above the sky; a source beside the edge.
    for (row, column), height in {(40, 40): 5.0, (40, 100): 4.0, (70, 6): 50.0}.items():
        sky[row, column] = height
    combined = sky + 3.0 + generator.uniform(-0.3, 0.3, shape)
    combined[30, 30] += 1.0  # no residual: less than two times the scatter above what all have
    combined[40, 100] += 2.5  # nor is that, less than four times, in a pixel that is bright in all exposures
    above = [(40, 44), (40, 102), (80, 9), (4, 70), (59, 61), (95, 112), (70, 9), (125, 135)]
    unjudged = [(40, 43), (80, 8), (3, 70), (95, 111), (126, 20), (20, 136)]
    below = [(20, 60), (100, 30)]
    for places, height in ((above, 8.0), (unjudged, 8.0), (below, -8.0)):
        for place in places:
            combined[place] += height
    combined[20, 20] = np.nan
    singles = {name: sky + offset for name, offset in (("a", -0.1), ("b", 0.0), ("c", 0.1))}
    singles["a"][~seen] = np.nan
    rows, columns = np.indices(shape)
    inner = np.minimum.reduce([rows, shape[0] - 1 - rows, columns - 5, shape[1] - 1 - columns]) >= 4
    inner &= steps_from(95, 100, shape) > 11
    judged = inner & seen & np.isfinite(combined) & (steps_from(40, 40, shape) > 3)
    found = residual_cosmic_rays(combined, singles, subject="drc")
    assert found.context["pixels"] == np.count_nonzero(judged)
    assert (found.context["above"], found.context["below"]) == (len(above), len(below))


@pytest.mark.parametrize(("lost", "measured"), [(0, True), (1, False)])
def test_residuals_take_ten_thousand_pixels(lost: int, measured: bool) -> None:
    sky = np.random.default_rng(2).uniform(0.0, 2.0, (108, 108))
    combined = sky + np.random.default_rng(3).uniform(-0.1, 0.1, sky.shape)
    combined[50, 50 : 50 + lost] = np.nan
    found = residual_cosmic_rays(combined, dict.fromkeys("abc", sky), subject="drc")
    assert (found.value is not None) is measured
