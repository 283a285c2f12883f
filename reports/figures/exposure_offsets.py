"""Figures of the sources of one exposure by another's coordinates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hubble_qa.checks.evidence.overlaps import overlapping
from hubble_qa.checks.evidence.star_lists import Input, shared_stars, stars_on
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.offset_figures import Sources, mutual_figure
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["exposure_offset_figures"]

_DIFFERENCE = "WCS-003"

_EXPOSURES = (
    "The same sources by two exposures, each by its own coordinates as drizzled. Left: every source; cross: "
    "the median; dashes: how long the median distance may be. Right: medians over parts of the field; an "
    "arrow may be as long as the one above. Good: a cloud about the middle, arrows hardly to be seen. Bad: a "
    "cloud beside it or arrows that swirl: stars of the drizzled image are then doubled or broad."
)


def exposure_offset_figures(
    exposures: Mapping[str, Path], combined: Sequence[str], verdicts: Verdicts
) -> Iterator[Illustration]:
    """Draw the offsets of each exposure from the one of those combined that sees most of it.

    Parameters
    ----------
    exposures : mapping of str to Path
        Exposures that were taken, by rootname.
    combined : sequence of str
        Rootnames of those that were combined.
    verdicts : Verdicts
        On positions by two exposures, by rootname.
    """
    for name, path in exposures.items():
        others = {each: exposures[each] for each in combined if each != name and each in exposures}
        other = overlapping(path, others)
        if other is not None:
            yield _between(exposures, name, other, verdicts)


def _between(exposures: Mapping[str, Path], first: str, second: str, verdicts: Verdicts) -> Illustration:
    one, other = (Input(exposures[name]) for name in (first, second))
    found, distance = stars_on(one), verdicts.get(_DIFFERENCE, first)
    return mutual_figure(
        shared_stars(one, other),
        Sources(found.sky, found.pixels, found.chip),
        (first, second),
        figure="exposure-offsets",
        name=f"exposure-offsets-{first}",
        subject=first,
        judged=("median distance", distance),
        bound=None if distance is None else distance.bounds.upper,
        sentence=verdicts.sentence(first, (_DIFFERENCE,)),
        words=_EXPOSURES,
    )
