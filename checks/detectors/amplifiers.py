"""Steps of the background where the part of a chip ends that one amplifier reads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.detectors.sky_structure import BLOCK, block_medians, sky_step
from hubble_qa.checks.instruments import Camera
from hubble_qa.checks.measurement import Json, Measurement, not_applicable, not_told

__all__ = ["amplifier_step"]

# Blocks on either side of an edge that are compared, and the fewest that tell.
_REACH = 8
_FEWEST = 20
# What chance leaves of a step: standard deviations of its error; and what the gains and flat fields of two
# amplifiers leave, as a fraction of the background.
_CERTAIN = 4.0
_FLAT = 0.01
_WORTH_NAMING = 0.5  # electrons


class _Step(NamedTuple):
    """A step, its error and the background there, electrons; the edge's name."""

    edge: str
    height: float
    error: float
    level: float

    @property
    def certain(self) -> float:
        """What neither chance nor flat fields explain."""
        return max(abs(self.height) - _CERTAIN * self.error - _FLAT * abs(self.level), 0.0)


def amplifier_step(
    science: NDArray[Any], good: NDArray[np.bool_], camera: Camera, *, time: float, subject: str
) -> Measurement:
    """Largest step of a whole chip's background at the edge between two amplifiers, electrons.

    Each amplifier has a bias level and a gain of its own. A parabola with a step is fitted to the medians
    of blocks on either side of the edge. The value is what is certain of the step: its height less 4 times
    its error, and less 1 % of the background.

    Parameters
    ----------
    science : ndarray, shape (ny, nx)
        The chip, in the camera's unit.
    good : ndarray of bool, shape (ny, nx)
        Pixels that are not flagged.
    camera : Camera
        Says how many amplifiers read a chip, and the unit.
    time : float
        Exposure time, s, which turns rates into electrons.
    subject : str
        The exposure and chip.
    """
    image = np.where(good & np.isfinite(science), science, np.nan).astype(np.float32)
    if camera.unit.endswith("/S"):
        image *= np.float32(time)
    steps = [step for axis in (0, 1) for step in _steps(image, axis, camera.amplifiers)]
    if not steps:
        if camera.amplifiers == (1, 1):
            return not_applicable("amplifier_step", subject, "one amplifier reads the chip")
        return not_told("amplifier_step", subject, "too few unflagged pixels")
    worst = max(steps, key=lambda step: (step.certain, abs(step.height)))
    context: dict[str, Json] = {
        step.edge: {"step": step.height, "error": step.error, "background": step.level} for step in steps
    }
    reason = ""
    if worst.certain > _WORTH_NAMING:
        reason = (
            f"the background steps by {worst.height:.2f} ± {worst.error:.2f} electrons at {worst.edge}, "
            "between two amplifiers: see BLEVCORR, BIASCORR and the gains (ATODGN*)"
        )
    return Measurement(
        "amplifier_step",
        worst.certain,
        "",
        subject,
        uncertainty=worst.error,
        context=context,
        reason=reason,
        beyond_error=True,
    )


def _steps(image: NDArray[np.float32], axis: int, amplifiers: tuple[int, int]) -> Iterator[_Step]:
    """Steps along an axis, at each of its edges within each part of the other."""
    # Amplifiers are counted along rows first, as an image's x is.
    along, across = amplifiers[1 - axis], amplifiers[axis]
    turned = image if axis == 0 else image.T
    rows = np.linspace(0, turned.shape[0], along + 1).astype(int)[1:-1]
    parts = list(pairwise(np.linspace(0, turned.shape[1], across + 1).astype(int)))
    name = "row" if axis == 0 else "column"
    other = "columns" if axis == 0 else "rows"
    for edge in rows:
        for start, stop in parts:
            where = f"{name} {edge}" + (f", {other} {start + 1} to {stop}" if len(parts) > 1 else "")
            found = _step(turned[:, start:stop], int(edge))
            if found is not None:
                yield _Step(where, *found)


def _step(image: NDArray[np.float32], edge: int) -> tuple[float, float, float] | None:
    """Height, error and background of a step between two rows of an image; None where too little is seen."""
    reach = min(_REACH * BLOCK, edge, image.shape[0] - edge) // BLOCK * BLOCK
    medians = block_medians(image[edge - reach : edge + reach])
    below = np.isfinite(medians) & (np.arange(len(medians)) < len(medians) // 2)[:, np.newaxis]
    above = np.isfinite(medians) & ~below
    if min(np.count_nonzero(side) for side in (below, above)) < _FEWEST:
        return None
    return *sky_step(medians, below, above), float(np.nanmedian(medians))
