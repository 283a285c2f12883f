"""Combined images of imaging datasets.

What is true of any product is asked by the other modules; here is what takes the frame and the parameters
that were asked for, or AstroDrizzle's masks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from hubble_qa.checks.astrometry.world_coordinates import orientation, plate_scale
from hubble_qa.checks.evidence import overlaps, peaks
from hubble_qa.checks.evidence.exposures import exposure_in
from hubble_qa.checks.evidence.headers import recommended_parameters
from hubble_qa.checks.images import cosmic_rays, drizzle_parameters
from hubble_qa.checks.images import drizzled as drizzling
from hubble_qa.checks.images.observations import was_exposed, why_not_taken
from hubble_qa.checks.measurement import not_applicable, not_told
from hubble_qa.checks.readers import read_drizzle_parameters
from hubble_qa.fixtures.finished.files import FinishedFile, Kind
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.stages.references import REFERENCES
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products
from hubble_qa.fixtures.workflows.imaging import Combined, Reduction
from hubble_qa.fixtures.workflows.imaging_cameras import camera_of
from hubble_qa.fixtures.workflows.imaging_drizzle import recommended, scale_asked

pytestmark = pytest.mark.workflow("imaging")
criterion = pytest.mark.criterion

# How parameters of the rejection of cosmic rays begin.
OF_REJECTION = ("combine_", "driz_cr_")


class Frame(NamedTuple):
    """Scale, arcsec per pixel, of a combined image, and position angle of its y axis, degrees, if any."""

    scale: float
    angle: float | None


@pytest.fixture
def frame(products: Products, framed_image: FinishedFile, dataset: Dataset, reduction: Reduction) -> Frame:
    """The frame that was asked of an image: the dataset's, or that of the reference which it lies on."""
    reference = products.judged.of(Kind.IMAGE)[0]
    if framed_image != reference and not reduction.drizzle.associations:
        header = products.image(reference).header
        return Frame(plate_scale(header), orientation(header))
    exposure = next(file for file in products.inputs(framed_image).values() if file is not None)
    scale = scale_asked(reduction, camera_of(dataset)) or float(
        products.exposure(exposure).header("SCI")["IDCSCALE"]
    )
    angle = reduction.drizzle.astrodrizzle.get("final_rot")
    return Frame(scale, None if angle is None else float(angle))


@criterion("DRZ-004")
def test_scale(products: Products, framed_image: FinishedFile, frame: Frame, judge: Judge) -> None:
    judge(drizzling.output_scale_deviation(products.image(framed_image), scale=frame.scale))


@criterion("DRZ-011")
def test_orientation(products: Products, framed_image: FinishedFile, frame: Frame, judge: Judge) -> None:
    judge(drizzling.output_orientation_deviation(products.image(framed_image), angle=frame.angle))


@criterion("DRZ-005")
def test_parameters_are_recommended(
    products: Products,
    recommended_image: FinishedFile,
    references: Product,
    reduction: Reduction,
    judge: Judge,
) -> None:
    files = [file for file in products.inputs(recommended_image).values() if file is not None]
    exposed = [products.path(file) for file in files if was_exposed(products.exposure(file).primary)]
    # Of a single exposure AstroDrizzle rejects nothing, whatever it is told.
    names = [name for name in recommended(reduction) if len(exposed) > 1 or not name.startswith(OF_REJECTION)]
    if not names:
        reason = "no parameter that is used is to be taken from MDRIZTAB"
        judge(not_applicable("drizzle_parameter_violations", recommended_image.label, reason))
    judge(
        drizzle_parameters.drizzle_parameter_violations(
            read_drizzle_parameters(products.path(recommended_image).with_name("astrodrizzle.log")),
            recommended_parameters(references.files / REFERENCES, exposed[0], images=len(exposed)),
            names=names,
            subject=recommended_image.label,
        )
    )


@pytest.fixture
def masks(
    combined: Combined, products: Products, product: Callable[[str], Product], judge: Judge
) -> overlaps.CosmicRayMasks:
    """The cosmic rays that AstroDrizzle found in an exposure."""
    paths = [products.path(file) for file in combined.others]
    exposed = [path for path in paths if not why_not_taken(exposure_in(path).primary)]
    if not exposed:
        pytest.skip("not applicable: a single exposure has no rejection")
    return overlaps.cosmic_ray_masks(product(combined.node).files, products.path(combined.file), exposed)


@criterion("DRZ-002")
def test_cosmic_rays(masks: overlaps.CosmicRayMasks, combined: Combined, judge: Judge) -> None:
    judge(
        cosmic_rays.cosmic_ray_rate(
            masks.flagged, exposure_time=masks.exposure_time, judged=masks.judged, subject=str(combined)
        )
    )


@criterion("DRZ-003")
def test_cores_of_stars_are_kept(
    products: Products, masks: overlaps.CosmicRayMasks, combined: Combined, judge: Judge
) -> None:
    stars = peaks.shared_peaks(products.path(combined.file), [products.path(one) for one in combined.others])
    measured = cosmic_rays.rejected_cores(
        masks.flagged, stars.places, judged=masks.judged, unrelated=stars.by_chance, subject=str(combined)
    )
    # A field with too few stars to count tells nothing.
    judge(
        measured if measured.value is not None else not_told("rejected_cores", str(combined), measured.reason)
    )
