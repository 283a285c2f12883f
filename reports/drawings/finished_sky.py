"""Figures of finished products' offsets: from a catalogue, and of drizzled images from one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from hubble_qa.fixtures.finished.files import FinishedFile, Kind
from hubble_qa.fixtures.finished.sky_fields import fields_of
from hubble_qa.fixtures.finished.subjects import ImagePair
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.supplies.supply_finished import catalog_node_name
from hubble_qa.reports.drawings.drawing import Drawing
from hubble_qa.reports.drawings.series import MOST, Handed, Series, stamps
from hubble_qa.reports.figures.catalog_names import CATALOG_NAMES
from hubble_qa.reports.figures.handed_in_sky import (
    CATALOG_PLACE,
    draw_image_offsets_handed_in,
    draw_offsets_handed_in,
)

__all__ = ["SKY"]

_CRITERIA = ("AST-012", "AST-017", "AST-025")


def _exposures(handed: Handed) -> Sequence[FinishedFile]:
    return _placed(handed, Kind.EXPOSURE)


def _images(handed: Handed) -> Sequence[FinishedFile]:
    return _placed(handed, Kind.IMAGE)


def _placed(handed: Handed, kind: Kind) -> Sequence[FinishedFile]:
    """Files of a kind that are compared with a catalogue."""
    if not handed.catalog:
        return ()
    files = handed.judged.axes["placed_file"]
    return [file for file in files if isinstance(file, FinishedFile) and file.kind is kind]


def _catalog_node(handed: Handed, file: FinishedFile) -> Node | None:
    """The node with the catalogue of a file's field; None where the catalogue is a file, or there is none."""
    if handed.directory is None:
        return handed.plan.nodes.get(handed.judged.catalog)
    field = fields_of(handed.judged.circles).get(file.label)
    return handed.plan.nodes.get(catalog_node_name(field)) if field is not None else None


def _draw(handed: Handed, files: Sequence[FinishedFile], number: int) -> Iterator[Drawing]:
    for file in files:
        service = handed.directory is None or handed.catalog in CATALOG_NAMES
        node = _catalog_node(handed, file) if service else None
        if service and node is None:
            continue
        own = [] if service else [Path(handed.catalog)]
        companion = handed.judged.sibling(file, "c1m") if file.suffix == "c0m" else None
        others = [companion.path] if companion is not None else []
        yield Drawing(
            f"offset-figures-{file.kind.name.lower()}-{number}",
            draw_offsets_handed_in,
            {
                **handed.upstream(file.path, *others),
                **({} if node is None else {CATALOG_PLACE: node}),
            },
            {
                "file": handed.below(file.path),
                "companion": handed.below(companion.path) if companion is not None else "",
                "drizzled": file.kind is Kind.IMAGE,
                "label": file.label,
                "catalog": CATALOG_NAMES.get(handed.catalog, Path(handed.catalog).name),
                "stamps": stamps([file.path, *others, *own]),
            },
            dict.fromkeys(_CRITERIA, (file.label,)),
            {**handed.locations, **dict.fromkeys([CATALOG_PLACE] if own else [], handed.catalog)},
        )


def _pairs(handed: Handed) -> Sequence[ImagePair]:
    return [each for each in handed.judged.axes["image_pair"] if isinstance(each, ImagePair)]


def _draw_pairs(handed: Handed, pairs: Sequence[ImagePair], number: int) -> Iterator[Drawing]:
    files = {file.label: file for pair in pairs for file in (pair.first, pair.second)}
    yield Drawing(
        f"image-offset-figures-{number}",
        draw_image_offsets_handed_in,
        handed.upstream(*(file.path for file in files.values())),
        {
            "pairs": tuple((pair.first.label, pair.second.label) for pair in pairs),
            "images": handed.paths(files.values()),
            "stamps": stamps(file.path for file in files.values()),
        },
        {"AST-023": tuple(map(str, pairs))},
        handed.locations,
    )


SKY = (
    # Together, because each image is in several pairs, and its sources are found once.
    Series("pairs of drizzled images", _pairs, _draw_pairs, together=MOST),
    Series("exposures beside the catalogue", _exposures, _draw),
    Series("drizzled images beside the catalogue", _images, _draw),
)
