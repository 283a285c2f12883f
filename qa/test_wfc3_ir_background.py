"""WFC3/IR exposures with a background that varies: diagnosed, calibrated without ramp fit, combined.

Each test takes what one or two stages produced, measures one quantity and judges it by one criterion.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hubble_qa.checks.astrometry import world_coordinates
from hubble_qa.checks.detectors import background, calibration, levels
from hubble_qa.checks.detectors.reference_patterns import remaining_pattern
from hubble_qa.checks.images import cosmic_rays, drizzled, files
from hubble_qa.checks.measurement import not_applicable
from hubble_qa.checks.readers import Drizzled, Exposure, read_cosmic_ray_mask, read_fits_structure
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.reduction.calibration.switches import OMIT
from hubble_qa.fixtures.stages.diagnose import DIAGNOSIS_CRITERION
from hubble_qa.fixtures.stages.read_statistics import read_rates
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.run import Run
from hubble_qa.fixtures.workflows.ir_background import Reduction
from hubble_qa.qa.background_readings import (
    Background,
    affected_exposures,
    covered,
    independent_rates,
    removed_charge,
    single_images,
)
from hubble_qa.qa.readings import (
    array_in,
    chip_shape,
    combined_image,
    drizzled_in,
    exposure_in,
    named_references,
    wcs_in,
)

pytestmark = pytest.mark.workflow("wfc3-ir-background")
criterion = pytest.mark.criterion

Pixels = NDArray[np.bool_]


@pytest.fixture
def reduction(qa_run: Run, dataset: Dataset) -> Reduction:
    """The dataset's stage settings."""
    settings: Reduction = qa_run.workflow(dataset).settings(dataset)
    return settings


@pytest.fixture
def recalibrated(calibrated: Product, exposure: str) -> Exposure:
    """The exposure calibrated anew."""
    return exposure_in(calibrated.file(f"{exposure}_flt.fits"))


@pytest.fixture
def updated(solved: Product, exposure: str) -> Exposure:
    """The calibrated exposure with the distortion-only WCS."""
    return exposure_in(solved.file(f"{exposure}_flt.fits"))


@pytest.fixture
def image(mosaic: Product, reduction: Reduction) -> Drizzled:
    """The combined image of the exposures calibrated anew."""
    return combined_image(mosaic, reduction.drizzle.root)


# Files


@pytest.fixture
def exposure_file(fetched: Product, calibrated: Product, exposure: str, file: str) -> Path:
    """One of an exposure's files: as the archive served it, or calibrated anew."""
    product = calibrated if file == "flt" else fetched
    return product.file(f"{exposure}_{file.rpartition('-')[2]}.fits")


@criterion("FIL-001")
def test_fits_form(exposure_file: Path, judge: Judge) -> None:
    judge(files.fits_form_problems(read_fits_structure(exposure_file)))


@criterion("FIL-001")
def test_association_fits_form(fetched: Product, association: str, judge: Judge) -> None:
    judge(files.fits_form_problems(read_fits_structure(fetched.file(f"{association}_asn.fits"))))


@criterion("FIL-002")
def test_extensions(recalibrated: Exposure, judge: Judge) -> None:
    judge(files.structure_problems(recalibrated))


@criterion("FIL-003")
def test_keywords(updated: Exposure, judge: Judge) -> None:
    judge(files.keyword_problems(updated))


# Diagnosis


@criterion("TVB-001")
def test_background_is_steady(reads: Product, exposure: str, judge: Judge) -> None:
    rates = read_rates(reads.files)[exposure]
    judge(background.background_rate_ratio(rates.time, rates.rate, subject=exposure))


# Calibration


@criterion("CAL-001")
def test_steps_were_done(
    fetched: Product,
    reads: Product,
    recalibrated: Exposure,
    exposure: str,
    dataset: Dataset,
    reduction: Reduction,
    judge: Judge,
) -> None:
    raw = exposure_in(fetched.file(f"{exposure}_raw.fits"))
    # By the reads, not by what the diagnosis made of them.
    rates = read_rates(reads.files)[exposure]
    ratio = background.background_rate_ratio(rates.time, rates.rate, subject=exposure).value
    steady = ratio is None or dataset.bounds(DIAGNOSIS_CRITERION, exposure).contains(ratio)
    set_to = {**reduction.calibrate.switches, **({} if steady else {"CRCORR": OMIT})}
    judge(calibration.switch_violations(raw.primary, recalibrated.primary, set_to=set_to, subject=exposure))


@criterion("CAL-002")
def test_reference_files_are_best(references: Product, recalibrated: Exposure, judge: Judge) -> None:
    choices = named_references(references, recalibrated)
    judge(calibration.reference_file_violations(choices, subject=recalibrated.name))


@criterion("CAL-003")
def test_pixels_are_usable(recalibrated: Exposure, judge: Judge) -> None:
    sci, err, dq = (array_in(recalibrated.path, plane, 1) for plane in ("SCI", "ERR", "DQ"))
    judge(calibration.unusable_fraction(sci, err, dq, instrument="WFC3", subject=recalibrated.label(1)))


@criterion("CAL-005")
def test_unit_and_exposure_time(recalibrated: Exposure, judge: Judge) -> None:
    judge(calibration.unit_violations(recalibrated, 1))


@criterion("CAL-006")
def test_level_by_the_raw_reads(
    fetched: Product, references: Product, reads: Product, recalibrated: Exposure, judge: Judge
) -> None:
    sci, dq = (array_in(recalibrated.path, plane, 1) for plane in ("SCI", "DQ"))
    expected = independent_rates(fetched, references, recalibrated).image
    fitted, rates = recalibrated.primary["CRCORR"] == "COMPLETE", read_rates(reads.files)[recalibrated.name]
    weighting = background.weighting_range(rates.time, rates.rate) if fitted else (0.0, 0.0)
    judge(levels.level_deviation(sci, expected, dq, subject=recalibrated.name, weighting=weighting))


@criterion("CAL-007")
def test_no_pattern_of_a_reference_is_left(
    fetched: Product, references: Product, recalibrated: Exposure, judge: Judge
) -> None:
    sci, dq = (array_in(recalibrated.path, plane, 1) for plane in ("SCI", "DQ"))
    image, patterns = independent_rates(fetched, references, recalibrated)
    name = recalibrated.name
    judge(remaining_pattern(sci, image, patterns, dq, instrument="WFC3", subject=name))


# Background


@criterion("TVB-002")
def test_background_shape(recalibrated: Exposure, judge: Judge) -> None:
    sky = Background.of(recalibrated)
    judge(background.background_shape(sky.pixels, noise=sky.noise, subject=recalibrated.name))


@criterion("TVB-003")
def test_background_by_the_reads(reads: Product, recalibrated: Exposure, exposure: str, judge: Judge) -> None:
    rates, sky = read_rates(reads.files)[exposure], Background.of(recalibrated)
    judge(background.background_deviation(sky.pixels, rate=rates.rate[-1], subject=exposure))


@criterion("TVB-004")
def test_combined_background_is_narrower(
    fetched: Product, diagnosis: Product, image: Drizzled, association: str, judge: Judge
) -> None:
    original = drizzled_in(fetched.file(f"{association}_drz.fits"))
    judge(
        background.background_width_change(
            covered(image), covered(original), affected=affected_exposures(diagnosis), subject=association
        )
    )


@criterion("TVB-005")
def test_no_cosmic_rays_are_left(
    mosaic: Product, image: Drizzled, association: str, dataset: Dataset, judge: Judge
) -> None:
    singles = {name: drizzled_in(mosaic.file(f"{name}_single_sci.fits")) for name in dataset.rootnames}
    judge(cosmic_rays.residual_cosmic_rays(covered(image), single_images(singles), subject=association))


# World coordinates


@criterion("WCS-001")
def test_distortion_solution(updated: Exposure, judge: Judge) -> None:
    judge(world_coordinates.distortion_solution_violations(updated, 1))


@criterion("WCS-002")
def test_round_trip(updated: Exposure, judge: Judge) -> None:
    wcs, shape = wcs_in(updated.path, 1), chip_shape(updated, 1)
    judge(world_coordinates.round_trip_error(wcs, shape, subject=updated.name))


# The combined image


@criterion("DRZ-001")
def test_coverage(image: Drizzled, association: str, judge: Judge) -> None:
    judge(drizzled.finite_coverage(image.science(), image.weight(), subject=association))


@pytest.fixture
def rejected(
    fetched: Product,
    references: Product,
    mosaic: Product,
    diagnosis: Product,
    recalibrated: Exposure,
    exposure: str,
) -> Pixels:
    """Pixels whose cosmic rays AstroDrizzle rejected, or the ramp fit where that was not left out."""
    if exposure in affected_exposures(diagnosis):
        return read_cosmic_ray_mask(mosaic.file(f"{exposure}_sci1_crmask.fits"))
    return removed_charge(recalibrated, independent_rates(fetched, references, recalibrated).image)


@criterion("DRZ-002")
def test_cosmic_rays_are_rejected(
    rejected: Pixels, recalibrated: Exposure, exposure: str, judge: Judge
) -> None:
    time = float(recalibrated.primary["EXPTIME"])
    judge(cosmic_rays.cosmic_ray_rate({1: rejected}, exposure_time=time, subject=exposure))


@criterion("DRZ-004")
def test_output_frame(image: Drizzled, reduction: Reduction, judge: Judge) -> None:
    if reduction.drizzle.scale is None:
        judge(not_applicable("output_frame_deviation", image.name, "no scale was asked for"))
    judge(drizzled.output_frame_deviation(image, scale=reduction.drizzle.scale or 0.0))


@criterion("PHT-008")
def test_photometry_of_the_product(image: Drizzled, solved: Product, dataset: Dataset, judge: Judge) -> None:
    inputs = [exposure_in(solved.file(f"{name}_flt.fits")) for name in dataset.rootnames]
    judge(drizzled.drizzled_photometry_violations(image, inputs))
