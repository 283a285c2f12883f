"""Figures of sources found afresh: against the catalogue, and by one exposure against another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from astropy.table import Table

from hubble_qa.checks.astrometry.source_pairs import pair_sources
from hubble_qa.checks.evidence.catalogs import Positions, catalog_positions
from hubble_qa.checks.evidence.detections import positions, sources, sources_of
from hubble_qa.checks.evidence.overlaps import overlapping
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.stages.catalog import CATALOG
from hubble_qa.fixtures.stages.detect import DRIZZLED_SOURCES, EXPOSURE_SOURCES
from hubble_qa.reports.figures.catalog_names import CATALOG_NAMES
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.offset_figures import Sources, catalog_figure, mutual_figure
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

__all__ = ["offset_figures"]

_DIFFERENCE = "WCS-003"

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
    return catalog_figure(pairs, _sources(found), catalog, subject, title, verdicts)


def _between(table: Path, first: str, second: str, verdicts: Verdicts) -> Illustration:
    found = sources_of(table, first)
    pairs = pair_sources(positions(found), positions(sources_of(table, second)))
    distance = verdicts.get(_DIFFERENCE, first)
    return mutual_figure(
        pairs,
        _sources(found),
        (first, second),
        figure="exposure-offsets",
        name=f"exposure-offsets-{first}",
        subject=first,
        judged=("median distance", distance),
        bound=_upper(distance),
        sentence=verdicts.sentence(first, (_DIFFERENCE,)),
        words=_EXPOSURES,
    )


def _sources(found: Table) -> Sources:
    chip = np.asarray(found["chip"]) if "chip" in found.colnames else None
    x, y = (np.asarray(found[name], dtype=np.float64) for name in "xy")
    return Sources(positions(found), np.column_stack([x, y]), chip)


def _upper(shown: Shown | None) -> float | None:
    return None if shown is None else shown.bounds.upper
