"""Keywords that must be numbers, and are text, empty, logical, or larger than any."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["number_problem", "odd_numbers"]

# The largest of HST's keywords are times in seconds, the largest of all parsecs in centimetres.
_LARGEST = 1e30
# Numbers that measurements take from exposures whose headers have them: gains, noise, dark, the terms of the
# distortion, sensitivities, temperatures.
_OF_EXPOSURES = re.compile(
    r"ATODGN[A-D]|READNSE[A-D]|CCDGAIN|MEANDARK|SAMPTIME|NSAMP|[AB]P?_\d+_\d+|[AB]P?_ORDER|IDCSCALE|"
    r"OC[XY]1[01]|PHTFLAM[12]|PHTRATIO|MDECODT[12]|LTV[12]|LTM[12]_[12]|BINAXIS[12]"
)
# Those of drizzled images.
_OF_IMAGES = re.compile(
    r"EXPTIME|EXPSTART|EXPEND|PHOTFLAM|PHOTFNU|PHOTPLAM|PHOTBW|PHOTZPT|D\d{3}(?:DEXP|PIXF|SCAL)"
)


def number_problem(value: object) -> str:
    """Why a keyword's value is no number that can be used; empty if it is.

    Examples
    --------
    ``'1.5'``, which is text, ``''``, ``True`` and ``1e300`` are none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "not a number" + (": write it without quotes" if _is_quoted(value) else "")
    if abs(value) > _LARGEST:
        return "more than it can be"
    return ""


def odd_numbers(header: Mapping[str, Any], *, of_image: bool = False) -> Iterator[str]:
    """What a header gives for a number that measurements take from it where it is there, and is none.

    Parameters
    ----------
    header : mapping
        A primary or a science header.
    of_image : bool
        Whether it is a drizzled image's.
    """
    pattern = _OF_IMAGES if of_image else _OF_EXPOSURES
    for keyword in dict.fromkeys(filter(pattern.fullmatch, header)):
        if problem := number_problem(header[keyword]):
            yield f"{keyword} is {header[keyword]!r}, {problem}"


def _is_quoted(value: object) -> bool:
    """Whether text holds a number."""
    try:
        return isinstance(value, str) and bool(f"{float(value)}")
    except ValueError:
        return False
