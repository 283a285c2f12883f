"""What the history of a series must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.trends.departures import drift_measurements
from hubble_qa.checks.trends.drift import Drift, follow, rebase
from tests.acceptance.case import Case

NOISE = 0.05 + 0.001 * np.random.default_rng(1).standard_normal(160)


def after(values: Sequence[float], state: Drift | None = None) -> Drift:
    state = state or Drift()
    for value in values:
        state = follow(state, float(value), tolerance=0.01)
    return state


def measured(state: Drift) -> Measurement:
    (found,) = drift_measurements({"AST-002 u40x010hm_c0m": state})
    return found


def slow() -> Measurement:
    """An RMS that grows by 30 % in twenty products."""
    grown = 1 + 0.3 * np.minimum(np.maximum(np.arange(160) - 139, 0) / 20, 1)
    return measured(after(NOISE * grown))


def accepted(last: float) -> Measurement:
    return measured(after([last], rebase(after(NOISE), 0.05, 0.005)))


CASES: Mapping[str, Case] = {
    "REG-001": Case(
        lambda: measured(after(NOISE)),
        {
            "an RMS that grows slowly": slow,
            "a step of 3 sigma, twenty products ago": lambda: measured(
                after([*NOISE, *(NOISE[:20] + 0.004)])
            ),
            "a product out of the tolerance of its baseline": lambda: accepted(0.056),
        },
    ),
}
