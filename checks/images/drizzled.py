"""Drizzled images: coverage, geometry, units, and weights."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.world_coordinates import linear_matrix, orientation, plate_scale
from hubble_qa.checks.detectors.pixel_flags import (
    LONGEST_RUN,
    clipped,
    countless_squares,
    longest_run,
    negative_light,
)
from hubble_qa.checks.images.brightness_units import flux_unit, said_of_units
from hubble_qa.checks.images.filters import is_detection_image, several_filters
from hubble_qa.checks.images.star_weights import StarWeights, stars_left_out
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.measurement import (
    Json,
    Measurement,
    count_violations,
    not_applicable,
    not_measured,
    not_told,
)
from hubble_qa.checks.readers.coordinates import is_number
from hubble_qa.checks.readers.drizzled import Drizzled
from hubble_qa.checks.readers.exposure import Exposure
from hubble_qa.checks.standard_errors import median_error

__all__ = [
    "coverage_violations",
    "covered_fraction",
    "drizzled_photometry_violations",
    "exposure_time_violations",
    "median_weights",
    "missing_chips",
    "output_orientation_deviation",
    "output_scale_deviation",
    "weight_ratio",
]

# Plate scales of WF and PC chips, and the ratio of the areas of their pixels.
_SCALES = {chip.name: chip.plate_scale or math.nan for chip in camera("WFPC2").chips.values()}
EXPECTED_WEIGHT_RATIO = (_SCALES["WF3"] / _SCALES["PC1"]) ** 2

# Share of its weight alone that a chip has at least in a combination: resampling in a turned frame and
# pixels that are bad in one exposure change a median by some per cent, an exposure that is missing by all.
LEAST_SHARE = 0.9

# A mosaic that holds less of one exposure's field than this holds no exposure whole: subarrays, and frames at
# a wrong position, are judged by the share of the frame.
LEAST_FIELD = 0.9

# A median weight of fewer pixels is at the mercy of a few bad ones.
MIN_REGION_PIXELS = 1000

# So many chips are named in a sentence.
_FEW_CHIPS = 3
# Keywords that differ by less hold one number: the rounding of single precision.
_ONE_NUMBER = 1e-7
# Side of a square of weights below zero, pixels, that is none of a kernel's.
_LINES = 5

# Exposure times that differ by less are one: headers round them.
_ONE_TIME = 1e-3
# Days by which the same moment may differ, as scripts round it: no star moves in that time.
_ONE_MOMENT = 1e-3

# Keyword of an input's file and extension.
_INPUT = re.compile(r"(D\d{3})DATA")


def covered_fraction(weight: NDArray[Any], *, subject: str, field: float = math.inf) -> Measurement:
    """Fraction of a drizzled image's pixels with positive weight.

    A mosaic of fields that lie apart is mostly empty and complete: where an area is covered that is larger
    than the frame's share, the value is its ratio to the field of one exposure, at most 1.

    Parameters
    ----------
    weight : ndarray, shape (ny, nx)
        The weight image.
    subject : str
        The product.
    field : float
        Pixels that one exposure's field of view has in the image.
    """
    if weight.size == 0:
        return not_measured("covered_fraction", subject, f"the weight image is empty: {weight.shape}")
    covered = int(np.count_nonzero(weight > 0))
    fraction, of_field = covered / weight.size, min(covered / field, 1.0)
    context: dict[str, Json] = {"covered_fraction": fraction, "covered_of_one_field": of_field}
    value = max(fraction, of_field if of_field >= LEAST_FIELD else 0.0)
    return Measurement("covered_fraction", value, "", subject, context=context)


def coverage_violations(
    science: NDArray[Any],
    weight: NDArray[Any],
    *,
    subject: str,
    counts_photons: bool = False,
    dark_rate: float | None = None,
    stars: StarWeights | None = None,
) -> Measurement:
    """Count what makes a drizzled image's covered pixels worthless.

    A covered pixel without a finite value spoils every sum over it; an image whose covered pixels all read
    one number holds no data, nor does an area of zeros; values that were cut at a limit leave others wrong
    on the average; one whose sources are darker than its sky has the
    wrong sign, and one without weight at its exposures' stars lost these; a weight image of another shape is
    another image's, one below zero is none, nor is one that is not finite where the image has a value.

    Parameters
    ----------
    science, weight : ndarray, shape (ny, nx)
        The science and weight images.
    subject : str
        The product.
    counts_photons : bool
        Whether the detector counts photons, so that zeros are data.
    dark_rate : float, optional
        Its least counts per second and pixel, where weights are exposure times.
    stars : StarWeights, optional
        Weights at stars of the exposures, where these are at hand.
    """
    if science.size == 0:
        return count_violations("coverage_violations", subject, ["SCI has no pixels"])
    if science.shape != weight.shape:
        shapes = f"SCI has {_sides(science)} pixels, WHT {_sides(weight)}"
        problem = f"{shapes}: it is another image's weight; put its own beside it"
        return count_violations("coverage_violations", subject, [problem])
    covered = weight > 0
    finite = np.isfinite(science)
    holes = int(np.count_nonzero(covered & ~finite))
    problems = [f"{holes} pixels with weight are not finite"] if holes else []
    # Some write NaN into both images where nothing was exposed.
    unweighted = int(np.count_nonzero(~np.isfinite(weight) & finite & (science != 0)))
    if unweighted:
        problems.append(f"{unweighted} pixels have a value, and a weight that is not finite; drizzle again")
    if negative := _negative_weight(weight):
        problems.append(negative)
    values = science[covered]
    if values.size > 1 and np.all(values == values[0]):
        problems.append(f"each pixel with weight reads {float(values[0]):g}: it holds no data")
    elif not counts_photons and (zeros := _zeros(science, covered)):
        problems.append(zeros)
    elif counts_photons and dark_rate and (empty := countless_squares(science, dark_rate * weight * covered)):
        problems.append(empty)
    elif sign := negative_light(science, covered):
        problems.append(sign)
    elif not counts_photons and (cut := clipped(science, covered)):
        problems.append(cut)
    if stars is not None and (left_out := stars_left_out(stars)):
        problems.append(left_out)
    return count_violations("coverage_violations", subject, problems, {"not_finite": holes + unweighted})


def _zeros(science: NDArray[Any], covered: NDArray[np.bool_]) -> str:
    """Say that covered pixels that lie together read 0; empty where none do."""
    zero = covered & (science == 0)
    run = longest_run(science, zero)
    if run <= LONGEST_RUN:
        return ""
    number = int(np.count_nonzero(zero))
    return f"{number} pixels with weight read 0, {run} of them in one row or column: they hold no data"


def _negative_weight(weight: NDArray[Any]) -> str:
    """Say that weights are below zero, but for the few lines that a Lanczos kernel leaves at edges."""
    from scipy.ndimage import binary_erosion

    below = weight < 0
    if not below.any() or not binary_erosion(below, np.ones((_LINES, _LINES))).any():
        return ""
    return f"{np.count_nonzero(below)} pixels have a weight below zero, which is none: drizzle again"


def _sides(image: NDArray[Any]) -> str:
    return " x ".join(str(side) for side in reversed(image.shape))


def missing_chips(chips: Mapping[str, tuple[float, float]], *, subject: str) -> Measurement:
    """Count the chips of exposures whose weight is missing in a combined image.

    Where exposures overlap, one that is missing leaves no hole: the weight of the combination is the sum
    of its exposures'.

    Parameters
    ----------
    chips : mapping of str to (float, float)
        Of each exposure's chip, the median weight where it falls on this image, and on the image of
        that exposure alone; see `median_weights`.
    subject : str
        The product.
    """
    missing = [name for name, pair in chips.items() if not pair[0] >= LEAST_SHARE * pair[1] > 0]
    problems = [f"{name}: weight is missing where it falls" for name in missing]
    return count_violations("coverage_violations", subject, problems, {"missing": [*missing]})


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


def output_scale_deviation(drizzled: Drizzled, *, scale: float) -> Measurement:
    """Relative departure of a drizzled image's scale from the one asked for.

    The largest of the departures of the scales along x and along y and of the root of a pixel's area.

    Parameters
    ----------
    drizzled : Drizzled
        The product.
    scale : float
        AstroDrizzle's ``final_scale``, arcsec per pixel.
    """
    try:
        columns = 3600.0 * np.hypot(*linear_matrix(drizzled.header))
    except ValueError as error:
        return not_measured("output_scale_deviation", drizzled.label, str(error))
    found = plate_scale(drizzled.header)
    context: dict[str, Json] = {"scale_arcsec": found, "scale_requested_arcsec": scale}
    reason = f"{found:.9g} arcsec per pixel; requested {scale:.9g}"
    value = np.max([abs(float(one) / scale - 1.0) for one in (*columns, found)])
    return Measurement("output_scale_deviation", value, "", drizzled.label, context=context, reason=reason)


def output_orientation_deviation(drizzled: Drizzled, *, angle: float | None) -> Measurement:
    """Departure of the position angle of a drizzled image's y axis from the one asked for, deg.

    Parameters
    ----------
    drizzled : Drizzled
        The product.
    angle : float or None
        ``final_rot`` or the reference image's orientation, degrees; None where none was asked for.
    """
    quantity, subject = "output_orientation_deviation", drizzled.label
    if angle is None:
        return not_applicable(quantity, subject, "no orientation was asked for")
    try:
        found = orientation(drizzled.header)
    except ValueError as error:
        return not_measured(quantity, subject, str(error))
    turn = (found - angle + 180.0) % 360.0 - 180.0
    context: dict[str, Json] = {"orientation_deg": found, "orientation_requested_deg": angle}
    reason = f"{found:.5f} deg; requested {angle:.5f}"
    return Measurement(quantity, abs(turn), "deg", subject, context=context, reason=reason)


def drizzled_photometry_violations(
    drizzled: Drizzled, inputs: Sequence[Exposure], *, missing: Sequence[str] = ()
) -> Measurement:
    """Count where a drizzled image's keywords of zeropoint and unit misstate its pixels.

    AstroDrizzle gives the image one PHOTFLAM, so that it holds only if each chip of each input has the
    same. It writes the means of the inputs' PHOTPLAM, PHOTBW and PHOTZPT, and the PHOTMODE of one of them.
    It writes rates but for WFPC2 calls them ``counts``; and for inputs without BUNIT it writes counts. Images
    in flux densities have a PHOTFNU that says what BUNIT does.

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
    if is_detection_image(drizzled.path.name) and (not inputs or several_filters(inputs)):
        reason = "a total-detection image combines several filters to find sources, and has no zeropoint"
        return not_applicable("drizzled_photometry_violations", drizzled.label, reason)
    if not inputs and not missing:
        return not_measured("drizzled_photometry_violations", drizzled.label, "the inputs are not known")
    photflam, unit = drizzled.keyword("PHOTFLAM"), drizzled.keyword("BUNIT")
    wrong, warnings = said_of_units(drizzled, inputs)
    # Of an image in flux densities PHOTFLAM is its own, or there is none.
    in_flux = flux_unit(unit)
    sensible = _positive(photflam) or (in_flux and photflam is None)
    violations = [] if sensible else [f"PHOTFLAM is {_shown(photflam)}, no inverse sensitivity"]
    others = {} if in_flux else _other_photflams(photflam, drizzled.combined(inputs))
    if others and not violations:
        found = "; ".join(f"{own!r} in {_named(chips)}" for own, chips in others.items())
        violations.append(f"PHOTFLAM is {photflam!r}, but {found}: {_one_photflam(inputs)}")
    violations += [*_other_passbands(drizzled, inputs), *_other_mode(drizzled, inputs)]
    violations += wrong
    context: dict[str, Json] = {
        "photflam": photflam,
        "bunit": unit,
        "inputs": [one.name for one in inputs],
        "inputs_not_there": [*missing],
    }
    return count_violations(
        "drizzled_photometry_violations", drizzled.label, violations, context, warnings=warnings
    )


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)


def exposure_time_violations(
    drizzled: Drizzled,
    stated: Mapping[str, Any] = MappingProxyType({}),
    epochs: Mapping[str, tuple[Any, Any]] = MappingProxyType({}),
) -> Measurement:
    """Count where a drizzled image's times are not its inputs', and where theirs are others now.

    AstroDrizzle notes the time of each chip that it drizzled, D001DEXP beside D001DATA; a file's chips
    were exposed together. Who turns rates back into counts, for their noise, takes EXPTIME, their sum; who
    takes positions of a catalogue to the image's epoch, EXPSTART and EXPEND: when the first began and the
    last ended.

    Parameters
    ----------
    drizzled : Drizzled
        A product; its own header names its inputs.
    stated : mapping of str to value, optional
        EXPTIME of the inputs that are at hand, by file.
    epochs : mapping of str to (value, value), optional
        EXPSTART and EXPEND of these, MJD.
    """
    times = {
        str(drizzled.keyword(f"{number}DATA")).partition("[")[0]: drizzled.keyword(f"{number}DEXP")
        for number in _numbers_of_inputs(drizzled)
    }
    if not times:
        return not_told("unit_violations", drizzled.label, "its header names no inputs (D001DATA)")
    own, parts = drizzled.keyword("EXPTIME"), list(times.values())
    context: dict[str, Json] = {"exptime": own, "inputs": {**times}}
    if not all(_positive(each) for each in (own, *parts)):
        named = ", ".join(map(_shown, parts))
        violations = [f"EXPTIME is {_shown(own)}, those of its inputs (D001DEXP) {named}: not all are times"]
    elif not math.isclose(own, sum(parts), rel_tol=_ONE_TIME):
        violations = [f"EXPTIME is {own:g} s, its {len(parts)} inputs together have {sum(parts):g} s"]
    else:
        violations = []
    violations += [
        f"{name} was drizzled with {time:g} s (D001DEXP), its EXPTIME is {stated[name]:g} s: one is wrong"
        for name, time in times.items()
        if _positive(time)
        and _positive(stated.get(name))
        and not math.isclose(time, stated[name], rel_tol=_ONE_TIME)
    ]
    violations += _epoch_violations(drizzled, epochs, whole=times.keys() <= epochs.keys())
    return count_violations("unit_violations", drizzled.label, violations, context)


def _epoch_violations(
    drizzled: Drizzled, epochs: Mapping[str, tuple[Any, Any]], *, whole: bool
) -> Iterator[str]:
    """That an image began or ended when its inputs did not; of a part of them it may exceed the span."""
    known = [(start, end) for start, end in epochs.values() if is_number(start) and is_number(end)]
    if not known:
        return
    whole = whole and len(known) == len(epochs)
    first, last = min(start for start, _ in known), max(end for _, end in known)
    for keyword, theirs, sign, happened in (
        ("EXPSTART", first, 1, "the first of its inputs began"),
        ("EXPEND", last, -1, "the last of its inputs ended"),
    ):
        own = drizzled.keyword(keyword)
        if not is_number(own):
            continue
        within = sign * (own - theirs)
        if within > _ONE_MOMENT or (whole and within < -_ONE_MOMENT):
            yield f"{keyword} is MJD {own:.5f}, {happened} at {theirs:.5f}: write that"


def _numbers_of_inputs(drizzled: Drizzled) -> Sequence[str]:
    """``D001`` and so on, one for each chip that was drizzled."""
    keys = (*drizzled.primary, *drizzled.header)
    return sorted({found[1] for found in map(_INPUT.fullmatch, keys) if found})


def _other_photflams(
    photflam: object, inputs: Iterable[tuple[Exposure, tuple[int, ...]]]
) -> Mapping[object, list[str]]:
    """Chips of the inputs whose PHOTFLAM is another, by that."""
    others: dict[object, list[str]] = {}
    for exposure, chips in inputs:
        for chip in chips:
            header = exposure.header("SCI", chip)
            # WFC3/IR exposures have it in their primary header.
            own = header.get("PHOTFLAM", exposure.primary.get("PHOTFLAM"))
            if not _same_number(photflam, own):
                others.setdefault(own, []).append(exposure.chip_label(chip))
    return others


def _other_passbands(drizzled: Drizzled, inputs: Sequence[Exposure]) -> Iterator[str]:
    """Keywords of the passband that lie beyond those of the inputs, whose means AstroDrizzle writes."""
    for keyword in ("PHOTPLAM", "PHOTBW", "PHOTZPT"):
        own, theirs = drizzled.keyword(keyword), sorted(filter(is_number, _of_chips(inputs, keyword)))
        if own is None or not theirs:
            continue
        low, high = theirs[0], theirs[-1]
        if _same_number(own, low) or _same_number(own, high) or (is_number(own) and low < own < high):
            continue
        found = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        yield f"{keyword} is {_shown(own)}, its inputs' {found}: write theirs"


def _other_mode(drizzled: Drizzled, inputs: Sequence[Exposure]) -> Iterator[str]:
    """That PHOTMODE is that of no chip of the inputs, but for its date."""
    own = str(drizzled.keyword("PHOTMODE") or "").strip()
    theirs = {str(mode).strip() for mode in _of_chips(inputs, "PHOTMODE")} - {""}
    # Of inputs that differ AstroDrizzle may write no mode, but that they do.
    if not own or not theirs or own == "MULTIPLE" or _words(own) in map(_words, theirs):
        return
    yield f"PHOTMODE is {own!r}, that of no input: they have {_named(sorted(theirs))}; write one of theirs"


def _words(mode: str) -> frozenset[str]:
    """Words of a PHOTMODE, without the date of the sensitivity: ``ACS``, ``WFC1``, ``F606W``."""
    words = mode.upper().replace(",", " ").split()
    return frozenset(word for word in words if not word.startswith("MJD#"))


def _of_chips(inputs: Sequence[Exposure], keyword: str) -> list[Any]:
    """A keyword of each chip of the inputs that has it; WFC3/IR exposures have it in their primary header."""
    found = [
        header.get(keyword, exposure.primary.get(keyword))
        for exposure in inputs
        for header in exposure.science_headers().values()
    ]
    return [value for value in found if value is not None]


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
    errors: dict[int, float] = {}
    for chip, corners in polygons.items():
        weights = _inside(weight, corners)
        weights = weights[weights > 0]  # bad pixels leave holes without weight
        if weights.size < MIN_REGION_PIXELS:
            reason = f"only {weights.size} pixels with weight lie on SCI,{chip}"
            return not_measured("weight_ratio", subject, reason)
        low, middle, high = np.percentile(weights, [15.87, 50.0, 84.13])
        medians[chip] = float(middle)
        errors[chip] = median_error((high - low) / 2.0, weights.size) or 0.0
    wide = float(np.mean([median for chip, median in medians.items() if chip != planetary]))
    ratio = medians[planetary] / wide
    others = [error for chip, error in errors.items() if chip != planetary]
    relative = math.hypot(errors[planetary] / medians[planetary], math.hypot(*others) / len(others) / wide)
    context: dict[str, Json] = {
        "ratio": ratio,
        "expected_ratio": EXPECTED_WEIGHT_RATIO,
        "median_weights": {f"SCI,{chip}": median for chip, median in medians.items()},
    }
    value = ratio / EXPECTED_WEIGHT_RATIO
    return Measurement("weight_ratio", value, "", subject, value * relative, context)


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
