"""SBC dark rate: from dark frames to the part of a target's light that is dark.

Each test takes what one or two stages produced, measures one quantity and judges it by one criterion.
"""

from __future__ import annotations

import pytest

from hubble_qa.checks.astrometry import world_coordinates
from hubble_qa.checks.detectors import calibration, dark_rate, detector_temperature
from hubble_qa.checks.images import drizzled as drizzling
from hubble_qa.checks.images import files, photometry
from hubble_qa.checks.measurement import not_applicable
from hubble_qa.checks.readers import Drizzled, read_fits_structure
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.run import Run
from hubble_qa.fixtures.workflows.sbc_dark_rate import Reduction, dark_root
from hubble_qa.qa import dark_readings as readings
from hubble_qa.qa.readings import array_in, chip_shape, combined_image, exposure_in, reference_choices, wcs_in

pytestmark = pytest.mark.workflow("sbc-dark-rate")
criterion = pytest.mark.criterion


@pytest.fixture
def reduction(qa_run: Run, dataset: Dataset) -> Reduction:
    """The dataset's stage settings."""
    settings: Reduction = qa_run.workflow(dataset).settings(dataset)
    return settings


@pytest.fixture
def dark_image(master_dark: Product, analysed: str, kind: str) -> Drizzled:
    """The drizzled master dark of an association; its kind tells its verdicts from the science image's."""
    return combined_image(master_dark, dark_root(analysed))


# Files and calibration


@criterion("FIL-001")
def test_fits_form(fetched: Product, exposure: str, judge: Judge) -> None:
    judge(files.fits_form_problems(read_fits_structure(fetched.file(f"{exposure}_flt.fits"))))


@criterion("FIL-001")
def test_dark_fits_form(darks: Product, dark: str, judge: Judge) -> None:
    judge(files.fits_form_problems(read_fits_structure(darks.file(f"{dark}_raw.fits"))))


@criterion("FIL-002")
def test_extensions(fetched: Product, exposure: str, judge: Judge) -> None:
    judge(files.structure_problems(exposure_in(fetched.file(f"{exposure}_flt.fits"))))


@criterion("FIL-003")
def test_keywords(fetched: Product, exposure: str, judge: Judge) -> None:
    judge(files.keyword_problems(exposure_in(fetched.file(f"{exposure}_flt.fits"))))


@criterion("FIL-004")
def test_association_is_whole(fetched: Product, dataset: Dataset, association: str, judge: Judge) -> None:
    exposures = [exposure_in(fetched.file(f"{name}_flt.fits")) for name in dataset.rootnames]
    judge(files.association_problems(readings.members(fetched, association), exposures, subject=association))


@criterion("CAL-002")
def test_reference_files_are_best(references: Product, exposure: str, judge: Judge) -> None:
    judge(calibration.reference_file_violations(reference_choices(references, exposure), subject=exposure))


@criterion("CAL-003")
def test_pixels_are_usable(fetched: Product, exposure: str, judge: Judge) -> None:
    path = fetched.file(f"{exposure}_flt.fits")
    sci, err, dq = (array_in(path, name, 1) for name in ("SCI", "ERR", "DQ"))
    judge(calibration.unusable_fraction(sci, err, dq, instrument="ACS", subject=exposure))


@criterion("CAL-005")
def test_unit_and_exposure_time(fetched: Product, exposure: str, judge: Judge) -> None:
    judge(calibration.unit_violations(exposure_in(fetched.file(f"{exposure}_flt.fits")), 1))


@criterion("WCS-001")
def test_distortion_solution(fetched: Product, exposure: str, judge: Judge) -> None:
    served = exposure_in(fetched.file(f"{exposure}_flt.fits"))
    judge(world_coordinates.distortion_solution_violations(served, 1))


@criterion("WCS-002")
def test_round_trip(fetched: Product, exposure: str, judge: Judge) -> None:
    served = exposure_in(fetched.file(f"{exposure}_flt.fits"))
    wcs, shape = wcs_in(served.path, 1), chip_shape(served, 1)
    judge(world_coordinates.round_trip_error(wcs, shape, subject=exposure))


# Temperatures and dark rates


@criterion("DRK-001")
def test_warm_exposures_are_recognised(
    fetched: Product,
    temperatures: Product,
    matched_darks: Product,
    dataset: Dataset,
    reduction: Reduction,
    judge: Judge,
) -> None:
    headers = {name: exposure_in(fetched.file(f"{name}_flt.fits")) for name in dataset.rootnames}
    judge(
        detector_temperature.temperature_violations(
            {name: readings.temperature(header) for name, header in headers.items()},
            recognised=readings.affected(temperatures),
            matched=readings.matched(matched_darks),
            threshold=reduction.temperatures.threshold,
            subject="exposures",
        )
    )


@criterion("DRK-005")
def test_dark_rate_rises_with_temperature(darks: Product, reduction: Reduction, judge: Judge) -> None:
    frames = [
        readings.dark_counts(darks.file(f"{name}_raw.fits"))
        for name in reduction.fetch.groups["darks"].exposures
    ]
    threshold = reduction.temperatures.threshold
    judge(dark_rate.dark_rate_order_violations(frames, threshold=threshold, subject="dark frames"))


@criterion("DRK-003")
def test_dark_matches_exposure(
    fetched: Product, darks: Product, matched_darks: Product, exposure: str, judge: Judge
) -> None:
    if exposure not in readings.matched(matched_darks):
        judge(not_applicable("dark_match_ratio", exposure, "the dark of its association is not measured"))
    path = fetched.file(f"{exposure}_flt.fits")
    judge(
        dark_rate.dark_match_ratio(
            readings.chosen_darks(matched_darks, darks, exposure),
            dark_rate.box_counts(array_in(path, "SCI", 1)),
            float(exposure_in(path).primary["EXPTIME"]),
            subject=exposure,
        )
    )


@criterion("DRK-006")
def test_dark_has_the_exposures_hot_pixels(
    fetched: Product, darks: Product, matched_darks: Product, exposure: str, judge: Judge
) -> None:
    if exposure not in readings.matched(matched_darks):
        judge(not_applicable("hot_pixel_agreement", exposure, "the dark of its association is not measured"))
    judge(
        dark_rate.hot_pixel_agreement(
            readings.chosen_images(matched_darks, darks, exposure),
            array_in(fetched.file(f"{exposure}_flt.fits"), "SCI", 1),
            subject=exposure,
        )
    )


# The combined images


@criterion("DRZ-001")
def test_coverage_is_finite(association_image: Product, association: str, judge: Judge) -> None:
    image = combined_image(association_image, association)
    judge(drizzling.finite_coverage(image.science(), image.weight(), subject=image.name))


@criterion("DRZ-001")
def test_coverage_of_dark_is_finite(dark_image: Drizzled, judge: Judge) -> None:
    judge(drizzling.finite_coverage(dark_image.science(), dark_image.weight(), subject=dark_image.name))


@criterion("DRZ-004")
def test_scale(association_image: Product, association: str, reduction: Reduction, judge: Judge) -> None:
    image = combined_image(association_image, association)
    judge(drizzling.output_frame_deviation(image, scale=reduction.drizzle.scale))


@criterion("DRZ-004")
def test_dark_is_on_the_same_grid(
    dark_image: Drizzled, analysed_image: Product, analysed: str, reduction: Reduction, judge: Judge
) -> None:
    science = combined_image(analysed_image, analysed)
    angle = world_coordinates.orientation(science.header)
    judge(drizzling.output_frame_deviation(dark_image, scale=reduction.drizzle.scale, angle=angle))


@criterion("PHT-008")
def test_zeropoint_and_unit(
    association_image: Product, fetched: Product, association: str, judge: Judge
) -> None:
    inputs = [
        exposure_in(fetched.file(f"{name}_flt.fits")) for name in readings.members(fetched, association)
    ]
    judge(drizzling.drizzled_photometry_violations(combined_image(association_image, association), inputs))


@criterion("PHT-006")
def test_drizzle_conserves_flux(
    dark_photometry: Product, analysed: str, aperture: str, image: str, judge: Judge
) -> None:
    row = readings.photometry_in(dark_photometry, aperture)
    judge(
        photometry.drizzled_flux_ratio(
            float(row[image]),
            float(row[f"{image}_expected"]),
            exposure_time=1.0,
            subject=f"{analysed} {aperture} {image}",
        )
    )


# The dark of the target


@criterion("DRK-002")
def test_dark_fraction_of_target(dark_photometry: Product, analysed: str, judge: Judge) -> None:
    row = readings.photometry_in(dark_photometry, "target")
    judge(
        dark_rate.dark_fraction(
            (float(row["dark"]), float(row["dark_error"])),
            (float(row["science"]), float(row["science_error"])),
            match_error=float(row["match_error"]),
            subject=analysed,
        )
    )


@criterion("DRK-004")
def test_nothing_is_left_on_blank_sky(dark_photometry: Product, analysed: str, judge: Judge) -> None:
    row = readings.photometry_in(dark_photometry, "blank")
    judge(dark_rate.blank_residual(float(row["net"]), float(row["net_error"]), subject=analysed))
