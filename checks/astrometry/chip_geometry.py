"""The chips of an exposure against the geometry of the IDCTAB that its header keeps."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.focal_plane import ChipPlace, chip_place
from hubble_qa.checks.astrometry.header_coordinates import is_fit
from hubble_qa.checks.astrometry.linear_solutions import (
    HALF_SKY,
    ORIGINAL,
    LinearSolution,
    held_solutions,
    linear_solution,
)
from hubble_qa.checks.astrometry.world_coordinates import distortion_name
from hubble_qa.checks.instruments import Camera
from hubble_qa.checks.measurement import Json, Measurement, not_applicable, not_measured
from hubble_qa.checks.readers.exposure import Exposure

__all__ = ["chip_geometry_error"]

_QUANTITY = "chip_geometry_error"
_MAS = 1000.0  # per arcsec


def chip_geometry_error(exposure: Exposure) -> Measurement:
    """Largest distance of a chip from where the IDCTAB's terms in the headers place it, mas.

    Four things are looked at, as far as the headers hold them. Where the chips' reference points are
    relative to one another: by their V2, V3 (for WFPC2 the OFFTAB's), THETA and the linear terms of
    the chip to which most others fit. Whether the reference pixels were moved alike since the original
    solution (key O). After a fit, whether they are those of the kept solutions of the same IDCTAB: a fit
    moves CRVAL, and the distortion is about the reference pixel. And without a fit, whether one chip's
    reference point has still the position that the original solution gives it, from which updatewcs starts.

    Parameters
    ----------
    exposure : Exposure
        An exposure after updatewcs, with or without a fit since.
    """
    camera, headers = exposure.camera, exposure.science_headers()
    if camera is None or not headers:
        return not_measured(_QUANTITY, exposure.label, "there are no science headers of a known camera")
    places = {chip: chip_place(header, camera) for chip, header in headers.items()}
    known = {chip: place for chip, place in places.items() if place is not None and not place.nominal}
    solutions = {chip: linear_solution(header) for chip, header in headers.items()}
    usable = {chip: solution for chip, solution in solutions.items() if solution is not None}
    if known and len(usable) < len(headers):
        useless = ", ".join(f"SCI,{chip}" for chip in headers if chip not in usable)
        reason = f"the coordinates of {useless} cannot be used; see WCS-005"
        return not_measured(_QUANTITY, exposure.label, reason)
    errors = _kept_pixels(exposure, usable) | (_errors(exposure, camera, usable, known) if known else {})
    if not errors:
        reason = (
            "one chip with a fit and no kept solution of its IDCTAB, or no terms of an IDCTAB "
            "(IDCV2REF, OCX10 ...): nothing to compare with"
        )
        return not_applicable(_QUANTITY, exposure.label, reason)
    return _worst(exposure, errors)


def _errors(
    exposure: Exposure,
    camera: Camera,
    solutions: Mapping[int, LinearSolution],
    places: Mapping[int, ChipPlace],
) -> dict[str, float]:
    """What can be compared, in words, and its distance, mas."""
    errors: dict[str, float] = {}
    if len(places) == len(solutions):
        errors |= _relative(camera, solutions, places)
    found = {chip: linear_solution(exposure.header("SCI", chip), ORIGINAL) for chip in solutions}
    originals = {chip: original for chip, original in found.items() if original is not None}
    if len(originals) == len(solutions):
        errors |= _reference_pixels(solutions, originals)
        if not any(is_fit(exposure, solution.name) for solution in solutions.values()):
            errors |= _origin(solutions, originals)
    return errors


def _worst(exposure: Exposure, errors: Mapping[str, float]) -> Measurement:
    worst = max(errors, key=lambda text: errors[text])
    context: dict[str, Json] = {"distances_mas": {**errors}}
    return Measurement(
        _QUANTITY,
        errors[worst],
        "mas",
        exposure.label,
        context=context,
        reason=f"{worst}: {errors[worst]:.4g} mas",
    )


def _relative(
    camera: Camera, solutions: Mapping[int, LinearSolution], places: Mapping[int, ChipPlace]
) -> dict[str, float]:
    """Distance of each chip from its place by the chip to which most others fit."""
    chips = sorted(solutions)
    tables = {one: _distances(camera, one, solutions, places) for one in chips}
    # Of two chips neither is the wrong one by this; of four, the median tells.
    reference = min(chips, key=lambda one: float(np.median(list(tables[one].values()))))
    return {
        f"SCI,{chip} from where the IDCTAB places it beside SCI,{reference}": distance
        for chip, distance in tables[reference].items()
        if chip != reference
    }


def _distances(
    camera: Camera,
    reference: int,
    solutions: Mapping[int, LinearSolution],
    places: Mapping[int, ChipPlace],
) -> dict[int, float]:
    solution, place = solutions[reference], places[reference]
    # From the chip's undistorted frame to the sky, with whatever a fit turned or stretched.
    frame = 3600.0 * solution.matrix @ np.linalg.inv(place.matrix)
    distances = {}
    for chip, other in solutions.items():
        expected = frame @ _in_frame(camera, place, places[chip])
        found = solution.plane(other.crval[None])[0]
        distance = float(np.hypot(*(found - expected)))
        distances[chip] = _MAS * (distance if np.isfinite(distance) else HALF_SKY)
    return distances


def _in_frame(camera: Camera, place: ChipPlace, other: ChipPlace) -> NDArray[np.float64]:
    """Place of another chip in a chip's undistorted frame, arcsec (stwcs: makewcs.upextwcs)."""
    across = camera.parity[0] * (other.v2 - place.v2)
    along = camera.parity[1] * (other.v3 - place.v3)
    angle = np.arctan2(across, along) + np.radians(place.theta)
    return np.asarray(np.hypot(across, along) * np.array([np.sin(angle), np.cos(angle)]), dtype=np.float64)


def _reference_pixels(
    solutions: Mapping[int, LinearSolution], originals: Mapping[int, LinearSolution]
) -> dict[str, float]:
    """How differently the chips' reference pixels were moved since the original solution."""
    moved = {chip: solutions[chip].crpix - originals[chip].crpix for chip in sorted(solutions)}
    return {
        f"CRPIX of SCI,{chip} against that of SCI,{first}, both from their original values": float(
            _MAS * 3600.0 * np.hypot(*(solutions[chip].matrix @ (moved[chip] - moved[first])))
        )
        for first, chip in pairwise(moved)
    }


def _kept_pixels(exposure: Exposure, solutions: Mapping[int, LinearSolution]) -> dict[str, float]:
    """Distance of the chips' reference pixels from those of kept solutions of the same IDCTAB."""
    errors: dict[str, float] = {}
    for chip, solution in solutions.items():
        table = _table(solution.name) or distortion_name(exposure.primary)
        kept = [one for one in held_solutions(exposure.header("SCI", chip)) if _table(one.name) == table]
        if table and kept:
            moved = solution.matrix @ (solution.crpix - kept[0].crpix)
            words = f"CRPIX of SCI,{chip} from that of {kept[0].name}, which the header keeps"
            errors[words] = float(_MAS * 3600.0 * np.hypot(*moved))
    return errors


def _table(name: str) -> str:
    """The IDCTAB's part of a solution's name: ``IDC_w3m18525i-FIT_REL_GAIAeDR3``; empty for a user's name."""
    return name.partition("-")[0] if name.startswith("IDC_") else ""


def _origin(
    solutions: Mapping[int, LinearSolution], originals: Mapping[int, LinearSolution]
) -> dict[str, float]:
    """Distance of the chip that updatewcs started from, the nearest, from its original position."""
    distances = {
        chip: float(np.hypot(*(originals[chip].plane(one.crval[None])[0] - _offset(one, originals[chip]))))
        for chip, one in solutions.items()
    }
    chip = min(distances, key=lambda one: distances[one])
    return {f"SCI,{chip} from its place by the original solution": _MAS * distances[chip]}


def _offset(solution: LinearSolution, original: LinearSolution) -> NDArray[np.float64]:
    return np.asarray(3600.0 * original.matrix @ (solution.crpix - original.crpix), dtype=np.float64)
