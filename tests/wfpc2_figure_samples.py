"""Small, made-up products of a WFPC2 reduction: exposures aligned, drizzled and measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table

from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.reports.figures.verdicts import Verdicts
from tests.verdict_samples import handed

EXPOSURES = ("u5jx0108r", "u5jx010hr")
PHOTFLAMS = {1: 3.482944e-18, 2: 3.395806e-18, 3: 3.439046e-18, 4: 3.506729e-18}
FACTORS = {chip: value / PHOTFLAMS[3] for chip, value in PHOTFLAMS.items()}
SHAPE = (360, 360)
SCALE = 0.0996
# First column and row of each chip on the drizzled image; what is seen of a chip begins 50 pixels in.
CHIPS = {1: (150, 150), 2: (-40, 150), 3: (-40, -40), 4: (150, -40)}
SIDE = 200
# What verdicts call the combined image.
IMAGE = "wfpc2_flt_drw_sci"


def wcs_header(left: float = 0.0, bottom: float = 0.0) -> fits.Header:
    """A tangent-plane header whose first pixel is a pixel of the drizzled image."""
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"] = 201.7, -47.5
    header["CRPIX1"], header["CRPIX2"] = 180.0 - left, 180.0 - bottom
    header["CD1_1"], header["CD1_2"], header["CD2_1"], header["CD2_2"] = -SCALE / 3600, 0.0, 0.0, SCALE / 3600
    return header


def write_exposure(path: Path, photflams: Mapping[int, float]) -> None:
    hdus = fits.HDUList([fits.PrimaryHDU()])
    hdus[0].header["EXPTIME"] = 16.0
    for chip, place in CHIPS.items():
        hdu = fits.ImageHDU(np.ones((SIDE, SIDE), np.float32), wcs_header(*place), name="SCI", ver=chip)
        hdu.header["DETECTOR"], hdu.header["IDCSCALE"] = chip, SCALE
        hdu.header["PHOTFLAM"] = photflams[chip]
        hdus.append(hdu)
    hdus.writeto(path)


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates as in an FLT, weights, and what the rates of a C0M are multiplied by."""
    science = np.random.default_rng(8).normal(0.3, 0.03, SHAPE)
    science[100:103, 100:103] = science[250:253, 100:103] = 60.0
    weight, factor = np.zeros(SHAPE), np.ones(SHAPE)
    for chip, (left, bottom) in CHIPS.items():
        seen = np.s_[bottom + 50 : bottom + SIDE, left + 50 : left + SIDE]
        weight[seen], factor[seen] = 76.6 if chip == 1 else 16.0, FACTORS[chip]
    return science, weight, factor


def write_drizzled(directory: Path, name: str, science: np.ndarray, weight: np.ndarray) -> None:
    for kind, image in (("sci", science), ("wht", weight)):
        header = wcs_header()
        fits.PrimaryHDU(image.astype(np.float32), header).writeto(directory / f"{name}_{kind}.fits")


def write_match_file(path: Path, sources: int) -> None:
    generator = np.random.default_rng(9)
    lines = ["# Input image: u5jx010hr_flt.fits"]
    for number in range(sources):
        x, y = generator.uniform(20, 340, 2)
        dx, dy = generator.normal(0, 0.1, 2)
        numbers = [x, y, x + 1.8, y - 0.4, x, y, dx, dy, x, y, x, y]
        row = [*(f"{value:.6f}" for value in numbers), f"{number} {number} {number % 4 + 1}"]
        lines.append(" ".join([*row, "201.7 -47.5 u5jx0108r_flt.fits"]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_alignment(directory: Path, exposures: Sequence[str], suffix: str, sources: int = 60) -> None:
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(header=wcs_header(), name="WCS")]).writeto(
        directory / "shifts_wcs.fits"
    )
    rows = ["0.0 0.0 0.0 1.0 0.0 0.0", "1.81 -0.4 0.0146 1.000009 0.1 0.1"]
    table = [f"{name}_{suffix}.fits {row}" for name, row in zip(exposures, rows, strict=True)]
    comments = ["# frame: output", "# refimage: shifts_wcs.fits[wcs]", "# form: delta", "# units: pixels"]
    (directory / "shifts.txt").write_text("\n".join([*comments, *table]) + "\n", encoding="utf-8")
    write_match_file(directory / f"{exposures[1]}_{suffix}_catalog_fit.match", sources)


def write_photometry(directory: Path, exposures: Sequence[str], *, stars: int = 2) -> None:
    """Stars at (101, 101), on WF3, and (101, 251), on WF2; each on one chip of every exposure."""
    places = {1: (101.0, 101.0), 2: (101.0, 251.0)}
    chosen = [(star, *places[star]) for star in range(1, stars + 1)]
    table = Table(rows=chosen, names=["star", "x", "y"])
    table["flt_sum"], table["c0m_sum"] = 540.0, 539.0
    table.meta["annulus"] = [10.0, 15.0]
    table.write(directory / "stars.ecsv", format="ascii.ecsv")
    rows = [(star, name, {1: 3, 2: 2}[star]) for star, _, _ in chosen for name in exposures]
    seen = Table(rows=rows, names=["star", "exposure", "chip"])
    seen["net"], seen["net_error"], seen["total"] = 8640.0, 40.0, 8700.0
    seen["edge"] = 0.05
    seen["pixel_area"], seen["exposure_time"], seen["weight"] = 0.99, 16.0, 16.0
    seen["photflam_c0m"] = [PHOTFLAMS[chip] for chip in seen["chip"]]
    seen["photflam_reference"] = PHOTFLAMS[3]
    seen.write(directory / "sightings.ecsv", format="ascii.ecsv")
    seen["drizzled_sum"] = 8700.0 * 0.99 / 16 * np.where(seen["chip"] == 3, 0.972, 1.002)
    seen["c0m_sum"] = seen["drizzled_sum"] * seen["photflam_reference"] / seen["photflam_c0m"]
    seen.write(directory / "chip_stars.ecsv", format="ascii.ecsv")


def products(directory: Path, exposures: Sequence[str] = EXPOSURES) -> Inputs:
    """Products of a reduction of some exposures that point at the same place."""
    names = ("exposures", "c0m", "drizzle-flt", "drizzle-c0m", "photometry")
    paths = {name: directory / name for name in names}
    for path in paths.values():
        path.mkdir(parents=True)
    science, weight, factor = scene()
    for name in exposures:
        write_exposure(paths["exposures"] / f"{name}_flt.fits", dict.fromkeys(PHOTFLAMS, PHOTFLAMS[3]))
        write_exposure(paths["c0m"] / f"{name}_c0m.fits", PHOTFLAMS)
        write_drizzled(paths["drizzle-flt"], f"{name}_single", science, weight)
        write_drizzled(paths["drizzle-c0m"], f"{name}_c0m_single", science / factor, weight)
    total = weight * len(exposures)
    blank = np.where(weight > 0, science, np.nan)
    write_drizzled(paths["drizzle-flt"], "wfpc2_flt_drw", blank, total)
    write_drizzled(paths["drizzle-c0m"], "wfpc2_c0m_drw", blank / factor, total)
    if len(exposures) == 2:
        write_alignment(paths["exposures"], exposures, "flt")
        write_alignment(paths["c0m"], exposures, "c0m")
    write_photometry(paths["photometry"], exposures)
    return Inputs(paths)


def fit_of(suffix: str) -> str:
    """What verdicts call the fit of the second exposure."""
    return f"align-{suffix}/shifts {EXPOSURES[1]}_{suffix}"


def judged() -> Verdicts:
    """Verdicts on all that is drawn, of plausible values."""
    fits = [fit_of(suffix) for suffix in ("flt", "c0m")]
    numbers = {"AST-001": 0, "AST-002": 0.1, "AST-003": 60, "AST-004": 0.0146, "AST-005": 9e-6}
    numbers |= {"AST-006": 0.4, "AST-008": 2.5, "AST-009": 1.01, "AST-020": 0.3}
    plausible: dict[str, dict[str, float]] = {
        name: dict.fromkeys(fits, each) for name, each in numbers.items()
    }
    plausible["AST-002"][f"{EXPOSURES[1]}_flt"] = 0.1
    plausible["AST-007"] = {"align-flt/shifts visit 01": 0.2}
    pairs = {"AST-013": 0.005, "AST-027": 0.0002, "AST-028": 2e-6}
    plausible |= {name: {"align-flt/shifts and align-c0m/shifts": each} for name, each in pairs.items()}
    plausible["PHT-007"] = dict.fromkeys(EXPOSURES, 0.999)
    plausible["PHT-001"] = {f"{name}_flt": 0.0 for name in EXPOSURES}
    plausible["PHT-002"] = {f"{name}_c0m SCI,{chip}": 1e-4 for name in EXPOSURES for chip in CHIPS}
    plausible["PHT-003"] = {f"{name}_flt SCI,{chip}": 3e-8 for name in EXPOSURES for chip in CHIPS}
    plausible["PHT-004"] = {"star1": 0.0019, "star2": 0.0001, "WF2": 0.0002, "WF3": 0.0003}
    plausible["PHT-005"] = {"star1": 1.0, "star2": 1.001}
    plausible["PHT-013"] = {"star1": 0.0, "star2": 0.3}
    plausible["PHT-006"] = {"WF2": 1.002, "WF3": 0.972}
    return handed(plausible)
