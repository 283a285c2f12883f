"""Calibration of any exposure: steps, reference files, pixels, units, zeropoints, infrared backgrounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hubble_qa.checks.astrometry.solution_tables import has_solution, solution_table_problems
from hubble_qa.checks.detectors import background, calibration
from hubble_qa.checks.detectors.amplifiers import amplifier_step
from hubble_qa.checks.detectors.flagged_area import flagged_area
from hubble_qa.checks.detectors.masks import empty_masks, masked_fraction
from hubble_qa.checks.evidence.backgrounds import (
    Background,
    grain_of,
    rate_under,
    rates_of_reads,
    sky_of,
    without_shape,
)
from hubble_qa.checks.evidence.chip_ratios import chip_in_both
from hubble_qa.checks.evidence.exposures import exposure_in, planes
from hubble_qa.checks.evidence.headers import requested_steps, steps_of_all, without_ramp_fit
from hubble_qa.checks.evidence.masks import masked_pixels, masks_found
from hubble_qa.checks.evidence.references import named_references, tabulated_photflam
from hubble_qa.checks.evidence.sky_scatter import noise_of_pixels, rates_of_pixels, scatter_of_sky
from hubble_qa.checks.evidence.star_widths import widths_in
from hubble_qa.checks.images import photometry, zeropoints
from hubble_qa.checks.images.filters import of_quarters
from hubble_qa.checks.images.observations import without_round_stars
from hubble_qa.checks.images.star_widths import star_width
from hubble_qa.checks.measurement import not_applicable, not_told
from hubble_qa.checks.readers.coordinates import is_number
from hubble_qa.fixtures.archives.reference_files import BEST_REFERENCES
from hubble_qa.fixtures.finished.files import FinishedFile
from hubble_qa.fixtures.finished.subjects import Chip
from hubble_qa.fixtures.stages.references import REFERENCES
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products

pytestmark = pytest.mark.products
criterion = pytest.mark.criterion


@criterion("CAL-001")
def test_steps_were_done(products: Products, calibrated_file: FinishedFile, judge: Judge) -> None:
    exposure = products.exposure(calibrated_file)
    requested, always = requested_steps(exposure), steps_of_all(exposure)
    judge(
        calibration.switch_violations(
            requested, exposure.primary, set_to={}, subject=exposure.label, always=always
        )
    )


@criterion("CAL-002")
def test_reference_files_are_best(
    products: Products, referenced_file: FinishedFile, product: Callable[[str], Product], judge: Judge
) -> None:
    exposure, choices = products.exposure(referenced_file), None
    if products.judged.references:
        references = product("references")
        choices = named_references(references.file(BEST_REFERENCES), references.files / REFERENCES, exposure)
    elif products.best_references_known:
        # Of finished products the names are compared: the files are where they were reduced.
        choices = named_references(product("references").file(BEST_REFERENCES), None, exposure)
    elif not has_solution(exposure):
        reason = "no CRDS cache is given (--crds), and the header has no solution of updatewcs"
        judge(not_told("reference_file_violations", exposure.label, reason))
    problems = solution_table_problems(exposure)
    judge(calibration.reference_file_violations(choices, subject=exposure.label, solution=problems))


@criterion("CAL-003")
def test_few_pixels_are_flagged(products: Products, science_chip: Chip, judge: Judge) -> None:
    file = science_chip.file
    _, _, dq = planes(products.path(file), science_chip.number, products.sibling(file, "c1m"))
    judge(calibration.flagged_fraction(dq, subject=str(science_chip)))


@criterion("CAL-015")
def test_no_area_is_flagged(products: Products, science_chip: Chip, judge: Judge) -> None:
    file = science_chip.file
    _, _, dq = planes(products.path(file), science_chip.number, products.sibling(file, "c1m"))
    judge(flagged_area(dq, products.exposure(file).camera, subject=str(science_chip)))


@criterion("CAL-014")
def test_few_pixels_are_masked(products: Products, observation: FinishedFile, judge: Judge) -> None:
    path = products.path(observation)
    masks = masked_pixels(path, products.sibling(observation, "c1m"))
    judge(masked_fraction(masks, found=masks_found(path), subject=observation.label))


@criterion("CAL-016")
def test_masks_are_not_empty(products: Products, observation: FinishedFile, judge: Judge) -> None:
    judge(empty_masks(masks_found(products.path(observation)), subject=observation.label))


@criterion("CAL-013")
def test_pixels_are_usable(products: Products, science_chip: Chip, judge: Judge) -> None:
    file, number = science_chip.file, science_chip.number
    sci, err, dq = planes(products.path(file), number, products.sibling(file, "c1m"))
    exposure = products.exposure(file)
    time = exposure.primary.get("EXPTIME")
    judge(
        calibration.array_violations(
            sci,
            err,
            dq,
            camera=exposure.camera,
            subject=str(science_chip),
            exposure_time=float(time) if is_number(time) else None,
        )
    )


@criterion("CAL-008")
def test_amplifiers_have_one_background(products: Products, science_chip: Chip, judge: Judge) -> None:
    file, subject = science_chip.file, str(science_chip)
    exposure = products.exposure(file)
    if exposure.camera is None or exposure.primary.get("SUBARRAY") is True:
        reason = "it is a subarray" if exposure.camera else "the camera has no record"
        judge(not_applicable("amplifier_step", subject, reason))
        return
    if quarters := of_quarters(exposure):
        judge(not_applicable("amplifier_step", subject, quarters))
    if "EXPTIME" not in exposure.primary:
        judge(not_told("amplifier_step", subject, "EXPTIME is missing; see FIL-003"))
    sci, _, dq = planes(products.path(file), science_chip.number, products.sibling(file, "c1m"))
    good = np.ones(sci.shape, dtype=bool) if dq is None else dq == 0
    time = float(exposure.primary["EXPTIME"])
    judge(amplifier_step(sci, good, exposure.camera, time=time, subject=subject))


@criterion("CAL-009")
def test_errors_are_the_scatter(products: Products, science_chip: Chip, judge: Judge) -> None:
    exposure, number = products.input(science_chip.file), science_chip.number
    judge(replace(scatter_of_sky(exposure.path, number, exposure.companion), subject=str(science_chip)))


@criterion("CAL-010")
def test_stars_are_points(products: Products, located: FinishedFile, judge: Judge) -> None:
    exposure = products.exposure(located)
    reason = without_round_stars(exposure)
    if exposure.camera is None or reason:
        judge(not_applicable("star_width", located.label, reason or "the camera has no record"))
    widths = widths_in(products.path(located), products.sibling(located, "c1m"))
    judge(star_width(widths.found, widths.expected, subject=located.label))


@criterion("CAL-005")
def test_unit_and_exposure_time(products: Products, science_chip: Chip, judge: Judge) -> None:
    file, number = science_chip.file, science_chip.number
    exposure, path = products.exposure(file), products.path(file)
    noise, rates = noise_of_pixels(path, number), rates_of_pixels(path, number)
    judge(calibration.unit_violations(exposure, number, noise=noise, rates=rates))


# Zeropoints: one for the chips of ACS and WFC3, one for each of WFPC2's until they are normalised


@criterion("PHT-009")
def test_zeropoint(
    products: Products, photometric: FinishedFile, product: Callable[[str], Product], judge: Judge
) -> None:
    exposure = products.exposure(photometric)
    references = product("references").files / REFERENCES if products.judged.references else None
    judge(zeropoints.chip_zeropoint_error(exposure, tabulated_photflam(references, exposure)))


@criterion("PHT-014")
def test_zeropoint_is_there(products: Products, photometric: FinishedFile, judge: Judge) -> None:
    judge(zeropoints.zeropoint_violations(products.exposure(photometric)))


@criterion("PHT-001")
def test_photflam_is_equal(products: Products, normalised: FinishedFile, judge: Judge) -> None:
    exposure = products.exposure(normalised)
    if exposure.suffix == "c0m" and photometry.has_own_photflams(exposure):
        reason = "the chips of a C0M keep their own PHOTFLAM unless they are normalised in place; see PHT-002"
        judge(not_applicable("photflam_spread", normalised.label, reason))
    judge(photometry.photflam_spread(exposure))


@criterion("PHT-002")
def test_photflam_is_as_published(products: Products, counts_chip: Chip, judge: Judge) -> None:
    judge(photometry.photflam_deviation(products.exposure(counts_chip.file), counts_chip.number))


@criterion("PHT-003")
def test_pixels_are_normalised(products: Products, normalised_chip: Chip, judge: Judge) -> None:
    flt, number = products.path(normalised_chip.file), normalised_chip.number
    c0m = products.sibling(normalised_chip.file, "c0m")
    assert c0m is not None, "a chip of this axis has its C0M"
    chip = chip_in_both(flt, c0m, number)
    judge(
        photometry.pixel_ratio_deviation(
            chip.flt,
            chip.c0m,
            chip.quality,
            expected=chip.expected,
            equalised=chip.equalised,
            subject=str(normalised_chip),
        )
    )


# Infrared backgrounds


@criterion("TVB-001")
def test_background_is_steady(products: Products, reads_file: FinishedFile, judge: Judge) -> None:
    reason = without_shape(products.exposure(reads_file)) or without_ramp_fit(
        products.sibling(reads_file, "flt")
    )
    if reason:
        judge(not_applicable("background_rate_ratio", reads_file.label, reason))
    rates = rates_of_reads(products.path(reads_file))
    judge(background.background_rate_ratio(rates.time, rates.rate, subject=reads_file.label))


@criterion("TVB-002")
def test_background_width(products: Products, infrared: FinishedFile, judge: Judge) -> None:
    exposure = products.exposure(infrared)
    reason = without_shape(exposure)
    if reason:
        judge(not_applicable("background_width", infrared.label, reason))
    noise = Background.of(exposure).noise
    judge(background.background_width(grain_of(exposure), noise=noise, subject=infrared.label))


@criterion("TVB-006")
def test_background_has_one_peak(products: Products, infrared: FinishedFile, judge: Judge) -> None:
    exposure = products.exposure(infrared)
    reason = without_shape(exposure)
    if reason:
        judge(not_applicable("background_peaks", infrared.label, reason))
    noise = Background.of(exposure).noise
    judge(background.background_peaks(sky_of(exposure), noise=noise, subject=infrared.label))


@criterion("TVB-003")
def test_background_by_the_reads(products: Products, infrared: FinishedFile, judge: Judge) -> None:
    exposure, reads = products.exposure(infrared), products.sibling(infrared, "ima")
    if reads is None:
        reason = f"no {exposure.name}_ima.fits is among the products"
        judge(not_told("background_deviation", infrared.label, reason))
        return
    rate = rate_under(exposure, exposure_in(reads))
    judge(background.background_deviation(Background.of(exposure).pixels, rate=rate, subject=infrared.label))
