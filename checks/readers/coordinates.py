"""Whether a header's world coordinates can be used at all, in words that need no knowledge of wcslib."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["coordinate_problem", "frame_problem", "is_number", "order_problem"]

# Frames of HST's coordinates; they differ by 0.02 arcsec at most.
_FRAMES = ("ICRS", "FK5", "")
# The tangent plane, as HST's tools write it and measurements take it, also with a distortion.
_PROJECTIONS = ("TAN", "TAN-SIP", "TPV")
_POINTS = ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2")
_MATRIX = ("CD1_1", "CD1_2", "CD2_1", "CD2_2")
_SCALES = ("CDELT1", "CDELT2")
_TURNS = ("PC1_1", "PC1_2", "PC2_1", "PC2_2")
# Orders of the polynomials of a distortion (Shupe et al. 2005): time and memory go with their squares.
_ORDERS = ("A_ORDER", "B_ORDER", "AP_ORDER", "BP_ORDER")
_HIGHEST_ORDER = 9
# Degrees; a tangent plane has its pole, and so its north, where the reference point is.
_LONPOLE = 180.0
# Of the largest element of a matrix: a tenth of a pixel over a chip.
_SAME = 2e-5
# Pixels from an image to its reference point: all of the sky at 0.02 arcsec a pixel.
_FARTHEST = 1e8


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
    return _turned(header)


def _turned(header: Mapping[str, Any]) -> str:
    """What turns the image for whoever reads the whole header, though CRVAL and the CD matrix are right."""
    if any(name in header for name in _TURNS) and any(name in header for name in _MATRIX):
        # Where they say the same, as after header.update(wcs.to_header()), it does no harm.
        departure = largest = 0.0
        for i, j in ((1, 1), (1, 2), (2, 1), (2, 2)):
            element = header.get(f"CD{i}_{j}", 0.0)
            turn, side = header.get(f"PC{i}_{j}", float(i == j)), header.get(f"CDELT{i}", 1.0)
            other = turn * side if is_number(turn) and is_number(side) else math.inf
            departure, largest = max(departure, abs(other - element)), max(largest, abs(element))
        if departure > _SAME * largest:
            return "PCi_j with CDELTi differ from the CD matrix, and readers take either: remove them"
    pole = header.get("LONPOLE", _LONPOLE)
    if not is_number(pole) or abs(pole - _LONPOLE) > 1e-6:
        return f"LONPOLE is {pole!r}, which turns the image about CRVAL: remove it, or make it {_LONPOLE:g}"
    return ""


def order_problem(header: Mapping[str, Any]) -> str:
    """Which order of a header's distortion is none; empty where all are, or there is no distortion."""
    for name in _ORDERS:
        order = header.get(name, 0)
        if not is_number(order) or order != int(order) or not 0 <= order <= _HIGHEST_ORDER:
            return f"{name} is {order!r}, not a whole number from 0 to {_HIGHEST_ORDER}"
    return ""


def _problems(header: Mapping[str, Any], key: str) -> Iterator[str]:
    # Of a CD matrix the missing elements are zero; without any, PC and CDELT take its place.
    matrix = tuple(f"{name}{key}" for name in _MATRIX if f"{name}{key}" in header)
    scales = () if matrix else tuple(f"{name}{key}" for name in _SCALES)
    for name in (*(f"{name}{key}" for name in _POINTS), *matrix, *scales):
        if not is_number(header.get(name)):
            yield f"{name} is {header[name]!r}, not a number" if name in header else f"{name} is missing"
            return
    if not key and is_number(header.get("WCSAXES")) and header["WCSAXES"] > 2:
        yield f"WCSAXES is {header['WCSAXES']}, but an image has two axes"
    for name in (f"CRPIX1{key}", f"CRPIX2{key}"):
        if abs(header[name]) > _FARTHEST:
            yield f"{name} is {header[name]:g}, on no image"
    yield from _axis_problems(header, key)
    if not key and (problem := order_problem(header)):
        yield problem
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
