"""Faults of the world coordinates in the headers of calibrated exposures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.random import Generator

from tests.trust.cameras import CAMERAS, Camera
from tests.trust.edits import direction, one_of, opened, science
from tests.trust.fault import Change, Fault, Place

__all__ = ["FAULTS"]

# What compares a header with something else, where the dataset has that.
_MAY: tuple[str, ...] = (
    "AST-010",
    "AST-012",
    "AST-016",
    "AST-017",
    "AST-019",
    "AST-020",
    "WCS-001",
    "WCS-002",
    "WCS-003",
)
_MAY += ("DRZ-002", "DRZ-003", "DRZ-007", "DRZ-008", "DRZ-009", "AST-021", "WCS-005", "WCS-007", "PHT-006")
# What looks for the exposure's sky or chips in another's, or in the image.
_MAY += ("AST-024", "CAL-011", "DRZ-006", "DRZ-010", "PHT-007", "PHT-010", "PHT-011")


def _headers(camera: Camera, edit: Callable[[list[Any], float, Generator], None]) -> Change:
    """Change the science headers of one exposure."""

    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, camera.node, one_of(place, camera.node, camera.pattern, random)) as hdus:
            edit([hdu.header for hdu in science(hdus)], size, random)

    return change


def _cd(factor: float, column: float | None = None) -> Callable[[list[Any], float, Generator], None]:
    """Multiply the CD matrix, its first column by another factor."""

    def edit(headers: list[Any], size: float, random: Generator) -> None:
        for header in headers:
            for i in (1, 2):
                header[f"CD{i}_1"] *= factor if column is None else column
                header[f"CD{i}_2"] *= factor

    return edit


def _null(headers: list[Any], size: float, random: Generator) -> None:
    for header in headers:
        header["CRVAL1"] = header["CRVAL2"] = 0.0


def _hours(headers: list[Any], size: float, random: Generator) -> None:
    for header in headers:
        header["CRVAL1"] /= 15.0


def _away(headers: list[Any], size: float, random: Generator) -> None:
    east, north = direction(random)
    for header in headers:
        header["CRVAL1"] += size / 3600.0 * east / np.cos(np.radians(header["CRVAL2"]))
        header["CRVAL2"] += size / 3600.0 * north


def _reference_pixels(headers: list[Any], size: float, random: Generator) -> None:
    dx, dy = direction(random)
    for header in headers:
        header["CRPIX1"] += size * dx
        header["CRPIX2"] += size * dy


def _without_distortion(headers: list[Any], size: float, random: Generator) -> None:
    for header in headers:
        for name in [name for name in header if name.startswith(("A_", "B_"))]:
            del header[name]


def _pole(headers: list[Any], size: float, random: Generator) -> None:
    turn = size * random.choice((-1, 1))
    for header in headers:
        header["LONPOLE"] = 180.0 + turn


def _two_matrices(headers: list[Any], size: float, random: Generator) -> None:
    """PCi_j as an older solution had them, of which the CD matrix differs by a turn or a scale."""
    turned = np.array([[1, -size], [size, 1]]) if random.integers(2) else np.eye(2) * (1 + size)
    for header in headers:
        cd = np.array([[header[f"CD{i}_{j}"] for j in (1, 2)] for i in (1, 2)])
        other = turned @ cd
        for i in (1, 2):
            header[f"CDELT{i}"] = 1.0
            for j in (1, 2):
                header[f"PC{i}_{j}"] = other[i - 1, j - 1]


def _of(camera: Camera) -> Iterator[Fault]:
    def fault(
        name: str,
        edit: Any,
        why: str,
        *must: str,
        unit: str = "",
        sizes: tuple[float, ...] = (1,),
        hurts: float = 1,
    ) -> Fault:
        change = _headers(camera, edit)
        return Fault(
            f"{camera.label}: {name}",
            camera.dataset,
            change,
            unit,
            sizes,
            hurts,
            why,
            must,
            tuple(each for each in _MAY if each not in must),
        )

    lost = "no source of a catalogue is where the header says"
    yield fault("CD matrix zero", _cd(0.0), lost, "WCS-005")
    yield fault("CD matrix doubled", _cd(2.0), lost, "WCS-005")
    yield fault("CD matrix mirrored", _cd(1.0, column=-1.0), lost, "WCS-005")
    yield fault("CRVAL (0, 0)", _null, lost, "WCS-005")
    yield fault("CRVAL1 in hours", _hours, lost, "WCS-005")
    yield fault(
        "all chips away from where they were",
        _away,
        "20 arcsec: beyond the guide stars' errors, and beyond any search radius",
        # WFPC2's headers have no place of the aperture: the solution that they keep is the witness.
        "AST-021" if camera.label == "WFPC2" else "WCS-005",
        unit="arcsec",
        sizes=(0.05, 0.5, 1.0, 5.0, 20.0, 82.0, 3600.0),
        hurts=20.0,
    )
    yield fault(
        "CRPIX of all chips moved",
        _reference_pixels,
        "2 pixels: positions are off by as much, and the distortion is about another pixel",
        "WCS-007",
        unit="pix",
        sizes=(0.1, 0.5, 2.0),
        hurts=2.0,
    )
    yield fault(
        "LONPOLE turned",
        _pole,
        "0.2 arcsec at 100 arcsec from the reference point, for whoever reads the whole header",
        "WCS-005",
        unit="deg",
        sizes=(0.01, 0.1, 1.0, 30.0),
        hurts=0.1,
    )
    yield fault(
        "another matrix beside CD",
        _two_matrices,
        "a pixel at 1000 pixels from the reference point, for readers that take PCi_j",
        "WCS-005",
        sizes=(1e-5, 1e-4, 1e-3, 0.1),
        hurts=1e-3,
    )
    if camera.label != "SBC":
        yield fault(
            "distortion lost", _without_distortion, "several pixels at the corners of the chip", "WCS-001"
        )


FAULTS = tuple(fault for camera in CAMERAS for fault in _of(camera))
