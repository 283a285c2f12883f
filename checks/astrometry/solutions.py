"""World coordinate solutions of an alignment: how good the archive's is, and how far another is from it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.sky import sky_offsets
from hubble_qa.checks.astrometry.world_coordinates import pixel_grid
from hubble_qa.checks.measurement import Json, Measurement, not_applicable, not_measured
from hubble_qa.checks.readers.exposure import Exposure

__all__ = ["Chips", "archive_fit_error", "catalog_of_fit", "solution_displacement"]

Chips: TypeAlias = Mapping[int, Any]

# A solution of the archive is to be trusted with this scatter, and this many sources.
LARGEST_RMS = 0.1  # pix
FEWEST_MATCHES = 20

# IDC_2731450pi-FIT_IMG_GAIAeDR3: distortion solution, how it was fitted, and to which catalogue.
# An alignment of exposures to one another alone names NONE.
_FIT = re.compile(
    r"-FIT_(?:(?:REL|IMG|EVM|SVM)_)?(?!(?:REL|IMG|EVM|SVM)_|NONE$)(?P<catalog>[A-Z]\w*)$", re.IGNORECASE
)
_RMS = ("RMS_RA", "RMS_DEC")


def archive_fit_error(exposure: Exposure) -> Measurement:
    """Scatter of the solution that the archive served, in units of the largest that is acceptable.

    The larger of RMS_RA and RMS_DEC over `LARGEST_RMS`, once in pixels of the detector. A solution
    with too few sources is worth less than its scatter says: with NMATCHES below `FEWEST_MATCHES`
    the value is at least 1 and the missing fraction of them, so that 19 sources give 1.05. A
    solution that is no fit to a catalogue has no sources and no scatter; it gives 2.

    Parameters
    ----------
    exposure : Exposure
        The exposure as the archive served it; the worst of its chips counts.
    """
    headers = exposure.science_headers()
    if exposure.camera is None:
        reason = f"no plate scale is on record for {exposure.instrument} {exposure.detector}".rstrip()
        return not_measured("archive_fit_error", exposure.label, reason)
    if not headers:
        return not_measured("archive_fit_error", exposure.label, "there are no science headers")
    scale = exposure.camera.plate_scale
    names = sorted({str(header.get("WCSNAME")) for header in headers.values()})
    context: dict[str, Json] = {"wcsname": " | ".join(names), "plate_scale_arcsec": scale}
    if not all(catalog_of_fit(header) for header in headers.values()):
        reason = f"WCSNAME is {names[0]!r}, which names no fit to a catalogue"
        return Measurement("archive_fit_error", 2.0, "", exposure.label, context=context, reason=reason)
    missing = [key for key in (*_RMS, "NMATCHES") for header in headers.values() if not _number(header, key)]
    if missing:
        reason = f"{missing[0]} of the archive's fit is missing or not a number"
        return not_measured("archive_fit_error", exposure.label, reason)
    rms = [max(float(header[key]) for header in headers.values()) / 1000.0 / scale for key in _RMS]
    matches = min(int(header["NMATCHES"]) for header in headers.values())
    few = 1.0 + (FEWEST_MATCHES - matches) / FEWEST_MATCHES if matches < FEWEST_MATCHES else 0.0
    context |= {"catalog": catalog_of_fit(headers[min(headers)]), "nmatches": matches, "rms_pix": [*rms]}
    return Measurement(
        "archive_fit_error",
        max(*rms, few * LARGEST_RMS) / LARGEST_RMS,
        "",
        exposure.label,
        context=context,
        reason=f"only {matches} sources matched" if few else f"RMS is {max(rms):.3f} pix in one axis",
    )


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
