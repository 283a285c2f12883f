"""Any drizzled image against the exposures that it combines: fluxes and widths of bright sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from hubble_qa.checks.evidence.exposures import exposure_in
from hubble_qa.checks.evidence.source_fluxes import sources_of
from hubble_qa.checks.images import mosaic_fluxes
from hubble_qa.checks.images.filters import several_filters
from hubble_qa.checks.images.observations import was_exposed
from hubble_qa.checks.images.photometry import drizzled_gain_ratio, has_own_photflams
from hubble_qa.checks.images.source_fluxes import ChipSources
from hubble_qa.checks.measurement import not_applicable
from hubble_qa.checks.readers import Exposure
from hubble_qa.fixtures.finished.files import FinishedFile
from hubble_qa.fixtures.finished.subjects import Chip
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products

pytestmark = pytest.mark.products
criterion = pytest.mark.criterion


def chips_of(products: Products, image: FinishedFile) -> Mapping[str, ChipSources]:
    """Sources of a drizzled image on the chips of its inputs that are there and were exposed."""
    files = [
        file
        for file in products.inputs(image).values()
        if file is not None and was_exposed(products.exposure(file).primary)
    ]
    inputs = tuple((products.path(file), products.sibling(file, "c1m")) for file in files)
    return sources_of(products.path(image), inputs)


def chips_combined(products: Products, image: FinishedFile) -> Sequence[tuple[Exposure, tuple[int, ...]]]:
    """The inputs of an image that are there, each with EXTVER of its chips that were drizzled."""
    paths = [products.path(file) for file in products.inputs(image).values() if file is not None]
    return [*products.image(image).combined(map(exposure_in, paths))]


def chips_with_own_zeropoints(products: Products, image: FinishedFile) -> str:
    """The first input whose chips differ in PHOTFLAM; empty where they share one."""
    combined = chips_combined(products, image)
    return next((one.path.stem for one, chips in combined if has_own_photflams(one, chips)), "")


def filters_mixed(products: Products, image: FinishedFile) -> str:
    """That a drizzled image combines several filters; empty where its inputs share theirs."""
    return several_filters([exposure for exposure, _ in chips_combined(products, image)])


@criterion("PHT-006")
def test_flux_is_that_of_the_exposures(products: Products, image_chip: Chip, judge: Judge) -> None:
    combined = chips_combined(products, image_chip.file)
    if combined and not any(image_chip.number in chips for _, chips in combined):
        reason = f"the image does not combine SCI,{image_chip.number}"
        judge(not_applicable("drizzled_flux_ratio", str(image_chip), reason))
    own = chips_with_own_zeropoints(products, image_chip.file)
    if own:
        reason = (
            f"the chips of {own} have PHOTFLAM of their own: where they overlap, the image has that of none"
        )
        judge(not_applicable("drizzled_flux_ratio", str(image_chip), reason))
    if mixed := filters_mixed(products, image_chip.file):
        reason = f"{mixed}: a source has another flux in each"
        judge(not_applicable("drizzled_flux_ratio", str(image_chip), reason))
    extension = f" SCI,{image_chip.number}"
    found = {
        name.removesuffix(extension): sources
        for name, sources in chips_of(products, image_chip.file).items()
        if name.endswith(extension)
    }
    gains = {
        drizzled_gain_ratio(exposure, image_chip.number, chips)
        for exposure, chips in combined
        if image_chip.number in chips
    }
    # Inputs of several gains, or none that is there: no one ratio explains the image.
    gain_ratio = gains.pop() if len(gains) == 1 else 1.0
    judge(mosaic_fluxes.input_flux_ratio(found, subject=str(image_chip), gain_ratio=gain_ratio))


@criterion("PHT-010")
def test_chips_agree_on_fluxes(products: Products, image: FinishedFile, judge: Judge) -> None:
    own = chips_with_own_zeropoints(products, image)
    if own:
        reason = f"the chips of {own} have PHOTFLAM of their own: their counts are not to be compared"
        judge(not_applicable("chip_flux_ratio", image.label, reason))
    if mixed := filters_mixed(products, image):
        reason = f"{mixed}: a source has another flux in each"
        judge(not_applicable("chip_flux_ratio", image.label, reason))
    judge(mosaic_fluxes.chip_flux_ratio(chips_of(products, image), subject=image.label))


@criterion("AST-015")
def test_sources_are_as_sharp_as_on_exposures(products: Products, image: FinishedFile, judge: Judge) -> None:
    judge(mosaic_fluxes.input_width_ratio(chips_of(products, image), subject=image.label))
