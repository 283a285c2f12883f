"""WFC3/IR exposures with a background that varies: diagnosed, calibrated without ramp fit, combined.

What is true of any product is asked by the other modules; here is what takes the raw reads, the diagnosis,
or the image that the archive made with the ramp fit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from hubble_qa.checks.detectors import background, calibration, levels
from hubble_qa.checks.detectors.reference_patterns import remaining_pattern
from hubble_qa.checks.evidence.backgrounds import rates_of_reads
from hubble_qa.checks.evidence.drizzled import covered, drizzled_in, single_rates
from hubble_qa.checks.evidence.exposures import array_in, exposure_in
from hubble_qa.checks.evidence.headers import steps_of_all
from hubble_qa.checks.evidence.raw_levels import IndependentRates, independent_rates, removed_charge
from hubble_qa.checks.images import cosmic_rays, files
from hubble_qa.checks.readers import Drizzled, Exposure, read_cosmic_ray_mask, read_fits_structure
from hubble_qa.fixtures.archives.reference_files import BEST_REFERENCES
from hubble_qa.fixtures.finished.files import FinishedFile
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.reduction.calibration.switches import OMIT, SWITCHES
from hubble_qa.fixtures.stages.diagnose import DIAGNOSIS_CRITERION
from hubble_qa.fixtures.stages.references import REFERENCES
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products
from hubble_qa.fixtures.workflows.imaging import Reduction

pytestmark = pytest.mark.workflow("imaging")
criterion = pytest.mark.criterion

Pixels = NDArray[np.bool_]


@pytest.fixture
def image(products: Products, images: Sequence[FinishedFile]) -> Drizzled:
    """The combined image of the exposures calibrated anew."""
    return products.image(images[0])


@pytest.fixture
def affected(diagnosis: Product) -> tuple[str, ...]:
    """Exposures for which the diagnosis set a switch."""
    switches: dict[str, dict[str, str]] = json.loads(diagnosis.file(SWITCHES).read_text(encoding="utf-8"))
    return tuple(name for name, values in switches.items() if values)


def calibrated_by_arithmetic(
    fetched: Product, calibrated: Product, references: Product, name: str
) -> IndependentRates:
    """An exposure's rates from its raw reads."""
    raw, flt = fetched.file(f"{name}_raw.fits"), calibrated.file(f"{name}_flt.fits")
    return independent_rates(raw, flt, references.file(BEST_REFERENCES), references.files / REFERENCES)


# As the archive served it, and the diagnosis


@criterion("FIL-001")
def test_served_fits_form(fetched: Product, served_file: FinishedFile, judge: Judge) -> None:
    path = fetched.file(served_file.path.name)
    judge(files.fits_form_violations(read_fits_structure(path, label=served_file.label)))


@criterion("TVB-001")
def test_background_was_steady(products: Products, ima: FinishedFile, judge: Judge) -> None:
    rates = rates_of_reads(products.path(ima))
    judge(background.background_rate_ratio(rates.time, rates.rate, subject=ima.label))


# Calibration


@criterion("CAL-001")
def test_requested_steps_were_done(
    fetched: Product,
    calibrated: Product,
    diagnosed: str,
    dataset: Dataset,
    reduction: Reduction,
    judge: Judge,
) -> None:
    raw, flt = (
        exposure_in(source.file(f"{diagnosed}_{suffix}.fits"))
        for source, suffix in ((fetched, "raw"), (calibrated, "flt"))
    )
    # By the reads, not by what the diagnosis made of them.
    rates = rates_of_reads(fetched.file(f"{diagnosed}_ima.fits"))
    ratio = background.background_rate_ratio(rates.time, rates.rate, subject=diagnosed).value
    steady = ratio is None or dataset.bounds(DIAGNOSIS_CRITERION, f"{diagnosed}_ima").contains(ratio)
    set_to = {**reduction.calibrate.switches, **({} if steady else {"CRCORR": OMIT})}
    always = steps_of_all(flt)
    judge(
        calibration.switch_violations(
            raw.primary, flt.primary, set_to=set_to, subject=diagnosed, always=always
        )
    )


@pytest.fixture
def recalibrated(products: Products, infrared_anew: FinishedFile) -> Exposure:
    """An exposure calibrated anew."""
    return products.exposure(infrared_anew)


@pytest.fixture
def independent(
    fetched: Product, calibrated: Product, references: Product, infrared_anew: FinishedFile
) -> IndependentRates:
    """The exposure's rates from its raw reads."""
    return calibrated_by_arithmetic(fetched, calibrated, references, infrared_anew.root)


@criterion("CAL-006")
def test_level_by_the_raw_reads(
    fetched: Product, recalibrated: Exposure, independent: IndependentRates, judge: Judge
) -> None:
    sci, dq = (array_in(recalibrated.path, plane, 1) for plane in ("SCI", "DQ"))
    rates = rates_of_reads(fetched.file(f"{recalibrated.name}_ima.fits"))
    fitted = recalibrated.primary["CRCORR"] == "COMPLETE"
    weighting = background.weighting_range(rates.time, rates.rate) if fitted else (0.0, 0.0)
    label = recalibrated.label
    judge(levels.level_deviation(sci, independent.image, dq, subject=label, weighting=weighting))


@criterion("CAL-007")
def test_no_pattern_of_a_reference_is_left(
    recalibrated: Exposure, independent: IndependentRates, judge: Judge
) -> None:
    sci, dq = (array_in(recalibrated.path, plane, 1) for plane in ("SCI", "DQ"))
    image, patterns = independent
    judge(remaining_pattern(sci, image, patterns, dq, instrument="WFC3", subject=recalibrated.label))


# The combined image, against the archive's


@criterion("TVB-004")
def test_combined_background_is_narrower(
    archived_image: Product, image: Drizzled, affected: tuple[str, ...], association: str, judge: Judge
) -> None:
    original = drizzled_in(archived_image.file(f"{association}_drz.fits"))
    judge(
        background.background_width_change(
            covered(image), covered(original), affected=affected, subject=association
        )
    )


@criterion("TVB-005")
def test_no_cosmic_rays_are_left(image: Drizzled, association: str, dataset: Dataset, judge: Judge) -> None:
    singles = {
        name: drizzled_in(image.path.with_name(f"{name}_single_sci.fits")) for name in dataset.rootnames
    }
    judge(cosmic_rays.residual_cosmic_rays(covered(image), single_rates(singles), subject=association))


@pytest.fixture
def rejected(
    fetched: Product,
    references: Product,
    calibrated: Product,
    image: Drizzled,
    affected: tuple[str, ...],
    diagnosed: str,
) -> Pixels:
    """Pixels whose cosmic rays AstroDrizzle rejected, or the ramp fit where that was not left out."""
    if diagnosed in affected:
        return read_cosmic_ray_mask(image.path.with_name(f"{diagnosed}_sci1_crmask.fits"))
    flt = exposure_in(calibrated.file(f"{diagnosed}_flt.fits"))
    return removed_charge(flt, calibrated_by_arithmetic(fetched, calibrated, references, diagnosed).image)


@criterion("DRZ-002")
def test_cosmic_rays_are_rejected(
    rejected: Pixels, calibrated: Product, diagnosed: str, judge: Judge
) -> None:
    time = float(exposure_in(calibrated.file(f"{diagnosed}_flt.fits")).primary["EXPTIME"])
    judge(cosmic_rays.cosmic_ray_rate({1: rejected}, exposure_time=time, subject=diagnosed))
