"""What files must be, and must not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hubble_qa.checks.images.files import (
    fits_form_violations,
    image_structure_violations,
    keyword_violations,
    structure_violations,
)
from hubble_qa.checks.images.observations import observation_violations
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import FitsStructure
from tests.acceptance.case import Case
from tests.dark_rate_samples import association
from tests.wfpc2_samples import exposure


def form(**changes: object) -> Measurement:
    whole = FitsStructure(Path("u5jx010hr_flt.fits"), 25_755_840, 25_755_840, 14, 13, 0, ())
    return fits_form_violations(replace(whole, **changes))


def shuffled() -> Measurement:
    """An FLT in the order of ACS and WFC3."""
    flt = exposure()
    order = sorted(flt.extensions, key=lambda extension: extension.version)
    return structure_violations(replace(flt, extensions=tuple(order)))


CASES: Mapping[str, Case] = {
    "FIL-001": Case(
        form,
        {
            "truncated": lambda: form(actual_size=20_000_000),
            "trailing bytes": lambda: form(actual_size=25_758_720),
            "lost extensions": lambda: form(units=5),
            "checksum": lambda: form(remarks=("Checksum verification failed for HDU ('SCI', 4).",)),
        },
    ),
    "FIL-002": Case(
        lambda: structure_violations(exposure()),
        {
            "other order": shuffled,
            "missing": lambda: structure_violations(exposure(drop=[("ERR", 3)])),
            "a chip that was lost": lambda: structure_violations(
                exposure("c0m", drop=[("SCI", 4)], primary={"NEXTEND": 5})
            ),
            "no image": lambda: image_structure_violations(exposure(drop=[("SCI", 1)])),
            "an FLT called C0M": lambda: structure_violations(
                exposure("flt", path=Path("u5jx010hr_c0m.fits"))
            ),
        },
    ),
    "FIL-003": Case(
        lambda: keyword_violations(exposure()),
        {
            "missing": lambda: keyword_violations(exposure(primary={"EXPSTART": None})),
            "a gain that is text": lambda: keyword_violations(exposure(primary={"READNSEA": "5.2"})),
            "other type": lambda: keyword_violations(exposure(science={"PHOTFLAM": "3.44e-18"})),
            "no instrument": lambda: keyword_violations(exposure(primary={"INSTRUME": None})),
            "another exposure": lambda: keyword_violations(exposure(primary={"ROOTNAME": "u5jx0108r"})),
            "another telescope": lambda: keyword_violations(exposure(primary={"TELESCOP": "JWST"})),
            "another camera": lambda: keyword_violations(
                exposure(primary={"INSTRUME": "ACS", "DETECTOR": "WFC"})
            ),
        },
    ),
    "FIL-004": Case(
        association,
        {
            "one too few": lambda: association(("jcmc11deq",)),
            "another's": lambda: association(("jcmc11deq", "jcmc11dhq", "jcmc11ctq")),
            "one that is not there": lambda: association(("jcmc11deq", "jcmc11dhq", "jcmc11zzq")),
            "another filter": lambda: association(filters=("F150LP", "F165LP")),
        },
    ),
    "FIL-005": Case(
        lambda: observation_violations(exposure(primary={"QUALITY": "OK", "MTFLAG": False})),
        {
            "guide stars lost": lambda: observation_violations(exposure(primary={"QUALITY": "GSFAIL"})),
            "take-data flag": lambda: observation_violations(exposure(primary={"QUALITY": "TDF-DOWN AT"})),
            "no time": lambda: observation_violations(exposure(primary={"EXPTIME": 0.0})),
            "moving target": lambda: observation_violations(exposure(primary={"MTFLAG": True})),
            "moving target, as WFC3 writes it": lambda: observation_violations(
                exposure(primary={"MTFLAG": "T"})
            ),
            "spatial scan": lambda: observation_violations(exposure(primary={"SCAN_TYP": "C"})),
            "charge injection": lambda: observation_violations(exposure(primary={"CHINJECT": "CONT"})),
            "spectrum": lambda: observation_violations(exposure(primary={"OBSTYPE": "SPECTROSCOPIC"})),
            "dark frame": lambda: observation_violations(exposure(primary={"IMAGETYP": "DARK"})),
            "flat field": lambda: observation_violations(exposure(primary={"TARGNAME": "DARK-EARTH-CALIB"})),
        },
    ),
}
