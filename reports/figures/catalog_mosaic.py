"""The figure of the image that exposures aligned to a catalogue were combined into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.reports.figures.captions import joined, listed
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.mosaics import drizzled_pair
from hubble_qa.reports.figures.products import drizzled_image
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["mosaic_figures"]

# By which the image is judged, and the cosmic rays found in its exposures.
_IMAGE = ("AST-015", "DRZ-001", "DRZ-004", "DRZ-005", "DRZ-006", "PHT-008")
_EXPOSURES = ("DRZ-002", "DRZ-003")

_COMBINED = (
    "Combined image (bright is dark, asinh stretch) and its weight; blue: no pixels. Good: round, single "
    "stars, one sky level over all chips, weights that add up where exposures overlap, no cosmic rays there. "
    "Bad: doubled or stretched stars (alignment), steps of the sky at chips' edges, stars with holes in "
    "them (rejected as cosmic rays), holes within chips, an image that fills little of its frame. Where "
    "one exposure alone saw the sky, cosmic rays remain."
)


def mosaic_figures(
    inputs: Inputs, exposures: Sequence[str], *, root: str, image: str, verdicts: Verdicts
) -> Iterator[Illustration]:
    """Draw the combined image and its weights.

    Parameters
    ----------
    inputs : Inputs
        With product ``drizzled``.
    exposures : sequence of str
        Rootnames of those that were combined.
    root : str
        Root of the combined image's file.
    image : str
        What verdicts call it.
    verdicts : Verdicts
        On the image, and on the cosmic rays of its exposures.
    """
    drizzled = drizzled_image(inputs, "drizzled", f"{root}_dr?")
    unit = str(drizzled.drizzled.keyword("BUNIT", "")).lower().replace("/s", " / s")
    of_exposures = (listed(verdicts, criterion, exposures) for criterion in _EXPOSURES)
    yield Illustration(
        figure="drizzled",
        name="drizzled",
        title=f"The combined image {root} and its weight",
        caption=joined(
            verdicts.sentence(image, _IMAGE), *of_exposures, f"{' + '.join(exposures)}. {_COMBINED}"
        ),
        alt="The combined drizzled image with compass and scale bar, and beside it its weight image.",
        drawing=drizzled_pair(drizzled.science, drizzled.weight, drizzled.frame, unit=unit or "counts / s"),
        subject=image,
    )
