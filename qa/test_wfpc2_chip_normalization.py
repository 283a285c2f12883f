"""WFPC2 chip normalisation: FLT files that need one inverse sensitivity, compared with C0M files.

Each test takes what one or two stages produced, measures one quantity and judges it by one criterion.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hubble_qa.checks.astrometry import alignment, residuals, solution_names, world_coordinates
from hubble_qa.checks.detectors import calibration
from hubble_qa.checks.images import drizzled as drizzling
from hubble_qa.checks.images import files
from hubble_qa.checks.images import photometry as flux
from hubble_qa.checks.measurement import not_applicable
from hubble_qa.checks.readers import ShiftFile, read_fits_structure
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.stages.align import SHIFT_FILE, SHIFT_FRAME
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.run import Run
from hubble_qa.fixtures.workflows.wfpc2_chip_normalization import Reduction
from hubble_qa.qa.readings import (
    StarTables,
    array_in,
    chip_polygons,
    chip_shape,
    chip_weights,
    combined_image,
    exposure_in,
    frame_scale,
    match_in,
    matched_positions,
    reference_choices,
    shift_file_in,
    single_image,
    star_tables,
    wcs_in,
)

pytestmark = pytest.mark.workflow("wfpc2-chip-normalization")
criterion = pytest.mark.criterion


@pytest.fixture
def reduction(qa_run: Run, dataset: Dataset) -> Reduction:
    """The dataset's stage settings."""
    settings: Reduction = qa_run.workflow(dataset).settings(dataset)
    return settings


@pytest.fixture
def shifts(aligned: Product) -> ShiftFile:
    """The shift file of the alignment."""
    return shift_file_in(aligned.file(SHIFT_FILE))


@pytest.fixture
def stars(photometry: Product) -> StarTables:
    """The stars' photometry."""
    return star_tables(photometry)


@pytest.fixture
def chip_number(chip: str) -> int:
    """EXTVER of the chip: 1 for PC1, 2 for WF2."""
    return int(chip[-1])


# Files


@pytest.fixture
def exposure_file(fetched: Product, flt: Product, exposure: str, file: str) -> Path:
    """One of an exposure's files: C0M and C1M as fetched, FLT as fetched or made."""
    return (flt if file == "flt" else fetched).file(f"{exposure}_{file}.fits")


@criterion("FIL-001")
def test_fits_form(exposure_file: Path, judge: Judge) -> None:
    judge(files.fits_form_problems(read_fits_structure(exposure_file)))


@criterion("FIL-002")
def test_extensions(exposure_file: Path, judge: Judge) -> None:
    judge(files.structure_problems(exposure_in(exposure_file)))


@criterion("FIL-003")
def test_keywords(fetched: Product, flt: Product, exposure: str, suffix: str, judge: Judge) -> None:
    product = flt if suffix == "flt" else fetched
    judge(files.keyword_problems(exposure_in(product.file(f"{exposure}_{suffix}.fits"))))


# Calibration


@criterion("CAL-002")
def test_reference_files_are_best(references: Product, exposure: str, judge: Judge) -> None:
    judge(calibration.reference_file_violations(reference_choices(references, exposure), subject=exposure))


@criterion("CAL-003")
def test_arrays_are_usable(
    fetched: Product,
    flt: Product,
    exposure: str,
    suffix: str,
    chip_number: int,
    dataset: Dataset,
    judge: Judge,
) -> None:
    subject = f"{exposure} {chip_number}"
    if suffix == "flt":
        path = flt.file(f"{exposure}_flt.fits")
        science, error, quality = (array_in(path, name, chip_number) for name in ("SCI", "ERR", "DQ"))
    else:
        science = array_in(fetched.file(f"{exposure}_c0m.fits"), "SCI", chip_number)
        quality = array_in(fetched.file(f"{exposure}_c1m.fits"), "SDQ", chip_number)
        error = None
    judge(
        calibration.unusable_fraction(science, error, quality, instrument=dataset.instrument, subject=subject)
    )


@criterion("CAL-005")
def test_unit_and_exposure_time(
    fetched: Product, flt: Product, exposure: str, suffix: str, chip_number: int, judge: Judge
) -> None:
    product = flt if suffix == "flt" else fetched
    judge(calibration.unit_violations(exposure_in(product.file(f"{exposure}_{suffix}.fits")), chip_number))


# Chip normalisation


@criterion("PHT-001")
def test_photflam_is_equal(flt: Product, exposure: str, judge: Judge) -> None:
    judge(flux.photflam_spread(exposure_in(flt.file(f"{exposure}_flt.fits"))))


@criterion("PHT-002")
def test_photflam_is_as_published(fetched: Product, exposure: str, chip_number: int, judge: Judge) -> None:
    judge(flux.photflam_deviation(exposure_in(fetched.file(f"{exposure}_c0m.fits")), chip_number))


@criterion("PHT-003")
def test_pixels_are_normalised(
    fetched: Product, flt: Product, exposure: str, chip_number: int, judge: Judge
) -> None:
    normalised, original = flt.file(f"{exposure}_flt.fits"), fetched.file(f"{exposure}_c0m.fits")
    judge(
        flux.pixel_ratio_deviation(
            array_in(normalised, "SCI", chip_number),
            array_in(original, "SCI", chip_number),
            array_in(normalised, "DQ", chip_number),
            expected=flux.expected_chip_factor(exposure_in(original), chip_number),
            subject=f"{exposure} {chip_number}",
        )
    )


# World coordinates


@criterion("WCS-001")
def test_distortion_solution(
    distortion_corrected: Product,
    exposure: str,
    suffix: str,
    chip_number: int,
    reduction: Reduction,
    judge: Judge,
) -> None:
    corrected = exposure_in(distortion_corrected.file(f"{exposure}_{suffix}.fits"))
    judge(
        world_coordinates.distortion_solution_violations(
            corrected, chip_number, distortion_only=not reduction.update_wcs.use_db
        )
    )


@criterion("WCS-002")
def test_round_trip(
    distortion_corrected: Product, exposure: str, suffix: str, chip_number: int, judge: Judge
) -> None:
    corrected = exposure_in(distortion_corrected.file(f"{exposure}_{suffix}.fits"))
    shape = chip_shape(corrected, chip_number)
    judge(world_coordinates.round_trip_error(wcs_in(corrected.path, chip_number), shape, subject=exposure))


# Alignment


@criterion("AST-001")
def test_shifts_are_finite(shifts: ShiftFile, exposure: str, judge: Judge) -> None:
    judge(alignment.nonfinite_shift_fields(shifts, exposure))


@criterion("AST-002")
def test_fit_rms(shifts: ShiftFile, exposure: str, judge: Judge) -> None:
    judge(alignment.fit_rms(shifts, exposure))


@criterion("AST-003")
def test_matched_sources(
    aligned: Product, shifts: ShiftFile, exposure: str, suffix: str, judge: Judge
) -> None:
    judge(residuals.matched_sources(shifts, exposure, match_in(aligned, exposure, suffix)))


@criterion("AST-004")
def test_rotation(shifts: ShiftFile, exposure: str, judge: Judge) -> None:
    judge(alignment.fit_rotation(shifts, exposure))


@criterion("AST-005")
def test_scale(shifts: ShiftFile, exposure: str, judge: Judge) -> None:
    judge(alignment.fit_scale_change(shifts, exposure))


@criterion("AST-006")
def test_shift_is_within_search_radius(
    aligned: Product, shifts: ShiftFile, exposure: str, reduction: Reduction, judge: Judge
) -> None:
    judge(
        alignment.shift_to_search_radius(
            shifts,
            exposure,
            plate_scale=frame_scale(aligned.file(SHIFT_FRAME)),
            search_radius=reduction.align.search_radius,
        )
    )


@criterion("AST-007")
def test_shifts_agree(shifts: ShiftFile, dataset: Dataset, suffix: str, visit: str, judge: Judge) -> None:
    judge(alignment.shift_agreement(shifts, dataset.visit(visit.removeprefix("visit")), subject=visit))


@criterion("AST-008")
def test_residuals_have_no_trend(
    aligned: Product, shifts: ShiftFile, exposure: str, suffix: str, judge: Judge
) -> None:
    judge(residuals.residual_trend(shifts, exposure, match_in(aligned, exposure, suffix)))


@criterion("AST-009")
def test_rms_is_consistent(
    aligned: Product, shifts: ShiftFile, exposure: str, suffix: str, judge: Judge
) -> None:
    judge(residuals.rms_consistency(shifts, exposure, match_in(aligned, exposure, suffix)))


@criterion("AST-020")
def test_headers_carry_the_fit(
    aligned: Product, shifts: ShiftFile, exposure: str, suffix: str, judge: Judge
) -> None:
    positions = matched_positions(aligned, exposure, suffix)
    judge(residuals.matched_source_offset(shifts, exposure, positions))


@criterion("AST-010")
def test_solution_is_named(
    aligned: Product, dataset: Dataset, reduction: Reduction, suffix: str, judge: Judge
) -> None:
    solutions = {
        rootname: exposure_in(aligned.file(f"{rootname}_{suffix}.fits")).science_headers()
        for rootname in dataset.rootnames
    }
    judge(
        solution_names.wcs_name_violations(
            solutions, wcsname=reduction.align.wcsname, relative=True, subject=suffix
        )
    )


@criterion("AST-013")
def test_flt_and_c0m_shifts_agree(aligned_flt: Product, aligned_c0m: Product, judge: Judge) -> None:
    flt, c0m = (shift_file_in(product.file(SHIFT_FILE)) for product in (aligned_flt, aligned_c0m))
    judge(alignment.shift_file_disagreement(flt, c0m, subject="flt and c0m"))


# Drizzled images


@criterion("FIL-001")
def test_drizzled_fits_form(
    drizzled: Product, reduction: Reduction, suffix: str, plane: str, judge: Judge
) -> None:
    image = combined_image(drizzled, reduction.drizzle(suffix).root)
    path = image.weight_path if plane == "wht" else image.path
    judge(files.fits_form_problems(read_fits_structure(path)))


@criterion("DRZ-001")
def test_coverage_is_finite(
    drizzled: Product, registered: Product, dataset: Dataset, reduction: Reduction, suffix: str, judge: Judge
) -> None:
    image = combined_image(drizzled, reduction.drizzle(suffix).root)
    weights = chip_weights(image, drizzled, registered, dataset.rootnames, suffix)
    judge(drizzling.finite_coverage(image.science(), image.weight(), subject=image.name, chips=weights))


@criterion("DRZ-004")
def test_scale_and_orientation(
    drizzled: Product, drizzled_flt: Product, reduction: Reduction, suffix: str, judge: Judge
) -> None:
    image = combined_image(drizzled, reduction.drizzle(suffix).root)
    reference = combined_image(drizzled_flt, reduction.drizzle_flt.root)
    angle = None if suffix == "flt" else world_coordinates.orientation(reference.header)
    judge(drizzling.output_frame_deviation(image, scale=reduction.drizzle(suffix).scale, angle=angle))


@criterion("PHT-007")
def test_weight_of_planetary_camera(
    drizzled_flt: Product, registered_flt: Product, exposure: str, judge: Judge
) -> None:
    weight = single_image(drizzled_flt, exposure, "flt")
    polygons = chip_polygons(exposure_in(registered_flt.file(f"{exposure}_flt.fits")), weight)
    judge(drizzling.weight_ratio(weight.weight(), polygons, subject=exposure))


@criterion("PHT-008")
def test_drizzled_zeropoint_and_unit(
    drizzled_flt: Product, registered_flt: Product, dataset: Dataset, reduction: Reduction, judge: Judge
) -> None:
    inputs = [exposure_in(registered_flt.file(f"{rootname}_flt.fits")) for rootname in dataset.rootnames]
    image = combined_image(drizzled_flt, reduction.drizzle_flt.root)
    judge(drizzling.drizzled_photometry_violations(image, inputs))


# Stars


@criterion("PHT-004")
def test_star_ratio_in_combined_images(stars: StarTables, star: str, judge: Judge) -> None:
    row = stars.star(star)
    judge(
        flux.star_ratio_deviation(
            float(row["flt_sum"]), float(row["c0m_sum"]), expected=stars.expected_ratio(star), subject=star
        )
    )


@criterion("PHT-004")
def test_chip_ratio_in_combined_images(stars: StarTables, chip: str, chip_number: int, judge: Judge) -> None:
    sums = stars.chip_sums(chip_number)
    judge(flux.star_ratio_deviation(sums.drizzled, sums.drizzled_c0m, expected=sums.factor, subject=chip))


@criterion("PHT-005")
def test_star_on_two_chips(stars: StarTables, star: str, judge: Judge) -> None:
    rates = stars.rates(star)
    if len(rates) < 2:
        judge(not_applicable("chip_count_rate_ratio", star, f"{star} fell on one chip of one exposure"))
    judge(flux.chip_count_rate_ratio(rates[0], rates[1], subject=star))


@criterion("PHT-006")
def test_drizzle_conserves_flux(stars: StarTables, chip: str, chip_number: int, judge: Judge) -> None:
    sums = stars.chip_sums(chip_number)
    judge(flux.drizzled_flux_ratio(sums.drizzled, sums.chip, exposure_time=1.0, subject=chip))
