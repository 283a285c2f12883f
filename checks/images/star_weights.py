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
# Of fewer stars, two that a defect hit are a tenth.
_FEWEST = 20


class StarWeights(NamedTuple):
    """Weights of an image's pixels at stars that its exposures show without flags, and beside them."""

    at: NDArray[np.float64]
    beside: NDArray[np.float64]


def stars_left_out(stars: StarWeights) -> str:
    """Say that stars have no weight where the places beside them have; empty where that is not so.

    Drops that are small beside the image's pixels leave holes anywhere, at stars as often as beside them.
    """
    number = len(stars.at)
    if number < _FEWEST or not len(stars.beside):
        return ""
    without, chance = (float(np.mean(weights == 0)) for weights in stars)
    if without - chance <= _WITHOUT + _SIGMAS * math.sqrt(chance * (1.0 - chance) / number):
        return ""
    count = int(np.count_nonzero(stars.at == 0))
    return (
        f"{count} of {number} stars that the exposures show without flags have no weight, and {chance:.0%} "
        "of the places beside them: they were masked, or rejected in the combination"
    )
