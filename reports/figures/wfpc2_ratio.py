"""Figures of the chip normalisation: FLT/C0M ratios of the drizzled images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hubble_qa.checks.evidence.exposures import exposure_in
from hubble_qa.checks.images.photometry import expected_chip_factor
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.reports.figures.captions import joined, listed
from hubble_qa.reports.figures.footprints import Footprint, exposure_footprints, on_frame
from hubble_qa.reports.figures.illustration import Illustration, batches
from hubble_qa.reports.figures.products import DrizzledImage, drizzled_image
from hubble_qa.reports.figures.ratio import LOOK_FOR, Deviations, RatioMap, ratio_map, ratio_maps
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["ratio_figures"]

Factors = Mapping[tuple[str, int], float]

_SINGLE = "What the chip normalisation did: each exposure's drizzled FLT over its C0M."
_COMBINED = (
    "Where chips overlap, the ratio is the mean of their factors, weighted by exposure time and pixel "
    "area. On each part, in parentheses: that mean. Good: flat parts of that grey; noise only where chips "
    "overlap. Bad: an overlap with the factor of one chip alone (the other had no weight), black and "
    "white pairs at stars (FLT and C0M are shifted)."
)


def ratio_figures(
    inputs: Inputs, exposures: Sequence[str], *, flt: str, c0m: str, verdicts: Verdicts
) -> Iterator[Illustration]:
    """Draw the ratios of the single drizzled images and of the combined ones.

    Images that are not on one grid have no ratio.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures``, ``c0m``, ``drizzle-flt`` and ``drizzle-c0m``.
    exposures : sequence of str
        Rootnames.
    flt, c0m : str
        Roots of the combined images.
    verdicts : Verdicts
        On PHOTFLAM and pixels of the FLTs, and on PHOTFLAM of the C0Ms.
    """
    combined = drizzled_image(inputs, "drizzle-flt", f"{flt}_dr?")
    directory = inputs.products["exposures"]
    footprints = {
        name: exposure_footprints(directory / f"{name}_flt.fits", combined.wcs) for name in exposures
    }
    factors = dict(_factors(inputs, exposures))
    for ending, some in batches(exposures):
        found = (_single(inputs, name, combined, footprints[name]) for name in some)
        yield from _single_figure([each for each in found if each], factors, verdicts, ending)
    if len(exposures) > 1:
        chips = [chip for group in footprints.values() for chip in group]
        other = drizzled_image(inputs, "drizzle-c0m", f"{c0m}_dr?")
        yield from _combined_figure(ratio_map("combined images", combined, other, chips), factors)


def _factors(inputs: Inputs, exposures: Sequence[str]) -> Iterator[tuple[tuple[str, int], float]]:
    """Expected normalisation factor of each chip, from the C0Ms' PHOTFLAM."""
    for name in exposures:
        exposure = exposure_in(inputs.products["c0m"] / f"{name}_c0m.fits")
        for chip in exposure.chips:
            yield (name, chip), expected_chip_factor(exposure, chip)


def _single(
    inputs: Inputs, exposure: str, combined: DrizzledImage, footprints: Sequence[Footprint]
) -> RatioMap | None:
    flt = drizzled_image(inputs, "drizzle-flt", f"{exposure}*_single")
    c0m = drizzled_image(inputs, "drizzle-c0m", f"{exposure}*_single")
    if not flt.on_grid_of(combined):
        footprints = on_frame(footprints, combined.wcs, flt.wcs)
    return ratio_map(exposure, flt, c0m, footprints)


def _single_figure(
    maps: Sequence[RatioMap], factors: Factors, verdicts: Verdicts, ending: str
) -> Iterator[Illustration]:
    if not maps:
        return
    flts = [f"{each.title}_flt" for each in maps]
    chips = [(chip.exposure, chip.chip) for each in maps for chip in each.footprints]
    sentences = (
        listed(verdicts, "PHT-001", flts),
        listed(verdicts, "PHT-003", [f"{name}_flt SCI,{chip}" for name, chip in chips]),
        listed(verdicts, "PHT-002", [f"{name}_c0m SCI,{chip}" for name, chip in chips]),
    )
    names = ", ".join(each.title for each in maps)
    expected = ", ".join(
        f"{chip.name} {factors.get((chip.exposure, chip.chip), float('nan')):.4f}"
        for chip in maps[0].footprints
    )
    yield Illustration(
        figure="flt-c0m-ratio",
        name=f"flt-c0m-ratio{ending}",
        title=f"FLT/C0M ratio of single drizzled images: {names}",
        caption=joined(*sentences, _SINGLE, LOOK_FOR),
        alt=f"Grey maps of the FLT/C0M ratio of {names}. Expected: {expected}.",
        drawing=ratio_maps(maps, factors, _deviations(verdicts, chips)),
    )


def _deviations(verdicts: Verdicts, chips: Sequence[tuple[str, int]]) -> Deviations:
    """How far the pixels of each chip are from its factor."""
    found = {(name, chip): verdicts.get("PHT-003", f"{name}_flt SCI,{chip}") for name, chip in chips}
    return {place: shown for place, shown in found.items() if shown is not None}


def _combined_figure(ratio: RatioMap | None, factors: Factors) -> Iterator[Illustration]:
    if ratio is None:
        return
    yield Illustration(
        figure="flt-c0m-ratio",
        name="flt-c0m-ratio-combined",
        title="FLT/C0M ratio of the combined images",
        caption=_COMBINED,
        alt="Grey map of the FLT/C0M ratio of the combined images, with the expectation on each part.",
        drawing=ratio_maps([ratio], factors),
    )
