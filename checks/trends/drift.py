"""Drift of a series: a two-sided CUSUM of the values of distinct products, robust and incremental."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

__all__ = [
    "ALARM",
    "FULL_REFERENCE",
    "START",
    "Drift",
    "default_tolerance",
    "estimates",
    "follow",
    "rebase",
]

START = 40
"""Products after which a series is watched."""
FULL_REFERENCE = 100
"""Products from which the level and the scatter of a series are taken in the end."""
ALARM = 16.0
"""Sum, in widths, beyond which a series has drifted: h of the CUSUM."""

_WINSOR = 4.0
_SLACK_AT_FIRST, _SLACK = 0.75, 1.0
"""k of the CUSUM, in widths, before and after the reference is full."""
_MOST = ALARM + 4.0
"""Where the sums end, so that a series that has come back is believed after a few products."""
_MAD_TO_SIGMA = 1.4826
_LEAST_WIDTH = 0.1
"""Of the tolerance: a finer scatter is not worth an alarm."""
_MOST_CORRELATION = 0.9
_FOR_FEW = 12.0
"""Relative excess of the width by the number of values: as wide as it may well be, for MAD's own error."""
_STEP = 10
"""Products after which level and scatter are estimated anew, until the reference is full."""
_TOLERANCE = 0.1
"""Of half the accepted interval, or of the one limit, where nobody has said what a baseline may depart by."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What has to be remembered of a series to watch it.

    Attributes
    ----------
    count : int
        Distinct products so far.
    last : float or None
        Value of the last one, in the series' unit as all values here.
    reference : tuple of float
        Values of the reference while it grows; empty when it is full.
    centre, width : float or None
        Level and scatter of the reference; None before there is one. Where successive values are
        correlated, `width` is that of independent values whose sums wander as much; it has an excess for
        its own error.
    accepted : float or None
        The baseline that somebody accepted, which is then compared with instead of the reference's level.
    tolerance : float
        What the last product may depart by from an accepted baseline.
    up, down : float
        Sums of the departures upwards and downwards, in widths; from 0 to a little beyond `ALARM`.
    up_from, down_from : int
        `count` of the product with which each sum last was 0: the last before a drift, if it is one.
    """

    count: int = 0
    last: float | None = None
    reference: tuple[float, ...] = ()
    centre: float | None = None
    width: float | None = None
    accepted: float | None = None
    tolerance: float = 0.0
    up: float = 0.0
    down: float = 0.0
    up_from: int = 0
    down_from: int = 0

    @property
    def watched(self) -> bool:
        """Whether there are enough products to tell a drift, or a baseline was accepted."""
        return self.width is not None or self.accepted is not None

    @property
    def full(self) -> bool:
        """Whether the reference is no longer estimated."""
        return self.width is not None and not self.reference

    @property
    def statistic(self) -> float:
        """The larger of the sums, in widths."""
        return max(self.up, self.down)

    @property
    def began(self) -> int:
        """`count` of the last product before the larger sum began to rise."""
        return self.up_from if self.up >= self.down else self.down_from

    @property
    def baseline(self) -> float | None:
        """What the series is compared with: what was accepted, or the level of the reference."""
        return self.centre if self.accepted is None else self.accepted

    @property
    def departure(self) -> float:
        """Departure of the last product from an accepted baseline, in its tolerance; 0 without one."""
        if self.accepted is None or self.last is None or self.last == self.accepted:
            return 0.0
        return abs(self.last - self.accepted) / self.tolerance if self.tolerance > 0 else 0.0

    @property
    def level(self) -> float:
        """What is judged: the sum over its limit, or the departure from an accepted baseline if larger."""
        return max(self.statistic / ALARM, self.departure)

    @property
    def drifted(self) -> bool:
        """Whether the series has left its baseline."""
        return self.level > 1


def follow(state: Drift, value: float, *, tolerance: float = 0.0) -> Drift:
    """Add the value of one more distinct product.

    Parameters
    ----------
    state : Drift
        What is known of the series.
    value : float
        In the series' unit.
    tolerance : float
        Departure that nobody minds, in that unit, where no baseline was accepted with one; a tenth of it
        is the least width.

    Raises
    ------
    ValueError
        If `value` or `tolerance` is not finite, or `tolerance` is negative.
    """
    if not math.isfinite(value) or not 0 <= tolerance < math.inf:
        raise ValueError(f"drift needs a finite value and a tolerance of 0 or more: {value}, {tolerance}")
    if state.full:
        return _summed(state, value, tolerance, ())
    seen = _summed(state, value, tolerance, (*state.reference, value))
    if seen.statistic <= ALARM:
        return _estimated(seen)
    seen = replace(seen, reference=state.reference)
    return seen if state.statistic > ALARM else _before_drift(seen)


def rebase(state: Drift, accepted: float, tolerance: float) -> Drift:
    """Take an accepted value for the baseline; departures are summed anew, and the scatter stays.

    Parameters
    ----------
    state : Drift
        What is known of the series.
    accepted : float
        The baseline, in the series' unit.
    tolerance : float
        What a product may depart by, in that unit.

    Raises
    ------
    ValueError
        If `accepted` or `tolerance` is not finite, or `tolerance` is not larger than 0.
    """
    if not math.isfinite(accepted) or not 0 < tolerance < math.inf:
        raise ValueError(f"a baseline is finite, its tolerance larger than 0: {accepted} ± {tolerance}")
    here = state.count
    moved = () if state.centre is None else tuple(v - state.centre + accepted for v in state.reference)
    return replace(
        state,
        reference=moved,
        centre=None if state.centre is None else accepted,
        accepted=accepted,
        tolerance=tolerance,
        up=0.0,
        down=0.0,
        up_from=here,
        down_from=here,
    )


def estimates(values: int) -> bool:
    """Whether level and scatter are estimated anew when the reference has come to so many values."""
    return values >= START and values % _STEP == 0


def default_tolerance(lower: float | None, upper: float | None) -> float:
    """What a series may depart by, where nobody accepted a baseline: by the bounds that it is judged by.

    Parameters
    ----------
    lower, upper : float or None
        The bounds in force, in the series' unit.

    Returns
    -------
    float
        A tenth of half the accepted interval, or of the one limit; 0 without any.
    """
    if lower is not None and upper is not None:
        return _TOLERANCE * (upper - lower) / 2
    limit = lower if upper is None else upper
    return 0.0 if limit is None else _TOLERANCE * abs(limit)


def _summed(state: Drift, value: float, tolerance: float, reference: tuple[float, ...]) -> Drift:
    """Count a product, and add its departure to both sums; level and width stay."""
    count = state.count + 1
    up = down = 0.0
    baseline = state.baseline
    if state.width is not None and baseline is not None:
        slack = _SLACK if state.full else _SLACK_AT_FIRST
        width = max(state.width, _LEAST_WIDTH * (state.tolerance or tolerance))
        departure = _winsorised(value - baseline, width)
        up = min(max(0.0, state.up + departure - slack), _MOST)
        down = min(max(0.0, state.down - departure - slack), _MOST)
    return Drift(  # not `replace`, which takes most of the time
        count,
        value,
        reference,
        state.centre,
        state.width,
        state.accepted,
        state.tolerance,
        up,
        down,
        state.up_from if up > 0 else count,
        state.down_from if down > 0 else count,
    )


def _winsorised(distance: float, width: float) -> float:
    """Return a distance in widths, or the furthest that counts; without a width, all but 0 are as far."""
    if abs(distance) >= _WINSOR * width:
        return math.copysign(_WINSOR, distance) if distance else 0.0
    return distance / width


def _before_drift(state: Drift) -> Drift:
    """Leave out of the reference what was added to it while a sum rose to the alarm."""
    added = state.count - 1 - state.began
    return replace(state, reference=state.reference[: max(len(state.reference) - added, 1)])


def _estimated(state: Drift) -> Drift:
    """Estimate level and scatter by the reference so far."""
    values = state.reference
    if not estimates(len(values)):
        return state
    centre = median(values)
    width = _MAD_TO_SIGMA * median([abs(each - centre) for each in values])
    if width > 0:
        width *= math.sqrt(_correlation_time(values, centre, width)) * (1 + _FOR_FEW / len(values))
    kept = values if len(values) < FULL_REFERENCE else ()
    return replace(state, centre=centre, width=width, reference=kept)


def _correlation_time(values: Sequence[float], centre: float, width: float) -> float:
    """Integrated autocorrelation of values, (1 + r) / (1 - r) for an AR(1) process of correlation r.

    r is that of the winsorised values, less its bias for so few, -(1 + 3 r) / n (Kendall 1954).
    """
    # In widths, as squares of the smallest numbers are 0.
    kept = [_winsorised(each - centre, width) for each in values]
    mean = math.fsum(kept) / len(kept)
    kept = [each - mean for each in kept]
    square = math.fsum(each * each for each in kept)
    r = math.fsum(one * other for one, other in pairwise(kept)) / square
    r = min(max(r + (1 + 3 * r) / len(kept), 0.0), _MOST_CORRELATION)
    return (1 + r) / (1 - r)
