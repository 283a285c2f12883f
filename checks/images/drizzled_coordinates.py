"""A drizzled image's coordinates: without distortion, and where its inputs and its header say it is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.header_coordinates import (
    ANGLE,
    DRIZZLE_AGAIN,
    NEAR_TARGET,
    POINTING,
    UNUSABLE,
    Departure,
    contradicted,
    separation,
)
from hubble_qa.checks.astrometry.linear_solutions import HALF_SKY
from hubble_qa.checks.astrometry.world_coordinates import linear_matrix, orientation, plate_scale
from hubble_qa.checks.measurement import Json, Measurement, count_violations
from hubble_qa.checks.readers.coordinates import coordinate_problem, frame_problem
from hubble_qa.checks.readers.drizzled import Drizzled

__all__ = ["Extents", "distortion_keyword_violations", "drizzled_coordinate_violations"]

# What astropy, wcslib or ds9 take for a distortion: SIP, look-up tables, and SCAMP's polynomials.
_DISTORTION = re.compile(
    r"(?:A|B|AP|BP)_(?:ORDER|\d+_\d+)|CPDIS[12]|CPERR[12]|DP[12]|D2IMDIS[12]|D2IM[12]|AXISCORR|PV[12]_\d+"
)
# Relative, against AstroDrizzle's record, which agrees to 1e-12.
SCALE = 0.01
# The middle of the covered area is within a pixel of the inputs' on simulated images of all cameras; flagged
# corners take some pixels from one end.
EXTENT_PIXELS = 5.0
EXTENT = 0.5  # arcsec
# Detector pixels, of the sources' median: 0.01 in clean images of WFPC2, ACS, UVIS and IR.
SOURCES = 0.3
# Detector pixels, of a chip's sources beside those of the exposure's other chips.
CHIP_SOURCES = 0.5


class Extents(NamedTuple):
    """First and last column and row, counted from 0, that have weight, and those that the inputs reach.

    Each of shape (2, 2): x and y, first and last; `frame` has those of the image itself.
    """

    covered: NDArray[np.float64]
    reached: NDArray[np.float64]
    frame: NDArray[np.float64]


def distortion_keyword_violations(image: Drizzled) -> Measurement:
    """Count the keywords of a drizzled image's header that describe a distortion.

    Drizzling has removed it: whoever reads the image by such a header removes it once more.

    Parameters
    ----------
    image : Drizzled
        The image.
    """
    header = image.header
    found = [key for key in dict.fromkeys(header) if _DISTORTION.fullmatch(key)]
    found += [
        f"{key} = {header[key]}"
        for key in ("CTYPE1", "CTYPE2")
        if re.search(r"-(SIP|TPV|TPD|ZPN)$", str(header.get(key, "")).strip())
    ]
    context: dict[str, Json] = {"keywords": [*found]}
    violations = [f"{key} describes a distortion" for key in found]
    if violations:
        violations[0] += ", which drizzling has removed: delete these keywords, and -SIP from CTYPE"
    return count_violations("distortion_keyword_violations", image.label, violations, context)


def drizzled_coordinate_violations(
    image: Drizzled,
    extents: Extents | None,
    *,
    same_solution: bool = True,
    offsets: Mapping[str, tuple[float, float]] = MappingProxyType({}),
) -> Measurement:
    """Count the witnesses that a drizzled image's coordinates contradict.

    Scale by AstroDrizzle's record of it (D001SCAL) within `SCALE`; handedness; orientation by ORIENTAT
    within `ANGLE`; the middle of the covered area by the inputs' coordinates within `EXTENT_PIXELS` or
    `EXTENT`, whichever is more. Where not all inputs are there, the reference point is within
    `NEAR_TARGET` and the image's size of the aperture or target.

    Parameters
    ----------
    image : Drizzled
        The image.
    extents : Extents or None
        What is covered and what the inputs reach; None where not all of them are there.
    same_solution : bool
        Whether the inputs still carry the solution that the image names; if not, `POINTING` is tolerated.
    offsets : mapping of str to (float, float)
        Of each chip of the inputs, the median offset of its sources from where the image has them, pixels
        of the chip; their median is within `SOURCES`, and none is longer than that of the exposure's other
        chips by more than `CHIP_SOURCES`. A chip is called by its exposure and its own name:
        ``"u5jx0108r_flt SCI,1"``.
    """
    problem = coordinate_problem(image.header)
    if problem:
        departures = [Departure(problem, UNUSABLE)]
    else:
        departures = [*_frame(image)]
        if extents is None:
            departures += _rough_place(image)
        else:
            departures += _place(image, extents, same_solution)
        if same_solution:
            departures += _sources(offsets)
    return contradicted("coordinate_violations", image.label, departures, DRIZZLE_AGAIN)


def _frame(image: Drizzled) -> Iterator[Departure]:
    """Axes, frame, scale, handedness and orientation."""
    if problem := frame_problem(image.header):
        yield Departure(problem, UNUSABLE)
    for key in ("CTYPE1", "CTYPE2"):
        if not str(image.header.get(key, "")).strip():
            yield Departure(f"{key} is missing: its axes are not on the sky", UNUSABLE)
    scale, asked = plate_scale(image.header), image.keyword("D001SCAL")
    if np.linalg.det(linear_matrix(image.header)) > 0:
        yield Departure("its axes are mirrored on the sky", 2.0 / SCALE)
    if isinstance(asked, (int, float)) and asked > 0:
        times = scale / asked
        text = f"its scale is {times:.5g} of D001SCAL = {asked:g} arcsec ({SCALE:.0%})"
        if round(times) > 1 and abs(times / round(times) - 1.0) < SCALE:
            text += (
                f": as of one that was binned {round(times)} x {round(times)}; judge it as it was drizzled"
            )
        yield Departure(text, abs(times - 1.0) / SCALE)
    stated = image.header.get("ORIENTAT")
    if isinstance(stated, (int, float)) and math.isfinite(stated):
        turned = (orientation(image.header) - stated + 180.0) % 360.0 - 180.0
        text = f"its orientation is {turned:+.3f} deg from ORIENTAT = {stated:g} ({ANGLE:g})"
        yield Departure(text, abs(turned) / ANGLE)


def _place(image: Drizzled, extents: Extents, same_solution: bool) -> Iterator[Departure]:
    scale = plate_scale(image.header)
    allowed = max(EXTENT, EXTENT_PIXELS * scale) if same_solution else POINTING
    offsets = [_middle(*one) for one in zip(*extents, strict=True)]
    known = [offset for offset in offsets if offset is not None]
    if not known:
        yield from _rough_place(image)
        return
    distance = scale * math.hypot(*known)
    distance = distance if math.isfinite(distance) else HALF_SKY
    text = f"its covered area is {distance:.3g} arcsec from that of its inputs' coordinates ({allowed:.3g})"
    yield Departure(text, distance / allowed)


def _sources(offsets: Mapping[str, tuple[float, float]]) -> Iterator[Departure]:
    """Where the sources are on most chips, and on the one that departs most from its exposure's others.

    One exposure that is out of place is for AST-024; a chip that no other exposure sees is not.
    """
    if not offsets:
        return
    distance = float(np.hypot(*np.median(np.array([*offsets.values()]), axis=0)))
    text = f"its sources are {distance:.3g} detector pixels from those of its inputs ({SOURCES:g})"
    yield Departure(text, distance / SOURCES)
    lengths = {name: math.hypot(*offset) for name, offset in offsets.items()}
    beyond = {}
    for name, length in lengths.items():
        exposure = name.rpartition(" ")[0]
        others = [lengths[other] for other in lengths if other != name and other.startswith(f"{exposure} ")]
        if others:
            beyond[name] = length - float(np.median(others))
    if beyond:
        worst = max(beyond, key=lambda name: beyond[name])
        text = f"on {worst} they are {lengths[worst]:.3g} pixels from where the image has them"
        yield Departure(f"{text} ({CHIP_SOURCES:g} more than its other chips)", beyond[worst] / CHIP_SOURCES)


def _middle(
    covered: NDArray[np.float64], reached: NDArray[np.float64], frame: NDArray[np.float64]
) -> float | None:
    """Offset, pixels, of what is covered along an axis; by ends that the frame does not cut off."""
    if not np.isfinite(reached).all():
        return math.inf
    whole = (reached >= frame - 1.0, reached <= frame + 1.0)
    if not (whole[0][0] or whole[1][1]):
        return None
    # Beyond one end of the frame: by the other.
    ends = [covered[0] - reached[0]] if whole[0][0] else []
    ends += [covered[1] - reached[1]] if whole[1][1] else []
    return float(np.mean(ends))


def _rough_place(image: Drizzled) -> Iterator[Departure]:
    for keys in (("RA_APER", "DEC_APER"), ("RA_TARG", "DEC_TARG")):
        where = tuple(image.keyword(key) for key in keys)
        if all(isinstance(one, (int, float)) and math.isfinite(one) for one in where):
            header = image.header
            size = max(header.get("NAXIS1", 0), header.get("NAXIS2", 0)) * plate_scale(header)
            distance = separation((header["CRVAL1"], header["CRVAL2"]), (where[0], where[1]))
            allowed = NEAR_TARGET + size
            shown = f"{distance:.4g} arcsec" if distance < 3600.0 else f"{distance / 3600.0:.4g} deg"
            text = f"its reference point is {shown} from {', '.join(keys)} ({allowed:.4g} arcsec)"
            yield Departure(text, distance / allowed)
            return
