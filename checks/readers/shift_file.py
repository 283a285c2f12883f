"""Shift files: one fitted shift, rotation, scale and, in TweakReg's, scatter for each exposure.

TweakReg writes six numbers in a row. MultiDrizzle and tweakshifts before it (stsci.tools: asnutil.ShiftFile)
have two to four, the shift with or without rotation and scale, and no scatter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from hubble_qa.checks.instruments import load_instruments
from hubble_qa.checks.readers.compressed import plain_name
from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.checks.readers.regular_files import read_text
from hubble_qa.checks.rootnames import is_rootname

__all__ = ["NO_RMS", "ShiftFile", "ShiftRow", "exposure_name", "read_shift_file", "wrap_degrees"]

NO_RMS = "a shift file of MultiDrizzle's form has no RMS"
"""Why the scatter of such a fit could not be told."""

# Numbers of a row: of TweakReg's files, and of MultiDrizzle's, whose rotation and scale may be left out.
_TWEAKREG = 6
_MULTIDRIZZLE = (2, 3, 4)
_UNTURNED = (0.0, 1.0)
# How names of exposures' files end, an extension in brackets aside.
_FILE = re.compile(r".*\.fits(?:\.gz|\.fz)?(?:\[[^]]*\])?|\S+", re.IGNORECASE)
# How much of a line that is no row is repeated.
_SHOWN = 120
# What follows a row.
_COMMENT = re.compile(r"\s#.*")
_EXPONENT = re.compile(r"([0-9.])[dD](?=[+-]?[0-9])")
# What MultiDrizzle's first versions called the reference frame.
_RENAMED = {"reference": "refimage"}
# What files of one exposure are, of which a name's suffix tells.
_KINDS = ("raw exposure", "calibrated exposure", "calibrated reads", "association or headerlet file")


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """One exposure's row.

    Attributes
    ----------
    file : str
        The exposure's file, as the shift file names it.
    dx, dy : float
        Shift in pixels of the reference frame; NaN where the fit failed.
    rotation : float
        Degrees, within [-180, 180): TweakReg writes 359.9996 for a rotation of -0.0004.
    scale : float
        Scale relative to the header's; 1 is no change.
    xrms, yrms : float or None
        Standard deviation of the fit's residuals, pixels; 0 where the fit failed, None in MultiDrizzle's
        form.
    """

    file: str
    dx: float
    dy: float
    rotation: float
    scale: float
    xrms: float | None = None
    yrms: float | None = None

    @property
    def exposure(self) -> str:
        """The exposure's name, e.g. ``"u5jx0108r"``; see `exposure_name`."""
        return exposure_name(self.file)

    @property
    def file_name(self) -> str:
        """Name of the exposure's file, without its directory, extension and compression.

        TweakReg writes the paths that it was given, ``"./data/u5jx0108r_flt.fits"``, others name an
        extension, ``"u5jx0108r_flt.fits[sci,1]"``.
        """
        # What is in the bracket may hold a slash.
        return plain_name(Path(self.file.partition("[")[0].strip()).name)

    @property
    def numbers(self) -> Mapping[str, float]:
        """The row's numeric fields by name, without those that it has not."""
        fixed = {"dx": self.dx, "dy": self.dy, "rotation": self.rotation, "scale": self.scale}
        return fixed if self.rms is None else {**fixed, "xrms": self.rms[0], "yrms": self.rms[1]}

    @property
    def rms(self) -> tuple[float, float] | None:
        """Both scatters, pixels; None in MultiDrizzle's form."""
        return None if self.xrms is None or self.yrms is None else (self.xrms, self.yrms)

    @property
    def identity(self) -> bool:
        """Whether the row reads ``0 0 0 1`` (and ``0 0`` for its scatters), as the reference image's does."""
        return tuple(self.numbers.values()) == (0.0, 0.0, 0.0, 1.0, 0.0, 0.0)[: len(self.numbers)]


@dataclass(frozen=True, slots=True)
class ShiftFile:
    """A shift file.

    Attributes
    ----------
    path : Path
        The file.
    header : mapping of str to str
        Its ``# keyword: value`` comments: frame, refimage, form, units.
    rows : tuple of ShiftRow
        In the order of the file, which is not the order of TweakReg's input.
    relative : bool
        Whether the exposures were aligned to one of themselves; false for an alignment to a catalogue.
    label : str
        What verdicts call the file: its name without ending, unless it was read under another.
    """

    path: Path
    header: Mapping[str, str]
    rows: tuple[ShiftRow, ...]
    relative: bool = True
    label: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.label or self.path.stem)

    def subject(self, exposure: str) -> str:
        """What verdicts call the fit of an exposure: ``"shifts u5jx0108r_flt"``."""
        row = self.row(exposure)
        name = exposure if row is None else Path(row.file).name
        return f"{self.label} {plain_name(name).removesuffix('.fits')}"

    @property
    def reference_frame(self) -> str:
        """The file and extension that hold the reference frame, e.g. ``"shifts_wcs.fits[wcs]"``."""
        return self.header.get("refimage", "")

    @property
    def frame_file(self) -> Path | None:
        """The reference frame's file beside the shift file, there or not; None where no file is named.

        Of a frame that is named with a directory, which is one where the fit was made, the name counts.
        """
        name = PurePath(self.reference_frame.partition("[")[0].strip()).name
        return self.path.with_name(name) if name else None

    @property
    def has_rms(self) -> bool:
        """Whether its rows tell the scatter of their fits, as TweakReg's do."""
        return all(row.rms is not None for row in self.rows)

    @property
    def absolute(self) -> bool:
        """Whether shifts and rotations are those of the pointings, not corrections to the headers'."""
        return self.header.get("form", "").lower() == "absolute"

    @property
    def reference(self) -> ShiftRow | None:
        """The row of the reference image of a relative alignment: the only identity row.

        None where every row is a fit, and where several rows are identities: at most one image can
        be the reference, so none of them is to be excused from having a fit. Nor is any in an
        alignment to a catalogue, where an identity is a fit that was never made.
        """
        identities = [row for row in self.rows if row.identity and self.relative]
        return identities[0] if len(identities) == 1 else None

    def row(self, exposure: str) -> ShiftRow | None:
        """Return the row of an exposure, by its name or its file; None where there is none."""
        name = exposure_name(exposure)
        return next((row for row in self.rows if row.exposure == name), None)


def exposure_name(file: str) -> str:
    """Return the name of an exposure by its file or its name, ``"u5jx0108r_flt.fits"`` or ``"u5jx0108r"``.

    The rootname, in lower case, where the file is named after one, else the file's name without ending and
    suffix: ``"ngc6791_long_flc.fits"`` is of ngc6791_long, ``"ic1396001_long_flc.fits"`` of ic1396001_long.
    """
    stem = plain_name(Path(file.partition("[")[0]).name).removesuffix(".fits")
    (first, _, rest), (name, _, suffix) = stem.partition("_"), stem.rpartition("_")
    kinds = load_instruments().kinds
    has_suffix = bool(name) and kinds.get(suffix.lower()) in _KINDS
    # Words between them, as in ic1396001_long_flc, are part of a name that is the user's own.
    own = has_suffix and "_" in rest and kinds.get(rest.partition("_")[0].lower()) not in _KINDS
    if is_rootname(first) and not own:
        return first.lower()
    return name if has_suffix else stem


def wrap_degrees(angle: float) -> float:
    """Return the same angle within [-180, 180); NaN stays NaN."""
    wrapped = (angle + 180.0) % 360.0 - 180.0
    return angle if -180.0 <= angle < 180.0 else wrapped


def read_shift_file(path: Path, *, relative: bool = True, label: str = "") -> ShiftFile:
    """Read a shift file, of TweakReg's form or of MultiDrizzle's.

    Rows of failed fits, ``nan nan nan nan 0.000000 0.000000``, are kept as they are. A rotation that a row of
    MultiDrizzle's form leaves out is 0, a scale 1.

    Parameters
    ----------
    path : Path
        The file.
    relative : bool
        Whether the exposures were aligned to one of themselves, which then has no fit; false for an
        alignment to a catalogue (TweakReg's ``refcat``). The file itself does not tell.
    label : str, optional
        What verdicts are to call it.

    Raises
    ------
    ReaderError
        If the file cannot be read, a line is not a row, an exposure stands twice, there is no row,
        or the shifts are not in pixels.
    """
    try:
        # Comments are anyone's, in any encoding; an editor may have put a byte order mark first.
        lines = read_text(path, errors="replace").removeprefix("\ufeff").splitlines()
    except OSError as error:
        raise ReaderError(f"{path}: cannot read the shift file: {error}") from error
    header: dict[str, str] = {}
    rows: list[ShiftRow] = []
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith("#"):
            keyword, _, value = line.lstrip(" #").partition(":")
            header[_RENAMED.get(keyword.strip(), keyword.strip())] = value.strip()
        elif line.strip():
            rows.append(_row(path, number, _COMMENT.sub("", line)))
    _check(path, header, rows)
    return ShiftFile(path, header, tuple(rows), relative, label)


def _row(path: Path, number: int, line: str) -> ShiftRow:
    # From the right: a file name may hold blanks, a number cannot.
    numbers: list[float] = []
    with suppress(ValueError):
        for field in reversed(line.split()[1:]):
            numbers.insert(0, _number(field))
    file = line.rsplit(maxsplit=len(numbers))[0].strip()
    if len(numbers) not in (*_MULTIDRIZZLE, _TWEAKREG) or not _FILE.fullmatch(file):
        raise ReaderError(
            f"{path}, line {number}: expected a file name and six numbers (TweakReg) or two to four "
            f"(MultiDrizzle), found {line.strip()[:_SHOWN]!r}"
        )
    if len(numbers) < _TWEAKREG:
        rotation, scale = (*numbers[2:], *_UNTURNED[len(numbers) - 2 :])
        return ShiftRow(file, numbers[0], numbers[1], wrap_degrees(rotation), scale)
    dx, dy, rotation, scale, xrms, yrms = numbers
    return ShiftRow(file, dx, dy, wrap_degrees(rotation), scale, xrms, yrms)


def _number(field: str) -> float:
    """A number as Python, IRAF (INDEF for none), Fortran or astropy's tables (-- for none) write it."""
    if field.upper() in ("INDEF", "--"):
        return math.nan
    return float(_EXPONENT.sub(r"\1e", field))


def _check(path: Path, header: Mapping[str, str], rows: list[ShiftRow]) -> None:
    if not rows:
        raise ReaderError(f"{path}: the shift file has no rows; TweakReg fitted nothing")
    short = [row.file for row in rows if row.rms is None]
    if short and len(short) < len(rows):
        raise ReaderError(f"{path}: the row of {short[0]} has no RMS, others have; a number is missing there")
    names = [row.exposure for row in rows]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ReaderError(f"{path}: {', '.join(repeated)} has more than one row")
    units = header.get("units", "pixels")
    if units != "pixels":
        raise ReaderError(f"{path}: shifts are in {units!r}; only pixels are understood")
