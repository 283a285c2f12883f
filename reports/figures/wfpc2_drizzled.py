"""Figures of what was drizzled from single FLTs: images and weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubble_qa.checks.images.drizzled import EXPECTED_WEIGHT_RATIO
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.reports.figures.captions import joined, listed
from hubble_qa.reports.figures.drizzled_figures import pixel_unit
from hubble_qa.reports.figures.footprints import Footprint, exposure_footprints
from hubble_qa.reports.figures.illustration import Illustration, batches
from hubble_qa.reports.figures.mosaics import single_images, weight_map, weight_maps
from hubble_qa.reports.figures.products import DrizzledImage, drizzled_image
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["drizzle_figures"]

_WEIGHTS = (
    "Weight images of single drizzled FLTs, with the outlines within which the chips' weights are judged. "
    f"Good: the WF chips alike, and PC1 {EXPECTED_WEIGHT_RATIO:.2f} times as high, the ratio of the "
    "pixels' areas; thin light lines are bad columns. Bad: PC1 like the others or another factor (chips of "
    "different sampling are then combined in the wrong proportion), a chip missing, large holes (wrong DQ "
    "bits)."
)
_SINGLES = (
    "Single drizzled FLTs in the frame of the combined image, all on one stretch, with the outlines of their "
    "chips. Good: the same stars at the same place in each, one sky level over all chips. Bad: stars that "
    "move from one to the other (alignment), a chip with a sky of its own (normalisation), a chip missing. "
    "Cosmic rays are in one of them only."
)


def drizzle_figures(inputs: Inputs, exposures: Sequence[str], verdicts: Verdicts) -> Iterator[Illustration]:
    """Draw single exposures in the frame of the combined image, and their weights.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures`` and ``drizzle-flt``.
    exposures : sequence of str
        Rootnames.
    verdicts : Verdicts
        On the exposures' weights.
    """
    for ending, some in batches(exposures):
        names = ", ".join(some)
        singles = {name: _single(inputs, name) for name in some}
        chips = {name: _chips(inputs, name, image) for name, image in singles.items()}
        yield Illustration(
            figure="single-images",
            name=f"single-images{ending}",
            title=f"Single drizzled images: {names}",
            caption=_SINGLES,
            alt=f"Drizzled images of {names} in grey, with outlines of the chips.",
            drawing=single_images(singles, chips, unit=pixel_unit(singles[some[0]].drizzled)),
        )
        maps = [
            weight_map(name, image.weight, chips[name], verdicts.get("PHT-007", name))
            for name, image in singles.items()
        ]
        yield Illustration(
            figure="weight-map",
            name=f"weight-map{ending}",
            title=f"Weights of single exposures: {names}",
            caption=joined(listed(verdicts, "PHT-007", some), _WEIGHTS),
            alt=f"Weight maps of {names} with outlines of the chips.",
            drawing=weight_maps(maps, planetary="PC1", expected=EXPECTED_WEIGHT_RATIO),
            subject=some[0] if len(some) == 1 else "",
        )


def _single(inputs: Inputs, exposure: str) -> DrizzledImage:
    return drizzled_image(inputs, "drizzle-flt", f"{exposure}*_single")


def _chips(inputs: Inputs, exposure: str, image: DrizzledImage) -> tuple[Footprint, ...]:
    return exposure_footprints(inputs.products["exposures"] / f"{exposure}_flt.fits", image.wcs)
