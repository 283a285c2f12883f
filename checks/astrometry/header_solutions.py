"""What an exposure's headers and headerlet hold, against the fit that they should hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.sky import sky_offsets
from hubble_qa.checks.astrometry.solution_names import same_coordinates
from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_measured
from hubble_qa.checks.printable import stated
from hubble_qa.checks.readers.exposure import Exposure
from hubble_qa.checks.readers.match_file import MatchFile

__all__ = ["header_fit_difference", "headerlet_violations"]

Chips: TypeAlias = Mapping[int, Any]


def header_fit_difference(
    chips: Chips, match: MatchFile | None, *, subject: str, moved: NDArray[np.float64] | None = None
) -> Measurement:
    """Largest distance between the sky positions of a fit's sources by the headers and by the fit, mas.

    TweakReg writes where its fit puts each matched source on the sky, and where on which chip it was
    found. Headers that hold the fit, once, with all distortion terms, put it there too; no matter how
    small the shift or how good the scatter. It does not tell whether the fit is right.

    Exposures of a visit that were aligned to one another, and then moved together, hold the fit where their
    reference image is now.

    Parameters
    ----------
    chips : mapping of int to astropy.wcs.WCS
        The headers' solutions by EXTVER, with all distortion terms.
    match : MatchFile or None
        Of the fit that was accepted; None where there is none.
    subject : str
        What the verdict calls the exposure.
    moved : ndarray, shape (n, 2), optional
        East and north displacements of the reference image since the fit at its sources, mas.
    """
    if match is None or not len(match):
        return not_measured("header_fit_difference", subject, "the fit has no match file with sources")
    unknown = sorted(set(match.chip.tolist()) - set(chips))
    if unknown:
        reason = f"the match file has sources on SCI,{unknown[0]}, which the exposure does not have"
        return not_measured("header_fit_difference", subject, reason)
    on_chips = {chip: match.chip == chip for chip in sorted(set(match.chip.tolist()))}
    distances = {
        chip: np.hypot(*(_offsets(chips[chip], match, rows) - (0.0 if moved is None else moved[rows])).T)
        for chip, rows in on_chips.items()
    }
    by_chip: dict[str, Json] = {f"SCI,{chip}": float(np.median(each)) for chip, each in distances.items()}
    worst = float(np.max(np.concatenate([*distances.values()])))
    context: dict[str, Json] = {"median_mas": by_chip, "sources": len(match)}
    reason = ""
    if moved is not None:
        together = float(np.median(np.hypot(*moved.T)))
        context["moved_with_reference_mas"] = together
        reason = f"it moved with the reference image of its fit, by {together:.4g} mas"
    return Measurement("header_fit_difference", worst, "mas", subject, context=context, reason=reason)


def headerlet_violations(
    headerlets: Mapping[str, Exposure], exposures: Mapping[str, Exposure]
) -> Measurement:
    """Count where headerlets are not the solutions of the exposures that they are kept for.

    A headerlet is applied to exposures elsewhere; one of another exposure or of an earlier solution
    does there what it says.

    Parameters
    ----------
    headerlets : mapping of str to Exposure
        Headerlets by the rootname that they are kept for.
    exposures : mapping of str to Exposure
        The exposures by rootname.
    """
    violations = [f"{name}: there is no headerlet" for name in sorted(set(exposures) - set(headerlets))]
    for name in sorted(set(exposures) & set(headerlets)):
        violations += _headerlet_violations(name, headerlets[name], exposures[name])
    names: Json = {name: str(each.primary.get("WCSNAME")) for name, each in headerlets.items()}
    return count_violations("wcs_name_violations", "headerlets", violations, {"wcsname": names})


def _offsets(wcs: Any, match: MatchFile, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    """East and north offsets of the header's positions from the fit's, mas."""
    held = np.asarray(wcs.all_pix2world(match.original_input_xy[rows], 1))
    return sky_offsets(held, match.radec[rows])


def _headerlet_violations(name: str, headerlet: Exposure, exposure: Exposure) -> list[str]:
    meant = str(headerlet.primary.get("DESTIM", "")).strip()
    problems = [] if meant.startswith(name) else [f"{name}: the headerlet is for {meant or 'no exposure'}"]
    solutions = _solutions(headerlet)
    for chip, header in exposure.science_headers().items():
        kept = solutions.get(chip)
        if kept is None:
            problems.append(f"{name} SCI,{chip}: the headerlet has no solution of it")
        elif kept.get("WCSNAME") != header.get("WCSNAME"):
            problems.append(
                f"{name} SCI,{chip}: the headerlet's solution is {stated(kept, 'WCSNAME')}, "
                f"not {stated(header, 'WCSNAME')}"
            )
        elif not same_coordinates(kept, header):
            problems.append(f"{name} SCI,{chip}: the headerlet's coordinates are not the exposure's")
    return problems


def _solutions(headerlet: Exposure) -> Mapping[int, Header]:
    """Headers of a headerlet's solutions, by the EXTVER of the chip that each is for."""
    return {
        int(each.header.get("TG_EVER", each.version)): each.header
        for each in headerlet.extensions
        if each.name == "SIPWCS"
    }
