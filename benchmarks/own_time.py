"""A pytest plugin, ``-p benchmarks.own_time``: processor time of the tests of finished products themselves.

Each process that judges keeps the sum of its tests, their fixtures with them, in a file of the directory that
the variable ``OWN_TIME`` names: forked ones end without a last word.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hubble_qa.fixtures.suite import direct
from hubble_qa.fixtures.suite.explaining import explained

# Each process's sum stands in a file that is mapped: to write one after each test took longer than tests.
_SUMS: dict[int, mmap.mmap] = {}
_FORM = struct.Struct("d")


@contextmanager
def _timed(item: pytest.Item) -> Iterator[None]:
    """What a phase of a test is run within, with its processor time added to its process's."""
    process, started = os.getpid(), time.process_time()
    try:
        with explained(item):
            yield
    finally:
        if process not in _SUMS:
            _SUMS[process] = _mapped(Path(os.environ["OWN_TIME"], str(process)))
        place = _SUMS[process]
        _FORM.pack_into(place, 0, _FORM.unpack_from(place)[0] + time.process_time() - started)


def _mapped(path: Path) -> mmap.mmap:
    path.write_bytes(bytes(_FORM.size))
    with path.open("r+b") as stream:
        return mmap.mmap(stream.fileno(), _FORM.size)


# Who runs tests knows it by this name.
vars(direct)["explained"] = _timed


def own_time(directory: Path) -> float:
    """Processor seconds of all tests of a run."""
    return sum(_FORM.unpack(each.read_bytes())[0] for each in directory.iterdir())
