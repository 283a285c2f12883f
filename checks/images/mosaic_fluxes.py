"""Drizzled images against the exposures that they combine: fluxes and widths of sources."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple, TypeAlias

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

from hubble_qa.checks.images.flux_planes import fitted_plane
from hubble_qa.checks.images.source_fluxes import ChipSources
from hubble_qa.checks.measurement import Json, Measurement, not_applicable, not_told

__all__ = ["MIN_SOURCES", "chip_flux_ratio", "input_flux_ratio", "input_width_ratio"]

# A median of fewer sources is at the mercy of a blend or of a cosmic ray that was not recognised.
MIN_SOURCES = 5
# A departure is judged as far as it is beyond so many standard deviations.
SIGMAS = 4.0
# Error of a ratio where the image has larger pixels than the chip: measured, 4 to 9 per cent are lost and won
# in crowded fields, where PC1 is drizzled to the pixels of the wide-field chips.
_COARSE = 0.0125
# How far a ratio may be from the known one of the gains, as from 1 by PHT-006.
_OF_GAIN = 0.01
_GAIN_DEFECT = (
    "AstroDrizzle multiplies each WFPC2 chip by its own gain and divides the image by the last chip's"
)
# A plane through the ratios of fewer sources is at the mercy of some.
_FEWEST_OF_PLANE = 25
# Standard deviation of a median over that of a mean, for normal errors.
_OF_MEDIAN = math.sqrt(math.pi / 2.0)

Array: TypeAlias = NDArray[np.float64]


class _Ratio(NamedTuple):
    """A median ratio, its standard deviation, and of how many sources."""

    value: float
    error: float
    sources: int

    @classmethod
    def of(cls, ratios: Array, *, alike: bool = True) -> _Ratio:
        error = _OF_MEDIAN * float(mad_std(ratios)) / math.sqrt(len(ratios))
        return cls(float(np.median(ratios)), math.hypot(error, 0.0 if alike else _COARSE), len(ratios))

    @property
    def certain(self) -> float:
        """The ratio, as near to 1 as its error allows."""
        excess = max(abs(self.value - 1.0) - SIGMAS * self.error, 0.0)
        return 1.0 + math.copysign(excess, self.value - 1.0)

    def __str__(self) -> str:
        return f"{self.value:.4f} ± {self.error:.4f}"


class _Slope(NamedTuple):
    """Change of a ratio from one side of a field to the other, and its standard deviation."""

    value: float
    error: float
    axis: str

    @property
    def certain(self) -> float:
        """Its size, as small as its error allows."""
        return max(abs(self.value) - SIGMAS * self.error, 0.0)

    def __str__(self) -> str:
        return (
            f"fluxes change by {self.value:+.1%} ± {self.error:.1%} along {self.axis} of the image against "
            f"those on its exposures, {SIGMAS:g} sigma taken off: the image itself is uneven"
        )


def input_flux_ratio(
    chips: Mapping[str, ChipSources], *, subject: str, gain_ratio: float = 1.0
) -> Measurement:
    """Flux of sources in a drizzled image over that on a chip of the exposures that it combines.

    Of each exposure the median over its sources; of the exposures the one that departs most from 1. The
    value is as near to 1 as `SIGMAS` standard deviations of that median allow, so that few or faint
    sources are no fault. Where a plane through the ratios departs more at the edge of the sources' field, it
    is the ratio there, as near to 1 in the same sense.

    Parameters
    ----------
    chips : mapping of str to ChipSources
        Sources on the chip, by exposure.
    subject : str
        The image and the chip.
    gain_ratio : float, optional
        What AstroDrizzle multiplies the chip's counts by in excess of the image's: a known defect, where it
        explains the ratio.
    """
    quantity = "drizzled_flux_ratio"
    ratios = {
        name: _Ratio.of(found.drizzled / found.chip, alike=found.alike)
        for name, found in chips.items()
        if len(found) >= MIN_SOURCES
    }
    if not ratios:
        return not_told(quantity, subject, _too_few(chips))
    worst = _most_deviant(ratios)
    ratio, slope = ratios[worst], _slope(chips)
    context: dict[str, Json] = {**_context(ratios)}
    if slope is not None:
        context |= {"change": slope.value, "change_uncertainty": slope.error}
    if slope is not None and slope.certain > 2.0 * abs(ratio.certain - 1.0):
        return Measurement(
            quantity,
            1.0 + slope.certain / 2.0,
            "",
            subject,
            slope.error,
            context=context,
            reason=str(slope),
            beyond_error=True,
        )
    reason = "" if ratio.certain == 1.0 else f"{worst}: {ratio}, {SIGMAS:g} sigma taken off"
    explained = all(
        abs(each.value / gain_ratio - 1.0) < _OF_GAIN + SIGMAS * each.error for each in ratios.values()
    )
    known = explained and gain_ratio != 1.0
    return Measurement(
        quantity,
        ratio.certain,
        "",
        subject,
        ratio.error,
        context=context,
        reason=reason,
        beyond_error=True,
        known_defect=_GAIN_DEFECT if known else "",
        remedy=f"divide fluxes on this chip by {gain_ratio:.4f}" if known else "",
    )


def chip_flux_ratio(chips: Mapping[str, ChipSources], *, subject: str) -> Measurement:
    """Flux of sources on one chip over that of the same sources on another, of the exposures of an image.

    The median over the sources that a pair of chips shares; of the pairs the one that departs most from
    1, as near to 1 as `SIGMAS` standard deviations allow.

    Parameters
    ----------
    chips : mapping of str to ChipSources
        Sources on each chip of each exposure, by its label.
    subject : str
        The image.
    """
    quantity = "chip_flux_ratio"
    pairs = {
        f"{one} / {other}": _Ratio.of(ratios, alike=chips[one].alike and chips[other].alike)
        for one, other in combinations(chips, 2)
        for ratios in [_shared(chips[one], chips[other])]
        if len(ratios) >= MIN_SOURCES
    }
    if not pairs:
        reason = f"no two chips of its inputs share {MIN_SOURCES} bright sources"
        return not_told(quantity, subject, reason)
    worst = _most_deviant(pairs)
    ratio = pairs[worst]
    reason = "" if ratio.certain == 1.0 else f"{worst}: {ratio}, {SIGMAS:g} sigma taken off"
    context = _context(pairs)
    return Measurement(
        quantity, ratio.certain, "", subject, ratio.error, context, reason=reason, beyond_error=True
    )


def input_width_ratio(chips: Mapping[str, ChipSources], *, subject: str) -> Measurement:
    """Width of sources in a drizzled image over that on the chips that it combines.

    The median over the sources of all chips, whose pixels are not smaller than the image's by more than a
    tenth: drizzled to larger pixels, sources become wider without fault.

    Parameters
    ----------
    chips : mapping of str to ChipSources
        Sources on each chip of each exposure, by its label.
    subject : str
        The image.
    """
    quantity = "stellar_width_ratio"
    if chips and not any(found.alike for found in chips.values()):
        reason = "its pixels are larger than its exposures' by more than a tenth, so that sources are wider"
        return not_applicable(quantity, subject, reason)
    ratios = np.concatenate([np.empty(0), *_width_ratios(chips)])
    if len(ratios) < 2 * MIN_SOURCES:
        return not_told(quantity, subject, _too_few(chips))
    ratio = _Ratio.of(ratios)
    context: dict[str, Json] = {
        "sources": ratio.sources,
        "offset_pix": {
            name: [round(each, 3) for each in found.offset] for name, found in chips.items() if len(found)
        },
    }
    return Measurement(quantity, ratio.value, "", subject, ratio.error, context)


def _width_ratios(chips: Mapping[str, ChipSources]) -> Iterator[Array]:
    for found in chips.values():
        usable = np.isfinite(found.drizzled_width) & np.isfinite(found.chip_width) & found.alike
        yield (found.drizzled_width / found.chip_width)[usable]


def _slope(chips: Mapping[str, ChipSources]) -> _Slope | None:
    """The steeper slope of the ratio over the image; None where few sources tell it.

    Of each source the mean over the exposures, each over its own median: they share its noise on the image,
    and what charge transfer takes from one of them, from another in another frame, is no fault of the image.
    """
    ratios: dict[tuple[float, float], list[float]] = {}
    for found in chips.values():
        if len(found) >= MIN_SOURCES and found.alike:
            logarithms = np.log(found.drizzled / found.chip)
            for (x, y), value in zip(found.places, logarithms - np.median(logarithms), strict=True):
                ratios.setdefault((float(x), float(y)), []).append(float(value))
    if len(ratios) < _FEWEST_OF_PLANE:
        return None
    places = np.array([*ratios])
    sides = np.ptp(places, axis=0)
    if not sides.all():
        return None
    values, weights = (
        np.array([measure(each) for each in ratios.values()], dtype=np.float64) for measure in (np.mean, len)
    )
    slopes, errors, _ = fitted_plane(values, weights, (places - places.mean(axis=0)) / sides)
    both = [
        _Slope(float(slope), float(error), axis)
        for slope, error, axis in zip(slopes, errors, "xy", strict=True)
    ]
    return max(both, key=lambda each: each.certain)


def _shared(one: ChipSources, other: ChipSources) -> Array:
    """Ratios of the fluxes of sources that two chips show."""
    rows = {tuple(place): row for row, place in enumerate(other.places)}
    pairs = [(row, rows[tuple(place)]) for row, place in enumerate(one.places) if tuple(place) in rows]
    first, second = (list(each) for each in zip(*pairs, strict=True)) if pairs else ([], [])
    return np.asarray(one.chip[first] / other.chip[second])


def _most_deviant(ratios: Mapping[str, _Ratio]) -> str:
    def departure(name: str) -> tuple[float, float]:
        ratio = ratios[name]
        return abs(ratio.certain - 1.0), abs(ratio.value - 1.0)

    return max(ratios, key=departure)


def _context(ratios: Mapping[str, _Ratio]) -> dict[str, Json]:
    return {
        name: {"ratio": ratio.value, "uncertainty": ratio.error, "sources": ratio.sources}
        for name, ratio in ratios.items()
    }


def _too_few(chips: Mapping[str, ChipSources]) -> str:
    if not chips:
        return "no exposure that it combines is among the products"
    most = max(len(found) for found in chips.values())
    return f"{most} bright sources stand alone and unsaturated; needs {MIN_SOURCES}"
