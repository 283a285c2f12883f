"""How far series have drifted from their baselines, as measurements."""

from __future__ import annotations

from collections.abc import Mapping

from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.trends.drift import Drift

__all__ = ["OTHERS", "drift_measurements"]

OTHERS = "the other series"
"""Subject of what has not drifted, together."""

_QUANTITY = "drift_from_baseline"


def drift_measurements(states: Mapping[str, Drift]) -> tuple[Measurement, ...]:
    """Measure how far the series of a dataset have drifted from their baselines.

    Parameters
    ----------
    states : mapping of str to Drift
        The state of each series, by its criterion and subject. Those that are not watched yet are left out.

    Returns
    -------
    tuple of Measurement
        `Drift.level` of each series that has drifted, and the largest of all others; nothing where no series
        is watched.
    """
    watched = {name: state for name, state in states.items() if state.watched}
    away = {name: state for name, state in watched.items() if state.drifted}
    found = [
        Measurement(_QUANTITY, state.level, "", name, context=_context(state))
        for name, state in sorted(away.items())
    ]
    others = {name: state for name, state in watched.items() if name not in away}
    if others:
        worst, state = max(others.items(), key=lambda each: (each[1].level, each[0]))
        context = {"series": len(others), "nearest to a drift": worst, **_context(state)}
        found.append(Measurement(_QUANTITY, state.level, "", OTHERS, context=context))
    return tuple(found)


def _context(state: Drift) -> dict[str, float | int | str | None]:
    return {
        "baseline": state.baseline,
        "accepted": "yes" if state.accepted is not None else "no: level of the reference",
        "tolerance": state.tolerance or None,
        "scatter": state.width,
        "last value": state.last,
        "sum of departures (σ)": state.statistic,
        "direction": "up" if state.up >= state.down else "down",
        "products": state.count,
        "products since it began": state.count - state.began,
    }
