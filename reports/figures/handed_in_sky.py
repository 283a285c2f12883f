"""Stages that draw offsets of finished products: from a catalogue, and of images from one another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage
from hubble_qa.reports.figures.drawn_files import DrawnFiles
from hubble_qa.reports.figures.verdicts import Verdicts

if TYPE_CHECKING:
    from hubble_qa.reports.figures.illustration import Illustration

__all__ = [
    "CATALOG_PLACE",
    "ImageOffsetSettings",
    "OffsetSettings",
    "draw_image_offsets_handed_in",
    "draw_offsets_handed_in",
]

CATALOG_PLACE = "catalog"
"""Name of the location, or of the product, that is the catalogue."""

_SEPARATION = "AST-023"
_IMAGES = (
    "The same sources on two drizzled images, each by its own coordinates. Left: every source; cross: the "
    "median; dashes: how long it may be. Right: medians over parts of the field; an arrow may be as long as "
    "the one above. Good: a cloud about the middle, arrows hardly to be seen. Bad: a cloud beside it (the "
    "guide stars' errors of two visits: align the exposures of both to one another, then drizzle again), "
    "arrows that swirl (rotation)."
)


class OffsetSettings(Settings):
    """Settings of stage ``handed-in-offsets``.

    Attributes
    ----------
    file : str
        Path of the exposure or drizzled image below the products' directory.
    companion : str
        Path of the C1M of a C0M; empty where there is none.
    drizzled : bool
        Whether it is a drizzled image.
    label, catalog : str
        What verdicts call the file, and figures the catalogue.
    stamps : tuple of str
        Size and time of each file.
    verdicts : Verdicts
        On the file.
    """

    file: str
    companion: str
    drizzled: bool
    label: str
    catalog: str
    stamps: tuple[str, ...]
    verdicts: Verdicts = Verdicts()


class ImageOffsetSettings(Settings):
    """Settings of stage ``handed-in-image-offsets``.

    Attributes
    ----------
    pairs : tuple of (str, str)
        Labels of images that overlap.
    images : mapping of str to str
        Their paths below the products' directory, by label.
    stamps : tuple of str
        Size and time of each file.
    verdicts : Verdicts
        On the pairs.
    """

    pairs: tuple[tuple[str, str], ...]
    images: dict[str, str]
    stamps: tuple[str, ...]
    verdicts: Verdicts = Verdicts()


@stage("handed-in-offsets", tools=("matplotlib",), background=True)
def draw_offsets_handed_in(inputs: Inputs, output: Path, settings: OffsetSettings) -> None:
    """Draw a file's offsets from the catalogue; none where too few sources let nothing be told."""
    from hubble_qa.checks.evidence.sky_sources import from_catalog
    from hubble_qa.fixtures.stages.catalog import CATALOG
    from hubble_qa.reports.figures.captions import is_rejected
    from hubble_qa.reports.figures.drawable import those_that_can_be_drawn
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.offset_figures import Sources, catalog_figure

    place, label, verdicts = DrawnFiles(inputs), settings.label, settings.verdicts
    judged = [verdicts.get(criterion, label) for criterion in ("AST-012", "AST-017")]
    told = any(each is None or each.value is not None or is_rejected(each) for each in judged)
    product = inputs.products.get(CATALOG_PLACE)
    catalog = product / CATALOG if product is not None else Path(inputs.locations[CATALOG_PLACE])

    def figures() -> Iterator[Illustration]:
        pairs, found = from_catalog(
            place / settings.file,
            catalog,
            companion=place / settings.companion if settings.companion else None,
            drizzled=settings.drizzled,
        )
        chips = None if settings.drizzled else found.chip
        yield catalog_figure(
            pairs, Sources(found.sky, found.pixels, chips), settings.catalog, label, label, verdicts
        )

    publish(those_that_can_be_drawn(figures() if told else ()), output)


@stage("handed-in-image-offsets", tools=("matplotlib",), background=True)
def draw_image_offsets_handed_in(inputs: Inputs, output: Path, settings: ImageOffsetSettings) -> None:
    """Draw the offsets of drizzled images that overlap; none of pairs that share too few sources."""
    from hubble_qa.checks.astrometry.registration import separation_unit
    from hubble_qa.checks.evidence.sky_sources import image_scale, shared_sources, sources_in_image
    from hubble_qa.reports.figures.drawable import readable
    from hubble_qa.reports.figures.illustration import publish
    from hubble_qa.reports.figures.offset_figures import Sources, mutual_figure

    place, verdicts = DrawnFiles(inputs), settings.verdicts
    subjects = {f"{first} / {second}": (first, second) for first, second in settings.pairs}

    def figure(subject: str) -> Illustration:
        first, second = (place / settings.images[label] for label in subjects[subject])
        shown, found = verdicts.get(_SEPARATION, subject), sources_in_image(first)
        upper = None if shown is None else shown.bounds.upper
        return mutual_figure(
            shared_sources(first, second),
            Sources(found.sky, found.pixels),
            subjects[subject],
            figure="image-offsets",
            name=f"image-offsets-{[*subjects].index(subject) + 1}",
            subject=subject,
            judged=("separation", shown),
            bound=None if upper is None else upper * separation_unit(image_scale(first, second)),
            sentence=verdicts.sentence(subject, (_SEPARATION,)),
            words=_IMAGES,
        )

    told = [each for each in subjects if _has_number(verdicts, each)]
    publish(readable(told, figure).values(), output)


def _has_number(verdicts: Verdicts, subject: str) -> bool:
    shown = verdicts.get(_SEPARATION, subject)
    return shown is None or shown.value is not None
