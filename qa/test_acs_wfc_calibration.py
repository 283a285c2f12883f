"""ACS/WFC calibration: raw exposures of an association to calibrated ones with their distortion.

Each test takes what one or two stages produced, measures one quantity and judges it by one criterion.
"""

from __future__ import annotations

import pytest

from hubble_qa.checks.astrometry import world_coordinates
from hubble_qa.checks.detectors import bias_structure, calibration, levels
from hubble_qa.checks.detectors.ccd_levels import LEAST_LEVEL
from hubble_qa.checks.detectors.reference_patterns import remaining_pattern
from hubble_qa.checks.images import files
from hubble_qa.checks.readers import Exposure, read_fits_structure
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.run import Run
from hubble_qa.fixtures.workflows.acs_wfc_calibration import Reduction, chip_version
from hubble_qa.qa.acs_readings import raw_electrons
from hubble_qa.qa.readings import chip_shape, exposure_in, named_references, wcs_in

pytestmark = pytest.mark.workflow("acs-wfc-calibration")
criterion = pytest.mark.criterion


@pytest.fixture
def reduction(qa_run: Run, dataset: Dataset) -> Reduction:
    """The dataset's stage settings."""
    settings: Reduction = qa_run.workflow(dataset).settings(dataset)
    return settings


@pytest.fixture
def version(chip: str) -> int:
    """EXTVER of the chip."""
    return chip_version(chip)


@pytest.fixture
def raw(fetched: Product, exposure: str) -> Exposure:
    """The exposure as the archive served it."""
    return exposure_in(fetched.file(f"{exposure}_raw.fits"))


@pytest.fixture
def recalibrated(calibrated: Product, exposure: str, reduction: Reduction) -> Exposure:
    """The exposure calibrated anew."""
    return exposure_in(calibrated.file(f"{exposure}_{reduction.calibrate.suffix}.fits"))


@pytest.fixture
def updated(solved: Product, exposure: str, reduction: Reduction) -> Exposure:
    """The calibrated exposure with the distortion-only WCS."""
    return exposure_in(solved.file(f"{exposure}_{reduction.calibrate.suffix}.fits"))


# Files


@criterion("FIL-001")
def test_fits_form(fetched: Product, calibrated: Product, exposure: str, file: str, judge: Judge) -> None:
    product = fetched if file == "raw" else calibrated
    judge(files.fits_form_problems(read_fits_structure(product.file(f"{exposure}_{file}.fits"))))


@criterion("FIL-001")
def test_association_fits_form(members: Product, association: str, judge: Judge) -> None:
    judge(files.fits_form_problems(read_fits_structure(members.file(f"{association}_asn.fits"))))


@criterion("FIL-002")
def test_extensions(recalibrated: Exposure, judge: Judge) -> None:
    judge(files.structure_problems(recalibrated))


@criterion("FIL-003")
def test_keywords(recalibrated: Exposure, judge: Judge) -> None:
    judge(files.keyword_problems(recalibrated))


# Calibration


@criterion("CAL-001")
def test_steps_were_done(raw: Exposure, recalibrated: Exposure, reduction: Reduction, judge: Judge) -> None:
    set_to = reduction.calibrate.all_switches
    judge(
        calibration.switch_violations(
            raw.primary, recalibrated.primary, set_to=set_to, subject=recalibrated.name
        )
    )


@criterion("CAL-002")
def test_reference_files_are_best(references: Product, recalibrated: Exposure, judge: Judge) -> None:
    choices = named_references(references, recalibrated)
    judge(calibration.reference_file_violations(choices, subject=recalibrated.name))


@criterion("CAL-003")
def test_pixels_are_usable(recalibrated: Exposure, version: int, judge: Judge) -> None:
    sci, err, dq = (recalibrated.array(plane, version) for plane in ("SCI", "ERR", "DQ"))
    subject = recalibrated.label(version)
    judge(calibration.unusable_fraction(sci, err, dq, instrument="ACS", subject=subject))


@criterion("CAL-004")
def test_hot_columns_are_gone(recalibrated: Exposure, version: int, judge: Judge) -> None:
    sci, dq = (recalibrated.array(plane, version) for plane in ("SCI", "DQ"))
    judge(bias_structure.column_scatter(sci, dq, subject=recalibrated.label(version)))


@criterion("CAL-005")
def test_unit_and_exposure_time(recalibrated: Exposure, version: int, judge: Judge) -> None:
    judge(calibration.unit_violations(recalibrated, version))


@criterion("CAL-006")
def test_level_by_the_raw_pixels(
    raw: Exposure, recalibrated: Exposure, references: Product, version: int, judge: Judge
) -> None:
    sci, dq = (recalibrated.array(plane, version) for plane in ("SCI", "DQ"))
    independent = raw_electrons(raw, version, references).image
    judge(
        levels.level_deviation(sci, independent, dq, subject=recalibrated.label(version), least=LEAST_LEVEL)
    )


@criterion("CAL-007")
def test_no_pattern_of_a_reference_is_left(
    raw: Exposure, recalibrated: Exposure, references: Product, version: int, judge: Judge
) -> None:
    sci, dq = (recalibrated.array(plane, version) for plane in ("SCI", "DQ"))
    found, subject = raw_electrons(raw, version, references), recalibrated.label(version)
    judge(remaining_pattern(sci, found.image, found.patterns(), dq, instrument="ACS", subject=subject))


# World coordinates


@criterion("WCS-001")
def test_distortion_solution(updated: Exposure, version: int, judge: Judge) -> None:
    judge(world_coordinates.distortion_solution_violations(updated, version))


@criterion("WCS-002")
def test_round_trip(updated: Exposure, version: int, judge: Judge) -> None:
    wcs, shape = wcs_in(updated.path, version), chip_shape(updated, version)
    judge(world_coordinates.round_trip_error(wcs, shape, subject=updated.label(version)))
