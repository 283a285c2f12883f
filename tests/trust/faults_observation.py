"""Faults of the observation itself, and of what its headers say of sensitivity and flash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from numpy.random import Generator

from tests.trust.cameras import CAMERAS, Camera
from tests.trust.edits import one_of, opened, science
from tests.trust.fault import Change, Fault, Place

__all__ = ["FAULTS"]

_CAMERAS = {camera.label: camera for camera in CAMERAS}
_SPOILED = {
    "QUALITY": "GSFAIL; TDF-DOWN",
    "MTFLAG": "T",
    "SCAN_TYP": "C",
    "CHINJECT": "CONT",
}


def _primary(camera: Camera, edit: Callable[[Any, float, Generator], None]) -> Change:
    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, camera.node, one_of(place, camera.node, camera.pattern, random)) as hdus:
            edit(hdus[0].header, size, random)

    return change


def _spoiled(header: Any, size: float, random: Generator) -> None:
    keyword = str(random.choice(sorted(_SPOILED)))
    header[keyword] = _SPOILED[keyword]


def _no_time(header: Any, size: float, random: Generator) -> None:
    header["EXPTIME"] = 0.0


def _flash_left(header: Any, size: float, random: Generator) -> None:
    header["FLASHDUR"], header["FLASHCUR"], header["FLSHCORR"] = 3.0, "LOW", "OMIT"


def _photflam(camera: Camera, factor: float | None = None) -> Change:
    """Change PHOTFLAM of one chip, by its size or a factor."""

    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, camera.node, one_of(place, camera.node, camera.pattern, random)) as hdus:
            chips = [hdu.header for hdu in science(hdus)]
            header = chips[int(random.integers(len(chips)))]
            # In the primary header where the instrument has it there.
            header = header if "PHOTFLAM" in header else hdus[0].header
            header["PHOTFLAM"] *= factor if factor is not None else 1 + size

    return change


def _of(camera: Camera) -> Iterator[Fault]:
    def fault(name: str, change: Change, why: str, *must: str, may: tuple[str, ...] = ()) -> Fault:
        return Fault(f"{camera.label}: {name}", camera.dataset, change, "", (1,), 1, why, must, may)

    trailed = "stars are trailed, or there are none: what it is combined with is spoiled"
    yield fault(
        "guide stars lost, moving target, scan or injection", _primary(camera, _spoiled), trailed, "FIL-005"
    )
    yield fault(
        "exposure time zero",
        _primary(camera, _no_time),
        "a rate is a division by zero",
        "FIL-005",
        may=("CAL-005", "DRZ-009"),
    )
    if camera.label in ("UVIS", "WFC", "IR"):
        nothing = "there is no flux at all"
        yield fault("PHOTFLAM zero", _photflam(camera, 0.0), nothing, "PHT-009", may=("PHT-008",))
        yield Fault(
            f"{camera.label}: PHOTFLAM of one chip",
            camera.dataset,
            _photflam(camera),
            "",
            (5e-4, 2e-3, 0.01, 0.3),
            0.01,
            "0.01 mag: what colours are compared to",
            ("PHT-009",),
            ("PHT-008",),
        )


FAULTS = (
    *(fault for camera in CAMERAS for fault in _of(camera)),
    Fault(
        "UVIS: flash not subtracted",
        _CAMERAS["UVIS"].dataset,
        _primary(_CAMERAS["UVIS"], _flash_left),
        "",
        (1,),
        1,
        "a background of tens of electrons with the flash's own shape is left",
        ("CAL-001",),
    ),
)
