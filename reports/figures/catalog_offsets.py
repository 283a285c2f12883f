"""Figures of sources found afresh: against the catalogue, and by one exposure against another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.epochs import julian_year, positions_at_epoch
from hubble_qa.checks.astrometry.source_pairs import SourcePairs, pair_sources
from hubble_qa.checks.astrometry.source_positions import (
    catalog_offset,
    catalog_offset_variation,
    source_position_difference,
)
from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import read_exposure
from hubble_qa.checks.readers.reference_catalog import Catalog, read_catalog
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.stages.catalog import CATALOG
from hubble_qa.fixtures.stages.detect import DRIZZLED_SOURCES, EXPOSURE_SOURCES
from hubble_qa.reports.figures.catalog_fits import CATALOG_NAMES
from hubble_qa.reports.figures.figure_data import PlotColumn
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.offsets import Offsets, offset_maps, offset_points
from hubble_qa.reports.figures.residual_points import values

__all__ = ["offset_figures"]

Positions = NDArray[np.float64]

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
    offset: Mapping[str, Bounds],
    variation: Mapping[str, Bounds],
    difference: Bounds,
) -> Iterator[Illustration]:
    """Draw offsets from the catalogue, combined and singly, and, where two were combined, between them.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures``, ``catalog``, ``detected`` and ``detected-singly``.
    exposures : sequence of str
        Rootnames of those that were combined.
    suffix : str
        Suffix of their files.
    catalog : str
        Which catalogue, as verdicts name it.
    singly : sequence of str
        Rootnames of all exposures, combined or not.
    offset, variation : mapping of str to Bounds
        Accepted median offset from the catalogue and its variation over the field, mas, by catalogue for
        the combined image and by rootname.
    difference : Bounds
        Accepted median distance between exposures, mas.
    """
    found = Table.read(inputs.products["detected"] / DRIZZLED_SOURCES, format="ascii.ecsv")
    catalogued = read_catalog(inputs.products["catalog"] / CATALOG)

    def offsets(sources: Table, exposure: str, subject: str) -> Illustration:
        header = read_exposure(inputs.products["exposures"] / f"{exposure}_{suffix}.fits").primary
        reference = _at_epoch(catalogued, julian_year(header["EXPSTART"], header["EXPEND"]))
        return _against_catalog(sources, reference, catalog, subject, offset[subject], variation[subject])

    yield offsets(found, exposures[0], catalog)
    of_exposures = Table.read(inputs.products["detected-singly"] / EXPOSURE_SOURCES, format="ascii.ecsv")
    for exposure in singly:
        yield offsets(of_exposures[of_exposures["exposure"] == exposure], exposure, exposure)
    if len(exposures) > 1:
        yield _between(of_exposures, exposures[0], exposures[1], difference)


def _at_epoch(reference: Catalog, epoch: float) -> Positions:
    positions = np.column_stack([reference.ra, reference.dec])
    if reference.epoch is None or reference.pm_ra is None or reference.pm_dec is None:
        return positions
    motions = np.column_stack([reference.pm_ra, reference.pm_dec])
    return positions_at_epoch(positions, motions, from_epoch=reference.epoch, to_epoch=epoch)


def _against_catalog(
    found: Table, reference: Positions, catalog: str, subject: str, offset: Bounds, variation: Bounds
) -> Illustration:
    name = CATALOG_NAMES.get(catalog, catalog)
    image = "the drizzled image" if subject == catalog else subject
    heading = "Drizzled image" if subject == catalog else subject
    pairs = pair_sources(_positions(found), reference)
    shift, turn = (check(pairs, subject=subject) for check in (catalog_offset, catalog_offset_variation))
    drawn = Offsets(
        pairs.positions,
        pairs.offsets,
        offset.upper,
        f"median offset {_words(shift)}",
        f"largest departure {_words(turn)}",
    )
    told = f"{len(pairs)} sources: median offset {_words(shift)} (accepted: {offset.text('mas')}), largest"
    told += f" departure from the mean over the field {_words(turn)} (accepted: {variation.text('mas')})"
    return Illustration(
        figure="catalog-offsets",
        name=f"catalog-offsets-{subject}",
        title=f"Offsets of {image} from {name}",
        caption=f"{told}. {_CATALOG}",
        alt=f"Cloud of offsets of {image} from {name} in RA and Dec, and a map of their medians. {told}.",
        drawing=offset_maps(drawn, title=f"{heading} less {name}: {len(pairs)} sources"),
        points=offset_points(drawn, _told(found, pairs), name=f"on {image}"),
        subject=subject,
    )


def _between(found: Table, first: str, second: str, difference: Bounds) -> Illustration:
    lists = [found[found["exposure"] == name] for name in (first, second)]
    pairs = pair_sources(_positions(lists[0]), _positions(lists[1]))
    distance = source_position_difference(pairs, subject="exposures") if len(pairs) else None
    words = _words(distance) if distance is not None else pairs.remark
    drawn = Offsets(
        pairs.positions, pairs.offsets, difference.upper, f"median distance {words}", "medians over the field"
    )
    told = f"{len(pairs)} sources: median distance {words} (accepted: {difference.text('mas')})"
    return Illustration(
        figure="exposure-offsets",
        name="exposure-offsets",
        title=f"Offsets of {first} from {second}",
        caption=f"{told}. {_EXPOSURES}",
        alt=f"Cloud of offsets between the exposures in RA and Dec, and a map of their medians. {told}.",
        drawing=offset_maps(drawn, title=f"{first} less {second}: {len(pairs)} sources"),
        points=offset_points(drawn, _told(lists[0], pairs), name=f"on {first}"),
        subject=first,
    )


def _positions(found: Table) -> Positions:
    return np.column_stack([np.asarray(found[name], dtype=np.float64) for name in ("ra", "dec")])


def _words(measured: Measurement) -> str:
    if measured.value is None or not np.isfinite(measured.value):
        return f"not measured ({measured.reason})"
    error = f" ± {measured.uncertainty:.1f}" if measured.uncertainty is not None else ""
    return f"{measured.value:.1f}{error} mas"


def _told(found: Table, pairs: SourcePairs) -> Iterator[tuple[str, PlotColumn]]:
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
