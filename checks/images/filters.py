"""Through which filters the exposures of an image were taken."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hubble_qa.checks.readers.exposure import Exposure

__all__ = [
    "covering_in_part",
    "filter_keywords",
    "filters_of",
    "is_detection_image",
    "of_quarters",
    "several_filters",
]

# How the HAP pipeline names the image of all filters of a visit: hst_12345_01_acs_wfc_total_jc8m01_drc.fits.
_DETECTION = re.compile(r"_total(?:_|\.)")
# Places of a filter wheel without a filter.
_CLEAR = frozenset({"", "CLEAR1L", "CLEAR2L", "CLEAR1S", "CLEAR2S", "N/A"})
# Ramp filters, quads and polarizers.
_PARTS = re.compile(r"F[RQ].*|POL.*")
# Those made for HRC, of which WFC sees 72 arcsec of 202: ACS Instrument Handbook, 5.1. No other camera has
# filters of these names.
_SMALL = frozenset({"F220W", "F250W", "F330W", "F344N", "F892N"})


def is_detection_image(name: str) -> bool:
    """Whether a file's name says that it combines several filters on purpose, to find sources."""
    return _DETECTION.search(name.lower()) is not None


def filter_keywords(exposures: Sequence[Exposure]) -> tuple[str, ...]:
    """Keywords that name the filters of exposures, in alphabetical order."""
    return tuple(sorted({name for one in exposures if one.camera for name in one.camera.filters}))


def filters_of(exposure: Exposure) -> frozenset[str]:
    """Filters of an exposure, without the places of its wheels that are clear."""
    return (
        frozenset(str(exposure.primary.get(key, "")).strip() for key in filter_keywords([exposure])) - _CLEAR
    )


def several_filters(exposures: Sequence[Exposure]) -> str:
    """That an image of some exposures combines several filters, and which; empty where they share theirs."""
    found = {" with ".join(sorted(filters_of(each))) or "no filter" for each in exposures}
    return f"it combines several filters, {', '.join(sorted(found))}" if len(found) > 1 else ""


def of_quarters(exposure: Exposure) -> str:
    """That the quarters of a detector are behind filters of their own (UVIS, WFPC2); else empty."""
    name = next((each for each in sorted(filters_of(exposure)) if each.startswith("FQ")), "")
    return f"{name} is one of four filters, of which each quarter of the detector has another" if name else ""


def covering_in_part(exposure: Exposure) -> str:
    """That a filter covers, or has its band on, a part of a detector only; else empty.

    Its edges stay on the detector where the telescope moves. ACS/HRC sees the whole of each.
    """
    if quarters := of_quarters(exposure):
        return quarters
    if exposure.detector == "HRC":
        return ""
    for name in sorted(filters_of(exposure)):
        if _PARTS.fullmatch(name) or name in _SMALL:
            return f"{name} covers a part of the detector only"
    return ""
