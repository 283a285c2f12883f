"""Figures of drizzled images, and of the dark part of their light."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hubble_qa.checks.evidence.drizzled import drizzled_in
from hubble_qa.checks.readers import ReaderError
from hubble_qa.checks.readers.drizzled import weight_names
from hubble_qa.fixtures.finished.files import FinishedFile, Kind
from hubble_qa.fixtures.finished.subjects import Chip, DarkSubject
from hubble_qa.reports.drawings.drawing import Drawing
from hubble_qa.reports.drawings.series import Handed, Series, stamps
from hubble_qa.reports.figures.handed_in import draw_image_handed_in
from hubble_qa.reports.figures.handed_in_darks import draw_dark_fraction_handed_in
from hubble_qa.reports.figures.image_criteria import EXPOSURES, FLUXES, IMAGE

__all__ = ["IMAGES"]


def _images(handed: Handed) -> Sequence[FinishedFile]:
    return handed.judged.of(Kind.IMAGE)


def _inputs(handed: Handed, image: FinishedFile) -> Mapping[str, FinishedFile]:
    """The exposures that an image combines, those that are there, by label.

    Of a planned image of which only its header will tell, all that it may combine.
    """
    if handed.directory is None and not image.exposures:
        exposures = handed.judged.of(Kind.EXPOSURE)
        return {file.label: file for file in exposures if file.detector == image.detector}
    if handed.directory is None:
        names = [handed.judged.exposure(name, beside=image.path) for name in image.exposures]
        return {file.label: file for file in names if file is not None}
    try:
        found = handed.judged.inputs(drizzled_in(image.path, label=image.label), beside=image.path)
    except ReaderError:
        return {}
    return {file.label: file for file in found.values() if file is not None}


def _draw(handed: Handed, files: Sequence[FinishedFile], number: int) -> Iterator[Drawing]:
    for image in files:
        beside = [image.path.with_name(name) for name in weight_names(image.path.name)]
        inputs = _inputs(handed, image)
        chips = tuple(
            str(each)
            for each in handed.judged.axes["image_chip"]
            if isinstance(each, Chip) and each.file.label == image.label
        )
        yield Drawing(
            f"image-figure-{number}",
            draw_image_handed_in,
            handed.upstream(image.path, *(file.path for file in inputs.values())),
            {
                "image": handed.below(image.path),
                "label": image.label,
                "exposures": handed.paths(inputs.values()),
                "number": number,
                "stamps": stamps([image.path, *beside, *(file.path for file in inputs.values())]),
            },
            {
                **dict.fromkeys(IMAGE, (image.label, f"chips of {image.label}")),
                **dict.fromkeys(EXPOSURES, tuple(inputs)),
                FLUXES: chips,
            },
            handed.locations,
        )


def _apertures(handed: Handed) -> Sequence[DarkSubject]:
    return [each for each in handed.judged.dark_apertures if each.dark is not None]


def _draw_darks(handed: Handed, subjects: Sequence[DarkSubject], number: int) -> Iterator[Drawing]:
    for subject in subjects:
        if subject.dark is None:
            continue
        aperture, images = subject.aperture, (subject.image, subject.dark)
        weights = [file.path.with_name(name) for file in images for name in weight_names(file.path.name)]
        yield Drawing(
            f"dark-fraction-figures-{number}",
            draw_dark_fraction_handed_in,
            handed.upstream(*(file.path for file in images)),
            {
                "image": handed.below(subject.image.path),
                "dark": handed.below(subject.dark.path),
                "ra": aperture.ra,
                "dec": aperture.dec,
                "radius": aperture.radius,
                "label": str(subject),
                "number": number,
                "stamps": stamps([*(file.path for file in images), *weights]),
            },
            {"DRK-002": (str(subject),)},
            handed.locations,
        )


IMAGES = (
    Series("drizzled images", _images, _draw),
    Series("apertures of dark fractions", _apertures, _draw_darks),
)
