"""What headers say that verdicts depend on: steps asked for, inputs combined, whose solution it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hubble_qa.checks.astrometry.solutions import catalog_of_fit
from hubble_qa.checks.detectors.calibration import calibration_switches
from hubble_qa.checks.evidence.exposures import exposure_in
from hubble_qa.checks.images.drizzle_parameters import recommended_row
from hubble_qa.checks.readers import Drizzled, Exposure
from hubble_qa.checks.readers.best_references import header_reference

__all__ = [
    "claims_catalog",
    "input_names",
    "recommended_parameters",
    "rejected_by_ramp_fit",
    "requested_steps",
    "steps_of_all",
    "without_ramp_fit",
]

# Switches of updatewcs, which leaves them as they are.
_OF_UPDATEWCS = frozenset({"TDDCORR", "NPOLCORR", "D2IMCORR", "DGEOCORR", "VACORR"})


def claims_catalog(exposure: Exposure) -> str:
    """Why an exposure's solution is no fit of the archive's to a catalogue; empty if that of any chip is."""
    headers = exposure.science_headers().values()
    if any(catalog_of_fit(header) for header in headers):
        return ""
    names = sorted({str(header.get("WCSNAME", "none")) for header in headers})
    return f"WCSNAME is {', '.join(names) or 'none'}: no fit of the archive's to a catalogue"


def requested_steps(exposure: Exposure) -> Mapping[str, str]:
    """The calibration steps that an exposure's own header shows to have been asked for, or omitted.

    calacs and calwf3 write COMPLETE for what they did, SKIPPED or INCOMPLETE for what they could not do, and
    leave PERFORM where they did not come to it: all of these were asked for.
    """
    return {
        key: "PERFORM" if value in ("COMPLETE", "SKIPPED", "INCOMPLETE", "PERFORM") else "OMIT"
        for key, value in calibration_switches(exposure.primary).items()
        if key not in _OF_UPDATEWCS
    }


def steps_of_all(exposure: Exposure) -> tuple[str, ...]:
    """Switches of the calibration steps that every exposure of an exposure's camera takes."""
    return () if exposure.camera is None else exposure.camera.steps


def input_names(image: Drizzled) -> tuple[str, ...]:
    """Files of the exposures that a drizzled image names as its inputs (D001DATA and so on)."""
    return tuple(dict.fromkeys(each.partition("[")[0] for each in image.input_chips))


def without_ramp_fit(flt: Path | None) -> str:
    """That an FLT was made without ramp fit, so that its background may vary; else empty."""
    if flt is None or str(exposure_in(flt).primary.get("CRCORR", "")).strip() != "OMIT":
        return ""
    return f"{flt.name} was calibrated without the ramp fit (CRCORR = OMIT)"


def rejected_by_ramp_fit(path: Path) -> str:
    """That an exposure's ramp fit rejected its cosmic rays before it was drizzled; else empty."""
    exposure = exposure_in(path)
    fitted = str(exposure.primary.get("CRCORR", "")).strip() == "COMPLETE"
    if not (fitted and exposure.camera is not None and exposure.camera.has_reads):
        return ""
    return "its ramp fit had rejected the cosmic rays (CRCORR): what AstroDrizzle flagged is what that left"


def recommended_parameters(references: Path, exposure: Path, *, images: int) -> Mapping[str, Any] | None:
    """The row of an exposure's MDRIZTAB for its filter and a number of images; None where there is none.

    Parameters
    ----------
    references : Path
        Where the reference files are.
    exposure : Path
        The exposure.
    images : int
        How many are combined.
    """
    from astropy.io import fits

    header = exposure_in(exposure).primary
    filters = [str(header[key]).strip().upper() for key in ("FILTER", "FILTER1", "FILTER2") if key in header]
    table = references / header_reference(header, "MDRIZTAB")
    return recommended_row(fits.getdata(table, 1), filters=filters, images=images)
