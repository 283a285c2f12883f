"""What TweakReg writes into a header of the fit whose solution it carries: scatter and sources."""

from __future__ import annotations

import math

from hubble_qa.checks.astrometry.world_coordinates import plate_scale
from hubble_qa.checks.measurement import Json, Measurement, not_applicable, not_measured, not_told
from hubble_qa.checks.readers.exposure import Exposure
from hubble_qa.checks.readers.shift_file import NO_RMS, ShiftRow
from hubble_qa.checks.standard_errors import rms_error

__all__ = ["has_fit", "keyword_matches", "keyword_rms", "keyword_rms_consistency"]

_KEYWORDS = ("RMS_RA", "RMS_DEC", "NMATCH", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")


def has_fit(exposure: Exposure) -> bool:
    """Whether every chip carries the solution of a fit of TweakReg's: FITNAME is its WCSNAME."""
    headers = exposure.science_headers().values()
    return bool(headers) and all(
        header.get("FITNAME") and header["FITNAME"] == header.get("WCSNAME") for header in headers
    )


def keyword_matches(exposure: Exposure) -> Measurement:
    """Count the sources of an exposure's fit by NMATCH, the smallest of its chips'.

    For want of a match file, whose rows are the better count.

    Parameters
    ----------
    exposure : Exposure
        An exposure; not applicable unless it `has_fit`.
    """
    unknown = _unknown("matched_sources", exposure)
    if unknown is not None:
        return unknown
    counts = {chip: int(header["NMATCH"]) for chip, header in exposure.science_headers().items()}
    by_chip: dict[str, Json] = {f"SCI,{chip}": count for chip, count in counts.items()}
    return Measurement(
        "matched_sources", min(counts.values()), "", exposure.label, context={"NMATCH": by_chip}
    )


def keyword_rms(exposure: Exposure) -> Measurement:
    """Scatter of an exposure's fit in one axis by RMS_RA and RMS_DEC, pixels.

    TweakReg turns the vector of both axes' scatter to the sky, degrees of right ascension and of
    declination, so that one of them may be nearly 0 and only the length is sure: over the square root
    of 2, it is the scatter of each axis if both are alike, and never more than the larger. Pixels are
    the first chip's, as in TweakReg's own frame and so in its shift files: PC1's for WFPC2.

    Parameters
    ----------
    exposure : Exposure
        As for `keyword_matches`.
    """
    unknown = _unknown("fit_rms", exposure)
    if unknown is not None:
        return unknown
    headers = exposure.science_headers()
    scale = plate_scale(headers[min(headers)])
    value = _length(exposure) / scale / math.sqrt(2.0)
    matches = min(int(header["NMATCH"]) for header in headers.values())
    error = rms_error(value, 2 * matches - 1)  # of two axes
    return Measurement("fit_rms", value, "pix", exposure.label, error, {"plate_scale_arcsec": scale})


def keyword_rms_consistency(exposure: Exposure, row: ShiftRow, *, frame_scale: float) -> Measurement:
    """Scatter of an exposure's fit by its header over that by a shift file, both axes together.

    Parameters
    ----------
    exposure : Exposure
        As for `keyword_matches`.
    row : ShiftRow
        Its row of the shift file.
    frame_scale : float
        Plate scale of the shift file's reference frame, arcsec per pixel.
    """
    unknown = _unknown("rms_consistency", exposure)
    if unknown is not None:
        return unknown
    if row.rms is None:
        return not_told("rms_consistency", exposure.label, NO_RMS)
    length = math.hypot(*row.rms) * frame_scale
    if not length > 0:
        problem = f"the shift file's RMS are {row.rms[0]:g} and {row.rms[1]:g} pix"
        return not_measured("rms_consistency", exposure.label, problem)
    context: dict[str, Json] = {"shift_file_rms": [*row.rms], "frame_scale_arcsec": frame_scale}
    own = _length(exposure)
    reason = f"both axes: {own:.4f} arcsec by the header, {length:.4f} by the shift file"
    return Measurement("rms_consistency", own / length, "", exposure.label, context=context, reason=reason)


def _length(exposure: Exposure) -> float:
    """Scatter of both axes together, arcsec, the largest of the chips'."""
    return 3600.0 * max(
        math.hypot(header["RMS_RA"] * math.cos(math.radians(header["CRVAL2"])), header["RMS_DEC"])
        for header in exposure.science_headers().values()
    )


def _unknown(quantity: str, exposure: Exposure) -> Measurement | None:
    """Why a quantity of the fit is not to be had from the headers; None where it is."""
    if not has_fit(exposure):
        return not_applicable(quantity, exposure.label, "FITNAME is not its WCSNAME: no fit of TweakReg's")
    for chip, header in exposure.science_headers().items():
        for key in _KEYWORDS:
            value = header.get(key)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                return not_measured(quantity, exposure.label, f"SCI,{chip}: {key} is {value!r}, not a number")
    return None
