"""Alignment of exposures: values of TweakReg's shift files; see also `residuals` and `solutions`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_applicable, not_measured
from hubble_qa.checks.readers.shift_file import ShiftFile, ShiftRow, exposure_name, wrap_degrees

__all__ = [
    "fit_rms",
    "fit_rotation",
    "fit_scale_change",
    "fitted_row",
    "nonfinite_shift_fields",
    "row_context",
    "shift_agreement",
    "shift_file_disagreement",
    "shift_to_search_radius",
]

# Two runs of TweakReg on the same sources must agree within these: pixels, degrees, and scale.
SHIFT_FILE_TOLERANCES: Mapping[str, float] = {
    "dx": 0.01,
    "dy": 0.01,
    "rotation": 0.001,
    "scale": 1e-5,
    "xrms": 0.01,
    "yrms": 0.01,
}


def nonfinite_shift_fields(shifts: ShiftFile, exposure: str) -> Measurement:
    """Count the fields of an exposure's shift-file row that are not finite.

    Parameters
    ----------
    shifts : ShiftFile
        The shift file.
    exposure : str
        The exposure's name or file.
    """
    row = shifts.row(exposure)
    if row is None:
        return _no_row("nonfinite_shift_fields", shifts, exposure)
    fields = [f"{name} is {number}" for name, number in row.numbers.items() if not math.isfinite(number)]
    return count_violations("nonfinite_shift_fields", shifts.subject(exposure), fields, row_context(row))


def fit_rms(shifts: ShiftFile, exposure: str) -> Measurement:
    """Scatter of an exposure's fit, the larger of XRMS and YRMS, pixels.

    A failed fit and the reference image both read 0; of the two, the reference image's row alone is
    an identity, and has no fit to judge.

    Parameters
    ----------
    shifts, exposure
        As for `nonfinite_shift_fields`.
    """
    row = fitted_row("fit_rms", shifts, exposure)
    if isinstance(row, Measurement):
        return row
    subject = shifts.subject(exposure)
    value = float(np.max([row.xrms, row.yrms]))  # np.max, unlike max, lets no NaN disappear
    return Measurement("fit_rms", value, "pix", subject, context=row_context(row))


def fit_rotation(shifts: ShiftFile, exposure: str) -> Measurement:
    """Rotation of an exposure's fit, degrees, within [-180, 180).

    Parameters
    ----------
    shifts, exposure
        As for `nonfinite_shift_fields`.
    """
    row = fitted_row("fit_rotation", shifts, exposure)
    if isinstance(row, Measurement):
        return row
    subject = shifts.subject(exposure)
    return Measurement("fit_rotation", wrap_degrees(row.rotation), "deg", subject, context=row_context(row))


def fit_scale_change(shifts: ShiftFile, exposure: str) -> Measurement:
    """Scale of an exposure's fit less 1.

    Parameters
    ----------
    shifts, exposure
        As for `nonfinite_shift_fields`.
    """
    row = fitted_row("fit_scale_change", shifts, exposure)
    if isinstance(row, Measurement):
        return row
    subject = shifts.subject(exposure)
    return Measurement("fit_scale_change", row.scale - 1.0, "", subject, context=row_context(row))


def shift_to_search_radius(
    shifts: ShiftFile, exposure: str, *, plate_scale: float, search_radius: float
) -> Measurement:
    """Length of an exposure's shift in units of the radius that TweakReg searched.

    Parameters
    ----------
    shifts, exposure
        As for `nonfinite_shift_fields`.
    plate_scale : float
        Of the shift file's reference frame, arcsec per pixel.
    search_radius : float
        TweakReg's ``searchrad``, arcsec.

    Raises
    ------
    ValueError
        If the plate scale or the radius is not positive.
    """
    if not (plate_scale > 0 and search_radius > 0):
        raise ValueError(
            f"plate scale ({plate_scale}) and search radius ({search_radius}) must be positive, arcsec"
        )
    row = fitted_row("shift_to_search_radius", shifts, exposure)
    if isinstance(row, Measurement):
        return row
    subject = shifts.subject(exposure)
    length = math.hypot(row.dx, row.dy) * plate_scale
    context: dict[str, Json] = {
        **row_context(row),
        "shift_arcsec": length,
        "search_radius_arcsec": search_radius,
        "plate_scale_arcsec": plate_scale,
    }
    return Measurement("shift_to_search_radius", length / search_radius, "", subject, context=context)


def shift_agreement(
    shifts: ShiftFile,
    visit: Sequence[str],
    *,
    subject: str,
) -> Measurement:
    """Largest departure of an exposure's shift from those of its visit, pixels.

    An exposure's departure is the distance of its shift from the median shift of the others that
    share its visit and guide-star lock. Shifts are corrections to the headers' world coordinates,
    which have the dither already.

    Parameters
    ----------
    shifts : ShiftFile
        The shift file.
    visit : sequence of str
        Names or files of the exposures of one visit and one guide-star lock.
    subject : str
        The visit's name.
    """
    names = [exposure_name(exposure) for exposure in visit]
    missing = [name for name in names if shifts.row(name) is None]
    if missing:
        return not_measured("shift_agreement", subject, f"the shift file has no row for {', '.join(missing)}")
    rows = [row for row in shifts.rows if row.exposure in names and row is not shifts.reference]
    if len(rows) < 2:
        reason = f"{len(rows)} of the visit's {len(names)} exposures have a fitted shift; needs at least two"
        return not_applicable("shift_agreement", subject, reason)
    points = np.array([(row.dx, row.dy) for row in rows])
    departures = [
        float(np.hypot(*(point - np.median(np.delete(points, index, axis=0), axis=0))))
        for index, point in enumerate(points)
    ]
    by_exposure: Json = {row.exposure: value for row, value in zip(rows, departures, strict=True)}
    return Measurement(
        "shift_agreement", float(np.max(departures)), "pix", subject, context={"departures_pix": by_exposure}
    )


def shift_file_disagreement(first: ShiftFile, second: ShiftFile, *, subject: str) -> Measurement:
    """Largest difference of two shift files of the same exposures, in units of its tolerance.

    The tolerances are `SHIFT_FILE_TOLERANCES`; rotations are compared around the circle.

    Parameters
    ----------
    first, second : ShiftFile
        For instance of the FLT and of the C0M files; rows are paired by exposure name.
    subject : str
        The pair's name.
    """
    names = {row.exposure for row in first.rows} ^ {row.exposure for row in second.rows}
    if names:
        reason = f"only one of the two shift files has a row for {', '.join(sorted(names))}"
        return not_measured("shift_file_disagreement", subject, reason)
    ratios = {
        f"{row.exposure} {name}": abs(_difference(name, row, other)) / tolerance
        for row in first.rows
        if (other := second.row(row.exposure)) is not None
        for name, tolerance in SHIFT_FILE_TOLERANCES.items()
    }
    worst = max(ratios, key=lambda name: math.inf if math.isnan(ratios[name]) else ratios[name])
    context: dict[str, Json] = {"worst": worst, "tolerances": {**SHIFT_FILE_TOLERANCES}}
    reason = f"largest, in units of its tolerance: {worst}"
    return Measurement("shift_file_disagreement", ratios[worst], "", subject, context=context, reason=reason)


def fitted_row(quantity: str, shifts: ShiftFile, exposure: str) -> ShiftRow | Measurement:
    """Return the row of an exposure that should have a fit, or the measurement with the reason why not."""
    row = shifts.row(exposure)
    if row is None:
        return _no_row(quantity, shifts, exposure)
    if row is shifts.reference:
        reason = "the reference image of a relative alignment has no fit"
        return not_applicable(quantity, shifts.subject(exposure), reason)
    return row


def _no_row(quantity: str, shifts: ShiftFile, exposure: str) -> Measurement:
    reason = f"{shifts.path.name} has no row for this exposure"
    return not_measured(quantity, shifts.subject(exposure), reason)


def row_context(row: ShiftRow) -> dict[str, Json]:
    """Return a shift-file row as a measurement's context."""
    return {"file": row.file, **row.numbers}


def _difference(name: str, row: ShiftRow, other: ShiftRow) -> float:
    difference = row.numbers[name] - other.numbers[name]
    return wrap_degrees(difference) if name == "rotation" else difference
