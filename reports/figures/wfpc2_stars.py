"""Figures of stars: where they are, and their photometry against expectation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from astropy.table import Table

from hubble_qa.checks.evidence.stars import StarTables, star_tables
from hubble_qa.checks.images.photometry import RATE_SIGMAS
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.stages.stars import CHIP_STARS, SIGHTINGS, STARS
from hubble_qa.reports.figures.captions import is_rejected, joined, listed
from hubble_qa.reports.figures.footprints import Footprint, exposure_footprints
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.images import Window, covered_window
from hubble_qa.reports.figures.mosaics import MarkedStar, overlap_zoom
from hubble_qa.reports.figures.products import DrizzledImage, drizzled_image
from hubble_qa.reports.figures.stars import ChipFluxes, FluxRatio, RatePair, star_photometry
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

__all__ = ["star_figures"]

_CHIP_NAMES = {1: "PC1", 2: "WF2", 3: "WF3", 4: "WF4"}

# Side of the part that is shown where no chips overlap, pixels.
_ZOOM = 420


def star_figures(inputs: Inputs, *, flt: str, c0m: str, verdicts: Verdicts) -> Iterator[Illustration]:
    """Draw the photometry stage's stars.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures``, ``drizzle-flt``, ``drizzle-c0m`` and ``photometry``.
    flt, c0m : str
        Roots of the combined images.
    verdicts : Verdicts
        On stars, by ``"star1"``, and on chips, by ``"WF3"``.
    """
    tables = star_tables(*(inputs.products["photometry"] / name for name in (STARS, SIGHTINGS, CHIP_STARS)))
    combined = drizzled_image(inputs, "drizzle-flt", f"{flt}_dr?")
    other = drizzled_image(inputs, "drizzle-c0m", f"{c0m}_dr?")
    yield _overlap(inputs, combined, other, tables.stars, tables.sightings)
    yield _photometry(tables, verdicts)


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
    inputs: Inputs, chips_of_star: Sequence[tuple[str, int]], image: DrizzledImage
) -> tuple[Footprint, ...]:
    directory = inputs.products["exposures"]
    found = (
        exposure_footprints(directory / f"{name}_flt.fits", image.wcs, {chip}) for name, chip in chips_of_star
    )
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


def _photometry(tables: StarTables, verdicts: Verdicts) -> Illustration:
    stars = [f"star{row['star']}" for row in tables.stars]
    chips = [int(chip) for chip in np.unique(tables.chip_stars["chip"])]
    ratios = [_star_ratio(tables, label, verdicts) for label in stars]
    ratios += [
        FluxRatio(name, tables.chip_sums(chip).factor, verdicts.get("PHT-004", name))
        for chip in chips
        for name in [_chip_name(chip)]
    ]
    pairs = [_rate_pair(tables, label, verdicts) for label in stars if len(tables.sightings_of(label)) > 1]
    fluxes = [_chip_fluxes(tables, chip, verdicts) for chip in chips]
    outside = [each.name for each in fluxes if is_rejected(each.together)]
    sentences = (listed(verdicts, criterion) for criterion in ("PHT-004", "PHT-005", "PHT-013", "PHT-006"))
    return Illustration(
        figure="star-photometry",
        name="star-photometry",
        title="Stars' photometry against expectation",
        caption=joined(*sentences, _photometry_caption(pairs), _outside(outside)),
        alt="; ".join(
            [
                *(
                    f"{each.label}: FLT/C0M expected {each.expected:.4f}{_less(each.departure)}"
                    for each in ratios
                ),
                *(f"{each.label}: rates{_number(each.agreement)}" for each in pairs),
                *(f"{each.name}: drizzled/exposure{_number(each.together)}" for each in fluxes),
            ]
        ),
        drawing=star_photometry(ratios, pairs, fluxes, sigmas=RATE_SIGMAS),
    )


def _number(shown: Shown | None) -> str:
    return f" {shown.number}" if shown is not None else ""


def _less(shown: Shown | None) -> str:
    return f", departure {shown.number}" if shown is not None else ""


def _photometry_caption(pairs: Sequence[RatePair]) -> str:
    middle = (
        " Middle: the rates over that of the second chip; good if the bars reach one another within the "
        "band: one zeropoint serves both chips."
        if pairs
        else ""
    )
    return (
        "Green: accepted. Top: good if on the dashed line: the normalisation reached the combined images "
        f"with the right weights.{middle} Bottom: stars that one chip alone saw, singly (small) and "
        "together (large, judged); good if 1: drizzling conserved their flux."
    )


def _outside(chips: Sequence[str]) -> str:
    if not chips:
        return ""
    return (
        f"Outside: {', '.join(chips)}. AstroDrizzle multiplies each WFPC2 chip by its own gain and divides "
        "the mosaic by the last chip's: chips of another gain come out wrong by their ratio (WF3: 6.90/7.10)."
    )


def _star_ratio(tables: StarTables, label: str, verdicts: Verdicts) -> FluxRatio:
    weights = [float(row["weight"]) for row in tables.sightings_of(label)]
    expected = tables.expected_ratio(label) if sum(weights) > 0 else float("nan")
    return FluxRatio(_spaced(label), expected, verdicts.get("PHT-004", label))


def _rate_pair(tables: StarTables, label: str, verdicts: Verdicts) -> RatePair:
    """The rates of the first two sightings, which are those that are judged."""
    names = " / ".join(_chip_name(int(row["chip"])) for row in tables.sightings_of(label)[:2])
    first, second = tables.rates(label)[:2]
    ratio, pull = (verdicts.get(criterion, label) for criterion in ("PHT-005", "PHT-013"))
    return RatePair(f"{_spaced(label)}: {names}", first, second, ratio, pull)


def _chip_fluxes(tables: StarTables, chip: int, verdicts: Verdicts) -> ChipFluxes:
    rows = tables.chip_stars[tables.chip_stars["chip"] == chip]
    exposure = np.asarray(rows["total"] * rows["pixel_area"] / rows["exposure_time"], dtype=float)
    drizzled = np.asarray(rows["drizzled_sum"], dtype=float)
    ratios = np.divide(drizzled, exposure, out=np.full_like(drizzled, np.nan), where=exposure > 0)
    name = _chip_name(chip)
    return ChipFluxes(chip, name, ratios.tolist(), verdicts.get("PHT-006", name))


def _chip_name(chip: int) -> str:
    return _CHIP_NAMES.get(chip, f"SCI,{chip}")


def _spaced(label: str) -> str:
    return label.replace("star", "star ")
