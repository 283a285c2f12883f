"""Small, made-up WFPC2 products for tests of readers and checks: headers, arrays, shift and match files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from hubble_qa.checks.instruments import camera
from hubble_qa.checks.readers import Drizzled, Exposure, Extension, MatchFile, ShiftFile, ShiftRow

PHOTFLAMS = (3.482944e-18, 3.395806e-18, 3.439046e-18, 3.506729e-18)
NORMALISED = (3.439046e-18,) * 4
FITTED = ShiftRow("u5jx010hr_flt.fits", 1.81, -0.40, 0.014, 1.00001, 0.15, 0.14)
REFERENCE = ShiftRow("u5jx0108r_flt.fits", 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
TERMS = ("A_2_0", "A_1_1", "A_0_2", "B_2_0", "B_1_1", "B_0_2")
NAN = float("nan")
FAILED = ShiftRow("u5jx010hr_flt.fits", NAN, NAN, NAN, NAN, 0.0, 0.0)


def shift_file(*rows: ShiftRow, path: Path = Path("shift_flt.txt")) -> ShiftFile:
    """A shift file in memory; by default of a reference and a fitted exposure."""
    header = {"frame": "output", "refimage": "shifts_wcs.fits[wcs]", "form": "delta", "units": "pixels"}
    return ShiftFile(path, header, rows or (REFERENCE, FITTED))


def match_file(
    sources: int = 120,
    *,
    scatter: tuple[float, float] = (0.15, 0.14),
    slope: float = 0.0,
    chips: Sequence[int] = (2, 3, 4),
    chip_offset: Mapping[int, float] | None = None,
    seed: int = 3,
) -> MatchFile:
    """Matched sources over the chips, with residuals of exactly the given scatter, plus a slope in x."""
    generator = np.random.default_rng(seed)
    chip = np.resize(np.array(chips), sources)
    xy = generator.uniform(60, 790, (sources, 2))
    residuals = generator.normal(size=(sources, 2))
    residuals -= residuals.mean(axis=0)
    residuals *= np.array(scatter) / residuals.std(axis=0)
    residuals[:, 0] += slope * (xy[:, 0] - xy[:, 0].mean())
    for number, offset in (chip_offset or {}).items():
        residuals[chip == number, 1] += offset
    frame = xy + 800.0 * chip[:, None]
    identifiers = np.arange(sources)
    return MatchFile(
        Path("u5jx010hr_flt_catalog_fit.match"),
        {},
        reference_xy=frame,
        input_xy=frame + np.array([1.81, -0.40]),
        fit_xy=frame + residuals,
        residuals=residuals,
        original_reference_xy=frame,
        original_input_xy=xy,
        reference_id=identifiers,
        input_id=identifiers,
        chip=chip,
        radec=np.column_stack([201.7 + frame[:, 0] * 2e-5, -47.5 + frame[:, 1] * 2e-5]),
        origin=("u5jx0108r_flt.fits",) * sources,
    )


def primary_header(**changes: Any) -> fits.Header:
    """Primary header of a WFPC2 exposure; a change to None removes a keyword."""
    cards = {
        "INSTRUME": "WFPC2",
        "ROOTNAME": "u5jx010hr",
        "TARGNAME": "NGC5139-POS2",
        "MODE": "FULL",
        "FILTNAM1": "F555W",
        "FILTNAM2": "",
        "ATODGAIN": 7.0,
        "DATE-OBS": "1999-07-25",
        "TIME-OBS": "04:50:14",
        "DARKTIME": 16.0,
        "EXPTIME": 16.0,
        "EXPSTART": 51384.2,
        "EXPEND": 51384.2 + 16.0 / 86400.0,
        "EXPFLAG": "NORMAL",
        "PA_V3": 297.4,
        "IDCTAB": "uref$sad1946fu_idc.fits",
        "OFFTAB": "uref$s9518396u_off.fits",
        "DGEOFILE": "N/A",
        "D2IMFILE": "u5jx010hr_flt_d2im.fits",
    }
    return _header(cards, changes)


def chip_header(chip: int, *, photflam: float = PHOTFLAMS[2], **changes: Any) -> fits.Header:
    """Header of a WFPC2 SCI extension after updatewcs; a change to None removes a keyword."""
    scale = (0.0455 if chip == 1 else 0.0996) / 3600.0
    cards: dict[str, Any] = {
        "EXTNAME": "SCI",
        "EXTVER": chip,
        "EXPNAME": "u5jx010hr",
        "DETECTOR": chip,
        "BUNIT": "COUNTS",
        "VAFACTOR": 0.99996,
        "ORIENTAT": 0.0,
        "PHOTMODE": f"WFPC2,{chip},A2D7,F555W,,CAL",
        "PHOTFLAM": photflam,
        "PHOTPLAM": 5442.9,
        "PHOTZPT": -21.1,
        "IDCSCALE": scale * 3600.0,
        "WCSAXES": 2,
        "CTYPE1": "RA---TAN-SIP",
        "CTYPE2": "DEC--TAN-SIP",
        "CUNIT1": "deg",
        "CUNIT2": "deg",
        "CRVAL1": 201.7,
        "CRVAL2": -47.5,
        "CRPIX1": 425.0,
        "CRPIX2": 425.0,
        "CD1_1": -scale,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
        "CD2_2": scale,
        "A_ORDER": 3,
        "B_ORDER": 3,
        **dict(zip(TERMS, camera("WFPC2").distortion[chip], strict=True)),
        "A_3_0": -3.3e-8,
        "B_0_3": -3.3e-8,
        "WCSNAME": "IDC_sad1946fu",
        "WCSNAMEO": "OPUS",
        "CTYPE1O": "RA---TAN",
        "CTYPE2O": "DEC--TAN",
        "CRVAL1O": 201.7,
        "CRVAL2O": -47.5,
        "CRPIX1O": 425.0,
        "CRPIX2O": 425.0,
        "CD1_1O": -scale,
        "CD1_2O": 0.0,
        "CD2_1O": 0.0,
        "CD2_2O": scale,
    }
    return _header(cards, changes)


def exposure(
    suffix: str = "flt",
    *,
    photflams: Sequence[float] | None = None,
    primary: Mapping[str, Any] | None = None,
    science: Mapping[str, Any] | None = None,
    drop: Sequence[tuple[str, int]] = (),
    path: Path | None = None,
) -> Exposure:
    """A WFPC2 exposure in memory: the FLT with its arrays and look-up table, or the C0M."""
    values = photflams or (NORMALISED if suffix == "flt" else PHOTFLAMS)
    extensions = [
        Extension("SCI", chip, chip_header(chip, photflam=values[chip - 1], **(science or {})), (800, 800))
        for chip in (1, 2, 3, 4)
    ]
    extensions[0].header["D2IMDIS2"] = "Lookup"
    extensions.append(Extension("D2IMARR", 1, fits.Header(), (1, 800)))
    if suffix == "flt":
        extensions += [
            Extension(name, chip, fits.Header(), (800, 800))
            for chip in (1, 2, 3, 4)
            for name in ("DQ", "ERR")
        ]
    kept = tuple(found for found in extensions if (found.name, found.version) not in drop)
    return Exposure(path or Path(f"u5jx010hr_{suffix}.fits"), primary_header(**(primary or {})), kept)


def aligned_headers(wcsname: str = "TWEAK", wcstype: str = "user-defined") -> dict[int, fits.Header]:
    """SCI headers of an exposure after TweakReg."""
    return {chip: chip_header(chip, WCSNAME=wcsname, WCSTYPE=wcstype) for chip in (1, 2, 3, 4)}


def drizzled(*, scale: float = 0.0996, angle: float = 30.0, **changes: Any) -> Drizzled:
    """A drizzled product in memory, of a given scale and orientation."""
    size, turn = scale / 3600.0, np.radians(angle)
    cards = {
        "BUNIT": "COUNTS/S",
        "PHOTFLAM": NORMALISED[0],
        "CD1_1": -size * np.cos(turn),
        "CD1_2": size * np.sin(turn),
        "CD2_1": size * np.sin(turn),
        "CD2_2": size * np.cos(turn),
    }
    header = _header(cards, changes)
    return Drizzled(Path("wfpc2_flt_drw_sci.fits"), Path("wfpc2_flt_drw_wht.fits"), header, header)


def write_flt(path: Path, *, shape: tuple[int, int] = (24, 32), checksum: bool = False) -> Path:
    """Write a small WFPC2 FLT: SCI 1-4, the look-up table, then DQ and ERR of each chip."""
    generator = np.random.default_rng(5)
    units: list[Any] = [fits.PrimaryHDU(header=primary_header(NEXTEND=13))]
    counts = {chip: generator.uniform(1, 50, shape).astype(np.float32) for chip in (1, 2, 3, 4)}
    units += [fits.ImageHDU(counts[chip], chip_header(chip)) for chip in (1, 2, 3, 4)]
    units.append(fits.ImageHDU(np.zeros((1, shape[1]), np.float32), name="D2IMARR", ver=1))
    for chip in (1, 2, 3, 4):
        units.append(fits.ImageHDU(np.zeros(shape, np.int16), name="DQ", ver=chip))
        units.append(fits.ImageHDU(np.sqrt(counts[chip]), name="ERR", ver=chip))
    fits.HDUList(units).writeto(path, checksum=checksum)
    return path


def _header(cards: Mapping[str, Any], changes: Mapping[str, Any]) -> fits.Header:
    kept = {key: value for key, value in {**cards, **changes}.items() if value is not None}
    return fits.Header(list(kept.items()))
