"""What a finished file was made with, by its own header: programs, reference files, drizzle parameters."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hubble_qa.checks.readers.compressed import plain_name
from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.checks.readers.exposure import read_exposure

__all__ = ["PROGRAMS", "MadeWith", "is_reference", "read_made_with"]

PROGRAMS: Mapping[str, str] = {
    "PROD_VER": "DrizzlePac",
    "ADRIZVER": "AstroDrizzle",
    "CAL_VER": "Calibration program",
    "OPUS_VER": "Pipeline",
    "UPWCSVER": "stwcs",
    "PYWCSVER": "astropy.wcs",
    "BLENDVER": "Blended headers",
    "CRDS_VER": "CRDS",
    "CRDS_CTX": "CRDS context",
}
"""Programs, by the keyword that has their version."""

# AstroDrizzle's record of the first chip; parameters are those of all chips.
_PARAMETERS = {"D001KERN": "kernel", "D001PIXF": "pixfrac", "D001SCAL": "scale", "D001OUUN": "units"}
_REFERENCE = re.compile(r"^[a-z]{1,8}\$[\w.+-]+$")


@dataclass(frozen=True, slots=True)
class MadeWith:
    """What a file was made with.

    Attributes
    ----------
    digest : str
        SHA-256 digest of the file, in hexadecimal.
    programs : mapping of str to str
        Versions, by program.
    references : mapping of str to str
        Reference files, by keyword.
    parameters : mapping of str to str
        Drizzle parameters, by AstroDrizzle's name without ``final_``.
    """

    digest: str
    programs: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_made_with(path: Path) -> MadeWith:
    """Read what a file was made with; of one that is no FITS file, or a damaged one, the digest alone.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if not plain_name(path.name).endswith(".fits"):
        return MadeWith(digest)
    try:
        exposure = read_exposure(path)
    except ReaderError:
        return MadeWith(digest)
    # Programs say what they are in either header.
    header = dict(exposure.primary)
    for science in reversed([*exposure.science_headers().values()]):
        header.update((key, science[key]) for key in PROGRAMS if key in science)
    return MadeWith(
        digest,
        {name: text for key, name in PROGRAMS.items() if (text := _text(header.get(key)))},
        {key: value for key, value in header.items() if is_reference(value)},
        {name: text for key, name in _PARAMETERS.items() if (text := _text(header.get(key)))},
    )


def _text(value: Any) -> str:
    """A keyword's value as text; nothing where it has none."""
    return str(value).strip() if isinstance(value, str | int | float) else ""


def is_reference(value: Any) -> bool:
    """Whether a keyword's value names a reference file: ``"iref$abc_idc.fits"``."""
    return isinstance(value, str) and _REFERENCE.match(value) is not None
