"""Whether a catalogue covers an exposure: a cut one does not, and a sparse field is no fault of it."""

from __future__ import annotations

import numpy as np
import pytest

from hubble_qa.checks.astrometry.reference_coverage import (
    Quadrant,
    catalog_coverage,
    catalog_sources,
    empty_quadrants,
    reference_sources,
)
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.verdict import Status, judge

# UVIS quadrants, and WFPC2's chips: the PC first.
QUARTERS = (6400.0,) * 4
WFPC2 = (1160.0, 6000.0, 6000.0, 6000.0)


def status(
    references: tuple[int, ...], stars: tuple[int, ...] = (300,) * 4, areas: tuple[float, ...] = QUARTERS
) -> Status:
    quadrants = zip(references, stars, areas, strict=True)
    measured = catalog_coverage(
        {f"SCI,{n}": Quadrant(*each) for n, each in enumerate(quadrants)}, subject="flc"
    )
    return judge(load_criteria()["AST-029"], measured).status


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        ((40, 35, 37, 41), Status.PASS),
        ((40, 0, 37, 0), Status.FAIL),  # half the field
        ((40, 3, 37, 0), Status.FAIL),
        ((4, 3, 2, 1), Status.NOT_TOLD),  # a sparse field
        ((8, 0, 7, 6), Status.PASS),  # as may be by chance
        ((0, 0, 0, 0), Status.NOT_TOLD),
        ((200, 0, 0, 0), Status.NOT_TOLD),  # a cluster in a corner
        ((200, 6, 0, 0), Status.PASS),
    ],
)
def test_what_a_catalogue_has_on_the_quadrants(references, expected):
    assert status(references) is expected


def test_what_overlaps_tells_what_should_be_there():
    whole = [Quadrant(references, 300, 6400.0) for references in (40, 35, 37, 41)]
    measured = catalog_coverage({"SCI,1": Quadrant(0, 300, 6400.0)}, whole, subject="flc")
    assert judge(load_criteria()["AST-029"], measured).status is Status.FAIL


def test_the_planetary_camera_may_have_none_of_few():
    assert status((0, 20, 17, 22), areas=WFPC2) is Status.PASS
    assert status((0, 120, 117, 122), areas=WFPC2) is Status.FAIL


def test_where_no_stars_were_found_a_catalogue_needs_none():
    """The corner of a drizzled image that nothing covers, or a dark cloud."""
    assert status((60, 0, 62, 70), stars=(300, 4, 300, 310)) is Status.PASS


def test_a_catalogue_of_sparse_fields_is_hardly_ever_rejected():
    random = np.random.default_rng(8)
    for mean in (5, 8, 12, 20):
        found = [status(tuple(random.poisson(mean, 4))) for _ in range(300)]
        assert Status.FAIL not in found


@pytest.mark.parametrize(
    ("references", "number"),
    [((40, 35, 37, 41), 153), ((40, 0, 37, 0), 77), ((4, 3, 2, 1), None), ((12, 0, 6, 1), None)],
)
def test_few_sources_of_a_catalogue_do_not_tell(references: tuple[int, ...], number: int | None) -> None:
    quadrants = {f"SCI,{n}": Quadrant(each, 300, 6400.0) for n, each in enumerate(references)}
    measured = catalog_sources(quadrants, subject="flc")
    assert (measured.value, measured.told) == (number, number is not None)


def test_sources_and_empty_quadrants_are_counted_apart() -> None:
    quadrants = {"SCI,1": 60, "SCI,2": 0, "SCI,3": 0}
    assert reference_sources(quadrants, subject="fit").value == 60
    empty = empty_quadrants(quadrants, subject="fit")
    assert empty.value == 2
    assert "is on SCI,2: it does not cover the field" in empty.reason
    few = reference_sources({"SCI,1": 19, "SCI,2": 0}, subject="fit")
    assert (few.value, few.reason.endswith("reaches not faint enough")) == (19, True)
