"""A file's form as FITS: standard, declared and actual size, checksums."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from hubble_qa.checks.readers.errors import ReaderError

__all__ = ["FitsStructure", "read_fits_structure"]


@dataclass(frozen=True, slots=True)
class FitsStructure:
    """What a file's bytes say about its form.

    Attributes
    ----------
    path : Path
        The file.
    actual_size : int
        Bytes on disk.
    declared_size : int
        Bytes that its headers say it has, up to the end of the last unit that could be read.
    units : int
        Header-data units that could be read.
    declared_extensions : int or None
        The primary header's NEXTEND: how many extensions the file had when it was calibrated. None for an
        image in the primary unit: AstroDrizzle copies the keyword from its inputs there.
    checksums : int
        Units that carry a CHECKSUM or DATASUM.
    remarks : tuple of str
        What reading, checksums and verification against the standard found wrong; one line each.
    label : str
        What verdicts call the file: its name without ending, unless it was read under another.
    """

    path: Path
    actual_size: int
    declared_size: int
    units: int
    declared_extensions: int | None
    checksums: int
    remarks: tuple[str, ...]
    label: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.label or self.path.name.partition(".")[0])


def read_fits_structure(path: Path, *, label: str = "") -> FitsStructure:
    """Read a file's form. A file that is no FITS at all gives remarks, not an error.

    Parameters
    ----------
    path : Path
        The file.
    label : str, optional
        What verdicts are to call it.

    Raises
    ------
    ReaderError
        If the file is missing or not readable.
    """
    try:
        actual = path.stat().st_size
    except OSError as error:
        raise ReaderError(f"{path}: cannot read the file: {error}") from error
    remarks: list[str] = []
    declared, units, extensions, checksums = 0, 0, None, 0
    with _recorded(remarks):
        try:
            # astropy leaves a file open that it opened itself and cannot read.
            with path.open("rb") as stream, fits.open(stream, memmap=False, checksum=True) as hdus:
                units = len(hdus)
                extensions = None if hdus[0].header.get("NAXIS") else hdus[0].header.get("NEXTEND")
                checksums = sum("CHECKSUM" in hdu.header or "DATASUM" in hdu.header for hdu in hdus)
                place = hdus[-1].fileinfo()
                declared = place["datLoc"] + place["datSpan"]
                hdus.verify("warn")
        except (OSError, ValueError, TypeError, IndexError) as error:
            remarks.append(f"cannot be read as FITS: {error}")
    return FitsStructure(path, actual, declared, units, extensions, checksums, tuple(remarks), label)


@contextmanager
def _recorded(remarks: list[str]) -> Iterator[None]:
    """Add the warnings of astropy, one line each, to `remarks`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", AstropyUserWarning)
        yield
    for warning in caught:
        text = " ".join(str(warning.message).split())
        # The truncation remark repeats what the sizes say.
        if "truncated" not in text and "Note: astropy.io.fits uses zero-based indexing" not in text:
            remarks.append(text)
