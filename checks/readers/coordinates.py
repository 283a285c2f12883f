"""Whether a header's world coordinates can be used at all, in words that need no knowledge of wcslib."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["coordinate_problem", "frame_problem", "is_number"]

# Frames of HST's coordinates; they differ by 0.02 arcsec at most.
_FRAMES = ("ICRS", "FK5", "")
# The tangent plane, as HST's tools write it and measurements take it, also with a distortion.
_PROJECTIONS = ("TAN", "TAN-SIP", "TPV")
_POINTS = ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2")
_MATRIX = ("CD1_1", "CD1_2", "CD2_1", "CD2_2")
_SCALES = ("CDELT1", "CDELT2")


def coordinate_problem(header: Mapping[str, Any], key: str = "") -> str:
    """Why a header's linear coordinates take no pixel to a position on the sky; empty where they do.

    Parameters
    ----------
    header : mapping
        A science header.
    key : str
        Letter of a kept solution; empty for the current one.
    """
    return next(_problems(header, key), "")


def frame_problem(header: Mapping[str, Any]) -> str:
    """Why a header's coordinates are of another frame or projection than HST's; empty where they are not.

    Whoever reads the image by such a header has its places off by up to a degree, however good the numbers
    are: B1950 differs from J2000 by 0.6 degrees.

    Parameters
    ----------
    header : mapping
        A science header; that of a file with an image in the primary unit holds all.
    """
    frame, equinox = str(header.get("RADESYS", "")).strip().upper(), header.get("EQUINOX", 2000.0)
    if frame not in _FRAMES:
        return f"RADESYS is {frame!r}, but HST's coordinates are of ICRS or FK5"
    if is_number(equinox) and abs(equinox - 2000.0) > 0.01:
        return f"EQUINOX is {equinox:g}, but HST's coordinates are of 2000"
    axis = str(header.get("CTYPE1", "")).strip()
    projection = axis[4:].strip("-")
    if axis.startswith("RA--") and projection not in _PROJECTIONS:
        return f"CTYPE1 is {axis!r}, but HST's images are in the tangent plane (RA---TAN)"
    return ""


def _problems(header: Mapping[str, Any], key: str) -> Iterator[str]:
    # Of a CD matrix the missing elements are zero; without any, PC and CDELT take its place.
    matrix = tuple(f"{name}{key}" for name in _MATRIX if f"{name}{key}" in header)
    scales = () if matrix else tuple(f"{name}{key}" for name in _SCALES)
    for name in (*(f"{name}{key}" for name in _POINTS), *matrix, *scales):
        if not is_number(header.get(name)):
            yield f"{name} is {header[name]!r}, not a number" if name in header else f"{name} is missing"
            return
    yield from _axis_problems(header, key)
    latitude = header[f"CRVAL2{key}"]
    if abs(latitude) > 90.0:
        yield f"CRVAL2{key} is {latitude:g}, beyond a pole"
    a, b, c, d = (header.get(f"{name}{key}", 0.0) for name in _MATRIX)
    if matrix and a * d - b * c == 0.0:
        yield f"the matrix CDi_j{key} ({a:g}, {b:g}; {c:g}, {d:g}) is singular: pixels have no area"
    if any(header[name] == 0.0 for name in scales):
        yield f"CDELT1{key} or CDELT2{key} is zero: pixels have no area"


def _axis_problems(header: Mapping[str, Any], key: str) -> Iterator[str]:
    """Axes that are stated, and are not right ascension and declination, in degrees, by one projection."""
    axes = [str(header.get(f"CTYPE{axis}{key}", "")).strip() for axis in (1, 2)]
    for axis, name in ((1, "RA--"), (2, "DEC-")):
        if axes[axis - 1] and not axes[axis - 1].startswith(name):
            yield f"CTYPE{axis}{key} is {axes[axis - 1]!r}, which does not begin with {name}"
    for axis in (1, 2):
        unit = str(header.get(f"CUNIT{axis}{key}", "")).strip()
        if unit and not unit.lower().startswith("deg"):
            yield f"CUNIT{axis}{key} is {unit!r}, but HST's coordinates are in degrees"
    if all(axes) and len({axis[5:] for axis in axes}) > 1:
        yield f"CTYPE1{key} is {axes[0]!r} and CTYPE2{key} {axes[1]!r}: two projections"


def is_number(value: object) -> bool:
    """Whether a header's value is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
