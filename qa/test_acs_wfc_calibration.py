"""Calibration of raw ACS/WFC exposures, in whatever reduction.

What is true of any product is asked by the other modules; here is what takes the raw exposures.
"""

from __future__ import annotations

import pytest

from hubble_qa.checks.detectors import bias_structure, calibration, levels
from hubble_qa.checks.detectors.ccd_levels import LEAST_LEVEL
from hubble_qa.checks.detectors.reference_patterns import remaining_pattern
from hubble_qa.checks.evidence.exposures import array_in, exposure_in
from hubble_qa.checks.evidence.headers import steps_of_all
from hubble_qa.checks.evidence.raw_levels import RawElectrons, raw_electrons
from hubble_qa.fixtures.archives.reference_files import BEST_REFERENCES
from hubble_qa.fixtures.finished.files import FinishedFile
from hubble_qa.fixtures.finished.subjects import Chip
from hubble_qa.fixtures.stages.references import REFERENCES
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products
from hubble_qa.fixtures.workflows.imaging_settings import Reduction

pytestmark = pytest.mark.workflow("imaging")
criterion = pytest.mark.criterion


@criterion("CAL-001")
def test_requested_steps_were_done(
    fetched: Product, calibrated: Product, calibrated_anew: FinishedFile, reduction: Reduction, judge: Judge
) -> None:
    raw = exposure_in(fetched.file(f"{calibrated_anew.root}_raw.fits"))
    flt = exposure_in(calibrated.file(calibrated_anew.path.name))
    set_to, subject = reduction.calibrate.all_switches, calibrated_anew.root
    always = steps_of_all(flt)
    judge(
        calibration.switch_violations(raw.primary, flt.primary, set_to=set_to, subject=subject, always=always)
    )


@criterion("CAL-004")
def test_hot_columns_are_gone(products: Products, chip_anew: Chip, judge: Judge) -> None:
    sci, dq = (array_in(products.path(chip_anew.file), plane, chip_anew.number) for plane in ("SCI", "DQ"))
    judge(bias_structure.column_scatter(sci, dq, subject=str(chip_anew)))


@pytest.fixture
def independent(fetched: Product, references: Product, chip_anew: Chip) -> RawElectrons:
    """The chip calibrated by arithmetic."""
    raw = fetched.file(f"{chip_anew.file.root}_raw.fits")
    return raw_electrons(
        raw, chip_anew.number, references.file(BEST_REFERENCES), references.files / REFERENCES
    )


@criterion("CAL-006")
def test_level_by_the_raw_pixels(
    products: Products, chip_anew: Chip, independent: RawElectrons, judge: Judge
) -> None:
    sci, dq = (array_in(products.path(chip_anew.file), plane, chip_anew.number) for plane in ("SCI", "DQ"))
    judge(levels.level_deviation(sci, independent.image, dq, subject=str(chip_anew), least=LEAST_LEVEL))


@criterion("CAL-007")
def test_no_pattern_of_a_reference_is_left(
    products: Products, chip_anew: Chip, independent: RawElectrons, judge: Judge
) -> None:
    sci, dq = (array_in(products.path(chip_anew.file), plane, chip_anew.number) for plane in ("SCI", "DQ"))
    patterns = independent.patterns()
    judge(remaining_pattern(sci, independent.image, patterns, dq, instrument="ACS", subject=str(chip_anew)))
