"""Any drizzled image: coverage, times, zeropoint, unit, inputs, weight, sky, coordinates, alignment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

import pytest

from hubble_qa.checks.astrometry.registration import exposure_misalignment
from hubble_qa.checks.evidence import overlaps, peaks
from hubble_qa.checks.evidence.coverage import Coverage, coverage, exposure_weights, sky_blocks
from hubble_qa.checks.evidence.drizzled import field_pixels
from hubble_qa.checks.evidence.drizzled_noise import noise_blocks
from hubble_qa.checks.evidence.exposure_backgrounds import sky_levels
from hubble_qa.checks.evidence.exposures import can_be_compared, exposure_in
from hubble_qa.checks.evidence.extents import coverage_extents
from hubble_qa.checks.evidence.headers import rejected_by_ramp_fit
from hubble_qa.checks.evidence.hits import hits_on
from hubble_qa.checks.evidence.registration import chip_offsets, exposure_offsets
from hubble_qa.checks.evidence.source_fluxes import sources_of
from hubble_qa.checks.evidence.star_weights import star_weights
from hubble_qa.checks.images import combination, cosmic_rays, sky_residual
from hubble_qa.checks.images import drizzled as drizzling
from hubble_qa.checks.images import drizzled_coordinates as coordinates
from hubble_qa.checks.images.drizzled_noise import drizzled_noise_ratio
from hubble_qa.checks.images.files import image_structure_violations
from hubble_qa.checks.images.filters import several_filters
from hubble_qa.checks.images.identity import image_identity_violations
from hubble_qa.checks.images.observations import was_exposed
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.measurement import Measurement, not_applicable, not_told
from hubble_qa.checks.readers import Drizzled, ReaderError
from hubble_qa.checks.readers.coordinates import coordinate_problem, is_number
from hubble_qa.checks.readers.drizzled import weight_names
from hubble_qa.fixtures.finished.files import FinishedFile, Kind
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products

pytestmark = pytest.mark.products
criterion = pytest.mark.criterion

# Sources on a chip by which an image's place is compared with it.
_FEWEST_SOURCES = 10


@criterion("DRZ-001")
def test_frame_is_covered(products: Products, image: FinishedFile, inputs: Inputs, judge: Judge) -> None:
    drizzled = products.image(image)
    if drizzled.weight_path is None:
        judge(not_told("covered_fraction", image.label, without_weight(drizzled)))
    there = [exposure_in(products.path(file)) for file in inputs.values() if file is not None]
    field = field_pixels(drizzled, there)
    judge(drizzling.covered_fraction(drizzled.weight(), subject=image.label, field=field))


@pytest.mark.compares
@criterion("DRZ-010")
def test_covered_pixels_are_finite(
    products: Products, image: FinishedFile, inputs: Inputs, judge: Judge
) -> None:
    drizzled = products.image(image)
    if drizzled.weight_path is None:
        judge(not_told("coverage_violations", image.label, without_weight(drizzled)))
    camera = drizzled.camera
    photons = camera is None or camera.counts_photons
    science, weight = drizzled.science(), drizzled.weight()
    # Weights are exposure times only where the header says so.
    timed = is_number(drizzled.keyword("D001WTSC")) and not combination.other_weights(drizzled)
    dark = camera.dark_rate if camera is not None and timed else None
    files = [file for file in inputs.values() if file is not None]
    compared = [one for one in map(products.input, files) if can_be_compared(*one)]
    alike = science.shape == weight.shape and not coordinate_problem(drizzled.header)
    judge(
        drizzling.coverage_violations(
            science,
            weight,
            subject=image.label,
            counts_photons=photons,
            dark_rate=dark,
            stars=star_weights(drizzled, compared) if alike else None,
        )
    )


def without_weight(drizzled: Drizzled) -> str:
    """That an image has no weight image beside it."""
    lacking = "it has no WHT extension, and " if drizzled.header is not drizzled.primary else ""
    return f"{lacking}its weight image, {weight_names(drizzled.path.name)[0]}, is not beside it"


@pytest.fixture
def inputs(products: Products, image: FinishedFile) -> Mapping[str, FinishedFile | None]:
    """The exposures that an image names as its inputs, by file; None for those that are not at hand."""
    return products.inputs(image)


Inputs = Mapping[str, FinishedFile | None]


def missing_input(inputs: Inputs) -> str:
    """Why an image cannot be compared with what it combines; empty if it can."""
    if not inputs:
        return "its header names no inputs (D001DATA)"
    missing = [name for name, file in inputs.items() if file is None]
    return f"{missing[0]}, which it combines, is not among the products" if missing else ""


def covered_by(products: Products, image: FinishedFile, inputs: Inputs) -> Coverage:
    """Which chips see which parts of an image."""
    files = [file for file in inputs.values() if file is not None]
    exposures = {products.path(file): products.sibling(file, "c1m") for file in files}
    return coverage(products.image(image), exposures)


@criterion("CAL-005")
def test_exposure_time(products: Products, image: FinishedFile, inputs: Inputs, judge: Judge) -> None:
    headers = {
        name: products.exposure(file).primary
        for name, file in inputs.items()
        if file is not None and can_be_compared(*products.input(file))
    }
    stated = {name: header.get("EXPTIME") for name, header in headers.items()}
    epochs = {name: (header.get("EXPSTART"), header.get("EXPEND")) for name, header in headers.items()}
    judge(drizzling.exposure_time_violations(products.image(image), stated, epochs))


@criterion("PHT-008")
def test_zeropoint_and_unit(products: Products, image: FinishedFile, inputs: Inputs, judge: Judge) -> None:
    there = [exposure_in(products.path(file)) for file in inputs.values() if file is not None]
    missing = [name for name, file in inputs.items() if file is None] or (
        [] if inputs else ["(none is named)"]
    )
    judge(drizzling.drizzled_photometry_violations(products.image(image), there, missing=missing))


@criterion("DRZ-007")
def test_inputs_belong_together(
    products: Products, image: FinishedFile, inputs: Inputs, judge: Judge
) -> None:
    drizzled = products.image(image)
    there = [exposure_in(products.path(file)) for file in inputs.values() if file is not None]
    judge(combination.input_violations(drizzled, drizzled.input_chips, there))


@criterion("DRZ-008")
def test_sky_has_no_step(products: Products, image: FinishedFile, inputs: Inputs, judge: Judge) -> None:
    reason = missing_input(inputs)
    if reason:
        judge(not_told("sky_residual", image.label, reason))
    drizzled, seen = products.image(image), covered_by(products, image, inputs)
    files = [file for file in inputs.values() if file is not None]
    levels = None
    if not any(counts_photons(products, file) for file in files):
        combined = [products.input(file) for file in files]
        levels = sky_levels(drizzled.path, drizzled.weight_path, combined)
    judge(sky_residual.sky_residual(sky_blocks(drizzled, seen), levels, subject=image.label))


NO_COSMIC_RAYS = "the detector counts photons and sees no cosmic rays"


def counts_photons(products: Products, file: FinishedFile) -> bool:
    """Whether a detector counts photons, of which a cosmic ray is at most one."""
    camera = products.exposure(file).camera
    return camera is not None and camera.counts_photons


def rejected_in(
    products: Products, file: FinishedFile, images: Sequence[FinishedFile]
) -> overlaps.CosmicRayMasks | str:
    """The cosmic rays that AstroDrizzle flagged in an exposure, or why that could not be told."""
    image = products.image_of(file, images)
    if image is None:
        return "no drizzled image among the products names it as an input"
    files = products.inputs(image).values()
    others = [products.path(other) for other in files if other is not None and other != file]
    path, companion = products.path(file), products.sibling(file, "c1m")
    return overlaps.flagged_cosmic_rays(products.image(image), path, others, companion)


@criterion("DRZ-002")
def test_cosmic_rays_are_flagged(
    products: Products, images: Sequence[FinishedFile], combined_file: FinishedFile, judge: Judge
) -> None:
    if counts_photons(products, combined_file):
        judge(not_applicable("cosmic_ray_rate", combined_file.label, NO_COSMIC_RAYS))
    if fitted := rejected_by_ramp_fit(products.path(combined_file)):
        judge(not_applicable("cosmic_ray_rate", combined_file.label, fitted))
    masks = rejected_in(products, combined_file, images)
    if isinstance(masks, str):
        judge(not_told("cosmic_ray_rate", combined_file.label, masks))
        return
    time = masks.exposure_time
    judge(
        sampled(
            cosmic_rays.cosmic_ray_rate(
                masks.flagged, exposure_time=time, judged=masks.judged, subject=combined_file.label
            )
        )
    )


@criterion("DRZ-003")
def test_cores_of_stars_are_kept(
    products: Products, images: Sequence[FinishedFile], combined_file: FinishedFile, judge: Judge
) -> None:
    if counts_photons(products, combined_file):
        judge(not_applicable("rejected_cores", combined_file.label, NO_COSMIC_RAYS))
    masks = rejected_in(products, combined_file, images)
    if isinstance(masks, str):
        judge(not_told("rejected_cores", combined_file.label, masks))
        return
    paths = [
        products.path(file)
        for file in products.judged.of(Kind.EXPOSURE)
        if file.suffix == combined_file.suffix
    ]
    stars = peaks.shared_peaks(products.path(combined_file), paths)
    judge(
        sampled(
            cosmic_rays.rejected_cores(
                masks.flagged,
                stars.places,
                judged=masks.judged,
                unrelated=stars.by_chance,
                subject=combined_file.label,
            )
        )
    )


def sampled(measured: Measurement) -> Measurement:
    """A measurement; not to be told where a field has too little to count."""
    if measured.value is not None:
        return measured
    return not_told(measured.quantity, measured.subject, measured.reason)


@criterion("DRZ-006")
def test_no_hits_are_left(products: Products, image: FinishedFile, inputs: Inputs, judge: Judge) -> None:
    files = [file for file in inputs.values() if file is not None]
    missing = missing_input(inputs)
    if missing:
        judge(not_told("cosmic_ray_remainder", image.label, missing))
    reason = "" if len(inputs) > 1 else "a single exposure has no rejection"
    if all(counts_photons(products, file) for file in files):
        reason = NO_COSMIC_RAYS
    # A star is brighter through one filter than on an image of several, as a hit is than on one of its own.
    reason = reason or several_filters([products.exposure(file) for file in files])
    if reason:
        judge(not_applicable("cosmic_ray_remainder", image.label, reason))
    hits = hits_on(products.image(image), [products.path(file) for file in files])
    judge(cosmic_rays.hit_remainder(hits, subject=image.label))


@criterion("DRZ-009")
def test_weight_is_exposure_time(
    products: Products, image: FinishedFile, inputs: Inputs, judge: Judge
) -> None:
    drizzled = products.image(image)
    reason = missing_input(inputs) or (without_weight(drizzled) if drizzled.weight_path is None else "")
    if reason:
        judge(not_told("weight_to_exposure_time", image.label, reason))
    reason = combination.other_weights(drizzled)
    if reason:
        judge(not_applicable("weight_to_exposure_time", image.label, reason))
    weights = exposure_weights(drizzled, covered_by(products, image, inputs))
    judge(combination.weight_to_exposure_time(*weights, subject=image.label))


@criterion("DRZ-012")
def test_noise_is_that_of_the_exposures(
    products: Products, image: FinishedFile, inputs: Inputs, judge: Judge
) -> None:
    files = [file for file in inputs.values() if file is not None]
    if any(counts_photons(products, file) for file in files):
        reason = "most pixels of its exposures hold no photon, and no robust scatter"
        judge(not_applicable("drizzled_noise_ratio", image.label, reason))
    drizzled = products.image(image)
    reason = missing_input(inputs) or (without_weight(drizzled) if drizzled.weight_path is None else "")
    if reason:
        judge(not_told("drizzled_noise_ratio", image.label, reason))
    exposures = {
        products.path(file): products.sibling(file, "c1m")
        for file in files
        if was_exposed(products.exposure(file).primary)
    }
    blocks = noise_blocks(drizzled, exposures, coverage(drizzled, exposures))
    if isinstance(blocks, str):
        judge(not_told("drizzled_noise_ratio", image.label, blocks))
        return
    judge(drizzled_noise_ratio(blocks, subject=image.label))


@criterion("FIL-002")
def test_image_is_there(products: Products, mapped_image: FinishedFile, judge: Judge) -> None:
    judge(image_structure_violations(products.exposure(mapped_image)))


@criterion("FIL-003")
def test_image_is_what_its_name_says(products: Products, mapped_image: FinishedFile, judge: Judge) -> None:
    judge(image_identity_violations(products.image(mapped_image)))


@criterion("WCS-004")
def test_header_has_no_distortion(products: Products, mapped_image: FinishedFile, judge: Judge) -> None:
    judge(coordinates.distortion_keyword_violations(products.image(mapped_image)))


def offsets_of_sources(
    products: Products, image: Drizzled, files: Sequence[FinishedFile]
) -> dict[str, tuple[float, float]]:
    """Where sources are on the chips of an image's inputs, from where the image has them, pixels."""
    inputs = [products.input(file) for file in files if was_exposed(products.exposure(file).primary)]
    if products.judged.form_only or not all(can_be_compared(*each) for each in inputs):
        return {}
    # Without a weight image of its own shape, DRZ-010 says so.
    with suppress(ReaderError):
        found = sources_of(image.path, tuple(inputs))
        return {name: chip.offset for name, chip in found.items() if len(chip) >= _FEWEST_SOURCES}
    return {}


@criterion("WCS-005")
def test_coordinates_by_the_inputs(products: Products, mapped_image: FinishedFile, judge: Judge) -> None:
    drizzled, inputs = products.image(mapped_image), products.inputs(mapped_image)
    files = [file for file in inputs.values() if file is not None]
    usable = not missing_input(inputs) and not coordinate_problem(drizzled.header)
    extents = coverage_extents(drizzled, dict(map(products.input, files))) if usable else None
    carried = {str(products.exposure(file).header("SCI").get("WCSNAME", "")) for file in files}
    same = carried == {str(drizzled.keyword("WCSNAME", ""))}
    offsets = offsets_of_sources(products, drizzled, files) if usable and same else {}
    judge(coordinates.drizzled_coordinate_violations(drizzled, extents, same_solution=same, offsets=offsets))


@pytest.mark.compares
@criterion("AST-024")
def test_exposures_agree(products: Products, image: FinishedFile, inputs: Inputs, judge: Judge) -> None:
    files = [file for file in inputs.values() if file is not None]
    if len(files) < 2:
        missing = missing_input(inputs)
        judge(
            not_told("exposure_misalignment", image.label, missing)
            if missing
            else not_applicable("exposure_misalignment", image.label, "it is of one exposure")
        )
    exposures = {file.label: products.input(file) for file in files}
    offsets, chips = exposure_offsets(exposures), chip_offsets(exposures)
    scale = camera(files[0].instrument, files[0].detector).plate_scale
    judge(exposure_misalignment(offsets, chips, plate_scale=scale, subject=image.label))
