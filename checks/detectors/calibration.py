"""Calibrated exposures: reference files, steps, arrays, and units."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.pixel_flags import (
    LONGEST_RUN,
    clipped,
    countless_squares,
    few_flags,
    longest_run,
    negative_light,
    unflagged_saturation,
)
from hubble_qa.checks.instruments import Camera
from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_measured, not_told
from hubble_qa.checks.readers.coordinates import is_number
from hubble_qa.checks.readers.exposure import Exposure

__all__ = [
    "MASKED",
    "ReferenceUse",
    "array_violations",
    "calibration_switches",
    "flagged_fraction",
    "least_read_noise",
    "reference_file_violations",
    "switch_violations",
    "unit_violations",
]

MASKED = 16384
"""Bit of DQ of what is masked by hand, of trails and ghosts: acstools' and the archive's own."""

# EXPEND - EXPSTART may differ from EXPTIME by the shutter's travel and the clocks' ticks.
DURATION_TOLERANCE = 0.3  # s
DURATION_TOLERANCE_RELATIVE = 1e-3

# Noise of electrons over the read noise, at the least: a flat field of 1.3 lowers it to 0.8.
_LEAST_NOISE = 0.5
# Noise of rates over that of their photons and of two reads, at the most: ramps are fitted to within a factor
# of 1.5 of it. Of electrons it is more by the root of the exposure time at least.
_MOST_NOISE = 3.0

# Days between EXPSTART and the middle of DATE-OBS, and the ordinal day of MJD 0.
_SAME_DAY = 1.5
_MJD_OF_ORDINAL = date(1858, 11, 17).toordinal()

# Calibration switches: of these, some ask for what is done with several exposures.
_SWITCH = re.compile(r"[A-Z0-9]{2,4}CORR")
_OF_ASSOCIATIONS = frozenset({"DRIZCORR", "EXPSCORR", "RPTCORR"})

# How headers and CRDS say that no file of a type applies.
_NOT_USED = ("", "N/A", "NOT FOUND N/A", "NOT APPLICABLE", "UNDEFINED")


class ReferenceUse(TypedDict):
    """One reference file of an exposure.

    ``best`` is what CRDS's rules select, ``used`` what the header names (either may carry a prefix such
    as ``uref$``; ``N/A`` where there is none), ``available`` whether the used file exists.
    """

    best: str
    used: str
    available: bool


def reference_file_violations(
    references: Mapping[str, ReferenceUse] | None, *, subject: str, solution: Sequence[str] = ()
) -> Measurement:
    """Count an exposure's reference files that do not exist, are not CRDS's best, or were not used.

    Parameters
    ----------
    references : mapping of str to ReferenceUse, or None
        By type, e.g. ``"idctab"``; None where there is no CRDS cache to ask.
    subject : str
        The exposure.
    solution : sequence of str
        Tables that the header names and its coordinates were not made with, one line each.
    """
    if references is not None and not references:
        return not_measured("reference_file_violations", subject, "no reference file was looked up")
    violations: list[str] = []
    for kind, choice in (references or {}).items():
        used, best = _file(choice["used"]), _file(choice["best"])
        if used != best:
            violations.append(f"{kind}: {used or 'none'} is used, CRDS's best is {best or 'none'}")
        if used and not choice["available"]:
            violations.append(f"{kind}: {used} does not exist")
    context: dict[str, Json] = {
        kind: {"best": choice["best"], "used": choice["used"], "available": choice["available"]}
        for kind, choice in (references or {}).items()
    }
    context["compared with CRDS"] = references is not None
    return count_violations("reference_file_violations", subject, [*violations, *solution], context)


def calibration_switches(header: Mapping[str, Any]) -> dict[str, str]:
    """Calibration switches of a primary header: ``{"FLATCORR": "PERFORM"}``."""
    return {name: str(header[name]).strip() for name in header if _SWITCH.fullmatch(name)}


def switch_violations(
    raw: Mapping[str, object],
    calibrated: Mapping[str, object],
    *,
    set_to: Mapping[str, str],
    subject: str,
    always: Sequence[str] = (),
) -> Measurement:
    """Count calibration steps that were asked for and not done, or done and not asked for.

    Parameters
    ----------
    raw : mapping
        Primary header of the raw exposure; its switches ask for steps (``FLATCORR = 'PERFORM'``).
    calibrated : mapping
        Primary header of the calibrated one, in which a step that was done reads ``COMPLETE``. One that
        was flashed (FLASHDUR) takes FLSHCORR, whatever was asked for.
    set_to : mapping of str to str
        Switches that were set to another value than the raw header's.
    subject : str
        The exposure.
    always : sequence of str
        Switches of steps that every exposure of its camera takes, whatever the raw header asks for.
    """
    requested = {**calibration_switches(raw), **set_to}
    requested = {name: value for name, value in requested.items() if name not in _OF_ASSOCIATIONS}
    if "PERFORM" not in requested.values():
        values = ", ".join(sorted({*requested.values()}))
        found = f"its switches are all {values}" if requested else "it has none"
        reason = f"no switch (FLATCORR, …) asks for a step, {found}: retrieve it again if it is calibrated"
        return not_measured("switch_violations", subject, reason)
    ended = {name: str(calibrated.get(name, "missing")).strip() for name in requested}
    violations = [
        f"{name} was {value} and ended as {ended[name]}"
        for name, value in requested.items()
        if (value == "PERFORM") != (ended[name] == "COMPLETE")
    ]
    # Who sets a switch has a reason; one that reads OMIT in the file alone may have been forgotten.
    violations += [
        f"{name} is {ended[name]}, and every exposure of its camera takes that step"
        for name in always
        if requested.get(name, "PERFORM") != "PERFORM" and name not in set_to and ended[name] != "COMPLETE"
    ]
    violations += _flash_left_in(calibrated, requested)
    context: dict[str, Json] = {
        name: {"requested": requested[name], "ended": ended[name]} for name in requested
    }
    return count_violations("switch_violations", subject, violations, context)


def _flash_left_in(calibrated: Mapping[str, Any], requested: Mapping[str, str]) -> list[str]:
    """Say that an exposure was flashed, and that nobody asked for the flash to be subtracted."""
    duration, ended = calibrated.get("FLASHDUR"), str(calibrated.get("FLSHCORR", "missing")).strip()
    flashed = isinstance(duration, (int, float)) and duration > 0
    if not flashed or str(calibrated.get("FLASHSTA", "")).startswith("NOT") or ended == "COMPLETE":
        return []
    if requested.get("FLSHCORR") == "PERFORM":
        return []  # told already
    return [f"post-flashed for {duration:g} s (FLASHDUR), but FLSHCORR is {ended}: the flash is in the image"]


def flagged_fraction(dq: NDArray[Any] | None, *, subject: str) -> Measurement:
    """Fraction of a chip's pixels that are flagged.

    Parameters
    ----------
    dq : ndarray, shape (ny, nx), or None
        Data quality, 0 for what is good. That of C0M files is in C1M: None where this is not at hand.
    subject : str
        The exposure and chip.
    """
    if dq is None:
        return not_told("flagged_fraction", subject, "its flags are in a C1M file, which is not at hand")
    if dq.size == 0:
        return not_told("flagged_fraction", subject, "DQ is empty; see CAL-013")
    masked = float(np.mean(dq.astype(np.int64) & MASKED != 0))
    context: dict[str, Json] = {"masked_fraction": masked} if masked else {}
    reason = f"masked: {masked:.2%} (DQ bit {MASKED}: regions, trails, ghosts)" if masked else ""
    return Measurement(
        "flagged_fraction", np.count_nonzero(dq) / dq.size, "", subject, context=context, reason=reason
    )


def array_violations(
    sci: NDArray[Any],
    err: NDArray[Any] | None,
    dq: NDArray[Any] | None,
    *,
    camera: Camera | None,
    subject: str,
    exposure_time: float | None = None,
) -> Measurement:
    """Count the rules that a chip's arrays break.

    SCI, ERR and DQ have one shape; SCI is finite everywhere; ERR is finite and positive at
    each unflagged pixel; SCI is not one number everywhere, nor over `LONGEST_RUN` pixels of a row or a
    column; of a detector that counts photons, whose pixels may well read 0, no square lacks the dark's
    counts, and of others no value is the least, or the largest, of many pixels; sources are brighter than the
    sky; DQ flags some pixels, since no detector is without bad ones, and those at full well. Where ERR is the
    square root of SCI, as of WFPC2, it is judged only where SCI is positive. No stage after the calibration
    expects pixels that break a rule.

    Parameters
    ----------
    sci, err, dq : ndarray, shape (ny, nx)
        Science, error and data quality arrays; 0 in `dq` is good. C0M files have no errors, and their data
        quality is in C1M: None.
    camera : Camera or None
        The camera's record; None where there is none.
    subject : str
        The exposure and chip.
    exposure_time : float or None, optional
        EXPTIME, s, by which the dark of a detector that counts photons is known.
    """
    arrays = {name: one for name, one in (("SCI", sci), ("ERR", err), ("DQ", dq)) if one is not None}
    if len({array.shape for array in arrays.values()}) > 1 or sci.size == 0:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        return count_violations("array_violations", subject, [f"shapes differ or are empty: {shapes}"])
    good = np.ones(sci.shape, dtype=bool) if dq is None else dq == 0
    judged = good & (sci > 0) if camera is None or camera.root_errors else good
    counts = {"SCI not finite": int(np.count_nonzero(~np.isfinite(sci)))}
    if err is not None:
        wrong = judged & ~(np.isfinite(err) & (err > 0))
        counts["ERR not finite and positive"] = int(np.count_nonzero(wrong))
    broken = [f"{rule} at {count} pixels" for rule, count in counts.items() if count]
    # Most pixels of a detector that counts photons may hold none.
    run = longest_run(sci, good & (sci != 0) if camera is None or camera.counts_photons else good)
    if counts["SCI not finite"] == 0 and np.all(sci == sci.flat[0]):
        broken.append(f"SCI reads {float(sci.flat[0]):g} everywhere: it holds no data")
    elif run > LONGEST_RUN:
        broken.append(f"{run} unflagged pixels in one row or column read the same: they hold no data")
    elif empty := _countless(sci, good, camera, exposure_time):
        broken.append(empty)
    elif sign := negative_light(sci, good):
        broken.append(sign)
    elif camera is not None and not camera.counts_photons and (cut := clipped(sci, good)):
        broken.append(cut)
    if dq is not None:
        lost = [few_flags(dq), unflagged_saturation(sci, dq, camera) if camera is not None else ""]
        broken += [text for text in lost if text]
    return count_violations("array_violations", subject, broken, {"longest_run": run, **counts})


def _countless(
    sci: NDArray[Any], good: NDArray[np.bool_], camera: Camera | None, exposure_time: float | None
) -> str:
    """Say that parts of a detector that counts photons hold none; empty where that is not so or not known."""
    if camera is None or camera.dark_rate is None or exposure_time is None:
        return ""
    return countless_squares(sci, good * (camera.dark_rate * exposure_time))


class PixelRates(NamedTuple):
    """Median of the pixels of a chip in rates, and their noise, as they stand."""

    level: float
    noise: float


def unit_violations(
    exposure: Exposure, chip: int, *, noise: float | None = None, rates: PixelRates | None = None
) -> Measurement:
    """Count departures of a chip's unit and exposure time from the instrument's convention.

    BUNIT is the instrument's (AstroDrizzle takes a chip without BUNIT for a count rate and leaves its
    product in counts), pixels in electrons have at least half of the read noise, and rates no noise that only
    electrons have; EXPTIME is positive, and EXPEND - EXPSTART agrees with EXPTIME, but for the detector's
    overhead, within 0.3 s and 0.1 %; an interrupted exposure (EXPFLAG) may have lasted longer. An infrared
    exposure's last read is of EXPTIME (SAMPTIME). DATE-OBS is the day of EXPSTART.

    Parameters
    ----------
    exposure : Exposure
        A calibrated exposure.
    chip : int
        EXTVER of the chip.
    noise : float, optional
        Of the chip's pixels, by their scatter and by what their errors state, whichever is larger.
    rates : PixelRates, optional
        Of a chip in rates, the noise by its scatter or its errors, whichever is smaller.
    """
    subject = exposure.chip_label(chip)
    if exposure.camera is None:
        reason = f"no unit is on record for {exposure.instrument} {exposure.detector}".rstrip()
        return not_measured("unit_violations", subject, reason)
    unit, expected = exposure.header("SCI", chip).get("BUNIT"), exposure.camera.unit
    violations = [] if _same_unit(unit, expected) else [_unit_problem(unit, expected)]
    least = least_read_noise(exposure, chip)
    if noise is not None and least is not None and noise < _LEAST_NOISE * least:
        violations.append(
            f"BUNIT is {unit!r}, but SCI and ERR have a noise of {noise:.2g}, less than the {least:.3g} "
            "electrons of reading (READNSE): if they were divided by EXPTIME, multiply them by it"
        )
    if rates is not None and _are_electrons(exposure, rates):
        violations.append(
            f"BUNIT is {unit!r}, but SCI and ERR have the noise of electrons, {rates.noise:.3g} about "
            f"{rates.level:.3g}: if they were multiplied by EXPTIME, divide them by it"
        )
    violations += _time_violations(exposure)
    violations += _reads_violations(exposure, chip)
    violations += _date_violations(exposure)
    context: dict[str, Json] = {
        "bunit": unit,
        "expected": expected,
        "exptime": exposure.primary.get("EXPTIME"),
        "noise": noise if rates is None else rates.noise,
        "read_noise": least,
    }
    return count_violations("unit_violations", subject, violations, context)


def least_read_noise(exposure: Exposure, chip: int) -> float | None:
    """The least read noise of an exposure's amplifiers, electrons; None where a chip is not in electrons.

    Nor is it told of what was combined of several exposures, whose errors are those of a mean or of a sum.

    Parameters
    ----------
    exposure : Exposure
        A calibrated exposure.
    chip : int
        EXTVER of the chip.
    """
    header = exposure.header("SCI", chip)
    if exposure.camera is None or not _same_unit(header.get("BUNIT"), "ELECTRONS"):
        return None
    combined = header.get("NCOMBINE", exposure.primary.get("NCOMBINE", 1))
    if is_number(combined) and combined > 1:
        return None
    stated = (exposure.primary.get(f"READNSE{amplifier}") for amplifier in "ABCD")
    return min((noise for noise in stated if is_number(noise) and noise > 0), default=None)


def is_in_rates(exposure: Exposure, chip: int) -> bool:
    """Whether a chip is of an infrared camera and, by BUNIT, in electrons per second."""
    unit = exposure.header("SCI", chip).get("BUNIT")
    return exposure.camera is not None and exposure.camera.has_reads and _same_unit(unit, "ELECTRONS/S")


def _are_electrons(exposure: Exposure, rates: PixelRates) -> bool:
    """Whether pixels that should be rates have a noise nearer to that of electrons."""
    time = exposure.primary.get("EXPTIME")
    stated = [noise for each in "ABCD" if is_number(noise := exposure.primary.get(f"READNSE{each}"))]
    if not is_number(time) or not time > 0 or not stated:
        return False
    # A rate is told by two reads at the least.
    reading = 2.0 * max(stated) ** 2
    level = max(rates.level, 0.0)
    as_rates, as_electrons = math.sqrt(level / time + reading / time**2), math.sqrt(level + reading)
    return rates.noise > max(_MOST_NOISE * as_rates, math.sqrt(as_rates * as_electrons))


def _file(name: str) -> str:
    """Bare name of a reference file, in lower case; empty where none is used."""
    if name.strip().upper() in _NOT_USED:
        return ""
    return name.strip().rpartition("$")[2].rpartition("/")[2].lower()


def _same_unit(unit: object, expected: str) -> bool:
    return isinstance(unit, str) and unit.strip().upper() == expected


def _unit_problem(unit: object, expected: str) -> str:
    if unit is None:
        return f"there is no BUNIT, and AstroDrizzle will take its counts for rates; set it to {expected!r}"
    return f"BUNIT is {unit!r}, not {expected!r}"


def _date_violations(exposure: Exposure) -> list[str]:
    """That DATE-OBS is of another day than EXPSTART; catalogues are brought to the epoch by these."""
    stated, start = exposure.primary.get("DATE-OBS"), exposure.primary.get("EXPSTART")
    try:
        day = date.fromisoformat(str(stated).strip()[:10]).toordinal() - _MJD_OF_ORDINAL
    except ValueError:
        return []
    if not is_number(start) or abs(start - (day + 0.5)) <= _SAME_DAY:
        return []
    apart = f"{abs(start - day):.0f} days from EXPSTART, MJD {start:.1f}"
    return [f"DATE-OBS is {stated!r}, {apart}: one of them is another exposure's"]


def _reads_violations(exposure: Exposure, chip: int) -> list[str]:
    """That the time of an infrared exposure's last read is another than EXPTIME."""
    read, exptime = exposure.header("SCI", chip).get("SAMPTIME"), exposure.primary.get("EXPTIME")
    if not (is_number(read) and is_number(exptime)) or read <= 0 or exptime <= 0:
        return []
    if abs(read - exptime) <= DURATION_TOLERANCE + DURATION_TOLERANCE_RELATIVE * exptime:
        return []
    return [f"EXPTIME is {exptime:g} s, but its last read is of {read:g} s (SAMPTIME): its rates are of one"]


def _time_violations(exposure: Exposure) -> list[str]:
    times = {keyword: exposure.primary.get(keyword) for keyword in ("EXPTIME", "EXPSTART", "EXPEND")}
    wrong = [keyword for keyword, time in times.items() if not is_number(time)]
    if wrong:
        return [
            f"{keyword} is {'missing' if times[keyword] is None else f'{times[keyword]!r}, not a number'}"
            for keyword in wrong
        ]
    exptime, start, end = times.values()
    if exptime <= 0:
        return [f"EXPTIME is {exptime:g} s"]
    excess = (end - start) * 86400.0 - exptime
    tolerance = DURATION_TOLERANCE + DURATION_TOLERANCE_RELATIVE * exptime
    overhead = exposure.camera.overhead if exposure.camera else 0.0
    interrupted = str(exposure.primary.get("EXPFLAG", "NORMAL")).strip() not in ("NORMAL", "")
    if excess < -tolerance or (excess > overhead + tolerance and not interrupted):
        usual = f"0 to {overhead:g} s" if overhead else "0"
        problem = f"EXPEND - EXPSTART differs from EXPTIME, {exptime:g} s, by {excess:.3g} s, not {usual}"
        return [f"{problem}: one of them is another exposure's"]
    return []
