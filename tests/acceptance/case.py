"""A case of a criterion, and measurements that several subjects share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import ShiftRow
from tests.wfpc2_samples import FITTED, REFERENCE, shift_file

Measure = Callable[[], Measurement]


@dataclass(frozen=True)
class Case:
    """What a criterion must accept, and what it must reject."""

    accepted: Measure
    rejected: Mapping[str, Measure]


def fitted(measure: Callable[..., Measurement], row: ShiftRow = FITTED, **settings: object) -> Measurement:
    return measure(shift_file(REFERENCE, row), row.file, **settings)
