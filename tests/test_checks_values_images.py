"""Images: values by hand, in cases where another statistic, axis or set of pixels gives another value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.images.cosmic_rays import cosmic_ray_rate, rejected_cores
from hubble_qa.checks.images.drizzle_parameters import drizzle_parameter_violations, recommended_row
from hubble_qa.checks.images.drizzled import median_weights, weight_ratio
from hubble_qa.checks.images.files import association_problems
from hubble_qa.checks.readers import Exposure
from tests.wfpc2_samples import exposure

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


# Parameters of AstroDrizzle

TABLE = np.array(
    [("F555W", 1, 0.4), ("F555W", 4, 0.5), ("F814W", 5, 0.6), ("F555W", 9, 0.7), ("ANY", 3, 0.8)],
    dtype=[("filter", "U8"), ("numimages", "i4"), ("driz_cr_scale", "f8")],
)


@pytest.mark.parametrize(
    ("filters", "images", "scale"),
    [
        (["F555W"], 3, 0.4),
        (["F555W"], 4, 0.5),
        (["F555W"], 8, 0.5),
        (["F555W"], 9, 0.7),
        (["F814W"], 4, 0.8),
        (["F606W"], 7, 0.8),
    ],
)
def test_row_is_of_the_filter_and_of_no_more_images_than_there_are(
    filters: list[str], images: int, scale: float
) -> None:
    row = recommended_row(TABLE, filters=filters, images=images)
    assert row is not None
    assert row["driz_cr_scale"] == scale


@pytest.mark.parametrize(
    ("used", "recommended", "violations"),
    [
        ("1.5 0.7", "1.5, 0.7", 0),
        ("1.5 0.7", "1.5 0.8", 1),
        ("1.4 0.7", "1.5 0.7", 1),
        ("1.5 0.7", "1.5", 1),
        ("1.5", "1.5 0.7", 1),
        ("3", 3.0, 0),
        ("Median", "median", 0),
        ("median", "minmed", 1),
        ("median", None, 1),
        (None, "median", 1),
    ],
)
def test_parameter_is_the_tables_in_each_of_its_parts(
    used: str | None, recommended: object, violations: int
) -> None:
    row = {"filter": "ANY", "numimages": 1} | ({} if recommended is None else {"name": recommended})
    found = {} if used is None else {"name": used}
    assert drizzle_parameter_violations(found, row, names=["name"], subject="f").value == violations


# Associations


def asn(name: str, association: str | None, filter_name: str = "F606W") -> Exposure:
    primary = {"ASN_ID": association, "FILTER1": filter_name}
    return exposure(path=Path(f"{name}_flt.fits"), primary=primary)


@pytest.mark.parametrize(
    ("members", "changed", "problem"),
    [
        (["j9l960a1q", "j9l960a2q"], {}, ""),
        (["j9l960a1q"], {}, "j9l960a2q has its ASN_ID, but is not listed as present"),
        (["j9l960a1q", "j9l960a2q", "j9l960a4q"], {}, "j9l960a4q is listed, but was not fetched"),
        (["j9l960a1q", "j9l960a2q", "j9l960a3q"], {}, "j9l960a3q is listed, but its ASN_ID is j9l960020"),
        (["j9l960a1q", "j9l960a2q"], {"filter_name": "F814W"}, "different filters: F606W, F814W"),
    ],
)
def test_association_is_of_its_own_exposures_in_one_filter(
    members: list[str], changed: dict[str, str], problem: str
) -> None:
    exposures = [
        asn("j9l960a1q", "J9L960010"),
        asn("j9l960a2q", "J9L960010", **changed),
        asn("j9l960a3q", "J9L960020"),
    ]
    measurement = association_problems(members, exposures, subject="j9l960010")
    assert measurement.value == (1 if problem else 0)
    assert problem in measurement.reason
