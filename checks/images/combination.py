"""What a drizzled image was combined from: its inputs, and the weight that they give it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.images.filters import filter_keywords, is_detection_image
from hubble_qa.checks.measurement import (
    Json,
    Measurement,
    count_violations,
    not_applicable,
    not_told,
)
from hubble_qa.checks.readers.coordinates import is_number
from hubble_qa.checks.readers.drizzled import Drizzled
from hubble_qa.checks.readers.exposure import Exposure

__all__ = ["input_violations", "other_weights", "weight_to_exposure_time"]

# Keywords of which the exposures of one image have one value each, besides those that name filters, and what
# a difference means.
_ALIKE = {
    "DETECTOR": "they are of different cameras",
    "PCTECORR": "some are corrected for the loss of charge in transfer, some not",
}
# A single filter, or none; images of several have words of their own ("MULTI", "F606W;F814W").
_ELEMENT = re.compile(r"F[QR]?\d{3,4}\w+|CLEAR\w*", re.IGNORECASE)
# So many exposures are named.
_NAMED = 3
# Weights of exposure time alone differ from block to block by no more, once pixel areas are accounted for;
# those of inverse variances follow the flat field, by some per cent.
_EVEN = 0.03
# Blocks without weight that the flags of the exposures do not explain: of so many per cent, the least. A
# tenth of a detector is 2.5 per cent of a mosaic of four fields; in clean images the least of all is 0.991.
_LEAST = 1.0
# Relative difference of factors of weights that are the same.
_SAME_FACTOR = 1e-3
# How high-level products name weights that are inverse variances: "err-drc-wht".
_VARIANCES = re.compile(r"hlsp_.*_(?:err|ivm)-[^_]*(?:wht|weight)\b")
_FEWEST_BLOCKS = 20


def input_violations(drizzled: Drizzled, names: Sequence[str], inputs: Sequence[Exposure]) -> Measurement:
    """Count what is wrong with the exposures that a drizzled image combines.

    An exposure that is combined twice counts twice and hides the other's cosmic rays; FLT and FLC of an
    exposure are one exposure; exposures through other filters, or of which some only are corrected for
    charge transfer, have no common photometry (of a total-detection image, which combines filters on purpose,
    the filters are not asked); and an image that was drizzled before its exposures were
    aligned has a WCSNAME that none of them has now. Different versions of the calibration program warn.

    Parameters
    ----------
    drizzled : Drizzled
        The image.
    names : sequence of str
        Its inputs, file and extension of each: ``"ibwb01xrq_flc.fits[sci,1]"``.
    inputs : sequence of Exposure
        Those that are at hand.
    """
    if not names:
        reason = "its header names no inputs (D001DATA)"
        return not_told("input_violations", drizzled.label, reason)
    alike = dict.fromkeys(filter_keywords(inputs), "they are of different filters")
    # Detection images combine the filters of a visit on purpose, to find sources.
    alike = _ALIKE if is_detection_image(drizzled.path.name) else {**alike, **_ALIKE}
    violations = [*_repeated(names), *_mixed(names), *_copies(inputs), *_unlike(inputs, alike)]
    violations += _another_filter(drizzled, inputs)
    files = {name.partition("[")[0] for name in names}
    if files == {exposure.path.name for exposure in inputs}:
        violations += _another_solution(drizzled, inputs)
    context: dict[str, Json] = {
        "inputs": [*names],
        "inputs_at_hand": [one.path.name for one in inputs],
        "wcsname": str(drizzled.keyword("WCSNAME", "")),
    }
    return count_violations(
        "input_violations", drizzled.label, violations, context, warnings=[*_other_programs(inputs)]
    )


def _root(name: str) -> str:
    return name.partition("[")[0].partition(".")[0].rpartition("_")[0].lower()


def _repeated(names: Sequence[str]) -> Iterator[str]:
    for name, count in Counter(name.lower().replace(" ", "") for name in names).items():
        if count > 1:
            yield f"{name} was drizzled {count} times; list each exposure once"
    files: dict[str, set[str]] = {}
    for name in names:
        files.setdefault(_root(name), set()).add(name.partition("[")[0])
    for root, of_root in files.items():
        if len(of_root) > 1:
            yield f"{root} was drizzled as {' and as '.join(sorted(of_root))}; keep one of them"


def _mixed(names: Sequence[str]) -> Iterator[str]:
    suffixes = {name.partition("[")[0].partition(".")[0].rpartition("_")[2].lower() for name in names}
    if len(suffixes & {"flt", "flc", "c0m"}) > 1:
        yield f"{' and '.join(sorted(suffixes))} files were combined; combine files of one kind"


def _copies(inputs: Sequence[Exposure]) -> Iterator[str]:
    """Files that hold one exposure under several names."""
    taken: dict[tuple[str, object, object], list[str]] = {}
    for one in inputs:
        key = (one.detector, one.primary.get("EXPSTART"), one.primary.get("EXPTIME"))
        if key[1] is not None:
            taken.setdefault(key, []).append(one.path.name)
    for same in taken.values():
        if len({_root(name) for name in same}) > 1:
            yield f"{' and '.join(same)} are one exposure (EXPSTART); keep one of them"


def _unlike(inputs: Sequence[Exposure], alike: Mapping[str, str]) -> Iterator[str]:
    """Keywords of which inputs have not one value each; `alike` says what a difference means."""
    for keyword, what in alike.items():
        values: dict[str, list[str]] = {}
        for one in inputs:
            values.setdefault(str(one.primary.get(keyword, "missing")).strip(), []).append(one.name)
        if len(values) > 1:
            found = "; ".join(f"{value} in {_few(names)}" for value, names in values.items())
            yield f"{keyword} is {found}: {what}; combine those that are alike"


def _other_programs(inputs: Sequence[Exposure]) -> Iterator[str]:
    """That exposures were calibrated by different versions of a program, without their dates."""
    versions: dict[tuple[str, str], list[str]] = {}
    for one in inputs:
        stated = str(one.primary.get("CAL_VER", "")).partition("(")[0].strip()
        if stated:
            versions.setdefault((one.instrument, stated), []).append(one.name)
    if len({instrument for instrument, _ in versions}) == 1 < len(versions):
        found = "; ".join(f"{version} of {_few(names)}" for (_, version), names in sorted(versions.items()))
        yield (
            f"CAL_VER is {found}: their darks, flats and zeropoints may be of different kinds; retrieve or "
            "calibrate them anew together"
        )


def _another_filter(drizzled: Drizzled, inputs: Sequence[Exposure]) -> Iterator[str]:
    """Filters by the image's header that are not those of its exposures, where these agree."""
    for keyword in filter_keywords(inputs):
        own = str(drizzled.keyword(keyword, "")).strip()
        theirs = {str(one.primary.get(keyword, "")).strip() for one in inputs}
        if len(theirs) == 1 and _ELEMENT.fullmatch(own) and own not in theirs:
            remedy = "correct its header, or drizzle it again"
            yield f"its {keyword} is {own}, its exposures' is {theirs.pop()}: {remedy}"


def _few(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _another_solution(drizzled: Drizzled, inputs: Sequence[Exposure]) -> Iterator[str]:
    own = str(drizzled.keyword("WCSNAME", "")).strip()
    theirs = {
        str(header.get("WCSNAME", "")).strip() for one in inputs for header in one.science_headers().values()
    }
    if own and own not in theirs:
        found = ", ".join(sorted(theirs - {""})) or "none"
        yield (
            f"its WCSNAME is {own}, its exposures' is {found}: it was drizzled before they were aligned, "
            "or from other files; drizzle it again"
        )


def other_weights(drizzled: Drizzled) -> str:
    """Why an image's weights are no exposure times, by header or name; empty where these do not say so.

    AstroDrizzle notes the factor of each input's weights: 1 of exposure times, of the older MultiDrizzle also
    the exposure time itself, and of inverse variances the square of the exposure time in the pixels of the
    image. A Lanczos kernel's factors are of both signs and do not sum to 1: of sound images, weights are
    5 per cent below the exposure times.

    Parameters
    ----------
    drizzled : Drizzled
        The image.
    """
    kernel = str(drizzled.keyword("D001KERN", "")).strip().lower()
    if kernel.startswith("lanczos"):
        return f"kernel {kernel!r} (D001KERN) shares a pixel's weight by factors whose sum is not 1"
    if drizzled.weight_path is not None and _VARIANCES.match(drizzled.weight_path.name):
        return (
            f"its weights are no exposure times but inverse variances, by name: {drizzled.weight_path.name}"
        )
    factor, time = drizzled.keyword("D001WTSC"), drizzled.keyword("D001DEXP")
    if not is_number(factor):
        return ""
    usual = [1.0, *([float(time)] if is_number(time) else [])]
    if any(math.isclose(factor, each, rel_tol=_SAME_FACTOR) for each in usual):
        return ""
    return f"its weights are no exposure times: they were scaled by {factor:g} (D001WTSC), as IVM and ERR are"


def weight_to_exposure_time(
    weights: NDArray[np.float64], times: NDArray[np.float64], *, subject: str
) -> Measurement:
    """Weight of a drizzled image over the exposure time that it stands for.

    AstroDrizzle's weights (``final_wht_type = 'EXP'``) are exposure times, times the number of input pixels
    to an output pixel. They are more where an exposure was combined twice or the time was misread, and less
    where one was left out.

    Parameters
    ----------
    weights, times : ndarray, shape (n,)
        Of blocks of the image that whole chips see, without defects: median weight; and the sum over the
        chips of exposure time and input pixels per output pixel, s.
    subject : str
        The image.

    Returns
    -------
    Measurement
        The largest ratio, or that below which 1 per cent of the blocks lie, whichever is farther from 1.
    """
    quantity = "weight_to_exposure_time"
    if weights.size < _FEWEST_BLOCKS:
        reason = f"{weights.size} blocks lie on whole chips; needs {_FEWEST_BLOCKS}"
        return not_told(quantity, subject, reason)
    ratios = weights / times
    low, least, middle, high = np.percentile(ratios, [_LEAST, 16.0, 50.0, 84.0])
    if middle > 0 and (high - least) / 2.0 > _EVEN * middle and _gradual(ratios):
        reason = "its weights are no exposure times (final_wht_type is not EXP, or final_wht_scl not exptime)"
        return not_applicable(quantity, subject, reason)
    largest = float(ratios.max())
    value = largest if low > 0 and largest * low >= 1.0 else float(low)
    context: dict[str, Json] = {"largest": largest, "first_percentile": float(low), "median": float(middle)}
    reason = "" if abs(value - 1.0) < _EVEN else _explained(value)
    return Measurement(quantity, value, "", subject, context=context, reason=reason)


def _gradual(ratios: NDArray[np.float64]) -> bool:
    """Whether ratios are spread, rather than of a few kinds as where exposures are missing or doubled."""
    edges = np.linspace(ratios.min(), ratios.max(), 21)
    counts, _ = np.histogram(ratios, edges)
    return bool(np.count_nonzero(counts) > len(counts) // 2)


def _explained(value: float) -> str:
    if value > 1.0:
        return (
            "more weight than exposure time: an exposure was combined twice, or the weights are no exposure "
            "times (final_wht_type); noise that is estimated from them is wrong"
        )
    return (
        "less weight than exposure time where nothing is flagged: an exposure was left out, in part or "
        "whole, or the weights are no exposure times (final_wht_type)"
    )
