"""Sources of two lists that are the same on the sky, whatever the offset between the lists.

Nearest neighbours within a small radius are no evidence: lists that are out by arcseconds have them as
well, by chance, and the median of their offsets is near zero. So the offset is first sought among all
pairs within a wide radius, as the one that more pairs share than chance allows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

__all__ = ["MIN_PAIRS", "SEARCH_RADIUS", "SourcePairs", "pair_sources"]

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

# Offsets up to this are found, arcsec: a false match of a wide search is out by a few.
SEARCH_RADIUS = 5.0

# As many pairs as a solution needs to be trusted, and their excess over chance in standard deviations: of
# the 10000 offsets that are tried, one exceeds 6 by chance once in 100000 fields.
MIN_PAIRS = 20
SIGNIFICANCE = 6.0

# Cells of the map of offsets, arcsec. Three cells hold the scatter of ground-based catalogues (0.05) and a
# rotation of 0.1 degrees over a frame of 160 arcsec (0.28).
_CELL = 0.1
_BLOCK = 3

# Chance is what offsets around one share, up to so many cells from it: of lists that overlap in a part only,
# an offset gives the more pairs the farther it moves one onto the other. The nearest cells are left out, for
# the scatter and rotation of true pairs.
_AROUND, _NEAREST = 10, 4

# Pairs belong together within this many robust standard deviations, but within at least 10 mas, below
# which centroids of faint stars scatter.
_CLIP = 4.0
_LEAST_RADIUS = 0.01
_ROUNDS = 8

_MAS = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class SourcePairs:
    """Sources that two lists share.

    Attributes
    ----------
    first, second : ndarray of int, shape (n,)
        Indices into either list; no source occurs twice.
    positions : ndarray, shape (n, 2)
        East and north of the sources of the second list from the field's centre, arcsec.
    offsets : ndarray, shape (n, 2)
        Position in the first list less that in the second, east and north, mas.
    by_chance : float
        Number of pairs that would be expected if the lists were unrelated.
    remark : str
        Why there are no pairs; empty where there are.
    """

    first: Indices
    second: Indices
    positions: Array
    offsets: Array
    by_chance: float
    remark: str = ""

    def __len__(self) -> int:
        return len(self.first)

    def select(self, which: NDArray[np.bool_]) -> SourcePairs:
        """The pairs of which `which`, shape (n,), is true."""
        first, second = self.first[which], self.second[which]
        return replace(
            self, first=first, second=second, positions=self.positions[which], offsets=self.offsets[which]
        )


def pair_sources(first: Array, second: Array, *, search_radius: float = SEARCH_RADIUS) -> SourcePairs:
    """Find the sources that two lists share, and their offsets.

    The offset shared by most pairs within `search_radius` is the start; pairs near a straight-line
    model of the offset over the field, one to one, are then sought in turn with fits of that model.

    Parameters
    ----------
    first, second : ndarray, shape (n, 2) and (m, 2)
        Right ascension and declination, degrees; those that are not finite are left out.
    search_radius : float
        Largest offset that is looked for, arcsec.

    Returns
    -------
    SourcePairs
        Without pairs, and with a remark, where no offset is shared by `MIN_PAIRS` more pairs than
        those around it, or by less than `SIGNIFICANCE` standard deviations more, or where the pairs near
        the model are not as many more, one to one, than chance gives.
    """
    indices = [np.flatnonzero(np.isfinite(positions).all(axis=1)) for positions in (first, second)]
    few = min(len(each) for each in indices)
    if few < MIN_PAIRS:
        return _no_pairs(f"one of the lists has {few} sources; pairs take {MIN_PAIRS}")
    centre = np.median(second[indices[1]], axis=0)
    centre[0] = _middle_of_circle(second[indices[1], 0])
    planes = [_tangent_plane(each[kept], centre) for each, kept in zip((first, second), indices, strict=True)]
    candidates = _candidates(planes[0], planes[1], search_radius)
    offsets = planes[0][candidates[:, 0]] - planes[1][candidates[:, 1]]
    start, density = _shared_offset(offsets, search_radius)
    if start is None:
        return _no_pairs(f"no offset within {search_radius:g} arcsec is shared by more pairs than by chance")
    chosen, radius = _consistent(planes[1][candidates[:, 1]], candidates, offsets, start)
    by_chance = density * math.pi * radius**2
    # One to one, no source is in two pairs: of many by chance, fewer are left (Poisson).
    if len(chosen) - few * -math.expm1(-by_chance / few) < MIN_PAIRS:
        return _no_pairs("the pairs at the offset that most share are as far apart as chance has them")
    return SourcePairs(
        indices[0][candidates[chosen, 0]],
        indices[1][candidates[chosen, 1]],
        planes[1][candidates[chosen, 1]],
        _MAS * offsets[chosen],
        by_chance=by_chance,
    )


def straight_line_design(positions: Array) -> Array:
    """Columns of ``a + b x + c y``, positions taken from their mean."""
    return np.column_stack([np.ones(len(positions)), positions - positions.mean(axis=0)])


def _no_pairs(remark: str) -> SourcePairs:
    none, nowhere = np.empty(0, dtype=np.intp), np.empty((0, 2))
    return SourcePairs(none, none, nowhere, nowhere, 0.0, remark)


def _middle_of_circle(right_ascension: Array) -> float:
    angles = np.radians(right_ascension)
    return math.degrees(math.atan2(float(np.sin(angles).mean()), float(np.cos(angles).mean())))


def _tangent_plane(positions: Array, centre: Array) -> Array:
    """Gnomonic projection, arcsec east and north of the centre; NaN on the far side of the sky."""
    (alpha, delta), (alpha0, delta0) = np.radians(positions).T, np.radians(centre)
    cosine = np.cos(alpha - alpha0)
    depth = np.sin(delta0) * np.sin(delta) + np.cos(delta0) * np.cos(delta) * cosine
    east = np.cos(delta) * np.sin(alpha - alpha0)
    north = np.cos(delta0) * np.sin(delta) - np.sin(delta0) * np.cos(delta) * cosine
    depth = np.where(depth > 0, depth, np.nan)
    return np.asarray(np.degrees(np.column_stack([east, north]) / depth[:, None]) * 3600.0)


def _candidates(first: Array, second: Array, radius: float) -> Indices:
    """Indices of all pairs within a radius, shape (n, 2)."""
    from scipy.spatial import cKDTree

    trees = [cKDTree(np.nan_to_num(plane, nan=nowhere)) for plane, nowhere in ((first, 1e9), (second, -1e9))]
    found = trees[0].sparse_distance_matrix(trees[1], radius, output_type="ndarray")
    return np.column_stack([found["i"], found["j"]])


def _shared_offset(offsets: Array, radius: float) -> tuple[Array | None, float]:
    """Offset that significantly many pairs share, if any, and chance pairs per square arcsec around it."""
    from scipy.ndimage import uniform_filter

    cells = 2 * math.ceil(radius / _CELL)
    edges = _CELL * (np.arange(cells + 1) - cells / 2)
    counts, _, _ = np.histogram2d(offsets[:, 0], offsets[:, 1], bins=[edges, edges])
    blocks = np.rint(uniform_filter(counts, _BLOCK, mode="constant") * _BLOCK**2)
    by_chance = _around(counts, radius) * _BLOCK**2
    best = np.unravel_index(int(np.argmax(blocks - by_chance)), blocks.shape)
    expected = float(by_chance[best])
    density = expected / (_BLOCK * _CELL) ** 2
    if blocks[best] - expected < max(MIN_PAIRS, SIGNIFICANCE * math.sqrt(expected)):
        return None, density
    middle = np.array([edges[index] + _CELL / 2 for index in best])
    near = np.abs(offsets - middle).max(axis=1) <= _BLOCK * _CELL / 2
    return np.median(offsets[near], axis=0), density


def _around(counts: Array, radius: float) -> Array:
    """Mean count of the cells around each, of those within the radius."""
    from scipy.ndimage import uniform_filter

    middles = _CELL * (np.arange(len(counts)) + 0.5) - radius
    within = (np.hypot(*np.meshgrid(middles, middles)) <= radius).astype(float)

    def ring(values: Array) -> Array:
        outer, inner = 2 * _AROUND + 1, 2 * _NEAREST + 1
        found = [uniform_filter(values, side, mode="constant") * side**2 for side in (outer, inner)]
        return np.asarray(found[0] - found[1])

    return np.asarray(np.maximum(ring(counts), 0.0) / np.maximum(ring(within), 1.0))


def _consistent(positions: Array, candidates: Indices, offsets: Array, start: Array) -> tuple[Indices, float]:
    """Pairs, one to one, that follow a straight-line model of the offset, and the radius about it."""
    model, radius = np.broadcast_to(start, offsets.shape), _BLOCK * _CELL / 2
    chosen = np.empty(0, dtype=np.intp)
    for _ in range(_ROUNDS):
        distance = np.hypot(*(offsets - model).T)
        previous, chosen = chosen, _one_to_one(candidates, distance, radius)
        if np.array_equal(previous, chosen) or len(chosen) < MIN_PAIRS:
            break
        design = np.column_stack([np.ones(len(positions)), positions])
        model = design @ _straight_line(design[chosen], offsets[chosen])
        scatter = float(np.max(mad_std((offsets - model)[chosen], axis=0)))
        radius = max(_LEAST_RADIUS, _CLIP * scatter)
    return chosen, radius


def _straight_line(design: Array, offsets: Array) -> Array:
    """Terms of the straight line through most of the offsets.

    That of least squares, unless most offsets are far from it for their scatter: a part of the sources, as
    those of one chip, is elsewhere, and the line passes between the two. Then what is far weighs less.
    """
    weights = np.ones(len(offsets))
    for _ in range(_ROUNDS):
        terms = np.linalg.lstsq(design * weights[:, None], offsets * weights[:, None], rcond=None)[0]
        residuals = offsets - design @ terms
        distance = np.hypot(*residuals.T)
        scatter = float(np.max(mad_std(residuals, axis=0)))
        if np.count_nonzero(distance <= max(_LEAST_RADIUS, _CLIP * scatter)) > len(offsets) / 2:
            break
        weights = 1.0 / np.maximum(distance, _LEAST_RADIUS)
    return np.asarray(terms)


def _one_to_one(candidates: Indices, distance: Array, radius: float) -> Indices:
    """Pairs within a radius of the model; of those that share a source, the closest."""
    near = np.flatnonzero(distance <= radius)
    near = near[np.argsort(distance[near], kind="stable")]
    for column in (0, 1):
        _, closest = np.unique(candidates[near, column], return_index=True)
        near = near[np.sort(closest)]
    return np.sort(near)
