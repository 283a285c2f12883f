"""Stages that draw fits and drizzled images of any products: handed in, or of a reduction.

Files that were handed in are no products of the store: settings hold the size and time of each, so that what
has changed is drawn again. A file that cannot be drawn costs its own figure; what is wrong with it, verdicts
say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage
from hubble_qa.reports.figures.drawn_files import DrawnFiles
from hubble_qa.reports.figures.image_criteria import EXPOSURES, FLUXES, IMAGE
from hubble_qa.reports.figures.verdicts import Verdicts

if TYPE_CHECKING:
    from hubble_qa.checks.readers import Drizzled
    from hubble_qa.reports.figures.illustration import Illustration

__all__ = ["FitsSettings", "ImageSettings", "draw_fits_handed_in", "draw_image_handed_in"]

_COMBINED = (
    "Bright is dark, asinh stretch, and the weight beside it; blue: no pixels. Good: round, single stars, "
    "one sky level over all chips, weights that add up where exposures overlap. Bad: doubled or stretched "
    "stars (alignment), steps of the sky at chips' edges, stars with holes (rejected as cosmic rays), holes "
    "within chips."
)


class FitsSettings(Settings):
    """Settings of stage ``handed-in-fits``.

    Attributes
    ----------
    shifts : str
        Path of the shift file below the products' directory; match files and the frame lie beside it.
    others : tuple of str
        Other shift files in its directory.
    label : str
        What verdicts call it.
    exposures : mapping of str to str
        Paths of the exposures by the names of their rows.
    several : bool
        Whether other shift files are among the products, so that titles name this one.
    stamps : tuple of str
        Size and time of each file.
    verdicts : Verdicts
        On its rows.
    """

    shifts: str
    others: tuple[str, ...]
    label: str
    exposures: Mapping[str, str]
    several: bool
    stamps: tuple[str, ...]
    verdicts: Verdicts = Verdicts()


class ImageSettings(Settings):
    """Settings of stage ``handed-in-image``.

    Attributes
    ----------
    image : str
        Path of the drizzled image below the products' directory.
    label : str
        What verdicts call it.
    exposures : mapping of str to str
        Paths of the exposures that it combines or may combine, those that are there, by what verdicts call
        them.
    number : int
        Distinguishes its file from those of other images.
    stamps : tuple of str
        Size and time of each file.
    verdicts : Verdicts
        On the image and its exposures.
    """

    image: str
    label: str
    exposures: Mapping[str, str]
    number: int
    stamps: tuple[str, ...]
    verdicts: Verdicts = Verdicts()


@stage("handed-in-fits", tools=("matplotlib",), background=True)
def draw_fits_handed_in(inputs: Inputs, output: Path, settings: FitsSettings) -> None:
    """Draw residuals and matched sources of a shift file's fits, of those rows that have a match file."""
    from hubble_qa.reports.figures.drawable import those_that_can_be_drawn
    from hubble_qa.reports.figures.fits import fitted_exposures, residual_figures
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.matched_figures import matched_figure

    place = DrawnFiles(inputs)
    exposures = {name: place / path for name, path in settings.exposures.items()}

    def figures() -> Iterator[Illustration]:
        found = fitted_exposures(
            place / settings.shifts,
            exposures,
            label=settings.label,
            title="{name}" + (f" by {settings.label}" if settings.several else ""),
            file="{name}",
            others=tuple(place / other for other in settings.others),
        )
        for fitted, frame in found:
            drawn = residual_figures(fitted, frame, settings.verdicts, relative=fitted.fit.shifts.relative)
            yield from those_that_can_be_drawn(drawn)
            path = exposures[fitted.name]
            if path.is_file():
                # Not before its own turn: what of it cannot be read leaves the others' figures.
                matched = (matched_figure(fitted, each, settings.verdicts) for each in [path])
                yield from those_that_can_be_drawn(matched)

    publish(those_that_can_be_drawn(figures()), output)


def _combined(image: Drizzled, exposures: Mapping[str, str]) -> dict[str, str]:
    """Those of some exposures that a drizzled image names as its inputs."""
    from hubble_qa.checks.evidence.headers import input_names
    from hubble_qa.checks.readers.compressed import name_to_match

    named = set(map(name_to_match, input_names(image)))
    return {label: path for label, path in exposures.items() if name_to_match(path) in named}


@stage("handed-in-image", tools=("matplotlib",), background=True)
def draw_image_handed_in(inputs: Inputs, output: Path, settings: ImageSettings) -> None:
    """Draw a drizzled image and its weight, with the outlines of its exposures that are there."""
    from hubble_qa.checks.readers import read_drizzled
    from hubble_qa.reports.figures.captions import listed
    from hubble_qa.reports.figures.drawable import those_that_can_be_drawn
    from hubble_qa.reports.figures.drizzled_figures import drizzled_figure
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.products import DrizzledImage

    place, label, verdicts = DrawnFiles(inputs), settings.label, settings.verdicts
    of_chips = [each for each in verdicts.of(FLUXES) if each.startswith(f"{label} ")]

    def figures() -> Iterator[Illustration]:
        drizzled = read_drizzled(place / settings.image, label=label)
        exposures = _combined(drizzled, settings.exposures)
        of_exposures = (listed(verdicts, criterion, exposures) for criterion in EXPOSURES)
        yield drizzled_figure(
            DrizzledImage(drizzled),
            [place / path for path in exposures.values()],
            name=f"drizzled-{settings.number}",
            title=f"{label} and its weight",
            subject=label,
            sentences=(
                verdicts.sentence(label, IMAGE),
                *(listed(verdicts, criterion, [f"chips of {label}"]) for criterion in IMAGE),
                listed(verdicts, FLUXES, of_chips),
                *of_exposures,
            ),
            words=_COMBINED,
        )

    publish(those_that_can_be_drawn(figures()), output)
