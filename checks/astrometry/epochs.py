"""Epochs of catalogues and exposures: where moving sources were, and what a wrong epoch costs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.sky import MAS_PER_DEGREE
from hubble_qa.checks.measurement import Json, Measurement, not_measured, not_told
from hubble_qa.checks.standard_errors import median_error

__all__ = ["catalog_epoch_displacement", "catalog_epoch_error", "julian_year", "positions_at_epoch"]

Array = NDArray[np.float64]

# J2000.0 as a modified Julian date, and the days of a Julian year: IAU resolution C1 (1976).
_J2000 = 51544.5
_JULIAN_YEAR = 365.25


# The common motion of fewer sources is at the mercy of a few fast ones.
MIN_MOTIONS = 20


# A star's motion differs from the field's by this many times its error, mas/yr where the catalogue gives none
# (Gaia's at its faint limit), before it tells an epoch: what an error of the motion adds to the difference
# of the positions follows the motion as a wrong epoch does, by less than 1/25 of the years between epochs.
_OWN_MOTION = 5.0
_MOTION_ERROR = 1.0
# Stars with a motion of their own that tell an epoch, and what of the epoch's error is beyond doubt.
_FEWEST_MOVING = 8
_SIGNIFICANT = 3.0
_CLIP = 4.0


def julian_year(start: float, end: float) -> float:
    """Epoch of the middle of an exposure, Julian years.

    Parameters
    ----------
    start, end : float
        The keywords EXPSTART and EXPEND, modified Julian dates.
    """
    return 2000.0 + ((start + end) / 2.0 - _J2000) / _JULIAN_YEAR


def positions_at_epoch(positions: Array, motions: Array, *, from_epoch: float, to_epoch: float) -> Array:
    """Positions of sources with proper motion at another epoch.

    A source at the unit vector r moves along the tangent: to the direction of
    ``r + (pm_ra p + pm_dec q) dt``, p and q pointing east and north (ESA SP-1200, volume 1, section
    1.2.8); no parallax, no radial velocity.

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        Right ascension and declination at `from_epoch`, degrees.
    motions : ndarray, shape (n, 2)
        Proper motion in right ascension, with the factor cos(dec), and in declination, mas/yr.
    from_epoch, to_epoch : float
        Julian years.

    Returns
    -------
    ndarray, shape (n, 2)
        Degrees; NaN for sources whose motion is not known, so that nobody takes them for fixed.
    """
    alpha, delta = np.radians(positions).T
    east, north = np.radians(motions * (to_epoch - from_epoch) / MAS_PER_DEGREE).T
    outward = np.cos(delta) - north * np.sin(delta)  # from the pole's axis, in the source's meridian
    upward = np.sin(delta) + north * np.cos(delta)
    moved = [alpha + np.arctan2(east, outward), np.arctan2(upward, np.hypot(outward, east))]
    right_ascension, declination = np.degrees(moved)
    return np.column_stack([right_ascension % 360.0, declination])


def catalog_epoch_displacement(
    motions: Array,
    *,
    catalog_epoch: float | None,
    exposure_epoch: float,
    subject: str,
    original_epoch: float | None = None,
    unmoved: float = 0.0,
) -> Measurement:
    """How far a field's common motion took it between a catalogue's epoch and an exposure's, mas.

    Common motion shifts all reference sources alike. A fit takes the shift for a pointing error, and
    neither its scatter nor its residuals tell. Matches without a proper motion have stayed at the epoch of
    the catalogue's own, and draw the fit towards it by their share.

    Parameters
    ----------
    motions : ndarray, shape (n, 2)
        Proper motions of the reference sources in the field, as for `positions_at_epoch`.
    catalog_epoch : float or None
        Julian year for which the positions hold that the exposures were aligned to; None where the
        catalogue does not say.
    exposure_epoch : float
        Julian year of the exposure.
    subject : str
        The alignment or exposure.
    original_epoch : float, optional
        Julian year of the sources that have no proper motion; `catalog_epoch` by default.
    unmoved : float
        Share of the matched sources that have none.
    """
    from astropy.stats import mad_std

    if catalog_epoch is None or not math.isfinite(catalog_epoch):
        return not_measured("catalog_epoch_displacement", subject, "the catalogue does not state its epoch")
    known = motions[np.isfinite(motions).all(axis=1)]
    if len(known) < MIN_MOTIONS:
        found = f"{len(known)} of {len(motions)} reference sources have a proper motion"
        reason = f"{found}; needs at least {MIN_MOTIONS}"
        return not_measured("catalog_epoch_displacement", subject, reason)
    years = exposure_epoch - catalog_epoch
    common = np.median(known, axis=0)
    context: dict[str, Json] = {
        "catalog_epoch": catalog_epoch,
        "exposure_epoch": exposure_epoch,
        "common_motion_mas_per_year": common.tolist(),
        "sources": len(known),
    }
    stayed = exposure_epoch - (catalog_epoch if original_epoch is None else original_epoch)
    context |= {"matches_without_motion": unmoved, "original_epoch": original_epoch}
    reason = f"{100 * unmoved:.0f} per cent of the matches have no proper motion" if unmoved else ""
    away = abs((1.0 - unmoved) * years + unmoved * stayed)
    error = median_error(float(np.max(mad_std(known, axis=0))), len(known))
    return Measurement(
        "catalog_epoch_displacement",
        math.hypot(*common) * away,
        "mas",
        subject,
        uncertainty=None if error is None else error * away,
        context=context,
        reason=reason,
    )


def catalog_epoch_error(
    offsets: Array, motions: Array, motion_errors: Array | None = None, *, subject: str
) -> Measurement:
    """By how many years a catalogue's positions are of another epoch than it states, beyond three errors.

    The positions of stars found afresh, less those of the catalogue taken to the exposure's epoch, grow
    with the stars' own proper motions by the years that the stated epoch is wrong. What the field has in
    common is taken off: no fit can tell it from a pointing error. The slope of the differences against
    the motions, both from their medians, is of the stars that differ from the field by `_OWN_MOTION`
    times the error of their motion.

    Parameters
    ----------
    offsets : ndarray, shape (n, 2)
        Position found less that of the catalogue at the exposure's epoch, east and north, mas.
    motions : ndarray, shape (n, 2)
        Proper motions of the same stars, as for `positions_at_epoch`; NaN where not known.
    motion_errors : ndarray, shape (n, 2), optional
        Their standard errors, mas/yr.
    subject : str
        The exposure or image.
    """
    from astropy.stats import mad_std

    errors = np.full(motions.shape, _MOTION_ERROR) if motion_errors is None else motion_errors
    known = np.isfinite(motions).all(axis=1) & np.isfinite(errors).all(axis=1)
    if not known.any():
        reason = "the catalogue has no proper motions" if len(motions) else "no star found is the catalogue's"
        return not_told("catalog_epoch_error", subject, reason)
    own = motions[known] - np.median(motions[known], axis=0)
    apart = offsets[known] - np.median(offsets[known], axis=0)
    moving = (np.abs(own) > _OWN_MOTION * errors[known]).any(axis=1)
    own, apart = own[moving], apart[moving]
    kept = np.ones(len(own), dtype=bool)
    for _ in range(5):
        if kept.sum() < _FEWEST_MOVING:
            found = f"{kept.sum()} stars have a proper motion of their own"
            reason = f"{found}; needs at least {_FEWEST_MOVING}"
            return not_told("catalog_epoch_error", subject, reason)
        slope = float(np.sum(own[kept] * apart[kept]) / np.sum(own[kept] ** 2))
        left = np.hypot(*(apart - slope * own).T)
        scatter = float(mad_std((apart - slope * own)[kept]))
        kept = left < _CLIP * scatter * math.sqrt(2.0)
    error = scatter / math.sqrt(float(np.sum(own[kept] ** 2)))
    beyond = math.copysign(max(abs(slope) - _SIGNIFICANT * error, 0.0), slope)
    context: dict[str, Json] = {"years": slope, "stars": int(kept.sum()), "scatter_mas": scatter}
    reason = f"{slope:+.2f} ± {error:.2f} yr by {kept.sum()} stars with a motion of their own"
    return Measurement(
        "catalog_epoch_error", beyond, "yr", subject, error, context, reason=reason, beyond_error=True
    )
