"""Fits among finished products: rows of shift files, and the match files that belong to them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io.fits import Header

from hubble_qa.checks.astrometry.fit_keywords import keyword_rms_consistency
from hubble_qa.checks.astrometry.header_solutions import header_fit_difference
from hubble_qa.checks.astrometry.solution_names import NOT_ALIGNED
from hubble_qa.checks.measurement import Measurement, not_applicable
from hubble_qa.checks.readers import MATCH_ENDING, MatchFile, ShiftFile, ShiftRow
from hubble_qa.fixtures.finished.files import Kind
from hubble_qa.fixtures.finished.survey import Finished
from hubble_qa.qa.readings import exposure_in, frame_scale, match_file_in, shift_file_in, wcs_in

__all__ = ["Fit", "aligned_to_one_another", "fit_of", "header_and_shifts", "held_fit", "without_match"]

# Match files quote their fit's shift to four decimals.
_QUOTED = 6e-5  # pix


class Fit(NamedTuple):
    """A row of a shift file.

    Attributes
    ----------
    shifts : ShiftFile
        The shift file.
    exposure : str
        The row's file, without its ending.
    match : MatchFile or None
        The match file of the fit; None where there is none.
    any_match : bool
        Whether any row of the shift file has one.
    """

    shifts: ShiftFile
    exposure: str
    match: MatchFile | None
    any_match: bool


def fit_of(found: Finished, label: str) -> Fit:
    """The fit of a label like ``"shifts u5jx0108r_flt"``: a shift file and a row's file.

    Raises
    ------
    ReaderError
        If the shift file or a match file cannot be read.
    """
    file, row = found.row(label)
    matches = {each: _match_of(found, file.path, each) for each in file.exposures}
    known = [match for match in matches.values() if match is not None]
    relative = all(_among_themselves(match, file.exposures) for match in known)
    shifts = shift_file_in(file.path, relative=relative)
    return Fit(shifts, row, matches.get(f"{row}.fits"), any_match=bool(known))


def without_match(quantity: str, fit: Fit) -> Measurement | None:
    """That nothing is left of a shift file's sources: no row of it has a match file; else None."""
    if fit.any_match:
        return None
    reason = f"no match file of {fit.shifts.path.name} is beside it; keep *{MATCH_ENDING} of each fit"
    return not_applicable(quantity, fit.exposure, reason)


def held_fit(found: Finished, label: str) -> Measurement:
    """How far an exposure's headers are from the fit that they hold: the nearest of its match files.

    There may be several, of alignments to several catalogues; the headers hold one of them.
    """
    exposure = exposure_in(found.files[label].path)
    types = {str(header.get("WCSTYPE", "")) for header in exposure.science_headers().values()}
    if all(NOT_ALIGNED in each for each in types):
        reason = f"WCSTYPE is {types.pop()!r}: no fit was written into it; see AST-010"
        return not_applicable("header_fit_difference", label, reason)
    file = found.files[label]
    matches = [
        match_file_in(other.path)
        for other in found.files.values()
        if other.kind is Kind.MATCHES and (other.root, other.suffix) == (file.root, file.suffix)
    ]
    if not matches:
        reason = f"no {file.root}_{file.suffix}{MATCH_ENDING} is among the products; keep that of the fit"
        return not_applicable("header_fit_difference", label, reason)
    chips = {chip: wcs_in(exposure.path, chip) for chip in exposure.chips}
    return min(
        (header_fit_difference(chips, match, exposure=exposure.name) for match in matches),
        key=lambda one: math.inf if one.value is None else one.value,
    )


def header_and_shifts(found: Finished, label: str) -> Measurement:
    """Scatter of an exposure's fit by its header over a shift file's: of several, the one nearest to it.

    It takes TweakReg's reference frame beside the shift file, whose pixels the shift file counts in.
    """
    file = found.files[label]
    shifts = [
        shift_file_in(found.files[each].path)
        for each in found.labels(Kind.SHIFTS)
        if file.path.name in found.files[each].exposures
    ]
    frames = [(one, one.path.with_name(one.reference_frame.partition("[")[0])) for one in shifts]
    exposure = exposure_in(file.path)
    ratios = [
        keyword_rms_consistency(exposure, row, frame_scale=frame_scale(frame))
        for one, frame in frames
        for row in [one.row(file.path.name)]
        if row is not None and frame.is_file()
    ]
    if not ratios:
        reason = "the shift file's frame is not beside it" if shifts else "no shift file has a row of it"
        return not_applicable("rms_consistency", label, reason)
    return min(ratios, key=lambda one: math.inf if one.value is None else abs(one.value - 1.0))


def aligned_to_one_another(found: Finished, carried: Mapping[str, Mapping[int, Header]]) -> bool | None:
    """Whether exposures of one solution were aligned to one of themselves; None where nothing tells.

    A header reads ``not aligned: reference`` for the reference image of a relative alignment and for a
    failed fit to a catalogue alike. The shift file tells them apart: only a reference image has the
    row ``0 0 0 1 0 0``. Without one, match files say where the sources that were fitted to came from.

    Parameters
    ----------
    found : Finished
        The products.
    carried : mapping of str to mapping of int to Header
        Headers of the exposures' chips, by label and EXTVER.
    """
    types = [str(header.get("WCSTYPE", "")) for headers in carried.values() for header in headers.values()]
    if not any("not aligned" in each for each in types):
        return False
    paths = [found.files[label].path for label in carried]
    names = {path.name for path in paths}
    for label in found.labels(Kind.SHIFTS):
        if names & set(found.files[label].exposures):
            return shift_file_in(found.files[label].path).reference is not None
    beside = [path.with_name(f"{path.stem}{MATCH_ENDING}") for path in paths]
    matches = [match_file_in(path) for path in beside if path.is_file()]
    return all(_among_themselves(match, names) for match in matches) if matches else None


def _match_of(found: Finished, shifts: Path, exposure: str) -> MatchFile | None:
    """The match file of a shift file's row; None where there is none, or it is of another shift file.

    TweakReg writes match files under the same names for every catalogue, so that the last fit's remain.
    """
    path = shifts.with_name(f"{exposure.removesuffix('.fits')}{MATCH_ENDING}")
    if not path.is_file():
        return None
    match = match_file_in(path)
    rivals = [
        file.path
        for file in found.files.values()
        if file.kind is Kind.SHIFTS and exposure in file.exposures and file.path.parent == path.parent
    ]
    owners = [rival for rival in rivals if _same_shift(match, shift_file_in(rival).row(exposure))]
    # A match file that no shift file owns contradicts them all, which is for the checks to find.
    return match if not owners or shifts in owners else None


def _same_shift(match: MatchFile, row: ShiftRow | None) -> bool:
    """Whether a match file's header quotes the shift of a shift file's row."""
    quoted = [float(number) for number in match.header.get("X and Y shift", "").split()]
    return (
        row is not None
        and len(quoted) == 2
        and bool(np.allclose(quoted, (row.dx, row.dy), atol=_QUOTED, rtol=0.0))
    )


def _among_themselves(match: MatchFile, rows: Iterable[str]) -> bool:
    """Whether the sources that a fit was made to come from another of the exposures."""
    return all(Path(origin).name.partition("[")[0] in rows for origin in set(match.origin))
