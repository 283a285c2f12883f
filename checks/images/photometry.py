"""Photometric calibration: inverse sensitivities in headers, pixels and stars' fluxes."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.measurement import Json, Measurement, not_applicable, not_measured, not_told
from hubble_qa.checks.readers.exposure import Exposure
from hubble_qa.checks.standard_errors import median_error

__all__ = [
    "chip_count_rate_pull",
    "chip_count_rate_ratio",
    "combined_chip_factor",
    "drizzled_flux_ratio",
    "drizzled_gain_ratio",
    "expected_chip_factor",
    "has_own_photflams",
    "photflam_deviation",
    "photflam_spread",
    "photflams_of",
    "pixel_ratio_deviation",
    "star_ratio_deviation",
]

# Counts above which a pixel's ratio is free of the rounding and zero-point offsets of its calibration, DN.
MIN_SIGNAL = 1.0
MIN_PIXELS = 100

# How near a ratio of pixels is to what explains it; see PHT-003.
RATIO_PRECISION = 1e-4

# How near a chip's PHOTFLAM is to the published one; see PHT-002.
PUBLISHED_PRECISION = 1e-3

# How many errors the rates of one star on two chips may be apart; see PHT-013.
RATE_SIGMAS = 3.0
# What light on an aperture's edge, a neighbour's above all, adds to the ratio of a star's rates on two
# chips, over that light: pixels of either chip cut it in another way. Of 32 stars of simulated Omega Centauri
# with photon errors below 1 per cent, the two that have 8 and 10 per cent of their light there are off by
# 0.9 and 1.3 per cent.
EDGE_ERROR = 0.13


def photflam_spread(exposure: Exposure) -> Measurement:
    """Spread of PHOTFLAM over an exposure's chips: (largest - smallest) / mean.

    Parameters
    ----------
    exposure : Exposure
        An exposure whose chips should have one inverse sensitivity; NaN where one has none.
    """
    photflams = photflams_of(exposure)
    subject = exposure.label
    if len(photflams) < 2:
        reason = f"the exposure has {len(photflams)} chip; needs at least two"
        return not_applicable("photflam_spread", subject, reason)
    values = np.array(list(photflams.values()))
    context: dict[str, Json] = {"photflam": {f"SCI,{chip}": value for chip, value in photflams.items()}}
    if not (values > 0).all():
        return Measurement(
            "photflam_spread", math.nan, "", subject, context=context, reason="a chip has no valid PHOTFLAM"
        )
    return Measurement("photflam_spread", np.ptp(values) / values.mean(), "", subject, context=context)


def has_own_photflams(exposure: Exposure, chips: Collection[int] | None = None) -> bool:
    """Whether all chips have a PHOTFLAM, and these differ beyond the precision of the published ones.

    Parameters
    ----------
    exposure : Exposure
        The exposure.
    chips : collection of int, optional
        EXTVER of those that are asked about; without it all.
    """
    values = [value for chip, value in photflams_of(exposure).items() if chips is None or chip in chips]
    if not all(value > 0 for value in values):
        return False
    return any(abs(value / values[0] - 1.0) > PUBLISHED_PRECISION for value in values)


def drizzled_gain_ratio(exposure: Exposure, chip: int, chips: Sequence[int] = ()) -> float:
    """What AstroDrizzle multiplies the counts of a WFPC2 chip by in excess of the others'; 1 elsewhere.

    It takes each chip times its own gain, and divides the image by that of the last chip that it drizzles.

    Parameters
    ----------
    exposure : Exposure
        One of the exposures that are drizzled.
    chip : int
        EXTVER of the chip.
    chips : sequence of int, optional
        EXTVER of those that are drizzled; without them all.
    """
    camera, setting = exposure.camera, exposure.primary.get("ATODGAIN")
    if camera is None or camera.zeropoints is None or not isinstance(setting, int | float):
        return 1.0
    gains = camera.zeropoints.drizzled_gains.get(round(setting))
    order, last = [*camera.chips], (chips or exposure.chips)[-1]
    numbers = [exposure.header("SCI", each).get(camera.chip_keyword) for each in (chip, last)]
    if not gains or not all(number in order for number in numbers):
        return 1.0
    own, of_image = (gains[order.index(number)] for number in numbers)
    return own / of_image


def photflam_deviation(exposure: Exposure, chip: int) -> Measurement:
    """Departure of a C0M chip's PHOTFLAM from the published one for its filter and gain, relative.

    Not applicable where the chips were normalised in place: all have the PHOTFLAM published for one of them.

    Parameters
    ----------
    exposure : Exposure
        A WFPC2 exposure whose chips are not normalised.
    chip : int
        EXTVER of the chip.
    """
    quantity, subject = "photflam_deviation", exposure.chip_label(chip)
    camera, gain = exposure.camera, exposure.primary.get("ATODGAIN")
    name = str(exposure.primary.get(camera.filters[0], "")).strip() if camera else ""
    if camera is None or camera.zeropoints is None or name not in camera.zeropoints.photflam:
        return not_told(quantity, subject, f"no published PHOTFLAM is on record for filter {name!r}")
    known, header = camera.zeropoints, exposure.header("SCI", chip)
    number, order = header.get(camera.chip_keyword), [*camera.chips]
    if gain not in known.base_gains + known.other_gains or number not in order:
        return not_measured(quantity, subject, f"ATODGAIN is {gain!r} and {camera.chip_keyword} {number!r}")
    ratios = known.other_gain_ratios if gain in known.other_gains else (1.0,) * len(order)
    table = [value * ratio for value, ratio in zip(known.photflam[name], ratios, strict=True)]
    published, photflams = table[order.index(number)], photflams_of(exposure)
    photflam = photflams[chip]
    if _normalised(photflams.values(), table):
        reason = f"the chips have one PHOTFLAM, {photflam:g}: they were normalised in place; see PHT-001"
        return not_applicable(quantity, subject, reason)
    context: dict[str, Json] = {
        "photflam": photflam,
        "published": published,
        "filter": name,
        "gain": gain,
        "photmode": str(header.get("PHOTMODE", "")),
    }
    return Measurement(quantity, photflam / published - 1.0, "", subject, context=context)


def _normalised(photflams: Iterable[float], published: Iterable[float]) -> bool:
    """Whether several chips have one PHOTFLAM, that is published for one of them."""
    values = [*photflams]
    return len(values) > 1 and any(
        all(abs(value / one - 1.0) <= PUBLISHED_PRECISION for value in values) for one in published
    )


def expected_chip_factor(c0m: Exposure, chip: int) -> float:
    """Factor by which the normalisation multiplies a chip: PHOTFLAM(chip) / PHOTFLAM(WF3) of the C0M.

    NaN where either is missing.

    Parameters
    ----------
    c0m : Exposure
        The exposure before its chips were normalised.
    chip : int
        EXTVER of the chip.
    """
    photflams, camera = photflams_of(c0m), c0m.camera
    if camera is None or camera.zeropoints is None:
        return math.nan
    references = [
        photflams[version]
        for version, header in c0m.science_headers().items()
        if header.get(camera.chip_keyword) == camera.zeropoints.reference_chip
    ]
    return photflams[chip] / references[0] if references and references[0] > 0 else math.nan


def pixel_ratio_deviation(
    flt: NDArray[Any],
    c0m: NDArray[Any],
    dq: NDArray[Any],
    *,
    expected: float,
    equalised: bool,
    subject: str,
) -> Measurement:
    """Departure of the FLT/C0M pixel ratio of a chip from the expected factor, relative.

    The larger of two departures, over the unflagged pixels with more than `MIN_SIGNAL` counts: the
    median ratio's from `expected`, and half the width of the central 68 % of the ratios, which is 0
    where each pixel was multiplied by the same number.

    Parameters
    ----------
    flt, c0m : ndarray, shape (ny, nx)
        The chip's counts in either file, DN.
    dq : ndarray of int, shape (ny, nx)
        Data quality flags; 0 is good.
    expected : float
        See `expected_chip_factor`.
    equalised : bool
        Whether the FLT's header gives all its chips one PHOTFLAM.
    subject : str
        The exposure and chip.
    """
    if not flt.shape == c0m.shape == dq.shape:
        reason = f"shapes differ: FLT {flt.shape}, C0M {c0m.shape}, DQ {dq.shape}"
        return not_measured("pixel_ratio_deviation", subject, reason)
    good = (dq == 0) & (c0m > MIN_SIGNAL) & np.isfinite(flt)
    if np.count_nonzero(good) < MIN_PIXELS:
        reason = f"fewer than {MIN_PIXELS} good pixels have more than {MIN_SIGNAL} DN"
        return not_told("pixel_ratio_deviation", subject, reason)
    ratios = flt[good].astype(np.float64) / c0m[good]
    low, median, high = np.percentile(ratios, [15.87, 50.0, 84.13])
    departures = abs(median / expected - 1.0), (high - low) / (2.0 * expected)
    context: dict[str, Json] = {
        "median_ratio": float(median),
        "expected_ratio": expected,
        "half_width": float(departures[1]),
        "pixels": int(np.count_nonzero(good)),
    }
    reason = f"FLT/C0M is {median:.6f} on the chip, {expected:.6f} by PHOTFLAM"
    reason += _ratio_explanation(float(median), expected, equalised=equalised)
    error = median_error(departures[1], int(np.count_nonzero(good)))
    return Measurement(
        "pixel_ratio_deviation", np.max(departures), "", subject, error, context, reason=reason
    )


def _ratio_explanation(ratio: float, expected: float, *, equalised: bool) -> str:
    """What a wrong ratio of pixels looks like; empty where it is right or looks like nothing known."""

    def near(value: float) -> bool:
        return math.isclose(ratio, value, rel_tol=RATIO_PRECISION)

    if near(expected):
        return ""
    if near(1.0) and equalised:
        return ": the pixels are as they were, only the header was changed; run photeq on a fresh FLT"
    if near(1.0):
        return ": neither header nor pixels were changed; photeq changes a file only with readonly=False"
    return ": the pixels were multiplied twice; run photeq once, on a fresh FLT" if near(expected**2) else ""


def combined_chip_factor(factors: Sequence[float], weights: Sequence[float]) -> float:
    """FLT/C0M flux ratio of a star in an image combined from several chips.

    A weighted mean of the C0M rates, each the normalised rate f over its chip's factor F, is
    f sum(w / F) / sum(w); the FLT's is f. The ratio is the weighted harmonic mean of the factors.

    Parameters
    ----------
    factors : sequence of float
        Normalisation factor of each chip that the star fell on; see `expected_chip_factor`.
    weights : sequence of float
        Weight of each in the combination, in any unit.

    Raises
    ------
    ValueError
        If the lengths differ or no weight is positive.
    """
    shares = np.asarray(weights, dtype=np.float64)
    if len(factors) != len(shares) or not shares.sum() > 0:
        raise ValueError("give each chip a factor and a weight, with at least one positive weight")
    return float(shares.sum() / np.sum(shares / np.asarray(factors, dtype=np.float64)))


def star_ratio_deviation(
    flt_flux: float, c0m_flux: float, *, expected: float, subject: str, uncertainty: float | None = None
) -> Measurement:
    """FLT/C0M ratio of a star's aperture sum in the combined images, less the expected ratio.

    Parameters
    ----------
    flt_flux, c0m_flux : float
        Aperture sums of the same aperture in the image combined from FLTs and from C0Ms.
    expected : float
        See `combined_chip_factor`.
    subject : str
        The star.
    uncertainty : float, optional
        Standard deviation of the ratio.
    """
    ratio = _ratio(flt_flux, c0m_flux)
    context: dict[str, Json] = {
        "ratio": ratio,
        "expected_ratio": expected,
        "flt_flux": flt_flux,
        "c0m_flux": c0m_flux,
    }
    return Measurement("star_ratio_deviation", ratio - expected, "", subject, uncertainty, context)


def chip_count_rate_ratio(
    first: tuple[float, float], second: tuple[float, float], *, subject: str, edge: float = 0.0
) -> Measurement:
    """Ratio of the count rates of one star on two normalised chips, as near to 1 as its surroundings allow.

    Light on the aperture's edge is taken off the departure from 1: of it pixels of either chip cut another
    part.

    Parameters
    ----------
    first, second : (float, float)
        Count rate and its standard deviation by photons and read noise on either chip, such as WF2 and WF4.
    subject : str
        The star.
    edge : float
        Light on the aperture's edge over the light inside it; see `EDGE_ERROR`.
    """
    ratio, error = _rate_ratio(first, second, edge)
    departure = abs(ratio - 1.0)
    value = 1.0 + math.copysign(max(departure - EDGE_ERROR * max(edge, 0.0), 0.0), ratio - 1.0)
    context: dict[str, Json] = {
        "ratio": ratio,
        "edge_light": edge,
        "rates": [first[0], second[0]],
        "rate_uncertainties": [first[1], second[1]],
    }
    reason = f"the ratio is {ratio:.4f} ± {error:.4f}" if error > 0 else ""
    uncertainty = error if error > 0 else None
    value = value if math.isfinite(ratio) else math.nan
    return Measurement("chip_count_rate_ratio", value, "", subject, uncertainty, context, reason=reason)


def chip_count_rate_pull(
    first: tuple[float, float], second: tuple[float, float], *, subject: str, edge: float = 0.0
) -> Measurement:
    """Departure from 1 of the ratio of one star's count rates on two chips, in its standard deviations.

    Parameters
    ----------
    first, second, subject, edge
        As of `chip_count_rate_ratio`.
    """
    ratio, error = _rate_ratio(first, second, edge)
    if not error > 0:
        return not_measured("chip_count_rate_pull", subject, "the rates have no standard deviations")
    reason = f"the ratio is {ratio:.4f} ± {error:.4f}"
    context: dict[str, Json] = {"ratio": ratio, "ratio_uncertainty": error}
    value = abs(ratio - 1.0) / error
    return Measurement("chip_count_rate_pull", value, "", subject, 1.0, context, reason=reason)


def _rate_ratio(first: tuple[float, float], second: tuple[float, float], edge: float) -> tuple[float, float]:
    """The ratio of two rates, and its standard deviation."""
    (rate, sigma), (other_rate, other_sigma) = first, second
    ratio, of_edge = _ratio(rate, other_rate), EDGE_ERROR * max(edge, 0.0)
    return ratio, ratio * math.hypot(_ratio(sigma, rate), _ratio(other_sigma, other_rate), of_edge)


def drizzled_flux_ratio(
    drizzled_rate: float,
    exposure_counts: float,
    *,
    exposure_time: float,
    subject: str,
    uncertainty: float | None = None,
) -> Measurement:
    """Flux of a star in the drizzled image over that in the pixel-area-corrected exposure.

    Parameters
    ----------
    drizzled_rate : float
        Aperture sum in the drizzled image, counts per second. AstroDrizzle leaves single drizzled WFPC2
        images in electrons, whatever their BUNIT says: take the combined image.
    exposure_counts : float
        Aperture sum in the exposure, counts, times the area of the pixels at the star over the square of
        its chip's IDCSCALE: flat fields make the exposure flat in surface brightness, so that a star's
        counts vary with the area of the pixels it falls on.
    exposure_time : float
        Seconds.
    subject : str
        The star.
    uncertainty : float, optional
        Standard deviation of the ratio.
    """
    expected = _ratio(exposure_counts, exposure_time)
    context: dict[str, Json] = {
        "drizzled_rate": drizzled_rate,
        "exposure_counts": exposure_counts,
        "exposure_time": exposure_time,
    }
    ratio = _ratio(drizzled_rate, expected)
    return Measurement("drizzled_flux_ratio", ratio, "", subject, uncertainty, context)


def photflams_of(exposure: Exposure) -> dict[int, float]:
    """PHOTFLAM of each chip by EXTVER; NaN where it is missing or not a number.

    WFC3/IR exposures have it in their primary header.
    """
    common = exposure.primary.get("PHOTFLAM")
    values = {chip: header.get("PHOTFLAM", common) for chip, header in exposure.science_headers().items()}
    return {
        chip: float(value) if isinstance(value, (int, float)) else math.nan for chip, value in values.items()
    }


def _ratio(numerator: float, denominator: float) -> float:
    """Quotient of two numbers; NaN where the denominator is not positive."""
    return float(numerator) / float(denominator) if denominator > 0 else math.nan
