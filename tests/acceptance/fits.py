"""What fits of an alignment must be, and must not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from hubble_qa.checks.astrometry.alignment import (
    fit_rms,
    fit_rotation,
    fit_scale_change,
    nonfinite_shift_fields,
    rotation_disagreement,
    scale_disagreement,
    shift_agreement,
    shift_disagreement,
    shift_to_search_radius,
)
from hubble_qa.checks.astrometry.residuals import (
    MatchedPositions,
    matched_source_offset,
    matched_sources,
    residual_trend,
    rms_consistency,
)
from hubble_qa.checks.astrometry.solution_names import wcs_name_violations
from hubble_qa.checks.astrometry.solutions import archive_fit_matches, archive_fit_rms
from hubble_qa.checks.astrometry.source_positions import chance_match_fraction
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import ShiftRow
from tests.acceptance.case import Case, fitted
from tests.uvis_fields import flc
from tests.wfpc2_samples import FAILED, FITTED, REFERENCE, aligned_headers, match_file, shift_file


def matched(measure: Callable[..., Measurement], row: ShiftRow = FITTED, **sources: object) -> Measurement:
    return measure(shift_file(REFERENCE, row), row.file, match_file(**sources))


def by_headers(
    offsets: Mapping[int, float] | None = None, *, sources: int = 120, few: int | None = None
) -> Measurement:
    """Matched sources by two exposures' headers, some chips of one of them out of place by so many mas.

    Chip 4 has so few of them where that is asked for.
    """
    match = match_file(sources)
    if few is not None:
        numbers = np.where(match.chip == 4, 3, match.chip)
        numbers[np.flatnonzero(match.chip == 4)[:few]] = 4
        match = replace(match, chip=numbers)
    own = match.radec.copy()
    for chip, offset in (offsets or {}).items():
        own[match.chip == chip, 1] += offset / 3.6e6
    positions = MatchedPositions(own, match.radec, match.chip)
    return matched_source_offset(shift_file(), FITTED.file, positions)


def search(dx: float) -> Measurement:
    row = replace(FITTED, dx=dx)
    return fitted(shift_to_search_radius, row, plate_scale=0.0455, search_radius=1.0)


def agreement(dx: float) -> Measurement:
    rows = [replace(FITTED, file=f"u5jx010{letter}r_flt.fits") for letter in "ghi"]
    shifts = shift_file(*rows[:2], replace(rows[2], dx=dx))
    return shift_agreement(shifts, [row.file for row in rows], subject="u5jx01")


def chance(matches: int, **settings: float) -> Measurement:
    by_settings = {"area": 2.6e4, "tolerance": 0.04, "search_radius": 1.0, **settings}
    return chance_match_fraction(matches, sources=2676, references=1100, subject="ibwb01xrq", **by_settings)


def names(**second: str) -> Measurement:
    solutions = {
        "u5jx0108r": aligned_headers(wcstype="not aligned: reference"),
        "u5jx010hr": aligned_headers(**second),
    }
    return wcs_name_violations(solutions, wcsname="TWEAK", relative=True, subject="flt")


def disagreement(measure: Callable[..., Measurement], **changes: float) -> Measurement:
    other = replace(FITTED, file="u5jx010hr_c0m.fits", **changes)
    c0m = shift_file(replace(REFERENCE, file="u5jx0108r_c0m.fits"), other)
    return measure(shift_file(), c0m, subject="flt, c0m")


CASES: Mapping[str, Case] = {
    "AST-001": Case(
        lambda: fitted(nonfinite_shift_fields),
        {
            "failed fit": lambda: fitted(nonfinite_shift_fields, FAILED),
            "infinite scale": lambda: fitted(nonfinite_shift_fields, replace(FITTED, scale=np.inf)),
        },
    ),
    "AST-002": Case(
        lambda: fitted(fit_rms, replace(FITTED, xrms=0.03, yrms=0.09)),
        {
            "failed fit": lambda: fitted(fit_rms, FAILED),
            "scatter in y": lambda: fitted(fit_rms, replace(FITTED, xrms=0.03, yrms=0.3)),
        },
    ),
    "AST-003": Case(
        lambda: matched(matched_sources, sources=20),
        {"few": lambda: matched(matched_sources, sources=19)},
    ),
    "AST-004": Case(
        lambda: fitted(fit_rotation, replace(FITTED, rotation=-0.0004)),
        {
            "clockwise": lambda: fitted(fit_rotation, replace(FITTED, rotation=-0.06)),
            "counterclockwise": lambda: fitted(fit_rotation, replace(FITTED, rotation=0.06)),
        },
    ),
    "AST-005": Case(
        lambda: fitted(fit_scale_change, replace(FITTED, scale=1.0001)),
        {
            "larger": lambda: fitted(fit_scale_change, replace(FITTED, scale=1.001)),
            "smaller": lambda: fitted(fit_scale_change, replace(FITTED, scale=0.999)),
        },
    ),
    "AST-006": Case(lambda: search(1.8), {"far": lambda: search(-23.0)}),
    "AST-007": Case(lambda: agreement(2.5), {"one exposure off": lambda: agreement(3.0)}),
    "AST-008": Case(
        lambda: matched(residual_trend),
        {
            "slope over the frame": lambda: matched(residual_trend, slope=4e-4),
            "a chip out of place": lambda: matched(residual_trend, chip_offset={4: 0.2}),
        },
    ),
    "AST-009": Case(
        lambda: matched(rms_consistency),
        {
            "smaller": lambda: matched(rms_consistency, scatter=(0.15, 0.12)),
            "larger": lambda: matched(rms_consistency, scatter=(0.17, 0.14)),
            "small component": lambda: matched(
                rms_consistency, replace(FITTED, xrms=0.001), scatter=(0.007, 0.14)
            ),
        },
    ),
    "AST-010": Case(
        names,
        {
            "other name": lambda: names(wcsname="IDC_sad1946fu"),
            "failed fit": lambda: names(wcstype="not aligned: reference"),
            "no type": lambda: names(wcstype=""),
        },
    ),
    "AST-011": Case(
        lambda: archive_fit_rms(flc(NMATCHES=429, RMS_RA=3.9, RMS_DEC=3.7)),
        {
            "scatter": lambda: archive_fit_rms(flc(NMATCHES=462, RMS_RA=4.0, RMS_DEC=3.8)),
            "no scatter": lambda: archive_fit_rms(flc(RMS_RA=0.0, RMS_DEC=0.0)),
        },
    ),
    "AST-026": Case(
        lambda: archive_fit_matches(flc(NMATCHES=20)),
        {
            "few": lambda: archive_fit_matches(flc(NMATCHES=19)),
            "no fit": lambda: archive_fit_matches(flc(WCSNAME="IDC_2731450pi-HSC30")),
        },
    ),
    "AST-013": Case(
        lambda: disagreement(shift_disagreement, dx=1.805, rotation=0.1),
        {
            "shift": lambda: disagreement(shift_disagreement, dx=1.83),
            "scatter": lambda: disagreement(shift_disagreement, yrms=0.155),
        },
    ),
    "AST-027": Case(
        lambda: disagreement(rotation_disagreement, dx=1.83, rotation=0.0145),
        {"rotation": lambda: disagreement(rotation_disagreement, rotation=0.0155)},
    ),
    "AST-028": Case(
        lambda: disagreement(scale_disagreement, dx=1.83),
        {"scale": lambda: disagreement(scale_disagreement, scale=1.00003)},
    ),
    "AST-014": Case(
        lambda: chance(482),
        {
            "wide tolerance": lambda: chance(482, tolerance=1.0),
            "few among many": lambda: chance(6),
        },
    ),
    "AST-020": Case(
        by_headers,
        {
            "one chip": lambda: by_headers({4: 30.0}),
            "all chips": lambda: by_headers({2: 85.0, 3: 85.0, 4: 85.0}),
            "few on each chip": lambda: by_headers({2: 85.0, 3: 85.0, 4: 85.0}, sources=24),
            "a chip with few": lambda: by_headers({4: 30.0}, few=5),
        },
    ),
}
