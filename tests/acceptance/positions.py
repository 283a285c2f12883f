"""What solutions and positions on the sky must be, and must not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from hubble_qa.checks.astrometry.chip_geometry import chip_geometry_error
from hubble_qa.checks.astrometry.epochs import catalog_epoch_displacement, catalog_epoch_error
from hubble_qa.checks.astrometry.header_coordinates import coordinate_violations
from hubble_qa.checks.astrometry.header_solutions import header_fit_difference
from hubble_qa.checks.astrometry.kept_solutions import (
    coordinate_difference,
    distance_from_distortion_solution,
)
from hubble_qa.checks.astrometry.reference_coverage import (
    Quadrant,
    catalog_coverage,
    empty_quadrants,
    reference_sources,
)
from hubble_qa.checks.astrometry.registration import Offset, exposure_misalignment, image_separation
from hubble_qa.checks.astrometry.solutions import solution_displacement
from hubble_qa.checks.astrometry.source_pairs import pair_sources
from hubble_qa.checks.astrometry.source_positions import (
    catalog_offset,
    catalog_offset_variation,
    source_position_difference,
)
from hubble_qa.checks.astrometry.world_coordinates import distortion_solution_violations, round_trip_error
from hubble_qa.checks.images.drizzled_coordinates import (
    distortion_keyword_violations,
    drizzled_coordinate_violations,
)
from hubble_qa.checks.images.mosaic_fluxes import input_width_ratio
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers.exposure import science_wcs
from tests.acceptance.case import Case
from tests.header_samples import infrared as ir_exposure
from tests.header_samples import mirrored, moved, put, scaled, uvis, wfpc2
from tests.source_scenes import seen as seen_twice
from tests.uvis_fields import SHAPES, Pointing, field, headers, on_sky, sightings, solutions
from tests.wfpc2_samples import chip_header, drizzled, exposure, match_file

STARS = field(1500).at(2011.8)
RIGHT = Pointing()
PLACE = {"CRVAL1": 201.7, "CRVAL2": -47.5, "CRPIX1": 1.0, "CRPIX2": 1.0, "D001SCAL": 0.0996}
PLACE |= {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}


def seen(assumed: Pointing = RIGHT, *, dither: float = 0.0, seed: int = 2) -> np.ndarray:
    """Where a header says that the stars are which an exposure saw."""
    return on_sky(sightings(STARS, Pointing(dither=dither), seed=seed), replace(assumed, dither=dither))


def covered_by(references: tuple[int, ...], stars: tuple[int, ...] = (300, 310, 290, 320)) -> Measurement:
    """A catalogue's sources on the quadrants of a UVIS exposure."""
    quadrants = zip(references, stars, strict=True)
    return catalog_coverage(
        {f"SCI,{n}": Quadrant(*each, area=6400.0) for n, each in enumerate(quadrants)}, subject="flc"
    )


def epoch_by_stars(years: float, *, seed: int = 5) -> Measurement:
    """A cluster and field stars, the catalogue's positions of another epoch than it states."""
    random = np.random.default_rng(seed)
    motions = np.array([-0.4, -2.3]) + random.normal(0, 0.1, (140, 2))
    motions[:15] += random.normal(0, 4.0, (15, 2))
    offsets = random.normal(0, 1.2, (140, 2)) - years * motions + years * np.array([-0.4, -2.3])
    errors = np.full((140, 2), 0.15)
    return catalog_epoch_error(
        offsets, motions + random.normal(0, 0.15, (140, 2)), errors, subject="ibwb01xrq"
    )


def registered(pixels: float) -> Measurement:
    """Three exposures of WFC3/IR, one of them out of place."""
    found = {
        ("a", "b"): Offset(0.4, -0.9, 0.9, "150 sources"),
        ("a", "c"): Offset(128.3 * pixels + 0.6, 0.2, 0.9, "150 sources"),
        ("b", "c"): Offset(128.3 * pixels + 0.1, 1.0, 0.9, "150 sources"),
    }
    return exposure_misalignment(found, plate_scale=0.1283, subject="ibohbf040_drz_sci")


def offset(assumed: Pointing = RIGHT, measure: Callable[..., Measurement] = catalog_offset) -> Measurement:
    return measure(pair_sources(seen(assumed), STARS), subject="ibwb01xrq")


def difference(assumed: Pointing = RIGHT) -> Measurement:
    pairs = pair_sources(seen(), seen(assumed, dither=82.0, seed=3))
    return source_position_difference(pairs, subject="xrq, xxq")


def widths(ratio: float) -> Measurement:
    """Sources in an image so many times as wide as on its exposures."""
    return input_width_ratio({"ibwb01xrq SCI,1": seen_twice(width=ratio)}, subject="f606w_drc")


def displacement(assumed: Pointing) -> Measurement:
    return solution_displacement(
        solutions(assumed), solutions(), headers(), shapes=SHAPES, subject="ibwb01xrq"
    )


def held_fit(departures: Mapping[int, Pointing] | None = None) -> Measurement:
    """Headers that hold a fit, but for departures on some chips."""
    xy = sightings(STARS, RIGHT)
    chips, radec = np.repeat([1, 2], [len(xy[1]), len(xy[2])]), on_sky(xy, RIGHT)
    fit = replace(
        match_file(len(chips)), chip=chips, original_input_xy=np.concatenate([xy[1], xy[2]]), radec=radec
    )
    held = {chip: solutions((departures or {}).get(chip, RIGHT))[chip] for chip in (1, 2)}
    return header_fit_difference(held, fit, subject="ibwb01xrq")


def epochs(catalog: float) -> Measurement:
    motions = np.tile([-0.42, -2.27], (100, 1))
    return catalog_epoch_displacement(motions, catalog_epoch=catalog, exposure_epoch=2011.8, subject="Gaia")


def round_trip(**changes: float) -> Measurement:
    return round_trip_error(science_wcs(chip_header(2, **changes)), (800, 800), subject="WF2")


CASES: Mapping[str, Case] = {
    "AST-012": Case(
        lambda: offset(Pointing(shift=(0.1, 0.1))),
        {
            "half a pixel": lambda: offset(Pointing(shift=(0.3, 0.4))),
            "false match": lambda: offset(Pointing(shift=(75.0, 0.0))),
        },
    ),
    "AST-015": Case(
        lambda: widths(1.08),
        {
            "blurred": lambda: widths(1.4),
            "cores lost": lambda: widths(0.88),
        },
    ),
    "AST-016": Case(
        lambda: displacement(Pointing(shift=(-0.21, 0.10))),
        {
            "half a pixel": lambda: displacement(Pointing(shift=(0.3, 0.4))),
            "rotation": lambda: displacement(Pointing(rotation=0.1)),
        },
    ),
    "AST-017": Case(
        lambda: offset(Pointing(shift=(0.3, 0.4)), catalog_offset_variation),
        {"rotation": lambda: offset(Pointing(rotation=0.1), catalog_offset_variation)},
    ),
    "AST-018": Case(lambda: epochs(2011.8), {"Gaia's own epoch": lambda: epochs(2016.0)}),
    "AST-019": Case(
        held_fit,
        {
            "twice": lambda: held_fit({chip: Pointing(shift=(0.2, -0.1)) for chip in (1, 2)}),
            "one chip left behind": lambda: held_fit({2: Pointing(shift=(0.2, -0.1))}),
        },
    ),
    "AST-021": Case(
        lambda: distance_from_distortion_solution(uvis()),
        {
            "headerlet of another exposure": lambda: distance_from_distortion_solution(
                uvis(moved("CRVAL2", 82.0 / 3600.0))
            ),
            "doubled": lambda: distance_from_distortion_solution(ir_exposure(scaled(2.0))),
            "mirrored": lambda: distance_from_distortion_solution(ir_exposure(mirrored)),
            "a degree off": lambda: distance_from_distortion_solution(uvis(moved("CRVAL1", 1.0))),
        },
    ),
    "AST-022": Case(
        lambda: reference_sources(
            {"SCI,1 left": 9, "SCI,1 right": 7, "SCI,2 left": 3, "SCI,2 right": 1}, subject="fit"
        ),
        {
            "catalogue of 50 rows": lambda: reference_sources(
                {"SCI,1 left": 1, "SCI,1 right": 2, "SCI,2 left": 1, "SCI,2 right": 2}, subject="fit"
            ),
            "no source at all": lambda: reference_sources({"SCI,1 left": 0, "SCI,1 right": 0}, subject="fit"),
        },
    ),
    "AST-029": Case(
        lambda: empty_quadrants(
            {"SCI,1 left": 9, "SCI,1 right": 7, "SCI,2 left": 3, "SCI,2 right": 1}, subject="fit"
        ),
        {
            "half the field": lambda: empty_quadrants(
                {"SCI,1 left": 60, "SCI,1 right": 0, "SCI,2 left": 58, "SCI,2 right": 12}, subject="fit"
            ),
            "no source at all": lambda: empty_quadrants({"SCI,1 left": 0, "SCI,1 right": 0}, subject="fit"),
            "half the field of an exposure": lambda: covered_by((60, 0, 58, 0)),
        },
    ),
    "AST-023": Case(
        accepted=lambda: image_separation(Offset(6.0, 4.0, 1.0, "90 sources"), pixel=0.05, subject="a / b"),
        rejected={
            "a third of a pixel of WFC": lambda: image_separation(
                Offset(0.0, 19.0, 1.0, "90 sources"), pixel=0.05, subject="a / b"
            ),
            "more than 10 mas of fine pixels": lambda: image_separation(
                Offset(14.5, 0.0, 1.0, "90 sources"), pixel=0.03, subject="a / b"
            ),
        },
    ),
    "AST-024": Case(
        accepted=lambda: registered(0.0),
        rejected={
            "one exposure 0.3 IR pixels off": lambda: registered(0.3),
            "one exposure 5 pixels off": lambda: registered(5.0),
        },
    ),
    "AST-025": Case(
        lambda: epoch_by_stars(0.0),
        {
            "positions of a year later": lambda: epoch_by_stars(1.0),
            "positions of 4.2 years before": lambda: epoch_by_stars(-4.2),
        },
    ),
    "WCS-001": Case(
        lambda: distortion_solution_violations(exposure(), 2),
        {
            "other table": lambda: distortion_solution_violations(
                exposure(primary={"IDCTAB": "uref$ta81040lu_idc.fits"}), 2
            ),
            "no SIP": lambda: distortion_solution_violations(
                exposure(science={"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}), 2
            ),
            "of another camera": lambda: distortion_solution_violations(
                exposure(science={"A_1_1": 2.4e-5, "B_0_2": 3e-5}), 2
            ),
            "no original": lambda: distortion_solution_violations(exposure(science={"CRVAL1O": None}), 2),
            "no look-up table": lambda: distortion_solution_violations(exposure(drop=[("D2IMARR", 1)]), 2),
            "no history": lambda: distortion_solution_violations(
                exposure(science={"WCSTYPE": "user-defined"}), 2
            ),
            "updatewcs passed it over": lambda: distortion_solution_violations(
                exposure(science={"WCSNAME": "IDC_sad1946fu-FIT_IMG_GAIAeDR3"}), 2, distortion_only=True
            ),
        },
    ),
    "WCS-002": Case(round_trip, {"no inverse": lambda: round_trip(A_2_0=3e-3)}),
    "WCS-003": Case(
        difference,
        {
            "half a pixel": lambda: difference(Pointing(shift=(0.3, 0.4))),
            "rotation": lambda: difference(Pointing(rotation=0.1)),
        },
    ),
    "WCS-004": Case(
        lambda: distortion_keyword_violations(drizzled()),
        {
            "SIP": lambda: distortion_keyword_violations(drizzled(A_ORDER=4, B_ORDER=4)),
            "CTYPE": lambda: distortion_keyword_violations(drizzled(CTYPE1="RA---TAN-SIP")),
        },
    ),
    "WCS-005": Case(
        lambda: coordinate_violations(uvis()),
        {
            "zero": lambda: coordinate_violations(uvis(scaled(0.0), chips=(2,))),
            "doubled": lambda: coordinate_violations(ir_exposure(scaled(2.0))),
            "WFPC2's chips doubled, whose pixels are not": lambda: coordinate_violations(
                wfpc2(scaled(2.0), served=True)
            ),
            "mirrored": lambda: coordinate_violations(ir_exposure(mirrored)),
            "nowhere": lambda: coordinate_violations(ir_exposure(put(CRVAL1=0.0, CRVAL2=0.0))),
            "in hours": lambda: coordinate_violations(ir_exposure(put(CRVAL1=137.84 / 15.0))),
            "in arcsec": lambda: coordinate_violations(ir_exposure(put(CUNIT1="arcsec", CUNIT2="arcsec"))),
            "a degree off": lambda: coordinate_violations(uvis(moved("CRVAL1", 1.0))),
            "zero on a chip as served": lambda: coordinate_violations(
                wfpc2(scaled(0.0), chips=(2,), served=True)
            ),
            "drizzled image of another scale": lambda: drizzled_coordinate_violations(
                drizzled(scale=0.05, **PLACE), None
            ),
        },
    ),
    "WCS-006": Case(
        lambda: coordinate_difference(uvis(suffix="flt"), uvis()),
        {
            "only one aligned": lambda: coordinate_difference(
                uvis(moved("CRVAL1", 0.2 / 3600.0), suffix="flt"), uvis()
            ),
        },
    ),
    "WCS-007": Case(
        lambda: chip_geometry_error(wfpc2()),
        {
            "PC1": lambda: chip_geometry_error(wfpc2(moved("CRVAL2", 0.2275 / 3600.0), chips=(1,))),
            "WF3": lambda: chip_geometry_error(wfpc2(moved("CRVAL2", 0.0996 / 3600.0), chips=(3,))),
            "one reference pixel": lambda: chip_geometry_error(uvis(moved("CRPIX1", 2.0), chips=(1,))),
            "all reference pixels": lambda: chip_geometry_error(wfpc2(moved("CRPIX2", 2.0))),
            "all reference pixels after a fit": lambda: chip_geometry_error(uvis(moved("CRPIX2", 2.0))),
            "the reference pixel of one chip": lambda: chip_geometry_error(ir_exposure(moved("CRPIX1", 0.1))),
        },
    ),
}
