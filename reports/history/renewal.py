"""Values of series in which nothing else happens: they are added without a look at earlier outcomes.

On a night on which everything was built anew this is nearly all there is: to read 64 outcomes of each series
would be most of the work of recording it.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple

from hubble_qa.checks.trends.drift import Drift, follow
from hubble_qa.reports.history.judged import Judged, Known
from hubble_qa.reports.history.memory import NOTHING, Memory
from hubble_qa.reports.history.understand import Limits, has_moved

__all__ = ["After", "Loud", "renewals", "renewed"]

Loud = tuple[Judged, Known]
"""A verdict that may be news, and what its series came to last."""


class After(NamedTuple):
    """A series after a night: its CUSUM, accepted or rejected since when, whether its last outcome lasts."""

    drift: Drift
    since: str
    lengthens: bool = False


def renewals(
    loud: Sequence[Loud],
    memories: Mapping[int, Memory],
    repeated: Container[int],
    new_rules: Container[str],
    started: str,
) -> dict[int, After]:
    """What series came to, by their numbers, as far as there is no news without a look at their outcomes.

    Parameters
    ----------
    loud : sequence of Loud
        The verdicts of a run that may be news.
    memories : mapping of int to Memory
        What is remembered of the series, with the references of which level and scatter are due.
    repeated : container of int
        Numbers of the series that had their product before.
    new_rules : container of str
        Digests of the rules that the history has not had before.
    started : str
        Start of the run.
    """
    tolerances: dict[str, float] = {}
    found: dict[int, After] = {}
    for each, was in loud:
        v = each.verdict
        again = was.id in repeated
        told_before = was.started is None or (was.accepted and was.value is not None)
        # Of the same product by the same rule, outcomes before tell what is flaky or not reproducible.
        alone = not again or each.rule in new_rules
        if v.accepted and v.value is not None and told_before and alone:
            if each.rule not in tolerances:
                tolerances[each.rule] = Limits(v.lower, v.upper, v.floor).tolerance
            memory = memories.get(was.id, NOTHING)
            drift = renewed(memory.drift, was.value, v.value, tolerances[each.rule], repeated=again)
            if drift is not None:
                found[was.id] = After(drift, memory.since or started)
    return found


def renewed(
    drift: Drift, before: float | None, value: float, tolerance: float, *, repeated: bool
) -> Drift | None:
    """Add an accepted value to a series, unless there may be news.

    What is returned is what `understand` comes to where the last verdict was accepted with a value, and none
    before was of the same product by the same rule.

    Parameters
    ----------
    drift : Drift
        The state of the series' CUSUM.
    before : float or None
        Value of the last verdict; None of a new series.
    value : float
        The value.
    tolerance : float
        What a value may move by, as far as nobody has said.
    repeated : bool
        Whether the series had the product before.

    Returns
    -------
    Drift or None
        None where the value moved, or the series may have drifted.
    """
    if not math.isfinite(value) or not 0 <= tolerance < math.inf:
        return None
    if before is not None and has_moved(before, value, drift, tolerance):
        return None
    if repeated:
        return drift
    after = follow(drift, value, tolerance=tolerance)
    return None if after.drifted else after
