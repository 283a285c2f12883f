"""The reference frame that a shift file's pixels are those of."""

from __future__ import annotations

from astropy.io.fits import Header

from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.checks.readers.exposure import open_fits
from hubble_qa.checks.readers.shift_file import ShiftFile

__all__ = ["read_reference_frame"]


def read_reference_frame(shifts: ShiftFile) -> Header:
    """Read the header of the frame that TweakReg writes beside its shift file.

    Raises
    ------
    ReaderError
        If the shift file names no frame, or the file is missing or lacks the extension.
    """
    name, _, extension = shifts.reference_frame.rstrip("]").partition("[")
    if not name:
        raise ReaderError(f"{shifts.path}: the shift file names no reference frame (# refimage)")
    path = shifts.path.with_name(name)
    with open_fits(path) as hdus:
        if extension and extension not in hdus:
            raise ReaderError(f"{path}: no extension {extension}")
        header: Header = hdus[extension or 0].header
        return header
