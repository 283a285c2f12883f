"""TweakReg's ``*_catalog_fit.match``: the sources that a fit used, with their residuals."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.checks.readers.regular_files import read_text

__all__ = ["MATCH_ENDING", "MatchFile", "match_path", "read_match_file"]

# What TweakReg puts in the place of ".fits" to name the sources of an exposure's fit.
MATCH_ENDING = "_catalog_fit.match"

Array: TypeAlias = "NDArray[np.float64]"
Labels: TypeAlias = "NDArray[np.int64]"

# Columns 1-12 are coordinates, 13-15 integers, 16-17 sky coordinates, 18 the reference's origin.
_NUMBERS = 17
_WHOLE = range(12, 15)
# Beyond it not every whole number has a floating-point number of its own.
_LARGEST = 2.0**53


def match_path(directory: Path, exposure: str, suffix: str) -> Path:
    """Where TweakReg leaves the match file of an exposure, by its rootname and suffix."""
    return directory / f"{exposure}_{suffix}{MATCH_ENDING}"


@dataclass(frozen=True, slots=True, eq=False)
class MatchFile:
    """The sources of one exposure's fit.

    Attributes
    ----------
    path : Path
        The file.
    header : mapping of str to str
        Its ``keyword: value`` comments, e.g. ``"X and Y rms"``; column descriptions included.
    reference_xy, input_xy : ndarray, shape (n, 2)
        Positions in the reference frame before the fit, pixels from the fit's centre.
    fit_xy : ndarray, shape (n, 2)
        Input positions in the reference frame after the fit, pixels.
    residuals : ndarray, shape (n, 2)
        `fit_xy` less the reference's position, pixels.
    original_reference_xy, original_input_xy : ndarray, shape (n, 2)
        Positions as measured: in the reference frame or image, and on the exposure's chip, pixels.
    reference_id, input_id : ndarray of int, shape (n,)
        The source's running numbers in either catalogue.
    chip : ndarray of int, shape (n,)
        EXTVER of the chip that the source is on.
    radec : ndarray, shape (n, 2)
        Right ascension and declination by the fit, degrees.
    origin : tuple of str
        Catalogue that each reference source came from.
    """

    path: Path
    header: Mapping[str, str]
    reference_xy: Array
    input_xy: Array
    fit_xy: Array
    residuals: Array
    original_reference_xy: Array
    original_input_xy: Array
    reference_id: Labels
    input_id: Labels
    chip: Labels
    radec: Array
    origin: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.residuals)

    @property
    def shift(self) -> tuple[float, ...]:
        """The shift that its header quotes, x and y, pixels; empty where it quotes none."""
        return tuple(float(number) for number in self.header.get("X and Y shift", "").split())

    @property
    def is_shift_alone(self) -> bool:
        """Whether its header quotes a fit of the shift alone: no rotation at all, and a scale of 1."""
        quoted = {name: self.header.get(f"X and Y {name}", "").split() for name in ("rotation", "scale")}
        return quoted == {"rotation": ["0", "0"], "scale": ["1", "1"]}

    def from_files(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Which of the reference sources were measured on some files: TweakReg's ``flt.fits[1]``."""
        origins = (Path(origin).name.partition("[")[0] for origin in self.origin)
        return np.array([name in names for name in origins], dtype=bool)


def read_match_file(path: Path) -> MatchFile:
    """Read a match file.

    Raises
    ------
    ReaderError
        If the file cannot be read, a line has not the 18 columns, or the last is cut.
    """
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ReaderError(f"{path}: cannot read the match file: {error}") from error
    header: dict[str, str] = {}
    numbers: list[list[float]] = []
    origin: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("#"):
            keyword, _, value = line.lstrip(" #").partition(":")
            header[keyword.strip()] = value.strip()
        elif line.strip():
            row, source = _row(path, number, line)
            numbers.append(row)
            origin.append(source)
    # A name that is cut would pass for another catalogue's.
    *others, last = origin or [""]
    if not text.endswith("\n") and last not in others and any(each.startswith(last) for each in others):
        raise ReaderError(f"{path}: it ends in the middle of a row, at {last!r}; copy it again")
    return _match_file(path, header, np.array(numbers, dtype=np.float64).reshape(-1, _NUMBERS), tuple(origin))


def _row(path: Path, number: int, line: str) -> tuple[list[float], str]:
    fields = line.split(maxsplit=_NUMBERS)
    if len(fields) <= _NUMBERS:
        raise ReaderError(f"{path}, line {number}: expected 18 columns, found {len(fields)}")
    return [_number(path, number, *each) for each in enumerate(fields[:_NUMBERS])], fields[_NUMBERS].strip()


def _number(path: Path, number: int, column: int, field: str) -> float:
    """A column's number; columns 13 to 15 are running numbers."""
    try:
        found = float(field) if column not in _WHOLE else float(int(field))
    except (ValueError, OverflowError):
        found = math.inf
    if (column in _WHOLE and not abs(found) < _LARGEST) or math.isinf(found):
        expected = "whole number" if column in _WHOLE else "number"
        raise ReaderError(
            f"{path}, line {number}: column {column + 1} is {field[:40]!r}, which is no {expected}"
        )
    return found


def _match_file(path: Path, header: Mapping[str, str], table: Array, origin: tuple[str, ...]) -> MatchFile:
    return MatchFile(
        path,
        header,
        reference_xy=table[:, 0:2],
        input_xy=table[:, 2:4],
        fit_xy=table[:, 4:6],
        residuals=table[:, 6:8],
        original_reference_xy=table[:, 8:10],
        original_input_xy=table[:, 10:12],
        reference_id=table[:, 12].astype(np.int64),
        input_id=table[:, 13].astype(np.int64),
        chip=table[:, 14].astype(np.int64),
        radec=table[:, 15:17],
        origin=origin,
    )
