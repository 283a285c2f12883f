"""Figures of offsets: of sources from a catalogue, and of one image's sources from another's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.source_pairs import SourcePairs
from hubble_qa.reports.figures.captions import joined
from hubble_qa.reports.figures.figure_data import PlotColumn
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.offsets import Offsets, offset_maps, offset_points
from hubble_qa.reports.figures.residual_points import values
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

__all__ = ["Sources", "catalog_figure", "mutual_figure"]

_OFFSET, _VARIATION, _EPOCH = "AST-012", "AST-017", "AST-025"

_CATALOG = (
    "Sources found afresh, by the coordinates that the file carries now, less the catalogue's positions at "
    "the exposure's epoch; no fit has a part in it. Left: every source; cross: their median; dashes: how "
    "long it may be. Right: medians over parts of the field; an arrow may be as long as the one above. Good: "
    "the cross in the middle, arrows hardly to be seen. Bad: a cloud beside the middle (a catalogue of "
    "another epoch, a shift after the fit), arrows that swirl (rotation) or point out of a centre (scale), "
    "arrows of one part of the field only (a chip out of place)."
)


class Sources(NamedTuple):
    """Sources that were found.

    Attributes
    ----------
    sky : ndarray, shape (n, 2)
        Right ascension and declination, degrees.
    pixels : ndarray, shape (n, 2), or None
        x and y, counted from 0.
    chip : ndarray of int, shape (n,), or None
        EXTVER of the chip that each is on.
    """

    sky: NDArray[np.float64]
    pixels: NDArray[np.float64] | None = None
    chip: NDArray[np.int64] | None = None


def catalog_figure(
    pairs: SourcePairs, found: Sources, catalog: str, subject: str, title: str, verdicts: Verdicts
) -> Illustration:
    """Draw the offsets of a file's sources from a catalogue.

    Parameters
    ----------
    pairs : SourcePairs
        Its sources, paired with the catalogue's.
    found : Sources
        All its sources.
    catalog, title : str
        What figures call the catalogue and the file.
    subject : str
        What verdicts call the file.
    verdicts : Verdicts
        On its offset from the catalogue.
    """
    offset = verdicts.get(_OFFSET, subject)
    drawn = Offsets(
        pairs.positions,
        pairs.offsets,
        None if offset is None else offset.bounds.upper,
        _words("median offset", offset),
        _words("largest departure", verdicts.get(_VARIATION, subject)),
    )
    sentence = verdicts.sentence(subject, (_OFFSET, _VARIATION, _EPOCH))
    seen = f"Cloud of offsets of {title} from {catalog} in RA and Dec, and a map of their medians."
    return Illustration(
        figure="catalog-offsets",
        name=f"catalog-offsets-{subject.replace('/', '-')}",
        title=f"Offsets of {title} from {catalog}",
        caption=joined(sentence, _CATALOG),
        alt=joined(seen, sentence),
        drawing=offset_maps(drawn, title=f"{title} less {catalog}: {len(pairs)} sources"),
        points=offset_points(drawn, _columns(found, pairs), name=f"on {title}"),
        subject=subject,
    )


def mutual_figure(
    pairs: SourcePairs,
    found: Sources,
    files: tuple[str, str],
    *,
    figure: str,
    name: str,
    subject: str,
    judged: tuple[str, Shown | None],
    bound: float | None,
    sentence: str,
    words: str,
) -> Illustration:
    """Draw the offsets of the sources of one file from those of another.

    Parameters
    ----------
    pairs : SourcePairs
        Sources of the first, paired with those of the second.
    found : Sources
        All sources of the first.
    files : (str, str)
        What figures call them.
    figure, name, subject
        As of an `Illustration`.
    judged : (str, Shown or None)
        What was judged, in a few words, and the verdict.
    bound : float or None
        Largest accepted length, mas.
    sentence, words : str
        The verdict in words; what to look for, and what would be wrong.
    """
    first, second = files
    drawn = Offsets(pairs.positions, pairs.offsets, bound, _words(*judged), "medians over the field")
    seen = f"Cloud of offsets of {first} from {second} in RA and Dec, and a map of their medians."
    return Illustration(
        figure=figure,
        name=name,
        title=f"Offsets of {first} from {second}",
        caption=joined(sentence, words),
        alt=joined(seen, sentence),
        drawing=offset_maps(drawn, title=f"{first} less {second}: {len(pairs)} sources"),
        points=offset_points(drawn, _columns(found, pairs), name=f"on {first}"),
        subject=subject,
    )


def _words(quantity: str, shown: Shown | None) -> str:
    return quantity if shown is None else f"{quantity} {shown.number}"


def _columns(found: Sources, pairs: SourcePairs) -> Iterator[tuple[str, PlotColumn]]:
    """What is told of each pair: the source, its pixel and place, the catalogue's row."""
    rows = pairs.first
    yield "row", PlotColumn(label="source", values=values(rows + 1, 0))
    if found.chip is not None:
        yield "chip", PlotColumn(label="SCI", values=values(found.chip[rows], 0))
    if found.pixels is not None:
        for name, pixels in zip("xy", found.pixels[rows].T, strict=True):
            yield name, PlotColumn(label=name, decimals=2, values=values(pixels + 1.0, 2))
    for name, label, degrees in zip(("ra", "dec"), ("RA", "Dec"), found.sky[rows].T, strict=True):
        yield name, PlotColumn(label=label, unit="deg", decimals=6, values=values(degrees, 6))
    yield "reference", PlotColumn(label="paired with", values=values(pairs.second + 1, 0))
