"""Any exposure, fit and drizzled image on the sky: against a catalogue, and images against one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from hubble_qa.checks.astrometry import epochs, source_positions
from hubble_qa.checks.astrometry.reference_coverage import Quadrant, catalog_coverage, catalog_sources
from hubble_qa.checks.astrometry.registration import image_separation
from hubble_qa.checks.astrometry.source_pairs import MIN_PAIRS, SourcePairs
from hubble_qa.checks.evidence import catalogs
from hubble_qa.checks.evidence.catalog_fits import (
    SOURCE_LISTS,
    FittedReferences,
    chance_of_fit,
    epoch_of_fit,
    fitted_references,
)
from hubble_qa.checks.evidence.quadrants import quadrants_of
from hubble_qa.checks.evidence.sky_sources import from_catalog, image_offset, image_scale
from hubble_qa.checks.evidence.star_lists import Stars
from hubble_qa.checks.measurement import Measurement, not_told
from hubble_qa.fixtures.finished.files import FinishedFile, Kind
from hubble_qa.fixtures.finished.subjects import ImagePair, Row
from hubble_qa.fixtures.suite.judging import Judge, criterion_of, subject_of
from hubble_qa.fixtures.suite.products import Products

pytestmark = pytest.mark.products
criterion = pytest.mark.criterion

# Three times the pairs that would do: of so many sources in either list, that none pair is a fault.
_MANY = 3 * MIN_PAIRS
# An offset so many times the errors that a catalogue's positions share is none of them.
_SIGNIFICANT = 3.0


@pytest.fixture
def untold(request: pytest.FixtureRequest, judge: Judge) -> Callable[[str], NoReturn]:
    """Ends the test: its quantity could not be told, for a reason."""

    def end(reason: str) -> NoReturn:
        __tracebackhide__ = True
        rule = criterion_of(request.node)
        assert rule is not None
        judge(not_told(rule.quantity, subject_of(request.node), reason))
        raise AssertionError("a test whose quantity could not be told has ended")

    return end


@pytest.fixture
def placed(request: pytest.FixtureRequest, products: Products) -> FinishedFile | None:
    """The exposure or drizzled image that is judged, or the exposure of the fit, if it is at hand."""
    params = request.node.callspec.params
    subject = next(value for name, value in params.items() if name != "dataset")
    return subject if isinstance(subject, FinishedFile) else products.exposure_of(subject)


@pytest.fixture
def catalog(products: Products, placed: FinishedFile | None, untold: Callable[[str], NoReturn]) -> Path:
    """The catalogue of the field of what is judged; without one nothing can be told."""
    found = products.catalog(placed)
    if isinstance(found, str):
        untold(found)
    return found


@pytest.fixture
def fitted(
    products: Products, catalog_row: Row, catalog: Path, untold: Callable[[str], NoReturn]
) -> FittedReferences:
    """Which of the catalogue's sources a fit was made to."""
    fit = products.fit(catalog_row)
    if fit.match is None:
        untold(f"no match file of {catalog_row.exposure} is beside the shift file; see AST-003")
    if fit.shifts.relative:
        untold("it was aligned to another exposure")
    references = fitted_references(fit.match, catalog)
    if references is None:
        untold("it was not fitted to this catalogue; name the one that it was with --catalog")
    return references


@pytest.fixture
def fitted_exposure(products: Products, catalog: Path, placed: FinishedFile) -> Path:
    """The exposure of a fit."""
    return products.path(placed)


def compared(products: Products, file: FinishedFile, catalog: Path) -> tuple[SourcePairs, Stars]:
    """Sources of a file with the catalogue's, and all of them."""
    companion = products.sibling(file, "c1m") if file.suffix == "c0m" else None
    drizzled = file.kind is Kind.IMAGE
    return from_catalog(products.path(file), catalog, companion=companion, drizzled=drizzled)


def told(
    products: Products, file: FinishedFile, catalog: Path, measured: Measurement, stars: NDArray[np.float64]
) -> Measurement:
    """A measurement; not to be told where field or catalogue have too few sources, or by the catalogue."""
    shared = catalogs.shared_error(catalog)
    if measured.value is not None:
        if not shared or measured.value > _SIGNIFICANT * shared:
            return measured
        reason = f"{measured.value:.1f} mas by a catalogue whose positions share errors of {shared:g} mas"
        return not_told(measured.quantity, measured.subject, reason)
    references = sum(quadrant.references for quadrant in quadrants(products, file, catalog, stars).values())
    if min(len(stars), references) >= _MANY and not shared:
        return measured
    found = f"{references} of the catalogue's are on it, and {len(stars)} sources were found"
    return not_told(measured.quantity, measured.subject, f"{measured.reason}; {found}")


def quadrants(
    products: Products, file: FinishedFile, catalog: Path, stars: NDArray[np.float64]
) -> Mapping[str, Quadrant]:
    """A catalogue's sources and the stars found on each quadrant of a file."""
    return quadrants_of(products.path(file), catalog, stars, drizzled=file.kind is Kind.IMAGE)


def quadrants_beside(products: Products, file: FinishedFile, catalog: Path) -> Iterator[Quadrant]:
    """Those of what overlaps a file."""
    for other in products.overlapping(file):
        _, found = compared(products, other, catalog)
        yield from quadrants(products, other, catalog, found.sky).values()


@criterion("AST-012")
def test_is_on_the_catalog(
    products: Products, placed_file: FinishedFile, catalog: Path, judge: Judge
) -> None:
    pairs, found = compared(products, placed_file, catalog)
    measured = source_positions.catalog_offset(pairs, subject=placed_file.label)
    judge(told(products, placed_file, catalog, measured, found.sky))


@criterion("AST-017")
def test_is_not_turned_against_the_catalog(
    products: Products, placed_file: FinishedFile, catalog: Path, judge: Judge
) -> None:
    pairs, found = compared(products, placed_file, catalog)
    measured = source_positions.catalog_offset_variation(pairs, subject=placed_file.label)
    judge(told(products, placed_file, catalog, measured, found.sky))


@criterion("AST-025")
def test_stars_are_at_the_catalogs_epoch(
    products: Products, placed_exposure: FinishedFile, catalog: Path, judge: Judge
) -> None:
    path = products.path(placed_exposure)
    _, found = compared(products, placed_exposure, catalog)
    moving = catalogs.moving_stars(catalog, path, found.sky)
    judge(epochs.catalog_epoch_error(*moving, subject=placed_exposure.label))


@pytest.fixture
def covered(
    products: Products, placed_file: FinishedFile, catalog: Path
) -> tuple[Mapping[str, Quadrant], Sequence[Quadrant]]:
    """Reference sources by quadrant, and where one has none, those of what overlaps it."""
    _, found = compared(products, placed_file, catalog)
    here = quadrants(products, placed_file, catalog, found.sky)
    empty = any(not quadrant.references for quadrant in here.values())
    return here, [*quadrants_beside(products, placed_file, catalog)] if empty else []


@criterion("AST-022")
def test_catalog_has_enough_sources(
    covered: tuple[Mapping[str, Quadrant], Sequence[Quadrant]], placed_file: FinishedFile, judge: Judge
) -> None:
    judge(catalog_sources(*covered, subject=placed_file.label))


@criterion("AST-029")
def test_catalog_covers_it(
    covered: tuple[Mapping[str, Quadrant], Sequence[Quadrant]], placed_file: FinishedFile, judge: Judge
) -> None:
    judge(catalog_coverage(*covered, subject=placed_file.label))


@criterion("AST-014")
def test_matches_are_not_by_chance(
    products: Products,
    catalog_row: Row,
    catalog: Path,
    fitted_exposure: Path,
    fitted: FittedReferences,
    judge: Judge,
    untold: Callable[[str], NoReturn],
) -> None:
    lists = sorted(products.path(catalog_row.shifts).parent.glob(f"{catalog_row.exposure}{SOURCE_LISTS}"))
    if not lists:
        untold(f"TweakReg's lists of its sources are not beside the shift file; keep *{SOURCE_LISTS}")
    judge(chance_of_fit(fitted, fitted_exposure, lists, catalog, subject=str(catalog_row)))


@criterion("AST-018")
def test_fit_is_of_the_exposures_epoch(
    catalog_row: Row, catalog: Path, fitted_exposure: Path, fitted: FittedReferences, judge: Judge
) -> None:
    judge(epoch_of_fit(fitted, fitted_exposure, catalog, subject=str(catalog_row)))


@criterion("AST-023")
def test_images_lie_upon_one_another(products: Products, image_pair: ImagePair, judge: Judge) -> None:
    paths = products.path(image_pair.first), products.path(image_pair.second)
    judge(image_separation(image_offset(*paths), pixel=image_scale(*paths), subject=str(image_pair)))
