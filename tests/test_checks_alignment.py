"""Measurements of alignment from shift files and headers."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from hubble_qa.checks.astrometry.residuals import rms_consistency
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import ShiftFile, ShiftRow, read_shift_file
from hubble_qa.checks.readers.shift_file import NO_RMS
from hubble_qa.checks.verdict import Status, judge
from tests.wfpc2_samples import FAILED, FITTED, NAN, REFERENCE, match_file, shift_file

CATALOGS = Path(__file__).parents[2] / "shared" / "catalogs" / "ngc6791"
FIELDS = ("dx", "dy", "rotation", "scale", "xrms", "yrms")
SMALL = st.floats(-20, 20, allow_nan=False)
OF_A_FIT: dict[str, Callable[[ShiftFile, str], Measurement]] = {
    "AST-002": fit_rms,
    "AST-004": fit_rotation,
    "AST-005": fit_scale_change,
    "AST-006": lambda shifts, exposure: shift_to_search_radius(
        shifts, exposure, plate_scale=0.0455, search_radius=1.0
    ),
}


@pytest.mark.parametrize("criterion", OF_A_FIT)
def test_reference_image_has_no_fit_to_judge(criterion: str) -> None:
    verdict = judge(load_criteria()[criterion], OF_A_FIT[criterion](shift_file(), REFERENCE.file))
    assert verdict.status is Status.NOT_APPLICABLE
    assert "reference image" in verdict.reason


@pytest.mark.parametrize("criterion", OF_A_FIT)
def test_second_identity_row_is_not_excused(criterion: str) -> None:
    """Two rows that read as the reference's: at least one of them is a fit that was never made."""
    shifts = shift_file(REFERENCE, replace(REFERENCE, file="u5jx010hr_flt.fits"))
    assert all(OF_A_FIT[criterion](shifts, row.file).applicable for row in shifts.rows)
    assert judge(load_criteria()["AST-002"], fit_rms(shifts, REFERENCE.file)).status is Status.FAIL


@pytest.mark.parametrize("criterion", ["AST-001", *OF_A_FIT])
def test_exposure_without_a_row_is_not_measured(criterion: str) -> None:
    measure = OF_A_FIT.get(criterion, nonfinite_shift_fields)
    verdict = judge(load_criteria()[criterion], measure(shift_file(), "u5jx0109r_flt.fits"))
    assert verdict.status is Status.NOT_MEASURED
    assert "no row" in verdict.reason
    assert not verdict.accepted


@pytest.mark.parametrize("criterion", OF_A_FIT)
def test_failed_fit_never_passes(criterion: str) -> None:
    verdict = judge(
        load_criteria()[criterion], OF_A_FIT[criterion](shift_file(REFERENCE, FAILED), FAILED.file)
    )
    assert not verdict.accepted


DISAGREEMENTS = (shift_disagreement, rotation_disagreement, scale_disagreement)


@given(field=st.sampled_from(FIELDS), value=st.sampled_from([math.nan, math.inf, -math.inf]))
def test_no_field_that_is_not_finite_escapes(field: str, value: float) -> None:
    shifts = shift_file(REFERENCE, replace(FITTED, **{field: value}))
    measurement = nonfinite_shift_fields(shifts, FITTED.file)
    assert measurement.value == 1
    assert field in measurement.reason


@given(component=st.sampled_from(["xrms", "yrms"]), other=st.floats(0, 0.09))
def test_nan_scatter_in_either_component_never_passes(component: str, other: float) -> None:
    row = replace(FITTED, xrms=other, yrms=other)
    measurement = fit_rms(shift_file(REFERENCE, replace(row, **{component: math.nan})), row.file)
    assert judge(load_criteria()["AST-002"], measurement).status is Status.NOT_MEASURED


@pytest.mark.parametrize("rms", [(-0.05, 0.04), (0.04, -0.05), (0.0, 0.04)])
def test_a_scatter_that_is_not_above_zero_in_one_axis_never_passes(rms: tuple[float, float]) -> None:
    row = replace(FITTED, xrms=rms[0], yrms=rms[1])
    measured = fit_rms(shift_file(REFERENCE, row), row.file)
    assert measured.value == min(rms)
    assert "that of no fit" in measured.reason
    assert judge(load_criteria()["AST-002"], measured).status is Status.FAIL


def test_scatter_is_the_larger_component() -> None:
    measurement = fit_rms(shift_file(), FITTED.file)
    assert (measurement.value, measurement.unit, measurement.subject) == (
        0.15,
        "pix",
        "shift_flt u5jx010hr_flt",
    )
    assert measurement.context["yrms"] == 0.14


UNKNOWN = replace(FITTED, xrms=None, yrms=None)


def test_what_takes_the_scatter_could_not_be_told_of_multidrizzles_rows() -> None:
    shifts = shift_file(replace(REFERENCE, xrms=None, yrms=None), UNKNOWN)
    for criterion, measurement in (
        ("AST-002", fit_rms(shifts, UNKNOWN.file, match_file())),
        ("AST-009", rms_consistency(shifts, UNKNOWN.file, match_file())),
    ):
        assert judge(load_criteria()[criterion], measurement).status is Status.NOT_TOLD
        assert measurement.reason == NO_RMS
    assert fit_rotation(shifts, UNKNOWN.file).value == FITTED.rotation
    assert fit_scale_change(shifts, UNKNOWN.file).value == pytest.approx(1e-5)
    assert nonfinite_shift_fields(shifts, UNKNOWN.file).value == 0
    assert nonfinite_shift_fields(shift_file(replace(UNKNOWN, dx=math.nan)), UNKNOWN.file).value == 1
    assert not fit_rms(shifts, REFERENCE.file).applicable


def test_files_of_two_forms_are_compared_by_what_both_have() -> None:
    moved = replace(UNKNOWN, dx=FITTED.dx + 0.03)
    assert shift_disagreement(shift_file(), shift_file(REFERENCE, UNKNOWN), subject="pair").value == 0
    found = shift_disagreement(shift_file(), shift_file(REFERENCE, moved), subject="pair")
    assert found.value == pytest.approx(0.03)


def test_shifts_of_absolute_form_tell_scale_and_failures_only() -> None:
    row = replace(UNKNOWN, dx=212.4, rotation=0.31)
    rows = (replace(REFERENCE, xrms=None, yrms=None), row, replace(row, file="u5jx010ir_flt.fits", dx=20.0))
    absolute = replace(shift_file(*rows), header={"form": "absolute"})
    visit = [each.file for each in rows]
    assert not fit_rotation(absolute, row.file).told
    assert not shift_agreement(absolute, visit, subject="visit").told
    assert fit_scale_change(absolute, row.file).value == pytest.approx(1e-5)
    delta = shift_file(*rows)
    assert fit_rotation(delta, row.file).value == 0.31
    assert shift_agreement(delta, visit, subject="visit").value == pytest.approx(192.4)


@given(rotation=st.floats(-0.05, 0.05), turns=st.integers(-2, 2))
def test_rotation_does_not_depend_on_whole_turns(rotation: float, turns: int) -> None:
    row = replace(FITTED, rotation=rotation + 360.0 * turns)
    assert fit_rotation(shift_file(REFERENCE, row), row.file).value == pytest.approx(rotation, abs=1e-9)


@given(dx=SMALL, dy=SMALL, factor=st.floats(0.1, 10))
def test_shift_over_radius_scales_with_neither_alone(dx: float, dy: float, factor: float) -> None:
    shifts = shift_file(REFERENCE, replace(FITTED, dx=dx, dy=dy))
    one = shift_to_search_radius(shifts, FITTED.file, plate_scale=0.05, search_radius=1.0)
    both = shift_to_search_radius(shifts, FITTED.file, plate_scale=0.05 * factor, search_radius=factor)
    assert one.value == pytest.approx(math.hypot(dx, dy) * 0.05)
    assert both.value == pytest.approx(one.value)


@pytest.mark.parametrize(("scale", "radius"), [(0.0, 1.0), (0.05, 0.0), (NAN, 1.0)])
def test_plate_scale_and_radius_must_be_positive(scale: float, radius: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        shift_to_search_radius(shift_file(), FITTED.file, plate_scale=scale, search_radius=radius)


def visit(*shifts: tuple[float, float]) -> tuple[ShiftRow, ...]:
    return tuple(
        replace(FITTED, file=f"u5jx010{index}r_flt.fits", dx=dx, dy=dy)
        for index, (dx, dy) in enumerate(shifts)
    )


def test_rms_is_in_pixels_of_the_detector() -> None:
    """In a frame of 0.02 arcsec, 0.18 pix are 0.09 pix of a detector with 0.0396."""
    row = replace(FITTED, xrms=0.18, yrms=0.12)
    shifts = shift_file(REFERENCE, row)
    measurement = fit_rms(shifts, row.file, pixel=0.02 / 0.0396)
    assert measurement.value == pytest.approx(0.0909, abs=1e-4)
    assert measurement.reason == ""
    assert "of the shift file's frame" in fit_rms(shifts, row.file).reason


@pytest.mark.parametrize("frame", [0.02, 0.0396, 0.1, 0.2])
def test_a_scatter_on_the_sky_fails_or_passes_whatever_the_frame(frame: float) -> None:
    """12.5 mas are 0.32 pix of UVIS, and 3.5 mas 0.09, also where large pixels make the number small."""
    for scatter, status in ((12.5, Status.FAIL), (3.5, Status.PASS)):
        row = replace(FITTED, xrms=scatter / 1000.0 / frame, yrms=0.001)
        found = fit_rms(shift_file(REFERENCE, row), row.file, pixel=frame / 0.0396)
        verdict = judge(load_criteria()["AST-002"], found)
        assert found.value == pytest.approx(scatter / 39.6)
        assert verdict.status is status


def turned(angle: float, *, scatter: float = 0.02, sources: int = 60) -> Measurement:
    """AST-004 of a fit whose sources are turned by an angle."""
    match, (cosine, sine) = (
        match_file(sources, scatter=scatter),
        (
            math.cos(math.radians(angle)),
            math.sin(math.radians(angle)),
        ),
    )
    own = match.reference_xy @ np.array([[cosine, -sine], [sine, cosine]])
    row = replace(FITTED, rotation=angle)
    return fit_rotation(shift_file(REFERENCE, row), row.file, replace(match, input_xy=own))


def test_a_roll_that_the_sources_confirm_is_no_false_match() -> None:
    roll = turned(0.2)
    assert judge(load_criteria()["AST-004"], roll).status is Status.PASS
    assert roll.reason.startswith("a roll of 0.2000 deg is confirmed by 60 sources to 0.00")
    for doubtful in (turned(0.2, sources=19), turned(0.2, scatter=30.0), turned(1.0)):
        assert judge(load_criteria()["AST-004"], doubtful).status is Status.FAIL
    # Sources that are not turned do not confirm what the shift file says.
    row = replace(FITTED, rotation=0.2)
    unturned = replace(match_file(60), input_xy=match_file(60).reference_xy)
    assert fit_rotation(shift_file(REFERENCE, row), row.file, unturned).value == 0.2


@given(
    shifts=st.lists(st.tuples(SMALL, SMALL), min_size=2, max_size=6),
    offset=st.tuples(SMALL, SMALL),
)
def test_agreement_does_not_depend_on_the_common_shift(
    shifts: list[tuple[float, float]], offset: tuple[float, float]
) -> None:
    moved = [(dx + offset[0], dy + offset[1]) for dx, dy in shifts]
    values = [
        shift_agreement(shift_file(*visit(*each)), [row.file for row in visit(*each)], subject="visit").value
        for each in (shifts, moved)
    ]
    assert values[0] == pytest.approx(values[1], abs=1e-9)


def test_agreement_of_two_is_their_distance() -> None:
    rows = visit((4.0, -5.0), (4.6, -4.2))
    measurement = shift_agreement(shift_file(*rows), [row.file for row in rows], subject="visit")
    assert measurement.value == pytest.approx(1.0)
    assert measurement.unit == "pix"


def test_agreement_has_the_error_of_the_shifts() -> None:
    """Of 100 residuals of 0.3 and 0.4 pix a shift is good to 0.05 pix; the mean of two others to 0.035."""
    rows = visit((4.0, -5.0), (4.0, -5.0), (4.6, -4.2))
    names = [row.file for row in rows]
    fit = replace(match_file(100, scatter=(0.3, 0.4)), header={})
    matches = {row.exposure: fit for row in rows}
    found = shift_agreement(shift_file(*rows), names, subject="visit", matches=matches)
    assert found.uncertainty == pytest.approx(0.05 * math.sqrt(1.5), rel=1e-6)
    del matches[rows[0].exposure]
    assert shift_agreement(shift_file(*rows), names, subject="visit", matches=matches).uncertainty is None


def test_agreement_takes_two_fits() -> None:
    shifts = shift_file()
    alone = shift_agreement(shifts, [row.file for row in shifts.rows], subject="u5jx01")
    assert not alone.applicable
    assert "1 of the visit's 2 exposures" in alone.reason
    missing = shift_agreement(shifts, ["u5jx010hr", "u5jx0109r"], subject="u5jx01")
    assert missing.applicable
    assert missing.value is None
    assert "u5jx0109r" in missing.reason


def test_agreement_is_of_the_fits_that_did_not_fail() -> None:
    """A failed fit is one fault, AST-001's; the shifts beside it are compared where there are two."""
    criterion = load_criteria()["AST-007"]
    failed = replace(FAILED, file="u5jx010zr_flt.fits")
    for shift, status in (((4.1, -5.0), Status.PASS), ((6.0, -5.0), Status.FAIL)):
        rows = (*visit((4.0, -5.0), shift), failed)
        measurement = shift_agreement(shift_file(*rows), [row.file for row in rows], subject="visit")
        assert measurement.value == pytest.approx(shift[0] - 4.0)
        assert failed.exposure in measurement.reason
        assert judge(criterion, measurement).status is status
    rows = (*visit((4.0, -5.0)), failed)
    alone = shift_agreement(shift_file(*rows), [row.file for row in rows], subject="visit")
    assert judge(criterion, alone).status is Status.NOT_TOLD
    assert "AST-001" in alone.reason
    told = nonfinite_shift_fields(shift_file(*rows), failed.file)
    assert judge(load_criteria()["AST-001"], told).status is Status.FAIL


@pytest.mark.parametrize("criterion", OF_A_FIT)
def test_catalogue_alignment_excuses_no_exposure(criterion: str) -> None:
    """An identity row is a fit that was never made, whether it is the only one or not."""
    shifts = replace(shift_file(), relative=False)
    assert OF_A_FIT[criterion](shifts, REFERENCE.file).applicable
    assert judge(load_criteria()["AST-002"], fit_rms(shifts, REFERENCE.file)).status is Status.FAIL
    alone = shift_agreement(shifts, [row.file for row in shifts.rows], subject="u5jx01")
    assert alone.value == pytest.approx(math.hypot(FITTED.dx, FITTED.dy))


@given(field=st.sampled_from(FIELDS), sign=st.sampled_from([-1, 1]))
def test_disagreement_is_of_each_quantity_in_its_unit_and_symmetric(field: str, sign: int) -> None:
    tolerance = {"rotation": 0.001, "scale": 1e-5}.get(field, 0.01)
    first = shift_file()
    second = shift_file(REFERENCE, replace(FITTED, **{field: getattr(FITTED, field) + sign * tolerance}))
    own = {"rotation": rotation_disagreement, "scale": scale_disagreement}.get(field, shift_disagreement)
    for measure in DISAGREEMENTS:
        value = measure(first, second, subject="pair").value
        assert value == pytest.approx(tolerance if measure is own else 0.0, rel=1e-6)
        assert measure(second, first, subject="pair").value == value
    assert f"{field} of {FITTED.exposure}" in own(first, second, subject="pair").reason


def test_disagreement_is_around_the_circle() -> None:
    first = shift_file(REFERENCE, replace(FITTED, rotation=-179.9996))
    second = shift_file(REFERENCE, replace(FITTED, rotation=179.9998))
    measured = rotation_disagreement(first, second, subject="pair")
    assert (measured.value, measured.unit) == (pytest.approx(0.0006, rel=1e-6), "deg")


def test_disagreement_with_a_failed_fit_or_a_missing_row_is_not_measured() -> None:
    for other in (shift_file(REFERENCE, FAILED), shift_file(REFERENCE)):
        for criterion, measure in zip(("AST-013", "AST-027", "AST-028"), DISAGREEMENTS, strict=True):
            measurement = measure(shift_file(), other, subject="pair")
            assert judge(load_criteria()[criterion], measurement).status is Status.NOT_MEASURED


@pytest.mark.skipif(not CATALOGS.is_dir(), reason="needs the real NGC 6791 shift files")
def test_real_gaia_alignment_is_accepted_and_sdss_is_not() -> None:
    criteria = load_criteria()
    gaia, sdss = (
        read_shift_file(CATALOGS / f"{name}_shifts.txt", relative=False) for name in ("Gaia", "SDSS")
    )
    for row in gaia.rows:
        for name, measure in {"AST-001": nonfinite_shift_fields, **OF_A_FIT}.items():
            assert judge(criteria[name], measure(gaia, row.file)).status is Status.PASS
        assert judge(criteria["AST-002"], fit_rms(sdss, row.file)).status is Status.FAIL
    agreement = shift_agreement(gaia, [row.file for row in gaia.rows], subject="ibwb01")
    assert judge(criteria["AST-007"], agreement).status is Status.PASS
    assert agreement.value == pytest.approx(0.914, abs=0.001)
    differ = shift_disagreement(gaia, sdss, subject="Gaia, SDSS")
    assert judge(criteria["AST-013"], differ).status is Status.FAIL
