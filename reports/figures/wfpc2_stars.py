"""Figures of stars: where they are, and their photometry against expectation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from astropy.table import Table

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.images.photometry import RATE_SIGMAS, RATE_TOLERANCE, combined_chip_factor
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.stages.stars import CHIP_STARS, SIGHTINGS, STARS
from hubble_qa.reports.figures.footprints import Footprint, exposure_footprints
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.images import Window, covered_window
from hubble_qa.reports.figures.mosaics import MarkedStar, overlap_zoom
from hubble_qa.reports.figures.products import DrizzledImage, drizzled_image
from hubble_qa.reports.figures.stars import ChipFluxes, RatePair, StarRatio, star_photometry

__all__ = ["star_figures"]

_CHIP_NAMES = {1: "PC1", 2: "WF2", 3: "WF3", 4: "WF4"}

# Side of the part that is shown where no chips overlap, pixels.
_ZOOM = 420


def star_figures(
    inputs: Inputs,
    *,
    flt: str,
    c0m: str,
    star_ratio: Mapping[str, Bounds],
    chip_flux: Mapping[str, Bounds],
) -> Iterator[Illustration]:
    """Draw the photometry stage's stars.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures``, ``drizzle-flt``, ``drizzle-c0m`` and ``photometry``.
    flt, c0m : str
        Roots of the combined images.
    star_ratio, chip_flux : mapping of str to Bounds
        What is accepted, by star and by chip.
    """
    stars, sightings, of_chips = (
        Table.read(inputs.products["photometry"] / name, format="ascii.ecsv")
        for name in (STARS, SIGHTINGS, CHIP_STARS)
    )
    combined = drizzled_image(inputs, "drizzle-flt", f"{flt}_dr?")
    other = drizzled_image(inputs, "drizzle-c0m", f"{c0m}_dr?")
    yield _overlap(inputs, combined, other, stars, sightings)
    yield _photometry(stars, sightings, of_chips, star_ratio, chip_flux)


def _overlap(
    inputs: Inputs,
    combined: DrizzledImage,
    other: DrizzledImage,
    stars: Table,
    sightings: Table,
) -> Illustration:
    marked = [MarkedStar(int(row["star"]), float(row["x"]), float(row["y"])) for row in stars]
    shared = _shared_chips(sightings)
    chips = _footprints(inputs, shared, combined)
    window = _common_window(chips, combined.science.shape) if chips else _star_window(marked)
    names = " and ".join(f"{chip.name} of {chip.exposure}" for chip in chips[:2])
    what = f"the overlap of {names}" if chips else "a part with stars that were measured"
    annulus = stars.meta.get("annulus", [10.0, 15.0])
    return Illustration(
        figure="overlap",
        name="overlap",
        title=f"C0M and FLT over {what}",
        caption=(
            f"Combined C0M and FLT over {what}, with one stretch. Circles: outer edge of the background "
            "annulus of the stars that were measured. Good: round stars in the same places, in the middle "
            "of their circles, the FLT's background as even or more so. Bad: doubled stars or other shapes "
            "in one of the two (misaligned), bright neighbours within a circle."
        ),
        alt=f"Combined C0M and FLT images of {what} side by side, {len(marked)} measured stars circled.",
        drawing=overlap_zoom((other, combined), ("C0M", "FLT"), window, marked, annulus=float(annulus[-1])),
    )


def _shared_chips(sightings: Table) -> list[tuple[str, int]]:
    """The exposures' chips that saw the same star, of the star that most saw."""
    by_star: dict[int, list[tuple[str, int]]] = {}
    for row in sightings:
        by_star.setdefault(int(row["star"]), []).append((str(row["exposure"]), int(row["chip"])))
    most = max(by_star.values(), key=len, default=[])
    return most if len(most) > 1 else []


def _footprints(
    inputs: Inputs, wanted: Sequence[tuple[str, int]], image: DrizzledImage
) -> tuple[Footprint, ...]:
    directory = inputs.products["exposures"]
    found = (exposure_footprints(directory / f"{name}_flt.fits", image.wcs, {chip}) for name, chip in wanted)
    return tuple(footprint for chips in found for footprint in chips)


def _common_window(chips: Sequence[Footprint], shape: tuple[int, ...]) -> Window:
    """The rectangle about the part of an image that all of some chips cover."""
    step = 8
    y, x = np.ogrid[: shape[0] : step, : shape[1] : step]
    common = np.logical_and.reduce([chip.holds(x, y) for chip in chips])
    window = covered_window(common, margin=3)
    return Window(*(edge * step for edge in window)).cut(shape)


def _star_window(stars: Sequence[MarkedStar]) -> Window:
    """A square that holds as many of some stars as fit into one."""

    def near(centre: MarkedStar) -> list[MarkedStar]:
        return [s for s in stars if max(abs(s.x - centre.x), abs(s.y - centre.y)) < 0.4 * _ZOOM]

    group = max((near(star) for star in stars), key=len, default=[])
    x, y = (round(float(np.mean([star[axis] for star in group])) if group else 0.0) for axis in (1, 2))
    return Window(x - _ZOOM // 2, x + _ZOOM // 2, y - _ZOOM // 2, y + _ZOOM // 2)


def _photometry(
    stars: Table,
    sightings: Table,
    of_chips: Table,
    star_ratio: Mapping[str, Bounds],
    chip_flux: Mapping[str, Bounds],
) -> Illustration:
    seen = {int(row["star"]): sightings[sightings["star"] == row["star"]] for row in stars}
    ratios = [_star_ratio(row, seen[int(row["star"])], star_ratio) for row in stars]
    pairs = [_rate_pair(star, rows) for star, rows in seen.items() if len(rows) > 1]
    chips = [_chip_fluxes(int(chip), of_chips, chip_flux) for chip in np.unique(of_chips["chip"])]
    return Illustration(
        figure="star-photometry",
        name="star-photometry",
        title="Stars' photometry against expectation",
        caption=_photometry_caption(pairs, chips),
        alt="; ".join(
            [
                *(
                    f"{each.label}: FLT/C0M {each.measured:.4f}, expected {each.expected:.4f}"
                    for each in ratios
                ),
                *(f"{each.label}: rate ratio {each.ratio:.4f} ± {each.error:.4f}" for each in pairs),
                *(f"{each.name}: drizzled/exposure {each.together:.4f}" for each in chips),
            ]
        ),
        drawing=star_photometry(ratios, pairs, chips, tolerance=RATE_TOLERANCE, sigmas=RATE_SIGMAS),
    )


def _photometry_caption(pairs: Sequence[RatePair], chips: Sequence[ChipFluxes]) -> str:
    middle = " Middle: good if 1 is within bars and band: one zeropoint serves both chips." if pairs else ""
    outside = [each.name for each in chips if not each.accepted.contains(each.together)]
    return (
        "Green: accepted. Top: good if on the dashed line: the normalisation reached the combined images "
        f"with the right weights.{middle} Bottom: stars that one chip alone saw, singly (small) and "
        f"together (large, judged); good if 1: drizzling conserved their flux.{_outside(outside)}"
    )


def _outside(chips: Sequence[str]) -> str:
    if not chips:
        return ""
    return (
        f" Outside: {', '.join(chips)}. AstroDrizzle multiplies each WFPC2 chip by its own gain and divides "
        "the mosaic by the last chip's: chips of another gain come out wrong by their ratio (WF3: 6.90/7.10)."
    )


def _star_ratio(star: Any, seen: Table, accepted: Mapping[str, Bounds]) -> StarRatio:
    label = f"star{star['star']}"
    factors = [float(row["photflam_c0m"] / row["photflam_reference"]) for row in seen]
    weights = [float(row["weight"]) for row in seen]
    expected = combined_chip_factor(factors, weights) if sum(weights) > 0 else math.nan
    return StarRatio(_spaced(label), _ratio(star["flt_sum"], star["c0m_sum"]), expected, accepted[label])


def _rate_pair(star: int, seen: Table) -> RatePair:
    """Ratio of the first two sightings' rates, with its error."""
    first, second = seen[0], seen[1]
    rate = {row.index: row["net"] * row["pixel_area"] / row["exposure_time"] for row in (first, second)}
    ratio = _ratio(rate[first.index], rate[second.index])
    error = abs(ratio) * math.hypot(*(_ratio(row["net_error"], row["net"]) for row in (first, second)))
    names = " / ".join(_CHIP_NAMES.get(int(row["chip"]), str(row["chip"])) for row in (first, second))
    return RatePair(f"star {star}: {names}", ratio, error)


def _chip_fluxes(chip: int, of_chips: Table, accepted: Mapping[str, Bounds]) -> ChipFluxes:
    rows = of_chips[of_chips["chip"] == chip]
    exposure = np.asarray(rows["total"] * rows["pixel_area"] / rows["exposure_time"], dtype=float)
    drizzled = np.asarray(rows["drizzled_sum"], dtype=float)
    ratios = [_ratio(*pair) for pair in zip(drizzled, exposure, strict=True)]
    name = _CHIP_NAMES.get(chip, f"SCI,{chip}")
    return ChipFluxes(chip, name, ratios, _ratio(drizzled.sum(), exposure.sum()), accepted[name])


def _ratio(numerator: float, denominator: float) -> float:
    return float(numerator) / float(denominator) if denominator > 0 else math.nan


def _spaced(label: str) -> str:
    return label.replace("star", "star ")
