"""Drizzled images: coverage, geometry, units, and weights."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.world_coordinates import linear_matrix, orientation, plate_scale
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_applicable, not_measured
from hubble_qa.checks.readers.drizzled import Drizzled
from hubble_qa.checks.readers.exposure import Exposure

__all__ = [
    "drizzled_photometry_violations",
    "exposure_time_violations",
    "finite_coverage",
    "is_rate",
    "median_weights",
    "output_frame_deviation",
    "stellar_width_ratio",
    "weight_ratio",
]

# Plate scales of WF and PC chips, and the ratio of the areas of their pixels.
_SCALES = {chip.name: chip.plate_scale or math.nan for chip in camera("WFPC2").chips.values()}
EXPECTED_WEIGHT_RATIO = (_SCALES["WF3"] / _SCALES["PC1"]) ** 2

# Output frame: tolerances of its scale (relative) and orientation (degrees).
SCALE_TOLERANCE = 1e-6
ORIENTATION_TOLERANCE = 1e-4

# Share of its weight alone that a chip has at least in a combination: resampling in a turned frame and
# pixels that are bad in one exposure change a median by some per cent, an exposure that is missing by all.
LEAST_SHARE = 0.9

# A mosaic that holds less of one exposure's field than this holds no exposure whole: subarrays, and frames at
# a wrong position, are judged by the share of the frame.
LEAST_FIELD = 0.9

# A median weight of fewer pixels is at the mercy of a few bad ones.
MIN_REGION_PIXELS = 1000

# A median width of fewer stars is at the mercy of a few blends.
MIN_WIDTHS = 10

# So many chips are named in a sentence.
_FEW_CHIPS = 3
# Keywords that differ by less hold one number: the rounding of single precision.
_ONE_NUMBER = 1e-7

# Exposure times that differ by less are one: headers round them.
_ONE_TIME = 1e-3

# Keyword of an input's file and extension.
_INPUT = re.compile(r"(D\d{3})DATA")
# How the HAP pipeline names the image of all filters of a visit: hst_12345_01_acs_wfc_total_jc8m01_drc.fits.
_DETECTION = re.compile(r"_total(?:_|\.)")
_RATE = re.compile(r"(/\s*(s|sec|second)s?|\bs(ec)?(\*\*|\^)?\(?-1\)?|^cps)$", re.IGNORECASE)


def finite_coverage(
    science: NDArray[Any],
    weight: NDArray[Any],
    *,
    subject: str,
    chips: Mapping[str, tuple[float, float]] | None = None,
    field: float = math.inf,
) -> Measurement:
    """Fraction of a drizzled image's pixels with positive weight; 0 where something is missing.

    A mosaic of fields that lie apart is mostly empty and complete: where an area is covered that is larger
    than the frame's share, the value is its ratio to the field of one exposure, at most 1.

    A covered pixel without a finite value spoils every sum over it, so that an image with any counts
    as not covered at all. So does one whose pixels all read one number, and one in which a chip of an
    exposure is missing, which where exposures overlap leaves no hole: the weight of the combination is
    the sum of its exposures'.

    Parameters
    ----------
    science, weight : ndarray, shape (ny, nx)
        The science and weight images.
    subject : str
        The product.
    chips : mapping of str to (float, float), optional
        Of each exposure's chip, the median weight where it falls on this image, and on the image of
        that exposure alone; see `median_weights`.
    field : float
        Pixels that one exposure's field of view has in the image.
    """
    if science.shape != weight.shape or science.size == 0:
        reason = f"shapes differ or are empty: SCI {science.shape}, WHT {weight.shape}"
        return not_measured("finite_coverage", subject, reason)
    covered = weight > 0
    holes = int(np.count_nonzero(covered & ~np.isfinite(science))) + int(
        np.count_nonzero(~np.isfinite(weight))
    )
    fraction = float(np.count_nonzero(covered) / covered.size)
    of_field = min(float(np.count_nonzero(covered)) / field, 1.0)
    missing = [name for name, pair in (chips or {}).items() if not pair[0] >= LEAST_SHARE * pair[1] > 0]
    context: dict[str, Json] = {
        "covered_fraction": fraction,
        "covered_of_one_field": of_field,
        "not_finite": holes,
        "missing": [*missing],
    }
    problems = [f"{holes} pixels with weight are not finite"] if holes else []
    values = science[covered]
    if values.size > 1 and np.all(values == values[0]):
        problems.append(f"each pixel with weight reads {float(values[0]):g}: it holds no data")
    if missing:
        problems.append(f"{', '.join(missing)}: weight is missing where it falls")
    return Measurement(
        "finite_coverage",
        0.0 if problems else max(fraction, of_field if of_field >= LEAST_FIELD else 0.0),
        "",
        subject,
        context=context,
        reason="; ".join(problems),
    )


def median_weights(weight: NDArray[Any], polygons: Mapping[int, NDArray[np.float64]]) -> Mapping[int, float]:
    """Median weight of an image under each chip, its pixels without weight included.

    Parameters
    ----------
    weight : ndarray, shape (ny, nx)
        The weight image.
    polygons : mapping of int to ndarray, shape (4, 2)
        Corners of each chip's undisturbed part by EXTVER; see `world_coordinates.chip_polygon`.
    """
    found = {chip: _inside(weight, corners) for chip, corners in polygons.items()}
    return {chip: float(np.median(inside)) if inside.size else 0.0 for chip, inside in found.items()}


def output_frame_deviation(drizzled: Drizzled, *, scale: float, angle: float | None = None) -> Measurement:
    """Departure of a drizzled image's scale and orientation from those asked for, in tolerances.

    The largest of the departures of the scales along x and along y over `SCALE_TOLERANCE`, and of the
    y axis's position angle over `ORIENTATION_TOLERANCE`.

    Parameters
    ----------
    drizzled : Drizzled
        The product.
    scale : float
        AstroDrizzle's ``final_scale``, arcsec per pixel.
    angle : float, optional
        ``final_rot`` or the reference image's orientation, degrees; None where none was asked for.
    """
    try:
        columns = 3600.0 * np.hypot(*linear_matrix(drizzled.header))
    except ValueError as error:
        return not_measured("output_frame_deviation", drizzled.label, str(error))
    found_scale, found_angle = plate_scale(drizzled.header), orientation(drizzled.header)
    ratios = [abs(float(found) / scale - 1.0) / SCALE_TOLERANCE for found in (*columns, found_scale)]
    if angle is not None:
        turn = (found_angle - angle + 180.0) % 360.0 - 180.0
        ratios.append(abs(turn) / ORIENTATION_TOLERANCE)
    context: dict[str, Json] = {
        "scale_arcsec": found_scale,
        "scale_requested_arcsec": scale,
        "orientation_deg": found_angle,
        "orientation_requested_deg": angle,
    }
    requested = "" if angle is None else f", {angle:.5f} deg"
    reason = f"{found_scale:.7g} arcsec per pixel, {found_angle:.5f} deg; requested {scale:.7g}{requested}"
    return Measurement(
        "output_frame_deviation", np.max(ratios), "", drizzled.label, context=context, reason=reason
    )


def drizzled_photometry_violations(
    drizzled: Drizzled, inputs: Sequence[Exposure], *, missing: Sequence[str] = ()
) -> Measurement:
    """Count where a drizzled image's PHOTFLAM and BUNIT misstate its pixels.

    AstroDrizzle gives the image one PHOTFLAM, so that it holds only if each chip of each input has the
    same. It writes rates but for WFPC2 calls them ``counts``; and for inputs without BUNIT it writes
    counts.

    Parameters
    ----------
    drizzled : Drizzled
        A product in count rates.
    inputs : sequence of Exposure
        The exposures that were drizzled.
    missing : sequence of str
        Files of further exposures that were, and that cannot be read: of those the image's own header
        is used.
    """
    if _DETECTION.search(drizzled.path.name.lower()) and len(_filters_of(inputs)) != 1:
        reason = "a total-detection image combines several filters to find sources, and has no zeropoint"
        return not_applicable("drizzled_photometry_violations", drizzled.label, reason)
    if not inputs and not missing:
        return not_measured("drizzled_photometry_violations", drizzled.label, "the inputs are not known")
    photflam, unit = drizzled.keyword("PHOTFLAM"), drizzled.keyword("BUNIT")
    violations = [] if _positive(photflam) else [f"PHOTFLAM is {photflam!r}, no inverse sensitivity"]
    others = _other_photflams(photflam, inputs)
    if others:
        found = "; ".join(f"{own!r} in {_named(chips)}" for own, chips in others.items())
        violations.append(f"PHOTFLAM is {photflam!r}, but {found}: {_one_photflam(inputs)}")
    if not is_rate(unit):
        units = drizzled.keyword("D001OUUN")
        violations.append(f"BUNIT is {unit!r}, not a rate; final_units (D001OUUN) is {units!r}")
    context: dict[str, Json] = {
        "photflam": photflam,
        "bunit": unit,
        "inputs": [one.name for one in inputs],
        "inputs_not_there": [*missing],
    }
    return count_violations("drizzled_photometry_violations", drizzled.label, violations, context)


def _filters_of(exposures: Sequence[Exposure]) -> frozenset[str]:
    return frozenset(
        str(exposure.primary.get(keyword, "")).strip()
        for exposure in exposures
        for keyword in (exposure.camera.filters if exposure.camera else ())
    ) - {"", "CLEAR1L", "CLEAR2L", "CLEAR1S", "CLEAR2S", "N/A"}


def is_rate(unit: object) -> bool:
    """Whether a unit, such as ``"ELECTRONS/S"``, is one of counts in a time."""
    return isinstance(unit, str) and bool(_RATE.search(unit.strip()))


def exposure_time_violations(drizzled: Drizzled) -> Measurement:
    """Count where a drizzled image's EXPTIME is not the sum of its inputs'.

    AstroDrizzle notes the time of each chip that it drizzled, D001DEXP beside D001DATA; a file's chips
    were exposed together. Who turns rates back into counts, for their noise, takes EXPTIME.

    Parameters
    ----------
    drizzled : Drizzled
        A product; its own header names its inputs.
    """
    times = {
        str(drizzled.keyword(f"{number}DATA")).partition("[")[0]: drizzled.keyword(f"{number}DEXP")
        for number in _numbers_of_inputs(drizzled)
    }
    if not times:
        return not_applicable("unit_violations", drizzled.label, "its header names no inputs (D001DATA)")
    own, parts = drizzled.keyword("EXPTIME"), list(times.values())
    context: dict[str, Json] = {"exptime": own, "inputs": {**times}}
    if not all(_positive(each) for each in (own, *parts)):
        violations = [f"EXPTIME is {own!r}, those of its inputs (D001DEXP) are {parts}: not all are times"]
    elif not math.isclose(own, sum(parts), rel_tol=_ONE_TIME):
        violations = [f"EXPTIME is {own:g} s, its {len(parts)} inputs together have {sum(parts):g} s"]
    else:
        violations = []
    return count_violations("unit_violations", drizzled.label, violations, context)


def _numbers_of_inputs(drizzled: Drizzled) -> Sequence[str]:
    """``D001`` and so on, one for each chip that was drizzled."""
    keys = (*drizzled.primary, *drizzled.header)
    return sorted({found[1] for found in map(_INPUT.fullmatch, keys) if found})


def _other_photflams(photflam: object, inputs: Sequence[Exposure]) -> Mapping[object, list[str]]:
    """Chips of the inputs whose PHOTFLAM is another, by that."""
    others: dict[object, list[str]] = {}
    for exposure in inputs:
        for chip, header in exposure.science_headers().items():
            # WFC3/IR exposures have it in their primary header.
            own = header.get("PHOTFLAM", exposure.primary.get("PHOTFLAM"))
            if not _same_number(photflam, own):
                others.setdefault(own, []).append(exposure.chip_label(chip))
    return others


def _one_photflam(inputs: Sequence[Exposure]) -> str:
    """How inputs that differ in PHOTFLAM come to have one, by why they differ."""
    filters: dict[str, list[str]] = {}
    for exposure in inputs:
        keywords = exposure.camera.filters if exposure.camera else ()
        names = [str(exposure.primary.get(keyword, "")).strip() for keyword in keywords]
        filters.setdefault(" ".join(filter(None, names)), []).append(exposure.label)
    if len(filters) > 1:
        found = "; ".join(f"{name or 'none'} in {_named(labels)}" for name, labels in filters.items())
        return f"the inputs are of different filters, {found}; combine those of one filter"
    states = {str(each.primary["FLUXCORR"]).strip() for each in inputs if "FLUXCORR" in each.primary}
    if states - {"COMPLETE"}:
        return f"FLUXCORR is {min(states - {'COMPLETE'})!r}; calibrate the inputs with FLUXCORR = PERFORM"
    return "bring the inputs to one with photeq, readonly=False, before they are drizzled"


def _named(chips: Sequence[str]) -> str:
    """The first few of some chips, and how many more there are."""
    more = len(chips) - _FEW_CHIPS
    return ", ".join(chips[:_FEW_CHIPS]) + (f" and {more} more" if more > 0 else "")


def weight_ratio(
    weight: NDArray[Any], polygons: Mapping[int, NDArray[np.float64]], *, planetary: int = 1, subject: str
) -> Measurement:
    """Median weight under the PC over that under the WF chips, over the ratio of their pixel areas.

    Parameters
    ----------
    weight : ndarray, shape (ny, nx)
        Weight image of one exposure drizzled to the WF scale.
    polygons : mapping of int to ndarray, shape (4, 2)
        Corners of each chip's undisturbed part by EXTVER; see `world_coordinates.chip_polygon`.
    planetary : int
        EXTVER of the PC.
    subject : str
        The product.
    """
    if planetary not in polygons or len(polygons) < 2:
        return not_applicable("weight_ratio", subject, "the exposure has not both a PC and a WF chip")
    medians: dict[int, float] = {}
    for chip, corners in polygons.items():
        weights = _inside(weight, corners)
        weights = weights[weights > 0]  # bad pixels leave holes without weight
        if weights.size < MIN_REGION_PIXELS:
            reason = f"only {weights.size} pixels with weight lie on SCI,{chip}"
            return not_measured("weight_ratio", subject, reason)
        medians[chip] = float(np.median(weights))
    wide = float(np.mean([median for chip, median in medians.items() if chip != planetary]))
    ratio = medians[planetary] / wide
    context: dict[str, Json] = {
        "ratio": ratio,
        "expected_ratio": EXPECTED_WEIGHT_RATIO,
        "median_weights": {f"SCI,{chip}": median for chip, median in medians.items()},
    }
    return Measurement("weight_ratio", ratio / EXPECTED_WEIGHT_RATIO, "", subject, context=context)


def stellar_width_ratio(
    widths: NDArray[np.float64], exposures: Mapping[str, NDArray[np.float64]], *, subject: str
) -> Measurement:
    """Median width of stars in a drizzled image over that in the exposures it combines.

    Exposures that are out of place broaden stars where they overlap. AstroDrizzle broadens them a
    little of itself: the width of an output pixel is folded in.

    Parameters
    ----------
    widths : ndarray, shape (n,)
        FWHM of stars in the drizzled image, arcsec, where it combines several exposures.
    exposures : mapping of str to ndarray, shape (n,)
        FWHM of stars in each exposure, arcsec, measured in the same way.
    subject : str
        The product.

    Notes
    -----
    Widths that are not finite and positive are left out. The reference is the median of the
    exposures' medians, so that an exposure out of focus does not set the standard.
    """
    usable = {name: each[np.isfinite(each) & (each > 0)] for name, each in exposures.items()}
    combined = widths[np.isfinite(widths) & (widths > 0)]
    fewest = min((len(each) for each in usable.values()), default=0)
    if min(fewest, len(combined)) < MIN_WIDTHS:
        reason = f"{len(combined)} widths in the image, {fewest} in an exposure; needs {MIN_WIDTHS} each"
        return not_measured("stellar_width_ratio", subject, reason)
    medians = {name: float(np.median(each)) for name, each in usable.items()}
    reference = float(np.median([*medians.values()]))
    ratio = float(np.median(combined)) / reference
    scatter = float(mad_std(combined))
    error = math.sqrt(math.pi / 2.0 / len(combined)) * scatter / reference
    context: dict[str, Json] = {
        "fwhm_arcsec": float(np.median(combined)),
        "exposures_fwhm_arcsec": {**medians},
        "stars": len(combined),
    }
    return Measurement("stellar_width_ratio", ratio, "", subject, uncertainty=error, context=context)


def _positive(number: object) -> bool:
    return isinstance(number, (int, float)) and math.isfinite(number) and number > 0


def _same_number(first: object, second: object) -> bool:
    """Whether two keywords hold one number; HSTCAL writes it in single precision, others in double."""
    if not (isinstance(first, (int, float)) and isinstance(second, (int, float))):
        return False
    return math.isclose(first, second, rel_tol=_ONE_NUMBER)


def _inside(image: NDArray[Any], corners: NDArray[np.float64]) -> NDArray[Any]:
    """Values of an image's pixels whose centres lie within a convex polygon, given in order around it."""
    size = np.array(image.shape[::-1])
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, size)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, 0, size)
    y, x = np.ogrid[low[1] : high[1], low[0] : high[0]]
    sides = np.array(
        [
            (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) >= 0
            for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True)
        ]
    )
    return image[low[1] : high[1], low[0] : high[0]][sides.all(axis=0) | ~sides.any(axis=0)]
