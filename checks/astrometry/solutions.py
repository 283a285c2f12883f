"""World coordinate solutions of an alignment: how good the archive's is, and how far another is from it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.sky import sky_offsets
from hubble_qa.checks.astrometry.world_coordinates import pixel_grid
from hubble_qa.checks.measurement import Json, Measurement, not_applicable, not_measured
from hubble_qa.checks.readers.exposure import Exposure
from hubble_qa.checks.standard_errors import rms_error

__all__ = [
    "Chips",
    "archive_fit_matches",
    "archive_fit_rms",
    "catalog_of_fit",
    "solution_displacement",
]

Chips: TypeAlias = Mapping[int, Any]

# A solution of the archive is to be trusted with this many sources.
FEWEST_MATCHES = 20

# IDC_2731450pi-FIT_IMG_GAIAeDR3: distortion solution, how it was fitted, and to which catalogue.
# An alignment of exposures to one another alone names NONE.
_FIT = re.compile(
    r"-FIT_(?:(?:REL|IMG|EVM|SVM)_)?(?!(?:REL|IMG|EVM|SVM)_|NONE$)(?P<catalog>[A-Z]\w*)$", re.IGNORECASE
)
_RMS = ("RMS_RA", "RMS_DEC")


def archive_fit_rms(exposure: Exposure) -> Measurement:
    """Scatter of the solution that the archive served, in pixels of the detector.

    The larger of RMS_RA and RMS_DEC. It does not apply to a solution that is no fit to a catalogue: that it
    is none, `archive_fit_matches` says.

    Parameters
    ----------
    exposure : Exposure
        The exposure as the archive served it; the worst of its chips counts.
    """
    headers = exposure.science_headers()
    if exposure.camera is None:
        reason = f"no plate scale is on record for {exposure.instrument} {exposure.detector}".rstrip()
        return not_measured("archive_fit_rms", exposure.label, reason)
    if not headers:
        return not_measured("archive_fit_rms", exposure.label, "there are no science headers")
    if reason := _no_fit(headers):
        return not_applicable("archive_fit_rms", exposure.label, f"{reason}; see AST-026")
    if missing := _missing(headers, _RMS):
        return not_measured("archive_fit_rms", exposure.label, missing)
    scale = exposure.camera.plate_scale
    rms = [max(float(header[key]) for header in headers.values()) / 1000.0 / scale for key in _RMS]
    matches = None if _missing(headers, ("NMATCHES",)) else _matches(headers)
    context: dict[str, Json] = {
        "wcsname": " | ".join(_names(headers)),
        "plate_scale_arcsec": scale,
        "catalog": catalog_of_fit(headers[min(headers)]),
        "nmatches": matches,
        "rms_pix": [*rms],
    }
    error = rms_error(max(rms), matches) if matches is not None else None
    return Measurement("archive_fit_rms", max(rms), "pix", exposure.label, error, context)


def archive_fit_matches(exposure: Exposure) -> Measurement:
    """Sources of a catalogue that the solution that the archive served was fitted to.

    NMATCHES of its headers; 0 where the solution is no fit to a catalogue, for none ties it to the sky.

    Parameters
    ----------
    exposure : Exposure
        The exposure as the archive served it; the chip with the fewest counts.
    """
    headers = exposure.science_headers()
    if not headers:
        return not_measured("archive_fit_matches", exposure.label, "there are no science headers")
    context: dict[str, Json] = {"wcsname": " | ".join(_names(headers))}
    if reason := _no_fit(headers):
        return Measurement("archive_fit_matches", 0, "", exposure.label, context=context, reason=reason)
    if missing := _missing(headers, ("NMATCHES",)):
        return not_measured("archive_fit_matches", exposure.label, missing)
    context["catalog"] = catalog_of_fit(headers[min(headers)])
    return Measurement("archive_fit_matches", _matches(headers), "", exposure.label, context=context)


def catalog_of_fit(header: Header) -> str:
    """Catalogue that a header's solution was fitted to by the archive; empty where its name has none."""
    found = _FIT.search(str(header.get("WCSNAME", "")))
    return found["catalog"] if found else ""


def solution_displacement(
    final: Chips,
    archive: Chips,
    headers: Mapping[int, Header],
    *,
    shapes: Mapping[int, tuple[int, ...]],
    subject: str,
) -> Measurement:
    """Largest distance on the sky between an exposure's solution and the archive's fit, mas.

    The largest over a grid on each chip, so that it contains rotation and scale. Both solutions are
    tied to a catalogue and should agree; the archive's was made by other software from a catalogue at
    the exposure's epoch, and knows nothing of ours.

    Parameters
    ----------
    final, archive : mapping of int to astropy.wcs.WCS
        By EXTVER, with all distortion terms: as drizzled, and as the archive served them.
    headers : mapping of int to Header
        Headers of the SCI extensions as the archive served them.
    shapes : mapping of int to (int, int)
        Rows and columns of the chips.
    subject : str
        What the verdict calls the exposure.
    """
    reason = _no_comparison(headers)
    if reason:
        return not_applicable("archive_displacement", subject, reason)
    if not set(final) == set(archive) == set(shapes):
        return not_measured("archive_displacement", subject, "the solutions are not of the same chips")
    vectors = {chip: _displacements(final[chip], archive[chip], shapes[chip]) for chip in final}
    every = np.concatenate([*vectors.values()])
    if not every.any():
        return not_applicable("archive_displacement", subject, "the exposure kept the archive's solution")
    means: dict[str, Json] = {f"SCI,{chip}": each.mean(axis=0).tolist() for chip, each in vectors.items()}
    return Measurement(
        "archive_displacement",
        np.max(np.hypot(*every.T)),
        "mas",
        subject,
        uncertainty=_archive_error(headers),
        context={"mean_east_north_mas": means},
    )


def _names(headers: Mapping[int, Header]) -> list[str]:
    return sorted({str(header.get("WCSNAME")) for header in headers.values()})


def _no_fit(headers: Mapping[int, Header]) -> str:
    """That the name of a chip's solution is that of no fit to a catalogue; empty where all are of one."""
    for header in headers.values():
        if not catalog_of_fit(header):
            return f"WCSNAME is {str(header.get('WCSNAME'))!r}, which names no fit to a catalogue"
    return ""


def _missing(headers: Mapping[int, Header], keys: Sequence[str]) -> str:
    """Which of the fit's keywords is missing or no number in a header; empty where none is."""
    missing = [key for key in keys for header in headers.values() if not _number(header, key)]
    return f"{missing[0]} of the archive's fit is missing or not a number" if missing else ""


def _matches(headers: Mapping[int, Header]) -> int:
    return min(int(header["NMATCHES"]) for header in headers.values())


def _number(header: Header, key: str) -> bool:
    value = header.get(key)
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf


def _no_comparison(headers: Mapping[int, Header]) -> str:
    """Why the archive's solution is none to compare with; empty where it is one."""
    for header in headers.values():
        if not catalog_of_fit(header):
            return f"the archive's solution, {header.get('WCSNAME')!r}, is no fit to a catalogue"
        if header.get("NMATCHES", 0) < FEWEST_MATCHES:
            return f"the archive's fit has only {header.get('NMATCHES', 0)} sources"
    return "" if headers else "there are no headers of the archive's"


def _archive_error(headers: Mapping[int, Header]) -> float | None:
    """Standard error of the archive's fit, mas: its scatter over the root of the number of sources."""
    header = headers[min(headers)]
    if not all(_number(header, key) for key in _RMS):
        return None
    return math.hypot(*(float(header[key]) for key in _RMS)) / math.sqrt(header["NMATCHES"])


def _displacements(final: Any, archive: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """East and north displacements over a chip's grid, mas."""
    pixels = pixel_grid(shape)
    here, there = (np.asarray(wcs.all_pix2world(pixels, 1)) for wcs in (final, archive))
    return sky_offsets(here, there)
