"""Figures of what was drizzled from FLTs: the combined image, and the weights of single exposures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubble_qa.checks.images.drizzled import EXPECTED_WEIGHT_RATIO
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.reports.figures.captions import joined, listed
from hubble_qa.reports.figures.footprints import exposure_footprints
from hubble_qa.reports.figures.illustration import Illustration, batches
from hubble_qa.reports.figures.mosaics import WeightMap, drizzled_pair, weight_map, weight_maps
from hubble_qa.reports.figures.products import DrizzledImage, drizzled_image
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["drizzle_figures"]

# By which combined images are judged.
_IMAGE = ("AST-015", "DRZ-001", "DRZ-004", "PHT-008")

_COMBINED = (
    "Combined FLT image (bright is dark, asinh stretch) and its weight; blue: no pixels. Good: round, single "
    "stars, one sky level over all chips, weights that add up where exposures overlap. Bad: doubled or "
    "stretched stars (alignment), steps of the sky at chips' edges (normalisation), holes within chips, an "
    "image that fills little of its frame."
)
_WEIGHTS = (
    "Weight images of single drizzled FLTs, with the outlines within which the chips' weights are judged. "
    f"Good: the WF chips alike, and PC1 {EXPECTED_WEIGHT_RATIO:.2f} times as high, the ratio of the "
    "pixels' areas; thin dark lines are bad columns. Bad: PC1 like the others or another factor (chips of "
    "different sampling are then combined in the wrong proportion), a chip missing, large holes (wrong DQ "
    "bits)."
)


def drizzle_figures(
    inputs: Inputs, exposures: Sequence[str], *, root: str, image: str, verdicts: Verdicts
) -> Iterator[Illustration]:
    """Draw the combined image and the weights of single exposures.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures`` and ``drizzle-flt``.
    exposures : sequence of str
        Rootnames.
    root : str
        Root of the combined image.
    image : str
        What verdicts call it.
    verdicts : Verdicts
        On combined images, and on the exposures' weights.
    """
    yield _combined(drizzled_image(inputs, "drizzle-flt", f"{root}_dr?"), root, image, verdicts)
    for ending, some in batches(exposures):
        names = ", ".join(some)
        maps = [_weights(inputs, name, verdicts) for name in some]
        yield Illustration(
            figure="weight-map",
            name=f"weight-map{ending}",
            title=f"Weights of single exposures: {names}",
            caption=joined(listed(verdicts, "PHT-007", some), _WEIGHTS),
            alt=f"Weight maps of {names} with outlines of the chips.",
            drawing=weight_maps(maps, planetary="PC1", expected=EXPECTED_WEIGHT_RATIO),
            subject=some[0] if len(some) == 1 else "",
        )


def _combined(image: DrizzledImage, root: str, subject: str, verdicts: Verdicts) -> Illustration:
    others = (
        listed(verdicts, criterion, [each for each in verdicts.of(criterion) if each != subject])
        for criterion in _IMAGE
    )
    return Illustration(
        figure="drizzled",
        name="drizzled",
        title=f"The combined image {root} and its weight",
        caption=joined(verdicts.sentence(subject, _IMAGE), *others, _COMBINED),
        alt="The combined drizzled image with compass and scale bar, and beside it its weight image.",
        drawing=drizzled_pair(image.science, image.weight, image.frame),
        subject=subject,
    )


def _weights(inputs: Inputs, exposure: str, verdicts: Verdicts) -> WeightMap:
    image = drizzled_image(inputs, "drizzle-flt", f"{exposure}*_single")
    path = inputs.products["exposures"] / f"{exposure}_flt.fits"
    chips = exposure_footprints(path, image.wcs)
    return weight_map(exposure, image.weight, chips, verdicts.get("PHT-007", exposure))
