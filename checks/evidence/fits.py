"""Fits of TweakReg's: rows of shift files, their match files, and what headers hold of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.alignment import fitted_row
from hubble_qa.checks.astrometry.fit_keywords import keyword_rms_consistency
from hubble_qa.checks.astrometry.header_solutions import header_fit_difference
from hubble_qa.checks.astrometry.residuals import CATALOG_ERRORS, MatchedPositions
from hubble_qa.checks.astrometry.sky import sky_offsets
from hubble_qa.checks.astrometry.solution_names import NOT_ALIGNED
from hubble_qa.checks.evidence.exposures import exposure_in, frame_scale, wcs_in
from hubble_qa.checks.measurement import Measurement, not_applicable, not_told
from hubble_qa.checks.readers import (
    MATCH_ENDING,
    MatchFile,
    ReaderError,
    ShiftFile,
    ShiftRow,
    read_match_file,
    read_shift_file,
)
from hubble_qa.checks.readers.compressed import COMPRESSED, name_to_match, plain_name
from hubble_qa.checks.readers.shift_file import NO_RMS

__all__ = [
    "Fit",
    "aligned_to_one_another",
    "catalog_error",
    "fits_in",
    "frame_terms",
    "header_and_shifts",
    "held_fit",
    "match_file_in",
    "matched_positions",
    "missing_reference",
    "pixel_of_fit",
    "reference_moves",
    "shift_file_in",
    "without_match",
]

# Match files quote their fit's shift to four decimals.
_QUOTED = 6e-5  # pix
# Sources that tell the scale of the frame they are in.
_FEWEST_OF_SCALE = 3
# TweakReg's name for where a reference source was measured, "u5jx0108r_flt.fits[3]": file and extension.
_ORIGIN = re.compile(r"(?P<file>\w+\.fits)\[(?P<extension>\d+)\]", re.IGNORECASE)

match_file_in = cache(read_match_file)


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


@cache
def fits_in(path: Path, label: str = "", other_shift_files: tuple[Path, ...] = ()) -> Mapping[str, Fit]:
    """The fits of a shift file, by the files of its rows without their endings.

    Whether the exposures were aligned to one of themselves is told by the match files: where their
    reference sources were measured. Without any match file, a single row of zeros is the reference's.

    Parameters
    ----------
    path : Path
        The shift file; match files lie beside it.
    label : str, optional
        What verdicts are to call it.
    other_shift_files : tuple of Path, optional
        Other shift files in the same directory. TweakReg writes match files under the same names for
        every catalogue, so that the last fit's remain: they count for the shift file whose shift they
        quote.

    Raises
    ------
    ReaderError
        If the shift file or a match file cannot be read.
    """
    rows = read_shift_file(path, label=label).rows
    matches = {row.file: _match_of(path, row, other_shift_files) for row in rows}
    known = [match for match in matches.values() if match is not None]
    files = {row.file_name for row in rows}
    relative = all(_among_themselves(match, files) for match in known)
    shifts = read_shift_file(path, relative=relative, label=label)
    return {
        name: Fit(shifts, name, matches[row.file], any_match=bool(known))
        for row in rows
        for name in [row.file_name.removesuffix(".fits")]
    }


def shift_file_in(path: Path, label: str = "") -> ShiftFile:
    """A shift file; whether it is of exposures aligned to one another, by its match files."""
    return next(iter(fits_in(path, label).values())).shifts


def _match_of(shifts: Path, row: ShiftRow, other_shift_files: Sequence[Path]) -> MatchFile | None:
    """The match file of a shift file's row; None where there is none, or it is of another shift file."""
    path = shifts.with_name(f"{row.file_name.removesuffix('.fits')}{MATCH_ENDING}")
    if not path.is_file():
        return None
    match = match_file_in(path)
    owners = [shifts] if _same_shift(match, row) else []
    owners += [
        other for other in other_shift_files if _same_shift(match, read_shift_file(other).row(row.file))
    ]
    # A match file that no shift file owns contradicts them all, which is for the checks to find.
    return match if not owners or shifts in owners else None


def _same_shift(match: MatchFile, row: ShiftRow | None) -> bool:
    """Whether a match file's header quotes the shift of a shift file's row."""
    quoted = match.shift
    return (
        row is not None
        and len(quoted) == 2
        and bool(np.allclose(quoted, (row.dx, row.dy), atol=_QUOTED, rtol=0.0))
    )


def _among_themselves(match: MatchFile, rows: Iterable[str]) -> bool:
    """Whether the sources that a fit was made to come from another of the exposures."""
    named = set(map(name_to_match, rows))
    return all(name_to_match(origin.partition("[")[0]) in named for origin in set(match.origin))


def without_match(quantity: str, fit: Fit, *, there: bool = True) -> Measurement | None:
    """That nothing is left of a fit's sources, of which more could be told; else None.

    No row of the shift file has a match file, or that of a fit that did not fail was left elsewhere
    together with its exposure.

    Parameters
    ----------
    quantity : str
        What was to be measured.
    fit : Fit
        The fit.
    there : bool
        Whether its exposure is at hand.
    """
    if fit.any_match:
        without_fit = isinstance(fitted_row(quantity, fit.shifts, fit.exposure), Measurement)
        if there or fit.match is not None or without_fit:
            return None
        reason = f"neither {fit.exposure}.fits nor its match file is among the products"
        return not_told(quantity, fit.shifts.subject(fit.exposure), reason)
    reason = f"no match file of {fit.shifts.path.name} is beside it; keep *{MATCH_ENDING} of each fit"
    return not_told(quantity, fit.shifts.subject(fit.exposure), reason)


def catalog_error(fit: Fit) -> float:
    """Error that the reference sources of a fit share, pixels of the frame; see `CATALOG_ERRORS`.

    The catalogue is told by the name of the file that the reference sources came from.

    Parameters
    ----------
    fit : Fit
        The fit.
    """
    origins = " ".join(sorted(set(fit.match.origin))).lower() if fit.match is not None else ""
    error = max((mas for name, mas in CATALOG_ERRORS.items() if name in origins), default=0.0)
    scale = pixel_of_fit(fit) if error else None
    return error / 1000.0 / scale if scale else 0.0


def pixel_of_fit(fit: Fit) -> float | None:
    """Size of the pixels in which a fit's shift is stated, arcsec; None where nothing tells.

    By TweakReg's reference frame beside the shift file, else by the match file, which has the sources'
    positions in that frame and on the sky.

    Parameters
    ----------
    fit : Fit
        The fit.
    """
    frame = fit.shifts.frame_file
    if frame is not None and frame.is_file():
        return frame_scale(frame)
    terms = None if fit.match is None else frame_terms(fit.match)
    return None if terms is None else math.sqrt(abs(np.linalg.det(terms[:2]))) / 1000.0


def frame_terms(match: MatchFile) -> NDArray[np.float64] | None:
    """Linear terms of the frame that a match file counts in: mas east and north by pixels x, y, and 1.

    Parameters
    ----------
    match : MatchFile
        The match file.

    Returns
    -------
    ndarray, shape (3, 2)
        None where its sources are too few to tell, or on a line.
    """
    if len(match) < _FEWEST_OF_SCALE:
        return None
    sky = sky_offsets(match.radec, match.radec[:1])
    pixels = np.column_stack([match.fit_xy, np.ones(len(match))])
    terms, _, rank, _ = np.linalg.lstsq(pixels, sky, rcond=None)
    return np.asarray(terms) if rank == pixels.shape[1] else None


def matched_positions(fit: Fit, exposure: Path) -> MatchedPositions | None:
    """Matched sources by the headers of an aligned exposure and of the reference exposure beside it.

    None where there is no match file.

    Raises
    ------
    ReaderError
        If the match file does not say where a reference source was measured.
    """
    match = fit.match
    if match is None:
        return None
    own = [(exposure, int(chip)) for chip in match.chip]
    reference = [_chip_of_origin(exposure.parent, origin) for origin in match.origin]
    return MatchedPositions(
        own=_positions(own, match.original_input_xy),
        reference=_positions(reference, match.original_reference_xy),
        chip=match.chip,
    )


def missing_reference(fit: Fit, exposure: Path) -> str:
    """That an exposure is not at hand whose sources a fit was made to; empty where all are.

    Parameters
    ----------
    fit : Fit
        The fit, of exposures that were aligned to one of themselves.
    exposure : Path
        The fitted exposure; the reference image lies beside it.
    """
    origins = () if fit.match is None else sorted(set(fit.match.origin))
    named = (found["file"] for origin in origins if (found := _ORIGIN.fullmatch(origin)))
    lost = next((name for name in named if not _beside(exposure.parent, name).is_file()), "")
    return f"{lost}, to which it was fitted, is not among the products" if lost else ""


def _chip_of_origin(directory: Path, origin: str) -> tuple[Path, int]:
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        raise ReaderError(f"{origin!r} of the match file does not name a file and its extension")
    path, number = _beside(directory, found["file"]), int(found["extension"])
    extensions = exposure_in(path).extensions
    if not 1 <= number <= len(extensions):
        raise ReaderError(f"{path.name} has no extension {number}, which its match file names")
    return path, extensions[number - 1].version


def _beside(directory: Path, name: str) -> Path:
    """A file of a directory, which may be compressed there."""
    names = (name, *(name.removesuffix(".fits") + ending for ending in COMPRESSED))
    return next((directory / each for each in names if (directory / each).is_file()), directory / name)


def _positions(chips: Sequence[tuple[Path, int]], xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sky positions, degrees, of pixels counted from 1 on the chips named."""
    sky = np.empty_like(xy)
    for chip in set(chips):
        here = np.array([each == chip for each in chips])
        sky[here] = wcs_in(*chip).all_pix2world(xy[here], 1)
    return sky


def reference_moves(exposure: Path, match: MatchFile) -> NDArray[np.float64] | None:
    """How far the reference image of a fit has moved since, by its headers.

    Parameters
    ----------
    exposure : Path
        The fitted exposure; the reference image lies beside it.
    match : MatchFile
        Its match file, which has the pixels of the reference's sources, and by the residuals of the fit where
        they were on the sky.

    Returns
    -------
    ndarray, shape (n, 2), or None
        East and north displacements at the sources, mas; None where the reference is not there, or it is a
        catalogue, or the sources are too few to tell the scale of the frame.
    """
    if len(match) < _FEWEST_OF_SCALE:
        return None
    try:
        origins = [_chip_of_origin(exposure.parent, origin) for origin in match.origin]
        now = _positions(origins, match.original_reference_xy)
    except ReaderError:
        return None
    # Pixels of the frame on the sky: residuals are small, so that the linear terms are enough.
    sky = sky_offsets(match.radec, match.radec[:1])
    pixels, *_ = np.linalg.lstsq(match.fit_xy - match.fit_xy.mean(axis=0), sky, rcond=None)
    return np.asarray(sky_offsets(now, match.radec) + match.residuals @ pixels, dtype=np.float64)


def held_fit(path: Path, label: str, matches: Sequence[Path]) -> Measurement:
    """How far an exposure's headers are from the fit that they hold: the nearest of its match files.

    They may hold the fit as it is, or as it moved together with its reference image.

    Parameters
    ----------
    path : Path
        The exposure.
    label : str
        What verdicts call it.
    matches : sequence of Path
        Match files of its fits; of several, to several catalogues, the headers hold one.
    """
    exposure = exposure_in(path, label)
    types = {str(header.get("WCSTYPE", "")) for header in exposure.science_headers().values()}
    if types and all(NOT_ALIGNED in each for each in types):
        reason = f"WCSTYPE is {types.pop()!r}: no fit was written into it; see AST-010"
        return not_applicable("header_fit_difference", label, reason)
    if not matches:
        reason = f"no {_stem(path)}{MATCH_ENDING} is among the products; keep that of the fit"
        return not_told("header_fit_difference", label, reason)
    chips = {chip: wcs_in(path, chip) for chip in exposure.chips}
    fits = [match_file_in(match) for match in matches]
    measured = [header_fit_difference(chips, match, subject=label) for match in fits]
    moves = [(match, reference_moves(path, match)) for match in fits]
    measured += [
        header_fit_difference(chips, match, subject=label, moved=moved)
        for match, moved in moves
        if moved is not None
    ]
    return min(measured, key=lambda one: math.inf if one.value is None else one.value)


def header_and_shifts(path: Path, label: str, shift_files: Sequence[Path]) -> Measurement:
    """Scatter of an exposure's fit by its header over a shift file's: of several, the one nearest to it.

    It takes TweakReg's reference frame beside the shift file, whose pixels the shift file counts in.

    Parameters
    ----------
    path : Path
        The exposure.
    label : str
        What verdicts call it.
    shift_files : sequence of Path
        Shift files that have a row of it.
    """
    exposure = exposure_in(path, label)
    shifts = [read_shift_file(each) for each in shift_files]
    ratios = [
        keyword_rms_consistency(exposure, row, frame_scale=frame_scale(frame))
        for one in shifts
        for row, frame in [(one.row(path.name), one.frame_file)]
        if row is not None and frame is not None and frame.is_file()
    ]
    if not ratios:
        with_rms = [one for one in shifts if one.has_rms]
        reason = "the shift file's frame is not beside it" if with_rms else NO_RMS
        reason = reason if shifts else "no shift file has a row of it"
        return not_told("rms_consistency", label, reason)
    return min(ratios, key=lambda one: math.inf if one.value is None else abs(one.value - 1.0))


def aligned_to_one_another(
    solutions: Mapping[str, Mapping[int, Header]], paths: Sequence[Path], shifts: Path | None
) -> bool | None:
    """Whether exposures of one solution were aligned to one of themselves; None where nothing tells.

    A header reads ``not aligned: reference`` for the reference image of a relative alignment and for a
    failed fit to a catalogue alike. The shift file tells them apart: only a reference image has the
    row ``0 0 0 1 0 0``. Without one, match files say where the sources that were fitted to came from.

    Parameters
    ----------
    solutions : mapping of str to mapping of int to Header
        Headers of the exposures' chips, by label and EXTVER.
    paths : sequence of Path
        The exposures.
    shifts : Path or None
        Their shift file.
    """
    types = [str(header.get("WCSTYPE", "")) for headers in solutions.values() for header in headers.values()]
    if not any(NOT_ALIGNED in each for each in types):
        return False
    if shifts is not None:
        return shift_file_in(shifts).reference is not None
    names = {path.name for path in paths}
    beside = [path.with_name(f"{_stem(path)}{MATCH_ENDING}") for path in paths]
    matches = [match_file_in(path) for path in beside if path.is_file()]
    return all(_among_themselves(match, names) for match in matches) if matches else None


def _stem(path: Path) -> str:
    """An exposure's name without ending, whether it is compressed or not."""
    return plain_name(path.name).removesuffix(".fits")
