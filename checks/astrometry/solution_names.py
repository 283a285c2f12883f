"""Names of world coordinate solutions: which one each exposure of an alignment carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from astropy.io.fits import Header

from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_measured
from hubble_qa.checks.printable import stated

__all__ = ["NOT_ALIGNED", "Solutions", "same_coordinates", "wcs_name_violations"]

Solutions: TypeAlias = Mapping[str, Mapping[int, Header]]

# How WCSTYPE begins of a reference image, and of an exposure whose fit failed.
NOT_ALIGNED = "not aligned"

# Linear terms of a chip's coordinates; header cards hold some 13 digits of them.
_COORDINATES = ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")
_CARD_PRECISION = 1e-11


def wcs_name_violations(
    solutions: Solutions,
    *,
    wcsname: str | Mapping[str, str],
    relative: bool,
    subject: str,
    archive: Solutions | None = None,
) -> Measurement:
    """Count where exposures do not carry the solution that they should.

    A failed fit still writes the requested WCSNAME, but WCSTYPE ``"not aligned: reference"``; so
    does the reference image of a relative alignment, the only one that may. With the archive's
    headers at hand, an exposure that should have kept the archive's solution must have its numbers
    too, and one that was fitted must have others.

    Parameters
    ----------
    solutions : mapping of str to mapping of int to Header
        Headers of the SCI extensions of each exposure, by name and EXTVER, as they are to be drizzled.
    wcsname : str or mapping of str to str
        The WCSNAME that each exposure should carry: TweakReg's, or by exposure, the archive's own
        WCSNAME for those whose fit was not accepted. With ``updatehdr=False`` TweakReg leaves the
        headers alone, so that only what came after the decision can be judged.
    relative : bool
        Whether the exposures were aligned to one of themselves, rather than to a catalogue.
    subject : str
        The alignment's name.
    archive : mapping of str to mapping of int to Header, optional
        As `solutions`, of the exposures as the archive served them.
    """
    if not solutions or not all(solutions.values()):
        return not_measured("wcs_name_violations", subject, "there are no science headers to look at")
    expected = dict.fromkeys(solutions, wcsname) if isinstance(wcsname, str) else dict(wcsname)
    undecided = sorted(set(solutions) ^ set(expected))
    violations = [f"{exposure}: headers or a decision are missing" for exposure in undecided]
    unaligned: list[str] = []
    for exposure in (exposure for exposure in solutions if exposure in expected):
        headers, name = solutions[exposure], expected[exposure]
        violations += _name_violations(exposure, headers, name)
        if archive is not None:
            violations += _number_violations(exposure, headers, archive.get(exposure, {}), name)
        if all(NOT_ALIGNED in str(header.get("WCSTYPE", "")) for header in headers.values()):
            unaligned.append(exposure)
    violations += _reference_violations(unaligned, relative)
    context: dict[str, Json] = {"wcsname": {**expected}, "not_aligned": [*unaligned], "relative": relative}
    return count_violations("wcs_name_violations", subject, violations, context)


def _name_violations(exposure: str, headers: Mapping[int, Header], name: str) -> list[str]:
    violations = [
        f"{exposure} SCI,{chip}: WCSNAME is {stated(header, 'WCSNAME')}, not {name!r}"
        for chip, header in headers.items()
        if header.get("WCSNAME") != name
    ]
    types = {str(header.get("WCSTYPE", "")).strip() for header in headers.values()}
    if len(types) > 1 or "" in types:
        violations.append(f"{exposure}: WCSTYPE reads {' | '.join(sorted(types)) or 'nothing'!r}")
    return violations


def _number_violations(
    exposure: str, headers: Mapping[int, Header], archive: Mapping[int, Header], name: str
) -> list[str]:
    """Whether an exposure's coordinates are the archive's where its name says so, and only there."""
    if set(archive) != set(headers):
        return [f"{exposure}: the archive's chips are {sorted(archive)}, not {sorted(headers)}"]
    violations = []
    for chip, header in headers.items():
        kept = name == archive[chip].get("WCSNAME")
        if kept != same_coordinates(header, archive[chip]):
            whose = "are not the archive's" if kept else "are still the archive's"
            violations.append(f"{exposure} SCI,{chip}: named {name!r}, but the coordinates {whose}")
    return violations


def same_coordinates(first: Header, second: Header) -> bool:
    """Whether two headers have the same linear terms, as exactly as cards hold them."""
    found = [[header.get(key) for key in _COORDINATES] for header in (first, second)]
    numbers = np.array(
        [[one if isinstance(one, int | float) else np.nan for one in each] for each in found],
        dtype=np.float64,
    )
    return bool(np.allclose(numbers[0], numbers[1], rtol=_CARD_PRECISION, atol=0.0))


def _reference_violations(unaligned: Sequence[str], relative: bool) -> list[str]:
    if not relative:
        return [f"{exposure}: WCSTYPE says {NOT_ALIGNED}" for exposure in unaligned]
    if not unaligned:
        return ["no exposure is the reference image"]
    return [f"{exposure}: {NOT_ALIGNED}, besides {unaligned[0]}" for exposure in unaligned[1:]]
