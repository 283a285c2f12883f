"""Alignment of any exposures: fits by the headers that hold them, by shift files and by match files."""

from __future__ import annotations

import pytest

from hubble_qa.checks.astrometry import alignment, fit_keywords, residuals, solution_names
from hubble_qa.checks.evidence.fits import (
    Fit,
    aligned_to_one_another,
    catalog_error,
    header_and_shifts,
    held_fit,
    matched_positions,
    missing_reference,
    shift_file_in,
    without_match,
)
from hubble_qa.checks.measurement import not_applicable, not_told
from hubble_qa.checks.readers.shift_file import exposure_name
from hubble_qa.fixtures.finished.files import FinishedFile
from hubble_qa.fixtures.finished.subjects import Alignment, Pair, Row, Visit
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products

pytestmark = pytest.mark.products
criterion = pytest.mark.criterion


@pytest.fixture
def fit(products: Products, row: Row) -> Fit:
    """The fit of a row of a shift file."""
    return products.fit(row)


def is_there(products: Products, row: Row) -> bool:
    """Whether the exposure of a shift file's row is at hand."""
    return products.judged.exposure(f"{row.exposure}.fits", beside=row.shifts.path) is not None


# By shift files and match files


@criterion("AST-001")
def test_shifts_are_finite(fit: Fit, judge: Judge) -> None:
    judge(alignment.nonfinite_shift_fields(fit.shifts, fit.exposure))


@criterion("AST-002")
def test_fit_rms(products: Products, row: Row, fit: Fit, judge: Judge) -> None:
    pixel = products.frame_pixel(row) if fit.shifts.has_rms else None
    judge(alignment.fit_rms(fit.shifts, fit.exposure, fit.match, pixel=pixel))


@criterion("AST-003")
def test_matched_sources(products: Products, row: Row, fit: Fit, judge: Judge) -> None:
    judge(
        without_match("matched_sources", fit, there=is_there(products, row))
        or residuals.matched_sources(fit.shifts, fit.exposure, fit.match)
    )


@criterion("AST-004")
def test_rotation(fit: Fit, judge: Judge) -> None:
    judge(alignment.fit_rotation(fit.shifts, fit.exposure, fit.match))


@criterion("AST-005")
def test_scale(fit: Fit, judge: Judge) -> None:
    judge(alignment.fit_scale_change(fit.shifts, fit.exposure, fit.match))


@criterion("AST-007")
def test_shifts_agree(products: Products, visit: Visit, judge: Judge) -> None:
    shifts = shift_file_in(products.path(visit.shifts), visit.shifts.label)
    exposed = [name for name in visit.exposures if products.was_exposed(products.exposure_of(name))]
    fits = products.fits(visit.shifts).values()
    matches = {exposure_name(fit.exposure): fit.match for fit in fits if fit.match is not None}
    judge(alignment.shift_agreement(shifts, exposed, subject=str(visit), matches=matches))


@criterion("AST-008")
def test_residuals_have_no_trend(products: Products, row: Row, fit: Fit, judge: Judge) -> None:
    judge(
        without_match("residual_trend", fit, there=is_there(products, row))
        or residuals.residual_trend(fit.shifts, fit.exposure, fit.match, catalog_error=catalog_error(fit))
    )


@criterion("AST-009")
def test_rms_is_consistent(products: Products, row: Row, fit: Fit, judge: Judge) -> None:
    judge(
        without_match("rms_consistency", fit, there=is_there(products, row))
        or residuals.rms_consistency(fit.shifts, fit.exposure, fit.match)
    )


@criterion("AST-020")
def test_headers_carry_the_fit(products: Products, row: Row, fit: Fit, judge: Judge) -> None:
    subject = str(row)
    if not fit.shifts.relative:
        reason = "the exposure was fitted to a catalogue; see AST-019"
        judge(not_applicable("matched_source_offset", subject, reason))
    exposure = products.judged.exposure(f"{row.exposure}.fits", beside=row.shifts.path)
    if exposure is None:
        reason = f"{row.exposure}.fits is not among the products"
        judge(not_told("matched_source_offset", subject, reason))
        return
    lost = missing_reference(fit, products.path(exposure))
    if lost:
        judge(not_told("matched_source_offset", subject, lost))
    judge(
        without_match("matched_source_offset", fit)
        or residuals.matched_source_offset(
            fit.shifts, fit.exposure, matched_positions(fit, products.path(exposure)), fit.match
        )
    )


@criterion("AST-013")
def test_flt_and_c0m_agree(products: Products, pair: Pair, judge: Judge) -> None:
    first, second = (shift_file_in(products.path(one), one.label) for one in (pair.first, pair.second))
    judge(alignment.shift_disagreement(first, second, subject=str(pair)))


@criterion("AST-027")
def test_rotations_of_flt_and_c0m_agree(products: Products, pair: Pair, judge: Judge) -> None:
    first, second = (shift_file_in(products.path(one), one.label) for one in (pair.first, pair.second))
    judge(alignment.rotation_disagreement(first, second, subject=str(pair)))


@criterion("AST-028")
def test_scales_of_flt_and_c0m_agree(products: Products, pair: Pair, judge: Judge) -> None:
    first, second = (shift_file_in(products.path(one), one.label) for one in (pair.first, pair.second))
    judge(alignment.scale_disagreement(first, second, subject=str(pair)))


# By headers


@criterion("AST-010")
def test_solution_is_named(products: Products, alignment: Alignment, judge: Judge) -> None:
    exposures = [file for file in alignment.exposures if products.was_exposed(file)]
    if not exposures:
        reason = "their exposure times are 0 s; see FIL-005"
        judge(not_applicable("wcs_name_violations", str(alignment), reason))
    paths = [products.path(file) for file in exposures]
    carried = {file.label: products.exposure(file).science_headers() for file in exposures}
    shifts = products.path(alignment.shifts) if alignment.shifts is not None else None
    relative = aligned_to_one_another(carried, paths, shifts)
    if relative is None:
        reason = "a header says 'not aligned: reference', of a reference image or of a failed fit; "
        judge(not_told("wcs_name_violations", str(alignment), f"{reason}put the shift file beside it"))
    judge(
        solution_names.wcs_name_violations(
            carried, wcsname=alignment.wcsname, relative=bool(relative), subject=str(alignment)
        )
    )


@criterion("AST-019")
def test_header_holds_a_fit(products: Products, aligned_file: FinishedFile, judge: Judge) -> None:
    matches = [products.path(one) for one in products.judged.matches(aligned_file) if products.there(one)]
    judge(held_fit(products.path(aligned_file), aligned_file.label, matches))


@criterion("AST-002")
def test_fit_rms_of_header(products: Products, fitted_file: FinishedFile, judge: Judge) -> None:
    judge(fit_keywords.keyword_rms(products.exposure(fitted_file)))


@criterion("AST-003")
def test_matched_sources_of_header(products: Products, fitted_file: FinishedFile, judge: Judge) -> None:
    judge(fit_keywords.keyword_matches(products.exposure(fitted_file)))


@criterion("AST-009")
def test_header_and_shift_file_agree(products: Products, fitted_file: FinishedFile, judge: Judge) -> None:
    shifts = [products.path(one) for one in products.judged.shift_files(fitted_file)]
    judge(header_and_shifts(products.path(fitted_file), fitted_file.label, shifts))
