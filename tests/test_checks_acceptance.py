"""Every criterion accepts what is right and rejects what is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from hubble_qa.checks.astrometry.alignment import (
    fit_rms,
    fit_rotation,
    fit_scale_change,
    nonfinite_shift_fields,
    shift_agreement,
    shift_file_disagreement,
    shift_to_search_radius,
)
from hubble_qa.checks.astrometry.chip_geometry import chip_geometry_error
from hubble_qa.checks.astrometry.epochs import catalog_epoch_displacement, catalog_epoch_error
from hubble_qa.checks.astrometry.header_coordinates import coordinate_deviation
from hubble_qa.checks.astrometry.header_solutions import header_fit_difference
from hubble_qa.checks.astrometry.kept_solutions import (
    coordinate_difference,
    distance_from_distortion_solution,
)
from hubble_qa.checks.astrometry.registration import Offset, exposure_misalignment
from hubble_qa.checks.astrometry.residuals import (
    MatchedPositions,
    matched_source_offset,
    matched_sources,
    residual_trend,
    rms_consistency,
)
from hubble_qa.checks.astrometry.solution_names import wcs_name_violations
from hubble_qa.checks.astrometry.solution_tables import solution_table_problems
from hubble_qa.checks.astrometry.solutions import archive_fit_error, solution_displacement
from hubble_qa.checks.astrometry.source_pairs import pair_sources
from hubble_qa.checks.astrometry.source_positions import (
    catalog_offset,
    catalog_offset_variation,
    chance_match_fraction,
    reference_sources,
    source_position_difference,
)
from hubble_qa.checks.astrometry.world_coordinates import distortion_solution_violations, round_trip_error
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.detectors.bias_structure import column_scatter
from hubble_qa.checks.detectors.calibration import (
    reference_file_violations,
    unit_violations,
    unusable_fraction,
)
from hubble_qa.checks.detectors.dark_rate import blank_residual, dark_fraction, dark_rate_order_violations
from hubble_qa.checks.images.cosmic_rays import cosmic_ray_rate, cosmic_ray_remainder, rejected_cores
from hubble_qa.checks.images.drizzle_parameters import drizzle_parameter_violations, recommended_row
from hubble_qa.checks.images.drizzled import (
    drizzled_photometry_violations,
    finite_coverage,
    output_frame_deviation,
    stellar_width_ratio,
    weight_ratio,
)
from hubble_qa.checks.images.drizzled_coordinates import (
    distortion_keyword_violations,
    drizzled_coordinate_deviation,
)
from hubble_qa.checks.images.files import fits_form_violations, keyword_violations, structure_violations
from hubble_qa.checks.images.mosaic_fluxes import chip_flux_ratio, input_flux_ratio
from hubble_qa.checks.images.observations import observation_violations
from hubble_qa.checks.images.photometry import (
    chip_count_rate_ratio,
    drizzled_flux_ratio,
    photflam_deviation,
    photflam_spread,
    pixel_ratio_deviation,
    star_ratio_deviation,
)
from hubble_qa.checks.images.zeropoints import chip_zeropoint_error
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import FitsStructure, ShiftRow
from hubble_qa.checks.readers.exposure import science_wcs
from hubble_qa.checks.verdict import Status, judge
from tests import amplifier_samples as amplifier
from tests import background_samples as infrared
from tests import combination_samples as combination
from tests.dark_rate_samples import DARKS, association, dark, hot_pixels, match, order, recognition
from tests.header_samples import infrared as ir_exposure
from tests.header_samples import mirrored, moved, put, scaled, uvis, wfpc2
from tests.noise_samples import noise
from tests.source_scenes import seen as seen_twice
from tests.uvis_fields import (
    SHAPES,
    Pointing,
    field,
    flc,
    headers,
    on_sky,
    sightings,
    solutions,
    zeropoint_headers,
)
from tests.wfpc2_samples import (
    FAILED,
    FITTED,
    NORMALISED,
    PHOTFLAMS,
    REFERENCE,
    aligned_headers,
    chip_header,
    drizzled,
    exposure,
    match_file,
    shift_file,
)

Measure = Callable[[], Measurement]
STARS = field(1500).at(2011.8)
RIGHT = Pointing()
PLACE = {"CRVAL1": 201.7, "CRVAL2": -47.5, "CRPIX1": 1.0, "CRPIX2": 1.0, "D001SCAL": 0.0996}
PLACE |= {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}
FACTOR = PHOTFLAMS[3] / PHOTFLAMS[2]


@dataclass(frozen=True)
class Case:
    """What a criterion must accept, and what it must reject."""

    accepted: Measure
    rejected: Mapping[str, Measure]


def fitted(measure: Callable[..., Measurement], row: ShiftRow = FITTED, **settings: object) -> Measurement:
    return measure(shift_file(REFERENCE, row), row.file, **settings)


def matched(measure: Callable[..., Measurement], row: ShiftRow = FITTED, **sources: object) -> Measurement:
    return measure(shift_file(REFERENCE, row), row.file, match_file(**sources))


def by_headers(
    offsets: Mapping[int, float] | None = None, *, sources: int = 120, few: int | None = None
) -> Measurement:
    """Matched sources by two exposures' headers, some chips of one of them out of place by so many mas.

    Chip 4 has so few of them where that is asked for.
    """
    match = match_file(sources)
    if few is not None:
        numbers = np.where(match.chip == 4, 3, match.chip)
        numbers[np.flatnonzero(match.chip == 4)[:few]] = 4
        match = replace(match, chip=numbers)
    own = match.radec.copy()
    for chip, offset in (offsets or {}).items():
        own[match.chip == chip, 1] += offset / 3.6e6
    positions = MatchedPositions(own, match.radec, match.chip)
    return matched_source_offset(shift_file(), FITTED.file, positions)


def search(dx: float) -> Measurement:
    row = replace(FITTED, dx=dx)
    return fitted(shift_to_search_radius, row, plate_scale=0.0455, search_radius=1.0)


def agreement(dx: float) -> Measurement:
    rows = [replace(FITTED, file=f"u5jx010{letter}r_flt.fits") for letter in "ghi"]
    shifts = shift_file(*rows[:2], replace(rows[2], dx=dx))
    return shift_agreement(shifts, [row.file for row in rows], subject="u5jx01")


def seen(assumed: Pointing = RIGHT, *, dither: float = 0.0, seed: int = 2) -> np.ndarray:
    """Where a header says that the stars are which an exposure saw."""
    return on_sky(sightings(STARS, Pointing(dither=dither), seed=seed), replace(assumed, dither=dither))


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


def chance(matches: int, **settings: float) -> Measurement:
    by_settings = {"area": 2.6e4, "tolerance": 0.04, "search_radius": 1.0, **settings}
    return chance_match_fraction(matches, sources=2676, references=1100, subject="ibwb01xrq", **by_settings)


def widths(drizzled: float) -> Measurement:
    scatter = np.random.default_rng(1).normal(1.0, 0.05, 200)
    exposures = {"ibwb01xrq": 0.074 * scatter, "ibwb01xxq": 0.076 * scatter}
    return stellar_width_ratio(drizzled * scatter, exposures, subject="f606w_drc")


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


def recommended(images: int, name: str = "driz_cr_snr") -> Measurement:
    """AstroDrizzle told of two images, where there were more or fewer."""
    rows = [("ANY", 1, "minmed", "3.5 3.0"), ("ANY", 2, "minmed", "3.5,3.0"), ("F606W", 6, "median", "6 5")]
    columns = [("filter", "U8"), ("numimages", int), ("combine_type", "U8"), ("driz_cr_snr", "U8")]
    table = np.array(rows, dtype=columns)
    row = recommended_row(table, filters=["F606W"], images=images)
    used = {"driz_cr_snr": "3.5 3.0", "combine_type": "minmed"}
    return drizzle_parameter_violations(used, row, names=["combine_type", name], subject="f606w")


def epochs(catalog: float) -> Measurement:
    motions = np.tile([-0.42, -2.27], (100, 1))
    return catalog_epoch_displacement(motions, catalog_epoch=catalog, exposure_epoch=2011.8, subject="Gaia")


def flagged(fraction: float) -> dict[int, np.ndarray]:
    return {1: np.random.default_rng(4).random((400, 500)) < fraction}


def cores(rejected: int) -> Measurement:
    masks, x = flagged(0.004), np.arange(1.0, 401.0)
    masks[1][200, :400] = False
    masks[1][200, :rejected] = True
    return rejected_cores(masks, {1: np.column_stack([x, np.full(400, 201.0)])}, subject="ibwb01xrq")


def left(fraction: float, exposures: int = 2) -> Measurement:
    """An image of exposures with 500 cosmic rays each, a fraction of which is not rejected."""
    rng = np.random.default_rng(6)
    stack = rng.normal(0.0, 1.0, (exposures, 200, 200))
    weights = np.ones_like(stack)
    for number in range(exposures):
        y, x = (rng.integers(0, 200, 500) for _ in "yx")
        stack[number, y, x] += 300.0
        weights[number, y, x] = rng.random(500) < fraction
    total = weights.sum(axis=0)
    combined = np.where(total > 0, (weights * stack).sum(axis=0) / np.maximum(total, 1.0), np.nan)
    singles = {f"ibwb01x{number}q": each for number, each in enumerate(stack)}
    return cosmic_ray_remainder(combined, singles, subject="f606w")


def names(**second: str) -> Measurement:
    solutions = {
        "u5jx0108r": aligned_headers(wcstype="not aligned: reference"),
        "u5jx010hr": aligned_headers(**second),
    }
    return wcs_name_violations(solutions, wcsname="TWEAK", relative=True, subject="flt")


def disagreement(**changes: float) -> Measurement:
    other = replace(FITTED, file="u5jx010hr_c0m.fits", **changes)
    c0m = shift_file(replace(REFERENCE, file="u5jx0108r_c0m.fits"), other)
    return shift_file_disagreement(shift_file(), c0m, subject="flt, c0m")


def pixels(factor: float, scatter: float = 0.0) -> Measurement:
    generator = np.random.default_rng(1)
    c0m = generator.uniform(2, 50, (40, 40)).astype(np.float32)
    flt = (c0m * factor * generator.normal(1.0, scatter, c0m.shape)).astype(np.float32)
    return pixel_ratio_deviation(
        flt, c0m, np.zeros(c0m.shape, np.int16), expected=FACTOR, equalised=True, subject="WF4"
    )


def weights(planetary: float) -> Measurement:
    image = np.full((100, 200), 16.0)
    image[:, :100] = 16.0 * planetary
    squares = {
        chip: np.array([(x, 10.0), (x + 60, 10.0), (x + 60, 90.0), (x, 90.0)])
        for chip, x in ((1, 20.0), (2, 120.0))
    }
    return weight_ratio(image, squares, subject="u5jx010hr_single_wht")


def references(**choice: object) -> Measurement:
    idctab = {"best": "ta81040lu_idc.fits", "used": "uref$ta81040lu_idc.fits", "available": True, **choice}
    dgeofile = {"best": "N/A", "used": "N/A", "available": False}
    return reference_file_violations({"idctab": idctab, "dgeofile": dgeofile}, subject="u5jx010hr")


def arrays(
    *,
    flagged: float = 0.1,
    science: float = 4.0,
    error: float = 2.0,
    cut: int = 0,
    equal: int = 1,
    side: int = 20,
) -> Measurement:
    shape = (side, side)
    sci, err, dq = np.random.default_rng(9).normal(9.0, 3.0, shape), np.full(shape, 3.0), np.zeros(shape, int)
    sci[-1, -1], err[-1, -1] = science, error
    sci[-2, -equal:] = 9.0
    dq.flat[: int(flagged * dq.size)] = 2
    return unusable_fraction(sci, err[cut:], dq, camera=camera("ACS", "WFC"), subject="WFC1")


def saturated(*, flag: int = 256, stars: int = 4) -> Measurement:
    """Stars of nine pixels at full well."""
    sci, dq = np.random.default_rng(9).normal(9.0, 3.0, (60, 60)), np.zeros((60, 60), int)
    dq[0, :20] = 16
    for star in range(stars):
        row = slice(10 * star + 10, 10 * star + 13)
        sci[row, 30:33] += 84_000.0
        dq[row, 30:33] |= flag
    return unusable_fraction(sci, None, dq, camera=camera("ACS", "WFC"), subject="WFC1")


def round_trip(**changes: float) -> Measurement:
    return round_trip_error(science_wcs(chip_header(2, **changes)), (800, 800), subject="WF2")


def form(**changes: object) -> Measurement:
    whole = FitsStructure(Path("u5jx010hr_flt.fits"), 25_755_840, 25_755_840, 14, 13, 0, ())
    return fits_form_violations(replace(whole, **changes))


def columns(hot: float = 0.0, each: float = 0.0) -> Measurement:
    """A chip whose every 64th column stands out by `hot` electrons, and all columns scatter by `each`."""
    rng = np.random.default_rng(4)
    sci = rng.normal(20.0, 6.0, (512, 256)) + each * rng.standard_normal(256)
    sci[128:, 7::64] += hot
    return column_scatter(sci, np.zeros(sci.shape, np.int16), subject="j9l960a9q_flt SCI,1")


def coverage(covered: float, science: float = 1.0, *, together: float = 33.0) -> Measurement:
    weight = np.zeros((10, 10))
    weight.flat[: int(covered * 100)] = 16.0
    sci = np.where(weight > 0, science * np.linspace(1.0, 2.0, weight.size).reshape(weight.shape), np.nan)
    chips = {"u5jx0108r_flt WF3": (16.0, 16.1), "u5jx010hr_flt WF3": (together, 16.1)}
    return finite_coverage(sci, weight, subject="wfpc2_flt_drw_sci", chips=chips)


def frame(**settings: float) -> Measurement:
    return output_frame_deviation(drizzled(), **{"scale": 0.0996, "angle": 30.0, **settings})


def shuffled() -> Measurement:
    """An FLT in the order of ACS and WFC3."""
    flt = exposure()
    order = sorted(flt.extensions, key=lambda extension: extension.version)
    return structure_violations(replace(flt, extensions=tuple(order)))


CASES: Mapping[str, Case] = {
    "AST-001": Case(
        lambda: fitted(nonfinite_shift_fields),
        {
            "failed fit": lambda: fitted(nonfinite_shift_fields, FAILED),
            "infinite scale": lambda: fitted(nonfinite_shift_fields, replace(FITTED, scale=np.inf)),
        },
    ),
    "AST-002": Case(
        lambda: fitted(fit_rms, replace(FITTED, xrms=0.03, yrms=0.09)),
        {
            "failed fit": lambda: fitted(fit_rms, FAILED),
            "scatter in y": lambda: fitted(fit_rms, replace(FITTED, xrms=0.03, yrms=0.3)),
        },
    ),
    "AST-003": Case(
        lambda: matched(matched_sources, sources=20),
        {"few": lambda: matched(matched_sources, sources=19)},
    ),
    "AST-004": Case(
        lambda: fitted(fit_rotation, replace(FITTED, rotation=-0.0004)),
        {
            "clockwise": lambda: fitted(fit_rotation, replace(FITTED, rotation=-0.06)),
            "counterclockwise": lambda: fitted(fit_rotation, replace(FITTED, rotation=0.06)),
        },
    ),
    "AST-005": Case(
        lambda: fitted(fit_scale_change, replace(FITTED, scale=1.0001)),
        {
            "larger": lambda: fitted(fit_scale_change, replace(FITTED, scale=1.001)),
            "smaller": lambda: fitted(fit_scale_change, replace(FITTED, scale=0.999)),
        },
    ),
    "AST-006": Case(lambda: search(1.8), {"far": lambda: search(-23.0)}),
    "AST-007": Case(lambda: agreement(2.5), {"one exposure off": lambda: agreement(3.0)}),
    "AST-008": Case(
        lambda: matched(residual_trend),
        {
            "slope over the frame": lambda: matched(residual_trend, slope=4e-4),
            "a chip out of place": lambda: matched(residual_trend, chip_offset={4: 0.2}),
        },
    ),
    "AST-009": Case(
        lambda: matched(rms_consistency),
        {
            "smaller": lambda: matched(rms_consistency, scatter=(0.15, 0.12)),
            "larger": lambda: matched(rms_consistency, scatter=(0.17, 0.14)),
            "small component": lambda: matched(
                rms_consistency, replace(FITTED, xrms=0.001), scatter=(0.007, 0.14)
            ),
        },
    ),
    "AST-010": Case(
        names,
        {
            "other name": lambda: names(wcsname="IDC_sad1946fu"),
            "failed fit": lambda: names(wcstype="not aligned: reference"),
            "no type": lambda: names(wcstype=""),
        },
    ),
    "AST-011": Case(
        lambda: archive_fit_error(flc(NMATCHES=429, RMS_RA=3.9, RMS_DEC=3.7)),
        {
            "scatter": lambda: archive_fit_error(flc(NMATCHES=462, RMS_RA=4.0, RMS_DEC=3.8)),
            "few": lambda: archive_fit_error(flc(NMATCHES=19)),
            "no fit": lambda: archive_fit_error(flc(WCSNAME="IDC_2731450pi-HSC30")),
            "no scatter": lambda: archive_fit_error(flc(RMS_RA=0.0, RMS_DEC=0.0)),
        },
    ),
    "AST-012": Case(
        lambda: offset(Pointing(shift=(0.1, 0.1))),
        {
            "half a pixel": lambda: offset(Pointing(shift=(0.3, 0.4))),
            "false match": lambda: offset(Pointing(shift=(75.0, 0.0))),
        },
    ),
    "AST-013": Case(
        lambda: disagreement(dx=1.805, rotation=0.0145),
        {
            "shift": lambda: disagreement(dx=1.83),
            "rotation": lambda: disagreement(rotation=0.0155),
            "scale": lambda: disagreement(scale=1.00003),
            "scatter": lambda: disagreement(yrms=0.155),
        },
    ),
    "AST-014": Case(
        lambda: chance(482),
        {
            "wide tolerance": lambda: chance(482, tolerance=1.0),
            "few among many": lambda: chance(6),
        },
    ),
    "AST-015": Case(lambda: widths(0.080), {"broad": lambda: widths(0.100)}),
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
    "AST-020": Case(
        by_headers,
        {
            "one chip": lambda: by_headers({4: 30.0}),
            "all chips": lambda: by_headers({2: 85.0, 3: 85.0, 4: 85.0}),
            "few on each chip": lambda: by_headers({2: 85.0, 3: 85.0, 4: 85.0}, sources=24),
            "a chip with few": lambda: by_headers({4: 30.0}, few=5),
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
            "half the field": lambda: reference_sources(
                {"SCI,1 left": 60, "SCI,1 right": 0, "SCI,2 left": 58, "SCI,2 right": 12}, subject="fit"
            ),
            "no source at all": lambda: reference_sources({"SCI,1 left": 0, "SCI,1 right": 0}, subject="fit"),
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
    "PHT-001": Case(
        lambda: photflam_spread(exposure("flt")),
        {"not normalised": lambda: photflam_spread(exposure("flt", photflams=PHOTFLAMS))},
    ),
    "PHT-002": Case(
        lambda: photflam_deviation(exposure("c0m"), 4),
        {
            "some normalised": lambda: photflam_deviation(
                exposure("c0m", photflams=(PHOTFLAMS[0], *NORMALISED[1:])), 4
            ),
            "other gain": lambda: photflam_deviation(exposure("c0m", primary={"ATODGAIN": 15.0}), 4),
        },
    ),
    "PHT-003": Case(
        lambda: pixels(FACTOR),
        {
            "header only": lambda: pixels(1.0),
            "twice": lambda: pixels(FACTOR**2),
            "uneven": lambda: pixels(FACTOR, scatter=0.001),
        },
    ),
    "PHT-004": Case(
        lambda: star_ratio_deviation(1139.9086, 1136.0271, expected=1.0033, subject="star 1"),
        {
            "not normalised": lambda: star_ratio_deviation(1136.0, 1136.0, expected=1.0197, subject="star 1"),
            "inverse": lambda: star_ratio_deviation(1136.0, 1158.4, expected=1.0197, subject="star 1"),
        },
    ),
    "PHT-005": Case(
        lambda: chip_count_rate_ratio((71.0, 0.5), (71.6, 0.5), subject="star 1"),
        {
            "significant": lambda: chip_count_rate_ratio((71.0, 0.1), (71.9, 0.1), subject="star 1"),
            "large but uncertain": lambda: chip_count_rate_ratio((71.0, 5.0), (74.0, 5.0), subject="star 1"),
        },
    ),
    "PHT-006": Case(
        lambda: drizzled_flux_ratio(99.5, 1613.0 * 0.9870, exposure_time=16.0, subject="star 1"),
        {
            "counts": lambda: drizzled_flux_ratio(1592.0, 1592.0, exposure_time=16.0, subject="star 1"),
            "pixel area": lambda: drizzled_flux_ratio(97.5, 1600.0, exposure_time=16.0, subject="star 1"),
            "image in counts": lambda: input_flux_ratio({"a": seen_twice(360.0)}, subject="drz SCI,1"),
            "weights by ERR": lambda: input_flux_ratio({"a": seen_twice(0.75)}, subject="drz SCI,1"),
        },
    ),
    "PHT-007": Case(
        lambda: weights(4.79),
        {"equal": lambda: weights(1.0), "by side, not area": lambda: weights(2.19)},
    ),
    "PHT-008": Case(
        lambda: drizzled_photometry_violations(drizzled(), [exposure()]),
        {
            "other chips": lambda: drizzled_photometry_violations(
                drizzled(), [exposure(photflams=PHOTFLAMS)]
            ),
            "counts": lambda: drizzled_photometry_violations(drizzled(BUNIT="counts"), [exposure()]),
            "no unit": lambda: drizzled_photometry_violations(drizzled(BUNIT=None), [exposure()]),
            "no PHOTFLAM": lambda: drizzled_photometry_violations(drizzled(PHOTFLAM=None), [exposure()]),
        },
    ),
    "PHT-009": Case(
        lambda: chip_zeropoint_error(zeropoint_headers()),
        {
            "zero": lambda: chip_zeropoint_error(zeropoint_headers(photflams=(0.0, 0.0))),
            "chips differ": lambda: chip_zeropoint_error(zeropoint_headers(photflams=(2.757e-19, 1.838e-19))),
            "UVIS2 left behind": lambda: chip_zeropoint_error(zeropoint_headers(FLUXCORR="OMIT")),
        },
    ),
    "PHT-010": Case(
        lambda: chip_flux_ratio({"a": seen_twice(), "b": seen_twice(seed=6)}, subject="drz"),
        {"one chip": lambda: chip_flux_ratio({"a": seen_twice(), "b": seen_twice(1.05)}, subject="drz")},
    ),
    "CAL-001": Case(
        infrared.steps,
        {
            "skipped": lambda: infrared.steps({"FLATCORR": "SKIPPED"}),
            "left as it was": lambda: infrared.steps({"CRCORR": "PERFORM"}),
            "done though not asked for": lambda: infrared.steps(CRCORR="OMIT"),
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
    "CAL-003": Case(
        arrays,
        {
            "mostly flagged": lambda: arrays(flagged=0.3),
            "one NaN": lambda: arrays(science=np.nan),
            "no error": lambda: arrays(error=0.0),
            "NaN error": lambda: arrays(error=np.nan),
            "shape": lambda: arrays(cut=1),
            "flags lost": lambda: arrays(flagged=0.0),
            "flags lost but for one": lambda: arrays(side=400, flagged=1.01 / 400**2),
            "a row that reads one number": lambda: arrays(equal=14),
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
        lambda: infrared.shape(infrared.RATE),
        {
            "three peaks": lambda: infrared.shape(0.4, 0.5, 0.6),
            "two narrow peaks": lambda: infrared.shape(0.47, 0.53, width=0.4 * infrared.NOISE),
            "too wide": lambda: infrared.shape(0.5, width=1.6 * infrared.NOISE),
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
        lambda: coordinate_deviation(uvis()),
        {
            "zero": lambda: coordinate_deviation(uvis(scaled(0.0), chips=(2,))),
            "doubled": lambda: coordinate_deviation(ir_exposure(scaled(2.0))),
            "mirrored": lambda: coordinate_deviation(ir_exposure(mirrored)),
            "nowhere": lambda: coordinate_deviation(ir_exposure(put(CRVAL1=0.0, CRVAL2=0.0))),
            "in hours": lambda: coordinate_deviation(ir_exposure(put(CRVAL1=137.84 / 15.0))),
            "a degree off": lambda: coordinate_deviation(uvis(moved("CRVAL1", 1.0))),
            "zero on a chip as served": lambda: coordinate_deviation(
                wfpc2(scaled(0.0), chips=(2,), served=True)
            ),
            "drizzled image of another scale": lambda: drizzled_coordinate_deviation(
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
        },
    ),
    "DRK-001": Case(
        recognition,
        {
            "warm one missed": lambda: recognition(recognised=()),
            "cool one taken for warm": lambda: recognition(recognised=("jcmc11ctq", "jcmc11e6q")),
            "warm one without a dark": lambda: recognition(matched=("jcmc11ctq",)),
            "no telemetry": lambda: recognition(jcmc11ctq=0.0),
            "lost telemetry": lambda: recognition(jcmc11ctq=-99.0),
            "two exposures' exchanged": lambda: recognition(
                ("jcmc11ctq",), jcmc11ctq=25.9953, jcmc11e6q=17.3262
            ),
        },
    ),
    "DRK-002": Case(
        lambda: dark_fraction((0.322, 0.016), (2.886, 0.050), subject="target"),
        {
            "a fifth": lambda: dark_fraction((0.577, 0.016), (2.886, 0.050), subject="target"),
            "no dark at all": lambda: dark_fraction((0.0, 0.0), (2.886, 0.050), subject="target"),
        },
    ),
    "DRK-003": Case(
        lambda: match("jcrx01iqq", "jcmc11ctq"),
        {
            "the notebook's slip": lambda: match("jcrx01iiq", "jcmc11ctq"),
            "cold dark for a warm exposure": lambda: match("jcrx01iqq", "jcmc11e6q"),
            "warm dark for a cold exposure": lambda: match("jcrx01iyq", "jcmc11ctq"),
            "matched without regard to time": lambda: match("jcrx01iyq", "jcmc11e6q", 400.0),
        },
    ),
    "DRK-004": Case(
        lambda: blank_residual(0.0219, 0.0097, subject="blank"),
        {
            "too little subtracted": lambda: blank_residual(0.06, 0.0097, subject="blank"),
            "too much subtracted": lambda: blank_residual(-0.06, 0.0097, subject="blank"),
        },
    ),
    "DRK-005": Case(
        order,
        {
            "mislabelled": lambda: order(jcrx01isq="jcrx01j1q", jcrx01j1q="jcrx01isq"),
            "no rise": lambda: dark_rate_order_violations(
                [dark(name, counts=500) for name in DARKS], subject="13961"
            ),
        },
    ),
    "DRK-006": Case(
        hot_pixels,
        {
            "upside down": lambda: hot_pixels(np.flipud),
            "mirrored": lambda: hot_pixels(np.fliplr),
            "turned": lambda: hot_pixels(np.rot90),
            "a row off": lambda: hot_pixels(lambda image: np.roll(image, 1, axis=0)),
        },
    ),
    "FIL-001": Case(
        form,
        {
            "truncated": lambda: form(actual_size=20_000_000),
            "trailing bytes": lambda: form(actual_size=25_758_720),
            "lost extensions": lambda: form(units=5),
            "checksum": lambda: form(remarks=("Checksum verification failed for HDU ('SCI', 4).",)),
        },
    ),
    "FIL-002": Case(
        lambda: structure_violations(exposure()),
        {
            "other order": shuffled,
            "missing": lambda: structure_violations(exposure(drop=[("ERR", 3)])),
            "an FLT called C0M": lambda: structure_violations(
                exposure("flt", path=Path("u5jx010hr_c0m.fits"))
            ),
        },
    ),
    "FIL-003": Case(
        lambda: keyword_violations(exposure()),
        {
            "missing": lambda: keyword_violations(exposure(primary={"EXPSTART": None})),
            "other type": lambda: keyword_violations(exposure(science={"PHOTFLAM": "3.44e-18"})),
            "no instrument": lambda: keyword_violations(exposure(primary={"INSTRUME": None})),
            "another exposure": lambda: keyword_violations(exposure(primary={"ROOTNAME": "u5jx0108r"})),
        },
    ),
    "FIL-004": Case(
        association,
        {
            "one too few": lambda: association(("jcmc11deq",)),
            "another's": lambda: association(("jcmc11deq", "jcmc11dhq", "jcmc11ctq")),
            "one that is not there": lambda: association(("jcmc11deq", "jcmc11dhq", "jcmc11zzq")),
            "another filter": lambda: association(filters=("F150LP", "F165LP")),
        },
    ),
    "FIL-005": Case(
        lambda: observation_violations(exposure(primary={"QUALITY": "OK", "MTFLAG": False})),
        {
            "guide stars lost": lambda: observation_violations(exposure(primary={"QUALITY": "GSFAIL"})),
            "take-data flag": lambda: observation_violations(exposure(primary={"QUALITY": "TDF-DOWN AT"})),
            "no time": lambda: observation_violations(exposure(primary={"EXPTIME": 0.0})),
            "moving target": lambda: observation_violations(exposure(primary={"MTFLAG": True})),
            "moving target, as WFC3 writes it": lambda: observation_violations(
                exposure(primary={"MTFLAG": "T"})
            ),
            "spatial scan": lambda: observation_violations(exposure(primary={"SCAN_TYP": "C"})),
            "charge injection": lambda: observation_violations(exposure(primary={"CHINJECT": "CONT"})),
            "spectrum": lambda: observation_violations(exposure(primary={"OBSTYPE": "SPECTROSCOPIC"})),
            "dark frame": lambda: observation_violations(exposure(primary={"IMAGETYP": "DARK"})),
            "flat field": lambda: observation_violations(exposure(primary={"TARGNAME": "DARK-EARTH-CALIB"})),
        },
    ),
    "DRZ-001": Case(
        lambda: coverage(0.6),
        {
            "elsewhere": lambda: coverage(0.2),
            "hole": lambda: coverage(0.6, science=np.nan),
            "exposure left out": lambda: coverage(0.6, together=0.0),
            "chip left out": lambda: coverage(0.6, together=4.0),
            "no weight at all": lambda: coverage(0.6, together=np.nan),
        },
    ),
    "DRZ-002": Case(
        lambda: cosmic_ray_rate(flagged(0.007), exposure_time=360.0, subject="ibwb01xrq"),
        {
            "stars eaten": lambda: cosmic_ray_rate(flagged(0.03), exposure_time=360.0, subject="xrq"),
            "nothing found": lambda: cosmic_ray_rate(flagged(0.0), exposure_time=360.0, subject="xrq"),
            "mask upside down": lambda: cosmic_ray_rate(flagged(0.99), exposure_time=360.0, subject="xrq"),
        },
    ),
    "DRZ-003": Case(lambda: cores(4), {"every tenth": lambda: cores(40)}),
    "DRZ-004": Case(
        frame,
        {"scale": lambda: frame(scale=0.0455), "angle": lambda: frame(angle=30.001)},
    ),
    "DRZ-005": Case(
        lambda: recommended(2),
        {
            "another number of images": lambda: recommended(6),
            "not in the log": lambda: recommended(2, "bits"),
        },
    ),
    "DRZ-006": Case(
        lambda: left(0.0),
        {"no rejection": lambda: left(1.0), "every tenth": lambda: left(0.1)},
    ),
    "DRZ-007": Case(
        combination.inputs,
        {
            "an exposure twice": lambda: combination.inputs(names=2 * ["u5jx0108r_flt.fits[sci,1]"]),
            "FLT and FLC": lambda: combination.inputs(
                names=["ibwb01xrq_flc.fits[sci,1]", "ibwb01xrq_flt.fits[sci,1]"]
            ),
            "other filter": lambda: combination.inputs(
                combination.member(), combination.member("u5jx010hr", FILTNAM1="F814W")
            ),
            "drizzled before the alignment": lambda: combination.inputs(wcsname="IDC_sad1946fu"),
        },
    ),
    "DRZ-008": Case(
        combination.steps,
        {
            "sky of an exposure": lambda: combination.steps(0.4),
            "sky of a chip": lambda: combination.steps(-0.4, of="xrq SCI,2"),
            "in a galaxy's light": lambda: combination.steps(0.6, light=0.1),
        },
    ),
    "DRZ-009": Case(
        combination.weight,
        {
            "an exposure twice": lambda: combination.weight(factor=1.5),
            "time misread": lambda: combination.weight(factor=1.06),
            "half of it": lambda: combination.weight(factor=0.5),
            "half left out in places": lambda: combination.weight(left_out=0.2),
        },
    ),
}


def test_every_criterion_has_a_case_and_no_case_is_left_over() -> None:
    assert set(CASES) == set(load_criteria())
    assert all(case.rejected for case in CASES.values())


@pytest.mark.parametrize("name", CASES)
def test_accepts(name: str) -> None:
    verdict = judge(load_criteria()[name], CASES[name].accepted())
    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.measurement.value is not None
    assert verdict.margin is not None


@pytest.mark.parametrize(
    ("name", "what"), [(name, what) for name, case in CASES.items() for what in case.rejected]
)
def test_rejects(name: str, what: str) -> None:
    verdict = judge(load_criteria()[name], CASES[name].rejected[what]())
    assert verdict.status is Status.FAIL, verdict.reason
    assert verdict.margin is not None
    assert verdict.margin <= 0
    assert verdict.reason


def test_published_wfpc2_scatter_is_accepted_for_wfpc2() -> None:
    criterion = load_criteria()["AST-002"]
    bounds, reason = criterion.bounds_for("WFPC2")
    measurement = fitted(fit_rms)
    assert judge(criterion, measurement).status is Status.FAIL
    assert judge(criterion, measurement, bounds=bounds, bounds_reason=reason).status is Status.PASS
    failed = judge(criterion, fitted(fit_rms, FAILED), bounds=bounds, bounds_reason=reason)
    assert failed.status is Status.FAIL
