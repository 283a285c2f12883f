"""SBC dark rate: from dark frames to the part of a target's light that is dark.

What is true of any product is asked by the other modules; here is what takes dark frames and a target.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hubble_qa.checks.astrometry import world_coordinates
from hubble_qa.checks.detectors import dark_rate, detector_temperature
from hubble_qa.checks.evidence import darks as frames
from hubble_qa.checks.evidence.exposures import array_in, exposure_in
from hubble_qa.checks.images import drizzled as drizzling
from hubble_qa.checks.images import files, photometry
from hubble_qa.checks.measurement import not_applicable
from hubble_qa.fixtures.finished.files import FinishedFile
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.reduction.dark_rate.frames import read_association
from hubble_qa.fixtures.stages.dark_photometry import PHOTOMETRY
from hubble_qa.fixtures.stages.match_darks import MATCHES
from hubble_qa.fixtures.stages.temperatures import TEMPERATURES
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products
from hubble_qa.fixtures.workflows.imaging import Reduction
from hubble_qa.fixtures.workflows.imaging_darks import MeasuredFlux

pytestmark = pytest.mark.workflow("imaging")
criterion = pytest.mark.criterion


# Associations


@criterion("FIL-004")
def test_association_is_whole(
    fetched: Product, dataset: Dataset, tabled_association: str, judge: Judge
) -> None:
    members = read_association(fetched.file(f"{tabled_association}_asn.fits"))
    exposures = [exposure_in(fetched.file(f"{name}_flt.fits")) for name in dataset.rootnames]
    judge(files.association_violations(members, exposures, subject=tabled_association))


# Temperatures and dark rates


@criterion("DRK-001")
def test_warm_exposures_are_recognised(
    fetched: Product,
    temperatures: Product,
    matched_darks: Product,
    warm_dataset: str,
    dataset: Dataset,
    reduction: Reduction,
    judge: Judge,
) -> None:
    headers = {name: exposure_in(fetched.file(f"{name}_flt.fits")) for name in dataset.rootnames}
    judge(
        detector_temperature.temperature_violations(
            {name: frames.temperature(header) for name, header in headers.items()},
            recognised=frames.affected(temperatures.file(TEMPERATURES)),
            matched=frames.matched(matched_darks.file(MATCHES)),
            threshold=reduction.temperatures.threshold,
            subject=warm_dataset,
        )
    )


@criterion("DRK-005")
def test_dark_rate_rises_with_temperature(
    darks: Product, dark_dataset: str, reduction: Reduction, judge: Judge
) -> None:
    names = reduction.fetch.groups["darks"].exposures
    counts = [frames.dark_counts(darks.file(f"{name}_raw.fits")) for name in names]
    threshold = reduction.temperatures.threshold
    judge(dark_rate.dark_rate_order_violations(counts, threshold=threshold, subject=dark_dataset))


_UNMATCHED = "no dark photometry is configured for its association"


@criterion("DRK-003")
def test_dark_matches_exposure(
    fetched: Product, darks: Product, matched_darks: Product, dark_matched: str, judge: Judge
) -> None:
    matches = matched_darks.file(MATCHES)
    if dark_matched not in frames.matched(matches):
        judge(not_applicable("dark_match_ratio", dark_matched, _UNMATCHED))
    path = fetched.file(f"{dark_matched}_flt.fits")
    judge(
        dark_rate.dark_match_ratio(
            frames.chosen_darks(matches, darks.files, dark_matched),
            dark_rate.box_counts(array_in(path, "SCI", 1)),
            float(exposure_in(path).primary["EXPTIME"]),
            subject=dark_matched,
        )
    )


@criterion("DRK-006")
def test_dark_has_the_exposures_hot_pixels(
    fetched: Product, darks: Product, matched_darks: Product, dark_matched: str, judge: Judge
) -> None:
    matches = matched_darks.file(MATCHES)
    if dark_matched not in frames.matched(matches):
        judge(not_applicable("hot_pixel_agreement", dark_matched, _UNMATCHED))
    chosen = frames.chosen_images(matches, darks.files, dark_matched)
    image = array_in(fetched.file(f"{dark_matched}_flt.fits"), "SCI", 1)
    judge(dark_rate.hot_pixel_agreement(chosen, image, subject=dark_matched))


# The combined images


@criterion("DRZ-001")
def test_dark_covers_its_frame(products: Products, dark_file: FinishedFile, judge: Judge) -> None:
    judge(drizzling.covered_fraction(products.image(dark_file).weight(), subject=dark_file.label))


@criterion("DRZ-010")
def test_covered_pixels_of_dark_are_finite(products: Products, dark_file: FinishedFile, judge: Judge) -> None:
    image = products.image(dark_file)
    science, weight = image.science(), image.weight()
    judge(drizzling.coverage_violations(science, weight, subject=dark_file.label, counts_photons=True))


@criterion("DRZ-004")
def test_dark_has_the_same_scale(
    products: Products, dark_file: FinishedFile, reduction: Reduction, judge: Judge
) -> None:
    scale = float(reduction.drizzle.astrodrizzle["final_scale"] or 0.0)
    judge(drizzling.output_scale_deviation(products.image(dark_file), scale=scale))


@criterion("DRZ-011")
def test_dark_has_the_same_orientation(products: Products, dark_file: FinishedFile, judge: Judge) -> None:
    association = dark_file.path.parent.name.removeprefix("master-dark-")
    science = products.judged.files[f"{association}_drz_sci"]
    angle = world_coordinates.orientation(products.image(science).header)
    judge(drizzling.output_orientation_deviation(products.image(dark_file), angle=angle))


# The dark of the target


@criterion("PHT-006")
def test_drizzle_conserves_flux(product: Callable[[str], Product], flux: MeasuredFlux, judge: Judge) -> None:
    row = frames.photometry_in(product(flux.node).file(PHOTOMETRY), flux.aperture)
    measured, expected = float(row[flux.image]), float(row[f"{flux.image}_expected"])
    judge(photometry.drizzled_flux_ratio(measured, expected, exposure_time=1.0, subject=str(flux)))


@criterion("DRK-002")
def test_dark_fraction_of_target(dark_photometry: Product, analysed: str, judge: Judge) -> None:
    row = frames.photometry_in(dark_photometry.file(PHOTOMETRY), "target")
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
    row = frames.photometry_in(dark_photometry.file(PHOTOMETRY), "blank")
    judge(dark_rate.blank_residual(float(row["net"]), float(row["net_error"]), subject=analysed))
