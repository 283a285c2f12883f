"""Faults of files: cut short, an extension or a keyword lost, another exposure under the name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from numpy.random import Generator

from tests.trust.cameras import CAMERAS, Camera
from tests.trust.edits import one_of, opened, scaled, science
from tests.trust.fault import Change, Fault, Place

__all__ = ["FAULTS"]

_ALL = "any loss: what is missing is used as zero, or stops a stage an hour later"
# What can no longer be read can no longer be measured either.
_UNREADABLE: tuple[str, ...] = ("FIL-002", "FIL-003", "CAL-003", "CAL-005", "CAL-013", "WCS-001", "WCS-002")
_UNREADABLE += ("AST-010", "AST-011", "AST-026")

# What tells an exposure from another, where they differ in it.
_OTHERS: tuple[str, ...] = (
    "AST-010",
    "AST-016",
    "AST-019",
    "AST-020",
    "CAL-001",
    "CAL-006",
    "CAL-007",
    "DRZ-002",
    "DRZ-003",
)
_OTHERS += (
    "DRZ-007",
    "TVB-001",
    "TVB-003",
    "CAL-002",
    "CAL-005",
    "DRZ-009",
    "DRZ-010",
    "DRZ-012",
    "PHT-003",
    "WCS-005",
)

# What measures light in a time.
_OF_TIME: tuple[str, ...] = (
    "PHT-006",
    "PHT-010",
    "PHT-011",
    "PHT-012",
    "CAL-006",
    "CAL-008",
    "CAL-011",
    "CAL-012",
)
_OF_TIME += (
    "DRZ-002",
    "DRZ-003",
    "DRZ-006",
    "DRZ-009",
    "DRZ-012",
    "TVB-002",
    "TVB-003",
    "TVB-006",
    "DRK-003",
    "AST-024",
)


def _cut(camera: Camera) -> Change:
    def change(place: Place, size: float, random: Generator) -> None:
        path = place.edit(camera.node, one_of(place, camera.node, camera.pattern, random))
        os.truncate(path, int(path.stat().st_size * (1 - size)))

    return change


def _without_extension(camera: Camera) -> Change:
    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, camera.node, one_of(place, camera.node, camera.pattern, random)) as hdus:
            there = [number for number, hdu in enumerate(hdus) if hdu.name in ("ERR", "DQ")]
            del hdus[int(random.choice(there))]

    return change


def _without_keyword(camera: Camera) -> Change:
    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, camera.node, one_of(place, camera.node, camera.pattern, random)) as hdus:
            del hdus[0].header[str(random.choice(("EXPTIME", "INSTRUME", "ROOTNAME")))]

    return change


def _another_telescope(camera: Camera) -> Change:
    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, camera.node, one_of(place, camera.node, camera.pattern, random)) as hdus:
            hdus[0].header["TELESCOP"] = str(random.choice(("JWST", "ROMAN", "EUCLID", "HST simulated")))

    return change


def _another_exposure(camera: Camera) -> Change:
    def change(place: Place, size: float, random: Generator) -> None:
        first, second = random.choice(place.names(camera.node, camera.pattern), 2, replace=False)
        shutil.copyfile(place.read(camera.node, str(second)), place.edit(camera.node, str(first)))

    return change


def _without_unit(camera: Camera) -> Change:
    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, camera.node, one_of(place, camera.node, camera.pattern, random)) as hdus:
            chips = science(hdus)
            header = chips[int(random.integers(len(chips)))].header
            header.pop("BUNIT", None)

    return change


def _rates(camera: Camera) -> Change:
    """Pixels and errors were divided by the exposure time, and the unit was left."""

    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, camera.node, one_of(place, camera.node, camera.pattern, random)) as hdus:
            for hdu in hdus:
                if hdu.name in ("SCI", "ERR"):
                    scaled(hdu, 1 / hdus[0].header["EXPTIME"])

    return change


def _other_time(camera: Camera) -> Change:
    # A tenth of a short exposure is less than the detector's overhead.
    pattern = camera.deep or camera.pattern

    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, camera.node, one_of(place, camera.node, pattern, random)) as hdus:
            hdus[0].header["EXPTIME"] *= 1 + size

    return change


def _longer(camera: Camera) -> Change:
    """Time and end of the exposure agree with one another, and with nothing else."""
    # As above.
    pattern = camera.deep or camera.pattern

    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, camera.node, one_of(place, camera.node, pattern, random)) as hdus:
            header = hdus[0].header
            header["EXPEND"] += size * header["EXPTIME"] / 86400.0
            header["EXPTIME"] *= 1 + size

    return change


def _of(camera: Camera) -> Iterator[Fault]:
    where, name = camera.dataset, camera.label
    yield Fault(
        f"{name}: file cut short",
        where,
        _cut(camera),
        "of its bytes",
        (0.0003, 0.001, 0.01, 0.1, 0.5),
        0.001,
        "the last rows of the last extension",
        ("FIL-001",),
        _UNREADABLE,
    )
    yield Fault(
        f"{name}: an ERR or DQ extension lost",
        where,
        _without_extension(camera),
        "",
        (1,),
        1,
        _ALL,
        ("FIL-002",),
        ("FIL-001", "CAL-003", "CAL-013"),
    )
    yield Fault(
        f"{name}: EXPTIME, INSTRUME or ROOTNAME lost",
        where,
        _without_keyword(camera),
        "",
        (1,),
        1,
        _ALL,
        ("FIL-003",),
        ("FIL-004", "CAL-005"),
    )
    yield Fault(
        f"{name}: TELESCOP names another",
        where,
        _another_telescope(camera),
        "",
        (1,),
        1,
        "no number of its criteria holds for another telescope",
        ("FIL-003",),
    )
    yield Fault(
        f"{name}: another exposure under its name",
        where,
        _another_exposure(camera),
        "",
        (1,),
        1,
        "it is combined twice, and the exposure itself is missing",
        ("FIL-003",),
        _OTHERS,
    )
    yield Fault(
        f"{name}: unit lost",
        where,
        _without_unit(camera),
        "",
        (1,),
        1,
        "AstroDrizzle takes it for a rate: wrong by the exposure time",
        ("CAL-005",),
        ("CAL-011",),
    )
    if camera.unit == "e-":
        yield Fault(
            f"{name}: rates that BUNIT calls electrons",
            where,
            _rates(camera),
            "",
            (1,),
            1,
            "AstroDrizzle divides them again: wrong by the exposure time",
            ("CAL-005",),
            (
                *_OF_TIME,
                "AST-012",
                "AST-015",
                "AST-017",
                "CAL-004",
                "CAL-007",
                "CAL-010",
                "CAL-013",
                "WCS-003",
            ),
        )
    yield Fault(
        f"{name}: exposure time wrong",
        where,
        _other_time(camera),
        "",
        (0.003, 0.01, 0.03, 0.1, 0.5),
        0.1,
        "fluxes are wrong by as much; a tenth is beyond any zeropoint's error",
        ("CAL-005",),
        _OF_TIME,
    )
    yield Fault(
        f"{name}: exposure time and end wrong",
        where,
        _longer(camera),
        "",
        (0.01, 0.1, 1.0),
        0.1,
        "fluxes are wrong by as much"
        + ("; no image of the exposure is at hand, nor has it a time of its reads" if name == "WFC" else ""),
        ("CAL-005",) if name != "WFC" else (),
        _OF_TIME if name != "WFC" else (*_OF_TIME, "CAL-005"),
    )


FAULTS = tuple(fault for camera in CAMERAS for fault in _of(camera))
