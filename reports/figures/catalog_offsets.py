"""Figures of sources found afresh: against the catalogue, and by one exposure against another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from astropy.table import Table

from hubble_qa.checks.astrometry.source_pairs import SourcePairs, pair_sources
from hubble_qa.checks.evidence.catalogs import Positions, catalog_positions
from hubble_qa.checks.evidence.detections import positions, sources, sources_of
from hubble_qa.checks.evidence.overlaps import overlapping
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.stages.catalog import CATALOG
from hubble_qa.fixtures.stages.detect import DRIZZLED_SOURCES, EXPOSURE_SOURCES
from hubble_qa.reports.figures.captions import joined
from hubble_qa.reports.figures.catalog_fits import CATALOG_NAMES
from hubble_qa.reports.figures.figure_data import PlotColumn
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.offsets import Offsets, offset_maps, offset_points
from hubble_qa.reports.figures.residual_points import values
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

__all__ = ["offset_figures"]

_OFFSET, _VARIATION, _DIFFERENCE = "AST-012", "AST-017", "WCS-003"

_CATALOG = (
    "Sources found afresh, by the coordinates that the file carries now, less the catalogue's positions at "
    "the exposure's epoch; no fit has a part in it. Left: every source; cross: their median; dashes: how "
    "long it may be. Right: medians over parts of the field; an arrow may be as long as the one above. Good: "
    "the cross in the middle, arrows hardly to be seen. Bad: a cloud beside the middle (a catalogue of "
    "another epoch, a shift after the fit), arrows that swirl (rotation) or point out of a centre (scale), "
    "arrows of one part of the field only (a chip out of place)."
)
_EXPOSURES = (
    "The same sources by two exposures, each by its own coordinates as drizzled. Left: every source; cross: "
    "the median; dashes: how long the median distance may be. Right: medians over parts of the field; an "
    "arrow may be as long as the one above. Good: a cloud about the middle, arrows hardly to be seen. Bad: a "
    "cloud beside it or arrows that swirl: stars of the drizzled image are then doubled or broad."
)


def offset_figures(
    inputs: Inputs,
    exposures: Sequence[str],
    *,
    suffix: str,
    catalog: str,
    singly: Sequence[str],
    image: str,
    verdicts: Verdicts,
) -> Iterator[Illustration]:
    """Draw offsets from the catalogue, combined and singly, and of exposures from one that overlaps them.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures``, ``accepted``, ``catalog``, ``detected`` and ``detected-singly``.
    exposures : sequence of str
        Rootnames of those that were combined.
    suffix : str
        Suffix of their files.
    catalog : str
        Which catalogue.
    singly : sequence of str
        Rootnames of all exposures, combined or not.
    image : str
        What verdicts call the combined image.
    verdicts : Verdicts
        On offsets from the catalogue, of the image and by rootname, and from another exposure, by rootname.
    """
    reference, name = inputs.products["catalog"] / CATALOG, CATALOG_NAMES.get(catalog, catalog)
    of_exposures = inputs.products["detected-singly"] / EXPOSURE_SOURCES

    def expected(exposure: str) -> Positions:
        return catalog_positions(reference, inputs.products["exposures"] / f"{exposure}_{suffix}.fits")

    found = sources(inputs.products["detected"] / DRIZZLED_SOURCES)
    yield _against_catalog(found, expected(exposures[0]), name, image, "the drizzled image", verdicts)
    for exposure in singly:
        found = sources_of(of_exposures, exposure)
        yield _against_catalog(found, expected(exposure), name, exposure, exposure, verdicts)
    for first, second in _overlaps(inputs.products["accepted"], suffix, singly, exposures):
        yield _between(of_exposures, first, second, verdicts)


def _overlaps(
    directory: Path, suffix: str, exposures: Sequence[str], combined: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Each exposure with the one of those combined that sees most of it, as positions are compared."""
    files = {name: directory / f"{name}_{suffix}.fits" for name in (*exposures, *combined)}
    for name in exposures:
        other = overlapping(files[name], {each: files[each] for each in combined if each != name})
        if other is not None:
            yield name, other


def _against_catalog(
    found: Table, expected: Positions, catalog: str, subject: str, title: str, verdicts: Verdicts
) -> Illustration:
    pairs = pair_sources(positions(found), expected)
    offset = verdicts.get(_OFFSET, subject)
    drawn = Offsets(
        pairs.positions,
        pairs.offsets,
        _upper(offset),
        _words("median offset", offset),
        _words("largest departure", verdicts.get(_VARIATION, subject)),
    )
    sentence = verdicts.sentence(subject, (_OFFSET, _VARIATION))
    seen = f"Cloud of offsets of {title} from {catalog} in RA and Dec, and a map of their medians."
    return Illustration(
        figure="catalog-offsets",
        name=f"catalog-offsets-{subject}",
        title=f"Offsets of {title} from {catalog}",
        caption=joined(sentence, _CATALOG),
        alt=joined(seen, sentence),
        drawing=offset_maps(drawn, title=f"{title} less {catalog}: {len(pairs)} sources"),
        points=offset_points(drawn, _pair_columns(found, pairs), name=f"on {title}"),
        subject=subject,
    )


def _between(table: Path, first: str, second: str, verdicts: Verdicts) -> Illustration:
    found = sources_of(table, first)
    pairs = pair_sources(positions(found), positions(sources_of(table, second)))
    distance = verdicts.get(_DIFFERENCE, first)
    drawn = Offsets(
        pairs.positions,
        pairs.offsets,
        _upper(distance),
        _words("median distance", distance),
        "medians over the field",
    )
    sentence = verdicts.sentence(first, (_DIFFERENCE,))
    seen = f"Cloud of offsets of {first} from {second} in RA and Dec, and a map of their medians."
    return Illustration(
        figure="exposure-offsets",
        name=f"exposure-offsets-{first}",
        title=f"Offsets of {first} from {second}",
        caption=joined(sentence, _EXPOSURES),
        alt=joined(seen, sentence),
        drawing=offset_maps(drawn, title=f"{first} less {second}: {len(pairs)} sources"),
        points=offset_points(drawn, _pair_columns(found, pairs), name=f"on {first}"),
        subject=first,
    )


def _upper(shown: Shown | None) -> float | None:
    return None if shown is None else shown.bounds.upper


def _words(quantity: str, shown: Shown | None) -> str:
    return quantity if shown is None else f"{quantity} {shown.number}"


def _pair_columns(found: Table, pairs: SourcePairs) -> Iterator[tuple[str, PlotColumn]]:
    """What is told of each pair: the source, its pixel and place, the catalogue's row."""
    rows = found[pairs.first]
    yield "row", PlotColumn(label="source", values=values(pairs.first + 1, 0))
    if "chip" in found.colnames:
        yield "chip", PlotColumn(label="SCI", values=values(np.asarray(rows["chip"]), 0))
    for name, label, unit, decimals in (
        ("x", "x", "", 2),
        ("y", "y", "", 2),
        ("ra", "RA", "deg", 6),
        ("dec", "Dec", "deg", 6),
    ):
        numbers = np.asarray(rows[name], dtype=np.float64) + (1.0 if name in "xy" else 0.0)
        yield name, PlotColumn(label=label, unit=unit, decimals=decimals, values=values(numbers, decimals))
    yield "reference", PlotColumn(label="paired with", values=values(pairs.second + 1, 0))
