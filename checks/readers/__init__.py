"""Readers of reduction products: from files to plain, typed records.

Nothing here judges. A file that cannot be read as what it should be raises `ReaderError`, one line
that names the file and what is wrong with it.
"""

from __future__ import annotations

from hubble_qa.checks.readers.cosmic_ray_mask import read_cosmic_ray_mask
from hubble_qa.checks.readers.drizzle_log import read_drizzle_parameters
from hubble_qa.checks.readers.drizzled import Drizzled, read_drizzled
from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.checks.readers.exposure import Exposure, Extension, read_exposure
from hubble_qa.checks.readers.fits_structure import FitsStructure, read_fits_structure
from hubble_qa.checks.readers.match_file import (
    MATCH_ENDING,
    MatchFile,
    match_path,
    read_match_file,
)
from hubble_qa.checks.readers.reference_frame import read_reference_frame
from hubble_qa.checks.readers.shift_file import ShiftFile, ShiftRow, read_shift_file

__all__ = [
    "MATCH_ENDING",
    "Drizzled",
    "Exposure",
    "Extension",
    "FitsStructure",
    "MatchFile",
    "ReaderError",
    "ShiftFile",
    "ShiftRow",
    "match_path",
    "read_cosmic_ray_mask",
    "read_drizzle_parameters",
    "read_drizzled",
    "read_exposure",
    "read_fits_structure",
    "read_match_file",
    "read_reference_frame",
    "read_shift_file",
]
