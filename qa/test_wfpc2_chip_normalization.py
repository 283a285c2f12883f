"""WFPC2 chip normalisation: FLT files that need one inverse sensitivity, compared with C0M files.

What is true of any product is asked by the other modules; here is what this reduction alone can tell.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hubble_qa.checks.astrometry import alignment, world_coordinates
from hubble_qa.checks.evidence.drizzled import chip_polygons, chip_weights, combined_image, single_image
from hubble_qa.checks.evidence.exposures import exposure_in, frame_scale
from hubble_qa.checks.evidence.stars import StarTables, star_tables
from hubble_qa.checks.images import drizzled as drizzling
from hubble_qa.checks.images import photometry as flux
from hubble_qa.checks.images.observations import was_exposed
from hubble_qa.checks.measurement import not_applicable
from hubble_qa.fixtures.finished.files import FinishedFile
from hubble_qa.fixtures.finished.subjects import Row
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.stages.align import SHIFT_FRAME
from hubble_qa.fixtures.stages.stars import CHIP_STARS, SIGHTINGS, STARS
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products
from hubble_qa.fixtures.workflows.wfpc2_chip_normalization import Reduction

pytestmark = pytest.mark.workflow("wfpc2-chip-normalization")
criterion = pytest.mark.criterion


def suffix_of(image: FinishedFile) -> str:
    """Suffix of the exposures that a drizzled image was made of, by the stage that made it."""
    return image.path.parent.name.removeprefix("drizzle-")


# Alignment


@criterion("AST-006")
def test_shift_is_within_search_radius(
    products: Products, row: Row, reduction: Reduction, judge: Judge
) -> None:
    fit = products.fit(row)
    scale = frame_scale(products.path(row.shifts).with_name(SHIFT_FRAME))
    radius = reduction.align.search_radius
    judge(
        alignment.shift_to_search_radius(
            fit.shifts, fit.exposure, fit.match, plate_scale=scale, search_radius=radius
        )
    )


# Drizzled images


@criterion("DRZ-010")
def test_every_chip_is_in_the_image(
    products: Products,
    combination: FinishedFile,
    product: Callable[[str], Product],
    dataset: Dataset,
    judge: Judge,
) -> None:
    suffix, image = suffix_of(combination), products.image(combination)
    registered = product(f"registered-{suffix}")
    exposures = [registered.file(f"{name}_{suffix}.fits") for name in dataset.rootnames]
    exposures = [path for path in exposures if was_exposed(exposure_in(path).primary)]
    weights = chip_weights(image, image.path.parent, exposures)
    judge(drizzling.missing_chips(weights, subject=image.label))


@criterion("DRZ-004")
def test_scale(products: Products, mosaic_file: FinishedFile, reduction: Reduction, judge: Judge) -> None:
    scale = reduction.drizzle(suffix_of(mosaic_file)).scale
    judge(drizzling.output_scale_deviation(products.image(mosaic_file), scale=scale))


@criterion("DRZ-011")
def test_orientation(
    products: Products, mosaic_file: FinishedFile, drizzled_flt: Product, reduction: Reduction, judge: Judge
) -> None:
    reference = combined_image(drizzled_flt.files, reduction.drizzle_flt.root)
    of_flt = suffix_of(mosaic_file) == "flt"
    angle = None if of_flt else world_coordinates.orientation(reference.header)
    judge(drizzling.output_orientation_deviation(products.image(mosaic_file), angle=angle))


@criterion("PHT-007")
def test_weight_of_planetary_camera(
    drizzled_flt: Product, registered_flt: Product, exposure: str, judge: Judge
) -> None:
    image = single_image(drizzled_flt.files, exposure, "flt")
    polygons = chip_polygons(exposure_in(registered_flt.file(f"{exposure}_flt.fits")), image)
    judge(drizzling.weight_ratio(image.weight(), polygons, subject=exposure))


# Stars


@pytest.fixture
def stars(photometry: Product) -> StarTables:
    """The stars' photometry."""
    return star_tables(*(photometry.file(name) for name in (STARS, SIGHTINGS, CHIP_STARS)))


@pytest.fixture
def chip_number(chip: str) -> int:
    """EXTVER of the chip: 1 for PC1, 2 for WF2."""
    return int(chip[-1])


@criterion("PHT-004")
def test_star_ratio_in_combined_images(stars: StarTables, star: str, judge: Judge) -> None:
    row, expected = stars.star(star), stars.expected_ratio(star)
    judge(
        flux.star_ratio_deviation(
            float(row["flt_sum"]), float(row["c0m_sum"]), expected=expected, subject=star
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
    judge(flux.chip_count_rate_ratio(rates[0], rates[1], edge=stars.edge(star), subject=star))


@criterion("PHT-013")
def test_star_on_two_chips_within_its_error(stars: StarTables, star: str, judge: Judge) -> None:
    rates = stars.rates(star)
    if len(rates) < 2:
        judge(not_applicable("chip_count_rate_pull", star, f"{star} fell on one chip of one exposure"))
    judge(flux.chip_count_rate_pull(rates[0], rates[1], edge=stars.edge(star), subject=star))


@criterion("PHT-006")
def test_drizzle_conserves_flux(stars: StarTables, chip: str, chip_number: int, judge: Judge) -> None:
    sums = stars.chip_sums(chip_number)
    ratio = flux.drizzled_flux_ratio(
        sums.drizzled, sums.chip, exposure_time=1.0, subject=chip, uncertainty=sums.error
    )
    judge(ratio)
