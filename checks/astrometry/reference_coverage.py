"""Whether a reference catalogue covers an exposure: its sources there, quadrant by quadrant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_told

__all__ = ["Quadrant", "catalog_coverage", "catalog_sources", "empty_quadrants", "reference_sources"]

# Sources of a catalogue on an exposure that a fit needs.
FEWEST_REFERENCES = 20

# A quadrant that should have so many and has none is not covered: by chance once in 20000 (Poisson).
_SURELY_THERE = 10.0
# Sources on one quadrant alone are a cluster as well as a catalogue's corner.
_FEWEST_COVERED = 2


class Quadrant(NamedTuple):
    """A quadrant of an exposure or image: reference sources, stars found there, and its area in arcsec²."""

    references: int
    stars: int
    area: float


def reference_sources(quadrants: Mapping[str, int], *, subject: str) -> Measurement:
    """Count the reference sources on an exposure: a catalogue that a service cut to its first rows has few.

    Parameters
    ----------
    quadrants : mapping of str to int
        Reference sources on each quadrant of the exposure.
    subject : str
        The fit.
    """
    everywhere = sum(quadrants.values())
    reason = f"{everywhere} of the catalogue's sources are on the exposure"
    if 0 < everywhere < FEWEST_REFERENCES:
        reason += ": it was cut, or reaches not faint enough"
    context: dict[str, Json] = {"quadrants": {**quadrants}}
    return Measurement("reference_sources", everywhere, "", subject, context=context, reason=reason)


def empty_quadrants(quadrants: Mapping[str, int], *, subject: str) -> Measurement:
    """Count the quadrants of an exposure without reference sources, where others have some.

    A catalogue that covers half the field has none in a quadrant: a fit then says nothing of rotation there.

    Parameters
    ----------
    quadrants : mapping of str to int
        Reference sources on each quadrant of the exposure.
    subject : str
        The fit.
    """
    empty = [name for name, count in quadrants.items() if not count]
    problems = [
        f"none of the catalogue's sources is on {name}: it does not cover the field" for name in empty
    ]
    return count_violations("empty_quadrants", subject, problems, {"quadrants": {**quadrants}})


def catalog_sources(
    quadrants: Mapping[str, Quadrant], others: Iterable[Quadrant] = (), *, subject: str
) -> Measurement:
    """Count the reference sources on an exposure that nobody said was aligned to them.

    As `reference_sources`, where there are enough of them: a sparse field has few of any catalogue.

    Parameters
    ----------
    quadrants : mapping of str to Quadrant
        The quadrants of the exposure or image.
    others : iterable of Quadrant, optional
        Quadrants of exposures and images that overlap it.
    subject : str
        The exposure or image.
    """
    found = _coverage(quadrants, others)
    if found.few or found.everywhere < FEWEST_REFERENCES:
        return not_told("reference_sources", subject, found.too_few)
    return reference_sources(found.there, subject=subject)


def catalog_coverage(
    quadrants: Mapping[str, Quadrant], others: Iterable[Quadrant] = (), *, subject: str
) -> Measurement:
    """Count the quadrants of an exposure that a catalogue does not cover, if nobody aligned it to that.

    As `empty_quadrants`, where the field tells that there should be some: the small chip of WFPC2 may have
    no source of any catalogue. An empty quadrant tells if, at the usual density of the others, both by area
    and by stars found, it should have `_SURELY_THERE`.

    Parameters
    ----------
    quadrants, others, subject
        As of `catalog_sources`.
    """
    found = _coverage(quadrants, others)
    if found.few or (found.everywhere < FEWEST_REFERENCES and not found.missing):
        return not_told("empty_quadrants", subject, found.too_few)
    return empty_quadrants({**found.there, **dict.fromkeys(found.missing, 0)}, subject=subject)


class _Coverage(NamedTuple):
    """Quadrants with sources of a catalogue, those that surely lack them, and if too few tell of any."""

    there: Mapping[str, int]
    missing: tuple[str, ...]
    few: bool

    @property
    def everywhere(self) -> int:
        return sum(self.there.values())

    @property
    def too_few(self) -> str:
        found = (
            f"{self.everywhere} of the catalogue's sources are on it, on {len(self.there)} of its quadrants"
        )
        return f"{found}: too few to tell a sparse field from a catalogue that was cut"


def _coverage(quadrants: Mapping[str, Quadrant], others: Iterable[Quadrant]) -> _Coverage:
    covered = [each for each in (*quadrants.values(), *others) if each.references]
    there = {name: each.references for name, each in quadrants.items() if each.references}
    if len(covered) < _FEWEST_COVERED:
        return _Coverage(there, (), few=True)
    missing = [name for name, each in quadrants.items() if name not in there and _surely_there(each, covered)]
    return _Coverage(there, tuple(missing), few=False)


def _surely_there(quadrant: Quadrant, covered: list[Quadrant]) -> bool:
    """Whether an empty quadrant should have reference sources, by the median of those that have some."""
    by_area = quadrant.area * _middle(each.references / each.area for each in covered)
    by_stars = quadrant.stars * _middle(each.references / max(each.stars, 1) for each in covered)
    return min(by_area, by_stars) >= _SURELY_THERE


def _middle(densities: Iterable[float]) -> float:
    """The lower median: of a cluster on one quadrant and few sources on another, the few."""
    ordered = sorted(densities)
    return ordered[(len(ordered) - 1) // 2]
