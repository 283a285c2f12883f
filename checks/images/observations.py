"""What went wrong with an observation itself, as its header tells it: guiding, shutter, target, mode."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hubble_qa.checks.measurement import Json, Measurement, count_violations
from hubble_qa.checks.readers.exposure import Exposure

__all__ = [
    "observation_violations",
    "was_exposed",
    "why_not_taken",
    "without_image",
    "without_round_stars",
]

# What an exposure time is at most that is none: drizzlepac's analyze.
_NO_TIME = 1e-5  # s
# QUALITY: guide stars not acquired; take-data flag down, so that the shutter closed.
_BAD_QUALITY = {"GSFAIL": "the guide stars were lost", "TDF-DOWN": "the take-data flag was down"}
# Spatial scans of WFC3: continuous, and with dwells.
_SCANS = ("C", "D")
# Targets of calibration, by the names that the observatory gives them. The words alone are no sign of it: a
# dark nebula is a target too.
_CALIBRATION = re.compile(
    r"(?:DARK|BIAS)(?:-NM)?|(?:INT|UV|VIS)?FLAT|TUNG(?:STEN)?\b.*|DEUT(?:ERIUM)?\b.*|KSPOTS|.*EARTH-CAL.*"
)
# Filters through which no light comes; WFC3/IR calls its own so.
_SHUT = ("BLOCK", "BLANK")
_DISPERSERS = re.compile(r"G\d+L?|PR\d+L")
_KEYWORDS = (
    "QUALITY",
    "EXPTIME",
    "MTFLAG",
    "SCAN_TYP",
    "CHINJECT",
    "OBSTYPE",
    "IMAGETYP",
    "TARGNAME",
    "FGSLOCK",
    "EXPFLAG",
)


def observation_violations(exposure: Exposure) -> Measurement:
    """Count what makes an exposure no image of its field that could be aligned and combined.

    The rules are those by which drizzlepac's HAP pipeline leaves exposures out (haputils.analyze): guide
    stars that were lost, no exposure time, a moving target, a spatial scan, charge injection, and what is no
    image of the sky. Guiding on gyroscopes or in coarse track, and an exposure that did not end normally,
    only warn: such exposures are often good. A keyword that the header has not says nothing.

    Parameters
    ----------
    exposure : Exposure
        A calibrated exposure.
    """
    context: dict[str, Json] = {key: _value(exposure, key) for key in _KEYWORDS if key in exposure.primary}
    return count_violations(
        "observation_violations",
        exposure.label,
        [*_problems(exposure)],
        context,
        warnings=[*_doubts(exposure)],
    )


def was_exposed(primary: Mapping[str, Any]) -> bool:
    """Whether an exposure has an exposure time above 0, as far as its primary header tells.

    drizzlepac leaves those without one out of alignment and combination.
    """
    time = primary.get("EXPTIME")
    return not (isinstance(time, int | float) and math.isfinite(time) and time <= _NO_TIME)


def why_not_taken(primary: Mapping[str, Any]) -> str:
    """Why an exposure cannot be aligned and combined whatever is on it; empty where its header tells nothing.

    It has no exposure time, its guide stars were not acquired, or the shutter closed. An exposure that
    did not end normally (EXPFLAG) counts for the time that it has: such exposures are often good.
    """
    if not was_exposed(primary):
        return "EXPTIME is 0 s"
    quality = str(primary.get("QUALITY", "")).strip().upper()
    return next((f"QUALITY is {quality!r}" for word in _BAD_QUALITY if word in quality), "")


def without_image(exposure: Exposure) -> str:
    """Why an exposure's pixels are no places on the sky: a spectrum, a lamp, a dark; else empty."""
    for key in ("FILTER", "FILTER1", "FILTER2"):
        if _DISPERSERS.fullmatch(name := _value(exposure, key)):
            return f"{name} is a grism or prism: it is no image, but of spectra"
    if (mode := _value(exposure, "OBSTYPE")) not in ("", "IMAGING"):
        return f"OBSTYPE is {mode!r}: it is no image, and its axes are not right ascension and declination"
    return next((f"it is no image of the sky: {why}" for why in _not_imaging(exposure)), "")


def without_round_stars(exposure: Exposure) -> str:
    """Why an exposure's stars are no points, as it was planned; else empty."""
    if _value(exposure, "MTFLAG") in ("T", "TRUE", "1") or _value(exposure, "SCAN_TYP") in _SCANS:
        return "the telescope moved as planned, and stars are trailed; see FIL-005"
    for key in ("FILTER", "FILTER1", "FILTER2"):
        if _DISPERSERS.fullmatch(name := _value(exposure, key)):
            return f"{name} is a grism or prism: stars are spectra"
    return "it is no image of the sky; see FIL-005" if any(_not_imaging(exposure)) else ""


def _problems(exposure: Exposure) -> Iterator[str]:
    quality = _value(exposure, "QUALITY")
    yield from (f"QUALITY is {quality!r}: {why}" for word, why in _BAD_QUALITY.items() if word in quality)
    if not was_exposed(exposure.primary):
        yield f"EXPTIME is {exposure.primary['EXPTIME']:g} s: nothing was exposed; leave it out"
    if _value(exposure, "MTFLAG") in ("T", "TRUE", "1"):
        yield "MTFLAG is T: the telescope followed a moving target, and stars are trailed"
    if _value(exposure, "SCAN_TYP") in _SCANS:
        yield f"SCAN_TYP is {_value(exposure, 'SCAN_TYP')!r}: a spatial scan, in which stars are trailed"
    if _value(exposure, "CHINJECT") not in ("", "NONE"):
        yield f"CHINJECT is {_value(exposure, 'CHINJECT')!r}: rows hold injected charge"
    yield from _not_imaging(exposure)


def _not_imaging(exposure: Exposure) -> Iterator[str]:
    """Why an exposure is no image of the sky, by the first of the keywords that says so."""
    mode, kind, target = (_value(exposure, key) for key in ("OBSTYPE", "IMAGETYP", "TARGNAME"))
    if mode not in ("", "IMAGING"):
        yield f"OBSTYPE is {mode!r}, not IMAGING: leave it out of alignment and combination"
    elif kind not in ("", "EXT"):
        yield f"IMAGETYP is {kind!r}, not EXT: no exposure of the sky"
    elif _CALIBRATION.fullmatch(target):
        yield f"TARGNAME is {target!r}, a target of calibration"
    elif any(_value(exposure, key).startswith(_SHUT) for key in ("FILTER1", "FILTER2", "FILTER")):
        yield "the filter is a block: no light came in"


def _doubts(exposure: Exposure) -> Iterator[str]:
    lock, flag = _value(exposure, "FGSLOCK"), _value(exposure, "EXPFLAG")
    if "GY" in lock or "COARSE" in lock:
        yield f"FGSLOCK is {lock!r}: the pointing may have drifted; see the width of the stars"
    if flag not in ("", "NORMAL"):
        yield f"EXPFLAG is {flag!r}: the exposure did not end normally; see its exposure time and its stars"


def _value(exposure: Exposure, keyword: str) -> str:
    return str(exposure.primary.get(keyword, "")).strip().upper()
