"""What calibrated exposures must be, and must not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hubble_qa.checks.astrometry.solution_tables import solution_table_problems
from hubble_qa.checks.detectors.bias_structure import column_scatter
from hubble_qa.checks.detectors.calibration import (
    PixelRates,
    array_violations,
    flagged_fraction,
    reference_file_violations,
    unit_violations,
)
from hubble_qa.checks.detectors.flagged_area import flagged_area
from hubble_qa.checks.detectors.masks import empty_masks, masked_fraction
from hubble_qa.checks.images.drizzled import exposure_time_violations
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.measurement import Measurement
from tests import amplifier_samples as amplifier
from tests import background_samples as infrared
from tests.acceptance.case import Case
from tests.header_samples import put, uvis
from tests.noise_samples import noise, photons
from tests.star_samples import star_field, width
from tests.wfpc2_samples import drizzled, exposure


def references(**choice: object) -> Measurement:
    idctab = {"best": "ta81040lu_idc.fits", "used": "uref$ta81040lu_idc.fits", "available": True, **choice}
    dgeofile = {"best": "N/A", "used": "N/A", "available": False}
    return reference_file_violations({"idctab": idctab, "dgeofile": dgeofile}, subject="u5jx010hr")


def image_times(**epoch: float) -> Measurement:
    """Of an image of one exposure of 16 s."""
    image = drizzled(D001DATA="u5jx010hr_flt.fits[sci,1]", D001DEXP=16.0, EXPTIME=16.0, **epoch)
    return exposure_time_violations(image, epochs={"u5jx010hr_flt.fits": (51395.1, 51395.3)})


def arrays(
    *,
    flagged: float = 0.1,
    science: float = 4.0,
    error: float = 2.0,
    cut: int = 0,
    equal: int = 1,
    side: int = 20,
    least: float = -np.inf,
) -> Measurement:
    shape = (side, side)
    sci, err, dq = np.random.default_rng(9).normal(9.0, 3.0, shape), np.full(shape, 3.0), np.zeros(shape, int)
    sci[-1, -1], err[-1, -1] = science, error
    sci[-2, -equal:] = 9.0
    sci = np.maximum(sci, least)
    dq.flat[: int(flagged * dq.size)] = 2
    return array_violations(sci, err[cut:], dq, camera=camera("ACS", "WFC"), subject="WFC1")


def dark(*, seconds: float = 960.0, rate: float = 1.2e-5, lost: int = 0) -> Measurement:
    """An exposure of SBC's dark, of which so many rows were lost."""
    sci = np.random.default_rng(3).poisson(rate * seconds, (1024, 1024)).astype(np.float32)
    sci[:lost] = 0.0
    dq = np.zeros(sci.shape, int)
    dq[600:604] = 4
    return array_violations(sci, None, dq, camera=camera("ACS", "SBC"), subject="SBC", exposure_time=seconds)


def flags(fraction: float) -> Measurement:
    dq = np.zeros((20, 20), int)
    dq.flat[: int(fraction * dq.size)] = 2
    return flagged_fraction(dq, subject="WFC1")


def masked(fraction: float, other: float = 0.0, **found: float) -> Measurement:
    """Two chips of 100 by 100 pixels, parts of whose rows are masked."""
    masks = {chip: np.zeros((100, 100), dtype=bool) for chip in (1, 2)}
    for chip, part in ((1, other), (2, fraction)):
        masks[chip][: round(100 * part)] = True
    return masked_fraction(masks, found=found, subject="j9l960a9q_flc")


def saturated(*, flag: int = 256, stars: int = 4) -> Measurement:
    """Stars of nine pixels at full well."""
    sci, dq = np.random.default_rng(9).normal(9.0, 3.0, (60, 60)), np.zeros((60, 60), int)
    dq[0, :20] = 16
    for star in range(stars):
        row = slice(10 * star + 10, 10 * star + 13)
        sci[row, 30:33] += 84_000.0
        dq[row, 30:33] |= flag
    return array_violations(sci, None, dq, camera=camera("ACS", "WFC"), subject="WFC1")


def columns(hot: float = 0.0, each: float = 0.0) -> Measurement:
    """A chip whose every 64th column stands out by `hot` electrons, and all columns scatter by `each`."""
    rng = np.random.default_rng(4)
    sci = rng.normal(20.0, 6.0, (512, 256)) + each * rng.standard_normal(256)
    sci[128:, 7::64] += hot
    return column_scatter(sci, np.zeros(sci.shape, np.int16), subject="j9l960a9q_flt SCI,1")


def area(fraction: float, *, flag: int = 4, instrument: tuple[str, str] = ("WFC3", "IR")) -> Measurement:
    """A chip of which some rows are flagged, and bad pixels everywhere."""
    dq = np.where(np.random.default_rng(9).random((800, 800)) < 0.02, 16, 0)
    dq[: int(800 * fraction)] |= flag
    return flagged_area(dq, camera(*instrument), subject="ibohbfb7q_flt SCI,1")


CASES: Mapping[str, Case] = {
    "CAL-001": Case(
        infrared.steps,
        {
            "skipped": lambda: infrared.steps({"FLATCORR": "SKIPPED"}),
            "left as it was": lambda: infrared.steps({"CRCORR": "PERFORM"}),
            "done though not asked for": lambda: infrared.steps(CRCORR="OMIT"),
            "nobody asked for the flat field": lambda: infrared.steps(
                {"FLATCORR": "OMIT"}, {"FLATCORR": "OMIT"}
            ),
            "post-flash left in": lambda: infrared.steps({"FLASHDUR": 7.3, "FLSHCORR": "OMIT"}),
        },
    ),
    "CAL-002": Case(
        references,
        {
            "stale": lambda: references(used="uref$sad1946fu_idc.fits"),
            "missing": lambda: references(available=False),
            "unused": lambda: references(used="N/A", available=False),
            "coordinates of another table": lambda: reference_file_violations(
                None,
                subject="ie1d01xqq_flc",
                solution=solution_table_problems(uvis(put(WCSNAME="IDC_old1999i-FIT_IMG_GAIAeDR3"))),
            ),
        },
    ),
    "CAL-003": Case(lambda: flags(0.2), {"mostly flagged": lambda: flags(0.3), "all": lambda: flags(1.0)}),
    "CAL-015": Case(
        lambda: area(0.02),
        {
            "a tenth of the detector": lambda: area(0.1),
            "a tenth of it, not usable for another reason": lambda: area(0.1, flag=512),
            "WFPC2's edges and a tenth": lambda: area(0.2, instrument=("WFPC2", "")),
        },
    ),
    "CAL-014": Case(
        lambda: masked(0.08, trails=0.08),
        {
            "half of an exposure": lambda: masked(0.5, 0.5),
            "half of one of two chips": lambda: masked(0.5, regions=0.5),
            "a tenth and a bit": lambda: masked(0.11, trails=0.11),
        },
    ),
    "CAL-016": Case(
        lambda: empty_masks({"trails": 0.08}, subject="j9l960a9q_flc"),
        {
            "no trail where one was looked for": lambda: empty_masks(
                {"trails": 0.0}, subject="j9l960a9q_flc"
            ),
            "no trail, beside a region": lambda: empty_masks(
                {"trails": 0.0, "regions": 0.03}, subject="j9l960a9q_flc"
            ),
        },
    ),
    "CAL-013": Case(
        arrays,
        {
            "one NaN": lambda: arrays(science=np.nan),
            "no error": lambda: arrays(error=0.0),
            "NaN error": lambda: arrays(error=np.nan),
            "shape": lambda: arrays(cut=1),
            "flags lost": lambda: arrays(flagged=0.0),
            "flags lost but for one": lambda: arrays(side=400, flagged=1.01 / 400**2),
            "a row that reads one number": lambda: arrays(equal=14),
            "cut at the bottom": lambda: arrays(least=5.0),
            "half a detector without counts": lambda: dark(lost=512),
            "full well without flag": lambda: saturated(flag=0),
            "full well flagged as something else": lambda: saturated(flag=16),
        },
    ),
    "CAL-004": Case(
        columns,
        {
            "hot columns": lambda: columns(hot=6.0),
            "every column a little": lambda: columns(each=0.9),
        },
    ),
    "CAL-005": Case(
        lambda: unit_violations(exposure(), 2),
        {
            "no BUNIT": lambda: unit_violations(exposure(science={"BUNIT": None}), 2),
            "rate": lambda: unit_violations(exposure(science={"BUNIT": "COUNTS/S"}), 2),
            "no time": lambda: unit_violations(exposure(primary={"EXPTIME": 0.0}), 2),
            "other time": lambda: unit_violations(exposure(primary={"EXPTIME": 160.0}), 2),
            "divided by the exposure time": lambda: unit_violations(
                exposure(
                    primary={"INSTRUME": "WFC3", "DETECTOR": "UVIS", "READNSEA": 3.03},
                    science={"BUNIT": "ELECTRONS"},
                ),
                2,
                noise=0.016,
            ),
            "multiplied by the exposure time": lambda: unit_violations(
                exposure(
                    primary={"INSTRUME": "WFC3", "DETECTOR": "IR", "READNSEA": 20.0},
                    science={"BUNIT": "ELECTRONS/S"},
                ),
                2,
                rates=PixelRates(300.0, 26.0),
            ),
            "image of another epoch": lambda: image_times(EXPSTART=49895.1, EXPEND=49895.3),
        },
    ),
    "CAL-006": Case(
        infrared.level,
        {
            "gain twice": lambda: infrared.level(2.35),
            "two per cent": lambda: infrared.level(1.02),
            "one amplifier": lambda: infrared.level(quadrant=1.02),
        },
    ),
    "CAL-007": Case(
        infrared.pattern,
        {
            "dark not scaled": lambda: infrared.pattern(dark=0.98),
            "dark twice": lambda: infrared.pattern(dark=-1.0),
            "flat field of another filter": lambda: infrared.pattern(flat=0.4),
        },
    ),
    "TVB-001": Case(
        lambda: infrared.ratio(0.9),
        {"rises": lambda: infrared.ratio(1.5), "falls": lambda: infrared.ratio(0.2)},
    ),
    "TVB-002": Case(
        lambda: infrared.width(infrared.RATE),
        {
            "three peaks": lambda: infrared.width(0.4, 0.5, 0.6),
            "too wide": lambda: infrared.width(0.5, width=1.6 * infrared.NOISE),
        },
    ),
    "TVB-006": Case(
        lambda: infrared.peaks(infrared.RATE),
        {
            "three peaks": lambda: infrared.peaks(0.4, 0.5, 0.6),
            "two narrow peaks": lambda: infrared.peaks(0.47, 0.53, width=0.4 * infrared.NOISE),
        },
    ),
    "TVB-003": Case(
        lambda: infrared.deviation(0.49), {"reads thrown away": lambda: infrared.deviation(0.56)}
    ),
    "TVB-004": Case(lambda: infrared.change(0.013), {"no better": lambda: infrared.change(0.021)}),
    "TVB-005": Case(
        lambda: infrared.residuals(0),
        {"some left": lambda: infrared.residuals(30), "many": lambda: infrared.residuals(400)},
    ),
    "CAL-008": Case(
        amplifier.step,
        {
            "other bias": lambda: amplifier.step(2.0),
            "other bias, infrared": lambda: amplifier.step(60.0, camera=amplifier.IR),
            "other gain": lambda: amplifier.step(gain=1.1),
        },
    ),
    "CAL-009": Case(
        noise,
        {
            "errors too large": lambda: noise(error=1.5),
            "errors too small": lambda: noise(error=0.7),
            "twice the noise": lambda: noise(noise=2.0),
            "errors too small, photons": lambda: photons(error=0.3),
            "errors too large, photons": lambda: photons(error=1.5),
        },
    ),
    "CAL-010": Case(
        lambda: width(star_field()),
        {
            "trailed by nine pixels": lambda: width(star_field(trail=9)),
            "trailed among cosmic rays": lambda: width(star_field(trail=9, hits=2000)),
        },
    ),
}
