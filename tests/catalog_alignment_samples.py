"""Small, made-up products of a catalogue alignment: two exposures of two chips, fits, catalogues, sources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from hubble_qa.checks.readers.reference_catalog import Catalog
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.reduction.catalogs.motion import propagate
from hubble_qa.fixtures.reduction.catalogs.writing import write_catalog, write_plain
from hubble_qa.fixtures.workflows.catalog_fits import fit_subject
from hubble_qa.reports.figures.verdicts import Verdicts
from tests.verdict_samples import handed

EXPOSURES = ("ibwb01xrq", "ibwb01xxq")
SERVICES = ("gaia", "sdss")
# What verdicts call the combined image.
IMAGE = "f606w_drc_sci"
ARCHIVE = "IDC_2731450pi-FIT_IMG_GAIAeDR3"
SCALE = 0.0396
CENTRE = (290.2248, 37.8027)
SHAPE = (150, 300)  # of a chip
FRAME = (300, 320)  # of the frame and the drizzled image
SOURCES = 60  # on a chip
MOTION = (-0.44, -2.30)  # mas/yr, of every star
EPOCH, MJD = 2011.8, 55854.45
BETTER = {"dx": -0.005, "dy": 0.004, "rot": 0.0001, "scale": 1.000001, "xrms": 0.05, "yrms": 0.06}
WORSE = {"dx": 1.013, "dy": 0.48, "rot": 359.998, "scale": 1.00005, "xrms": 0.46, "yrms": 0.52}


def frame_header() -> fits.Header:
    """East to the left, north up."""
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"] = CENTRE
    header["CRPIX1"], header["CRPIX2"] = 160.5, 150.5
    header["CD1_1"], header["CD1_2"], header["CD2_1"], header["CD2_2"] = -SCALE / 3600, 0.0, 0.0, SCALE / 3600
    return header


def chip_header(chip: int, **keywords: object) -> fits.Header:
    """A chip in the frame: UVIS2 (SCI,1) below UVIS1 (SCI,2), both 10 pixels from the left."""
    header = frame_header()
    header["CRPIX1"] -= 10.0
    header["CRPIX2"] -= (chip - 1) * SHAPE[0]
    header.update({"CCDCHIP": 3 - chip, "IDCSCALE": SCALE, "BUNIT": "ELECTRONS", "WCSNAME": ARCHIVE})
    header.update({"NMATCHES": 462, "RMS_RA": 4.0, "RMS_DEC": 3.8, **keywords})
    return header


def places(seed: int = 4) -> np.ndarray:
    """Zero-based pixels of the sources in the frame, those of SCI,1 first."""
    generator = np.random.default_rng(seed)
    x = 10 + generator.integers(12, SHAPE[1] - 12, 2 * SOURCES).astype(float)
    y = generator.integers(12, SHAPE[0] - 12, 2 * SOURCES).astype(float)
    y[SOURCES:] += SHAPE[0]
    return np.column_stack([x, y])


def star_image(xy: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Stars 2 pixels wide on noise; the first source is a hot pixel."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = np.random.default_rng(7).normal(10, 2, shape)
    for star_x, star_y in xy[1:]:
        image += 800 * np.exp(-((x - star_x) ** 2 + (y - star_y) ** 2) / (2 * 0.85**2))
    image[int(xy[0, 1]), int(xy[0, 0])] += 5000
    return image.astype(np.float32)


def on_chip(chip: int) -> np.ndarray:
    """Zero-based pixels of a chip's sources on the chip."""
    xy = places()[(chip - 1) * SOURCES : chip * SOURCES]
    return xy - np.array([10.0, (chip - 1) * SHAPE[0]])


def write_exposure(path: Path, **keywords: object) -> None:
    primary = fits.PrimaryHDU()
    primary.header.update({"INSTRUME": "WFC3", "DETECTOR": "UVIS", "ROOTNAME": path.name[:9]})
    primary.header.update({"EXPTIME": 360.0, "EXPSTART": MJD, "EXPEND": MJD + 360 / 86400})
    chips = []
    for chip in (1, 2):
        header = chip_header(chip, **keywords)
        chips += [
            fits.ImageHDU(star_image(on_chip(chip), SHAPE), header, name="SCI", ver=chip),
            fits.ImageHDU(np.full(SHAPE, 2.0, np.float32), name="ERR", ver=chip),
            fits.ImageHDU(np.zeros(SHAPE, np.int16), name="DQ", ver=chip),
        ]
    fits.HDUList([primary, *chips]).writeto(path, overwrite=True)


def sky(xy: np.ndarray) -> np.ndarray:
    return np.asarray(WCS(frame_header()).all_pix2world(xy, 0))


def write_reference(directory: Path, *, moving: bool, epoch: float | None = EPOCH) -> None:
    """A catalogue as the stage publishes it: its stars are at their places at the exposures' epoch."""
    at_exposure = sky(places())
    motions = np.full((len(at_exposure), 2), MOTION) if moving else None
    years = 2016.0 - EPOCH
    ra = at_exposure[:, 0] + (MOTION[0] * years / 3.6e6 / np.cos(np.radians(CENTRE[1])) if moving else 0.0)
    dec = at_exposure[:, 1] + (MOTION[1] * years / 3.6e6 if moving else 0.0)
    pm = {} if motions is None else {"pm_ra": motions[:, 0].copy(), "pm_dec": motions[:, 1].copy()}
    if pm:
        pm["pm_ra"][:3] = pm["pm_dec"][:3] = np.nan
    kept = Catalog(ra, dec, np.full(len(ra), 18.0), "g", epoch=2016.0 if moving else None, **pm)
    moved, change = propagate(kept, epoch)
    (directory / "catalog.ecsv").unlink(missing_ok=True)
    write_catalog(moved, directory / "catalog.ecsv", {})
    write_plain(moved, directory / "catalog.cat")
    write_plain(kept, directory / "catalog_unpropagated.cat")
    (directory / "propagation.json").write_text(json.dumps(asdict(change)))


def write_match(path: Path, scatter: tuple[float, float], sources: int = 2 * SOURCES) -> None:
    generator = np.random.default_rng(11)
    residuals = generator.normal(size=(2 * SOURCES, 2))
    residuals = (residuals - residuals.mean(axis=0)) / residuals.std(axis=0) * scatter
    lines = ["# Input image: made up"]
    for number, ((x, y), (dx, dy)) in enumerate(zip(places() + 1, residuals, strict=True)):
        if number >= sources:
            break
        chip = 1 + number // SOURCES
        own = on_chip(chip)[number % SOURCES] + 1
        numbers = [x - 160, y - 150, x - 160 + dx, y - 150 + dy, x + dx, y + dy, dx, dy, x, y, *own]
        labels = f"{number} {number % SOURCES} {chip} {CENTRE[0]} {CENTRE[1]} catalog.cat"
        lines.append(" ".join([*(f"{value:.6f}" for value in numbers), labels]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_fit(directory: Path, rows: Mapping[str, Mapping[str, float]]) -> None:
    """Fits of exposures; one whose scatter is 0 has no match file."""
    units = [fits.PrimaryHDU(), fits.ImageHDU(header=frame_header(), name="WCS")]
    fits.HDUList(units).writeto(directory / "shifts_wcs.fits", overwrite=True)
    lines = ["# frame: output", "# refimage: shifts_wcs.fits[wcs]", "# form: delta", "# units: pixels"]
    for name, row in rows.items():
        lines.append(f"{name}_flc.fits " + " ".join(f"{value:.6f}" for value in row.values()))
        path = directory / f"{name}_flc_catalog_fit.match"
        path.unlink(missing_ok=True)
        if row["xrms"]:
            write_match(path, (row["xrms"], row["yrms"]))
    (directory / "shifts.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def decision(*, fit: bool, reason: str = "both are acceptable") -> dict[str, object]:
    kept, wcsname = ("fit", "Gaia") if fit else ("archive", ARCHIVE)
    return {"kept": kept, "wcsname": wcsname, "reason": reason, "catalog": "gaia"}


def write_mosaic(directory: Path) -> None:
    header = frame_header()
    header.update({"BUNIT": "ELECTRONS/S", "EXPSTART": MJD, "EXPEND": MJD + 720 / 86400})
    for kind, image in (("sci", star_image(places(), FRAME)), ("wht", np.full(FRAME, 720.0, np.float32))):
        fits.PrimaryHDU(image, header).writeto(directory / f"f606w_drc_{kind}.fits", overwrite=True)


def products(directory: Path) -> Inputs:
    """Products of a reduction in which the first exposure is given the fit to Gaia."""
    names: tuple[str, ...] = ("exposures", "accepted", "drizzled")
    names += tuple(f"{kind}-{service}" for kind in ("fit", "catalog") for service in SERVICES)
    paths = {name: directory / name for name in names}
    for path in paths.values():
        path.mkdir(parents=True)
    for name in EXPOSURES:
        write_exposure(paths["exposures"] / f"{name}_flc.fits")
    write_exposure(paths["accepted"] / f"{EXPOSURES[0]}_flc.fits", WCSNAME="Gaia")
    write_exposure(paths["accepted"] / f"{EXPOSURES[1]}_flc.fits")
    kept = {EXPOSURES[0]: decision(fit=True), EXPOSURES[1]: decision(fit=False)}
    (paths["accepted"] / "decisions.json").write_text(json.dumps(kept))
    write_fit(paths["fit-gaia"], dict.fromkeys(EXPOSURES, BETTER))
    write_fit(paths["fit-sdss"], dict.fromkeys(EXPOSURES, WORSE))
    write_reference(paths["catalog-gaia"], moving=True)
    write_reference(paths["catalog-sdss"], moving=False)
    write_mosaic(paths["drizzled"])
    return Inputs({**paths, "fit": paths["fit-gaia"], "catalog": paths["catalog-gaia"]})


def fit_of(exposure: str, service: str = "gaia") -> str:
    """What verdicts call a fit."""
    return fit_subject(exposure, service, "flc")


def judged(changes: Mapping[str, Mapping[str, float | None]] | None = None) -> Verdicts:
    """Verdicts on all that is drawn, some of them changed."""
    fits = {"AST-001": (0, 0), "AST-002": (0.06, 0.52), "AST-003": (2 * SOURCES, 2 * SOURCES)}
    fits |= {"AST-004": (0.0001, -0.002), "AST-005": (1e-6, 5e-5), "AST-006": (0.01, 0.3)}
    fits |= {"AST-008": (1.5, 2.5), "AST-009": (1.0, 1.01), "AST-014": (0.01, 0.02)}
    values: dict[str, dict[str, float | None]] = {
        criterion: {
            fit_of(name, service): number
            for name in EXPOSURES
            for service, number in zip(SERVICES, numbers, strict=True)
        }
        for criterion, numbers in fits.items()
    }
    values["AST-002"][f"{EXPOSURES[0]}_flc"] = 0.06
    values["AST-007"] = {f"align-{service}/shifts visit 01": 0.1 for service in SERVICES}
    values["AST-022"] = {fit_of(name, service): 140 for name in EXPOSURES for service in SERVICES}
    values["AST-029"] = {fit_of(name, service): 0 for name in EXPOSURES for service in SERVICES}
    values["AST-011"] = dict.fromkeys(EXPOSURES, 0.101)
    values["AST-026"] = dict.fromkeys(EXPOSURES, 462)
    values["AST-016"] = dict.fromkeys(EXPOSURES, 9.3)
    values["AST-018"] = {fit_of(name): 0.02 for name in EXPOSURES}
    values["AST-019"] = {f"{EXPOSURES[0]}_flc": 0.0001}
    values["WCS-003"] = dict.fromkeys(EXPOSURES, 1.2)
    for criterion, by_subject in (changes or {}).items():
        values[criterion] = {**values[criterion], **by_subject}
    return handed(values)
