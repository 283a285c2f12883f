"""An exposure's coordinates against what its header says of pointing, roll and scale.

A header has witnesses of its coordinates that a wrong fit, a wrong headerlet or a slip of the pen leaves
alone: the roll of the telescope with the terms of the IDCTAB, the place of the aperture on the sky, and the
target. All of them are of the telescope, so they bound the coordinates no closer than its pointing does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from astropy.io.fits import Header

from hubble_qa.checks.astrometry.focal_plane import chip_place, place_on_sky, roll_at
from hubble_qa.checks.astrometry.linear_solutions import (
    HALF_SKY,
    ORIGINAL,
    LinearSolution,
    linear_solution,
)
from hubble_qa.checks.astrometry.world_coordinates import binning, distortion_name
from hubble_qa.checks.instruments import Camera
from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_measured, not_told
from hubble_qa.checks.readers.coordinates import coordinate_problem, frame_problem
from hubble_qa.checks.readers.exposure import Exposure

__all__ = ["Departure", "contradicted", "coordinate_violations", "is_fit", "separation"]

# Relative, against the terms of the IDCTAB: solutions of the archive and of TweakReg are within 2e-4 of them;
# the aberration of light, which updatewcs takes out, is 1e-4. A fit may change it by 5e-4 (AST-005).
SCALE = 0.002
# Against the record of a WFPC2 chip: real headers without the terms are within 0.24 %.
RECORD_SCALE = 0.01
# Against a camera's rounded plate scale: pixels are not square, HRC's and SBC's by a tenth.
NOMINAL_SCALE = 0.1
# Degrees: headers without a fit agree to 1e-4, OPUS's own to 0.012; the telescope's roll with one guide star,
# which a fit shows, is off by up to 0.2.
ANGLE = 0.1
FITTED_ANGLE = 0.3
# Arcsec: the pointing of the oldest guide stars is off by 2, of an aperture's place in old tables by as much.
POINTING = 10.0
# Arcsec: between the detectors of STIS and of NICMOS.
OTHER_DETECTOR = 150.0
# Arcsec, against the record of WFPC2's chips: real headers of the observatory agree to 0.02, and the chips
# moved by less than 1 in 15 years.
CHIP_PLACE = 2.0
# The pixel that the record of a chip's place is of, counted from 1.
RECORD_PIXEL = np.array([[425.0, 425.0]])
# Arcsec: WFPC2's headers know the target only; in parallel, the target of another instrument 14' away.
NEAR_TARGET = 900.0
# What counts for coordinates that cannot be used.
UNUSABLE = 1000.0


@dataclass(frozen=True, slots=True)
class Departure:
    """What departs from its witness, in words, and by how much of what is tolerated."""

    text: str
    ratio: float


def coordinate_violations(exposure: Exposure) -> Measurement:
    """Count the witnesses in its header that an exposure's coordinates contradict.

    Of each chip: scale and handedness within `SCALE` of those by the IDCTAB's terms in its header (of WFPC2
    within `RECORD_SCALE` of the chip's record, else within `NOMINAL_SCALE` of the camera's plate scale);
    orientation within `ANGLE` of that by PA_V3 and these (else of ORIENTAT and PA_APER), `FITTED_ANGLE` where
    a fit found the roll. Of the exposure: the place of its aperture, RA_APER and DEC_APER, within `POINTING`,
    at the pixel that the original solution (key O) gives it.

    Parameters
    ----------
    exposure : Exposure
        An exposure that is calibrated.
    """
    quantity, camera, headers = "coordinate_violations", exposure.camera, exposure.science_headers()
    if camera is None:
        name = f"{exposure.instrument} {exposure.detector}".strip() or "a camera that is not named"
        return not_measured(quantity, exposure.label, f"the scale of {name} is not known: check INSTRUME")
    if not headers:
        return not_measured(quantity, exposure.label, "there are no science headers to look at")
    departures: list[Departure] = []
    solutions: dict[int, LinearSolution] = {}
    for chip, header in headers.items():
        solution = linear_solution(header)
        if solution is None:
            problem = coordinate_problem(header) or "there is no CD matrix"
            departures.append(Departure(f"SCI,{chip}: {problem}", UNUSABLE))
            continue
        if problem := frame_problem(header):
            departures.append(Departure(f"SCI,{chip}: {problem}", UNUSABLE))
        solutions[chip] = solution
        departures += _chip_departures(exposure, camera, chip, solution)
    departures += _orientation_by_aperture(exposure, camera, solutions)
    departures += _chips_beside(exposure, camera, solutions)
    departures += _pointing(exposure, camera, solutions)
    return contradicted(quantity, exposure.label, departures)


# What to do about an exposure whose coordinates are wrong, and about a drizzled image.
_RESTORE = "restore a solution that the header keeps, or run updatewcs and align anew"
DRIZZLE_AGAIN = "mend the coordinates of its inputs, if these are wrong, and drizzle it again"


def contradicted(
    quantity: str, subject: str, departures: list[Departure], remedy: str = _RESTORE
) -> Measurement:
    """Count the departures that are beyond what is tolerated; the worst are named first."""
    if not departures:
        return not_told(quantity, subject, "the header has no keyword to compare its coordinates with")
    worst = sorted(
        departures, key=lambda one: one.ratio if one.ratio == one.ratio else math.inf, reverse=True
    )
    beyond = [one.text for one in worst if not one.ratio <= 1.0]
    context: dict[str, Json] = {"departures_over_tolerances": {one.text: one.ratio for one in departures}}
    found = count_violations(quantity, subject, beyond, context)
    return replace(found, remedy=remedy) if beyond else found


def separation(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Distance of two positions, degrees, on the sky, arcsec."""
    (a1, d1), (a2, d2) = np.radians(first), np.radians(second)
    squared = math.sin((d2 - d1) / 2) ** 2 + math.cos(d1) * math.cos(d2) * math.sin((a2 - a1) / 2) ** 2
    return 3600.0 * math.degrees(2.0 * math.asin(min(1.0, math.sqrt(squared))))


def _chip_departures(
    exposure: Exposure, camera: Camera, chip: int, solution: LinearSolution
) -> Iterator[Departure]:
    """Scale, handedness and orientation of a chip."""
    header = exposure.header("SCI", chip)
    place, roll = chip_place(header, camera), _number(exposure.primary, "PA_V3")
    if place is None:
        scale = 3600.0 * math.sqrt(abs(np.linalg.det(solution.matrix)))
        expected_scale = camera.plate_scale * binning(header, exposure.primary)
        yield from _scale(chip, scale / expected_scale, np.linalg.det(solution.matrix) < 0, NOMINAL_SCALE)
        yield from _stated_orientation(header, chip, solution)
        return
    # Scale and handedness are the same at any roll.
    angle = roll_at(roll or 0.0, float(solution.crval[1]), place.v2, place.v3) + place.theta
    # The IDCTAB's terms are those of the pixels that there are, the record's those of the detector.
    pixel = binning(header, exposure.primary) if place.nominal else 1.0
    expected = pixel * place_on_sky(camera, angle) @ place.matrix / 3600.0
    change = solution.matrix @ np.linalg.inv(expected)
    determinant = float(np.linalg.det(change))
    allowed = RECORD_SCALE if place.nominal else SCALE
    yield from _scale(chip, math.sqrt(abs(determinant)), determinant > 0, allowed)
    if roll is None:
        yield from _stated_orientation(header, chip, solution)
    elif determinant > 0:
        turned = math.degrees(math.atan2(change[0, 1] - change[1, 0], change[0, 0] + change[1, 1]))
        allowed = FITTED_ANGLE if is_fit(exposure, solution.name) else ANGLE
        text = f"SCI,{chip}: its orientation is {turned:+.3f} deg from that by PA_V3 = {roll:g} ({allowed:g})"
        yield Departure(text, abs(turned) / allowed)


def _scale(chip: int, ratio: float, same_hand: bool, allowed: float) -> Iterator[Departure]:
    if not same_hand:
        yield Departure(f"SCI,{chip}: its axes are mirrored on the sky", 2.0 / allowed)
    text = f"SCI,{chip}: its scale is {ratio:.5g} of what the header's table or camera has ({allowed:.1%})"
    yield Departure(text, abs(ratio - 1.0) / allowed)


def _stated_orientation(header: Header, chip: int, solution: LinearSolution) -> Iterator[Departure]:
    """Orientation against ORIENTAT, the position angle of the y axis."""
    stated = _number(header, "ORIENTAT")
    if stated is not None:
        turned = _turn(solution, stated)
        text = f"SCI,{chip}: its orientation is {turned:+.3f} deg from ORIENTAT = {stated:g} ({ANGLE:g})"
        yield Departure(text, abs(turned) / ANGLE)


def _turn(solution: LinearSolution, angle: float) -> float:
    """Position angle of the y axis less an angle, degrees, within [-180, 180)."""
    return (math.degrees(math.atan2(*solution.matrix[:, 1])) - angle + 180.0) % 360.0 - 180.0


def _orientation_by_aperture(
    exposure: Exposure, camera: Camera, solutions: dict[int, LinearSolution]
) -> Iterator[Departure]:
    """Orientation against PA_APER, where chips do not tell theirs: within what the chips span."""
    roll = _number(exposure.primary, "PA_V3")
    placed = [
        roll is not None and chip_place(exposure.header("SCI", chip), camera) is not None
        for chip in solutions
    ]
    stated = [_number(exposure.header("SCI", chip), "PA_APER") for chip in solutions]
    angle = next((one for one in stated if one is not None), None)
    if angle is None or not placed or all(placed):
        return
    turned, allowed = [_turn(one, angle) for one in solutions.values()], camera.aperture_angle or ANGLE
    least = 0.0 if min(turned) <= 0.0 <= max(turned) else min(turned, key=abs)
    text = f"the orientation is {least:+.3f} deg from PA_APER = {angle:g} ({allowed:g})"
    yield Departure(text, abs(least) / allowed)


def _pointing(
    exposure: Exposure, camera: Camera, solutions: dict[int, LinearSolution]
) -> Iterator[Departure]:
    """Distance of the coordinates from the aperture's place on the sky, else from the target."""
    for chip, solution in solutions.items():
        header = exposure.header("SCI", chip)
        aperture = _position(header, "RA_APER", "DEC_APER")
        original = linear_solution(header, ORIGINAL)
        if aperture is None or original is None:
            continue
        pixel = original.pixels(np.array([aperture]))
        if np.isfinite(pixel).all():
            ra, dec = solution.sky(pixel)[0]
            yield _distance(f"SCI,{chip}: its pixel", separation((ra, dec), aperture), "RA_APER, DEC_APER")
            return
    yield from _rough_pointing(exposure, camera, solutions)


def _chips_beside(
    exposure: Exposure, camera: Camera, solutions: dict[int, LinearSolution]
) -> Iterator[Departure]:
    """Places of chips beside one another, by the camera's record, where no IDCTAB's terms tell them."""
    roll = _number(exposure.primary, "PA_V3")
    headers = {chip: exposure.header("SCI", chip) for chip in solutions}
    places = {
        chip: record.place
        for chip, header in headers.items()
        if (record := camera.chips.get(header.get(camera.chip_keyword, 0))) is not None
        and record.place is not None
        and binning(header, exposure.primary) == 1.0
        and (found := chip_place(header, camera)) is not None
        and found.nominal
    }
    if roll is None or len(places) < 2:
        return
    turn = math.radians(roll)
    axes = np.array([(math.cos(turn), -math.sin(turn)), (math.sin(turn), math.cos(turn))])
    tables = {}
    for one, here in places.items():
        origin = solutions[one].plane(solutions[one].sky(RECORD_PIXEL))[0]
        tables[one] = {
            other: solutions[one].plane(solutions[other].sky(RECORD_PIXEL))[0]
            - origin
            - (np.array(there) - here) @ axes
            for other, there in places.items()
        }
    offsets = {one: {other: float(np.hypot(*d)) for other, d in row.items()} for one, row in tables.items()}
    # The chip to which most others fit.
    first = min(offsets, key=lambda one: float(np.median(list(offsets[one].values()))))
    for other, distance in offsets[first].items():
        if other != first:
            yield _distance(
                f"SCI,{other}", distance, f"its place in the camera beside SCI,{first}", CHIP_PLACE
            )


def _of_aperture(camera: Camera, solutions: dict[int, LinearSolution]) -> float:
    """How far the nearest reference point may be from the aperture, arcsec.

    As served, the reference point of a camera of one chip is the aperture's: to 1e-9 deg in real headers of
    HRC and of IR subarrays. updatewcs, which names its solutions, moves it to the IDCTAB's.
    """
    served = len(camera.chips) == 1 and not any(solution.name for solution in solutions.values())
    return POINTING if served else _on_detector(camera)


def _on_detector(camera: Camera) -> float:
    """Half the diagonal of a camera's field, arcsec, and the pointing's error.

    Where a header does not say at which pixel the aperture is, it is on the detector; of STIS and NICMOS it
    may be another one's.
    """
    return OTHER_DETECTOR if camera.form_only else math.sqrt(2.0 * camera.field) / 2.0 + POINTING


def _rough_pointing(
    exposure: Exposure, camera: Camera, solutions: dict[int, LinearSolution]
) -> Iterator[Departure]:
    apertures = [_position(exposure.header("SCI", chip), "RA_APER", "DEC_APER") for chip in solutions]
    aperture = next((one for one in apertures if one is not None), None)
    target = _position(exposure.primary, "RA_TARG", "DEC_TARG")
    where, keywords, allowed = (
        (aperture, "RA_APER, DEC_APER", _of_aperture(camera, solutions))
        if aperture
        else (target, "RA_TARG, DEC_TARG", NEAR_TARGET)
    )
    if where is None or not solutions:
        return
    distances = [separation((float(one.crval[0]), float(one.crval[1])), where) for one in solutions.values()]
    yield _distance("the nearest chip's reference point", min(distances), keywords, allowed)


def _distance(what: str, distance: float, keywords: str, allowed: float = POINTING) -> Departure:
    shown = f"{distance:.4g} arcsec" if distance < 3600.0 else f"{distance / 3600.0:.4g} deg"
    distance = distance if math.isfinite(distance) else HALF_SKY
    return Departure(f"{what} is {shown} from {keywords} ({allowed:.3g} arcsec)", distance / allowed)


def is_fit(exposure: Exposure, name: str) -> bool:
    """Whether a solution is more than the distortion's: by its name, which a fit extends or replaces."""
    return bool(name) and name != distortion_name(exposure.primary) and not name.startswith("OPUS")


def _position(header: Header, *keys: str) -> tuple[float, float] | None:
    ra, dec = (_number(header, key) for key in keys)
    return None if ra is None or dec is None else (ra, dec)


def _number(header: Header, key: str) -> float | None:
    value = header.get(key)
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable else None
