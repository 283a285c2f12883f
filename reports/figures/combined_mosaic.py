"""The figure of the image that exposures were combined into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.reduction.dark_rate.frames import read_association
from hubble_qa.reports.figures.captions import listed
from hubble_qa.reports.figures.drizzled_figures import drizzled_figure
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.image_criteria import EXPOSURES, FLUXES, IMAGE
from hubble_qa.reports.figures.products import drizzled_image
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["mosaic_figures"]

# Exposures that a caption names.
_NAMED = 4

_COMBINED = (
    "Combined image (asinh stretch) and its weight; blue: no pixels. Good: round, single "
    "stars, one sky level over all chips, weights that add up where exposures overlap, no cosmic rays there. "
    "Bad: doubled or stretched stars (alignment), steps of the sky at chips' edges, stars with holes in "
    "them (rejected as cosmic rays), holes within chips, an image that fills little of its frame. Where "
    "one exposure alone saw the sky, cosmic rays remain."
)


def mosaic_figures(
    inputs: Inputs,
    exposures: Sequence[str],
    *,
    suffix: str,
    root: str,
    image: str,
    verdicts: Verdicts,
    association: str = "",
) -> Iterator[Illustration]:
    """Draw the combined image and its weights.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures`` and ``drizzled``.
    exposures : sequence of str
        Rootnames of those that were combined; of none, those of the association.
    suffix : str
        Suffix of their files.
    root : str
        Root of the combined image's file.
    image : str
        What verdicts call it.
    verdicts : Verdicts
        On the image, and on the cosmic rays of its exposures.
    association : str
        Whose table, beside the exposures, names them.
    """
    drizzled = drizzled_image(inputs, "drizzled", f"{root}_dr?")
    directory = inputs.products["exposures"]
    names = exposures or read_association(directory / f"{association}_asn.fits")
    chips = listed(verdicts, FLUXES, [each for each in verdicts.of(FLUXES) if each.startswith(image)])
    of_exposures = (listed(verdicts, criterion) for criterion in EXPOSURES)
    yield drizzled_figure(
        drizzled,
        [directory / f"{name}_{suffix}.fits" for name in names],
        name=f"drizzled-{root}",
        title=f"The combined image {root} and its weight",
        subject=image,
        sentences=(verdicts.sentence(image, IMAGE), chips, *of_exposures, f"{_combined_of(names)}."),
        words=_COMBINED,
    )


def _combined_of(names: Sequence[str]) -> str:
    return " + ".join(names) if len(names) <= _NAMED else f"{len(names)} exposures, {names[0]} to {names[-1]}"
