"""Faults of the observation itself, and of what its headers say of sensitivity and flash."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy.ndimage import median_filter, uniform_filter
from scipy.signal import fftconvolve

from tests.trust.cameras import CAMERAS, Camera
from tests.trust.edits import direction, one_of, opened, science
from tests.trust.fault import Change, Fault, Place

__all__ = ["FAULTS"]

_CAMERAS = {camera.label: camera for camera in CAMERAS}
_SPOILED = {
    "QUALITY": "GSFAIL; TDF-DOWN",
    "MTFLAG": "T",
    "SCAN_TYP": "C",
    "CHINJECT": "CONT",
}

# Steps that all exposures take, whatever their raw headers ask for.
_STEPS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("UVIS", "WFC", "IR"), ("DQICORR", "DARKCORR", "FLATCORR")),
    "SBC": ("DQICORR", "FLATCORR"),
}

# What else looks at sources, where a camera and its dataset have that.
_BLURRED: tuple[str, ...] = ("PHT-003", "PHT-006", "PHT-010", "CAL-006", "CAL-007", "CAL-009", "AST-015")
_BLURRED += (
    "AST-012",
    "AST-024",
    "CAL-003",
    "CAL-013",
    "TVB-002",
    "TVB-006",
    "DRK-003",
    "DRK-006",
    "DRZ-002",
    "DRZ-003",
    "DRZ-006",
    "DRZ-012",
    "WCS-003",
)


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


def _no_time_from_the_start(place: Place, size: float, random: Generator) -> None:
    """One exposure was served with 0 s, and all of them were aligned and combined again."""
    with opened(place, "fetch", one_of(place, "fetch", "*_flc.fits", random)) as hdus:
        _no_time(hdus[0].header, size, random)
    fits = [f"align-{name}{part}" for name in ("gaia", "sdss") for part in ("-try-1", "")]
    for node in (*fits, "accept", "drizzle-f606w"):
        place.rebuild(node)


def _step_forgotten(camera: Camera) -> Callable[[Any, float, Generator], None]:
    """A step was neither asked for nor done."""

    def edit(header: Any, size: float, random: Generator) -> None:
        header[str(random.choice(_STEPS[camera.label]))] = "OMIT"

    return edit


def _flash_left(header: Any, size: float, random: Generator) -> None:
    header["FLASHDUR"], header["FLASHCUR"], header["FLASHSTA"] = 3.0, "LOW", "SUCCESSFUL"
    header["FLSHCORR"] = "OMIT"


def _blurred(kernel: Callable[[float, Generator], Any]) -> Callable[[Camera], Change]:
    """Blur what is light of sources in one exposure: not noise, and not what only one pixel has."""

    def of(camera: Camera) -> Change:
        def change(place: Place, size: float, random: Generator) -> None:
            blur = kernel(size, random)
            with opened(place, camera.node, one_of(place, camera.node, camera.pattern, random)) as hdus:
                for hdu in science(hdus):
                    light = _light(hdu.data)
                    hdu.data += (fftconvolve(light, blur, mode="same") - light).astype(hdu.data.dtype)

        return change

    return of


def _light(image: Any) -> Any:
    """Light of sources in an image, 0 elsewhere."""
    low, sky = np.nanpercentile(image, (16, 50))
    above = np.nan_to_num(image - sky)
    lit = uniform_filter(above, 3) > 2 * (sky - low)
    hits = above > 6 * np.maximum(median_filter(above, 3), 0.2 * (sky - low))
    return np.where(lit & ~hits, above, 0.0)


def _trail(size: float, random: Generator) -> Any:
    """A line of some length."""
    reach = int(size / 2) + 2
    dx, dy = direction(random)
    steps = np.linspace(-size / 2, size / 2, 16 * reach)
    edges = np.arange(-reach - 0.5, reach + 1)
    return np.histogram2d(steps * dy, steps * dx, bins=(edges, edges))[0] / len(steps)


def _disk(size: float, random: Generator) -> Any:
    """The pupil of a telescope out of focus: a disk of some radius."""
    reach = int(size) + 2
    disk = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1]) <= size
    return disk / disk.sum()


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
        may=("CAL-005", "DRZ-005", "DRZ-009", "DRZ-012"),
    )
    if camera.label in _STEPS:
        yield fault(
            "a step that all exposures take reads OMIT",
            _primary(camera, _step_forgotten(camera)),
            "the dark or the flat field is still there, or no pixel is flagged",
            "CAL-001",
        )
    seen = () if camera.label == "SBC" else ("CAL-010",)
    for name, kernel, why in (
        ("stars trailed", _trail, "8 pixels: the guide stars drifted, and nothing of it is in the header"),
        (
            "stars out of focus",
            _disk,
            "a disk of 4 pixels: what is measured with the point-spread function is lost",
        ),
    ):
        yield Fault(
            f"{camera.label}: {name}",
            camera.dataset,
            _blurred(kernel)(camera),
            "pix",
            (3.0, 5.0, 8.0, 12.0) if kernel is _trail else (2.0, 4.0, 6.0),
            8.0 if kernel is _trail else 4.0,
            why + ("" if seen else "; one galaxy fills the field, and no image of it tells"),
            seen,
            _BLURRED,
        )
    if camera.label in ("UVIS", "WFC", "IR"):
        nothing = "there is no flux at all"
        yield fault("PHOTFLAM zero", _photflam(camera, 0.0), nothing, "PHT-014", may=("PHT-008",))
        other = "fluxes are wrong by 18 powers of ten"
        may = ("PHT-008", "PHT-009")
        yield fault("PHOTFLAM is a magnitude", _photflam_is_a_magnitude(camera), other, "PHT-014", may=may)
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


def _photflam_is_a_magnitude(camera: Camera) -> Change:
    """The zeropoint of a chip as a magnitude."""

    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, camera.node, one_of(place, camera.node, camera.pattern, random)) as hdus:
            header = science(hdus)[int(random.integers(len(science(hdus))))].header
            header = header if "PHOTFLAM" in header else hdus[0].header
            header["PHOTFLAM"] = -2.5 * np.log10(header["PHOTFLAM"]) - 21.1

    return change


FAULTS = (
    *(fault for camera in CAMERAS for fault in _of(camera)),
    Fault(
        "UVIS: exposure time zero before the reduction",
        _CAMERAS["UVIS"].dataset,
        _no_time_from_the_start,
        "",
        (1,),
        1,
        "TweakReg would fit none of the exposures; it is told once, and the others are reduced",
        ("FIL-005",),
    ),
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
