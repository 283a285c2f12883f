"""Any exposure against the others of its visit and the image that combines it: sources and background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from hubble_qa.checks.detectors.column_departures import column_departure
from hubble_qa.checks.evidence.drizzled import in_flux
from hubble_qa.checks.evidence.exposure_backgrounds import blocks_beside, blocks_under
from hubble_qa.checks.evidence.exposure_fluxes import fluxes_beside, fluxes_under
from hubble_qa.checks.evidence.exposures import planes
from hubble_qa.checks.images import exposure_fluxes
from hubble_qa.checks.images.exposure_background import ComparedBlocks, background_departure
from hubble_qa.checks.images.filters import covering_in_part
from hubble_qa.checks.images.observations import without_round_stars
from hubble_qa.checks.measurement import not_applicable, not_told
from hubble_qa.checks.readers.coordinates import coordinate_problem
from hubble_qa.fixtures.finished.files import FinishedFile
from hubble_qa.fixtures.finished.subjects import Chip
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products

pytestmark = pytest.mark.products
criterion, compares = pytest.mark.criterion, pytest.mark.compares

# Other exposures whose skies an exposure's is compared with: a median of three leaves one out.
_REFERENCES = 3


@pytest.fixture
def shared_fluxes(products: Products, science_chip: Chip) -> exposure_fluxes.SharedFluxes | str:
    """Fluxes of the sources that a chip shares with other exposures, or why there are none."""
    file = science_chip.file
    return fluxes_beside(products.input(file), science_chip.number, products.alike(file))


@compares
@criterion("PHT-011")
def test_fluxes_are_those_of_other_exposures(
    shared_fluxes: exposure_fluxes.SharedFluxes | str, science_chip: Chip, judge: Judge
) -> None:
    judge(exposure_fluxes.exposure_flux_deviation(shared_fluxes, subject=str(science_chip)))


@compares
@criterion("PHT-012")
def test_sensitivity_is_even(
    products: Products,
    shared_fluxes: exposure_fluxes.SharedFluxes | str,
    images: Sequence[FinishedFile],
    science_chip: Chip,
    judge: Judge,
) -> None:
    subject = str(science_chip)
    measured = exposure_fluxes.sensitivity_gradient(shared_fluxes, subject=subject)
    image = None if measured.told else products.image_of(science_chip.file, images)
    if image is not None and not unusable(products, image):
        inputs = tuple(products.input(file) for file in products.inputs(image).values() if file is not None)
        one, path = products.input(science_chip.file), products.path(image)
        under = fluxes_under(one, science_chip.number, path, inputs)
        measured = exposure_fluxes.sensitivity_gradient(under, subject=subject)
    judge(measured)


def backgrounds(
    products: Products, file: FinishedFile, images: Sequence[FinishedFile]
) -> dict[str, Mapping[int, ComparedBlocks]]:
    """Blocks of an exposure against its references, by name."""
    one, found = products.input(file), {}
    others = products.alike(file)[:_REFERENCES]
    if others:
        found["other exposures"] = blocks_beside(one, others)
    image = products.image_of(file, images)
    if image is not None and not (unusable(products, image) or in_flux(products.image(image))):
        drizzled = products.image(image)
        found[image.label] = blocks_under(one, drizzled.path, drizzled.weight_path)
    return found


def unusable(products: Products, image: FinishedFile | None) -> str:
    """Why nothing can be looked up in a drizzled image by its coordinates; empty if it can."""
    problem = "" if image is None else coordinate_problem(products.image(image).header)
    return f"{problem} in the image that combines it; see WCS-005" if problem else ""


@compares
@criterion("CAL-011")
def test_background_is_that_of_the_others(
    products: Products, images_of_one_sky: Sequence[FinishedFile], science_chip: Chip, judge: Judge
) -> None:
    file, subject = science_chip.file, str(science_chip)
    camera = products.exposure(file).camera
    if camera is not None and camera.counts_photons:
        reason = "most pixels hold no photon, and a block has no median"
        judge(not_applicable("background_departure", subject, reason))
    if part := covering_in_part(products.exposure(file)):
        reason = f"{part}: its edges are on another sky in each exposure"
        judge(not_applicable("background_departure", subject, reason))
    found = backgrounds(products, file, images_of_one_sky)
    problem = "" if found else unusable(products, products.image_of(file, images_of_one_sky))
    if problem:
        judge(not_told("background_departure", subject, problem))
    judge(background_departure(found, science_chip.number, subject=subject))


@criterion("CAL-012")
def test_columns_do_not_stand_out(products: Products, science_chip: Chip, judge: Judge) -> None:
    file, subject = science_chip.file, str(science_chip)
    science, _, quality = planes(products.path(file), science_chip.number, products.sibling(file, "c1m"))
    if quality is None:
        # Columns that calibration knows to be bad stand out, and are flagged there.
        reason = "its flags are in a C1M file, which is not at hand"
        judge(not_told("column_departure", subject, reason))
        return
    exposure = products.exposure(file)
    # Spectra and trails lie along rows.
    rows = not without_round_stars(exposure)
    judge(column_departure(science, quality == 0, exposure.camera, subject=subject, with_rows=rows))
