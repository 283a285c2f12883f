"""Whether a drizzled image has weight where its exposures show stars."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["StarWeights", "stars_left_out"]

# Stars without weight are a fault from this part of all on, beyond that of the places beside them by so many
# standard deviations. In clean images of all cameras none of 24 to 1400 stars has no weight.
_WITHOUT, _SIGMAS = 0.1, 4.0
# Each exposure that shows a star without a flag gives it its time: drops leave more than this part of that.
_OF_AN_EXPOSURE = 0.7
# Of fewer stars, two that a defect hit are a tenth.
_FEWEST = 20


class StarWeights(NamedTuple):
    """Weights of an image's pixels at stars that its exposures show without flags, and beside them.

    `share` is the least part of the image's time that an exposure has which shows them; 0 where weights are
    no exposure times, so that stars may well have less than the sky.
    """

    at: NDArray[np.float64]
    beside: NDArray[np.float64]
    share: float = 0.0


def stars_left_out(stars: StarWeights) -> str:
    """Say that stars have no weight where the places beside them have; empty where that is not so.

    Nor is there any where it is less than one exposure alone would give. Drops that are small beside the
    image's pixels leave holes anywhere, at stars as often as beside them.
    """
    number, covered = len(stars.at), stars.beside[stars.beside > 0]
    if number < _FEWEST or not len(covered):
        return ""
    least = _OF_AN_EXPOSURE * stars.share * float(np.median(covered))
    without, chance = (float(np.mean(weights <= least)) for weights in (stars.at, stars.beside))
    if without - chance <= _WITHOUT + _SIGMAS * math.sqrt(chance * (1.0 - chance) / number):
        return ""
    count, none = (int(np.count_nonzero(stars.at <= limit)) for limit in (least, 0.0))
    lack = "no weight" if none == count else f"no weight ({none}) or less than one exposure gives"
    return (
        f"{count} of {number} stars that the exposures show without flags have {lack}, and {chance:.0%} "
        "of the places beside them: they were masked, or rejected in the combination"
    )
