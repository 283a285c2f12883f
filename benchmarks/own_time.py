"""A pytest plugin, ``-p benchmarks.own_time``: processor time of the tests of finished products themselves.

Each process that judges keeps the sum of its tests, their fixtures with them, in a file of the directory that
the variable ``OWN_TIME`` names: forked ones end without a last word.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hubble_qa.fixtures.suite import direct
from hubble_qa.fixtures.suite.explaining import explained

_SUMS: dict[int, float] = {}


@contextmanager
def _timed(item: pytest.Item) -> Iterator[None]:
    """What a phase of a test is run within, with its processor time added to its process's."""
    process, started = os.getpid(), time.process_time()
    try:
        with explained(item):
            yield
    finally:
        _SUMS[process] = _SUMS.get(process, 0.0) + time.process_time() - started
        Path(os.environ["OWN_TIME"], str(process)).write_text(repr(_SUMS[process]), encoding="ascii")


# Who runs tests knows it by this name.
vars(direct)["explained"] = _timed


def own_time(directory: Path) -> float:
    """Processor seconds of all tests of a run."""
    return sum(float(each.read_text(encoding="ascii")) for each in directory.iterdir())
