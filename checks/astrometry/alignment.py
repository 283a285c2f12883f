"""Alignment of exposures: values of TweakReg's shift files; see also `residuals` and `solutions`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.measurement import (
    Json,
    Measurement,
    count_violations,
    finite,
    not_applicable,
    not_measured,
    not_told,
)
from hubble_qa.checks.readers.match_file import MatchFile
from hubble_qa.checks.readers.shift_file import NO_RMS, ShiftFile, ShiftRow, exposure_name, wrap_degrees
from hubble_qa.checks.standard_errors import rms_error

__all__ = [
    "catalog_sources",
    "fit_rms",
    "fit_rotation",
    "fit_scale_change",
    "fitted_row",
    "nonfinite_shift_fields",
    "other_fit",
    "rotation_disagreement",
    "row_context",
    "scale_disagreement",
    "shift_agreement",
    "shift_disagreement",
    "shift_to_search_radius",
]

# Roll errors of the telescope reach some hundredths of a degree (the bounds of AST-004), between visits with
# other guide stars more; the matched sources of a real roll show it at hundreds of its error, and the best of
# the offsets that a search tries between unrelated lists at less than 5 (20 sources scattered by half a pixel
# over 1000 pixels: 0.01 deg).
LARGEST_ROLL = 0.05  # deg
SIGNIFICANT_ROLL = 10.0
CONFIRMED_ROLL = 0.5  # deg
FEWEST_OF_ROLL = 20
# Sources whose residuals tell the error of a fit of four terms.
_FEWEST_OF_ERROR = 4

# Why shifts and rotations say nothing of the fits.
_ABSOLUTE = "its form is absolute: shifts and rotations hold the pointings' own, not only corrections to them"

# Why a fit has neither rotation nor scale.
_SHIFT_ALONE = "the fit is of the shift alone (fitgeometry = 'shift')"

# Match files state their fit's shift with four decimals.
SHIFT_PRECISION = 1e-4  # pix


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
    fields = _not_finite(row)
    counted = count_violations("nonfinite_shift_fields", shifts.subject(exposure), fields, row_context(row))
    return replace(counted, no_fit=bool(fields))


def fit_rms(
    shifts: ShiftFile, exposure: str, match: MatchFile | None = None, *, pixel: float | None = None
) -> Measurement:
    """Scatter of an exposure's fit, the larger of x and y unless one is 0, pixels of the detector.

    A failed fit and the reference image both read 0; of the two, the reference image's row alone is
    an identity, and has no fit to judge. The shift file counts in pixels of its frame, which may be
    those of a drizzled image. Its scatter is that of all sources of the fit: in a fit to a catalogue
    that was expanded by the exposures' own sources (TweakReg's ``expand_refcat``), the catalogue's
    sources alone tell how well the exposure is on the catalogue.

    Parameters
    ----------
    shifts, exposure
        As for `nonfinite_shift_fields`.
    match : MatchFile, optional
        The fit's match file.
    pixel : float, optional
        Size of the frame's pixels in those of the detector; where it is not known, they are taken to be
        the same.
    """
    row = row_to_judge("fit_rms", shifts, exposure)
    if isinstance(row, Measurement):
        return row
    subject, rms = shifts.subject(exposure), row.rms
    if rms is None:
        return not_told("fit_rms", subject, NO_RMS)
    reason = "" if pixel else "in pixels of the shift file's frame"
    context: dict[str, Json] = {**row_context(row), "frame_pixel_in_detector_pixels": pixel}
    own = _own_fit(row, match)
    number = 0 if own is None else len(own)
    if own is not None and not shifts.relative:
        of_catalog = catalog_sources(shifts, own)
        if not of_catalog.any():
            reason = "no matched source is the catalogue's: it was fitted to the exposures' own sources"
            return not_measured("fit_rms", subject, reason)
        if not of_catalog.all():
            number = int(of_catalog.sum())
            x, y = np.sqrt(np.mean(own.residuals[of_catalog] ** 2, axis=0))
            rms = float(x), float(y)
            reason = f"of the {number} sources of the catalogue, not of the {len(own)} of the fit"
    # np.max, unlike max, lets no NaN disappear. No fit has a scatter of nothing in one axis alone.
    least, most = float(np.min(rms)), float(np.max(rms))
    value = (least if least <= 0.0 else most) * (pixel or 1.0)
    if least <= 0.0:
        reason = f"a scatter of {least:g} is that of no fit, whose row stands there all the same; see its log"
    failed = bool(_not_finite(row))
    error = rms_error(value, number)
    return Measurement("fit_rms", value, "pix", subject, error, context, reason=reason, no_fit=failed)


def catalog_sources(shifts: ShiftFile, match: MatchFile) -> NDArray[np.bool_]:
    """Which sources of a fit count: all in a relative alignment, else those of the catalogue."""
    if shifts.relative:
        return np.ones(len(match), dtype=bool)
    return ~match.from_files({row.file_name for row in shifts.rows})


def fit_rotation(shifts: ShiftFile, exposure: str, match: MatchFile | None = None) -> Measurement:
    """Rotation of an exposure's fit, degrees, within [-180, 180), less what is a roll of the telescope.

    Beyond `LARGEST_ROLL` a rotation is mostly that of a false match, whose sources give none: their
    offsets are random. A rotation of at least `SIGNIFICANT_ROLL` times its error, by `FEWEST_OF_ROLL`
    sources or more, is the exposure's own, and counts beyond `CONFIRMED_ROLL` only. Rotations of a shift file
    of absolute form hold those of the pointings, and tell nothing.

    Parameters
    ----------
    shifts, exposure
        As for `nonfinite_shift_fields`.
    match : MatchFile, optional
        The fit's match file.
    """
    row = fitted_row("fit_rotation", shifts, exposure)
    if isinstance(row, Measurement):
        return row
    subject = shifts.subject(exposure)
    if shifts.absolute:
        return not_told("fit_rotation", subject, _ABSOLUTE)
    if match is not None and match.is_shift_alone:
        return not_applicable("fit_rotation", subject, _SHIFT_ALONE)
    rotation, context = wrap_degrees(row.rotation), row_context(row)
    own = _own_fit(row, match)
    radians = _linear_error(own)
    error = None if radians is None else math.degrees(radians)
    if own is None or error is None or not _is_roll(rotation, error, own):
        return Measurement("fit_rotation", rotation, "deg", subject, error, context=context)
    beyond = math.copysign(max(abs(rotation) - CONFIRMED_ROLL, 0.0), rotation)
    reason = f"a roll of {rotation:.4f} deg is confirmed by {len(own)} sources to {error:.4f} deg"
    return Measurement("fit_rotation", beyond, "deg", subject, error, context, reason=reason)


def _is_roll(rotation: float, error: float, match: MatchFile) -> bool:
    """Whether a rotation, degrees, is significant, and that by which the fit's sources were turned."""
    if len(match) < FEWEST_OF_ROLL or abs(rotation) <= max(LARGEST_ROLL, SIGNIFICANT_ROLL * error):
        return False
    before, after = (xy - xy.mean(axis=0) for xy in (match.input_xy, match.reference_xy))
    cross = float(np.sum(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]))
    turned = math.degrees(abs(math.atan2(cross, float(np.sum(before * after)))))
    return abs(abs(rotation) - turned) <= SIGNIFICANT_ROLL * error


def _linear_error(match: MatchFile | None) -> float | None:
    """Standard error of a fit's scale, and of its rotation in radians, by the residuals; None of too few."""
    if match is None or len(match) < _FEWEST_OF_ERROR or not np.isfinite(match.residuals).all():
        return None
    moment = float(np.sum((match.input_xy - match.input_xy.mean(axis=0)) ** 2))
    variance = float(np.sum(match.residuals**2)) / (2 * len(match) - 4)
    return math.sqrt(variance / moment) if moment > 0 else None


def fit_scale_change(shifts: ShiftFile, exposure: str, match: MatchFile | None = None) -> Measurement:
    """Scale of an exposure's fit less 1.

    Parameters
    ----------
    shifts, exposure
        As for `nonfinite_shift_fields`.
    match : MatchFile, optional
        The fit's match file, whose residuals tell the error.
    """
    row = fitted_row("fit_scale_change", shifts, exposure)
    if isinstance(row, Measurement):
        return row
    subject = shifts.subject(exposure)
    if match is not None and match.is_shift_alone:
        return not_applicable("fit_scale_change", subject, _SHIFT_ALONE)
    error = _linear_error(_own_fit(row, match))
    return Measurement("fit_scale_change", row.scale - 1.0, "", subject, error, row_context(row))


def shift_to_search_radius(
    shifts: ShiftFile,
    exposure: str,
    match: MatchFile | None = None,
    *,
    plate_scale: float,
    search_radius: float,
) -> Measurement:
    """Length of an exposure's shift in units of the radius that TweakReg searched.

    Parameters
    ----------
    shifts, exposure
        As for `nonfinite_shift_fields`.
    match : MatchFile, optional
        The fit's match file, whose residuals tell the error.
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
    of_shift = shift_error(row, match)
    error = None if of_shift is None else of_shift * plate_scale / search_radius
    return Measurement("shift_to_search_radius", length / search_radius, "", subject, error, context)


def shift_agreement(
    shifts: ShiftFile,
    visit: Sequence[str],
    *,
    subject: str,
    matches: Mapping[str, MatchFile] = MappingProxyType({}),
) -> Measurement:
    """Largest departure of an exposure's shift from those of its visit, pixels.

    An exposure's departure is the distance of its shift from the median shift of the others that
    share its visit and guide-star lock. Fits that failed, of which AST-001 tells, are left out. Shifts
    are corrections to the headers' world coordinates, which have the dither already; those of absolute
    form are not, and tell nothing.

    Parameters
    ----------
    shifts : ShiftFile
        The shift file.
    visit : sequence of str
        Names or files of the exposures of one visit and one guide-star lock.
    subject : str
        The visit's name.
    matches : mapping of str to MatchFile, optional
        Match files of the fits, by exposure, whose residuals tell the error.
    """
    names = [exposure_name(exposure) for exposure in visit]
    missing = [name for name in names if shifts.row(name) is None]
    if missing:
        return not_measured("shift_agreement", subject, f"the shift file has no row for {', '.join(missing)}")
    rows = [row for row in shifts.rows if row.exposure in names and row is not shifts.reference]
    if len(rows) < 2:
        reason = f"{len(rows)} of the visit's {len(names)} exposures have a fitted shift; needs at least two"
        return not_applicable("shift_agreement", subject, reason)
    if shifts.absolute:
        return not_told("shift_agreement", subject, _ABSOLUTE)
    failed = [row.exposure for row in rows if _not_finite(row)]
    without = f"without {', '.join(failed)}, whose fit failed (see AST-001)" if failed else ""
    rows = [row for row in rows if row.exposure not in failed]
    if len(rows) < 2:
        return not_told("shift_agreement", subject, f"{len(rows)} shift of the visit {without}; needs two")
    points = np.array([(row.dx, row.dy) for row in rows])
    departures = [
        float(np.hypot(*(point - np.median(np.delete(points, index, axis=0), axis=0))))
        for index, point in enumerate(points)
    ]
    by_exposure: Json = {row.exposure: value for row, value in zip(rows, departures, strict=True)}
    context: dict[str, Json] = {"departures_pix": by_exposure}
    worst = int(np.argmax(departures))
    error = _departure_error([shift_error(row, matches.get(row.exposure)) for row in rows], worst)
    return Measurement("shift_agreement", departures[worst], "pix", subject, error, context, reason=without)


def shift_error(row: ShiftRow, match: MatchFile | None) -> float | None:
    """Standard error of a fit's shift, pixels, by the scatter of its residuals; None where nothing tells."""
    own = _own_fit(row, match)
    if own is None or len(own) < _FEWEST_OF_ERROR:
        return None
    return finite(math.hypot(*np.std(own.residuals, axis=0)) / math.sqrt(len(own)))


def _departure_error(errors: Sequence[float | None], number: int) -> float | None:
    """Standard error of one shift less the others' mean."""
    known = [each for each in errors if each is not None]
    if len(known) < len(errors):
        return None
    others = known[:number] + known[number + 1 :]
    return math.hypot(known[number], math.hypot(*others) / len(others))


def _own_fit(row: ShiftRow, match: MatchFile | None) -> MatchFile | None:
    """A match file, if it is of a row's fit."""
    return None if match is None or other_fit(row, match) else match


def other_fit(row: ShiftRow, match: MatchFile) -> str:
    """Why a match file is not of a row's fit; empty where it is, or does not say."""
    image = match.header.get("Input image", "")
    if image and exposure_name(image) != row.exposure:
        return f"{match.path.name} is of {image}, not of {row.exposure}"
    shift = match.shift
    if shift and not np.allclose(shift, (row.dx, row.dy), rtol=0.0, atol=SHIFT_PRECISION, equal_nan=True):
        found = f"{match.path.name} is of a fit with the shift {shift[0]:g}, {shift[1]:g} pix"
        return f"{found}, not {row.dx:g}, {row.dy:g} pix"
    return ""


def shift_disagreement(first: ShiftFile, second: ShiftFile, *, subject: str) -> Measurement:
    """Largest difference of the shifts and scatters of two shift files of the same exposures, pixels.

    Scatters are compared where both files have them.

    Parameters
    ----------
    first, second : ShiftFile
        For instance of the FLT and of the C0M files; rows are paired by exposure name.
    subject : str
        The pair's name.
    """
    names = ("dx", "dy", "xrms", "yrms")
    return _disagreement("shift_disagreement", "pix", names, first, second, subject)


def rotation_disagreement(first: ShiftFile, second: ShiftFile, *, subject: str) -> Measurement:
    """Largest difference, around the circle, of the rotations of two shift files, deg.

    Parameters
    ----------
    first, second, subject
        As of `shift_disagreement`.
    """
    return _disagreement("rotation_disagreement", "deg", ("rotation",), first, second, subject)


def scale_disagreement(first: ShiftFile, second: ShiftFile, *, subject: str) -> Measurement:
    """Largest difference of the scales of two shift files of the same exposures.

    Parameters
    ----------
    first, second, subject
        As of `shift_disagreement`.
    """
    return _disagreement("scale_disagreement", "", ("scale",), first, second, subject)


def _disagreement(
    quantity: str, unit: str, numbers: Sequence[str], first: ShiftFile, second: ShiftFile, subject: str
) -> Measurement:
    names = {row.exposure for row in first.rows} ^ {row.exposure for row in second.rows}
    if names:
        reason = f"only one of the two shift files has a row for {', '.join(sorted(names))}"
        return not_measured(quantity, subject, reason)
    differences = {
        f"{name} of {row.exposure}": abs(_difference(name, row, other))
        for row in first.rows
        if (other := second.row(row.exposure)) is not None
        for name in numbers
        if name in row.numbers and name in other.numbers
    }
    worst = max(
        differences, key=lambda name: math.inf if math.isnan(differences[name]) else differences[name]
    )
    return Measurement(quantity, differences[worst], unit, subject, reason=f"largest: {worst}")


def fitted_row(quantity: str, shifts: ShiftFile, exposure: str) -> ShiftRow | Measurement:
    """Return the row of an exposure that has a fit, or the measurement with the reason why it has none."""
    row = row_to_judge(quantity, shifts, exposure)
    if isinstance(row, Measurement) or not (failed := _not_finite(row)):
        return row
    reason = f"the fit failed ({', '.join(failed)}); see AST-001"
    return replace(not_measured(quantity, shifts.subject(exposure), reason), no_fit=True)


def row_to_judge(quantity: str, shifts: ShiftFile, exposure: str) -> ShiftRow | Measurement:
    """As `fitted_row`, but with the row of a fit that failed."""
    row = shifts.row(exposure)
    if row is None:
        return _no_row(quantity, shifts, exposure)
    if row is shifts.reference:
        reason = "the reference image of a relative alignment has no fit"
        return not_applicable(quantity, shifts.subject(exposure), reason)
    return row


def _not_finite(row: ShiftRow) -> list[str]:
    return [f"{name} is {number}" for name, number in row.numbers.items() if not math.isfinite(number)]


def _no_row(quantity: str, shifts: ShiftFile, exposure: str) -> Measurement:
    reason = f"{shifts.path.name} has no row for this exposure"
    return not_measured(quantity, shifts.subject(exposure), reason)


def row_context(row: ShiftRow) -> dict[str, Json]:
    """Return a shift-file row as a measurement's context."""
    return {"file": row.file, **row.numbers}


def _difference(name: str, row: ShiftRow, other: ShiftRow) -> float:
    difference = row.numbers[name] - other.numbers[name]
    return wrap_degrees(difference) if name == "rotation" else difference
