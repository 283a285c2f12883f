"""An exposure's current solution against other copies of its coordinates: kept ones, and the other file's."""

from __future__ import annotations

import numpy as np

from hubble_qa.checks.astrometry.linear_solutions import (
    LinearSolution,
    corners,
    held_solutions,
    linear_solution,
)
from hubble_qa.checks.astrometry.world_coordinates import distortion_name
from hubble_qa.checks.measurement import Json, Measurement, not_applicable, not_measured, not_told
from hubble_qa.checks.readers.exposure import Exposure

__all__ = ["coordinate_difference", "distance_from_distortion_solution"]


def distance_from_distortion_solution(exposure: Exposure) -> Measurement:
    """Largest distance of the current coordinates from those of the kept ``IDC_*`` solution, arcsec.

    Over the middle and corners of the chips, by the linear terms of both: the distortion is the same. A
    fit moves an exposure by the error of its pointing; a larger distance is a false match, or the
    solution of another exposure.

    Parameters
    ----------
    exposure : Exposure
        An exposure with a fit, or a headerlet, applied.
    """
    quantity, distances, current = "distortion_solution_distance", {}, []
    for chip, header in exposure.science_headers().items():
        now, name = linear_solution(header), str(header.get("WCSNAME", "")).strip()
        kept = _kept_distortion(exposure, list(held_solutions(header)))
        if kept is None:
            current.append(name or "none")
        elif now is None:
            reason = f"the coordinates of SCI,{chip} cannot be used; see WCS-005"
            return not_measured(quantity, exposure.label, reason)
        else:
            distances[f"SCI,{chip}"] = _distance(now, kept, exposure.extension("SCI", chip).shape)
    if not distances:
        names = ", ".join(sorted(set(current))) or "none"
        reason = (
            f"the headers keep no IDC_* solution besides the current one ({names}): nothing was fitted on it"
        )
        return not_applicable(quantity, exposure.label, reason)
    worst = max(distances, key=lambda chip: distances[chip])
    context: dict[str, Json] = {"distances_arcsec": {**distances}}
    remedy = (
        "beyond the pointing's error it is a false match, or another exposure's: restore the kept solution, "
        "align anew"
    )
    return Measurement(
        quantity,
        distances[worst],
        "arcsec",
        exposure.label,
        context=context,
        reason=f"largest on {worst}",
        remedy=remedy,
    )


def coordinate_difference(exposure: Exposure, other: Exposure) -> Measurement:
    """Largest distance between the coordinates of two files of one exposure, mas.

    FLT and FLC hold the same pixels' positions. By the linear terms of both: their distortion is the
    same wherever their IDCTAB is, which CAL-002 judges.

    Parameters
    ----------
    exposure, other : Exposure
        The files.
    """
    quantity, distances = "coordinate_difference", {}
    for chip in exposure.chips:
        if other.find("SCI", chip) is None:
            reason = f"{other.path.name} has no SCI,{chip}; see FIL-002"
            return not_told(quantity, exposure.label, reason)
        pair = [linear_solution(file.header("SCI", chip)) for file in (exposure, other)]
        if pair[0] is None or pair[1] is None:
            which = exposure if pair[0] is None else other
            reason = f"the coordinates of SCI,{chip} of {which.path.name} cannot be used; see WCS-005"
            # The other file's own verdicts reject it.
            how = not_measured if pair[0] is None else not_told
            return how(quantity, exposure.label, reason)
        distances[f"SCI,{chip}"] = 1000.0 * _distance(pair[0], pair[1], exposure.extension("SCI", chip).shape)
    if not distances:
        return not_measured(quantity, exposure.label, "there are no science headers to look at")
    worst = max(distances, key=lambda chip: distances[chip])
    names = [str(file.header("SCI").get("WCSNAME", "none")) for file in (exposure, other)]
    context: dict[str, Json] = {"distances_mas": {**distances}, "wcsname": [*names]}
    remark = (
        f"largest on {worst}, between {exposure.path.name} ({names[0]}) and {other.path.name} ({names[1]}); "
        "give both the same solution, by a headerlet"
    )
    return Measurement(quantity, distances[worst], "mas", exposure.label, context=context, reason=remark)


def _kept_distortion(exposure: Exposure, kept: list[LinearSolution]) -> LinearSolution | None:
    """The kept solution of the header's IDCTAB, else of another; None where there is none."""
    plain = [one for one in kept if one.name.startswith("IDC_") and "-" not in one.name]
    plain.sort(key=lambda one: one.name != distortion_name(exposure.primary))
    return plain[0] if plain else None


def _distance(first: LinearSolution, second: LinearSolution, shape: tuple[int, ...]) -> float:
    """Largest distance, arcsec, of a chip's middle and corners by two solutions."""
    pixels = corners(shape if len(shape) == 2 else (1, 1))
    here, there = np.radians(first.sky(pixels)).T, np.radians(second.sky(pixels)).T
    squared = (
        np.sin((there[1] - here[1]) / 2) ** 2
        + np.cos(here[1]) * np.cos(there[1]) * np.sin((there[0] - here[0]) / 2) ** 2
    )
    return float(3600.0 * np.degrees(np.max(2.0 * np.arcsin(np.sqrt(np.minimum(squared, 1.0))))))
