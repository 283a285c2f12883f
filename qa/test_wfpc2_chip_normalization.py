"""WFPC2 chip normalisation: FLT files that need one inverse sensitivity, compared with C0M files.

What is true of any product is asked by the other modules; here is what this reduction alone can tell.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hubble_qa.checks.evidence.drizzled import chip_polygons, chip_weights, single_image
from hubble_qa.checks.evidence.stars import StarTables, star_tables
from hubble_qa.checks.images import drizzled as drizzling
from hubble_qa.checks.images import photometry as flux
from hubble_qa.checks.images.observations import was_exposed
from hubble_qa.checks.measurement import not_applicable
from hubble_qa.fixtures.finished.files import FinishedFile, Kind
from hubble_qa.fixtures.stages.stars import CHIP_STARS, SIGHTINGS, STARS
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products

pytestmark = pytest.mark.workflow("imaging")
criterion = pytest.mark.criterion


# Drizzled images


@criterion("DRZ-010")
def test_every_chip_is_in_the_image(products: Products, combination: FinishedFile, judge: Judge) -> None:
    image = products.image(combination)
    inputs = [file for file in products.inputs(combination).values() if file is not None]
    exposures = [products.path(file) for file in inputs if was_exposed(products.exposure(file).primary)]
    weights = chip_weights(image, image.path.parent, exposures)
    judge(drizzling.missing_chips(weights, subject=image.label))


@criterion("PHT-007")
def test_weight_of_planetary_camera(
    products: Products, images: Sequence[FinishedFile], single_exposure: str, judge: Judge
) -> None:
    combined = products.path(images[0])
    flt = next(
        each for each in products.judged.of(Kind.EXPOSURE, suffixes=("flt",)) if each.root == single_exposure
    )
    image = single_image(combined.parent, single_exposure, "flt")
    polygons = chip_polygons(products.exposure(flt), image)
    judge(drizzling.weight_ratio(image.weight(), polygons, subject=single_exposure))


# Stars


@pytest.fixture
def stars(photometry: Product) -> StarTables:
    """The stars' photometry."""
    return star_tables(*(photometry.file(name) for name in (STARS, SIGHTINGS, CHIP_STARS)))


@pytest.fixture
def chip_number(chip_name: str) -> int:
    """EXTVER of the chip: 1 for PC1, 2 for WF2."""
    return int(chip_name[-1])


@criterion("PHT-004")
def test_star_ratio_in_combined_images(stars: StarTables, star: str, judge: Judge) -> None:
    row, expected = stars.star(star), stars.expected_ratio(star)
    judge(
        flux.star_ratio_deviation(
            float(row["flt_sum"]), float(row["c0m_sum"]), expected=expected, subject=star
        )
    )


@criterion("PHT-004")
def test_chip_ratio_in_combined_images(
    stars: StarTables, chip_name: str, chip_number: int, judge: Judge
) -> None:
    sums = stars.chip_sums(chip_number)
    judge(
        flux.star_ratio_deviation(sums.drizzled, sums.drizzled_c0m, expected=sums.factor, subject=chip_name)
    )


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
def test_drizzle_conserves_flux(stars: StarTables, chip_name: str, chip_number: int, judge: Judge) -> None:
    sums = stars.chip_sums(chip_number)
    ratio = flux.drizzled_flux_ratio(
        sums.drizzled, sums.chip, exposure_time=1.0, subject=chip_name, uncertainty=sums.error
    )
    judge(ratio)
