"""Stage that draws the dark part of a target's light in finished images, as their author has it measured."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage
from hubble_qa.reports.figures.drawn_files import DrawnFiles
from hubble_qa.reports.figures.verdicts import Verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hubble_qa.reports.figures.illustration import Illustration

__all__ = ["DarkFractionSettings", "draw_dark_fraction_handed_in"]

_FRACTION = "DRK-002"
_IMAGES = (
    "The image and that of its darks on one logarithmic stretch, smoothed by 6 pixels; red: "
    "the aperture. Good: the same glow on both, the target on the left alone, within the aperture. Bad: a "
    "glow that the dark lacks or exceeds (another night's dark), a dark turned or mirrored against the "
    "detector's features, an aperture beside its target."
)
_RATES = (
    "Left: rates in the aperture, with Poisson errors, of the image, of its darks and their difference. "
    "Right: the dark's part of the light; the tinted range is accepted. Bad: a fraction near 0 where the "
    "detector was warm."
)


class DarkFractionSettings(Settings):
    """Settings of stage ``handed-in-dark-fraction``.

    Attributes
    ----------
    image, dark : str
        Paths of the image and of that of its darks below the products' directory.
    ra, dec, radius : float
        The aperture: ICRS centre, degrees, and radius, arcsec.
    label : str
        What verdicts call it.
    number : int
        Distinguishes the figures' files from others.
    stamps : tuple of str
        Size and time of each file.
    verdicts : Verdicts
        On the dark part.
    """

    image: str
    dark: str
    ra: float
    dec: float
    radius: float
    label: str
    number: int
    stamps: tuple[str, ...]
    verdicts: Verdicts = Verdicts()


@stage("handed-in-dark-fraction", tools=("matplotlib",), background=True)
def draw_dark_fraction_handed_in(inputs: Inputs, output: Path, settings: DarkFractionSettings) -> None:
    """Draw an image and that of its darks with the aperture, and the rates in it."""
    from hubble_qa.checks.evidence.apertures import aperture_on, aperture_rate
    from hubble_qa.checks.readers import read_drizzled
    from hubble_qa.fixtures.reduction.dark_rate.apertures import Ellipse
    from hubble_qa.reports.figures.captions import caption
    from hubble_qa.reports.figures.drawable import those_that_can_be_drawn
    from hubble_qa.reports.figures.illustration import Illustration, publish
    from hubble_qa.reports.figures.products import DrizzledImage
    from hubble_qa.reports.figures.sbc_images import (
        ApertureImage,
        ApertureRates,
        dark_budget,
        science_and_dark,
    )

    place, subject = DrawnFiles(inputs), settings.label
    where = (settings.ra, settings.dec, settings.radius)
    judged = settings.verdicts.get(_FRACTION, subject)
    paths = {"image": place / settings.image, "darks": place / settings.dark}

    def figures() -> Iterator[Illustration]:
        drawn, ellipses = {}, {}
        for title, path in paths.items():
            drawn[title] = DrizzledImage(read_drizzled(path))
            x, y, radius = aperture_on(path, *where)
            ellipses[title] = Ellipse(x=x, y=y, a=radius, b=radius)
        yield Illustration(
            figure="dark-images",
            name=f"dark-images-{settings.number}",
            title=f"{subject}: image and darks",
            caption=_IMAGES,
            alt="The drizzled image and the drizzled darks, with a circle on each.",
            drawing=science_and_dark(
                [
                    ApertureImage(title, image.science, image.weight, [ellipses[title]])
                    for title, image in drawn.items()
                ],
                drawn["image"].frame,
            ),
            subject=subject,
        )
        science, dark = (aperture_rate(path, *where) for path in paths.values())
        net = (science[0] - dark[0], math.hypot(science[1], dark[1]))
        rates = ApertureRates("target", ellipses["image"], science, dark, net)
        yield Illustration(
            figure="dark-fraction",
            name=f"dark-fraction-{settings.number}",
            title=f"The dark in the light of {subject}",
            caption=caption(settings.verdicts, (subject,), (_FRACTION,), _RATES),
            alt="Rates in the aperture" + ("." if judged is None else f"; dark fraction {judged.number}."),
            drawing=dark_budget([rates], judged, None),
            subject=subject,
        )

    publish(those_that_can_be_drawn(figures()), output)
