"""Residuals of alignment fits: the sources in TweakReg's match files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.alignment import catalog_sources, fitted_row, other_fit
from hubble_qa.checks.astrometry.sky import sky_offsets
from hubble_qa.checks.measurement import Json, Measurement, not_measured, not_told
from hubble_qa.checks.readers.match_file import MatchFile
from hubble_qa.checks.readers.shift_file import NO_RMS, ShiftFile
from hubble_qa.checks.standard_errors import median_error

__all__ = [
    "CATALOG_ERRORS",
    "MatchedPositions",
    "matched_source_offset",
    "matched_sources",
    "residual_trend",
    "rms_consistency",
]

# Below this a scatter is compared by difference: shift files and match files hold rounded numbers.
SMALL_RMS = 0.005  # pix
# The difference SMALL_RMS counts as much as this departure of a ratio from 1 (the bounds of AST-009).
RMS_RATIO_TOLERANCE = 0.1

# Known distortion solutions leave trends of up to 0.011 pix per standard deviation of the position: the
# published NGC 6791 matches, fitted with one rotation and scale. Such a trend is no fault of a fit.
DISTORTION_ERROR = 0.005  # pix

# Errors that a catalogue's sources share over a frame, mas: no fault of a fit to it either. SDSS's positions
# have systematic errors of 20 to 30 mas (Pier et al. 2003), of which the published NGC 6791 matches show
# trends of up to 0.13 pix, 5 mas, over a chip; Gaia's are too small to matter. PS1's bright stars are 3.1 and
# 4.8 mas from Gaia's, field by field (Chambers et al. 2016); to PS1 the Hubble Source Catalog was tied.
CATALOG_ERRORS: Mapping[str, float] = {"gaia": 0.0, "sdss": 4.0, "ps1": 4.0, "hsc": 4.0}

# A straight line through fewer sources has errors that are themselves hardly known.
MIN_TREND_SOURCES = 10
# A scatter takes three.
MIN_OFFSET_SOURCES = 3
# Standard error of a median over that of a mean, for Gaussian scatter.
MEDIAN_ERROR = math.sqrt(math.pi / 2.0)


@dataclass(frozen=True, slots=True, eq=False)
class MatchedPositions:
    """Positions of matched sources by the headers of two exposures.

    Attributes
    ----------
    own, reference : ndarray, shape (n, 2)
        Right ascension and declination by the exposure's header and by the reference exposure's, degrees.
    chip : ndarray of int, shape (n,)
        EXTVER of the exposure's chip that the source is on.
    """

    own: NDArray[np.float64]
    reference: NDArray[np.float64]
    chip: NDArray[np.int64]

    def median_offsets(self, fewest: int) -> Mapping[str, NDArray[np.float64]]:
        """Median offset east and north, mas, of each chip that has `fewest` sources, else of all chips.

        Empty where all of them together have fewer.
        """
        offsets = sky_offsets(self.own, self.reference)
        chips = {f"SCI,{chip}": self.chip == chip for chip in np.unique(self.chip)}
        regions = {name: here for name, here in chips.items() if here.sum() >= fewest}
        if not regions and len(offsets) >= fewest:
            regions = {"all chips": np.ones(len(offsets), dtype=bool)}
        return {name: np.median(offsets[here], axis=0) for name, here in regions.items()}

    def offset_error(self, region: str) -> float | None:
        """Standard error of the median offset of a region that the other methods name, mas, both axes."""
        offsets = sky_offsets(self.own, self.reference)
        chips = [f"SCI,{chip}" for chip in self.chip]
        here = offsets[np.array([region in (chip, "all chips") for chip in chips], dtype=bool)]
        if not np.isfinite(here).all():
            return None
        return median_error(float(np.hypot(*mad_std(here, axis=0))), len(here))

    def sparse_offsets(self, enough: int) -> Mapping[str, float]:
        """What is certain, at three sigma, of the median offset of chips with few sources, mas.

        Of chips with less than `enough` sources: the length of the median offset less three times its
        error, which the scatter of all sources about their chips' medians gives. One source tells: the
        fit has used it, so that its residual is small, and by the headers it must be so too.
        """
        if not len(self.chip):
            return {}
        offsets = sky_offsets(self.own, self.reference)
        medians = {chip: np.median(offsets[self.chip == chip], axis=0) for chip in np.unique(self.chip)}
        about = offsets - np.array([medians[chip] for chip in self.chip])
        spread = float(np.hypot(*mad_std(about, axis=0, ignore_nan=True)))
        found = {}
        for chip, median in medians.items():
            sources = int((self.chip == chip).sum())
            if sources < enough:
                certain = float(np.hypot(*median)) - 3.0 * MEDIAN_ERROR * spread / math.sqrt(sources)
                found[f"SCI,{chip}"] = 0.0 if certain < 0.0 else certain  # a NaN stays one
        return found


def matched_sources(shifts: ShiftFile, exposure: str, match: MatchFile | None) -> Measurement:
    """Count the sources that an exposure's fit used: the rows of its match file.

    In a fit to a catalogue, only the catalogue's own: TweakReg's ``expand_refcat`` adds those of the
    exposures. A match file of another fit tells nothing of this one.

    Parameters
    ----------
    shifts : ShiftFile
        The shift file, which names the reference image.
    exposure : str
        The exposure's name or file.
    match : MatchFile or None
        The fit's match file; None where TweakReg wrote none.
    """
    row = fitted_row("matched_sources", shifts, exposure)
    if isinstance(row, Measurement):
        return row
    subject = shifts.subject(exposure)
    if match is None:
        return not_measured("matched_sources", subject, "TweakReg wrote no match file for this exposure")
    other = other_fit(row, match)
    if other:
        return not_measured("matched_sources", subject, other)
    used = np.isfinite(match.residuals).all(axis=1) & catalog_sources(shifts, match)
    chips, counts = np.unique(match.chip[used], return_counts=True)
    by_chip: Json = {f"SCI,{chip}": int(count) for chip, count in zip(chips, counts, strict=True)}
    own = len(match) - int(catalog_sources(shifts, match).sum())
    reason = f"{own} more matches are with the exposures' own sources, not the catalogue's" if own else ""
    return Measurement(
        "matched_sources", int(used.sum()), "", subject, context={"chips": by_chip}, reason=reason
    )


def residual_trend(
    shifts: ShiftFile, exposure: str, match: MatchFile | None, *, catalog_error: float = 0.0
) -> Measurement:
    """Largest trend or mean of a fit's residuals, in units of its error.

    The residuals in x and in y are each fitted by ``a + b x + c y`` over the whole frame, and over
    each chip in the chip's own coordinates; ``a`` is taken at the mean position. TweakReg's fit takes
    the mean, and with a general geometry the slopes, out of the whole frame's residuals, so that it
    is mostly a chip that shows a wrong distortion model or chip position. The error of a term is its
    standard error, `DISTORTION_ERROR` and the catalogue's own, added in quadrature; slopes count over
    one standard deviation of the position.

    Parameters
    ----------
    shifts, exposure, match
        As for `matched_sources`.
    catalog_error : float
        Error that the reference sources share, pixels; see `CATALOG_ERRORS`.
    """
    row = fitted_row("residual_trend", shifts, exposure)
    if isinstance(row, Measurement):
        return row
    subject = shifts.subject(exposure)
    if match is None:
        return not_measured("residual_trend", subject, "TweakReg wrote no match file for this exposure")
    other = other_fit(row, match)
    if other:
        return not_measured("residual_trend", subject, other)
    if len(match) < MIN_TREND_SOURCES:
        reason = f"{len(match)} sources in the match file; needs at least {MIN_TREND_SOURCES}"
        return not_told("residual_trend", subject, reason)
    known = math.hypot(DISTORTION_ERROR, catalog_error)
    trends = _trends("frame", match.fit_xy, match.residuals, known)
    for chip in np.unique(match.chip):
        on_chip = match.chip == chip
        if on_chip.sum() >= MIN_TREND_SOURCES:
            xy = match.original_input_xy[on_chip]
            trends |= _trends(f"SCI,{chip}", xy, match.residuals[on_chip], known)
    worst = max(trends, key=lambda name: math.inf if math.isnan(trends[name]) else trends[name])
    strongest: dict[str, Json] = {
        region: max(round(trend, 3) for name, trend in trends.items() if name.startswith(f"{region}:"))
        for region in sorted({name.partition(":")[0] for name in trends})
    }
    context: dict[str, Json] = {"worst": worst, "strongest": strongest}
    region, _, term = worst.partition(": ")
    reason = f"largest: {term}, {region}"
    # In units of its own error, so that this is 1.
    return Measurement("residual_trend", trends[worst], "", subject, 1.0, context, reason=reason)


def rms_consistency(shifts: ShiftFile, exposure: str, match: MatchFile | None) -> Measurement:
    """Scatter recomputed from the match file over the shift file's, the worse of x and y.

    TweakReg's scatter is the standard deviation of the residuals of the sources in the match file,
    with n in the denominator. There is nothing to compare where the match file itself is of another
    exposure or another shift. A component below `SMALL_RMS` is compared by its difference, put on
    the scale of the ratio: 0.005 pix count as 0.1.

    Parameters
    ----------
    shifts, exposure, match
        As for `matched_sources`.
    """
    row = fitted_row("rms_consistency", shifts, exposure)
    if isinstance(row, Measurement):
        return row
    subject = shifts.subject(exposure)
    if match is None or len(match) == 0:
        return not_measured("rms_consistency", subject, "the fit has no match file with sources")
    other = other_fit(row, match)
    if other:
        return not_measured("rms_consistency", subject, other)
    if row.rms is None:
        return not_told("rms_consistency", subject, NO_RMS)
    recomputed = np.std(match.residuals, axis=0)
    ratios = [_rms_ratio(*pair) for pair in zip(recomputed, row.rms, strict=True)]
    worst = max(ratios, key=lambda ratio: math.inf if math.isnan(ratio) else abs(ratio - 1.0))
    context: dict[str, Json] = {
        "match_file_rms": [float(value) for value in recomputed],
        "shift_file_rms": [*row.rms],
    }
    return Measurement("rms_consistency", worst, "", subject, context=context)


def matched_source_offset(
    shifts: ShiftFile, exposure: str, positions: MatchedPositions | None, match: MatchFile | None = None
) -> Measurement:
    """Offset of an exposure's matched sources from where the reference exposure has them, mas.

    Both positions are those of the headers that are handed on, from the pixels in which the sources
    were measured: it shows a fit that never reached the header, or reached some of its chips only.
    It is the longest of the chips' median offsets, of chips with `MIN_TREND_SOURCES` sources; where none
    has so many, the median offset of all sources. Of chips with fewer, what is certain of theirs
    counts: the planetary camera often has few. So it does of a sparse field's; of a fit of one or two
    sources nothing is.

    Parameters
    ----------
    shifts, exposure
        As for `matched_sources`.
    positions : MatchedPositions or None
        The sources; None where TweakReg wrote no match file.
    match : MatchFile, optional
        The match file that they are from, which may be another fit's.
    """
    row = fitted_row("matched_source_offset", shifts, exposure)
    if isinstance(row, Measurement):
        return row
    subject = shifts.subject(exposure)
    other = other_fit(row, match) if match is not None else ""
    if other:
        return not_measured("matched_source_offset", subject, other)
    if positions is None:
        return not_measured("matched_source_offset", subject, "there are no matched sources")
    if len(positions.chip) < MIN_OFFSET_SOURCES:
        reason = f"fewer than {MIN_OFFSET_SOURCES} matched sources"
        return not_told("matched_source_offset", subject, reason)
    offsets = positions.median_offsets(MIN_TREND_SOURCES)
    lengths = {region: float(np.hypot(*offset)) for region, offset in offsets.items()}
    sparse = positions.sparse_offsets(MIN_TREND_SOURCES)
    lengths |= sparse
    worst = max(lengths, key=lambda region: math.inf if math.isnan(lengths[region]) else lengths[region])
    context: dict[str, Json] = {
        "offsets_mas": {region: [float(axis) for axis in offset] for region, offset in offsets.items()},
        "certain_offsets_mas": {**sparse},
    }
    return Measurement(
        "matched_source_offset",
        lengths[worst],
        "mas",
        subject,
        uncertainty=positions.offset_error(worst),
        beyond_error=worst in sparse,
        context=context,
        reason=f"on {worst}, by the headers of both exposures",
    )


def _trends(
    region: str, xy: NDArray[np.float64], residuals: NDArray[np.float64], known: float
) -> dict[str, float]:
    """Coefficients of straight-line fits to the residuals, in units of their errors.

    `known` is the trend, pixels, that is no fault of the fit.
    """
    spread = np.std(xy, axis=0)
    if not np.isfinite(residuals).all() or not (spread > 0).all():
        return {f"{region}: residuals": math.nan}
    design = np.column_stack([np.ones(len(xy)), (xy - xy.mean(axis=0)) / spread])
    normal = design.T @ design
    if np.linalg.cond(normal) > 1e8:  # sources along a line: x and y cannot be told apart
        return {f"{region}: residuals": math.nan}
    coefficients = np.linalg.solve(normal, design.T @ residuals)
    left = residuals - design @ coefficients
    variances = np.sum(left**2, axis=0) / (len(xy) - 3)
    errors = np.sqrt(np.outer(np.diag(np.linalg.inv(normal)), variances) + known**2)
    ratios = np.abs(coefficients) / errors
    return {
        f"{region}: {term}": float(ratios[row, column])
        for column, axis in enumerate("xy")
        for row, term in enumerate((f"mean d{axis}", f"d{axis} against x", f"d{axis} against y"))
    }


def _rms_ratio(recomputed: float, quoted: float) -> float:
    if quoted < SMALL_RMS:
        return 1.0 + RMS_RATIO_TOLERANCE * (recomputed - quoted) / SMALL_RMS
    return float(recomputed) / quoted
