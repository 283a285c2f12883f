"""Finished products: what a directory holds, judged as it is, with nothing reduced.

Each test reads one file, or one and those that belong to it, measures one quantity and judges it by one
criterion. What only a reduction could tell (the catalogue of a fit, the scale that was asked for) is not
judged here.
"""

from __future__ import annotations

import pytest

from hubble_qa.checks.astrometry import (
    alignment,
    chip_solutions,
    fit_keywords,
    residuals,
    solution_names,
    solutions,
    world_coordinates,
)
from hubble_qa.checks.detectors import background, calibration
from hubble_qa.checks.images import drizzled as drizzling
from hubble_qa.checks.images import files, photometry
from hubble_qa.checks.measurement import not_applicable, not_measured
from hubble_qa.checks.readers import read_fits_structure, read_shift_file
from hubble_qa.fixtures.finished.survey import Finished
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.run import Run
from hubble_qa.qa import finished_readings as readings
from hubble_qa.qa.background_readings import Background
from hubble_qa.qa.finished_fits import (
    Fit,
    aligned_to_one_another,
    fit_of,
    header_and_shifts,
    held_fit,
    without_match,
)
from hubble_qa.qa.finished_readings import Chip
from hubble_qa.qa.readings import array_in, chip_shape, exposure_in, wcs_in

pytestmark = pytest.mark.workflow("finished-products")
criterion = pytest.mark.criterion


@pytest.fixture
def found(qa_run: Run, dataset: Dataset) -> Finished:
    """The products of the dataset's instrument."""
    finished: Finished = qa_run.workflow(dataset).settings(dataset).survey.finished
    return finished


@pytest.fixture
def row_fit(found: Finished, fit: str) -> Fit:
    """The fit of an exposure, by its row of a shift file."""
    return fit_of(found, fit)


@pytest.fixture
def calibrated_chip(found: Finished, science_chip: str) -> Chip:
    """A chip of a calibrated exposure with errors and data quality."""
    return readings.chip_of(found, science_chip)


# Files


@criterion("FIL-001")
def test_fits_form(found: Finished, file: str, judge: Judge) -> None:
    judge(files.fits_form_problems(read_fits_structure(readings.path_of(found, file))))


@criterion("FIL-002")
def test_extensions(found: Finished, exposure: str, judge: Judge) -> None:
    judge(files.structure_problems(exposure_in(readings.path_of(found, exposure))))


@criterion("FIL-003")
def test_keywords(found: Finished, exposure: str, judge: Judge) -> None:
    judge(files.keyword_problems(exposure_in(readings.path_of(found, exposure))))


# Calibration


@criterion("CAL-001")
def test_steps_were_done(found: Finished, calibrated_file: str, judge: Judge) -> None:
    exposure = exposure_in(readings.path_of(found, calibrated_file))
    requested = readings.requested_steps(exposure)
    judge(calibration.switch_violations(requested, exposure.primary, set_to={}, subject=calibrated_file))


@criterion("CAL-003")
def test_pixels_are_usable(calibrated_chip: Chip, judge: Judge) -> None:
    exposure, number = calibrated_chip
    sci, err, dq = (array_in(exposure.path, plane, number) for plane in ("SCI", "ERR", "DQ"))
    judge(
        calibration.unusable_fraction(
            sci, err, dq, instrument=exposure.instrument, subject=exposure.label(number)
        )
    )


@criterion("CAL-005")
def test_unit_and_exposure_time(found: Finished, chip: str, judge: Judge) -> None:
    exposure, number = readings.chip_of(found, chip)
    judge(calibration.unit_violations(exposure, number))


# Zeropoints of WFPC2's chips


@criterion("PHT-001")
def test_photflam_is_equal(found: Finished, normalised: str, judge: Judge) -> None:
    judge(photometry.photflam_spread(exposure_in(readings.path_of(found, normalised))))


@criterion("PHT-002")
def test_photflam_is_as_published(found: Finished, counts_chip: str, judge: Judge) -> None:
    exposure, number = readings.chip_of(found, counts_chip)
    judge(photometry.photflam_deviation(exposure, number))


@criterion("PHT-003")
def test_pixels_are_normalised(found: Finished, normalised_chip: str, judge: Judge) -> None:
    flt, number = readings.chip_of(found, normalised_chip)
    original = readings.counts_of(found, normalised_chip)
    judge(
        photometry.pixel_ratio_deviation(
            array_in(flt.path, "SCI", number),
            array_in(original.path, "SCI", number),
            array_in(flt.path, "DQ", number),
            expected=photometry.expected_chip_factor(original, number),
            subject=flt.label(number),
        )
    )


# World coordinates


@criterion("WCS-001")
def test_distortion_solution(calibrated_chip: Chip, judge: Judge) -> None:
    judge(world_coordinates.distortion_solution_violations(*calibrated_chip))


@criterion("WCS-002")
def test_round_trip(calibrated_chip: Chip, judge: Judge) -> None:
    exposure, number = calibrated_chip
    wcs, shape = wcs_in(exposure.path, number), chip_shape(exposure, number)
    judge(world_coordinates.round_trip_error(wcs, shape, subject=exposure.label(number)))


@criterion("AST-011")
def test_solution_is_a_good_fit(found: Finished, science: str, judge: Judge) -> None:
    exposure = exposure_in(readings.path_of(found, science))
    reason = readings.claims_catalog(exposure)
    judge(
        not_applicable("archive_fit_error", science, reason)
        if reason
        else solutions.archive_fit_error(exposure)
    )


@criterion("AST-010")
def test_solution_is_named(found: Finished, solution: str, judge: Judge) -> None:
    carried = readings.solutions_of(found, solution)
    relative = aligned_to_one_another(found, carried)
    if relative is None:
        reason = "a header says 'not aligned: reference', of a reference image or of a failed fit; "
        judge(not_measured("wcs_name_violations", solution, f"{reason}put the shift file beside it"))
    judge(
        solution_names.wcs_name_violations(
            carried, wcsname=solution, relative=bool(relative), subject=solution
        )
    )


@criterion("AST-010")
def test_chips_carry_one_solution(found: Finished, science: str, judge: Judge) -> None:
    judge(chip_solutions.chip_solution_violations(exposure_in(readings.path_of(found, science))))


# Fits, by the headers


@criterion("AST-019")
def test_header_holds_a_fit(found: Finished, aligned_file: str, judge: Judge) -> None:
    judge(held_fit(found, aligned_file))


@criterion("AST-002")
def test_fit_rms_of_header(found: Finished, fitted_file: str, judge: Judge) -> None:
    judge(fit_keywords.keyword_rms(exposure_in(readings.path_of(found, fitted_file))))


@criterion("AST-003")
def test_matched_sources_of_header(found: Finished, fitted_file: str, judge: Judge) -> None:
    judge(fit_keywords.keyword_matches(exposure_in(readings.path_of(found, fitted_file))))


@criterion("AST-009")
def test_header_and_shift_file_tell_one_rms(found: Finished, fitted_file: str, judge: Judge) -> None:
    judge(header_and_shifts(found, fitted_file))


# Shift files


@criterion("AST-001")
def test_shifts_are_finite(row_fit: Fit, judge: Judge) -> None:
    judge(alignment.nonfinite_shift_fields(row_fit.shifts, row_fit.exposure))


@criterion("AST-002")
def test_fit_rms(row_fit: Fit, judge: Judge) -> None:
    judge(alignment.fit_rms(row_fit.shifts, row_fit.exposure))


@criterion("AST-003")
def test_matched_sources(row_fit: Fit, judge: Judge) -> None:
    judge(
        without_match("matched_sources", row_fit)
        or residuals.matched_sources(row_fit.shifts, row_fit.exposure, row_fit.match)
    )


@criterion("AST-004")
def test_rotation(row_fit: Fit, judge: Judge) -> None:
    judge(alignment.fit_rotation(row_fit.shifts, row_fit.exposure))


@criterion("AST-005")
def test_scale(row_fit: Fit, judge: Judge) -> None:
    judge(alignment.fit_scale_change(row_fit.shifts, row_fit.exposure))


@criterion("AST-008")
def test_residuals_have_no_trend(row_fit: Fit, judge: Judge) -> None:
    judge(
        without_match("residual_trend", row_fit)
        or residuals.residual_trend(row_fit.shifts, row_fit.exposure, row_fit.match)
    )


@criterion("AST-009")
def test_rms_is_consistent(row_fit: Fit, judge: Judge) -> None:
    judge(
        without_match("rms_consistency", row_fit)
        or residuals.rms_consistency(row_fit.shifts, row_fit.exposure, row_fit.match)
    )


@criterion("AST-013")
def test_flt_and_c0m_agree(found: Finished, pair: str, judge: Judge) -> None:
    first, second = (read_shift_file(file.path) for file in found.pair(pair))
    judge(alignment.shift_file_disagreement(first, second, subject=pair))


# Drizzled images


@criterion("DRZ-001")
def test_coverage_is_finite(found: Finished, image: str, judge: Judge) -> None:
    drizzled = readings.image_of(found, image)
    judge(drizzling.finite_coverage(drizzled.science(), drizzled.weight(), subject=image))


@criterion("CAL-005")
def test_exposure_time_of_image(found: Finished, image: str, judge: Judge) -> None:
    judge(drizzling.exposure_time_violations(readings.image_of(found, image)))


@criterion("PHT-008")
def test_zeropoint_and_unit(found: Finished, image: str, judge: Judge) -> None:
    drizzled = readings.image_of(found, image)
    inputs, missing = readings.inputs_of(found, drizzled)
    judge(drizzling.drizzled_photometry_violations(drizzled, inputs, missing=missing))


# Infrared backgrounds


@criterion("TVB-001")
def test_background_is_steady(found: Finished, reads_file: str, judge: Judge) -> None:
    reason = readings.without_ramp_fit(found, reads_file)
    if reason:
        judge(not_applicable("background_rate_ratio", reads_file, reason))
    rates = readings.rates_of_reads(readings.path_of(found, reads_file))
    judge(background.background_rate_ratio(rates.time, rates.rate, subject=reads_file))


@criterion("TVB-002")
def test_background_shape(found: Finished, infrared: str, judge: Judge) -> None:
    sky = Background.of(exposure_in(readings.path_of(found, infrared)))
    judge(background.background_shape(sky.pixels, noise=sky.noise, subject=infrared))


@criterion("TVB-003")
def test_background_by_the_reads(found: Finished, infrared: str, judge: Judge) -> None:
    exposure, reads = exposure_in(readings.path_of(found, infrared)), readings.reads_of(found, infrared)
    if reads is None:
        reason = f"no {exposure.name}_ima.fits is among the products"
        judge(not_applicable("background_deviation", infrared, reason))
    else:
        judge(
            background.background_deviation(
                Background.of(exposure).pixels,
                rate=readings.rate_under(exposure, reads),
                subject=infrared,
            )
        )
