"""Zeropoints of cameras whose chips share one: inverse sensitivities in headers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hubble_qa.checks.images.photometry import photflams_of
from hubble_qa.checks.instruments import cameras_of, load_instruments
from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_applicable, not_told
from hubble_qa.checks.readers.coordinates import is_number
from hubble_qa.checks.readers.exposure import Exposure

__all__ = ["chip_zeropoint_error", "observing_mode", "zeropoint_violations"]

# Grisms and prisms, whose spectra have a sensitivity at each wavelength.
_DISPERSER = re.compile(r"(G|PR)\d+L?$", re.IGNORECASE)
# Filters that PHOTMODE names as the header does, and those of one band among them, whose number is its middle
# in units of 10 Angstrom, or of 100 in the infrared. Pivots are up to 9 per cent away from it (F250W of HRC).
_FILTER = re.compile(r"F[QR]?\d{3,4}\w+", re.IGNORECASE)
_BAND = re.compile(r"F[QR]?(\d{3})[WMN]", re.IGNORECASE)
_UNITS, _NEAR = (10.0, 100.0), 0.15
# What to do where two chips have a zeropoint each.
_COMBINE = "calibrate with FLUXCORR = PERFORM before the chips are combined"
# The chip that FLUXCORR brings the other to, by CCDCHIP.
_REFERENCE_CHIP = 1
# Zero point of ST magnitudes, which all of HST's headers have beside PHOTFLAM.
_ST_ZERO, _ZERO_ERROR = -21.1, 0.01
# Planck's constant times the speed of light, erg Angstrom, and the area of HST's primary mirror, cm2, to
# which its sensitivities are referred.
_HC, _MIRROR = 1.98644586e-8, 45238.93
# Date of a zeropoint, days, and by how much it may differ from the exposure's: sensitivities fall by 0.2 per
# cent a year at most (UVIS), so that PHT-009's 0.001 takes half a year.
_DATE, _SAME_SENSITIVITY = re.compile(r"MJD#(\d+(?:\.\d*)?)", re.IGNORECASE), 183.0
# When a camera's sensitivity changed at once: ACS was cooled from -77 to -81 C on 2006 July 4.
_STEPS = {"ACS": 53920.0}
# Electrons per photon in the middle of a band: 0.5 at most (WFC3/IR), and 1e-3 through ultraviolet filters.
_THROUGHPUT = (1e-5, 1.0)


def chip_zeropoint_error(exposure: Exposure, table: Mapping[int, float] | None = None) -> Measurement:
    """Largest relative error of a flux by PHOTFLAM, over the chips of an exposure.

    Of each chip the error of its PHOTFLAM: against IMPHTTAB where that is given, else against PHTFLAM1,
    PHTFLAM2 of its own header, and against the other chips'. Where FLUXCORR did not bring UVIS2 to
    UVIS1, also abs(PHTRATIO - 1): a drizzled image of both chips has one PHOTFLAM. It could not be told
    where these are missing, which `zeropoint_violations` counts.

    Parameters
    ----------
    exposure : Exposure
        A calibrated exposure of a camera whose chips share a zeropoint after calibration.
    table : mapping of int to float, optional
        PHOTFLAM by IMPHTTAB for the pixels as they are, by EXTVER.

    Notes
    -----
    There is a warning where PHOTMODE has no date (``MJD#``) though the camera's sensitivity is
    tabulated by date: the zeropoint is then an average over the years.
    """
    quantity, subject = "chip_zeropoint_error", exposure.label
    disperser = _disperser(exposure)
    if disperser:
        return not_applicable(quantity, subject, f"{disperser} disperses: a spectrum has no PHOTFLAM")
    photflams, table = photflams_of(exposure), table or {}
    lost = next(_missing(exposure, photflams), "")
    if lost:
        return not_told(quantity, subject, f"{lost}; see PHT-014")
    errors = dict(_errors(exposure, photflams, table))
    worst = max(errors, key=lambda reason: errors[reason], default="")
    undated = _undated(exposure)
    context: dict[str, Json] = {
        "photflam": {f"SCI,{chip}": value for chip, value in photflams.items()},
        "imphttab": {f"SCI,{chip}": value for chip, value in table.items()},
        "fluxcorr": str(exposure.primary.get("FLUXCORR", "")),
        "photmode": {f"SCI,{chip}": _photmode(exposure, chip) for chip in photflams},
    }
    value = errors.get(worst, 0.0)
    reason = worst if value else ""
    return Measurement(quantity, value, "", subject, None, context, reason=reason, warning=undated)


def zeropoint_violations(exposure: Exposure) -> Measurement:
    """Count what is wrong with the keywords by which fluxes of an exposure's chips are told.

    That is PHOTFLAM and PHTRATIO where they are missing, PHOTZPT where it is not that of ST magnitudes,
    PHOTFLAM where no telescope of HST's mirror can have it, PHOTMODE and PHOTPLAM where they are of
    another filter than the header names, and PHOTMODE where it is of another camera or of a time when the
    sensitivity was another: then PHOTFLAM is, too.

    Parameters
    ----------
    exposure : Exposure
        As of `chip_zeropoint_error`.
    """
    quantity, subject = "zeropoint_violations", exposure.label
    disperser = _disperser(exposure)
    if disperser:
        return not_applicable(quantity, subject, f"{disperser} disperses: a spectrum has no PHOTFLAM")
    photflams = photflams_of(exposure)
    problems = [
        *_missing(exposure, photflams),
        *_impossible(exposure, photflams),
        *_of_other_filters(exposure),
        *_of_other_cameras(exposure),
        *_of_other_times(exposure),
    ]
    return count_violations(quantity, subject, problems)


def observing_mode(exposure: Exposure, chip: int) -> str:
    """A chip's PHOTMODE as IMPHTTAB names modes, ``"acs,wfc1,f606w"``, for the pixels as they are.

    Where FLUXCORR brought UVIS2 to UVIS1, UVIS1's holds for both.
    """
    parts = [part for part in _photmode(exposure, chip).lower().split() if not part.startswith("mjd#")]
    if _flux_corrected(exposure):
        parts = [f"uvis{_REFERENCE_CHIP}" if part == "uvis2" else part for part in parts]
    return ",".join(parts)


def _missing(exposure: Exposure, photflams: Mapping[int, float]) -> Iterator[str]:
    """What makes fluxes of an exposure unknown, each with what to do."""
    if not exposure.chips:
        yield "there is no SCI extension"
    for chip, value in photflams.items():
        if not _is_positive(value):
            own = exposure.header("SCI", chip).get("PHOTFLAM", exposure.primary.get("PHOTFLAM"))
            found = "is missing" if own is None else f"is {own!r}, no inverse sensitivity"
            yield f"PHOTFLAM of SCI,{chip} {found}; calibrate with PHOTCORR = PERFORM"
    for chip in exposure.chips:
        zero = _of_chip(exposure, chip, "PHOTZPT")
        if zero is not None and not (is_number(zero) and abs(zero - _ST_ZERO) < _ZERO_ERROR):
            yield f"PHOTZPT of SCI,{chip} is {zero!r}, but that of ST magnitudes is {_ST_ZERO}; set it so"
    both = len([value for value in photflams.values() if value > 0]) > 1
    if both and _left_apart(exposure) and _sensitivity_ratio(exposure) is None:
        yield f"{_state(exposure)} and PHTRATIO is missing: the chips have no common zeropoint; {_COMBINE}"


def _impossible(exposure: Exposure, photflams: Mapping[int, float]) -> Iterator[str]:
    """PHOTFLAM in another unit, or of another quantity: of more electrons than photons, or of hardly any.

    A band of the pivot and of the RMS width that the header gives is taken for a rectangle.
    """
    for chip, value in photflams.items():
        pivot, width = (_of_chip(exposure, chip, keyword) for keyword in ("PHOTPLAM", "PHOTBW"))
        if not (_is_positive(value) and all(is_number(each) and each > 0 for each in (pivot, width))):
            continue
        throughput = _HC / (_MIRROR * value * pivot * math.sqrt(12.0) * width)
        least, most = _THROUGHPUT
        if not least < throughput < most:
            yield (
                f"PHOTFLAM of SCI,{chip} is {value:g}, by which {throughput:.2g} electrons were seen of each "
                "photon: it is no erg/cm2/Angstrom/electron; calibrate with PHOTCORR = PERFORM"
            )


def _of_other_filters(exposure: Exposure) -> Iterator[str]:
    """Keywords of zeropoints that are not those of the exposure's filters, each with what to do."""
    names = [name.upper() for name in _elements(exposure) if _FILTER.fullmatch(name)]
    again = "correct the filter's keyword, or calibrate again with PHOTCORR = PERFORM"
    for chip in exposure.chips:
        mode, pivot = _photmode(exposure, chip), _of_chip(exposure, chip, "PHOTPLAM")
        words = re.split(r"[\s,]+", mode.upper())
        other = [name for name in names if mode and not any(word.startswith(name) for word in words)]
        if other:
            yield f"PHOTMODE of SCI,{chip} is {mode!r}, but the filter {' and '.join(other)}; {again}"
        elif pivot is not None and not (is_number(pivot) and _is_positive(pivot)):
            yield f"PHOTPLAM of SCI,{chip} is {pivot!r}, no wavelength; calibrate with PHOTCORR = PERFORM"
        elif pivot is not None and len(names) == 1 and not _is_in_band(float(pivot), names[0]):
            yield f"PHOTPLAM of SCI,{chip} is {pivot:g} Angstrom, which is not in {names[0]}; {again}"


def _of_other_cameras(exposure: Exposure) -> Iterator[str]:
    """PHOTMODE that names another camera than the header, each with what to do."""
    instruments = {each.instrument for each in load_instruments().cameras.values()}
    detectors = {each.detector for each in cameras_of(exposure.instrument)}
    for chip in exposure.chips:
        mode = _photmode(exposure, chip)
        words = re.split(r"[\s,]+", mode.upper())
        named = instruments.intersection(words)
        # A detector's word may give the chip as well: WFC1.
        theirs = {one for one in detectors for word in words if word.startswith(one)}
        # What the header does not say is for FIL-003.
        other = named and exposure.instrument and exposure.instrument not in named
        if other or (theirs and exposure.detector and exposure.detector not in theirs):
            own = f"{exposure.instrument} {exposure.detector}".strip()
            again = "calibrate with PHOTCORR = PERFORM"
            yield f"PHOTMODE of SCI,{chip} is {mode!r}, but the camera {own}; {again}"


def _of_other_times(exposure: Exposure) -> Iterator[str]:
    """PHOTMODE that is of a time when the camera's sensitivity was another, each with what to do."""
    begin = exposure.primary.get("EXPSTART")
    if exposure.camera is None or not exposure.camera.dated_zeropoints or not is_number(begin):
        return
    step = _STEPS.get(exposure.instrument, math.nan)
    for chip in exposure.chips:
        mode = _photmode(exposure, chip)
        if (found := _DATE.search(mode)) is None:
            continue
        date = float(found[1])
        if abs(date - begin) > _SAME_SENSITIVITY or min(date, begin) < step <= max(date, begin):
            yield (
                f"PHOTMODE of SCI,{chip} is {mode!r}, but the exposure began at MJD {begin:.4f} (EXPSTART), "
                "when the sensitivity was another; calibrate with PHOTCORR = PERFORM"
            )


def _is_in_band(pivot: float, name: str) -> bool:
    band = _BAND.fullmatch(name)
    return band is None or any(abs(pivot / (unit * int(band[1])) - 1.0) < _NEAR for unit in _UNITS)


def _errors(
    exposure: Exposure, photflams: Mapping[int, float], table: Mapping[int, float]
) -> Iterator[tuple[str, float]]:
    """Relative errors, by what is wrong and what to do."""
    for chip, value in photflams.items():
        expected, origin = table.get(chip), "IMPHTTAB"
        if expected is None:
            expected, origin = _by_header(exposure, chip)
        if expected:
            text = f"PHOTFLAM of SCI,{chip} is {value:g}, {expected:g} by {origin}; take it from there"
            yield text, abs(value / expected - 1.0)
    yield from _between_chips(exposure, [*photflams.values()])


def _between_chips(exposure: Exposure, photflams: list[float]) -> Iterator[tuple[str, float]]:
    """How far one zeropoint is from being true of all chips."""
    if len(photflams) < 2:
        return
    ratio = _sensitivity_ratio(exposure) if _left_apart(exposure) else None
    if ratio is None:
        spread = max(photflams) / min(photflams) - 1.0
        yield f"the chips' PHOTFLAM are from {min(photflams):g} to {max(photflams):g}", spread
    else:
        text = f"{_state(exposure)} and the chips differ by PHTRATIO = {ratio:.6g}; {_COMBINE}"
        yield text, abs(ratio - 1.0)


def _left_apart(exposure: Exposure) -> bool:
    """Whether the camera has a step that brings one chip's fluxes to the other's, and it was not done."""
    return "FLUXCORR" in exposure.primary and not _flux_corrected(exposure)


def _state(exposure: Exposure) -> str:
    return f"FLUXCORR is {str(exposure.primary['FLUXCORR']).strip()!r}"


def _is_positive(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _by_header(exposure: Exposure, chip: int) -> tuple[float | None, str]:
    """What a chip's PHOTFLAM should be by PHTFLAM1 and PHTFLAM2, and which of these says so."""
    number = _REFERENCE_CHIP if _flux_corrected(exposure) else exposure.header("SCI", chip).get("CCDCHIP")
    keyword = f"PHTFLAM{number}"
    return _positive(exposure, keyword), keyword


def _sensitivity_ratio(exposure: Exposure) -> float | None:
    """PHTRATIO, else PHTFLAM2 / PHTFLAM1, by any header that has them: calwf3 writes 0 in SCI,2."""
    stated = _positive(exposure, "PHTRATIO")
    first, second = (_positive(exposure, f"PHTFLAM{number}") for number in (1, 2))
    return stated or (second / first if first and second else None)


def _positive(exposure: Exposure, keyword: str) -> float | None:
    headers = (exposure.primary, *exposure.science_headers().values())
    values = (header.get(keyword) for header in headers)
    return next((float(value) for value in values if isinstance(value, int | float) and value > 0), None)


def _flux_corrected(exposure: Exposure) -> bool:
    return str(exposure.primary.get("FLUXCORR", "")).strip() == "COMPLETE"


def _of_chip(exposure: Exposure, chip: int, keyword: str) -> Any:
    return exposure.header("SCI", chip).get(keyword, exposure.primary.get(keyword))


def _photmode(exposure: Exposure, chip: int) -> str:
    return str(_of_chip(exposure, chip, "PHOTMODE") or "").strip()


def _elements(exposure: Exposure) -> list[str]:
    """Filters, grisms and prisms of an exposure, as the header names them."""
    keywords = exposure.camera.filters if exposure.camera else ()
    return [str(exposure.primary.get(keyword, "")).strip() for keyword in keywords]


def _disperser(exposure: Exposure) -> str:
    """The grism or prism of an exposure; empty where it has none."""
    return next((name for name in _elements(exposure) if _DISPERSER.match(name)), "")


def _undated(exposure: Exposure) -> str:
    """That the zeropoint is of no date, where it should be of the exposure's; else empty."""
    if exposure.camera is None or not exposure.camera.dated_zeropoints:
        return ""
    without = [f"SCI,{chip}" for chip in exposure.chips if "MJD#" not in _photmode(exposure, chip).upper()]
    if not without:
        return ""
    mode = _photmode(exposure, exposure.chips[0])
    return f"PHOTMODE of {', '.join(without)} has no date (MJD#): {mode!r}; calibrate again to have the day's"
