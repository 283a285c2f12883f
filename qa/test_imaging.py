"""Imaging: what takes the reduction's own records, which finished products do not have.

The decision between the archive's solutions and fits, AstroDrizzle's masks, and the frame that was asked for.
All else is asked by the modules that judge any products.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from hubble_qa.checks.astrometry import header_solutions, solution_names, solutions
from hubble_qa.checks.astrometry.world_coordinates import orientation, plate_scale
from hubble_qa.checks.evidence import overlaps, peaks
from hubble_qa.checks.evidence.exposures import chip_frames, exposure_in
from hubble_qa.checks.images import cosmic_rays
from hubble_qa.checks.images import drizzled as drizzling
from hubble_qa.checks.images.observations import why_not_taken
from hubble_qa.checks.measurement import not_told
from hubble_qa.fixtures.finished.files import FinishedFile, Kind
from hubble_qa.fixtures.stages.accept import DECISIONS
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products
from hubble_qa.fixtures.workflows.imaging import Combined, Reduction, offered_node

pytestmark = pytest.mark.workflow("imaging")
criterion = pytest.mark.criterion

Decisions = Mapping[str, Mapping[str, Any]]


@pytest.fixture
def decisions(accepted: Product) -> Decisions:
    """What each exposure was given, and why."""
    decided: Decisions = json.loads(accepted.file(DECISIONS).read_text("utf-8"))
    return decided


@pytest.fixture
def offered(reduction: Reduction, product: Callable[[str], Product]) -> Product:
    """The exposures before a fit to a catalogue was accepted: as the archive served them, as a rule."""
    return product(offered_node(reduction))


# What was accepted


@criterion("AST-011")
def test_offered_solution(offered: Product, decided_file: FinishedFile, judge: Judge) -> None:
    exposure = exposure_in(offered.file(decided_file.path.name), decided_file.root)
    judge(solutions.archive_fit_rms(exposure))


@criterion("AST-026")
def test_offered_solution_has_matches(offered: Product, decided_file: FinishedFile, judge: Judge) -> None:
    exposure = exposure_in(offered.file(decided_file.path.name), decided_file.root)
    judge(solutions.archive_fit_matches(exposure))


@criterion("AST-010", subject="accepted solutions")
def test_solution_is_named(
    products: Products, accepted: Product, offered: Product, decisions: Decisions, judge: Judge
) -> None:
    files = {file.root: file.path.name for file in products.judged.of(Kind.EXPOSURE)}
    final, before = (
        {root: exposure_in(source.file(name)).science_headers() for root, name in files.items()}
        for source in (accepted, offered)
    )
    names = {root: entry["wcsname"] for root, entry in decisions.items()}
    judge(
        solution_names.wcs_name_violations(
            final, wcsname=names, relative=False, subject="accepted solutions", archive=before
        )
    )


@criterion("AST-010", subject="headerlets")
def test_headerlets_hold_the_solutions(products: Products, accepted: Product, judge: Judge) -> None:
    files = products.judged.of(Kind.EXPOSURE)
    exposures = {file.root: exposure_in(accepted.file(file.path.name)) for file in files}
    kept = {path.name.removesuffix("_hlet.fits"): path for path in accepted.glob("*_hlet.fits")}
    headerlets = {root: exposure_in(path) for root, path in kept.items()}
    judge(header_solutions.headerlet_violations(headerlets, exposures))


@criterion("AST-016")
def test_solution_agrees_with_the_offered(
    accepted: Product, offered: Product, decided_file: FinishedFile, judge: Judge
) -> None:
    final, before = (source.file(decided_file.path.name) for source in (accepted, offered))
    frames = chip_frames(final)
    judge(
        solutions.solution_displacement(
            {chip: frame.wcs for chip, frame in frames.items()},
            {chip: frame.wcs for chip, frame in chip_frames(before).items()},
            exposure_in(before).science_headers(),
            shapes={chip: frame.shape for chip, frame in frames.items()},
            subject=decided_file.root,
        )
    )


# The combined images


@pytest.fixture
def frame(products: Products) -> Mapping[str, Any]:
    """Header of the reference image, on whose frame the others are."""
    header: Mapping[str, Any] = products.image(products.judged.of(Kind.IMAGE)[0]).header
    return header


@criterion("DRZ-004")
def test_image_has_the_scale_of_the_reference(
    products: Products, on_frame: FinishedFile, frame: Mapping[str, Any], judge: Judge
) -> None:
    judge(drizzling.output_scale_deviation(products.image(on_frame), scale=plate_scale(frame)))


@criterion("DRZ-011")
def test_image_has_the_orientation_of_the_reference(
    products: Products, on_frame: FinishedFile, frame: Mapping[str, Any], judge: Judge
) -> None:
    judge(drizzling.output_orientation_deviation(products.image(on_frame), angle=orientation(frame)))


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
