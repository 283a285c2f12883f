"""Any drizzled image: coverage, exposure time, zeropoint and unit."""

from __future__ import annotations

import pytest

from hubble_qa.checks.evidence.exposures import exposure_in
from hubble_qa.checks.evidence.headers import input_names
from hubble_qa.checks.images import drizzled as drizzling
from hubble_qa.fixtures.finished.files import FinishedFile
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products

pytestmark = pytest.mark.products
criterion = pytest.mark.criterion


@criterion("DRZ-001")
def test_coverage_is_finite(products: Products, image: FinishedFile, judge: Judge) -> None:
    drizzled = products.image(image)
    judge(drizzling.finite_coverage(drizzled.science(), drizzled.weight(), subject=image.label))


@criterion("CAL-005")
def test_exposure_time(products: Products, image: FinishedFile, judge: Judge) -> None:
    judge(drizzling.exposure_time_violations(products.image(image)))


@criterion("PHT-008")
def test_zeropoint_and_unit(products: Products, image: FinishedFile, judge: Judge) -> None:
    drizzled = products.image(image)
    solution = str(drizzled.keyword("WCSNAME", ""))
    names = input_names(drizzled)
    inputs = {name: products.judged.exposure(name, beside=image.path, wcsname=solution) for name in names}
    there = [exposure_in(products.path(file)) for file in inputs.values() if file is not None]
    missing = [name for name, file in inputs.items() if file is None]
    if not names:
        missing = ["(none is named)"]
    judge(drizzling.drizzled_photometry_violations(drizzled, there, missing=missing))
