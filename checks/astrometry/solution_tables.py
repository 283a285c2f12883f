"""Which reference tables the coordinates in a header were made with, against those that it names."""

from __future__ import annotations

from collections.abc import Iterator

from hubble_qa.checks.astrometry.world_coordinates import distortion_name
from hubble_qa.checks.readers.best_references import header_reference
from hubble_qa.checks.readers.exposure import Exposure

__all__ = ["has_solution", "solution_table_problems"]

# Keyword of the primary header that names a table, and of the science headers that stwcs writes when it
# has put the table into the file.
_LOOK_UP = (("NPOLFILE", "NPOLEXT", "CPDIS"), ("D2IMFILE", "D2IMEXT", "D2IMDIS"))
_PREFIX = "IDC_"


def has_solution(exposure: Exposure) -> bool:
    """Whether a header has coordinates of updatewcs's or later, which tables can be compared with."""
    headers = exposure.science_headers().values()
    return any(str(header.get("WCSNAME", "")).strip() not in ("", "OPUS") for header in headers)


def solution_table_problems(exposure: Exposure) -> list[str]:
    """Tables that the primary header names and the coordinates were not made with, one line each.

    The IDCTAB by WCSNAME (``IDC_<table>``, with or without a fit on it; of a solution of another name by
    the ``IDC_*`` solution that is kept), NPOLFILE and D2IMFILE by the NPOLEXT and D2IMEXT that updatewcs
    writes into the science headers.

    Parameters
    ----------
    exposure : Exposure
        An exposure.
    """
    if not has_solution(exposure):
        return []
    return list(dict.fromkeys([*_distortion(exposure), *_look_up_tables(exposure)]))


def _distortion(exposure: Exposure) -> Iterator[str]:
    expected = distortion_name(exposure.primary)
    table = header_reference(exposure.primary, "IDCTAB") or "N/A"
    for chip, header in exposure.science_headers().items():
        names = [str(header[key]) for key in header if key.startswith("WCSNAME")]
        current = str(header.get("WCSNAME", ""))
        made_with = [name.partition("-")[0] for name in names if name.startswith(_PREFIX)]
        if current.startswith(_PREFIX):
            made_with = [current.partition("-")[0]]
        if made_with and expected not in made_with:
            found = ", ".join(dict.fromkeys(name.removeprefix(_PREFIX) for name in made_with))
            yield (
                f"IDCTAB is {table}, but the solution of SCI,{chip} ({current}) was made with {found}: "
                "run updatewcs"
            )


def _look_up_tables(exposure: Exposure) -> Iterator[str]:
    headers = exposure.science_headers().values()
    for keyword, extension, distortion in _LOOK_UP:
        named = header_reference(exposure.primary, keyword)
        used = {header_reference(header, extension) for header in headers} - {""}
        applied = any(f"{distortion}{axis}" in header for header in headers for axis in (1, 2))
        for other in sorted(used - {named}):
            yield (
                f"{keyword} is {named or 'N/A'}, but the coordinates were made with {other} ({extension}): "
                "run updatewcs"
            )
        if applied and not named and not used:
            yield f"{keyword} is N/A, but the science headers have its look-up tables ({distortion}1 ...)"
