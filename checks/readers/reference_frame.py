"""The reference frame that a shift file's pixels are those of."""

from __future__ import annotations

from astropy.io.fits import Header

from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.checks.readers.exposure import open_fits
from hubble_qa.checks.readers.shift_file import ShiftFile

__all__ = ["read_reference_frame"]


def read_reference_frame(shifts: ShiftFile) -> Header:
    """Read the header of the frame that is beside a shift file: TweakReg's own, or of any image.

    Raises
    ------
    ReaderError
        If the shift file names no frame, or the file is missing or lacks the extension.
    """
    path = shifts.frame_file
    if path is None:
        raise ReaderError(f"{shifts.path}: the shift file names no reference frame (# refimage)")
    extension = shifts.reference_frame.rstrip("]").partition("[")[2]
    with open_fits(path) as hdus:
        unit = _unit(extension)
        if unit >= len(hdus) if isinstance(unit, int) else unit not in hdus:
            raise ReaderError(f"{path}: no extension {extension}")
        header: Header = hdus[unit].header
        return header


def _unit(extension: str) -> int | str | tuple[str, int]:
    """How astropy calls an extension that is named as IRAF does: ``wcs``, ``sci,1``, a number, or nothing."""
    name, _, version = extension.partition(",")
    if version.isdecimal():
        return name, int(version)
    return int(name or 0) if name.isdecimal() or not name else name
