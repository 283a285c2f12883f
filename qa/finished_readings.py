"""What the tests of finished products read out of the files of a directory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io.fits import Header

from hubble_qa.checks.astrometry.solutions import catalog_of_fit
from hubble_qa.checks.detectors.background import background_level
from hubble_qa.checks.detectors.calibration import calibration_switches
from hubble_qa.checks.detectors.levels import light_sensitive
from hubble_qa.checks.detectors.read_rates import ReadRates
from hubble_qa.checks.readers import Drizzled, Exposure, ReaderError
from hubble_qa.fixtures.finished.files import Kind
from hubble_qa.fixtures.finished.survey import Finished
from hubble_qa.qa.readings import array_in, drizzled_in, exposure_in

__all__ = [
    "Chip",
    "chip_of",
    "claims_catalog",
    "counts_of",
    "image_of",
    "inputs_of",
    "path_of",
    "rate_under",
    "rates_of_reads",
    "reads_of",
    "requested_steps",
    "solutions_of",
    "without_ramp_fit",
]

_INPUT = re.compile(r"D\d{3}DATA")
# Switches of updatewcs, which leaves them as they are.
_OF_UPDATEWCS = frozenset({"TDDCORR", "NPOLCORR", "D2IMCORR", "DGEOCORR", "VACORR"})


class Chip(NamedTuple):
    """A chip of an exposure."""

    exposure: Exposure
    number: int


def path_of(found: Finished, label: str) -> Path:
    """The file of a label."""
    return found.files[label].path


def chip_of(found: Finished, label: str) -> Chip:
    """The chip of a label like ``"u40x010hm_flt SCI,2"``."""
    name, _, number = label.rpartition(" SCI,")
    return Chip(exposure_in(path_of(found, name)), int(number))


def image_of(found: Finished, label: str) -> Drizzled:
    """A drizzled image."""
    return drizzled_in(path_of(found, label))


def counts_of(found: Finished, label: str) -> Exposure:
    """The C0M file that belongs to the FLT of a chip like ``"u40x010hm_flt SCI,2"``.

    Raises
    ------
    ReaderError
        If it is not there.
    """
    flt = found.files[label.rpartition(" SCI,")[0]]
    file = found.sibling(flt, "c0m")
    if file is None:
        raise ReaderError(f"{flt.path}: {flt.root}_c0m.fits is not among the products")
    return exposure_in(file.path)


def inputs_of(found: Finished, image: Drizzled) -> tuple[list[Exposure], list[str]]:
    """The exposures that a drizzled image names as its inputs, and the names of those that are not there."""
    names = [
        str(header[key]).partition("[")[0]
        for header in (image.primary, image.header)
        for key in header
        if _INPUT.fullmatch(key)
    ]
    chosen = {name: _input_of(found, image, name) for name in dict.fromkeys(names)}
    return (
        [exposure_in(path) for path in chosen.values() if path is not None],
        [name for name, path in chosen.items() if path is None] or ([] if names else ["(none is named)"]),
    )


def _input_of(found: Finished, image: Drizzled, name: str) -> Path | None:
    """An input by its name: of several, the one beside the image, or with the image's own solution."""
    files = [file for file in found.files.values() if file.kind is Kind.EXPOSURE and file.path.name == name]
    files.sort(key=lambda file: file.wcsname != image.keyword("WCSNAME"))
    files.sort(key=lambda file: file.path.parent != image.path.parent)
    return files[0].path if files else None


def solutions_of(found: Finished, name: str) -> Mapping[str, Mapping[int, Header]]:
    """Headers of the chips of the calibrated exposures that carry a solution of a name, by label."""
    return {
        label: exposure_in(found.files[label].path).science_headers()
        for label in found.labels(Kind.EXPOSURE, suffixes=("flt", "flc"))
        if found.files[label].wcsname == name
    }


def claims_catalog(exposure: Exposure) -> str:
    """Why an exposure's solution is no fit of the archive's to a catalogue; empty if that of any chip is."""
    headers = exposure.science_headers().values()
    if any(catalog_of_fit(header) for header in headers):
        return ""
    names = sorted({str(header.get("WCSNAME", "none")) for header in headers})
    return f"WCSNAME is {', '.join(names) or 'none'}: no fit of the archive's to a catalogue"


def requested_steps(exposure: Exposure) -> Mapping[str, str]:
    """The calibration steps that an exposure's own header shows to have been asked for, or omitted.

    calacs and calwf3 write COMPLETE for what they did, SKIPPED for what they could not do, and leave
    PERFORM where they did not come to it: all of these were asked for.
    """
    return {
        key: "PERFORM" if value in ("COMPLETE", "SKIPPED", "PERFORM") else "OMIT"
        for key, value in calibration_switches(exposure.primary).items()
        if key not in _OF_UPDATEWCS
    }


def without_ramp_fit(found: Finished, label: str) -> str:
    """That an exposure's FLT was made without ramp fit: its background may vary; empty if it was not."""
    flt = found.sibling(found.files[label], "flt")
    if flt is None or str(exposure_in(flt.path).primary.get("CRCORR", "")).strip() != "OMIT":
        return ""
    return f"{flt.path.name} was calibrated without the ramp fit (CRCORR = OMIT)"


def rates_of_reads(path: Path) -> ReadRates:
    """Background rate of each read of an IMA, electrons per second, from the zeroth read on.

    Raises
    ------
    ReaderError
        If a read has no SAMPTIME.
    """
    exposure = exposure_in(path)
    reads = []
    for number in exposure.chips:
        header = exposure.header("SCI", number)
        if "SAMPTIME" not in header:
            raise ReaderError(f"{path}: SCI,{number} has no SAMPTIME; it is not a read of an IMA")
        if float(header["SAMPTIME"]) > 0:
            reads.append((float(header["SAMPTIME"]), number))
    time, rate = [], []
    for seconds, number in sorted(reads):
        level = float(np.median(light_sensitive(array_in(path, "SCI", number))))
        time.append(seconds)
        rate.append(level if _in_rates(exposure, number) else level / seconds)
    return ReadRates(time=tuple(time), rate=tuple(rate))


def reads_of(found: Finished, label: str) -> Exposure | None:
    """The IMA of an FLT; None where it is not among the products."""
    file = found.sibling(found.files[label], "ima")
    return exposure_in(file.path) if file else None


def rate_under(exposure: Exposure, reads: Exposure) -> float:
    """Background rate of an IMA's last read where an exposure's FLT is not flagged, electrons per second.

    Raises
    ------
    ReaderError
        If the last read has no SAMPTIME, or no pixel for each of the FLT's.
    """
    seconds = reads.header("SCI", 1).get("SAMPTIME")
    if not isinstance(seconds, int | float) or seconds <= 0:
        raise ReaderError(f"{reads.path}: SAMPTIME of SCI,1, the last read, is {seconds!r}, not in seconds")
    quality, last = array_in(exposure.path, "DQ", 1), light_sensitive(array_in(reads.path, "SCI", 1))
    if last.shape != quality.shape:
        raise ReaderError(f"{reads.path}: {last.shape} pixels sensitive to light, the FLT's {quality.shape}")
    level = background_level(last[quality == 0]).median
    return level if _in_rates(reads, 1) else level / float(seconds)


def _in_rates(exposure: Exposure, number: int) -> bool:
    return "/S" in str(exposure.header("SCI", number).get("BUNIT", "")).upper()
