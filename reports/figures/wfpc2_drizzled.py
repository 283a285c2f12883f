"""Figures of what was drizzled from FLTs: the combined image, and the weights of single exposures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubble_qa.checks.images.drizzled import EXPECTED_WEIGHT_RATIO
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.reports.figures.footprints import exposure_footprints
from hubble_qa.reports.figures.illustration import Illustration, batches
from hubble_qa.reports.figures.mosaics import WeightMap, drizzled_pair, weight_map, weight_maps
from hubble_qa.reports.figures.products import DrizzledImage, drizzled_image

__all__ = ["drizzle_figures"]

_COMBINED = (
    "Combined FLT image (bright is dark, asinh stretch) and its weight; blue: no pixels. Good: round, single "
    "stars, one sky level over all chips, weights that add up where exposures overlap. Bad: doubled or "
    "stretched stars (alignment), steps of the sky at chips' edges (normalisation), holes within chips, an "
    "image that fills little of its frame."
)
_WEIGHTS = (
    "Weight images of single drizzled FLTs, with each chip's median. Good: the WF chips alike, and PC1 "
    f"{EXPECTED_WEIGHT_RATIO:.2f} times as high, the ratio of the pixels' areas; thin dark lines are bad "
    "columns. Bad: PC1 like the others or another factor (chips of different sampling are then combined in "
    "the wrong proportion), a chip missing, large holes (wrong DQ bits)."
)


def drizzle_figures(inputs: Inputs, exposures: Sequence[str], *, root: str) -> Iterator[Illustration]:
    """Draw the combined image and the weights of single exposures.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures`` and ``drizzle-flt``.
    exposures : sequence of str
        Rootnames.
    root : str
        Root of the combined image.
    """
    yield _combined(drizzled_image(inputs, "drizzle-flt", f"{root}_dr?"), root)
    for ending, some in batches(exposures):
        names = ", ".join(some)
        maps = [_weights(inputs, name) for name in some]
        yield Illustration(
            figure="weight-map",
            name=f"weight-map{ending}",
            title=f"Weights of single exposures: {names}",
            caption=_WEIGHTS,
            alt=f"Weight maps of {names} with outlines and median weights of the chips.",
            drawing=weight_maps(maps, planetary="PC1", expected=EXPECTED_WEIGHT_RATIO),
        )


def _combined(image: DrizzledImage, root: str) -> Illustration:
    return Illustration(
        figure="drizzled",
        name="drizzled",
        title=f"The combined image {root} and its weight",
        caption=_COMBINED,
        alt="The combined drizzled image with compass and scale bar, and beside it its weight image.",
        drawing=drizzled_pair(image.science, image.weight, image.frame),
    )


def _weights(inputs: Inputs, exposure: str) -> WeightMap:
    image = drizzled_image(inputs, "drizzle-flt", f"{exposure}*_single")
    path = inputs.products["exposures"] / f"{exposure}_flt.fits"
    return weight_map(exposure, image.weight, exposure_footprints(path, image.wcs))
