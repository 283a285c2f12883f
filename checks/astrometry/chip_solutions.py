"""The chips of one exposure: whether they carry one solution, by their headers alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.linear_solutions import ALTERNATES, HALF_SKY, linear_solution
from hubble_qa.checks.astrometry.solution_names import NOT_ALIGNED, same_coordinates
from hubble_qa.checks.astrometry.world_coordinates import distortion_name
from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_measured
from hubble_qa.checks.readers.exposure import Exposure

__all__ = ["chip_solution_violations"]

# A fit moves all chips at once. Measured: 5e-4 mas in real headers by stwcs, 0.2 mas by TweakReg on WFPC2,
# 0.8 mas where a general fit lost its skew; this is half of what one source by two chips may differ.
LARGEST_STEP = 5.0  # mas
MAS_PER_ARCSEC = 1000.0

# How names of solutions begin that updatewcs or the archive gave.
_GIVEN = ("IDC_", "OPUS")
# Pixels that span a chip, which carry its linear terms to the other end of the detector.
_PIXELS = np.array([(x, y) for x in (1.0, 1024.0, 2048.0) for y in (1.0, 1024.0, 2048.0)])


def chip_solution_violations(exposure: Exposure) -> Measurement:
    """Count where the chips of an exposure do not carry one solution, or not the one that they name.

    The chips have one WCSNAME. Each has moved from the ``IDC_*`` solution that its header keeps as the
    first chip has, within `LARGEST_STEP`: a fit moves the exposure as a whole, so that a chip that
    stands apart was left behind or changed alone. And a solution of the user's own name is not one of
    those that the header keeps under another name, but where WCSTYPE says that it is the reference.

    Parameters
    ----------
    exposure : Exposure
        A calibrated exposure.
    """
    headers = exposure.science_headers()
    if not headers:
        reason = "there are no science headers to look at"
        return not_measured("wcs_name_violations", exposure.label, reason)
    names = {chip: str(header.get("WCSNAME", "none")) for chip, header in headers.items()}
    violations = []
    if len(set(names.values())) > 1:
        statement = ", ".join(f"{name!r} on SCI,{chip}" for chip, name in names.items())
        violations.append(f"WCSNAME is {statement}: give all chips one solution")
    steps = dict(_steps(exposure, headers))
    violations += [
        f"SCI,{chip} has moved {step:.4g} mas apart from SCI,{min(headers)}: align the exposure anew"
        if math.isfinite(step)
        else f"SCI,{chip} has coordinates that cannot be used; see WCS-005"
        for chip, step in steps.items()
        if not step <= LARGEST_STEP
    ]
    violations += [problem for chip in headers for problem in _not_fitted(chip, headers[chip])]
    context: dict[str, Json] = {
        "wcsname": {f"SCI,{chip}": name for chip, name in names.items()},
        "apart_mas": {f"SCI,{chip}": step for chip, step in steps.items()},
    }
    return count_violations("wcs_name_violations", exposure.label, violations, context)


def _steps(exposure: Exposure, headers: Mapping[int, Header]) -> Iterator[tuple[int, float]]:
    """Distance, mas, of each further chip from where it would be had it moved as the first chip did."""
    first, *others = sorted(headers)
    letter = _kept(exposure, headers[first])
    now, kept = (linear_solution(headers[first], key) for key in ("", letter))
    if not letter or now is None or kept is None:
        return
    before = now.plane(kept.sky(_PIXELS))
    if not np.isfinite(before).all():
        # In no common plane; how far apart they are is for AST-021.
        return
    moved = _movement(now.plane(now.sky(_PIXELS)), before)
    for chip in others:
        if headers[chip].get(f"WCSNAME{letter}") == headers[first][f"WCSNAME{letter}"]:
            own, earlier = (linear_solution(headers[chip], key) for key in ("", letter))
            if own is None or earlier is None:
                yield chip, math.inf
                continue
            expected = _extended(now.plane(earlier.sky(_PIXELS))) @ moved
            steps = np.hypot(*(expected - now.plane(own.sky(_PIXELS))).T)
            yield chip, MAS_PER_ARCSEC * float(np.max(np.where(np.isnan(steps), HALF_SKY, steps)))


def _kept(exposure: Exposure, header: Header) -> str:
    """Letter under which a header keeps the solution of its IDCTAB; empty where it keeps none."""
    name = distortion_name(exposure.primary)
    found = (letter for letter in ALTERNATES if name and header.get(f"WCSNAME{letter}") == name)
    return next(found, "")


def _movement(now: NDArray[np.float64], kept: NDArray[np.float64]) -> NDArray[np.float64]:
    """The linear transformation, shape (3, 2), that takes kept positions to those of now."""
    return np.asarray(np.linalg.lstsq(_extended(kept), now, rcond=None)[0], dtype=np.float64)


def _extended(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([positions, np.ones(len(positions))])


def _not_fitted(chip: int, header: Header) -> Iterator[str]:
    """That a chip's coordinates are those of a solution that it keeps under another name than its own."""
    name = str(header.get("WCSNAME", ""))
    if not name or name.startswith(_GIVEN) or NOT_ALIGNED in str(header.get("WCSTYPE", "")):
        return
    for letter in ALTERNATES:
        other = header.get(f"WCSNAME{letter}", name)
        if other != name and same_coordinates(header, _as_current(header, letter)):
            yield f"SCI,{chip} is named {name!r}, but has the coordinates of {other}: no fit was written"
            return


def _as_current(header: Header, letter: str) -> Header:
    """The linear terms of a kept solution under the keywords of the current one."""
    keys = (*(f"{key}{axis}" for key in ("CRVAL", "CRPIX") for axis in (1, 2)),)
    keys += tuple(f"CD{i}_{j}" for i in (1, 2) for j in (1, 2))
    return Header({key: header[f"{key}{letter}"] for key in keys if f"{key}{letter}" in header})
