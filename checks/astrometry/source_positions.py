"""Positions of sources on the sky, judged without trusting any fit.

What each is compared with decides what it can see. A fit absorbs whatever is common to all sources, so
that neither its scatter nor its residuals betray a catalogue at another epoch: for that, positions found
afresh are compared with the catalogue as it is *at the exposure's epoch* (`epochs.positions_at_epoch`).
Exposures compared with each other (`source_position_difference`) need no catalogue, and see nothing that
the exposures share. A median over the field hides a rotation about its middle, which
`catalog_offset_variation` shows. An image that combines exposures hides half the error of each: both
catalogue comparisons are for single exposures as well.
"""

from __future__ import annotations

import math

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.source_pairs import (
    MIN_PAIRS,
    SourcePairs,
    straight_line_design,
)
from hubble_qa.checks.measurement import Json, Measurement, not_measured

__all__ = [
    "catalog_offset",
    "catalog_offset_variation",
    "chance_match_fraction",
    "source_position_difference",
]

# An offset that may be zero, with an error above a third of the 10 mas that are allowed, tells nothing.
LARGEST_ERROR = 10.0 / 3.0  # mas
SIGNIFICANT = 3.0

# Standard error of a median over that of a mean, for Gaussian scatter.
_MEDIAN = math.sqrt(math.pi / 2.0)


def catalog_offset(pairs: SourcePairs, *, subject: str) -> Measurement:
    """Length of the median offset of sources found afresh from a reference catalogue, mas.

    Parameters
    ----------
    pairs : SourcePairs
        Of the sources found in the drizzled image or an exposure, first, with the catalogue at the
        exposure's epoch, second.
    subject : str
        The image.

    Notes
    -----
    The median's error is that of the scatter about a straight line over the field, so that a rotation
    is not taken for scatter; `catalog_offset_variation` is there to judge it.
    """
    few = _too_few("catalog_offset", pairs, subject)
    if few is not None:
        return few
    median = np.median(pairs.offsets, axis=0)
    design = straight_line_design(pairs.positions)
    terms = np.linalg.lstsq(design, pairs.offsets, rcond=None)[0]
    errors = _MEDIAN * mad_std(pairs.offsets - design @ terms, axis=0) / math.sqrt(len(pairs))
    length = math.hypot(*median)
    error = _length_error(median, errors)
    context: dict[str, Json] = {
        **_context(pairs),
        "east_mas": float(median[0]),
        "north_mas": float(median[1]),
        "errors_mas": errors.tolist(),
    }
    return _known("catalog_offset", length, error, subject, context)


def catalog_offset_variation(pairs: SourcePairs, *, subject: str) -> Measurement:
    """Largest departure, over the field, of the offset from a catalogue from its mean, mas.

    The offsets are fitted by ``a + b x + c y``; the departure is taken where it is largest, at a
    corner of the area that the sources cover. It shows rotation, scale and skew.

    Parameters
    ----------
    pairs, subject
        As for `catalog_offset`.
    """
    few = _too_few("catalog_offset_variation", pairs, subject)
    if few is not None:
        return few
    design = straight_line_design(pairs.positions)
    normal = design.T @ design
    if np.linalg.cond(normal[1:, 1:]) > 1e4:
        return not_measured("catalog_offset_variation", subject, "the sources lie along a line")
    terms = np.linalg.lstsq(design, pairs.offsets, rcond=None)[0]
    low, high = design[:, 1:].min(axis=0), design[:, 1:].max(axis=0)
    corners = np.array([(x, y) for x in (low[0], high[0]) for y in (low[1], high[1])])
    departures = corners @ terms[1:]
    worst = int(np.argmax(np.hypot(*departures.T)))
    corner = np.concatenate([[0.0], corners[worst]])
    spread = mad_std(pairs.offsets - design @ terms, axis=0)
    errors = spread * math.sqrt(float(corner @ np.linalg.solve(normal, corner)))
    (xx, xy), (yx, yy) = terms[1:].T / 1000.0  # mas per arcsec
    context: dict[str, Json] = {
        **_context(pairs),
        "corner_arcsec": corners[worst].tolist(),
        "rotation_deg": math.degrees((yx - xy) / 2.0),
        "scale_change": (xx + yy) / 2.0,
    }
    length, error = math.hypot(*departures[worst]), _length_error(departures[worst], errors)
    return _known("catalog_offset_variation", length, error, subject, context)


def source_position_difference(pairs: SourcePairs, *, subject: str, other: str = "") -> Measurement:
    """Median distance between the positions of one source by two chips or exposures, mas.

    The median is that of the distances, so that a rotation between the exposures shows as well as a
    shift. The sources should be bright: their centroids' scatter is part of it.

    Parameters
    ----------
    pairs : SourcePairs
        Of the sources of one chip or exposure with those of the other, each by its own coordinates.
    subject : str
        The two chips or exposures, or the first of them.
    other : str
        The second, where the subject does not say.
    """
    few = _too_few("source_position_difference", pairs, subject)
    if few is not None:
        return few
    distances = np.hypot(*pairs.offsets.T)
    error = _MEDIAN * float(mad_std(distances)) / math.sqrt(len(pairs))
    median: NDArray[np.float64] = np.median(pairs.offsets, axis=0)
    context: dict[str, Json] = {
        **_context(pairs),
        "east_mas": float(median[0]),
        "north_mas": float(median[1]),
        **({"other": other} if other else {}),
    }
    return Measurement(
        "source_position_difference",
        np.median(distances),
        "mas",
        subject,
        uncertainty=error,
        context=context,
    )


def chance_match_fraction(
    matches: int,
    *,
    sources: int,
    references: int,
    area: float,
    tolerance: float,
    search_radius: float,
    subject: str,
) -> Measurement:
    """Matches that chance alone could have given over the matches found.

    At one offset, unrelated lists give ``n = N_s N_r pi tolerance^2 / area`` matches on average. A
    search takes the best of ``(search_radius / tolerance)^2`` independent offsets: the number by chance
    is the one that a Poisson variable of mean n exceeds at one of them on average.

    Parameters
    ----------
    matches : int
        Matches that the fit used.
    sources, references : int
        Sources of the exposure and of the catalogue on the area that both cover.
    area : float
        That area, arcsec^2.
    tolerance, search_radius : float
        TweakReg's ``tolerance`` and ``searchrad``, both in arcsec.
    subject : str
        The exposure.

    Raises
    ------
    ValueError
        If the area, the tolerance or the search radius is not positive.
    """
    if not (area > 0 and tolerance > 0 and search_radius > 0):
        raise ValueError(
            f"area ({area}), tolerance ({tolerance}) and search radius ({search_radius}) must be positive"
        )
    if matches <= 0:
        return not_measured("chance_match_fraction", subject, "no source was matched")
    from scipy.stats import poisson

    mean = sources * references * math.pi * tolerance**2 / area
    offsets = max((search_radius / tolerance) ** 2, 1.0)
    by_chance = max(mean, float(poisson.isf(1.0 / offsets, mean)))
    context: dict[str, Json] = {
        "matches": matches,
        "by_chance": by_chance,
        "mean_by_chance": mean,
        "offsets_searched": offsets,
        "sources": sources,
        "references": references,
        "area_arcsec2": area,
    }
    fraction = by_chance / matches
    return Measurement("chance_match_fraction", fraction, "", subject, fraction / math.sqrt(matches), context)


def _too_few(quantity: str, pairs: SourcePairs, subject: str) -> Measurement | None:
    if len(pairs) >= MIN_PAIRS:
        return None
    return not_measured(quantity, subject, pairs.remark or f"only {len(pairs)} sources are in both lists")


def _length_error(vector: NDArray[np.float64], errors: NDArray[np.float64]) -> float:
    """Standard deviation of a vector's length; the larger component's where there is no direction."""
    length = math.hypot(*vector)
    return float(np.hypot(*(vector * errors)) / length) if length else float(np.max(errors))


def _context(pairs: SourcePairs) -> dict[str, Json]:
    return {
        "pairs": len(pairs),
        "pairs_by_chance": pairs.by_chance,
        "scatter_mas": mad_std(pairs.offsets, axis=0).tolist(),
    }


def _known(quantity: str, value: float, error: float, subject: str, context: dict[str, Json]) -> Measurement:
    """The measurement, unless its error is too large to judge by it."""
    if error > LARGEST_ERROR and value < SIGNIFICANT * error:
        reason = f"{value:.1f} ± {error:.1f} mas is not known well enough: {context['pairs']} sources"
        return not_measured(quantity, subject, reason)
    return Measurement(quantity, value, "mas", subject, uncertainty=error, context=context)
