"""The dark part of a target's light in finished images, where their author says where to measure it."""

from __future__ import annotations

import pytest

from hubble_qa.checks.detectors import dark_rate
from hubble_qa.checks.evidence.apertures import aperture_rate
from hubble_qa.checks.measurement import not_told
from hubble_qa.fixtures.finished.subjects import DarkSubject
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products

pytestmark = pytest.mark.products
criterion = pytest.mark.criterion


@criterion("DRK-002")
def test_dark_part_of_the_light(products: Products, dark_aperture: DarkSubject, judge: Judge) -> None:
    subject, place = str(dark_aperture), dark_aperture.aperture
    if dark_aperture.dark is None:
        judge(
            not_told("dark_fraction", subject, f"{place.dark}, the darks' image, is not among the products")
        )
        return
    science, dark = (
        aperture_rate(products.path(file), place.ra, place.dec, place.radius)
        for file in (dark_aperture.image, dark_aperture.dark)
    )
    judge(dark_rate.dark_fraction(dark, science, subject=subject))
