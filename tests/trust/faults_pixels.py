"""Faults of calibrated pixels: lost, offset, scaled, displaced, or with companions that do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.random import Generator

from hubble_qa.checks.detectors.calibration import MASKED
from hubble_qa.checks.evidence.masks import MASKS
from tests.trust.cameras import CAMERAS, Camera
from tests.trust.edits import one_of, opened, scaled, science
from tests.trust.fault import Change, Fault, Place

__all__ = ["FAULTS"]

# What looks at pixels, where a camera and its dataset have that.
_MAY: tuple[str, ...] = (
    "CAL-003",
    "CAL-004",
    "CAL-006",
    "CAL-007",
    "CAL-008",
    "CAL-013",
    "PHT-003",
    "TVB-002",
    "TVB-003",
    "TVB-006",
)
_MAY += ("CAL-009", "DRK-003", "DRK-006", "DRZ-002", "DRZ-003", "DRZ-006", "DRZ-008")
_MAY += ("CAL-011", "CAL-012", "PHT-006", "PHT-010", "PHT-011", "PHT-012", "DRZ-012")

# By which criterion each camera tells a chip that is off, in its light and in its background: by its C0M,
# by the raw exposure, or by the image that combines it and the other exposures. Of UVIS' flux one of several
# may tell.
_FLUX = {"WFPC2": "PHT-003", "WFC": "CAL-006", "IR": "CAL-006"}
_LEVEL = {"WFPC2": "PHT-003", "UVIS": "CAL-011", "WFC": "CAL-006", "IR": "CAL-006", "SBC": "CAL-013"}
_GRADIENT = {"WFPC2": "PHT-003", "WFC": "CAL-006"}
_NOISE = {"WFPC2": "PHT-003", "UVIS": "CAL-009", "WFC": "CAL-009", "IR": "CAL-009"}
_PLACE = {"WFPC2": "PHT-003", "IR": "AST-024"}
# Of the others half of the sensitivity, or 5 times the noise: their small fields change from block to block.
_BLOB = {"UVIS": "CAL-011"}
# Of WFPC2 counts that ERR, their root, does not fit.
_PERSISTENCE = {**_BLOB, "WFPC2": "CAL-013"}
_HITS = {"WFPC2": "CAL-013"}

# Rows of docs/limits.md that say why the products of a camera's dataset do not show a fault, or not always.
_SHARP = "Persistence in one exposure of a crowded field, and a sharp patch"
_DARK = "A blob of less sensitivity where there is hardly any sky"
_FAINT = "An SBC exposure whose flux is off"
_ROLLED = "Pixels of one exposure that are rolled by one"
_RAYS = "Cosmic rays in an exposure before it is combined"
_LIMITS: Mapping[str, Mapping[str, str]] = {
    "errors too large or small": {"WFPC2": "Errors of a WFPC2 exposure"},
    "chip's flux": {"SBC": _FAINT},
    "pixels rolled": dict.fromkeys(("WFC", "SBC"), _ROLLED),
    "gradient of the sensitivity": {"SBC": _FAINT},
    "blob of less sensitivity": {"WFPC2": _DARK, "WFC": _SHARP, "IR": _SHARP, "SBC": _DARK},
    "persistence": dict.fromkeys(("WFC", "IR"), _SHARP),
    "cosmic rays left": dict.fromkeys(("UVIS", "WFC", "IR"), _RAYS),
}


def _chip(
    camera: Camera, edit: Callable[[Any, float, Generator], None], plane: str = "SCI", *, deep: bool = False
) -> Change:
    """Change one plane of one chip of one exposure, or of a deep one."""
    pattern = camera.deep if deep and camera.deep else camera.pattern

    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, camera.node, one_of(place, camera.node, pattern, random)) as hdus:
            planes = science(hdus) if plane == "SCI" else [hdu for hdu in hdus if hdu.name == plane]
            edit(planes[int(random.integers(len(planes)))], size, random)

    return change


def _sought(camera: Camera) -> Change:
    """Note a search for trails in one exposure that found none."""

    def change(place: Place, size: float, random: Generator) -> None:
        name = one_of(place, camera.node, camera.pattern, random)
        record = {name.partition("_")[0]: {"trails": {"SCI,1": 0.0}}}
        place.edit(camera.node, name).with_name(MASKS).write_text(json.dumps(record), encoding="utf-8")

    return change


def _nan(hdu: Any, size: float, random: Generator) -> None:
    rows, columns = (random.integers(extent, size=int(size)) for extent in hdu.data.shape)
    hdu.data[rows, columns] = np.nan


def _zero(hdu: Any, size: float, random: Generator) -> None:
    hdu.data[:] = 0


def _negated(hdu: Any, size: float, random: Generator) -> None:
    scaled(hdu, -1)


def _scale(hdu: Any, size: float, random: Generator) -> None:
    scaled(hdu, 1 + size * random.choice((-1, 1)))


def _offset(hdu: Any, size: float, random: Generator) -> None:
    hdu.data += np.float32(size)


def _step(hdu: Any, size: float, random: Generator) -> None:
    hdu.data[:, : hdu.data.shape[1] // 2] += np.float32(size)


def _hot_columns(hdu: Any, size: float, random: Generator) -> None:
    columns = random.choice(hdu.data.shape[1], 10, replace=False)
    hdu.data[:, columns] += np.float32(size)


def _roll(hdu: Any, size: float, random: Generator) -> None:
    hdu.data[:] = np.roll(hdu.data, int(size), axis=int(random.integers(2)))


def _gradient(hdu: Any, size: float, random: Generator) -> None:
    ramp = np.linspace(1 - size / 2, 1 + size / 2, hdu.data.shape[1], dtype=np.float32)
    hdu.data *= ramp


def _blob(hdu: Any, size: float, random: Generator) -> None:
    """A round patch of a tenth of the chip's width with less sensitivity."""
    rows, columns = np.indices(hdu.data.shape)
    height, width = hdu.data.shape
    y, x = random.uniform(0.2, 0.8) * height, random.uniform(0.2, 0.8) * width
    hdu.data[np.hypot(rows - y, columns - x) < width / 20] *= np.float32(1 - size)


def _persistence(hdu: Any, size: float, random: Generator) -> None:
    """A round patch of a twentieth of the chip's width with more light."""
    rows, columns = np.indices(hdu.data.shape)
    height, width = hdu.data.shape
    y, x = random.uniform(0.2, 0.8) * height, random.uniform(0.2, 0.8) * width
    low, high = np.nanpercentile(hdu.data, (16, 50))
    hdu.data[np.hypot(rows - y, columns - x) < max(width / 40, 24)] += np.float32(size * (high - low))


def _noise(hdu: Any, size: float, random: Generator) -> None:
    """Noise of as many times the background's own scatter is added, so that it becomes `size` times wider."""
    low, high = np.nanpercentile(hdu.data, (16, 50))
    hdu.data += random.normal(0, (high - low) * np.sqrt(size**2 - 1), hdu.data.shape).astype(np.float32)


def _flagged(hdu: Any, size: float, random: Generator) -> None:
    """A square of the chip has a flag of bad pixels."""
    sides = [int(np.ceil(length * np.sqrt(size))) for length in hdu.data.shape]
    row, column = (
        int(random.integers(length - side)) for length, side in zip(hdu.data.shape, sides, strict=True)
    )
    hdu.data[row : row + sides[0], column : column + sides[1]] |= 4


def _cosmic_rays(hdu: Any, size: float, random: Generator) -> None:
    """Fraction of the pixels with a hit of 100 times the background's scatter."""
    low, high = np.nanpercentile(hdu.data, (16, 50))
    hits = random.random(hdu.data.shape) < size
    hdu.data[hits] += np.float32(100 * (high - low))


def _mask(hdu: Any, size: float, random: Generator) -> None:
    """A fraction of the chip's rows is masked, as by a region of the wrong size."""
    rows = max(1, round(size * len(hdu.data)))
    first = int(random.integers(len(hdu.data) - rows + 1))
    hdu.data[first : first + rows] |= MASKED


def _errors(hdu: Any, size: float, random: Generator) -> None:
    scaled(hdu, size)


def _criterion(by_camera: Mapping[str, str], camera: Camera) -> tuple[str, ...]:
    return (by_camera[camera.label],) if camera.label in by_camera else ()


def _of(camera: Camera) -> Iterator[Fault]:
    def fault(
        name: str,
        edit: Any,
        unit: str,
        sizes: tuple[float, ...],
        hurts: float,
        why: str,
        *must: str,
        plane: str = "SCI",
        deep: bool = False,
        extra: tuple[str, ...] = (),
    ) -> Fault:
        change = _chip(camera, edit, plane, deep=deep)
        may = tuple(each for each in (*_MAY, *extra) if each not in must)
        limit = _LIMITS.get(name, {}).get(camera.label, "")
        name = f"{camera.label}: {name}"
        return Fault(name, camera.dataset, change, unit, sizes, hurts, why, must, may, limit)

    yield fault(
        "NaN pixels", _nan, "pixels", (1, 3, 10, 100), 1, "one NaN spoils every sum over it", "CAL-013"
    )
    yield fault("chip zeroed", _zero, "", (1,), 1, "half of the field is lost", "CAL-013")
    yield fault(
        "sign",
        _negated,
        "",
        (1,),
        1,
        "every source is a hole",
        "CAL-013",
        extra=("AST-024", "CAL-010", "WCS-003"),
    )
    yield fault(
        "area flagged",
        _flagged,
        "of the chip",
        (0.01, 0.03, 0.1, 0.3),
        0.1,
        "a tenth of the field is lost",
        "CAL-015",
        plane="DQ",
        extra=("DRZ-009", "DRZ-010", "DRZ-001"),
    )
    yield fault(
        "data quality lost",
        _zero,
        "",
        (1,),
        1,
        "every bad pixel is used",
        "CAL-013",
        plane="DQ",
        extra=("DRZ-009",),
    )
    yield fault(
        "mask far larger than a trail",
        _mask,
        "of the chip",
        (0.02, 0.08, 0.12, 0.2, 0.5),
        0.2,
        "a fifth of the chip goes without the exposure, for a trail of at most 0.08",
        "CAL-014",
        plane="DQ",
    )
    yield Fault(
        f"{camera.label}: trail that was not found",
        camera.dataset,
        _sought(camera),
        "",
        (1,),
        1,
        "the trail stays in the image",
        ("CAL-016",),
    )
    yield fault(
        "errors too large or small",
        _errors,
        "times",
        (0.3, 1.5, 2.0, 3.0),
        3.0,
        "limits and weights are wrong by as much: a factor of 3 makes 3 sigma of 1",
        *(("CAL-009",) if camera.label != "WFPC2" else ()),
        plane="ERR",
    )
    yield fault(
        "chip's flux",
        _scale,
        "",
        (0.002, 0.005, 0.011, 0.02, 0.05, 0.3),
        0.02,
        "2 per cent, the error of a zeropoint, is what photometry is published with",
        *_criterion(_FLUX, camera),
        deep=camera.label == "UVIS",
    )
    offsets = tuple(camera.noise * each for each in (0.03, 0.1, 0.3, 1.0, 3.0, 10.0))
    yield fault(
        "offset of a chip",
        _offset,
        camera.unit,
        offsets,
        offsets[3],
        "the noise of a pixel: an aperture of 50 pixels is off by 7 of its own errors",
        *_criterion(_LEVEL, camera),
        deep=camera.label == "UVIS",
    )
    yield fault(
        "pixels rolled",
        _roll,
        "pix",
        (1, 2, 10),
        1,
        "positions are off by a pixel, flat and flags do not fit",
        *_criterion(_PLACE, camera),
        extra=("AST-012", "AST-017", "AST-024", "WCS-003"),
    )
    yield fault(
        "gradient of the sensitivity",
        _gradient,
        "",
        (0.02, 0.05, 0.1, 0.2),
        0.05,
        "relative photometry over the field is off by as much",
        *_criterion(_GRADIENT, camera),
        deep=True,
    )
    yield fault(
        "blob of less sensitivity",
        _blob,
        "",
        (0.05, 0.1, 0.2, 0.5),
        0.2,
        "a star on it is a fifth too faint",
        *_criterion(_BLOB, camera),
        deep=True,
    )
    if camera.label != "SBC":
        yield fault(
            "persistence",
            _persistence,
            "sigma of a pixel",
            (0.3, 0.5, 1.0, 2.0, 5.0),
            2.0,
            "twice the noise of a pixel under a star of 50 pixels is 14 of its errors",
            *_criterion(_PERSISTENCE, camera),
            deep=True,
        )
        yield fault(
            "noise added",
            _noise,
            "times",
            (1.1, 1.2, 1.35, 2.0, 3.0),
            2.0,
            "three quarters of a magnitude of depth",
            *_criterion(_NOISE, camera),
        )
        yield fault(
            "cosmic rays left",
            _cosmic_rays,
            "of the pixels",
            (1e-4, 1e-3, 1e-2, 0.05),
            1e-2,
            "in one aperture of 50 pixels out of two",
            *_criterion(_HITS, camera),
        )
    if camera.amplifiers:
        yield fault(
            "amplifier step",
            _step,
            camera.unit,
            (0.3, 1, 3, 10, 30, 80),
            3,
            "50 pixels on one side are off by 3 of the aperture's errors",
        )
        yield fault(
            "10 hot columns",
            _hot_columns,
            camera.unit,
            (5, 10, 20, 50, 100),
            20,
            "three sigma in each of their pixels",
            "CAL-012",
        )


FAULTS = tuple(fault for camera in CAMERAS for fault in _of(camera))
