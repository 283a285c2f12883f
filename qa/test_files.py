"""Files: FITS conformance, extensions and keywords of any product."""

from __future__ import annotations

import pytest

from hubble_qa.checks.errors import DamagedFileError
from hubble_qa.checks.images import files, observations
from hubble_qa.checks.readers import read_fits_structure
from hubble_qa.fixtures.finished.files import FinishedFile
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products

pytestmark = pytest.mark.products
criterion = pytest.mark.criterion


@criterion("FIL-001")
def test_fits_form(products: Products, file: FinishedFile, judge: Judge) -> None:
    judge(files.fits_form_violations(read_fits_structure(products.path(file), label=file.label)))


@criterion("FIL-002")
def test_extensions(products: Products, exposure: FinishedFile, judge: Judge) -> None:
    headers, path = products.exposure(exposure), products.path(exposure)
    measured = files.structure_violations(headers)
    if measured.value and files.ends_early(read_fits_structure(path), headers):
        raise DamagedFileError(f"{path}: is truncated: {measured.reason}; copy or download it again", path)
    judge(measured)


@criterion("FIL-003")
def test_keywords(products: Products, exposure: FinishedFile, judge: Judge) -> None:
    judge(files.keyword_violations(products.exposure(exposure)))


@criterion("FIL-005")
def test_observation(products: Products, observation: FinishedFile, judge: Judge) -> None:
    judge(observations.observation_violations(products.exposure(observation)))
